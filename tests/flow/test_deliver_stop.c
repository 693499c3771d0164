/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stop whose time is up: what is under way is broken off and written down as
 * what it was, so that the next process finds nothing open, and none of it
 * counts against the delivery.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "tests/support/fake_store.h"
#include "tests/support/flow_hook.h"
#include "tests/support/flow_probe.h"

#define DAY_MS INT64_C(86400000)
#define CUT_SHORT "awaitd ended while it was under way"

static void
stop(void)
{
	engine_drain(flow.engine);
	engine_break_off(flow.engine);
	time_passes(0);
	assert_int_equal(engine_busy(flow.engine), 0);
}

/* The last delivery's attempt n, as it is on disk. */
static void
attempt_must_be(
    unsigned n, enum attempt_outcome outcome, const char *note_holds)
{
	struct delivery *d = delivery_on_disk();

	assert_int_equal(d->state, DELIVERY_WAITING);
	assert_int_equal(d->nlog, n);
	assert_string_equal(attempt_outcome_name(d->log[n - 1].outcome),
	    attempt_outcome_name(outcome));
	assert_non_null(strstr(d->log[n - 1].note, note_holds));
	assert_string_equal(d->log[n - 1].error_class, "stopped");
	assert_int_not_equal(d->log[n - 1].ended_at, 0);
	assert_int_equal(d->interruptions, 0);
	assert_int_equal(d->failures, 0);
	assert_int_equal(d->due_at, clock_wall_ms() + 1000);
	delivery_free(d);
}

static void
an_attempt_that_a_stop_ends_says_so_and_goes_again_soon(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	expect_hook(); /* no answer */
	go(job);
	stop();
	attempt_must_be(1, ATTEMPT_INTERRUPTED, "ended by a stop of awaitd");
	restart();
	assert_int_equal(log_lines("result=interrupted", NULL), 1);
	peer_reply(expect_hook(), 200, "", "");
	time_passes(1000);
	delivery_must_be(DELIVERY_DELIVERED, 2);
	assert_string_equal(call(0)->body, call(1)->body);
}

static void
what_was_not_sent_yet_is_no_interruption(void **state)
{
	struct job *job;

	(void)state;
	with_probe();
	job = probed_job();
	reply_accepted(expect_invoke(1), 1);
	found(expect_head(out_url(1)), "70000");
	peer_expect("GET", out_url(1)); /* of the attempt; no answer */
	go(job);
	stop();
	attempt_must_be(1, ATTEMPT_FAILED, "stopped before it was sent");
	assert_int_equal(probe.begun, 0);
	assert_int_equal(probe.cancelled, 0);
}

static bool stop_now;

static bool
stop_at_the_record(const char *when, void *arg)
{
	const struct job *job = on_disk();

	if (stop_now && str_starts(when, arg) && job != NULL &&
	    job->ndeliveries > 0 &&
	    (str_starts(when, "before") || job->deliveries[0]->attempts > 0)) {
		stop_now = false;
		engine_drain(flow.engine);
		engine_break_off(flow.engine);
	}
	return true;
}

/* Before it is on disk, or between that and the word of it. */
static void
an_attempt_that_was_only_written_down_does_not_leave(void **state)
{
	static char *const whens[] = {"before", "after"};
	struct job *job;
	size_t i;

	(void)state;
	with_probe();
	for (i = 0; i < ARRAY_LEN(whens); i++) {
		job = probed_job();
		stop_now = true;
		fake_store_watch(flow.store, stop_at_the_record, whens[i]);
		reply_accepted(expect_invoke(1), 1);
		found(expect_head(out_url(1)), "4");
		bytes(peer_expect("GET", out_url(1)), "text");
		go(job);
		assert_false(stop_now);
		assert_int_equal(engine_busy(flow.engine), 0);
		assert_int_equal(probe.begun, i);
		attempt_must_be(
		    1, ATTEMPT_FAILED, "stopped before it was sent");
		restart();
		time_passes(1000);
		assert_int_equal(probe.begun, i + 1);
		delivery_must_be(DELIVERY_DELIVERED, 2);
	}
}

