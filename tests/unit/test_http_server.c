/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/http_server: who is served and who is refused, in which order, and
 * what a reply looks like. How connections end is test_http_server_conn's,
 * bodies are test_http_server_body's.
 */
#include <arpa/inet.h>
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

#define SMUGGLED "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define REPLY_MAX ((size_t)16 << 20)

/* How a case is put on the wire. */
enum manner { AT_ONCE, IN_BYTES, THEN_ENDED };

static size_t
count_of(const char *hay, const char *needle)
{
	size_t n = 0;

	for (; (hay = strstr(hay, needle)) != NULL; hay++)
		n++;
	return n;
}

static void
send_as(int fd, const char *bytes, size_t len, enum manner manner)
{
	size_t i;

	if (manner == IN_BYTES) {
		for (i = 0; i < len; i++)
			rig_send_some(fd, bytes + i, 1);
	} else {
		rig_send_some(fd, bytes, len);
	}
	if (manner == THEN_ENDED)
		shutdown(fd, SHUT_WR);
}

/*
 * A malformed request with a sound one behind it: exactly one answer, with
 * the status that is expected, and then the end.
 */
static bool
is_refused(struct rig *rig, const char *head, const struct http_case *c,
    enum manner manner)
{
	int fd = rig_connect(rig);
	struct buf all, got;
	bool ok;

	buf_init(&all, 2 << 20);
	buf_init(&got, REPLY_MAX);
	buf_puts(&all, head);
	buf_append(&all, c->bytes, c->len);
	buf_puts(&all, SMUGGLED);
	assert_false(all.overflow);
	send_as(fd, all.data, all.len, manner);
	rig_read_all(fd, &got);
	close(fd);
	ok = rig_status(&got) == c->status &&
	    count_of(got.data, "HTTP/1.1 ") == 1 &&
	    strstr(got.data, "\r\nConnection: close\r\n") != NULL &&
	    strstr(got.data, "\r\nContent-Type: text/plain") != NULL;
	if (!ok)
		print_error("%s: %s\n", c->name, got.data);
	buf_done(&all);
	buf_done(&got);
	return ok;
}

static void
refuse_all(enum manner manner)
{
	struct rig *rig = rig_start(NULL);
	size_t i, n = 0, wrong = 0;

	for (i = 0; i < http_n_bad_heads; i++, n++)
		wrong += !is_refused(rig, "", &http_bad_heads[i], manner);
	assert_int_equal(rig_count(rig, RIG_REQUESTS), 0);
	for (i = 0; i < http_n_bad_bodies; i++, n++)
		wrong += !is_refused(
		    rig, http_chunked_head, &http_bad_bodies[i], manner);
	assert_int_equal(rig_count(rig, RIG_REQUESTS), http_n_bad_bodies);
	assert_int_equal(rig_count(rig, RIG_GONE), http_n_bad_bodies);
	print_message("http_cases=%zu accepted=%ld smuggled=%ld wrong=%zu\n", n,
	    rig_count(rig, RIG_ENDS), rig_count(rig, RIG_SMUGGLED), wrong);
	assert_int_equal(rig_count(rig, RIG_ENDS), 0);
	assert_int_equal(rig_count(rig, RIG_SMUGGLED), 0);
	assert_int_equal(wrong, 0);
	assert_true(n >= 85);
	rig_stop(rig);
}

static void
no_malformed_request_is_served_nor_what_hides_behind_it(void **state)
{
	(void)state;
	refuse_all(AT_ONCE);
}

static void
nor_where_it_comes_in_single_bytes(void **state)
{
	(void)state;
	refuse_all(IN_BYTES);
}

static void
nor_where_the_peer_ends_its_sending(void **state)
{
	(void)state;
	refuse_all(THEN_ENDED);
}

static void
serve_good(struct rig *rig, const struct http_case *c, enum manner manner)
{
	struct buf head, body;
	int fd = rig_connect(rig);

	buf_init(&head, 8192);
	buf_init(&body, 8192);
	send_as(fd, c->bytes, c->len, manner);
	assert_true(rig_reply(fd, &head, &body));
	if (rig_status(&head) != 200 || strstr(body.data, c->seen) != body.data)
		fail_msg("%s: %s%s", c->name, head.data, body.data);
	rig_exchange(fd, GET("/ok"), 200, "ok\n");
	close(fd);
	buf_done(&head);
	buf_done(&body);
}

