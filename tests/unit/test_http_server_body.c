/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/http_server_body and net/http_server_reply: bodies in both directions,
 * their limits, and how much memory they take on the way.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/http_server.h"
#include "tests/unit/http_rig.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST(path, fields) \
	"POST " path " HTTP/1.1\r\nHost: a\r\n" fields "\r\n\r\n"
#define CHUNKED "Transfer-Encoding: chunked"
#define EXPECT "Expect: 100-continue"
#define MIB ((size_t)1 << 20)
#define HUGE_BODY (64 * MIB)

/* What a server may hold of a body of any size, its thread's stack apart. */
#define HEAP_MAX (1 * MIB)

static char *
filled(size_t len)
{
	char *p = xmalloc(len + 1);

	memset(p, 'z', len);
	p[len] = '\0';
	return p;
}

/* Reads one reply; fails unless it has this status and, if given, text. */
static void
expect_reply(int fd, int status, const char *text)
{
	struct buf head, body;

	buf_init(&head, 8192);
	buf_init(&body, 2 * MIB);
	if (!rig_reply(fd, &head, &body) || rig_status(&head) != status ||
	    (text != NULL && strcmp(body.data, text) != 0))
		fail_msg("not %d: %s%s", status, head.data, body.data);
	buf_done(&head);
	buf_done(&body);
}

/* The same, with the end of the connection behind it and announced. */
static void
expect_last(int fd, int status, const char *text)
{
	struct buf head, body;

	buf_init(&head, 8192);
	buf_init(&body, 2 * MIB);
	if (!rig_reply(fd, &head, &body) || rig_status(&head) != status ||
	    (text != NULL && strcmp(body.data, text) != 0) ||
	    strstr(head.data, "\r\nConnection: close\r\n") == NULL)
		fail_msg("not a last %d: %s%s", status, head.data, body.data);
	assert_true(rig_at_end(fd));
	buf_done(&head);
	buf_done(&body);
}

static bool
is_silent(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 0;
}

static void
a_body_is_the_same_wherever_it_is_cut(void **state)
{
	static const char *const requests[] = {
	    POST("/echo", CHUNKED) "5\r\nhello\r\n1;a=b\r\n \r\n5\r\nworld\r\n"
				   "0\r\nX-A: b\r\n\r\n",
	    POST("/echo", "Content-Length: 11") "hello world",
	};
	struct rig *rig = rig_start(NULL);
	int fd = rig_connect(rig);
	size_t i, cut, n = 0;

	(void)state;
	for (i = 0; i < 2; i++) {
		for (cut = 1; cut < strlen(requests[i]); cut++, n++) {
			rig_send(fd, requests[i], cut);
			rig_sync(rig);
			rig_puts(fd, requests[i] + cut);
			expect_reply(fd, 200, "POST /echo? 11:hello world");
		}
	}
	assert_int_equal(rig_count(rig, RIG_ENDS), n);
	print_message("cuts=%zu\n", n);
	close(fd);
	rig_stop(rig);
}

/* Send the whole body before reading anything, as many clients do. */
static void
send_too_much(struct rig *rig, const char *path, bool chunked, size_t len,
    const char *text)
{
	char *body = filled(len);
	struct buf head;
	int fd = rig_connect(rig);

	buf_init(&head, 1000);
	buf_printf(&head, "POST %s HTTP/1.1\r\nHost: a\r\n", path);
	if (chunked)
		buf_printf(&head, CHUNKED "\r\n\r\n%zx\r\n", len);
	else
		buf_printf(&head, "Content-Length: %zu\r\n\r\n", len);
	rig_send(fd, head.data, head.len);
	rig_send_some(fd, body, len);
	if (chunked)
		rig_send_some(fd, "\r\n0\r\n\r\n", 7);
	if (len <= 65536 && !chunked && text != NULL)
		expect_reply(fd, 413, text); /* it was small enough to skip */
	else
		expect_last(fd, 413, text);
	close(fd);
	buf_done(&head);
	free(body);
}

