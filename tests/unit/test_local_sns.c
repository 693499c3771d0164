/* SPDX-License-Identifier: Apache-2.0 */
/* The query protocol, asked over HTTP with real signatures. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "local/db_sns.h"
#include "local/sns_sign.h"
#include "net/http_server.h"
#include "sns_rig.h"

#define TWO_DAYS_MS (INT64_C(48) * 3600 * 1000)

static void
a_topic_is_made_once(void **state)
{
	struct rig *r = *state;

	rig_takes(r, "Action=CreateTopic&Version=2010-03-31&Name=up");
	rig_says(r,
	    "<CreateTopicResponse "
	    "xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">"
	    "<CreateTopicResult><TopicArn>"
	    "arn:aws:sns:us-east-1:123456789012:up</TopicArn>"
	    "</CreateTopicResult><ResponseMetadata><RequestId>");
	assert_string_equal(
	    headers_get(&r->answer_headers, "content-type"), "text/xml");
	rig_takes(r, "Action=CreateTopic&Name=up");
	rig_takes(r,
	    "Action=CreateTopic&Name=v2&Attributes.entry.1.key="
	    "SignatureVersion&Attributes.entry.1.value=2");
	rig_takes(r, "Action=CreateTopic&Name=v2");
	rig_refuses(r,
	    "Action=CreateTopic&Name=v2&Attributes.entry.1.key="
	    "SignatureVersion&Attributes.entry.1.value=1",
	    400, "InvalidParameter");
	rig_takes(r, "Action=ListTopics");
	rig_says(r, ":news</TopicArn></member><member><TopicArn>");
	rig_takes(r,
	    "Action=DeleteTopic&TopicArn="
	    "arn:aws:sns:us-east-1:123456789012:v2");
	rig_takes(r,
	    "Action=DeleteTopic&TopicArn="
	    "arn:aws:sns:us-east-1:123456789012:v2");
	rig_refuses(r,
	    "Action=GetTopicAttributes&TopicArn="
	    "arn:aws:sns:us-east-1:123456789012:v2",
	    404, "NotFound");
}

static void
what_cannot_be_meant_is_refused(void **state)
{
	static const struct {
		const char *form;
		int status;
		const char *code;
	} table[] = {
	    {"", 400, "MissingAction"},
	    {"Action=", 400, "MissingAction"},
	    {"Action=Fly", 400, "InvalidAction"},
	    {"Action=ListTopics&Version=2009-01-01", 400, "InvalidAction"},
	    {"Action=ListTopics&x=%zz", 404, "MalformedQueryString"},
	    {"Action=ListTopics&Action=ListTopics", 404,
		"MalformedQueryString"},
	    {"Action=ListTopics&Tags.member.1.Key=x", 400, "InvalidParameter"},
	    {"Action=ListTopics&NextToken=%21", 400, "InvalidParameter"},
	    {"Action=CreateTopic", 400, "InvalidParameter"},
	    {"Action=CreateTopic&Name=a.fifo", 400, "InvalidParameter"},
	    {"Action=CreateTopic&Name=a+b", 400, "InvalidParameter"},
	    {"Action=CreateTopic&Name=a&Attributes.entry.1.key=Policy&"
	     "Attributes.entry.1.value=x",
		400, "InvalidParameter"},
	    {"Action=GetTopicAttributes&TopicArn=news", 400,
		"InvalidParameter"},
	    {"Action=GetTopicAttributes&TopicArn="
	     "arn:aws:sns:eu-west-1:123456789012:news",
		400, "InvalidParameter"},
	    {"Action=GetTopicAttributes&TopicArn="
	     "arn:aws:sns:us-east-1:000000000000:news",
		403, "AuthorizationError"},
	    {"Action=SetTopicAttributes&TopicArn=" RIG_TOPIC, 400,
		"InvalidParameter"},
	    {"Action=SetTopicAttributes&AttributeName=SignatureVersion&"
	     "AttributeValue=3&TopicArn=" RIG_TOPIC,
		400, "InvalidParameter"},
	    {"Action=SetTopicAttributes&AttributeName=DeliveryPolicy&"
	     "AttributeValue=%7B%22x%22%3A1%7D&TopicArn=" RIG_TOPIC,
		400, "InvalidParameter"},
	    {"Action=SetTopicAttributes&AttributeName=DisplayName&"
	     "AttributeValue=a%0Ab&TopicArn=" RIG_TOPIC,
		400, "InvalidParameter"},
	    {"Action=Subscribe&Protocol=sqs&Endpoint=x&TopicArn=" RIG_TOPIC,
		400, "InvalidParameter"},
	    {"Action=Subscribe&Protocol=http&TopicArn=" RIG_TOPIC, 400,
		"InvalidParameter"},
	    {"Action=Subscribe&Protocol=http&Endpoint=https://a/"
	     "&TopicArn=" RIG_TOPIC,
		400, "InvalidParameter"},
	    {"Action=Subscribe&Protocol=http&Endpoint=http://u:p@a/"
	     "&TopicArn=" RIG_TOPIC,
		400, "InvalidParameter"},
	    {"Action=Subscribe&Protocol=http&Endpoint=http://a/&TopicArn="
	     "arn:aws:sns:us-east-1:123456789012:gone",
		404, "NotFound"},
	    {"Action=Subscribe&Protocol=http&Endpoint=http://a/"
	     "&TopicArn=" RIG_TOPIC "&Attributes.entry.1.key=FilterPolicy&"
	     "Attributes.entry.1.value=%7B%7D",
		400, "InvalidParameter"},
	    {"Action=Subscribe&Protocol=http&Endpoint=http://a/"
	     "&TopicArn=" RIG_TOPIC
	     "&Attributes.entry.1.key=RawMessageDelivery&"
	     "Attributes.entry.1.value=yes",
		400, "InvalidParameter"},
	    {"Action=Subscribe&Protocol=http&Endpoint=http://a/"
	     "&TopicArn=" RIG_TOPIC "&Attributes.entry.1.key=DeliveryPolicy&"
	     "Attributes.entry.1.value=%7B%22requestPolicy%22%3A%7B%22"
	     "headerContentType%22%3A%22text%2Fxml%22%7D%7D",
		400, "InvalidParameter"},
	    {"Action=ConfirmSubscription&Token=00&TopicArn=" RIG_TOPIC, 400,
		"InvalidParameter"},
	    {"Action=GetSubscriptionAttributes&SubscriptionArn=" RIG_TOPIC ":1",
		404, "NotFound"},
	    {"Action=GetSubscriptionAttributes&SubscriptionArn="
	     "PendingConfirmation",
		400, "InvalidParameter"},
	    {"Action=Publish&Message=x", 400, "InvalidParameter"},
	    {"Action=Publish&TopicArn=" RIG_TOPIC, 400, "InvalidParameter"},
	    {"Action=Publish&Message=x&MessageStructure=xml&"
	     "TopicArn=" RIG_TOPIC,
		400, "InvalidParameter"},
	    {"Action=Publish&Message=x&MessageStructure=json&"
	     "TopicArn=" RIG_TOPIC,
		400, "InvalidParameter"},
	    {"Action=Publish&Message=%7B%7D&MessageStructure=json&"
	     "TopicArn=" RIG_TOPIC,
		400, "InvalidParameter"},
	    {"Action=Publish&Message=x&Subject=&TopicArn=" RIG_TOPIC, 400,
		"InvalidParameter"},
	    {"Action=Publish&Message=x&Subject=+a&TopicArn=" RIG_TOPIC, 400,
		"InvalidParameter"},
	    {"Action=Publish&Message=x&Subject=a%0Ab&TopicArn=" RIG_TOPIC, 400,
		"InvalidParameter"},
	    {"Action=Publish&Message=x&Subject=%C3%A9&TopicArn=" RIG_TOPIC, 400,
		"InvalidParameter"},
	    {"Action=Publish&Message=x&PhoneNumber=1&TopicArn=" RIG_TOPIC, 400,
		"InvalidParameter"},
	    {"Action=PublishBatch&TopicArn=" RIG_TOPIC, 400,
		"EmptyBatchRequest"},
	    {"Action=PublishBatch&PublishBatchRequestEntries=&"
	     "TopicArn=" RIG_TOPIC,
		400, "EmptyBatchRequest"},
	    {"Action=PublishBatch&PublishBatchRequestEntries=x&"
	     "TopicArn=" RIG_TOPIC,
		400, "InvalidParameter"},
	    {"Action=PublishBatch&PublishBatchRequestEntries.member.1.Id=a+b&"
	     "TopicArn=" RIG_TOPIC,
		400, "InvalidBatchEntryId"},
	    {"Action=PublishBatch&PublishBatchRequestEntries.member.1.Id=a&"
	     "PublishBatchRequestEntries.member.2.Id=a&TopicArn=" RIG_TOPIC,
		400, "BatchEntryIdsNotDistinct"},
	};
	struct rig *r = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++)
		rig_refuses(r, table[i].form, table[i].status, table[i].code);
}

static void
message_attributes_must_be_of_their_type(void **state)
{
	static const char *const wrong[][3] = {
	    {"aws.x", "String", "v"},
	    {".x", "String", "v"},
	    {"x..y", "String", "v"},
	    {"x%20y", "String", "v"},
	    {"x", "Text", "v"},
	    {"x", "Strings", "v"},
	    {"x", "String", ""},
	    {"x", "Number", "1.2.3"},
	    {"x", "Number", "-"},
	    {"x", "Number", "1e"},
	    {"x", "Binary", "v"},
	};
	static const char *const right[][2] = {{"String", "v"},
	    {"String.Array", "%5B%5D"}, {"Number", "-1.5e3"}, {"Number", ".5"},
	    {"Number.int", "1"}};
	struct rig *r = *state;
	char *form;
	size_t i;

	for (i = 0; i < ARRAY_LEN(wrong); i++) {
		form =
		    xasprintf("Action=Publish&Message=x&TopicArn=" RIG_TOPIC
			      "&MessageAttributes.entry.1.Name=%s"
			      "&MessageAttributes.entry.1.Value.DataType=%s"
			      "&MessageAttributes.entry.1.Value.StringValue=%s",
			wrong[i][0], wrong[i][1], wrong[i][2]);
		rig_refuses(r, form, 400, "ParameterValueInvalid");
		free(form);
	}
	for (i = 0; i < ARRAY_LEN(right); i++) {
		form =
		    xasprintf("Action=Publish&Message=x&TopicArn=" RIG_TOPIC
			      "&MessageAttributes.entry.1.Name=x-1_.y"
			      "&MessageAttributes.entry.1.Value.DataType=%s"
			      "&MessageAttributes.entry.1.Value.StringValue=%s",
			right[i][0], right[i][1]);
		rig_takes(r, form);
		free(form);
	}
	rig_refuses(r,
	    "Action=Publish&Message=x&TopicArn=" RIG_TOPIC
	    "&MessageAttributes.entry.1.Name=a"
	    "&MessageAttributes.entry.1.Value.DataType=String"
	    "&MessageAttributes.entry.1.Value.StringValue=1"
	    "&MessageAttributes.entry.2.Name=a"
	    "&MessageAttributes.entry.2.Value.DataType=String"
	    "&MessageAttributes.entry.2.Value.StringValue=2",
	    400, "ParameterValueInvalid");
}

/* n bytes of message, all in all. */
static void
publish_long(struct rig *r, size_t n, const char *more)
{
	char *text = xmalloc(n + 1), *form;

	memset(text, 'x', n);
	text[n] = '\0';
	form = xasprintf(
	    "Action=Publish&TopicArn=" RIG_TOPIC "&Message=%s%s", text, more);
	rig_post(r, form);
	free(form);
	free(text);
}

