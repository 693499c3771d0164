/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of queues: limits, defaults, and that what is kept is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "local/sqs_settings.h"

static struct sqs_settings s;
static struct error err;

static int
setup(void **state)
{
	(void)state;
	sqs_settings_init(&s);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	sqs_settings_done(&s);
	return 0;
}

static int
set(const char *text)
{
	struct json *doc;
	int rc;

	if (json_parse(text, strlen(text), &doc, &err) == -1)
		fail_msg("%s", err.text);
	rc = sqs_settings_read(&s, doc, &err);
	json_free(doc);
	return rc;
}

static void
a_new_queue_has_the_defaults_of_SQS(void **state)
{
	(void)state;
	assert_int_equal(s.number[SQS_VISIBILITY], 30);
	assert_int_equal(s.number[SQS_RETENTION], 4 * 24 * 3600);
	assert_int_equal(s.number[SQS_WAIT], 0);
	assert_int_equal(s.number[SQS_DELAY], 0);
	assert_int_equal(s.number[SQS_MAXIMUM_SIZE], 1024 * 1024);
	assert_int_equal(s.max_receives, 0);
}

static void
what_is_kept_is_read_again(void **state)
{
	struct sqs_settings again;
	char *text, *more;

	(void)state;
	assert_int_equal(
	    set("{\"VisibilityTimeout\":\"43200\",\"DelaySeconds\":\"900\","
		"\"MessageRetentionPeriod\":\"60\",\"Policy\":\"{}\","
		"\"ReceiveMessageWaitTimeSeconds\":\"20\","
		"\"MaximumMessageSize\":\"1024\",\"RedrivePolicy\":"
		"\"{\\\"deadLetterTargetArn\\\":\\\"a\\\","
		"\\\"maxReceiveCount\\\":\\\"7\\\"}\"}"),
	    0);
	assert_int_equal(s.max_receives, 7);
	assert_string_equal(s.dead_letter_arn, "a");
	text = sqs_settings_text(&s);
	sqs_settings_of_text(&again, text);
	more = sqs_settings_text(&again);
	assert_string_equal(text, more);
	assert_int_equal(again.max_receives, 7);
	assert_memory_equal(s.number, again.number, sizeof(s.number));
	sqs_settings_done(&again);
	free(text);
	free(more);
}

static void
an_empty_policy_takes_it_back(void **state)
{
	(void)state;
	assert_int_equal(
	    set("{\"RedrivePolicy\":\"{\\\"deadLetterTargetArn\\\":\\\"a\\\","
		"\\\"maxReceiveCount\\\":2}\"}"),
	    0);
	assert_int_equal(s.max_receives, 2);
	assert_int_equal(set("{\"RedrivePolicy\":\"\",\"Policy\":\"\"}"), 0);
	assert_int_equal(s.max_receives, 0);
	assert_null(s.dead_letter_arn);
	assert_null(s.policy);
}

static void
values_beyond_the_limits_are_refused(void **state)
{
	static const char *const texts[] = {"{\"VisibilityTimeout\":\"43201\"}",
	    "{\"VisibilityTimeout\":\"-1\"}", "{\"VisibilityTimeout\":30}",
	    "{\"VisibilityTimeout\":\"1.5\"}", "{\"DelaySeconds\":\"901\"}",
	    "{\"MessageRetentionPeriod\":\"59\"}",
	    "{\"MaximumMessageSize\":\"1048577\"}",
	    "{\"ReceiveMessageWaitTimeSeconds\":\"21\"}",
	    "{\"RedrivePolicy\":\"x\"}", "{\"RedrivePolicy\":\"{}\"}",
	    "{\"RedrivePolicy\":\"{\\\"deadLetterTargetArn\\\":\\\"a\\\","
	    "\\\"maxReceiveCount\\\":0}\"}",
	    "{\"RedrivePolicy\":\"{\\\"deadLetterTargetArn\\\":\\\"a\\\","
	    "\\\"maxReceiveCount\\\":1001}\"}",
	    "[]"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		if (set(texts[i]) == 0)
			fail_msg("%s", texts[i]);
		assert_string_equal(err.remote_code, "InvalidAttributeValue");
	}
	assert_int_equal(set("{\"FifoQueue\":\"true\"}"), -1);
	assert_string_equal(err.remote_code, "InvalidAttributeName");
	assert_int_equal(set("null"), 0);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(a_new_queue_has_the_defaults_of_SQS),
	    T(what_is_kept_is_read_again),
	    T(an_empty_policy_takes_it_back),
	    T(values_beyond_the_limits_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
