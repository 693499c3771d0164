/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When nobody knows whether a submission was accepted: looking first, sending
 * again late, never under the same names, and never more than five times.
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
#include "base/timefmt.h"
#include "engine/plan.h"
#include "tests/support/flow.h"

#define GRACE 30000

/* One submission whose reply got lost. */
static void
lose_reply(struct job *job, unsigned n)
{
	peer_fail(expect_invoke(n), ERR_NET, "connection reset", true);
	if (job != NULL)
		flow_submit(job);
}

static void
its_result_is_looked_for_and_found_without_a_second_submission(void **state)
{
	struct job *job = flow_job();

	(void)state;
	lose_reply(job, 1);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	assert_int_equal(on_disk()->subs[0].fate, SUB_DOUBT);
	assert_string_equal(on_disk()->subs[0].predicted, out_uri(1));
	assert_int_equal(log_lines(" warn ", "may have been accepted"), 1);
	reply_missing(expect_head(out_url(1)));
	time_passes(1);
	reply_found(expect_head(out_url(1)));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_string_equal(on_disk()->result_location, out_uri(1));
	assert_int_equal(log_lines("from=queued to=done outcome=ok", NULL), 1);
	time_passes(3600000);
	assert_int_equal(peer_count("POST", "*"), 1);
}

static void
every_uncertain_answer_is_a_doubt(void **state)
{
	static const struct {
		int status; /* 0: no answer */
		const char *headers;
		const char *body;
	} answers[] = {
	    {0, "", ""},
	    {202, "", "{\"InferenceId\":\"x\"}"},
	    {202, "", "not json"},
	    {202, "x-amzn-sagemaker-outputlocation: elsewhere", "{}"},
	    {202, "x-amzn-sagemaker-outputlocation: s3://", "{}"},
	    {202, "x-amzn-sagemaker-outputlocation: s3:///key", "{}"},
	    {202, "x-amzn-sagemaker-outputlocation: s3://bucket", "{}"},
	    {200, "", "<html>log in first</html>"},
	    {408, "", ""},
	    {500, "x-amzn-ErrorType: InternalFailure", "{}"},
	    {502, "", "<html>bad gateway</html>"},
	    {503, "", "<html>busy</html>"},
	    {504, "", ""},
	};
	size_t i;

	(void)state;
	peer_always("HEAD", "*");
	for (i = 0; i < ARRAY_LEN(answers); i++) {
		struct job *job = flow_job();
		struct peer_step *s = expect_invoke(1);

		if (answers[i].status != 0)
			peer_reply(s, answers[i].status, answers[i].headers,
			    answers[i].body);
		else
			peer_fail(s, ERR_TIMEOUT, "no answer in time", true);
		flow_submit(job);
		if (on_disk()->nsubs != 1 ||
		    on_disk()->subs[0].fate != SUB_DOUBT)
			fail_msg("answer %zu (%d): %s", i, answers[i].status,
			    submission_fate_name(on_disk()->subs[0].fate));
		must_be(JOB_QUEUED, OUTCOME_NONE);
		assert_non_null(on_disk()->subs[0].note);
	}
}

static void
after_the_grace_another_submission_has_names_of_its_own(void **state)
{
	struct job *job = flow_job();
	size_t looks;

	(void)state;
	reply_missing(peer_always("HEAD", "*-1.out"));
	lose_reply(job, 1);
	time_passes(GRACE - 1);
	assert_int_equal(peer_count("POST", "*"), 1);
	looks = peer_count("HEAD", "*");
	assert_in_range(looks, 12, 18);
	reply_accepted(expect_invoke(2), 2);
	time_passes(1);
	/* One more look in the last moment. */
	assert_int_equal(peer_count("HEAD", "*"), looks + 1);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(on_disk()->nsubs, 2);
	assert_int_equal(on_disk()->subs[0].fate, SUB_DOUBT);
	assert_int_equal(on_disk()->subs[1].fate, SUB_ACCEPTED);
	job = job_clone(on_disk(), false);
	assert_string_not_equal(
	    job->subs[0].inference_id, job->subs[1].inference_id);
	assert_string_not_equal(job->subs[0].filename, job->subs[1].filename);
	job_free(job);
	assert_int_equal(log_lines("resubmitting", "submission=2"), 1);
}

