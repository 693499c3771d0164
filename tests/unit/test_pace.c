/* SPDX-License-Identifier: Apache-2.0 */
/* How fast a peer is asked, in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/pace.h"

/* As many as are let through in so long, asked for each millisecond. */
static int
goes(struct pace *p, int64_t *now, int64_t ms)
{
	int64_t end = *now + ms;
	int n = 0;

	for (; *now < end; ++*now) {
		while (pace_wait_ms(p, *now) == 0) {
			pace_sent(p, *now);
			n++;
		}
	}
	return n;
}

static void
no_more_go_than_were_wanted(void **state)
{
	struct pace p;
	int64_t now = 1000;

	(void)state;
	pace_init(&p, 1000, now);
	assert_in_range(goes(&p, &now, 10000), 9990, 10110);
	/* Nothing is saved up but a small burst. */
	now += 3600000;
	assert_in_range(goes(&p, &now, 1), 100, 101);
}

static void
a_slow_one_goes_too(void **state)
{
	struct pace p;
	int64_t now = 0, wait;

	(void)state;
	pace_init(&p, 1, now);
	assert_int_equal(pace_wait_ms(&p, now), 0);
	pace_sent(&p, now);
	wait = pace_wait_ms(&p, now);
	assert_int_equal(wait, 1000);
	assert_int_equal(pace_wait_ms(&p, now + wait), 0);
}

static void
too_much_halves_it_once_a_second(void **state)
{
	struct pace p;
	int64_t now = 0;
	int i;

	(void)state;
	pace_init(&p, 1000, now);
	assert_true(pace_slow_down(&p, now));
	for (i = 0; i < 50; i++)
		assert_false(pace_slow_down(&p, now + i));
	assert_in_range(pace_rate(&p, now + 100), 500, 502);
	assert_in_range(goes(&p, &now, 1000), 490, 510);
	assert_true(pace_slow_down(&p, now));
	assert_in_range(pace_rate(&p, now), 250, 260);
	for (i = 0; i < 40; i++)
		pace_slow_down(&p, now += 1000);
	assert_in_range(pace_rate(&p, now), 1, 12);
}

static void
it_comes_back_slowly_and_no_further(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p, 1000, 0);
	pace_slow_down(&p, 0);
	assert_in_range(pace_rate(&p, 10000), 595, 605);
	assert_in_range(pace_rate(&p, 49000), 985, 995);
	assert_int_equal(pace_rate(&p, 60000), 1000);
	assert_int_equal(pace_rate(&p, 600000), 1000);
}

static void
what_was_not_asked_for_is_owed_but_not_for_ever(void **state)
{
	struct pace p;
	int i;

	(void)state;
	pace_init(&p, 100, 0);
	for (i = 0; i < 60; i++)
		pace_sent(&p, 0);
	assert_int_equal(pace_wait_ms(&p, 0), 510);
	for (i = 0; i < 6000; i++)
		pace_sent(&p, 0);
	assert_int_equal(pace_wait_ms(&p, 0), 1010);
}

static void
another_wish_keeps_what_was_found_out(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p, 1000, 0);
	pace_set(&p, 2000, 0);
	assert_int_equal(pace_rate(&p, 0), 2000);
	pace_slow_down(&p, 0);
	pace_set(&p, 4000, 0);
	assert_int_equal(pace_rate(&p, 0), 1000);
	pace_set(&p, 10, 0);
	assert_int_equal(pace_rate(&p, 0), 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_more_go_than_were_wanted),
	    cmocka_unit_test(a_slow_one_goes_too),
	    cmocka_unit_test(too_much_halves_it_once_a_second),
	    cmocka_unit_test(it_comes_back_slowly_and_no_further),
	    cmocka_unit_test(what_was_not_asked_for_is_owed_but_not_for_ever),
	    cmocka_unit_test(another_wish_keeps_what_was_found_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
