/* SPDX-License-Identifier: Apache-2.0 */
/* Queues in virtual time: what is rung, and what becomes of the message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sns_verify.h"
#include "base/buf.h"
#include "base/encode.h"
#include "base/hash.h"
#include "base/jsonw.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/metrics.h"
#include "serve/queues.h"
#include "tests/support/call_rig.h"
#include "tests/support/fake_loop.h"

#define QUEUE "https://sqs.eu-west-3.amazonaws.com/123456789012/bells"
#define HOST "https://sqs.eu-west-3.amazonaws.com/"
#define DELETED "{\"Successful\":[{\"Id\":\"0\"}]}"
#define TOPIC "arn:aws:sns:eu-west-3:123456789012:t"
#define ENVELOPE_OF(type, topic)                                       \
	"{\"Type\":\"" type "\",\"MessageId\":\"sns-1\",\"TopicArn\":" \
	"\"" topic "\",\"Message\":\"inner \\\"text\\\"\","            \
	"\"Timestamp\":\"2026-11-22T10:00:00.000Z\"}"
#define ENVELOPE(type) ENVELOPE_OF(type, TOPIC)

/* --- the doorbell, in place of serve/doorbell.c --------------------- */

#define RINGS_MAX 64

static struct {
	enum doorbell_way way;
	char source[200];
	char id[100];
	char text[300];
	int64_t sent_at;
	bool verified;
	doorbell_done_fn *done;
	void *arg;
} rings[RINGS_MAX];
static size_t nrings;
static bool hold; /* the test itself says how it goes */
static enum doorbell_verdict verdict;
static size_t in_turn, most_in_turn;
static loop_fn *on_ring; /* in the next turn; or NULL */

static void
next_turn(void *arg)
{
	(void)arg;
	in_turn = 0;
}

static void
answer_all(void *arg)
{
	size_t i;

	(void)arg;
	for (i = 0; i < nrings; i++) {
		doorbell_done_fn *done = rings[i].done;

		rings[i].done = NULL;
		if (done != NULL)
			done(verdict, NULL, rings[i].arg);
	}
}

void
doorbell_ring(struct doorbell *b, const struct doorbell_note *note,
    doorbell_done_fn *done, void *arg)
{
	(void)b;
	assert_true(nrings < RINGS_MAX);
	snprintf(
	    rings[nrings].source, sizeof(rings[0].source), "%s", note->source);
	snprintf(rings[nrings].id, sizeof(rings[0].id), "%s", note->message_id);
	snprintf(rings[nrings].text, sizeof(rings[0].text), "%.*s",
	    (int)note->len, note->text);
	rings[nrings].way = note->way;
	rings[nrings].sent_at = note->sent_at;
	rings[nrings].verified = note->verified;
	rings[nrings].done = done;
	rings[nrings++].arg = arg;
	if (++in_turn > most_in_turn)
		most_in_turn = in_turn;
	loop_post(call.loop, next_turn, NULL);
	if (on_ring != NULL)
		loop_post(call.loop, on_ring, NULL);
	if (!hold)
		loop_post(call.loop, answer_all, NULL);
}

/* --- who judges signatures, in place of aws/sns_verify.c ------------- */

static enum error_code judged; /* ERR_NONE: genuine */
static const char *receives; /* of each message, as the queue says */
static struct {
	sns_verified_fn *done;
	void *arg;
} judging;

static void
judge(void *arg)
{
	struct error err;

	(void)arg;
	if (judged != ERR_NONE)
		err_set(&err, judged, "not now");
	judging.done(judged != ERR_NONE ? &err : NULL, judging.arg);
}

int
sns_verify(struct sns_verifier *v, const struct sns_message *m, bool fresh,
    sns_verified_fn *done, void *arg, struct sns_check **out, struct error *err)
{
	(void)err;
	assert_ptr_equal(v, &judging);
	assert_string_equal(m->message_id, "sns-1");
	assert_false(fresh);
	judging.done = done;
	judging.arg = arg;
	*out = (struct sns_check *)&judging;
	if (!hold)
		loop_post(call.loop, judge, NULL);
	return 0;
}

