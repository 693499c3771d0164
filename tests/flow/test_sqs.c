/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of SQS, and what is made of its answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/awserr.h"
#include "aws/sqs.h"
#include "base/buf.h"
#include "base/mem.h"
#include "tests/support/call_rig.h"
#include "tests/support/fake_loop.h"

#define QUEUE "https://sqs.eu-west-3.amazonaws.com/123456789012/bells"
#define HOST "https://sqs.eu-west-3.amazonaws.com/"
/* Of "Test message", as SQS's own examples have it. */
#define BODY "Test message"
#define MD5 "82dfa5549ebc9afc168eb7931ebece5f"

static struct sqs *queue;
static struct sqs_call *under_way;
static struct {
	unsigned ended;
	size_t n; /* messages, failed entries or attributes */
	struct sqs_message m[SQS_BATCH_MAX]; /* without the strings */
	char text[400]; /* ids and bodies, names and values */
	struct error err;
} got;

static int
setup(void **state)
{
	struct error err;
	int rc = call_rig_setup(state);

	memset(&got, 0, sizeof(got));
	unsetenv("AWS_ENDPOINT_URL");
	unsetenv("AWS_ENDPOINT_URL_SQS");
	if (sqs_new(call.client, NULL, QUEUE, &queue, &err) == -1)
		fail_msg("%s", err.text);
	return rc;
}

static int
teardown(void **state)
{
	sqs_free(queue);
	return call_rig_teardown(state);
}

#define SQS_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static void
note(size_t n, const struct error *err)
{
	got.ended++;
	got.n = n;
	error_clear(&got.err);
	if (err != NULL)
		got.err = *err;
	got.text[0] = '\0';
}

static void
note_text(const char *a, const char *b)
{
	size_t len = strlen(got.text);

	snprintf(got.text + len, sizeof(got.text) - len, "%s=%s,", a, b);
}

static void
on_received(
    const struct sqs_message *v, size_t n, const struct error *err, void *arg)
{
	size_t i;

	(void)arg;
	note(n, err);
	for (i = 0; i < n; i++) {
		got.m[i] = v[i];
		note_text(v[i].id, v[i].body);
		note_text(v[i].receipt, "");
	}
}

static void
on_changed(size_t failed, const struct error *err, void *arg)
{
	(void)arg;
	note(failed, err);
}

static void
on_attributes(
    const struct aws_attribute *v, size_t n, const struct error *err, void *arg)
{
	size_t i;

	(void)arg;
	note(n, err);
	for (i = 0; i < n; i++)
		note_text(v[i].name, v[i].value);
}

static void
receive(int64_t wait_ms)
{
	struct error err;

	got.ended = 0;
	if (sqs_receive(queue, wait_ms, on_received, NULL, &under_way, &err) ==
	    -1)
		fail_msg("%s", err.text);
}

static struct peer_step *
expect(const char *action)
{
	struct peer_step *s = peer_expect("POST", HOST);
	char *target = xasprintf("AmazonSQS.%s", action);

	peer_header(s, "X-Amz-Target", target);
	peer_header(s, "Content-Type", "application/x-amz-json-1.0");
	peer_header(s, "Authorization", "*/eu-west-3/sqs/aws4_request*");
	free(target);
	return s;
}

#define ASKED(n, wait)                                            \
	"{\"QueueUrl\":\"" QUEUE "\",\"MaxNumberOfMessages\":" #n \
	",\"WaitTimeSeconds\":" #wait                             \
	",\"MessageSystemAttributeNames\":[\"SentTimestamp\","    \
	"\"ApproximateReceiveCount\"]}"
#define MESSAGE(id, md5, attributes)                          \
	"{\"MessageId\":\"" id "\",\"ReceiptHandle\":\"R-" id \
	"\",\"MD5OfBody\":\"" md5 "\",\"Body\":\"" BODY "\"" attributes "}"
#define MESSAGES(list) "{\"Messages\":[" list "]}"

/* --- receiving ------------------------------------------------------ */

