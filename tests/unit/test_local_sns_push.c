/* SPDX-License-Identifier: Apache-2.0 */
/* What receivers get, and what becomes of what they do not take. */
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
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

#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/db_mail.h"
#include "local/db_sns.h"
#include "local/sns_letter.h"
#include "local/sns_post.h"
#include "local/sns_push.h"
#include "local/sns_sign.h"
#include "sns_rig.h"

/* Tries that follow at once, so many. */
#define AT_ONCE(n)                                               \
	"%7B%22healthyRetryPolicy%22%3A%7B%22numRetries%22%3A" n \
	"%2C%22numNoDelayRetries%22%3A" n "%7D%7D"

static void
set(struct rig *r, const char *arn, const char *name, const char *value)
{
	char *form =
	    xasprintf("Action=SetSubscriptionAttributes&SubscriptionArn=%s"
		      "&AttributeName=%s&AttributeValue=%s",
		arn, name, value);

	rig_post(r, form);
	if (r->status != 200)
		fail_msg("%s", r->answer);
	free(form);
}

static const char *
header(const struct rig *r, size_t i, const char *name)
{
	const char *value = headers_get(&r->got[i].headers, name);

	return value != NULL ? value : "";
}

static void
expect_message(const struct rig *r, size_t i, const char *text)
{
	char *got = rig_member(r, i, "Message");

	assert_string_equal(got, text);
	free(got);
}

static void
add_fault(struct rig *r, const char *line)
{
	struct error err;

	if (faults_add(r->faults, line, NULL, &err) == -1)
		fail_msg("%s", err.text);
}

/* --- what comes ----------------------------------------------------- */

static bool
verifies(struct rig *r, size_t i)
{
	static const char *const names[] = {"Type", "MessageId", "Token",
	    "TopicArn", "Subject", "Message", "SubscribeURL", "Timestamp",
	    "SignatureVersion", "Signature"};
	char *v[ARRAY_LEN(names)];
	struct sns_key *key;
	struct error err;
	struct buf text, raw;
	struct sns_letter l;
	BIO *bio;
	X509 *cert;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good;
	size_t k;

	for (k = 0; k < ARRAY_LEN(names); k++)
		v[k] = rig_member(r, i, names[k]);
	l = (struct sns_letter){.type = v[0],
	    .message_id = v[1],
	    .token = v[2],
	    .topic = v[3],
	    .subject = v[4],
	    .message = v[5],
	    .subscribe_url = v[6],
	    .timestamp = v[7]};
	buf_init(&text, SNS_LETTER_MAX);
	sns_letter_text(&l, &text);
	buf_init(&raw, 1024);
	assert_int_equal(decode_base64(&raw, v[9], strlen(v[9])), 0);
	assert_int_equal(sns_key_open(r->dir, &key, &err), 0);
	bio = BIO_new_mem_buf(sns_key_pem(key), -1);
	cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	good = EVP_DigestVerifyInit(ctx, NULL,
		   str_eq(v[8], "2") ? EVP_sha256() : EVP_sha1(), NULL,
		   X509_get0_pubkey(cert)) == 1 &&
	    EVP_DigestVerify(ctx, (unsigned char *)raw.data, raw.len,
		(unsigned char *)text.data, text.len) == 1;
	EVP_MD_CTX_free(ctx);
	X509_free(cert);
	BIO_free(bio);
	sns_key_free(key);
	buf_done(&raw);
	buf_done(&text);
	for (k = 0; k < ARRAY_LEN(names); k++)
		free(v[k]);
	return good;
}

