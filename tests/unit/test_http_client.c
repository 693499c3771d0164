/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP client against a scripted peer on a thread of its own: plain
 * sockets, so that it can also break off, lie about lengths, and count.
 */
#include "net/http_client.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"

#define BIG ((size_t)3 * 1024 * 1024)

/* --- the peer ------------------------------------------------------- */

#define CONNS_MAX 64

/* What the peer answers on one connection; NULL ends it, and it is closed. */
struct script {
	const char *const *replies;
};

struct conn {
	pthread_t thread;
	int fd;
	const struct script *script;
	struct peer *peer;
	struct buf request; /* the last one */
};

struct peer {
	pthread_t thread;
	int fd;
	int port;
	const struct script *scripts; /* one a connection */
	size_t nscripts;
	struct conn conns[CONNS_MAX];
	atomic_uint connections;
	atomic_uint requests;
};

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

static void *
conn_main(void *arg)
{
	struct conn *c = arg;
	size_t i;

	for (i = 0; c->script->replies[i] != NULL; i++) {
		const char *reply = c->script->replies[i];

		if (!read_request(c->fd, &c->request))
			break;
		c->peer->requests++;
		if (write(c->fd, reply, strlen(reply)) == -1)
			break;
	}
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
		struct conn *c = &p->conns[i];

		c->fd = accept(p->fd, NULL, NULL);
		if (c->fd == -1)
			break;
		c->peer = p;
		c->script = &p->scripts[i];
		buf_init(&c->request, BIG * 2);
		/* Counted before it can answer. */
		p->connections++;
		if (pthread_create(&c->thread, NULL, conn_main, c) != 0)
			abort();
	}
	return NULL;
}

static void
peer_start(struct peer *p, const struct script *scripts, size_t n)
{
	struct sockaddr_in sin = {
	    .sin_family = AF_INET,
	    .sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	socklen_t len = sizeof(sin);

	memset(p, 0, sizeof(*p));
	p->scripts = scripts;
	p->nscripts = n;
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_not_equal(p->fd, -1);
	assert_int_equal(
	    bind(p->fd, (struct sockaddr *)(void *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(p->fd, CONNS_MAX), 0);
	assert_int_equal(
	    getsockname(p->fd, (struct sockaddr *)(void *)&sin, &len), 0);
	p->port = ntohs(sin.sin_port);
	assert_int_equal(pthread_create(&p->thread, NULL, peer_main, p), 0);
}

/* The last request of the first connection is readable after this. */
static void
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

static void
peer_done(struct peer *p)
{
	unsigned i;

	for (i = 0; i < p->connections; i++)
		buf_done(&p->conns[i].request);
}

/* --- the client's side ---------------------------------------------- */

struct outcome {
	struct loop *loop;
	unsigned done;
	unsigned wanted;
	int status;
	char body[256];
	size_t body_len;
	int64_t body_bytes;
	struct error err;
	struct buf sunk;
};

struct fixture {
	struct loop *loop;
	struct http_client *client;
	struct outcome out;
};

static int
setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct http_client_options o = {.user_agent = "test/1"};
	struct error err;

	f->loop = loop_new();
	assert_int_equal(http_client_new(f->loop, &o, &f->client, &err), 0);
	f->out.loop = f->loop;
	f->out.wanted = 1;
	buf_init(&f->out.sunk, BIG * 2);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	http_client_free(f->client);
	loop_free(f->loop);
	buf_done(&f->out.sunk);
	free(f);
	return 0;
}

static void
on_done(const struct http_response *r, const struct error *err, void *arg)
{
	struct outcome *o = arg;

	o->err.code = ERR_NONE;
	if (err != NULL)
		o->err = *err;
	if (r != NULL) {
		o->status = r->status;
		o->body_len = r->body.len;
		o->body_bytes = r->body_bytes;
		snprintf(o->body, sizeof(o->body), "%s", r->body.data);
	}
	if (++o->done == o->wanted)
		loop_stop(o->loop);
}

static int
sink(const void *data, size_t len, void *arg, struct error *err)
{
	struct outcome *o = arg;

	(void)err;
	return buf_append(&o->sunk, data, len);
}

static struct http_call *
start(struct fixture *f, const struct peer *p, struct http_request r)
{
	struct http_call *call;
	struct error err;
	char *url = xasprintf("http://127.0.0.1:%d/a/../b?c=d", p->port);

	if (r.url == NULL)
		r.url = url;
	assert_int_equal(
	    http_start(f->client, &r, on_done, &f->out, &call, &err), 0);
	free(url);
	return call;
}

static void
run(struct fixture *f, const struct peer *p, struct http_request r)
{
	start(f, p, r);
	loop_run(f->loop);
}

#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static const char *const one_ok[] = {OK_REPLY, NULL};
static const char *const two_ok[] = {OK_REPLY, OK_REPLY, NULL};
static const char *const three_ok[] = {OK_REPLY, OK_REPLY, OK_REPLY, NULL};
/* Answers one request and takes another, to which it says nothing. */
static const char *const ok_then_silent[] = {OK_REPLY, "", NULL};

/* --- tests ---------------------------------------------------------- */

static void
a_request_goes_out_as_it_was_written(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{one_ok}};
	struct headers h;
	struct peer p;

	headers_init(&h);
	headers_add(&h, "Host", "example.test:99");
	headers_add(&h, "X-Empty", "");
	peer_start(&p, s, 1);
	run(f, &p, (struct http_request){.method = "GET", .headers = &h});
	peer_stop(&p);
	headers_done(&h);
	assert_int_equal(f->out.status, 200);
	assert_string_equal(f->out.body, "hi");
	assert_true(str_starts(
	    p.conns[0].request.data, "GET /a/../b?c=d HTTP/1.1\r\n"));
	assert_non_null(
	    strstr(p.conns[0].request.data, "Host: example.test:99\r\n"));
	assert_non_null(strstr(p.conns[0].request.data, "X-Empty:"));
	assert_null(strstr(p.conns[0].request.data, "Accept:"));
	assert_null(strstr(p.conns[0].request.data, "127.0.0.1"));
	peer_done(&p);
}

static void
a_post_has_just_its_body_and_no_type_of_curls(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{one_ok}};
	struct peer p;

	peer_start(&p, s, 1);
	run(f, &p,
	    (struct http_request){
		.method = "POST", .body = "a\0b", .body_len = 3});
	peer_stop(&p);
	assert_non_null(
	    strcasestr(p.conns[0].request.data, "content-length: 3\r\n"));
	assert_null(strcasestr(p.conns[0].request.data, "content-type"));
	assert_null(strcasestr(p.conns[0].request.data, "expect"));
	assert_memory_equal(
	    p.conns[0].request.data + p.conns[0].request.len - 3, "a\0b", 3);
	peer_done(&p);
}

