/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP client where there is to be a connection and no more, or where no
 * proxy may stand before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "tests/unit/http_peer.h"

#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static const char *const one_ok[] = {OK_REPLY, NULL};

static struct http_request
connect_to(const char *url)
{
	return (struct http_request){.method = "GET",
	    .url = url,
	    .connect_only = true,
	    .connect_ms = 5000,
	    .timeout_ms = 5000};
}

static void
a_connection_is_all_and_it_is_closed(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {
	    {.replies = one_ok}, {.replies = one_ok}, {.replies = one_ok}};
	struct peer p;
	int i;

	peer_start(&p, s, 3);
	for (i = 0; i < 2; i++) {
		f->out.done = 0;
		f->out.status = -1;
		fixture_run(f, &p, connect_to(NULL));
		assert_int_equal(f->out.err.code, ERR_NONE);
		assert_int_equal(f->out.status, 0);
		assert_int_equal(f->out.body_len, 0);
		assert_false(f->out.cut);
	}
	/* And what follows gets a connection that works. */
	f->out.done = 0;
	fixture_run(f, &p, (struct http_request){.method = "GET"});
	assert_int_equal(f->out.status, 200);
	/* It ends only if the first two connections were closed. */
	peer_stop(&p);
	assert_int_equal(p.connections, 3);
	assert_int_equal(p.requests, 1);
	peer_done(&p);
}

static void
no_connection_is_an_error(void **state)
{
	struct fixture *f = *state;

	fixture_run(f, NULL, connect_to("http://127.0.0.1:1/"));
	assert_int_equal(f->out.err.code, ERR_NET);
	assert_true(f->out.err.retryable);
	assert_false(f->out.err.sent);
	f->out.done = 0;
	fixture_run(f, NULL, connect_to("http://nobody.invalid/"));
	assert_int_equal(f->out.err.code, ERR_NET);
}

static void
a_handshake_that_fails_is_an_error(void **state)
{
	struct fixture *f = *state;
	/* To a ClientHello it says what no TLS server says. */
	static const char *const nonsense[] = {"nonsense\r\n\r\n", NULL};
	struct script s[] = {{.replies = nonsense}};
	struct peer p;
	char *url;

	peer_start(&p, s, 1);
	url = xasprintf("https://127.0.0.1:%d/", p.port);
	f->out.done = 0;
	fixture_run(f, &p,
	    (struct http_request){.method = "GET",
		.url = url,
		.connect_only = true,
		.timeout_ms = 500});
	assert_int_not_equal(f->out.err.code, ERR_NONE);
	assert_false(f->out.err.sent);
	free(url);
	peer_stop(&p);
	peer_done(&p);
}

static void
one_under_way_can_be_cancelled(void **state)
{
	struct fixture *f = *state;
	struct script s[] = {{.replies = one_ok}, {.replies = one_ok}};
	struct http_call *call;
	struct peer p;

	peer_start(&p, s, 2);
	http_cancel(fixture_start(f, &p, connect_to(NULL)));
	call = fixture_start(f, &p, connect_to(NULL));
	fixture_turn(f);
	if (f->out.done == 0)
		http_cancel(call);
	peer_stop(&p);
	peer_done(&p);
}

static void
who_is_to_be_asked_directly_is(void **state)
{
	static const char url[] = "http://metadata.invalid/x";
	struct fixture *f = *state;
	struct script s[] = {{.replies = one_ok}};
	struct peer proxy;
	char *name;

	peer_start(&proxy, s, 1);
	name = xasprintf("http://127.0.0.1:%d", proxy.port);
	setenv("http_proxy", name, 1);
	setenv("all_proxy", name, 1);
	fixture_run(f, NULL,
	    (struct http_request){.method = "GET", .url = url, .direct = true});
	assert_int_equal(f->out.err.code, ERR_NET);
	assert_int_equal(proxy.connections, 0);
	f->out.done = 0;
	fixture_run(
	    f, NULL, (struct http_request){.method = "GET", .url = url});
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	assert_int_equal(f->out.status, 200);
	peer_stop(&proxy);
	peer_done(&proxy);
	free(name);
}

int
main(void)
{
#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_connection_is_all_and_it_is_closed),
	    TEST(no_connection_is_an_error),
	    TEST(a_handshake_that_fails_is_an_error),
	    TEST(one_under_way_can_be_cancelled),
	    TEST(who_is_to_be_asked_directly_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
