/* SPDX-License-Identifier: Apache-2.0 */
/* serve/sns_listener and its files: which message gets which answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/http_server.h"
#include "tests/unit/sns_listener_rig.h"

#define NOTE "Notification"
#define SUBSCRIBE "SubscriptionConfirmation"
#define UNSUBSCRIBE "UnsubscribeConfirmation"

/* --- notifications -------------------------------------------------- */

static void
a_genuine_one_rings_and_gets_200(void **state)
{
	char *json = sns_json(NOTE, TOPIC, "it\\nis {done}");

	(void)state;
	sns_start(NULL);
	assert_int_equal(sns_ask("", json), 200);
	assert_int_equal(sns.body.len, 0);
	assert_int_equal(fake.checks, 1);
	assert_true(fake.was_fresh);
	assert_int_equal(fake.rings, 1);
	assert_string_equal(fake.source, TOPIC);
	assert_string_equal(fake.message_id, ID);
	assert_string_equal(fake.text, "it\nis {done}");
	assert_true(fake.note.verified);
	assert_int_equal(fake.note.sent_at, 1795341600000);
	assert_int_equal(fake.note.remember_ms, 80 * 60 * 1000);
	assert_int_equal(sns_result(SNS_RESULT_TAKEN), 1);
	free(json);
}

static void
only_what_may_be_forgotten_gets_200(void **state)
{
	static const struct {
		enum doorbell_verdict verdict;
		int status;
		enum sns_result result;
	} cases[] = {
	    {DOORBELL_TAKEN, 200, SNS_RESULT_TAKEN},
	    {DOORBELL_COPY, 200, SNS_RESULT_COPY},
	    {DOORBELL_UNKNOWN, 200, SNS_RESULT_UNKNOWN},
	    {DOORBELL_SENSELESS, 200, SNS_RESULT_SENSELESS},
	    {DOORBELL_FAILED, 503, SNS_RESULT_NOT_STORED},
	};
	size_t i;

	(void)state;
	sns_start(NULL);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		fake.verdict = cases[i].verdict;
		assert_int_equal(sns_ask_type(NOTE), cases[i].status);
		assert_int_equal(sns_result(cases[i].result), 1);
	}
	assert_int_equal(sns_logged("was not stored"), 1);
	assert_int_equal(sns_logged("the disk is full"), 1);
}

static void
the_answer_waits_for_the_commit(void **state)
{
	char *json = sns_json(NOTE, TOPIC, NULL);
	int fd;

	(void)state;
	sns_start(NULL);
	fake.ring_held = true;
	fd = sns_connect();
	sns_post(fd, "", json);
	sns_turn();
	assert_int_equal(fake.rings, 1);
	assert_false(sns_has_reply(fd));
	sns_let_go();
	assert_true(sns_reply(fd));
	assert_int_equal(sns.status, 200);
	close(fd);
	free(json);
}

static void
one_connection_serves_many(void **state)
{
	char *json = sns_json(NOTE, TOPIC, NULL);
	int i, fd;

	(void)state;
	sns_start(NULL);
	fd = sns_connect();
	for (i = 0; i < 20; i++) {
		sns_post(fd, "", json);
		assert_true(sns_reply(fd));
		assert_int_equal(sns.status, 200);
	}
	assert_int_equal(fake.rings, 20);
	close(fd);
	free(json);
}

/* --- what is not believed ------------------------------------------- */

static void
a_forgery_hears_nothing_but_no(void **state)
{
	(void)state;
	sns_start(NULL);
	fake.check = ERR_AUTH;
	assert_int_equal(sns_ask_type(NOTE), 403);
	assert_string_equal(sns.body.data, "forbidden\n");
	assert_int_equal(sns_ask_type(SUBSCRIBE), 403);
	assert_string_equal(sns.body.data, "forbidden\n");
	assert_int_equal(sns_ask_type(UNSUBSCRIBE), 403);
	assert_int_equal(fake.rings + fake.confirms, 0);
	assert_int_equal(sns_result(SNS_RESULT_FORGED), 3);
	assert_int_equal(sns_result(SNS_RESULT_UNSUBSCRIBED), 0);
	/* One line for all of them, in this minute. */
	assert_int_equal(sns_logged("is not to be believed"), 1);
	assert_int_equal(sns_logged("so it was told"), 1);
}

