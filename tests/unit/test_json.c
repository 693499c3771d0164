/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict JSON: what RFC 8259 allows and we take, what we refuse though cJSON
 * would take it, and what the readers say about a document.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

/* A literal with its length, so that it may hold NUL bytes. */
#define TEXT(s)                  \
	{                        \
		s, sizeof(s) - 1 \
	}

struct text {
	const char *s;
	size_t len;
};

/* The parser sees a copy of just that size: a step too far is caught. */
static int
parse(const char *s, size_t len, struct json **out, struct error *err)
{
	char *copy = xmemdup(s, len);
	int rc = json_parse(copy, len, out, err);

	free(copy);
	return rc;
}

static struct json *
parsed(const char *s)
{
	struct json *doc = NULL;
	struct error err;

	error_clear(&err);
	if (parse(s, strlen(s), &doc, &err) != 0)
		fail_msg("%s: %s", s, err.text);
	return doc;
}

static const struct text sound[] = {
    /* words, strings and numbers may stand alone */
    TEXT("null"), TEXT("true"), TEXT("false"), TEXT("\"\""), TEXT("\"a\""),
    TEXT("{}"), TEXT("[]"), TEXT("0"), TEXT("-0"), TEXT("-1"), TEXT("10"),
    TEXT("1.0"), TEXT("0.5"), TEXT("-0.0"), TEXT("1e5"), TEXT("1E5"),
    TEXT("1e+5"), TEXT("1e-5"), TEXT("1e05"), TEXT("0e0"), TEXT("0.1e1"),
    TEXT("1e999"), TEXT("1e-999"), TEXT("9007199254740993"),
    TEXT("18446744073709551616"), TEXT("123456789012345678901234567890"),
    /* blanks are four bytes, anywhere between tokens */
    TEXT(" \t\r\n1 \t\r\n"), TEXT(" [ 1 , 2 ] "), TEXT("\n{\t\"a\"\r: 1 }\n"),
    TEXT("[ ]"), TEXT("{ }"),
    /* strings */
    TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), TEXT("\"/\""), TEXT("\"\x7f\""),
    TEXT("\"\\u0001\""), TEXT("\"\\u001f\\u007F\""), TEXT("\"\\uABCD\\uabcd\""),
    TEXT("\"\\ud7ff\\ue000\""), TEXT("\"\\ud800\\udc00\""),
    TEXT("\"\\uDBFF\\uDFFF\""), TEXT("\"\\uffff\""),
    TEXT("\"\\\\u0000\""), /* a backslash, then letters */
    TEXT("\"\xc2\x80\""), TEXT("\"\xdf\xbf\""), TEXT("\"\xe2\x82\xac\""),
    TEXT("\"\xed\x9f\xbf\xee\x80\x80\""), TEXT("\"\xf0\x9f\x98\x80\""),
    TEXT("\"\xf4\x8f\xbf\xbf\""),
    TEXT("\"\xef\xbb\xbf\""), /* a mark inside a string is a character */
    TEXT("\"\xe2\x80\xa8\xe2\x80\xa9\""),
    /* containers */
    TEXT("[1,\"a\",null,true,{},[]]"), TEXT("[[[[[[[[]]]]]]]]"),
    TEXT("{\"\":0}"), TEXT("{\"a\":{\"a\":{\"a\":1}}}"),
    TEXT("[{\"a\":1},{\"a\":2}]"), TEXT("{\"a\":1,\"A\":2}"),
    TEXT("{\"a\":1,\"a \":2}"), TEXT("{\"a\":1,\"b\":2,\"c\":3}"),
    TEXT("{\"__proto__\":1}"),
    TEXT("{\"\\u00e9\":1,\"e\\u0301\":2}"), /* alike, but not the same */
};

