/* SPDX-License-Identifier: Apache-2.0 */
/* Getting a job accepted: inputs, names, refusals and what is tried again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/discard.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "tests/support/fake_store.h"
#include "tests/support/flow.h"

static void
a_small_input_goes_inline_and_its_result_is_found(void **state)
{
	struct job *job = flow_job();
	struct peer_step *s;

	(void)state;
	s = reply_accepted(expect_invoke(1), 1);
	peer_body(s, "hello");
	peer_header(s, "X-Amzn-SageMaker-Content-Type", "text/plain");
	peer_header(s, "X-Amzn-SageMaker-InputLocation", NULL);
	peer_header(s, "X-Amz-Security-Token", "canary-token*");
	peer_header(s, "Authorization", "*" FLOW_KEY "*/sagemaker/*");
	flow_submit(job);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_string_equal(on_disk()->subs[0].output_location, out_uri(1));
	assert_string_equal(on_disk()->subs[0].request_id, "req-1");
	reply_found(expect_head(out_url(1)));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_string_equal(on_disk()->result_location, out_uri(1));
	assert_string_equal(on_disk()->result_etag, "\"e1\"");
	assert_string_equal(on_disk()->result_type, "text/x-result");
	assert_int_equal(on_disk()->result_size, 77);
	assert_int_equal(on_disk()->nsubs, 1);
	assert_int_equal(flow.events[ENGINE_STORED], 1);
	assert_int_equal(flow.events[ENGINE_MOVED], 2);
	assert_int_equal(log_lines(" from=queued to=pending", flow.id), 1);
	assert_int_equal(
	    log_lines(" to=done outcome=ok polls=1 cause=planned", flow.id), 1);
	time_passes(3600000);
}

static void
an_input_in_s3_is_passed_by_reference(void **state)
{
	struct job *job = flow_job();
	struct peer_step *s;

	(void)state;
	free(job->spec.body);
	job->spec.body = NULL;
	job->spec.body_len = 0;
	job->spec.input = INPUT_LOCATION;
	job->spec.input_location = xstrdup("s3://inp/page 1.png");
	s = reply_accepted(expect_invoke(1), 1);
	peer_header(s, "X-Amzn-SageMaker-InputLocation", "s3://inp/page 1.png");
	peer_body(s, "");
	flow_submit(job);
	reply_found(expect_head(out_url(1)));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
names_of_the_service_are_left_to_it(void **state)
{
	struct job *job = flow_job();
	struct peer_step *s;

	(void)state;
	job->spec.own_names = false;
	s = peer_expect("POST", INVOKE_URL);
	peer_header(s, "X-Amzn-SageMaker-Filename", NULL);
	peer_header(s, "X-Amzn-SageMaker-S3OutputPathExtension", NULL);
	peer_header(s, "X-Amzn-SageMaker-Inference-Id", "*-1");
	peer_reply(s, 202,
	    "x-amzn-sagemaker-outputlocation: s3://out/res/0ab1.out", "{}");
	flow_submit(job);
	assert_null(on_disk()->subs[0].predicted);
	assert_null(on_disk()->subs[0].failure_location);
	reply_found(expect_head("http://s3.test/out/res/0ab1.out"));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(log_lines(" warn ", NULL), 0);
}

static void
names_of_the_caller_are_kept_as_they_are(void **state)
{
	struct job *job = flow_job();
	struct peer_step *s;

	(void)state;
	job->spec.inference_id = xstrdup("order 66");
	job->spec.extension = xstrdup("mine/too");
	job->spec.filename = xstrdup("scan.json");
	flow_submit(job);
	/* The age of an object tells only after a while. */
	time_passes(1999);
	assert_null(peer_seen(0));
	reply_missing(expect_head("http://s3.test/out/res/mine/too/scan.json"));
	s = peer_expect("POST", INVOKE_URL);
	peer_header(s, "X-Amzn-SageMaker-Inference-Id", "order 66");
	peer_header(s, "X-Amzn-SageMaker-S3OutputPathExtension", "mine/too");
	peer_header(s, "X-Amzn-SageMaker-Filename", "scan.json");
	peer_reply(s, 202,
	    "x-amzn-sagemaker-outputlocation: s3://out/res/mine/too/scan.json",
	    "{}");
	time_passes(1);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_string_equal(
	    on_disk()->subs[0].predicted, "s3://out/res/mine/too/scan.json");
}

