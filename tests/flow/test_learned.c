/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoints that do not put results where they are told to: marked, told of
 * once, remembered, and handled without prediction until they do again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "tests/support/flow.h"

#define GRACE 30000
#define ELSEWHERE "http://s3.test/other/*.out"

static void
submit_lost(struct job *job)
{
	peer_fail(expect_invoke(1), ERR_NET, "reset", true);
	flow_submit(job);
}

/* Accepted, the result being elsewhere; and found there. */
static void
run_elsewhere(void)
{
	struct job *job = flow_job();

	peer_reply(expect_invoke(1), 202,
	    "x-amzn-sagemaker-outputlocation: s3://other/9f.out", "{}");
	flow_submit(job);
	must_be(JOB_PENDING, OUTCOME_NONE);
	reply_found(expect_head(ELSEWHERE));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
run_as_told(void)
{
	struct job *job = flow_job();

	reply_accepted(expect_invoke(1), 1);
	flow_submit(job);
	reply_found(expect_head(out_url(1)));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
}

/* In doubt: the grace is waited for, and nobody looks. */
static void
must_wait_blindly(void)
{
	size_t heads = peer_count("HEAD", "*"), posts;

	submit_lost(flow_job());
	assert_null(on_disk()->subs[0].predicted);
	posts = peer_count("POST", "*");
	time_passes(GRACE - 1);
	assert_int_equal(peer_count("HEAD", "*"), heads);
	assert_int_equal(peer_count("POST", "*"), posts);
	peer_reply(expect_invoke(2), 202,
	    "x-amzn-sagemaker-outputlocation: s3://other/8a.out", "{}");
	time_passes(1);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(peer_count("HEAD", "*"), heads);
	reply_found(expect_head(ELSEWHERE));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
must_look(void)
{
	submit_lost(flow_job());
	assert_string_equal(on_disk()->subs[0].predicted, out_uri(1));
	reply_found(expect_head(out_url(1)));
	time_passes(1);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
an_endpoint_that_differs_is_told_of_once_and_not_predicted(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 5; i++)
		run_elsewhere();
	assert_int_equal(log_lines(" warn ", "does not honour"), 1);
	must_wait_blindly();
}

static void
what_was_predicted_before_is_not_looked_at_either(void **state)
{
	char doubtful[JOBID_SIZE];
	size_t heads;

	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	submit_lost(flow_job());
	memcpy(doubtful, flow.id, sizeof(doubtful));
	time_passes(1000);
	run_elsewhere();
	heads = peer_count("HEAD", "*.out");
	time_passes(20000);
	assert_int_equal(peer_count("HEAD", "*.out"), heads);
	peer_reply(peer_expect("POST", INVOKE_URL), 202,
	    "x-amzn-sagemaker-outputlocation: s3://other/7b.out", "{}");
	time_passes(GRACE);
	assert_int_equal(on_disk_of(doubtful)->state, JOB_PENDING);
}

/* With a doubt that nobody can look for, a failure is the end. */
static void
a_failure_does_not_wait_for_what_nobody_looks_at(void **state)
{
	struct job *job = flow_job();

	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	submit_lost(job);
	peer_reply(expect_invoke(2), 202,
	    "x-amzn-sagemaker-outputlocation: s3://other/7b.out\n"
	    "x-amzn-sagemaker-failurelocation: " FAILURE_URI,
	    "{}");
	time_passes(GRACE);
	must_be(JOB_PENDING, OUTCOME_NONE);
	reply_missing(expect_head(ELSEWHERE));
	reply_found(expect_head(FAILURE_URL));
	peer_reply(peer_expect("GET", FAILURE_URL), 200, "", "bad");
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_FAILED);
}

static void
it_is_remembered_over_a_restart(void **state)
{
	(void)state;
	run_elsewhere();
	restart();
	must_wait_blindly();
	assert_int_equal(log_lines(" warn ", "does not honour"), 1);
}

static void
three_in_a_row_as_told_and_it_is_predicted_again(void **state)
{
	(void)state;
	run_elsewhere();
	run_as_told();
	run_as_told();
	run_elsewhere();
	run_as_told();
	run_as_told();
	assert_int_equal(log_lines(" info ", "told to again"), 0);
	run_as_told();
	assert_int_equal(log_lines(" info ", "told to again"), 1);
	must_look();
	restart();
	must_look();
}

static void
another_output_path_in_the_configuration_is_tried(void **state)
{
	struct job *job;

	(void)state;
	job = flow_job();
	peer_reply(expect_invoke(1), 202,
	    "x-amzn-sagemaker-outputlocation: s3://other/9f.out", "{}");
	xfree(&job->spec.output_path);
	job->spec.output_path = xstrdup("s3://wrong/path");
	flow_submit(job);
	reply_found(expect_head(ELSEWHERE));
	time_passes(500);
	must_look();
}

static void
an_output_path_that_was_learned_is_remembered(void **state)
{
	struct job *job = flow_job();

	(void)state;
	xfree(&job->spec.output_path);
	reply_accepted(expect_invoke(1), 1);
	flow_submit(job);
	reply_found(expect_head(out_url(1)));
	time_passes(500);
	restart();
	job = flow_job();
	xfree(&job->spec.output_path);
	submit_lost(job);
	assert_string_equal(on_disk()->subs[0].predicted, out_uri(1));
	reply_found(expect_head(out_url(1)));
	time_passes(1);
	must_be(JOB_DONE, OUTCOME_OK);
}

/* Another endpoint of the same name elsewhere is another one. */
static void
a_mark_is_of_one_endpoint(void **state)
{
	struct job *job;

	(void)state;
	run_elsewhere();
	job = flow_job();
	xfree(&job->spec.endpoint);
	job->spec.endpoint = xstrdup("other");
	peer_fail(peer_expect("POST", "http://rt.test/endpoints/other/*"),
	    ERR_NET, "reset", true);
	flow_submit(job);
	assert_string_equal(on_disk()->subs[0].predicted, out_uri(1));
	reply_found(expect_head(out_url(1)));
	time_passes(1);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
how_long_it_takes_is_remembered(void **state)
{
	struct job *job;
	int i;

	(void)state;
	flow.policy.plan.interval_ms = 1000;
	reply_missing(peer_always("HEAD", "*"));
	for (i = 0; i < 2; i++) {
		job = flow_job();
		reply_accepted(expect_invoke(1), 1);
		flow_submit(job);
		time_passes(600000);
		reply_found(expect_head(out_url(1)));
		time_passes(1000);
		must_be(JOB_DONE, OUTCOME_OK);
	}
	restart();
	submit_lost(flow_job());
	time_passes(1200000);
	assert_int_equal(peer_count("POST", "*"), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(
		an_endpoint_that_differs_is_told_of_once_and_not_predicted),
	    FLOW_TEST(what_was_predicted_before_is_not_looked_at_either),
	    FLOW_TEST(a_failure_does_not_wait_for_what_nobody_looks_at),
	    FLOW_TEST(it_is_remembered_over_a_restart),
	    FLOW_TEST(three_in_a_row_as_told_and_it_is_predicted_again),
	    FLOW_TEST(another_output_path_in_the_configuration_is_tried),
	    FLOW_TEST(an_output_path_that_was_learned_is_remembered),
	    FLOW_TEST(a_mark_is_of_one_endpoint),
	    FLOW_TEST(how_long_it_takes_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
