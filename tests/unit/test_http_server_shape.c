/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/http_server_shape: replies that break off, drip or never come, and that
 * nothing else changes by it.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/http_server_shape.h"
#include "tests/unit/http_rig.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define HOUR_MS ((int64_t)3600 * 1000)
#define PATIENCE_MS 20000

/* --- the server's side ---------------------------------------------- */

static int file = -1; /* 64 MiB of the letter f */

static int
setup(void **state)
{
	char *piece = xmalloc(1 << 20);
	int i;

	(void)state;
	memset(piece, 'f', 1 << 20);
	file = memfd_create("body", MFD_CLOEXEC);
	for (i = 0; i < 64; i++) {
		if (write(file, piece, 1 << 20) != 1 << 20)
			return -1;
	}
	free(piece);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	return close(file);
}

/*
 * /cut?N breaks off behind N bytes; /drip?N goes on once an hour, or quickly;
 * /never?MS; the body is 26 letters, /file's is a file.
 */
static bool
answer(struct http_exchange *x)
{
	const char *path = http_path(x);
	struct http_shape s = {.drip_ms = HOUR_MS};
	int64_t n = 0;

	str_to_i64(http_query(x), 0, INT64_MAX, &n);
	if (str_eq(path, "/never")) {
		http_hang(x, n);
		return true;
	}
	s.cut = str_starts(path, "/cut");
	s.cut_at = n;
	s.drip = s.cut ? 0 : n;
	if (str_eq(path, "/drip/quick"))
		s.drip_ms = 20;
	if (!s.cut && !str_starts(path, "/drip"))
		return false;
	http_reply_shape(x, &s);
	if (str_ends(path, "/file"))
		http_reply_file(x, 200, NULL, dup(file), 0, 64 << 20);
	else
		http_reply(x, str_ends(path, "/204") ? 204 : 200, NULL, LETTERS,
		    strlen(LETTERS));
	return true;
}

/* --- the client's side ---------------------------------------------- */

/* What comes next, or 0 at an end and -1 at a reset. */
static ssize_t
take(int fd, char *out, size_t len)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t n;

	if (poll(&p, 1, PATIENCE_MS) != 1)
		fail_msg("nothing comes");
	n = recv(fd, out, len, 0);
	if (n == -1 && errno != ECONNRESET)
		fail_msg("%s", strerror(errno));
	return n;
}

static void
take_all(int fd, char *out, size_t len)
{
	ssize_t n;

	for (; len > 0; len -= (size_t)n, out += n) {
		n = take(fd, out, len);
		if (n <= 0)
			fail_msg("it ends %zu bytes too early", len);
	}
}

static bool
is_quiet(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) == 0;
}

/* --- tests ---------------------------------------------------------- */

/* The head of a reply that may have a body behind it. */
static void
take_head(int fd, struct buf *head)
{
	char c;

	buf_clear(head);
	while (!str_ends(head->data, "\r\n\r\n")) {
		take_all(fd, &c, 1);
		assert_int_equal(buf_append(head, &c, 1), 0);
	}
	assert_int_equal(rig_status(head), 200);
}