void
sns_verify_cancel(struct sns_check *c)
{
	assert_ptr_equal(c, &judging);
}

/* --- the rig -------------------------------------------------------- */

static char logged[2000];

static void
keep_line(const char *line, void *arg)
{
	size_t len = strlen(logged);

	(void)arg;
	snprintf(logged + len, sizeof(logged) - len, "%s", line);
}

static struct service service;
static struct conf conf;
static struct queues *queues;
static char *urls[] = {(char *)(uintptr_t)QUEUE};

static int
setup(void **state)
{
	struct error err;
	int rc = call_rig_setup(state);

	unsetenv("AWS_ENDPOINT_URL");
	unsetenv("AWS_ENDPOINT_URL_SQS");
	nrings = in_turn = most_in_turn = 0;
	on_ring = NULL;
	logged[0] = '\0';
	hold = false;
	verdict = DOORBELL_TAKEN;
	memset(&conf, 0, sizeof(conf));
	memset(&service, 0, sizeof(service));
	conf.sqs.queue_url.v = urls;
	conf.sqs.queue_url.n = 1;
	judged = ERR_NONE;
	receives = "2";
	service.loop = call.loop;
	service.aws = call.client;
	service.conf = &conf;
	service.verifier = (struct sns_verifier *)&judging;
	service.metrics = metrics_new();
	if (queues_open(&service, NULL, &queues, &err) == -1)
		fail_msg("%s", err.text);
	return rc;
}

static int
teardown(void **state)
{
	queues_free(queues);
	loop_unpost(call.loop, NULL);
	metrics_free(service.metrics);
	return call_rig_teardown(state);
}

#define QUEUES_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static struct peer_step *
expect(const char *action)
{
	struct peer_step *s = peer_expect("POST", HOST);
	char *target = xasprintf("AmazonSQS.%s", action);

	peer_header(s, "X-Amz-Target", target);
	free(target);
	return s;
}

/* One message with this body n times, as SQS answers. */
static struct peer_step *
expect_messages(size_t n, const char *body)
{
	unsigned char digest[HASH_MD5_SIZE];
	char hex[2 * HASH_MD5_SIZE + 1], id[24];
	struct hash *h = hash_new(HASH_MD5);
	struct peer_step *s;
	struct jsonw w;
	struct buf b;
	size_t i;

	hash_update(h, body, strlen(body));
	hash_final(h, digest);
	hash_free(h);
	encode_hex(digest, sizeof(digest), hex);
	buf_init(&b, 65536);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	jsonw_begin(&w, "Messages", '[');
	for (i = 0; i < n; i++) {
		snprintf(id, sizeof(id), "m%zu", i);
		jsonw_begin(&w, NULL, '{');
		jsonw_str(&w, "MessageId", id);
		jsonw_str(&w, "ReceiptHandle", id);
		jsonw_str(&w, "MD5OfBody", hex);
		jsonw_str(&w, "Body", body);
		jsonw_begin(&w, "Attributes", '{');
		jsonw_str(&w, "SentTimestamp", "1700000000000");
		jsonw_str(&w, "ApproximateReceiveCount", receives);
		jsonw_end(&w, '}');
		jsonw_end(&w, '}');
	}
	jsonw_end(&w, ']');
	jsonw_end(&w, '}');
	s = peer_reply(expect("ReceiveMessage"), 200, "", b.data);
	buf_done(&b);
	return s;
}

/* A poll that stays open till the end of the test. */
static void
expect_poll(void)
{
	expect("ReceiveMessage");
}

/* What a metric says, of the result where there is one. */
static long
count(const char *name)
{
	struct metrics_now now = {0};
	struct buf b;
	char *at;
	long n = -1;

	buf_init(&b, 1 << 20);
	metrics_write(service.metrics, &now, &b);
	at = strstr(b.data, name);
	if (at != NULL)
		n = strtol(at + strlen(name), NULL, 10);
	buf_done(&b);
	return n;
}

#define MESSAGES(result) "awaitd_sqs_messages_total{result=\"" result "\"} "

