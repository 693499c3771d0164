/* SPDX-License-Identifier: Apache-2.0 */
/* S3's listings: the real ones, and those that want to do harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aws/s3xml.h"
#include "base/buf.h"
#include "base/mem.h"

#define BEGIN "<ListBucketResult>"
#define END "</ListBucketResult>"
#define URL_ENCODED BEGIN "<EncodingType>url</EncodingType>"
#define ITEM(key) "<Contents><Key>" key "</Key></Contents>"

static int
parse(const char *text, struct s3xml_list *out)
{
	struct error err;
	int rc = s3xml_parse_list(text, strlen(text), out, &err);

	if (rc == -1)
		assert_int_equal(err.code, ERR_PROTOCOL);
	return rc;
}

static void
must_have(const char *text, const char *const *keys)
{
	struct s3xml_list list;
	size_t i;

	if (parse(text, &list) == -1)
		fail_msg("refused: %s", text);
	for (i = 0; keys[i] != NULL; i++) {
		assert_true(i < list.n);
		assert_string_equal(list.v[i].key, keys[i]);
	}
	assert_int_equal(list.n, i);
	s3xml_list_done(&list);
}

static void
a_page_as_S3_sends_it_is_read(void **state)
{
	struct s3xml_list list;

	(void)state;
	assert_int_equal(
	    parse("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		  "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/"
		  "2006-03-01/\"><Name>b</Name><Prefix>a%2F</Prefix>"
		  "<KeyCount>2</KeyCount><MaxKeys>2</MaxKeys>"
		  "<EncodingType>url</EncodingType>"
		  "<IsTruncated>true</IsTruncated>"
		  "<NextContinuationToken>1ueGcxLPRx1Tr/XYExHn=="
		  "</NextContinuationToken>"
		  "<Contents><Key>a/one</Key>"
		  "<LastModified>2013-05-24T00:00:01.000Z</LastModified>"
		  "<ETag>&quot;9a&quot;</ETag><Size>5368709121</Size>"
		  "<Owner><ID>x</ID></Owner>"
		  "<StorageClass>STANDARD</StorageClass></Contents>"
		  "<Contents><Key>a/two</Key></Contents>"
		  "<CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes>"
		  "</ListBucketResult>\n",
		&list),
	    0);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[0].key, "a/one");
	assert_string_equal(list.v[0].etag, "\"9a\"");
	assert_int_equal(list.v[0].size, 5368709121);
	assert_int_equal(list.v[0].modified_at, INT64_C(1369353601000));
	assert_string_equal(list.v[1].key, "a/two");
	assert_string_equal(list.v[1].etag, "");
	assert_int_equal(list.v[1].size, -1);
	assert_int_equal(list.v[1].modified_at, -1);
	assert_string_equal(list.continuation, "1ueGcxLPRx1Tr/XYExHn==");
	s3xml_list_done(&list);
}

static void
encoded_keys_are_decoded(void **state)
{
	const char *const keys[] = {"a b+c%/\x01\xc3\xa4", "//./..", NULL};

	(void)state;
	must_have(URL_ENCODED ITEM("a+b%2Bc%25/%01%C3%A4") ITEM("%2f/./..") END,
	    keys);
}

static void
the_encoding_may_be_said_at_the_end(void **state)
{
	const char *const keys[] = {"a b", NULL};

	(void)state;
	must_have(
	    BEGIN ITEM("a%20b") "<EncodingType>url</EncodingType>" END, keys);
}

static void
keys_that_are_not_encoded_stay_as_they_are(void **state)
{
	const char *const keys[] = {"a+b%20c", " ", "&<", NULL};

	(void)state;
	must_have(BEGIN ITEM("a+b%20c") ITEM(" ") ITEM("&amp;<![CDATA[<]]>")
		      END,
	    keys);
}

static void
a_key_with_a_nul_is_left_out(void **state)
{
	const char *const keys[] = {"a", "b", NULL};

	(void)state;
	must_have(URL_ENCODED ITEM("a") ITEM("a%00b") ITEM("b") END, keys);
}

static void
an_empty_page_is_a_page(void **state)
{
	const char *const none[] = {NULL};

	(void)state;
	must_have("<ListBucketResult/>", none);
	must_have(BEGIN "<IsTruncated>false</IsTruncated>"
			"<NextContinuationToken>t</NextContinuationToken>" END,
	    none);
}

static void
the_last_page_has_no_continuation(void **state)
{
	struct s3xml_list list;

	(void)state;
	assert_int_equal(
	    parse(BEGIN "<NextContinuationToken>t</NextContinuationToken>" END,
		&list),
	    0);
	assert_null(list.continuation);
	s3xml_list_done(&list);
}

static void
what_is_no_listing_is_none(void **state)
{
	static const char *const bad[] = {
	    "",
	    "<Error><Code>C</Code></Error>",
	    "<ListBucketResult>",
	    BEGIN ITEM("a"),
	    BEGIN "<Contents><Size>1</Size></Contents>" END,
	    BEGIN "<Contents/>" END,
	    URL_ENCODED ITEM("a%2") END,
	    URL_ENCODED ITEM("%zz") END,
	    BEGIN "<IsTruncated>true</IsTruncated>" END,
	    BEGIN "<IsTruncated>true</IsTruncated><NextContinuationToken/>" END,
	    BEGIN ITEM("a") END "x",
	    "<!DOCTYPE x>" BEGIN END,
	    "<!DOCTYPE x [<!ENTITY e \"k\">]>" BEGIN ITEM("&e;") END,
	    BEGIN ITEM("\xff") END,
	};
	struct s3xml_list list;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (parse(bad[i], &list) == 0)
			fail_msg("taken: %s", bad[i]);
	}
}

static char *
many(size_t n, size_t key_len)
{
	struct buf b;
	size_t i, k;

	buf_init(&b, (size_t)16 << 20);
	buf_puts(&b, URL_ENCODED);
	for (i = 0; i < n; i++) {
		buf_puts(&b, "<Contents><Key>");
		for (k = 0; k < key_len; k++)
			buf_puts(&b, "%C3");
		buf_puts(&b, "</Key></Contents>");
	}
	buf_puts(&b, END);
	return buf_take(&b);
}

static void
a_page_of_the_longest_keys_is_read(void **state)
{
	char *text = many(1000, 1024);
	struct s3xml_list list;

	(void)state;
	assert_int_equal(parse(text, &list), 0);
	assert_int_equal(list.n, 1000);
	assert_int_equal(strlen(list.v[999].key), 1024);
	s3xml_list_done(&list);
	free(text);
}

static void
a_page_has_an_end(void **state)
{
	char *items = many(10001, 1), *bytes = many(1000, 4096);
	struct s3xml_list list;

	(void)state;
	assert_int_equal(parse(items, &list), -1);
	assert_int_equal(parse(bytes, &list), -1);
	free(items);
	free(bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_page_as_S3_sends_it_is_read),
	    cmocka_unit_test(encoded_keys_are_decoded),
	    cmocka_unit_test(the_encoding_may_be_said_at_the_end),
	    cmocka_unit_test(keys_that_are_not_encoded_stay_as_they_are),
	    cmocka_unit_test(a_key_with_a_nul_is_left_out),
	    cmocka_unit_test(an_empty_page_is_a_page),
	    cmocka_unit_test(the_last_page_has_no_continuation),
	    cmocka_unit_test(what_is_no_listing_is_none),
	    cmocka_unit_test(a_page_of_the_longest_keys_is_read),
	    cmocka_unit_test(a_page_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
