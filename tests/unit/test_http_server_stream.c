/* SPDX-License-Identifier: Apache-2.0 */
/* net/http_server: replies that are written piece by piece. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/http_server_stream.h"
#include "tests/unit/http_rig.h"

#define GET "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n"

static struct http_server_options options;
static struct rig *rig;

/* All of the server's thread; looked at through rig_call(). */
static struct {
	struct http_exchange *x; /* NULL: none is open */
	struct http_stream how;
	unsigned begun;
	unsigned refused;
	unsigned drained;
	unsigned gone;
	bool cut; /* … for what its peer did not take */
	size_t queued;
	const char *say;
	size_t times; /* that it is said, or till so much waits … */
	size_t up_to;
	size_t said;
} s;

static void
on_gone(struct http_exchange *x, void *arg)
{
	assert_ptr_equal(arg, &s);
	assert_ptr_equal(x, s.x);
	s.gone++;
	s.cut = http_stream_cut(x);
	s.x = NULL;
}

static void
on_drained(struct http_exchange *x, void *arg)
{
	assert_ptr_equal(arg, &s);
	assert_ptr_equal(x, s.x);
	s.drained++;
}

static bool
answer(struct http_exchange *x)
{
	struct headers h;

	if (!str_eq(http_path(x), "/stream"))
		return false;
	headers_init(&h);
	headers_add(&h, "Content-Type", "text/plain");
	http_on_gone(x, on_gone, &s);
	s.how.drained = on_drained;
	s.x = x;
	if (http_stream_begin(x, 200, &h, &s.how, &s) == -1) {
		s.refused++;
		s.x = NULL;
	} else {
		s.begun++;
	}
	headers_done(&h);
	return true;
}

static void
write_now(struct rig *r)
{
	size_t i;

	(void)r;
	for (i = 0; i < s.times && s.x != NULL; i++)
		http_stream_write(s.x, s.say, strlen(s.say));
}

/* As one does who heeds the queue. */
static void
write_until(struct rig *r)
{
	(void)r;
	while (s.x != NULL && http_stream_queued(s.x) <= s.up_to) {
		http_stream_write(s.x, s.say, strlen(s.say));
		s.said++;
	}
	s.queued = s.x != NULL ? http_stream_queued(s.x) : 0;
}

static void
end_now(struct rig *r)
{
	(void)r;
	http_stream_end(s.x);
	s.x = NULL;
}

static void
say(const char *text, size_t times)
{
	s.say = text;
	s.times = times;
	rig_call(rig, write_now);
}

static int
setup(void **state)
{
	(void)state;
	memset(&options, 0, sizeof(options));
	memset(&s, 0, sizeof(s));
	rig_answers = answer;
	return 0;
}

static void
start(void)
{
	rig = rig_start(&options);
}

/* It was asked for, and the head is there. */
static int
open_stream(const char *request, struct buf *head)
{
	int fd = rig_connect(rig);

	rig_puts(fd, request);
	assert_true(rig_reply_head(fd, head));
	assert_int_equal(rig_status(head), 200);
	return fd;
}

static void
must_read(int fd, const char *wanted)
{
	char data[256];
	size_t len = strlen(wanted), n = 0;
	ssize_t got;

	assert_true(len < sizeof(data));
	while (n < len) {
		got = recv(fd, data + n, len - n, 0);
		assert_true(got > 0);
		n += (size_t)got;
	}
	assert_memory_equal(data, wanted, len);
}

static void
wait_for(const unsigned *what, unsigned value)
{
	int i;

	for (i = 0;
	     i < 10000 && __atomic_load_n(what, __ATOMIC_SEQ_CST) != value; i++)
		usleep(1000);
	assert_int_equal(*what, value);
}

static void
read_bytes(int fd, size_t n)
{
	char data[65536];
	ssize_t got;

	for (; n > 0; n -= (size_t)got) {
		got = recv(fd, data, n < sizeof(data) ? n : sizeof(data), 0);
		assert_true(got > 0);
	}
}

