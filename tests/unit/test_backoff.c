/* SPDX-License-Identifier: Apache-2.0 */
/* Delays between tries: growth, cap, jitter, and counts without end. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/backoff.h"
#include "base/random.h"

static void
delay_grows_until_the_cap(void **state)
{
	static const int64_t expected[] = {100, 200, 400, 800, 1000, 1000};
	struct backoff b = {100, 1000, 2, 0};
	unsigned n;

	(void)state;
	for (n = 0; n < 6; n++)
		assert_int_equal(backoff_delay_ms(&b, n, 0.9), expected[n]);
	assert_int_equal(backoff_delay_ms(&b, UINT_MAX, 0.5), 1000);
}

static void
jitter_spreads_to_both_sides(void **state)
{
	struct backoff b = {1000, 100000, 2, 0.2};

	(void)state;
	assert_int_equal(backoff_delay_ms(&b, 0, 0), 800);
	assert_int_equal(backoff_delay_ms(&b, 0, 0.5), 1000);
	assert_int_equal(backoff_delay_ms(&b, 0, 0.75), 1100);
	assert_in_range(backoff_delay_ms(&b, 0, 0.999999), 1199, 1200);
	assert_int_equal(backoff_delay_ms(&b, 3, 0), 6400);
}

static void
no_delay_passes_the_cap_with_jitter(void **state)
{
	struct backoff b = {500, 7000, 3, 0.5};
	unsigned n;
	int i;

	(void)state;
	for (n = 0; n < 20; n++) {
		for (i = 0; i < 100; i++)
			assert_in_range(
			    backoff_delay_ms(&b, n, random_unit()), 1, 7000);
	}
}

static void
a_delay_is_never_below_one(void **state)
{
	struct backoff all_jitter = {10, 1000, 2, 1};
	struct backoff tiny = {1, 1, 1, 0.5};

	(void)state;
	assert_int_equal(backoff_delay_ms(&all_jitter, 0, 0), 1);
	assert_int_equal(backoff_delay_ms(&tiny, 5, 0), 1);
}

static void
a_start_above_the_cap_is_the_cap(void **state)
{
	struct backoff b = {5000, 1000, 2, 0};

	(void)state;
	assert_int_equal(backoff_delay_ms(&b, 0, 0.5), 1000);
}

static void
no_cap_at_all_is_still_a_number(void **state)
{
	struct backoff b = {1000, INT64_MAX, 10, 0.5};

	(void)state;
	assert_true(backoff_delay_ms(&b, 1000, 0.99) > INT64_MAX / 2);
	assert_true(backoff_delay_ms(&b, 1000, 0) > INT64_MAX / 4);
}

static void
a_constant_delay_needs_no_counting(void **state)
{
	struct backoff b = {1000, 60000, 1, 0};
	int i;

	(void)state;
	/* Each of these would take seconds, were the tries counted. */
	for (i = 0; i < 100; i++)
		assert_int_equal(backoff_delay_ms(&b, UINT_MAX, 0.5), 1000);
}

static void
delays_at_the_cap_are_spread_as_well(void **state)
{
	struct backoff b = {1000, 10000, 2, 0.2};
	int i, at_cap = 0;

	(void)state;
	for (i = 0; i < 1000; i++)
		at_cap += backoff_delay_ms(&b, 50, i / 1000.0) == 10000;
	assert_in_range(at_cap, 0, 10);
	assert_in_range(backoff_delay_ms(&b, 50, 0), 6665, 6668);
	assert_in_range(backoff_delay_ms(&b, 50, 0.9999), 9998, 10000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(delay_grows_until_the_cap),
	    cmocka_unit_test(jitter_spreads_to_both_sides),
	    cmocka_unit_test(no_delay_passes_the_cap_with_jitter),
	    cmocka_unit_test(a_delay_is_never_below_one),
	    cmocka_unit_test(a_start_above_the_cap_is_the_cap),
	    cmocka_unit_test(no_cap_at_all_is_still_a_number),
	    cmocka_unit_test(a_constant_delay_needs_no_counting),
	    cmocka_unit_test(delays_at_the_cap_are_spread_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
