/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/http_server_conn: how long a connection is waited for, how many there
 * may be, and how each of them ends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/http_server.h"
#include "net/http_server_listen.h"
#include "tests/unit/http_rig.h"

#define SMUGGLED "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define REPLY_MAX ((size_t)16 << 20)

static void
get_half_closed(struct rig *rig, const char *request, bool release)
{
	int fd = rig_connect(rig);
	struct buf head, body;

	buf_init(&head, 8192);
	buf_init(&body, REPLY_MAX);
	rig_puts(fd, request);
	shutdown(fd, SHUT_WR);
	if (release) {
		rig_wait_count(rig, RIG_LIVE, 1);
		rig_sync(rig);
		rig_call(rig, rig_release);
	}
	assert_true(rig_reply(fd, &head, &body));
	assert_int_equal(body.len, 8 << 20);
	assert_int_equal(body.data[0], body.data[(8 << 20) - 1]);
	assert_true(rig_at_end(fd));
	close(fd);
	buf_done(&head);
	buf_done(&body);
}

static void
a_half_closed_client_gets_its_whole_reply(void **state)
{
	struct rig *rig = rig_start(NULL);

	(void)state;
	get_half_closed(rig, GET("/big"), false);
	get_half_closed(rig, GET("/hang/big"), true);
	get_half_closed(rig, GET("/file?8388608"), false);
	get_half_closed(rig, GET("/hang/file?8388608"), true);
	assert_int_equal(rig_count(rig, RIG_GONE), 0);
	rig_stop(rig);
}

/* A byte now and then until the server answers; the time that took. */
static int64_t
drip(int fd, const char *bytes)
{
	int64_t begun = rig_now_ms();
	struct pollfd p = {.fd = fd, .events = POLLIN};

	while (poll(&p, 1, 20) == 0 && rig_now_ms() - begun < 10000)
		rig_send_some(fd, *bytes != '\0' ? bytes++ : "a", 1);
	return rig_now_ms() - begun;
}

static void
expect_408(int fd)
{
	struct buf got;

	buf_init(&got, 8192);
	rig_read_all(fd, &got);
	if (rig_status(&got) != 408)
		fail_msg("no 408: %s", got.data);
	buf_done(&got);
}

static void
a_client_that_drips_its_head_gets_408_at_the_deadline(void **state)
{
	const struct http_server_options options = {.head_timeout_ms = 200};
	struct rig *rig = rig_start(&options);
	int fd = rig_connect(rig);
	int64_t took;

	(void)state;
	took = drip(fd, "GET /ok HTTP/1.1\r\nHost: a\r\nX-A: ");
	assert_in_range(took, 190, 2000);
	expect_408(fd);
	close(fd);

	/* The deadline of a later request starts at its first byte. */
	fd = rig_connect(rig);
	rig_exchange(fd, GET("/ok"), 200, "ok\n");
	poll(NULL, 0, 250);
	took = drip(fd, "GET /ok HTTP/1.1\r\n");
	assert_in_range(took, 190, 2000);
	expect_408(fd);
	close(fd);
	assert_int_equal(rig_count(rig, RIG_REQUESTS), 1);
	rig_stop(rig);
}

static void
a_client_that_says_nothing_is_let_go_of(void **state)
{
	const struct http_server_options options = {
	    .head_timeout_ms = 100, .idle_timeout_ms = 300};
	struct rig *rig = rig_start(&options);
	int64_t begun = rig_now_ms();
	int fd = rig_connect(rig);

	(void)state;
	assert_true(rig_at_end(fd));
	assert_in_range(rig_now_ms() - begun, 90, 2000);
	close(fd);

	fd = rig_connect(rig);
	rig_exchange(fd, GET("/ok"), 200, "ok\n");
	begun = rig_now_ms();
	assert_true(rig_at_end(fd));
	assert_in_range(rig_now_ms() - begun, 290, 3000);
	close(fd);
	rig_stop(rig);
}

