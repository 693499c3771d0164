/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doubts where a second run must not be (duplicates = avoid): nothing is sent
 * again before the first request must be dead, whatever happens to clocks and
 * machines; and how long others wait.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_store.h"
#include "tests/support/flow.h"
#include "tests/support/seal.h"

#define GRACE 30000
#define DAY INT64_C(86400000)
/* RequestTTLSeconds 60, InvocationTimeoutSeconds 30, and a minute. */
#define DEAD 150000

static struct job *
careful_job(void)
{
	struct job *job = flow_job();

	job->spec.avoid_duplicates = true;
	job->spec.request_ttl_s = 60;
	job->spec.invocation_timeout_s = 30;
	return job;
}

static void
lose_reply(struct job *job, unsigned n)
{
	peer_fail(expect_invoke(n), ERR_NET, "connection reset", true);
	if (job != NULL)
		flow_submit(job);
}

static void
nothing_is_sent_before_the_first_must_be_dead(void **state)
{
	struct job *job = careful_job();
	size_t looks;

	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	lose_reply(job, 1);
	time_passes(DEAD - 1);
	assert_int_equal(peer_count("POST", "*"), 1);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	looks = peer_count("HEAD", "*");
	reply_accepted(expect_invoke(2), 2);
	time_passes(1);
	/* The last look is behind that instant. */
	assert_int_equal(peer_count("HEAD", "*"), looks + 1);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

static void
the_service_s_own_limits_count_where_none_were_given(void **state)
{
	struct job *job = careful_job();

	(void)state;
	job->spec.request_ttl_s = 0;
	job->spec.invocation_timeout_s = 0;
	reply_missing(peer_always("HEAD", "*"));
	lose_reply(job, 1);
	time_passes((21600 + 900 + 60) * INT64_C(1000) - 1);
	assert_int_equal(peer_count("POST", "*"), 1);
	reply_accepted(expect_invoke(2), 2);
	time_passes(1);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

static void
its_result_is_taken_meanwhile(void **state)
{
	struct job *job = careful_job();

	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	lose_reply(job, 1);
	time_passes(DEAD - 1);
	reply_found(expect_head(out_url(1)));
	time_passes(1);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(peer_count("POST", "*"), 1);
}

/* A look that began before that instant proves nothing behind it. */
static void
a_slow_look_is_made_again(void **state)
{
	struct job *job = careful_job();
	size_t looks;

	(void)state;
	flow.policy.plan.interval_ms = DEAD - 1000;
	reply_missing(peer_always("HEAD", "*"));
	lose_reply(job, 1);
	time_passes(DEAD - 1000);
	looks = peer_count("HEAD", "*");
	peer_delay(reply_missing(expect_head(out_url(1))), 5000);
	time_passes(1000);
	assert_int_equal(peer_count("HEAD", "*"), looks + 1);
	reply_found(expect_head(out_url(1)));
	time_passes(5000);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(peer_count("POST", "*"), 1);
}

/* Its end comes long before the first must be dead, over a restart, too. */
static void
the_job_s_deadline_is_put_off_behind_that(void **state)
{
	struct job *job = careful_job();
	size_t looks;

	(void)state;
	job->deadline_at = job->created_at + 10000;
	reply_missing(peer_always("HEAD", "*"));
	lose_reply(job, 1);
	assert_true(on_disk()->deadline_at > clock_wall_ms() + DEAD);
	time_passes(DEAD / 2);
	restart();
	time_passes(DEAD / 2 - 1);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	looks = peer_count("HEAD", "*");
	reply_accepted(expect_invoke(2), 2);
	time_passes(1);
	assert_int_equal(peer_count("HEAD", "*"), looks + 1);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

static void
so_it_is_for_an_intent_that_a_crash_left(void **state)
{
	struct job *job = careful_job();

	(void)state;
	job->deadline_at = job->created_at + 10000;
	reply_missing(peer_always("HEAD", "*"));
	expect_invoke(1);
	flow_submit(job);
	restart();
	time_passes(DEAD - 1);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	reply_accepted(expect_invoke(2), 2);
	time_passes(1);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

/* It is put off for another try, and not for ever. */
static void
and_no_longer_than_another_try_takes(void **state)
{
	struct job *job = careful_job();

	(void)state;
	job->deadline_at = job->created_at + 10000;
	reply_missing(peer_always("HEAD", "*"));
	lose_reply(job, 1);
	time_passes(DEAD - 1);
	peer_fail(peer_always("POST", "*"), ERR_NET, "no route", false);
	time_passes(60000);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	time_passes(1800000);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
}

static void
a_clock_that_is_set_hastens_and_delays_nothing(void **state)
{
	struct job *job = careful_job();

	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	lose_reply(job, 1);
	fake_clock_jump(30 * DAY);
	time_passes(DEAD / 2);
	fake_clock_jump(-60 * DAY);
	time_passes(DEAD / 2 - 1);
	assert_int_equal(peer_count("POST", "*"), 1);
	reply_accepted(expect_invoke(2), 2);
	time_passes(1);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

static void
nor_does_a_restart_behind_one(void **state)
{
	struct job *job = careful_job();

	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	lose_reply(job, 1);
	time_passes(DEAD / 2);
	fake_clock_jump(30 * DAY);
	restart();
	time_passes(DEAD / 2 - 1);
	assert_int_equal(peer_count("POST", "*"), 1);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	reply_accepted(expect_invoke(2), 2);
	time_passes(1);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

/* The wall clock tells how long it was off; then again both do. */
static void
nor_does_a_reboot_and_a_clock_that_is_set_then(void **state)
{
	struct job *job = careful_job();

	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	expect_invoke(1);
	flow_submit(job);
	time_passes(1000);
	flow_die();
	fake_clock_advance(20000);
	fake_clock_reboot();
	flow_take_up();
	assert_int_equal(on_disk()->subs[0].fate, SUB_DOUBT);
	fake_clock_jump(-30 * DAY);
	time_passes(DEAD - 21000 - 1);
	assert_int_equal(peer_count("POST", "*"), 1);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	reply_accepted(expect_invoke(2), 2);
	time_passes(1);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

/* A second submission, as a clock that was set back may have left it: so much
 * before the first one. */
static void
add_second(enum submission_fate fate, int64_t earlier_ms)
{
	char *sql = xasprintf("CREATE TEMP TABLE s AS SELECT * FROM submission;"
			      "UPDATE s SET n = 2, fate = %d, note = 'no',"
			      " intent_at = intent_at - %" PRId64 ","
			      " intent_mono = intent_mono - %" PRId64 ";"
			      "INSERT INTO submission SELECT * FROM s;"
			      "UPDATE job_state SET subs = 2",
	    (int)fate, earlier_ms, earlier_ms);
	char path[96];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/state", flow.dir);
	flow_die();
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(seal(db), SQLITE_OK);
	sqlite3_close(db);
	free(sql);
	flow_take_up();
}

static void
all_of_them_must_be_dead(void **state)
{
	struct job *job = careful_job();

	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	lose_reply(job, 1);
	add_second(SUB_DOUBT, 100000);
	time_passes(DEAD - 1);
	assert_int_equal(peer_count("POST", "*"), 1);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	reply_accepted(expect_invoke(3), 3);
	time_passes(1);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

static void
a_refusal_waits_until_the_other_must_be_dead(void **state)
{
	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	lose_reply(careful_job(), 1);
	add_second(SUB_REFUSED, 0);
	time_passes(DEAD - 1);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	time_passes(1);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_code, "refused");
	assert_int_equal(peer_count("POST", "*"), 1);
}

static void
five_doubts_end_it_with_an_alarm(void **state)
{
	struct job *job = careful_job();
	unsigned n;

	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	lose_reply(job, 1);
	for (n = 2; n <= 5; n++) {
		lose_reply(NULL, n);
		time_passes(DEAD);
	}
	must_be(JOB_QUEUED, OUTCOME_NONE);
	time_passes(DEAD);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_code, "in-doubt");
	assert_int_equal(log_lines(" error ", "alarm=in-doubt"), 1);
	assert_int_equal(log_lines(" error ", flow.id), 1);
	time_passes(DAY);
	assert_int_equal(peer_count("POST", "*"), 5);
}

/* An intent that the disk held back for long says nothing of when it left. */
static bool
slow_write(const char *when, void *arg)
{
	const struct job *job = on_disk();

	(void)arg;
	if (*when == 'b' && job != NULL && job->nsubs == 0)
		fake_clock_advance(3600000);
	return true;
}

static bool
intent_is_fresh(
    const char *method, const char *url, const struct headers *h, void *arg)
{
	(void)url;
	(void)h;
	(void)arg;
	if (strcmp(method, "POST") == 0)
		assert_int_equal(
		    clock_mono_ms() - on_disk()->subs[0].intent_mono, 0);
	return true;
}

static void
an_intent_that_was_written_late_is_written_anew(void **state)
{
	struct job *job = careful_job();
	int64_t begun = clock_wall_ms();

	(void)state;
	fake_store_watch(flow.store, slow_write, NULL);
	flow.before = intent_is_fresh;
	reply_missing(peer_always("HEAD", "*"));
	reply_accepted(expect_invoke(1), 1);
	engine_submit(flow.engine, job);
	time_passes(3600000);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(on_disk()->subs[0].intent_at, begun + 3600000);
}

/* --- how long others wait ------------------------------------------- */

/* One job of the endpoint, whose result comes after so long. */
static void
run_for(int64_t ms)
{
	struct job *job = flow_job();

	reply_accepted(expect_invoke(1), 1);
	flow_submit(job);
	time_passes(ms);
	reply_found(expect_head(out_url(1)));
	time_passes(60000);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
the_grace_is_twice_what_the_endpoint_takes(void **state)
{
	(void)state;
	flow.policy.plan.interval_ms = 1000;
	reply_missing(peer_always("HEAD", "*"));
	run_for(600000);
	lose_reply(flow_job(), 1);
	/* Ten minutes, at most a step of the histogram more. */
	time_passes(1200000);
	assert_int_equal(peer_count("POST", "*"), 2);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	reply_accepted(expect_invoke(2), 2);
	time_passes(600000);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

static void
a_fast_endpoint_does_not_shorten_it(void **state)
{
	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	run_for(500);
	lose_reply(flow_job(), 1);
	time_passes(GRACE - 1);
	assert_int_equal(peer_count("POST", "*"), 2);
	reply_accepted(expect_invoke(2), 2);
	time_passes(1);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

/* However slow others were: this one has its own limits. */
static void
nobody_waits_for_what_must_be_dead(void **state)
{
	struct job *job;

	(void)state;
	flow.policy.plan.interval_ms = 1000;
	reply_missing(peer_always("HEAD", "*"));
	run_for(3600000);
	job = careful_job();
	job->spec.avoid_duplicates = false;
	lose_reply(job, 1);
	time_passes(DEAD - 1);
	assert_int_equal(peer_count("POST", "*"), 2);
	reply_accepted(expect_invoke(2), 2);
	time_passes(1);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

static void
a_grace_outlives_a_clock_that_is_set_and_a_restart(void **state)
{
	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	lose_reply(flow_job(), 1);
	time_passes(GRACE / 2);
	fake_clock_jump(DAY);
	restart();
	time_passes(GRACE / 2 - 1);
	assert_int_equal(peer_count("POST", "*"), 1);
	reply_accepted(expect_invoke(2), 2);
	time_passes(1);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

/* --- deadlines ------------------------------------------------------ */

static void
a_deadline_outlives_a_clock_that_is_set_and_a_restart(void **state)
{
	struct job *job = careful_job();

	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	reply_accepted(expect_invoke(1), 1);
	flow_submit(job);
	fake_clock_jump(30 * DAY);
	time_passes(DEAD / 2);
	must_be(JOB_PENDING, OUTCOME_NONE);
	fake_clock_jump(-90 * DAY);
	restart();
	time_passes(DEAD / 2 - 1);
	must_be(JOB_PENDING, OUTCOME_NONE);
	time_passes(1);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
}

static void
a_job_that_waits_to_be_accepted_has_one_too(void **state)
{
	(void)state;
	peer_fail(peer_always("POST", "*"), ERR_NET, "no route", false);
	flow_submit(flow_job());
	fake_clock_jump(30 * DAY);
	time_passes(6 * 3600000 - 60000);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	fake_clock_jump(-90 * DAY);
	time_passes(120000);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(nothing_is_sent_before_the_first_must_be_dead),
	    FLOW_TEST(the_service_s_own_limits_count_where_none_were_given),
	    FLOW_TEST(its_result_is_taken_meanwhile),
	    FLOW_TEST(a_slow_look_is_made_again),
	    FLOW_TEST(the_job_s_deadline_is_put_off_behind_that),
	    FLOW_TEST(so_it_is_for_an_intent_that_a_crash_left),
	    FLOW_TEST(and_no_longer_than_another_try_takes),
	    FLOW_TEST(a_clock_that_is_set_hastens_and_delays_nothing),
	    FLOW_TEST(nor_does_a_restart_behind_one),
	    FLOW_TEST(nor_does_a_reboot_and_a_clock_that_is_set_then),
	    FLOW_TEST(all_of_them_must_be_dead),
	    FLOW_TEST(a_refusal_waits_until_the_other_must_be_dead),
	    FLOW_TEST(five_doubts_end_it_with_an_alarm),
	    FLOW_TEST(an_intent_that_was_written_late_is_written_anew),
	    FLOW_TEST(the_grace_is_twice_what_the_endpoint_takes),
	    FLOW_TEST(a_fast_endpoint_does_not_shorten_it),
	    FLOW_TEST(nobody_waits_for_what_must_be_dead),
	    FLOW_TEST(a_grace_outlives_a_clock_that_is_set_and_a_restart),
	    FLOW_TEST(a_deadline_outlives_a_clock_that_is_set_and_a_restart),
	    FLOW_TEST(a_job_that_waits_to_be_accepted_has_one_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
