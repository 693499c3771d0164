/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection: its states, its deadline and its end. What a head means is
 * http_parse's, bodies are http_server_body's, replies http_server_reply's.
 */
#include "net/http_server_conn.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/discard.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/http_server_tls.h"

/* How long and how far input is dropped behind the last answer. */
#define LINGER_MS 2000
#define LINGER_MAX ((size_t)16 << 20)

/* How often a look is taken whether a reset would spare what was sent. */
#define RESET_LOOK_MS 10

/* More than the longest head is read ahead, and then no more for a while. */
#define READ_AHEAD 4096

#define WRITE_MAX ((size_t)256 << 10)

static size_t
input_len(const struct http_conn *c)
{
	return evbuffer_get_length(bufferevent_get_input(c->bev));
}

static size_t
output_len(const struct http_conn *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->bev));
}

/*
 * The deadline moves with nearly every request, the timer hardly ever: one
 * that fires too early is set again. 0 means no deadline.
 */
static void
set_deadline(struct http_conn *c, int64_t at, int64_t now)
{
	c->deadline_at = at;
	if (at == 0 || (c->armed_at != 0 && c->armed_at <= at))
		return;
	c->armed_at = at;
	loop_timer_set(c->timer, at - now);
}

static void
deadline_in(struct http_conn *c, int64_t ms)
{
	int64_t now = clock_mono_ms();

	set_deadline(c, now + ms, now);
}

static void
exchange_free(struct http_exchange *x)
{
	if (x == NULL)
		return;
	discard_fd(x->fd);
	http_head_done(&x->head);
	free(x);
}

void
http_conn_free(struct http_conn *c)
{
	struct http_server *s = c->server;

	TAILQ_REMOVE(&s->conns, c, entry);
	s->n_conns--;
	s->n_refused -= c->refused;
	if (c->posted)
		loop_unpost(s->loop, c);
	loop_timer_free(c->timer);
	http_watch(c, false);
	http_source_leave(c);
	exchange_free(c->x);
	bufferevent_free(c->bev);
	free(c);
	if (s->freed && TAILQ_EMPTY(&s->conns)) {
		buf_done(&s->scratch);
		free(s);
	}
}

void
http_conn_kill(struct http_conn *c)
{
	struct http_exchange *x = c->x;

	if (c->state == HTTP_CONN_DEAD)
		return;
	c->state = HTTP_CONN_DEAD;
	if (x != NULL && (!x->replied || x->streaming)) {
		x->replied = true;
		x->streaming = false;
		if (x->gone != NULL)
			x->gone(x, x->gone_arg);
	}
}

void
http_conn_finish(struct http_conn *c)
{
	c->state = HTTP_CONN_LAST;
	deadline_in(c, c->server->opt.body_timeout_ms);
}

/* So that no script mistakes it for an orderly end. */
void
http_conn_reset(struct http_conn *c)
{
	struct linger reset = {.l_onoff = 1, .l_linger = 0};

	setsockopt(bufferevent_getfd(c->bev), SOL_SOCKET, SO_LINGER, &reset,
	    sizeof(reset));
	c->state = HTTP_CONN_DEAD;
}

/* Bytes the peer's machine has not acknowledged, as far as one can know. */
static int64_t
outstanding(const struct http_conn *c)
{
	int64_t n = (int64_t)output_len(c);
	int queued = 0;

	if (ioctl(bufferevent_getfd(c->bev), SIOCOUTQ, &queued) == 0)
		n += queued;
	if (c->x != NULL && c->x->fd != -1)
		n += c->x->file_left;
	return n;
}

static void
linger(struct http_conn *c)
{
	c->state = HTTP_CONN_LINGER;
	if (c->server->opt.tls != NULL)
		http_tls_end(c->bev);
	shutdown(bufferevent_getfd(c->bev), SHUT_WR);
	c->outstanding = outstanding(c);
	deadline_in(c, LINGER_MS);
}

static bool
step_linger(struct http_conn *c)
{
	size_t n = input_len(c);

	c->lingered += n;
	evbuffer_drain(bufferevent_get_input(c->bev), n);
	if (!c->eof && c->lingered <= LINGER_MAX)
		return false;
	c->state = HTTP_CONN_DEAD;
	return false;
}