static void
every_member_of_the_request_is_sent(void **state)
{
	struct job *job = flow_job();
	struct peer_step *s;

	(void)state;
	job->spec.accept = xstrdup("application/json");
	job->spec.custom_attributes = xstrdup("trace=1");
	job->spec.request_ttl_s = 60;
	job->spec.invocation_timeout_s = 7;
	s = reply_accepted(expect_invoke(1), 1);
	peer_header(s, "X-Amzn-SageMaker-Accept", "application/json");
	peer_header(s, "X-Amzn-SageMaker-Custom-Attributes", "trace=1");
	peer_header(s, "X-Amzn-SageMaker-RequestTTLSeconds", "60");
	peer_header(s, "X-Amzn-SageMaker-InvocationTimeoutSeconds", "7");
	flow_submit(job);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(on_disk()->deadline_at,
	    on_disk()->submitted_at + 60000 + 7000 + 60000);
}

/* --- uploads -------------------------------------------------------- */

#define INPUT_URL "http://s3.test/inp/jobs/x"

static char *
put_input(const char *text)
{
	char *file = xasprintf("%s/input", flow.dir);
	struct error err;

	if (file_write_atomic(file, text, strlen(text), 0600, &err) == -1)
		fail_msg("%s", err.text);
	return file;
}

static struct job *
file_job(const char *text)
{
	struct job *job = flow_job();
	char sha256[HASH_SHA256_HEX_SIZE];

	free(job->spec.body);
	job->spec.body = NULL;
	job->spec.body_len = 0;
	job->spec.input = INPUT_FILE;
	job->spec.input_path = put_input(text);
	job->spec.input_size = (int64_t)strlen(text);
	hash_sha256_hex(text, strlen(text), sha256);
	job->spec.input_sha256 = xstrdup(sha256);
	job->spec.input_location = xstrdup("s3://inp/jobs/x");
	return job;
}

static struct peer_step *
expect_put(const char *body)
{
	struct peer_step *s = peer_expect("PUT", INPUT_URL);
	char sha256[HASH_SHA256_HEX_SIZE];

	hash_sha256_hex(body, strlen(body), sha256);
	peer_header(s, "x-amz-content-sha256", sha256);
	peer_header(s, "Content-Type", "text/plain");
	peer_body(s, body);
	return s;
}

static void
a_file_is_uploaded_before_its_submission(void **state)
{
	struct job *job = file_job("many bytes");
	struct peer_step *s;

	(void)state;
	peer_reply(expect_put("many bytes"), 200, "ETag: \"i\"", "");
	s = reply_accepted(expect_invoke(1), 1);
	peer_header(s, "X-Amzn-SageMaker-InputLocation", "s3://inp/jobs/x");
	peer_body(s, "");
	flow_submit(job);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(access(on_disk()->spec.input_path, F_OK), 0);
}

static void
an_upload_that_broke_is_tried_again_before_any_intent(void **state)
{
	struct job *job = file_job("many bytes");
	int i;

	(void)state;
	for (i = 0; i < FLOW_TRIES; i++)
		peer_fail(
		    expect_put("many bytes"), ERR_NET, "broken pipe", true);
	flow_submit(job);
	time_passes(100);
	assert_int_equal(on_disk()->nsubs, 0);
	assert_int_equal(flow.events[ENGINE_TROUBLE], 1);
	for (i = 0; i < FLOW_TRIES; i++)
		peer_reply(
		    expect_put("many bytes"), 503, "", "<html>busy</html>");
	time_passes(600);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	peer_reply(expect_put("many bytes"), 200, "", "");
	reply_accepted(expect_invoke(1), 1);
	time_passes(1000);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

static void
an_upload_that_is_denied_ends_the_job(void **state)
{
	struct job *job = file_job("many bytes");

	(void)state;
	peer_reply(expect_put("many bytes"), 403, "",
	    "<Error><Code>AccessDenied</Code><Message>no</Message></Error>");
	flow_submit(job);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_code, "upload");
	assert_non_null(strstr(on_disk()->error_text, "AccessDenied"));
}

