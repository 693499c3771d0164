/* SPDX-License-Identifier: Apache-2.0 */
/* Models that failed for a reason that passes (retry_failed = transient). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "tests/support/flow.h"

#define BUSY "Received server error (0) from model."

static struct job *
stubborn_job(void)
{
	struct job *job = flow_job();

	job->spec.retry_failed = true;
	return job;
}

/* The submission is accepted, and its failure object says so at once. */
static void
fail_saying(unsigned n, const char *words)
{
	reply_accepted(expect_invoke(n), n);
	reply_missing(expect_head(out_url(n)));
	reply_found(expect_head(FAILURE_URL));
	peer_reply(peer_expect("GET", FAILURE_URL), 200, "", words);
}

static void
submit_failing(struct job *job, const char *words)
{
	fail_saying(1, words);
	flow_submit(job);
}

static void
submit_accepted(struct job *job)
{
	reply_accepted(expect_invoke(1), 1);
	flow_submit(job);
}

static void
submit_lost(struct job *job)
{
	peer_fail(expect_invoke(1), ERR_NET, "reset", true);
	flow_submit(job);
}

static void
it_is_asked_again_in_growing_distance_and_then_fails(void **state)
{
	static const int64_t delays[] = {1000, 5000, 25000};
	unsigned n;

	(void)state;
	submit_failing(stubborn_job(), BUSY);
	time_passes(500);
	for (n = 2; n <= 4; n++) {
		must_be(JOB_QUEUED, OUTCOME_NONE);
		assert_int_equal(on_disk()->subs[n - 2].fate, SUB_FAILED);
		assert_string_equal(on_disk()->subs[n - 2].note, BUSY);
		time_passes(delays[n - 2] - 1);
		assert_int_equal(peer_count("POST", "*"), n - 1);
		fail_saying(n, n < 4 ? BUSY : BUSY " The last.");
		time_passes(1);
		must_be(JOB_PENDING, OUTCOME_NONE);
		time_passes(500);
	}
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_code, "model");
	assert_string_equal(on_disk()->error_text, BUSY " The last.");
	assert_int_equal(log_lines(" warn ", "asked again"), 3);
	assert_int_equal(log_lines("from=pending to=queued", NULL), 3);
	assert_int_equal(log_lines("to=done", " cause=planned "), 1);
	time_passes(86400000);
	assert_int_equal(peer_count("POST", "*"), 4);
}

static void
the_second_answer_may_be_a_result(void **state)
{
	struct peer_step *s;

	(void)state;
	submit_failing(stubborn_job(),
	    "{\"code\":500,\"message\":\"Internal Server Error\"}");
	time_passes(500);
	s = reply_accepted(expect_invoke(2), 2);
	peer_body(s, "hello");
	time_passes(1000);
	must_be(JOB_PENDING, OUTCOME_NONE);
	reply_found(expect_head(out_url(2)));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_string_equal(on_disk()->result_location, out_uri(2));
	assert_null(on_disk()->error_text);
}

static void
what_stays_is_not_asked_again(void **state)
{
	(void)state;
	submit_failing(stubborn_job(),
	    "Received client error (400) from model: timed out");
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_FAILED);
	time_passes(86400000);
	assert_int_equal(peer_count("POST", "*"), 1);
}

static void
who_did_not_ask_for_it_is_told_at_once(void **state)
{
	(void)state;
	submit_failing(flow_job(), BUSY);
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_FAILED);
}