static const struct text broken[] = {
    /* nothing, or too little */
    TEXT(""),
    TEXT(" "),
    TEXT("\n\t"),
    TEXT("["),
    TEXT("{"),
    TEXT("]"),
    TEXT("}"),
    TEXT("\""),
    TEXT("\"a"),
    TEXT("\"a\\"),
    TEXT("\"\\\""),
    TEXT("[1"),
    TEXT("[1,"),
    TEXT("{\"a\""),
    TEXT("{\"a\":"),
    TEXT("{\"a\":1"),
    TEXT("{\"a\":1,"),
    TEXT("-"),
    TEXT("tru"),
    TEXT("nul"),
    TEXT("fals"),
    /* something behind */
    TEXT("1 2"),
    TEXT("{}{}"),
    TEXT("{},"),
    TEXT("[]]"),
    TEXT("null,"),
    TEXT("\"a\"b"),
    TEXT("{\"a\":1}\0"),
    TEXT("{}\0{}"),
    TEXT("truex"),
    TEXT("1//"),
    TEXT("{} // end"),
    /* NUL anywhere */
    TEXT("\0"),
    TEXT("\0{}"),
    TEXT("[1\0]"),
    TEXT("\"a\0b\""),
    TEXT("\"\\\0\""),
    TEXT("{\"a\0\":1}"),
    TEXT("\"\\u0000\""),
    TEXT("{\"\\u0000\":1}"),
    TEXT("{\"a\\u0000b\":1}"),
    /* marks and other encodings */
    TEXT("\xef\xbb\xbf{}"),
    TEXT("\xff\xfe{\0}\0"),
    TEXT("\xfe\xff\0{\0}"),
    TEXT("{}\xef\xbb\xbf"),
    TEXT("\xc2\xa0{}"),
    TEXT("\x0c[]"),
    TEXT("\x0b[]"),
    TEXT("[\xe2\x80\xa8]"),
    /* numbers */
    TEXT("+1"),
    TEXT("01"),
    TEXT("007"),
    TEXT("-01"),
    TEXT("00"),
    TEXT("-00"),
    TEXT("--1"),
    TEXT("1."),
    TEXT(".5"),
    TEXT("-.5"),
    TEXT("1.e5"),
    TEXT("1e"),
    TEXT("1e+"),
    TEXT("1e-"),
    TEXT("1e+-5"),
    TEXT("1e5.5"),
    TEXT("1.2.3"),
    TEXT("0x10"),
    TEXT("1_000"),
    TEXT("1,000"),
    TEXT("NaN"),
    TEXT("nan"),
    TEXT("Infinity"),
    TEXT("-Infinity"),
    TEXT("inf"),
    TEXT("1d"),
    TEXT("1f"),
    TEXT("[- 1]"),
    TEXT("[1 .5]"),
    TEXT("\xef\xbc\x91"), /* a full-width digit */
    /* words */
    TEXT("True"),
    TEXT("NULL"),
    TEXT("undefined"),
    TEXT("nullnull"),
    TEXT("a"),
    /* strings */
    TEXT("'a'"),
    TEXT("\"a\nb\""),
    TEXT("\"a\tb\""),
    TEXT("\"\x1f\""),
    TEXT("\"\x01\""),
    TEXT("\"\\a\""),
    TEXT("\"\\'\""),
    TEXT("\"\\0\""),
    TEXT("\"\\x41\""),
    TEXT("\"\\U0041\""),
    TEXT("\"\\u\""),
    TEXT("\"\\u1\""),
    TEXT("\"\\u12\""),
    TEXT("\"\\u123\""),
    TEXT("\"\\u123g\""),
    TEXT("\"\\u 123\""),
    TEXT("\"\\u+123\""),
    TEXT("\"\\u-123\""),
    TEXT("\"\\\n\""),
    TEXT("\"\\\xc3\xa9\""),
    TEXT("\"\\u00\xff\xff\""),
    /* surrogates */
    TEXT("\"\\ud800\""),
    TEXT("\"\\udbff\""),
    TEXT("\"\\udc00\""),
    TEXT("\"\\udfff\""),
    TEXT("\"\\ud800a\""),
    TEXT("\"\\ud800\\n\""),
    TEXT("\"\\ud800\\\""),
    TEXT("\"\\ud800\\u0041\""),
    TEXT("\"\\ud800\\ud800\""),
    TEXT("\"\\ud800\\ue000\""),
    TEXT("\"\\ud800\\udc0\""),
    TEXT("\"\\udc00\\ud800\""),
    TEXT("\"\xed\xa0\x80\xed\xb0\x80\""), /* CESU-8 */
    /* bytes that are not UTF-8 */
    TEXT("\"\x80\""),
    TEXT("\"\xbf\""),
    TEXT("\"\xc0\x80\""), /* Java's NUL */
    TEXT("\"\xc0\xa2\""), /* an overlong quote */
    TEXT("\"\xc1\x81\""),
    TEXT("\"\xc3\""),
    TEXT("\"\xc3("),
    TEXT("\"\xe0\x80\xa2\""),
    TEXT("\"\xe0\x9f\xbf\""),
    TEXT("\"\xe2\x82\""),
    TEXT("\"\xed\xa0\x80\""),
    TEXT("\"\xed\xbf\xbf\""),
    TEXT("\"\xf0\x80\x80\xa2\""),
    TEXT("\"\xf0\x8f\xbf\xbf\""),
    TEXT("\"\xf0\x9f\x98\""),
    TEXT("\"\xf4\x90\x80\x80\""),
    TEXT("\"\xf5\x80\x80\x80\""),
    TEXT("\"\xf8\x88\x80\x80\x80\""),
    TEXT("\"\xfe\""),
    TEXT("\"\xff\""),
    TEXT("{\"\xff\":1}"),
    /* containers */
    TEXT("[1,]"),
    TEXT("[,1]"),
    TEXT("[1,,2]"),
    TEXT("[,]"),
    TEXT("[1 2]"),
    TEXT("[1;2]"),
    TEXT("[1}"),
    TEXT("{\"a\":1]"),
    TEXT("{\"a\":1,}"),
    TEXT("{,}"),
    TEXT("{\"a\" 1}"),
    TEXT("{\"a\":}"),
    TEXT("{\"a\"::1}"),
    TEXT("{\"a\":1 \"b\":2}"),
    TEXT("{a:1}"),
    TEXT("{'a':1}"),
    TEXT("{1:1}"),
    TEXT("{null:1}"),
    TEXT("{[]:1}"),
    TEXT("{\"a\"}"),
    TEXT("[\"a\":1]"),
    TEXT("/* c */ {}"),
    TEXT("[1] # c"),
    /* one name, two members */
    TEXT("{\"a\":1,\"a\":1}"),
    TEXT("{\"a\":1,\"b\":2,\"a\":3}"),
    TEXT("{\"a\":1,\"\\u0061\":2}"),
    TEXT("{\"\\u0061\":1,\"a\":2}"),
    TEXT("{\"\":1,\"\":2}"),
    TEXT("{\"\\/\":1,\"/\":2}"),
    TEXT("{\"\\u00e9\":1,\"\xc3\xa9\":2}"),
    TEXT("{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}"),
    TEXT("[[{\"x\":{\"a\":1,\"c\":2,\"a\":[]}}]]"),
    TEXT("{\"a\":[{\"b\":1,\"b\":2}]}"),
    TEXT("{\"a\":{},\"a\":{}}"),
};

