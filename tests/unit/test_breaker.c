/* SPDX-License-Identifier: Apache-2.0 */
/* A breaker, instant by instant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/breaker.h"

static const struct breaker_limits limits = {.failures = 3, .max_ms = 300000};
static struct breaker b;
static int64_t now;

static int
setup(void **state)
{
	(void)state;
	now = 1000000;
	breaker_init(&b, false);
	return 0;
}

static bool
hear(enum breaker_news news, bool probe, int64_t retry_after, double unit)
{
	struct breaker_heard heard = {news, probe, retry_after};

	return breaker_hear(&b, &heard, &limits, now, unit);
}

static void
fail_times(unsigned n)
{
	for (; n > 0; n--)
		hear(BREAKER_FAILED, false, 0, 0.5);
}

/* The rest is over, and the probe fails. How long the next one is. */
static int64_t
probe_fails(int64_t retry_after, double unit)
{
	now = b.until;
	assert_int_equal(breaker_wait_ms(&b, 0, 8, now), 0);
	assert_true(breaker_begin(&b));
	assert_true(hear(BREAKER_FAILED, true, retry_after, unit));
	return b.until - now;
}

static void
it_opens_behind_so_many_failures_in_a_row(void **state)
{
	(void)state;
	fail_times(2);
	hear(BREAKER_ALIVE, false, 0, 0.5);
	fail_times(2);
	assert_int_equal(breaker_wait_ms(&b, 7, 8, now), 0);
	assert_int_equal(breaker_wait_ms(&b, 8, 8, now), -1);
	assert_true(hear(BREAKER_FAILED, false, 0, 0.5));
	assert_int_equal(b.state, BREAKER_OPEN);
	assert_int_equal(breaker_wait_ms(&b, 0, 8, now), 30000);
	/* What was under way says nothing new. */
	assert_false(hear(BREAKER_FAILED, false, 0, 0.5));
	assert_int_equal(breaker_wait_ms(&b, 0, 8, now), 30000);
	assert_int_equal(b.failures, 4);
}

static void
one_probe_and_no_other(void **state)
{
	(void)state;
	fail_times(3);
	assert_int_equal(breaker_wait_ms(&b, 0, 8, now + 29999), 1);
	assert_int_equal(breaker_wait_ms(&b, 0, 8, now + 30000), 0);
	assert_true(breaker_begin(&b));
	assert_int_equal(breaker_wait_ms(&b, 1, 8, now + 30000), -1);
	assert_int_equal(breaker_wait_ms(&b, 0, 8, now + 900000), -1);
	/* Of one that was not the probe nobody hears how it is now. */
	assert_false(hear(BREAKER_FAILED, false, 0, 0.5));
	assert_int_equal(b.state, BREAKER_PROBING);
}

static void
each_rest_is_twice_as_long_up_to_the_longest(void **state)
{
	(void)state;
	fail_times(3);
	assert_int_equal(probe_fails(0, 0.5), 60000);
	assert_int_equal(probe_fails(0, 0.5), 120000);
	assert_int_equal(probe_fails(0, 0.5), 240000);
	assert_int_equal(probe_fails(0, 0.5), 300000);
	assert_int_equal(probe_fails(0, 0), 240000);
	assert_int_equal(probe_fails(0, 0.999999), 300000);
}

static void
a_hundred_rests_are_no_longer_than_ten(void **state)
{
	int i;

	(void)state;
	fail_times(3);
	for (i = 0; i < 100; i++)
		probe_fails(0, 0.5);
	assert_int_equal(probe_fails(0, 0.5), 300000);
}

static void
what_the_receiver_wishes_is_kept_up_to_an_hour(void **state)
{
	(void)state;
	fail_times(3);
	assert_int_equal(probe_fails(10, 0.5), 60000);
	assert_int_equal(probe_fails(1000000, 0.5), 1000000);
	assert_int_equal(probe_fails(INT64_MAX, 0.5), 3600000);
}

