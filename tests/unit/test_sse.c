/* SPDX-License-Identifier: Apache-2.0 */
/* Server-sent events: each form that the standard allows, however it is cut. */
#include "cmd/sse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

/* What came, each event behind a '|'. */
static struct buf got;
static struct sse s;

static int
take(const char *data, size_t len, void *arg, struct error *err)
{
	(void)arg;
	buf_putc(&got, '|');
	buf_append(&got, data, len);
	if (str_eq(data, "stop"))
		return err_set(err, ERR_CANCELLED, "enough");
	return 0;
}

static int
setup(void **state)
{
	(void)state;
	buf_init(&got, (size_t)4 << 20);
	sse_init(&s);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	sse_done(&s);
	buf_done(&got);
	return 0;
}

static int
feed(const char *text, size_t len)
{
	struct error err;

	return sse_feed(&s, text, len, take, NULL, &err);
}

/* The whole at once, and in pieces of each size. */
static void
check(const char *text, size_t len, const char *events, const char *id)
{
	size_t piece, at, n;

	for (piece = 1; piece <= len; piece++) {
		teardown(NULL);
		setup(NULL);
		for (at = 0; at < len; at += n) {
			n = piece < len - at ? piece : len - at;
			assert_int_equal(feed(text + at, n), 0);
		}
		assert_string_equal(got.data, events);
		assert_string_equal(s.last_id, id);
	}
}

#define CHECK(text, events, id) check(text, sizeof(text) - 1, events, id)

static void
lines_end_in_lf_cr_or_both(void **state)
{
	(void)state;
	CHECK("id: 1\ndata: a\n\nid: 2\ndata: b\n\n", "|a|b", "2");
	CHECK("id: 1\r\ndata: a\r\n\r\nid: 2\r\ndata: b\r\n\r\n", "|a|b", "2");
	CHECK("id: 1\rdata: a\r\rid: 2\rdata: b\r\r", "|a|b", "2");
	CHECK("data: a\r\ndata: b\r\n\r\n", "|a\nb", "");
	CHECK("id: 1\rdata: a\n\r\nid: 2\ndata: b\r\n\n", "|a|b", "2");
}

static void
a_mark_at_the_beginning_is_no_part_of_a_field(void **state)
{
	(void)state;
	CHECK("\xef\xbb\xbf"
	      "data: a\n\n",
	    "|a", "");
	CHECK("\xef\xbb\xbf\n"
	      "\xef\xbb\xbf"
	      "data: a\n\n",
	    "", "");
}

static void
fields_are_read_as_the_standard_has_them(void **state)
{
	(void)state;
	CHECK("data:a\ndata: b\ndata:  c\n\n", "|a\nb\n c", "");
	CHECK("data: a\ndata\n\n", "|a\n", "");
	CHECK(": data: a\n\nevent: x\n\n", "", "");
	CHECK("dat: a\ndatas: b\n data: c\n\n", "", "");
	/* What is not ended never came. */
	CHECK("id: 1\n\nid: 2\ndata: a\n", "", "1");
	/* An empty id forgets the place. */
	CHECK("id: 1\ndata: a\n\nid\n\n", "|a", "");
}

/* The standard tells of an empty one, which is no event of a service. */
static void
an_event_that_says_nothing_only_moves_the_place(void **state)
{
	(void)state;
	CHECK("id: 1\n\n", "", "1");
	CHECK("id: 1\ndata\n\nid: 2\ndata:\n\n", "", "2");
}

static void
an_id_that_no_header_can_hold_is_none(void **state)
{
	(void)state;
	CHECK("id: 1\n\nid: 2\x1b[31m\ndata: a\n\n", "|a", "1");
	CHECK("id: 1\n\nid: 2\0003\ndata: a\n\n", "|a", "1");
	CHECK("id: 1\n\nid: \xc2\x9b\ndata: a\n\n", "|a", "1");
	CHECK("id: 1\n\nid: 123456789012345678901234\ndata: a\n\n", "|a", "1");
	CHECK("id: 12345678901234567890123\n\n", "", "12345678901234567890123");
}

static void
a_place_is_that_of_what_was_taken(void **state)
{
	(void)state;
	assert_int_equal(
	    feed("id: 1\ndata: a\n\nid: 2\ndata: stop\n\n", 33), -1);
	assert_string_equal(s.last_id, "1");
	/* Half of an event is dropped with its connection. */
	sse_restart(&s);
	assert_int_equal(feed("id: 3\ndata: lost\nda", 19), 0);
	sse_restart(&s);
	assert_int_equal(feed("data: b\n\n", 9), 0);
	assert_string_equal(got.data, "|a|stop|b");
	assert_string_equal(s.last_id, "1");
}

static void
what_is_too_large_is_refused(void **state)
{
	char *line = xmalloc(1 << 20);
	struct error err;
	int i, rc = 0;

	(void)state;
	memset(line, 'x', 1 << 20);
	assert_int_equal(feed("data: ", 6), 0);
	assert_int_equal(sse_feed(&s, line, 1 << 20, take, NULL, &err), -1);
	assert_int_equal(err.code, ERR_PROTOCOL);
	/* So is an event of many lines. */
	sse_restart(&s);
	memcpy(line, "data: ", 6);
	line[1023] = '\n';
	for (i = 0; i < 1100 && rc == 0; i++)
		rc = sse_feed(&s, line, 1024, take, NULL, &err);
	assert_int_equal(rc, -1);
	assert_int_equal(err.code, ERR_PROTOCOL);
	assert_string_equal(got.data, "");
	free(line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		lines_end_in_lf_cr_or_both, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_mark_at_the_beginning_is_no_part_of_a_field, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		fields_are_read_as_the_standard_has_them, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		an_event_that_says_nothing_only_moves_the_place, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		an_id_that_no_header_can_hold_is_none, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_place_is_that_of_what_was_taken, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_is_too_large_is_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