static void
messages_are_asked_for_by_long_polling(void **state)
{
	struct peer_step *s = expect("ReceiveMessage");

	(void)state;
	peer_body(s, ASKED(10, 20));
	peer_reply(peer_delay(s, 20000), 200, "",
	    MESSAGES(MESSAGE("a", MD5,
		",\"Attributes\":{\"SentTimestamp\":\"1545082649183\","
		"\"ApproximateReceiveCount\":\"3\"}") "," MESSAGE("b", MD5,
		"")));
	receive(20000);
	pass(20000);
	assert_int_equal(got.ended, 1);
	assert_int_equal(got.err.code, ERR_NONE);
	assert_int_equal(got.n, 2);
	assert_string_equal(
	    got.text, "a=Test message,R-a=,b=Test message,R-b=,");
	assert_int_equal(got.m[0].len, 12);
	assert_int_equal(got.m[0].sent_at, 1545082649183);
	assert_int_equal(got.m[0].receives, 3);
	assert_int_equal(got.m[1].sent_at, -1);
	assert_int_equal(got.m[1].receives, 0);
}

static void
no_message_is_no_error(void **state)
{
	static const char *const answers[] = {
	    "{}", "{\"Messages\":null}", "{\"Messages\":[]}"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(answers); i++) {
		struct peer_step *s = expect("ReceiveMessage");

		peer_body(s, ASKED(10, 1));
		peer_reply(s, 200, "", answers[i]);
		receive(300);
		pass(0);
		assert_int_equal(got.ended, 1);
		assert_int_equal(got.err.code, ERR_NONE);
		assert_int_equal(got.n, 0);
	}
}

static void
a_body_that_changed_on_its_way_is_not_taken(void **state)
{
	(void)state;
	peer_reply(expect("ReceiveMessage"), 200, "",
	    MESSAGES(MESSAGE("a", "82dfa5549ebc9afc168eb7931ebece5e", "")));
	receive(0);
	pass(0);
	assert_int_equal(got.n, 0);
	assert_int_equal(got.err.code, ERR_PROTOCOL);
	assert_true(got.err.retryable);
	assert_non_null(strstr(got.err.text, "MD5"));
}

static void
answers_that_make_no_sense_are_refused(void **state)
{
	static const char *const answers[] = {"", "null", "[]", "<html/>",
	    "{\"Messages\":3}", "{\"Messages\":{}}", "{\"Messages\":[1]}",
	    "{\"Messages\":[{}]}", MESSAGES(MESSAGE("", MD5, "")),
	    "{\"Messages\":[{\"MessageId\":\"a\",\"MD5OfBody\":\"" MD5
	    "\",\"Body\":\"" BODY "\"}]}",
	    "{\"Messages\":[{\"MessageId\":\"a\",\"ReceiptHandle\":\"r\","
	    "\"Body\":\"" BODY "\"}]}",
	    "{\"Messages\":[{\"MessageId\":\"a\",\"ReceiptHandle\":\"r\","
	    "\"MD5OfBody\":\"" MD5 "\"}]}"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(answers); i++) {
		peer_reply(expect("ReceiveMessage"), 200, "", answers[i]);
		receive(0);
		pass(0);
		assert_int_equal(got.ended, 1);
		assert_int_equal(got.n, 0);
		if (got.err.code != ERR_PROTOCOL || !got.err.retryable)
			fail_msg("%s: %s", answers[i], got.err.text);
	}
}

static void
more_messages_than_were_asked_for_are_refused(void **state)
{
	struct buf b;
	int i;

	(void)state;
	buf_init(&b, 65536);
	buf_puts(&b, "{\"Messages\":[");
	for (i = 0; i < 11; i++)
		buf_printf(&b, "%s%s", i > 0 ? "," : "", MESSAGE("a", MD5, ""));
	buf_puts(&b, "]}");
	peer_reply(expect("ReceiveMessage"), 200, "", b.data);
	receive(0);
	pass(0);
	assert_int_equal(got.err.code, ERR_PROTOCOL);
	buf_done(&b);
}

/* A fifth of a second of the loop, where 4 MiB of them were read. */
static void
an_answer_of_more_values_than_messages_have_is_not_read(void **state)
{
	struct buf b;
	int i;

	(void)state;
	buf_init(&b, 65536);
	buf_puts(&b, "{\"Nothing\":[1");
	for (i = 0; i < 5000; i++)
		buf_puts(&b, ",1");
	buf_puts(&b, "]}");
	peer_reply(expect("ReceiveMessage"), 200, "", b.data);
	receive(0);
	pass(0);
	assert_int_equal(got.err.code, ERR_PROTOCOL);
	assert_non_null(strstr(got.err.text, "too many values"));
	buf_done(&b);
}