static void
sound_documents_are_taken(void **state)
{
	struct json *doc;
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(sound); i++) {
		doc = NULL;
		error_clear(&err);
		if (parse(sound[i].s, sound[i].len, &doc, &err) != 0)
			fail_msg("case %zu, %s: %s", i, sound[i].s, err.text);
		assert_non_null(doc);
		assert_int_equal(err.code, ERR_NONE);
		json_free(doc);
	}
}

static void
broken_documents_are_refused(void **state)
{
	struct json *doc = NULL;
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(broken); i++) {
		error_clear(&err);
		if (parse(broken[i].s, broken[i].len, &doc, &err) != -1)
			fail_msg("case %zu, %s: taken", i, broken[i].s);
		assert_int_equal(err.code, ERR_PROTOCOL);
		/* The checker found it, and left nothing for cJSON to find. */
		assert_string_not_equal(err.text, "not JSON");
		assert_true(err.text[0] != '\0');
		assert_null(doc);
	}
}

/* `n` arrays or objects inside each other. */
static char *
nested(const char *open, const char *close, size_t n)
{
	size_t a = strlen(open), b = strlen(close), i;
	char *s = xmalloc(n * (a + b) + 1);

	for (i = 0; i < n; i++) {
		memcpy(s + i * a, open, a);
		memcpy(s + n * a + i * b, close, b);
	}
	s[n * (a + b)] = '\0';
	return s;
}

static int
depth_result(const char *open, const char *close, size_t n)
{
	char *s = nested(open, close, n);
	struct json *doc = NULL;
	struct error err;
	int rc;

	error_clear(&err);
	rc = parse(s, strlen(s), &doc, &err);
	json_free(doc);
	free(s);
	return rc;
}

static void
depth_ends_where_the_header_says(void **state)
{
	(void)state;
	assert_int_equal(depth_result("[", "]", JSON_DEPTH_MAX), 0);
	assert_int_equal(depth_result("[", "]", JSON_DEPTH_MAX + 1), -1);
	assert_int_equal(depth_result("{\"a\":[", "]}", JSON_DEPTH_MAX / 2), 0);
	assert_int_equal(
	    depth_result("{\"a\":[", "]}", JSON_DEPTH_MAX / 2 + 1), -1);
	assert_int_equal(depth_result("[", "", 1000000), -1);
	assert_int_equal(depth_result("{\"a\":", "", 1000000), -1);
}

