/* SPDX-License-Identifier: Apache-2.0 */
/* The event: its exact bytes, and that nothing foreign can break it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/payload.h"

#define CAP (1024 * 1024)
#define JOB "01hz4k9p3w7x5v2q8r6t0y1n3b"
#define OUT "s3://b/x/" JOB "-2.out"

static void
add_submission(struct job *job, enum submission_fate fate, const char *out)
{
	struct submission *s = job_add_submission(job);

	s->fate = fate;
	s->inference_id = xasprintf("%s-%u", job->id, s->n);
	s->output_location = xstrdup(out);
	s->failure_location =
	    xasprintf("s3://f/%s-%u-error.out", job->id, s->n);
}

/* Accepted twice; nothing else has happened to it. */
static struct job *
new_job(void)
{
	struct job *job = job_new();

	memcpy(job->id, JOB, sizeof(JOB));
	job->spec.endpoint = xstrdup("ocr");
	job->submitted_at = 1795334400250;
	job->completed_at = 1795334461007;
	add_submission(job, SUB_ACCEPTED, "s3://b/x/" JOB "-1.out");
	add_submission(job, SUB_ACCEPTED, OUT);
	return job;
}

static struct job *
ok_job(void)
{
	struct job *job = new_job();

	job->state = JOB_DONE;
	job->outcome = OUTCOME_OK;
	job->result_location = xstrdup(OUT);
	job->result_type = xstrdup("text/plain");
	job->result_size = 5;
	return job;
}

static int
event_of(struct buf *out, const struct job *job, const void *result, size_t len)
{
	const struct payload p = {.result = result, .len = len};

	return payload_event(out, job, &p);
}

static void
check(struct job *take_job, const void *result, size_t len, const char *want)
{
	struct error err;
	struct json *root;
	struct buf out;

	buf_init(&out, CAP);
	assert_int_equal(event_of(&out, take_job, result, len), 0);
	assert_string_equal(out.data, want);
	if (json_parse(out.data, out.len, &root, &err) == -1)
		fail_msg("%s", err.text);
	json_free(root);
	buf_done(&out);
	job_free(take_job);
}

/* --- each outcome --------------------------------------------------- */

#define HEAD_OF(type)                                                        \
	"{\"type\":\"" type "\",\"timestamp\":\"2026-11-22T08:01:01.007Z\"," \
	"\"data\":{\"job\":\"" JOB "\","
#define TIMES                                            \
	"\"submitted_at\":\"2026-11-22T08:00:00.250Z\"," \
	"\"completed_at\":\"2026-11-22T08:01:01.007Z\""
#define SHA_OF_HELLO \
	"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

static void
a_result_is_part_of_it(void **state)
{
	(void)state;
	check(ok_job(), "hello", 5,
	    HEAD_OF(
		"inference.completed") "\"inference_id\":\"" JOB
				       "-2\",\"endpoint\":\"ocr\",\"outcome\":"
				       "\"ok\","
				       "\"output_location\":\"" OUT
				       "\",\"content_type\":\"text/plain\","
				       "\"size\":5,\"sha256\":\"" SHA_OF_HELLO
				       "\"," TIMES ",\"result\":\"hello\"}}");
}

static void
a_result_that_is_too_large_is_only_named(void **state)
{
	struct job *job = ok_job();

	(void)state;
	job->result_size = 5000000000;
	job->result_sha256 = xstrdup("ab12");
	job->spec.custom_attributes = xstrdup("tenant=7;trace=abc");
	job->spec.tags = xstrdup("batch:7,nightly");
	check(job, NULL, 0,
	    HEAD_OF("inference.completed") "\"inference_id\":\"" JOB
					   "-2\",\"endpoint\":\"ocr\","
					   "\"outcome\":\"ok\","
					   "\"output_location\":\"" OUT
					   "\",\"content_type\":\"text/plain\","
					   "\"size\":5000000000,\"sha256\":"
					   "\"ab12\","
					   "\"custom_attributes\":\"tenant=7;"
					   "trace=abc\",\"tags\":["
					   "\"batch:7\",\"nightly\"]," TIMES
					   "}}");
}