static void
what_cannot_be_checked_now_comes_again(void **state)
{
	static const enum error_code codes[] = {
	    ERR_NET, ERR_TIMEOUT, ERR_BUSY, ERR_REMOTE, ERR_PROTOCOL};
	size_t i;

	(void)state;
	sns_start(NULL);
	for (i = 0; i < ARRAY_LEN(codes); i++) {
		fake.check = codes[i];
		assert_int_equal(sns_ask_type(NOTE), 503);
	}
	assert_int_equal(fake.rings, 0);
	assert_int_equal(sns_result(SNS_RESULT_UNCHECKED), 5);
}

/* SNS takes 403 as final: whoever reads the log must know what to look at. */
static void
what_is_genuine_and_not_of_now_is_told_apart(void **state)
{
	(void)state;
	sns_start(NULL);
	fake.check = ERR_AUTH;
	assert_int_equal(sns_ask_type(NOTE), 403);
	fake.check = ERR_LIMIT;
	fake.check_final = true;
	assert_int_equal(sns_ask_type(NOTE), 403);
	assert_string_equal(sns.body.data, "forbidden\n");
	assert_int_equal(sns_ask_type(NOTE), 403);
	fake.check_final = false;
	assert_int_equal(sns_ask_type(NOTE), 503);
	assert_int_equal(fake.rings, 0);
	assert_int_equal(sns_result(SNS_RESULT_STALE), 3);
	assert_int_equal(sns_result(SNS_RESULT_FORGED), 1);
	/* One line for all of them, in this minute; no forgery hides it. */
	assert_int_equal(sns_logged("is refused for its time"), 1);
	assert_int_equal(sns_logged("is not to be believed"), 1);
}

static void
headers_that_say_another_thing_are_no_better(void **state)
{
	static const char *const fields[] = {
	    "x-amz-sns-message-type: SubscriptionConfirmation\r\n",
	    "x-amz-sns-message-id: 1\r\n",
	    "x-amz-sns-topic-arn: " TOPIC2 "\r\n",
	    "x-amz-sns-topic-arn: " TOPIC "\r\nx-amz-sns-topic-arn: " TOPIC
	    "\r\n",
	};
	char *json = sns_json(NOTE, TOPIC, NULL);
	size_t i;

	(void)state;
	sns_start(NULL);
	for (i = 0; i < ARRAY_LEN(fields); i++)
		assert_int_equal(sns_ask(fields[i], json), 403);
	assert_int_equal(fake.checks, 0);
	assert_int_equal(sns_ask("x-amz-sns-message-type: Notification\r\n"
				 "x-amz-sns-message-id: " ID "\r\n"
				 "x-amz-sns-topic-arn: " TOPIC "\r\n"
				 "Content-Type: application/json\r\n",
			     json),
	    200);
	free(json);
}

static void
no_message_at_all_is_a_400(void **state)
{
	(void)state;
	sns_start(NULL);
	assert_int_equal(sns_ask("", "{}"), 400);
	assert_int_equal(sns_ask("", "\377\376"), 400);
	assert_int_equal(sns_ask("", "[1]"), 400);
	assert_int_equal(fake.checks, 0);
	assert_int_equal(sns_result(SNS_RESULT_MALFORMED), 3);
	assert_int_equal(sns_logged("no message of SNS"), 1);
}

/* --- requests ------------------------------------------------------- */

static void
expect(const char *request, int status)
{
	int fd = sns_connect();

	sns_send(fd, request, strlen(request));
	if (!sns_reply(fd) || sns.status != status)
		fail_msg("not %d: %s", status, sns.head.data);
	close(fd);
	sns_turn();
}