static void
a_handler_may_take_longer_than_any_deadline(void **state)
{
	const struct http_server_options options = {.head_timeout_ms = 50,
	    .idle_timeout_ms = 50,
	    .body_timeout_ms = 50};
	struct rig *rig = rig_start(&options);
	int fd = rig_connect(rig);
	struct buf head, body;

	(void)state;
	buf_init(&head, 8192);
	buf_init(&body, 8192);
	rig_puts(fd, GET("/hang"));
	poll(NULL, 0, 200);
	rig_call(rig, rig_release);
	assert_true(rig_reply(fd, &head, &body));
	assert_int_equal(rig_status(&head), 200);
	close(fd);
	buf_done(&head);
	buf_done(&body);
	rig_stop(rig);
}

static void
reset(int fd)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

static void
a_reset_while_an_answer_is_pending_is_told(void **state)
{
	struct rig *rig = rig_start(NULL);
	int fd = rig_connect(rig);

	(void)state;
	rig_puts(fd, GET("/hang"));
	rig_wait_count(rig, RIG_REQUESTS, 1);
	reset(fd);
	rig_wait_count(rig, RIG_GONE, 1);
	assert_int_equal(rig_connections(rig), 0);
	rig_stop(rig);
}

/* With nothing to write and nothing to read only the watch can tell. */
static void
a_reset_is_told_also_where_nothing_is_read(void **state)
{
	struct rig *rig = rig_start(NULL);
	static char junk[65536];
	int fd = rig_connect(rig);

	(void)state;
	rig_puts(fd, GET("/hang"));
	shutdown(fd, SHUT_WR);
	rig_wait_count(rig, RIG_LIVE, 1);
	rig_sync(rig);
	assert_int_equal(rig_count(rig, RIG_GONE), 0);
	reset(fd);
	rig_wait_count(rig, RIG_GONE, 1);

	fd = rig_connect(rig);
	rig_puts(fd, GET("/hang"));
	rig_wait_count(rig, RIG_LIVE, 1);
	rig_send(fd, junk, sizeof(junk));
	rig_sync(rig);
	reset(fd);
	rig_wait_count(rig, RIG_GONE, 2);
	assert_int_equal(rig_connections(rig), 0);
	rig_stop(rig);
}

/* That one cannot know until something is sent; then it is not told. */
static void
a_close_of_tcp_is_taken_for_an_end_of_sending(void **state)
{
	struct rig *rig = rig_start(NULL);
	int fd = rig_connect(rig);

	(void)state;
	rig_puts(fd, GET("/hang"));
	rig_wait_count(rig, RIG_LIVE, 1);
	close(fd);
	rig_sync(rig);
	rig_sync(rig);
	assert_int_equal(rig_count(rig, RIG_GONE), 0);
	rig_call(rig, rig_release);
	rig_wait_count(rig, RIG_LIVE, 0);
	while (rig_connections(rig) > 0)
		continue;
	assert_int_equal(rig_count(rig, RIG_GONE), 0);
	rig_stop(rig);
}

static void
a_broken_connection_has_no_answer(void **state)
{
	static const char *const requests[] = {
	    GET("/abort"), GET("/later/abort")};
	struct rig *rig = rig_start(NULL);
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		int fd = rig_connect(rig);
		char c;

		rig_puts(fd, requests[i]);
		assert_int_equal(recv(fd, &c, 1, 0), -1);
		assert_int_equal(errno, ECONNRESET);
		close(fd);
	}
	assert_int_equal(rig_count(rig, RIG_GONE), 0);
	rig_stop(rig);
}

static void
connections_above_the_limit_are_told_so(void **state)
{
	const struct http_server_options options = {.max_connections = 2};
	struct rig *rig = rig_start(&options);
	int fds[2 + 64], i, extra;
	struct buf got;

	(void)state;
	buf_init(&got, 8192);
	for (i = 0; i < 2 + 64; i++)
		fds[i] = rig_connect(rig);
	/* Beyond those that are told nobody is heard at all. */
	extra = rig_connect(rig);
	assert_true(rig_at_end(extra));
	close(extra);
	rig_exchange(fds[0], GET("/ok"), 200, "ok\n");
	rig_exchange(fds[1], GET("/ok"), 200, "ok\n");
	/* Those that are only told so take no place away. */
	close(fds[0]);
	while (rig_connections(rig) > 1 + 64)
		continue;
	fds[0] = rig_connect(rig);
	rig_exchange(fds[0], GET("/ok"), 200, "ok\n");
	for (i = 2; i < 2 + 64; i++) {
		/* It is sent all the same, as any client would. */
		rig_send_some(fds[i], SMUGGLED, strlen(SMUGGLED));
		rig_read_all(fds[i], &got);
		assert_int_equal(rig_status(&got), 503);
		assert_null(strstr(got.data + 1, "HTTP/1.1 "));
		buf_clear(&got);
		close(fds[i]);
	}
	close(fds[0]);
	while (rig_connections(rig) > 1)
		continue;
	fds[0] = rig_connect(rig);
	rig_exchange(fds[0], GET("/ok"), 200, "ok\n");
	assert_int_equal(rig_count(rig, RIG_SMUGGLED), 0);
	close(fds[0]);
	close(fds[1]);
	buf_done(&got);
	rig_stop(rig);
}

