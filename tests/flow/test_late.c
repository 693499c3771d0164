/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results that come after their job has expired: looked for less and less
 * often, kept, announced, and never swapped in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tests/support/fake_store.h"
#include "tests/support/flow_hook.h"

#define MINUTE 60000
#define DAY INT64_C(86400000)
/* RequestTTLSeconds 60, InvocationTimeoutSeconds 60, and a minute. */
#define PATIENCE 180000

static void
hasten(struct job *job)
{
	job->spec.request_ttl_s = 60;
	job->spec.invocation_timeout_s = 60;
}

/* Accepted, and nothing came in time. */
static void
expire(struct job *job)
{
	flow.policy.late_looks_ms = DAY;
	hasten(job);
	reply_missing(peer_always("HEAD", "*"));
	reply_accepted(expect_invoke(1), 1);
	flow_submit(job);
	time_passes(PATIENCE);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
}

static size_t
looks(void)
{
	return peer_count("HEAD", "*-1.out");
}

static void
must_be_late(void)
{
	must_be(JOB_DONE, OUTCOME_EXPIRED);
	assert_int_not_equal(on_disk()->late_at, 0);
	assert_string_equal(on_disk()->late_location, out_uri(1));
	assert_string_equal(on_disk()->late_etag, "\"e1\"");
	assert_int_equal(on_disk()->late_size, 77);
	assert_null(on_disk()->result_location);
	assert_int_equal(flow.events[ENGINE_LATE], 1);
}

static void
looks_are_further_and_further_apart(void **state)
{
	static const int64_t minutes[] = {1, 3, 9, 27, 60, 60, 60};
	size_t n, i;

	(void)state;
	expire(flow_job());
	/* For everybody else it has ended. */
	assert_null(engine_find(flow.engine, flow.id));
	for (i = 0; i < ARRAY_LEN(minutes); i++) {
		n = looks();
		time_passes(minutes[i] * MINUTE - 1);
		assert_int_equal(looks(), n);
		time_passes(1);
		assert_int_equal(looks(), n + 1);
	}
	/* Nobody asks for the failure, and nobody is told of a look. */
	assert_int_equal(log_lines(" warn ", NULL), 0);
}

static void
they_end_with_their_time(void **state)
{
	size_t n;

	(void)state;
	expire(flow_job());
	time_passes(DAY - 1);
	n = looks();
	time_passes(1);
	assert_int_equal(looks(), n + 1);
	time_passes(3 * DAY);
	assert_int_equal(looks(), n + 1);
}

static void
there_are_none_where_nobody_wants_them(void **state)
{
	struct job *job = flow_job();
	size_t n;

	(void)state;
	hasten(job);
	reply_missing(peer_always("HEAD", "*"));
	reply_accepted(expect_invoke(1), 1);
	flow_submit(job);
	time_passes(PATIENCE);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
	n = looks();
	time_passes(3 * DAY);
	assert_int_equal(looks(), n);
}

/* There it may be the next job's. */
static void
nor_under_a_name_that_the_caller_chose(void **state)
{
	struct job *job = flow_job();
	size_t n;

	(void)state;
	job->spec.filename = xstrdup("scan.json");
	flow.policy.late_looks_ms = DAY;
	hasten(job);
	reply_missing(peer_always("HEAD", "*"));
	peer_reply(peer_expect("POST", INVOKE_URL), 202,
	    "x-amzn-sagemaker-outputlocation: s3://out/res/scan.json", "{}");
	flow_submit(job);
	time_passes(2000 + PATIENCE);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
	n = peer_count("HEAD", "*");
	time_passes(3 * DAY);
	assert_int_equal(peer_count("HEAD", "*"), n);
}

/* The job may be forgotten by then: others go on. */
static void
one_that_cannot_be_kept_ends_nobody(void **state)
{
	(void)state;
	expire(flow_job());
	reply_found(peer_always("HEAD", out_url(1)));
	fake_store_break(flow.store);
	time_passes(10 * MINUTE);
	assert_int_equal(flow.events[ENGINE_BROKEN], 0);
	assert_int_equal(log_lines("is not kept", flow.id), 1);
}

static void
a_late_result_is_kept_beside_the_outcome(void **state)
{
	(void)state;
	expire(flow_job());
	time_passes(10 * MINUTE);
	reply_found(expect_head(out_url(1)));
	time_passes(10 * MINUTE);
	must_be_late();
	assert_int_equal(log_lines("after it had expired", flow.id), 1);
	time_passes(3 * DAY);
	must_be_late();
}

static void
it_is_announced_to_the_job_s_targets(void **state)
{
	struct job *job;
	struct peer_step *s;

	(void)state;
	with_hook(8);
	job = hooked_job();
	flow.policy.late_looks_ms = DAY;
	hasten(job);
	reply_missing(peer_always("HEAD", "*"));
	reply_accepted(expect_invoke(1), 1);
	flow_submit(job);
	s = expect_hook();
	peer_reply(s, 200, "", "");
	time_passes(PATIENCE);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
	time_passes(30000);
	found(expect_head(out_url(1)), "4");
	bytes(peer_expect("GET", out_url(1)), "text");
	s = expect_hook();
	peer_reply(s, 200, "", "");
	time_passes(30000);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
	assert_int_not_equal(on_disk()->late_at, 0);
	assert_int_equal(flow.events[ENGINE_LATE], 1);
	assert_non_null(
	    strstr(call(0)->body, "\"type\":\"inference.expired\""));
	assert_non_null(strstr(call(1)->body, "\"type\":\"inference.late\""));
	assert_non_null(strstr(call(1)->body, "\"outcome\":\"expired\""));
	assert_non_null(strstr(call(1)->body, out_uri(1)));
	assert_int_equal(on_disk()->ndeliveries, 2);
}