static void
only_a_post_with_a_length_to_the_path_is_read(void **state)
{
	(void)state;
	sns_start(NULL);
#define TO(line, fields) line " HTTP/1.1\r\nHost: a\r\n" fields "\r\n"
	expect(TO("GET /sns", ""), 405);
	assert_non_null(strstr(sns.head.data, "\r\nAllow: POST\r\n"));
	expect(TO("PUT /sns", "Content-Length: 2\r\n") "{}", 405);
	expect(TO("POST /", "Content-Length: 2\r\n") "{}", 404);
	expect(TO("POST /sns/", "Content-Length: 2\r\n") "{}", 404);
	expect(TO("POST /SNS", "Content-Length: 2\r\n") "{}", 404);
	expect(TO("POST /sns?a", "Content-Length: 2\r\n") "{}", 404);
	expect(TO("POST /%73ns", "Content-Length: 2\r\n") "{}", 404);
	expect(TO("POST /sns", ""), 411);
	expect(TO("POST /sns", "Content-Length: 0\r\n"), 411);
	expect(
	    TO("POST /sns", "Transfer-Encoding: chunked\r\n") "0\r\n\r\n", 411);
	assert_non_null(strstr(sns.head.data, "\r\nConnection: close\r\n"));
	expect(TO("POST /sns", "Content-Length: 1048577\r\n"), 413);
	expect(TO("POST /sns", "Content-Length: 10000000000\r\n"), 413);
	assert_int_equal(fake.checks, 0);
	assert_int_equal(sns_result(SNS_RESULT_MALFORMED), 12);
#undef TO
}

/* --- raw delivery --------------------------------------------------- */

#define RAW "x-amz-sns-rawdelivery: true\r\n"
#define RAW_FIELDS                                     \
	RAW "x-amz-sns-message-type: Notification\r\n" \
	    "x-amz-sns-message-id: " ID "\r\n"         \
	    "x-amz-sns-topic-arn: " TOPIC "\r\n"

static void
raw_delivery_is_refused(void **state)
{
	char *json = sns_json(NOTE, TOPIC, NULL);

	(void)state;
	sns_start(NULL);
	assert_int_equal(sns_ask(RAW_FIELDS, "hello"), 400);
	assert_int_equal(sns_ask(RAW_FIELDS, json), 400);
	assert_int_equal(fake.checks + fake.rings, 0);
	assert_int_equal(sns_result(SNS_RESULT_RAW), 2);
	assert_int_equal(sns_logged("RawMessageDelivery"), 1);
	free(json);
}

#define USER "sns:a long password"
#define AUTH "Authorization: Basic c25zOmEgbG9uZyBwYXNzd29yZA==\r\n"

static void
with_a_password_it_is_a_reason_to_look(void **state)
{
	char *more = xasprintf(
	    "raw = accept\nuser_file = %s", sns_file("user", USER "\n", 0600));

	(void)state;
	sns_start(more);
	free(more);
	assert_int_equal(sns_ask(RAW_FIELDS, "hello"), 401);
	assert_int_equal(fake.rings, 0);
	assert_int_equal(sns_ask(AUTH RAW_FIELDS, "hello"), 200);
	assert_int_equal(fake.checks, 0);
	assert_int_equal(fake.rings, 1);
	assert_string_equal(fake.text, "hello");
	assert_string_equal(fake.source, TOPIC);
	assert_false(fake.note.verified);
	assert_int_equal(fake.note.sent_at, -1);
	/* What is not said, or of another topic. */
	assert_int_equal(sns_ask(AUTH RAW, "hello"), 400);
	assert_int_equal(
	    sns_ask(AUTH RAW "x-amz-sns-message-type: Notification\r\n"
			     "x-amz-sns-message-id: " ID "\r\n"
			     "x-amz-sns-topic-arn: " TOPIC "x\r\n",
		"hello"),
	    403);
	assert_int_equal(fake.rings, 1);
	assert_int_equal(sns_logged("its topic is none of"), 1);
}

/* --- the user ------------------------------------------------------- */

