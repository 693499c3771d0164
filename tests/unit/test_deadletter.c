/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a delivery that was given up: each member, each form. */
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
#include "deliver/deadletter.h"

#define AT INT64_C(1772600767000)

static struct job *job;
static struct delivery *dead;
static struct attempt last;

static int
setup(void **state)
{
	(void)state;
	job = job_new();
	job->spec.endpoint = xstrdup("ocr");
	job->spec.region = xstrdup("eu-west-1");
	job_move(job, JOB_DONE, OUTCOME_OK);
	job->result_location = xstrdup("s3://b/result");
	dead = delivery_new(job->id, "webhook a", "inference.completed", AT);
	dead->content_type = xstrdup("text/plain");
	delivery_begin_attempt(dead, AT, false, &last);
	delivery_move(dead, DELIVERY_DEAD, AT + 1000);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	job_free(job);
	delivery_free(dead);
	attempt_done(&last);
	return 0;
}

static struct delivery *
told_as(enum delivery_format format)
{
	struct delivery *d = delivery_new_about(
	    dead, "webhook ops", DEADLETTER_EVENT, dead->ended_at);
	const struct deadletter what = {
	    .dead = dead,
	    .last = &last,
	    .job = job,
	    .body = dead->body,
	};

	d->format = format;
	deadletter_fill(d, &what);
	return d;
}

/* Its data; the caller's, and all of it in *root. */
static const struct json *
data_of(const struct delivery *d, struct json **root)
{
	struct error err;

	if (json_parse(d->body, (size_t)d->body_size, root, &err) == -1)
		fail_msg("%s", err.text);
	return d->format == DELIVERY_CE_BINARY ? *root
					       : json_get(*root, "data");
}

static void
the_original_comes_back_as_it_was(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool text;
	} cases[] = {
	    {"", 0, true},
	    {"{\"a\":\"\\\"\"}\n", 11, true},
	    {"\x01\x1f \xc3\xa4", 5, true},
	    {"a\0b", 3, false},
	    {"\xff\xfe", 2, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct delivery *d;
		const struct json *data;
		struct json *root;
		struct buf plain;
		const char *text;

		delivery_set_body(dead, cases[i].bytes, cases[i].len);
		d = told_as(DELIVERY_PLAIN);
		data = data_of(d, &root);
		text = json_get_str(
		    data, cases[i].text ? "original" : "original_base64");
		assert_non_null(text);
		buf_init(&plain, 64);
		if (cases[i].text)
			buf_puts(&plain, text);
		else
			assert_int_equal(
			    decode_base64(&plain, text, strlen(text)), 0);
		assert_int_equal(plain.len, cases[i].len);
		assert_memory_equal(plain.data, cases[i].bytes, cases[i].len);
		assert_null(json_get(data, "original_omitted"));
		buf_done(&plain);
		json_free(root);
		delivery_free(d);
	}
}

static void
what_is_too_large_is_left_out_aloud(void **state)
{
	static const size_t sizes[] = {
	    DEADLETTER_ORIGINAL_MAX, DEADLETTER_ORIGINAL_MAX + 1};
	char *bytes = xmalloc(DEADLETTER_ORIGINAL_MAX + 1);
	size_t i;

	(void)state;
	/* Each is six bytes in JSON. */
	memset(bytes, 1, DEADLETTER_ORIGINAL_MAX + 1);
	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		struct delivery *d;
		const struct json *data;
		struct json *root;
		bool omitted = false;

		delivery_set_body(dead, bytes, sizes[i]);
		d = told_as(DELIVERY_PLAIN);
		data = data_of(d, &root);
		(void)json_bool(json_get(data, "original_omitted"), &omitted);
		assert_int_equal(omitted, i == 1);
		assert_int_equal(
		    json_get_str(data, "original") != NULL, i == 0);
		assert_string_equal(
		    json_get_str(data, "sha256"), dead->body_sha256);
		json_free(root);
		delivery_free(d);
	}
	free(bytes);
}

static void
what_is_not_kept_is_named_by_its_place(void **state)
{
	struct delivery *d;
	const struct json *data;
	struct json *root;

	(void)state;
	dead->by_reference = true;
	dead->body_size = 5;
	d = told_as(DELIVERY_PLAIN);
	data = data_of(d, &root);
	assert_string_equal(
	    json_get_str(data, "original_location"), "s3://b/result");
	assert_null(json_get(data, "original"));
	assert_null(json_get(data, "sha256"));
	json_free(root);
	delivery_free(d);
	job->late_at = AT;
	job->late_location = xstrdup("s3://b/late");
	d = told_as(DELIVERY_PLAIN);
	data = data_of(d, &root);
	assert_string_equal(
	    json_get_str(data, "original_location"), "s3://b/late");
	json_free(root);
	delivery_free(d);
}

static void
what_is_not_known_is_not_said(void **state)
{
	struct delivery *d;
	const struct json *data;
	struct json *root;

	(void)state;
	delivery_set_body(dead, "x", 1);
	d = told_as(DELIVERY_PLAIN);
	data = data_of(d, &root);
	assert_null(json_get(data, "status"));
	assert_null(json_get(data, "note"));
	assert_null(json_get(data, "response"));
	assert_string_equal(
	    json_get_str(root, "timestamp"), "2026-03-04T05:06:08.000Z");
	assert_string_equal(
	    json_get_str(data, "created_at"), "2026-03-04T05:06:07.000Z");
	json_free(root);
	delivery_free(d);
	/* What a foreign program said may be anything. */
	dead->note = xstrdup("no \xff");
	last.response = xstrdup("be\xfe\x01");
	last.status = 0;
	d = told_as(DELIVERY_PLAIN);
	data = data_of(d, &root);
	assert_string_equal(json_get_str(data, "note"), "no \xef\xbf\xbd");
	assert_string_equal(
	    json_get_str(data, "response"), "be\xef\xbf\xbd\x01");
	assert_non_null(json_get(data, "status"));
	json_free(root);
	delivery_free(d);
}

static void
each_form_has_the_same_data_and_the_same_bytes_again(void **state)
{
	enum delivery_format f;

	(void)state;
	delivery_set_body(dead, "x", 1);
	for (f = DELIVERY_PLAIN; f <= DELIVERY_CE_STRUCTURED; f++) {
		struct delivery *a = told_as(f), *b = told_as(f);
		struct json *root;

		assert_string_equal(
		    json_get_str(data_of(a, &root), "delivery"), dead->id);
		assert_int_equal(a->payload, DELIVERY_EVENT);
		assert_int_equal(a->body_size, b->body_size);
		assert_memory_equal(a->body, b->body, (size_t)a->body_size);
		assert_string_equal(a->content_type,
		    f == DELIVERY_CE_STRUCTURED ? "application/cloudevents+json"
						: "application/json");
		json_free(root);
		delivery_free(a);
		delivery_free(b);
	}
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(the_original_comes_back_as_it_was),
	    T(what_is_too_large_is_left_out_aloud),
	    T(what_is_not_kept_is_named_by_its_place),
	    T(what_is_not_known_is_not_said),
	    T(each_form_has_the_same_data_and_the_same_bytes_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