/* --- the way of a message ------------------------------------------- */

static void
a_message_is_rung_and_then_deleted(void **state)
{
	struct peer_step *s;

	(void)state;
	peer_delay(expect_messages(1, "bare"), 7000);
	expect_poll();
	s = expect("DeleteMessageBatch");
	peer_body(s,
	    "{\"QueueUrl\":\"" QUEUE "\",\"Entries\":[{\"Id\":\"0\","
	    "\"ReceiptHandle\":\"m0\"}]}");
	peer_reply(s, 200, "", DELETED);
	pass(8000);
	assert_int_equal(nrings, 1);
	assert_string_equal(rings[0].source, QUEUE);
	assert_string_equal(rings[0].id, "m0");
	assert_string_equal(rings[0].text, "bare");
	assert_int_equal(rings[0].sent_at, 1700000000000);
	assert_false(rings[0].verified);
	assert_int_equal(count(MESSAGES("taken")), 1);
	assert_int_equal(count("\nawaitd_sqs_deleted_total "), 1);
	assert_false(queues_busy(queues));
}

static void
an_envelope_of_SNS_is_opened(void **state)
{
	(void)state;
	expect_messages(1, ENVELOPE("Notification"));
	expect_poll();
	peer_reply(expect("DeleteMessageBatch"), 200, "", DELETED);
	pass(1000);
	assert_int_equal(nrings, 1);
	assert_string_equal(rings[0].id, "sns-1");
	assert_string_equal(rings[0].text, "inner \"text\"");
	assert_int_equal(rings[0].sent_at, 1795341600000);
	/* Nobody has looked at a signature. */
	assert_false(rings[0].verified);
}

static void
nothing_is_deleted_before_the_verdict(void **state)
{
	(void)state;
	hold = true;
	expect_messages(2, "x");
	expect_poll();
	pass(15000);
	assert_int_equal(nrings, 2);
	assert_true(queues_busy(queues));
	peer_reply(expect("DeleteMessageBatch"), 200, "",
	    "{\"Successful\":[{\"Id\":\"0\"},{\"Id\":\"1\"}]}");
	answer_all(NULL);
	pass(100);
	assert_false(queues_busy(queues));
	assert_int_equal(count("\nawaitd_sqs_deleted_total "), 2);
}

static void
whatever_is_understood_is_deleted(void **state)
{
	static const enum doorbell_verdict kinds[] = {
	    DOORBELL_TAKEN, DOORBELL_COPY, DOORBELL_UNKNOWN};
	size_t i;

	(void)state;
	hold = true;
	expect_messages(1, "x");
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		if (i + 1 < ARRAY_LEN(kinds))
			peer_delay(expect_messages(1, "x"), 4000);
		else
			expect_poll();
		pass(3000);
		assert_int_equal(nrings, i + 1);
		verdict = kinds[i];
		peer_reply(expect("DeleteMessageBatch"), 200, "", DELETED);
		answer_all(NULL);
		pass(100);
	}
	assert_int_equal(count(MESSAGES("taken")), 1);
	assert_int_equal(count(MESSAGES("copy")), 1);
	assert_int_equal(count(MESSAGES("unknown")), 1);
	assert_int_equal(count("\nawaitd_sqs_deleted_total "), 3);
}

static void
expect_release(const char *seconds)
{
	struct peer_step *s = expect("ChangeMessageVisibilityBatch");
	char *body =
	    xasprintf("{\"QueueUrl\":\"" QUEUE "\",\"Entries\":[{\"Id\":\"0\","
		      "\"ReceiptHandle\":\"m0\","
		      "\"VisibilityTimeout\":%s}]}",
		seconds);

	peer_body(s, body);
	peer_reply(s, 200, "", DELETED);
	free(body);
}

static void
what_makes_no_sense_is_left_for_longer_each_time(void **state)
{
	(void)state;
	verdict = DOORBELL_SENSELESS;
	expect_messages(1, "x");
	expect_poll();
	/* It has come twice. */
	expect_release("120");
	pass(1000);
	assert_int_equal(count(MESSAGES("senseless")), 1);
	assert_int_equal(count("\nawaitd_sqs_deleted_total "), 0);
}

