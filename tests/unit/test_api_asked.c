/* SPDX-License-Identifier: Apache-2.0 */
/* Both ways to ask for a job, and that what is wrong with one is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "serve/api_asked.h"

static int
read_json(const char *text, struct api_asked *a, struct error *err)
{
	return api_asked_json(text, strlen(text), a, err);
}

static void
every_member_is_read(void **state)
{
	static const char text[] =
	    "{\"endpoint\":\"e\",\"content_type\":\"t/x\",\"accept\":\"a\","
	    "\"custom_attributes\":\"c\",\"inference_id\":\"i\","
	    "\"output_path_extension\":\"x\",\"filename\":\"f\","
	    "\"request_ttl_s\":60,\"invocation_timeout_s\":2,"
	    "\"deliver\":[\"webhook a\",\"exec b\"],"
	    "\"tags\":[\"nightly\",\"batch:7\",\"nightly\"],"
	    "\"body_base64\":\"AAEC\"}";
	struct api_asked a;
	struct intake in;
	struct error err;

	(void)state;
	assert_int_equal(read_json(text, &a, &err), 0);
	api_asked_intake(&a, &in);
	assert_string_equal(in.endpoint, "e");
	assert_string_equal(in.content_type, "t/x");
	assert_string_equal(in.accept, "a");
	assert_string_equal(in.custom_attributes, "c");
	assert_string_equal(in.inference_id, "i");
	assert_string_equal(in.extension, "x");
	assert_string_equal(in.filename, "f");
	assert_int_equal(in.request_ttl_s, 60);
	assert_int_equal(in.invocation_timeout_s, 2);
	assert_string_equal(in.tags, "batch:7,nightly");
	assert_true(a.chosen);
	assert_int_equal(a.ndeliver, 2);
	assert_string_equal(a.deliver[1], "exec b");
	assert_int_equal(a.body_len, 3);
	assert_memory_equal(a.body, "\0\1\2", 3);
	api_asked_done(&a);
}

static void
a_body_is_bytes_of_utf8(void **state)
{
	struct api_asked a;
	struct error err;

	(void)state;
	assert_int_equal(
	    read_json(
		"{\"endpoint\":\"e\",\"body\":\"a\\n\\u00e4\"}", &a, &err),
	    0);
	assert_int_equal(a.body_len, 4);
	assert_memory_equal(a.body, "a\n\xc3\xa4", 4);
	assert_false(a.chosen);
	api_asked_done(&a);
}

#define REST ",\"input_location\":\"s3://b/k\"}"

static const struct {
	const char *text;
	enum error_code code;
	const char *named;
	const char *hint;
} bad_json[] = {
    {"", ERR_PROTOCOL, "not JSON", ""},
    {"{", ERR_PROTOCOL, "not JSON", ""},
    {"[]", ERR_PROTOCOL, "no JSON object", ""},
    {"\"e\"", ERR_PROTOCOL, "no JSON object", ""},
    {"{\"endpoint\":\"e\"" REST "x", ERR_PROTOCOL, "behind", ""},
    {"{\"endpoint\":\"e\",\"endpoint\":\"e\"" REST, ERR_PROTOCOL,
	"\"endpoint\" stands twice", ""},
    {"{\"endpoint\":\"\xff\"" REST, ERR_PROTOCOL, "UTF-8", ""},
    {"{\"endpoint\":\"e\",\"conten_type\":\"x\"" REST, ERR_NOT_FOUND,
	"\"conten_type\" is no member", "Did you mean \"content_type\"?"},
    {"{\"Endpoint\":\"e\"" REST, ERR_NOT_FOUND, "\"Endpoint\"", "endpoint"},
    {"{\"endpoint\":1" REST, ERR_USAGE, "\"endpoint\" must be a string", ""},
    {"{\"endpoint\":null" REST, ERR_USAGE, "\"endpoint\"", ""},
    {"{\"endpoint\":{\"a\":\"e\"}" REST, ERR_USAGE, "\"endpoint\"", ""},
    {"{\"endpoint\":\"\"" REST, ERR_USAGE, "\"endpoint\" is empty", ""},
    {"{\"endpoint\":\"a\\u000ab\"" REST, ERR_USAGE,
	"\"endpoint\" holds a control", ""},
    {"{\"endpoint\":\"e\",\"accept\":\"\\u007f\"" REST, ERR_USAGE,
	"\"accept\" holds a control", ""},
    {"{\"accept\":\"a\"" REST, ERR_USAGE, "\"endpoint\" is missing", ""},
    {"{\"endpoint\":\"e\"}", ERR_USAGE, "the input is missing",
	"\"body_base64\""},
    {"{\"endpoint\":\"e\",\"body\":\"x\"" REST, ERR_USAGE,
	"both \"input_location\"", ""},
    {"{\"endpoint\":\"e\",\"body\":\"x\",\"body_base64\":\"AA==\"}", ERR_USAGE,
	"both \"body\"", ""},
    {"{\"endpoint\":\"e\",\"body\":\"\"}", ERR_USAGE, "\"body\" is empty", ""},
    {"{\"endpoint\":\"e\",\"body_base64\":\"\"}", ERR_USAGE,
	"\"body_base64\" is empty", ""},
    {"{\"endpoint\":\"e\",\"body_base64\":\"AAE\"}", ERR_USAGE,
	"\"body_base64\" is no base64", ""},
    {"{\"endpoint\":\"e\",\"body_base64\":\"A A=\"}", ERR_USAGE,
	"\"body_base64\" is no base64", ""},
    {"{\"endpoint\":\"e\",\"request_ttl_s\":\"60\"" REST, ERR_USAGE,
	"\"request_ttl_s\"", ""},
    {"{\"endpoint\":\"e\",\"request_ttl_s\":0" REST, ERR_USAGE,
	"\"request_ttl_s\"", ""},
    {"{\"endpoint\":\"e\",\"request_ttl_s\":-5" REST, ERR_USAGE,
	"\"request_ttl_s\"", ""},
    {"{\"endpoint\":\"e\",\"request_ttl_s\":1.5" REST, ERR_USAGE,
	"\"request_ttl_s\"", ""},
    {"{\"endpoint\":\"e\",\"invocation_timeout_s\":1e300" REST, ERR_USAGE,
	"\"invocation_timeout_s\"", ""},
    {"{\"endpoint\":\"e\",\"deliver\":\"webhook a\"" REST, ERR_USAGE,
	"\"deliver\" must be an array", ""},
    {"{\"endpoint\":\"e\",\"deliver\":[1]" REST, ERR_USAGE, "\"deliver\"", ""},
    {"{\"endpoint\":\"e\",\"deliver\":[\"\"]" REST, ERR_USAGE, "\"deliver\"",
	""},
    {"{\"endpoint\":\"e\",\"deliver\":[\"exec \\u0007\"]" REST, ERR_USAGE,
	"\"deliver\" holds what no name does", ""},
    {"{\"endpoint\":\"e\",\"deliver\":[\"exec a, exec b\"]" REST, ERR_USAGE,
	"\"deliver\"", ""},
    {"{\"endpoint\":\"e\",\"deliver\":[\"exec a\",\"exec a\"]" REST, ERR_USAGE,
	"\"exec a\" stands twice", ""},
    {"{\"endpoint\":\"e\",\"tags\":\"a\"" REST, ERR_USAGE,
	"\"tags\" must be an array", ""},
    {"{\"endpoint\":\"e\",\"tags\":[7]" REST, ERR_USAGE,
	"\"tags\" must hold strings", ""},
    {"{\"endpoint\":\"e\",\"tags\":[\"a b\"]" REST, ERR_USAGE,
	"\"tags\": \"a b\" is no tag", "1 to 64"},
    {"{\"endpoint\":\"e\",\"tags\":[\"a,b\"]" REST, ERR_USAGE,
	"\"a,b\" is no tag", ""},
    {"{\"endpoint\":\"e\",\"tags\":[\"\"]" REST, ERR_USAGE, "\"\" is no tag",
	""},
    {"{\"endpoint\":\"e\",\"tags\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\","
     "\"7\",\"8\",\"9\",\"10\",\"11\",\"12\",\"13\",\"14\",\"15\",\"16\","
     "\"17\"]" REST,
	ERR_USAGE, "at most 16", ""},
};

static void
what_is_wrong_in_json_is_named(void **state)
{
	struct api_asked a;
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad_json); i++) {
		if (read_json(bad_json[i].text, &a, &err) == 0)
			fail_msg("%s was taken", bad_json[i].text);
		if (err.code != bad_json[i].code ||
		    strstr(err.text, bad_json[i].named) == NULL ||
		    strstr(err.hint, bad_json[i].hint) == NULL)
			fail_msg("%s: %d %s. %s", bad_json[i].text, err.code,
			    err.text, err.hint);
	}
}

static int
read_fields(const char *const *fields, struct api_asked *a, struct error *err)
{
	struct headers h;
	int rc;

	headers_init(&h);
	for (; *fields != NULL; fields += 2)
		headers_add(&h, fields[0], fields[1]);
	rc = api_asked_header(&h, a, err);
	headers_done(&h);
	return rc;
}

static void
every_field_is_read(void **state)
{
	static const char *const fields[] = {"Host", "h", "awaitd-endpoint",
	    "e", "Content-Type", "t/x", "Awaitd-Accept", "a",
	    "Awaitd-Custom-Attributes", "c", "Awaitd-Inference-Id", "i",
	    "Awaitd-Output-Path-Extension", "x", "AWAITD-FILENAME", "f",
	    "Awaitd-Request-Ttl", "61", "Awaitd-Invocation-Timeout", "2",
	    "Awaitd-Deliver", " webhook a ,exec b", "Awaitd-Tags",
	    "nightly, batch:7", NULL};
	struct api_asked a;
	struct error err;

	(void)state;
	assert_int_equal(read_fields(fields, &a, &err), 0);
	assert_string_equal(a.endpoint, "e");
	assert_string_equal(a.content_type, "t/x");
	assert_string_equal(a.accept, "a");
	assert_string_equal(a.custom_attributes, "c");
	assert_string_equal(a.inference_id, "i");
	assert_string_equal(a.extension, "x");
	assert_string_equal(a.filename, "f");
	assert_int_equal(a.request_ttl_s, 61);
	assert_int_equal(a.invocation_timeout_s, 2);
	assert_int_equal(a.ndeliver, 2);
	assert_string_equal(a.deliver[0], "webhook a");
	assert_string_equal(a.deliver[1], "exec b");
	assert_string_equal(a.tags, "batch:7,nightly");
	api_asked_done(&a);
}

static void
an_empty_list_of_targets_is_a_choice(void **state)
{
	static const char *const none[] = {
	    "Awaitd-Endpoint", "e", "Awaitd-Deliver", "", NULL};
	struct api_asked a;
	struct error err;

	(void)state;
	assert_int_equal(read_fields(none, &a, &err), 0);
	assert_true(a.chosen);
	assert_int_equal(a.ndeliver, 0);
	api_asked_done(&a);
	assert_int_equal(
	    read_json("{\"endpoint\":\"e\",\"deliver\":[]" REST, &a, &err), 0);
	assert_true(a.chosen);
	api_asked_done(&a);
}

static const struct {
	const char *field, *value;
	const char *named;
	const char *hint;
} bad_fields[] = {
    {"Awaitd-Endpoints", "x", "\"Awaitd-Endpoints\"",
	"Did you mean \"Awaitd-Endpoint\"?"},
    {"awaitd-request-tll", "1", "\"awaitd-request-tll\"",
	"\"Awaitd-Request-Ttl\""},
    {"Awaitd-Something", "1", "\"Awaitd-Something\"", ""},
    {"Awaitd-Endpoint", "again", "\"Awaitd-Endpoint\" stands twice", ""},
    {"Awaitd-Accept", "", "\"Awaitd-Accept\" is empty", ""},
    {"Awaitd-Accept", "a\tb", "\"Awaitd-Accept\" holds a control", ""},
    {"Awaitd-Request-Ttl", "", "\"Awaitd-Request-Ttl\"", ""},
    {"Awaitd-Request-Ttl", "0", "\"Awaitd-Request-Ttl\"", ""},
    {"Awaitd-Request-Ttl", "1m", "\"Awaitd-Request-Ttl\"", ""},
    {"Awaitd-Invocation-Timeout", "-1", "\"Awaitd-Invocation-Timeout\"", ""},
    {"Awaitd-Deliver", "exec a,", "\"Awaitd-Deliver\" is empty", ""},
    {"Awaitd-Deliver", "exec a,exec a", "stands twice", ""},
    {"Awaitd-Tags", "a,,b", "\"Awaitd-Tags\": \"\" is no tag", "1 to 64"},
    {"Awaitd-Tags", "a b", "\"Awaitd-Tags\": \"a b\" is no tag", ""},
    {"Awaitd-Tag", "a", "\"Awaitd-Tag\"", "\"Awaitd-Tags\""},
};

static void
what_is_wrong_in_a_header_is_named(void **state)
{
	struct api_asked a;
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad_fields); i++) {
		const char *const fields[] = {"Awaitd-Endpoint", "e",
		    bad_fields[i].field, bad_fields[i].value, NULL};

		if (read_fields(fields, &a, &err) == 0)
			fail_msg("%s: %s was taken", bad_fields[i].field,
			    bad_fields[i].value);
		if (err.code != ERR_USAGE ||
		    strstr(err.text, bad_fields[i].named) == NULL ||
		    strstr(err.hint, bad_fields[i].hint) == NULL)
			fail_msg("%s: %s. %s", bad_fields[i].field, err.text,
			    err.hint);
	}
}

static void
targets_are_at_most_sixty_four(void **state)
{
	char text[4096] = "{\"endpoint\":\"e\",\"body\":\"x\",\"deliver\":[";
	size_t len = strlen(text);
	struct api_asked a;
	struct error err;
	int i;

	(void)state;
	for (i = 0; i < 64; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s\"t%d\"", i > 0 ? "," : "", i);
	snprintf(text + len, sizeof(text) - len, "]}");
	assert_int_equal(read_json(text, &a, &err), 0);
	assert_int_equal(a.ndeliver, 64);
	api_asked_done(&a);
	snprintf(text + len, sizeof(text) - len, ",\"t64\"]}");
	assert_int_equal(read_json(text, &a, &err), -1);
	assert_non_null(strstr(err.text, "64 targets"));
}

static char *
digest_of(const char *text, const char *input)
{
	struct api_asked a;
	struct error err;
	char *digest;

	assert_int_equal(read_json(text, &a, &err), 0);
	digest = api_asked_digest(&a, input);
	api_asked_done(&a);
	return digest;
}

#define AS(rest) "{\"endpoint\":\"e\",\"body\":\"x\"" rest "}"

static void
whatever_differs_has_another_digest(void **state)
{
	static const char *const texts[] = {
	    AS(""),
	    "{\"endpoint\":\"f\",\"body\":\"x\"}",
	    "{\"endpoint\":\"e\",\"input_location\":\"s3://b/k\"}",
	    AS(",\"content_type\":\"x\""),
	    AS(",\"accept\":\"x\""),
	    AS(",\"custom_attributes\":\"x\""),
	    AS(",\"inference_id\":\"x\""),
	    AS(",\"output_path_extension\":\"x\""),
	    AS(",\"filename\":\"x\""),
	    AS(",\"request_ttl_s\":1"),
	    AS(",\"request_ttl_s\":2"),
	    AS(",\"invocation_timeout_s\":1"),
	    AS(",\"deliver\":[]"),
	    AS(",\"deliver\":[\"a\"]"),
	    AS(",\"deliver\":[\"a\",\"b\"]"),
	    AS(",\"deliver\":[\"b\",\"a\"]"),
	    AS(",\"deliver\":[\"a1:b\"]"),
	    AS(",\"tags\":[\"a\"]"),
	    AS(",\"tags\":[\"a\",\"b\"]"),
	    AS(",\"callback_url\":\"https://h/\""),
	    AS(",\"callback_url\":\"https://h/\",\"tags\":[\"a\"]"),
	    AS(",\"accept\":\"x\",\"content_type\":\"y\""),
	    AS(",\"accept\":\"y\",\"content_type\":\"x\""),
	    /* The same bytes, cut in other places. */
	    AS(",\"accept\":\"a\",\"inference_id\":\"b:c\""),
	    AS(",\"accept\":\"a-\",\"custom_attributes\":\"b\","
	       "\"inference_id\":\"c\""),
	};
	char *digests[ARRAY_LEN(texts) + 1];
	size_t i, k, n = ARRAY_LEN(texts);

	(void)state;
	for (i = 0; i < n; i++)
		digests[i] = digest_of(texts[i], "one");
	digests[n++] = digest_of(texts[0], "two");
	for (i = 0; i < n; i++) {
		assert_int_equal(strlen(digests[i]), 64);
		for (k = 0; k < i; k++)
			assert_string_not_equal(digests[i], digests[k]);
	}
	for (i = 0; i < n; i++)
		free(digests[i]);
}