static void
a_message_has_256_kib_at_the_most(void **state)
{
	static const char attribute[] =
	    "&MessageAttributes.entry.1.Name=a"
	    "&MessageAttributes.entry.1.Value.DataType=String"
	    "&MessageAttributes.entry.1.Value.StringValue=12345";
	struct rig *r = *state;

	publish_long(r, 262144, "");
	assert_int_equal(r->status, 200);
	publish_long(r, 262145, "");
	rig_refused(r, 400, "InvalidParameter", "Message too long");
	publish_long(r, 262144 - 12, attribute);
	assert_int_equal(r->status, 200);
	publish_long(r, 262144 - 11, attribute);
	rig_refused(r, 400, "InvalidParameter", "Message too long");
	publish_long(r, 1024 * 1024, "");
	rig_refused(r, 413, "RequestEntityTooLarge", "larger");
}

static void
signatures_count(void **state)
{
	struct rig *r = *state;

	rig_get(r, "/?Action=ListTopics", true);
	assert_int_equal(r->status, 200);
	rig_says(r, RIG_TOPIC);
	rig_get(r, "/?Action=ListTopics", false);
	rig_refused(r, 403, "MissingAuthenticationToken", "Missing");
	/* Whoever lets it in: SNS itself asks for one. */
	r->lax = true;
	rig_get(r, "/?Action=ListTopics", false);
	rig_refused(r, 403, "MissingAuthenticationToken", "Missing");
	rig_get(r, "/other?Action=ListTopics", true);
	rig_refused(r, 400, "InvalidAction", "/");
}