static void
its_looks_follow_the_plan(void **state)
{
	struct job *job = flow_job();
	struct plan_now now = {.unit = 0.5};
	int64_t begun, at;
	size_t i;

	(void)state;
	reply_missing(peer_always("HEAD", "*-1.out"));
	lose_reply(job, 1);
	begun = on_disk()->subs[0].ended_at;
	expect_invoke(2);
	time_passes(GRACE);
	at = begun + 1;
	for (i = 1; peer_seen(i + 1) != NULL; i++) {
		assert_string_equal(peer_seen(i)->method, "HEAD");
		assert_int_equal(peer_seen(i)->at, at);
		now.age_ms = at - begun;
		now.left_ms = begun + GRACE - at;
		at += plan_delay_ms(&flow.policy.plan, &now, NULL);
	}
	assert_string_equal(peer_seen(i)->method, "POST");
	assert_int_equal(peer_seen(i)->at, begun + GRACE);
}

static void
without_a_known_place_only_the_grace_is_waited_for(void **state)
{
	struct job *job = flow_job();

	(void)state;
	xfree(&job->spec.output_path);
	lose_reply(job, 1);
	time_passes(GRACE - 1);
	assert_int_equal(peer_count("*", "*"), 1);
	reply_accepted(expect_invoke(2), 2);
	time_passes(1);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

static void
the_first_result_wins_whichever_submission_it_is_of(void **state)
{
	struct job *job = flow_job();

	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	lose_reply(job, 1);
	reply_accepted(expect_invoke(2), 2);
	time_passes(GRACE);
	must_be(JOB_PENDING, OUTCOME_NONE);
	reply_found(expect_head(out_url(1)));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_string_equal(on_disk()->result_location, out_uri(1));
}

static void
the_failure_of_one_waits_for_the_other(void **state)
{
	struct job *job = flow_job();

	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	lose_reply(job, 1);
	reply_accepted(expect_invoke(2), 2);
	time_passes(GRACE);
	reply_missing(expect_head(out_url(1)));
	reply_missing(expect_head(out_url(2)));
	reply_found(expect_head(FAILURE_URL));
	peer_reply(peer_expect("GET", FAILURE_URL), 200, "", "out of memory");
	time_passes(500);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(on_disk()->subs[1].fate, SUB_FAILED);
	assert_string_equal(on_disk()->subs[1].note, "out of memory");
	/* What failed is not looked at any more. */
	reply_missing(expect_head(out_url(1)));
	time_passes(500);
	reply_found(expect_head(out_url(1)));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_string_equal(on_disk()->result_location, out_uri(1));
}

static void
a_failure_stands_when_the_other_never_comes(void **state)
{
	struct job *job = flow_job();

	(void)state;
	job->spec.request_ttl_s = 60;
	job->spec.invocation_timeout_s = 60;
	reply_missing(peer_always("HEAD", "*"));
	lose_reply(job, 1);
	reply_accepted(expect_invoke(2), 2);
	time_passes(GRACE);
	reply_missing(expect_head(out_url(1)));
	reply_missing(expect_head(out_url(2)));
	reply_found(expect_head(FAILURE_URL));
	peer_reply(peer_expect("GET", FAILURE_URL), 200, "", "out of memory");
	time_passes(179999);
	must_be(JOB_PENDING, OUTCOME_NONE);
	time_passes(1);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_code, "model");
	assert_string_equal(on_disk()->error_text, "out of memory");
}

/* Of submission n, whose answer was lost: its place follows from its name. */
static void
fail_doubtful(const char *place)
{
	reply_found(peer_always("HEAD", place));
	peer_reply(peer_always("GET", place), 200, "", "out of memory");
}