static void
a_call_that_fails_is_not_tried_again_here(void **state)
{
	(void)state;
	peer_reply(expect("ReceiveMessage"), 503, "", "");
	receive(0);
	pass(60000);
	assert_int_equal(got.ended, 1);
	assert_int_equal(got.err.code, ERR_REMOTE);
}

static void
what_is_too_large_is_asked_for_one_by_one(void **state)
{
	struct peer_step *s;

	(void)state;
	peer_fail(expect("ReceiveMessage"), ERR_LIMIT, "too large", true);
	receive(0);
	pass(0);
	assert_int_equal(got.err.code, ERR_LIMIT);
	s = expect("ReceiveMessage");
	peer_body(s, ASKED(1, 0));
	peer_reply(s, 200, "", "{}");
	receive(0);
	pass(0);
	s = expect("ReceiveMessage");
	peer_body(s, ASKED(2, 0));
	peer_reply(s, 200, "", "{}");
	receive(0);
	pass(0);
}

static void
a_queue_that_is_not_there_is_not_found(void **state)
{
	(void)state;
	peer_reply(expect("ReceiveMessage"), 400,
	    "x-amzn-query-error: AWS.SimpleQueueService.NonExistentQueue;"
	    "Sender",
	    "{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\"}");
	receive(0);
	pass(0);
	assert_int_equal(awserr_class(&got.err), AWSERR_NOT_FOUND);
	assert_string_equal(got.err.remote_code, "QueueDoesNotExist");
}

static void
who_breaks_off_hears_nothing(void **state)
{
	(void)state;
	peer_delay(peer_reply(expect("ReceiveMessage"), 200, "", "{}"), 20000);
	receive(20000);
	pass(1000);
	sqs_cancel(under_way);
	pass(60000);
	assert_int_equal(got.ended, 0);
}

/* --- batches -------------------------------------------------------- */

static void
remove_two(void)
{
	static const char *const receipts[] = {"R-a", "R-\"b\""};
	struct error err;

	got.ended = 0;
	assert_int_equal(
	    sqs_delete(queue, receipts, 2, on_changed, NULL, &under_way, &err),
	    0);
	pass(0);
}

static void
messages_are_deleted_in_batches(void **state)
{
	struct peer_step *s = expect("DeleteMessageBatch");

	(void)state;
	peer_body(s,
	    "{\"QueueUrl\":\"" QUEUE "\",\"Entries\":[{\"Id\":\"0\","
	    "\"ReceiptHandle\":\"R-a\"},{\"Id\":\"1\",\"ReceiptHandle\":"
	    "\"R-\\\"b\\\"\"}]}");
	peer_reply(s, 200, "",
	    "{\"Successful\":[{\"Id\":\"0\"},{\"Id\":\"1\"}],\"Failed\":[]}");
	remove_two();
	assert_int_equal(got.ended, 1);
	assert_int_equal(got.n, 0);
	assert_int_equal(got.err.code, ERR_NONE);
}

static void
what_is_not_said_to_have_gone_has_not(void **state)
{
	static const char *const answers[] = {"{}",
	    "{\"Successful\":[{\"Id\":\"7\"},{\"Id\":null},5]}",
	    "{\"Failed\":7}"};
	size_t i;

	(void)state;
	peer_reply(expect("DeleteMessageBatch"), 200, "",
	    "{\"Successful\":[{\"Id\":\"1\"},{\"Id\":\"1\"}],\"Failed\":[{"
	    "\"Id\":\"0\",\"SenderFault\":true,\"Code\":"
	    "\"ReceiptHandleIsInvalid\",\"Message\":\"it is none\"}]}");
	remove_two();
	assert_int_equal(got.n, 1);
	assert_string_equal(got.err.text,
	    "DeleteMessageBatch: ReceiptHandleIsInvalid: it is none");
	assert_string_equal(got.err.remote_code, "ReceiptHandleIsInvalid");
	for (i = 0; i < ARRAY_LEN(answers); i++) {
		peer_reply(expect("DeleteMessageBatch"), 200, "", answers[i]);
		remove_two();
		assert_int_equal(got.n, 2);
		assert_int_equal(got.err.code, ERR_REMOTE);
	}
	peer_reply(expect("DeleteMessageBatch"), 400, "", "{}");
	remove_two();
	assert_int_equal(got.n, 2);
	assert_int_equal(got.err.code, ERR_REFUSED);
}

