/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A schedule that is learned: when is looked, at which places, and how, once an
 * endpoint is known; and what is known over a restart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/core.h"
#include "tests/support/fake_clock.h"
#include "tests/support/flow.h"
#include "tests/support/flow_hook.h"
#include "tests/support/flow_s3.h"

#define PATIENCE ((21600 + 900 + 60) * INT64_C(1000))

static struct flow_s3_fate fate;
static unsigned nth;
static int64_t takes_ms; /* of the last one */

static int
setup(void **state)
{
	fate = (struct flow_s3_fate){.takes_ms = 30000, .size = 77};
	nth = 0;
	return flow_setup(state);
}

static int
teardown(void **state)
{
	flow_s3_end();
	return flow_teardown(state);
}

/* Around the time that is set, between three fourths and four thirds of it. */
static void
spread(struct flow_s3_fate *out, void *arg)
{
	*out = fate;
	(void)arg;
	out->takes_ms = (int64_t)((double)fate.takes_ms *
	    pow(16.0 / 9, (double)(nth++ % 16) / 15 - 0.5));
	takes_ms = out->takes_ms;
}

/* So many results, one after the other. */
static void
learn_from(unsigned n)
{
	unsigned i;

	flow_s3_begin(spread, NULL);
	for (i = 0; i < n; i++) {
		engine_submit(flow.engine, flow_job());
		time_passes(60000 + 2 * fate.takes_ms);
		must_be(JOB_DONE, fate.fails ? OUTCOME_FAILED : OUTCOME_OK);
	}
	flow_s3_clear();
}

static void
submit(void)
{
	engine_submit(flow.engine, flow_job());
	time_passes(0);
	must_be(JOB_PENDING, OUTCOME_NONE);
	flow_s3_clear();
}

/* Nothing in the time before any result came, and then each two seconds or so.
 */
static void
must_know_the_endpoint(void)
{
	submit();
	time_passes(18000);
	assert_in_range(flow_s3.heads, 0, 4);
	time_passes(22000);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_in_range(flow_s3.heads, 5, 30);
	assert_in_range(flow_s3.delay_ms, 0, 2000);
}

static void
an_endpoint_is_known_after_20_results_and_over_a_restart(void **state)
{
	(void)state;
	learn_from(100);
	must_know_the_endpoint();
	restart();
	must_know_the_endpoint();
}

static void
until_then_looks_follow_the_age(void **state)
{
	(void)state;
	learn_from(18);
	submit();
	time_passes(18000);
	assert_in_range(flow_s3.heads, 10, 20);
}

static unsigned
looks_of_jobs(unsigned n)
{
	unsigned i;

	flow_s3_clear();
	for (i = 0; i < n; i++) {
		engine_submit(flow.engine, flow_job());
		time_passes(90000);
	}
	assert_int_equal(flow_s3.found, n);
	return flow_s3.heads;
}

static void
a_job_costs_as_many_looks_as_were_wished_for(void **state)
{
	(void)state;
	learn_from(100);
	flow.policy.plan.requests = 5;
	assert_in_range(looks_of_jobs(32), 32 * 4, 32 * 6);
	flow.policy.plan.requests = 15;
	assert_in_range(looks_of_jobs(32), 32 * 12, 32 * 18);
}

static void
a_delay_that_is_wished_for_is_kept(void **state)
{
	(void)state;
	learn_from(100);
	flow.policy.plan.requests = 1;
	flow.policy.plan.delay_ms = 600;
	looks_of_jobs(64);
	assert_in_range(flow_s3.delay_sum_ms / 64, 450, 750);
	flow.policy.plan.delay_ms = 3000;
	looks_of_jobs(64);
	assert_in_range(flow_s3.delay_sum_ms / 64, 2200, 3800);
}

/* It takes for ever, unlike all before: no two looks are further apart than
 * poll_max, and the last one is at the deadline. */
