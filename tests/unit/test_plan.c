/* SPDX-License-Identifier: Apache-2.0 */
/* When to look: never too soon, never too late, never past the deadline. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>

#include "base/mem.h"
#include "engine/plan.h"

static const struct plan usual = {.start_ms = 500, .max_ms = 30000};
static int64_t
delay_of(const struct plan *plan, int64_t age, int64_t left, double unit)
{
	const struct plan_now now = {
	    .age_ms = age,
	    .left_ms = left,
	    .unit = unit,
	};

	return plan_delay_ms(plan, &now, NULL);
}

static const double units[] = {0, 0.25, 0.5, 0.75, 0.999999};

static void
the_delay_is_a_share_of_the_age(void **state)
{
	(void)state;
	assert_int_equal(delay_of(&usual, 0, INT64_MAX, 0.5), 500);
	assert_int_equal(delay_of(&usual, 1000, INT64_MAX, 0.5), 500);
	assert_int_equal(delay_of(&usual, 10000, INT64_MAX, 0.5), 3000);
	assert_int_equal(delay_of(&usual, 60000, INT64_MAX, 0.5), 18000);
}

static void
jitter_spreads_it_by_a_fifth(void **state)
{
	(void)state;
	assert_int_equal(delay_of(&usual, 10000, INT64_MAX, 0), 2400);
	assert_int_equal(delay_of(&usual, 10000, INT64_MAX, 0.999999), 3599);
}

static void
it_stays_within_its_bounds(void **state)
{
	static const struct plan plans[] = {
	    {.start_ms = 500, .max_ms = 30000},
	    {.start_ms = 50, .max_ms = 50},
	    {.start_ms = 1000, .max_ms = 1100},
	    {.start_ms = 5000, .max_ms = 100},
	};
	int64_t age, delay;
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_LEN(plans); i++) {
		const struct plan *p = &plans[i];
		int64_t least =
		    p->start_ms < p->max_ms ? p->start_ms : p->max_ms;

		for (age = 0; age < INT64_C(1) << 50; age = age * 2 + 1) {
			for (j = 0; j < ARRAY_LEN(units); j++) {
				delay = delay_of(p, age, INT64_MAX, units[j]);
				assert_true(delay <= p->max_ms);
				assert_true(delay >= least * 6 / 10);
			}
		}
	}
}

static void
of_many_waiters_not_half_come_in_one_instant(void **state)
{
	int64_t a, b;

	(void)state;
	a = delay_of(&usual, 86400000, INT64_MAX, 0.7);
	b = delay_of(&usual, 86400000, INT64_MAX, 0.9);
	assert_true(a < b);
}

static void
the_deadline_is_never_passed(void **state)
{
	size_t j;

	(void)state;
	for (j = 0; j < ARRAY_LEN(units); j++) {
		assert_int_equal(
		    delay_of(&usual, 86400000, 700, units[j]), 700);
		assert_int_equal(delay_of(&usual, 0, 1, units[j]), 1);
		assert_int_equal(delay_of(&usual, 0, 0, units[j]), 1);
		assert_int_equal(delay_of(&usual, 0, -5, units[j]), 1);
	}
}

static void
a_fixed_interval_knows_no_age_and_no_jitter(void **state)
{
	struct plan fixed = usual;
	size_t j;

	(void)state;
	fixed.interval_ms = 2000;
	for (j = 0; j < ARRAY_LEN(units); j++) {
		assert_int_equal(
		    delay_of(&fixed, 0, INT64_MAX, units[j]), 2000);
		assert_int_equal(
		    delay_of(&fixed, 86400000, INT64_MAX, units[j]), 2000);
		assert_int_equal(
		    delay_of(&fixed, 86400000, 1500, units[j]), 1500);
	}
}

static void
a_clock_that_went_back_makes_no_negative_delay(void **state)
{
	(void)state;
	assert_int_equal(delay_of(&usual, -86400000, INT64_MAX, 0.5), 500);
}

/* --- learned -------------------------------------------------------- */

struct shape {
	double weight, median_ms, sigma, shift_ms;
};
static const struct shape lognormal[] = {{1, 30000, 0.8, 0}, {0, 0, 0, 0}};
static const struct shape bimodal[] = {
    {0.8, 30000, 0.8, 0}, {0.2, 30000, 0.8, 180000}, {0, 0, 0, 0}};
static const struct shape narrow[] = {{1, 30000, 0.2, 0}, {0, 0, 0, 0}};

/* The exact share that lasts longer. */
static double
survivors(const struct shape *shape, double age)
{
	double sum = 0;

	for (; shape->weight > 0; shape++) {
		double t = age - shape->shift_ms;

		sum += shape->weight *
		    (t <= 0 ? 1
			    : erfc(log(t / shape->median_ms) / shape->sigma /
				  sqrt(2)) /
				2);
	}
	return sum;
}

