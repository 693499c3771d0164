/* SPDX-License-Identifier: Apache-2.0 */
/* Percentiles of a fixed number of steps. */
#include "engine/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
nothing_known_is_0(void **state)
{
	struct histogram h = {0};

	(void)state;
	assert_int_equal(histogram_percentile(&h, 95), 0);
}

static void
a_percentile_is_never_below_and_at_most_a_step_above(void **state)
{
	int64_t ms;

	(void)state;
	for (ms = 200; ms < 40000000; ms = ms * 13 / 10) {
		struct histogram h = {0};

		histogram_add(&h, ms);
		assert_true(histogram_percentile(&h, 95) >= ms);
		assert_true(histogram_percentile(&h, 95) <= ms * 15 / 10);
	}
}

static void
p95_leaves_5_of_100_out(void **state)
{
	struct histogram h = {0};
	int i;

	(void)state;
	for (i = 0; i < 95; i++)
		histogram_add(&h, 1000);
	for (i = 0; i < 5; i++)
		histogram_add(&h, 3600000);
	assert_in_range(histogram_percentile(&h, 95), 1000, 1500);
	histogram_add(&h, 3600000);
	assert_in_range(histogram_percentile(&h, 95), 3600000, 5400000);
}

static void
what_is_old_fades(void **state)
{
	struct histogram h = {0};
	int i;

	(void)state;
	for (i = 0; i < 100000; i++)
		histogram_add(&h, 3600000);
	for (i = 0; i < 3000; i++)
		histogram_add(&h, 1000);
	assert_in_range(histogram_percentile(&h, 95), 1000, 1500);
	assert_in_range(h.total, 1, 512);
}

static void
extremes_have_a_place(void **state)
{
	struct histogram h = {0};

	(void)state;
	histogram_add(&h, -5);
	histogram_add(&h, 0);
	histogram_add(&h, INT64_MAX);
	assert_int_equal(h.n[0], 2);
	assert_int_equal(h.n[HISTOGRAM_STEPS - 1], 1);
	assert_in_range(histogram_percentile(&h, 100), 86400000, 100000000);
}

static void
what_was_kept_is_bounded(void **state)
{
	struct histogram h = {0};

	(void)state;
	histogram_put(&h, -1, 5);
	histogram_put(&h, HISTOGRAM_STEPS, 5);
	histogram_put(&h, 3, 0);
	histogram_put(&h, 3, -7);
	histogram_put(&h, 3, INT64_MAX);
	assert_int_equal(h.total, 0);
	histogram_put(&h, 3, 500);
	histogram_put(&h, 4, 500);
	assert_int_equal(h.total, 500);
	assert_int_equal(h.n[3], 500);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_known_is_0),
	    cmocka_unit_test(
		a_percentile_is_never_below_and_at_most_a_step_above),
	    cmocka_unit_test(p95_leaves_5_of_100_out),
	    cmocka_unit_test(what_is_old_fades),
	    cmocka_unit_test(extremes_have_a_place),
	    cmocka_unit_test(what_was_kept_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
