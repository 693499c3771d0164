/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs on their way to S3: never over anything, never twice in vain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "tests/support/flow.h"

#define INPUT "Hello world"
#define INPUT_SUM "OOJZ0D8xKts="
#define INPUT_URL "http://s3.test/inp/jobs/x"
#define OWNER "111122223333"
#define THERE_ALREADY "<Error><Code>PreconditionFailed</Code></Error>"

static struct job *
file_job(void)
{
	struct job *job = flow_job();
	struct job_spec *spec = &job->spec;
	char sha256[HASH_SHA256_HEX_SIZE];
	struct error err;

	free(spec->body);
	spec->body = NULL;
	spec->body_len = 0;
	spec->input = INPUT_FILE;
	spec->input_path = xasprintf("%s/input", flow.dir);
	if (file_write_atomic(
		spec->input_path, INPUT, strlen(INPUT), 0600, &err) == -1)
		fail_msg("%s", err.text);
	spec->input_size = (int64_t)strlen(INPUT);
	hash_sha256_hex(INPUT, strlen(INPUT), sha256);
	spec->input_sha256 = xstrdup(sha256);
	spec->input_location = xstrdup("s3://inp/jobs/x");
	flow.policy.bucket_owner = OWNER;
	return job;
}

static struct peer_step *
expect_put(void)
{
	struct peer_step *s = peer_expect("PUT", INPUT_URL);

	peer_header(s, "If-None-Match", "[*]");
	peer_header(s, "x-amz-checksum-crc64nvme", INPUT_SUM);
	peer_header(s, "x-amz-expected-bucket-owner", OWNER);
	peer_body(s, INPUT);
	return s;
}

static struct peer_step *
expect_look(void)
{
	struct peer_step *s = peer_expect("HEAD", INPUT_URL);

	peer_header(s, "x-amz-checksum-mode", "ENABLED");
	peer_header(s, "x-amz-expected-bucket-owner", OWNER);
	return s;
}

static void
an_input_that_an_earlier_try_left_is_taken(void **state)
{
	struct job *job = file_job();

	(void)state;
	peer_reply(expect_put(), 412, "", THERE_ALREADY);
	peer_reply(expect_look(), 200,
	    "content-length: 11\nx-amz-checksum-crc64nvme: " INPUT_SUM, "");
	reply_accepted(expect_invoke(1), 1);
	flow_submit(job);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

static void
an_object_of_somebody_else_is_left_alone(void **state)
{
	struct job *job = file_job();

	(void)state;
	peer_reply(expect_put(), 412, "", THERE_ALREADY);
	peer_reply(expect_look(), 200,
	    "content-length: 11\nx-amz-checksum-crc64nvme: AAAAAAAAAAA=", "");
	flow_submit(job);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_code, "upload");
	assert_non_null(
	    strstr(on_disk()->error_text, "s3://inp/jobs/x is there already"));
	assert_int_equal(on_disk()->nsubs, 0);
}

static void
what_may_not_be_looked_at_says_what_to_allow(void **state)
{
	struct job *job = file_job();

	(void)state;
	peer_reply(expect_put(), 412, "", THERE_ALREADY);
	peer_reply(expect_look(), 403, "", "");
	flow_submit(job);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_int_equal(log_lines("to=done", "s3:GetObject"), 1);
}

static void
what_went_away_in_between_is_put_there(void **state)
{
	struct job *job = file_job();

	(void)state;
	peer_reply(expect_put(), 412, "", THERE_ALREADY);
	peer_reply(expect_look(), 404, "", "");
	flow_submit(job);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	peer_reply(expect_put(), 409, "",
	    "<Error><Code>ConditionalRequestConflict</Code></Error>");
	time_passes(500);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	peer_reply(expect_put(), 200, "", "");
	reply_accepted(expect_invoke(1), 1);
	time_passes(1000);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

static void
a_process_that_died_behind_the_upload_goes_on(void **state)
{
	struct job *job = file_job();

	(void)state;
	peer_expect("PUT", INPUT_URL);
	flow_submit(job);
	flow_die();
	peer_reply(expect_put(), 412, "", THERE_ALREADY);
	peer_reply(expect_look(), 200,
	    "content-length: 11\netag: \"3e25960a79dbc69b674cd4ec67a72c62\"",
	    "");
	reply_accepted(expect_invoke(1), 1);
	flow_take_up();
	time_passes(100);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

static void
an_input_that_grew_is_not_sent(void **state)
{
	struct job *job = file_job();
	struct error err;

	(void)state;
	if (file_write_atomic(job->spec.input_path, INPUT "!",
		strlen(INPUT "!"), 0600, &err) == -1)
		fail_msg("%s", err.text);
	flow_submit(job);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_non_null(strstr(on_disk()->error_text, "is not what it was"));
}

static void
an_input_that_became_a_fifo_holds_nobody_up(void **state)
{
	struct job *job = file_job();

	(void)state;
	job->spec.input_size = 0;
	assert_int_equal(unlink(job->spec.input_path), 0);
	assert_int_equal(mkfifo(job->spec.input_path, 0600), 0);
	alarm(20);
	flow_submit(job);
	alarm(0);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_non_null(strstr(on_disk()->error_text, "is not what it was"));
}

static void
a_job_that_is_given_up_takes_its_upload_with_it(void **state)
{
	struct job *job = file_job();

	(void)state;
	peer_reply(expect_put(), 412, "", THERE_ALREADY);
	peer_expect("HEAD", INPUT_URL);
	flow_submit(job);
	assert_int_equal(engine_cancel(flow.engine, flow.id), 0);
	time_passes(1000);
	must_be(JOB_DONE, OUTCOME_CANCELLED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(an_input_that_an_earlier_try_left_is_taken),
	    FLOW_TEST(an_object_of_somebody_else_is_left_alone),
	    FLOW_TEST(what_may_not_be_looked_at_says_what_to_allow),
	    FLOW_TEST(what_went_away_in_between_is_put_there),
	    FLOW_TEST(a_process_that_died_behind_the_upload_goes_on),
	    FLOW_TEST(an_input_that_grew_is_not_sent),
	    FLOW_TEST(an_input_that_became_a_fifo_holds_nobody_up),
	    FLOW_TEST(a_job_that_is_given_up_takes_its_upload_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
