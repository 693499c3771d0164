/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failures that a notification tells: where no object says so, one that is
 * genuine and fits is believed, behind a look. Nothing else ever ends a job.
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
#include "tests/support/flow_bell.h"

#define HOUR INT64_C(3600000)
#define WORDS "ClientError: Received client error (400) from model."
#define BUSY "ClientError: Received server error (0) from model."

static size_t
looks(void)
{
	return peer_count("HEAD", "*");
}

static void
submit(struct job *job)
{
	flow.policy.plan.interval_ms = 10 * HOUR;
	reply_missing(peer_always("HEAD", "*"));
	reply_accepted(expect_invoke(1), 1);
	flow_submit(job);
	time_passes(1000);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

static void
must_have_failed(const char *words)
{
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_code, "model");
	assert_string_equal(on_disk()->error_text, words);
	assert_int_equal(on_disk()->subs[0].fate, SUB_FAILED);
	assert_string_equal(on_disk()->subs[0].note, words);
}

static void
without_an_object_it_is_believed(void **state)
{
	(void)state;
	submit(flow_job());
	assert_int_equal(looks(), 0);
	assert_int_equal(
	    bell_says((struct says){.failure = WORDS}), DOORBELL_TAKEN);
	/* Both places were looked at first. */
	assert_int_equal(looks(), 2);
	must_have_failed(WORDS);
}

static void
one_that_gives_no_reason_is_believed_too(void **state)
{
	(void)state;
	submit(flow_job());
	assert_int_equal(
	    bell_says((struct says){.failure = ""}), DOORBELL_TAKEN);
	must_have_failed("the service says that it failed, and no more");
}

