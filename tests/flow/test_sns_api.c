/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of SNS, and what is read from its answers. */
#include "tests/support/call_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sns_api.h"
#include "base/mem.h"
#include "base/str.h"

#define TOPIC "arn:aws:sns:eu-west-1:123456789012:results"
#define SUBSCRIPTION TOPIC ":0e0d9e8f-8b5c-5c1e-8d0b-c0a560b3d192"
#define URL "https://sns.eu-west-1.amazonaws.com/"
#define XMLNS " xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\""
#define META "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>"

static struct {
	unsigned ended;
	struct error err;
	char text[1000]; /* what came, in words */
} got;
static struct sns_call *under_way;

static void
note(const struct error *err)
{
	got.ended++;
	error_clear(&got.err);
	got.text[0] = '\0';
	if (err != NULL)
		got.err = *err;
}

static void __attribute__((format(printf, 1, 2))) add(const char *fmt, ...)
{
	size_t len = strlen(got.text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(got.text + len, sizeof(got.text) - len, fmt, ap);
	va_end(ap);
}

static void
on_confirmed(const char *arn, const struct error *err, void *arg)
{
	(void)arg;
	note(err);
	add("%s", arn != NULL ? arn : "-");
}

static void
on_attributes(
    const struct aws_attribute *v, size_t n, const struct error *err, void *arg)
{
	size_t i;

	(void)arg;
	note(err);
	for (i = 0; i < n; i++)
		add("%s=%s,", v[i].name, v[i].value);
}

static void
on_page(const struct sns_subscription *v, size_t n, const char *next_token,
    const struct error *err, void *arg)
{
	size_t i;

	(void)arg;
	note(err);
	for (i = 0; i < n; i++)
		add("%s %s %s,", v[i].arn, v[i].protocol, v[i].endpoint);
	add("next=%s", next_token != NULL ? next_token : "-");
}

static void
answered(const char *form, int status, const char *body)
{
	struct peer_step *s = peer_expect("POST", URL);

	peer_header(s, "Authorization", "*/eu-west-1/sns/aws4_request*");
	peer_header(s, "Content-Type", "application/x-www-form-urlencoded*");
	peer_body(s, form);
	peer_reply(s, status, "", body);
}

static void
expect_text(const char *text)
{
	got.ended = 0;
	pass(5000);
	assert_int_equal(got.ended, 1);
	assert_string_equal(got.err.text, "");
	assert_string_equal(got.text, text);
}

static void
expect_error(enum error_code code, const char *words)
{
	got.ended = 0;
	pass(5000);
	assert_int_equal(got.ended, 1);
	assert_int_equal(got.err.code, code);
	assert_non_null(strstr(got.err.text, words));
}

/* --- ConfirmSubscription -------------------------------------------- */

static void
confirm(const char *token)
{
	struct error err;

	if (sns_confirm_subscription(call.client, NULL, TOPIC, token,
		on_confirmed, NULL, &under_way, &err) == -1)
		fail_msg("%s", err.text);
}

#define CONFIRM(token)                                                      \
	"Action=ConfirmSubscription&Version=2010-03-31&TopicArn="           \
	"arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3Aresults&Token=" token \
	"&AuthenticateOnUnsubscribe=true"
#define CONFIRMED(inner)                     \
	"<ConfirmSubscriptionResponse" XMLNS \
	"><ConfirmSubscriptionResult>" inner \
	"</ConfirmSubscriptionResult>" META "</ConfirmSubscriptionResponse>"

static void
a_subscription_is_confirmed_for_us_alone(void **state)
{
	(void)state;
	answered(CONFIRM("a1"), 200,
	    CONFIRMED("<SubscriptionArn>" SUBSCRIPTION "</SubscriptionArn>"));
	confirm("a1");
	expect_text(SUBSCRIPTION);
}

/* Nothing of a token becomes another parameter. */
static void
a_token_stays_a_token(void **state)
{
	(void)state;
	answered(CONFIRM("a%26Action%3DDeleteTopic%20%2B%2F%C3%A9"), 200,
	    CONFIRMED("<SubscriptionArn>x</SubscriptionArn>"));
	confirm("a&Action=DeleteTopic +/\xc3\xa9");
	expect_text("x");
}

static void
what_makes_no_sense_is_no_confirmation(void **state)
{
	static const char *const bodies[] = {"", "<html/>", CONFIRMED(""),
	    CONFIRMED("<SubscriptionArn/>"),
	    CONFIRMED("<SubscriptionArn>a</SubscriptionArn>"
		      "<SubscriptionArn>b</SubscriptionArn>"),
	    "<!DOCTYPE x [<!ENTITY e \"x\">]>" CONFIRMED(
		"<SubscriptionArn>&e;</SubscriptionArn>")};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bodies); i++) {
		answered(CONFIRM("a"), 200, bodies[i]);
		confirm("a");
		expect_error(ERR_PROTOCOL, "ConfirmSubscription: ");
		assert_string_equal(got.text, "-");
	}
}