static void
an_empty_post_announces_no_bytes(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{one_ok}};
	struct peer p;

	peer_start(&p, s, 1);
	run(f, &p, (struct http_request){.method = "POST"});
	peer_stop(&p);
	assert_non_null(
	    strcasestr(p.conns[0].request.data, "content-length: 0\r\n"));
	peer_done(&p);
}

static void
a_file_is_streamed_as_the_body(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{one_ok}};
	struct peer p;
	char *data = xmalloc(BIG), name[] = "/tmp/test_http_client-XXXXXX";
	int fd = mkstemp(name);
	size_t i;

	assert_int_not_equal(fd, -1);
	unlink(name);
	for (i = 0; i < BIG; i++)
		data[i] = (char)(i * 7 + i / 251);
	assert_int_equal(write(fd, data, BIG), (ssize_t)BIG);
	peer_start(&p, s, 1);
	run(f, &p,
	    (struct http_request){
		.method = "PUT", .body_fd = fd, .file_len = (int64_t)BIG});
	peer_stop(&p);
	close(fd);
	assert_int_equal(f->out.status, 200);
	assert_memory_equal(
	    p.conns[0].request.data + p.conns[0].request.len - BIG, data, BIG);
	free(data);
	peer_done(&p);
}

static void
a_good_body_goes_to_the_sink_and_a_bad_one_to_memory(void **state)
{
	static const char *const replies[] = {
	    OK_REPLY, "HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\ngone", NULL};
	struct fixture *f = *state;
	struct script s[] = {{replies}};
	struct http_request r = {
	    .method = "GET", .sink = sink, .sink_arg = &f->out};
	struct peer p;

	peer_start(&p, s, 1);
	run(f, &p, r);
	assert_string_equal(f->out.sunk.data, "hi");
	assert_int_equal(f->out.body_len, 0);
	assert_int_equal(f->out.body_bytes, 2);
	f->out.wanted = 2;
	run(f, &p, r);
	peer_stop(&p);
	assert_int_equal(f->out.status, 404);
	assert_string_equal(f->out.body, "gone");
	assert_string_equal(f->out.sunk.data, "hi");
	peer_done(&p);
}

