/* SPDX-License-Identifier: Apache-2.0 */
/* Trace contexts: what goes on, and what is dropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "job/trace.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"
#define SOUND "00-" TRACE "-" PARENT "-01"

static void
check(char *(*read)(const char *), const char *s, const char *want)
{
	char *got = read(s);

	if (want == NULL)
		assert_null(got);
	else
		assert_string_equal(got != NULL ? got : "(dropped)", want);
	free(got);
}

static void
a_sound_traceparent_stays_as_it_is(void **state)
{
	(void)state;
	check(trace_parent, SOUND, SOUND);
	check(trace_parent, "00-" TRACE "-" PARENT "-00",
	    "00-" TRACE "-" PARENT "-00");
	assert_int_equal(strlen(SOUND) + 1, TRACE_PARENT_SIZE);
}

static void
of_a_later_version_what_is_known_goes_on(void **state)
{
	(void)state;
	check(trace_parent, "01-" TRACE "-" PARENT "-01", SOUND);
	check(
	    trace_parent, "cc-" TRACE "-" PARENT "-03-what-the-future", SOUND);
	check(trace_parent, "cc-" TRACE "-" PARENT "-0a-",
	    "00-" TRACE "-" PARENT "-00");
	check(trace_parent, "cc-" TRACE "-" PARENT "-01.what", NULL);
}

static void
what_is_no_traceparent_is_dropped(void **state)
{
	static const char *const bad[] = {
	    "",
	    "00",
	    "ff-" TRACE "-" PARENT "-01",
	    "00-" TRACE "-" PARENT "-01-more",
	    "00-" TRACE "-" PARENT "-01 ",
	    " " SOUND,
	    "00-" TRACE "-" PARENT "-1",
	    "00-" TRACE "-" PARENT "-0x",
	    "0-" TRACE "-" PARENT "-001",
	    "00-00000000000000000000000000000000-" PARENT "-01",
	    "00-" TRACE "-0000000000000000-01",
	    "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01",
	    "00-" TRACE "0-" PARENT "-01",
	    "00-" TRACE "_" PARENT "-01",
	    "xx-" TRACE "-" PARENT "-01",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		check(trace_parent, bad[i], NULL);
}

static void
a_tracestate_keeps_its_members_and_their_order(void **state)
{
	(void)state;
	check(trace_state, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
	    "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
	check(trace_state, " a=1 ,\t, b@c=2 3!,", "a=1,b@c=2 3!");
	check(trace_state, "0a_-*/=x", "0a_-*/=x");
}

static void
what_is_no_tracestate_is_dropped(void **state)
{
	static const char *const bad[] = {
	    "",
	    " ",
	    ",,",
	    "a",
	    "a=",
	    "=1",
	    "A=1",
	    "_a=1",
	    "a b=1",
	    "a=1=2",
	    "a=\x7f",
	    "a=\xc3\xa4",
	    "a=1,a=2",
	    "a=1,b=2,a=3",
	    "a=\n1",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		check(trace_state, bad[i], NULL);
	/* One key that begins as another is another. */
	check(trace_state, "ab=1,a=2", "ab=1,a=2");
}

static void
add(struct buf *b, size_t n, const char *tail)
{
	size_t i;

	buf_init(b, (size_t)64 * 1024);
	for (i = 0; i < n; i++)
		buf_printf(b, "%sk%zu=%s", i > 0 ? "," : "", i, tail);
}

static void
it_has_bounds(void **state)
{
	char value[258];
	struct buf b;

	(void)state;
	add(&b, 32, "v");
	check(trace_state, b.data, b.data);
	buf_done(&b);
	add(&b, 33, "v");
	check(trace_state, b.data, NULL);
	buf_done(&b);
	memset(value, 'v', sizeof(value));
	value[257] = '\0';
	add(&b, 1, value);
	check(trace_state, b.data, NULL);
	buf_done(&b);
	add(&b, 1, value + 1);
	check(trace_state, b.data, b.data);
	buf_done(&b);
	add(&b, 9, value + 1);
	check(trace_state, b.data, NULL);
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_sound_traceparent_stays_as_it_is),
	    cmocka_unit_test(of_a_later_version_what_is_known_goes_on),
	    cmocka_unit_test(what_is_no_traceparent_is_dropped),
	    cmocka_unit_test(a_tracestate_keeps_its_members_and_their_order),
	    cmocka_unit_test(what_is_no_tracestate_is_dropped),
	    cmocka_unit_test(it_has_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
