/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deliveries in virtual time, over the real webhook driver: where each attempt
 * is, and what an answer leads to.
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
#include "engine/health.h"
#include "tests/support/fake_random.h"
#include "tests/support/fake_store.h"
#include "tests/support/flow_hook.h"

/* The default schedule without jitter: the fake's unit is 0.5. */
static const int64_t delays[] = {5000, 30000, 120000, 300000, 1800000, 7200000,
    18000000, 36000000, 50400000, 72000000};

/* --- the way ------------------------------------------------------- */

static void
a_result_is_delivered_once_with_its_bytes(void **state)
{
	struct job *job = hooked_job();
	struct delivery *d;

	(void)state;
	with_hook(8);
	reply_accepted(expect_invoke(1), 1);
	found(expect_head(out_url(1)), "4");
	bytes(peer_expect("GET", out_url(1)), "text");
	peer_reply(expect_hook(), 204, "", "");
	flow_submit(job);
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
	delivery_must_be(DELIVERY_DELIVERED, 1);
	assert_non_null(strstr(call(0)->body, "\"result\":\"text\""));
	assert_non_null(strstr(call(0)->body, "\"inference.completed\""));
	assert_string_equal(on_disk()->result_sha256,
	    "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1");
	d = delivery_on_disk();
	assert_int_equal(d->log[0].outcome, ATTEMPT_OK);
	assert_int_equal(d->log[0].status, 204);
	assert_string_equal(d->event, "inference.completed");
	delivery_free(d);
	time_passes(INT64_C(86400000) * 30);
	assert_int_equal(
	    log_lines("delivery=", "from=waiting to=delivered"), 1);
}

static void
a_job_without_targets_is_delivered_to_nobody(void **state)
{
	struct job *job = flow_job();

	(void)state;
	with_hook(8);
	reply_accepted(expect_invoke(1), 1);
	reply_found(expect_head(out_url(1)));
	flow_submit(job);
	time_passes(86400000);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(on_disk()->ndeliveries, 0);
}

static void
a_failure_is_delivered_with_its_words(void **state)
{
	struct job *job = hooked_job();

	(void)state;
	with_hook(8);
	reply_accepted(expect_invoke(1), 1);
	reply_missing(expect_head(out_url(1)));
	found(expect_head(FAILURE_URL), "9");
	bytes(peer_expect("GET", FAILURE_URL), "no paper!");
	peer_reply(expect_hook(), 200, "", "thanks");
	flow_submit(job);
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_non_null(strstr(call(0)->body, "inference.failed"));
	assert_non_null(strstr(call(0)->body, "no paper!"));
	delivery_must_be(DELIVERY_DELIVERED, 1);
}

static void
a_large_result_is_named_and_not_sent(void **state)
{
	struct job *job = hooked_job();

	(void)state;
	with_hook(8);
	reply_accepted(expect_invoke(1), 1);
	found(expect_head(out_url(1)), "20001");
	peer_reply(expect_hook(), 200, "", "");
	flow_submit(job);
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_null(strstr(call(0)->body, "\"result"));
	assert_non_null(strstr(call(0)->body, out_uri(1)));
	assert_non_null(strstr(call(0)->body, "20001"));
}

static void
a_result_that_changes_while_it_is_read_is_read_again(void **state)
{
	struct job *job = hooked_job();

	(void)state;
	with_hook(8);
	reply_accepted(expect_invoke(1), 1);
	found(expect_head(out_url(1)), "4");
	peer_reply(peer_expect("GET", out_url(1)), 412, "",
	    "<Error><Code>PreconditionFailed</Code></Error>");
	reply_missing(expect_head(FAILURE_URL));
	flow_submit(job);
	time_passes(500);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_null(on_disk()->result_location);
	found(expect_head(out_url(1)), "4");
	bytes(peer_expect("GET", out_url(1)), "late");
	peer_reply(expect_hook(), 200, "", "");
	time_passes(600);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_non_null(strstr(call(0)->body, "\"result\":\"late\""));
}

/* --- when it fails ------------------------------------------------- */