static void
a_result_that_is_empty_is_there(void **state)
{
	struct job *job = ok_job();

	(void)state;
	job->result_size = 0;
	check(job, "", 0,
	    HEAD_OF("inference.completed") "\"inference_id\":\"" JOB
					   "-2\",\"endpoint\":\"ocr\","
					   "\"outcome\":\"ok\","
					   "\"output_location\":\"" OUT
					   "\",\"content_type\":\"text/plain\","
					   "\"size\":0,\"sha256\":"
					   "\"e3b0c44298fc1c149afbf4c8996fb9242"
					   "7ae41e4"
					   "649b934ca495991b7852b855\"," TIMES
					   ",\"result\":\"\"}}");
}

static void
a_failure_has_its_place_and_words(void **state)
{
	struct job *job = new_job();

	(void)state;
	job->state = JOB_DONE;
	job->outcome = OUTCOME_FAILED;
	job->subs[0].fate = SUB_FAILED;
	job->subs[1].fate = SUB_REFUSED;
	job->error_code = xstrdup("model");
	job->error_text = xstrdup("no \"page\"\n\x1b[2J\xff");
	check(job, NULL, 0,
	    HEAD_OF("inference.failed") "\"inference_id\":\"" JOB
					"-1\",\"endpoint\":\"ocr\",\"outcome\":"
					"\"failed\","
					"\"failure_location\":\"s3://f/" JOB
					"-1-error.out\"," TIMES
					",\"error\":{\"code\":\"model\","
					"\"message\":"
					"\"no "
					"\\\"page\\\"\\u000a\\u001b["
					"2J\xef\xbf\xbd\"}}}");
}

static void
a_refusal_has_no_places(void **state)
{
	struct job *job = new_job();

	(void)state;
	job->state = JOB_DONE;
	job->outcome = OUTCOME_FAILED;
	job->submitted_at = 0;
	job->subs[0].fate = SUB_REFUSED;
	job->subs[1].fate = SUB_REFUSED;
	job->error_code = xstrdup("refused");
	check(job, NULL, 0,
	    HEAD_OF("inference.failed") "\"inference_id\":\"" JOB
					"-2\",\"endpoint\":\"ocr\",\"outcome\":"
					"\"failed\","
					"\"completed_at\":\"2026-11-22T08:01:"
					"01.007Z\","
					"\"error\":{\"code\":\"refused\"}}}");
}

static void
an_expired_job_says_where_to_look(void **state)
{
	struct job *job = new_job();

	(void)state;
	job->state = JOB_DONE;
	job->outcome = OUTCOME_EXPIRED;
	job->error_code = xstrdup("deadline");
	check(job, NULL, 0,
	    HEAD_OF(
		"inference.expired") "\"inference_id\":\"" JOB
				     "-2\",\"endpoint\":\"ocr\",\"outcome\":"
				     "\"expired\","
				     "\"output_location\":\"" OUT
				     "\",\"failure_location\":\"s3://f/" JOB
				     "-2-error.out\"," TIMES
				     ",\"error\":{\"code\":\"deadline\"}}}");
}

static void
a_job_cancelled_before_it_was_sent_is_told_of(void **state)
{
	struct job *job = job_new();

	(void)state;
	memcpy(job->id, JOB, sizeof(JOB));
	job->spec.endpoint = xstrdup("ocr");
	job->spec.inference_id = xstrdup("mine");
	job->state = JOB_DONE;
	job->outcome = OUTCOME_CANCELLED;
	job->completed_at = 1795334461007;
	check(job, NULL, 0,
	    HEAD_OF("inference.cancelled") "\"inference_id\":\"mine\","
					   "\"endpoint\":\"ocr\",\"outcome\":"
					   "\"cancelled\","
					   "\"completed_at\":\"2026-11-22T08:"
					   "01:01.007Z\"}}");
}