static void
a_topic_that_wants_to_be_confirmed_rings_nobody(void **state)
{
	(void)state;
	expect_messages(1, ENVELOPE("SubscriptionConfirmation"));
	expect_poll();
	expect_release("120");
	log_set_sink(keep_line, NULL);
	pass(1000);
	log_set_sink(NULL, NULL);
	assert_int_equal(nrings, 0);
	/* What to do stands there: which topic, which command. */
	assert_non_null(strstr(logged, " msg=\"the topic " TOPIC " waits"));
	assert_non_null(strstr(logged, "aws sns subscribe --protocol sqs"));
	assert_non_null(strstr(logged, "aws sns confirm-subscription"));
	assert_non_null(strstr(logged, "Then delete the message."));
}

static void
what_can_be_no_topic_is_not_shown(void **state)
{
	(void)state;
	expect_messages(
	    1, ENVELOPE_OF("SubscriptionConfirmation", "arn:aws:sns:evil"));
	expect_poll();
	expect_release("120");
	log_set_sink(keep_line, NULL);
	pass(1000);
	log_set_sink(NULL, NULL);
	assert_non_null(strstr(logged, " msg=\"a topic waits"));
	assert_null(strstr(logged, "evil"));
}

static void
what_cannot_be_stored_is_given_back(void **state)
{
	(void)state;
	verdict = DOORBELL_FAILED;
	peer_delay(expect_messages(1, "x"), 2000);
	/* The next poll was there before the verdict. */
	expect_poll();
	expect_release("10");
	pass(30000);
	assert_int_equal(count(MESSAGES("failed")), 1);
	assert_int_equal(count("\nawaitd_sqs_deleted_total "), 0);
}

static void
while_nothing_can_be_written_nothing_is_received(void **state)
{
	(void)state;
	err_set(&service.stalled, ERR_STORE, "the disk is full");
	pass(60000);
	error_clear(&service.stalled);
	expect_poll();
	pass(1000);
}

/* --- failures ------------------------------------------------------- */

/* 256 bytes, in base 64. */
#define A57 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define SIGNATURE A57 A57 A57 A57 A57 A57 "=="
#define FAILURE                                                              \
	"{\"Type\":\"Notification\",\"MessageId\":\"sns-1\",\"TopicArn\":"   \
	"\"arn:aws:sns:eu-west-3:123456789012:t\",\"Message\":\"{"           \
	"\\\"invocationStatus"                                               \
	"\\\":\\\"Failed\\\"}\",\"Timestamp\":\"2026-11-22T10:00:00.000Z\"," \
	"\"SignatureVersion\":\"1\",\"Signature\":\"" SIGNATURE "\","        \
	"\"SigningCertURL\":"                                                \
	"\"https://sns.eu-west-3.amazonaws.com/"                             \
	"x.pem\",\"UnsubscribeURL\":\"u\"}"

static void
a_failure_is_vouched_for_by_the_signature_of_its_topic(void **state)
{
	(void)state;
	expect_messages(1, FAILURE);
	expect_poll();
	peer_reply(expect("DeleteMessageBatch"), 200, "", DELETED);
	pass(1000);
	assert_int_equal(nrings, 1);
	assert_true(rings[0].verified);
	assert_int_equal(rings[0].way, DOORBELL_SQS);
	assert_string_equal(
	    rings[0].source, "arn:aws:sns:eu-west-3:123456789012:t");
	assert_string_equal(rings[0].id, "sns-1");
	assert_string_equal(rings[0].text, "{\"invocationStatus\":\"Failed\"}");
}

static void
a_forged_one_rings_and_is_not_believed(void **state)
{
	(void)state;
	judged = ERR_AUTH;
	expect_messages(1, FAILURE);
	expect_poll();
	peer_reply(expect("DeleteMessageBatch"), 200, "", DELETED);
	pass(1000);
	assert_int_equal(nrings, 1);
	assert_false(rings[0].verified);
	assert_string_equal(rings[0].source, QUEUE);
}