static void
every_good_request_is_served_and_the_next_one_too(void **state)
{
	struct rig *rig = rig_start(NULL);
	size_t i;

	(void)state;
	for (i = 0; i < http_n_good; i++) {
		serve_good(rig, &http_good[i], AT_ONCE);
		serve_good(rig, &http_good[i], IN_BYTES);
	}
	assert_true(http_n_good >= 10);
	print_message("http_good=%zu\n", http_n_good);
	rig_stop(rig);
}

static void
a_reply_has_the_fields_of_the_server_once(void **state)
{
	struct rig *rig = rig_start(NULL);
	struct buf head, body;
	int fd = rig_connect(rig);

	(void)state;
	buf_init(&head, 8192);
	buf_init(&body, 8192);
	rig_puts(fd, GET("/ok"));
	assert_true(rig_reply(fd, &head, &body));
	assert_int_equal(count_of(head.data, "\r\nDate: "), 1);
	assert_int_equal(count_of(head.data, "\r\nContent-Length: 3\r\n"), 1);
	assert_null(strstr(head.data, "Server:"));
	assert_null(strstr(head.data, "Connection:"));

	rig_puts(fd, GET("/fields"));
	assert_true(rig_reply(fd, &head, &body));
	assert_string_equal(body.data, "ok\n");
	assert_non_null(strstr(head.data, "\r\nX-A: b\r\n"));
	assert_null(strstr(head.data, "chunked"));
	assert_null(strstr(head.data, "99"));
	assert_null(strstr(head.data, "Date: "));
	assert_non_null(strstr(head.data, "date: Fri, 24 May 2013"));
	assert_null(strstr(head.data, "Connection:"));

	rig_puts(fd, GET("/fields?close"));
	assert_true(rig_reply(fd, &head, &body));
	assert_int_equal(count_of(head.data, "\r\nConnection: close\r\n"), 1);
	assert_true(rig_at_end(fd));
	close(fd);
	buf_done(&head);
	buf_done(&body);
	rig_stop(rig);
}

static void
a_field_with_a_line_end_is_never_sent(void **state)
{
	struct rig *rig = rig_start(NULL);
	int fd = rig_connect(rig);
	struct buf got;

	(void)state;
	buf_init(&got, 8192);
	rig_puts(fd, GET("/inject"));
	rig_read_all(fd, &got);
	assert_int_equal(rig_status(&got), 500);
	assert_null(strstr(got.data, "Injected"));
	close(fd);
	buf_done(&got);
	rig_stop(rig);
}

/* The reply to `request` has no body, and the next one is read well. */
static void
expect_bodiless(int fd, const char *request, int status, const char *length)
{
	struct buf head;

	buf_init(&head, 8192);
	rig_puts(fd, request);
	assert_true(rig_reply_head(fd, &head));
	assert_int_equal(rig_status(&head), status);
	if (length == NULL)
		assert_null(strcasestr(head.data, "content-length"));
	else
		assert_non_null(strstr(head.data, length));
	rig_exchange(fd, GET("/ok"), 200, "ok\n");
	buf_done(&head);
}

static void
replies_without_a_body_have_none(void **state)
{
	struct rig *rig = rig_start(NULL);
	int fd = rig_connect(rig);

	(void)state;
	expect_bodiless(fd, "HEAD /ok HTTP/1.1\r\nHost: a\r\n\r\n", 200,
	    "\r\nContent-Length: 3\r\n");
	expect_bodiless(fd, "HEAD /file?1000 HTTP/1.1\r\nHost: a\r\n\r\n", 200,
	    "\r\nContent-Length: 1000\r\n");
	expect_bodiless(fd, "HEAD /head HTTP/1.1\r\nHost: a\r\n\r\n", 200,
	    "\r\nContent-Length: 12345\r\n");
	expect_bodiless(
	    fd, "HEAD /head?- HTTP/1.1\r\nHost: a\r\n\r\n", 200, NULL);
	expect_bodiless(fd, GET("/204"), 204, NULL);
	expect_bodiless(fd, GET("/304"), 304, "\r\nContent-Length: 99\r\n");
	/* A GET is promised nothing that does not come. */
	rig_exchange(fd, GET("/head"), 200, "");
	rig_exchange(fd, GET("/head?-"), 200, "");
	close(fd);
	rig_stop(rig);
}

