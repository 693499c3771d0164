/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deliveries where something is not as it should be: clocks that are set,
 * stores that forget or are damaged, requests and a service's end that come at
 * the wrong moment.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_store.h"
#include "tests/support/flow_hook.h"
#include "tests/support/flow_probe.h"
#include "tests/support/seal.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

/* --- what is on disk changes under us -------------------------------- */

static void
change(const char *sql)
{
	char path[96];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/state", flow.dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_exec(db, "PRAGMA foreign_keys = ON", NULL, NULL, NULL);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(seal(db), SQLITE_OK);
	sqlite3_close(db);
}

static void
change_at_rest(const char *sql)
{
	flow_die();
	change(sql);
	flow_take_up();
}

static void
on_counted(size_t n, const struct error *err, void *arg)
{
	size_t *out = arg;

	assert_null(err);
	*out = n;
}

static void
what_was_forgotten_meanwhile_is_not_replayed(void **state)
{
	const struct store_forget all = {.before_at = INT64_MAX, .limit = 10};
	struct delivery *d;
	struct job *job;
	size_t n = 0;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(expect_hook(), 200, "", "");
	go(job);
	d = delivery_on_disk();
	store_forget(flow.store, &all, on_counted, &n);
	engine_replay(flow.engine, d);
	time_passes(DAY_MS);
	assert_int_equal(n, 1);
	assert_int_equal(flow.events[ENGINE_BROKEN], 0);
	assert_int_equal(peer_count("POST", HOOK_URL), 1);
}

static void
a_damaged_job_holds_nobody_up(void **state)
{
	static const char *const changes[] = {
	    "UPDATE submission SET fate = 9",
	    "UPDATE job SET input = 9",
	};
	unsigned i;

	(void)state;
	with_hook(8);
	for (i = 0; i < ARRAY_LEN(changes); i++) {
		struct job *job = scripted_job();

		peer_reply(expect_hook(), 500, "", "");
		go(job);
		change_at_rest(changes[i]);
		time_passes(DAY_MS);
		assert_int_equal(flow.events[ENGINE_BROKEN], 0);
		assert_int_equal(log_lines("set aside", flow.delivery), 1);
		assert_int_equal(peer_count("POST", HOOK_URL), i + 1);
		change_at_rest("DELETE FROM job");
	}
}

/* The one that is set aside had the lane's only place. */
static void
a_damaged_body_makes_room_for_the_next(void **state)
{
	unsigned i;

	(void)state;
	with_hook(1);
	for (i = 0; i < 2; i++) {
		struct job *job = scripted_job();

		peer_reply(expect_hook(), 500, "", "");
		go(job);
	}
	flow_die();
	change("UPDATE delivery_body SET body = x'00' "
	       "WHERE seq = (SELECT min(seq) FROM delivery)");
	fake_clock_advance(HOUR_MS);
	peer_reply(expect_hook(), 200, "", "");
	flow_take_up();
	time_passes(1000);
	assert_int_equal(log_lines("set aside", NULL), 1);
	delivery_must_be(DELIVERY_DELIVERED, 2);
}

static void
the_same_target_twice_is_one_delivery(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	free(job->spec.deliver);
	job->spec.deliver = xstrdup("webhook hook,webhook hook , webhook hook");
	peer_reply(expect_hook(), 200, "", "");
	go(job);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(on_disk()->ndeliveries, 1);
	delivery_must_be(DELIVERY_DELIVERED, 1);
}

/* --- clocks ---------------------------------------------------------- */

static void
clocks_that_are_set_do_not_move_what_waits(void **state)
{
	static const int64_t jumps[] = {5 * HOUR_MS, -5 * HOUR_MS};
	size_t i;

	(void)state;
	with_hook(8);
	for (i = 0; i < ARRAY_LEN(jumps); i++) {
		struct job *job = scripted_job();

		peer_reply(expect_hook(), 500, "", "");
		go(job);
		time_passes(1000);
		fake_clock_jump(jumps[i]);
		time_passes(3999);
		assert_int_equal(peer_count("POST", HOOK_URL), 2 * i + 1);
		peer_reply(expect_hook(), 200, "", "");
		time_passes(1);
		delivery_must_be(DELIVERY_DELIVERED, 2);
	}
}