static void
a_file_that_changed_since_is_not_uploaded(void **state)
{
	struct job *job = file_job("many bytes");

	(void)state;
	free(put_input("other"));
	flow_submit(job);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_code, "upload");
	assert_null(peer_seen(0));
}

static void
a_spooled_input_goes_once_the_service_has_it(void **state)
{
	struct job *job = file_job("many bytes");

	(void)state;
	job->spec.input_spooled = true;
	peer_reply(expect_put("many bytes"), 200, "", "");
	peer_fail(expect_invoke(1), ERR_NET, "could not connect", false);
	flow_submit(job);
	assert_int_equal(access(on_disk()->spec.input_path, F_OK), 0);
	reply_accepted(expect_invoke(1), 1);
	time_passes(500);
	must_be(JOB_PENDING, OUTCOME_NONE);
	discard_wait();
	assert_int_equal(access(on_disk()->spec.input_path, F_OK), -1);
}

#define NO_BODY                                                           \
	"1 validation error detected: Value at 'body' failed to satisfy " \
	"constraint: Member must have length less than or equal to 0"

static void
an_inline_body_that_is_refused_is_uploaded_instead(void **state)
{
	struct job *job = flow_job();
	char place[100], url[100];
	struct peer_step *s;

	(void)state;
	flow.policy.input_prefix = "s3://inp/up";
	snprintf(place, sizeof(place), "s3://inp/up/%s", job->id);
	snprintf(url, sizeof(url), "http://s3.test/inp/up/%s", job->id);
	s = reply_error(expect_invoke(1), 400, "ValidationError", NO_BODY);
	peer_body(s, "hello");
	s = peer_reply(peer_expect("PUT", url), 200, "", "");
	peer_body(s, "hello");
	s = reply_accepted(expect_invoke(1), 1);
	peer_header(s, "X-Amzn-SageMaker-InputLocation", place);
	peer_body(s, "");
	flow_submit(job);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(on_disk()->nsubs, 1);
}

static void
an_inline_body_with_nowhere_else_to_go_says_what_to_set(void **state)
{
	struct job *job = flow_job();

	(void)state;
	reply_error(expect_invoke(1), 400, "ValidationError", NO_BODY);
	flow_submit(job);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_code, "refused");
	assert_int_equal(on_disk()->subs[0].fate, SUB_REFUSED);
	assert_non_null(strstr(on_disk()->error_text, "; set input_prefix"));
	assert_int_equal(log_lines("to=done", "set input_prefix"), 1);
	assert_int_equal(log_lines("to=done", "cause="), 0);
	time_passes(3600000);
}

/* --- tried again ---------------------------------------------------- */

static void
a_refused_connection_is_tried_again_under_the_same_names(void **state)
{
	static const int64_t waits[] = {
	    500, 1000, 2000, 4000, 8000, 16000, 25000, 25000};
	struct job *job = flow_job();
	size_t i;

	(void)state;
	peer_fail(expect_invoke(1), ERR_NET, "could not connect", false);
	flow_submit(job);
	for (i = 0; i < ARRAY_LEN(waits); i++) {
		must_be(JOB_QUEUED, OUTCOME_NONE);
		assert_int_equal(on_disk()->nsubs, 1);
		assert_int_equal(on_disk()->subs[0].fate, SUB_NOT_SENT);
		assert_string_equal(flow.trouble.text,
		    "InvokeEndpointAsync at http://rt.test: could not connect");
		time_passes(waits[i] - 1);
		assert_int_equal(peer_count("POST", "*"), i + 1);
		if (i + 1 < ARRAY_LEN(waits))
			peer_fail(expect_invoke(1), ERR_NET,
			    "could not connect", false);
		else
			reply_accepted(expect_invoke(1), 1);
		time_passes(1);
	}
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(on_disk()->nsubs, 1);
	assert_null(on_disk()->subs[0].note);
	assert_int_equal(flow.events[ENGINE_TROUBLE], 8);
}

