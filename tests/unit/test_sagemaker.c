/* SPDX-License-Identifier: Apache-2.0 */
/* The limits and patterns of InvokeEndpointAsync, each at its edge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aws/sagemaker.h"
#include "base/mem.h"
#include "base/str.h"

#define LONG "@@" /* stands for as many letters as the row says */

static const struct {
	const char *member;
	size_t offset;
	const char *value;
	size_t len; /* of LONG */
	bool ok;
} texts[] = {
#define ROW(api, field, value, len, ok)                                       \
	{                                                                     \
		api, offsetof(struct sagemaker_invoke, field), value, len, ok \
	}
#define NAME(value, len, ok) ROW("EndpointName", endpoint_name, value, len, ok)
    NAME("a", 0, true),
    NAME("My-Endpoint-1", 0, true),
    NAME("a--b", 0, true),
    NAME(LONG, 63, true),
    NAME(LONG, 64, false),
    NAME("", 0, false),
    NAME("-a", 0, false),
    NAME("a-", 0, false),
    NAME("a_b", 0, false),
    NAME("a.b", 0, false),
    NAME("a/b", 0, false),
    NAME("arn:aws:sagemaker:us-east-1:1:endpoint/x", 0, false),
    NAME("\xc3\xa4", 0, false),
#define TYPE(value, len, ok) ROW("ContentType", content_type, value, len, ok)
    TYPE("text/csv; header=present", 0, true),
    TYPE(LONG, 1024, true),
    TYPE(LONG, 1025, false),
    TYPE("a\r\nX: 1", 0, false),
    TYPE("a\tb", 0, false),
    TYPE("a\x7f", 0, false),
    TYPE("\xc3\xa4", 0, false),
#define ACCEPT(value, len, ok) ROW("Accept", accept, value, len, ok)
    ACCEPT("*/*", 0, true),
    ACCEPT(LONG, 1024, true),
    ACCEPT(LONG, 1025, false),
    ACCEPT("a\nb", 0, false),
#define ATTRIBUTES(value, len, ok) \
	ROW("CustomAttributes", custom_attributes, value, len, ok)
    ATTRIBUTES("trace id=1,x=\"2\"", 0, true),
    ATTRIBUTES(LONG, 1024, true),
    ATTRIBUTES(LONG, 1025, false),
    ATTRIBUTES("\xe2\x82\xac", 0, false),
#define ID(value, len, ok) ROW("InferenceId", inference_id, value, len, ok)
    ID("x", 0, true),
    ID("order 66 / a", 0, true),
    ID(LONG, 64, true),
    ID(LONG, 65, false),
    ID(" x", 0, false),
    ID("\tx", 0, false),
    ID("x\x01", 0, false),
#define LOCATION(value, len, ok) \
	ROW("InputLocation", input_location, value, len, ok)
    LOCATION("s3://bucket/key", 0, true),
    LOCATION("s3://bucket", 0, true),
    LOCATION("https://host/path?x=1", 0, true),
    LOCATION("s3://" LONG, 1019, true),
    LOCATION("s3://" LONG, 1020, false),
    LOCATION("s3://", 0, false),
    LOCATION("s3:///key", 0, false),
    LOCATION("http://host/path", 0, false),
    LOCATION("bucket/key", 0, false),
    LOCATION("S3://bucket/key", 0, false),
    LOCATION("s3://bucket/k\ney", 0, false),
#define EXTENSION(value, len, ok) \
	ROW("S3OutputPathExtension", output_path_extension, value, len, ok)
    EXTENSION("a/b-c_d.e!*'()", 0, true),
    EXTENSION(LONG, 512, true),
    EXTENSION(LONG, 513, false),
    EXTENSION("s3:", 0, false),
    EXTENSION("s3://b/k", 0, false),
    EXTENSION("https:x", 0, false),
    EXTENSION("a b", 0, false),
    EXTENSION("a%20b", 0, false),
    EXTENSION("a=b", 0, false),
#define FILE_NAME(value, len, ok) ROW("Filename", filename, value, len, ok)
    FILE_NAME("a", 0, true),
    FILE_NAME("0-_.out", 0, true),
    FILE_NAME("a.", 0, true),
    FILE_NAME(LONG, 32, true),
    FILE_NAME(LONG, 33, false),
    FILE_NAME("a.b.c", 0, false),
    FILE_NAME("a..", 0, false),
    FILE_NAME(".a", 0, false),
    FILE_NAME("-a", 0, false),
    FILE_NAME("_a", 0, false),
    FILE_NAME("a/b", 0, false),
    FILE_NAME("a b", 0, false),
};

static char *
expand(const char *value, size_t len)
{
	const char *at = strstr(value, LONG);
	char *run, *all;

	if (at == NULL)
		return xstrdup(value);
	run = xcalloc(1, len + 1);
	memset(run, 'a', len);
	all = xasprintf("%.*s%s", (int)(at - value), value, run);
	free(run);
	return all;
}

static void
every_text_is_held_to_its_limit_and_its_pattern(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		struct sagemaker_invoke in = {.endpoint_name = "e"};
		char *value = expand(texts[i].value, texts[i].len);
		struct error err = {0};
		int rc;

		memcpy((char *)&in + texts[i].offset, &value, sizeof(value));
		rc = sagemaker_check(&in, &err);
		if ((rc == 0) != texts[i].ok)
			fail_msg("%s \"%s\" (%zu): %s", texts[i].member, value,
			    strlen(value), err.text);
		if (rc == -1) {
			assert_int_equal(err.code, ERR_USAGE);
			assert_false(err.sent);
			if (strstr(err.text, texts[i].member) == NULL)
				fail_msg("%s is not named: %s", texts[i].member,
				    err.text);
		}
		free(value);
	}
}

static const struct {
	size_t offset;
	int64_t value;
	bool ok;
} numbers[] = {
#define TTL offsetof(struct sagemaker_invoke, request_ttl_s)
#define RUN offsetof(struct sagemaker_invoke, invocation_timeout_s)
    {TTL, 0, true},
    {TTL, -1, false},
    {TTL, 59, false},
    {TTL, 60, true},
    {TTL, 21600, true},
    {TTL, 21601, false},
    {RUN, 0, true},
    {RUN, -1, false},
    {RUN, 1, true},
    {RUN, 3600, true},
    {RUN, 3601, false},
    {RUN, INT64_MAX, false},
};

static void
every_number_is_held_to_its_range(void **state)
{
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(numbers); i++) {
		struct sagemaker_invoke in = {.endpoint_name = "e"};

		memcpy((char *)&in + numbers[i].offset, &numbers[i].value,
		    sizeof(numbers[i].value));
		assert_int_equal(
		    sagemaker_check(&in, &err) == 0, numbers[i].ok);
	}
}

static void
what_is_not_given_is_not_checked(void **state)
{
	struct sagemaker_invoke in = {.endpoint_name = "e"};
	struct error err;

	(void)state;
	in.filename = in.inference_id = in.input_location = "";
	in.accept = in.output_path_extension = in.content_type = "";
	assert_int_equal(sagemaker_check(&in, &err), 0);
	in.endpoint_name = NULL;
	assert_int_equal(sagemaker_check(&in, &err), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_text_is_held_to_its_limit_and_its_pattern),
	    cmocka_unit_test(every_number_is_held_to_its_range),
	    cmocka_unit_test(what_is_not_given_is_not_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
