/* SPDX-License-Identifier: Apache-2.0 */
/* DeliveryPolicy: what is taken, and the times that follow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/sns_policy.h"

#define RETRY(text) "{\"healthyRetryPolicy\":{" text "}}"

static struct sns_policy
policy_of(const char *text)
{
	struct sns_policy p;
	struct error err;

	sns_policy_init(&p);
	if (sns_policy_read(&p, text, strlen(text), false, &err) == -1)
		fail_msg("%s: %s", text, err.text);
	return p;
}

static void
delays_follow_the_policy(void **state)
{
	/* Whole seconds; the end is -1. */
	static const struct {
		const char *text;
		int64_t delays[12];
	} table[] = {
	    {"{}", {20, 20, 20, -1}},
	    {RETRY("\"numRetries\":0"), {-1}},
	    {RETRY("\"numRetries\":1"), {20, -1}},
	    {RETRY("\"minDelayTarget\":1,\"maxDelayTarget\":1,"
		   "\"numRetries\":2"),
		{1, 1, -1}},
	    {RETRY("\"minDelayTarget\":10,\"maxDelayTarget\":50,"
		   "\"numRetries\":8,\"numNoDelayRetries\":1,"
		   "\"numMinDelayRetries\":1,\"numMaxDelayRetries\":1"),
		{0, 10, 10, 20, 30, 40, 50, 50, -1}},
	    {RETRY("\"minDelayTarget\":10,\"maxDelayTarget\":70,"
		   "\"numRetries\":4,\"backoffFunction\":\"arithmetic\""),
		{10, 20, 40, 70, -1}},
	    {RETRY("\"minDelayTarget\":10,\"maxDelayTarget\":270,"
		   "\"numRetries\":4,\"backoffFunction\":\"geometric\""),
		{10, 30, 90, 270, -1}},
	    {RETRY("\"minDelayTarget\":10,\"maxDelayTarget\":80,"
		   "\"numRetries\":4,\"backoffFunction\":\"exponential\""),
		{10, 20, 40, 80, -1}},
	    {RETRY("\"numRetries\":3,\"numNoDelayRetries\":3"), {0, 0, 0, -1}},
	    {RETRY("\"numRetries\":2,\"numMaxDelayRetries\":2,"
		   "\"maxDelayTarget\":1000"),
		{1000, 1000, -1}},
	};
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_LEN(table); i++) {
		struct sns_policy p = policy_of(table[i].text);

		for (n = 0;; n++) {
			int64_t s = table[i].delays[n];
			int64_t ms = sns_policy_delay_ms(&p, (int64_t)n + 1);

			assert_int_equal(ms, s == -1 ? -1 : s * 1000);
			if (s == -1)
				break;
		}
		assert_int_equal(sns_policy_delay_ms(&p, 0), -1);
	}
}

static void
what_is_out_of_bounds_is_refused(void **state)
{
	static const char *const table[][2] = {
	    {"", "parse"},
	    {"[]", "object"},
	    {"{\"healthyRetryPolicy\":1}", "object"},
	    {"{\"x\":{}}", "unknown"},
	    {RETRY("\"x\":1"), "unknown"},
	    {RETRY("\"minDelayTarget\":0"), "minDelayTarget"},
	    {RETRY("\"minDelayTarget\":1.5"), "minDelayTarget"},
	    {RETRY("\"minDelayTarget\":\"1\""), "minDelayTarget"},
	    {RETRY("\"minDelayTarget\":21"), "greater"},
	    {RETRY("\"maxDelayTarget\":3601"), "maxDelayTarget"},
	    {RETRY("\"maxDelayTarget\":3600,\"minDelayTarget\":3600,"
		   "\"numRetries\":2"),
		"3600 seconds"},
	    {RETRY("\"numRetries\":101"), "numRetries"},
	    {RETRY("\"numRetries\":-1"), "numRetries"},
	    {RETRY("\"numNoDelayRetries\":4"), "sum"},
	    {RETRY("\"numRetries\":2,\"numNoDelayRetries\":1,"
		   "\"numMinDelayRetries\":1,\"numMaxDelayRetries\":1"),
		"sum"},
	    {RETRY("\"backoffFunction\":\"square\""), "backoffFunction"},
	    {RETRY("\"backoffFunction\":1"), "backoffFunction"},
	    {"{\"throttlePolicy\":{\"maxReceivesPerSecond\":0}}",
		"maxReceivesPerSecond"},
	    {"{\"requestPolicy\":{\"headerContentType\":\"image/png\"}}",
		"headerContentType"},
	    {"{\"requestPolicy\":{\"headerContentType\":"
	     "\"text/plain\\r\\nX: y\"}}",
		"headerContentType"},
	    {"{\"requestPolicy\":{\"headerContentType\":\"text/plai\"}}",
		"headerContentType"},
	    {"{\"http\":{}}", "unknown"},
	};
	struct sns_policy p, before;
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(table); i++) {
		sns_policy_init(&p);
		before = p;
		if (sns_policy_read(
			&p, table[i][0], strlen(table[i][0]), false, &err) == 0)
			fail_msg("taken: %s", table[i][0]);
		assert_int_equal(err.code, ERR_USAGE);
		if (strstr(err.text, table[i][1]) == NULL)
			fail_msg("%s: %s", table[i][0], err.text);
		assert_memory_equal(&p, &before, sizeof(p));
	}
}

