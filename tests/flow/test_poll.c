/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for a result: when is looked, what is believed, when it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "engine/plan.h"
#include "tests/support/fake_clock.h"
#include "tests/support/flow.h"

#define DAY 86400000
/* TTL and time-out of the service, and a minute. */
#define PATIENCE ((21600 + 900 + 60) * INT64_C(1000))

static void
accept(struct job *job)
{
	reply_accepted(expect_invoke(1), 1);
	flow_submit(job);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

/* The one place of a job whose endpoint has no S3FailurePath. */
static void
accept_without_failures(struct job *job)
{
	char headers[300];

	snprintf(headers, sizeof(headers),
	    "x-amzn-sagemaker-outputlocation: %s\n"
	    "x-amzn-sagemaker-failurelocation:",
	    out_uri(1));
	peer_reply(expect_invoke(1), 202, headers, "{}");
	flow_submit(job);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_null(on_disk()->subs[0].failure_location);
}

/* --- when ----------------------------------------------------------- */

static void
looks_are_where_the_plan_says(void **state)
{
	struct job *job = flow_job();
	struct plan_now now = {.left_ms = INT64_MAX, .unit = 0.5};
	int64_t begun, at;
	size_t i;

	(void)state;
	accept_without_failures(job);
	begun = on_disk()->submitted_at;
	reply_missing(peer_always("HEAD", "*"));
	time_passes(3600000);
	at = begun + 500;
	for (i = 1; peer_seen(i) != NULL; i++) {
		assert_int_equal(peer_seen(i)->at, at);
		now.age_ms = at - begun;
		at += plan_delay_ms(&flow.policy.plan, &now, NULL);
	}
	assert_in_range(i, 120, 160);
	reply_found(expect_head(out_url(1)));
	time_passes(30000);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(flow.events[ENGINE_LOOKED], i - 1);
}

static void
a_fixed_interval_is_kept(void **state)
{
	struct job *job = flow_job();

	(void)state;
	flow.policy.plan.interval_ms = 250;
	accept_without_failures(job);
	reply_missing(peer_always("HEAD", "*"));
	time_passes(10000);
	assert_int_equal(peer_count("HEAD", "*"), 40);
}

static void
a_clock_that_is_set_changes_no_schedule(void **state)
{
	struct job *job = flow_job();

	(void)state;
	accept_without_failures(job);
	reply_missing(peer_always("HEAD", "*"));
	fake_clock_jump(-3600000);
	time_passes(499);
	assert_int_equal(peer_count("HEAD", "*"), 0);
	time_passes(1);
	assert_int_equal(peer_count("HEAD", "*"), 1);
	time_passes(60000);
	assert_in_range(peer_count("HEAD", "*"), 2, 130);
}

static void
the_failure_is_looked_for_after_the_output(void **state)
{
	struct job *job = flow_job();

	(void)state;
	accept(job);
	reply_missing(expect_head(out_url(1)));
	reply_missing(expect_head(FAILURE_URL));
	time_passes(500);
	reply_found(expect_head(out_url(1)));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(
	    log_lines("outcome=ok polls=3 cause=planned", NULL), 1);
}

/* --- failures ------------------------------------------------------- */

static void
a_failure_ends_the_job_with_the_model_s_words(void **state)
{
	struct job *job = flow_job();
	struct peer_step *s;

	(void)state;
	accept(job);
	reply_missing(expect_head(out_url(1)));
	reply_found(expect_head(FAILURE_URL));
	s = peer_expect("GET", FAILURE_URL);
	peer_header(s, "If-Match", "\"e1\"");
	peer_reply(s, 200, "", "CUDA out of memory\nat line 7");
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_code, "model");
	assert_string_equal(
	    on_disk()->error_text, "CUDA out of memory\nat line 7");
	assert_int_equal(on_disk()->subs[0].fate, SUB_FAILED);
}

static void
of_a_long_failure_the_first_4_KiB_are_kept(void **state)
{
	struct job *job = flow_job();
	char words[9001];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(words) - 1; i++)
		words[i] = (char)('a' + i / 7 % 26);
	words[9000] = '\0';
	accept(job);
	reply_missing(expect_head(out_url(1)));
	reply_found(expect_head(FAILURE_URL));
	peer_reply(peer_expect("GET", FAILURE_URL), 200, "", words);
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_FAILED);
	words[4096] = '\0';
	assert_string_equal(on_disk()->error_text, words);
}

