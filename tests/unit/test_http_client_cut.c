/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP client where only the status and the beginning of the answer
 * matter: long, endless and broken answers, and what is no answer at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/unit/http_peer.h"

#define MIB ((size_t)1 << 20)
#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static const char *const one_ok[] = {OK_REPLY, NULL};

/* The head alone; what it promises follows by the script. */
static const char *const ten_mib_500[] = {
    "HTTP/1.1 500 No\r\nContent-Length: 10485760\r\n\r\n", NULL};
static const char *const ten_mib_200[] = {
    "HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n", NULL};
static const char *const endless_500[] = {"HTTP/1.1 500 No\r\n\r\n", NULL};
static const char *const endless_200[] = {
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", NULL};

static struct http_request
request(size_t max, int64_t timeout_ms)
{
	return (struct http_request){.method = "POST",
	    .body = "{}",
	    .body_len = 2,
	    .body_max = max,
	    .cut_body = true,
	    .timeout_ms = timeout_ms};
}

/* The first 100 bytes, at once, and nothing more over that connection. */
static void
expect_cut(struct fixture *f, const char *const *replies, int status)
{
	struct script s[] = {
	    {.replies = replies, .go_on = MIB / 8}, {.replies = one_ok}};
	int64_t begun = clock_mono_ms();
	struct peer p;

	peer_start(&p, s, 2);
	f->out.done = 0;
	f->out.wanted = 1;
	fixture_run(f, &p, request(100, 60000));
	assert_int_equal(f->out.err.code, ERR_NONE);
	assert_int_equal(f->out.status, status);
	assert_int_equal(f->out.body_len, 100);
	assert_string_equal(f->out.body + 90, "mmmmmmmmmm");
	assert_true(f->out.cut);
	assert_true(clock_mono_ms() - begun < 5000);
	f->out.wanted = 2;
	fixture_run(f, &p, request(100, 60000));
	assert_int_equal(f->out.status, 200);
	assert_false(f->out.cut);
	assert_int_equal(p.connections, 2);
	peer_stop(&p);
	/* The rest was not taken: it would have gone on for ever. */
	assert_true(p.more < 64 * MIB);
	peer_done(&p);
}

static void
a_long_answer_is_cut(void **state)
{
	expect_cut(*state, ten_mib_500, 500);
	expect_cut(*state, ten_mib_200, 200);
}

static void
so_is_one_that_never_ends(void **state)
{
	expect_cut(*state, endless_500, 500);
	expect_cut(*state, endless_200, 200);
}

static void
a_drip_is_cut_when_enough_has_come(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {
	    {.replies = endless_500, .go_on = 1, .pause_ms = 5}};
	struct peer p;

	peer_start(&p, s, 1);
	fixture_run(f, &p, request(20, 60000));
	peer_stop(&p);
	assert_int_equal(f->out.err.code, ERR_NONE);
	assert_int_equal(f->out.status, 500);
	assert_string_equal(f->out.body, "mmmmmmmmmmmmmmmmmmmm");
	assert_true(f->out.cut);
	peer_done(&p);
}

/* The receiver has said what it thinks; more of the same is not needed. */
static void
a_drip_has_its_status_when_the_time_is_up(void **state)
{
	static const struct {
		const char *const *replies;
		int status;
	} cases[] = {{endless_500, 500}, {endless_200, 200}};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct script s[] = {
		    {.replies = cases[i].replies, .go_on = 1, .pause_ms = 20}};
		int64_t begun = clock_mono_ms();
		struct peer p;

		peer_start(&p, s, 1);
		f->out.wanted = (unsigned)i + 1;
		fixture_run(f, &p, request(4096, 300));
		peer_stop(&p);
		assert_int_equal(f->out.err.code, ERR_NONE);
		assert_int_equal(f->out.status, cases[i].status);
		assert_in_range(f->out.body_len, 1, 100);
		assert_true(f->out.cut);
		assert_in_range(clock_mono_ms() - begun, 280, 5000);
		peer_done(&p);
	}
}