static void
fail_one_of_two_doubtful(const char *place)
{
	struct job *job = flow_job();

	engine_recall(flow.engine, "endpoint us-east-1 ocr",
	    "{\"failures\":\"s3://out/failures/{name}-error.out\"}");
	job->spec.request_ttl_s = 60;
	job->spec.invocation_timeout_s = 60;
	reply_missing(peer_always("HEAD", "*"));
	lose_reply(job, 1);
	lose_reply(NULL, 2);
	time_passes(GRACE);
	fail_doubtful(place);
	time_passes(GRACE);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	assert_int_equal(peer_count("POST", "*"), 2);
}

/* Whoever does not want a failure to be retried is not asked again because of
 * another submission that nobody knows of. */
static void
the_failure_of_a_doubtful_one_leads_to_no_third(void **state)
{
	(void)state;
	fail_one_of_two_doubtful("*-2-error.out");
	assert_int_equal(on_disk()->subs[1].fate, SUB_FAILED);
	time_passes(180000);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_text, "out of memory");
	assert_int_equal(peer_count("POST", "*"), 2);
}

static void
whichever_of_them_it_is_of(void **state)
{
	(void)state;
	fail_one_of_two_doubtful("*-1-error.out");
	assert_int_equal(on_disk()->subs[0].fate, SUB_FAILED);
	reply_found(peer_always("HEAD", out_url(2)));
	time_passes(GRACE);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(peer_count("POST", "*"), 2);
}

static void
a_failure_that_cannot_be_read_is_none_of_the_model(void **state)
{
	struct job *job = flow_job();

	(void)state;
	job->spec.request_ttl_s = 60;
	job->spec.invocation_timeout_s = 60;
	reply_missing(peer_always("HEAD", "*"));
	lose_reply(job, 1);
	reply_accepted(expect_invoke(2), 2);
	time_passes(GRACE + 179999);
	reply_missing(expect_head(out_url(1)));
	reply_missing(expect_head(out_url(2)));
	reply_found(expect_head(FAILURE_URL));
	peer_reply(peer_expect("GET", FAILURE_URL), 403, "", "");
	time_passes(1);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
}

static void
five_doubts_end_it(void **state)
{
	struct job *job = flow_job();
	unsigned n;

	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	lose_reply(job, 1);
	for (n = 2; n <= 5; n++) {
		must_be(JOB_QUEUED, OUTCOME_NONE);
		lose_reply(NULL, n);
		time_passes(GRACE);
	}
	must_be(JOB_QUEUED, OUTCOME_NONE);
	assert_int_equal(on_disk()->nsubs, 5);
	time_passes(GRACE - 1);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	time_passes(1);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_code, "in-doubt");
	assert_string_equal(on_disk()->error_text,
	    "5 submissions ended in doubt; the last: InvokeEndpointAsync at "
	    "http://rt.test: connection reset");
	time_passes(86400000);
	assert_int_equal(peer_count("POST", "*"), 5);
}

static void
a_result_of_the_first_is_found_while_the_fifth_is_in_doubt(void **state)
{
	struct job *job = flow_job();
	unsigned n;

	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	lose_reply(job, 1);
	for (n = 2; n <= 5; n++) {
		lose_reply(NULL, n);
		time_passes(GRACE);
	}
	reply_found(expect_head(out_url(1)));
	time_passes(GRACE);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_string_equal(on_disk()->result_location, out_uri(1));
}

