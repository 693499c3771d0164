/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/http_server: requests that it answers by itself, the form of these
 * answers, and bodies that are not what was announced; over TCP and over a
 * UNIX socket.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/http_server.h"
#include "tests/unit/http_cases.h"
#include "tests/unit/http_rig.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST(path, fields) \
	"POST " path " HTTP/1.1\r\nHost: a\r\n" fields "\r\n\r\n"
#define CHUNKED "Transfer-Encoding: chunked"

/* Each test runs twice; the second time over a UNIX socket. */
struct way {
	char folder[64];
	char path[96];
	struct http_server_options options;
	struct rig *rig;
};

static struct way way;

static void
own_form(int status, const char *why, struct headers *headers, struct buf *body,
    void *arg)
{
	(void)arg;
	headers_add(headers, "Content-Type", "application/problem+json");
	headers_add(headers, "X-Own", "yes");
	buf_printf(body, "{\"status\":%d,\"why\":\"%s\"}", status, why);
}

static void
begin(bool over_unix)
{
	memset(&way, 0, sizeof(way));
	way.options.refusal = own_form;
	if (!over_unix)
		return;
	snprintf(way.folder, sizeof(way.folder), "/tmp/test_refusal-XXXXXX");
	assert_non_null(mkdtemp(way.folder));
	snprintf(way.path, sizeof(way.path), "%s/s", way.folder);
	way.options.unix_path = way.path;
}

static void
end(void)
{
	if (way.rig != NULL)
		rig_stop(way.rig);
	/* The socket went with the server. */
	if (way.folder[0] != '\0')
		assert_int_equal(rmdir(way.folder), 0);
	way.folder[0] = '\0';
}

/* What a test that failed leaves behind. */
static int
sweep(void **state)
{
	(void)state;
	if (way.folder[0] == '\0')
		return 0;
	unlink(way.path);
	rmdir(way.folder);
	return 0;
}

static void
both_ways(void (*test)(void))
{
	begin(false);
	test();
	end();
	begin(true);
	test();
	end();
}

static void
start(void)
{
	way.rig = rig_start(&way.options);
}

/*
 * The rest of what comes on this connection is one refusal in our own form;
 * `why` is all of its text, or NULL.
 */
static void
expect_own(int fd, int status, const char *why)
{
	char expected[300];
	struct buf head, body;

	buf_init(&head, 8192);
	buf_init(&body, 65536);
	if (!rig_reply(fd, &head, &body))
		fail_msg("no %d: %s", status, head.data);
	snprintf(expected, sizeof(expected), "{\"status\":%d,\"why\":\"%s",
	    status, why != NULL ? why : "");
	if (rig_status(&head) != status || !str_starts(body.data, expected) ||
	    !str_ends(body.data, "\"}") ||
	    (why != NULL && body.len != strlen(expected) + 2) ||
	    strstr(head.data, "application/problem+json\r\n") == NULL ||
	    strstr(head.data, "\r\nX-Own: yes\r\n") == NULL ||
	    strstr(head.data, "\r\nConnection: close\r\n") == NULL)
		fail_msg("no %s, but: %s%s", expected, head.data, body.data);
	assert_true(rig_at_end(fd));
	buf_done(&head);
	buf_done(&body);
}

static void
refuse(const char *request, int status, const char *why)
{
	int fd = rig_connect(way.rig);

	rig_send_some(fd, request, strlen(request));
	expect_own(fd, status, why);
	close(fd);
}

static void
expect_reply(int fd, int status, const char *text)
{
	struct buf head, body;

	buf_init(&head, 8192);
	buf_init(&body, 65536);
	if (!rig_reply(fd, &head, &body) || rig_status(&head) != status ||
	    strcmp(body.data, text) != 0)
		fail_msg("not %d: %s%s", status, head.data, body.data);
	buf_done(&head);
	buf_done(&body);
}

/* --- the form ------------------------------------------------------- */