static void
a_body_that_is_too_large_is_refused_and_the_client_sees_it(void **state)
{
	static const size_t sizes[] = {1001, 70000, 3 * MIB};
	struct rig *rig = rig_start(NULL);
	size_t i;
	long own = 0, mine = 0;

	(void)state;
	for (i = 0; i < 3; i++) {
		send_too_much(rig, "/small", false, sizes[i], NULL);
		send_too_much(rig, "/small", true, sizes[i], NULL);
		own += 2;
		send_too_much(rig, "/small/mine", false, sizes[i], "mine\n");
		send_too_much(rig, "/small/mine", true, sizes[i], "mine\n");
		send_too_much(
		    rig, "/small/later", false, sizes[i], "mine, later\n");
		send_too_much(
		    rig, "/small/later", true, sizes[i], "mine, later\n");
		mine += 4;
	}
	assert_int_equal(rig_count(rig, RIG_ENDS), 0);
	assert_int_equal(rig_count(rig, RIG_GONE), own);
	assert_int_equal(rig_count(rig, RIG_TOO_LARGE), mine);
	rig_stop(rig);
}

static void
a_body_of_just_the_limit_is_taken(void **state)
{
	struct rig *rig = rig_start(NULL);
	char *body = filled(1000);
	int fd = rig_connect(rig);

	(void)state;
	rig_puts(fd, POST("/small", "Content-Length: 1000"));
	rig_puts(fd, body);
	expect_reply(fd, 200, "whole\n");
	rig_puts(fd, POST("/small", CHUNKED) "3e8\r\n");
	rig_puts(fd, body);
	rig_puts(fd, "\r\n0\r\n\r\n");
	expect_reply(fd, 200, "whole\n");
	assert_int_equal(rig_count(rig, RIG_BYTES), 2000);
	close(fd);
	free(body);
	rig_stop(rig);
}

static void
who_waits_for_100_gets_it_when_the_body_is_wanted(void **state)
{
	struct rig *rig = rig_start(NULL);
	int fd = rig_connect(rig);
	struct buf head;

	(void)state;
	buf_init(&head, 1000);
	rig_puts(fd, POST("/echo", EXPECT "\r\nContent-Length: 5"));
	assert_true(rig_reply_head(fd, &head));
	assert_string_equal(head.data, "HTTP/1.1 100 Continue\r\n\r\n");
	rig_puts(fd, "hello");
	expect_reply(fd, 200, "POST /echo? 5:hello");

	rig_puts(fd, POST("/hang/body", EXPECT "\r\n" CHUNKED));
	rig_wait_count(rig, RIG_LIVE, 1);
	rig_sync(rig);
	assert_true(is_silent(fd));
	rig_call(rig, rig_release);
	assert_true(rig_reply_head(fd, &head));
	assert_int_equal(rig_status(&head), 100);
	rig_puts(fd, "5\r\nhello\r\n0\r\n\r\n");
	expect_reply(fd, 200, "POST /hang/body? 5:hello");

	/* Without a body there is nothing to wait for. */
	rig_exchange(fd, POST("/echo", EXPECT), 200, "POST /echo? 0:");
	close(fd);
	buf_done(&head);
	rig_stop(rig);
}

static void
who_waits_for_100_is_refused_without_it_and_closed(void **state)
{
	struct rig *rig = rig_start(NULL);
	int fd = rig_connect(rig);

	(void)state;
	rig_puts(fd, POST("/early", EXPECT "\r\nContent-Length: 5"));
	expect_last(fd, 403, "no\n");
	close(fd);
	fd = rig_connect(rig);
	rig_puts(fd, POST("/small/mine", EXPECT "\r\nContent-Length: 1001"));
	expect_last(fd, 413, "mine\n");
	close(fd);
	rig_stop(rig);
}

