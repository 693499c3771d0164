/* SPDX-License-Identifier: Apache-2.0 */
/* What is read from a message that is well; test_sns_forged.c has the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sns.h"
#include "base/mem.h"

/* 256 bytes. */
#define SIG10 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define SIG                                                            \
	SIG10 SIG10 SIG10 SIG10 SIG10 SIG10 SIG10 SIG10 "AAAAAAAAAAAA" \
							"AAAAAAAAAA=="
#define TOPIC "arn:aws:sns:us-east-1:123456789012:results"
#define COMMON                                                             \
	"\"MessageId\":\"id-1\",\"TopicArn\":\"" TOPIC                     \
	"\",\"Timestamp\":\"2026-03-04T05:06:07.008Z\",\"SignatureVersion" \
	"\":\"2\",\"Signature\":\"" SIG "\",\"SigningCertURL\":\"u\""

static struct sns_message *
read_text(const char *text)
{
	struct sns_message *m;
	struct error err;

	if (sns_parse(text, strlen(text), &m, &err) == -1)
		fail_msg("%s", err.text);
	return m;
}

static void
signs(const struct sns_message *m, const char *text)
{
	struct buf b;

	buf_init(&b, 10000);
	sns_string_to_sign(m, &b);
	assert_string_equal(b.data, text);
	buf_done(&b);
}

static void
values_are_those_that_were_signed(void **state)
{
	struct sns_message *m = read_text(
	    "{\"Type\":\"Notification\"," COMMON ",\"Subject\":\"s \\u00e9\","
	    "\"Message\":\"a\\n\\\"b\\\"\\t\"}");

	(void)state;
	assert_int_equal(m->type, SNS_NOTIFICATION);
	assert_string_equal(m->message_id, "id-1");
	assert_string_equal(m->topic_arn, TOPIC);
	assert_string_equal(m->subject, "s \xc3\xa9");
	assert_string_equal(m->message, "a\n\"b\"\t");
	assert_int_equal(m->message_len, 6);
	assert_int_equal(m->sent_at, 1772600767008);
	assert_null(m->token);
	assert_null(m->subscribe_url);
	assert_int_equal(m->version, 2);
	assert_int_equal(m->signature_len, 256);
	assert_string_equal(m->cert_url, "u");
	signs(m,
	    "Message\na\n\"b\"\t\nMessageId\nid-1\nSubject\ns \xc3\xa9\n"
	    "Timestamp\n2026-03-04T05:06:07.008Z\nTopicArn\n" TOPIC
	    "\nType\nNotification\n");
	sns_message_free(m);
}

static void
a_subject_that_is_null_is_none(void **state)
{
	static const char *const subjects[] = {"", ",\"Subject\":null"};
	struct sns_message *m;
	size_t i;
	char *text;

	(void)state;
	for (i = 0; i < ARRAY_LEN(subjects); i++) {
		text = xasprintf("{\"Type\":\"Notification\",%s,\"Message\":"
				 "\"\"%s}",
		    COMMON, subjects[i]);
		m = read_text(text);
		assert_null(m->subject);
		signs(m,
		    "Message\n\nMessageId\nid-1\nTimestamp\n"
		    "2026-03-04T05:06:07.008Z\nTopicArn\n" TOPIC
		    "\nType\nNotification\n");
		sns_message_free(m);
		free(text);
	}
}

static void
confirmations_sign_their_token_and_url(void **state)
{
	static const char *const types[] = {
	    "SubscriptionConfirmation", "UnsubscribeConfirmation"};
	struct sns_message *m;
	char *text, *wanted;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(types); i++) {
		text = xasprintf(
		    "{\"Type\":\"%s\",%s,\"Message\":\"m\",\"Token\":\"k\","
		    "\"SubscribeURL\":\"https://x\"}",
		    types[i], COMMON);
		wanted = xasprintf(
		    "Message\nm\nMessageId\nid-1\nSubscribeURL\nhttps://x\n"
		    "Timestamp\n2026-03-04T05:06:07.008Z\nToken\nk\nTopicArn\n"
		    "%s\nType\n%s\n",
		    TOPIC, types[i]);
		m = read_text(text);
		assert_string_equal(sns_type_name(m->type), types[i]);
		assert_string_equal(m->token, "k");
		assert_string_equal(m->subscribe_url, "https://x");
		signs(m, wanted);
		sns_message_free(m);
		free(text);
		free(wanted);
	}
}

