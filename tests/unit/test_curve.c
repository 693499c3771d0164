/* SPDX-License-Identifier: Apache-2.0 */
/* Counts in steps, and the waiting that follows from them. */
#include "engine/curve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdbool.h>

#include <cmocka.h>

static bool
near(double a, double b, double share)
{
	return fabs(a - b) <= share * fabs(b);
}

static void
nothing_known_is_0(void **state)
{
	struct curve h = {0};

	(void)state;
	assert_int_equal(curve_percentile(&h, 95), 0);
}

static void
a_percentile_is_never_below_and_at_most_a_step_above(void **state)
{
	int64_t ms;

	(void)state;
	for (ms = 200; ms < 40000000; ms = ms * 13 / 10) {
		struct curve h = {0};

		curve_add(&h, ms);
		assert_true(curve_percentile(&h, 95) >= ms);
		assert_true(curve_percentile(&h, 95) <= ms * 15 / 10);
	}
}

static void
p95_leaves_5_of_100_out(void **state)
{
	struct curve h = {0};
	int i;

	(void)state;
	for (i = 0; i < 95; i++)
		curve_add(&h, 1000);
	for (i = 0; i < 5; i++)
		curve_add(&h, 3600000);
	assert_in_range(curve_percentile(&h, 95), 1000, 1500);
	curve_add(&h, 3600000);
	assert_in_range(curve_percentile(&h, 95), 3600000, 5400000);
}

static void
what_is_old_fades(void **state)
{
	struct curve c = {0};
	int i;

	(void)state;
	for (i = 0; i < 100000; i++)
		curve_add(&c, 3600000);
	for (i = 0; i < 3000; i++)
		curve_add(&c, 1000);
	assert_in_range(curve_percentile(&c, 95), 1000, 1500);
	assert_int_equal(c.results, CURVE_RESULTS_MAX);
	assert_true(c.of[0] <= CURVE_RESULTS_MAX * CURVE_ONE);
}

static void
extremes_have_a_place(void **state)
{
	struct curve c = {0};

	(void)state;
	curve_add(&c, -5);
	curve_add(&c, 0);
	curve_add(&c, INT64_MAX);
	assert_int_equal(c.ended[0], 2 * CURVE_ONE);
	assert_int_equal(c.of[0], 3 * CURVE_ONE);
	assert_int_equal(c.ended[CURVE_STEPS - 1], CURVE_ONE);
	assert_in_range(curve_percentile(&c, 100), 86400000, 120000000);
}

static void
what_was_kept_is_bounded(void **state)
{
	static const struct curve empty = {0};
	struct curve c = {0};

	(void)state;
	curve_put(&c, -1, 5, 5);
	curve_put(&c, CURVE_STEPS, 5, 5);
	curve_put(&c, 3, 0, 0);
	curve_put(&c, 3, -7, 7);
	curve_put(&c, 3, 8, 7);
	curve_put(&c, 3, 7, INT64_MAX);
	curve_put_results(&c, -1);
	curve_put_results(&c, 513);
	curve_put_old(&c, -1, 5);
	curve_put_old(&c, CURVE_OLD_STEPS, 5);
	curve_put_old(&c, 3, INT64_MAX);
	assert_memory_equal(&c, &empty, sizeof(c));
	curve_put(&c, 3, 400, 500);
	assert_int_equal(c.ended[3], 400);
	assert_int_equal(c.of[3], 500);
}

/* A thousand that began at once: the fast ones come first, and yet nobody
 * takes all for fast. */
static void
who_still_waits_counts_as_far_as_his_age_goes(void **state)
{
	struct curve c = {0};
	struct survival known;
	uint8_t passed;
	int i;

	(void)state;
	for (i = 0; i < 100; i++)
		curve_ends(&c, 0, 10000);
	for (i = 0; i < 300; i++) {
		passed = 0;
		curve_lasts(&c, &passed, 5000);
		curve_lasts(&c, &passed, 15000);
	}
	survival_make(&known, &c, NULL);
	assert_true(near(survival_at(known.s, 14000), 0.75, 0.02));
	assert_int_equal(c.results, 100);
}

/* Whoever is watched from some age on tells nothing of what was before. */
static void
who_is_watched_later_counts_from_then_on(void **state)
{
	struct curve c = {0};
	struct survival known;
	uint8_t passed = curve_passed(60000);
	int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		curve_ends(&c, 0, 10000);
		curve_ends(&c, 0, 100000);
		curve_ends(&c, passed, 100000);
	}
	survival_make(&known, &c, NULL);
	assert_true(near(survival_at(known.s, 50000), 0.5, 0.02));
}

/* By another clock it may have ended before it was seen to last. */
static void
an_end_is_behind_what_was_seen_to_last(void **state)
{
	struct curve c = {0};
	uint8_t passed = 0;
	int i;

	(void)state;
	curve_lasts(&c, &passed, 20000);
	curve_ends(&c, passed, 100);
	for (i = 0; i < CURVE_STEPS; i++)
		assert_true(c.ended[i] <= c.of[i]);
	assert_in_range(curve_percentile(&c, 95), 20000, 30000);
}

