/* SPDX-License-Identifier: Apache-2.0 */
/* How endpoints behave: what is learned, what follows, what is kept. */
#include "engine/habit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "tests/support/fake_clock.h"

static const struct plan plan = {
    .start_ms = 500,
    .max_ms = 30000,
    .requests = 20,
};
static struct habit h;

static int
setup(void **state)
{
	(void)state;
	memset(&h, 0, sizeof(h));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	habit_done(&h);
	return 0;
}

static void
results(enum warmth w, int n, int64_t ms)
{
	int i;

	for (i = 0; i < n; i++)
		habit_result(
		    &h, &(struct habit_job){.warmth = w}, ms + i * 10, 100);
}

static void
a_schedule_is_learned_from_20_results_on(void **state)
{
	double price = 0;

	(void)state;
	results(WARMTH_WARM, 19, 30000);
	assert_null(habit_known(&h, WARMTH_WARM, &plan, &price));
	results(WARMTH_WARM, 1, 30000);
	assert_non_null(habit_known(&h, WARMTH_WARM, &plan, &price));
	assert_non_null(habit_known(&h, WARMTH_COLD, &plan, &price));
	assert_true(price > 0);
}

static void
who_wants_none_has_none(void **state)
{
	struct plan none = plan;
	double price;

	(void)state;
	none.requests = 0;
	results(WARMTH_WARM, 100, 30000);
	assert_null(habit_known(&h, WARMTH_WARM, &none, &price));
	none.delay_ms = 1000;
	assert_non_null(habit_known(&h, WARMTH_WARM, &none, &price));
}

static void
a_delay_that_is_wished_for_goes_before_the_requests(void **state)
{
	struct plan wish = plan, many = plan;
	double price, shorter, cheaper;

	(void)state;
	results(WARMTH_WARM, 300, 30000);
	habit_known(&h, WARMTH_WARM, &plan, &price);
	wish.delay_ms = 1000;
	habit_known(&h, WARMTH_WARM, &wish, &shorter);
	wish.requests = 1;
	habit_known(&h, WARMTH_WARM, &wish, &cheaper);
	assert_true(shorter == cheaper);
	many.requests = 3;
	habit_known(&h, WARMTH_WARM, &many, &cheaper);
	assert_true(cheaper > price);
}

static void
a_cold_start_has_a_curve_of_its_own(void **state)
{
	const struct survival *s;
	double price;

	(void)state;
	results(WARMTH_WARM, 100, 30000);
	results(WARMTH_COLD, 50, 240000);
	s = habit_known(&h, WARMTH_COLD, &plan, &price);
	assert_true(survival_at(s->seen, 100000) == 1);
	s = habit_known(&h, WARMTH_WARM, &plan, &price);
	assert_true(survival_at(s->seen, 100000) == 0);
	/* Nobody knows which it is. */
	s = habit_known(&h, WARMTH_UNKNOWN, &plan, &price);
	assert_true(survival_at(s->seen, 100000) > 0.3);
	assert_true(survival_at(s->seen, 100000) < 0.36);
}

static void
an_endpoint_cools_down_in_five_minutes(void **state)
{
	(void)state;
	assert_int_equal(habit_warmth(&h), WARMTH_UNKNOWN);
	results(WARMTH_UNKNOWN, 1, 1000);
	assert_int_equal(habit_warmth(&h), WARMTH_WARM);
	fake_clock_advance(299999);
	assert_int_equal(habit_warmth(&h), WARMTH_WARM);
	fake_clock_advance(1);
	assert_int_equal(habit_warmth(&h), WARMTH_COLD);
	habit_failure(&h);
	assert_int_equal(habit_warmth(&h), WARMTH_WARM);
}

static void
what_changes_is_followed(void **state)
{
	const struct survival *s;
	double price;

	(void)state;
	results(WARMTH_WARM, 500, 30000);
	habit_known(&h, WARMTH_WARM, &plan, &price);
	results(WARMTH_WARM, 1500, 300000);
	s = habit_known(&h, WARMTH_WARM, &plan, &price);
	assert_true(survival_at(s->seen, 200000) > 0.9);
}

static void
the_rarer_failures_are_the_rarer_is_looked_for_them(void **state)
{
	int i;

	(void)state;
	assert_in_range(habit_failure_every(&h), 3, 5);
	results(WARMTH_WARM, 200, 30000);
	assert_int_equal(habit_failure_every(&h), 10);
	for (i = 0; i < 70; i++)
		habit_failure(&h);
	assert_int_equal(habit_failure_every(&h), 2);
	for (i = 0; i < 3000; i++)
		habit_failure(&h);
	assert_int_equal(habit_failure_every(&h), 1);
	for (i = 0; i < 3000; i++)
		results(WARMTH_WARM, 1, 30000);
	assert_int_equal(habit_failure_every(&h), 10);
}