/* The wait begins anew, and nothing is forgotten. */
static void
a_restart_in_the_wait_asks_again_with_the_same_input(void **state)
{
	struct peer_step *s;

	(void)state;
	submit_failing(stubborn_job(), BUSY);
	time_passes(500);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	restart();
	time_passes(999);
	assert_int_equal(peer_count("POST", "*"), 1);
	s = reply_accepted(expect_invoke(2), 2);
	peer_body(s, "hello");
	time_passes(1);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

static void
a_restart_while_it_runs_asks_again_with_the_same_input(void **state)
{
	struct peer_step *s;

	(void)state;
	submit_accepted(stubborn_job());
	reply_missing(expect_head(out_url(1)));
	reply_found(expect_head(FAILURE_URL));
	peer_reply(peer_expect("GET", FAILURE_URL), 200, "", BUSY);
	restart();
	must_be(JOB_QUEUED, OUTCOME_NONE);
	s = reply_accepted(expect_invoke(2), 2);
	peer_body(s, "hello");
	time_passes(1000);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

#define INPUT_URL "http://s3.test/inp/x"

static void
an_uploaded_file_is_not_uploaded_again(void **state)
{
	struct job *job = stubborn_job();
	char *path = xasprintf("%s/input", flow.dir);
	char sha256[HASH_SHA256_HEX_SIZE];
	struct peer_step *s;
	struct error err;

	(void)state;
	assert_int_equal(file_write_atomic(path, "bytes", 5, 0600, &err), 0);
	xfree((char **)(void *)&job->spec.body);
	job->spec.body_len = 0;
	job->spec.input = INPUT_FILE;
	job->spec.input_path = path;
	job->spec.input_spooled = true;
	hash_sha256_hex("bytes", 5, sha256);
	job->spec.input_sha256 = xstrdup(sha256);
	job->spec.input_location = xstrdup("s3://inp/x");
	peer_reply(peer_expect("PUT", INPUT_URL), 200, "", "");
	fail_saying(1, BUSY);
	flow_submit(job);
	time_passes(500);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	restart();
	s = reply_accepted(expect_invoke(2), 2);
	peer_header(s, "X-Amzn-SageMaker-InputLocation", "s3://inp/x");
	time_passes(1000);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(peer_count("PUT", "*"), 1);
}

/* Six hours after its first submission nobody asks any more. */
static void
it_ends_with_the_time_in_which_a_job_must_be_accepted(void **state)
{
	(void)state;
	submit_accepted(stubborn_job());
	reply_missing(peer_always("HEAD", "*"));
	time_passes(6 * 3600000 - 500);
	reply_missing(expect_head(out_url(1)));
	reply_found(expect_head(FAILURE_URL));
	peer_reply(peer_expect("GET", FAILURE_URL), 200, "", BUSY);
	time_passes(30000);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_text, BUSY);
	assert_int_equal(log_lines("asked again", NULL), 0);
}

/* Nobody took it until then: what the model said is what is told. */
static void
no_service_in_time_is_a_failure_of_the_model(void **state)
{
	(void)state;
	submit_failing(stubborn_job(), BUSY);
	time_passes(500);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	peer_fail(peer_always("POST", "*"), ERR_NET, "no route", false);
	time_passes(6 * 3600000 + 30000);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_code, "model");
	assert_string_equal(on_disk()->error_text, BUSY);
	/* No look found that: the one before found another submission's. */
	assert_int_equal(log_lines("to=done outcome=failed", "cause="), 0);
}

static void
another_that_may_still_succeed_is_waited_for_first(void **state)
{
	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	submit_lost(stubborn_job());
	reply_accepted(expect_invoke(2), 2);
	time_passes(30000);
	reply_missing(expect_head(out_url(1)));
	reply_missing(expect_head(out_url(2)));
	reply_found(expect_head(FAILURE_URL));
	peer_reply(peer_expect("GET", FAILURE_URL), 200, "", BUSY);
	time_passes(500);
	must_be(JOB_PENDING, OUTCOME_NONE);
	time_passes(60000);
	assert_int_equal(peer_count("POST", "*"), 2);
	reply_found(expect_head(out_url(1)));
	time_passes(30000);
	must_be(JOB_DONE, OUTCOME_OK);
}