/* Its steps were twice as wide: none of the old ones is lost or moved. */
static void
what_an_older_build_kept_is_read(void **state)
{
	int64_t step;

	(void)state;
	for (step = 0; step < CURVE_OLD_STEPS; step++) {
		struct curve c = {0};
		double low =
		    step == 0 ? 0 : 125 * pow(2, (double)(step - 1) / 2);
		double high = 125 * pow(2, (double)step / 2);

		curve_put_old(&c, step, 100);
		assert_int_equal(c.results, 100);
		assert_in_range(curve_percentile(&c, 100), high - 1, high + 1);
		assert_true((double)curve_percentile(&c, 1) > low);
	}
}

/* --- survival ------------------------------------------------------- */

/* Of a lognormal distribution, as even as n values can be. */
static void
add_lognormal(struct curve *c, int n, double median_ms, double sigma)
{
	double low, high, mid, p;
	int i, j;

	for (i = 0; i < n; i++) {
		p = (i + 0.5) / n;
		low = -6;
		high = 6;
		for (j = 0; j < 40; j++) {
			mid = (low + high) / 2;
			if (erfc(-mid / sqrt(2)) / 2 < p)
				low = mid;
			else
				high = mid;
		}
		curve_add(c, (int64_t)(median_ms * exp(sigma * low)));
	}
}

static void
survival_is_that_of_what_was_seen(void **state)
{
	struct curve c = {0};
	struct survival known;
	double age;

	(void)state;
	add_lognormal(&c, 500, 30000, 0.8);
	survival_make(&known, &c, NULL);
	for (age = 5000; age < 200000; age *= 1.3) {
		double want = erfc(log(age / 30000) / 0.8 / sqrt(2)) / 2;

		assert_true(fabs(survival_at(known.seen, age) - want) < 0.01);
		assert_true(fabs(survival_at(known.s, age) - want) < 0.02);
	}
	assert_true(near(survival_quantile(known.seen, 0, 0.5), 30000, 0.05));
	assert_true(near(survival_quantile(known.seen, 30000, 0.5),
	    30000 * exp(0.8 * 0.6745), 0.05));
}

static void
it_falls_from_1_to_0_and_never_rises(void **state)
{
	struct curve c = {0};
	struct survival known;
	double age, last = 1, now;

	(void)state;
	curve_add(&c, 0);
	curve_add(&c, 700);
	curve_add(&c, INT64_MAX);
	survival_make(&known, &c, NULL);
	assert_true(survival_at(known.s, 0) == 1);
	assert_true(survival_at(known.s, -7) == 1);
	for (age = 1; age < 1e9; age *= 1.01) {
		now = survival_at(known.s, age);
		assert_true(now <= last + 1e-12 && now >= 0);
		last = now;
	}
	assert_true(last == 0);
}

/* To the age that reach() finds so much has accrued, and not at any other. */
static void
reach_is_the_inverse_of_accrued(void **state)
{
	struct curve c = {0};
	struct survival known;
	double from, price, to;

	(void)state;
	add_lognormal(&c, 200, 30000, 0.8);
	survival_make(&known, &c, NULL);
	for (from = 0; from < 1e6; from = from * 1.7 + 10) {
		for (price = 1; price < 1e5; price *= 3) {
			to = survival_reach(known.s, from, price);
			assert_true(to > from);
			assert_true(near(
			    survival_accrued(known.s, from, to), price, 0.001));
		}
	}
	assert_true(isinf(survival_reach(known.s, 1e9, 1)));
	assert_true(survival_accrued(known.s, 1e9, 2e9) == 0);
}

/* Nothing is certain: behind all that was seen somebody may still wait. */
static void
behind_what_was_seen_the_times_grow_with_the_age(void **state)
{
	struct curve c = {0};
	struct survival known;
	double age, gap, last = 0;

	(void)state;
	add_lognormal(&c, 200, 30000, 0.2);
	survival_make(&known, &c, NULL);
	assert_true(survival_at(known.seen, 600000) == 0);
	for (age = 600000; age < 4e7; age *= 2) {
		gap = survival_reach(known.s, age, 500) - age;
		assert_true(gap > last && gap < age);
		last = gap;
	}
}

static void
where_few_are_of_a_kind_others_stand_in(void **state)
{
	struct curve cold = {0}, warm = {0};
	struct survival known;
	int i;

	(void)state;
	add_lognormal(&warm, 400, 30000, 0.2);
	survival_make(&known, &cold, &warm);
	assert_true(near(survival_quantile(known.seen, 0, 0.5), 30000, 0.1));
	for (i = 0; i < 10; i++)
		curve_add(&cold, 300000);
	survival_make(&known, &cold, &warm);
	assert_true(survival_at(known.seen, 100000) > 0.1);
	assert_true(survival_at(known.seen, 100000) < 0.9);
	for (i = 0; i < 10; i++)
		curve_add(&cold, 300000);
	survival_make(&known, &cold, &warm);
	assert_true(survival_at(known.seen, 100000) == 1);
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
	    cmocka_unit_test(who_still_waits_counts_as_far_as_his_age_goes),
	    cmocka_unit_test(who_is_watched_later_counts_from_then_on),
	    cmocka_unit_test(an_end_is_behind_what_was_seen_to_last),
	    cmocka_unit_test(what_an_older_build_kept_is_read),
	    cmocka_unit_test(survival_is_that_of_what_was_seen),
	    cmocka_unit_test(it_falls_from_1_to_0_and_never_rises),
	    cmocka_unit_test(reach_is_the_inverse_of_accrued),
	    cmocka_unit_test(behind_what_was_seen_the_times_grow_with_the_age),
	    cmocka_unit_test(where_few_are_of_a_kind_others_stand_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