/* What a head alone is answered with, while its body is still to come. */
static void
expect_of_head(struct rig *r, const char *head, const char *answer)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), i;
	char got[64] = "";

	sa.sin_port = htons((uint16_t)http_server_port(r->door));
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (void *)&sa, sizeof(sa)), 0);
	assert_int_equal(write(fd, head, strlen(head)), (ssize_t)strlen(head));
	for (i = 0; i < 20 && *got == '\0'; i++) {
		rig_pause(r);
		if (recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT) == -1)
			*got = '\0';
	}
	close(fd);
	if (!str_starts(got, answer) || (*answer == '\0' && *got != '\0'))
		fail_msg("'%s' instead of '%s'", got, answer);
}

#define SIGNED_BY(key)                                                     \
	"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n"         \
	"X-Amz-Date: 20251122T082640Z\r\nAuthorization: AWS4-HMAC-SHA256 " \
	"Credential=" key "/20251122/us-east-1/sns/aws4_request, "         \
	"SignedHeaders=host;x-amz-date, Signature="                        \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" \
	"\r\n\r\n"

static void
nothing_is_read_of_those_who_can_have_no_answer(void **state)
{
	struct rig *r = *state;

	expect_of_head(r, SIGNED_BY("NOBODY"), "HTTP/1.1 403 ");
	expect_of_head(r,
	    "GET /?Action=Unsubscribe&SubscriptionArn=a HTTP/1.1\r\n"
	    "Host: h\r\nContent-Length: 900000\r\n\r\n",
	    "HTTP/1.1 413 ");
	/* But who is known may go on to say what it wants. */
	expect_of_head(r, SIGNED_BY("AKIDME"), "");
}

