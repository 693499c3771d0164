/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies that the HTTP client pulls while they arrive, what left of them when
 * the answer came, and requests that left twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "tests/unit/http_peer.h"

#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static const char *const nothing[] = {NULL};
static const char *const one_ok[] = {OK_REPLY, NULL};
static const char *const two_ok[] = {OK_REPLY, OK_REPLY, NULL};
/* Answers one request, and closes when the next one has come. */
static const char *const one_then_gone[] = {OK_REPLY, "", NULL};

/* --- a source ------------------------------------------------------- */

#define PIECE_MS 5

struct source {
	struct http_call *call;
	struct loop_timer *timer;
	size_t pieces, given; /* of 1000 bytes */
	bool ready; /* one of them */
	bool breaks;
};

static int
pull(void *out, size_t max, size_t *len, void *arg, struct error *err)
{
	struct source *s = arg;

	assert_true(max >= 1000);
	if (!s->ready)
		return 0;
	if (s->breaks && s->given == 2)
		return err_set(err, ERR_IO, "the source dried up");
	s->ready = false;
	memset(out, 'a' + (int)s->given++, 1000);
	*len = 1000;
	if (s->given < s->pieces)
		loop_timer_set(s->timer, PIECE_MS);
	return 0;
}

static void
on_piece(void *arg)
{
	struct source *s = arg;

	s->ready = true;
	http_resume(s->call);
}

static void
pour(struct fixture *f, const struct peer *p, struct source *s)
{
	s->timer = loop_timer_new(f->loop, on_piece, s);
	s->call = fixture_start(f, p,
	    (struct http_request){.method = "POST",
		.file_len = (int64_t)s->pieces * 1000,
		.source = pull,
		.source_arg = s,
		.timeout_ms = 20000});
	loop_timer_set(s->timer, PIECE_MS);
	loop_run(f->loop);
	loop_timer_free(s->timer);
}

static void
a_body_leaves_as_it_arrives(void **state)
{
	struct fixture *f = *state;
	struct script sc[] = {{.replies = one_ok}};
	struct source s = {.pieces = 20};
	const char *body;
	struct peer p;
	size_t i;

	peer_start(&p, sc, 1);
	pour(f, &p, &s);
	peer_stop(&p);
	assert_int_equal(f->out.err.code, ERR_NONE);
	assert_int_equal(f->out.status, 200);
	assert_false(f->out.unsent);
	assert_int_equal(s.given, 20);
	assert_non_null(
	    strstr(p.conns[0].request.data, "Content-Length: 20000\r\n"));
	assert_null(strstr(p.conns[0].request.data, "Transfer-Encoding"));
	body = strstr(p.conns[0].request.data, "\r\n\r\n") + 4;
	for (i = 0; i < 20000; i++)
		assert_int_equal(body[i], 'a' + (int)(i / 1000));
	peer_done(&p);
}

static void
a_source_that_breaks_says_why(void **state)
{
	struct fixture *f = *state;
	struct script sc[] = {{.replies = one_ok}};
	struct source s = {.pieces = 5, .breaks = true};
	struct peer p;

	peer_start(&p, sc, 1);
	pour(f, &p, &s);
	peer_stop(&p);
	assert_int_equal(f->out.err.code, ERR_IO);
	assert_string_equal(f->out.err.text, "the source dried up");
	assert_true(f->out.err.sent);
	assert_int_equal(s.given, 2);
	peer_done(&p);
}

/* It could not be sent again: so over one that cannot be dead. */
static void
it_takes_no_kept_connection(void **state)
{
	struct fixture *f = *state;
	struct script sc[] = {{.replies = two_ok}, {.replies = one_ok}};
	struct source s = {.pieces = 3};
	struct peer p;

	peer_start(&p, sc, 2);
	fixture_run(f, &p,
	    (struct http_request){
		.method = "POST", .body = "b", .body_len = 1});
	f->out.wanted = 2;
	pour(f, &p, &s);
	assert_int_equal(f->out.status, 200);
	assert_int_equal(p.connections, 2);
	/* The peer still waits for more over the first one. */
	http_client_free(f->client);
	f->client = NULL;
	peer_stop(&p);
	peer_done(&p);
}

