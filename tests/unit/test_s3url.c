/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of objects, and the names they stand for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aws/s3url.h"
#include "base/mem.h"
#include "base/str.h"

static void
assert_names(const char *location, const char *uri, const char *region)
{
	char *got, *where;
	struct error err;

	if (s3_location_parse(location, &got, &where, &err) == -1)
		fail_msg("%s: %s", location, err.text);
	assert_string_equal(got, uri);
	assert_string_equal(where != NULL ? where : "-", region);
	free(got);
	free(where);
}

static void
assert_no_location(const char *location)
{
	char *got = NULL, *where = NULL;
	struct error err;

	if (s3_location_parse(location, &got, &where, &err) == 0)
		fail_msg("'%s' was taken as %s", location, got);
	assert_int_equal(err.code, ERR_USAGE);
	assert_null(got);
	assert_null(where);
}

static void
a_name_is_taken_byte_by_byte(void **state)
{
	(void)state;
	assert_names("s3://b-1/a b+c%2F?x#y", "s3://b-1/a b+c%2F?x#y", "-");
}

static void
a_host_may_hold_the_bucket_or_not(void **state)
{
	(void)state;
	assert_names("https://my-bucket.s3.eu-west-1.amazonaws.com/a/b",
	    "s3://my-bucket/a/b", "eu-west-1");
	assert_names("https://s3.eu-west-1.amazonaws.com/my-bucket/a/b",
	    "s3://my-bucket/a/b", "eu-west-1");
	assert_names("https://my.s3.bucket.s3.dualstack.us-east-2."
		     "amazonaws.com/a",
	    "s3://my.s3.bucket/a", "us-east-2");
	assert_names("https://my-bucket.s3-us-west-2.amazonaws.com/a",
	    "s3://my-bucket/a", "us-west-2");
	assert_names(
	    "https://my-bucket.s3.amazonaws.com/a", "s3://my-bucket/a", "-");
	assert_names("https://my-bucket.s3.cn-north-1.amazonaws.com.cn/a",
	    "s3://my-bucket/a", "cn-north-1");
}

static void
the_keys_of_an_address_are_decoded_once(void **state)
{
	(void)state;
	assert_names("https://my-bucket.s3.us-east-1.amazonaws.com/"
		     "a%20b+c%252F%C3%A4",
	    "s3://my-bucket/a b+c%2F\xc3\xa4", "us-east-1");
}

static void
what_names_no_object_is_refused(void **state)
{
	static const char *const none[] = {
	    "",
	    "a.out",
	    "http://my-bucket.s3.us-east-1.amazonaws.com/a",
	    "https://example.com/my-bucket/a",
	    "https://s3.example.com/my-bucket/a",
	    "https://sqs.us-east-1.amazonaws.com/my-bucket/a",
	    "https://my-bucket.s3.us-east-1.amazonaws.com.example.com/a",
	    "https://my-bucket.s3.us-east-1.amazonaws.com/",
	    "https://s3.us-east-1.amazonaws.com/my-bucket",
	    "https://my-bucket.s3.us-east-1.amazonaws.com/a?versionId=1",
	    "https://my-bucket.s3.us-east-1.amazonaws.com/a%00b",
	    "https://my-bucket.s3.us-east-1.amazonaws.com/a%0ab",
	    "https://my-bucket.s3.us-east-1.amazonaws.com/a%zz",
	    "https://u:p@my-bucket.s3.us-east-1.amazonaws.com/a",
	    "https://",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(none); i++)
		assert_no_location(none[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_name_is_taken_byte_by_byte),
	    cmocka_unit_test(a_host_may_hold_the_bucket_or_not),
	    cmocka_unit_test(the_keys_of_an_address_are_decoded_once),
	    cmocka_unit_test(what_names_no_object_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