static void
the_certificate_is_there_for_everybody(void **state)
{
	struct rig *r = *state;
	struct sns_key *key;
	struct error err;
	char *path, *digit;

	assert_int_equal(sns_key_open(r->dir, &key, &err), 0);
	path = xasprintf("/%s", sns_key_file(key));
	rig_get(r, path, false);
	assert_int_equal(r->status, 200);
	assert_string_equal(r->answer, sns_key_pem(key));
	digit = path + strlen("/SimpleNotificationService-");
	*digit = *digit == '0' ? '1' : '0';
	rig_get(r, path, false);
	rig_refused(r, 404, "NotFound", "certificate");
	free(path);
	sns_key_free(key);
}

static void
what_needs_no_signature_is_known_by_its_query(void **state)
{
	static const char cert[] =
	    "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem";

	(void)state;
	assert_true(sns_is_ours("GET", cert, ""));
	assert_true(sns_is_ours("GET", "/", "Action=ConfirmSubscription&x=y"));
	assert_true(
	    sns_is_ours("GET", "/", "SubscriptionArn=x&Action=Unsubscribe"));
	assert_false(sns_is_ours("POST", "/", "Action=Unsubscribe"));
	assert_false(sns_is_ours("GET", "/x", "Action=Unsubscribe"));
	assert_false(sns_is_ours("GET", "/", "Action=Publish"));
	assert_false(sns_is_ours("GET", "/", "Action=Unsubscribe&x=%"));
	assert_false(sns_is_ours("GET", "/", ""));
	assert_false(sns_is_ours("GET", cert + 1, ""));
	assert_false(
	    sns_is_ours("GET", "/SimpleNotificationService-01.pem", ""));
	assert_false(sns_is_ours("GET",
	    "/SimpleNotificationService-0123456789abcdef0123456789ABCDEF.pem",
	    ""));
}