static void
an_hour_in_all_is_the_most(void **state)
{
	struct sns_policy p =
	    policy_of(RETRY("\"maxDelayTarget\":36,\"minDelayTarget\":36,"
			    "\"numRetries\":100"));
	struct error err;
	const char *more = RETRY("\"maxDelayTarget\":37,"
				 "\"minDelayTarget\":36,\"numRetries\":100");

	(void)state;
	assert_int_equal(sns_policy_delay_ms(&p, 100), 36000);
	assert_int_equal(
	    sns_policy_read(&p, more, strlen(more), false, &err), -1);
}

static void
null_says_nothing(void **state)
{
	struct sns_policy p =
	    policy_of("{\"healthyRetryPolicy\":{\"numRetries\":null},"
		      "\"sicklyRetryPolicy\":null,\"throttlePolicy\":null}");

	(void)state;
	assert_int_equal(p.retries, 3);
	assert_int_equal(p.per_second, 0);
}

static void
a_subscription_overrides_its_topic_unless_it_must_not(void **state)
{
	static const char topic[] =
	    "{\"http\":{\"defaultHealthyRetryPolicy\":{\"numRetries\":7},"
	    "\"defaultThrottlePolicy\":{\"maxReceivesPerSecond\":5}}}";
	static const char strict[] =
	    "{\"http\":{\"disableSubscriptionOverrides\":true}}";
	struct sns_policy p;

	(void)state;
	sns_policy_effective(&p, topic, RETRY("\"numRetries\":9"));
	assert_int_equal(p.retries, 9);
	assert_int_equal(p.per_second, 5);
	sns_policy_effective(&p, strict, RETRY("\"numRetries\":9"));
	assert_int_equal(p.retries, 3);
	sns_policy_effective(&p, NULL, RETRY("\"numRetries\":9"));
	assert_int_equal(p.retries, 9);
	/* Together they would be too many. */
	sns_policy_effective(&p,
	    "{\"http\":{\"defaultHealthyRetryPolicy\":"
	    "{\"numRetries\":7,\"numNoDelayRetries\":7}}}",
	    RETRY("\"numRetries\":5"));
	assert_int_equal(p.retries, 5);
	assert_int_equal(p.retries_at_once, 0);
}

static void
what_is_written_can_be_read(void **state)
{
	static const char text[] =
	    RETRY("\"numRetries\":5,\"numMinDelayRetries\":2,"
		  "\"backoffFunction\":\"geometric\"");
	struct sns_policy p = policy_of(text), again;
	struct error err;
	struct buf out;
	int i;

	(void)state;
	p.per_second = 3;
	for (i = 0; i < 2; i++) {
		buf_init(&out, SNS_POLICY_MAX);
		sns_policy_write(&p, i == 1, &out);
		assert_false(out.overflow);
		sns_policy_init(&again);
		assert_int_equal(
		    sns_policy_read(&again, out.data, out.len, i == 1, &err),
		    0);
		assert_int_equal(again.retries, 5);
		assert_int_equal(again.retries_min, 2);
		assert_int_equal(again.backoff, SNS_GEOMETRIC);
		assert_int_equal(again.per_second, 3);
		buf_done(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(delays_follow_the_policy),
	    cmocka_unit_test(what_is_out_of_bounds_is_refused),
	    cmocka_unit_test(an_hour_in_all_is_the_most),
	    cmocka_unit_test(null_says_nothing),
	    cmocka_unit_test(
		a_subscription_overrides_its_topic_unless_it_must_not),
	    cmocka_unit_test(what_is_written_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