static void
poll_max_holds_and_the_deadline_is_looked_at(void **state)
{
	int64_t begun, last, at;
	size_t i, first;

	(void)state;
	learn_from(50);
	fate.takes_ms = PATIENCE * 3;
	for (first = 0; peer_seen(first) != NULL; first++)
		continue;
	submit();
	begun = last = on_disk()->submitted_at;
	time_passes(PATIENCE);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
	for (i = first + 1; peer_seen(i) != NULL; i++) {
		at = peer_seen(i)->at;
		assert_in_range(at - last, 0, 30000);
		last = at;
	}
	assert_int_equal(last, begun + PATIENCE);
	/* At both places. */
	assert_true(str_ends(peer_seen(i - 1)->url, "-error.out"));
	assert_int_equal(peer_seen(i - 2)->at, last);
}

/* --- silence -------------------------------------------------------- */

static void
submit_many(unsigned n, int64_t takes)
{
	fate.takes_ms = takes;
	flow_s3_clear();
	for (; n > 0; n--) {
		engine_submit(flow.engine, flow_job());
		time_passes(100);
	}
}

/* A model takes a second and a half, and took a quarter of an hour once. It
 * hangs: each job is looked at some 15 times while the time between two looks
 * grows to poll_max, and then at that. By the curve alone it is 250 times. */
static void
while_an_endpoint_hangs_looks_become_rare(void **state)
{
	(void)state;
	fate.takes_ms = 1500;
	learn_from(100);
	submit_many(1, 900000);
	time_passes(1300000);
	must_be(JOB_DONE, OUTCOME_OK);
	fate.takes_ms = 1500;
	learn_from(40);
	submit_many(50, 600000);
	time_passes(400000);
	assert_int_equal(flow_s3.found, 0);
	assert_in_range(flow_s3.heads, 50 * 15, 50 * 35);
	assert_in_range(flow_s3.failures, 50 * 6, 50 * 35);
	/* It goes on. */
	time_passes(500000);
	assert_int_equal(flow_s3.found, 50);
	assert_true(flow_s3.delay_sum_ms / 50 < 18000);
	fate.takes_ms = 1500;
	learn_from(40);
	submit_many(50, 1500);
	time_passes(60000);
	assert_int_equal(flow_s3.found, 50);
	assert_true(flow_s3.delay_sum_ms / 50 < 1000);
}

/* It was a pause: nobody has backed off further than that was long. */
static void
a_short_silence_costs_a_part_of_it(void **state)
{
	(void)state;
	fate.takes_ms = 1500;
	learn_from(100);
	submit_many(50, 12000);
	time_passes(60000);
	assert_int_equal(flow_s3.found, 50);
	assert_true(flow_s3.delay_sum_ms / 50 < 3000);
}

static void
one_that_never_ends_is_looked_at_seldom(void **state)
{
	(void)state;
	fate.takes_ms = 1500;
	learn_from(100);
	submit_many(1, 4000000);
	time_passes(400000);
	assert_in_range(flow_s3.heads, 15, 35);
}

/* --- failures ------------------------------------------------------- */

static void
where_nothing_fails_few_looks_are_for_failures(void **state)
{
	unsigned looks;

	(void)state;
	learn_from(150);
	flow.policy.plan.requests = 40;
	looks = looks_of_jobs(32);
	assert_in_range(flow_s3.failures, looks / 40, looks / 12);
}

static void
where_all_fails_every_look_is_for_failures(void **state)
{
	(void)state;
	fate.fails = true;
	learn_from(100);
	submit();
	time_passes(90000);
	must_be(JOB_DONE, OUTCOME_FAILED);
	/* And its words are read. */
	assert_int_equal(flow_s3.failures, flow_s3.heads + 1);
}

static void
a_failure_is_found_within_twice_poll_max(void **state)
{
	unsigned i;

	(void)state;
	learn_from(100);
	fate.fails = true;
	flow.policy.plan.max_ms = 10000;
	for (i = 0; i < 40; i++) {
		fate.takes_ms = 4000 * (i + 1);
		submit();
		time_passes(2 * fate.takes_ms + 20000);
		must_be(JOB_DONE, OUTCOME_FAILED);
		assert_in_range(flow_s3.delay_ms, 0, 20000);
	}
}