/* Of the one that came late, whatever became of the job before. */
static void
a_late_result_is_told_with_its_own_facts(void **state)
{
	struct job *job = new_job();

	(void)state;
	job->state = JOB_DONE;
	job->outcome = OUTCOME_EXPIRED;
	job->error_code = xstrdup("deadline");
	job->late_at = job->completed_at + 3600000;
	job->late_location = xstrdup("s3://b/x/" JOB "-1.out");
	job->late_type = xstrdup("text/late");
	job->late_size = 5;
	assert_string_equal(payload_event_type(job), "inference.late");
	assert_null(payload_failure_location(job));
	check(job, "hello", 5,
	    "{\"type\":\"inference.late\",\"timestamp\":"
	    "\"2026-11-22T09:01:01.007Z\",\"data\":{\"job\":\"" JOB
	    "\",\"inference_id\":\"" JOB
	    "-1\",\"endpoint\":\"ocr\",\"outcome\":\"expired\","
	    "\"output_location\":\"s3://b/x/" JOB
	    "-1.out\",\"content_type\":\"text/late\",\"size\":5,"
	    "\"sha256\":\"" SHA_OF_HELLO "\"," TIMES
	    ",\"result\":\"hello\",\"error\":{\"code\":\"deadline\"}}}");
}

static void
the_submission_that_won_is_named(void **state)
{
	struct job *job = ok_job();

	(void)state;
	assert_string_equal(payload_inference_id(job), JOB "-2");
	free(job->result_location);
	job->result_location = xstrdup(job->subs[0].output_location);
	assert_string_equal(payload_inference_id(job), JOB "-1");
	/* One in doubt is found at the place that was predicted. */
	job->subs[0].fate = SUB_DOUBT;
	job->subs[0].predicted = job->subs[0].output_location;
	job->subs[0].output_location = NULL;
	assert_string_equal(payload_inference_id(job), JOB "-1");
	job_free(job);
}

/* --- hostile content ------------------------------------------------ */

/* The member of data, where the event was made from this result. */
static char *
member(const void *result, size_t len, const char *name)
{
	struct job *job = ok_job();
	struct error err;
	struct json *root;
	const char *value;
	struct buf out;
	char *own;

	buf_init(&out, CAP);
	job->result_size = (int64_t)len;
	assert_int_equal(event_of(&out, job, result, len), 0);
	if (json_parse(out.data, out.len, &root, &err) == -1)
		fail_msg("%s: %s", err.text, out.data);
	value = json_get_str(json_get(root, "data"), name);
	own = xstrdup_or_null(value);
	json_free(root);
	buf_done(&out);
	job_free(job);
	return own;
}

static void
goes_as_text(const char *result)
{
	char *got = member(result, strlen(result), "result");
	char *coded = member(result, strlen(result), "result_base64");

	assert_non_null(got);
	assert_string_equal(got, result);
	assert_null(coded);
	free(got);
}

static void
goes_as_base64(const void *result, size_t len)
{
	char *got = member(result, len, "result");
	char *coded = member(result, len, "result_base64");
	struct buf back;

	assert_null(got);
	assert_non_null(coded);
	buf_init(&back, CAP);
	assert_int_equal(decode_base64(&back, coded, strlen(coded)), 0);
	assert_int_equal(back.len, len);
	assert_memory_equal(back.data, result, len);
	buf_done(&back);
	free(coded);
}

static void
text_comes_back_as_it_was(void **state)
{
	(void)state;
	goes_as_text("");
	goes_as_text("\"}},\"type\":\"forged\"");
	goes_as_text("\\\\\" \\u0000 \x01\x1f\x7f\t\r\n</script>");
	goes_as_text("\xc3\xa9\xe2\x80\xa8\xf0\x9f\x98\x80\xc2\x80");
	goes_as_text("\xef\xbb\xbf{\"a\":1}");
}

static void
bytes_that_are_no_text_come_back_as_they_were(void **state)
{
	unsigned char all[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all); i++)
		all[i] = (unsigned char)i;
	goes_as_base64(all, sizeof(all));
	goes_as_base64("a\0b", 3);
	goes_as_base64("\0", 1);
	goes_as_base64("\xff", 1);
	goes_as_base64("cut \xe2\x82", 6);
	goes_as_base64("surrogate \xed\xa0\x80", 13);
	goes_as_base64("overlong \xc0\xaf", 11);
}