static void
a_refusal_has_its_code(void **state)
{
	(void)state;
	answered(CONFIRM("a"), 403,
	    "<ErrorResponse" XMLNS "><Error><Type>Sender</Type><Code>"
	    "AuthorizationError</Code><Message>User is not authorized to "
	    "perform: SNS:ConfirmSubscription</Message></Error><RequestId>r"
	    "</RequestId></ErrorResponse>");
	confirm("a");
	expect_error(ERR_AUTH, "AuthorizationError");
	assert_string_equal(got.err.remote_code, "AuthorizationError");
	answered(CONFIRM("a"), 404,
	    "<ErrorResponse><Error><Code>NotFound</Code><Message>Topic does "
	    "not exist</Message></Error></ErrorResponse>");
	confirm("a");
	expect_error(ERR_NOT_FOUND, "Topic does not exist");
}

static void
what_is_taken_back_ends(void **state)
{
	(void)state;
	peer_expect("POST", URL);
	got.ended = 0;
	confirm("a");
	sns_call_cancel(under_way);
	sns_call_cancel(NULL);
	pass(60000);
	assert_int_equal(got.ended, 0);
}

static void
an_arn_that_is_none_is_asked_nowhere(void **state)
{
	static const char *const arns[] = {"", "PendingConfirmation",
	    "arn:aws:sns", "arn:aws:sns::1:x", "arn:aws:sns:a/b:1:x",
	    "arn:aws:sns:x.evil.example#:1:x"};
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(arns); i++) {
		assert_int_equal(
		    sns_get_subscription_attributes(call.client, NULL, arns[i],
			on_attributes, NULL, &under_way, &err),
		    -1);
		assert_int_equal(err.code, ERR_USAGE);
	}
}

/* --- lists ---------------------------------------------------------- */

#define ENTRY(k, v) "<entry><key>" k "</key><value>" v "</value></entry>"
#define ATTRIBUTES(inner)                               \
	"<GetTopicAttributesResponse" XMLNS             \
	"><GetTopicAttributesResult><Attributes>" inner \
	"</Attributes></GetTopicAttributesResult>" META \
	"</GetTopicAttributesResponse>"

static void
ask_topic(const char *body)
{
	struct error err;

	answered("Action=GetTopicAttributes&Version=2010-03-31&TopicArn="
		 "arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3Aresults",
	    200, body);
	assert_int_equal(sns_get_topic_attributes(call.client, NULL, TOPIC,
			     on_attributes, NULL, &under_way, &err),
	    0);
}

