/* SPDX-License-Identifier: Apache-2.0 */
/* A job as JSON: what is shown, and what never is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "job/jobjson.h"

static struct buf text;

static struct json *
write_and_read(const struct job *job, bool full)
{
	struct jsonw w;
	struct json *doc;
	struct error err;

	buf_init(&text, 65536);
	jsonw_init(&w, &text);
	jobjson_write(&w, job, full);
	if (json_parse(text.data, text.len, &doc, &err) == -1)
		fail_msg("%s: %s", err.text, text.data);
	return doc;
}

static void
done(struct json *doc)
{
	json_free(doc);
	buf_done(&text);
}

static struct job *
some_job(void)
{
	struct job *job = job_new();

	memcpy(job->id, "01arz3ndektsv4rrffq69g5fav", JOBID_SIZE);
	job->created_at = 1772600767000;
	job->spec.endpoint = xstrdup("o\"c\nr");
	job->spec.body = xstrdup("top secret");
	job->spec.body_len = 10;
	return job;
}

static void
a_queued_job_is_short(void **state)
{
	struct job *job = some_job();
	struct json *doc;

	(void)state;
	job->deadline_at = 0;
	doc = write_and_read(job, false);
	assert_string_equal(text.data,
	    "{\"job\":\"01arz3ndektsv4rrffq69g5fav\",\"endpoint\":"
	    "\"o\\\"c\\u000ar\",\"state\":\"queued\",\"outcome\":\"none\","
	    "\"created_at\":\"2026-03-04T05:06:07.000Z\"}");
	done(doc);
	job_free(job);
}

static void
the_input_is_never_shown(void **state)
{
	struct job *job = some_job();
	struct json *doc = write_and_read(job, true);
	int64_t size;

	(void)state;
	assert_null(strstr(text.data, "top secret"));
	assert_int_equal(
	    json_i64(json_get(json_get(doc, "request"), "input_size"), &size),
	    0);
	assert_int_equal(size, 10);
	done(doc);
	job_free(job);
}

static void
a_result_is_shown_where_there_is_one(void **state)
{
	struct job *job = some_job();
	struct json *doc;
	const struct json *result;
	int64_t size;

	(void)state;
	job->result_location = xstrdup("s3://b/k");
	job->result_etag = xstrdup("\"e\"");
	job->result_type = xstrdup("text/plain");
	job->result_size = 9;
	job->deadline_at = 77;
	job_move(job, JOB_DONE, OUTCOME_OK);
	doc = write_and_read(job, false);
	result = json_get(doc, "result");
	assert_string_equal(json_get_str(result, "location"), "s3://b/k");
	assert_string_equal(json_get_str(result, "etag"), "\"e\"");
	assert_string_equal(json_get_str(result, "content_type"), "text/plain");
	assert_int_equal(json_i64(json_get(result, "size"), &size), 0);
	assert_int_equal(size, 9);
	assert_null(json_get(doc, "deadline_at"));
	assert_null(json_get(doc, "error"));
	done(doc);
	job_free(job);
}

static void
a_failure_is_shown_with_its_words_even_if_they_are_no_text(void **state)
{
	struct job *job = some_job();
	struct json *doc;

	(void)state;
	job->error_code = xstrdup("model");
	job->error_text = xstrdup("bad\xff\x01");
	job_move(job, JOB_DONE, OUTCOME_FAILED);
	doc = write_and_read(job, false);
	assert_string_equal(json_get_str(doc, "error_code"), "model");
	assert_string_equal(json_get_str(doc, "error"), "bad\xef\xbf\xbd\x01");
	assert_null(json_get(doc, "result"));
	done(doc);
	job_free(job);
}

static void
in_full_each_submission_is_told(void **state)
{
	struct job *job = some_job();
	struct submission *s = job_add_submission(job);
	struct json *doc;
	const struct json *subs, *one;
	int64_t n;

	(void)state;
	s->fate = SUB_DOUBT;
	s->inference_id = xstrdup("id-1");
	s->predicted = xstrdup("s3://b/p");
	s->note = xstrdup("reset");
	s->intent_at = 1772600767001;
	job_add_submission(job)->fate = SUB_ACCEPTED;
	doc = write_and_read(job, true);
	subs = json_get(doc, "submissions");
	assert_true(json_is_array(subs));
	one = json_first(subs);
	assert_int_equal(json_i64(json_get(one, "n"), &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(json_get_str(one, "fate"), "in-doubt");
	assert_string_equal(json_get_str(one, "inference_id"), "id-1");
	assert_string_equal(
	    json_get_str(one, "predicted_location"), "s3://b/p");
	assert_string_equal(json_get_str(one, "note"), "reset");
	assert_string_equal(
	    json_get_str(one, "intent_at"), "2026-03-04T05:06:07.001Z");
	assert_string_equal(json_get_str(json_next(one), "fate"), "accepted");
	assert_null(json_next(json_next(one)));
	done(doc);
	job_free(job);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_queued_job_is_short),
	    cmocka_unit_test(the_input_is_never_shown),
	    cmocka_unit_test(a_result_is_shown_where_there_is_one),
	    cmocka_unit_test(
		a_failure_is_shown_with_its_words_even_if_they_are_no_text),
	    cmocka_unit_test(in_full_each_submission_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
