/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kind of trouble an attempt met, in one word: for whoever counts, filters
 * and decides, as the note is for whoever reads. It comes from where it
 * happened (curl's code, the system's, how a process ended), never from a
 * text.
 */
#ifndef DELIVER_CLASS_H
#define DELIVER_CLASS_H

#include "base/buf.h"
#include "base/error.h"

enum deliver_class {
	CLASS_NONE, /* it went well */
	/* On the way to a receiver. */
	CLASS_DNS, /* its name has no address */
	CLASS_CONNECT, /* nobody took the connection */
	CLASS_TLS, /* no handshake: certificates, versions */
	CLASS_TIMEOUT, /* it took longer than the target's timeout */
	CLASS_RESET, /* the connection broke, or ended, before the answer */
	CLASS_PROTOCOL, /* what came was no answer */
	CLASS_EGRESS, /* that address is refused by us (net/egress.h) */
	/* Its answer. */
	CLASS_STATUS, /* no: any HTTP status but 2xx, RETRY, DEAD */
	CLASS_EARLY, /* yes, before it had all of the bytes */
	/* Of a handler. */
	CLASS_START, /* its command cannot be started */
	CLASS_EXIT, /* its exit status is not 0 */
	CLASS_SIGNAL, /* a signal ended it */
	CLASS_LOST, /* nobody knows how it ended */
	/* Of this machine, and of what is sent. */
	CLASS_SOURCE, /* the result could not be had from S3, or changed */
	CLASS_ROOM, /* no room on a disk */
	CLASS_IO, /* a file or a call of the system failed */
	CLASS_EXISTS, /* another file has its name */
	CLASS_LIMIT, /* larger than a limit of ours */
	CLASS_CONFIG, /* as it is configured it can never work */
	CLASS_STOPPED, /* awaitd was stopped meanwhile */
	CLASS_DIED, /* awaitd ended without a stop */
	CLASS_OTHER,
};

/* "dns", "connect", … as the rows of the store, the API and the log have it;
 * NULL for CLASS_NONE. */
const char *deliver_class_name(enum deliver_class c);

/* By the name. 0, or -1 with *out untouched. */
int deliver_class_parse(const char *name, enum deliver_class *out);

/* All of them, with commas: for messages. */
void deliver_class_list(struct buf *out);

/* Of an error of net/ or of this machine; never CLASS_NONE. */
enum deliver_class deliver_class_of(const struct error *err);

#endif