static void
a_small_rest_of_a_body_is_skipped(void **state)
{
	struct rig *rig = rig_start(NULL);
	char *body = filled(65536);
	int fd = rig_connect(rig);

	(void)state;
	rig_puts(fd, POST("/early", "Content-Length: 65536"));
	expect_reply(fd, 403, "no\n"); /* before a byte of it is there */
	rig_send(fd, body, 30000);
	rig_sync(rig);
	rig_send(fd, body + 30000, 35536);
	rig_exchange(fd, GET("/ok"), 200, "ok\n");

	rig_puts(fd, POST("/refuse", "Content-Length: 65546") "0123456789");
	expect_reply(fd, 403, "no\n");
	rig_puts(fd, body);
	rig_exchange(fd, GET("/ok"), 200, "ok\n");
	assert_int_equal(rig_count(rig, RIG_BYTES), 10);

	rig_puts(fd, POST("/enough", "Content-Length: 5") "hello" GET("/ok"));
	expect_reply(fd, 200, "enough\n");
	expect_reply(fd, 200, "ok\n");

	rig_puts(fd, POST("/refuse/later", "Content-Length: 6") "hello");
	expect_reply(fd, 403, "no\n");
	rig_puts(fd, "!" GET("/ok"));
	expect_reply(fd, 200, "ok\n");
	assert_int_equal(rig_count(rig, RIG_GONE), 0);
	close(fd);
	free(body);
	rig_stop(rig);
}

static void
reply_early(struct rig *rig, const char *head, size_t rest)
{
	char *body = filled(rest);
	int fd = rig_connect(rig);

	rig_puts(fd, head);
	rig_send_some(fd, body, rest);
	expect_last(fd, 403, "no\n");
	close(fd);
	free(body);
}

static void
a_large_or_unknown_rest_ends_the_connection_but_not_the_reply(void **state)
{
	struct rig *rig = rig_start(NULL);

	(void)state;
	reply_early(rig, POST("/early", "Content-Length: 65537"), 65537);
	reply_early(rig, POST("/early", "Content-Length: 3145728"), 3 * MIB);
	reply_early(rig, POST("/refuse", "Content-Length: 3145728"), 3 * MIB);
	reply_early(
	    rig, POST("/refuse/later", "Content-Length: 3145728"), 3 * MIB);
	reply_early(
	    rig, POST("/later/early", "Content-Length: 3145728"), 3 * MIB);
	reply_early(rig, POST("/early", CHUNKED) "300000\r\n", 3 * MIB);
	reply_early(rig, POST("/refuse", CHUNKED) "300000\r\n", 3 * MIB);
	assert_int_equal(rig_count(rig, RIG_GONE), 0);
	rig_stop(rig);
}

static void
a_rest_that_does_not_come_ends_the_connection(void **state)
{
	const struct http_server_options options = {.body_timeout_ms = 150};
	struct rig *rig = rig_start(&options);
	int fd = rig_connect(rig);
	struct pollfd p = {.events = POLLIN};
	int64_t begun;

	(void)state;
	rig_puts(fd, POST("/early", "Content-Length: 100") "hello");
	expect_reply(fd, 403, "no\n");
	assert_true(rig_at_end(fd));
	close(fd);
	fd = rig_connect(rig);
	rig_puts(fd, POST("/early", "Content-Length: 100") "hello");
	shutdown(fd, SHUT_WR);
	expect_reply(fd, 403, "no\n");
	assert_true(rig_at_end(fd));
	close(fd);

	/* Nor is it waited for byte by byte. */
	p.fd = fd = rig_connect(rig);
	begun = rig_now_ms();
	rig_puts(fd, POST("/early", "Content-Length: 1000") "hello");
	expect_reply(fd, 403, "no\n");
	while (poll(&p, 1, 20) == 0 && rig_now_ms() - begun < 5000)
		rig_send_some(fd, "a", 1);
	assert_in_range(rig_now_ms() - begun, 140, 3000);
	assert_true(rig_at_end(fd));
	close(fd);
	rig_stop(rig);
}

