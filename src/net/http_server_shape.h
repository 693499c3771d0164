/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies of net/http_server that go wrong on purpose: awaitd-local does to
 * its clients what a network and a tired service do.
 */
#ifndef NET_HTTP_SERVER_SHAPE_H
#define NET_HTTP_SERVER_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "net/http_server.h"

/* All zero: as it should be. */
struct http_shape {
	bool cut; /* a body that is longer than cut_at … */
	int64_t cut_at; /* … breaks off there, by a reset */
	int64_t drip; /* so many bytes of body go at once … */
	int64_t drip_ms; /* … and the next so much later */
};

/* How the reply to come goes out. Its head, and what has no body, stay. */
void http_reply_shape(struct http_exchange *x, const struct http_shape *shape);

/*
 * In place of a reply: nothing comes. The connection is reset after `ms`, or
 * when the peer ends its sending or the server drains.
 */
void http_hang(struct http_exchange *x, int64_t ms);

/* --- between the files of net/http_server --------------------------- */

/* What becomes of one exchange. */
struct http_shaped {
	struct http_shape want;
	bool set;
	bool cuts; /* the reply is one that breaks off */
	int64_t room; /* bytes that may still go now */
	int64_t next_at; /* when there is room again */
	int64_t hang_until; /* 0: it does not hang */
};

/* A file with these bytes that is gone when it is closed, or -1. */
int http_shape_file(const void *body, size_t len);
/* How much of a body of this length goes. */
int64_t http_shape_begin(struct http_exchange *x, int64_t len);
/* How much of it may go now, and that so much went. */
int64_t http_shape_room(struct http_exchange *x);
void http_shape_sent(struct http_exchange *x, int64_t n);
/* When to look again: not after `at`. */
int64_t http_shape_next(const struct http_exchange *x, int64_t at, int64_t now);

#endif
