/* SPDX-License-Identifier: Apache-2.0 */
/* Paths, hosts, queries, places, ranges and conditions of S3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/timefmt.h"
#include "local/s3cond.h"
#include "local/s3target.h"
#include "local/s3uri.h"

static void
assert_target(
    const char *host, const char *path, const char *bucket, const char *key)
{
	struct error err = {0};
	struct s3target t;

	if (s3target_parse(path, "", host, "127.0.0.1", &t, &err) == -1)
		fail_msg("%s: %s", path, err.text);
	if (bucket == NULL)
		assert_null(t.bucket);
	else
		assert_string_equal(t.bucket, bucket);
	if (key == NULL)
		assert_null(t.key);
	else
		assert_string_equal(t.key, key);
	s3target_done(&t);
}

static void
assert_refused(const char *path, const char *query, const char *code)
{
	struct error err = {0};
	struct s3target t;

	assert_int_equal(s3target_parse(path, query, "h", "h", &t, &err), -1);
	assert_string_equal(err.remote_code, code);
}

static void
paths_name_bucket_and_key(void **state)
{
	(void)state;
	assert_target("127.0.0.1:1", "/", NULL, NULL);
	assert_target("127.0.0.1:1", "/bucket", "bucket", NULL);
	assert_target("127.0.0.1:1", "/bucket/", "bucket", NULL);
	assert_target("127.0.0.1:1", "/bucket/k", "bucket", "k");
	assert_target(
	    "127.0.0.1:1", "/bucket//a/./../b/", "bucket", "/a/./../b/");
	assert_target(
	    "127.0.0.1:1", "/bucket/a%2Fb%20c+%25", "bucket", "a/b c+%");
	assert_target("127.0.0.1:1", "/bucket/%C3%A9", "bucket", "\xc3\xa9");
}

static void
hosts_name_a_bucket_too(void **state)
{
	(void)state;
	assert_target("abc.localhost:7070", "/k", "abc", "k");
	assert_target("a.b.LOCALHOST", "/k/l", "a.b", "k/l");
	assert_target("abc.127.0.0.1:7070", "/", "abc", NULL);
	assert_target("localhost:7070", "/abc/k", "abc", "k");
	assert_target(".localhost", "/abc/k", "abc", "k");
	assert_target("s3.example.com", "/abc/k", "abc", "k");
}

static void
wrong_targets_are_refused_by_name(void **state)
{
	char *path = xmalloc(1100);

	(void)state;
	assert_refused("/ab", "", "InvalidBucketName");
	assert_refused("/Bucket/k", "", "InvalidBucketName");
	assert_refused("/a..b/k", "", "InvalidBucketName");
	assert_refused("/bucket/%ff", "", "InvalidURI");
	assert_refused("/bucket/%00", "", "InvalidURI");
	assert_refused("/bucket/a%2", "", "InvalidURI");
	assert_refused("/bucket", "prefix=%zz", "InvalidURI");
	assert_refused("*", "", "InvalidURI");
	memset(path, 'k', 1100);
	memcpy(path, "/bucket/", 8);
	path[8 + 1025] = '\0';
	assert_refused(path, "", "KeyTooLongError");
	free(path);
}

static void
queries_are_decoded(void **state)
{
	struct error err = {0};
	struct s3target t;

	(void)state;
	assert_int_equal(
	    s3target_parse("/bucket", "a=1&&b&c=x%20y+z%2B&a=2&%64=e=f", "h",
		"h", &t, &err),
	    0);
	assert_int_equal(t.n, 5);
	assert_string_equal(s3target_param(&t, "a"), "1");
	assert_string_equal(s3target_param(&t, "b"), "");
	assert_string_equal(s3target_param(&t, "c"), "x y+z+");
	assert_string_equal(s3target_param(&t, "d"), "e=f");
	assert_null(s3target_param(&t, "e"));
	s3target_done(&t);
}

static void
a_range_is_of_the_version_that_was_meant(void **state)
{
	(void)state;
	assert_true(s3cond_range_meant(NULL, "etag"));
	assert_true(s3cond_range_meant("\"etag\"", "etag"));
	assert_false(s3cond_range_meant("\"etag2\"", "etag"));
	assert_false(s3cond_range_meant("etag", "etag"));
	assert_false(s3cond_range_meant("\"gate\"", "etag"));
	assert_false(
	    s3cond_range_meant("Fri, 24 May 2013 00:00:00 GMT", "etag"));
}

static void
assert_joined(const char *base, const char *ext, const char *expected)
{
	char *s = s3uri_join(base, ext, "n.out");

	assert_string_equal(s, expected);
	free(s);
}

static void
places_are_joined_with_single_slashes(void **state)
{
	(void)state;
	assert_joined("s3://b/p", NULL, "s3://b/p/n.out");
	assert_joined("s3://b/p/", NULL, "s3://b/p/n.out");
	assert_joined("s3://b", "e", "s3://b/e/n.out");
	assert_joined("s3://b/p/", "/e/f/", "s3://b/p/e/f/n.out");
	assert_joined("s3://b/p", "/", "s3://b/p/n.out");
}

static void
places_are_split(void **state)
{
	const char *key;
	char *bucket;

	(void)state;
	assert_int_equal(s3uri_split("s3://abc/k//l", &bucket, &key), 0);
	assert_string_equal(bucket, "abc");
	assert_string_equal(key, "k//l");
	free(bucket);
	assert_int_equal(s3uri_split("s3://abc", &bucket, &key), 0);
	assert_string_equal(key, "");
	free(bucket);
	assert_int_equal(s3uri_split("s3://A/k", &bucket, &key), -1);
	assert_int_equal(s3uri_split("https://abc/k", &bucket, &key), -1);
}

static void
ranges_are_cut_to_the_object(void **state)
{
	static const struct {
		const char *range;
		enum s3cond_range kind;
		int64_t offset, len;
	} cases[] = {
	    {NULL, S3COND_WHOLE, 0, 0},
	    {"bytes=0-0", S3COND_PART, 0, 1},
	    {"bytes=2-4", S3COND_PART, 2, 3},
	    {"bytes=2-", S3COND_PART, 2, 8},
	    {"bytes=9-99", S3COND_PART, 9, 1},
	    {"bytes=-3", S3COND_PART, 7, 3},
	    {"bytes=-99", S3COND_PART, 0, 10},
	    {"bytes=10-", S3COND_BEYOND, 0, 0},
	    {"bytes=-0", S3COND_BEYOND, 0, 0},
	    {"bytes=4-2", S3COND_WHOLE, 0, 0},
	    {"bytes=-", S3COND_WHOLE, 0, 0},
	    {"bytes=a-b", S3COND_WHOLE, 0, 0},
	    {"bytes=0-1,3-4", S3COND_WHOLE, 0, 0},
	    {"lines=0-1", S3COND_WHOLE, 0, 0},
	    {"bytes=99999999999999999999-", S3COND_WHOLE, 0, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t offset = 0, len = 0;

		assert_int_equal(
		    s3cond_parse_range(cases[i].range, 10, &offset, &len),
		    cases[i].kind);
		assert_int_equal(offset, cases[i].offset);
		assert_int_equal(len, cases[i].len);
	}
	assert_int_equal(
	    s3cond_parse_range("bytes=-1", 0, NULL, NULL), S3COND_BEYOND);
}

static int
condition(
    const char *name, const char *value, const char *name2, const char *value2)
{
	struct headers h;
	int64_t at;
	int status;

	timefmt_parse_http("Fri, 24 May 2013 00:00:00 GMT", &at);
	headers_init(&h);
	headers_add(&h, name, value);
	if (name2 != NULL)
		headers_add(&h, name2, value2);
	status = s3cond_check(&h, "etag", at + 500);
	headers_done(&h);
	return status;
}

#define SAME "Fri, 24 May 2013 00:00:00 GMT"
#define BEFORE "Thu, 23 May 2013 23:59:59 GMT"

static void
conditions_hold_or_not(void **state)
{
	(void)state;
	assert_int_equal(condition("If-Match", "\"etag\"", NULL, NULL), 200);
	assert_int_equal(condition("If-Match", "*", NULL, NULL), 200);
	assert_int_equal(
	    condition("If-Match", "\"a\", \"etag\"", NULL, NULL), 200);
	assert_int_equal(condition("If-Match", "\"eta\"", NULL, NULL), 412);
	assert_int_equal(
	    condition("If-None-Match", "W/\"etag\"", NULL, NULL), 304);
	assert_int_equal(condition("If-None-Match", "\"x\"", NULL, NULL), 200);
	assert_int_equal(condition("If-Modified-Since", SAME, NULL, NULL), 304);
	assert_int_equal(
	    condition("If-Modified-Since", BEFORE, NULL, NULL), 200);
	assert_int_equal(
	    condition("If-Modified-Since", "soon", NULL, NULL), 200);
	assert_int_equal(
	    condition("If-Unmodified-Since", SAME, NULL, NULL), 200);
	assert_int_equal(
	    condition("If-Unmodified-Since", BEFORE, NULL, NULL), 412);
}

static void
entity_tags_win_over_dates(void **state)
{
	(void)state;
	assert_int_equal(
	    condition("If-Match", "\"etag\"", "If-Unmodified-Since", BEFORE),
	    200);
	assert_int_equal(
	    condition("If-None-Match", "\"x\"", "If-Modified-Since", SAME),
	    200);
}

static void
a_presigned_query_stands_for_headers(void **state)
{
	struct error err = {0};
	struct headers h;
	struct s3target t;

	(void)state;
	headers_init(&h);
	headers_add(&h, "x-amz-acl", "private");
	assert_int_equal(s3target_parse("/abc/k",
			     "x-amz-meta-a=b%20c&X-Amz-Acl=public-read"
			     "&x-amz-meta-b=1%0Aevil:%202&x-amz-meta-c=%0D"
			     "&x-amz-meta-d%0Aevil=1&x-amz-meta-e:%20f=1"
			     "&content-type=text/html",
			     "h", "h", &t, &err),
	    0);
	s3target_hear(&t, &h, false);
	assert_int_equal(t.fields.n, 1);
	headers_done(&t.fields);
	s3target_hear(&t, &h, true);
	/* Nothing that would be two lines, nor what a header said already. */
	assert_int_equal(t.fields.n, 2);
	assert_string_equal(headers_get(&t.fields, "x-amz-meta-a"), "b c");
	assert_string_equal(headers_get(&t.fields, "x-amz-acl"), "private");
	s3target_done(&t);
	headers_done(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(paths_name_bucket_and_key),
	    cmocka_unit_test(hosts_name_a_bucket_too),
	    cmocka_unit_test(wrong_targets_are_refused_by_name),
	    cmocka_unit_test(queries_are_decoded),
	    cmocka_unit_test(a_range_is_of_the_version_that_was_meant),
	    cmocka_unit_test(places_are_joined_with_single_slashes),
	    cmocka_unit_test(places_are_split),
	    cmocka_unit_test(ranges_are_cut_to_the_object),
	    cmocka_unit_test(conditions_hold_or_not),
	    cmocka_unit_test(entity_tags_win_over_dates),
	    cmocka_unit_test(a_presigned_query_stands_for_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
