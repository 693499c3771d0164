/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/http_server: who has to go where no place is left, and the time that a
 * whole request has. Sources are the addresses 127.0.0.N.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
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

#include "base/str.h"
#include "tests/unit/http_rig.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define PART "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nx"

static struct http_server_options options;
static struct rig *rig;

static int
setup(void **state)
{
	(void)state;
	memset(&options, 0, sizeof(options));
	options.evict = true;
	options.max_connections = 8;
	return 0;
}

static void
start(void)
{
	rig = rig_start(&options);
}

static int
connect_from(unsigned last)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval patience = {.tv_sec = 10};

	assert_true(fd != -1);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	sa.sin_addr.s_addr = htonl(0x7f000000 | last);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sa.sin_port = htons((uint16_t)rig_port(rig));
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	rig_sync(rig);
	return fd;
}

static bool
is_open(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);

	return n != 0 && !(n == -1 && errno == ECONNRESET);
}

static void
close_all(const int *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		close(v[i]);
}

static void
the_one_with_the_most_loses_its_oldest(void **state)
{
	int fds[8], newcomer;
	size_t i;

	(void)state;
	start();
	/* 2 of 127.0.0.2, 5 of .3, 1 of .4; nobody has said a word. */
	for (i = 0; i < 8; i++)
		fds[i] = connect_from(i < 2 ? 2 : i < 7 ? 3 : 4);
	newcomer = connect_from(5);
	assert_false(is_open(fds[2]));
	for (i = 0; i < 8; i++)
		assert_int_equal(is_open(fds[i]), i != 2);
	rig_exchange(newcomer, GET("/ok"), 200, "ok\n");
	assert_int_equal(rig_connections(rig), 8);
	close(newcomer);
	close_all(fds, 8);
	rig_stop(rig);
}

static void
who_was_answered_well_stays(void **state)
{
	int good[4], bad[20];
	size_t i;

	(void)state;
	start();
	for (i = 0; i < 4; i++) {
		good[i] = connect_from(2);
		rig_exchange(good[i], GET("/ok"), 200, "ok\n");
	}
	/* Each from another address. */
	for (i = 0; i < 20; i++) {
		bad[i] = connect_from(10 + (unsigned)i);
		rig_puts(bad[i], PART);
		rig_sync(rig);
	}
	for (i = 0; i < 4; i++)
		rig_exchange(good[i], GET("/ok"), 200, "ok\n");
	for (i = 0; i < 20; i++)
		assert_int_equal(is_open(bad[i]), i >= 16);
	close_all(good, 4);
	close_all(bad, 20);
	rig_stop(rig);
}

static void
a_refusal_is_no_good_answer(void **state)
{
	int refused, fds[8];
	size_t i;

	(void)state;
	start();
	refused = connect_from(2);
	rig_exchange(refused, GET("/early"), 403, "no\n");
	for (i = 0; i < 8; i++) {
		fds[i] = connect_from(3 + (unsigned)i);
		rig_exchange(fds[i], GET("/ok"), 200, "ok\n");
	}
	assert_false(is_open(refused));
	close(refused);
	close_all(fds, 8);
	rig_stop(rig);
}

static void
what_is_being_answered_stays(void **state)
{
	int fds[8], extra;
	struct buf b;
	size_t i;

	(void)state;
	start();
	for (i = 0; i < 8; i++) {
		fds[i] = connect_from(2);
		rig_puts(fds[i], GET("/hang"));
		rig_sync(rig);
	}
	extra = connect_from(3);
	buf_init(&b, 65536);
	rig_read_all(extra, &b);
	assert_true(str_starts(b.data, "HTTP/1.1 503 "));
	buf_done(&b);
	rig_call(rig, rig_release);
	for (i = 0; i < 8; i++)
		rig_exchange(fds[i], GET("/ok"), 200, NULL);
	close(extra);
	close_all(fds, 8);
	rig_stop(rig);
}

static void
one_source_makes_its_own_place(void **state)
{
	int first[3], other, more;

	(void)state;
	options.max_per_source = 3;
	start();
	other = connect_from(3);
	first[0] = connect_from(2);
	first[1] = connect_from(2);
	first[2] = connect_from(2);
	more = connect_from(2);
	assert_true(is_open(other));
	assert_false(is_open(first[0]));
	rig_exchange(more, GET("/ok"), 200, "ok\n");
	assert_int_equal(rig_connections(rig), 4);
	close(other);
	close(more);
	close_all(first, 3);
	rig_stop(rig);
}