/* The clock was years ahead, and was set right while nobody ran. */
static void
a_clock_that_was_ahead_costs_an_hour_at_most(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	fake_clock_jump(3650 * DAY_MS);
	job = scripted_job();
	peer_reply(expect_hook(), 500, "", "");
	go(job);
	flow_die();
	fake_clock_jump(-3650 * DAY_MS);
	flow_take_up();
	peer_reply(expect_hook(), 200, "", "");
	time_passes(HOUR_MS);
	delivery_must_be(DELIVERY_DELIVERED, 2);
}

static bool set_back;

static bool
set_back_behind_done(const char *when, void *arg)
{
	(void)when;
	(void)arg;
	if (set_back && on_disk() != NULL && on_disk()->state == JOB_DONE) {
		set_back = false;
		fake_clock_jump(-5 * HOUR_MS);
	}
	return true;
}

static void
a_clock_set_back_at_the_wrong_moment_holds_nothing_up(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	set_back = true;
	fake_store_watch(flow.store, set_back_behind_done, NULL);
	job = scripted_job();
	peer_reply(expect_hook(), 200, "", "");
	go(job);
	assert_false(set_back);
	delivery_must_be(DELIVERY_DELIVERED, 1);
}

static void
a_senseless_instant_is_none(void **state)
{
	static const char *const changes[] = {
	    "UPDATE delivery SET due_at = 9223372036854775807",
	    "UPDATE delivery SET due_at = -9223372036854775808",
	};
	size_t i;

	(void)state;
	with_hook(8);
	for (i = 0; i < ARRAY_LEN(changes); i++) {
		struct job *job = scripted_job();

		peer_reply(expect_hook(), 500, "", "");
		go(job);
		peer_reply(expect_hook(), 200, "", "");
		change_at_rest(changes[i]);
		time_passes(HOUR_MS);
		delivery_must_be(DELIVERY_DELIVERED, 2);
	}
}

/* A wait that the schedule wants is no mistake, however long. */
static void
a_long_schedule_is_kept_over_a_restart(void **state)
{
	struct job *job;
	int64_t at;
	unsigned i;

	(void)state;
	with_hook(8);
	job = scripted_job();
	for (i = 0; i < 10; i++)
		peer_reply(expect_hook(), 500, "", "");
	go(job);
	time_passes(190000 * INT64_C(1000) - 72000000);
	delivery_must_be(DELIVERY_WAITING, 10);
	at = called_at(9);
	restart();
	time_passes(at + 72000000 - clock_wall_ms() - 1);
	assert_int_equal(called_at(10), -1);
	peer_reply(expect_hook(), 200, "", "");
	time_passes(1);
	delivery_must_be(DELIVERY_DELIVERED, 11);
}

/* Nobody knows its schedule now: it is not early for that. */
static void
a_target_that_comes_back_finds_its_times_kept(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(expect_hook(), 500, "", "");
	go(job);
	flow_die();
	change("UPDATE delivery SET due_at = due_at + 36000000 - 5000, "
	       "failures = 8, attempts = 8");
	change("UPDATE attempt SET n = 8");
	flow.new_world = NULL;
	flow_take_up();
	time_passes(HOUR_MS);
	with_hook(8);
	time_passes(9 * HOUR_MS - 1);
	assert_int_equal(called_at(1), -1);
	peer_reply(expect_hook(), 200, "", "");
	time_passes(1);
	assert_int_equal(called_at(1), called_at(0) + 10 * HOUR_MS);
}

/* --- the end of a service --------------------------------------------- */