/* From 127.0.0.`last`; those of one number are one source. */
static int
connect_from(struct rig *rig, unsigned last)
{
	struct timeval patience = {10, 0};
	struct sockaddr_in sa = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	sa.sin_addr.s_addr = htonl(0x7f000000 | last);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	sa.sin_port = htons((uint16_t)rig_port(rig));
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static void
expect_503(int fd, const char *why)
{
	struct buf got;

	buf_init(&got, 8192);
	rig_read_all(fd, &got);
	if (rig_status(&got) != 503 || !str_ends(got.data, why))
		fail_msg("no 503 for %s: %s", why, got.data);
	close(fd);
	buf_done(&got);
}

#define ADDRESS_FULL "too many connections from this address\n"

static void
share_out(const char *host)
{
	const struct http_server_options options = {
	    .host = host, .max_connections = 5, .max_per_source = 2};
	struct rig *rig = rig_start(&options);
	int a[2], b[2], c, told, i;

	for (i = 0; i < 2; i++) {
		a[i] = connect_from(rig, 2);
		rig_exchange(a[i], GET("/ok"), 200, "ok\n");
	}
	/* However often it tries, and others are not kept out by it. */
	for (i = 0; i < 6; i++)
		expect_503(connect_from(rig, 2), ADDRESS_FULL);
	for (i = 0; i < 2; i++) {
		b[i] = connect_from(rig, 3);
		rig_exchange(b[i], GET("/ok"), 200, "ok\n");
	}
	expect_503(connect_from(rig, 3), ADDRESS_FULL);
	c = connect_from(rig, 4);
	rig_exchange(c, GET("/ok"), 200, "ok\n");
	expect_503(connect_from(rig, 4), "too many connections\n");

	/* Who was only told so takes no place, and who left gives one. */
	told = connect_from(rig, 2);
	while (rig_connections(rig) != 6)
		continue;
	close(a[0]);
	while (rig_connections(rig) != 5)
		continue;
	a[0] = connect_from(rig, 2);
	rig_exchange(a[0], GET("/ok"), 200, "ok\n");
	close(told);
	for (i = 0; i < 2; i++) {
		close(a[i]);
		close(b[i]);
	}
	close(c);
	rig_stop(rig);
}

static void
one_address_has_a_limit_of_its_own(void **state)
{
	(void)state;
	share_out(NULL);
}

static bool
has_ipv6(void)
{
	struct sockaddr_in6 sa = {.sin6_family = AF_INET6};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

	sa.sin6_addr = in6addr_loopback;
	rc = fd != -1 ? bind(fd, (struct sockaddr *)&sa, sizeof(sa)) : -1;
	if (fd != -1)
		close(fd);
	return rc == 0;
}

static void
so_it_has_where_ipv6_wraps_it(void **state)
{
	(void)state;
	if (!has_ipv6())
		skip();
	share_out("::ffff:127.0.0.1");
}

static void
without_a_limit_one_address_may_have_all(void **state)
{
	const struct http_server_options options = {.max_connections = 3};
	struct rig *rig = rig_start(&options);
	int fds[3], i;

	(void)state;
	for (i = 0; i < 3; i++) {
		fds[i] = rig_connect(rig);
		rig_exchange(fds[i], GET("/ok"), 200, "ok\n");
	}
	for (i = 0; i < 3; i++)
		close(fds[i]);
	rig_stop(rig);
}

/* More than are told are closed unheard, also where the server has room. */
static void
a_flood_from_one_address_holds_few_connections(void **state)
{
	const struct http_server_options options = {.max_per_source = 1};
	struct rig *rig = rig_start(&options);
	int fds[1 + 64 + 10], i, other;

	(void)state;
	for (i = 0; i < 1 + 64 + 10; i++)
		fds[i] = connect_from(rig, 2);
	for (i = 1 + 64; i < 1 + 64 + 10; i++)
		assert_true(rig_at_end(fds[i]));
	assert_true(rig_connections(rig) <= 1 + 64);
	other = connect_from(rig, 3);
	rig_exchange(other, GET("/ok"), 200, "ok\n");
	rig_exchange(fds[0], GET("/ok"), 200, "ok\n");
	close(other);
	for (i = 0; i < 1 + 64 + 10; i++)
		close(fds[i]);
	rig_stop(rig);
}

static uint64_t
source_of(int family, const char *text)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	uint64_t source;

	if (family == AF_INET) {
		assert_int_equal(inet_pton(AF_INET, text, &v4.sin_addr), 1);
		source = http_listen_source((struct sockaddr *)&v4);
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
		source = http_listen_source((struct sockaddr *)&v6);
	}
	assert_true(source != 0);
	return source;
}