/* As if endlessly many results had been seen. */
static void
know(const struct shape *shape, struct survival *out)
{
	int i;

	out->end_ms = INFINITY;
	for (i = 0; i <= CURVE_STEPS; i++) {
		double edge = i == 0 ? 0 : 125 * pow(2, (i - 1) / 4.0);

		out->s[i] = out->seen[i] =
		    i == CURVE_STEPS ? 0 : survivors(shape, edge);
	}
}

/* What a schedule costs that follows from `known`, where the truth is `shape`.
 */
static void
cost_of(const struct shape *shape, const struct survival *known, double price,
    struct plan_cost *out)
{
	static const struct plan plan = {
	    .start_ms = 50,
	    .max_ms = 360000,
	    .requests = 1,
	};
	struct plan_now now = {
	    .left_ms = INT64_MAX,
	    .unit = 0.5,
	    .known = known,
	    .price_ms = price,
	};
	double s = 1, then, at, to, mid;

	out->looks = out->delay_ms = 0;
	while (s > 1e-7) {
		at = (double)now.ran_ms;
		now.ran_ms += plan_delay_ms(&plan, &now, NULL);
		to = (double)now.ran_ms;
		out->looks += s;
		for (mid = at; mid < to; mid += 10) {
			then = mid + 10 < to ? mid + 10 : to;
			out->delay_ms += (then - mid) *
			    (s - survivors(shape, (mid + then) / 2));
		}
		s = survivors(shape, to);
	}
}

static bool
near(double a, double b, double share)
{
	return fabs(a - b) <= share * b;
}

/*
 * The rule with the distribution known exactly and time in steps of 0.1 s, in
 * another program: lambda, mean delay in seconds, looks. Here the curve is
 * known at the ends of its steps alone.
 */
static void
delays_and_looks_are_those_of_the_simulation(void **state)
{
	static const struct {
		const struct shape *shape;
		double price_s, delay_s, looks;
	} cases[] = {
	    {lognormal, 0.08, 1.2644, 15.127},
	    {lognormal, 0.3, 2.4477, 8.003},
	    {lognormal, 2.0, 6.6464, 3.292},
	    {bimodal, 0.08, 1.6309, 19.982},
	    {bimodal, 0.3, 3.1868, 10.464},
	    {bimodal, 2.0, 8.5609, 4.253},
	    {narrow, 0.08, 0.6815, 8.016},
	    {narrow, 0.3, 1.3189, 4.225},
	};
	struct survival known;
	struct plan_cost cost;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		know(cases[i].shape, &known);
		cost_of(cases[i].shape, &known, 1000 * cases[i].price_s, &cost);
		assert_true(near(cost.delay_ms, 1000 * cases[i].delay_s, 0.05));
		assert_true(near(cost.looks, cases[i].looks, 0.05));
	}
}

static void
the_price_makes_the_wish_come_true(void **state)
{
	static const struct shape *const shapes[] = {
	    lognormal, bimodal, narrow};
	struct plan plan = {.start_ms = 50, .max_ms = 3600000};
	struct survival known;
	struct plan_cost cost;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(shapes); i++) {
		know(shapes[i], &known);
		for (plan.requests = 3; plan.requests < 50;
		     plan.requests *= 2) {
			plan_cost(
			    &plan, &known, plan_price(&plan, &known), &cost);
			assert_true(near(cost.looks, plan.requests, 0.05));
		}
		plan.requests = 20;
		for (plan.delay_ms = 200; plan.delay_ms < 20000;
		     plan.delay_ms *= 2) {
			plan_cost(
			    &plan, &known, plan_price(&plan, &known), &cost);
			assert_true(
			    near(cost.delay_ms, (double)plan.delay_ms, 0.05));
		}
		plan.delay_ms = 0;
	}
}

/* A wish that cannot be had is as near as the bounds let it. */
static void
a_wish_ends_at_the_bounds(void **state)
{
	struct plan plan = {
	    .start_ms = 2000,
	    .max_ms = 4000,
	    .requests = 1000,
	};
	struct survival known;
	struct plan_cost cost;

	(void)state;
	know(lognormal, &known);
	plan_cost(&plan, &known, plan_price(&plan, &known), &cost);
	assert_true(near(cost.delay_ms, 1000, 0.05));
	plan.requests = 1;
	plan_cost(&plan, &known, plan_price(&plan, &known), &cost);
	assert_true(cost.delay_ms < 2000);
	/* However much is wished, a job costs so many looks and no more. */
	plan.start_ms = plan.delay_ms = 50;
	plan.max_ms = 30000;
	know(bimodal, &known);
	plan_cost(&plan, &known, plan_price(&plan, &known), &cost);
	assert_true(cost.looks < 1100);
}

