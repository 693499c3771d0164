/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listener: who is let in, and what an exchange tells about its request.
 * Connections are http_server_conn's.
 */
#include "net/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/listener.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/http_server_conn.h"

/* So many above the limit are still told so; more are closed unheard. */
#define REFUSED_MAX 64

/* Out of descriptors: to ask again at once would only burn the processor. */
#define ACCEPT_PAUSE_MS 100

#define REPLY_HEAD_MAX ((size_t)64 << 10)

static void
set_defaults(struct http_server_options *o)
{
	o->host = NULL;
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

/* address:port, the address of IPv6 in brackets. */
static void
format_peer(const struct sockaddr *sa, socklen_t len, char *out, size_t size)
{
	char host[64], port[8];

	if (getnameinfo(sa, len, host, sizeof(host), port, sizeof(port),
		NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(out, size, "?");
	else if (sa->sa_family == AF_INET6)
		snprintf(out, size, "[%s]:%s", host, port);
	else
		snprintf(out, size, "%s:%s", host, port);
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *sa, int len, void *arg)
{
	struct http_server *s = arg;
	char peer[80];
	int one = 1;

	(void)listener;
	if (s->n_refused >= REFUSED_MAX &&
	    s->n_conns - s->n_refused >= s->opt.max_connections) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	format_peer(sa, (socklen_t)len, peer, sizeof(peer));
	http_conn_start(s, fd, peer);
}

static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	struct http_server *s = arg;

	log_debug("http", "cannot accept: %s", strerror(errno));
	evconnlistener_disable(listener);
	loop_timer_set(s->pause, ACCEPT_PAUSE_MS);
}

static void
on_pause_over(void *arg)
{
	struct http_server *s = arg;

	if (s->listener != NULL)
		evconnlistener_enable(s->listener);
}

static struct addrinfo *
resolve(const char *host, int port, struct error *err)
{
	struct addrinfo hints, *found = NULL;
	char service[16];
	int rc;

	if (host == NULL || str_eq(host, "localhost"))
		host = "127.0.0.1";
	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
	snprintf(service, sizeof(service), "%d", port);
	if (port < 0 || port > 65535) {
		err_set(err, ERR_CONFIG, "there is no port %d", port);
		return NULL;
	}
	rc = getaddrinfo(host, service, &hints, &found);
	if (rc != 0) {
		err_set(err, ERR_CONFIG, "cannot listen on \"%s\": %s", host,
		    gai_strerror(rc));
		err_hint(err, "Give a numeric address or localhost.");
		return NULL;
	}
	return found;
}

static int
bound_port(struct evconnlistener *listener)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	memset(&sa, 0, sizeof(sa));
	if (getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&sa,
		&len) != 0)
		return 0;
	if (sa.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&sa)->sin6_port);
	return ntohs(((struct sockaddr_in *)&sa)->sin_port);
}

static int
listen_on(struct http_server *s, const char *host, int port, struct error *err)
{
	struct addrinfo *ai = resolve(host, port, err);

	if (ai == NULL)
		return -1;
	s->listener = evconnlistener_new_bind(loop_event_base(s->loop),
	    on_accept, s,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
	    SOMAXCONN, ai->ai_addr, (int)ai->ai_addrlen);
	freeaddrinfo(ai);
	if (s->listener == NULL)
		return err_set_errno(err, ERR_NET, "cannot listen on %s:%d",
		    host != NULL ? host : "127.0.0.1", port);
	evconnlistener_set_error_cb(s->listener, on_accept_error);
	s->port = bound_port(s->listener);
	return 0;
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
	if (listen_on(s, options->host, options->port, err) == -1) {
		free(s);
		return -1;
	}
	ignore_sigpipe();
	buf_init(&s->scratch, REPLY_HEAD_MAX);
	s->pause = loop_timer_new(loop, on_pause_over, s);
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

void
http_server_drain(struct http_server *s)
{
	struct http_conn *c;

	s->draining = true;
	if (s->listener != NULL)
		evconnlistener_free(s->listener);
	s->listener = NULL;
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
	if (s->listener != NULL)
		evconnlistener_free(s->listener);
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
	return x->conn->peer;
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
