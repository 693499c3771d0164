/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a request on its way from the connection to the handler's
 * sink, or into nothing. Framing in chunks is http_chunk's; deadlines and
 * closing are http_server_conn's.
 */
#include "net/http_server_conn.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <string.h>

#include "base/clock.h"

/* As much of an unwanted body is read so that the connection can go on. */
#define SKIP_MAX ((int64_t)64 << 10)

/* The rate is first asked for when so much time has passed. */
#define RATE_GRACE_MS 30000

static struct evbuffer *
input(const struct http_exchange *x)
{
	return bufferevent_get_input(x->conn->bev);
}

void
http_body_begin(struct http_exchange *x)
{
	http_chunk_init(&x->chunk);
	x->left = x->head.chunked ? 0 : x->head.length;
	x->continued = !x->head.expect;
	x->body = x->head.length == 0 ? HTTP_BODY_READ : HTTP_BODY_WAITING;
}

bool
http_body_wanted(const struct http_exchange *x)
{
	return (x->body == HTTP_BODY_TAKEN && !x->paused) ||
	    x->body == HTTP_BODY_SKIPPED;
}

static void
finish_body(struct http_exchange *x)
{
	x->body = HTTP_BODY_READ;
	if (!x->replied && x->sink.end != NULL)
		x->sink.end(x, x->sink_arg);
}

static void
break_off(struct http_exchange *x, int status, const char *text)
{
	x->body = HTTP_BODY_LEFT;
	x->keep = false;
	if (!x->replied)
		http_reply_failure(x, status, text);
}

/* The peer sends nothing more, but may well be reading. */
static void
cut_off(struct http_exchange *x)
{
	break_off(x, 400,
	    x->head.chunked ? "the body ended before its last chunk"
			    : "the body is shorter than announced");
}

static bool
too_slow(const struct http_exchange *x, int64_t now)
{
	int64_t rate = x->conn->server->opt.min_body_rate;
	int64_t spent = now - x->body_at;

	return rate > 0 && spent > RATE_GRACE_MS &&
	    x->got < (int64_t)((double)rate * (double)spent / 1000);
}

/*
 * Nothing of a piece that passes the limit is handed out. What is skipped is
 * no progress: the whole of it has one time limit, for nobody asks its rate.
 */
static void
deliver(struct http_exchange *x, const char *data, size_t n)
{
	if (x->body != HTTP_BODY_TAKEN)
		return;
	x->progress_at = clock_mono_ms();
	x->got += (int64_t)n;
	if (x->got > x->sink.max)
		x->too_large = true;
	else if (too_slow(x, x->progress_at))
		break_off(x, 408, "the body came too slowly");
	else if (n > 0 && x->sink.data(x, data, n, x->sink_arg) == -1 &&
	    !x->replied)
		x->body = HTTP_BODY_LEFT;
}

static void
take_plain(struct http_exchange *x, const char *in, size_t len)
{
	size_t n = (uint64_t)x->left < len ? (size_t)x->left : len;

	x->left -= (int64_t)n;
	deliver(x, in, n);
	evbuffer_drain(input(x), n);
}

static void
take_chunked(struct http_exchange *x, const char *in, size_t len)
{
	enum http_chunk_result r;
	size_t used, n;

	r = http_chunk_read(&x->chunk, in, len, &used, &n);
	deliver(x, in + used - n, n);
	evbuffer_drain(input(x), used);
	if (r == HTTP_CHUNK_BAD)
		break_off(x, 400, "the chunked body is malformed");
	else if (r == HTTP_CHUNK_END)
		finish_body(x);
}

static bool
take(struct http_exchange *x)
{
	struct evbuffer_iovec piece;

	if (!x->head.chunked && x->left == 0) {
		finish_body(x);
		return true;
	}
	/* An empty buffer may well have a piece, one of no bytes. */
	if (evbuffer_peek(input(x), -1, NULL, &piece, 1) < 1 ||
	    piece.iov_len == 0) {
		if (x->conn->eof)
			cut_off(x);
		return x->conn->eof;
	}
	if (x->head.chunked)
		take_chunked(x, piece.iov_base, piece.iov_len);
	else
		take_plain(x, piece.iov_base, piece.iov_len);
	return true;
}

static void
refuse_large(struct http_exchange *x)
{
	x->too_large = false;
	x->body = HTTP_BODY_LEFT;
	if (x->sink.toolarge != NULL)
		x->sink.toolarge(x, x->sink_arg);
	else
		http_reply_failure(x, 413, "the body is too large");
}

bool
http_body_step(struct http_exchange *x)
{
	switch (x->body) {
	case HTTP_BODY_TAKEN:
		if (x->too_large) {
			refuse_large(x);
			return true;
		}
		return !x->paused && take(x);
	case HTTP_BODY_SKIPPED:
		return take(x);
	case HTTP_BODY_LEFT:
		/* A peer that must send all before it reads gets through. */
		if (x->replied)
			evbuffer_drain(input(x), evbuffer_get_length(input(x)));
		return false;
	case HTTP_BODY_WAITING:
	case HTTP_BODY_READ:
		break;
	}
	return false;
}

/* Who waits for a 100 that does not come may or may not send its body. */
static bool
can_skip(const struct http_exchange *x)
{
	return !x->head.chunked && x->continued && x->left <= SKIP_MAX;
}

void
http_body_replied(struct http_exchange *x)
{
	x->progress_at = clock_mono_ms();
	if (x->body == HTTP_BODY_READ)
		return;
	x->body = can_skip(x) ? HTTP_BODY_SKIPPED : HTTP_BODY_LEFT;
	if (x->body == HTTP_BODY_LEFT)
		x->keep = false;
}

void
http_body(struct http_exchange *x, const struct http_body_sink *sink, void *arg)
{
	if (x->replied)
		return;
	x->sink = *sink;
	x->sink_arg = arg;
	x->body = HTTP_BODY_TAKEN;
	x->body_at = x->progress_at = clock_mono_ms();
	x->too_large = x->head.length > sink->max;
	if (!x->continued && !x->too_large) {
		x->continued = true;
		bufferevent_write(
		    x->conn->bev, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	}
	http_conn_kick(x->conn);
}

void
http_body_pause(struct http_exchange *x)
{
	if (x->paused)
		return;
	x->paused = true;
	x->paused_at = clock_mono_ms();
}

void
http_body_resume(struct http_exchange *x)
{
	if (!x->paused)
		return;
	x->paused = false;
	x->progress_at = clock_mono_ms();
	x->body_at += x->progress_at - x->paused_at;
	http_conn_kick(x->conn);
}