static void
an_old_client_is_served_once(void **state)
{
	struct rig *rig = rig_start(NULL);
	int fd = rig_connect(rig);
	struct buf got;

	(void)state;
	buf_init(&got, 8192);
	rig_puts(fd,
	    "POST /echo HTTP/1.0\r\nConnection: keep-alive\r\n"
	    "Content-Length: 5\r\n\r\nhello" SMUGGLED);
	rig_read_all(fd, &got);
	assert_int_equal(count_of(got.data, "HTTP/1.1 "), 1);
	assert_non_null(strstr(got.data, "\r\nConnection: close\r\n"));
	assert_non_null(strstr(got.data, "POST /echo? 5:hello"));
	assert_int_equal(rig_count(rig, RIG_SMUGGLED), 0);
	close(fd);
	buf_done(&got);
	rig_stop(rig);
}

static void
nothing_is_served_behind_a_wish_to_close(void **state)
{
	struct rig *rig = rig_start(NULL);
	int fd = rig_connect(rig);
	struct buf got;

	(void)state;
	buf_init(&got, 8192);
	rig_puts(fd,
	    "GET /ok HTTP/1.1\r\nHost: a\r\nConnection: "
	    "close\r\n\r\n" SMUGGLED);
	rig_read_all(fd, &got);
	assert_int_equal(count_of(got.data, "HTTP/1.1 "), 1);
	assert_int_equal(rig_count(rig, RIG_SMUGGLED), 0);
	close(fd);
	buf_done(&got);
	rig_stop(rig);
}

#define PIPELINED 60

static void
pipelined_requests_are_answered_in_order_one_at_a_time(void **state)
{
	struct rig *rig = rig_start(NULL);
	struct buf out, head, body;
	int i, fd = rig_connect(rig);

	(void)state;
	buf_init(&out, 1 << 16);
	buf_init(&head, 8192);
	buf_init(&body, 8192);
	for (i = 0; i < PIPELINED; i++)
		buf_printf(&out,
		    "POST %s?%d HTTP/1.1\r\nHost: a\r\n"
		    "Content-Length: 3\r\n\r\n%03d",
		    i % 3 == 0 ? "/later/body" : "/echo", i, i);
	rig_send(fd, out.data, out.len);
	for (i = 0; i < PIPELINED; i++) {
		char tail[32];

		snprintf(tail, sizeof(tail), "?%d 3:%03d", i, i);
		assert_true(rig_reply(fd, &head, &body));
		assert_true(str_ends(body.data, tail));
	}
	buf_done(&out);
	buf_done(&head);
	buf_done(&body);
	close(fd);
	rig_stop(rig);
}

static void
a_request_waits_until_the_reply_before_it_is_out(void **state)
{
	struct rig *rig = rig_start(NULL);
	int fd = rig_connect(rig);
	struct buf head, body;

	(void)state;
	buf_init(&head, 8192);
	buf_init(&body, REPLY_MAX);
	rig_puts(fd, GET("/hang") GET("/big") GET("/ok"));
	rig_wait_count(rig, RIG_REQUESTS, 1);
	rig_sync(rig);
	assert_int_equal(rig_count(rig, RIG_REQUESTS), 1);
	rig_call(rig, rig_release);
	rig_wait_count(rig, RIG_REQUESTS, 2);
	/* 8 MiB do not fit into the socket: the third must not begin. */
	rig_sync(rig);
	assert_int_equal(rig_count(rig, RIG_REQUESTS), 2);
	assert_true(rig_reply(fd, &head, &body));
	assert_true(rig_reply(fd, &head, &body));
	assert_int_equal(body.len, 8 << 20);
	assert_true(rig_reply(fd, &head, &body));
	assert_int_equal(rig_count(rig, RIG_REQUESTS), 3);
	close(fd);
	buf_done(&head);
	buf_done(&body);
	rig_stop(rig);
}

static void
too_large_heads_are_refused(void **state)
{
	const struct http_server_options options = {
	    .max_head = 500, .max_headers = 4};
	struct rig *rig = rig_start(&options);
	struct http_case c = {"", 0, NULL, 0, NULL};
	char *big = xcalloc(1, 1 << 20);

	(void)state;
	memset(big, 'a', (1 << 20) - 1);
	c.bytes = big;
	c.len = (1 << 20) - 1;
	c.status = 414;
	assert_true(is_refused(rig, "GET /", &c, AT_ONCE));
	c.status = 431;
	assert_true(
	    is_refused(rig, "GET / HTTP/1.1\r\nHost: a\r\nX: ", &c, AT_ONCE));
	c.bytes = "X: a\r\nX: b\r\nX: c\r\nX: d\r\n\r\n";
	c.len = strlen(c.bytes);
	assert_true(
	    is_refused(rig, "GET / HTTP/1.1\r\nHost: a\r\n", &c, AT_ONCE));
	assert_int_equal(rig_count(rig, RIG_REQUESTS), 0);
	free(big);
	rig_stop(rig);
}

