/* SPDX-License-Identifier: Apache-2.0 */
/* When to look: never too soon, never too late, never past the deadline. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "engine/plan.h"

static const struct plan usual = {.start_ms = 500, .max_ms = 30000};
static const double units[] = {0, 0.25, 0.5, 0.75, 0.999999};

static void
the_delay_is_a_share_of_the_age(void **state)
{
	(void)state;
	assert_int_equal(plan_delay_ms(&usual, 0, INT64_MAX, 0.5), 500);
	assert_int_equal(plan_delay_ms(&usual, 1000, INT64_MAX, 0.5), 500);
	assert_int_equal(plan_delay_ms(&usual, 10000, INT64_MAX, 0.5), 3000);
	assert_int_equal(plan_delay_ms(&usual, 60000, INT64_MAX, 0.5), 18000);
}

static void
jitter_spreads_it_by_a_fifth(void **state)
{
	(void)state;
	assert_int_equal(plan_delay_ms(&usual, 10000, INT64_MAX, 0), 2400);
	assert_int_equal(
	    plan_delay_ms(&usual, 10000, INT64_MAX, 0.999999), 3599);
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
				delay =
				    plan_delay_ms(p, age, INT64_MAX, units[j]);
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
	a = plan_delay_ms(&usual, 86400000, INT64_MAX, 0.7);
	b = plan_delay_ms(&usual, 86400000, INT64_MAX, 0.9);
	assert_true(a < b);
}

static void
the_deadline_is_never_passed(void **state)
{
	size_t j;

	(void)state;
	for (j = 0; j < ARRAY_LEN(units); j++) {
		assert_int_equal(
		    plan_delay_ms(&usual, 86400000, 700, units[j]), 700);
		assert_int_equal(plan_delay_ms(&usual, 0, 1, units[j]), 1);
		assert_int_equal(plan_delay_ms(&usual, 0, 0, units[j]), 1);
		assert_int_equal(plan_delay_ms(&usual, 0, -5, units[j]), 1);
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
		    plan_delay_ms(&fixed, 0, INT64_MAX, units[j]), 2000);
		assert_int_equal(
		    plan_delay_ms(&fixed, 86400000, INT64_MAX, units[j]), 2000);
		assert_int_equal(
		    plan_delay_ms(&fixed, 86400000, 1500, units[j]), 1500);
	}
}

static void
a_clock_that_went_back_makes_no_negative_delay(void **state)
{
	(void)state;
	assert_int_equal(plan_delay_ms(&usual, -86400000, INT64_MAX, 0.5), 500);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