static void
attributes_are_kept_and_shown(void **state)
{
	struct rig *r = *state;

	rig_takes(r,
	    "Action=SetTopicAttributes&AttributeName=SignatureVersion&"
	    "AttributeValue=2&TopicArn=" RIG_TOPIC);
	rig_takes(r,
	    "Action=SetTopicAttributes&AttributeName=DisplayName&"
	    "AttributeValue=A+%3C%26&TopicArn=" RIG_TOPIC);
	rig_takes(r,
	    "Action=SetTopicAttributes&AttributeName=DeliveryPolicy&"
	    "AttributeValue=%7B%22http%22%3A%7B%22defaultHealthyRetryPolicy"
	    "%22%3A%7B%22numRetries%22%3A9%7D%7D%7D&TopicArn=" RIG_TOPIC);
	rig_restart(r);
	rig_takes(r, "Action=GetTopicAttributes&TopicArn=" RIG_TOPIC);
	rig_says(
	    r, "<entry><key>SignatureVersion</key><value>2</value></entry>");
	rig_says(r, "<value>A &lt;&amp;</value>");
	rig_says(r, "numRetries&quot;:9,");
	rig_says(r, "<key>Owner</key><value>123456789012</value>");
	rig_says(r, "<key>SubscriptionsConfirmed</key><value>0</value>");
	rig_takes(r,
	    "Action=SetTopicAttributes&AttributeName=DeliveryPolicy&"
	    "AttributeValue=&TopicArn=" RIG_TOPIC);
	rig_takes(r, "Action=GetTopicAttributes&TopicArn=" RIG_TOPIC);
	rig_says(r, "numRetries&quot;:3,");
}

static void
subscribe(struct rig *r, const char *more)
{
	char *form =
	    xasprintf("Action=Subscribe&Protocol=http&TopicArn=" RIG_TOPIC
		      "&Endpoint=%s/hook%s",
		r->hook, more);

	rig_post(r, form);
	free(form);
}