static void
who_is_rung_for_looks_at_both(void **state)
{
	struct work *w;

	(void)state;
	learn_from(100);
	submit();
	w = work_find(flow.engine, flow.id);
	engine_look_now(w, LOOK_RUNG);
	time_passes(0);
	assert_int_equal(flow_s3.heads, 1);
	assert_int_equal(flow_s3.failures, 1);
	engine_look_now(w, LOOK_LISTED);
	time_passes(0);
	assert_int_equal(flow_s3.heads, 2);
	assert_int_equal(flow_s3.failures, 2);
}

/* --- notifications -------------------------------------------------- */

/* So many jobs, each rung for half a second after its result came. */
static void
ring_for_jobs(unsigned n)
{
	struct work *w;
	unsigned i;

	for (i = 0; i < n; i++) {
		engine_submit(flow.engine, flow_job());
		time_passes(0);
		time_passes(takes_ms + 500);
		w = work_find(flow.engine, flow.id);
		if (w != NULL)
			engine_look_now(w, LOOK_RUNG);
		time_passes(1);
		must_be(JOB_DONE, OUTCOME_OK);
	}
}

static void
where_notifications_come_looks_are_backstops(void **state)
{
	unsigned before, after;

	(void)state;
	learn_from(100);
	before = looks_of_jobs(16);
	ring_for_jobs(120);
	flow_s3_clear();
	ring_for_jobs(16);
	after = flow_s3.heads;
	assert_true(after < before / 2);
	/* They stop: at the latest after poll_max it is found, and then as it
	 * was before. */
	looks_of_jobs(16);
	assert_true(flow_s3.delay_sum_ms / 16 < 15000);
	looks_of_jobs(32);
	assert_in_range(looks_of_jobs(16), before * 3 / 4, before * 3 / 2);
}

/* --- what nobody saw ------------------------------------------------ */

static const struct habit *
habit(void)
{
	return learned_habit(
	    learned_find(flow.engine->learned, "us-east-1", "ocr"));
}

/* It is there when an hour later a process takes it up. */
static void
what_came_while_nobody_looked_teaches_nothing(void **state)
{
	struct curve warm;
	double missed;

	(void)state;
	learn_from(20);
	ring_for_jobs(80);
	restart();
	warm = habit()->latency[0];
	missed = habit_missed(habit());
	assert_in_range(warm.results, 20, 100);
	assert_true(missed < 0.5);
	submit();
	flow_die();
	fake_clock_advance(3600000);
	flow_take_up();
	must_be(JOB_DONE, OUTCOME_OK);
	assert_memory_equal(&habit()->latency[0], &warm, sizeof(warm));
	assert_true(fabs(habit_missed(habit()) - missed) < 0.001);
}

/* And who waits still is counted from then on. */
static void
what_lasted_while_nobody_looked_is_not_counted(void **state)
{
	struct curve warm;

	(void)state;
	learn_from(100);
	restart();
	warm = habit()->latency[0];
	fate.takes_ms = 2 * PATIENCE;
	submit();
	flow_die();
	fake_clock_advance(3600000);
	flow_take_up();
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_memory_equal(&habit()->latency[0], &warm, sizeof(warm));
	time_passes(3600000);
	assert_memory_equal(habit()->latency[0].of, warm.of, 64);
	assert_memory_not_equal(&habit()->latency[0], &warm, sizeof(warm));
}

/* --- GET or HEAD ---------------------------------------------------- */