static void
an_empty_failure_is_a_failure(void **state)
{
	struct job *job = flow_job();

	(void)state;
	accept(job);
	reply_missing(expect_head(out_url(1)));
	reply_found(expect_head(FAILURE_URL));
	peer_reply(peer_expect("GET", FAILURE_URL), 200, "", "");
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(
	    on_disk()->error_text, "the model failed and said nothing");
}

static void
a_failure_that_cannot_be_read_yet_is_read_later(void **state)
{
	struct job *job = flow_job();

	(void)state;
	accept(job);
	reply_missing(peer_always("HEAD", out_url(1)));
	reply_found(peer_always("HEAD", FAILURE_URL));
	peer_fail(peer_expect("GET", FAILURE_URL), ERR_NET, "reset", true);
	time_passes(500);
	must_be(JOB_PENDING, OUTCOME_NONE);
	peer_reply(peer_expect("GET", FAILURE_URL), 200, "", "bad input");
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_text, "bad input");
}

/* --- what stands in the way ----------------------------------------- */

static void
a_403_that_means_no_such_key_is_no_warning(void **state)
{
	struct job *job = flow_job();

	(void)state;
	accept_without_failures(job);
	peer_reply(expect_head(out_url(1)), 403, "", "");
	peer_reply(peer_expect("GET", out_url(1)), 404, "",
	    "<Error><Code>NoSuchKey</Code></Error>");
	time_passes(500);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(log_lines(" warn ", NULL), 0);
	assert_int_equal(flow.trouble.code, ERR_NONE);
}