static int
ask(struct rig *rig, const char *path)
{
	char *request = xasprintf("GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path);
	int fd = rig_connect(rig);

	rig_puts(fd, request);
	free(request);
	return fd;
}

static void
a_body_breaks_off_behind_just_so_many_bytes(void **state)
{
	static const size_t at[] = {0, 1, 13, 25};
	struct rig *rig = rig_start(NULL);
	char got[64], path[32];
	struct buf head;
	size_t i;
	int fd;

	(void)state;
	buf_init(&head, 4096);
	for (i = 0; i < ARRAY_LEN(at); i++) {
		snprintf(path, sizeof(path), "/cut?%zu", at[i]);
		fd = ask(rig, path);
		take_head(fd, &head);
		assert_non_null(strstr(head.data, "Content-Length: 26\r\n"));
		assert_null(strstr(head.data, "Connection: close"));
		take_all(fd, got, at[i]);
		assert_memory_equal(got, LETTERS, at[i]);
		assert_int_equal(take(fd, got, 1), -1);
		close(fd);
	}
	buf_done(&head);
	rig_stop(rig);
}

static void
so_does_one_from_a_file(void **state)
{
	static const size_t at[] = {0, 1, 300000, (64 << 20) - 1};
	struct rig *rig = rig_start(NULL);
	char *got = xmalloc(64 << 20), path[32];
	struct buf head;
	size_t i;
	int fd;

	(void)state;
	buf_init(&head, 4096);
	for (i = 0; i < ARRAY_LEN(at); i++) {
		snprintf(path, sizeof(path), "/cut/file?%zu", at[i]);
		fd = ask(rig, path);
		take_head(fd, &head);
		assert_non_null(strstr(head.data, "Length: 67108864\r\n"));
		take_all(fd, got, at[i]);
		assert_true(at[i] == 0 || got[at[i] - 1] == 'f');
		assert_int_equal(take(fd, got, 1), -1);
		close(fd);
	}
	free(got);
	buf_done(&head);
	rig_stop(rig);
}

/* What the server's machine still holds would go with the connection. */
static void
a_reset_waits_for_a_peer_that_reads_late(void **state)
{
	struct rig *rig = rig_start(NULL);
	int fd = rig_connect(rig), small = 4096, i;
	size_t len = 300000;
	char *got = xmalloc(len);
	struct buf head;

	(void)state;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	rig_puts(fd, GET("/cut/file?300000"));
	buf_init(&head, 4096);
	take_head(fd, &head);
	for (i = 0; i < 50; i++) {
		assert_int_equal(rig_connections(rig), 1);
		usleep(5000);
	}
	take_all(fd, got, len);
	assert_int_equal(take(fd, got, 1), -1);
	close(fd);
	free(got);
	buf_done(&head);
	rig_stop(rig);
}

static void
what_is_not_longer_or_has_no_body_comes_whole(void **state)
{
	struct rig *rig = rig_start(NULL);
	struct buf head;
	int fd = rig_connect(rig);

	(void)state;
	buf_init(&head, 4096);
	rig_exchange(fd, GET("/cut?26"), 200, LETTERS);
	rig_exchange(fd, GET("/cut?1000"), 200, LETTERS);
	rig_puts(fd, "HEAD /cut?3 HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_true(rig_reply_head(fd, &head));
	assert_non_null(strstr(head.data, "Content-Length: 26\r\n"));
	rig_puts(fd, GET("/cut/204?3"));
	assert_true(rig_reply_head(fd, &head));
	assert_int_equal(rig_status(&head), 204);
	rig_exchange(fd, GET("/ok"), 200, "ok\n");
	close(fd);
	buf_done(&head);
	rig_stop(rig);
}

static void
the_rest_of_a_request_does_not_matter(void **state)
{
	struct rig *rig = rig_start(NULL);
	char got[8], *body = xcalloc(1, 1 << 20);
	struct buf head;
	int fd = rig_connect(rig);

	(void)state;
	buf_init(&head, 4096);
	rig_puts(fd,
	    "POST /cut?5 HTTP/1.1\r\nHost: a\r\n"
	    "Content-Length: 1048576\r\n\r\n");
	rig_send_some(fd, body, 1000);
	take_head(fd, &head);
	assert_non_null(strstr(head.data, "Content-Length: 26\r\n"));
	take_all(fd, got, 5);
	assert_memory_equal(got, "abcde", 5);
	/* The end, or a reset, as what was not read is thrown away. */
	assert_true(take(fd, got, 1) <= 0);
	close(fd);
	free(body);
	buf_done(&head);
	rig_stop(rig);
}

/* The clock goes on by an hour, and the server looks within 50 ms. */
static void
a_body_drips_as_time_goes_on(void **state)
{
	struct http_server_options o = {.body_timeout_ms = 200};
	struct rig *rig = rig_start(&o);
	struct buf head;
	char got[16];
	size_t at;
	int fd = ask(rig, "/drip?10");

	(void)state;
	buf_init(&head, 4096);
	take_head(fd, &head);
	assert_non_null(strstr(head.data, "Content-Length: 26\r\n"));
	take_all(fd, got, 10);
	assert_memory_equal(got, LETTERS, 10);
	/* Far longer than a peer may take for nothing. */
	assert_true(is_quiet(fd, 700));
	for (at = 10; at < 26; at += 10) {
		size_t n = at < 20 ? 10 : 6;

		rig_skew_clock((int64_t)at / 10 * (HOUR_MS + 1000));
		take_all(fd, got, n);
		assert_memory_equal(got, &LETTERS[at], n);
	}
	rig_exchange(fd, GET("/ok"), 200, "ok\n");
	close(fd);
	buf_done(&head);
	rig_stop(rig);
}

static void
drops_come_by_themselves_in_their_time(void **state)
{
	struct rig *rig = rig_start(NULL);
	int64_t began = rig_now_ms();
	int fd = rig_connect(rig);

	(void)state;
	rig_exchange(fd, GET("/drip/quick?1"), 200, LETTERS);
	assert_true(rig_now_ms() - began >= 25 * 20);
	assert_true(rig_now_ms() - began < 60000);
	close(fd);
	rig_stop(rig);
}

static void
a_file_drips_too(void **state)
{
	struct http_server_options o = {.body_timeout_ms = 200};
	struct rig *rig = rig_start(&o);
	struct buf head;
	char *got = xmalloc(1000000);
	int fd = ask(rig, "/drip/file?1000000");
	int i;

	(void)state;
	buf_init(&head, 4096);
	take_head(fd, &head);
	for (i = 1; i <= 3; i++) {
		take_all(fd, got, 1000000);
		assert_true(is_quiet(fd, 100));
		rig_skew_clock(i * (HOUR_MS + 1000));
	}
	close(fd);
	free(got);
	buf_done(&head);
	rig_stop(rig);
}

static void
wait_until_alone(struct rig *rig)
{
	int64_t end = rig_now_ms() + PATIENCE_MS;

	while (rig_connections(rig) > 0) {
		assert_true(rig_now_ms() < end);
		usleep(1000);
	}
}

static void
who_takes_nothing_of_what_drips_is_dropped(void **state)
{
	struct http_server_options o = {.body_timeout_ms = 400};
	struct rig *rig = rig_start(&o);
	int fd = ask(rig, "/drip/file?33554432");

	(void)state;
	rig_wait_count(rig, RIG_REQUESTS, 1);
	wait_until_alone(rig);
	close(fd);
	rig_stop(rig);
}

static void
waiting_for_a_drop_costs_nothing(void **state)
{
	struct rig *rig = rig_start(NULL);
	struct buf head;
	char got[16];
	int64_t before;
	int fd = ask(rig, "/drip?10");

	(void)state;
	buf_init(&head, 4096);
	take_head(fd, &head);
	take_all(fd, got, 10);
	before = rig_cpu_ms(rig);
	assert_true(is_quiet(fd, 1000));
	assert_true(rig_cpu_ms(rig) - before < 500);
	close(fd);
	buf_done(&head);
	rig_stop(rig);
}

/* Its time has come, but there is no room for it; a byte of the next request
 * has the server look. */
static void
nor_does_a_drop_that_the_peer_does_not_take(void **state)
{
	struct http_server_options o = {.body_timeout_ms = 10 * HOUR_MS};
	struct rig *rig = rig_start(&o);
	struct buf head;
	int64_t before;
	int fd = ask(rig, "/drip/file?33554432");

	(void)state;
	buf_init(&head, 4096);
	take_head(fd, &head);
	usleep(300000);
	rig_skew_clock(2 * HOUR_MS);
	rig_puts(fd, "G");
	rig_sync(rig);
	before = rig_cpu_ms(rig);
	usleep(1000000);
	assert_true(rig_cpu_ms(rig) - before < 500);
	close(fd);
	buf_done(&head);
	rig_stop(rig);
}

static void
a_reply_that_never_comes_leaves_the_connection_open(void **state)
{
	struct http_server_options o = {
	    .body_timeout_ms = 100, .idle_timeout_ms = 100};
	struct rig *rig = rig_start(&o);
	int fd = ask(rig, "/never?3600000");

	(void)state;
	rig_wait_count(rig, RIG_REQUESTS, 1);
	assert_int_equal(rig_count(rig, RIG_LIVE), 0);
	assert_true(is_quiet(fd, 700));
	assert_int_equal(rig_connections(rig), 1);
	shutdown(fd, SHUT_WR);
	wait_until_alone(rig);
	assert_int_equal(rig_count(rig, RIG_GONE), 0);
	close(fd);
	rig_stop(rig);
}

static void
until_its_time_is_over(void **state)
{
	struct http_server_options o = {.body_timeout_ms = 100};
	struct rig *rig = rig_start(&o);
	int64_t began = rig_now_ms();
	int fd = ask(rig, "/never?300");
	char c;

	(void)state;
	assert_int_equal(take(fd, &c, 1), -1);
	assert_true(rig_now_ms() - began >= 300);
	close(fd);
	rig_stop(rig);
}

static void
or_the_server_drains_or_ends(void **state)
{
	struct rig *rig = rig_start(NULL);
	int fd = ask(rig, "/never?3600000"), other;
	char c;

	(void)state;
	rig_wait_count(rig, RIG_REQUESTS, 1);
	rig_call(rig, rig_drain);
	assert_int_equal(take(fd, &c, 1), -1);
	close(fd);
	rig_stop(rig);
	rig = rig_start(NULL);
	fd = ask(rig, "/never?3600000");
	other = ask(rig, "/drip?1");
	rig_wait_count(rig, RIG_REQUESTS, 2);
	rig_stop(rig);
	close(fd);
	close(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_body_breaks_off_behind_just_so_many_bytes),
	    cmocka_unit_test(so_does_one_from_a_file),
	    cmocka_unit_test(a_reset_waits_for_a_peer_that_reads_late),
	    cmocka_unit_test(what_is_not_longer_or_has_no_body_comes_whole),
	    cmocka_unit_test(the_rest_of_a_request_does_not_matter),
	    cmocka_unit_test(a_body_drips_as_time_goes_on),
	    cmocka_unit_test(drops_come_by_themselves_in_their_time),
	    cmocka_unit_test(a_file_drips_too),
	    cmocka_unit_test(who_takes_nothing_of_what_drips_is_dropped),
	    cmocka_unit_test(waiting_for_a_drop_costs_nothing),
	    cmocka_unit_test(nor_does_a_drop_that_the_peer_does_not_take),
	    cmocka_unit_test(
		a_reply_that_never_comes_leaves_the_connection_open),
	    cmocka_unit_test(until_its_time_is_over),
	    cmocka_unit_test(or_the_server_drains_or_ends),
	};

	rig_answers = answer;
	return cmocka_run_group_tests(tests, setup, teardown);
}