static void
try_all_heads(void)
{
	size_t i;

	start();
	for (i = 0; i < http_n_bad_heads; i++) {
		const struct http_case *c = &http_bad_heads[i];
		int fd = rig_connect(way.rig);

		rig_send_some(fd, c->bytes, c->len);
		rig_send_some(fd, GET("/smuggled"), strlen(GET("/smuggled")));
		expect_own(fd, c->status, NULL);
		close(fd);
	}
	for (i = 0; i < http_n_bad_bodies; i++) {
		const struct http_case *c = &http_bad_bodies[i];
		int fd = rig_connect(way.rig);

		rig_puts(fd, http_chunked_head);
		rig_send_some(fd, c->bytes, c->len);
		expect_own(fd, c->status, NULL);
		close(fd);
	}
	assert_int_equal(rig_count(way.rig, RIG_SMUGGLED), 0);
	assert_int_equal(rig_count(way.rig, RIG_ENDS), 0);
}

static void
every_malformed_request_is_refused_in_the_owners_form(void **state)
{
	(void)state;
	both_ways(try_all_heads);
}

static void
try_others(void)
{
	way.options.max_head = 300;
	way.options.max_headers = 3;
	start();
	refuse(POST("/small", "Content-Length: 1001"), 413,
	    "the body is too large");
	refuse(POST("/echo", "Transfer-Encoding: gzip"), 501, NULL);
	refuse("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, NULL);
	refuse("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\nX: 4\r\n\r\n", 431,
	    "too many header fields");
	refuse("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, NULL);
	/* What a handler answers has the handler's form. */
	{
		int fd = rig_connect(way.rig);

		rig_puts(fd, POST("/small/mine", "Content-Length: 1001"));
		expect_reply(fd, 413, "mine\n");
		close(fd);
	}
}

static void
so_is_what_is_too_much(void **state)
{
	(void)state;
	both_ways(try_others);
}

static void
try_too_many(void)
{
	int fd, extra;

	way.options.max_connections = 1;
	start();
	fd = rig_connect(way.rig);
	rig_exchange(fd, GET("/ok"), 200, "ok\n");
	extra = rig_connect(way.rig);
	expect_own(extra, 503, "too many connections");
	close(extra);
	close(fd);
}

static void
so_is_one_connection_too_many(void **state)
{
	(void)state;
	both_ways(try_too_many);
}

/* The fields of a refusal with the length of its body, and no body. */
static void
refuse_head(const char *request, int status)
{
	int fd = rig_connect(way.rig);
	struct buf got;
	char *end;

	buf_init(&got, 65536);
	rig_send_some(fd, request, strlen(request));
	rig_read_all(fd, &got);
	end = strstr(got.data, "\r\n\r\n");
	if (rig_status(&got) != status || end == NULL || end[4] != '\0' ||
	    strstr(got.data, "\r\nContent-Length: 0\r\n") != NULL ||
	    strstr(got.data, "\r\nContent-Length: ") == NULL)
		fail_msg("%s: %s", request, got.data);
	close(fd);
	buf_done(&got);
}

static void
try_head(void)
{
	start();
	refuse_head("HEAD / HTTP/1.1\r\nbad\r\n\r\n", 400);
	refuse_head("\r\nHEAD / HTTP/1.1\r\nbad\r\n\r\n", 400);
	refuse_head("HEAD / HTTP/3.1\r\n\r\n", 505);
	refuse_head("HEAD /small HTTP/1.1\r\nHost: a\r\n"
		    "Content-Length: 1001\r\n\r\n",
	    413);
	refuse("HEADS / HTTP/1.1\r\nbad\r\n\r\n", 400, NULL);
	refuse("GET /HEAD HTTP/1.1\r\nbad\r\n\r\n", 400, NULL);
	refuse("H\x01", 400, NULL);
}

static void
try_head_by_default(void)
{
	way.options.refusal = NULL;
	start();
	refuse_head("HEAD / HTTP/1.1\r\nbad\r\n\r\n", 400);
}

static void
a_refusal_of_head_has_no_body(void **state)
{
	(void)state;
	both_ways(try_head);
	both_ways(try_head_by_default);
}

static void
too_long(int status, const char *why, struct headers *headers, struct buf *body,
    void *arg)
{
	(void)arg;
	size_t i;

	(void)status;
	headers_add(headers, "X-Own", why);
	for (i = 0; i < (16 << 10) + 1; i++)
		buf_putc(body, 'a');
}

static void
unsendable(int status, const char *why, struct headers *headers,
    struct buf *body, void *arg)
{
	(void)arg;
	(void)status;
	(void)why;
	headers_add(headers, "X-Own", "a\r\nX-Injected: b");
	buf_puts(body, "body");
}

static void
refuse_by_default(void (*form)(int status, const char *why,
    struct headers *headers, struct buf *body, void *arg))
{
	struct buf head, body;
	int fd;

	begin(false);
	way.options.refusal = form;
	start();
	fd = rig_connect(way.rig);
	buf_init(&head, 8192);
	buf_init(&body, 65536);
	rig_puts(fd, "GET /\x01");
	assert_true(rig_reply(fd, &head, &body));
	assert_int_equal(rig_status(&head), 400);
	assert_string_equal(body.data, "a control byte in the head\n");
	assert_non_null(strstr(head.data, "\r\nContent-Type: text/plain"));
	assert_null(strstr(head.data, "X-Own"));
	assert_null(strstr(head.data, "X-Injected"));
	assert_true(rig_at_end(fd));
	close(fd);
	buf_done(&head);
	buf_done(&body);
	end();
}

static void
without_a_form_that_can_be_sent_it_is_a_line_of_text(void **state)
{
	(void)state;
	refuse_by_default(NULL);
	refuse_by_default(too_long);
	refuse_by_default(unsendable);
}

/* --- bodies that are not what was announced ------------------------- */

static void
end_early(const char *request, const char *why)
{
	int fd = rig_connect(way.rig);

	rig_puts(fd, request);
	shutdown(fd, SHUT_WR);
	expect_own(fd, 400, why);
	close(fd);
}

static void
end_early_while_it_waits(const char *request, const char *why)
{
	int fd = rig_connect(way.rig);

	rig_puts(fd, request);
	shutdown(fd, SHUT_WR);
	rig_wait_count(way.rig, RIG_LIVE, 1);
	rig_sync(way.rig);
	rig_sync(way.rig);
	rig_call(way.rig, rig_release);
	expect_own(fd, 400, why);
	close(fd);
}

static const char shorter[] = "the body is shorter than announced";

static void
try_short(void)
{
	static const char chunk[] = "the body ended before its last chunk";

	start();
	end_early(POST("/echo", "Content-Length: 6") "hello", shorter);
	end_early(POST("/echo", "Content-Length: 6"), shorter);
	end_early(POST("/echo", CHUNKED) "5\r\nhello\r\n", chunk);
	end_early(POST("/echo", CHUNKED) "5\r\nhello\r\n0\r\n", chunk);
	end_early(POST("/echo", CHUNKED) "5\r\nhel", chunk);
	end_early(POST("/echo", CHUNKED), chunk);
	end_early(POST("/pause", "Content-Length: 6") "hello", shorter);
	assert_int_equal(rig_count(way.rig, RIG_ENDS), 0);
	assert_int_equal(rig_count(way.rig, RIG_GONE), 7);
}

static void
try_short_later(void)
{
	start();
	end_early_while_it_waits(
	    POST("/hang/body", "Content-Length: 6"), shorter);
	end_early_while_it_waits(
	    POST("/hold", "Content-Length: 70000") "hello", shorter);
	assert_int_equal(rig_count(way.rig, RIG_ENDS), 0);
	assert_int_equal(rig_count(way.rig, RIG_GONE), 2);
}

static void
a_body_that_ends_early_is_named_to_who_still_reads(void **state)
{
	(void)state;
	both_ways(try_short);
	both_ways(try_short_later);
}

static void
try_short_but_answered(void)
{
	int fd;

	start();
	fd = rig_connect(way.rig);
	rig_puts(fd, POST("/early", "Content-Length: 6") "hello");
	shutdown(fd, SHUT_WR);
	expect_reply(fd, 403, "no\n");
	assert_true(rig_at_end(fd));
	close(fd);
}

static void
one_answer_is_enough(void **state)
{
	(void)state;
	both_ways(try_short_but_answered);
}

static void
try_short_head(void)
{
	int fd;

	start();
	end_early(
	    "GET /ok HTTP/1.1\r\nHost: a\r\n", "the request ended in its head");
	end_early("G", "the request ended in its head");
	/* Without a byte there was no request. */
	fd = rig_connect(way.rig);
	rig_exchange(fd, GET("/ok"), 200, "ok\n");
	shutdown(fd, SHUT_WR);
	assert_true(rig_at_end(fd));
	close(fd);
	fd = rig_connect(way.rig);
	shutdown(fd, SHUT_WR);
	assert_true(rig_at_end(fd));
	close(fd);
	assert_int_equal(rig_count(way.rig, RIG_REQUESTS), 1);
}

static void
so_is_a_head_that_ends_early(void **state)
{
	(void)state;
	both_ways(try_short_head);
}

static void
try_long(void)
{
	static const char *const surplus[] = {"hello\r\n\r\n",
	    "{\"a\": 1}\r\n\r\n", "\r\n\r\n", " GET / HTTP/1.1\r\n\r\n", "\1"};
	size_t i;
	int fd;

	way.options.head_timeout_ms = 200;
	start();
	for (i = 0; i < ARRAY_LEN(surplus); i++) {
		fd = rig_connect(way.rig);
		rig_puts(fd, POST("/echo", "Content-Length: 2") "ab");
		rig_puts(fd, surplus[i]);
		expect_reply(fd, 200, "POST /echo? 2:ab");
		expect_own(fd, 400, NULL);
		close(fd);
	}
	fd = rig_connect(way.rig);
	rig_puts(fd, POST("/echo", CHUNKED) "2\r\nab\r\n0\r\n\r\nhello");
	shutdown(fd, SHUT_WR);
	expect_reply(fd, 200, "POST /echo? 2:ab");
	expect_own(fd, 400, "the request ended in its head");
	close(fd);
	/* What may yet become a request is waited for. */
	fd = rig_connect(way.rig);
	rig_puts(fd, POST("/echo", "Content-Length: 2") "abcd");
	expect_reply(fd, 200, "POST /echo? 2:ab");
	expect_own(fd, 408, "the head of the request took too long");
	close(fd);
	assert_int_equal(rig_count(way.rig, RIG_REQUESTS), 7);
}

static void
the_surplus_of_a_body_is_a_malformed_request(void **state)
{
	(void)state;
	both_ways(try_long);
}

static void
try_stall(void)
{
	static const char why[] = "the body took too long";

	way.options.body_timeout_ms = 150;
	start();
	refuse(POST("/echo", "Content-Length: 6") "hello", 408, why);
	refuse(POST("/echo", CHUNKED) "5\r\nhello\r\n", 408, why);
	assert_int_equal(rig_count(way.rig, RIG_GONE), 2);
	assert_int_equal(rig_count(way.rig, RIG_ENDS), 0);
}

static void
a_body_that_pauses_too_long_is_refused(void **state)
{
	(void)state;
	both_ways(try_stall);
}

static void
try_drip(void)
{
	int fd;

	way.options.min_body_rate = 100;
	start();
	fd = rig_connect(way.rig);
	rig_puts(fd, POST("/count", "Content-Length: 8000") "hello");
	rig_wait_count(way.rig, RIG_BYTES, 5);
	rig_skew_clock(31000);
	rig_puts(fd, "a");
	expect_own(fd, 408, "the body came too slowly");
	close(fd);
	rig_skew_clock(0);
	assert_int_equal(rig_count(way.rig, RIG_GONE), 1);
}

static void
so_is_a_body_that_drips(void **state)
{
	(void)state;
	both_ways(try_drip);
}

#define T(name) cmocka_unit_test_teardown(name, sweep)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(every_malformed_request_is_refused_in_the_owners_form),
	    T(so_is_what_is_too_much),
	    T(so_is_one_connection_too_many),
	    T(a_refusal_of_head_has_no_body),
	    T(without_a_form_that_can_be_sent_it_is_a_line_of_text),
	    T(a_body_that_ends_early_is_named_to_who_still_reads),
	    T(one_answer_is_enough),
	    T(so_is_a_head_that_ends_early),
	    T(the_surplus_of_a_body_is_a_malformed_request),
	    T(a_body_that_pauses_too_long_is_refused),
	    T(so_is_a_body_that_drips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
