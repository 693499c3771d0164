/* SPDX-License-Identifier: Apache-2.0 */
/* The account with a presigned URL, and as a CloudEvent: its exact bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "deliver/payload.h"

#define CAP (1024 * 1024)
#define JOB "01hz4k9p3w7x5v2q8r6t0y1n3b"
#define OUT "s3://b/x/" JOB "-1.out"
#define URL "https://b.s3.test/x?X-Amz-Signature=1"
#define TRACE "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

#define DATA_HEAD                                                  \
	"{\"job\":\"" JOB "\",\"inference_id\":\"" JOB "-1\","     \
	"\"endpoint\":\"ocr\",\"outcome\":\"ok\","                 \
	"\"output_location\":\"" OUT "\",\"content_type\":\"text/" \
	"plain\",\"size\":5,"
#define TIMES                                            \
	"\"submitted_at\":\"2026-11-22T08:00:00.250Z\"," \
	"\"completed_at\":\"2026-11-22T08:01:01.007Z\""
#define SHA_OF_HELLO                                                           \
	"\"sha256\":"                                                          \
	"\"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\"" \
	","

static struct job *
ok_job(void)
{
	struct job *job = job_new();
	struct submission *s;

	memcpy(job->id, JOB, sizeof(JOB));
	job->spec.endpoint = xstrdup("ocr");
	job->spec.region = xstrdup("us-east-1");
	job->submitted_at = 1795334400250;
	job->completed_at = 1795334461007;
	s = job_add_submission(job);
	s->fate = SUB_ACCEPTED;
	s->inference_id = xstrdup(JOB "-1");
	s->output_location = xstrdup(OUT);
	job->state = JOB_DONE;
	job->outcome = OUTCOME_OK;
	job->result_location = xstrdup(OUT);
	job->result_type = xstrdup("text/plain");
	job->result_size = 5;
	return job;
}

static void
must_be(struct buf *out, const char *want)
{
	struct error err;
	struct json *root;

	assert_string_equal(out->data, want);
	if (json_parse(out->data, out->len, &root, &err) == -1)
		fail_msg("%s", err.text);
	json_free(root);
	buf_done(out);
}

static const struct payload reference = {
    .result_url = URL, .url_expires_at = 1795338061007};

static void
a_reference_has_a_url_and_until_when(void **state)
{
	struct job *job = ok_job();
	struct buf out;

	(void)state;
	buf_init(&out, CAP);
	assert_int_equal(payload_event(&out, job, &reference), 0);
	must_be(&out,
	    "{\"type\":\"inference.completed\","
	    "\"timestamp\":\"2026-11-22T08:01:01.007Z\",\"data\":" DATA_HEAD
		TIMES ",\"result_url\":\"" URL
	    "\",\"result_url_expires_at\":\"2026-11-22T09:01:01.007Z\"}}");
	job_free(job);
}

static void
without_a_result_there_is_no_url(void **state)
{
	struct job *job = ok_job();
	struct buf out;

	(void)state;
	xfree(&job->result_location);
	job->outcome = OUTCOME_FAILED;
	assert_false(payload_has_result(job));
	buf_init(&out, CAP);
	assert_int_equal(payload_event(&out, job, &reference), 0);
	assert_null(strstr(out.data, "result_url"));
	buf_done(&out);
	job->late_at = 1795334461999;
	assert_true(payload_has_result(job));
	job_free(job);
}

static void
in_binary_mode_the_data_is_the_body(void **state)
{
	const struct payload p = {.result = "hello", .len = 5};
	struct job *job = ok_job();
	struct buf out;

	(void)state;
	buf_init(&out, CAP);
	assert_int_equal(payload_data(&out, job, &p), 0);
	must_be(&out, DATA_HEAD SHA_OF_HELLO TIMES ",\"result\":\"hello\"}");
	job_free(job);
}

static struct delivery *
delivery_of(const struct job *job)
{
	return delivery_new(job->id, "webhook hook", payload_event_type(job),
	    job->completed_at);
}

static void
check_structured(const struct job *job, const char *traces, const char *result,
    const struct payload *p)
{
	struct delivery *d = delivery_of(job);
	char *want = xasprintf(
	    "{\"specversion\":\"1.0\",\"id\":\"%s\","
	    "\"source\":\"/awaitd/us-east-1/ocr\","
	    "\"type\":\"inference.completed\",\"subject\":\"" JOB "\","
	    "\"time\":\"2026-11-22T08:01:01.007Z\",%s"
	    "\"datacontenttype\":\"application/json\",\"data\":%s}",
	    d->id, traces, result);
	struct buf out, again;

	buf_init(&out, CAP);
	buf_init(&again, CAP);
	assert_int_equal(payload_cloudevent(&out, job, d, p), 0);
	assert_int_equal(payload_cloudevent(&again, job, d, p), 0);
	assert_string_equal(out.data, again.data);
	must_be(&out, want);
	buf_done(&again);
	free(want);
	delivery_free(d);
}

static void
in_structured_mode_all_is_one_object(void **state)
{
	const struct payload text = {.result = "hello", .len = 5};
	struct job *job = ok_job();

	(void)state;
	check_structured(job, "",
	    DATA_HEAD SHA_OF_HELLO TIMES ",\"result\":\"hello\"}", &text);
	job->spec.traceparent = xstrdup(TRACE);
	check_structured(job, "\"traceparent\":\"" TRACE "\",",
	    DATA_HEAD TIMES "}", &(struct payload){0});
	job->spec.tracestate = xstrdup("a=1,b=2");
	check_structured(job,
	    "\"traceparent\":\"" TRACE "\",\"tracestate\":\"a=1,b=2\",",
	    DATA_HEAD TIMES "}", &(struct payload){0});
	job_free(job);
}

/* The data is JSON, whatever the result is. */
static void
bytes_that_are_no_text_make_no_data_base64(void **state)
{
	const struct payload p = {.result = "\0\xff", .len = 2};
	struct job *job = ok_job();
	struct delivery *d = delivery_of(job);
	struct buf out;

	(void)state;
	buf_init(&out, CAP);
	assert_int_equal(payload_cloudevent(&out, job, d, &p), 0);
	assert_null(strstr(out.data, "\"data_base64\""));
	assert_non_null(strstr(out.data, "\"result_base64\":\"AP8=\""));
	buf_done(&out);
	delivery_free(d);
	job_free(job);
}

static void
where_there_is_no_room_it_fails(void **state)
{
	struct job *job = ok_job();
	struct delivery *d = delivery_of(job);
	size_t max;
	struct buf out;

	(void)state;
	for (max = 1; max < 300; max += 7) {
		buf_init(&out, max);
		assert_int_equal(payload_data(&out, job, &reference), -1);
		buf_done(&out);
		buf_init(&out, max);
		assert_int_equal(
		    payload_cloudevent(&out, job, d, &reference), -1);
		buf_done(&out);
	}
	delivery_free(d);
	job_free(job);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_reference_has_a_url_and_until_when),
	    cmocka_unit_test(without_a_result_there_is_no_url),
	    cmocka_unit_test(in_binary_mode_the_data_is_the_body),
	    cmocka_unit_test(in_structured_mode_all_is_one_object),
	    cmocka_unit_test(bytes_that_are_no_text_make_no_data_base64),
	    cmocka_unit_test(where_there_is_no_room_it_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