static bool
stop_behind_the_answer(const char *when, void *arg)
{
	(void)arg;
	if (stop_now && str_starts(when, "before") && called_at(0) != -1) {
		stop_now = false;
		engine_drain(flow.engine);
		engine_break_off(flow.engine);
	}
	return true;
}

static void
an_attempt_whose_end_is_being_written_has_that_end(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	stop_now = true;
	fake_store_watch(flow.store, stop_behind_the_answer, NULL);
	job = scripted_job();
	peer_reply(expect_hook(), 200, "", "");
	go(job);
	assert_false(stop_now);
	delivery_must_be(DELIVERY_DELIVERED, 1);
	assert_int_equal(log_lines("result=interrupted", NULL), 0);
}

static void
a_replay_that_a_stop_ends_is_one_again(void **state)
{
	struct peer_step *s;
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(expect_hook(), 200, "", "");
	go(job);
	expect_hook(); /* no answer */
	flow.replays++;
	engine_replay(flow.engine, delivery_on_disk());
	time_passes(0);
	stop();
	restart();
	s = expect_hook();
	peer_header(s, "awaitd-replay", "1");
	peer_reply(s, 200, "", "");
	time_passes(1000);
	delivery_must_be(DELIVERY_DELIVERED, 3);
}

/* A store that is closed at once, as behind a second signal, has it all. */
static void
a_stop_that_waits_for_nothing_leaves_nothing_open(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	expect_hook(); /* no answer */
	go(job);
	flow_stop();
	flow_take_up();
	assert_int_equal(log_lines("result=interrupted", NULL), 1);
	attempt_must_be(1, ATTEMPT_INTERRUPTED, "ended by a stop of awaitd");
	peer_reply(expect_hook(), 200, "", "");
	time_passes(1000);
	delivery_must_be(DELIVERY_DELIVERED, 2);
}

/* --- under load ------------------------------------------------------ */

static int64_t
some_ms(unsigned max)
{
	unsigned n;

	random_bytes(&n, sizeof(n));
	return n % max;
}

static void
a_hundred_stops_under_load_leave_nothing_interrupted(void **state)
{
	struct engine_counts now;
	unsigned i, round, ended_by_stops;

	(void)state;
	with_hook(3);
	results_at_once();
	peer_reply(peer_delay(peer_always("POST", HOOK_URL), 300), 200, "", "");
	for (round = 0; round < 100; round++) {
		for (i = 0; i < 4; i++)
			engine_submit(flow.engine, hooked_job());
		time_passes(some_ms(1200));
		engine_drain(flow.engine);
		time_passes(some_ms(200));
		stop();
		restart();
	}
	/* Each process took up what the one before had. */
	assert_int_equal(log_lines(CUT_SHORT, NULL), 0);
	ended_by_stops = log_lines("ended by a stop", "result=interrupted");
	assert_in_range(ended_by_stops, 30, 400);
	assert_int_equal(log_lines("result=interrupted", NULL), ended_by_stops);
	time_passes(DAY_MS);
	engine_count(flow.engine, &now);
	assert_int_equal(now.waiting, 0);
	assert_int_equal(now.queued + now.pending, 0);
	assert_int_equal(log_lines("delivery=", "to=delivered"), 400);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(an_attempt_that_a_stop_ends_says_so_and_goes_again_soon),
	    FLOW_TEST(what_was_not_sent_yet_is_no_interruption),
	    FLOW_TEST(an_attempt_that_was_only_written_down_does_not_leave),
	    FLOW_TEST(an_attempt_whose_end_is_being_written_has_that_end),
	    FLOW_TEST(a_replay_that_a_stop_ends_is_one_again),
	    FLOW_TEST(a_stop_that_waits_for_nothing_leaves_nothing_open),
	    FLOW_TEST(a_hundred_stops_under_load_leave_nothing_interrupted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