/* Send `total` bytes; how far the allocated ones rose meanwhile, at least. */
static size_t
upload(int fd, size_t total, bool chunked)
{
	char *piece = filled(MIB), size[32];
	size_t sent, heap, before = rig_heap(), peak = before;

	snprintf(size, sizeof(size), "%zx\r\n", MIB);
	for (sent = 0; sent < total; sent += MIB) {
		if (chunked)
			rig_puts(fd, size);
		rig_send(fd, piece, MIB);
		if (chunked)
			rig_puts(fd, "\r\n");
		heap = rig_heap();
		peak = heap > peak ? heap : peak;
	}
	if (chunked)
		rig_puts(fd, "0\r\n\r\n");
	free(piece);
	return peak - before;
}

static void
a_large_upload_takes_little_memory(void **state)
{
	struct rig *rig = rig_start(NULL);
	int fd = rig_connect(rig);
	size_t peak;

	(void)state;
	rig_puts(fd, POST("/count", "Content-Length: 67108864"));
	peak = upload(fd, HUGE_BODY, false);
	expect_reply(fd, 200, "whole\n");
	print_message("upload_peak_kib=%zu\n", peak >> 10);
	assert_true(peak < HEAP_MAX);
	rig_puts(fd, POST("/count", CHUNKED));
	peak = upload(fd, HUGE_BODY, true);
	expect_reply(fd, 200, "whole\n");
	print_message("chunked_peak_kib=%zu\n", peak >> 10);
	assert_true(peak < HEAP_MAX);
	assert_int_equal(rig_count(rig, RIG_BYTES), 2 * HUGE_BODY);
	close(fd);
	rig_stop(rig);
}

/* Read a body of `len` bytes; the most that was allocated meanwhile. */
static size_t
download(int fd, size_t len, size_t *got)
{
	static char piece[65536];
	size_t heap, peak = rig_heap();
	ssize_t n = 1;

	for (*got = 0; *got < len && n > 0; *got += (size_t)(n > 0 ? n : 0)) {
		n = recv(fd, piece, sizeof(piece), 0);
		assert_false(n == -1 && errno == EAGAIN);
		heap = rig_heap();
		peak = heap > peak ? heap : peak;
		if (n > 0)
			assert_true(piece[0] == 'f' && piece[n - 1] == 'f');
	}
	return peak;
}

static void
a_large_file_takes_little_memory(void **state)
{
	struct rig *rig = rig_start(NULL);
	int fd = rig_connect(rig);
	size_t before = rig_heap(), got, peak;
	struct buf head;

	(void)state;
	buf_init(&head, 1000);
	rig_puts(fd, GET("/file?67108864"));
	assert_true(rig_reply_head(fd, &head));
	assert_non_null(strstr(head.data, "\r\nContent-Length: 67108864\r\n"));
	peak = download(fd, HUGE_BODY, &got);
	peak = peak > before ? peak - before : 0;
	assert_int_equal(got, HUGE_BODY);
	print_message("file_peak_kib=%zu\n", peak >> 10);
	assert_true(peak < HEAP_MAX);
	rig_exchange(fd, GET("/ok"), 200, "ok\n");
	rig_exchange(fd, GET("/file?0"), 200, "");
	rig_exchange(fd, GET("/file?5"), 200, "fffff");
	close(fd);
	buf_done(&head);
	rig_stop(rig);
}

static void
a_file_that_is_too_short_breaks_the_transfer(void **state)
{
	struct rig *rig = rig_start(NULL);
	int fd = rig_connect(rig);
	struct buf head;
	size_t got;

	(void)state;
	buf_init(&head, 1000);
	rig_puts(fd, GET("/file?67108865"));
	assert_true(rig_reply_head(fd, &head));
	download(fd, HUGE_BODY + 1, &got);
	assert_int_equal(got, HUGE_BODY);
	close(fd);
	buf_done(&head);
	rig_stop(rig);
}

