/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies: their heads, bodies from memory and from files. What becomes of
 * the connection behind one is http_server_conn's.
 */
#include "net/http_server_conn.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/discard.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"

/* A file goes out in such pieces, the next when so much is left of the last. */
#define FILE_PIECE ((size_t)256 << 10)
#define FILE_LOW ((size_t)64 << 10)

/* Of a refusal in the form that the server's owner gives it. */
#define REFUSAL_MAX ((size_t)16 << 10)

static const struct {
	int status;
	const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {424, "Failed Dependency"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

const char *
http_reason(int status)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(reasons); i++) {
		if (reasons[i].status == status)
			return reasons[i].reason;
	}
	return "Unknown";
}

static const char *
date_now(struct http_server *s)
{
	int64_t now = clock_wall_ms();

	if (now / 1000 != s->date_at) {
		s->date_at = now / 1000;
		timefmt_http(now, s->date);
	}
	return s->date;
}

/* Fields that frame the message are the server's alone. */
static bool
is_framing(const char *name)
{
	return str_ieq(name, "Content-Length") || str_ieq(name, "Connection") ||
	    str_ieq(name, "Transfer-Encoding") || str_ieq(name, "Keep-Alive");
}

static int
put_fields(struct buf *b, const struct headers *h)
{
	size_t i;

	for (i = 0; h != NULL && i < h->n; i++) {
		if (!header_name_ok(h->v[i].name) ||
		    !header_value_ok(h->v[i].value))
			return -1;
		if (is_framing(h->v[i].name))
			continue;
		buf_puts(b, h->v[i].name);
		buf_puts(b, ": ");
		buf_puts(b, h->v[i].value);
		buf_puts(b, "\r\n");
	}
	return 0;
}

/* `length` is one, or none: HTTP_CHUNKED, HTTP_UNTIL_CLOSE. Returns -1 where a
 * field cannot be sent. */
static int
put_head(struct http_server *s, int status, const struct headers *h,
    int64_t length, bool keep)
{
	struct buf *b = &s->scratch;

	buf_clear(b);
	if (status < 200 || status > 599)
		return -1;
	buf_printf(b, "HTTP/1.1 %d %s\r\n", status, http_reason(status));
	if (h == NULL || headers_get(h, "Date") == NULL)
		buf_printf(b, "Date: %s\r\n", date_now(s));
	if (put_fields(b, h) == -1)
		return -1;
	if (length >= 0)
		buf_printf(b, "Content-Length: %lld\r\n", (long long)length);
	else if (length == HTTP_CHUNKED)
		buf_puts(b, "Transfer-Encoding: chunked\r\n");
	if (!keep)
		buf_puts(b, "Connection: close\r\n");
	buf_puts(b, "\r\n");
	return b->overflow ? -1 : 0;
}

static bool
is_head_request(const struct http_exchange *x)
{
	return str_eq(x->head.method, "HEAD");
}

/* These have no body, whatever the method (RFC 9110, 6.4.1). */
static bool
is_bodiless(int status)
{
	return status == 204 || status == 304;
}

static bool
asks_close(const struct headers *h)
{
	const char *value = h != NULL ? headers_get(h, "Connection") : NULL;

	return value != NULL && str_ieq(value, "close");
}

static void
put_text(struct http_conn *c, int status, const char *text, bool bare)
{
	struct headers h;

	headers_init(&h);
	headers_add(&h, "Content-Type", "text/plain; charset=utf-8");
	put_head(c->server, status, &h, (int64_t)strlen(text) + 1, false);
	headers_done(&h);
	if (!bare)
		buf_printf(&c->server->scratch, "%s\n", text);
}

/* False where nothing that can be sent came of it. */
static bool
put_own_form(struct http_conn *c, int status, const char *text, bool bare)
{
	struct http_server *s = c->server;
	struct headers h;
	struct buf body;
	bool ok;

	if (s->opt.refusal == NULL)
		return false;
	headers_init(&h);
	buf_init(&body, REFUSAL_MAX);
	s->opt.refusal(status, text, &h, &body, s->arg);
	ok = !body.overflow &&
	    put_head(s, status, &h, (int64_t)body.len, false) == 0 &&
	    (bare || buf_append(&s->scratch, body.data, body.len) == 0);
	buf_done(&body);
	headers_done(&h);
	return ok;
}

/* The method counts also where the rest of the head makes no sense. */
static bool
asks_head(const struct http_conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	char first[7];
	size_t skip;
	ev_ssize_t n;

	if (c->x != NULL)
		return is_head_request(c->x);
	n = evbuffer_copyout(in, first, sizeof(first));
	skip = n >= 2 && memcmp(first, "\r\n", 2) == 0 ? 2 : 0;
	return n >= (ev_ssize_t)skip + 5 &&
	    memcmp(first + skip, "HEAD ", 5) == 0;
}

static void
put_refusal(struct http_conn *c, int status, const char *text)
{
	bool bare = asks_head(c);

	if (!put_own_form(c, status, text, bare))
		put_text(c, status, text, bare);
}