static void
what_no_service_takes_expires_in_the_end(void **state)
{
	struct job *job = flow_job();
	struct peer_step *s;

	(void)state;
	s = peer_always("POST", "*");
	peer_fail(s, ERR_NET, "could not connect", false);
	flow_submit(job);
	time_passes(on_disk()->deadline_at - clock_wall_ms() + 30000);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
	assert_string_equal(on_disk()->error_code, "deadline");
	assert_string_equal(on_disk()->error_text,
	    "InvokeEndpointAsync at http://rt.test: could not connect");
	assert_int_equal(on_disk()->nsubs, 1);
}

static void
throttling_is_waited_out_under_the_same_names(void **state)
{
	struct job *job = flow_job();

	(void)state;
	reply_error(expect_invoke(1), 400, "ThrottlingException", "Rate");
	flow_submit(job);
	assert_int_equal(on_disk()->subs[0].fate, SUB_NOT_SENT);
	peer_reply(expect_invoke(1), 429, "Retry-After: 7",
	    "{\"__type\":\"TooManyRequestsException\"}");
	time_passes(500);
	time_passes(6999);
	assert_int_equal(peer_count("POST", "*"), 2);
	reply_error(expect_invoke(1), 503, "ServiceUnavailable", "try later");
	time_passes(1);
	reply_accepted(expect_invoke(1), 1);
	time_passes(2000);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(on_disk()->nsubs, 1);
}

/* --- refused -------------------------------------------------------- */

static void
a_validation_error_ends_the_job_at_once(void **state)
{
	struct job *job = flow_job();

	(void)state;
	reply_error(expect_invoke(1), 400, "ValidationError",
	    "Endpoint ocr of account 1 not found.");
	flow_submit(job);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_code, "refused");
	assert_string_equal(on_disk()->error_text,
	    "InvokeEndpointAsync: ValidationError: Endpoint ocr of account 1 "
	    "not found. (HTTP 400)");
	assert_int_equal(on_disk()->subs[0].fate, SUB_REFUSED);
	time_passes(86400000);
	assert_int_equal(peer_count("*", "*"), 1);
}

static void
a_request_that_cannot_be_meant_is_never_sent(void **state)
{
	struct job *job = flow_job();

	(void)state;
	free(job->spec.content_type);
	job->spec.content_type = xstrdup("text/plain\nX-Evil: 1");
	flow_submit(job);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_int_equal(on_disk()->subs[0].fate, SUB_REFUSED);
	assert_null(peer_seen(0));
}

/* --- credentials ---------------------------------------------------- */

static void
expired_credentials_are_read_again_once(void **state)
{
	struct job *job = flow_job();
	struct peer_step *s;

	(void)state;
	setenv("AWS_ACCESS_KEY_ID", "AKIDFRESH", 1);
	s = reply_error(
	    expect_invoke(1), 403, "ExpiredTokenException", "too old");
	peer_header(s, "Authorization", "*" FLOW_KEY "*");
	s = reply_accepted(expect_invoke(1), 1);
	peer_header(s, "Authorization", "*AKIDFRESH*");
	flow_submit(job);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(on_disk()->nsubs, 1);
}

static bool
change_key(
    const char *method, const char *url, const struct headers *h, void *arg)
{
	static unsigned n;
	char key[32];

	(void)method;
	(void)url;
	(void)h;
	(void)arg;
	snprintf(key, sizeof(key), "AKIDFRESH%u", n++);
	setenv("AWS_ACCESS_KEY_ID", key, 1);
	return true;
}

static void
new_credentials_are_not_tried_for_ever(void **state)
{
	struct job *job = flow_job();

	(void)state;
	flow.after = change_key;
	reply_error(expect_invoke(1), 403, "ExpiredTokenException", "too old");
	reply_error(expect_invoke(1), 403, "ExpiredTokenException", "too old");
	flow_submit(job);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	assert_int_equal(peer_count("POST", "*"), 2);
}