static void
behind_an_answer_it_begins_anew_and_gently(void **state)
{
	unsigned i;

	(void)state;
	fail_times(3);
	probe_fails(0, 0.5);
	now = b.until;
	assert_true(breaker_begin(&b));
	assert_true(hear(BREAKER_ALIVE, true, 0, 0.5));
	assert_int_equal(b.state, BREAKER_CLOSED);
	assert_int_equal(breaker_wait_ms(&b, 1, 8, now), 0);
	assert_int_equal(breaker_wait_ms(&b, 2, 8, now), -1);
	for (i = 0; i < 2; i++)
		assert_false(hear(BREAKER_ALIVE, false, 0, 0.5));
	assert_int_equal(breaker_wait_ms(&b, 3, 8, now), 0);
	assert_int_equal(breaker_wait_ms(&b, 4, 8, now), -1);
	/* One failure: one at a time again. */
	fail_times(1);
	assert_int_equal(breaker_wait_ms(&b, 0, 8, now), 0);
	assert_int_equal(breaker_wait_ms(&b, 1, 8, now), -1);
	for (i = 0; i < 2000; i++)
		hear(BREAKER_ALIVE, false, 0, 0.5);
	assert_int_equal(breaker_wait_ms(&b, 999, 1000, now), 0);
	/* And its first rest is a short one. */
	fail_times(3);
	assert_int_equal(b.until - now, 30000);
}

static void
a_probe_that_came_to_nothing_is_made_again(void **state)
{
	(void)state;
	fail_times(3);
	now = b.until;
	assert_true(breaker_begin(&b));
	assert_false(hear(BREAKER_NOTHING, true, 0, 0.5));
	assert_int_equal(b.state, BREAKER_OPEN);
	assert_int_equal(b.until - now, 1000);
	assert_int_equal(probe_fails(0, 0.5), 60000);
}

static void
a_late_answer_closes_it_too(void **state)
{
	(void)state;
	fail_times(3);
	assert_true(hear(BREAKER_ALIVE, false, 0, 0.5));
	assert_int_equal(b.state, BREAKER_CLOSED);
}

static void
without_a_bound_it_never_opens(void **state)
{
	struct breaker_limits none = {.failures = 0, .max_ms = 300000};
	struct breaker_heard heard = {BREAKER_FAILED, false, 0};
	unsigned i;

	(void)state;
	for (i = 0; i < 10000; i++)
		assert_false(breaker_hear(&b, &heard, &none, now, 0.5));
	assert_int_equal(breaker_wait_ms(&b, 7, 8, now), 0);
}

static void
a_short_longest_rest_is_the_first_one_too(void **state)
{
	struct breaker_limits brief = {.failures = 1, .max_ms = 2000};
	struct breaker_heard heard = {BREAKER_FAILED, false, 0};

	(void)state;
	assert_true(breaker_hear(&b, &heard, &brief, now, 0.5));
	assert_int_equal(b.until - now, 2000);
}

static void
what_is_recalled_is_brought_within_bounds(void **state)
{
	(void)state;
	breaker_recall(&b, -5, -5, now);
	assert_int_equal(b.until, now);
	assert_int_equal(b.rests, 1);
	breaker_recall(&b, INT64_MAX, INT64_MAX, now);
	assert_int_equal(b.until - now, 86400000);
	assert_int_equal(b.state, BREAKER_OPEN);
	assert_int_equal(probe_fails(0, 0.5), 300000);
}

#define T(f) cmocka_unit_test_setup(f, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(it_opens_behind_so_many_failures_in_a_row),
	    T(one_probe_and_no_other),
	    T(each_rest_is_twice_as_long_up_to_the_longest),
	    T(a_hundred_rests_are_no_longer_than_ten),
	    T(what_the_receiver_wishes_is_kept_up_to_an_hour),
	    T(behind_an_answer_it_begins_anew_and_gently),
	    T(a_probe_that_came_to_nothing_is_made_again),
	    T(a_late_answer_closes_it_too),
	    T(without_a_bound_it_never_opens),
	    T(a_short_longest_rest_is_the_first_one_too),
	    T(what_is_recalled_is_brought_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