static void
pieces_come_as_they_are_written(void **state)
{
	struct buf head;
	int fd;

	(void)state;
	start();
	buf_init(&head, 4096);
	fd = open_stream(GET, &head);
	assert_non_null(strstr(head.data, "Transfer-Encoding: chunked\r\n"));
	assert_null(strstr(head.data, "Content-Length"));
	assert_null(strstr(head.data, "Connection: close"));
	say("one", 1);
	must_read(fd, "3\r\none\r\n");
	say("0123456789abcdef", 1);
	must_read(fd, "10\r\n0123456789abcdef\r\n");
	say("", 1);
	rig_call(rig, end_now);
	must_read(fd, "0\r\n\r\n");
	/* And the connection serves the next one. */
	rig_exchange(fd, "GET /ok HTTP/1.1\r\nHost: a\r\n\r\n", 200, "ok\n");
	assert_int_equal(s.gone, 0);
	buf_done(&head);
	close(fd);
	rig_stop(rig);
}

static void
an_old_client_reads_up_to_the_close(void **state)
{
	struct buf head, body;
	int fd;

	(void)state;
	start();
	buf_init(&head, 4096);
	buf_init(&body, 4096);
	fd = open_stream("GET /stream HTTP/1.0\r\n\r\n", &head);
	assert_null(strstr(head.data, "Transfer-Encoding"));
	assert_non_null(strstr(head.data, "Connection: close"));
	say("one", 2);
	rig_call(rig, end_now);
	rig_read_all(fd, &body);
	assert_string_equal(body.data, "oneone");
	buf_done(&head);
	buf_done(&body);
	close(fd);
	rig_stop(rig);
}

static void
to_head_there_is_no_stream(void **state)
{
	struct buf head;
	int fd;

	(void)state;
	start();
	buf_init(&head, 4096);
	fd = open_stream("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n", &head);
	rig_exchange(fd, "GET /ok HTTP/1.1\r\nHost: a\r\n\r\n", 200, "ok\n");
	assert_int_equal(s.begun, 0);
	assert_int_equal(s.refused, 1);
	assert_int_equal(s.gone, 0);
	buf_done(&head);
	close(fd);
	rig_stop(rig);
}

/* It reads nothing at first: then the writer hears when there is room. */
static void
a_writer_is_told_when_there_is_room(void **state)
{
	char line[1001];
	struct buf head;
	int fd;

	(void)state;
	s.how.low = 20000;
	s.how.cap = 200000;
	start();
	buf_init(&head, 4096);
	fd = open_stream(GET, &head);
	memset(line, 'x', 1000);
	line[1000] = '\0';
	s.say = line;
	s.up_to = 100000;
	/* As much as the kernel takes, too. */
	do {
		rig_call(rig, write_until);
		usleep(20000);
		rig_call(rig, write_until);
	} while (s.queued <= s.how.low);
	assert_int_equal(s.gone, 0);
	read_bytes(fd, s.said * (1000 + 7));
	rig_call(rig, end_now);
	read_bytes(fd, 5);
	assert_true(s.drained > 0);
	buf_done(&head);
	close(fd);
	rig_stop(rig);
}

static void
room_is_told_of_once(void **state)
{
	char line[1001];
	struct buf head;
	int fd;

	(void)state;
	s.how.low = 20000;
	s.how.cap = (size_t)64 << 20;
	start();
	buf_init(&head, 4096);
	fd = open_stream(GET, &head);
	memset(line, 'x', 1000);
	line[1000] = '\0';
	say(line, 10000);
	assert_int_equal(s.drained, 0);
	read_bytes(fd, (size_t)10000 * (1000 + 7));
	wait_for(&s.drained, 1);
	say("x", 1);
	rig_sync(rig);
	assert_int_equal(s.drained, 1);
	rig_call(rig, end_now);
	close(fd);
	buf_done(&head);
	rig_stop(rig);
}

