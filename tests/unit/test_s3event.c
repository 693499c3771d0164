/* SPDX-License-Identifier: Apache-2.0 */
/* Events of S3 in every form there is, and what only looks like one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aws/s3event.h"
#include "base/buf.h"
#include "base/mem.h"

static struct s3event event;
static struct error bad;

static int
read_text(const char *text)
{
	struct json *doc;
	struct error err;
	int rc;

	s3event_done(&event);
	error_clear(&bad);
	if (json_parse(text, strlen(text), &doc, &err) == -1)
		fail_msg("%s", err.text);
	rc = s3event_read(doc, &event, &bad);
	json_free(doc);
	return rc;
}

static int
forget(void **state)
{
	(void)state;
	s3event_done(&event);
	return 0;
}

#define RECORD_OF(source, version, name, bucket, key)                  \
	"{\"eventVersion\":\"" version "\",\"eventSource\":\"" source  \
	"\",\"awsRegion\":\"us-east-1\",\"eventName\":\"" name         \
	"\",\"s3\":{\"s3SchemaVersion\":\"1.0\",\"bucket\":{\"name\":" \
	"\"" bucket "\",\"arn\":\"a\"},\"object\":{\"key\":\"" key     \
	"\",\"size\":3,\"sequencer\":\"0A\"}}}"
#define RECORD(name, key) RECORD_OF("aws:s3", "2.1", name, "buk", key)
#define RECORDS(list) "{\"Records\":[" list "]}"

static void
created_is(const char *text, const char *uri)
{
	if (read_text(text) == -1)
		fail_msg("%s", bad.text);
	assert_int_equal(event.n, 1);
	assert_string_equal(event.created[0], uri);
	assert_int_equal(event.others, 0);
	assert_false(event.is_test);
}

/* --- what S3 sends -------------------------------------------------- */

static void
an_object_that_was_put_is_named(void **state)
{
	(void)state;
	created_is(RECORDS(RECORD("ObjectCreated:Put", "out/a.out")),
	    "s3://buk/out/a.out");
	created_is(RECORDS(RECORD(
		       "ObjectCreated:CompleteMultipartUpload", "out/a.out")),
	    "s3://buk/out/a.out");
}

static void
every_minor_version_is_read(void **state)
{
	(void)state;
	created_is(RECORDS(RECORD_OF(
		       "aws:s3", "2.0", "ObjectCreated:Put", "buk", "k")),
	    "s3://buk/k");
	created_is(RECORDS(RECORD_OF(
		       "aws:s3", "2.5", "ObjectCreated:Put", "buk", "k")),
	    "s3://buk/k");
	created_is(RECORDS(RECORD_OF(
		       "aws:s3", "2.17", "ObjectCreated:Put", "buk", "k")),
	    "s3://buk/k");
}

static void
a_key_is_decoded_as_a_form(void **state)
{
	(void)state;
	created_is(RECORDS(RECORD(
		       "ObjectCreated:Put", "a+b%2Bc%25d%2Fe/%C3%BC%3D%22")),
	    "s3://buk/a b+c%d/e/ü=\"");
}

static void
several_records_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(
	    read_text(RECORDS(RECORD("ObjectCreated:Put", "a") "," RECORD(
		"ObjectRemoved:Delete", "b") "," RECORD("ObjectCreated:Copy",
		"c") "," RECORD_OF("aws:sns", "2.1", "ObjectCreated:Put", "buk",
		"d"))),
	    0);
	assert_int_equal(event.n, 2);
	assert_string_equal(event.created[0], "s3://buk/a");
	assert_string_equal(event.created[1], "s3://buk/c");
	assert_int_equal(event.others, 2);
}

static void
the_test_of_a_new_configuration_is_one(void **state)
{
	(void)state;
	assert_int_equal(
	    read_text(
		"{\"Service\":\"Amazon S3\",\"Event\":\"s3:TestEvent\","
		"\"Time\":\"2014-10-13T15:57:02.089Z\",\"Bucket\":\"b\","
		"\"RequestId\":\"5582815E1AEA5ADF\",\"HostId\":\"8cLe\"}"),
	    0);
	assert_true(event.is_test);
	assert_int_equal(event.n, 0);
}

#define BRIDGE(type, key)                                              \
	"{\"version\":\"0\",\"id\":\"1\",\"detail-type\":\"" type      \
	"\",\"source\":\"aws.s3\",\"account\":\"1\",\"region\":\"r\"," \
	"\"detail\":{\"version\":\"0\",\"bucket\":{\"name\":\"buk\"}," \
	"\"object\":{\"key\":\"" key                                   \
	"\",\"size\":5},\"reason\":\"PutObject\"}}"

static void
eventbridge_says_keys_as_they_are(void **state)
{
	(void)state;
	created_is(
	    BRIDGE("Object Created", "out/a+b%20c"), "s3://buk/out/a+b%20c");
	assert_int_equal(read_text(BRIDGE("Object Deleted", "k")), 0);
	assert_int_equal(event.n, 0);
	assert_int_equal(event.others, 1);
}

