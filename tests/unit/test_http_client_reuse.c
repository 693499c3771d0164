/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP client asked the same thing again and again, as looks are: over kept
 * connections, by handles that only hear what is new. Nothing of one request
 * may turn up in another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "tests/unit/http_peer.h"

#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
#define NOT_FOUND "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"

static const char *const one_ok[] = {OK_REPLY, NULL};
static const char *const one_404[] = {NOT_FOUND, NULL};
static const char *const many_404[] = {
    NOT_FOUND, NOT_FOUND, NOT_FOUND, NOT_FOUND, NULL};
static const char *const mixed[] = {
    NOT_FOUND, OK_REPLY, OK_REPLY, NOT_FOUND, NULL};
static const char *const two_404[] = {NOT_FOUND, NOT_FOUND, NULL};
/* Answers one request, and closes when the next one comes. */
static const char *const one_then_gone[] = {NOT_FOUND, "", NULL};

/* A look at /key-N?n=N with a field of its own. */
static void
look(struct fixture *f, const struct peer *p, unsigned n)
{
	char *url =
	    xasprintf("http://127.0.0.1:%d/../key%%20%u?n=%u", p->port, n, n);
	struct headers h;

	headers_init(&h);
	headers_addf(&h, "X-Number", "%u", n);
	if (n % 2 == 0)
		headers_add(&h, "X-Even", "yes");
	fixture_start(f, p,
	    (struct http_request){.method = "HEAD",
		.url = url,
		.headers = &h,
		.timeout_ms = 30000});
	headers_done(&h);
	free(url);
}

/* The i-th request of that connection, of a peer that has stopped. */
static char *
request_of(const struct peer_conn *c, unsigned i)
{
	const char *at = c->all.data;

	while (i-- > 0)
		at = strstr(at, "\r\n\r\n") + 4;
	return xstrndup(at, (size_t)(strstr(at, "\r\n\r\n") + 4 - at));
}

static void
assert_looked(const struct peer_conn *c, unsigned i, unsigned n)
{
	char *line = xasprintf("HEAD /../key%%20%u?n=%u HTTP/1.1\r\n", n, n);
	char *field = xasprintf("\r\nX-Number: %u\r\n", n);
	char *request = request_of(c, i);

	if (!str_starts(request, line))
		fail_msg("%s", request);
	assert_non_null(strstr(request, field));
	assert_int_equal(strstr(request, "X-Even") != NULL, n % 2 == 0);
	assert_null(strstr(request, "Accept:"));
	free(request);
	free(field);
	free(line);
}

static void
looks_go_over_one_connection_each_with_its_own_words(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{.replies = many_404}};
	struct peer p;
	unsigned n;

	peer_start(&p, s, 1);
	for (n = 1; n <= 4; n++) {
		f->out.wanted = n;
		look(f, &p, n);
		loop_run(f->loop);
		assert_int_equal(f->out.err.code, ERR_NONE);
		assert_int_equal(f->out.status, 404);
	}
	peer_stop(&p);
	assert_int_equal(p.connections, 1);
	assert_int_equal(p.requests, 4);
	for (n = 1; n <= 4; n++)
		assert_looked(&p.conns[0], n - 1, n);
	peer_done(&p);
}

/* By kinds: what a look leaves set must not make a HEAD of a GET, nor send it
 * to where the last one went. */
static void
other_requests_between_looks_are_what_they_are(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{.replies = mixed}},
		      other[] = {{.replies = one_ok}};
	struct peer p, q;
	char *url, *get, *post;

	peer_start(&p, s, 1);
	peer_start(&q, other, 1);
	look(f, &p, 1);
	loop_run(f->loop);
	f->out.wanted = 2;
	fixture_run(f, &p, (struct http_request){.method = "GET"});
	f->out.wanted = 3;
	fixture_run(f, &p,
	    (struct http_request){
		.method = "POST", .body = "b", .body_len = 1});
	url = xasprintf("http://127.0.0.1:%d/q", q.port);
	f->out.wanted = 4;
	fixture_run(f, &q, (struct http_request){.method = "GET", .url = url});
	assert_int_equal(f->out.status, 200);
	assert_string_equal(f->out.body, "hi");
	f->out.wanted = 5;
	look(f, &p, 2);
	loop_run(f->loop);
	peer_stop(&p);
	peer_stop(&q);
	assert_looked(&p.conns[0], 0, 1);
	assert_true(
	    str_starts(p.conns[0].request.data, "HEAD /../key%202?n=2 "));
	get = request_of(&p.conns[0], 1);
	post = request_of(&p.conns[0], 2);
	assert_true(str_starts(get, "GET /a/../b?c=d HTTP/1.1"));
	assert_null(strstr(get, "X-Number"));
	assert_true(str_starts(post, "POST /a/../b?c=d HTTP/1.1"));
	free(get);
	free(post);
	assert_true(str_starts(q.conns[0].request.data, "GET /q HTTP/1.1"));
	assert_int_equal(p.requests, 4);
	free(url);
	peer_done(&p);
	peer_done(&q);
}