static void
who_has_no_password_is_asked_for_one(void **state)
{
	static const char *const wrong[] = {
	    "",
	    "Authorization: Basic c25zOmEgbG9uZyBwYXNzd29yZB==\r\n",
	    "Authorization: Basic\r\n",
	    "Authorization: Basic \r\n",
	    "Authorization: Bearer c25zOmEgbG9uZyBwYXNzd29yZA==\r\n",
	    AUTH AUTH,
	};
	char *more =
	    xasprintf("user_file = %s", sns_file("user", "  " USER "\n", 0600));
	char *json = sns_json(NOTE, TOPIC, NULL);
	size_t i;

	(void)state;
	sns_start(more);
	free(more);
	for (i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_int_equal(sns_ask(wrong[i], json), 401);
		assert_non_null(strstr(sns.head.data,
		    "\r\nWWW-Authenticate: Basic realm=\"sns\""));
		/* Of who brings none, as SNS does first, nothing is said. */
		assert_int_equal(sns_logged("its Authorization is not"), i > 0);
	}
	assert_int_equal(fake.checks, 0);
	assert_int_equal(sns_result(SNS_RESULT_UNAUTHORIZED), 6);
	assert_int_equal(sns_ask(AUTH, json), 200);
	assert_int_equal(
	    sns_ask("authorization: basic   c25zOmEgbG9uZyBwYXNzd29yZA==\r\n",
		json),
	    200);
	/* Nothing of the body is read before. */
	expect(
	    "POST /sns HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", 401);
	free(json);
	assert_int_equal(sns_logged("password"), 0);
}

static void
a_user_file_must_be_private_and_whole(void **state)
{
	static const char *const bad[] = {"", "\n", "nobody\n", "user:short\n",
	    ":a long password\n", "user:a long\npassword\n"};
	char *more;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		more =
		    xasprintf("user_file = %s", sns_file("user", bad[i], 0600));
		sns_start_fails(more, "must be one line, user:password",
		    "https://user:password@host/sns");
		free(more);
	}
	more = xasprintf("user_file = %s", sns_file("user", USER, 0640));
	sns_start_fails(more, "can be read by others", "chmod 600");
	free(more);
	more = xasprintf("user_file = %s", sns_file("user", NULL, 0));
	sns_start_fails(more, "[sns] user_file: ", "");
	free(more);
}

/* --- subscriptions -------------------------------------------------- */

static void
a_subscription_is_confirmed_by_a_call(void **state)
{
	(void)state;
	sns_start(NULL);
	assert_int_equal(sns_ask_type(SUBSCRIBE), 200);
	assert_int_equal(fake.confirms, 1);
	assert_string_equal(fake.token, "abcdef0123");
	assert_int_equal(sns_result(SNS_RESULT_CONFIRMED), 1);
	assert_int_equal(sns_logged("subscription confirmed"), 1);
	assert_int_equal(sns_logged(TOPIC ":8e1c"), 1);
	assert_int_equal(sns_logged("abcdef0123"), 0);
	/* A copy costs no call. */
	assert_int_equal(sns_ask_type(SUBSCRIBE), 200);
	assert_int_equal(fake.confirms, 1);
	assert_int_equal(fake.rings, 0);
}

/* Somebody has subscribed again. */
static void
another_token_of_its_topic_is_confirmed_too(void **state)
{
	char *json = sns_json(SUBSCRIBE, TOPIC, NULL);
	char *token = strstr(json, "abcdef0123");

	(void)state;
	sns_start(NULL);
	assert_int_equal(sns_ask("", json), 200);
	memcpy(token, "0123abcdef", 10);
	assert_int_equal(sns_ask("", json), 200);
	assert_int_equal(fake.confirms, 2);
	assert_string_equal(fake.token, "0123abcdef");
	free(json);
}

static void
one_that_fails_comes_again_if_that_may_help(void **state)
{
	static const struct {
		enum error_code code;
		int status;
	} cases[] = {
	    {ERR_NET, 503},
	    {ERR_TIMEOUT, 503},
	    {ERR_THROTTLED, 503},
	    {ERR_REMOTE, 503},
	    {ERR_AUTH, 503}, /* a permission can be given */
	    {ERR_CONFIG, 503},
	    {ERR_REFUSED, 400},
	    {ERR_NOT_FOUND, 400},
	};
	size_t i;

	(void)state;
	sns_start(NULL);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		fake.confirm = cases[i].code;
		assert_int_equal(sns_ask_type(SUBSCRIBE), cases[i].status);
		assert_int_equal(fake.confirms, (int)i + 1);
	}
	assert_int_equal(sns_result(SNS_RESULT_UNCONFIRMED), ARRAY_LEN(cases));
	/* One line for all of them, in this minute. */
	assert_int_equal(sns_logged("aws sns subscribe"), 1);
	assert_int_equal(sns_logged("abcdef0123"), 0);
	fake.confirm = ERR_NONE;
	assert_int_equal(sns_ask_type(SUBSCRIBE), 200);
}

