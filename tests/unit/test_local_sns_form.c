/* SPDX-License-Identifier: Apache-2.0 */
/* Forms as clients send them, and as nobody should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "local/sns_form.h"

static int
add(struct sns_form *f, const char *text)
{
	struct error err;

	return sns_form_add(f, text, strlen(text), &err);
}

static void
names_and_values_are_decoded(void **state)
{
	struct sns_form f;

	(void)state;
	sns_form_init(&f);
	assert_int_equal(add(&f, "Action=Publish&M=a+b%2Bc%0A%C3%A9&&E="), 0);
	assert_int_equal(add(&f, "B%20x=1&C"), 0);
	assert_string_equal(sns_form_get(&f, "Action"), "Publish");
	assert_string_equal(sns_form_get(&f, "M"), "a b+c\n\xc3\xa9");
	assert_string_equal(sns_form_get(&f, "E"), "");
	assert_string_equal(sns_form_get(&f, "B x"), "1");
	assert_string_equal(sns_form_get(&f, "C"), "");
	assert_null(sns_form_get(&f, "action"));
	assert_int_equal(f.n, 5);
	sns_form_done(&f);
}

static void
lists_are_found_by_number(void **state)
{
	struct sns_form f;

	(void)state;
	sns_form_init(&f);
	assert_int_equal(add(&f, "A.entry.1.key=k&A.entry.1.value=v&L.2=x"), 0);
	assert_string_equal(sns_form_item(&f, "A.entry", 1, "key"), "k");
	assert_string_equal(sns_form_item(&f, "A.entry", 1, "value"), "v");
	assert_null(sns_form_item(&f, "A.entry", 2, "key"));
	assert_string_equal(sns_form_item(&f, "L", 2, NULL), "x");
	sns_form_done(&f);
}

static void
what_can_be_read_in_two_ways_is_refused(void **state)
{
	static const char *const table[] = {"a=%", "a=%4", "a=%zz", "a=%00",
	    "a=%ff", "a=%c3", "%=1", "=1", "a=1&a=2", "a=1&%61=2"};
	struct sns_form f;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(table); i++) {
		sns_form_init(&f);
		if (add(&f, table[i]) == 0)
			fail_msg("taken: %s", table[i]);
		sns_form_done(&f);
	}
}

static void
a_nul_among_the_bytes_is_refused(void **state)
{
	struct error err;
	struct sns_form f;

	(void)state;
	sns_form_init(&f);
	assert_int_equal(sns_form_add(&f, "a\0b=c", 5, &err), -1);
	assert_int_equal(sns_form_add(&f, "a=b\0c", 5, &err), -1);
	assert_int_equal(f.n, 0);
	sns_form_done(&f);
}

static void
there_is_an_end_to_parameters(void **state)
{
	struct error err;
	struct sns_form f;
	struct buf b;
	int i;

	(void)state;
	buf_init(&b, 65536);
	for (i = 0; i < SNS_FORM_FIELDS_MAX; i++)
		buf_printf(&b, "a%d=&", i);
	sns_form_init(&f);
	assert_int_equal(sns_form_add(&f, b.data, b.len, &err), 0);
	assert_int_equal(add(&f, "b="), -1);
	sns_form_done(&f);
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_and_values_are_decoded),
	    cmocka_unit_test(lists_are_found_by_number),
	    cmocka_unit_test(what_can_be_read_in_two_ways_is_refused),
	    cmocka_unit_test(a_nul_among_the_bytes_is_refused),
	    cmocka_unit_test(there_is_an_end_to_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