static void
a_403_that_stays_one_is_told_once_and_waited_out(void **state)
{
	struct job *job = flow_job();

	(void)state;
	accept_without_failures(job);
	peer_reply(peer_always("HEAD", "*"), 403, "", "");
	peer_reply(peer_always("GET", "*"), 403, "",
	    "<Error><Code>AccessDenied</Code><Message>no</Message></Error>");
	time_passes(3600000);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(log_lines(" warn ", "AccessDenied"), 1);
	assert_int_equal(log_lines(" warn ", "s3:ListBucket"), 1);
	assert_non_null(strstr(flow.trouble.hint, "s3:ListBucket"));
	reply_found(expect_head(out_url(1)));
	time_passes(30000);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
a_bucket_that_is_not_there_is_told(void **state)
{
	struct job *job = flow_job();

	(void)state;
	accept_without_failures(job);
	peer_reply(expect_head(out_url(1)), 400, "", "");
	peer_reply(peer_expect("GET", out_url(1)), 404, "",
	    "<Error><Code>NoSuchBucket</Code></Error>");
	time_passes(500);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(log_lines(" warn ", "NoSuchBucket"), 1);
}

static void
a_result_that_came_in_between_is_taken_at_once(void **state)
{
	struct job *job = flow_job();

	(void)state;
	accept(job);
	peer_reply(expect_head(out_url(1)), 403, "", "");
	peer_reply(peer_expect("GET", out_url(1)), 200, "", "the result");
	reply_found(expect_head(out_url(1)));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(log_lines(" warn ", NULL), 0);
}

static void
heads_that_are_refused_where_gets_are_not_are_told(void **state)
{
	struct job *job = flow_job();

	(void)state;
	accept_without_failures(job);
	peer_reply(peer_always("HEAD", "*"), 403, "", "");
	peer_reply(peer_always("GET", "*"), 200, "", "");
	time_passes(500);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(peer_count("HEAD", "*"), 2);
	assert_int_equal(log_lines(" warn ", "HeadObject is refused"), 1);
}

static void
whatever_S3_says_the_job_goes_on(void **state)
{
	static const struct {
		int status;
		const char *headers;
		int tries;
	} answers[] = {
	    {500, "", FLOW_TRIES},
	    {503, "Retry-After: 1", FLOW_TRIES},
	    {503, "x-amz-error: SlowDown", FLOW_TRIES},
	    {301, "Location: http://elsewhere.test/", 1},
	    {505, "", 1},
	    {504, "", FLOW_TRIES},
	};
	struct job *job = flow_job();
	size_t i;
	int n;

	(void)state;
	accept_without_failures(job);
	for (i = 0; i < ARRAY_LEN(answers); i++) {
		for (n = 0; n < answers[i].tries; n++)
			peer_reply(expect_head(out_url(1)), answers[i].status,
			    answers[i].headers, "");
	}
	for (n = 0; n < FLOW_TRIES; n++)
		peer_fail(expect_head(out_url(1)), ERR_NET, "reset", true);
	for (n = 0; n < FLOW_TRIES; n++)
		peer_fail(expect_head(out_url(1)), ERR_NET, "refused", false);
	peer_reply(expect_head(out_url(1)), 403, "", "");
	for (n = 0; n < FLOW_TRIES; n++)
		peer_reply(peer_expect("GET", out_url(1)), 503, "",
		    "<Error><Code>SlowDown</Code><Message>!</Message></Error>");
	peer_reply(expect_head(out_url(1)), 403, "", "");
	peer_reply(peer_expect("GET", out_url(1)), 403, "",
	    "<html><body>Forbidden by proxy</body></html>");
	peer_reply(expect_head(out_url(1)), 403, "", "");
	peer_reply(peer_expect("GET", out_url(1)), 400, "", "\x01\x02<<<");
	reply_found(expect_head(out_url(1)));
	time_passes(60000);
	must_be(JOB_DONE, OUTCOME_OK);
	/* Its bucket says so, and not each job. */
	assert_int_equal(log_lines(" warn ", "this is too fast"), 1);
	assert_int_equal(log_lines(" warn ", "503"), 0);
}

/* --- the deadline --------------------------------------------------- */

static void
the_deadline_expires_the_job_after_one_last_look(void **state)
{
	struct job *job = flow_job();
	int64_t begun;
	size_t looks;

	(void)state;
	accept_without_failures(job);
	begun = on_disk()->submitted_at;
	assert_int_equal(on_disk()->deadline_at, begun + PATIENCE);
	reply_missing(peer_always("HEAD", "*"));
	time_passes(PATIENCE - 1);
	must_be(JOB_PENDING, OUTCOME_NONE);
	looks = peer_count("HEAD", "*");
	time_passes(1);
	assert_int_equal(peer_count("HEAD", "*"), looks + 1);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
	assert_int_equal(on_disk()->completed_at, begun + PATIENCE);
	assert_string_equal(on_disk()->error_code, "deadline");
	time_passes(DAY);
	assert_int_equal(peer_count("HEAD", "*"), looks + 1);
}

static void
the_last_look_finds_what_came_in_time(void **state)
{
	struct job *job = flow_job();

	(void)state;
	accept_without_failures(job);
	reply_missing(peer_always("HEAD", "*"));
	time_passes(PATIENCE - 1);
	reply_found(expect_head(out_url(1)));
	time_passes(1);
	must_be(JOB_DONE, OUTCOME_OK);
}

/* What it did not see may have come while its answer was on its way. */
static void
a_look_that_began_before_the_deadline_is_not_the_last(void **state)
{
	struct job *job = flow_job();

	(void)state;
	flow.policy.plan.interval_ms = PATIENCE - 2000;
	accept_without_failures(job);
	peer_delay(reply_missing(expect_head(out_url(1))), 5000);
	time_passes(PATIENCE + 2999);
	must_be(JOB_PENDING, OUTCOME_NONE);
	reply_found(expect_head(out_url(1)));
	time_passes(10);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
a_machine_that_slept_past_the_deadline_looks_first(void **state)
{
	struct job *job = flow_job();

	(void)state;
	accept_without_failures(job);
	flow_die();
	fake_clock_advance(INT64_C(3) * DAY);
	reply_found(expect_head(out_url(1)));
	flow_take_up();
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
a_network_that_is_down_at_the_deadline_expires_nothing(void **state)
{
	struct job *job = flow_job();

	(void)state;
	accept_without_failures(job);
	flow_die();
	fake_clock_advance(INT64_C(3) * DAY);
	peer_fail(expect_head(out_url(1)), ERR_NET, "no route", false);
	flow_take_up();
	must_be(JOB_PENDING, OUTCOME_NONE);
	reply_found(expect_head(out_url(1)));
	time_passes(60000);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
a_network_that_stays_down_expires_it_in_the_end(void **state)
{
	struct job *job = flow_job();

	(void)state;
	accept_without_failures(job);
	peer_fail(peer_always("HEAD", "*"), ERR_NET, "no route", false);
	time_passes(PATIENCE + 19 * 30000);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
	assert_non_null(strstr(on_disk()->error_text, "no route"));
}

static void
denied_to_the_end_it_says_so(void **state)
{
	struct job *job = flow_job();

	(void)state;
	accept_without_failures(job);
	peer_reply(peer_always("HEAD", "*"), 403, "", "");
	peer_reply(peer_always("GET", "*"), 403, "",
	    "<Error><Code>AccessDenied</Code></Error>");
	time_passes(PATIENCE);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
	assert_non_null(strstr(on_disk()->error_text, "AccessDenied"));
}

/* --- places --------------------------------------------------------- */

static void
a_place_that_differs_from_the_prediction_is_used_and_told(void **state)
{
	struct job *job = flow_job();

	(void)state;
	peer_reply(expect_invoke(1), 202,
	    "x-amzn-sagemaker-outputlocation: s3://other/9f.out", "{}");
	flow_submit(job);
	assert_string_equal(
	    on_disk()->subs[0].output_location, "s3://other/9f.out");
	assert_int_equal(log_lines(" warn ", "does not honour"), 1);
	assert_int_equal(log_lines("actual=s3://other/9f.out", out_uri(1)), 1);
	reply_found(expect_head("http://s3.test/other/9f.out"));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_string_equal(on_disk()->result_location, "s3://other/9f.out");
}

static void
without_an_output_path_the_name_alone_is_compared(void **state)
{
	struct job *job = flow_job();

	(void)state;
	xfree(&job->spec.output_path);
	accept(job);
	assert_int_equal(log_lines(" warn ", NULL), 0);
}

/* --- objects older than the job ------------------------------------- */

#define OWN_URL "http://s3.test/out/res/mine/scan.json"

static struct job *
own_name_job(void)
{
	struct job *job = flow_job();

	job->spec.extension = xstrdup("mine");
	job->spec.filename = xstrdup("scan.json");
	/* What lay there before cannot be told: its age has to. */
	peer_reply(peer_expect("HEAD", OWN_URL), 403, "", "");
	peer_reply(peer_expect("POST", INVOKE_URL), 202,
	    "x-amzn-sagemaker-outputlocation: s3://out/res/mine/scan.json",
	    "{}");
	return job;
}

/* An object of that age, as the server's clock tells it, which is wrong. */
static void
reply_aged(struct peer_step *s, int64_t now, int64_t age_ms)
{
	char date[64], modified[64], headers[300];

	now += 7777777;
	timefmt_http(now, date);
	timefmt_http(now - age_ms, modified);
	snprintf(headers, sizeof(headers),
	    "ETag: \"old\"\nContent-Length: 1\nDate: %s\nLast-Modified: %s",
	    date, modified);
	peer_reply(s, 200, headers, "");
}

static void
an_older_object_under_the_caller_s_name_is_not_taken(void **state)
{
	struct job *job = own_name_job();
	int64_t created = job->created_at;

	(void)state;
	flow_submit(job);
	time_passes(2000);
	must_be(JOB_PENDING, OUTCOME_NONE);
	reply_aged(expect_head(OWN_URL), created + 2500, 2500);
	time_passes(500);
	must_be(JOB_PENDING, OUTCOME_NONE);
	reply_aged(expect_head(OWN_URL), created + 3000, 86400000);
	time_passes(500);
	must_be(JOB_PENDING, OUTCOME_NONE);
	/* Half a second after the submission. */
	reply_aged(expect_head(OWN_URL), created + 3500, 1000);
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
a_new_object_is_taken_whatever_the_fraction_of_a_second(void **state)
{
	int64_t shift;

	(void)state;
	for (shift = 0; shift < 1000; shift += 50) {
		struct job *job = own_name_job();
		int64_t made = job->created_at;

		flow_submit(job);
		time_passes(2000 + 499);
		must_be(JOB_PENDING, OUTCOME_NONE);
		/* Made in the moment of the submission. */
		reply_aged(expect_head(OWN_URL), made + 2500 + shift, 500);
		time_passes(1);
		must_be(JOB_DONE, OUTCOME_OK);
	}
}

static void
an_old_object_is_refused_whatever_the_fraction_of_a_second(void **state)
{
	int64_t shift;

	(void)state;
	for (shift = 0; shift < 1000; shift += 50) {
		struct job *job = own_name_job();
		int64_t made = job->created_at;

		flow_submit(job);
		time_passes(2000 + 499);
		reply_aged(expect_head(OWN_URL), made + 2500 + shift, 2501);
		time_passes(1);
		must_be(JOB_PENDING, OUTCOME_NONE);
		reply_found(expect_head(OWN_URL));
		time_passes(500);
		must_be(JOB_DONE, OUTCOME_OK);
	}
}

static void
names_of_our_own_need_no_age(void **state)
{
	struct job *job = flow_job();

	(void)state;
	accept(job);
	reply_aged(expect_head(out_url(1)), FAKE_CLOCK_START, DAY);
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
}

/* --- many ----------------------------------------------------------- */

static void
serve(const char *method, const char *url, const struct headers *h,
    struct peer_answer *out, void *arg)
{
	(void)url;
	(void)arg;
	out->status = str_eq(method, "POST") ? 202 : 200;
	if (out->status == 202)
		snprintf(out->headers, sizeof(out->headers),
		    "x-amzn-sagemaker-outputlocation: s3://out/res/%s",
		    headers_get(h, "x-amzn-sagemaker-filename"));
}

static void
a_thousand_jobs_do_not_disturb_each_other(void **state)
{
	unsigned i;

	(void)state;
	peer_serve(serve, NULL);
	for (i = 0; i < 1000; i++)
		engine_submit(flow.engine, flow_job());
	time_passes(500);
	assert_int_equal(flow.events[ENGINE_MOVED], 2000);
	assert_int_equal(peer_count("POST", "*"), 1000);
	assert_int_equal(peer_count("HEAD", "*"), 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(looks_are_where_the_plan_says),
	    FLOW_TEST(a_fixed_interval_is_kept),
	    FLOW_TEST(a_clock_that_is_set_changes_no_schedule),
	    FLOW_TEST(the_failure_is_looked_for_after_the_output),
	    FLOW_TEST(a_failure_ends_the_job_with_the_model_s_words),
	    FLOW_TEST(of_a_long_failure_the_first_4_KiB_are_kept),
	    FLOW_TEST(an_empty_failure_is_a_failure),
	    FLOW_TEST(a_failure_that_cannot_be_read_yet_is_read_later),
	    FLOW_TEST(a_403_that_means_no_such_key_is_no_warning),
	    FLOW_TEST(a_403_that_stays_one_is_told_once_and_waited_out),
	    FLOW_TEST(a_bucket_that_is_not_there_is_told),
	    FLOW_TEST(a_result_that_came_in_between_is_taken_at_once),
	    FLOW_TEST(heads_that_are_refused_where_gets_are_not_are_told),
	    FLOW_TEST(whatever_S3_says_the_job_goes_on),
	    FLOW_TEST(the_deadline_expires_the_job_after_one_last_look),
	    FLOW_TEST(the_last_look_finds_what_came_in_time),
	    FLOW_TEST(a_look_that_began_before_the_deadline_is_not_the_last),
	    FLOW_TEST(a_machine_that_slept_past_the_deadline_looks_first),
	    FLOW_TEST(a_network_that_is_down_at_the_deadline_expires_nothing),
	    FLOW_TEST(a_network_that_stays_down_expires_it_in_the_end),
	    FLOW_TEST(denied_to_the_end_it_says_so),
	    FLOW_TEST(
		a_place_that_differs_from_the_prediction_is_used_and_told),
	    FLOW_TEST(without_an_output_path_the_name_alone_is_compared),
	    FLOW_TEST(an_older_object_under_the_caller_s_name_is_not_taken),
	    FLOW_TEST(a_new_object_is_taken_whatever_the_fraction_of_a_second),
	    FLOW_TEST(
		an_old_object_is_refused_whatever_the_fraction_of_a_second),
	    FLOW_TEST(names_of_our_own_need_no_age),
	    FLOW_TEST(a_thousand_jobs_do_not_disturb_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