/* Nothing was accepted, and what is wrong is not the job. */
static void
credentials_that_stay_expired_end_no_job(void **state)
{
	struct job *job = flow_job();
	int i;

	(void)state;
	for (i = 0; i < 9; i++)
		reply_error(
		    expect_invoke(1), 403, "ExpiredTokenException", "too old");
	flow_submit(job);
	assert_int_equal(on_disk()->subs[0].fate, SUB_NOT_SENT);
	assert_int_equal(log_lines(" warn ", "get new credentials"), 1);
	assert_non_null(strstr(flow.trouble.hint, "get new credentials"));
	time_passes(500 + 1000 + 2000 + 4000 + 8000 + 16000 + 25000 + 24999);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	assert_int_equal(peer_count("POST", "*"), 8);
	time_passes(25000);
	reply_accepted(expect_invoke(1), 1);
	time_passes(1);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(on_disk()->nsubs, 1);
}

static void
a_wrong_clock_ends_no_job(void **state)
{
	struct job *job = flow_job();

	(void)state;
	reply_error(expect_invoke(1), 403, "InvalidSignatureException",
	    "Signature expired: 20260304T040000Z is now earlier than "
	    "20260304T050107Z");
	flow_submit(job);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	assert_int_equal(on_disk()->subs[0].fate, SUB_NOT_SENT);
	assert_int_equal(log_lines(" warn ", "Signature expired"), 1);
	reply_error(expect_invoke(1), 403, "InvalidSignatureException",
	    "The request signature we calculated does not match");
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_code, "refused");
}

/* What is no question of keys has no hint at them. */
static void
a_request_that_came_too_late_says_what_to_set(void **state)
{
	struct job *job = flow_job();

	(void)state;
	reply_error(expect_invoke(1), 400, "RequestExpired", "too late");
	flow_submit(job);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	assert_int_equal(on_disk()->subs[0].fate, SUB_NOT_SENT);
	assert_non_null(strstr(flow.trouble.hint, "clock right"));
}

static void
two_requests_under_way_both_get_the_fresh_credentials(void **state)
{
	struct job *a = flow_job(), *b;
	char id[JOBID_SIZE];
	int i;

	(void)state;
	memcpy(id, a->id, sizeof(id));
	setenv("AWS_ACCESS_KEY_ID", "AKIDFRESH", 1);
	for (i = 0; i < 2; i++)
		reply_error(peer_expect("POST", INVOKE_URL), 403,
		    "ExpiredTokenException", "too old");
	for (i = 0; i < 2; i++) {
		struct peer_step *s = peer_expect("POST", INVOKE_URL);

		peer_header(s, "Authorization", "*AKIDFRESH*");
		peer_reply(s, 202,
		    "x-amzn-sagemaker-outputlocation: s3://out/a", "{}");
	}
	b = flow_job();
	engine_submit(flow.engine, a);
	flow_submit(b);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(on_disk_of(id)->state, JOB_PENDING);
}

/* --- ends ----------------------------------------------------------- */

static void
an_engine_may_go_while_a_submission_is_under_way(void **state)
{
	struct job *job = flow_job();

	(void)state;
	expect_invoke(1);
	flow_submit(job);
	assert_int_equal(on_disk()->subs[0].fate, SUB_OPEN);
}

static void
an_engine_may_go_while_an_upload_is_under_way(void **state)
{
	struct job *job = file_job("many bytes");

	(void)state;
	expect_put("many bytes");
	flow_submit(job);
	must_be(JOB_QUEUED, OUTCOME_NONE);
}

/* What is uploaded by then is submitted by the next process. */
static void
behind_a_drain_an_upload_leads_to_no_submission(void **state)
{
	(void)state;
	peer_reply(
	    peer_delay(expect_put("many bytes"), 1000), 200, "ETag: \"i\"", "");
	flow_submit(file_job("many bytes"));
	engine_drain(flow.engine);
	time_passes(60000);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	assert_int_equal(on_disk()->nsubs, 0);
	assert_int_equal(engine_busy(flow.engine), 0);
}

/* Everything is on disk by then, and nothing was begun. */
static void
a_stopped_engine_begins_nothing(void **state)
{
	struct job *job = flow_job();

	(void)state;
	engine_submit(flow.engine, job);
	engine_stop(flow.engine);
	time_passes(60000);
	must_be(JOB_QUEUED, OUTCOME_NONE);
}

static void
a_store_that_fails_before_the_intent_keeps_the_request_back(void **state)
{
	struct job *job = flow_job();

	(void)state;
	fake_store_break(flow.store);
	flow_submit(job);
	assert_int_equal(flow.events[ENGINE_NOT_STORED], 1);
	assert_int_equal(flow.events[ENGINE_STORED], 0);
	time_passes(3600000);
	assert_null(peer_seen(0));
}