static void
a_subscription_waits_for_its_confirmation(void **state)
{
	struct rig *r = *state;
	char *first, *second, *path;

	subscribe(r, "");
	rig_says(r, "<SubscriptionArn>pending confirmation</SubscriptionArn>");
	rig_wait(r, 1);
	rig_takes(r, "Action=ListSubscriptionsByTopic&TopicArn=" RIG_TOPIC);
	rig_says(r, "<SubscriptionArn>PendingConfirmation</SubscriptionArn>");
	rig_publish(r, "to nobody");
	subscribe(r, "&ReturnSubscriptionArn=true");
	rig_says(r, "<SubscriptionArn>" RIG_TOPIC ":");
	rig_wait(r, 2);
	/* Nor can anybody have it asked to come back. */
	first = rig_text(r, "SubscriptionArn");
	path = xasprintf("/?Action=Unsubscribe&SubscriptionArn=%s", first);
	rig_get(r, path, false);
	assert_int_equal(r->status, 200);
	free(path);
	free(first);
	first = rig_member(r, 0, "Token");
	second = rig_member(r, 1, "Token");
	assert_string_equal(first, second);
	free(second);
	path = rig_member(r, 1, "SubscribeURL");
	rig_get(r, path + strlen(r->base), false);
	assert_int_equal(r->status, 200);
	rig_says(
	    r, "<ConfirmSubscriptionResult><SubscriptionArn>" RIG_TOPIC ":");
	rig_get(r, path + strlen(r->base), false);
	assert_int_equal(r->status, 200);
	rig_takes(r, "Action=ListSubscriptions");
	rig_says(r, "<SubscriptionArn>" RIG_TOPIC ":");
	subscribe(r, "");
	rig_says(r, "<SubscriptionArn>" RIG_TOPIC ":");
	subscribe(r,
	    "&Attributes.entry.1.key=RawMessageDelivery"
	    "&Attributes.entry.1.value=true");
	rig_refused(r, 400, "InvalidParameter", "different attributes");
	rig_drain(r);
	assert_int_equal(r->got_n, 2);
	free(path);
	free(first);
}

static void
a_token_is_good_for_two_days(void **state)
{
	struct rig *r = *state;
	char *token, *form;

	subscribe(r, "");
	rig_wait(r, 1);
	token = rig_member(r, 0, "Token");
	form = xasprintf("Action=ConfirmSubscription&Token=%s&TopicArn="
			 "arn:aws:sns:us-east-1:123456789012:other",
	    token);
	rig_takes(r, "Action=CreateTopic&Name=other");
	rig_refuses(r, form, 400, "InvalidParameter");
	free(form);
	form = xasprintf(
	    "Action=ConfirmSubscription&Token=%s&TopicArn=" RIG_TOPIC, token);
	rig_wall += TWO_DAYS_MS + 1;
	rig_refuses(r, form, 400, "InvalidParameter");
	rig_says(r, "expired");
	rig_wall -= 1;
	rig_takes(r, form);
	rig_wall += TWO_DAYS_MS;
	rig_takes(r, form);
	free(form);
	free(token);
}

static char *
unsubscribe_path(struct rig *r, size_t i)
{
	char *url = rig_member(r, i, "UnsubscribeURL");
	char *path = xstrdup(url + strlen(r->base));

	free(url);
	return path;
}

static void
who_is_unsubscribed_by_a_link_can_come_back(void **state)
{
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook"), *path, *text, *form;

	rig_publish(r, "hello");
	rig_wait(r, 2);
	path = unsubscribe_path(r, 1);
	rig_get(r, path, false);
	assert_int_equal(r->status, 200);
	rig_wait(r, 3);
	text = rig_member(r, 2, "Type");
	assert_string_equal(text, "UnsubscribeConfirmation");
	free(text);
	form = xasprintf(
	    "Action=GetSubscriptionAttributes&SubscriptionArn=%s", arn);
	rig_refuses(r, form, 404, "NotFound");
	rig_publish(r, "unheard");
	rig_get(r, path, false);
	assert_int_equal(r->status, 200);
	free(path);
	path = rig_member(r, 2, "SubscribeURL");
	rig_get(r, path + strlen(r->base), false);
	assert_int_equal(r->status, 200);
	rig_says(r, arn);
	rig_takes(r, form);
	rig_publish(r, "again");
	rig_wait(r, 4);
	text = rig_member(r, 3, "Message");
	assert_string_equal(text, "again");
	free(text);
	free(form);
	free(path);
	free(arn);
}