static void
cancelled_it_is_not_asked_any_more(void **state)
{
	struct fixture *f = *state;
	struct script sc[] = {{.replies = one_ok}};
	struct source s = {.pieces = 3};
	struct peer p;

	peer_start(&p, sc, 1);
	s.call = fixture_start(f, &p,
	    (struct http_request){.method = "POST",
		.file_len = 3000,
		.source = pull,
		.source_arg = &s});
	/* It may not have begun, or not wait. */
	http_resume(s.call);
	while (p.connections == 0)
		fixture_turn(f);
	http_resume(s.call);
	http_cancel(s.call);
	fixture_turn(f);
	peer_stop(&p);
	assert_int_equal(s.given, 0);
	peer_done(&p);
}

/* --- twice ---------------------------------------------------------- */

static void
nothing_leaves_twice_where_that_is_not_wanted(void **state)
{
	static const struct {
		const char *body;
		size_t len;
	} bodies[] = {{"abc", 3}, {NULL, 0}};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bodies); i++) {
		/* The second is made for the copy, which does not leave. */
		struct script sc[] = {{.replies = one_then_gone},
		    {.replies = nothing}, {.replies = one_ok}};
		struct http_request r = {.method = "POST",
		    .no_copy = true,
		    .body = bodies[i].body,
		    .body_len = bodies[i].len};
		unsigned n;
		struct peer p;

		peer_start(&p, sc, 3);
		for (n = 1; n <= 3; n++) {
			f->out.done = 0;
			f->out.status = 0;
			fixture_run(f, &p, r);
			assert_int_equal(f->out.status, n == 2 ? 0 : 200);
			if (n != 2)
				continue;
			assert_true(f->out.err.stale);
			assert_true(f->out.err.sent);
			assert_true(f->out.err.retryable);
		}
		peer_stop(&p);
		assert_int_equal(p.connections, 3);
		assert_int_equal(p.requests, 3);
		peer_done(&p);
	}
}

static void
else_it_leaves_once_more(void **state)
{
	struct fixture *f = *state;
	struct script sc[] = {{.replies = one_then_gone}, {.replies = one_ok}};
	struct http_request r = {
	    .method = "POST", .body = "abc", .body_len = 3};
	struct peer p;

	peer_start(&p, sc, 2);
	fixture_run(f, &p, r);
	f->out.done = 0;
	f->out.status = 0;
	fixture_run(f, &p, r);
	peer_stop(&p);
	assert_int_equal(f->out.status, 200);
	assert_int_equal(p.requests, 3);
	peer_done(&p);
}

static void
stop(void *arg)
{
	loop_stop(arg);
}

static void
a_connection_that_was_idle_for_long_is_not_used(void **state)
{
	struct fixture *f = *state;
	struct script sc[] = {{.replies = two_ok}, {.replies = one_ok}};
	struct http_request r = {
	    .method = "POST", .body = "a", .body_len = 1, .kept_max_s = 1};
	struct loop_timer *t = loop_timer_new(f->loop, stop, f->loop);
	struct peer p;

	peer_start(&p, sc, 2);
	fixture_run(f, &p, r);
	loop_timer_set(t, 2100);
	loop_run(f->loop);
	f->out.done = 0;
	fixture_run(f, &p, r);
	assert_int_equal(f->out.status, 200);
	assert_int_equal(p.connections, 2);
	loop_timer_free(t);
	peer_stop(&p);
	peer_done(&p);
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_body_leaves_as_it_arrives),
	    T(a_source_that_breaks_says_why),
	    T(it_takes_no_kept_connection),
	    T(cancelled_it_is_not_asked_any_more),
	    T(nothing_leaves_twice_where_that_is_not_wanted),
	    T(else_it_leaves_once_more),
	    T(a_connection_that_was_idle_for_long_is_not_used),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