static unsigned warned;

static void
count_warning(const char *line, void *arg)
{
	(void)arg;
	warned += strstr(line, "did not sign") != NULL;
}

static void
forged_ones_fill_no_log(void **state)
{
	int i;

	(void)state;
	judged = ERR_AUTH;
	warned = 0;
	log_set_sink(count_warning, NULL);
	log_init(LOG_INFO, LOG_TEXT);
	expect_messages(1, FAILURE);
	for (i = 0; i < 4; i++) {
		/* The next poll begins before what came is deleted. */
		peer_delay(expect_messages(1, FAILURE), 1000);
		peer_reply(expect("DeleteMessageBatch"), 200, "", DELETED);
	}
	expect_poll();
	peer_reply(expect("DeleteMessageBatch"), 200, "", DELETED);
	pass(10000);
	log_set_sink(NULL, NULL);
	log_init(LOG_NONE, LOG_TEXT);
	assert_int_equal(nrings, 5);
	assert_int_equal(warned, 1);
}

static void
one_that_cannot_be_judged_now_comes_again(void **state)
{
	(void)state;
	judged = ERR_NET;
	expect_messages(1, FAILURE);
	expect_poll();
	expect_release("10");
	pass(900);
	assert_int_equal(nrings, 0);
	assert_int_equal(count(MESSAGES("failed")), 1);
}

/* It rings all the same, and nobody vouches for it. */
static void
one_that_can_never_be_judged_is_not_believed(void **state)
{
	(void)state;
	judged = ERR_NET;
	receives = "5";
	expect_messages(1, FAILURE);
	expect_poll();
	peer_reply(expect("DeleteMessageBatch"), 200, "", DELETED);
	pass(1000);
	assert_int_equal(nrings, 1);
	assert_false(rings[0].verified);
	assert_string_equal(rings[0].source, QUEUE);
}

static void
what_is_being_judged_ends_with_the_service(void **state)
{
	(void)state;
	hold = true;
	expect_messages(1, FAILURE);
	expect_poll();
	pass(1000);
	assert_true(queues_busy(queues));
	queues_free(queues);
	queues = NULL;
	assert_int_equal(nrings, 0);
}

/* --- how often ------------------------------------------------------ */

static void
full_answers_make_more_polls_at_once(void **state)
{
	int i;

	(void)state;
	hold = true;
	for (i = 0; i < 3; i++)
		expect_messages(10, "x");
	for (i = 0; i < 4; i++)
		expect_poll();
	pass(1000);
	assert_int_equal(nrings, 30);
}

static void
each_message_has_a_turn_of_the_loop_of_its_own(void **state)
{
	(void)state;
	hold = true;
	expect_messages(10, "x");
	expect_poll();
	expect_poll();
	pass(1000);
	assert_int_equal(nrings, 10);
	assert_int_equal(most_in_turn, 1);
}

static void
a_queue_that_does_not_wait_is_asked_once_a_second(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 5; i++)
		peer_reply(expect("ReceiveMessage"), 200, "", "{}");
	expect_poll();
	pass(5500);
	for (i = 1; i < 6; i++)
		assert_true(
		    peer_seen((size_t)i)->at - peer_seen((size_t)i - 1)->at >=
		    1000);
}

static void
a_queue_is_asked_to_wait_for_20_seconds(void **state)
{
	(void)state;
	peer_body(expect("ReceiveMessage"),
	    "{\"QueueUrl\":\"" QUEUE "\",\"MaxNumberOfMessages\":10,"
	    "\"WaitTimeSeconds\":20,\"MessageSystemAttributeNames\":"
	    "[\"SentTimestamp\",\"ApproximateReceiveCount\"]}");
	pass(1000);
}

static void
one_that_waits_is_asked_again_at_once(void **state)
{
	(void)state;
	peer_delay(peer_reply(expect("ReceiveMessage"), 200, "", "{}"), 20000);
	expect_poll();
	pass(20001);
}