static void
who_confirmed_with_a_signature_can_forbid_that(void **state)
{
	struct rig *r = *state;
	char *token, *form, *path, *arn;

	subscribe(r, "");
	rig_wait(r, 1);
	token = rig_member(r, 0, "Token");
	form =
	    xasprintf("Action=ConfirmSubscription&Token=%s&TopicArn=" RIG_TOPIC
		      "&AuthenticateOnUnsubscribe=true",
		token);
	rig_takes(r, form);
	arn = rig_text(r, "SubscriptionArn");
	free(form);
	rig_publish(r, "hello");
	rig_wait(r, 2);
	path = unsubscribe_path(r, 1);
	rig_get(r, path, false);
	rig_refused(r, 403, "AuthorizationError", "signature");
	form = xasprintf(
	    "Action=GetSubscriptionAttributes&SubscriptionArn=%s", arn);
	rig_takes(r, form);
	rig_says(
	    r, "<key>ConfirmationWasAuthenticated</key><value>true</value>");
	rig_says(r, "<key>PendingConfirmation</key><value>false</value>");
	/* Its owner needs no last word. */
	rig_get(r, path, true);
	assert_int_equal(r->status, 200);
	rig_refuses(r, form, 404, "NotFound");
	rig_drain(r);
	assert_int_equal(r->got_n, 2);
	free(form);
	free(path);
	free(token);
	free(arn);
}

static void
who_ends_by_a_link_gets_nothing_of_what_waits(void **state)
{
	struct rig *r = *state;
	char *token, *link, *path;

	subscribe(r, "");
	rig_wait(r, 1);
	token = rig_member(r, 0, "SubscribeURL");
	/* Without a signature this word says nothing. */
	link = xasprintf(
	    "%s&AuthenticateOnUnsubscribe=true", token + strlen(r->base));
	rig_get(r, link, false);
	assert_int_equal(r->status, 200);
	r->answers[1] = 500;
	rig_publish(r, "hello");
	rig_wait(r, 2);
	path = unsubscribe_path(r, 1);
	rig_get(r, path, false);
	assert_int_equal(r->status, 200);
	rig_wait(r, 3);
	/* That it came is written down, too. */
	rig_drain(r);
	rig_wall += 60000;
	rig_restart(r);
	rig_drain(r);
	assert_int_equal(r->got_n, 3);
	free(path);
	free(link);
	free(token);
}

static void
a_subscriptions_attributes_can_be_set(void **state)
{
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook"), *form;

	form = xasprintf("Action=SetSubscriptionAttributes&SubscriptionArn=%s"
			 "&AttributeName=RawMessageDelivery"
			 "&AttributeValue=true",
	    arn);
	rig_takes(r, form);
	free(form);
	form = xasprintf("Action=SetSubscriptionAttributes&SubscriptionArn=%s"
			 "&AttributeName=FilterPolicy&AttributeValue=%%7B%%7D",
	    arn);
	rig_refuses(r, form, 400, "InvalidParameter");
	free(form);
	form = xasprintf("Action=SetSubscriptionAttributes&SubscriptionArn=%s"
			 "&AttributeName=DeliveryPolicy&AttributeValue=%%7B"
			 "%%22healthyRetryPolicy%%22%%3A%%7B%%22numRetries%%22"
			 "%%3A101%%7D%%7D",
	    arn);
	rig_refuses(r, form, 400, "InvalidParameter");
	rig_says(r, "numRetries must be a whole number from 0 to 100");
	free(form);
	form = xasprintf(
	    "Action=GetSubscriptionAttributes&SubscriptionArn=%s", arn);
	rig_takes(r, form);
	rig_says(r, "<key>RawMessageDelivery</key><value>true</value>");
	free(form);
	free(arn);
}