/* How much the peer takes before it takes nothing more. */
static size_t
fill(struct rig *rig, int fd)
{
	char *piece = filled(MIB);
	size_t sent = 0, before;

	do {
		ssize_t n;

		before = sent;
		while ((n = send(fd, piece, MIB, MSG_DONTWAIT)) > 0)
			sent += (size_t)n;
		assert_true(n == -1 && errno == EAGAIN);
		rig_sync(rig);
	} while (sent != before && sent < 4 * HUGE_BODY);
	free(piece);
	return sent;
}

static void
hold_back(const char *head)
{
	struct rig *rig = rig_start(NULL);
	int fd = rig_connect(rig);
	size_t heap = rig_heap(), sent;
	int64_t cpu;

	rig_puts(fd, head);
	sent = fill(rig, fd);
	cpu = rig_cpu_ms(rig);
	poll(NULL, 0, 100);
	assert_true(rig_cpu_ms(rig) - cpu < 30);
	/* The rest waits in the sockets. */
	assert_true(sent < HUGE_BODY);
	assert_true(rig_heap() - heap < HEAP_MAX);
	assert_true(rig_count(rig, RIG_BYTES) < 65536);
	close(fd);
	if (rig_count(rig, RIG_GONE) == 0)
		rig_call(rig, rig_release);
	rig_wait_count(rig, RIG_LIVE, 0);
	rig_stop(rig);
}

static void
nobody_reads_ahead_of_a_handler_that_does_not(void **state)
{
	(void)state;
	hold_back(POST("/hold", "Content-Length: 1000000000"));
	hold_back(POST("/hold", CHUNKED) "10000000\r\n");
	hold_back(POST("/hang", "Content-Length: 1000000000"));
	hold_back(POST("/hang", ""));
}

static void
a_paused_body_goes_on_where_it_stopped(void **state)
{
	struct rig *rig = rig_start(NULL);
	int fd = rig_connect(rig);

	(void)state;
	rig_puts(fd, POST("/pause", "Content-Length: 1048576"));
	upload(fd, MIB, false);
	expect_reply(fd, 200, "whole\n");
	rig_puts(fd, POST("/pause", CHUNKED));
	upload(fd, MIB, true);
	expect_reply(fd, 200, "whole\n");
	assert_int_equal(rig_count(rig, RIG_BYTES), 2 * MIB);
	close(fd);
	rig_stop(rig);
}

static void
leave(struct rig *rig, const char *request, bool by_reset, long gone)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};
	int fd = rig_connect(rig);

	rig_puts(fd, request);
	rig_wait_count(rig, RIG_REQUESTS, gone);
	rig_sync(rig);
	if (by_reset)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
	rig_wait_count(rig, RIG_GONE, gone);
	/* It is told why, though it does not read that any more. */
	while (rig_connections(rig) > 0)
		continue;
}

static void
a_peer_that_leaves_in_its_body_is_gone(void **state)
{
	struct rig *rig = rig_start(NULL);

	(void)state;
	leave(rig, POST("/echo", "Content-Length: 6") "hello", false, 1);
	leave(rig, POST("/echo", "Content-Length: 6") "hello", true, 2);
	leave(rig, POST("/echo", CHUNKED) "5\r\nhello\r\n", false, 3);
	leave(rig, POST("/echo", CHUNKED) "5\r\nhello\r\n0\r\n", true, 4);
	leave(rig, POST("/hang", CHUNKED) "5\r\n", true, 5);
	assert_int_equal(rig_count(rig, RIG_ENDS), 0);
	rig_stop(rig);
}

static void
a_body_that_is_whole_is_answered_though_the_peer_ended(void **state)
{
	static const char *const requests[] = {
	    POST("/echo", "Content-Length: 5") "hello",
	    POST("/echo", CHUNKED) "5\r\nhello\r\n0\r\n\r\n",
	    POST("/later/body", "Content-Length: 5") "hello",
	    POST("/pause", "Content-Length: 5") "hello",
	};
	struct rig *rig = rig_start(NULL);
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		int fd = rig_connect(rig);

		rig_puts(fd, requests[i]);
		shutdown(fd, SHUT_WR);
		expect_reply(fd, 200, NULL);
		assert_true(rig_at_end(fd));
		close(fd);
	}
	assert_int_equal(rig_count(rig, RIG_ENDS), 4);
	assert_int_equal(rig_count(rig, RIG_GONE), 0);
	rig_stop(rig);
}