static void
a_batch_is_tried_again(void **state)
{
	(void)state;
	peer_reply(expect("DeleteMessageBatch"), 500, "", "");
	peer_reply(expect("DeleteMessageBatch"), 200, "",
	    "{\"Successful\":[{\"Id\":\"0\"},{\"Id\":\"1\"}]}");
	remove_two();
	pass(1000);
	assert_int_equal(got.n, 0);
	assert_int_equal(got.err.code, ERR_NONE);
}

static void
messages_are_given_back(void **state)
{
	static const char *const receipts[] = {"R"};
	struct peer_step *s = expect("ChangeMessageVisibilityBatch");
	struct error err;

	(void)state;
	peer_body(s,
	    "{\"QueueUrl\":\"" QUEUE "\",\"Entries\":[{\"Id\":\"0\","
	    "\"ReceiptHandle\":\"R\",\"VisibilityTimeout\":5}]}");
	peer_reply(s, 200, "", "{\"Successful\":[{\"Id\":\"0\"}]}");
	assert_int_equal(sqs_release(queue, receipts, 1, 5, on_changed, NULL,
			     &under_way, &err),
	    0);
	pass(0);
	assert_int_equal(got.ended, 1);
	assert_int_equal(got.n, 0);
	assert_int_equal(sqs_release(queue, receipts, 0, 5, on_changed, NULL,
			     &under_way, &err),
	    -1);
}

/* --- attributes, places --------------------------------------------- */

static void
all_attributes_are_read(void **state)
{
	struct peer_step *s = expect("GetQueueAttributes");
	struct error err;

	(void)state;
	peer_body(
	    s, "{\"QueueUrl\":\"" QUEUE "\",\"AttributeNames\":[\"All\"]}");
	peer_reply(s, 200, "",
	    "{\"Attributes\":{\"VisibilityTimeout\":\"30\",\"Odd\":7,"
	    "\"Policy\":\"{}\"}}");
	assert_int_equal(
	    sqs_get_attributes(queue, on_attributes, NULL, &under_way, &err),
	    0);
	pass(0);
	assert_int_equal(got.n, 2);
	assert_string_equal(got.text, "VisibilityTimeout=30,Policy={},");
}

static void
an_endpoint_that_was_named_is_asked(void **state)
{
	struct peer_step *s;
	struct error err;

	(void)state;
	sqs_free(queue);
	setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:9324/base", 1);
	assert_int_equal(sqs_new(call.client, NULL, QUEUE, &queue, &err), 0);
	assert_string_equal(sqs_region(queue), "eu-west-3");
	s = peer_expect("POST", "http://127.0.0.1:9324/base/");
	peer_body(s, ASKED(10, 0));
	peer_reply(s, 200, "", "{}");
	receive(0);
	pass(0);
	assert_int_equal(got.err.code, ERR_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SQS_TEST(messages_are_asked_for_by_long_polling),
	    SQS_TEST(no_message_is_no_error),
	    SQS_TEST(a_body_that_changed_on_its_way_is_not_taken),
	    SQS_TEST(answers_that_make_no_sense_are_refused),
	    SQS_TEST(more_messages_than_were_asked_for_are_refused),
	    SQS_TEST(an_answer_of_more_values_than_messages_have_is_not_read),
	    SQS_TEST(a_call_that_fails_is_not_tried_again_here),
	    SQS_TEST(what_is_too_large_is_asked_for_one_by_one),
	    SQS_TEST(a_queue_that_is_not_there_is_not_found),
	    SQS_TEST(who_breaks_off_hears_nothing),
	    SQS_TEST(messages_are_deleted_in_batches),
	    SQS_TEST(what_is_not_said_to_have_gone_has_not),
	    SQS_TEST(a_batch_is_tried_again),
	    SQS_TEST(messages_are_given_back),
	    SQS_TEST(all_attributes_are_read),
	    SQS_TEST(an_endpoint_that_was_named_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