static void
lists_come_in_pages(void **state)
{
	struct rig *r = *state;
	char *form, *token, *member;
	int i;

	for (i = 0; i < 105; i++) {
		form = xasprintf("Action=Subscribe&Protocol=http&Endpoint="
				 "http://127.0.0.1:1/%d&TopicArn=" RIG_TOPIC,
		    i);
		rig_takes(r, form);
		free(form);
	}
	rig_takes(r, "Action=ListSubscriptions");
	token = rig_text(r, "NextToken");
	assert_non_null(token);
	form = xasprintf("Action=ListSubscriptionsByTopic&TopicArn=" RIG_TOPIC
			 "&NextToken=%s",
	    token);
	rig_takes(r, form);
	rig_says(r, "<member>");
	assert_null(strstr(r->answer, "<NextToken>"));
	for (i = 0; (member = strstr(r->answer, "<member>")) != NULL; i++)
		memset(member, ' ', strlen("<member>"));
	assert_int_equal(i, 5);
	free(form);
	free(token);
}

static void
a_batch_fails_entry_by_entry(void **state)
{
#define ENTRY(n, id, message)                             \
	"&PublishBatchRequestEntries.member." n ".Id=" id \
	"&PublishBatchRequestEntries.member." n ".Message=" message
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook");

	rig_takes(r,
	    "Action=PublishBatch&TopicArn=" RIG_TOPIC ENTRY("1", "a", "one")
		ENTRY("2", "b", "") ENTRY("3", "c", "three"));
	rig_says(r, "<Successful><member><Id>a</Id><MessageId>");
	rig_says(r,
	    "<Failed><member><Id>b</Id><Code>InvalidParameter</Code>"
	    "<Message>Invalid parameter: Empty message</Message>"
	    "<SenderFault>true</SenderFault></member></Failed>");
	rig_wait(r, 3);
	rig_drain(r);
	assert_int_equal(r->got_n, 3);
	free(arn);
}

static void
there_is_an_end_to_topics_and_subscriptions(void **state)
{
	struct rig *r = *state;
	struct db_subscription s = {
	    .topic = (char *)RIG_TOPIC,
	    .protocol = (char *)"http",
	    .token_until = rig_wall,
	    .state = DB_PENDING,
	};
	struct error err;
	int i;

	for (i = 0; i < 1000; i++) {
		s.arn = s.endpoint = s.token =
		    xasprintf("arn:aws:sns:us-east-1:123456789012:t%d", i);
		if (i < 999)
			assert_int_equal(sns_topic_add(r->sns, s.arn, &err), 0);
		assert_int_equal(db_subscription_add(r->db, &s, &err), 0);
		free(s.arn);
	}
	db_flush(r->db);
	rig_refuses(
	    r, "Action=CreateTopic&Name=more", 403, "TopicLimitExceeded");
	rig_takes(r, "Action=CreateTopic&Name=t1");
	subscribe(r, "");
	rig_refused(r, 403, "SubscriptionLimitExceeded", "1000");
	/* Those that nobody confirms make room in the end. */
	rig_wall += 1;
	subscribe(r, "");
	assert_int_equal(r->status, 200);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_topic_is_made_once),
	    TEST(what_cannot_be_meant_is_refused),
	    TEST(message_attributes_must_be_of_their_type),
	    TEST(a_message_has_256_kib_at_the_most),
	    TEST(signatures_count),
	    TEST(nothing_is_read_of_those_who_can_have_no_answer),
	    TEST(the_certificate_is_there_for_everybody),
	    TEST(what_needs_no_signature_is_known_by_its_query),
	    TEST(attributes_are_kept_and_shown),
	    TEST(a_subscription_waits_for_its_confirmation),
	    TEST(a_token_is_good_for_two_days),
	    TEST(who_is_unsubscribed_by_a_link_can_come_back),
	    TEST(who_confirmed_with_a_signature_can_forbid_that),
	    TEST(who_ends_by_a_link_gets_nothing_of_what_waits),
	    TEST(a_subscriptions_attributes_can_be_set),
	    TEST(lists_come_in_pages),
	    TEST(a_batch_fails_entry_by_entry),
	    TEST(there_is_an_end_to_topics_and_subscriptions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