static void
the_learned_schedule_keeps_the_bounds_and_the_deadline(void **state)
{
	struct plan plan = {
	    .start_ms = 500,
	    .max_ms = 30000,
	    .requests = 20,
	};
	struct survival known;
	struct plan_now now = {.known = &known};
	enum plan_why why;
	int64_t delay;
	size_t j;

	(void)state;
	know(narrow, &known);
	for (now.price_ms = 1; now.price_ms < 1e9; now.price_ms *= 10) {
		for (now.ran_ms = 0; now.ran_ms < INT64_C(1) << 40;
		     now.ran_ms = now.ran_ms * 3 / 2 + 500) {
			for (j = 0; j < ARRAY_LEN(units); j++) {
				now.unit = units[j];
				now.left_ms = INT64_MAX;
				delay = plan_delay_ms(&plan, &now, &why);
				assert_in_range(delay, 500, 30000);
				assert_true(
				    why == PLAN_LEARNED || why == PLAN_LONGEST);
				now.left_ms = 499;
				delay = plan_delay_ms(&plan, &now, &why);
				assert_int_equal(delay, 499);
				assert_int_equal(why, PLAN_END);
			}
		}
	}
	plan.interval_ms = 700;
	now.left_ms = INT64_MAX;
	assert_int_equal(plan_delay_ms(&plan, &now, &why), 700);
	assert_int_equal(why, PLAN_INTERVAL);
}

/* Nothing ends between 40 and 180 seconds there. */
static void
it_waits_through_stretches_in_which_nothing_ends(void **state)
{
	static const struct shape apart[] = {
	    {0.8, 30000, 0.1, 0}, {0.2, 30000, 0.1, 180000}, {0, 0, 0, 0}};
	static const struct plan plan = {.start_ms = 500, .max_ms = 3600000};
	struct survival known;
	struct plan_now now = {
	    .left_ms = INT64_MAX,
	    .known = &known,
	    .price_ms = 300,
	};

	(void)state;
	know(apart, &known);
	now.ran_ms = 30000;
	assert_true(plan_delay_ms(&plan, &now, NULL) < 6000);
	now.ran_ms = 60000;
	assert_true(plan_delay_ms(&plan, &now, NULL) > 100000);
	now.ran_ms = 210000;
	assert_true(plan_delay_ms(&plan, &now, NULL) < 15000);
}

/* Of an endpoint of which `share` fail, at the looks of a schedule: the ages,
 * in seconds, at which the failure is looked for, too. */
static size_t
failure_looks(double share, double price, int ages[], size_t n)
{
	static const struct plan plan = {.start_ms = 500, .max_ms = 30000};
	struct survival known;
	struct plan_now now = {
	    .left_ms = INT64_MAX,
	    .unit = 0.5,
	    .known = &known,
	    .price_ms = price,
	};
	int64_t last = 0;
	size_t i = 0, looks = 0;

	know(lognormal, &known);
	while (i < n) {
		now.ran_ms += plan_delay_ms(&plan, &now, NULL);
		looks++;
		if (!plan_failure_due(&plan, &now, share, now.ran_ms - last))
			continue;
		last = now.ran_ms;
		ages[i++] = (int)(last / 1000);
	}
	return looks;
}

/* The best ages of all, reckoned backwards from the last one in another
 * program (dynamic programming): 29, 49, 70 and 93 s where 1 of 100 fails. */
static void
failures_are_looked_for_when_that_is_worth_as_much(void **state)
{
	int ages[20];

	(void)state;
	failure_looks(0.01, 85, ages, 4);
	assert_in_range(ages[0], 27, 32);
	assert_in_range(ages[1], 46, 53);
	assert_in_range(ages[2], 64, 75);
	assert_in_range(ages[3], 84, 99);
	/* Where all fail no look at the output alone is of use. */
	assert_int_equal(failure_looks(1, 85, ages, 20), 20);
	assert_in_range(failure_looks(0.5, 85, ages, 20), 20, 35);
	/* The least time between two looks makes them no cheaper. */
	failure_looks(0.01, 0.001, ages, 20);
	assert_in_range(ages[19] - ages[0], 19 * 3, 19 * 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_delay_is_a_share_of_the_age),
	    cmocka_unit_test(jitter_spreads_it_by_a_fifth),
	    cmocka_unit_test(it_stays_within_its_bounds),
	    cmocka_unit_test(of_many_waiters_not_half_come_in_one_instant),
	    cmocka_unit_test(the_deadline_is_never_passed),
	    cmocka_unit_test(a_fixed_interval_knows_no_age_and_no_jitter),
	    cmocka_unit_test(a_clock_that_went_back_makes_no_negative_delay),
	    cmocka_unit_test(delays_and_looks_are_those_of_the_simulation),
	    cmocka_unit_test(the_price_makes_the_wish_come_true),
	    cmocka_unit_test(a_wish_ends_at_the_bounds),
	    cmocka_unit_test(
		the_learned_schedule_keeps_the_bounds_and_the_deadline),
	    cmocka_unit_test(it_waits_through_stretches_in_which_nothing_ends),
	    cmocka_unit_test(
		failures_are_looked_for_when_that_is_worth_as_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
