/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/jobs/ID/result by ranges: which part, of which version. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "serve/api_range.h"
#include "tests/support/api_rig.h"

#define ETAG "\"e1\""
#define TEN "0123456789"

/* --- what a header says --------------------------------------------- */

struct asked {
	const char *range;
	int64_t size;
	enum api_range what;
	int64_t begin, end;
};

static void
must_say(const struct headers *h, const struct asked *a)
{
	int64_t begin = 0, end = 0;
	enum api_range what = api_range_read(h, ETAG, a->size, &begin, &end);

	if (what != a->what || begin != a->begin || end != a->end)
		fail_msg("\"%s\" of %lld: %d, %lld to %lld", a->range,
		    (long long)a->size, (int)what, (long long)begin,
		    (long long)end);
}

static void
check(const struct asked *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct headers h;

		headers_init(&h);
		headers_add(&h, "Range", v[i].range);
		must_say(&h, &v[i]);
		headers_done(&h);
	}
}

static void
one_range_is_a_part(void **state)
{
	static const struct asked asked[] = {
	    {"bytes=0-", 10, API_RANGE_PART, 0, 10},
	    {"bytes=0-0", 10, API_RANGE_PART, 0, 1},
	    {"bytes=9-", 10, API_RANGE_PART, 9, 10},
	    {"bytes=2-5", 10, API_RANGE_PART, 2, 6},
	    {"bytes=2-9", 10, API_RANGE_PART, 2, 10},
	    {"Bytes=2-10", 10, API_RANGE_PART, 2, 10},
	    {"bytes=002-0005", 10, API_RANGE_PART, 2, 6},
	    {"bytes=-1", 10, API_RANGE_PART, 9, 10},
	    {"bytes=-10", 10, API_RANGE_PART, 0, 10},
	    {"bytes=-11", 10, API_RANGE_PART, 0, 10},
	    {"bytes=2-99999999999999999999", 10, API_RANGE_PART, 2, 10},
	    {"bytes=-99999999999999999999", 10, API_RANGE_PART, 0, 10},
	    {"bytes=9223372036854775806-", INT64_MAX, API_RANGE_PART,
		INT64_MAX - 1, INT64_MAX},
	};

	(void)state;
	check(asked, ARRAY_LEN(asked));
}

static void
what_begins_behind_the_end_is_beyond(void **state)
{
	static const struct asked asked[] = {
	    {"bytes=10-", 10, API_RANGE_BEYOND, 0, 0},
	    {"bytes=10-10", 10, API_RANGE_BEYOND, 0, 0},
	    {"bytes=99999999999999999999-", 10, API_RANGE_BEYOND, 0, 0},
	    {"bytes=-0", 10, API_RANGE_BEYOND, 0, 0},
	    {"bytes=-0", 0, API_RANGE_BEYOND, 0, 0},
	    {"bytes=0-", 0, API_RANGE_BEYOND, 0, 0},
	    {"bytes=0-0", 0, API_RANGE_BEYOND, 0, 0},
	};

	(void)state;
	check(asked, ARRAY_LEN(asked));
}

static void
what_is_no_range_is_passed_over(void **state)
{
	static const char *const texts[] = {"", "bytes", "bytes=", "bytes=-",
	    "bytes=--1", "bytes=5-2", "bytes=0-1,3-4", "bytes=0-1,", "bytes=,0",
	    "bytes=0 -1", "bytes= 0-1", "bytes=0-1 ", "bytes =0-1", "bytes=+1-",
	    "bytes=-+1", "bytes=0x1-", "bytes=1", "bytes=1-a", "bytes=-1-2",
	    "bytes=1-2-3", "lines=0-1", "byte=0-1", "0-1"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		struct asked a = {texts[i], 10, API_RANGE_WHOLE, 0, 0};

		check(&a, 1);
	}
	/* Of nothing the last bytes are all there are. */
	check(&(struct asked){"bytes=-5", 0, API_RANGE_WHOLE, 0, 0}, 1);
}