static void
the_peer_is_named(void **state)
{
	struct rig *rig = rig_start(NULL);
	int fd = rig_connect(rig);
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	char expected[40];

	(void)state;
	getsockname(fd, (struct sockaddr *)&sa, &len);
	snprintf(
	    expected, sizeof(expected), "127.0.0.1:%d", ntohs(sa.sin_port));
	rig_exchange(fd, GET("/peer"), 200, expected);
	close(fd);
	rig_stop(rig);
}

static void
never(struct http_exchange *x, void *arg)
{
	(void)arg;
	http_reply(x, 500, NULL, "", 0);
}

static int
try_listen(const char *host, int port, struct error *err)
{
	const struct http_server_options options = {.host = host, .port = port};
	struct loop *loop = loop_new();
	struct http_server *s = NULL;
	int rc;

	error_clear(err);
	rc = http_server_new(loop, &options, never, NULL, &s, err);
	if (rc == 0)
		assert_in_range(http_server_port(s), 1, 65535);
	else
		assert_null(s);
	http_server_free(s);
	loop_free(loop);
	return rc;
}

static void
only_numeric_addresses_are_listened_on(void **state)
{
	struct rig *rig = rig_start(NULL);
	struct error err;

	(void)state;
	assert_int_equal(try_listen(NULL, 0, &err), 0);
	assert_int_equal(try_listen("localhost", 0, &err), 0);
	assert_int_equal(try_listen("127.0.0.1", 0, &err), 0);
	if (try_listen("::1", 0, &err) == -1)
		assert_int_equal(err.code, ERR_NET); /* no IPv6 here */
	assert_int_equal(try_listen("example.com", 0, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_int_equal(try_listen("127.0.0.1", 65536, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_int_equal(try_listen("127.0.0.1", rig_port(rig), &err), -1);
	assert_int_equal(err.code, ERR_NET);
	assert_non_null(strstr(err.text, "in use"));
	assert_non_null(strstr(err.hint, "take another port"));
	rig_stop(rig);
}

static void
it_is_served_over_ipv6_too(void **state)
{
	const struct http_server_options options = {.host = "::1"};
	struct sockaddr_in6 sa = {.sin6_family = AF_INET6};
	struct error err;
	struct rig *rig;
	socklen_t len = sizeof(sa);
	char expected[40];
	int fd;

	(void)state;
	if (try_listen("::1", 0, &err) == -1)
		skip();
	rig = rig_start(&options);
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	sa.sin6_addr = in6addr_loopback;
	sa.sin6_port = htons((uint16_t)rig_port(rig));
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, len), 0);
	getsockname(fd, (struct sockaddr *)&sa, &len);
	snprintf(expected, sizeof(expected), "[::1]:%d", ntohs(sa.sin6_port));
	rig_exchange(fd, GET("/peer"), 200, expected);
	close(fd);
	rig_stop(rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		no_malformed_request_is_served_nor_what_hides_behind_it),
	    cmocka_unit_test(nor_where_it_comes_in_single_bytes),
	    cmocka_unit_test(nor_where_the_peer_ends_its_sending),
	    cmocka_unit_test(every_good_request_is_served_and_the_next_one_too),
	    cmocka_unit_test(a_reply_has_the_fields_of_the_server_once),
	    cmocka_unit_test(a_field_with_a_line_end_is_never_sent),
	    cmocka_unit_test(replies_without_a_body_have_none),
	    cmocka_unit_test(an_old_client_is_served_once),
	    cmocka_unit_test(nothing_is_served_behind_a_wish_to_close),
	    cmocka_unit_test(
		pipelined_requests_are_answered_in_order_one_at_a_time),
	    cmocka_unit_test(a_request_waits_until_the_reply_before_it_is_out),
	    cmocka_unit_test(too_large_heads_are_refused),
	    cmocka_unit_test(the_peer_is_named),
	    cmocka_unit_test(only_numeric_addresses_are_listened_on),
	    cmocka_unit_test(it_is_served_over_ipv6_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