static void
who_does_not_read_is_cut_off_at_the_cap(void **state)
{
	char line[1001];
	struct buf head;
	int fd;

	(void)state;
	s.how.cap = 100000;
	start();
	buf_init(&head, 4096);
	fd = open_stream(GET, &head);
	memset(line, 'x', 1000);
	line[1000] = '\0';
	/* More than kernels hold. */
	say(line, 20000);
	wait_for(&s.gone, 1);
	assert_true(s.cut);
	assert_int_equal(rig_connections(rig), 0);
	buf_done(&head);
	close(fd);
	rig_stop(rig);
}

/* What is said to a peer that takes nothing is no sign of life of it. */
static void
who_does_not_read_is_cut_off_in_time(void **state)
{
	char line[1001];
	struct buf head;
	int fd, i;

	(void)state;
	options.body_timeout_ms = 400;
	s.how.cap = (size_t)64 << 20;
	start();
	buf_init(&head, 4096);
	fd = open_stream(GET, &head);
	memset(line, 'x', 1000);
	line[1000] = '\0';
	say(line, 20000);
	for (i = 0; i < 200 && s.gone == 0; i++) {
		usleep(50000);
		say(": alive\n", 1);
	}
	assert_int_equal(s.gone, 1);
	assert_true(s.cut);
	assert_true(i >= 6);
	buf_done(&head);
	close(fd);
	rig_stop(rig);
}

static void
a_quiet_stream_stays(void **state)
{
	struct buf head;
	int fd;

	(void)state;
	options.body_timeout_ms = options.idle_timeout_ms = 100;
	options.head_timeout_ms = options.request_timeout_ms = 100;
	start();
	buf_init(&head, 4096);
	fd = open_stream(GET, &head);
	usleep(500000);
	say("one", 1);
	must_read(fd, "3\r\none\r\n");
	usleep(500000);
	say("two", 1);
	must_read(fd, "3\r\ntwo\r\n");
	assert_int_equal(s.gone, 0);
	rig_call(rig, end_now);
	buf_done(&head);
	close(fd);
	rig_stop(rig);
}

static void
a_drain_ends_it_in_good_order(void **state)
{
	struct buf head, rest;
	int fd;

	(void)state;
	start();
	buf_init(&head, 4096);
	buf_init(&rest, 4096);
	fd = open_stream(GET, &head);
	say("one", 1);
	rig_call(rig, rig_drain);
	rig_read_all(fd, &rest);
	assert_string_equal(rest.data, "3\r\none\r\n0\r\n\r\n");
	wait_for(&s.gone, 1);
	buf_done(&head);
	buf_done(&rest);
	close(fd);
	rig_stop(rig);
}

static void
a_peer_that_leaves_is_gone(void **state)
{
	struct buf head;
	int fd;

	(void)state;
	start();
	buf_init(&head, 4096);
	fd = open_stream(GET, &head);
	close(fd);
	rig_sync(rig);
	while (s.gone == 0) {
		say("one", 1);
		usleep(10000);
	}
	assert_int_equal(s.gone, 1);
	assert_false(s.cut);
	buf_done(&head);
	rig_stop(rig);
}

static void
an_end_of_the_server_is_told(void **state)
{
	struct buf head;
	int fd;

	(void)state;
	start();
	buf_init(&head, 4096);
	fd = open_stream(GET, &head);
	rig_stop(rig);
	assert_int_equal(s.gone, 1);
	buf_done(&head);
	close(fd);
}

int
main(void)
{
#define CASE(name)                              \
	{                                       \
#name, name, setup, NULL, NULL, \
	}
	const struct CMUnitTest tests[] = {
	    CASE(pieces_come_as_they_are_written),
	    CASE(an_old_client_reads_up_to_the_close),
	    CASE(to_head_there_is_no_stream),
	    CASE(a_writer_is_told_when_there_is_room),
	    CASE(room_is_told_of_once),
	    CASE(who_does_not_read_is_cut_off_at_the_cap),
	    CASE(who_does_not_read_is_cut_off_in_time),
	    CASE(a_quiet_stream_stays),
	    CASE(a_drain_ends_it_in_good_order),
	    CASE(a_peer_that_leaves_is_gone),
	    CASE(an_end_of_the_server_is_told),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
