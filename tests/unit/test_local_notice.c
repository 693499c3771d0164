/* SPDX-License-Identifier: Apache-2.0 */
/* SageMaker's notifications, against the text of messages that came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "local/notice.h"

static struct buf out;

static int
setup(void **state)
{
	(void)state;
	buf_init(&out, NOTICE_MAX);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buf_done(&out);
	return 0;
}

static int64_t
when(const char *s)
{
	int64_t at;

	assert_int_equal(timefmt_parse_iso(s, &at), 0);
	return at;
}

static void
expect(const struct notice *n, const char *text)
{
	struct error err;

	buf_clear(&out);
	if (notice_write(&out, n, &err) == -1)
		fail_msg("%s", err.text);
	buf_putc(&out, '\0');
	assert_string_equal(out.data, text);
}

static int
file_of(size_t len, char fill)
{
	struct error err;
	char *data = xmalloc(len + 1);
	int fd;

	memset(data, fill, len);
	if (file_open_nameless("/tmp", false, &fd, &err) == -1 ||
	    file_write_all(fd, data, len, &err) == -1)
		fail_msg("%s", err.text);
	free(data);
	return fd;
}

static struct notice
completed(void)
{
	return (struct notice){
	    .region = "eu-central-1",
	    .event_at = when("2026-01-29T16:59:09.174Z"),
	    .received_at = when("2026-01-29T16:49:47.000Z"),
	    .completed = true,
	    .endpoint = "ep-1",
	    .input_location = "s3://in/put.json",
	    .response_type = "application/json",
	    .output_location = "s3://out/put.out",
	    .inference_id = "4bad2b42",
	    .response_fd = -1,
	};
}

static void
a_result_is_told_in_the_services_order(void **state)
{
	struct notice n = completed();

	(void)state;
	expect(&n,
	    "{\"awsRegion\":\"eu-central-1\","
	    "\"eventTime\":\"2026-01-29T16:59:09.174Z\","
	    "\"receivedTime\":\"2026-01-29T16:49:47.000Z\","
	    "\"invocationStatus\":\"Completed\","
	    "\"requestParameters\":{\"endpointName\":\"ep-1\","
	    "\"inputLocation\":\"s3://in/put.json\"},"
	    "\"responseParameters\":{\"contentType\":\"application/json\","
	    "\"outputLocation\":\"s3://out/put.out\"},"
	    "\"inferenceId\":\"4bad2b42\",\"eventVersion\":\"1.0\","
	    "\"eventSource\":\"aws:sagemaker\","
	    "\"eventName\":\"InferenceResult\"}");
}

static void
what_the_caller_said_comes_back(void **state)
{
	struct notice n = completed();

	(void)state;
	n.accept = "a/b";
	n.content_type = "text/csv";
	n.custom_attributes = "{\"k\": 1}";
	n.input_location = NULL;
	expect(&n,
	    "{\"awsRegion\":\"eu-central-1\","
	    "\"eventTime\":\"2026-01-29T16:59:09.174Z\","
	    "\"receivedTime\":\"2026-01-29T16:49:47.000Z\","
	    "\"invocationStatus\":\"Completed\","
	    "\"requestParameters\":{\"accept\":\"a/b\","
	    "\"contentType\":\"text/csv\","
	    "\"customAttributes\":\"{\\\"k\\\": 1}\","
	    "\"endpointName\":\"ep-1\"},"
	    "\"responseParameters\":{\"contentType\":\"application/json\","
	    "\"outputLocation\":\"s3://out/put.out\"},"
	    "\"inferenceId\":\"4bad2b42\",\"eventVersion\":\"1.0\","
	    "\"eventSource\":\"aws:sagemaker\","
	    "\"eventName\":\"InferenceResult\"}");
}

static struct notice
failed(void)
{
	struct notice n = completed();

	n.completed = false;
	n.failure_reason = "ClientError: no";
	n.response_type = NULL;
	n.output_location = NULL;
	return n;
}

#define FAILED_HEAD                                         \
	"{\"awsRegion\":\"eu-central-1\","                  \
	"\"eventTime\":\"2026-01-29T16:59:09.174Z\","       \
	"\"receivedTime\":\"2026-01-29T16:49:47.000Z\","    \
	"\"invocationStatus\":\"Failed\","                  \
	"\"failureReason\":\"ClientError: no\","            \
	"\"requestParameters\":{\"endpointName\":\"ep-1\"," \
	"\"inputLocation\":\"s3://in/put.json\"},"
#define TAIL                                                     \
	"\"inferenceId\":\"4bad2b42\",\"eventVersion\":\"1.0\"," \
	"\"eventSource\":\"aws:sagemaker\","                     \
	"\"eventName\":\"InferenceResult\"}"

static void
a_failure_names_its_place_where_there_is_one(void **state)
{
	struct notice n = failed();

	(void)state;
	expect(&n, FAILED_HEAD TAIL);
	n.failure_location = "s3://f/x-error.out";
	expect(&n,
	    FAILED_HEAD "\"responseParameters\":{\"failureLocation\":"
			"\"s3://f/x-error.out\"}," TAIL);
}

static void
a_response_is_included_in_base64(void **state)
{
	struct notice n = failed();

	(void)state;
	n.response_fd = file_of(4, 'x');
	expect(&n,
	    FAILED_HEAD "\"responseBody\":{\"content\":\"eHh4eA==\","
			"\"message\":\"Check S3 path location(if configured) "
			"or Cloudwatch for additional details.\","
			"\"encoding\":\"BASE64\"}," TAIL);
	close(n.response_fd);
	n.response_fd = file_of(0, 'x');
	expect(&n,
	    FAILED_HEAD "\"responseBody\":{\"content\":\"\","
			"\"message\":\"Check S3 path location(if configured) "
			"or Cloudwatch for additional details.\","
			"\"encoding\":\"BASE64\"}," TAIL);
	close(n.response_fd);
}

static void
up_to_128_kib_are_included_whole(void **state)
{
	static const size_t sizes[] = {
	    49151, 49152, 49153, 98304, 131071, 131072};
	struct notice n = completed();
	struct error err;
	struct json *root;
	const char *content;
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		n.response_fd = file_of(sizes[i], '\0');
		buf_clear(&out);
		assert_int_equal(notice_write(&out, &n, &err), 0);
		close(n.response_fd);
		assert_int_equal(json_parse(out.data, out.len, &root, &err), 0);
		content =
		    json_get_str(json_get(root, "responseBody"), "content");
		assert_int_equal(strlen(content), (sizes[i] + 2) / 3 * 4);
		for (k = 0; content[k] == 'A'; k++)
			continue;
		assert_int_equal(strlen(content + k), (3 - sizes[i] % 3) % 3);
		json_free(root);
	}
}

static void
one_byte_more_is_left_out(void **state)
{
	struct notice n = failed();

	(void)state;
	n.response_fd = file_of(131073, 'x');
	expect(&n, FAILED_HEAD TAIL);
	close(n.response_fd);
}

static void
a_response_that_cannot_be_read_is_an_error(void **state)
{
	struct notice n = failed();
	struct error err;

	(void)state;
	buf_clear(&out);
	buf_puts(&out, "before");
	n.response_fd = 1 << 20;
	assert_int_equal(notice_write(&out, &n, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_int_equal(out.len, 6);
}

static void
the_test_notification_has_no_inference(void **state)
{
	struct json *root;
	struct error err;

	(void)state;
	assert_int_equal(
	    json_parse(notice_test, strlen(notice_test), &root, &err), 0);
	assert_string_equal(
	    json_get_str(root, "eventName"), "TestNotification");
	assert_null(json_get(root, "inferenceId"));
	json_free(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_result_is_told_in_the_services_order),
	    cmocka_unit_test(what_the_caller_said_comes_back),
	    cmocka_unit_test(a_failure_names_its_place_where_there_is_one),
	    cmocka_unit_test(a_response_is_included_in_base64),
	    cmocka_unit_test(up_to_128_kib_are_included_whole),
	    cmocka_unit_test(one_byte_more_is_left_out),
	    cmocka_unit_test(a_response_that_cannot_be_read_is_an_error),
	    cmocka_unit_test(the_test_notification_has_no_inference),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
