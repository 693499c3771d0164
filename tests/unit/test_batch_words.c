/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest's line, the line of progress, and reasons. */
#include "cmd/batch_manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "cmd/batch_progress.h"
#include "cmd/batch_summary.h"

static int
read_text(const char *text, struct batch_line *line, struct error *err)
{
	struct json *j;
	int rc;

	if (json_parse(text, strlen(text), &j, err) == -1)
		return -1;
	rc = batch_line_read(j, line, err);
	json_free(j);
	return rc;
}

static void
a_line_has_what_it_says(void **state)
{
	static const char text[] =
	    "{\"body\":\"b\",\"request_ttl_s\":600,\"tags\":[\"b\",\"a\"]}";
	struct batch_line line;
	struct json *j;
	struct error err;

	(void)state;
	assert_int_equal(json_parse(text, strlen(text), &j, &err), 0);
	assert_int_equal(batch_line_read(j, &line, &err), 0);
	assert_string_equal(line.body, "b");
	assert_null(line.input);
	assert_int_equal(line.request_ttl_s, 600);
	assert_string_equal(line.tags, "a,b");
	batch_line_done(&line);
	json_free(j);
}

static void
what_is_wrong_with_a_line_is_said(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
	    {"[]", "must be a JSON object"},
	    {"{}", "neither \"input\" nor \"body\""},
	    {"{\"input\":\"a\",\"body\":\"b\"}", "both \"input\" and \"body\""},
	    {"{\"input\":\"\"}", "\"input\" must be a string"},
	    {"{\"input\":7}", "\"input\" must be a string"},
	    {"{\"input\":\"a\",\"input\":\"b\"}", "input"},
	    {"{\"input\":\"a\",\"Name\":\"b\"}", "\"Name\" is no member"},
	    {"{\"input\":\"a\",\"request_ttl_s\":1.5}", "whole number"},
	    {"{\"input\":\"a\",\"request_ttl_s\":0}", "whole number"},
	    {"{\"input\":\"a\",\"tags\":\"b\"}", "array of strings"},
	    {"{\"input\":\"a\",\"tags\":[1]}", "of strings"},
	    {"{\"input\":\"a\",\"tags\":[\"a b\"]}", "is no tag"},
	    {"{\"input\":\"a\",\"id\":\"a\\nb\"}", "\"id\" must have"},
	};
	struct batch_line line;
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(read_text(cases[i].text, &line, &err), -1);
		if (strstr(err.text, cases[i].words) == NULL)
			fail_msg("%s: %s", cases[i].text, err.text);
	}
}

static void
the_line_has_all_that_fits(void **state)
{
	struct batch_counts c = {
	    .total = 5000,
	    .ok = 1231,
	    .failed = 3,
	    .in_flight = 100,
	};
	char out[BATCH_PROGRESS_SIZE];
	size_t width;

	(void)state;
	batch_progress_format(&c, 41.2, 100, out);
	assert_string_equal(out,
	    "1,234 of 5,000 done, 3 failed, 100 in flight, 41/s, 1 m 32 s "
	    "left");
	batch_progress_format(&c, 41.2, 32, out);
	assert_string_equal(out, "1,234 of 5,000 done, 3 failed");
	c.trouble = "no\033[2J connection \xe2\x98\x83 to anybody at all, "
		    "and that for a long while";
	for (width = 0; width < 200; width++) {
		batch_progress_format(&c, 0.01, width, out);
		assert_true(strlen(out) <= width);
		assert_null(strchr(out, '\033'));
	}
	assert_non_null(strstr(out, "; no"));
}

static void
a_rate_that_is_not_known_is_left_out(void **state)
{
	struct batch_counts c = {.total = 3};
	char out[BATCH_PROGRESS_SIZE];

	(void)state;
	batch_progress_format(&c, -1, 80, out);
	assert_string_equal(out, "0 of 3 done");
}

static void
a_reason_is_the_same_for_jobs_that_differ(void **state)
{
	char one[BATCH_REASON_SIZE], two[BATCH_REASON_SIZE];

	(void)state;
	batch_reason("\nCUDA out of memory (job 01jd2k3m4n5p6q7r8s9t0v1w2x, "
		     "pid 12345)\nat model.py:7",
	    one);
	batch_reason("CUDA out of memory (job 01jd2k3m4n5p6q7r8s9t0v1w2y, "
		     "pid 54321)\nat model.py:9",
	    two);
	assert_string_equal(one, "CUDA out of memory (job ..., pid ...)");
	assert_string_equal(one, two);
	batch_reason("error 404 in layer7", one);
	assert_string_equal(one, "error 404 in layer7");
	batch_reason("\033[2J\xff", one);
	assert_null(strchr(one, '\033'));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_has_what_it_says),
	    cmocka_unit_test(what_is_wrong_with_a_line_is_said),
	    cmocka_unit_test(the_line_has_all_that_fits),
	    cmocka_unit_test(a_rate_that_is_not_known_is_left_out),
	    cmocka_unit_test(a_reason_is_the_same_for_jobs_that_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