/* The peer's sending has stopped already: then there is nothing to await. */
static bool
step_last(struct http_conn *c)
{
	evbuffer_drain(bufferevent_get_input(c->bev), input_len(c));
	if (output_len(c) > 0)
		return false;
	if (c->eof)
		c->state = HTTP_CONN_DEAD;
	else
		linger(c);
	return true;
}

/* A request begins, or may. */
static void
begin_head(struct http_conn *c)
{
	const struct http_server_options *o = &c->server->opt;
	int64_t now = clock_mono_ms();

	c->state = HTTP_CONN_HEAD;
	if (o->request_timeout_ms > 0)
		c->request_by = now + o->request_timeout_ms;
	set_deadline(c, now + o->head_timeout_ms, now);
}

static void
await_request(struct http_conn *c)
{
	http_scan_init(
	    &c->scan, c->server->opt.max_head, c->server->opt.max_headers);
}

static bool
step_idle(struct http_conn *c)
{
	if (c->eof && input_len(c) == 0) {
		c->state = HTTP_CONN_DEAD;
		return false;
	}
	if (c->server->draining) {
		linger(c);
		return true;
	}
	if (input_len(c) == 0)
		return false;
	begin_head(c);
	return true;
}

static enum http_scan_result
scan_input(struct http_conn *c, struct error *err)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	enum http_scan_result r = HTTP_SCAN_MORE;
	struct evbuffer_iovec piece;
	struct evbuffer_ptr at;

	while (r == HTTP_SCAN_MORE && c->scan.seen < input_len(c)) {
		evbuffer_ptr_set(in, &at, c->scan.seen, EVBUFFER_PTR_SET);
		if (evbuffer_peek(in, -1, &at, &piece, 1) < 1 ||
		    piece.iov_len == 0)
			break;
		r = http_scan_feed(
		    &c->scan, piece.iov_base, piece.iov_len, err);
	}
	return r;
}

static void
begin_exchange(struct http_conn *c, const struct http_head *head)
{
	struct http_exchange *x = xcalloc(1, sizeof(*x));

	x->conn = c;
	x->head = *head;
	x->fd = -1;
	c->x = x;
	c->state = HTTP_CONN_EXCHANGE;
	c->deadline_at = 0;
	http_body_begin(x);
	c->server->fn(x, c->server->arg);
}

/* A new connection on which nothing has come yet is an idle one. */
static bool
await_head(struct http_conn *c)
{
	if (c->eof && c->scan.seen > 0) {
		http_reply_refusal(c, 400, "the request ended in its head");
		return true;
	}
	if (c->eof) {
		c->state = HTTP_CONN_DEAD;
	} else if (c->server->draining && c->scan.seen == 0) {
		linger(c);
		return true;
	}
	return false;
}

static bool
step_head(struct http_conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	enum http_scan_result r;
	struct http_head head;
	struct error err;

	r = scan_input(c, &err);
	if (r == HTTP_SCAN_MORE)
		return await_head(c);
	if (r == HTTP_SCAN_BAD ||
	    http_parse_head(
		(const char *)evbuffer_pullup(in, (ev_ssize_t)c->scan.seen),
		c->scan.seen, &head, &err) == -1) {
		http_reply_refusal(c, err.http_status, err.text);
		return true;
	}
	evbuffer_drain(in, c->scan.seen);
	begin_exchange(c, &head);
	return true;
}

static bool
sending(const struct http_conn *c)
{
	return c->x->replied && (c->x->fd != -1 || output_len(c) > 0);
}

/* When the whole of the request must be here; never, where it is. */
static int64_t
overdue_at(const struct http_conn *c)
{
	return c->request_by != 0 && http_body_wanted(c->x) ? c->request_by
							    : INT64_MAX;
}

/*
 * Whether the peer is waited for, and until when. While something is being
 * sent, a look is taken four times as often: only the looks see progress.
 */