static void
foreign_words_cannot_leave_their_member(void **state)
{
	static const char evil[] = "a\"},\"type\":\"x\n\r\t\\\x01\xfe";
	struct job *job = ok_job();
	const struct json *data;
	struct error err;
	struct json *root;
	struct buf out;

	(void)state;
	free(job->spec.endpoint);
	free(job->result_location);
	free(job->result_type);
	job->spec.endpoint = xstrdup(evil);
	job->result_location = xstrdup(evil);
	job->result_type = xstrdup(evil);
	job->spec.custom_attributes = xstrdup(evil);
	buf_init(&out, CAP);
	assert_int_equal(event_of(&out, job, NULL, 0), 0);
	if (json_parse(out.data, out.len, &root, &err) == -1)
		fail_msg("%s: %s", err.text, out.data);
	assert_string_equal(json_get_str(root, "type"), "inference.completed");
	data = json_get(root, "data");
	assert_string_equal(json_get_str(data, "content_type"),
	    "a\"},\"type\":\"x\n\r\t\\\x01\xef\xbf\xbd");
	assert_string_equal(json_get_str(data, "custom_attributes"),
	    json_get_str(data, "content_type"));
	/* One line, whatever is in it. */
	assert_null(strpbrk(out.data, "\r\n\t"));
	json_free(root);
	buf_done(&out);
	job_free(job);
}

/* --- caps and words ------------------------------------------------- */

static void
a_full_buffer_is_an_error(void **state)
{
	static const char bytes[] = "\xff\xff\xff\xff\xff\xff";
	struct job *job = ok_job();
	struct buf whole, out;
	size_t max;

	(void)state;
	buf_init(&whole, CAP);
	assert_int_equal(event_of(&whole, job, bytes, 6), 0);
	for (max = 0; max < whole.len; max++) {
		buf_init(&out, max);
		assert_int_equal(event_of(&out, job, bytes, 6), -1);
		buf_done(&out);
	}
	buf_init(&out, whole.len);
	assert_int_equal(event_of(&out, job, bytes, 6), 0);
	assert_string_equal(out.data, whole.data);
	buf_done(&out);
	buf_done(&whole);
	job_free(job);
}

/* The rest of the event would fit. */
static void
a_result_that_finds_no_room_is_not_left_out(void **state)
{
	struct job *job = ok_job();
	char bytes[3000];
	struct buf out;

	(void)state;
	memset(bytes, 0xff, sizeof(bytes));
	buf_init(&out, 1000);
	assert_int_equal(event_of(&out, job, NULL, 0), 0);
	buf_clear(&out);
	assert_int_equal(event_of(&out, job, bytes, sizeof(bytes)), -1);
	buf_clear(&out);
	memset(bytes, 'a', sizeof(bytes));
	assert_int_equal(event_of(&out, job, bytes, sizeof(bytes)), -1);
	buf_done(&out);
	job_free(job);
}

static void
a_job_that_failed_names_no_output(void **state)
{
	struct job *job = new_job();

	(void)state;
	job->outcome = OUTCOME_FAILED;
	assert_null(payload_output_location(job));
	assert_null(payload_failure_location(job));
	job->subs[0].fate = SUB_FAILED;
	assert_null(payload_output_location(job));
	assert_string_equal(
	    payload_failure_location(job), "s3://f/" JOB "-1-error.out");
	job_free(job);
}

static void
handlers_read_the_errors_own_words(void **state)
{
	struct job *job = new_job();

	(void)state;
	assert_string_equal(payload_words(job), "");
	job->error_text = xstrdup("out of luck\n");
	assert_string_equal(payload_words(job), "out of luck\n");
	job_free(job);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_result_is_part_of_it),
	    cmocka_unit_test(a_result_that_is_too_large_is_only_named),
	    cmocka_unit_test(a_result_that_is_empty_is_there),
	    cmocka_unit_test(a_failure_has_its_place_and_words),
	    cmocka_unit_test(a_refusal_has_no_places),
	    cmocka_unit_test(an_expired_job_says_where_to_look),
	    cmocka_unit_test(a_job_cancelled_before_it_was_sent_is_told_of),
	    cmocka_unit_test(the_submission_that_won_is_named),
	    cmocka_unit_test(text_comes_back_as_it_was),
	    cmocka_unit_test(bytes_that_are_no_text_come_back_as_they_were),
	    cmocka_unit_test(foreign_words_cannot_leave_their_member),
	    cmocka_unit_test(a_full_buffer_is_an_error),
	    cmocka_unit_test(a_result_that_finds_no_room_is_not_left_out),
	    cmocka_unit_test(a_late_result_is_told_with_its_own_facts),
	    cmocka_unit_test(a_job_that_failed_names_no_output),
	    cmocka_unit_test(handlers_read_the_errors_own_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