static bool stop_now;

/* The attempt is on disk, and nobody knows that yet. */
static bool
stop_behind_the_record(const char *when, void *arg)
{
	(void)arg;
	if (stop_now && str_starts(when, "after") &&
	    on_disk()->ndeliveries > 0 &&
	    on_disk()->deliveries[0]->attempts > 0) {
		stop_now = false;
		engine_stop(flow.engine);
	}
	return true;
}

static void
after_a_stop_no_attempt_is_begun(void **state)
{
	struct job *job = probed_job();

	(void)state;
	with_probe();
	stop_now = true;
	fake_store_watch(flow.store, stop_behind_the_record, NULL);
	reply_accepted(expect_invoke(1), 1);
	found(expect_head(out_url(1)), "4");
	bytes(peer_expect("GET", out_url(1)), "text");
	go(job);
	assert_false(stop_now);
	assert_int_equal(probe.begun, 0);
	delivery_must_be(DELIVERY_WAITING, 1);
	restart();
	time_passes(1000);
	assert_int_equal(probe.begun, 1);
	delivery_must_be(DELIVERY_DELIVERED, 2);
}

static bool
stop_behind_the_intent(const char *when, void *arg)
{
	(void)arg;
	if (str_starts(when, "after") && on_disk()->nsubs > 0)
		engine_stop(flow.engine);
	return true;
}

static void
after_a_stop_no_submission_leaves(void **state)
{
	(void)state;
	fake_store_watch(flow.store, stop_behind_the_intent, NULL);
	flow_submit(flow_job());
	time_passes(DAY_MS);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	/* Nor need the next process doubt it. */
	assert_int_equal(on_disk()->subs[0].fate, SUB_NOT_SENT);
	assert_int_equal(peer_count("POST", INVOKE_URL), 0);
}

/* What is under way when everything is let go of, is let go of once. */
static void
an_engine_that_is_freed_breaks_attempts_off(void **state)
{
	struct job *job = probed_job();

	(void)state;
	with_probe();
	probe.holds = true;
	reply_accepted(expect_invoke(1), 1);
	found(expect_head(out_url(1)), "4");
	bytes(peer_expect("GET", out_url(1)), "text");
	go(job);
	assert_int_equal(engine_busy(flow.engine), 1);
	probe.holds = false;
	restart();
	assert_int_equal(probe.cancelled, 1);
	time_passes(1000);
	delivery_must_be(DELIVERY_DELIVERED, 2);
}

static void
behind_a_drain_attempts_come_to_their_end_and_none_begins(void **state)
{
	struct job *job;

	(void)state;
	with_hook(1);
	job = scripted_job();
	peer_reply(peer_delay(expect_hook(), 2000), 500, "", "");
	go(job);
	job = scripted_job();
	go(job);
	assert_int_equal(engine_busy(flow.engine), 1);
	engine_drain(flow.engine);
	time_passes(DAY_MS);
	assert_int_equal(engine_busy(flow.engine), 0);
	assert_int_equal(peer_count("POST", HOOK_URL), 1);
	assert_int_equal(log_lines("result=failed", NULL), 1);
	/* Of the other nothing was written. */
	delivery_must_be(DELIVERY_WAITING, 0);
}