static void
a_confirmation_comes_as_sns_sends_it(void **state)
{
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook?x=1"), *token, *url, *want;

	assert_string_equal(r->got[0].path, "/hook");
	assert_string_equal(
	    header(r, 0, "x-amz-sns-message-type"), "SubscriptionConfirmation");
	assert_string_equal(header(r, 0, "x-amz-sns-topic-arn"), RIG_TOPIC);
	assert_null(
	    headers_get(&r->got[0].headers, "x-amz-sns-subscription-arn"));
	assert_string_equal(
	    header(r, 0, "Content-Type"), "text/plain; charset=UTF-8");
	assert_string_equal(header(r, 0, "User-Agent"),
	    "Amazon Simple Notification Service Agent");
	assert_null(headers_get(&r->got[0].headers, "Accept"));
	assert_null(headers_get(&r->got[0].headers, "Expect"));
	assert_true(str_starts(r->got[0].body,
	    "{\n  \"Type\" : \"SubscriptionConfirmation\",\n"
	    "  \"MessageId\" : \""));
	expect_message(r, 0,
	    "You have chosen to subscribe to the topic " RIG_TOPIC
	    ".\nTo confirm the subscription, visit the SubscribeURL included "
	    "in this message.");
	token = rig_member(r, 0, "Token");
	url = rig_member(r, 0, "SubscribeURL");
	want = xasprintf("%s/?Action=ConfirmSubscription&TopicArn=" RIG_TOPIC
			 "&Token=%s",
	    r->base, token);
	assert_string_equal(url, want);
	assert_null(strstr(r->got[0].body, "UnsubscribeURL"));
	assert_true(verifies(r, 0));
	free(want);
	free(url);
	free(token);
	free(arn);
}

static void
a_notification_has_all_that_was_published(void **state)
{
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook"), *value, *want;

	rig_post(r,
	    "Action=Publish&TopicArn=" RIG_TOPIC
	    "&Message=a%0A%22%5C%C3%A9%09%01&Subject=About"
	    "&MessageAttributes.entry.1.Name=k"
	    "&MessageAttributes.entry.1.Value.DataType=String"
	    "&MessageAttributes.entry.1.Value.StringValue=v%22");
	assert_int_equal(r->status, 200);
	rig_wait(r, 2);
	assert_string_equal(
	    header(r, 1, "x-amz-sns-message-type"), "Notification");
	assert_string_equal(header(r, 1, "x-amz-sns-subscription-arn"), arn);
	assert_null(headers_get(&r->got[1].headers, "x-amz-sns-rawdelivery"));
	value = rig_member(r, 1, "MessageId");
	assert_string_equal(header(r, 1, "x-amz-sns-message-id"), value);
	assert_non_null(strstr(r->answer, value));
	free(value);
	expect_message(r, 1, "a\n\"\\\xc3\xa9\t\x01");
	assert_non_null(
	    strstr(r->got[1].body, "\"a\\n\\\"\\\\\xc3\xa9\\t\\u0001\""));
	value = rig_member(r, 1, "Timestamp");
	assert_string_equal(value, "2025-11-22T08:26:40.000Z");
	free(value);
	value = rig_member(r, 1, "UnsubscribeURL");
	want = xasprintf(
	    "%s/?Action=Unsubscribe&SubscriptionArn=%s", r->base, arn);
	assert_string_equal(value, want);
	free(want);
	free(value);
	assert_non_null(strstr(r->got[1].body,
	    "\"MessageAttributes\" : {\n    \"k\" : "
	    "{\"Type\":\"String\",\"Value\":\"v\\\"\"}\n  }\n}"));
	assert_true(verifies(r, 1));
	free(arn);
}

static void
the_topic_says_which_signature(void **state)
{
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook"), *value;

	rig_post(r,
	    "Action=SetTopicAttributes&AttributeName=SignatureVersion"
	    "&AttributeValue=2&TopicArn=" RIG_TOPIC);
	rig_publish(r, "hello");
	rig_wait(r, 2);
	value = rig_member(r, 0, "SignatureVersion");
	assert_string_equal(value, "1");
	free(value);
	value = rig_member(r, 1, "SignatureVersion");
	assert_string_equal(value, "2");
	free(value);
	assert_true(verifies(r, 1));
	free(arn);
}