static void
two_headers_say_nothing(void **state)
{
	const struct asked none = {"two", 10, API_RANGE_WHOLE, 0, 0};
	struct headers h;

	(void)state;
	headers_init(&h);
	must_say(&h, &none);
	headers_add(&h, "Range", "bytes=0-1");
	headers_add(&h, "range", "bytes=0-1");
	must_say(&h, &none);
	headers_done(&h);
	headers_init(&h);
	headers_add(&h, "Range", "bytes=0-1");
	headers_add(&h, "If-Range", ETAG);
	headers_add(&h, "If-Range", ETAG);
	must_say(&h, &none);
	headers_done(&h);
}

/* --- what is answered ----------------------------------------------- */

static void
ask(const char *method, const struct job *job, const char *fields)
{
	char *path = xasprintf("/v1/jobs/%s/result", job->id);

	rig.range[0] = rig.if_match[0] = '\0';
	rig_ask(method, path, fields, "", 0);
	free(path);
}

static struct job *
ten(void)
{
	rig.result = TEN;
	return rig_job(JOB_DONE, OUTCOME_OK);
}

static void
must_be_whole(void)
{
	assert_int_equal(rig.status, 200);
	assert_string_equal(rig.body.data, TEN);
	assert_null(rig_field("Content-Range"));
	assert_string_equal(rig.range, "");
}

static void
a_part_comes_alone_and_with_its_place(void **state)
{
	struct job *job = ten();

	(void)state;
	ask("GET", job, "Range: bytes=2-5\r\n");
	assert_int_equal(rig.status, 206);
	assert_string_equal(rig.body.data, "2345");
	assert_string_equal(rig_field("Content-Range"), "bytes 2-5/10");
	assert_string_equal(rig_field("Content-Length"), "4");
	assert_string_equal(rig_field("Accept-Ranges"), "bytes");
	assert_string_equal(rig_field("ETag"), ETAG);
	assert_string_equal(
	    rig_field("Content-Type"), "application/octet-stream");
	assert_non_null(rig_field("Content-Disposition"));
	/* No other byte was asked of S3, and of no other version. */
	assert_string_equal(rig.range, "bytes=2-5");
	assert_string_equal(rig.if_match, ETAG);
	ask("GET", job, "Range: bytes=7-\r\n");
	assert_string_equal(rig.body.data, "789");
	assert_string_equal(rig_field("Content-Range"), "bytes 7-9/10");
	ask("GET", job, "Range: bytes=-4\r\n");
	assert_string_equal(rig.body.data, "6789");
	assert_string_equal(rig_field("Content-Range"), "bytes 6-9/10");
	assert_int_equal(rig_files("out"), 0);
	job_free(job);
}

/* So its checksum is looked at. */
static void
the_whole_by_a_range_is_read_as_the_whole(void **state)
{
	struct job *job = ten();

	(void)state;
	ask("GET", job, "Range: bytes=0-\r\n");
	assert_int_equal(rig.status, 206);
	assert_string_equal(rig.body.data, TEN);
	assert_string_equal(rig_field("Content-Range"), "bytes 0-9/10");
	assert_string_equal(rig.range, "");
	job_free(job);
}

static void
what_is_beyond_is_told_with_the_length(void **state)
{
	struct job *job = ten(), *empty;

	(void)state;
	ask("GET", job, "Range: bytes=10-\r\n");
	rig_problem(416, "range_not_satisfiable", "10 bytes");
	assert_string_equal(rig_field("Content-Range"), "bytes */10");
	assert_string_equal(rig.if_match, "");
	rig.result = "";
	empty = rig_job(JOB_DONE, OUTCOME_OK);
	ask("GET", empty, "Range: bytes=0-\r\n");
	rig_problem(416, "range_not_satisfiable", "0 bytes");
	assert_string_equal(rig_field("Content-Range"), "bytes */0");
	job_free(job);
	job_free(empty);
}

static void
several_ranges_or_none_are_the_whole(void **state)
{
	struct job *job = ten();

	(void)state;
	ask("GET", job, "Range: bytes=0-1,4-5\r\n");
	must_be_whole();
	ask("GET", job, "Range: bytes=5-2\r\n");
	must_be_whole();
	ask("GET", job, "Range: bytes=0-1\r\nRange: bytes=4-5\r\n");
	must_be_whole();
	ask("GET", job, "");
	must_be_whole();
	assert_string_equal(rig_field("Accept-Ranges"), "bytes");
	job_free(job);
}

