/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications of SageMaker: as they were seen, as they are documented, and
 * as nobody should send them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aws/sagemaker_notice.h"
#include "base/file.h"
#include "base/mem.h"

static struct error err;

/* ERR_NONE: it was read. */
static enum error_code
read_text(const char *text, struct sagemaker_notice *out)
{
	struct json *doc;
	int rc;

	memset(out, 0x5a, sizeof(*out));
	if (json_parse(text, strlen(text), &doc, &err) == -1)
		fail_msg("%s: %s", text, err.text);
	rc = sagemaker_notice_read(doc, out, &err);
	json_free(doc);
	return rc == 0 ? ERR_NONE : err.code;
}

static void
read_real(const char *name, struct sagemaker_notice *out)
{
	const char *folder = getenv("AWAITD_VECTORS");
	const char *top = getenv("abs_top_srcdir");
	char *path = folder != NULL ? xasprintf("%s/sns/%s", folder, name)
				    : xasprintf("%s/../shared/vectors/sns/%s",
					  top != NULL ? top : ".", name);
	struct buf text;

	buf_init(&text, 65536);
	if (file_read(path, &text, &err) == -1) {
		print_message("# skipped: %s\n", err.text);
		free(path);
		buf_done(&text);
		skip();
	}
	assert_int_equal(read_text(text.data, out), ERR_NONE);
	free(path);
	buf_done(&text);
}

static void
a_real_result_is_read(void **state)
{
	struct sagemaker_notice n;

	(void)state;
	read_real("completed.message.json", &n);
	assert_string_equal(
	    n.inference_id, "4bad2b42-25c8-43af-9ed7-26c24d4ee74e");
	assert_false(n.failed);
	assert_false(n.is_test);
	assert_string_equal(n.endpoint, "ep-m-js-sd-2023-01-24-0-4");
	assert_non_null(strstr(
	    n.output_location, "/output/37a32ca5-ded4-4fd4-ac70-0afc8a901080"));
	assert_null(n.failure_location);
	assert_null(n.failure_reason);
	assert_int_equal(n.event_at, INT64_C(1675011549174));
	assert_int_equal(n.received_at, INT64_C(1675010987144));
	sagemaker_notice_done(&n);
	assert_null(n.inference_id);
}

static void
a_real_failure_is_read(void **state)
{
	struct sagemaker_notice n;

	(void)state;
	read_real("failed.message.json", &n);
	assert_string_equal(
	    n.inference_id, "43591795-1ef7-417a-9402-ae901b57dc55");
	assert_true(n.failed);
	assert_string_equal(n.endpoint, "ep-m-js-sd-2023-01-24-0-4");
	assert_null(n.output_location);
	assert_null(n.failure_location);
	assert_string_equal(n.failure_reason,
	    "ClientError: Received client error (400) from model. See the "
	    "SageMaker Endpoint logs in your account for more information.");
	assert_int_equal(n.event_at, INT64_C(1675007548711));
	sagemaker_notice_done(&n);
}

static void
a_test_of_a_new_endpoint_is_known(void **state)
{
	struct sagemaker_notice n;

	(void)state;
	assert_int_equal(read_text("{\"eventVersion\":\"1.0\","
				   "\"eventSource\":\"aws:sagemaker\","
				   "\"eventName\":\"TestNotification\"}",
			     &n),
	    ERR_NONE);
	assert_true(n.is_test);
	assert_null(n.inference_id);
	assert_int_equal(n.event_at, -1);
	sagemaker_notice_done(&n);
}

static void
all_but_two_members_may_be_missing_or_of_any_kind(void **state)
{
	static const char *const texts[] = {
	    "{\"inferenceId\":\"a\",\"invocationStatus\":\"failed\"}",
	    "{\"inferenceId\":\"a\",\"invocationStatus\":\"FAILED\","
	    "\"eventSource\":\"aws:sagemaker\",\"eventVersion\":\"9.7\","
	    "\"requestParameters\":[],\"responseParameters\":null,"
	    "\"failureReason\":{},\"eventTime\":\"yesterday\","
	    "\"receivedTime\":7}",
	};
	struct sagemaker_notice n;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		assert_int_equal(read_text(texts[i], &n), ERR_NONE);
		assert_string_equal(n.inference_id, "a");
		assert_true(n.failed);
		assert_null(n.endpoint);
		assert_null(n.output_location);
		assert_null(n.failure_location);
		assert_null(n.failure_reason);
		assert_int_equal(n.event_at, -1);
		assert_int_equal(n.received_at, -1);
		sagemaker_notice_done(&n);
	}
}