static void
another_url_of_the_certificate_can_be_named(void **state)
{
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook"), *value;

	value = rig_member(r, 0, "SigningCertURL");
	assert_true(str_starts(value, r->base));
	rig_get(r, value + strlen(r->base), false);
	assert_int_equal(r->status, 200);
	free(value);
	r->conf.signing_cert_url = (char *)"https://sns.example/x.pem";
	rig_restart(r);
	rig_publish(r, "hello");
	rig_wait(r, 2);
	value = rig_member(r, 1, "SigningCertURL");
	assert_string_equal(value, "https://sns.example/x.pem");
	free(value);
	free(arn);
}

static void
raw_delivery_is_the_message_alone(void **state)
{
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook");

	set(r, arn, "RawMessageDelivery", "true");
	set(r, arn, "DeliveryPolicy",
	    "%7B%22requestPolicy%22%3A%7B%22headerContentType%22%3A%22"
	    "text%2Fcsv%22%7D%7D");
	rig_publish(r, "a,b\n");
	rig_wait(r, 2);
	assert_string_equal(r->got[1].body, "a,b\n");
	assert_string_equal(header(r, 1, "x-amz-sns-rawdelivery"), "true");
	assert_string_equal(header(r, 1, "Content-Type"), "text/csv");
	free(arn);
}

static void
a_confirmation_is_never_raw(void **state)
{
	struct rig *r = *state;
	char *form =
	    xasprintf("Action=Subscribe&Protocol=http&TopicArn=" RIG_TOPIC
		      "&Endpoint=%s/hook"
		      "&Attributes.entry.1.key=RawMessageDelivery"
		      "&Attributes.entry.1.value=true",
		r->hook);

	rig_post(r, form);
	rig_wait(r, 1);
	assert_true(verifies(r, 0));
	assert_null(headers_get(&r->got[0].headers, "x-amz-sns-rawdelivery"));
	free(form);
}

static void
each_protocol_may_have_its_own_text(void **state)
{
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook");

	rig_post(r,
	    "Action=Publish&MessageStructure=json&TopicArn=" RIG_TOPIC
	    "&Message=%7B%22default%22%3A%22d%22%2C%22http%22%3A%22h%22%2C"
	    "%22https%22%3A%22s%22%7D");
	rig_post(r,
	    "Action=Publish&MessageStructure=json&TopicArn=" RIG_TOPIC
	    "&Message=%7B%22default%22%3A%22d%22%2C%22sqs%22%3A%22h%22%7D");
	rig_wait(r, 3);
	rig_drain(r);
	if (strstr(r->got[1].body, "\"h\"") != NULL)
		expect_message(r, 2, "d");
	else
		expect_message(r, 1, "d");
	free(arn);
}

/* --- what is not taken ---------------------------------------------- */

static void
a_failure_is_tried_again_with_the_same_words(void **state)
{
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook");

	set(r, arn, "DeliveryPolicy", AT_ONCE("3"));
	r->answers[1] = 500;
	r->answers[2] = 503;
	rig_publish(r, "hello");
	rig_wait(r, 4);
	rig_drain(r);
	assert_int_equal(r->got_n, 4);
	assert_string_equal(r->got[1].body, r->got[3].body);
	free(arn);
}

struct heard {
	unsigned warnings;
	unsigned back;
	bool secret;
};

static void
hear(const char *line, void *arg)
{
	struct heard *h = arg;

	h->warnings += strstr(line, " warn sns: delivery=failed") != NULL;
	h->back += strstr(line, "delivery=done") != NULL;
	h->secret |= strstr(line, "s3cret") != NULL;
}

static void
one_that_is_away_is_told_once_and_so_is_its_return(void **state)
{
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook?token=s3cret");
	struct heard h = {0};

	set(r, arn, "DeliveryPolicy", AT_ONCE("5"));
	log_init(LOG_INFO, LOG_TEXT);
	log_set_sink(hear, &h);
	r->answers[1] = r->answers[2] = r->answers[3] = 500;
	rig_publish(r, "hello");
	rig_wait(r, 5);
	rig_drain(r);
	rig_publish(r, "hello again");
	rig_wait(r, 6);
	rig_drain(r);
	assert_int_equal(h.warnings, 1);
	assert_int_equal(h.back, 1);
	assert_false(h.secret);
	log_set_sink(NULL, NULL);
	log_init(LOG_NONE, LOG_TEXT);
	free(arn);
}