static void
a_fault_is_named_with_its_place(void **state)
{
	struct json *doc;
	struct error err;

	(void)state;
	error_clear(&err);
	assert_int_equal(json_parse("{\"a\":tru}", 9, &doc, &err), -1);
	assert_string_equal(err.text, "not JSON: expected a value at byte 5");
	assert_int_equal(json_parse("[1] x", 5, &doc, &err), -1);
	assert_string_equal(
	    err.text, "not JSON: something behind the value at byte 4");
	assert_int_equal(
	    json_parse("{\"k\\n\":1,\"k\\n\":2}", 17, &doc, &err), -1);
	assert_string_equal(err.text, "the key \"k \" stands twice");
}

static void
members_are_found_by_their_exact_name(void **state)
{
	struct json *doc = parsed(
	    "{\"topicarn\":\"evil\",\"TopicArn\":\"good\",\"\\u0061b\":\"c\"}");

	(void)state;
	assert_string_equal(json_get_str(doc, "TopicArn"), "good");
	assert_string_equal(json_get_str(doc, "ab"), "c");
	assert_null(json_get(doc, "TOPICARN"));
	assert_null(json_get_str(doc, "x"));
	json_free(doc);
}

static void
readers_ask_nothing_of_the_wrong_kind(void **state)
{
	struct json *doc = parsed("[\"s\",1,true,null,{\"k\":\"v\"},[7]]");
	const struct json *item = json_first(doc);
	int64_t n = 42;
	bool b = true;

	(void)state;
	assert_true(json_is_array(doc));
	assert_false(json_is_object(doc));
	assert_null(json_get(doc, "k"));
	assert_null(json_get(NULL, "k"));
	assert_null(json_str(doc));
	assert_null(json_str(NULL));
	assert_int_equal(json_i64(item, &n), -1);
	assert_int_equal(json_bool(item, &b), -1);
	assert_null(json_first(item));
	item = json_next(item);
	assert_null(json_str(item));
	assert_int_equal(json_bool(item, &b), -1);
	item = json_next(json_next(item));
	assert_null(json_str(item));
	assert_int_equal(json_i64(item, &n), -1);
	assert_int_equal(json_bool(item, &b), -1);
	assert_int_equal(json_i64(NULL, &n), -1);
	assert_int_equal(json_bool(NULL, &b), -1);
	assert_null(json_first(NULL));
	assert_int_equal(n, 42);
	assert_true(b);
	json_free(doc);
	json_free(NULL);
}

static void
members_and_items_come_in_their_order(void **state)
{
	struct json *doc = parsed("{\"z\":[1,2,3],\"a\":{},\"m\":null}");
	const struct json *n = json_first(doc), *item;
	int64_t value, want = 1;

	(void)state;
	assert_null(json_name(doc));
	assert_string_equal(json_name(n), "z");
	for (item = json_first(n); item != NULL; item = json_next(item)) {
		assert_null(json_name(item));
		assert_int_equal(json_i64(item, &value), 0);
		assert_int_equal(value, want++);
	}
	assert_int_equal(want, 4);
	n = json_next(n);
	assert_string_equal(json_name(n), "a");
	assert_true(json_is_object(n));
	assert_null(json_first(n));
	n = json_next(n);
	assert_string_equal(json_name(n), "m");
	assert_null(json_next(n));
	json_free(doc);
}

static void
escapes_become_the_bytes_they_mean(void **state)
{
	struct json *doc = parsed("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9"
				  "\\u20ac\\ud83d\\ude00\\u007f\"");

	(void)state;
	assert_string_equal(json_str(doc),
	    "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f");
	json_free(doc);
}

static void
booleans_are_read(void **state)
{
	struct json *doc = parsed("[true,false]");
	bool b = false;

	(void)state;
	assert_int_equal(json_bool(json_first(doc), &b), 0);
	assert_true(b);
	assert_int_equal(json_bool(json_next(json_first(doc)), &b), 0);
	assert_false(b);
	json_free(doc);
}

static void
whole_numbers_are_read_where_doubles_are_exact(void **state)
{
	static const struct {
		const char *s;
		int64_t n;
	} cases[] = {
	    {"0", 0},
	    {"-0", 0},
	    {"-17", -17},
	    {"1e3", 1000},
	    {"12.50e1", 125},
	    {"2147483648", 2147483648},
	    {"9007199254740991", 9007199254740991},
	    {"-9007199254740991", -9007199254740991},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct json *doc = parsed(cases[i].s);
		int64_t n = 42;

		assert_int_equal(json_i64(doc, &n), 0);
		assert_true(n == cases[i].n);
		json_free(doc);
	}
}

