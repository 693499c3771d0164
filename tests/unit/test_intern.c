/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that many hold, against a plain count of who does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/intern.h"

#define TEXTS 200

static uint32_t chance = 1;

static uint32_t
next(uint32_t below)
{
	chance = chance * 1664525 + 1013904223;
	return (chance >> 8) % below;
}

static void
a_text_is_kept_once(void **state)
{
	struct intern *t = intern_new();
	uint32_t a = intern_hold(t, "abc", 3), b = intern_hold(t, "abcd", 3);
	uint32_t c = intern_hold(t, "abcd", 4);
	size_t len;

	(void)state;
	assert_int_equal(a, b);
	assert_int_not_equal(a, c);
	assert_int_not_equal(a, 0);
	assert_int_equal(intern_count(t), 2);
	assert_string_equal(intern_text(t, a, &len), "abc");
	assert_int_equal(len, 3);
	intern_drop(t, a);
	assert_string_equal(intern_text(t, b, &len), "abc");
	intern_drop(t, b);
	intern_drop(t, c);
	assert_int_equal(intern_count(t), 0);
	intern_free(t);
}

static void
what_nobody_holds_goes_and_its_number_is_used_again(void **state)
{
	uint32_t numbers[TEXTS] = {0};
	unsigned held[TEXTS] = {0}, i, at;
	size_t len, live = 0;
	char text[32];
	struct intern *t = intern_new();

	(void)state;
	for (i = 0; i < 50000; i++) {
		at = next(TEXTS);
		snprintf(text, sizeof(text), "s3://bucket/%u/", at);
		if (next(2) == 0 || held[at] == 0) {
			numbers[at] = intern_hold(t, text, strlen(text));
			live += held[at]++ == 0;
		} else {
			assert_string_equal(
			    intern_text(t, numbers[at], &len), text);
			intern_drop(t, numbers[at]);
			live -= --held[at] == 0;
		}
		assert_true(numbers[at] < 2 * TEXTS);
		assert_int_equal(intern_count(t), live);
	}
	intern_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_text_is_kept_once),
	    cmocka_unit_test(
		what_nobody_holds_goes_and_its_number_is_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
