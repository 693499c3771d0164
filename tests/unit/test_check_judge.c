/* SPDX-License-Identifier: Apache-2.0 */
/* What `awaitd check` makes of topics, subscriptions and queues. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "cmd/check_judge.h"

#define POLICY(n, min, max, more)                                    \
	"{\"healthyRetryPolicy\":{\"numRetries\":" #n                \
	",\"minDelayTarget\":" #min ",\"maxDelayTarget\":" #max more \
	"},\"sicklyRetryPolicy\":null}"

static struct check_findings f;

static int
setup(void **state)
{
	(void)state;
	check_findings_init(&f);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	check_findings_done(&f);
	return 0;
}

static void
begin(void)
{
	check_findings_done(&f);
	check_findings_init(&f);
}

static void
found(enum check_status status, const char *detail, const char *remedy)
{
	assert_int_equal(f.status, status);
	assert_string_equal(f.detail.data, detail);
	if (*remedy == '\0')
		assert_string_equal(f.remedy.data, "");
	else
		assert_non_null(strstr(f.remedy.data, remedy));
}

/* --- topics --------------------------------------------------------- */

static void
a_topic_signs_with_sha256_or_it_is_said(void **state)
{
	const struct aws_attribute one[] = {{"SignatureVersion", "1"}};
	const struct aws_attribute two[] = {{"SignatureVersion", "2"}};
	struct check_wishes w = {.listens = true};

	(void)state;
	check_judge_topic(&f, &w, two, 1);
	found(CHECK_OK, "is there; signs with SHA-256", "");
	begin();
	check_judge_topic(&f, &w, one, 1);
	found(CHECK_WARN, "is there; signs with SHA-1 (SignatureVersion 1)",
	    "SignatureVersion to 2");
	/* AWS leaves the default out. */
	begin();
	w.only_v2 = true;
	check_judge_topic(&f, &w, NULL, 0);
	found(CHECK_FAIL,
	    "is there; signs with SHA-1 (SignatureVersion 1), which [sns] "
	    "signature_version = 2 refuses",
	    "SignatureVersion to 2");
	begin();
	w.listens = false;
	check_judge_topic(&f, &w, one, 1);
	found(CHECK_OK, "is there", "");
}

/* --- subscriptions -------------------------------------------------- */

static void
the_default_policy_and_no_dead_letters_are_warned_of(void **state)
{
	const struct aws_attribute v[] = {
	    {"ConfirmationWasAuthenticated", "true"},
	    {"RawMessageDelivery", "false"},
	    {"EffectiveDeliveryPolicy", POLICY(3, 20, 20, "")},
	};
	struct check_wishes w = {.listens = true};

	(void)state;
	check_judge_subscription(&f, &w, "http://x", v, ARRAY_LEN(v));
	found(CHECK_WARN,
	    "http://x; confirmed; 3 retries in 1 m 00 s; no dead-letter queue",
	    "RedrivePolicy");
	assert_non_null(strstr(f.remedy.data, "DeliveryPolicy"));
}

static void
all_is_well(void **state)
{
	const struct aws_attribute v[] = {
	    {"ConfirmationWasAuthenticated", "true"},
	    {"RawMessageDelivery", "false"},
	    {"EffectiveDeliveryPolicy", POLICY(50, 5, 120, "")},
	    {"RedrivePolicy", "{\"deadLetterTargetArn\":\"arn:aws:sqs:x\"}"},
	};
	struct check_wishes w = {.listens = true};

	(void)state;
	check_judge_subscription(&f, &w, "http://x", v, ARRAY_LEN(v));
	assert_int_equal(f.status, CHECK_OK);
	assert_string_equal(f.remedy.data, "");
	assert_non_null(strstr(f.detail.data, "arn:aws:sqs:x"));
}

static void
each_of_several_subscriptions_is_told(void **state)
{
	const struct aws_attribute v[] = {
	    {"ConfirmationWasAuthenticated", "true"},
	    {"RawMessageDelivery", "false"},
	    {"EffectiveDeliveryPolicy", POLICY(50, 5, 120, "")},
	};
	struct check_wishes w = {.listens = true};
	char *once;

	(void)state;
	check_judge_queued(&f, "arn:q");
	found(CHECK_OK, "arn:q; confirmed", "");
	check_judge_pending(&f, "http://y");
	found(CHECK_WARN,
	    "arn:q; confirmed; and http://y; it waits for its confirmation",
	    "subscribe once more");
	check_judge_subscription(&f, &w, "http://x", v, ARRAY_LEN(v));
	check_judge_subscription(&f, &w, "http://z", v, ARRAY_LEN(v));
	assert_non_null(strstr(f.detail.data, "; and http://x; confirmed"));
	assert_non_null(strstr(f.detail.data, "; and http://z; confirmed"));
	/* What helps both is said once. */
	once = strstr(f.remedy.data, "RedrivePolicy");
	assert_non_null(once);
	assert_null(strstr(once + 1, "RedrivePolicy"));
}

static void
raw_delivery_that_is_refused_fails(void **state)
{
	const struct aws_attribute v[] = {
	    {"ConfirmationWasAuthenticated", "false"},
	    {"RawMessageDelivery", "true"},
	};
	struct check_wishes w = {.listens = true};

	(void)state;
	check_judge_subscription(&f, &w, "http://x", v, ARRAY_LEN(v));
	assert_int_equal(f.status, CHECK_FAIL);
	assert_non_null(strstr(f.remedy.data, "RawMessageDelivery to false"));
	assert_non_null(strstr(f.remedy.data, "AuthenticateOnUnsubscribe"));
	begin();
	w.raw = true;
	check_judge_subscription(&f, &w, "http://x", v, ARRAY_LEN(v));
	assert_int_equal(f.status, CHECK_WARN);
}