static void
one_at_a_time_for_a_topic(void **state)
{
	char *json = sns_json(SUBSCRIBE, TOPIC, NULL);
	char *other = sns_json(SUBSCRIBE, TOPIC2, NULL);
	int fd, fd2;

	(void)state;
	sns_start(NULL);
	fake.confirm_held = true;
	fd = sns_connect();
	sns_post(fd, "", json);
	sns_turn();
	assert_int_equal(fake.confirms, 1);
	assert_int_equal(sns_ask("", json), 503);
	assert_int_equal(fake.confirms, 1);
	fd2 = sns_connect();
	sns_post(fd2, "", other);
	sns_turn();
	assert_int_equal(fake.confirms, 2);
	sns_let_go();
	assert_true(sns_reply(fd));
	assert_int_equal(sns.status, 200);
	assert_true(sns_reply(fd2));
	assert_int_equal(sns.status, 200);
	close(fd);
	close(fd2);
	free(json);
	free(other);
}

static void
an_end_of_a_subscription_is_an_alarm(void **state)
{
	(void)state;
	sns_start(NULL);
	assert_int_equal(sns_ask_type(UNSUBSCRIBE), 200);
	assert_int_equal(fake.rings + fake.confirms, 0);
	assert_int_equal(sns_result(SNS_RESULT_UNSUBSCRIBED), 1);
	assert_int_equal(
	    sns_logged("somebody ended the subscription to " TOPIC), 1);
}

static void
copies_of_an_alarm_fill_no_log(void **state)
{
	char *other = sns_json(UNSUBSCRIBE, TOPIC2, NULL);
	int i;

	(void)state;
	sns_start(NULL);
	for (i = 0; i < 20; i++)
		assert_int_equal(sns_ask_type(UNSUBSCRIBE), 200);
	assert_int_equal(sns_logged("somebody ended the subscription"), 1);
	assert_int_equal(sns_result(SNS_RESULT_UNSUBSCRIBED), 20);
	/* They hide no other one. */
	assert_int_equal(sns_ask("", other), 200);
	assert_int_equal(
	    sns_logged("somebody ended the subscription to " TOPIC2), 1);
	free(other);
}

/* --- peers that leave, and a listener that does --------------------- */

static void
post_and_leave(const char *type)
{
	char *json = sns_json(type, TOPIC, NULL);
	struct linger reset = {.l_onoff = 1};
	int fd = sns_connect();

	sns_post(fd, "", json);
	sns_turn();
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	sns_turn();
	free(json);
}

static void
who_leaves_takes_only_the_answer_along(void **state)
{
	(void)state;
	sns_start(NULL);
	fake.check_held = true;
	post_and_leave(NOTE);
	assert_int_equal(fake.checks, 1);
	assert_int_equal(fake.checks_cancelled, 1);
	sns_let_go();
	fake.ring_held = true;
	post_and_leave(NOTE);
	assert_int_equal(fake.rings, 1);
	sns_let_go();
	assert_int_equal(sns_result(SNS_RESULT_TAKEN), 1);
	fake.confirm_held = true;
	post_and_leave(SUBSCRIBE);
	assert_int_equal(fake.confirms_cancelled, 0);
	sns_let_go();
	assert_int_equal(sns_result(SNS_RESULT_CONFIRMED), 1);
}

static void
its_end_calls_off_what_it_can(void **state)
{
	char *note = sns_json(NOTE, TOPIC, NULL);
	char *sub = sns_json(SUBSCRIBE, TOPIC, NULL);
	int fds[4];
	size_t i;

	(void)state;
	sns_start(NULL);
	for (i = 0; i < 4; i++)
		fds[i] = sns_connect();
	fake.ring_held = fake.confirm_held = true;
	sns_post(fds[0], "", note);
	sns_post(fds[1], "", sub);
	sns_turn();
	fake.check_held = true;
	sns_post(fds[2], "", note);
	sns_send(fds[3], "POST /sns", 9);
	sns_turn();
	sns_stop();
	assert_int_equal(fake.checks_cancelled, 1);
	assert_int_equal(fake.confirms_cancelled, 1);
	/* The doorbell tells it all the same. */
	sns_let_go();
	for (i = 0; i < 4; i++)
		close(fds[i]);
	free(note);
	free(sub);
}