static void
connections_are_kept_unless_a_request_goes_once(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{three_ok}, {one_ok}};
	struct peer p;

	peer_start(&p, s, 2);
	run(f, &p, (struct http_request){.method = "GET"});
	f->out.wanted = 2;
	run(f, &p, (struct http_request){.method = "GET"});
	assert_int_equal(p.connections, 1);
	f->out.wanted = 3;
	run(f, &p, (struct http_request){.method = "POST", .once = true});
	assert_int_equal(p.connections, 2);
	http_client_free(f->client);
	f->client = NULL;
	peer_stop(&p);
	peer_done(&p);
}

/* Over the kept connection it would be sent, lost, and sent again. */
static void
a_request_that_goes_once_is_never_sent_twice(void **state)
{
	static const char *const silent[] = {"", NULL};
	struct fixture *f = *state;
	struct script s[] = {{ok_then_silent}, {silent}, {one_ok}};
	struct peer p;

	peer_start(&p, s, 3);
	run(f, &p, (struct http_request){.method = "GET"});
	f->out.wanted = 2;
	run(f, &p, (struct http_request){.method = "POST", .once = true});
	http_client_free(f->client);
	f->client = NULL;
	peer_stop(&p);
	assert_int_equal(f->out.err.code, ERR_NET);
	assert_true(f->out.err.sent);
	assert_int_equal(p.requests, 2);
	peer_done(&p);
}

static void
a_refused_connection_sent_nothing(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{one_ok}};
	struct peer p;

	peer_start(&p, s, 1);
	peer_stop(&p);
	run(f, &p, (struct http_request){.method = "POST", .once = true});
	assert_int_equal(f->out.err.code, ERR_NET);
	assert_true(f->out.err.retryable);
	assert_false(f->out.err.sent);
	peer_done(&p);
}

static void
a_body_shorter_than_announced_is_an_error(void **state)
{
	static const char *const cut[] = {
	    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", NULL};
	struct fixture *f = *state;
	struct script s[] = {{cut}};
	struct peer p;

	peer_start(&p, s, 1);
	run(f, &p, (struct http_request){.method = "GET"});
	peer_stop(&p);
	assert_int_equal(f->out.err.code, ERR_NET);
	assert_true(f->out.err.sent);
	peer_done(&p);
}

static void
a_head_that_breaks_off_is_an_error(void **state)
{
	static const char *const heads[][2] = {
	    {"HTTP/1.1 200 OK\r\nContent-Len"},
	    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"},
	    {"HTTP/1.1 200 OK\r\n"},
	    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"},
	};
	struct fixture *f = *state;
	unsigned i;

	for (i = 0; i < ARRAY_LEN(heads); i++) {
		struct script s[] = {{heads[i]}};
		struct peer p;

		peer_start(&p, s, 1);
		f->out.wanted = i + 1;
		run(f, &p,
		    (struct http_request){
			.method = "POST", .cut_body = i % 2 == 0});
		peer_stop(&p);
		assert_int_equal(f->out.err.code, ERR_NET);
		assert_true(f->out.err.retryable);
		assert_true(f->out.err.sent);
		assert_int_equal(f->out.status, 0);
		peer_done(&p);
	}
}

/* Nobody would use it, and the peer would have to keep it. */
static void
a_connection_that_served_once_is_closed(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{two_ok}};
	struct peer p;

	peer_start(&p, s, 1);
	run(f, &p, (struct http_request){.method = "POST", .once = true});
	/* The peer waits for a second request as long as it could come. */
	alarm(20);
	peer_stop(&p);
	alarm(0);
	assert_int_equal(p.requests, 1);
	peer_done(&p);
}

static void
a_body_over_the_cap_is_a_limit(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{one_ok}};
	struct peer p;

	peer_start(&p, s, 1);
	run(f, &p, (struct http_request){.method = "GET", .body_max = 1});
	peer_stop(&p);
	assert_int_equal(f->out.err.code, ERR_LIMIT);
	peer_done(&p);
}

static void
an_interim_answer_is_not_the_answer(void **state)
{
	static const char *const interim[] = {
	    "HTTP/1.1 100 Continue\r\nX-Not: this\r\n\r\n" OK_REPLY, NULL};
	struct fixture *f = *state;
	struct script s[] = {{interim}};
	struct peer p;

	peer_start(&p, s, 1);
	run(f, &p, (struct http_request){.method = "GET"});
	peer_stop(&p);
	assert_int_equal(f->out.status, 200);
	assert_string_equal(f->out.body, "hi");
	peer_done(&p);
}