/* A proxy makes one source of all: whoever was answered well is known. */
static void
behind_one_address_who_was_answered_well_stays_too(void **state)
{
	int good, bad[10];
	size_t i;

	(void)state;
	options.max_per_source = 3;
	start();
	good = connect_from(2);
	rig_exchange(good, GET("/ok"), 200, "ok\n");
	for (i = 0; i < 10; i++) {
		bad[i] = connect_from(2);
		rig_puts(bad[i], PART);
		rig_sync(rig);
	}
	rig_exchange(good, GET("/ok"), 200, "ok\n");
	for (i = 0; i < 10; i++)
		assert_int_equal(is_open(bad[i]), i >= 8);
	close(good);
	close_all(bad, 10);
	rig_stop(rig);
}

static void
without_it_the_new_one_goes(void **state)
{
	int fds[8], extra;
	struct buf b;
	size_t i;

	(void)state;
	options.evict = false;
	start();
	for (i = 0; i < 8; i++)
		fds[i] = connect_from(2);
	extra = connect_from(3);
	buf_init(&b, 65536);
	rig_read_all(extra, &b);
	assert_true(str_starts(b.data, "HTTP/1.1 503 "));
	buf_done(&b);
	for (i = 0; i < 8; i++)
		rig_exchange(fds[i], GET("/ok"), 200, "ok\n");
	close(extra);
	close_all(fds, 8);
	rig_stop(rig);
}

static void
a_handler_hears_of_it(void **state)
{
	int fds[8], extra;
	size_t i;

	(void)state;
	start();
	for (i = 0; i < 8; i++) {
		fds[i] = connect_from(2);
		rig_puts(fds[i], PART);
		rig_sync(rig);
	}
	extra = connect_from(3);
	rig_exchange(extra, GET("/ok"), 200, "ok\n");
	assert_int_equal(rig_count(rig, RIG_GONE), 1);
	close(extra);
	close_all(fds, 8);
	rig_wait_count(rig, RIG_GONE, 8);
	rig_stop(rig);
}

/* A byte now and then keeps every other deadline away. */
static void
drip(const char *start_of_it, int status)
{
	int64_t began = rig_now_ms();
	int fd = connect_from(2);
	struct buf b;

	rig_puts(fd, start_of_it);
	while (rig_now_ms() - began < 10000) {
		char byte;

		if (recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 1)
			break;
		rig_send_some(fd, "x", 1);
		usleep(20000);
	}
	buf_init(&b, 65536);
	rig_read_all(fd, &b);
	if (rig_status(&b) != status)
		fail_msg("not %d: %s", status, b.data);
	assert_true(rig_now_ms() - began >= 250);
	assert_true(rig_now_ms() - began < 9000);
	buf_done(&b);
	close(fd);
}

static void
a_whole_request_has_its_time(void **state)
{
	int64_t began;
	struct buf b;
	int fd;

	(void)state;
	options.request_timeout_ms = 300;
	options.head_timeout_ms = 300;
	start();
	drip("POST /echo HTTP/1.1\r\nHost: a\r\nX: ", 408);
	drip("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n",
	    408);
	/* One that nobody takes is answered, and the rest skipped as long. */
	began = rig_now_ms();
	fd = connect_from(2);
	rig_puts(fd,
	    "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx");
	buf_init(&b, 65536);
	rig_read_all(fd, &b);
	assert_int_equal(rig_status(&b), 403);
	assert_true(rig_now_ms() - began >= 250);
	buf_done(&b);
	close(fd);
	/* What is all there may take as long as its answer does. */
	fd = connect_from(2);
	rig_puts(fd, GET("/hang"));
	usleep(600000);
	rig_call(rig, rig_release);
	rig_exchange(fd, GET("/ok"), 200, NULL);
	/* And the next one has as much. */
	rig_exchange(fd, GET("/ok"), 200, "ok\n");
	close(fd);
	rig_stop(rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(
		the_one_with_the_most_loses_its_oldest, setup),
	    cmocka_unit_test_setup(who_was_answered_well_stays, setup),
	    cmocka_unit_test_setup(a_refusal_is_no_good_answer, setup),
	    cmocka_unit_test_setup(what_is_being_answered_stays, setup),
	    cmocka_unit_test_setup(one_source_makes_its_own_place, setup),
	    cmocka_unit_test_setup(
		behind_one_address_who_was_answered_well_stays_too, setup),
	    cmocka_unit_test_setup(without_it_the_new_one_goes, setup),
	    cmocka_unit_test_setup(a_handler_hears_of_it, setup),
	    cmocka_unit_test_setup(a_whole_request_has_its_time, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