static void
a_source_is_an_ipv4_address_or_a_56_of_ipv6(void **state)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	uint64_t v4 = source_of(AF_INET, "192.0.2.1");
	uint64_t v6 = source_of(AF_INET6, "2001:db8:1:2ff::1");

	(void)state;
	assert_true(v4 == source_of(AF_INET, "192.0.2.1"));
	assert_true(v4 == source_of(AF_INET6, "::ffff:192.0.2.1"));
	assert_true(v4 != source_of(AF_INET, "192.0.2.2"));
	assert_true(v4 != source_of(AF_INET, "193.0.2.1"));
	assert_true(v4 != source_of(AF_INET6, "::192.0.2.1"));
	assert_true(v6 == source_of(AF_INET6, "2001:db8:1:200:ffff::"));
	assert_true(v6 != source_of(AF_INET6, "2001:db8:1:3ff::1"));
	assert_true(v6 != source_of(AF_INET6, "2002:db8:1:2ff::1"));
	assert_true(source_of(AF_INET, "0.0.0.0") != source_of(AF_INET6, "::"));
	assert_true(http_listen_source((struct sockaddr *)&sa) == 0);
}

static void
no_descriptor_left_does_not_spin(void **state)
{
	struct rig *rig = rig_start(NULL);
	struct rlimit old, low;
	struct pollfd p = {.events = POLLIN};
	int64_t cpu;
	int fd, client, answered;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fd = dup(client);
	close(fd);
	low = old;
	low.rlim_cur = (rlim_t)fd; /* the next descriptor is one too many */
	setrlimit(RLIMIT_NOFILE, &low);
	{
		struct sockaddr_in sa = {.sin_family = AF_INET};

		sa.sin_port = htons((uint16_t)rig_port(rig));
		sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		connect(client, (struct sockaddr *)&sa, sizeof(sa));
	}
	rig_send_some(client, GET("/ok"), strlen(GET("/ok")));
	cpu = rig_cpu_ms(rig);
	p.fd = client;
	answered = poll(&p, 1, 350);
	cpu = rig_cpu_ms(rig) - cpu;
	setrlimit(RLIMIT_NOFILE, &old);
	assert_int_equal(answered, 0);
	assert_true(cpu < 100);
	assert_int_equal(poll(&p, 1, 5000), 1);
	close(client);
	rig_stop(rig);
}