static void
watch_exchange(struct http_conn *c)
{
	int64_t timeout = c->server->opt.body_timeout_ms;
	int64_t now, at;

	if (!http_body_wanted(c->x) && !sending(c)) {
		c->deadline_at = 0;
		return;
	}
	now = clock_mono_ms();
	at = c->x->progress_at + timeout;
	if (overdue_at(c) < at)
		at = overdue_at(c);
	if (sending(c) && at > now + timeout / 4)
		at = now + timeout / 4;
	set_deadline(c, http_shape_next(c->x, at, now), now);
}

/* The reply is on its way and the body is read: the next request's turn. */
static void
end_exchange(struct http_conn *c)
{
	exchange_free(c->x);
	c->x = NULL;
	c->state = HTTP_CONN_IDLE;
	await_request(c);
	deadline_in(c, c->server->opt.idle_timeout_ms);
}

/* A peer that has closed cannot be told from one that only ended. */
static bool
step_hang(struct http_conn *c)
{
	int64_t until = c->x->shaped.hang_until, now = clock_mono_ms();

	if (c->eof || c->server->draining || now >= until)
		http_conn_reset(c);
	else
		set_deadline(c, until, now);
	return false;
}

/* A reset takes with it what the peer has not got yet. */
static bool
step_cut(struct http_conn *c)
{
	if (outstanding(c) > 0)
		deadline_in(c, RESET_LOOK_MS);
	else
		http_conn_reset(c);
	return false;
}

static bool
step_exchange(struct http_conn *c)
{
	struct http_exchange *x = c->x;

	if (http_body_step(x))
		return true;
	if (x->shaped.hang_until != 0)
		return step_hang(c);
	if (x->fd != -1)
		http_reply_refill(x);
	if (x->streaming && http_stream_step(x))
		return true;
	if (!x->replied || x->streaming || sending(c) ||
	    (x->keep && http_body_wanted(x))) {
		watch_exchange(c);
		return false;
	}
	if (x->shaped.cuts)
		return step_cut(c);
	if (x->keep)
		end_exchange(c);
	else
		http_conn_finish(c);
	return true;
}

/* True if the state may allow more at once. */
static bool
step(struct http_conn *c)
{
	switch (c->state) {
	case HTTP_CONN_IDLE:
		return step_idle(c);
	case HTTP_CONN_HEAD:
		return step_head(c);
	case HTTP_CONN_EXCHANGE:
		return step_exchange(c);
	case HTTP_CONN_LAST:
		return step_last(c);
	case HTTP_CONN_LINGER:
		return step_linger(c);
	case HTTP_CONN_DEAD:
		return false;
	}
	abort();
}

/*
 * Back pressure by hand: libevent's own, the high watermark, calls back for
 * ever while the buffer is full.
 */
static void
gate_input(struct http_conn *c)
{
	bool full = input_len(c) >= c->server->opt.max_head + READ_AHEAD;

	if (!c->eof && full != c->full) {
		c->full = full;
		if (full)
			bufferevent_disable(c->bev, EV_READ);
		else
			bufferevent_enable(c->bev, EV_READ);
	}
	http_watch(c, c->eof || c->full);
}

void
http_conn_run(struct http_conn *c)
{
	c->running = true;
	while (step(c))
		;
	c->running = false;
	if (c->state == HTTP_CONN_DEAD)
		http_conn_free(c);
	else
		gate_input(c);
}

static void
on_kick(void *arg)
{
	struct http_conn *c = arg;

	c->posted = false;
	http_conn_run(c);
}

/* A run under way looks again by itself before it returns. */
void
http_conn_kick(struct http_conn *c)
{
	if (c->running || c->posted)
		return;
	c->posted = true;
	loop_post(c->server->loop, on_kick, c);
}

static void
expire_head(struct http_conn *c)
{
	if (c->scan.seen > 0)
		http_reply_refusal(
		    c, 408, "the head of the request took too long");
	else
		c->state = HTTP_CONN_DEAD;
}

