/* SPDX-License-Identifier: Apache-2.0 */
/* Header fields: order, names without case, and what may stand in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "net/header.h"

static void
fields_stay_in_their_order_with_their_own_spelling(void **state)
{
	struct headers h;

	(void)state;
	headers_init(&h);
	headers_add(&h, "Host", "a");
	headers_add(&h, "X-A", "1");
	headers_addf(&h, "x-a", "%d", 2);
	assert_int_equal(h.n, 3);
	assert_string_equal(h.v[0].name, "Host");
	assert_string_equal(h.v[2].name, "x-a");
	assert_string_equal(h.v[2].value, "2");
	headers_done(&h);
	assert_int_equal(h.n, 0);
	assert_null(headers_get(&h, "host"));
	headers_done(&h);
}

static void
the_first_of_a_name_is_found_without_case(void **state)
{
	struct headers h;

	(void)state;
	headers_init(&h);
	headers_add(&h, "Content-Type", "first");
	headers_add(&h, "content-type", "second");
	assert_string_equal(headers_get(&h, "CONTENT-TYPE"), "first");
	assert_int_equal(headers_count(&h, "Content-type"), 2);
	assert_null(headers_get(&h, "Content-Typ"));
	assert_int_equal(headers_count(&h, "Content-Type "), 0);
	headers_done(&h);
}

static void
setting_replaces_all_of_the_name_by_one_at_the_end(void **state)
{
	struct headers h;

	(void)state;
	headers_init(&h);
	headers_add(&h, "A", "1");
	headers_add(&h, "B", "2");
	headers_add(&h, "a", "3");
	headers_set(&h, "a", "4");
	assert_int_equal(h.n, 2);
	assert_string_equal(h.v[0].name, "B");
	assert_string_equal(headers_get(&h, "A"), "4");
	headers_done(&h);
}

static void
removing_takes_every_field_of_the_name(void **state)
{
	struct headers h;

	(void)state;
	headers_init(&h);
	headers_remove(&h, "A");
	headers_add(&h, "A", "1");
	headers_add(&h, "B", "2");
	headers_add(&h, "a", "3");
	headers_add(&h, "C", "4");
	headers_remove(&h, "A");
	assert_int_equal(h.n, 2);
	assert_string_equal(headers_get(&h, "B"), "2");
	assert_string_equal(headers_get(&h, "C"), "4");
	headers_done(&h);
}

static void
hundreds_of_fields_are_kept(void **state)
{
	struct headers h;
	char name[20];
	int i;

	(void)state;
	headers_init(&h);
	for (i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "X-%d", i);
		headers_addf(&h, name, "%d", i * 3);
	}
	assert_string_equal(headers_get(&h, "x-0"), "0");
	assert_string_equal(headers_get(&h, "x-499"), "1497");
	headers_done(&h);
}

static void
a_name_is_a_token(void **state)
{
	int c;

	(void)state;
	assert_false(header_name_ok(""));
	for (c = 1; c < 256; c++) {
		char s[] = {'X', (char)c, '\0'};

		/* RFC 9110, 5.6.2: visible ASCII but these delimiters. */
		assert_int_equal(header_name_ok(s),
		    c > 0x20 && c < 0x7f &&
			strchr("\"(),/:;<=>?@[\\]{}", c) == NULL);
	}
}

static void
a_value_holds_no_line_end_or_control(void **state)
{
	int c;

	(void)state;
	assert_true(header_value_ok(""));
	for (c = 1; c < 256; c++) {
		char s[] = {'a', (char)c, 'b', '\0'};

		assert_int_equal(
		    header_value_ok(s), c == '\t' || (c >= 0x20 && c != 0x7f));
	}
}

static void
a_field_may_be_set_or_removed_by_its_own_strings(void **state)
{
	struct headers h;

	(void)state;
	headers_init(&h);
	headers_add(&h, "X-One", "one");
	headers_add(&h, "X-Two", "two");
	headers_add(&h, "x-one", "three");
	headers_set(&h, h.v[0].name, headers_get(&h, "x-one"));
	assert_int_equal(h.n, 2);
	assert_string_equal(h.v[1].name, "X-One");
	assert_string_equal(h.v[1].value, "one");
	headers_add(&h, "x-two", "four");
	headers_remove(&h, h.v[0].name);
	assert_int_equal(h.n, 1);
	headers_done(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		fields_stay_in_their_order_with_their_own_spelling),
	    cmocka_unit_test(the_first_of_a_name_is_found_without_case),
	    cmocka_unit_test(
		setting_replaces_all_of_the_name_by_one_at_the_end),
	    cmocka_unit_test(removing_takes_every_field_of_the_name),
	    cmocka_unit_test(hundreds_of_fields_are_kept),
	    cmocka_unit_test(a_name_is_a_token),
	    cmocka_unit_test(a_value_holds_no_line_end_or_control),
	    cmocka_unit_test(a_field_may_be_set_or_removed_by_its_own_strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