static void
a_body_that_stalls_gets_408(void **state)
{
	const struct http_server_options options = {.body_timeout_ms = 200};
	struct rig *rig = rig_start(&options);
	int i, fd = rig_connect(rig);
	int64_t begun;

	(void)state;
	rig_puts(fd, POST("/echo", "Content-Length: 20"));
	for (i = 0; i < 10; i++) {
		poll(NULL, 0, 50);
		rig_puts(fd, "a");
	}
	begun = rig_now_ms();
	expect_last(fd, 408, NULL);
	assert_in_range(rig_now_ms() - begun, 190, 2000);
	assert_int_equal(rig_count(rig, RIG_BYTES), 10);
	assert_int_equal(rig_count(rig, RIG_GONE), 1);
	close(fd);

	/* What the handler holds up is nobody's fault. */
	fd = rig_connect(rig);
	rig_puts(fd, POST("/later/body", "Content-Length: 5"));
	rig_sync(rig);
	rig_puts(fd, "hello");
	expect_reply(fd, 200, NULL);
	rig_puts(fd, POST("/hang/body", "Content-Length: 5") "abc");
	poll(NULL, 0, 400);
	rig_call(rig, rig_release);
	rig_puts(fd, "de");
	expect_reply(fd, 200, NULL);
	close(fd);
	rig_stop(rig);
}

static void
a_body_below_the_rate_gets_408(void **state)
{
	const struct http_server_options options = {.min_body_rate = 100};
	struct rig *rig = rig_start(&options);
	char *body = filled(5000);
	int fd = rig_connect(rig);

	(void)state;
	/* 3,005 bytes in 30 s are enough, and so is anything before. */
	rig_puts(fd, POST("/count", "Content-Length: 8000") "hello");
	rig_wait_count(rig, RIG_BYTES, 5);
	rig_skew_clock(29000);
	rig_puts(fd, "hello");
	rig_wait_count(rig, RIG_BYTES, 10);
	rig_send(fd, body, 3500);
	rig_wait_count(rig, RIG_BYTES, 3510);
	rig_skew_clock(34000);
	rig_puts(fd, "a");
	rig_wait_count(rig, RIG_BYTES, 3511);
	rig_skew_clock(36000);
	rig_puts(fd, "a");
	expect_last(fd, 408, NULL);
	assert_int_equal(rig_count(rig, RIG_GONE), 1);
	close(fd);
	rig_skew_clock(0);

	/* Chunks that only grow extensions are no body. */
	fd = rig_connect(rig);
	rig_puts(fd, POST("/count", CHUNKED) "5;a");
	rig_sync(rig);
	rig_skew_clock(31000);
	rig_puts(fd, "a");
	expect_last(fd, 408, NULL);
	close(fd);
	rig_skew_clock(0);
	free(body);
	rig_stop(rig);
}

static void
a_pause_does_not_count_against_the_rate(void **state)
{
	const struct http_server_options options = {.min_body_rate = 100};
	struct rig *rig = rig_start(&options);
	int fd = rig_connect(rig);

	(void)state;
	rig_puts(fd, POST("/hold", "Content-Length: 10") "hello");
	rig_wait_count(rig, RIG_BYTES, 5);
	rig_skew_clock(3600 * 1000);
	rig_call(rig, rig_release);
	rig_puts(fd, "hello");
	expect_reply(fd, 200, "whole\n");
	close(fd);
	rig_stop(rig);
}

/* A smaller window than usual, so that less is hidden in the sockets. */
static int
connect_narrow(struct rig *rig)
{
	int fd = rig_connect(rig), small = 128 << 10;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	return fd;
}