static void
expire_exchange(struct http_conn *c, int64_t now)
{
	struct http_exchange *x = c->x;
	int64_t n;

	if (x->shaped.hang_until != 0)
		return;
	if (sending(c)) {
		/* What is added to a stream is no progress. */
		n = outstanding(c) - x->streamed;
		/* A peer that has all it was given is not the slow one. */
		if (n != x->outstanding || (n > 0 && n == x->file_left))
			x->progress_at = now;
		x->outstanding = n;
	}
	if (now - x->progress_at < c->server->opt.body_timeout_ms &&
	    now < overdue_at(c))
		return;
	x->cut = x->streaming;
	if (x->replied)
		http_conn_kill(c);
	else
		http_reply_failure(x, 408, "the body took too long");
}

/* A peer that takes the last answer slowly, but takes it, may go on. */
static void
expire_linger(struct http_conn *c)
{
	int64_t n = outstanding(c);

	if (n == 0 || n >= c->outstanding) {
		c->state = HTTP_CONN_DEAD;
		return;
	}
	c->outstanding = n;
	deadline_in(c, LINGER_MS);
}

static void
expire(struct http_conn *c, int64_t now)
{
	switch (c->state) {
	case HTTP_CONN_HEAD:
		expire_head(c);
		break;
	case HTTP_CONN_EXCHANGE:
		expire_exchange(c, now);
		break;
	case HTTP_CONN_LINGER:
		expire_linger(c);
		break;
	case HTTP_CONN_IDLE:
	case HTTP_CONN_LAST:
	case HTTP_CONN_DEAD:
		c->state = HTTP_CONN_DEAD;
		break;
	}
}

static void
on_timer(void *arg)
{
	struct http_conn *c = arg;
	int64_t now = clock_mono_ms();

	c->armed_at = 0;
	if (c->deadline_at == 0)
		return;
	if (now < c->deadline_at) {
		set_deadline(c, c->deadline_at, now);
		return;
	}
	c->deadline_at = 0;
	c->running = true;
	expire(c, now);
	http_conn_run(c);
}

bool
http_conn_waits(const struct http_conn *c)
{
	return c->state != HTTP_CONN_EXCHANGE || c->x->replied ||
	    http_body_wanted(c->x);
}

void
http_conn_lost(struct http_conn *c)
{
	c->running = true;
	http_conn_kill(c);
	http_conn_run(c);
}

static void
on_input(struct bufferevent *bev, void *arg)
{
	(void)bev;
	http_conn_run(arg);
}

static void
on_output(struct bufferevent *bev, void *arg)
{
	(void)bev;
	http_conn_run(arg);
}

/* An end of input may be a peer that only waits for its answer. */
static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct http_conn *c = arg;

	(void)bev;
	if ((what & BEV_EVENT_CONNECTED) != 0)
		return; /* the handshake is done */
	if ((what & BEV_EVENT_EOF) == 0 || (what & BEV_EVENT_READING) == 0) {
		http_conn_lost(c);
		return;
	}
	c->eof = true;
	http_conn_run(c);
}

void
http_conn_start(struct http_server *s, int take_fd,
    const struct http_peer *peer, const char *no_place)
{
	struct http_conn *c = xcalloc(1, sizeof(*c));

	c->server = s;
	c->bev = s->opt.tls != NULL
	    ? http_tls_accept(s->opt.tls, loop_event_base(s->loop), take_fd)
	    : bufferevent_socket_new(
		  loop_event_base(s->loop), take_fd, BEV_OPT_CLOSE_ON_FREE);
	if (c->bev == NULL) {
		log_error("http", "libevent gives no bufferevent");
		abort();
	}
	c->timer = loop_timer_new(s->loop, on_timer, c);
	c->peer = *peer;
	c->refused = no_place != NULL;
	TAILQ_INSERT_TAIL(&s->conns, c, entry);
	s->n_conns++;
	s->n_refused += c->refused;
	http_source_join(c);
	await_request(c);
	bufferevent_setcb(c->bev, on_input, on_output, on_event, c);
	bufferevent_set_max_single_write(c->bev, WRITE_MAX);
	bufferevent_enable(c->bev, EV_READ); /* writing is on by birth */
	begin_head(c);
	if (no_place != NULL)
		http_reply_refusal(c, 503, no_place);
}