static void
send_scratch(struct http_conn *c)
{
	const struct buf *b = &c->server->scratch;

	bufferevent_write(c->bev, b->data, b->len);
}

void
http_reply_refusal(struct http_conn *c, int status, const char *text)
{
	put_refusal(c, status, text);
	send_scratch(c);
	http_conn_finish(c);
}

void
http_reply_failure(struct http_exchange *x, int status, const char *text)
{
	x->replied = true;
	if (x->gone != NULL)
		x->gone(x, x->gone_arg);
	if (x->conn->state != HTTP_CONN_DEAD)
		http_reply_refusal(x->conn, status, text);
}

int
http_reply_begin(struct http_exchange *x, int status, const struct headers *h,
    int64_t length)
{
	struct http_conn *c = x->conn;

	x->replied = true;
	if (status >= 200 && status <= 299)
		http_source_prove(c);
	x->outstanding = length;
	x->keep = !x->head.close && !c->server->draining && !asks_close(h);
	http_body_replied(x);
	if (put_head(c->server, status, h, length, x->keep) == -1) {
		x->keep = false;
		put_refusal(c, 500, "the reply cannot be expressed in HTTP");
		send_scratch(c);
		return -1;
	}
	send_scratch(c);
	return is_head_request(x) || is_bodiless(status) ? -1 : 0;
}

/* What is in memory goes the way of a file, which can wait. */
static void
reply_shaped(struct http_exchange *x, int status, const struct headers *headers,
    const void *body, size_t len)
{
	int fd = http_shape_file(body, len);

	if (fd == -1)
		http_abort(x);
	else
		http_reply_file(x, status, headers, fd, 0, (int64_t)len);
}

void
http_reply(struct http_exchange *x, int status, const struct headers *headers,
    const void *body, size_t len)
{
	int64_t length = is_bodiless(status) ? -1 : (int64_t)len;

	if (x->replied)
		return;
	if (x->shaped.set) {
		reply_shaped(x, status, headers, body, len);
		return;
	}
	if (http_reply_begin(x, status, headers, length) == 0 && len > 0)
		bufferevent_write(x->conn->bev, body, len);
	http_conn_kick(x->conn);
}

void
http_reply_head(struct http_exchange *x, int status,
    const struct headers *headers, int64_t len)
{
	if (x->replied)
		return;
	/* Where a body would follow, a length without one is a lie. */
	if (status == 204)
		len = -1;
	else if (!is_head_request(x) && status != 304)
		len = 0;
	http_reply_begin(x, status, headers, len);
	http_conn_kick(x->conn);
}

static void
end_file(struct http_exchange *x)
{
	discard_fd(x->fd);
	x->fd = -1;
	bufferevent_setwatermark(x->conn->bev, EV_WRITE, 0, 0);
}

/* Read the next piece straight into the output. Returns what came. */
static ssize_t
read_piece(struct http_exchange *x, struct evbuffer *out, int64_t may)
{
	struct evbuffer_iovec room;
	size_t want = FILE_PIECE;
	ssize_t n;

	if (x->file_left < may)
		may = x->file_left;
	if ((uint64_t)may < want)
		want = (size_t)may;
	if (evbuffer_reserve_space(out, (ev_ssize_t)want, &room, 1) != 1)
		return -1;
	do
		n = pread(x->fd, room.iov_base, want, x->file_at);
	while (n == -1 && errno == EINTR);
	room.iov_len = n > 0 ? (size_t)n : 0;
	evbuffer_commit_space(out, &room, 1);
	return n;
}

void
http_reply_refill(struct http_exchange *x)
{
	struct evbuffer *out = bufferevent_get_output(x->conn->bev);
	int64_t may;

	while (x->file_left > 0 && evbuffer_get_length(out) <= FILE_LOW &&
	    (may = http_shape_room(x)) > 0) {
		ssize_t n = read_piece(x, out, may);

		if (n <= 0) {
			x->keep = false;
			end_file(x);
			return;
		}
		http_shape_sent(x, n);
		x->file_at += n;
		x->file_left -= n;
	}
	if (x->file_left == 0)
		end_file(x);
}

void
http_reply_file(struct http_exchange *x, int status,
    const struct headers *headers, int take_fd, int64_t offset, int64_t len)
{
	int64_t length = is_bodiless(status) ? -1 : len;

	if (x->replied || http_reply_begin(x, status, headers, length) == -1) {
		discard_fd(take_fd);
		http_conn_kick(x->conn);
		return;
	}
	x->fd = take_fd;
	x->file_at = offset;
	x->file_left = http_shape_begin(x, len);
	bufferevent_setwatermark(x->conn->bev, EV_WRITE, FILE_LOW, 0);
	http_reply_refill(x);
	http_conn_kick(x->conn);
}

void
http_abort(struct http_exchange *x)
{
	if (x->replied)
		return;
	x->replied = true;
	http_conn_reset(x->conn);
	http_conn_kick(x->conn);
}