static void
behind_a_drain_a_submission_comes_to_its_end(void **state)
{
	struct job *job = flow_job();

	(void)state;
	/* This one would be looked for soon. */
	reply_accepted(expect_invoke(1), 1);
	flow_submit(job);
	must_be(JOB_PENDING, OUTCOME_NONE);
	job = flow_job();
	reply_accepted(peer_delay(expect_invoke(1), 2000), 1);
	flow_submit(job);
	engine_drain(flow.engine);
	assert_int_equal(engine_busy(flow.engine), 1);
	time_passes(DAY_MS);
	assert_int_equal(engine_busy(flow.engine), 0);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

/* --- lanes --------------------------------------------------------------- */

static void
a_lane_whose_limit_is_lowered_goes_on(void **state)
{
	unsigned i;

	(void)state;
	with_hook(3);
	peer_reply(
	    peer_delay(peer_always("POST", HOOK_URL), 60000), 200, "", "");
	for (i = 0; i < 6; i++)
		go(scripted_job());
	assert_int_equal(peer_count("POST", HOOK_URL), 3);
	flow.targets[0]->max_in_flight = 1;
	time_passes(57499);
	assert_int_equal(peer_count("POST", HOOK_URL), 3);
	time_passes(3000);
	assert_int_equal(peer_count("POST", HOOK_URL), 4);
	time_passes(60000);
	assert_int_equal(peer_count("POST", HOOK_URL), 5);
	time_passes(180000);
	assert_int_equal(peer_count("POST", HOOK_URL), 6);
	delivery_must_be(DELIVERY_DELIVERED, 1);
}

/* --- giving up ------------------------------------------------------------ */

static bool cancel_now;
static int cancelled;

static bool
cancel_behind_done(const char *when, void *arg)
{
	(void)arg;
	if (cancel_now && str_starts(when, "after") && on_disk() != NULL &&
	    on_disk()->state == JOB_DONE) {
		cancel_now = false;
		cancelled = engine_cancel(flow.engine, flow.id);
	}
	return true;
}

static void
a_job_that_ends_in_this_very_turn_cannot_be_given_up(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	cancel_now = true;
	cancelled = 1;
	fake_store_watch(flow.store, cancel_behind_done, NULL);
	job = scripted_job();
	peer_reply(expect_hook(), 200, "", "");
	go(job);
	assert_int_equal(cancelled, -1);
	must_be(JOB_DONE, OUTCOME_OK);
	delivery_must_be(DELIVERY_DELIVERED, 1);
	assert_int_equal(on_disk()->ndeliveries, 1);
}

static unsigned cancel_at;

static bool
cancel_at_write(const char *when, void *arg)
{
	(void)arg;
	if (cancel_at > 0 && --cancel_at == 0) {
		cancelled = engine_cancel(flow.engine, flow.id);
		/* Twice is once. */
		engine_cancel(flow.engine, flow.id);
	}
	(void)when;
	return true;
}

/* Before and after each write of a job's life: one end, one delivery. */
static void
whenever_it_is_given_up_there_is_one_end(void **state)
{
	unsigned at, ended = 0;

	(void)state;
	with_hook(8);
	for (at = 1; at <= 8; at++) {
		struct job *job = hooked_job();

		peer_reply(peer_always("POST", HOOK_URL), 200, "", "");
		reply_accepted(peer_always("POST", INVOKE_URL), 1);
		found(peer_always("HEAD", out_url(1)), "4");
		bytes(peer_always("GET", out_url(1)), "text");
		cancel_at = at;
		fake_store_watch(flow.store, cancel_at_write, NULL);
		go(job);
		time_passes(DAY_MS);
		assert_int_equal(on_disk()->state, JOB_DONE);
		assert_int_equal(on_disk()->outcome,
		    cancelled == 0 ? OUTCOME_CANCELLED : OUTCOME_OK);
		ended += cancelled == 0;
		assert_int_equal(on_disk()->ndeliveries, 1);
		delivery_must_be(DELIVERY_DELIVERED, 1);
		assert_int_equal(peer_count("POST", HOOK_URL), at);
		/* What was given up before it left does not leave. */
		assert_int_equal(
		    peer_count("POST", INVOKE_URL), at > 4 ? at - 4 : 0);
		assert_int_equal(on_disk()->nsubs, at > 2 ? 1 : 0);
	}
	assert_int_equal(ended, 6);
}

/* --- what is counted, and what is told -------------------------------- */

static void
counters_are_on_disk(void **state)
{
	struct job *job;
	struct delivery *d;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(expect_hook(), 429, "Retry-After: 86400", "");
	go(job);
	d = delivery_on_disk();
	assert_int_equal(d->failures, 1);
	assert_int_equal(d->due_at, called_at(0) + HOUR_MS);
	assert_string_equal(d->note, d->log[0].note);
	assert_int_equal(d->log[0].ended_at, called_at(0));
	delivery_free(d);
	peer_reply(expect_hook(), 200, "", "");
	time_passes(HOUR_MS);
	d = delivery_on_disk();
	assert_int_equal(d->failures, 0);
	assert_null(d->note);
	assert_int_equal(d->replays, 0);
	flow.replays++;
	peer_reply(expect_hook(), 500, "", "");
	engine_replay(flow.engine, d);
	time_passes(0);
	d = delivery_on_disk();
	assert_int_equal(d->replays, 1);
	assert_int_equal(d->failures, 1);
	assert_true(d->log[2].replay);
	delivery_free(d);
}

static void
many_interruptions_wait_an_hour(void **state)
{
	struct job *job;
	int64_t at;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(expect_hook(), 500, "", "");
	go(job);
	flow_die();
	change("UPDATE delivery SET due_at = 0, attempts = 70, "
	       "interruptions = 64");
	change("UPDATE attempt SET n = 70, outcome = 0");
	at = clock_wall_ms();
	flow_take_up();
	time_passes(HOUR_MS - 1);
	assert_int_equal(called_at(1), -1);
	peer_reply(expect_hook(), 200, "", "");
	time_passes(1);
	assert_int_equal(called_at(1), at + HOUR_MS);
}

static void
behind_a_drain_nothing_is_taken_up(void **state)
{
	struct job *job;
	struct delivery *d;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(expect_hook(), 200, "", "");
	go(job);
	d = delivery_on_disk();
	d->state = DELIVERY_WAITING;
	d->due_at = 0;
	engine_drain(flow.engine);
	engine_adopt_delivery(flow.engine, d);
	engine_replay(flow.engine, delivery_on_disk());
	time_passes(DAY_MS);
	delivery_must_be(DELIVERY_DELIVERED, 1);
	assert_int_equal(log_lines("interrupted", NULL), 0);
}

static bool
dies_once(const char *when, void *arg)
{
	bool *alive = arg;
	bool was = *alive;

	*alive |= str_starts(when, "after");
	return was || !*alive;
}

/* Whoever asked for the copy gets it as what it is. */
static void
a_replay_is_one_over_a_crash(void **state)
{
	struct peer_step *s;
	struct job *job;
	bool alive = false;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(expect_hook(), 200, "", "");
	go(job);
	fake_store_watch(flow.store, dies_once, &alive);
	engine_replay(flow.engine, delivery_on_disk());
	time_passes(0);
	delivery_must_be(DELIVERY_WAITING, 1);
	flow_die();
	s = expect_hook();
	peer_header(s, "awaitd-replay", "1");
	flow_take_up();
	restart();
	s = expect_hook();
	peer_header(s, "awaitd-replay", "1");
	peer_reply(s, 500, "", "");
	time_passes(2000);
	s = expect_hook();
	peer_header(s, "awaitd-replay", NULL);
	peer_reply(s, 200, "", "");
	restart();
	time_passes(5000);
	delivery_must_be(DELIVERY_DELIVERED, 4);
}

static void
what_was_set_aside_can_be_asked_for(void **state)
{
	struct delivery *d;
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(expect_hook(), 500, "", "");
	go(job);
	d = delivery_on_disk();
	change_at_rest("UPDATE submission SET fate = 9");
	time_passes(DAY_MS);
	assert_int_equal(log_lines("set aside", NULL), 1);
	engine_replay(flow.engine, d);
	time_passes(0);
	delivery_must_be(DELIVERY_WAITING, 1);
	assert_int_equal(log_lines("set aside", NULL), 2);
	assert_int_equal(log_lines("from=waiting to=waiting", NULL), 0);
}

static bool replay_now;

static bool
replay_behind_the_answer(const char *when, void *arg)
{
	(void)arg;
	if (replay_now && str_starts(when, "before") && called_at(0) != -1) {
		replay_now = false;
		engine_replay(flow.engine, delivery_on_disk());
	}
	return true;
}

/* Its outcome is being written: there is no second one beside it. */
static void
a_replay_at_the_end_of_an_attempt_begins_no_other(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	replay_now = true;
	fake_store_watch(flow.store, replay_behind_the_answer, NULL);
	job = scripted_job();
	peer_reply(expect_hook(), 500, "", "");
	go(job);
	assert_false(replay_now);
	delivery_must_be(DELIVERY_WAITING, 1);
	peer_reply(expect_hook(), 200, "", "");
	time_passes(5000);
	delivery_must_be(DELIVERY_DELIVERED, 2);
}

static void
each_time_a_target_leaves_is_told_once(void **state)
{
	struct target *hook;
	struct job *job;

	(void)state;
	with_hook(8);
	job = hooked_job();
	reply_accepted(expect_invoke(1), 1);
	found(expect_head(out_url(1)), "4");
	hook = flow.targets[0];
	flow.targets[0] = NULL;
	go(job);
	time_passes(600000);
	assert_int_equal(log_lines("[webhook hook]", NULL), 1);
	flow.targets[0] = hook;
	peer_reply(expect_hook(), 500, "", "");
	time_passes(60000);
	flow.targets[0] = NULL;
	time_passes(600000);
	assert_int_equal(log_lines("[webhook hook]", NULL), 2);
	flow.targets[0] = hook;
	peer_reply(expect_hook(), 200, "", "");
	time_passes(60000);
	delivery_must_be(DELIVERY_DELIVERED, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(what_was_forgotten_meanwhile_is_not_replayed),
	    FLOW_TEST(a_damaged_job_holds_nobody_up),
	    FLOW_TEST(a_damaged_body_makes_room_for_the_next),
	    FLOW_TEST(the_same_target_twice_is_one_delivery),
	    FLOW_TEST(clocks_that_are_set_do_not_move_what_waits),
	    FLOW_TEST(a_clock_that_was_ahead_costs_an_hour_at_most),
	    FLOW_TEST(a_clock_set_back_at_the_wrong_moment_holds_nothing_up),
	    FLOW_TEST(a_senseless_instant_is_none),
	    FLOW_TEST(a_long_schedule_is_kept_over_a_restart),
	    FLOW_TEST(a_target_that_comes_back_finds_its_times_kept),
	    FLOW_TEST(after_a_stop_no_attempt_is_begun),
	    FLOW_TEST(after_a_stop_no_submission_leaves),
	    FLOW_TEST(an_engine_that_is_freed_breaks_attempts_off),
	    FLOW_TEST(
		behind_a_drain_attempts_come_to_their_end_and_none_begins),
	    FLOW_TEST(behind_a_drain_a_submission_comes_to_its_end),
	    FLOW_TEST(a_lane_whose_limit_is_lowered_goes_on),
	    FLOW_TEST(a_job_that_ends_in_this_very_turn_cannot_be_given_up),
	    FLOW_TEST(counters_are_on_disk),
	    FLOW_TEST(many_interruptions_wait_an_hour),
	    FLOW_TEST(behind_a_drain_nothing_is_taken_up),
	    FLOW_TEST(a_replay_at_the_end_of_an_attempt_begins_no_other),
	    FLOW_TEST(a_replay_is_one_over_a_crash),
	    FLOW_TEST(what_was_set_aside_can_be_asked_for),
	    FLOW_TEST(each_time_a_target_leaves_is_told_once),
	    FLOW_TEST(whenever_it_is_given_up_there_is_one_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