static void
whichever_submission_it_is_of(void **state)
{
	struct job *job = flow_job();

	(void)state;
	flow.policy.late_looks_ms = DAY;
	hasten(job);
	reply_missing(peer_always("HEAD", "*"));
	peer_fail(expect_invoke(1), ERR_NET, "reset", true);
	flow_submit(job);
	reply_accepted(expect_invoke(2), 2);
	time_passes(30000 + PATIENCE);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
	reply_found(expect_head(out_url(1)));
	time_passes(MINUTE);
	must_be_late();
}

static void
a_late_failure_is_nothing(void **state)
{
	size_t n;

	(void)state;
	expire(flow_job());
	n = peer_count("HEAD", FAILURE_URL);
	time_passes(DAY);
	assert_int_equal(peer_count("HEAD", FAILURE_URL), n);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
}

static void
what_cannot_be_asked_is_asked_later(void **state)
{
	(void)state;
	expire(flow_job());
	peer_fail(expect_head(out_url(1)), ERR_NET, "no route", false);
	time_passes(MINUTE);
	reply_found(expect_head(out_url(1)));
	time_passes(3 * MINUTE);
	must_be_late();
}

static void
a_restart_goes_on_looking(void **state)
{
	size_t n;

	(void)state;
	expire(flow_job());
	time_passes(100 * MINUTE);
	restart();
	n = looks();
	reply_found(expect_head(out_url(1)));
	time_passes(60 * MINUTE);
	assert_int_equal(looks(), n + 1);
	must_be_late();
	restart();
	time_passes(DAY);
	assert_int_equal(looks(), n + 1);
	must_be_late();
}

static void
a_restart_behind_their_time_looks_no_more(void **state)
{
	size_t n;

	(void)state;
	expire(flow_job());
	time_passes(DAY - 1000);
	n = looks();
	restart();
	time_passes(1000);
	assert_int_equal(looks(), n + 1);
	restart();
	time_passes(DAY);
	assert_int_equal(looks(), n + 1);
}

static struct job *
expired_job(char *id)
{
	struct job *job = flow_job();
	struct submission *s = job_add_submission(job);

	s->fate = SUB_ACCEPTED;
	s->output_location = xstrdup(out_uri(1));
	job_move(job, JOB_DONE, OUTCOME_EXPIRED);
	job->completed_at = clock_wall_ms();
	memcpy(id, job->id, JOBID_SIZE);
	return job;
}

static void
ten_thousand_are_remembered_and_the_oldest_goes(void **state)
{
	char first[JOBID_SIZE], other[JOBID_SIZE];
	unsigned i;

	(void)state;
	flow.policy.late_looks_ms = DAY;
	engine_adopt_expired(flow.engine, expired_job(first));
	for (i = 1; i < 10000; i++)
		engine_adopt_expired(flow.engine, expired_job(other));
	assert_int_equal(log_lines("no more late looks", NULL), 0);
	engine_adopt_expired(flow.engine, expired_job(other));
	assert_int_equal(log_lines("no more late looks", NULL), 1);
	assert_int_equal(log_lines("no more late looks", first), 1);
}

/* The process dies before or after it is written: it is there once. */
static const char *moment;

static bool
die(const char *when, void *arg)
{
	(void)arg;
	return strcmp(when, moment) != 0;
}

static void
a_death_around_its_writing_makes_one_of_it(void **state)
{
	static const char *const moments[] = {
	    "before a write", "after a write"};
	size_t i;

	(void)state;
	with_hook(8);
	for (i = 0; i < ARRAY_LEN(moments); i++) {
		struct job *job = hooked_job();

		flow.policy.late_looks_ms = DAY;
		hasten(job);
		reply_missing(peer_always("HEAD", "*"));
		peer_reply(peer_always("POST", HOOK_URL), 200, "", "");
		reply_accepted(expect_invoke(1), 1);
		flow_submit(job);
		time_passes(PATIENCE + 1000);
		must_be(JOB_DONE, OUTCOME_EXPIRED);
		moment = moments[i];
		fake_store_watch(flow.store, die, NULL);
		found(peer_always("HEAD", out_url(1)), "4");
		bytes(peer_always("GET", out_url(1)), "text");
		time_passes(MINUTE);
		assert_int_equal(on_disk()->late_at != 0, i == 1);
		restart();
		time_passes(5 * MINUTE);
		assert_int_not_equal(on_disk()->late_at, 0);
		assert_int_equal(on_disk()->ndeliveries, 2);
		assert_int_equal(
		    on_disk()->deliveries[1]->state, DELIVERY_DELIVERED);
		assert_int_equal(peer_count("POST", HOOK_URL), 2 * i + 2);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(looks_are_further_and_further_apart),
	    FLOW_TEST(they_end_with_their_time),
	    FLOW_TEST(there_are_none_where_nobody_wants_them),
	    FLOW_TEST(nor_under_a_name_that_the_caller_chose),
	    FLOW_TEST(one_that_cannot_be_kept_ends_nobody),
	    FLOW_TEST(a_late_result_is_kept_beside_the_outcome),
	    FLOW_TEST(it_is_announced_to_the_job_s_targets),
	    FLOW_TEST(whichever_submission_it_is_of),
	    FLOW_TEST(a_late_failure_is_nothing),
	    FLOW_TEST(what_cannot_be_asked_is_asked_later),
	    FLOW_TEST(a_restart_goes_on_looking),
	    FLOW_TEST(a_restart_behind_their_time_looks_no_more),
	    FLOW_TEST(ten_thousand_are_remembered_and_the_oldest_goes),
	    FLOW_TEST(a_death_around_its_writing_makes_one_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