static void
errors_are_waited_out_longer_each_time(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		peer_reply(expect("ReceiveMessage"), 400, "",
		    "{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\"}");
	expect_poll();
	pass(30000);
	assert_int_equal(count("\nawaitd_sqs_errors_total "), 4);
	for (i = 2; i < 5; i++)
		assert_true(peer_seen(i)->at - peer_seen(i - 1)->at >
		    peer_seen(i - 1)->at - peer_seen(i - 2)->at);
}

static void
what_could_not_be_deleted_is_counted(void **state)
{
	(void)state;
	expect_messages(1, "x");
	expect_poll();
	peer_reply(expect("DeleteMessageBatch"), 403, "",
	    "{\"__type\":\"com.amazon.coral.service#AccessDeniedException\"}");
	pass(1000);
	assert_int_equal(count("\nawaitd_sqs_deleted_total "), 0);
	assert_int_equal(count("\nawaitd_sqs_errors_total "), 1);
	assert_false(queues_busy(queues));
}

/* --- the end -------------------------------------------------------- */

static void
at_the_end_what_was_received_is_finished(void **state)
{
	(void)state;
	hold = true;
	expect_messages(1, "x");
	expect_poll();
	pass(1000);
	queues_drain(queues);
	assert_true(queues_busy(queues));
	peer_reply(
	    peer_delay(expect("DeleteMessageBatch"), 100), 200, "", DELETED);
	answer_all(NULL);
	assert_true(queues_busy(queues));
	pass(60000);
	assert_false(queues_busy(queues));
}

static void
end_it(void *arg)
{
	(void)arg;
	queues_free(queues);
	queues = NULL;
}

static void
what_was_not_read_yet_ends_with_the_service(void **state)
{
	(void)state;
	hold = true;
	on_ring = end_it;
	expect_messages(10, "x");
	pass(1000);
	assert_int_equal(nrings, 1);
	answer_all(NULL);
}

static void
the_doorbell_may_answer_behind_the_end(void **state)
{
	(void)state;
	hold = true;
	expect_messages(2, "x");
	expect_poll();
	pass(1000);
	queues_free(queues);
	queues = NULL;
	answer_all(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    QUEUES_TEST(a_message_is_rung_and_then_deleted),
	    QUEUES_TEST(an_envelope_of_SNS_is_opened),
	    QUEUES_TEST(nothing_is_deleted_before_the_verdict),
	    QUEUES_TEST(whatever_is_understood_is_deleted),
	    QUEUES_TEST(what_makes_no_sense_is_left_for_longer_each_time),
	    QUEUES_TEST(a_topic_that_wants_to_be_confirmed_rings_nobody),
	    QUEUES_TEST(what_can_be_no_topic_is_not_shown),
	    QUEUES_TEST(what_cannot_be_stored_is_given_back),
	    QUEUES_TEST(while_nothing_can_be_written_nothing_is_received),
	    QUEUES_TEST(a_failure_is_vouched_for_by_the_signature_of_its_topic),
	    QUEUES_TEST(a_forged_one_rings_and_is_not_believed),
	    QUEUES_TEST(forged_ones_fill_no_log),
	    QUEUES_TEST(one_that_cannot_be_judged_now_comes_again),
	    QUEUES_TEST(one_that_can_never_be_judged_is_not_believed),
	    QUEUES_TEST(what_is_being_judged_ends_with_the_service),
	    QUEUES_TEST(full_answers_make_more_polls_at_once),
	    QUEUES_TEST(a_queue_that_does_not_wait_is_asked_once_a_second),
	    QUEUES_TEST(a_queue_is_asked_to_wait_for_20_seconds),
	    QUEUES_TEST(one_that_waits_is_asked_again_at_once),
	    QUEUES_TEST(errors_are_waited_out_longer_each_time),
	    QUEUES_TEST(what_could_not_be_deleted_is_counted),
	    QUEUES_TEST(each_message_has_a_turn_of_the_loop_of_its_own),
	    QUEUES_TEST(at_the_end_what_was_received_is_finished),
	    QUEUES_TEST(what_was_not_read_yet_ends_with_the_service),
	    QUEUES_TEST(the_doorbell_may_answer_behind_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