static void
an_answer_that_breaks_has_its_status(void **state)
{
	static const char *const broken[] = {
	    "HTTP/1.1 503 No\r\nRetry-After: 9\r\nContent-Length: "
	    "9\r\n\r\nhalf",
	    NULL};
	static const char *const bad_chunk[] = {
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "4\r\nhalf\r\nzzz\r\n",
	    NULL};
	struct fixture *f = *state;
	struct script s[] = {{.replies = broken}, {.replies = bad_chunk}};
	struct peer p;

	peer_start(&p, s, 2);
	fixture_run(f, &p, request(4096, 10000));
	assert_int_equal(f->out.err.code, ERR_NONE);
	assert_int_equal(f->out.status, 503);
	assert_string_equal(f->out.body, "half");
	assert_true(f->out.cut);
	f->out.wanted = 2;
	fixture_run(f, &p, request(4096, 10000));
	assert_int_equal(f->out.err.code, ERR_NONE);
	assert_int_equal(f->out.status, 200);
	assert_string_equal(f->out.body, "half");
	assert_true(f->out.cut);
	peer_stop(&p);
	peer_done(&p);
}

static void
an_answer_that_fits_is_whole_and_its_connection_kept(void **state)
{
	static const char *const two[] = {OK_REPLY, OK_REPLY, NULL};
	struct fixture *f = *state;
	struct script s[] = {{.replies = two}};
	struct peer p;

	peer_start(&p, s, 1);
	fixture_run(f, &p, request(2, 10000));
	assert_string_equal(f->out.body, "hi");
	assert_false(f->out.cut);
	f->out.wanted = 2;
	fixture_run(f, &p, request(2, 10000));
	assert_false(f->out.cut);
	peer_stop(&p);
	assert_int_equal(p.connections, 1);
	assert_int_equal(p.requests, 2);
	peer_done(&p);
}

static void
without_a_whole_head_there_is_no_answer(void **state)
{
	static const char *const heads[][3] = {
	    {"", "", NULL},
	    {"HTTP/1.1 200 OK\r\nX-A: b\r\n", "", NULL},
	    {"HTTP/1.1 100 Continue\r\n\r\n", "", NULL},
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(heads); i++) {
		struct script s[] = {{.replies = heads[i]}};
		struct peer p;

		peer_start(&p, s, 1);
		f->out.wanted = (unsigned)i + 1;
		fixture_run(f, &p, request(4096, 150));
		peer_stop(&p);
		assert_int_equal(f->out.err.code, ERR_TIMEOUT);
		assert_true(f->out.err.sent);
		assert_int_equal(f->out.status, 0);
		peer_done(&p);
	}
}

static void
a_head_without_an_end_is_still_a_limit(void **state)
{
	static const char *const first[] = {"HTTP/1.1 200 OK\r\nX-A: ", NULL};
	struct fixture *f = *state;
	struct script s[] = {{.replies = first, .go_on = MIB / 8}};
	struct peer p;

	peer_start(&p, s, 1);
	fixture_run(f, &p, request(4096, 10000));
	peer_stop(&p);
	assert_int_not_equal(f->out.err.code, ERR_NONE);
	assert_int_equal(f->out.status, 0);
	assert_true(p.more < 64 * MIB);
	peer_done(&p);
}

/* It says 200 to CONNECT, and then no handshake comes. */
static void
the_consent_of_a_proxy_is_no_answer(void **state)
{
	static const char *const consent[] = {
	    "HTTP/1.1 200 Connection established\r\n\r\n", NULL};
	struct fixture *f = *state;
	struct script s[] = {{.replies = consent}};
	struct http_request r = request(4096, 10000);
	struct peer p;
	char *url;

	peer_start(&p, s, 1);
	url = xasprintf("http://127.0.0.1:%d", p.port);
	setenv("https_proxy", url, 1);
	r.url = "https://example.invalid/hook";
	fixture_run(f, &p, r);
	unsetenv("https_proxy");
	peer_stop(&p);
	assert_int_equal(p.requests, 1);
	assert_true(
	    str_starts(p.conns[0].request.data, "CONNECT example.invalid:443"));
	assert_int_not_equal(f->out.err.code, ERR_NONE);
	assert_false(f->out.err.sent);
	assert_int_equal(f->out.status, 0);
	free(url);
	peer_done(&p);
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_long_answer_is_cut),
	    T(so_is_one_that_never_ends),
	    T(a_drip_is_cut_when_enough_has_come),
	    T(a_drip_has_its_status_when_the_time_is_up),
	    T(an_answer_that_breaks_has_its_status),
	    T(an_answer_that_fits_is_whole_and_its_connection_kept),
	    T(without_a_whole_head_there_is_no_answer),
	    T(a_head_without_an_end_is_still_a_limit),
	    T(the_consent_of_a_proxy_is_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
