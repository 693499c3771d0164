/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A receiver of webhooks, of plain sockets, in a thread of its own: it takes
 * one connection after the other and can be as rude as receivers are.
 */
#ifndef TESTS_HOOK_RIG_H
#define TESTS_HOOK_RIG_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"

enum how {
	ANSWER, /* say it and close the connection, a little later: where
		   the words do not say so, it may be taken once more */
	KEEP, /* say it and wait for a second request, then close */
	ENDLESS, /* say it, then letters for ever */
	TRICKLE, /* say it, then a letter every few milliseconds */
	SILENT, /* wait until the other side leaves */
};

struct receiver {
	pthread_t thread;
	int fd;
	int port;
	enum how how;
	const char *words;
	struct buf request; /* the last one */
	atomic_uint requests;
	atomic_uint left; /* connections that the sender closed */
};

void receiver_start(struct receiver *r);
/* The last request can be read after this. */
void receiver_stop(struct receiver *r);

#endif