static void
a_peer_that_does_not_read_is_let_go_of(void **state)
{
	static const char *const requests[] = {
	    GET("/big"), GET("/file?67108864")};
	const struct http_server_options options = {.body_timeout_ms = 200};
	struct rig *rig = rig_start(&options);
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		int64_t begun = rig_now_ms();
		int fd = connect_narrow(rig);

		rig_puts(fd, requests[i]);
		rig_wait_count(rig, RIG_REQUESTS, (long)i + 1);
		while (rig_connections(rig) > 0) {
			assert_true(rig_now_ms() - begun < 5000);
			poll(NULL, 0, 5);
		}
		assert_true(rig_now_ms() - begun >= 190);
		close(fd);
	}
	rig_stop(rig);
}

static void
a_peer_that_reads_slowly_gets_all(void **state)
{
	const struct http_server_options options = {.body_timeout_ms = 200};
	struct rig *rig = rig_start(&options);
	int fd = connect_narrow(rig);
	int64_t begun = rig_now_ms();
	struct buf head;
	size_t got, all = 0;

	(void)state;
	buf_init(&head, 1000);
	rig_puts(fd, GET("/file?8388608"));
	assert_true(rig_reply_head(fd, &head));
	while (rig_now_ms() - begun < 1000) {
		poll(NULL, 0, 40);
		download(fd, 65536, &got);
		all += got;
	}
	download(fd, 8 * MIB - all, &got);
	assert_int_equal(all + got, 8 * MIB);
	rig_exchange(fd, GET("/ok"), 200, "ok\n");
	close(fd);
	buf_done(&head);
	rig_stop(rig);
}

static void
a_peer_that_sends_all_before_it_reads_gets_a_large_reply(void **state)
{
	struct rig *rig = rig_start(NULL);
	int fd = connect_narrow(rig);
	char *body = filled(16 * MIB);
	struct buf head;
	size_t got;

	(void)state;
	buf_init(&head, 1000);
	rig_puts(fd, POST("/file?8388608", "Content-Length: 16777216"));
	rig_send(fd, body, 16 * MIB);
	assert_true(rig_reply_head(fd, &head));
	download(fd, 8 * MIB + 1, &got);
	assert_int_equal(got, 8 * MIB);
	close(fd);
	buf_done(&head);
	free(body);
	rig_stop(rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_body_is_the_same_wherever_it_is_cut),
	    cmocka_unit_test(
		a_body_that_is_too_large_is_refused_and_the_client_sees_it),
	    cmocka_unit_test(a_body_of_just_the_limit_is_taken),
	    cmocka_unit_test(who_waits_for_100_gets_it_when_the_body_is_wanted),
	    cmocka_unit_test(
		who_waits_for_100_is_refused_without_it_and_closed),
	    cmocka_unit_test(a_small_rest_of_a_body_is_skipped),
	    cmocka_unit_test(
		a_large_or_unknown_rest_ends_the_connection_but_not_the_reply),
	    cmocka_unit_test(a_rest_that_does_not_come_ends_the_connection),
	    cmocka_unit_test(a_large_upload_takes_little_memory),
	    cmocka_unit_test(a_large_file_takes_little_memory),
	    cmocka_unit_test(a_file_that_is_too_short_breaks_the_transfer),
	    cmocka_unit_test(nobody_reads_ahead_of_a_handler_that_does_not),
	    cmocka_unit_test(a_paused_body_goes_on_where_it_stopped),
	    cmocka_unit_test(a_peer_that_leaves_in_its_body_is_gone),
	    cmocka_unit_test(
		a_body_that_is_whole_is_answered_though_the_peer_ended),
	    cmocka_unit_test(a_body_that_stalls_gets_408),
	    cmocka_unit_test(a_body_below_the_rate_gets_408),
	    cmocka_unit_test(a_pause_does_not_count_against_the_rate),
	    cmocka_unit_test(a_peer_that_does_not_read_is_let_go_of),
	    cmocka_unit_test(a_peer_that_reads_slowly_gets_all),
	    cmocka_unit_test(
		a_peer_that_sends_all_before_it_reads_gets_a_large_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
