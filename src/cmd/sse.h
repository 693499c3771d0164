/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a stream of server-sent events (WHATWG HTML 9.2.6), piece by piece. */
#ifndef CMD_SSE_H
#define CMD_SSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

#define SSE_ID_SIZE 24

struct sse {
	char last_id[SSE_ID_SIZE]; /* "": none came yet */
	struct buf line;
	struct buf data; /* each line of it with its end */
	char id[SSE_ID_SIZE]; /* of the event that is being read */
	bool begun; /* the first line was read */
	bool cr; /* the last line ended in CR: a LF belongs to it */
};

/* `data` is borrowed, its lines are joined by LF. 0, or -1 with *err to break
 * off. */
typedef int sse_fn(const char *data, size_t len, void *arg, struct error *err);

void sse_init(struct sse *s);
void sse_done(struct sse *s);

/* A new connection: what was half read is dropped, last_id stays. */
void sse_restart(struct sse *s);

/* -1 where fn said so, or with ERR_PROTOCOL: a line, or an event, of more than
 * 1 MiB. */
int sse_feed(struct sse *s, const char *bytes, size_t len, sse_fn *fn,
    void *arg, struct error *err);

#endif