static void
numbers_that_are_not_whole_or_too_large_are_not_given(void **state)
{
	static const char *const cases[] = {"0.5", "-1.25", "1e-3",
	    "9007199254740994", "-9007199254740994", "1e16",
	    "9223372036854775807", "18446744073709551616", "1e308", "1e999",
	    "-1e999"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct json *doc = parsed(cases[i]);
		int64_t n = 42;

		if (json_i64(doc, &n) == 0)
			fail_msg("%s was given", cases[i]);
		assert_int_equal(n, 42);
		json_free(doc);
	}
}

static void
a_large_object_is_searched_for_doubles_quickly(void **state)
{
	size_t n = 50000, i, len = 0;
	char *s = xmalloc(n * 12 + 20);
	struct json *doc = NULL;
	struct error err;

	(void)state;
	error_clear(&err);
	s[len++] = '{';
	for (i = 0; i < n; i++)
		len += (size_t)snprintf(s + len, 13, "\"k%05zu\":0,", i);
	snprintf(s + len, 12, "\"k00000\":0}");
	assert_int_equal(json_parse(s, len + 11, &doc, &err), -1);
	assert_string_equal(err.text, "the key \"k00000\" stands twice");
	s[len + 1] = 'j';
	assert_int_equal(json_parse(s, len + 11, &doc, &err), 0);
	json_free(doc);
	free(s);
}

static void
a_number_longer_than_cjson_reads_is_refused(void **state)
{
	static const char *const cases[] = {
	    /* 64 bytes each: the last one would be lost. */
	    "1."
	    "00000000000000000000000000000000000000000000000000000000000005e9",
	    "10000000000000000000000000000000000000000000000000000000000000000"
	    "0",
	    "[0."
	    "00000000000000000000000000000000000000000000000000000000000001]",
	};
	char zeros[] = "0.0000000000000000000000000000000"
		       "000000000000000000000000000000";
	struct json *doc = NULL;
	struct error err;
	size_t i;

	(void)state;
	error_clear(&err);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(
		    parse(cases[i], strlen(cases[i]), &doc, &err), -1);
		assert_non_null(strstr(err.text, "too long"));
	}
	/* 63 are read. */
	assert_int_equal(strlen(zeros), 63);
	json_free(parsed(zeros));
}

static void
the_first_number_that_doubles_confuse_is_not_given(void **state)
{
	static const char *const cases[] = {"9007199254740992",
	    "9007199254740993", "-9007199254740992", "-9007199254740993"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct json *doc = parsed(cases[i]);
		int64_t n = 42;

		if (json_i64(doc, &n) == 0)
			fail_msg("%s became %lld", cases[i], (long long)n);
		json_free(doc);
	}
}

static void
nothing_at_a_null_pointer_is_no_document(void **state)
{
	struct json *doc = NULL;
	struct error err;

	(void)state;
	error_clear(&err);
	assert_int_equal(json_parse(NULL, 0, &doc, &err), -1);
	assert_int_equal(err.code, ERR_PROTOCOL);
}

static void
of_few_values_no_more_are_read(void **state)
{
	static const char text[] = "{\"a\":[1,2,{\"b\":null}],\"c\":\"d\"}";
	struct json *doc;
	struct error err;

	(void)state;
	assert_int_equal(json_parse_few(text, strlen(text), 7, &doc, &err), 0);
	json_free(doc);
	assert_int_equal(json_parse_few(text, strlen(text), 6, &doc, &err), -1);
	assert_int_equal(err.code, ERR_PROTOCOL);
	assert_non_null(strstr(err.text, "too many values"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(of_few_values_no_more_are_read),
	    cmocka_unit_test(sound_documents_are_taken),
	    cmocka_unit_test(broken_documents_are_refused),
	    cmocka_unit_test(depth_ends_where_the_header_says),
	    cmocka_unit_test(a_fault_is_named_with_its_place),
	    cmocka_unit_test(members_are_found_by_their_exact_name),
	    cmocka_unit_test(readers_ask_nothing_of_the_wrong_kind),
	    cmocka_unit_test(members_and_items_come_in_their_order),
	    cmocka_unit_test(escapes_become_the_bytes_they_mean),
	    cmocka_unit_test(booleans_are_read),
	    cmocka_unit_test(whole_numbers_are_read_where_doubles_are_exact),
	    cmocka_unit_test(
		numbers_that_are_not_whole_or_too_large_are_not_given),
	    cmocka_unit_test(a_large_object_is_searched_for_doubles_quickly),
	    cmocka_unit_test(a_number_longer_than_cjson_reads_is_refused),
	    cmocka_unit_test(
		the_first_number_that_doubles_confuse_is_not_given),
	    cmocka_unit_test(nothing_at_a_null_pointer_is_no_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