static void
where_there_is_a_result_that_wins(void **state)
{
	(void)state;
	submit(flow_job());
	reply_found(peer_always("HEAD", out_url(1)));
	assert_int_equal(
	    bell_says((struct says){.failure = WORDS}), DOORBELL_TAKEN);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
where_there_is_an_object_its_words_win(void **state)
{
	(void)state;
	submit(flow_job());
	reply_found(peer_always("HEAD", FAILURE_URL));
	peer_reply(peer_always("GET", FAILURE_URL), 200, "", "of the object");
	assert_int_equal(
	    bell_says((struct says){.failure = WORDS, .place = FAILURE_URI}),
	    DOORBELL_TAKEN);
	must_have_failed("of the object");
}

/* It is looked at, and that is all. */
static void
must_not_be_believed(struct says s)
{
	size_t n = looks();

	s.failure = WORDS;
	assert_int_equal(bell_says(s), DOORBELL_TAKEN);
	assert_int_equal(looks(), n + 2);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

static void
one_that_does_not_fit_is_not_believed(void **state)
{
	int64_t now;

	(void)state;
	submit(flow_job());
	now = clock_wall_ms();
	must_not_be_believed((struct says){.unverified = true});
	assert_int_equal(log_lines("SNS did not sign, is not", ""), 1);
	must_not_be_believed((struct says){.endpoint = "other"});
	must_not_be_believed((struct says){.endpoint = ""});
	must_not_be_believed((struct says){.n = 2});
	must_not_be_believed((struct says){.event_at = now - 301000 - 1000});
	must_not_be_believed((struct says){.event_at = now + 301000});
	must_not_be_believed((struct says){.event_at = now + 8 * HOUR});
	time_passes(HOUR);
	must_be(JOB_PENDING, OUTCOME_NONE);
	bell_restart();
	restart();
	must_be(JOB_PENDING, OUTCOME_NONE);
	/* And one that does is. */
	assert_int_equal(bell_says((struct says){
			     .failure = WORDS, .event_at = now - 290000}),
	    DOORBELL_TAKEN);
	must_have_failed(WORDS);
}

/* SNS gives both the same id: one subscription may be raw. */
static void
one_that_nobody_signed_does_not_stand_for_it(void **state)
{
	struct says s = {.message_id = "one", .failure = WORDS};

	(void)state;
	submit(flow_job());
	s.unverified = true;
	assert_int_equal(bell_says(s), DOORBELL_TAKEN);
	assert_int_equal(bell_says(s), DOORBELL_COPY);
	must_be(JOB_PENDING, OUTCOME_NONE);
	s.unverified = false;
	assert_int_equal(bell_says(s), DOORBELL_TAKEN);
	must_have_failed(WORDS);
}

/* Another job may have it, too. */
static void
under_an_id_of_the_caller_s_it_is_not_believed(void **state)
{
	struct job *job = flow_job();

	(void)state;
	job->spec.inference_id = xstrdup("mine");
	flow.policy.plan.interval_ms = 10 * HOUR;
	reply_missing(peer_always("HEAD", "*"));
	peer_reply(peer_expect("POST", INVOKE_URL), 202,
	    "x-amzn-sagemaker-outputlocation: s3://out/res/x.out\n"
	    "x-amzn-sagemaker-failurelocation: " FAILURE_URI,
	    "{}");
	flow_submit(job);
	time_passes(1000);
	must_not_be_believed((struct says){.inference_id = "mine"});
	must_be(JOB_PENDING, OUTCOME_NONE);
}

/* What cannot be looked at now may be there. */
static void
while_nothing_can_be_seen_nothing_is_believed(void **state)
{
	(void)state;
	submit(flow_job());
	peer_fail(peer_always("HEAD", out_url(1)), ERR_NET, "reset", true);
	bell_begin((struct says){.failure = WORDS});
	time_passes(60000);
	must_be(JOB_PENDING, OUTCOME_NONE);
	reply_missing(peer_always("HEAD", out_url(1)));
	assert_int_equal(bell_says((struct says){0}), DOORBELL_TAKEN);
	must_have_failed(WORDS);
}

/* It did not ask for the object whose words count more. */
static void
a_look_that_passes_the_failure_over_does_not_count(void **state)
{
	(void)state;
	/* Of an endpoint of which something is known. */
	submit(flow_job());
	reply_found(peer_always("HEAD", out_url(1)));
	assert_int_equal(bell_says((struct says){0}), DOORBELL_TAKEN);
	must_be(JOB_DONE, OUTCOME_OK);
	submit(flow_job());
	flow.policy.plan.interval_ms = 10000;
	/* The one that is rung for sees nothing, the next is for the result. */
	peer_fail(peer_always("HEAD", out_url(1)), ERR_NET, "reset", true);
	bell_begin((struct says){.failure = WORDS});
	time_passes(9000);
	must_be(JOB_PENDING, OUTCOME_NONE);
	reply_missing(peer_always("HEAD", out_url(1)));
	reply_found(peer_always("HEAD", FAILURE_URL));
	peer_reply(peer_always("GET", FAILURE_URL), 200, "", "of the object");
	time_passes(11000);
	must_have_failed("of the object");
}

/* It began before, and may have seen what was before. */
static void
a_look_that_was_under_way_does_not_count(void **state)
{
	struct job *job = flow_job();

	(void)state;
	flow.policy.plan.interval_ms = 60000;
	reply_accepted(expect_invoke(1), 1);
	peer_delay(reply_missing(expect_head(out_url(1))), 5000);
	reply_missing(peer_always("HEAD", FAILURE_URL));
	flow_submit(job);
	time_passes(62000);
	assert_int_equal(
	    bell_says((struct says){.failure = WORDS}), DOORBELL_TAKEN);
	reply_found(peer_always("HEAD", out_url(1)));
	time_passes(5000);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
before_the_answer_it_is_remembered(void **state)
{
	struct job *job = flow_job();

	(void)state;
	flow.policy.plan.interval_ms = 10 * HOUR;
	reply_missing(peer_always("HEAD", "*"));
	peer_delay(reply_accepted(expect_invoke(1), 1), 5000);
	flow_submit(job);
	time_passes(1000);
	assert_int_equal(
	    bell_says((struct says){.failure = WORDS}), DOORBELL_TAKEN);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	time_passes(4000);
	must_have_failed(WORDS);
}

/* It was accepted, then. */
static void
in_doubt_it_is_believed(void **state)
{
	struct job *job = flow_job();

	(void)state;
	flow.policy.plan.interval_ms = 20000;
	reply_missing(peer_always("HEAD", "*"));
	peer_fail(expect_invoke(1), ERR_NET, "reset", true);
	flow_submit(job);
	time_passes(1000);
	assert_int_equal(
	    bell_says((struct says){.failure = WORDS}), DOORBELL_TAKEN);
	must_have_failed(WORDS);
	time_passes(HOUR);
	assert_int_equal(peer_count("POST", "*"), 1);
}

/* Each may have brought it. */
static void
another_that_may_succeed_is_waited_for(void **state)
{
	struct job *job = flow_job();

	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	peer_fail(expect_invoke(1), ERR_NET, "reset", true);
	flow_submit(job);
	reply_accepted(expect_invoke(2), 2);
	time_passes(31000);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(
	    bell_says((struct says){.n = 2, .failure = WORDS}), DOORBELL_TAKEN);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(on_disk()->subs[1].fate, SUB_FAILED);
	assert_string_equal(on_disk()->subs[1].note, WORDS);
	reply_found(peer_always("HEAD", out_url(1)));
	time_passes(30000);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
both_told_it_has_failed(void **state)
{
	struct job *job = flow_job();

	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	peer_fail(expect_invoke(1), ERR_NET, "reset", true);
	flow_submit(job);
	reply_accepted(expect_invoke(2), 2);
	time_passes(31000);
	bell_begin((struct says){.n = 1, .failure = "first"});
	bell_begin((struct says){.n = 2, .failure = "second"});
	time_passes(1000);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_text, "second");
}

static void
for_a_reason_that_passes_it_is_asked_again(void **state)
{
	struct job *job = flow_job();

	(void)state;
	job->spec.retry_failed = true;
	submit(job);
	assert_int_equal(
	    bell_says((struct says){.failure = BUSY}), DOORBELL_TAKEN);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	assert_int_equal(on_disk()->subs[0].fate, SUB_FAILED);
	reply_accepted(expect_invoke(2), 2);
	time_passes(1000);
	must_be(JOB_PENDING, OUTCOME_NONE);
	/* The first says so once more; the second is not meant. */
	assert_int_equal(
	    bell_says((struct says){.failure = BUSY}), DOORBELL_TAKEN);
	must_be(JOB_PENDING, OUTCOME_NONE);
	reply_found(peer_always("HEAD", out_url(2)));
	assert_int_equal(bell_says((struct says){.n = 2}), DOORBELL_TAKEN);
	must_be(JOB_DONE, OUTCOME_OK);
}

/* --- where the process dies ------------------------------------------ */

static unsigned writes;

static bool
dies_at(const char *when, void *arg)
{
	(void)when;
	(void)arg;
	return writes-- != 0;
}

static void
what_was_told_is_known_behind_a_crash(void **state)
{
	unsigned i;

	(void)state;
	/* Behind the notification's commit, and around that of the end. */
	for (i = 1; i <= 3; i++) {
		submit(flow_job());
		writes = i;
		fake_store_watch(flow.store, dies_at, NULL);
		bell_begin((struct says){.failure = WORDS});
		time_passes(0);
		bell_restart();
		restart();
		must_have_failed(WORDS);
	}
	assert_int_equal(log_lines("from=pending to=done", NULL), 2);
}

/* What was not believed at first is on no disk. */
static void
a_copy_tells_of_nothing(void **state)
{
	struct says s = {.message_id = "one", .failure = WORDS};
	size_t n;

	(void)state;
	submit(flow_job());
	s.event_at = clock_wall_ms() + 301000;
	assert_int_equal(bell_says(s), DOORBELL_TAKEN);
	bell_restart();
	restart();
	time_passes(60000);
	n = looks();
	assert_int_equal(bell_says(s), DOORBELL_COPY);
	assert_int_equal(looks(), n + 2);
	must_be(JOB_PENDING, OUTCOME_NONE);
	s.message_id = "two";
	assert_int_equal(bell_says(s), DOORBELL_TAKEN);
	must_have_failed(WORDS);
}

/* It is known by then, and waits for a look that sees anything. */
static void
what_was_told_is_looked_for_at_the_copy(void **state)
{
	struct says s = {.message_id = "one", .failure = WORDS};

	(void)state;
	submit(flow_job());
	peer_fail(peer_always("HEAD", "*"), ERR_NET, "reset", true);
	writes = 1;
	fake_store_watch(flow.store, dies_at, NULL);
	bell_begin(s);
	time_passes(0);
	bell_restart();
	restart();
	time_passes(HOUR);
	must_be(JOB_PENDING, OUTCOME_NONE);
	reply_missing(peer_always("HEAD", "*"));
	assert_int_equal(bell_says(s), DOORBELL_COPY);
	must_have_failed(WORDS);
}

static int
teardown(void **state)
{
	time_passes(0);
	bell_restart();
	return flow_teardown(state);
}

#define T(f) cmocka_unit_test_setup_teardown(f, flow_setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(without_an_object_it_is_believed),
	    T(one_that_gives_no_reason_is_believed_too),
	    T(where_there_is_a_result_that_wins),
	    T(where_there_is_an_object_its_words_win),
	    T(one_that_does_not_fit_is_not_believed),
	    T(one_that_nobody_signed_does_not_stand_for_it),
	    T(under_an_id_of_the_caller_s_it_is_not_believed),
	    T(while_nothing_can_be_seen_nothing_is_believed),
	    T(a_look_that_passes_the_failure_over_does_not_count),
	    T(a_look_that_was_under_way_does_not_count),
	    T(before_the_answer_it_is_remembered),
	    T(in_doubt_it_is_believed),
	    T(another_that_may_succeed_is_waited_for),
	    T(both_told_it_has_failed),
	    T(for_a_reason_that_passes_it_is_asked_again),
	    T(what_was_told_is_known_behind_a_crash),
	    T(a_copy_tells_of_nothing),
	    T(what_was_told_is_looked_for_at_the_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
