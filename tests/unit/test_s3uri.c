/* SPDX-License-Identifier: Apache-2.0 */
/* Names of buckets and objects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aws/s3uri.h"
#include "base/mem.h"

static void
assert_uri(const char *uri, unsigned flags, const char *bucket, const char *key)
{
	char *b, *k;
	struct error err;

	if (s3_uri_parse(uri, flags, &b, &k, &err) == -1)
		fail_msg("%s", err.text);
	assert_string_equal(b, bucket);
	assert_string_equal(k, key);
	free(b);
	free(k);
}

static void
assert_no_uri(const char *uri, unsigned flags, const char *words)
{
	char *b = NULL, *k = NULL;
	struct error err;

	error_clear(&err);
	if (s3_uri_parse(uri, flags, &b, &k, &err) == 0)
		fail_msg("'%s' was taken", uri);
	assert_null(b);
	assert_null(k);
	assert_int_equal(err.code, ERR_USAGE);
	if (strstr(err.text, words) == NULL)
		fail_msg("'%s' is not in '%s'", words, err.text);
}

static void
a_key_is_taken_byte_by_byte(void **state)
{
	(void)state;
	assert_uri("s3://bkt/a", 0, "bkt", "a");
	assert_uri("s3://bkt//a//b/", 0, "bkt", "/a//b/");
	assert_uri("s3://bkt/a/./../b", 0, "bkt", "a/./../b");
	assert_uri("s3://bkt/a b+c%20?d#e&f=g", 0, "bkt", "a b+c%20?d#e&f=g");
	assert_uri("s3://bkt/r\xc3\xa9sum\xc3\xa9/\xf0\x9f\x98\x80", 0, "bkt",
	    "r\xc3\xa9sum\xc3\xa9/\xf0\x9f\x98\x80");
	assert_uri(
	    "s3://My_Old.Bucket/s3://x/y", 0, "My_Old.Bucket", "s3://x/y");
}

static void
a_prefix_may_be_empty_if_allowed(void **state)
{
	(void)state;
	assert_uri("s3://bkt", S3_URI_PREFIX, "bkt", "");
	assert_uri("s3://bkt/", S3_URI_PREFIX, "bkt", "");
	assert_uri("s3://bkt/a/", S3_URI_PREFIX, "bkt", "a/");
	assert_no_uri("s3://bkt", 0, "names no object");
	assert_no_uri("s3://bkt/", 0, "names no object");
}

static void
only_s3_is_the_scheme(void **state)
{
	static const char *const bad[] = {"", "s3", "s3:", "s3:/b/k",
	    "S3://bkt/k", "s3a://bkt/k", "https://bkt/k", "bkt/k",
	    " s3://bkt/k"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_no_uri(bad[i], 0, "does not begin with s3://");
}

static void
what_is_no_bucket_is_refused(void **state)
{
	static const char *const bad[] = {"s3://", "s3:///k", "s3://ab/k",
	    "s3://a b/k", "s3://b\xc3\xa9t/k", "s3://u:p@bkt/k",
	    "s3://bkt%2f/k", "s3://bkt?x/k", "s3://arn:aws:s3:::bkt/k",
	    "s3://../../k"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_no_uri(bad[i], 0, "no valid bucket name");
}

static void
keys_that_no_header_can_hold_are_refused(void **state)
{
	(void)state;
	assert_no_uri("s3://bkt/a\nb", 0, "control character");
	assert_no_uri("s3://bkt/a\r\nX: y", 0, "control character");
	assert_no_uri("s3://bkt/\x7f", 0, "control character");
	assert_no_uri("s3://bkt/\xff", 0, "not UTF-8");
	assert_no_uri("s3://bkt/\xed\xa0\x80", 0, "not UTF-8");
	assert_no_uri("s3://bkt/\xc0\xaf", S3_URI_PREFIX, "not UTF-8");
}

static void
a_key_has_at_most_1024_bytes(void **state)
{
	char uri[9 + S3_KEY_MAX + 2];

	(void)state;
	memset(uri, 'k', sizeof(uri));
	memcpy(uri, "s3://bkt/", 9);
	uri[9 + S3_KEY_MAX + 1] = '\0';
	assert_no_uri(uri, 0, "longer than 1024");
	uri[9 + S3_KEY_MAX] = '\0';
	assert_uri(uri, 0, "bkt", uri + 9);
}

static void
bucket_names_are_of_three_kinds(void **state)
{
	static const struct {
		const char *name;
		enum s3_bucket_kind kind;
	} names[] = {
	    {"", S3_BUCKET_BAD},
	    {"ab", S3_BUCKET_BAD},
	    {"..", S3_BUCKET_BAD},
	    {"abc", S3_BUCKET_DNS},
	    {"a-b.c9", S3_BUCKET_DNS},
	    {"1a2", S3_BUCKET_DNS},
	    {"Abc", S3_BUCKET_LEGACY},
	    {"a_b", S3_BUCKET_LEGACY},
	    {"-ab", S3_BUCKET_LEGACY},
	    {"ab-", S3_BUCKET_LEGACY},
	    {"ab.", S3_BUCKET_LEGACY},
	    {"a..b", S3_BUCKET_LEGACY},
	    {"192.168.1.1", S3_BUCKET_LEGACY},
	    {"192.168.1", S3_BUCKET_DNS},
	    {"a/b", S3_BUCKET_BAD},
	    {"a:b", S3_BUCKET_BAD},
	    {"a%b", S3_BUCKET_BAD},
	};
	char name[257];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(s3_bucket_kind(names[i].name), names[i].kind);
	memset(name, 'a', sizeof(name));
	name[256] = '\0';
	assert_int_equal(s3_bucket_kind(name), S3_BUCKET_BAD);
	name[255] = '\0';
	assert_int_equal(s3_bucket_kind(name), S3_BUCKET_LEGACY);
	name[64] = '\0';
	assert_int_equal(s3_bucket_kind(name), S3_BUCKET_LEGACY);
	name[63] = '\0';
	assert_int_equal(s3_bucket_kind(name), S3_BUCKET_DNS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_is_taken_byte_by_byte),
	    cmocka_unit_test(a_prefix_may_be_empty_if_allowed),
	    cmocka_unit_test(only_s3_is_the_scheme),
	    cmocka_unit_test(what_is_no_bucket_is_refused),
	    cmocka_unit_test(keys_that_no_header_can_hold_are_refused),
	    cmocka_unit_test(a_key_has_at_most_1024_bytes),
	    cmocka_unit_test(bucket_names_are_of_three_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
