/* SPDX-License-Identifier: Apache-2.0 */
/* Replies that are written piece by piece. */
#include "net/http_server_stream.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "base/clock.h"
#include "net/http_server_conn.h"

#define LOW ((size_t)64 << 10)
#define CAP ((size_t)1 << 20)

static struct evbuffer *
output(const struct http_exchange *x)
{
	return bufferevent_get_output(x->conn->bev);
}

static bool
is_chunked(const struct http_exchange *x)
{
	return x->head.minor > 0;
}

int
http_stream_begin(struct http_exchange *x, int status,
    const struct headers *headers, const struct http_stream *stream, void *arg)
{
	if (x->replied)
		return -1;
	if (!is_chunked(x))
		x->head.close = true;
	if (http_reply_begin(x, status, headers,
		is_chunked(x) ? HTTP_CHUNKED : HTTP_UNTIL_CLOSE) == -1) {
		http_conn_kick(x->conn);
		return -1;
	}
	x->stream = *stream;
	x->stream_arg = arg;
	if (x->stream.low == 0)
		x->stream.low = LOW;
	if (x->stream.cap == 0)
		x->stream.cap = CAP;
	x->streaming = true;
	bufferevent_setwatermark(x->conn->bev, EV_WRITE, x->stream.low, 0);
	http_conn_kick(x->conn);
	return 0;
}

size_t
http_stream_queued(const struct http_exchange *x)
{
	return evbuffer_get_length(output(x));
}

void
http_stream_write(struct http_exchange *x, const void *data, size_t len)
{
	struct evbuffer *out = output(x);
	size_t before = evbuffer_get_length(out), queued;

	if (!x->streaming || len == 0)
		return;
	/* The time to take it begins. */
	if (before == 0)
		x->progress_at = clock_mono_ms();
	if (is_chunked(x))
		evbuffer_add_printf(out, "%zx\r\n", len);
	evbuffer_add(out, data, len);
	if (is_chunked(x))
		evbuffer_add(out, "\r\n", 2);
	queued = evbuffer_get_length(out);
	x->streamed += (int64_t)(queued - before);
	x->high = x->high || queued > x->stream.low;
	/* A deadline is set, or somebody is cut off, in a run. */
	if (before == 0 || queued > x->stream.cap)
		http_conn_kick(x->conn);
}

bool
http_stream_cut(const struct http_exchange *x)
{
	return x->cut;
}

void
http_stream_end(struct http_exchange *x)
{
	if (!x->streaming)
		return;
	if (is_chunked(x))
		evbuffer_add(output(x), "0\r\n\r\n", 5);
	x->streaming = false;
	bufferevent_setwatermark(x->conn->bev, EV_WRITE, 0, 0);
	http_conn_kick(x->conn);
}

bool
http_stream_step(struct http_exchange *x)
{
	if (http_stream_queued(x) > x->stream.cap) {
		x->cut = true;
		http_conn_kill(x->conn);
		return true;
	}
	if (x->conn->server->draining) {
		x->keep = false;
		http_stream_end(x);
		if (x->gone != NULL)
			x->gone(x, x->gone_arg);
		return true;
	}
	if (!x->high || http_stream_queued(x) > x->stream.low)
		return false;
	x->high = false;
	if (x->stream.drained != NULL)
		x->stream.drained(x, x->stream_arg);
	return true;
}