static void
go_with_hook(void)
{
	engine_submit(flow.engine, hooked_job());
	time_passes(90000);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
hook(struct flow_s3_fate *out, void *arg)
{
	(void)arg;
	*out = fate;
}

static void
what_is_small_and_wanted_is_looked_for_by_get(void **state)
{
	(void)state;
	learn_from(25);
	with_hook(8);
	peer_reply(peer_always("POST", HOOK_URL), 200, "", "");
	flow_s3_begin(hook, NULL);
	go_with_hook();
	assert_int_equal(flow_s3.heads, 0);
	assert_in_range(flow_s3.gets, 3, 30);
	assert_int_equal(on_disk()->result_size, 77);
	assert_string_equal(on_disk()->result_etag, "\"e1\"");
	assert_non_null(on_disk()->result_sha256);
	/* Nobody wants the bytes of this one. */
	flow_s3_clear();
	submit();
	time_passes(90000);
	assert_int_equal(flow_s3.gets, 0);
	assert_in_range(flow_s3.heads, 3, 30);
}

static void
a_larger_one_than_usual_is_broken_off_and_found(void **state)
{
	(void)state;
	learn_from(25);
	with_hook(8);
	peer_reply(peer_always("POST", HOOK_URL), 200, "", "");
	flow_s3_begin(hook, NULL);
	fate.size = 50000000;
	go_with_hook();
	assert_int_equal(flow_s3.heads, 0);
	assert_int_equal(on_disk()->result_size, 50000000);
	assert_string_equal(on_disk()->result_etag, "\"e1\"");
	assert_string_equal(on_disk()->result_type, "text/x-result");
	assert_null(on_disk()->result_sha256);
}

static void
where_results_are_large_heads_ask(void **state)
{
	(void)state;
	fate.size = 50000000;
	learn_from(25);
	with_hook(8);
	peer_reply(peer_always("POST", HOOK_URL), 200, "", "");
	flow_s3_begin(hook, NULL);
	go_with_hook();
	assert_int_equal(flow_s3.gets, 0);
	assert_in_range(flow_s3.heads, 3, 30);
}

/* The 403 of a GET has words: nobody asks for them once more. */
static void
a_get_that_is_refused_needs_no_second_request(void **state)
{
	unsigned before;

	(void)state;
	learn_from(25);
	before = flow.events[ENGINE_LOOKED];
	with_hook(8);
	peer_reply(peer_always("POST", HOOK_URL), 200, "", "");
	flow_s3_begin(hook, NULL);
	flow_s3.denied = true;
	engine_submit(flow.engine, hooked_job());
	time_passes(15000);
	must_be(JOB_PENDING, OUTCOME_NONE);
	time_passes(60000);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(flow_s3.heads, 0);
	assert_int_equal(flow_s3.lists, 0);
	assert_int_equal(flow_s3.gets, flow.events[ENGINE_LOOKED] - before + 1);
	/* Of the outputs' prefix and of the failures'. */
	assert_int_equal(log_lines(" warn ", "s3:ListBucket"), 2);
}

/* Who may not decrypt what is there may see it. */
static void
a_key_that_may_not_be_used_hides_no_result(void **state)
{
	(void)state;
	learn_from(25);
	with_hook(8);
	peer_reply(peer_always("POST", HOOK_URL), 200, "", "");
	flow_s3_begin(hook, NULL);
	flow_s3.no_key = true;
	go_with_hook();
	assert_in_range(flow_s3.gets, 2, 30);
	assert_int_equal(flow_s3.heads, 1);
	assert_int_equal(log_lines(" warn ", "cannot be read"), 1);
	flow_s3_clear();
	go_with_hook();
	assert_int_equal(flow_s3.gets, 1);
	assert_in_range(flow_s3.heads, 2, 30);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(an_endpoint_is_known_after_20_results_and_over_a_restart),
	    T(until_then_looks_follow_the_age),
	    T(a_job_costs_as_many_looks_as_were_wished_for),
	    T(a_delay_that_is_wished_for_is_kept),
	    T(poll_max_holds_and_the_deadline_is_looked_at),
	    T(while_an_endpoint_hangs_looks_become_rare),
	    T(a_short_silence_costs_a_part_of_it),
	    T(one_that_never_ends_is_looked_at_seldom),
	    T(where_nothing_fails_few_looks_are_for_failures),
	    T(where_all_fails_every_look_is_for_failures),
	    T(a_failure_is_found_within_twice_poll_max),
	    T(who_is_rung_for_looks_at_both),
	    T(where_notifications_come_looks_are_backstops),
	    T(what_came_while_nobody_looked_teaches_nothing),
	    T(what_lasted_while_nobody_looked_is_not_counted),
	    T(what_is_small_and_wanted_is_looked_for_by_get),
	    T(a_larger_one_than_usual_is_broken_off_and_found),
	    T(where_results_are_large_heads_ask),
	    T(a_get_that_is_refused_needs_no_second_request),
	    T(a_key_that_may_not_be_used_hides_no_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
