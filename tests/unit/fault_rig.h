/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A receiver that is as rude as receivers are, one fault at a time, plain or
 * over TLS, in a thread of its own. It notes what it was sent as far as it read
 * that.
 */
#ifndef TESTS_FAULT_RIG_H
#define TESTS_FAULT_RIG_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum fault_tls {
	PLAIN,
	GOOD, /* a certificate for 127.0.0.1 that the sender trusts */
	EXPIRED,
	NOT_YET,
	WRONG_HOST,
	UNKNOWN_CA,
	OLD, /* TLS 1.1 and no newer */
	NO_TLS, /* the sender speaks it, the receiver does not */
	CUT, /* the connection ends within the handshake */
	FAULT_TLS_KINDS,
};

/* When it begins to speak, of the request. */
enum fault_when { AFTER_BODY, AFTER_HEAD, WITHIN_BODY, AT_ONCE };

/* What it does when it has spoken. */
enum fault_then {
	CLOSE,
	RESET,
	HANG, /* until the sender has left */
	DRIP, /* `more`, a byte every few milliseconds */
	FLOOD, /* `more`, again and again */
	READ_ON, /* all that still comes, then CLOSE */
	KEEP_ON, /* wait for the next request, reset the connection then */
};

struct fault {
	const char *name;
	enum fault_tls tls;
	enum fault_when when;
	const char *say; /* or NULL */
	enum fault_then then;
	const char *more;
	bool large; /* the body: more than a connection holds */
	bool hasty; /* the sender's time-out is short */
	/* What the sender is to make of it. */
	int verdict;
	int class; /* CLASS_NONE: it is well */
	int status; /* 0: none */
	int64_t retry_after_ms;
	const char *note; /* part of it, NULL: there is none */
};

/* What of a request came. */
struct fault_seen {
	char id[64];
	char timestamp[24];
	char signature[128];
	unsigned attempt;
	struct buf body;
	bool whole;
};
#define FAULT_SEEN_MAX 8

struct fault_rig {
	pthread_t thread;
	int fd;
	int port;
	char ca_file[40]; /* of all but UNKNOWN_CA */
	void *contexts[FAULT_TLS_KINDS];
	const struct fault *fault;
	struct fault_seen seen[FAULT_SEEN_MAX];
	atomic_size_t nseen;
	/* Attempts that are over, for the sender to count: its leaving cannot
	 * be seen behind bytes that nobody reads. */
	atomic_uint over;
	atomic_bool ending;
};

void fault_rig_start(struct fault_rig *r);
void fault_rig_stop(struct fault_rig *r);

/* Begin with one, at a port of its own; what was seen of the last is
 * forgotten. Every sender must be gone before it ends; what was seen can be
 * read then. */
void fault_rig_begin(struct fault_rig *r, const struct fault *fault);
void fault_rig_end(struct fault_rig *r);

#endif