static void
a_policy_is_added_up(void **state)
{
	static const struct {
		const char *policy;
		int64_t retries, ms; /* -1: it is none */
	} cases[] = {
	    {POLICY(3, 20, 20, ""), 3, 60000},
	    {POLICY(10, 10, 30, ",\"backoffFunction\":\"linear\""), 10, 200000},
	    {POLICY(10, 10, 30, ",\"backoffFunction\":\"exponential\""), 10,
		100000},
	    {POLICY(10, 1, 60,
		 ",\"numNoDelayRetries\":2,\"numMinDelayRetries\""
		 ":3,\"numMaxDelayRetries\":5"),
		10, 303000},
	    {POLICY(2, 1, 1, ",\"numNoDelayRetries\":100"), 2, 0},
	    {"{\"healthyRetryPolicy\":{\"numRetries\":-1}}", 3, 60000},
	    {"{\"healthyRetryPolicy\":null}", -1, 0},
	    {"[]", -1, 0},
	    {"", -1, 0},
	    {NULL, -1, 0},
	};
	int64_t retries, ms;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(check_retries(cases[i].policy, &retries, &ms),
		    cases[i].retries != -1);
		if (cases[i].retries == -1)
			continue;
		assert_int_equal(retries, cases[i].retries);
		assert_int_equal(ms, cases[i].ms);
	}
}

/* --- queues --------------------------------------------------------- */

#define ALLOW(who, more)                                                 \
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":"        \
	"\"Allow\",\"Principal\":" who ",\"Action\":\"SQS:SendMessage\"" \
	",\"Resource\":\"arn:aws:sqs:x\"" more "}]}"
#define SOURCE(arn) \
	",\"Condition\":{\"ArnEquals\":{\"aws:SourceArn\":\"" arn "\"}}"

static void
who_may_send_is_read_from_the_policy(void **state)
{
	static const struct {
		const char *policy;
		enum check_senders senders;
	} cases[] = {
	    {NULL, CHECK_SENDERS_NONE},
	    {"", CHECK_SENDERS_NONE},
	    {"[]", CHECK_SENDERS_NONE},
	    {"{\"Statement\":\"x\"}", CHECK_SENDERS_NONE},
	    {ALLOW("{\"Service\":\"sns.amazonaws.com\"}",
		 SOURCE("arn:aws:sns:x")),
		CHECK_SENDERS_NAMED},
	    {ALLOW("{\"Service\":[\"x\",\"s3.amazonaws.com\"]}",
		 SOURCE("arn:aws:s3:::b")),
		CHECK_SENDERS_NAMED},
	    {ALLOW("{\"Service\":\"sns.amazonaws.com\"}", ""),
		CHECK_SENDERS_ANY},
	    {ALLOW("{\"Service\":\"sns.amazonaws.com\"}", SOURCE("*")),
		CHECK_SENDERS_ANY},
	    {ALLOW("\"*\"", ""), CHECK_SENDERS_ANY},
	    {ALLOW("{\"AWS\":\"*\"}", ""), CHECK_SENDERS_ANY},
	    {ALLOW("{\"AWS\":\"*\"}", SOURCE("arn:aws:sns:x")),
		CHECK_SENDERS_NAMED},
	    {ALLOW("{\"AWS\":\"arn:aws:iam::1:root\"}", ""),
		CHECK_SENDERS_NONE},
	    {"{\"Statement\":{\"Effect\":\"Deny\",\"Principal\":\"*\","
	     "\"Action\":\"sqs:*\"}}",
		CHECK_SENDERS_NONE},
	    {"{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\","
	     "\"Action\":[\"sqs:ReceiveMessage\"]}}",
		CHECK_SENDERS_NONE},
	    {"{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\","
	     "\"Action\":[\"sqs:ReceiveMessage\",\"sqs:*\"]}}",
		CHECK_SENDERS_ANY},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(
		    check_senders_of(cases[i].policy), cases[i].senders);
}

static void
a_queue_has_a_policy_a_timeout_and_dead_letters(void **state)
{
	const struct aws_attribute good[] = {
	    {"Policy",
		ALLOW("{\"Service\":\"sns.amazonaws.com\"}",
		    SOURCE("arn:aws:sns:x"))},
	    {"VisibilityTimeout", "30"},
	    {"RedrivePolicy", "{}"},
	};
	const struct aws_attribute bad[] = {
	    {"Policy", ALLOW("\"*\"", "")},
	    {"VisibilityTimeout", "3600"},
	};

	(void)state;
	check_judge_queue(&f, good, ARRAY_LEN(good));
	found(CHECK_OK, "may be asked", "");
	begin();
	check_judge_queue(&f, bad, ARRAY_LEN(bad));
	found(CHECK_WARN,
	    "may be asked; anybody may send to it; its visibility timeout is "
	    "3600 s; no dead-letter queue",
	    "aws:SourceArn");
	begin();
	check_judge_queue(&f, NULL, 0);
	found(CHECK_WARN,
	    "may be asked; neither SNS nor S3 may send to it; no dead-letter "
	    "queue",
	    "sqs:SendMessage");
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_topic_signs_with_sha256_or_it_is_said),
	    TEST(the_default_policy_and_no_dead_letters_are_warned_of),
	    TEST(all_is_well),
	    TEST(each_of_several_subscriptions_is_told),
	    TEST(raw_delivery_that_is_refused_fails),
	    TEST(a_policy_is_added_up),
	    TEST(who_may_send_is_read_from_the_policy),
	    TEST(a_queue_has_a_policy_a_timeout_and_dead_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
