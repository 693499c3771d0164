/* SPDX-License-Identifier: Apache-2.0 */
/* A peer that does what it was told, and a client that asks it. */
#include "tests/unit/http_peer.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"

#define REQUEST_MAX ((size_t)8 << 20)

/* --- the peer ------------------------------------------------------- */

/* Head and as much body as Content-Length says; false at the end. */
static bool
read_request(int fd, struct buf *out)
{
	size_t want = 0;
	char *end = NULL, *length;
	char piece[65536];
	ssize_t n;

	buf_clear(out);
	for (;;) {
		end = strstr(out->data, "\r\n\r\n");
		if (end != NULL && want == 0) {
			length = strcasestr(out->data, "content-length:");
			want = (size_t)(end + 4 - out->data);
			if (length != NULL && length < end)
				want += strtoul(length + 15, NULL, 10);
		}
		if (want != 0 && out->len >= want)
			return true;
		n = read(fd, piece, sizeof(piece));
		if (n <= 0)
			return false;
		buf_append(out, piece, (size_t)n);
	}
}

static void
go_on(struct peer_conn *c)
{
	size_t len = c->script->go_on;
	char *more = xmalloc(len);
	ssize_t n;

	memset(more, 'm', len);
	do {
		poll(NULL, 0, (int)c->script->pause_ms);
		n = send(c->fd, more, len, MSG_NOSIGNAL);
		if (n > 0)
			c->peer->more += (size_t)n;
	} while (n > 0);
	free(more);
}

static void *
conn_main(void *arg)
{
	struct peer_conn *c = arg;
	size_t i;

	for (i = 0; c->script->replies[i] != NULL; i++) {
		const char *reply = c->script->replies[i];

		if (!read_request(c->fd, &c->request))
			break;
		buf_append(&c->all, c->request.data, c->request.len);
		c->peer->requests++;
		if (send(c->fd, reply, strlen(reply), MSG_NOSIGNAL) == -1)
			break;
	}
	if (c->script->go_on > 0 && i > 0)
		go_on(c);
	shutdown(c->fd, SHUT_RDWR);
	close(c->fd);
	return NULL;
}

static void *
peer_main(void *arg)
{
	struct peer *p = arg;

	while (p->connections < p->nscripts) {
		unsigned i = p->connections;
		struct peer_conn *c = &p->conns[i];

		c->fd = accept(p->fd, NULL, NULL);
		if (c->fd == -1)
			break;
		c->peer = p;
		c->script = &p->scripts[i];
		buf_init(&c->request, REQUEST_MAX);
		buf_init(&c->all, REQUEST_MAX);
		/* Counted before it can answer. */
		p->connections++;
		if (pthread_create(&c->thread, NULL, conn_main, c) != 0)
			abort();
	}
	return NULL;
}

static void
start_at(struct peer *p, const struct sockaddr *sa, socklen_t len,
    const struct script *scripts, size_t n)
{
	memset(p, 0, sizeof(*p));
	p->scripts = scripts;
	p->nscripts = n;
	p->fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_not_equal(p->fd, -1);
	assert_int_equal(bind(p->fd, sa, len), 0);
	assert_int_equal(listen(p->fd, PEER_CONNS_MAX), 0);
}

static void
begin(struct peer *p)
{
	assert_int_equal(pthread_create(&p->thread, NULL, peer_main, p), 0);
}

void
peer_start(struct peer *p, const struct script *scripts, size_t n)
{
	struct sockaddr_in sin = {
	    .sin_family = AF_INET,
	    .sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	socklen_t len = sizeof(sin);

	start_at(p, (struct sockaddr *)(void *)&sin, sizeof(sin), scripts, n);
	assert_int_equal(
	    getsockname(p->fd, (struct sockaddr *)(void *)&sin, &len), 0);
	p->port = ntohs(sin.sin_port);
	begin(p);
}

void
peer_start_unix(
    struct peer *p, const char *path, const struct script *scripts, size_t n)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	start_at(p, (struct sockaddr *)(void *)&sa, sizeof(sa), scripts, n);
	begin(p);
}

void
peer_stop(struct peer *p)
{
	unsigned i;

	/* Wakes accept(2), if connections are still expected. */
	shutdown(p->fd, SHUT_RDWR);
	pthread_join(p->thread, NULL);
	for (i = 0; i < p->connections; i++)
		pthread_join(p->conns[i].thread, NULL);
	close(p->fd);
}

void
peer_done(struct peer *p)
{
	unsigned i;

	for (i = 0; i < p->connections; i++) {
		buf_done(&p->conns[i].request);
		buf_done(&p->conns[i].all);
	}
}

/* --- the client's side ---------------------------------------------- */

int
fixture_setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct http_client_options o = {.user_agent = "test/1"};
	struct error err;

	f->loop = loop_new();
	assert_int_equal(http_client_new(f->loop, &o, &f->client, &err), 0);
	f->out.loop = f->loop;
	f->out.wanted = 1;
	buf_init(&f->out.sunk, REQUEST_MAX);
	*state = f;
	return 0;
}

const char *
fixture_place(struct fixture *f)
{
	char folder[] = "/tmp/test_http_client-XXXXXX";

	assert_true(f->nplaces < PLACES_MAX);
	assert_non_null(mkdtemp(folder));
	f->places[f->nplaces] = xasprintf("%s/s", folder);
	return f->places[f->nplaces++];
}

static void
drop_place(char *path)
{
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	free(path);
}

int
fixture_teardown(void **state)
{
	struct fixture *f = *state;

	while (f->nplaces > 0)
		drop_place(f->places[--f->nplaces]);
	http_client_free(f->client);
	loop_free(f->loop);
	buf_done(&f->out.sunk);
	free(f);
	return 0;
}

void
fixture_done(const struct http_response *r, const struct error *err, void *arg)
{
	struct outcome *o = arg;

	error_clear(&o->err);
	if (err != NULL)
		o->err = *err;
	if (r != NULL) {
		o->status = r->status;
		o->cut = r->cut;
		o->unsent = r->unsent;
		o->body_len = r->body.len;
		o->body_bytes = r->body_bytes;
		snprintf(o->body, sizeof(o->body), "%s", r->body.data);
	}
	if (++o->done == o->wanted)
		loop_stop(o->loop);
}

int
fixture_sink(const void *data, size_t len, void *arg, struct error *err)
{
	struct outcome *o = arg;

	(void)err;
	return buf_append(&o->sunk, data, len);
}

struct http_call *
fixture_start(struct fixture *f, const struct peer *p, struct http_request r)
{
	struct http_call *call;
	struct error err;
	char *url = xasprintf(
	    "http://127.0.0.1:%d/a/../b?c=d", p != NULL ? p->port : 0);

	if (r.url == NULL)
		r.url = url;
	assert_int_equal(
	    http_start(f->client, &r, fixture_done, &f->out, &call, &err), 0);
	free(url);
	return call;
}

void
fixture_run(struct fixture *f, const struct peer *p, struct http_request r)
{
	fixture_start(f, p, r);
	loop_run(f->loop);
}

static void
stop(void *arg)
{
	loop_stop(arg);
}

void
fixture_turn(struct fixture *f)
{
	struct loop_timer *t = loop_timer_new(f->loop, stop, f->loop);

	loop_timer_set(t, 1);
	loop_run(f->loop);
	loop_timer_free(t);
}