static void
after_the_last_try_it_is_given_up(void **state)
{
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook");
	size_t i;

	set(r, arn, "DeliveryPolicy", AT_ONCE("2"));
	for (i = 1; i < 10; i++)
		r->answers[i] = 500;
	rig_publish(r, "hello");
	rig_wait(r, 4);
	rig_drain(r);
	assert_int_equal(r->got_n, 4);
	free(arn);
}

static void
a_refusal_and_a_redirection_are_final(void **state)
{
	static const int statuses[] = {400, 404, 429, 301, 302};
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook");
	size_t i, n = r->got_n;

	set(r, arn, "DeliveryPolicy", AT_ONCE("9"));
	for (i = 0; i < ARRAY_LEN(statuses); i++) {
		r->answers[n + i] = statuses[i];
		rig_publish(r, "hello");
		rig_wait(r, n + i + 1);
		rig_drain(r);
		assert_int_equal(r->got_n, n + i + 1);
	}
	free(arn);
}

static void
the_next_try_waits_for_its_time_also_over_a_restart(void **state)
{
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook");

	r->answers[1] = 500;
	rig_publish(r, "hello");
	rig_wait(r, 2);
	/* 20 seconds, and up to a tenth of them. */
	rig_wall += 19999;
	rig_restart(r);
	rig_publish(r, "another");
	rig_wait(r, 3);
	expect_message(r, 2, "another");
	assert_int_equal(rig_waiting(r), 1);
	rig_wall += 2002;
	rig_restart(r);
	rig_wait(r, 4);
	expect_message(r, 3, "hello");
	rig_drain(r);
	assert_int_equal(r->got_n, 4);
	free(arn);
}

static void
what_was_on_its_way_at_the_end_is_sent_again(void **state)
{
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook");

	r->answers[1] = 0;
	rig_publish(r, "hello");
	rig_wait(r, 2);
	rig_restart(r);
	rig_wait(r, 3);
	assert_string_equal(r->got[1].body, r->got[2].body);
	rig_drain(r);
	free(arn);
}

static void
an_unconfirmed_one_is_asked_again(void **state)
{
	struct rig *r = *state;
	char *form =
	    xasprintf("Action=Subscribe&Protocol=http&TopicArn=" RIG_TOPIC
		      "&Endpoint=%s/hook",
		r->hook);

	r->answers[0] = 500;
	rig_post(r, form);
	rig_wait(r, 1);
	rig_wall += 22001;
	rig_restart(r);
	rig_wait(r, 2);
	assert_string_equal(r->got[0].body, r->got[1].body);
	rig_drain(r);
	free(form);
}

static size_t
count_at(const struct rig *r, const char *path)
{
	size_t i, n = 0;

	for (i = 0; i < r->got_n; i++)
		n += str_eq(r->got[i].path, path);
	return n;
}

static void
a_silent_receiver_holds_up_nobody_else(void **state)
{
	struct rig *r = *state;
	char *silent = rig_subscribe(r, "/silent");
	char *other = rig_subscribe(r, "/other");
	size_t i, n = 20;

	rig_forget(r);
	r->silent = "/silent";
	for (i = 0; i < n; i++)
		rig_publish(r, "hello");
	rig_wait(r, n + SNS_PUSH_LANE_MAX);
	assert_int_equal(count_at(r, "/other"), n);
	assert_int_equal(count_at(r, "/silent"), SNS_PUSH_LANE_MAX);
	rig_until_waiting(r, 1);
	free(silent);
	free(other);
}

/* A port where connections are taken and nothing is ever read. */
static int
listen_deafly(int *port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (void *)&sa, len), 0);
	assert_int_equal(listen(fd, SOMAXCONN), 0);
	assert_int_equal(getsockname(fd, (void *)&sa, &len), 0);
	*port = ntohs(sa.sin_port);
	return fd;
}