static void
the_same_in_another_order_has_the_same_digest(void **state)
{
	char *a = digest_of("{\"endpoint\":\"e\",\"body\":\"x\"}", "one");
	char *b =
	    digest_of(" {\"body\":\"x\", \"endpoint\":\"\\u0065\"}", "one");

	(void)state;
	assert_string_equal(a, b);
	free(a);
	free(b);
}

/* Keys of a service that knew no tags are still good. */
static void
without_tags_the_digest_is_what_it_was(void **state)
{
	char *a = digest_of(AS(""), "one"),
	     *b = digest_of(AS(",\"tags\":[]"), "one");

	(void)state;
	assert_string_equal(a,
	    "6b35f8445a0d02366c84583b8afbfcf7"
	    "6c33149458c3afcc372d0288b807d9ee");
	assert_string_equal(a, b);
	free(a);
	free(b);
}

static void
tags_in_any_order_are_the_same(void **state)
{
	char *a = digest_of(AS(",\"tags\":[\"a\",\"b\"]"), "one");
	char *b = digest_of(AS(",\"tags\":[\"b\",\"a\",\"b\"]"), "one");

	(void)state;
	assert_string_equal(a, b);
	free(a);
	free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_member_is_read),
	    cmocka_unit_test(a_body_is_bytes_of_utf8),
	    cmocka_unit_test(what_is_wrong_in_json_is_named),
	    cmocka_unit_test(every_field_is_read),
	    cmocka_unit_test(an_empty_list_of_targets_is_a_choice),
	    cmocka_unit_test(what_is_wrong_in_a_header_is_named),
	    cmocka_unit_test(targets_are_at_most_sixty_four),
	    cmocka_unit_test(whatever_differs_has_another_digest),
	    cmocka_unit_test(the_same_in_another_order_has_the_same_digest),
	    cmocka_unit_test(without_tags_the_digest_is_what_it_was),
	    cmocka_unit_test(tags_in_any_order_are_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