static void
a_part_of_another_version_is_not_given(void **state)
{
	static const char *const others[] = {"\"e2\"", "W/\"e1\"", "e1", "*",
	    "\"e1\", \"e2\"", "Sun, 22 Nov 2037 00:00:00 GMT"};
	struct job *job = ten();
	size_t i;

	(void)state;
	ask("GET", job, "Range: bytes=2-5\r\nIf-Range: " ETAG "\r\n");
	assert_int_equal(rig.status, 206);
	assert_string_equal(rig.body.data, "2345");
	for (i = 0; i < ARRAY_LEN(others); i++) {
		char *fields = xasprintf(
		    "Range: bytes=2-5\r\nIf-Range: %s\r\n", others[i]);

		ask("GET", job, fields);
		must_be_whole();
		free(fields);
	}
	/* Nor is what lies beyond of that one. */
	ask("GET", job, "Range: bytes=99-\r\nIf-Range: \"e2\"\r\n");
	must_be_whole();
	job_free(job);
}

static void
a_part_of_what_changed_is_not_passed_on(void **state)
{
	struct job *job = ten();

	(void)state;
	rig.result = "9876543210";
	rig.result_etag = "\"e2\"";
	ask("GET", job, "Range: bytes=2-5\r\n");
	rig_problem(502, "bad_gateway", "");
	rig.result = TEN TEN;
	rig.result_etag = NULL;
	ask("GET", job, "Range: bytes=2-5\r\n");
	rig_problem(502, "bad_gateway", "20 bytes now");
	job_free(job);
}

static void
without_a_strong_etag_there_are_no_parts(void **state)
{
	static const char *const etags[] = {"W/\"e1\"", ""};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(etags); i++) {
		struct job *job;

		rig.noted_etag = etags[i];
		job = ten();
		ask("GET", job, "Range: bytes=2-5\r\n");
		must_be_whole();
		assert_null(rig_field("Accept-Ranges"));
		ask("GET", job, "Range: bytes=99-\r\n");
		must_be_whole();
		job_free(job);
	}
}

static void
head_knows_no_ranges_and_tells_of_them(void **state)
{
	struct job *job = ten();

	(void)state;
	ask("HEAD", job, "Range: bytes=2-5\r\n");
	assert_int_equal(rig.status, 200);
	assert_string_equal(rig_field("Content-Length"), "10");
	assert_string_equal(rig_field("Accept-Ranges"), "bytes");
	ask("HEAD", job, "Range: bytes=99-\r\n");
	assert_int_equal(rig.status, 200);
	job_free(job);
}

static void
a_late_result_has_parts_too(void **state)
{
	struct job *job;
	char *path;

	(void)state;
	rig.result = TEN;
	job = rig_job_late();
	path = xasprintf("/v1/jobs/%s/result?late=true", job->id);
	rig_ask("GET", path, "Range: bytes=8-\r\n", "", 0);
	assert_int_equal(rig.status, 206);
	assert_string_equal(rig.body.data, "89");
	free(path);
	job_free(job);
}

int
main(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, api_rig_setup, api_rig_teardown)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_range_is_a_part),
	    cmocka_unit_test(what_begins_behind_the_end_is_beyond),
	    cmocka_unit_test(what_is_no_range_is_passed_over),
	    cmocka_unit_test(two_headers_say_nothing),
	    T(a_part_comes_alone_and_with_its_place),
	    T(the_whole_by_a_range_is_read_as_the_whole),
	    T(what_is_beyond_is_told_with_the_length),
	    T(several_ranges_or_none_are_the_whole),
	    T(a_part_of_another_version_is_not_given),
	    T(a_part_of_what_changed_is_not_passed_on),
	    T(without_a_strong_etag_there_are_no_parts),
	    T(head_knows_no_ranges_and_tells_of_them),
	    T(a_late_result_has_parts_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