static void
add_deaf(struct rig *r, int port, size_t n)
{
	struct db_subscription s = {
	    .topic = (char *)RIG_TOPIC,
	    .protocol = (char *)"http",
	    .state = DB_CONFIRMED,
	};
	struct error err;
	size_t i;

	for (i = 0; i < n; i++) {
		s.arn = xasprintf("%s:deaf-%zu", RIG_TOPIC, i);
		s.token = xasprintf("%zu", i);
		s.endpoint = xasprintf("http://127.0.0.1:%d/%zu", port, i);
		assert_int_equal(db_subscription_add(r->db, &s, &err), 0);
		free(s.arn);
		free(s.token);
		free(s.endpoint);
	}
	db_flush(r->db);
}

static int
count_one(const struct db_delivery *d, void *arg, struct error *err)
{
	(void)d;
	(void)err;
	++*(int64_t *)arg;
	return 0;
}

static int64_t
waiting_for(struct rig *r, const char *arn)
{
	struct error err;
	int64_t n = 0;

	assert_int_equal(db_delivery_each(r->db, arn, count_one, &n, &err), 0);
	return n;
}

static void
nor_do_more_of_them_than_there_are_places(void **state)
{
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/other");
	int port, fd = listen_deafly(&port);
	size_t i, deaf = 2 * SNS_PUSH_MAX;

	rig_forget(r);
	add_deaf(r, port, deaf);
	for (i = 1; i <= 20; i++) {
		rig_publish(r, "hello");
		rig_wait(r, i);
	}
	rig_pause(r);
	assert_int_equal(waiting_for(r, arn), 0);
	free(arn);
	close(fd);
}

/* Deliveries that are due in a year. */
static void
fill(struct rig *r, const char *arn, int64_t n)
{
	struct db_message m = {
	    .id = (char *)"id",
	    .topic = (char *)RIG_TOPIC,
	    .type = (char *)"Notification",
	    .body = (char *)"old",
	};
	struct db_delivery d = {
	    .subscription = arn,
	    .due_at = rig_wall + INT64_C(365) * 24 * 3600 * 1000,
	};
	struct error err;

	assert_int_equal(db_message_add(r->db, &m, &err), 0);
	d.message = m.seq;
	for (d.copy = 0; d.copy < n; d.copy++)
		assert_int_equal(db_delivery_add(r->db, &d, &err), 0);
	db_flush(r->db);
}

static void
so_many_wait_for_one_and_no_more(void **state)
{
	struct rig *r = *state;
	char *full = rig_subscribe(r, "/full");
	char *other = rig_subscribe(r, "/other");

	rig_forget(r);
	fill(r, full, SNS_WAITING_MAX - 1);
	rig_publish(r, "the last one");
	rig_wait(r, 2);
	rig_pause(r);
	fill(r, full, 1);
	rig_publish(r, "one too many");
	rig_wait(r, 3);
	rig_pause(r);
	assert_int_equal(r->got_n, 3);
	assert_string_equal(r->got[2].path, "/other");
	assert_int_equal(waiting_for(r, full), SNS_WAITING_MAX);
	assert_int_equal(waiting_for(r, other), 0);
	free(full);
	free(other);
}

static void
a_limit_a_second_is_kept(void **state)
{
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook");
	size_t i;

	set(r, arn, "DeliveryPolicy",
	    "%7B%22throttlePolicy%22%3A%7B%22maxReceivesPerSecond%22%3A2%7D"
	    "%7D");
	for (i = 0; i < 3; i++)
		rig_publish(r, "hello");
	for (i = 2; i < 5; i++) {
		rig_wait(r, i);
		/* The clock stands still: no other one may come. */
		rig_publish(r, "wake");
		rig_pause(r);
		assert_int_equal(r->got_n, i);
		rig_wall += 500;
		rig_restart(r);
	}
	free(arn);
}

static void
who_ends_gets_nothing_of_what_waits(void **state)
{
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook"), *form;

	r->answers[1] = 500;
	rig_publish(r, "hello");
	rig_wait(r, 2);
	form = xasprintf("Action=Unsubscribe&SubscriptionArn=%s", arn);
	rig_post(r, form);
	assert_int_equal(r->status, 200);
	rig_drain(r);
	rig_wall += 60000;
	rig_restart(r);
	assert_int_equal(rig_waiting(r), 0);
	free(form);
	free(arn);
}