static void
a_drained_server_ends_what_is_under_way_and_no_more(void **state)
{
	struct rig *rig = rig_start(NULL);
	int idle = rig_connect(rig), busy = rig_connect(rig);
	int fresh = rig_connect(rig), late, half = rig_connect(rig);
	struct buf head, body;
	struct sockaddr_in sa = {.sin_family = AF_INET};

	(void)state;
	buf_init(&head, 8192);
	buf_init(&body, 8192);
	rig_exchange(idle, GET("/ok"), 200, "ok\n");
	rig_puts(busy, GET("/hang"));
	rig_puts(half, "GET /ok HTTP/1.1\r\n");
	rig_wait_count(rig, RIG_LIVE, 1);
	rig_sync(rig);
	rig_call(rig, rig_drain);
	assert_true(rig_at_end(idle));
	assert_true(rig_at_end(fresh));
	late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	sa.sin_port = htons((uint16_t)rig_port(rig));
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(late, (struct sockaddr *)&sa, sizeof(sa)), -1);
	close(late);
	close(idle);
	close(fresh);

	rig_puts(half, "Host: a\r\n\r\n");
	assert_true(rig_reply(half, &head, &body));
	assert_int_equal(rig_status(&head), 200);
	assert_non_null(strstr(head.data, "\r\nConnection: close\r\n"));
	assert_true(rig_at_end(half));
	close(half);

	rig_call(rig, rig_release);
	assert_true(rig_reply(busy, &head, &body));
	assert_string_equal(body.data, "ok\n");
	assert_non_null(strstr(head.data, "\r\nConnection: close\r\n"));
	assert_true(rig_at_end(busy));
	close(busy);
	while (rig_connections(rig) > 0)
		continue;
	buf_done(&head);
	buf_done(&body);
	rig_stop(rig);
}

static void
a_handler_may_drain_or_free_its_server(void **state)
{
	static const char *const requests[] = {
	    GET("/free"), GET("/later/free")};
	struct rig *rig;
	size_t i;
	int fd, other;

	(void)state;
	for (i = 0; i < 2; i++) {
		rig = rig_start(NULL);
		fd = rig_connect(rig);
		other = rig_connect(rig);
		rig_puts(other, GET("/hang"));
		rig_wait_count(rig, RIG_LIVE, 1);
		rig_puts(fd, requests[i]);
		assert_true(rig_at_end(fd));
		assert_true(rig_at_end(other));
		assert_int_equal(rig_count(rig, RIG_GONE), 2);
		close(fd);
		close(other);
		rig_stop(rig);
	}
	rig = rig_start(NULL);
	fd = rig_connect(rig);
	rig_exchange(fd, GET("/drain"), 200, "ok\n");
	assert_true(rig_at_end(fd));
	close(fd);
	rig_stop(rig);
}

static void
a_server_that_is_freed_tells_every_exchange(void **state)
{
	struct rig *rig = rig_start(NULL);
	int a = rig_connect(rig), b = rig_connect(rig), c = rig_connect(rig);

	(void)state;
	rig_puts(a, GET("/hang"));
	rig_puts(b,
	    "POST /echo HTTP/1.1\r\nHost: a\r\n"
	    "Content-Length: 5\r\n\r\nhel");
	rig_puts(c, GET("/big"));
	rig_wait_count(rig, RIG_REQUESTS, 3);
	rig_stop(rig); /* checks that none is left */
	assert_true(rig_at_end(a));
	close(a);
	close(b);
	close(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_half_closed_client_gets_its_whole_reply),
	    cmocka_unit_test(
		a_client_that_drips_its_head_gets_408_at_the_deadline),
	    cmocka_unit_test(a_client_that_says_nothing_is_let_go_of),
	    cmocka_unit_test(a_handler_may_take_longer_than_any_deadline),
	    cmocka_unit_test(a_reset_while_an_answer_is_pending_is_told),
	    cmocka_unit_test(a_reset_is_told_also_where_nothing_is_read),
	    cmocka_unit_test(a_close_of_tcp_is_taken_for_an_end_of_sending),
	    cmocka_unit_test(a_broken_connection_has_no_answer),
	    cmocka_unit_test(connections_above_the_limit_are_told_so),
	    cmocka_unit_test(one_address_has_a_limit_of_its_own),
	    cmocka_unit_test(so_it_has_where_ipv6_wraps_it),
	    cmocka_unit_test(without_a_limit_one_address_may_have_all),
	    cmocka_unit_test(a_flood_from_one_address_holds_few_connections),
	    cmocka_unit_test(a_source_is_an_ipv4_address_or_a_56_of_ipv6),
	    cmocka_unit_test(no_descriptor_left_does_not_spin),
	    cmocka_unit_test(
		a_drained_server_ends_what_is_under_way_and_no_more),
	    cmocka_unit_test(a_handler_may_drain_or_free_its_server),
	    cmocka_unit_test(a_server_that_is_freed_tells_every_exchange),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