/* SNS has had more fields with the years. */
static void
fields_that_nobody_knows_are_passed_over(void **state)
{
	(void)state;
	sns_message_free(read_text(
	    "{\"Type\":\"Notification\"," COMMON
	    ",\"Message\":\"m\",\"SequenceNumber\":\"1\",\"New\":{"
	    "\"a\":[1]},\"MessageAttributes\":{\"Type\":{\"Type\":"
	    "\"String\",\"Value\":\"v\"}},\"UnsubscribeURL\":\"x\"}"));
}

/* In what is signed line by line a line more would be another field. */
static void
lines_and_signatures_that_are_none_are_refused(void **state)
{
	static const struct {
		const char *from, *by, *words;
	} cases[] = {
	    {"id-1", "id\\n1", "MessageId of the message holds a control"},
	    {"results", "t\\u0001", "TopicArn of the message holds a control"},
	    {"a subject", "s\\nt", "Subject of the message holds a control"},
	    {"\"AAAA", "\"", "Signature of the message is no base64"},
	    {"\"u\"", "\"\"", "SigningCertURL of the message is empty"},
	};
	static const char good[] =
	    "{\"Type\":\"Notification\"," COMMON
	    ",\"Subject\":\"a subject\",\"Message\":\"results\"}";
	struct sns_message *m;
	struct error err;
	const char *at;
	char *text;
	size_t i;

	(void)state;
	sns_message_free(read_text(good));
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		at = strstr(good, cases[i].from);
		assert_non_null(at);
		text = xasprintf("%.*s%s%s", (int)(at - good), good,
		    cases[i].by, at + strlen(cases[i].from));
		assert_int_equal(sns_parse(text, strlen(text), &m, &err), -1);
		assert_int_equal(err.code, ERR_PROTOCOL);
		assert_non_null(strstr(err.text, cases[i].words));
		free(text);
	}
}

static void
too_much_is_refused(void **state)
{
	char *text = xmalloc(SNS_BODY_MAX + 2);
	struct sns_message *m;
	struct error err;
	size_t i, len;

	(void)state;
	memset(text, ' ', SNS_BODY_MAX + 1);
	assert_int_equal(sns_parse(text, SNS_BODY_MAX + 1, &m, &err), -1);
	assert_int_equal(err.code, ERR_PROTOCOL);
	len = (size_t)snprintf(text, 2000,
	    "{\"Type\":\"Notification\",%s,\"Message\":\"m\"", COMMON);
	for (i = 0; i < 70; i++)
		len += (size_t)snprintf(text + len, 40, ",\"x%zu\":1", i);
	text[len++] = '}';
	assert_int_equal(sns_parse(text, len, &m, &err), -1);
	assert_non_null(strstr(err.text, "64 fields"));
	free(text);
}

/* A megabyte of them would cost a tenth of a second. */
static void
many_values_are_refused_unread(void **state)
{
	char *text = xmalloc(SNS_BODY_MAX);
	struct sns_message *m;
	struct error err;
	size_t len;

	(void)state;
	len = (size_t)snprintf(text, 2000,
	    "{\"Type\":\"Notification\",%s,\"Message\":\"m\",\"x\":[1", COMMON);
	while (len < SNS_BODY_MAX - 4) {
		text[len++] = ',';
		text[len++] = '1';
	}
	text[len++] = ']';
	text[len++] = '}';
	assert_int_equal(sns_parse(text, len, &m, &err), -1);
	assert_int_equal(err.code, ERR_PROTOCOL);
	assert_non_null(strstr(err.text, "too many values"));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_are_those_that_were_signed),
	    cmocka_unit_test(a_subject_that_is_null_is_none),
	    cmocka_unit_test(confirmations_sign_their_token_and_url),
	    cmocka_unit_test(fields_that_nobody_knows_are_passed_over),
	    cmocka_unit_test(lines_and_signatures_that_are_none_are_refused),
	    cmocka_unit_test(too_much_is_refused),
	    cmocka_unit_test(many_values_are_refused_unread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
