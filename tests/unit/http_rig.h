/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An http_server in a thread of its own with a handler for each way to
 * answer, and a client of raw sockets for the thread of the tests. Every
 * function here fails the test where a call of the system fails or nothing
 * comes for ten seconds.
 */
#ifndef TESTS_HTTP_RIG_H
#define TESTS_HTTP_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/http_server.h"

enum rig_count {
	RIG_REQUESTS, /* heads that came to the handler */
	RIG_ENDS, /* bodies that came whole */
	RIG_GONE,
	RIG_SMUGGLED, /* requests for /smuggled */
	RIG_TOO_LARGE,
	RIG_BYTES, /* of bodies */
	RIG_LIVE, /* exchanges that are neither answered nor gone */
	RIG_N_COUNTS,
};

struct rig;

/* What the handler knows: the path decides, see the table in http_rig.c. */
struct rig *rig_start(const struct http_server_options *options);
/* A test's own, in the server's thread: true if it has answered. Or NULL. */
extern bool (*rig_answers)(struct http_exchange *x);
/* Frees the server and fails the test if an exchange is left over. */
void rig_stop(struct rig *rig);

int rig_port(const struct rig *rig);
const char *rig_path(const struct rig *rig); /* NULL: it listens on TCP */
long rig_count(struct rig *rig, enum rig_count which);
void rig_wait_count(struct rig *rig, enum rig_count which, long value);

/* Run fn in the server's thread and wait until it has returned. */
void rig_call(struct rig *rig, void (*fn)(struct rig *rig));
/* The server has read what was sent up to now, as far as it wants to. */
void rig_sync(struct rig *rig);
void rig_drain(struct rig *rig); /* for rig_call() */
void rig_release(struct rig *rig); /* for rig_call(): what hangs goes on */
unsigned rig_connections(struct rig *rig);
/* The time the server's thread has spent on a processor. */
int64_t rig_cpu_ms(struct rig *rig);

/* Move the clock that deadlines are reckoned by; timers stay. */
void rig_skew_clock(int64_t ms);

/* --- the client ----------------------------------------------------- */
int rig_connect(struct rig *rig);
void rig_send(int fd, const void *data, size_t len);
void rig_puts(int fd, const char *s);
/* Send what the peer takes: it may refuse the rest. */
void rig_send_some(int fd, const void *data, size_t len);
/* The next reply, by its Content-Length. False where the connection ends. */
bool rig_reply(int fd, struct buf *head, struct buf *body);
/* The same for one without a body, such as that to HEAD. */
bool rig_reply_head(int fd, struct buf *head);
/* All until the end of the connection; a reset is an end, too. */
void rig_read_all(int fd, struct buf *out);
bool rig_at_end(int fd);
int rig_status(const struct buf *head);
/* Send and expect a reply of this status, and of this body unless NULL. */
void rig_exchange(int fd, const char *request, int status, const char *body);

int64_t rig_now_ms(void);
/* Bytes that are allocated at the moment, in any thread. */
size_t rig_heap(void);

#endif