static void
where_much_is_overdue_an_endpoint_is_silent(void **state)
{
	struct habit_job job[12] = {0};
	size_t i;

	(void)state;
	results(WARMTH_WARM, 100, 30000);
	for (i = 0; i < 12; i++)
		habit_waits(&h, &job[i], 10000);
	assert_int_equal(habit_silent_ms(&h), 0);
	habit_waits(&h, &job[0], 40000);
	fake_clock_advance(5000);
	/* That may be chance. */
	assert_int_equal(habit_silent_ms(&h), 0);
	for (i = 1; i < 12; i++)
		habit_waits(&h, &job[i], 40000);
	assert_int_equal(habit_silent_ms(&h), 5000);
	fake_clock_advance(5000);
	assert_int_equal(habit_silent_ms(&h), 10000);
	habit_failure(&h);
	assert_int_equal(habit_silent_ms(&h), 0);
}

static void
where_notifications_come_a_look_is_dearer(void **state)
{
	double without, with;
	int i;

	(void)state;
	results(WARMTH_WARM, 300, 30000);
	habit_known(&h, WARMTH_WARM, &plan, &without);
	assert_true(habit_missed(&h) == 1);
	for (i = 0; i < 100; i++)
		habit_bell(&h, BELL_RANG);
	habit_known(&h, WARMTH_WARM, &plan, &with);
	assert_true(with > 50 * without);
	/* One that does not come counts as much as many that did. */
	habit_bell(&h, BELL_MISSED);
	assert_true(habit_missed(&h) > 0.2);
	for (i = 0; i < 10; i++)
		habit_bell(&h, BELL_MISSED);
	assert_true(habit_missed(&h) > 0.95);
}

static void
sizes_are_known_from_20_on(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 20; i++) {
		assert_int_equal(habit_size_p90(&h), -1);
		results(WARMTH_WARM, 1, 1000);
	}
	assert_in_range(habit_size_p90(&h), 100, 150);
	for (i = 0; i < 5; i++)
		habit_result(&h, &(struct habit_job){0}, 1000, 1 << 20);
	assert_in_range(habit_size_p90(&h), 1 << 20, 3 << 19);
	h.heads_only = true;
	assert_int_equal(habit_size_p90(&h), -1);
}

static void
what_was_kept_is_what_was_known(void **state)
{
	struct habit again = {0};
	struct error err;
	struct json *doc;
	struct jsonw w;
	struct buf b;
	double before, after;
	int i;

	(void)state;
	results(WARMTH_WARM, 100, 30000);
	results(WARMTH_COLD, 50, 240000);
	for (i = 0; i < 40; i++)
		habit_failure(&h);
	for (i = 0; i < 9; i++)
		habit_bell(&h, BELL_RANG);
	buf_init(&b, 16384);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	habit_write(&h, &w);
	jsonw_end(&w, '}');
	assert_int_equal(json_parse(b.data, b.len, &doc, &err), 0);
	habit_read(&again, doc);
	json_free(doc);
	buf_done(&b);
	assert_memory_equal(again.latency, h.latency, sizeof(h.latency));
	assert_memory_equal(&again.sizes, &h.sizes, sizeof(h.sizes));
	assert_int_equal(habit_failure_every(&again), habit_failure_every(&h));
	habit_known(&h, WARMTH_COLD, &plan, &before);
	habit_known(&again, WARMTH_COLD, &plan, &after);
	assert_true(after > before * 0.99 && after < before * 1.01);
	habit_done(&again);
}

static void
latencies_that_an_older_build_kept_are_known(void **state)
{
	static const char kept[] = "{\"latency\":{\"15\":30,\"16\":70}}";
	struct error err;
	struct json *doc;
	double price;

	(void)state;
	assert_int_equal(json_parse(kept, strlen(kept), &doc, &err), 0);
	habit_read(&h, doc);
	json_free(doc);
	assert_int_equal((int)habit_results(&h), 100);
	assert_in_range(habit_p95_ms(&h), 30000, 33000);
	assert_non_null(habit_known(&h, WARMTH_UNKNOWN, &plan, &price));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_schedule_is_learned_from_20_results_on),
	    T(who_wants_none_has_none),
	    T(a_delay_that_is_wished_for_goes_before_the_requests),
	    T(a_cold_start_has_a_curve_of_its_own),
	    T(an_endpoint_cools_down_in_five_minutes),
	    T(what_changes_is_followed),
	    T(the_rarer_failures_are_the_rarer_is_looked_for_them),
	    T(where_much_is_overdue_an_endpoint_is_silent),
	    T(where_notifications_come_a_look_is_dearer),
	    T(sizes_are_known_from_20_on),
	    T(what_was_kept_is_what_was_known),
	    T(latencies_that_an_older_build_kept_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