/* --- on demand ------------------------------------------------------ */

static void
one_can_be_lost(void **state)
{
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook");

	add_fault(r, "lose-notification count=1");
	rig_publish(r, "one");
	rig_publish(r, "two");
	rig_wait(r, 2);
	rig_drain(r);
	assert_int_equal(r->got_n, 2);
	expect_message(r, 1, "two");
	free(arn);
}

static void
one_can_come_twice(void **state)
{
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook");

	add_fault(r, "double-notification count=1");
	rig_publish(r, "one");
	rig_wait(r, 3);
	rig_drain(r);
	assert_int_equal(r->got_n, 3);
	assert_string_equal(r->got[1].body, r->got[2].body);
	free(arn);
}

static void
one_can_come_late(void **state)
{
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook");

	add_fault(r, "delay-notification ms=5000 count=1");
	rig_publish(r, "one");
	rig_publish(r, "two");
	rig_wait(r, 2);
	expect_message(r, 1, "two");
	rig_wall += 5000;
	rig_restart(r);
	rig_wait(r, 3);
	expect_message(r, 2, "one");
	free(arn);
}

static void
one_can_go_behind_the_next(void **state)
{
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook");

	add_fault(r, "reorder-notification count=1");
	rig_publish(r, "one");
	db_flush(r->db);
	rig_restart(r);
	rig_publish(r, "two");
	rig_wait(r, 3);
	expect_message(r, 1, "two");
	expect_message(r, 2, "one");
	rig_drain(r);
	free(arn);
}

static void
faults_can_choose_an_endpoint(void **state)
{
	struct rig *r = *state;
	char *arn = rig_subscribe(r, "/hook");

	r->conf.endpoints_n = 2;
	r->endpoints[0].name = (char *)"a";
	r->endpoints[1].name = (char *)"b";
	r->endpoints[0].success_topic = (char *)RIG_TOPIC;
	r->endpoints[1].success_topic = (char *)RIG_TOPIC;
	add_fault(r, "lose-notification endpoint=b count=0");
	rig_publish(r, "{\"requestParameters\":{\"endpointName\":\"b\"}}");
	rig_publish(r, "{\"requestParameters\":{\"endpointName\":\"a\"}}");
	rig_publish(r, "who knows");
	rig_wait(r, 3);
	rig_drain(r);
	assert_int_equal(r->got_n, 3);
	r->conf.endpoints_n = 0;
	free(arn);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_confirmation_comes_as_sns_sends_it),
	    TEST(a_notification_has_all_that_was_published),
	    TEST(the_topic_says_which_signature),
	    TEST(another_url_of_the_certificate_can_be_named),
	    TEST(raw_delivery_is_the_message_alone),
	    TEST(a_confirmation_is_never_raw),
	    TEST(each_protocol_may_have_its_own_text),
	    TEST(a_failure_is_tried_again_with_the_same_words),
	    TEST(one_that_is_away_is_told_once_and_so_is_its_return),
	    TEST(after_the_last_try_it_is_given_up),
	    TEST(a_refusal_and_a_redirection_are_final),
	    TEST(the_next_try_waits_for_its_time_also_over_a_restart),
	    TEST(what_was_on_its_way_at_the_end_is_sent_again),
	    TEST(an_unconfirmed_one_is_asked_again),
	    TEST(a_silent_receiver_holds_up_nobody_else),
	    TEST(nor_do_more_of_them_than_there_are_places),
	    TEST(so_many_wait_for_one_and_no_more),
	    TEST(a_limit_a_second_is_kept),
	    TEST(who_ends_gets_nothing_of_what_waits),
	    TEST(one_can_be_lost),
	    TEST(one_can_come_twice),
	    TEST(one_can_come_late),
	    TEST(one_can_go_behind_the_next),
	    TEST(faults_can_choose_an_endpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