static void
attributes_come_by_name(void **state)
{
	(void)state;
	ask_topic(ATTRIBUTES(ENTRY("SignatureVersion", "2")
		ENTRY("Policy", "{&quot;a&quot;:1}") ENTRY("Empty", "")));
	expect_text("SignatureVersion=2,Policy={\"a\":1},Empty=,");
	ask_topic(ATTRIBUTES(""));
	expect_text("");
	ask_topic(ATTRIBUTES("<entry><key>k</key></entry>"));
	expect_error(ERR_PROTOCOL, "makes no sense");
	ask_topic(
	    ATTRIBUTES("<entry><key>k</key><key>l</key><value/></entry>"));
	expect_error(ERR_PROTOCOL, "makes no sense");
	ask_topic("{}");
	expect_error(ERR_PROTOCOL, "GetTopicAttributes: ");
}

static void
attributes_of_a_subscription_are_asked_in_its_region(void **state)
{
	struct error err;

	(void)state;
	answered("Action=GetSubscriptionAttributes&Version=2010-03-31&"
		 "SubscriptionArn=arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3A"
		 "results%3A0e0d9e8f-8b5c-5c1e-8d0b-c0a560b3d192",
	    200,
	    "<GetSubscriptionAttributesResponse" XMLNS
	    "><GetSubscriptionAttributesResult><Attributes>" ENTRY(
		"k", "v") "</Attributes></GetSubscriptionAttributesResult>"
			  "</GetSubscriptionAttributesResponse>");
	assert_int_equal(
	    sns_get_subscription_attributes(call.client, NULL, SUBSCRIPTION,
		on_attributes, NULL, &under_way, &err),
	    0);
	expect_text("k=v,");
}

#define MEMBER(arn, protocol, endpoint)                                 \
	"<member><TopicArn>t</TopicArn><Protocol>" protocol             \
	"</Protocol><SubscriptionArn>" arn "</SubscriptionArn><Owner>o" \
	"</Owner><Endpoint>" endpoint "</Endpoint></member>"
#define PAGE(members, rest)                                         \
	"<ListSubscriptionsByTopicResponse" XMLNS                   \
	"><ListSubscriptionsByTopicResult><Subscriptions>" members  \
	"</Subscriptions>" rest "</ListSubscriptionsByTopicResult>" \
	"</ListSubscriptionsByTopicResponse>"

static void
ask_page(const char *token, const char *form_token, const char *body)
{
	char form[300];
	struct error err;

	snprintf(form, sizeof(form),
	    "Action=ListSubscriptionsByTopic&Version=2010-03-31&TopicArn="
	    "arn%%3Aaws%%3Asns%%3Aeu-west-1%%3A123456789012%%3Aresults%s",
	    form_token);
	answered(form, 200, body);
	assert_int_equal(sns_list_subscriptions(call.client, NULL, TOPIC, token,
			     on_page, NULL, &under_way, &err),
	    0);
}

static void
subscriptions_come_page_by_page(void **state)
{
	(void)state;
	ask_page(NULL, "",
	    PAGE(MEMBER("PendingConfirmation", "https", "https://a/b?c&amp;d")
		     MEMBER("arn:x", "sqs", "arn:q"),
		"<NextToken>n/1</NextToken>"));
	expect_text("PendingConfirmation https https://a/b?c&d,arn:x sqs arn:q,"
		    "next=n/1");
	ask_page("n/1", "&NextToken=n%2F1", PAGE("", "<NextToken/>"));
	expect_text("next=-");
	ask_page(NULL, "", PAGE("<member><Protocol>x</Protocol></member>", ""));
	expect_error(ERR_PROTOCOL, "makes no sense");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CALL_TEST(a_subscription_is_confirmed_for_us_alone),
	    CALL_TEST(a_token_stays_a_token),
	    CALL_TEST(what_makes_no_sense_is_no_confirmation),
	    CALL_TEST(a_refusal_has_its_code),
	    CALL_TEST(what_is_taken_back_ends),
	    CALL_TEST(an_arn_that_is_none_is_asked_nowhere),
	    CALL_TEST(attributes_come_by_name),
	    CALL_TEST(attributes_of_a_subscription_are_asked_in_its_region),
	    CALL_TEST(subscriptions_come_page_by_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
