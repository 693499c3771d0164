/* SPDX-License-Identifier: Apache-2.0 */
/* Topics beside the API: of endpoints, without room, struck by faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "local/db_sns.h"
#include "local/sns_sign.h"
#include "sns_rig.h"

static void
endpoints_have_their_topics_and_are_announced_once(void **state)
{
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook"), *text;

	rig_forget(r);
	r->conf.endpoints_n = 1;
	r->endpoints[0].name = (char *)"ocr";
	r->endpoints[0].success_topic = (char *)RIG_TOPIC;
	r->endpoints[0].error_topic = (char *)RIG_TOPIC;
	rig_restart(r);
	rig_wait(r, 1);
	text = rig_member(r, 0, "Message");
	assert_non_null(strstr(text, "TestNotification"));
	free(text);
	rig_restart(r);
	rig_drain(r);
	assert_int_equal(r->got_n, 1);
	/* Another topic: it is updated, and both hear of it. */
	r->endpoints[0].error_topic =
	    (char *)"arn:aws:sns:us-east-1:123456789012:bad";
	rig_restart(r);
	rig_wait(r, 2);
	rig_restart(r);
	rig_drain(r);
	assert_int_equal(r->got_n, 2);
	rig_takes(r,
	    "Action=GetTopicAttributes&TopicArn="
	    "arn:aws:sns:us-east-1:123456789012:bad");
	free(arn);
}

static void
faults_strike_calls(void **state)
{
	static const char publish[] =
	    "Action=Publish&Message=x&TopicArn=" RIG_TOPIC;
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook"), *form;
	struct error err;

	faults_add(r->faults, "throttle operation=Publish topic=" RIG_TOPIC,
	    NULL, &err);
	rig_refuses(r, publish, 429, "Throttled");
	faults_add(
	    r->faults, "error-before operation=Publish status=503", NULL, &err);
	rig_refuses(r, publish, 503, "ServiceUnavailable");
	rig_drain(r);
	assert_int_equal(r->got_n, 1);
	faults_add(r->faults, "error-after operation=Publish", NULL, &err);
	rig_refuses(r, publish, 500, "InternalError");
	rig_wait(r, 2);
	faults_add(r->faults,
	    "throttle operation=GetSubscriptionAttributes topic=" RIG_TOPIC,
	    NULL, &err);
	form = xasprintf(
	    "Action=GetSubscriptionAttributes&SubscriptionArn=%s", arn);
	rig_refuses(r, form, 429, "Throttled");
	rig_takes(r, form);
	faults_add(r->faults, "clock-skew ms=301000", NULL, &err);
	rig_refuses(r, form, 403, "SignatureDoesNotMatch");
	rig_says(r, "Signature expired");
	rig_takes(r, form);
	free(form);
	free(arn);
}

static void
a_topic_that_is_gone_is_not_found(void **state)
{
	struct rig *r = *state;
	struct error err;

	assert_int_equal(
	    sns_publish(
		r->sns, "arn:aws:sns:us-east-1:123456789012:no", "x", 1, &err),
	    -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(endpoints_have_their_topics_and_are_announced_once),
	    TEST(faults_strike_calls),
	    TEST(a_topic_that_is_gone_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