static void
a_peer_that_says_nothing_times_out(void **state)
{
	static const char *const silent[] = {"", "", NULL};
	struct fixture *f = *state;
	struct script s[] = {{silent}};
	struct peer p;

	peer_start(&p, s, 1);
	run(f, &p, (struct http_request){.method = "GET", .timeout_ms = 150});
	assert_int_equal(f->out.err.code, ERR_TIMEOUT);
	assert_true(f->out.err.sent);
	http_client_free(f->client);
	f->client = NULL;
	peer_stop(&p);
	peer_done(&p);
}

static void
a_redirect_is_not_followed(void **state)
{
	static const char *const away[] = {
	    "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
	    NULL};
	struct fixture *f = *state;
	struct script s[] = {{away}};
	struct peer p;

	peer_start(&p, s, 1);
	run(f, &p, (struct http_request){.method = "GET"});
	peer_stop(&p);
	assert_int_equal(f->out.status, 302);
	assert_int_equal(p.requests, 1);
	peer_done(&p);
}

static void
a_header_with_a_line_end_is_refused(void **state)
{
	struct fixture *f = *state;
	struct headers h;
	struct http_request r = {
	    .method = "GET", .url = "http://127.0.0.1:1/", .headers = &h};
	struct http_call *call;
	struct error err;

	headers_init(&h);
	headers_add(&h, "X-A", "a\r\nX-B: b");
	assert_int_equal(
	    http_start(f->client, &r, on_done, &f->out, &call, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	headers_done(&h);
}

static void
a_url_of_another_scheme_is_refused(void **state)
{
	struct fixture *f = *state;
	struct peer p = {0};

	run(f, &p,
	    (struct http_request){
		.method = "GET", .url = "file:///etc/passwd"});
	assert_int_equal(f->out.err.code, ERR_NET);
	assert_false(f->out.err.retryable);
	assert_false(f->out.err.sent);
}

static void
a_cancelled_call_is_silent(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{two_ok}};
	struct peer p;
	struct http_call *call;

	peer_start(&p, s, 1);
	call = start(f, &p, (struct http_request){.method = "GET"});
	http_cancel(call);
	run(f, &p, (struct http_request){.method = "GET"});
	assert_int_equal(f->out.done, 1);
	http_client_free(f->client);
	f->client = NULL;
	peer_stop(&p);
	peer_done(&p);
}

static void
many_at_once_all_come_home(void **state)
{
	struct fixture *f = *state;
	struct script s[40];
	struct peer p;
	unsigned i;

	for (i = 0; i < ARRAY_LEN(s); i++)
		s[i] = (struct script){one_ok};
	peer_start(&p, s, ARRAY_LEN(s));
	f->out.wanted = ARRAY_LEN(s);
	for (i = 0; i < ARRAY_LEN(s); i++)
		start(f, &p,
		    (struct http_request){.method = "GET", .once = true});
	loop_run(f->loop);
	peer_stop(&p);
	assert_int_equal(f->out.done, ARRAY_LEN(s));
	assert_int_equal(f->out.err.code, ERR_NONE);
	assert_int_equal(p.requests, ARRAY_LEN(s));
	peer_done(&p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_request_goes_out_as_it_was_written),
	    T(a_post_has_just_its_body_and_no_type_of_curls),
	    T(an_empty_post_announces_no_bytes),
	    T(a_file_is_streamed_as_the_body),
	    T(a_good_body_goes_to_the_sink_and_a_bad_one_to_memory),
	    T(connections_are_kept_unless_a_request_goes_once),
	    T(a_request_that_goes_once_is_never_sent_twice),
	    T(a_refused_connection_sent_nothing),
	    T(a_body_shorter_than_announced_is_an_error),
	    T(a_head_that_breaks_off_is_an_error),
	    T(a_connection_that_served_once_is_closed),
	    T(a_body_over_the_cap_is_a_limit),
	    T(an_interim_answer_is_not_the_answer),
	    T(a_peer_that_says_nothing_times_out),
	    T(a_redirect_is_not_followed),
	    T(a_header_with_a_line_end_is_refused),
	    T(a_url_of_another_scheme_is_refused),
	    T(a_cancelled_call_is_silent),
	    T(many_at_once_all_come_home),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
