/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies of unknown length, written piece by piece for as long as there is
 * something to say: chunked, or for HTTP/1.0 up to the close. A stream may be
 * quiet for ever; a peer that takes nothing of what waits for it is cut off
 * behind body_timeout_ms.
 */
#ifndef NET_HTTP_SERVER_STREAM_H
#define NET_HTTP_SERVER_STREAM_H

#include <stddef.h>

#include "net/http_server.h"

/* 0 in a number means the default named with it. */
struct http_stream {
	size_t low; /* 64 KiB */
	size_t cap; /* 1 MiB: whom more waits for is cut off */
	/* What waits came down to `low`, behind a write that left more. */
	void (*drained)(struct http_exchange *x, void *arg);
};

/*
 * The reply's head goes out, and the stream is open: 0. -1 where the head says
 * all there is to say (HEAD): the exchange is over. The `gone` of
 * http_on_gone() goes on to be called, also where the server drains: it has
 * ended the stream in good order then.
 */
int http_stream_begin(struct http_exchange *x, int status,
    const struct headers *headers, const struct http_stream *stream, void *arg);

void http_stream_write(struct http_exchange *x, const void *data, size_t len);

/* Bytes that the peer has not been given yet: above `low` is the time to wait
 * for `drained`. */
size_t http_stream_queued(const struct http_exchange *x);

/* In `gone`: was the peer cut off for what it did not take? */
bool http_stream_cut(const struct http_exchange *x);

/* In good order. Behind it nothing is called any more. */
void http_stream_end(struct http_exchange *x);

#endif