static int64_t
cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
stop(void *arg)
{
	loop_stop(arg);
}

static void
a_closed_idle_connection_neither_spins_nor_fails_a_look(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{.replies = one_404}, {.replies = one_404}};
	struct loop_timer *t = loop_timer_new(f->loop, stop, f->loop);
	struct peer p;
	int64_t before;

	peer_start(&p, s, 2);
	look(f, &p, 1);
	loop_run(f->loop);
	before = cpu_ms();
	loop_timer_set(t, 500);
	loop_run(f->loop);
	assert_true(cpu_ms() - before < 100);
	f->out.wanted = 2;
	look(f, &p, 2);
	loop_run(f->loop);
	assert_int_equal(f->out.err.code, ERR_NONE);
	assert_int_equal(f->out.status, 404);
	peer_stop(&p);
	assert_int_equal(p.connections, 2);
	assert_looked(&p.conns[1], 0, 2);
	loop_timer_free(t);
	peer_done(&p);
}

/* It was alive when the request left: curl sends it again by itself, and it has
 * to be the same request. */
static void
a_connection_that_dies_under_a_look_does_not_fail_it(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{.replies = one_then_gone}, {.replies = two_404}};
	struct peer p;
	unsigned n;

	peer_start(&p, s, 2);
	for (n = 1; n <= 3; n++) {
		f->out.wanted = n;
		look(f, &p, n);
		loop_run(f->loop);
		assert_int_equal(f->out.err.code, ERR_NONE);
		assert_int_equal(f->out.status, 404);
	}
	peer_stop(&p);
	assert_int_equal(p.connections, 2);
	assert_int_equal(p.requests, 4);
	assert_looked(&p.conns[0], 1, 2);
	assert_looked(&p.conns[1], 0, 2);
	assert_looked(&p.conns[1], 1, 3);
	peer_done(&p);
}

/* More of them than are remembered: a host is one with its port. */
static void
a_host_too_many_is_asked_as_well(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{.replies = one_404}};
	struct peer p;
	unsigned n;

	for (n = 1; n <= 200; n++) {
		peer_start(&p, s, 1);
		f->out.wanted = n;
		f->out.status = 0;
		look(f, &p, n);
		loop_run(f->loop);
		assert_int_equal(f->out.status, 404);
		peer_stop(&p);
		assert_looked(&p.conns[0], 0, n);
		peer_done(&p);
	}
}

/* What curl refuses, or leaves out, it still does. */
static void
odd_urls_are_read_by_curl_alone(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{.replies = many_404}};
	struct peer p;
	char *url, *request;

	peer_start(&p, s, 1);
	url = xasprintf("http://127.0.0.1:%d/a#b", p.port);
	fixture_run(f, &p, (struct http_request){.method = "HEAD", .url = url});
	free(url);
	url = xasprintf("http://127.0.0.1:%d?x=y", p.port);
	f->out.wanted = 2;
	fixture_run(f, &p, (struct http_request){.method = "HEAD", .url = url});
	free(url);
	url = xasprintf("http://127.0.0.1:%d/a b", p.port);
	f->out.wanted = 3;
	fixture_run(f, &p, (struct http_request){.method = "HEAD", .url = url});
	free(url);
	assert_int_equal(f->out.err.code, ERR_NET);
	assert_false(f->out.err.retryable);
	assert_false(f->out.err.sent);
	http_client_free(f->client);
	f->client = NULL;
	peer_stop(&p);
	assert_int_equal(p.requests, 2);
	request = request_of(&p.conns[0], 0);
	assert_true(str_starts(request, "HEAD /a HTTP/1.1"));
	free(request);
	request = request_of(&p.conns[0], 1);
	assert_true(str_starts(request, "HEAD /?x=y HTTP/1.1"));
	free(request);
	peer_done(&p);
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(looks_go_over_one_connection_each_with_its_own_words),
	    T(other_requests_between_looks_are_what_they_are),
	    T(a_closed_idle_connection_neither_spins_nor_fails_a_look),
	    T(a_connection_that_dies_under_a_look_does_not_fail_it),
	    T(a_host_too_many_is_asked_as_well),
	    T(odd_urls_are_read_by_curl_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