static void
only_what_says_failed_is_a_failure(void **state)
{
	struct sagemaker_notice n;

	(void)state;
	assert_int_equal(
	    read_text("{\"inferenceId\":\"a\",\"invocationStatus\":\"Odd\","
		      "\"failureReason\":\"x\"}",
		&n),
	    ERR_NONE);
	assert_false(n.failed);
	assert_null(n.failure_reason);
	sagemaker_notice_done(&n);
}

static void
the_place_of_a_failure_is_looked_for_twice(void **state)
{
	struct sagemaker_notice n;

	(void)state;
	read_text("{\"inferenceId\":\"a\",\"invocationStatus\":\"Failed\","
		  "\"failureLocation\":\"s3://b/top\",\"responseParameters\":"
		  "{\"failureLocation\":\"s3://b/k\"}}",
	    &n);
	assert_string_equal(n.failure_location, "s3://b/k");
	sagemaker_notice_done(&n);
	read_text("{\"inferenceId\":\"a\",\"invocationStatus\":\"Failed\","
		  "\"failureLocation\":\"s3://b/top\"}",
	    &n);
	assert_string_equal(n.failure_location, "s3://b/top");
	sagemaker_notice_done(&n);
}

/* 4,096 bytes hold 1,365 of these and one byte of the next. */
static void
a_long_reason_is_cut_between_two_characters(void **state)
{
	struct sagemaker_notice n;
	struct buf b;
	int i;

	(void)state;
	buf_init(&b, 65536);
	buf_puts(&b,
	    "{\"inferenceId\":\"a\",\"invocationStatus\":\"Failed\","
	    "\"failureReason\":\"");
	for (i = 0; i < 2000; i++)
		buf_puts(&b, "\xe2\x82\xac");
	buf_puts(&b, "\"}");
	assert_int_equal(read_text(b.data, &n), ERR_NONE);
	assert_int_equal(strlen(n.failure_reason), 4095);
	sagemaker_notice_done(&n);
	buf_done(&b);
}

static void
must_be(const char *text, enum error_code code)
{
	struct sagemaker_notice n, untouched;

	memset(&untouched, 0x5a, sizeof(untouched));
	assert_int_equal(read_text(text, &n), code);
	assert_memory_equal(&n, &untouched, sizeof(n));
}

/* 65 characters. */
#define LONG_ID                                                       \
	"{\"inferenceId\":\"1234567890123456789012345678901234567890" \
	"1234567890123456789012345\",\"invocationStatus\":\"Failed\"}"

static void
what_is_none_is_told_from_what_is_senseless(void **state)
{
	static const char *const none[] = {
	    "{}",
	    "[]",
	    "\"x\"",
	    "null",
	    "{\"eventSource\":\"aws:s3\",\"inferenceId\":\"a\"}",
	    "{\"eventSource\":\"aws:sagemaker\",\"eventName\":\"Other\"}",
	    "{\"EventName\":\"TestNotification\"}",
	    "{\"Service\":\"Amazon S3\",\"Event\":\"s3:TestEvent\"}",
	};
	static const char *const senseless[] = {
	    "{\"eventSource\":\"aws:sagemaker\"}",
	    "{\"inferenceId\":\"a\"}",
	    "{\"inferenceId\":7,\"invocationStatus\":\"Failed\"}",
	    "{\"inferenceId\":\"\",\"invocationStatus\":\"Failed\"}",
	    "{\"inferenceId\":\"a\",\"invocationStatus\":null}",
	    LONG_ID,
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(none); i++)
		must_be(none[i], ERR_NOT_FOUND);
	for (i = 0; i < ARRAY_LEN(senseless); i++)
		must_be(senseless[i], ERR_PROTOCOL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_real_result_is_read),
	    cmocka_unit_test(a_real_failure_is_read),
	    cmocka_unit_test(a_test_of_a_new_endpoint_is_known),
	    cmocka_unit_test(all_but_two_members_may_be_missing_or_of_any_kind),
	    cmocka_unit_test(only_what_says_failed_is_a_failure),
	    cmocka_unit_test(the_place_of_a_failure_is_looked_for_twice),
	    cmocka_unit_test(a_long_reason_is_cut_between_two_characters),
	    cmocka_unit_test(what_is_none_is_told_from_what_is_senseless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