/* The job is on disk, and its intent cannot be. */
static bool
break_after_insert(const char *when, void *arg)
{
	(void)when;
	(void)arg;
	if (on_disk() != NULL)
		fake_store_break(flow.store);
	return true;
}

static void
a_store_that_fails_at_the_intent_keeps_the_request_back(void **state)
{
	struct job *job = flow_job();

	(void)state;
	fake_store_watch(flow.store, break_after_insert, NULL);
	flow_submit(job);
	assert_int_equal(flow.events[ENGINE_STORED], 1);
	assert_int_equal(flow.events[ENGINE_BROKEN], 1);
	time_passes(3600000);
	assert_null(peer_seen(0));
	assert_int_equal(on_disk()->nsubs, 0);
}

static bool
break_store(
    const char *method, const char *url, const struct headers *h, void *arg)
{
	(void)method;
	(void)url;
	(void)h;
	(void)arg;
	fake_store_break(flow.store);
	return true;
}

static void
a_store_that_fails_later_ends_all_work_on_the_job(void **state)
{
	struct job *job = flow_job();

	(void)state;
	flow.after = break_store;
	reply_accepted(expect_invoke(1), 1);
	flow_submit(job);
	assert_int_equal(flow.events[ENGINE_BROKEN], 1);
	assert_int_equal(flow.events[ENGINE_MOVED], 0);
	assert_string_equal(flow.trouble.text, "the disk is gone");
	assert_int_equal(on_disk()->subs[0].fate, SUB_OPEN);
	time_passes(86400000);
	assert_int_equal(peer_count("*", "*"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(a_small_input_goes_inline_and_its_result_is_found),
	    FLOW_TEST(an_input_in_s3_is_passed_by_reference),
	    FLOW_TEST(names_of_the_service_are_left_to_it),
	    FLOW_TEST(names_of_the_caller_are_kept_as_they_are),
	    FLOW_TEST(every_member_of_the_request_is_sent),
	    FLOW_TEST(a_file_is_uploaded_before_its_submission),
	    FLOW_TEST(an_upload_that_broke_is_tried_again_before_any_intent),
	    FLOW_TEST(an_upload_that_is_denied_ends_the_job),
	    FLOW_TEST(a_file_that_changed_since_is_not_uploaded),
	    FLOW_TEST(a_spooled_input_goes_once_the_service_has_it),
	    FLOW_TEST(an_inline_body_that_is_refused_is_uploaded_instead),
	    FLOW_TEST(an_inline_body_with_nowhere_else_to_go_says_what_to_set),
	    FLOW_TEST(a_refused_connection_is_tried_again_under_the_same_names),
	    FLOW_TEST(what_no_service_takes_expires_in_the_end),
	    FLOW_TEST(throttling_is_waited_out_under_the_same_names),
	    FLOW_TEST(a_validation_error_ends_the_job_at_once),
	    FLOW_TEST(a_request_that_cannot_be_meant_is_never_sent),
	    FLOW_TEST(expired_credentials_are_read_again_once),
	    FLOW_TEST(new_credentials_are_not_tried_for_ever),
	    FLOW_TEST(credentials_that_stay_expired_end_no_job),
	    FLOW_TEST(a_wrong_clock_ends_no_job),
	    FLOW_TEST(a_request_that_came_too_late_says_what_to_set),
	    FLOW_TEST(two_requests_under_way_both_get_the_fresh_credentials),
	    FLOW_TEST(an_engine_may_go_while_a_submission_is_under_way),
	    FLOW_TEST(an_engine_may_go_while_an_upload_is_under_way),
	    FLOW_TEST(behind_a_drain_an_upload_leads_to_no_submission),
	    FLOW_TEST(a_stopped_engine_begins_nothing),
	    FLOW_TEST(
		a_store_that_fails_before_the_intent_keeps_the_request_back),
	    FLOW_TEST(a_store_that_fails_at_the_intent_keeps_the_request_back),
	    FLOW_TEST(a_store_that_fails_later_ends_all_work_on_the_job),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