/* By its own limits the first can neither begin nor go on. */
static void
one_that_must_be_dead_is_not_waited_for(void **state)
{
	struct job *job = stubborn_job();

	(void)state;
	job->spec.request_ttl_s = 60;
	job->spec.invocation_timeout_s = 60;
	flow.policy.plan.interval_ms = 1000;
	reply_missing(peer_always("HEAD", "*"));
	submit_lost(job);
	reply_accepted(expect_invoke(2), 2);
	time_passes(180000 - 500);
	must_be(JOB_PENDING, OUTCOME_NONE);
	reply_found(peer_always("HEAD", FAILURE_URL));
	peer_reply(peer_always("GET", FAILURE_URL), 200, "", BUSY);
	/* One look of four is for failures. */
	time_passes(4000);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	reply_accepted(expect_invoke(3), 3);
	time_passes(1000);
	assert_int_equal(on_disk()->nsubs, 3);
}

/* 202, and the failure's place follows from the name. */
static void
accept_with_a_place_for_the_failure(unsigned n)
{
	char headers[600];

	snprintf(headers, sizeof(headers),
	    "x-amzn-sagemaker-outputlocation: %s\n"
	    "x-amzn-sagemaker-failurelocation: "
	    "s3://out/failures/%s-%u-error.out",
	    out_uri(n), flow.id, n);
	peer_reply(expect_invoke(n), 202, headers, "{}");
}

/* The second was accepted and nothing comes of it; the first one's failure is
 * found, and then the endpoint is gone. */
static void
a_refusal_then_ends_it_at_once(void **state)
{
	struct job *job = stubborn_job();

	(void)state;
	job->spec.request_ttl_s = 60;
	job->spec.invocation_timeout_s = 60;
	reply_missing(peer_always("HEAD", "*"));
	submit_lost(job);
	accept_with_a_place_for_the_failure(2);
	time_passes(30000);
	must_be(JOB_PENDING, OUTCOME_NONE);
	reply_found(peer_always("HEAD", "*-1-error.out"));
	peer_reply(peer_always("GET", "*-1-error.out"), 200, "", BUSY);
	time_passes(30000);
	assert_int_equal(on_disk()->subs[0].fate, SUB_FAILED);
	reply_error(
	    peer_always("POST", "*"), 400, "ValidationError", "no endpoint");
	time_passes(180000);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_code, "refused");
	assert_int_equal(peer_count("POST", "*"), 3);
}

static void
a_job_given_up_in_the_wait_is_not_asked_again(void **state)
{
	(void)state;
	submit_failing(stubborn_job(), BUSY);
	time_passes(500);
	assert_int_equal(engine_cancel(flow.engine, flow.id), 0);
	time_passes(86400000);
	must_be(JOB_DONE, OUTCOME_CANCELLED);
	assert_int_equal(on_disk()->subs[0].fate, SUB_FAILED);
	assert_int_equal(peer_count("POST", "*"), 1);
}

/* The words of a result are nobody's failure. */
static void
a_result_that_reads_like_a_failure_is_a_result(void **state)
{
	(void)state;
	submit_accepted(stubborn_job());
	peer_reply(expect_head(out_url(1)), 200,
	    "ETag: \"e\"\nContent-Length: 37", "");
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(it_is_asked_again_in_growing_distance_and_then_fails),
	    FLOW_TEST(the_second_answer_may_be_a_result),
	    FLOW_TEST(what_stays_is_not_asked_again),
	    FLOW_TEST(who_did_not_ask_for_it_is_told_at_once),
	    FLOW_TEST(a_restart_in_the_wait_asks_again_with_the_same_input),
	    FLOW_TEST(a_restart_while_it_runs_asks_again_with_the_same_input),
	    FLOW_TEST(an_uploaded_file_is_not_uploaded_again),
	    FLOW_TEST(it_ends_with_the_time_in_which_a_job_must_be_accepted),
	    FLOW_TEST(no_service_in_time_is_a_failure_of_the_model),
	    FLOW_TEST(another_that_may_still_succeed_is_waited_for_first),
	    FLOW_TEST(one_that_must_be_dead_is_not_waited_for),
	    FLOW_TEST(a_refusal_then_ends_it_at_once),
	    FLOW_TEST(a_job_given_up_in_the_wait_is_not_asked_again),
	    FLOW_TEST(a_result_that_reads_like_a_failure_is_a_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