static void
nothing_is_sent_again_while_nobody_can_look(void **state)
{
	struct job *job = flow_job();
	struct peer_step *s;

	(void)state;
	s = peer_always("HEAD", "*");
	peer_fail(s, ERR_NET, "no route to host", false);
	lose_reply(job, 1);
	time_passes(10 * GRACE);
	assert_int_equal(peer_count("POST", "*"), 1);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	reply_found(expect_head(out_url(1)));
	time_passes(GRACE);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
a_missing_right_to_list_does_not_stop_the_second_submission(void **state)
{
	struct job *job = flow_job();

	(void)state;
	peer_reply(peer_always("HEAD", "*"), 403, "", "");
	peer_reply(peer_always("GET", "*"), 403, "",
	    "<Error><Code>AccessDenied</Code></Error>");
	lose_reply(job, 1);
	reply_accepted(expect_invoke(2), 2);
	time_passes(GRACE);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

static void
the_caller_s_own_names_stay_in_the_second_submission(void **state)
{
	struct job *job = flow_job();
	struct peer_step *s;
	int i;

	(void)state;
	job->spec.inference_id = xstrdup("order-66");
	job->spec.filename = xstrdup("scan.json");
	reply_missing(peer_always("HEAD", "http://s3.test/out/res/scan.json"));
	for (i = 0; i < 2; i++) {
		s = peer_expect("POST", INVOKE_URL);
		peer_header(s, "X-Amzn-SageMaker-Inference-Id", "order-66");
		peer_header(s, "X-Amzn-SageMaker-Filename", "scan.json");
		peer_fail(s, ERR_NET, "reset", true);
	}
	flow_submit(job);
	time_passes(2000 + GRACE);
	assert_int_equal(on_disk()->nsubs, 2);
}

/* --- several fates in one job --------------------------------------- */

static void
a_refusal_waits_for_what_may_have_been_accepted(void **state)
{
	struct job *job = flow_job();

	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	lose_reply(job, 1);
	reply_error(expect_invoke(2), 400, "ValidationError", "gone");
	time_passes(GRACE);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	assert_int_equal(on_disk()->subs[1].fate, SUB_REFUSED);
	time_passes(GRACE);
	reply_found(expect_head(out_url(1)));
	time_passes(GRACE);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(peer_count("POST", "*"), 2);
}

static void
a_refusal_stands_when_nothing_ever_comes(void **state)
{
	struct job *job = flow_job();

	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	lose_reply(job, 1);
	reply_error(expect_invoke(2), 400, "ValidationError", "gone");
	time_passes(GRACE);
	restart();
	must_be(JOB_QUEUED, OUTCOME_NONE);
	time_passes(on_disk()->deadline_at - clock_wall_ms() - 1);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	time_passes(1);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_code, "refused");
	assert_string_equal(on_disk()->error_text,
	    "InvokeEndpointAsync: ValidationError: gone (HTTP 400)");
	assert_int_equal(peer_count("POST", "*"), 2);
}

static void
a_throttled_try_after_a_doubt_looks_before_it_goes_again(void **state)
{
	struct job *job = flow_job();

	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	lose_reply(job, 1);
	reply_error(expect_invoke(2), 400, "ThrottlingException", "rate");
	time_passes(GRACE);
	assert_int_equal(on_disk()->subs[1].fate, SUB_NOT_SENT);
	reply_missing(expect_head(out_url(1)));
	reply_error(expect_invoke(2), 400, "ThrottlingException", "rate");
	time_passes(500);
	reply_found(expect_head(out_url(1)));
	time_passes(1000);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(on_disk()->nsubs, 2);
}

static void
an_output_path_that_was_learned_finds_lost_answers(void **state)
{
	struct job *first = flow_job(), *second;

	(void)state;
	xfree(&first->spec.output_path);
	reply_accepted(expect_invoke(1), 1);
	flow_submit(first);
	reply_found(expect_head(out_url(1)));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
	second = flow_job();
	xfree(&second->spec.output_path);
	lose_reply(second, 1);
	assert_string_equal(on_disk()->subs[0].predicted, out_uri(1));
	reply_found(expect_head(out_url(1)));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
the_second_answer_tells_where_the_first_one_went(void **state)
{
	struct job *job = flow_job();

	(void)state;
	xfree(&job->spec.output_path);
	lose_reply(job, 1);
	reply_accepted(expect_invoke(2), 2);
	time_passes(GRACE);
	must_be(JOB_PENDING, OUTCOME_NONE);
	reply_found(expect_head(out_url(1)));
	restart();
	must_be(JOB_DONE, OUTCOME_OK);
	assert_string_equal(on_disk()->result_location, out_uri(1));
}

static void
a_doubt_that_nobody_can_look_into_ends_with_the_deadline(void **state)
{
	struct job *job = flow_job();

	(void)state;
	peer_fail(peer_always("HEAD", "*"), ERR_NET, "no route", false);
	lose_reply(job, 1);
	time_passes(on_disk()->deadline_at - clock_wall_ms());
	must_be(JOB_QUEUED, OUTCOME_NONE);
	time_passes(20 * 30000);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
	assert_int_equal(peer_count("POST", "*"), 1);
}

/* Its own clock starts with its own submission. */
static void
what_the_first_left_is_not_too_old_for_the_second(void **state)
{
	struct job *job = flow_job();
	char date[TIMEFMT_HTTP_SIZE], made[TIMEFMT_HTTP_SIZE];
	char headers[200];
	int i;

	(void)state;
	job->spec.filename = xstrdup("scan.json");
	reply_missing(peer_always("HEAD", "*"));
	for (i = 0; i < 2; i++)
		peer_fail(
		    peer_expect("POST", INVOKE_URL), ERR_NET, "reset", true);
	flow_submit(job);
	time_passes(2000 + GRACE);
	assert_int_equal(on_disk()->nsubs, 2);
	timefmt_http(clock_wall_ms(), date);
	timefmt_http(clock_wall_ms() - 5000, made);
	snprintf(headers, sizeof(headers),
	    "ETag: \"e\"\nContent-Length: 1\nDate: %s\nLast-Modified: %s", date,
	    made);
	peer_reply(peer_expect("HEAD", "*/scan.json"), 200, headers, "");
	time_passes(1);
	must_be(JOB_DONE, OUTCOME_OK);
}

/* The first 202 lets see where the one went whose answer was lost. */
static void
a_lost_answer_is_looked_for_once_the_place_is_known(void **state)
{
	struct job *job = flow_job();

	(void)state;
	xfree(&job->spec.output_path);
	lose_reply(job, 1);
	time_passes(GRACE / 2);
	assert_int_equal(peer_count("HEAD", "*"), 0);
	reply_accepted(expect_invoke(2), 2);
	reply_found(expect_head(out_url(1)));
	time_passes(GRACE);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_string_equal(on_disk()->result_location, out_uri(1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(a_lost_answer_is_looked_for_once_the_place_is_known),
	    FLOW_TEST(
		its_result_is_looked_for_and_found_without_a_second_submission),
	    FLOW_TEST(every_uncertain_answer_is_a_doubt),
	    FLOW_TEST(after_the_grace_another_submission_has_names_of_its_own),
	    FLOW_TEST(its_looks_follow_the_plan),
	    FLOW_TEST(without_a_known_place_only_the_grace_is_waited_for),
	    FLOW_TEST(the_first_result_wins_whichever_submission_it_is_of),
	    FLOW_TEST(the_failure_of_one_waits_for_the_other),
	    FLOW_TEST(a_failure_stands_when_the_other_never_comes),
	    FLOW_TEST(the_failure_of_a_doubtful_one_leads_to_no_third),
	    FLOW_TEST(whichever_of_them_it_is_of),
	    FLOW_TEST(a_failure_that_cannot_be_read_is_none_of_the_model),
	    FLOW_TEST(five_doubts_end_it),
	    FLOW_TEST(
		a_result_of_the_first_is_found_while_the_fifth_is_in_doubt),
	    FLOW_TEST(nothing_is_sent_again_while_nobody_can_look),
	    FLOW_TEST(
		a_missing_right_to_list_does_not_stop_the_second_submission),
	    FLOW_TEST(the_caller_s_own_names_stay_in_the_second_submission),
	    FLOW_TEST(a_refusal_waits_for_what_may_have_been_accepted),
	    FLOW_TEST(a_refusal_stands_when_nothing_ever_comes),
	    FLOW_TEST(a_throttled_try_after_a_doubt_looks_before_it_goes_again),
	    FLOW_TEST(an_output_path_that_was_learned_finds_lost_answers),
	    FLOW_TEST(the_second_answer_tells_where_the_first_one_went),
	    FLOW_TEST(a_doubt_that_nobody_can_look_into_ends_with_the_deadline),
	    FLOW_TEST(what_the_first_left_is_not_too_old_for_the_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
