/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growing buffers: the NUL behind the bytes, the cap, the overflow that stays,
 * and who owns what was taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#include "base/buf.h"

static void
a_new_buffer_is_an_empty_string(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	assert_string_equal(b.data, "");
	assert_int_equal(b.len, 0);
	assert_false(b.overflow);
	buf_done(&b);
	assert_string_equal(b.data, "");
}

static void
bytes_stand_in_their_order_with_a_nul_behind(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(buf_append(&b, "a\0b", 3), 0);
	assert_int_equal(buf_puts(&b, "cd"), 0);
	assert_int_equal(buf_putc(&b, 'e'), 0);
	assert_int_equal(buf_printf(&b, "%d", -7), 0);
	assert_int_equal(b.len, 8);
	assert_memory_equal(b.data, "a\0bcde-7", 9);
	buf_done(&b);
}

static void
a_buffer_can_be_filled_to_its_last_byte(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	assert_int_equal(buf_puts(&b, "abcd"), 0);
	assert_false(b.overflow);
	assert_int_equal(buf_append(&b, "", 0), 0);
	assert_string_equal(b.data, "abcd");
	buf_done(&b);
}

static void
one_byte_too_many_changes_nothing(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	assert_int_equal(buf_puts(&b, "abc"), 0);
	assert_int_equal(buf_puts(&b, "de"), -1);
	assert_true(b.overflow);
	assert_string_equal(b.data, "abc");
	assert_int_equal(b.len, 3);
	buf_done(&b);
}

static void
after_an_overflow_even_what_would_fit_is_refused(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_puts(&b, "abcde");
	assert_int_equal(buf_putc(&b, 'x'), -1);
	assert_int_equal(buf_append(&b, "", 0), -1);
	assert_int_equal(buf_printf(&b, "%s", ""), -1);
	assert_int_equal(b.len, 0);
	buf_done(&b);
}

static void
printing_past_the_maximum_changes_nothing(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	assert_int_equal(buf_printf(&b, "%d", 1234), 0);
	assert_int_equal(buf_printf(&b, "%d", 5), -1);
	assert_string_equal(b.data, "1234");
	assert_true(b.overflow);
	buf_done(&b);
}

static void
clearing_forgets_bytes_and_overflow(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_puts(&b, "abcd");
	buf_putc(&b, 'e');
	buf_clear(&b);
	assert_string_equal(b.data, "");
	assert_int_equal(b.len, 0);
	assert_int_equal(buf_puts(&b, "wxyz"), 0);
	assert_string_equal(b.data, "wxyz");
	buf_done(&b);
}

static void
taken_bytes_are_the_callers_and_the_buffer_starts_anew(void **state)
{
	struct buf b;
	char *s;

	(void)state;
	buf_init(&b, 8);
	buf_puts(&b, "first");
	s = buf_take(&b);
	assert_string_equal(b.data, "");
	assert_int_equal(buf_puts(&b, "second"), 0);
	assert_string_equal(s, "first");
	free(s);
	/* The maximum outlives the taking. */
	assert_int_equal(buf_puts(&b, "abc"), -1);
	buf_done(&b);
}

static void
an_empty_buffer_gives_an_empty_string(void **state)
{
	struct buf b;
	char *s;

	(void)state;
	buf_init(&b, 8);
	s = buf_take(&b);
	assert_string_equal(s, "");
	free(s);
	buf_done(&b);
}

static void
a_megabyte_grows_byte_by_byte(void **state)
{
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 1 << 20);
	for (i = 0; i < 1 << 20; i++)
		buf_putc(&b, (char)(i * 7));
	assert_false(b.overflow);
	for (i = 0; i < 1 << 20; i++) {
		if (b.data[i] != (char)(i * 7))
			fail_msg("byte %zu differs", i);
	}
	assert_int_equal(buf_putc(&b, 'x'), -1);
	buf_done(&b);
}

static void
a_buffer_of_no_size_takes_nothing(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 0);
	assert_int_equal(buf_append(&b, "", 0), 0);
	assert_int_equal(buf_putc(&b, 'x'), -1);
	assert_string_equal(b.data, "");
	buf_done(&b);
}

static void
a_print_that_fails_is_an_overflow_too(void **state)
{
	static const wchar_t broken[] = {0x7fffffff, 0};
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_puts(&b, "a");
	/* No locale has a text for this character. */
	assert_int_equal(buf_printf(&b, "%ls", broken), -1);
	assert_string_equal(b.data, "a");
	assert_true(b.overflow);
	buf_done(&b);
}

static void
memory_never_exceeds_the_maximum_by_more_than_the_nul(void **state)
{
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 70000);
	for (i = 0; i < 70000; i++)
		buf_putc(&b, 'x');
	assert_false(b.overflow);
	assert_in_range(b.cap, 70001, 70001);
	buf_done(&b);
	/* A buffer without a cap grows as well. */
	buf_init(&b, SIZE_MAX);
	assert_int_equal(buf_puts(&b, "abc"), 0);
	assert_string_equal(b.data, "abc");
	buf_done(&b);
}

static void
a_buffer_can_be_cut_back_to_an_earlier_length(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_truncate(&b, 0);
	assert_string_equal(b.data, "");
	buf_puts(&b, "abc");
	buf_puts(&b, "def");
	buf_truncate(&b, 2);
	assert_string_equal(b.data, "ab");
	assert_int_equal(b.len, 2);
	/* Cutting does not bring back what was lost. */
	assert_true(b.overflow);
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_buffer_is_an_empty_string),
	    cmocka_unit_test(bytes_stand_in_their_order_with_a_nul_behind),
	    cmocka_unit_test(a_buffer_can_be_filled_to_its_last_byte),
	    cmocka_unit_test(one_byte_too_many_changes_nothing),
	    cmocka_unit_test(after_an_overflow_even_what_would_fit_is_refused),
	    cmocka_unit_test(printing_past_the_maximum_changes_nothing),
	    cmocka_unit_test(clearing_forgets_bytes_and_overflow),
	    cmocka_unit_test(
		taken_bytes_are_the_callers_and_the_buffer_starts_anew),
	    cmocka_unit_test(an_empty_buffer_gives_an_empty_string),
	    cmocka_unit_test(a_megabyte_grows_byte_by_byte),
	    cmocka_unit_test(a_buffer_of_no_size_takes_nothing),
	    cmocka_unit_test(a_print_that_fails_is_an_overflow_too),
	    cmocka_unit_test(
		memory_never_exceeds_the_maximum_by_more_than_the_nul),
	    cmocka_unit_test(a_buffer_can_be_cut_back_to_an_earlier_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