static void
a_key_that_no_location_can_name_is_of_nobody(void **state)
{
	char *text, *key = xmalloc(2001);

	(void)state;
	memset(key, 'k', 2000);
	key[2000] = '\0';
	text = xasprintf("{\"Records\":[{\"eventSource\":\"aws:s3\","
			 "\"eventVersion\":\"2.1\",\"eventName\":"
			 "\"ObjectCreated:Put\",\"s3\":{\"bucket\":{\"name\":"
			 "\"buk\"},\"object\":{\"key\":\"%s\"}}}]}",
	    key);
	assert_int_equal(read_text(text), 0);
	assert_int_equal(event.n, 0);
	assert_int_equal(event.others, 1);
	assert_int_equal(
	    read_text(RECORDS(RECORD("ObjectCreated:Put", "a%0Ab"))), 0);
	assert_int_equal(event.others, 1);
	assert_int_equal(read_text(RECORDS(RECORD_OF("aws:s3", "2.1",
			     "ObjectCreated:Put", "a/../b", "k"))),
	    0);
	assert_int_equal(event.others, 1);
	free(text);
	free(key);
}

/* --- what is none --------------------------------------------------- */

static void
what_is_no_event_is_not_found(void **state)
{
	static const char *const texts[] = {"{}", "[]", "null", "3", "\"s\"",
	    "{\"Records\":null}", "{\"Records\":[]}", "{\"Records\":[1,null]}",
	    "{\"Records\":{\"eventSource\":\"aws:s3\"}}",
	    "{\"Records\":{\"a\":{\"eventSource\":\"aws:s3\"}}}",
	    "{\"records\":[" RECORD("ObjectCreated:Put", "k") "]}",
	    RECORDS(
		RECORD_OF("aws:ses", "2.1", "ObjectCreated:Put", "buk", "k")),
	    "{\"Event\":\"s3:TestEvent\"}",
	    "{\"Event\":7,\"Service\":\"Amazon S3\"}",
	    "{\"source\":\"aws.ec2\",\"detail-type\":\"Object Created\"}",
	    "{\"source\":[\"aws.s3\"]}",
	    "{\"eventSource\":\"aws:sagemaker\",\"inferenceId\":\"x\"}"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		if (read_text(texts[i]) == 0 || bad.code != ERR_NOT_FOUND)
			fail_msg("%s: %s", texts[i], bad.text);
		assert_null(event.created);
	}
}

static void
what_makes_no_sense_is_said(void **state)
{
	static const char *const texts[] = {
	    RECORDS(
		RECORD_OF("aws:s3", "3.0", "ObjectCreated:Put", "buk", "k")),
	    RECORDS(
		RECORD_OF("aws:s3", "20.0", "ObjectCreated:Put", "buk", "k")),
	    RECORDS(RECORD_OF("aws:s3", "2", "ObjectCreated:Put", "buk", "k")),
	    RECORDS("{\"eventSource\":\"aws:s3\"}"),
	    RECORDS("{\"eventSource\":\"aws:s3\",\"eventVersion\":\"2.1\"}"),
	    RECORDS("{\"eventSource\":\"aws:s3\",\"eventVersion\":\"2.1\","
		    "\"eventName\":\"ObjectCreated:Put\"}"),
	    RECORDS("{\"eventSource\":\"aws:s3\",\"eventVersion\":\"2.1\","
		    "\"eventName\":\"ObjectCreated:Put\",\"s3\":[]}"),
	    RECORDS(RECORD("ObjectCreated:Put", "")),
	    RECORDS(RECORD("ObjectCreated:Put", "a%")),
	    RECORDS(RECORD("ObjectCreated:Put", "a%zz")),
	    RECORDS(RECORD("ObjectCreated:Put", "a%00b")),
	    RECORDS(RECORD("ObjectCreated:Put", "k") "," RECORD(
		"ObjectCreated:Put", "%")),
	    BRIDGE("Object Created", ""),
	    "{\"source\":\"aws.s3\",\"detail-type\":\"Object Created\"}",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		if (read_text(texts[i]) == 0 || bad.code != ERR_PROTOCOL)
			fail_msg("%s: %s", texts[i], bad.text);
		assert_null(event.created);
	}
}

static void
a_thousand_records_are_read_and_no_more(void **state)
{
	struct buf b;
	size_t i, n;

	(void)state;
	for (n = S3EVENT_RECORDS_MAX; n <= S3EVENT_RECORDS_MAX + 1; n++) {
		buf_init(&b, 1 << 20);
		buf_puts(&b, "{\"Records\":[");
		for (i = 0; i < n; i++)
			buf_printf(&b, "%s%s", i > 0 ? "," : "",
			    RECORD("ObjectCreated:Put", "k"));
		buf_puts(&b, "]}");
		assert_false(b.overflow);
		assert_int_equal(
		    read_text(b.data), n > S3EVENT_RECORDS_MAX ? -1 : 0);
		assert_int_equal(event.n, n > S3EVENT_RECORDS_MAX ? 0 : n);
		buf_done(&b);
	}
	assert_int_equal(bad.code, ERR_PROTOCOL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_object_that_was_put_is_named),
	    cmocka_unit_test(every_minor_version_is_read),
	    cmocka_unit_test(a_key_is_decoded_as_a_form),
	    cmocka_unit_test(several_records_are_told_apart),
	    cmocka_unit_test(the_test_of_a_new_configuration_is_one),
	    cmocka_unit_test(eventbridge_says_keys_as_they_are),
	    cmocka_unit_test(a_key_that_no_location_can_name_is_of_nobody),
	    cmocka_unit_test(what_is_no_event_is_not_found),
	    cmocka_unit_test(what_makes_no_sense_is_said),
	    cmocka_unit_test(a_thousand_records_are_read_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, forget);
}