static void
a_stop_waits_for_what_was_read(void **state)
{
	char *json = sns_json(NOTE, TOPIC, NULL);
	int fd, idle;

	(void)state;
	sns_start(NULL);
	fake.ring_held = true;
	idle = sns_connect();
	fd = sns_connect();
	sns_post(fd, "", json);
	sns_turn();
	sns_listener_drain(sns.listener);
	sns_turn();
	assert_false(sns_has_reply(fd));
	assert_true(sns_listener_connections(sns.listener) > 0);
	sns_let_go();
	assert_true(sns_reply(fd));
	assert_int_equal(sns.status, 200);
	assert_non_null(strstr(sns.head.data, "\r\nConnection: close\r\n"));
	assert_false(sns_reply(idle));
	close(fd);
	close(idle);
	sns_turn();
	assert_int_equal(sns_listener_connections(sns.listener), 0);
	free(json);
}

/* --- much at a time ------------------------------------------------- */

#define BIG ((size_t)1000000)

/* Bodies that do not end hold 8 MiB in all, and never the small ones. */
static void
large_bodies_make_place_for_others(void **state)
{
	char *part = xmalloc(BIG);
	int fds[12];
	size_t i;

	(void)state;
	sns_start(NULL);
	memset(part, ' ', BIG);
	for (i = 0; i < ARRAY_LEN(fds); i++) {
		static const char head[] = "POST /sns HTTP/1.1\r\nHost: a\r\n"
					   "Content-Length: 1048576\r\n\r\n";

		fds[i] = sns_connect();
		sns_send(fds[i], head, strlen(head));
		sns_send(fds[i], part, BIG);
		assert_int_equal(sns_ask_type(NOTE), 200);
	}
	assert_int_equal(sns_result(SNS_RESULT_CROWDED), 4);
	for (i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	free(part);
}

/* One address has a quarter of all places, and makes them itself. */
static void
who_only_holds_on_makes_place(void **state)
{
	struct sns_counts counts;
	int fds[70];
	size_t i;

	(void)state;
	sns_start(NULL);
	for (i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = sns_connect();
		sns_send(fds[i], "POST /sns", 9);
	}
	assert_int_equal(sns_listener_connections(sns.listener), 64);
	assert_int_equal(sns_ask_type(NOTE), 200);
	assert_true(sns_listener_count(sns.listener, &counts));
	assert_int_equal(counts.evicted, ARRAY_LEN(fds) - 64 + 1);
	for (i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
}

int
main(void)
{
#define T(test) \
	cmocka_unit_test_setup_teardown(test, sns_rig_setup, sns_rig_teardown)
	const struct CMUnitTest tests[] = {
	    T(a_genuine_one_rings_and_gets_200),
	    T(only_what_may_be_forgotten_gets_200),
	    T(the_answer_waits_for_the_commit),
	    T(one_connection_serves_many),
	    T(a_forgery_hears_nothing_but_no),
	    T(what_cannot_be_checked_now_comes_again),
	    T(what_is_genuine_and_not_of_now_is_told_apart),
	    T(headers_that_say_another_thing_are_no_better),
	    T(no_message_at_all_is_a_400),
	    T(only_a_post_with_a_length_to_the_path_is_read),
	    T(raw_delivery_is_refused),
	    T(with_a_password_it_is_a_reason_to_look),
	    T(who_has_no_password_is_asked_for_one),
	    T(a_user_file_must_be_private_and_whole),
	    T(a_subscription_is_confirmed_by_a_call),
	    T(another_token_of_its_topic_is_confirmed_too),
	    T(one_that_fails_comes_again_if_that_may_help),
	    T(one_at_a_time_for_a_topic),
	    T(an_end_of_a_subscription_is_an_alarm),
	    T(copies_of_an_alarm_fill_no_log),
	    T(who_leaves_takes_only_the_answer_along),
	    T(its_end_calls_off_what_it_can),
	    T(a_stop_waits_for_what_was_read),
	    T(large_bodies_make_place_for_others),
	    T(who_only_holds_on_makes_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
