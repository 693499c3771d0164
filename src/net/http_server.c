/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server from its making to its end, and what an exchange tells about its
 * request. Who is let in is http_server_listen's, connections are
 * http_server_conn's.
 */
#include "net/http_server.h"

#include <signal.h>
#include <stdlib.h>

#include "base/mem.h"
#include "net/http_server_conn.h"

#define REPLY_HEAD_MAX ((size_t)64 << 10)

static void
set_defaults(struct http_server_options *o)
{
	o->host = o->unix_path = NULL;
	if (o->unix_mode == 0)
		o->unix_mode = 0600;
	o->unix_mode &= 0777;
	if (o->max_connections == 0)
		o->max_connections = 256;
	if (o->max_head == 0)
		o->max_head = 16 << 10;
	if (o->max_headers == 0)
		o->max_headers = 64;
	if (o->head_timeout_ms == 0)
		o->head_timeout_ms = 10000;
	if (o->idle_timeout_ms == 0)
		o->idle_timeout_ms = 60000;
	if (o->body_timeout_ms == 0)
		o->body_timeout_ms = 60000;
}

/* A peer that has gone must not end the process. */
static void
ignore_sigpipe(void)
{
	struct sigaction now;

	if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
		signal(SIGPIPE, SIG_IGN);
}

int
http_server_new(struct loop *loop, const struct http_server_options *options,
    http_request_fn *fn, void *arg, struct http_server **out, struct error *err)
{
	struct http_server *s = xcalloc(1, sizeof(*s));

	s->loop = loop;
	s->opt = *options;
	set_defaults(&s->opt);
	s->fn = fn;
	s->arg = arg;
	s->date_at = -1;
	TAILQ_INIT(&s->conns);
	LIST_INIT(&s->sources);
	if (http_listen_open(s, options, err) == -1) {
		free(s);
		return -1;
	}
	ignore_sigpipe();
	buf_init(&s->scratch, REPLY_HEAD_MAX);
	s->pause = loop_timer_new(loop, http_listen_again, s);
	*out = s;
	return 0;
}

int
http_server_port(const struct http_server *s)
{
	return s->port;
}

unsigned
http_server_connections(const struct http_server *s)
{
	return s->n_conns;
}

uint64_t
http_server_evicted(const struct http_server *s)
{
	return s->n_evicted;
}

void
http_server_drain(struct http_server *s)
{
	struct http_conn *c;

	s->draining = true;
	http_listen_close(s);
	loop_timer_clear(s->pause);
	TAILQ_FOREACH (c, &s->conns, entry)
		http_conn_kick(c);
}

/* A connection in whose callback this is called goes when that returns. */
void
http_server_free(struct http_server *s)
{
	struct http_conn *c, *next;

	if (s == NULL)
		return;
	http_listen_close(s);
	loop_timer_free(s->pause);
	s->draining = true;
	for (c = TAILQ_FIRST(&s->conns); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		http_conn_kill(c);
		if (!c->running)
			http_conn_free(c);
	}
	if (!TAILQ_EMPTY(&s->conns)) {
		s->freed = true;
		return;
	}
	buf_done(&s->scratch);
	free(s);
}

const char *
http_method(const struct http_exchange *x)
{
	return x->head.method;
}

const char *
http_path(const struct http_exchange *x)
{
	return x->head.path;
}

const char *
http_query(const struct http_exchange *x)
{
	return x->head.query;
}

const struct headers *
http_headers(const struct http_exchange *x)
{
	return &x->head.headers;
}

const char *
http_peer(const struct http_exchange *x)
{
	return x->conn->peer.name;
}

int64_t
http_peer_uid(const struct http_exchange *x)
{
	return x->conn->peer.uid;
}

int64_t
http_content_length(const struct http_exchange *x)
{
	return x->head.length;
}

void
http_on_gone(struct http_exchange *x,
    void (*gone)(struct http_exchange *x, void *arg), void *arg)
{
	x->gone = gone;
	x->gone_arg = arg;
}