static void
an_hour_of_refusals_is_met_where_the_schedule_says(void **state)
{
	struct job *job;
	int64_t at, hour;
	size_t i;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_fail(peer_always("POST", HOOK_URL), ERR_NET, "connection refused",
	    false);
	go(job);
	hour = clock_wall_ms() + 3600000;
	time_passes(3600000);
	/* 0, 5 s, 35 s, 2:35, 7:35, 37:35; the next would be at 2:37:35. */
	assert_int_equal(called_at(5), hour - 3600000 + 2255000);
	assert_int_equal(called_at(6), -1);
	at = called_at(0);
	for (i = 0; i < 5; i++) {
		at += delays[i];
		assert_int_equal(called_at(i + 1), at);
	}
	delivery_must_be(DELIVERY_WAITING, 6);
	peer_reply(expect_hook(), 200, "", "");
	time_passes(7200000);
	delivery_must_be(DELIVERY_DELIVERED, 7);
	assert_int_equal(called_at(6), at + delays[5]);
	for (i = 1; i < 7; i++)
		assert_string_equal(call(i)->body, call(0)->body);
}

static void
the_schedule_ends_and_the_delivery_is_dead(void **state)
{
	struct job *job;
	int64_t at;
	size_t i;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(peer_always("POST", HOOK_URL), 500, "", "no");
	go(job);
	time_passes(INT64_C(86400000) * 10);
	delivery_must_be(DELIVERY_DEAD, 11);
	at = called_at(0);
	for (i = 0; i < 10; i++)
		at += delays[i];
	assert_int_equal(called_at(10), at);
	assert_int_equal(called_at(11), -1);
	assert_int_equal(log_lines("delivery=", "from=waiting to=dead"), 1);
	/* The job itself is what it was. */
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
a_redirect_is_a_failure_and_is_not_followed(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(expect_hook(), 301, "Location: http://elsewhere.test/", "");
	go(job);
	delivery_must_be(DELIVERY_WAITING, 1);
	peer_reply(expect_hook(), 200, "", "");
	time_passes(5000);
	delivery_must_be(DELIVERY_DELIVERED, 2);
}

static void
gone_ends_it_at_once(void **state)
{
	struct job *job;
	struct delivery *d;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(expect_hook(), 410, "", "we moved");
	go(job);
	delivery_must_be(DELIVERY_DEAD, 1);
	d = delivery_on_disk();
	assert_int_equal(d->log[0].status, 410);
	assert_string_equal(d->log[0].response, "we moved");
	delivery_free(d);
	time_passes(INT64_C(86400000) * 10);
	assert_int_equal(called_at(1), -1);
}

static void
retry_after_is_waited_for_within_bounds(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(expect_hook(), 429, "Retry-After: 60", "");
	go(job);
	/* Longer than the 5 s of the schedule. */
	peer_reply(expect_hook(), 503, "Retry-After: 1", "");
	time_passes(60000);
	assert_int_equal(called_at(1), called_at(0) + 60000);
	/* Shorter than its 30 s, which stay. */
	peer_reply(expect_hook(), 429, "Retry-After: 86400", "");
	time_passes(30000);
	assert_int_equal(called_at(2), called_at(1) + 30000);
	/* A day is too much: an hour. */
	peer_reply(expect_hook(), 200, "", "");
	time_passes(3600000);
	assert_int_equal(called_at(3), called_at(2) + 3600000);
	delivery_must_be(DELIVERY_DELIVERED, 4);
}

static void
jitter_spreads_by_a_fifth_to_both_sides(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	fake_random_set_unit(0);
	peer_reply(peer_always("POST", HOOK_URL), 500, "", "");
	go(job);
	time_passes(4000);
	assert_int_equal(called_at(1), called_at(0) + 4000);
	fake_random_set_unit(0.999999);
	time_passes(1);
	time_passes(24000 + 144000);
	/* That of the second failure was drawn with the old unit. */
	assert_int_equal(called_at(2), called_at(1) + 24000);
	assert_in_range(
	    called_at(3), called_at(2) + 143900, called_at(2) + 144000);
}

static void
a_slow_receiver_holds_its_own_lane_only(void **state)
{
	unsigned i;

	(void)state;
	with_hook(2);
	peer_always("POST", HOOK_URL); /* held for ever */
	for (i = 0; i < 5; i++)
		go(scripted_job());
	assert_int_equal(peer_count("POST", HOOK_URL), 2);
}

/* --- replay -------------------------------------------------------- */

static void
replay(void)
{
	struct delivery *d = delivery_on_disk();

	flow.replays += d->state != DELIVERY_WAITING;
	engine_replay(flow.engine, d);
	time_passes(0);
}

static struct peer_step *
expect_replay(const char *attempt)
{
	struct peer_step *s = expect_hook();

	peer_header(s, "webhook-id", flow.delivery);
	peer_header(s, "awaitd-attempt", attempt);
	peer_header(s, "awaitd-replay", "1");
	return s;
}

static void
ignore(const struct error *err, void *arg)
{
	(void)arg;
	assert_null(err);
}

static void
a_dead_delivery_is_replayed_with_its_id_and_bytes(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(expect_hook(), 410, "", "");
	go(job);
	delivery_must_be(DELIVERY_DEAD, 1);
	health_switch(flow.engine, "webhook hook", true, ignore, NULL);
	peer_reply(expect_replay("2"), 200, "", "");
	replay();
	delivery_must_be(DELIVERY_DELIVERED, 2);
	assert_string_equal(call(0)->body, call(1)->body);
}

static void
a_replay_of_what_was_delivered_begins_the_schedule_anew(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(expect_hook(), 200, "", "");
	go(job);
	peer_reply(expect_replay("2"), 500, "", "");
	replay();
	delivery_must_be(DELIVERY_WAITING, 2);
	peer_header(expect_hook(), "awaitd-replay", NULL);
	time_passes(5000);
	assert_int_equal(called_at(2), called_at(1) + 5000);
}

static void
a_replay_of_what_waits_is_made_now(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(expect_hook(), 500, "", "");
	go(job);
	peer_reply(expect_replay("2"), 200, "", "");
	replay();
	delivery_must_be(DELIVERY_DELIVERED, 2);
}

static void
a_replay_in_the_middle_of_an_attempt_is_that_attempt(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(peer_delay(expect_hook(), 2000), 200, "", "");
	go(job);
	replay();
	time_passes(2000);
	delivery_must_be(DELIVERY_DELIVERED, 1);
}

/* --- what is not there --------------------------------------------- */

static void
a_target_that_left_the_configuration_is_waited_for(void **state)
{
	struct job *job = hooked_job();

	(void)state;
	reply_accepted(expect_invoke(1), 1);
	found(expect_head(out_url(1)), "4");
	go(job);
	delivery_must_be(DELIVERY_WAITING, 0);
	time_passes(86400000);
	delivery_must_be(DELIVERY_WAITING, 0);
	assert_int_equal(log_lines("[webhook hook]", NULL), 1);
	with_hook(8);
	peer_reply(expect_hook(), 200, "", "");
	engine_targets_changed(flow.engine);
	time_passes(0);
	delivery_must_be(DELIVERY_DELIVERED, 1);
}

static void
two_targets_get_a_delivery_each(void **state)
{
	struct job *job;
	const struct job *done;

	(void)state;
	with_hook(8);
	job = scripted_job();
	free(job->spec.deliver);
	job->spec.deliver = xstrdup("webhook hook, webhook other");
	peer_reply(expect_hook(), 200, "", "");
	go(job);
	done = on_disk();
	assert_int_equal(done->ndeliveries, 2);
	assert_string_not_equal(
	    done->deliveries[0]->id, done->deliveries[1]->id);
}

static void
waiting_for_a_retry_writes_nothing(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(peer_always("POST", HOOK_URL), 500, "", "");
	go(job);
	time_passes(2255000);
	delivery_must_be(DELIVERY_WAITING, 6);
	flow.replays = 0;
	fake_store_break(flow.store);
	time_passes(7000000);
	assert_int_equal(flow.events[ENGINE_BROKEN], 0);
}

static void
damage(const char *sql)
{
	char path[96];
	sqlite3 *db;

	flow_die();
	snprintf(path, sizeof(path), "%s/state", flow.dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	flow_take_up();
}

static void
a_body_that_was_damaged_is_never_sent(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(expect_hook(), 500, "", "");
	go(job);
	damage("UPDATE delivery_body SET body = x'00'");
	time_passes(86400000);
	assert_int_equal(on_disk()->deliveries[0]->state, DELIVERY_WAITING);
	assert_int_equal(on_disk()->deliveries[0]->attempts, 1);
	assert_int_equal(peer_count("POST", HOOK_URL), 1);
	assert_int_equal(log_lines("set aside", flow.delivery), 1);
	assert_int_equal(flow.events[ENGINE_BROKEN], 0);
}

/* --- cancelling ---------------------------------------------------- */

static void
a_pending_job_is_given_up_and_that_is_delivered(void **state)
{
	struct job *job = hooked_job();

	(void)state;
	with_hook(8);
	reply_accepted(expect_invoke(1), 1);
	peer_reply(expect_hook(), 200, "", "");
	flow_submit(job);
	assert_int_equal(engine_cancel(flow.engine, flow.id), 0);
	time_passes(86400000);
	must_be(JOB_DONE, OUTCOME_CANCELLED);
	assert_non_null(strstr(call(0)->body, "inference.cancelled"));
	assert_int_equal(engine_cancel(flow.engine, flow.id), -1);
	assert_null(engine_find(flow.engine, flow.id));
}

static void
a_submission_under_way_is_broken_off_as_a_doubt(void **state)
{
	struct job *job = flow_job();

	(void)state;
	expect_invoke(1); /* no answer */
	flow_submit(job);
	assert_int_equal(engine_cancel(flow.engine, flow.id), 0);
	time_passes(86400000);
	must_be(JOB_DONE, OUTCOME_CANCELLED);
	assert_int_equal(on_disk()->subs[0].fate, SUB_DOUBT);
}

static void
a_job_that_is_being_written_is_given_up_behind_the_write(void **state)
{
	(void)state;
	engine_submit(flow.engine, flow_job());
	assert_int_equal(engine_cancel(flow.engine, flow.id), 0);
	time_passes(86400000);
	must_be(JOB_DONE, OUTCOME_CANCELLED);
	assert_int_equal(peer_count("POST", "*"), 0);
}

static void
many_jobs_take_turns(void **state)
{
	unsigned i;

	(void)state;
	peer_always("POST", "*"); /* held */
	for (i = 0; i < 300; i++)
		engine_submit(flow.engine, flow_job());
	time_passes(1000);
	assert_int_equal(peer_count("POST", "*"), 256);
	for (i = 0; i < 300; i++)
		if (engine_find(flow.engine, flow.id) != NULL)
			engine_cancel(flow.engine, flow.id);
}

/* The connection had failed, not the receiver; but it may be that, too. */
static void
behind_a_dead_connection_the_next_attempt_is_at_once(void **state)
{
	struct delivery *d;
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_stale(expect_hook());
	peer_reply(expect_hook(), 200, "", "");
	go(job);
	delivery_must_be(DELIVERY_DELIVERED, 2);
	job = scripted_job();
	peer_stale(expect_hook());
	peer_stale(expect_hook());
	go(job);
	time_passes(3900);
	delivery_must_be(DELIVERY_WAITING, 2);
	d = delivery_on_disk();
	assert_int_equal(d->failures, 1);
	delivery_free(d);
	peer_reply(expect_hook(), 200, "", "");
	time_passes(2200);
	delivery_must_be(DELIVERY_DELIVERED, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(a_result_is_delivered_once_with_its_bytes),
	    FLOW_TEST(a_job_without_targets_is_delivered_to_nobody),
	    FLOW_TEST(a_failure_is_delivered_with_its_words),
	    FLOW_TEST(a_large_result_is_named_and_not_sent),
	    FLOW_TEST(a_result_that_changes_while_it_is_read_is_read_again),
	    FLOW_TEST(an_hour_of_refusals_is_met_where_the_schedule_says),
	    FLOW_TEST(the_schedule_ends_and_the_delivery_is_dead),
	    FLOW_TEST(a_redirect_is_a_failure_and_is_not_followed),
	    FLOW_TEST(gone_ends_it_at_once),
	    FLOW_TEST(retry_after_is_waited_for_within_bounds),
	    FLOW_TEST(jitter_spreads_by_a_fifth_to_both_sides),
	    FLOW_TEST(a_slow_receiver_holds_its_own_lane_only),
	    FLOW_TEST(a_dead_delivery_is_replayed_with_its_id_and_bytes),
	    FLOW_TEST(a_replay_of_what_was_delivered_begins_the_schedule_anew),
	    FLOW_TEST(a_replay_of_what_waits_is_made_now),
	    FLOW_TEST(a_replay_in_the_middle_of_an_attempt_is_that_attempt),
	    FLOW_TEST(a_target_that_left_the_configuration_is_waited_for),
	    FLOW_TEST(two_targets_get_a_delivery_each),
	    FLOW_TEST(waiting_for_a_retry_writes_nothing),
	    FLOW_TEST(a_body_that_was_damaged_is_never_sent),
	    FLOW_TEST(a_pending_job_is_given_up_and_that_is_delivered),
	    FLOW_TEST(a_submission_under_way_is_broken_off_as_a_doubt),
	    FLOW_TEST(a_job_that_is_being_written_is_given_up_behind_the_write),
	    FLOW_TEST(behind_a_dead_connection_the_next_attempt_is_at_once),
	    FLOW_TEST(many_jobs_take_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
