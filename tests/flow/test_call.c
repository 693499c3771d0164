/* SPDX-License-Identifier: Apache-2.0 */
/* One call, from its first try to its end, with a clock and keys that fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "aws/awserr.h"
#include "tests/support/call_rig.h"

#define XML(code) "<Error><Code>" code "</Code></Error>"

/* --- what is sent --------------------------------------------------- */

static void
it_is_signed_and_named_once_for_all_tries(void **state)
{
	struct peer_step *s = call_expect();

	(void)state;
	peer_header(s, "Authorization", "*Credential=AKIDKEYS/*");
	peer_header(s, "Authorization",
	    "*SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;host;*");
	peer_header(s, "amz-sdk-invocation-id", "*-*-4*-*-*");
	peer_header(s, "amz-sdk-request", "attempt=1; max=3");
	peer_reply(s, 500, "", "");
	s = call_expect();
	peer_header(s, "amz-sdk-request", "attempt=2; max=3");
	peer_reply(s, 200, "", "yes");
	call_watch();
	call_begin(NULL);
	pass(1000);
	assert_int_equal(call.ended, 1);
	assert_int_equal(call.status, 200);
	assert_int_equal(call.nids, 2);
	assert_string_equal(call.ids[0], call.ids[1]);
}

static void
two_calls_have_two_names(void **state)
{
	(void)state;
	peer_reply(call_expect(), 200, "", "");
	peer_reply(call_expect(), 200, "", "");
	call_watch();
	call_begin(NULL);
	pass(0);
	call_begin(NULL);
	pass(0);
	assert_string_not_equal(call.ids[0], call.ids[1]);
}

static void
fixed_credentials_take_the_place_of_the_chain(void **state)
{
	static char key[] = "AKIDFIXED", secret[] = "s";
	struct creds fixed = {
	    .access_key = key,
	    .secret_key = secret,
	    .expires_mono = INT64_MAX,
	};
	struct aws_client_options o = {.fixed = &fixed};
	struct peer_step *s;

	(void)state;
	fake_creds_no_plan("nobody asks for one");
	call_client(&o);
	assert_null(aws_client_creds(call.client));
	s = call_expect();
	peer_header(s, "Authorization", "*Credential=AKIDFIXED/*");
	peer_reply(s, 403, "", XML("ExpiredToken"));
	call_begin(NULL);
	pass(1000);
	/* There are no others. */
	assert_int_equal(awserr_class(&call.err), AWSERR_EXPIRED);
}

static void
an_anonymous_client_signs_nothing(void **state)
{
	struct aws_client_options o = {.anonymous = true};
	struct peer_step *s;

	(void)state;
	fake_creds_no_plan("nobody asks for one");
	call_client(&o);
	s = call_expect();
	peer_header(s, "Authorization", NULL);
	peer_header(s, "x-amz-date", NULL);
	peer_header(s, "x-amz-content-sha256", NULL);
	peer_header(s, "amz-sdk-request", "attempt=1; max=3");
	peer_reply(s, 200, "", "");
	call_begin(NULL);
	pass(0);
	assert_int_equal(call.status, 200);
}

static void
a_file_is_sent_from_its_beginning_each_time(void **state)
{
	struct aws_request r = call_request();
	int fd = memfd_create("body", 0), i;

	(void)state;
	assert_int_equal(write(fd, "the body", 8), 8);
	r.method = "PUT";
	r.body_fd = fd;
	r.file_len = 8;
	for (i = 0; i < 3; i++) {
		struct peer_step *s = peer_expect("PUT", CALL_URL);

		peer_header(s, "x-amz-content-sha256", "UNSIGNED-PAYLOAD");
		peer_body(s, "the body");
		peer_reply(s, i < 2 ? 503 : 200, "", "");
	}
	call_begin(&r);
	pass(1000);
	assert_int_equal(call.status, 200);
	close(fd);
}

/* --- tries ---------------------------------------------------------- */

static int64_t
gap(size_t i)
{
	return peer_seen(i)->at - peer_seen(i - 1)->at;
}

static void
what_passes_is_tried_three_times(void **state)
{
	(void)state;
	peer_fail(call_expect(), ERR_NET, "reset", true);
	peer_reply(call_expect(), 502, "", "<html></html>");
	peer_fail(call_expect(), ERR_TIMEOUT, "no answer", true);
	call_begin(NULL);
	pass(60000);
	assert_int_equal(call.ended, 1);
	assert_int_equal(call.err.code, ERR_TIMEOUT);
	assert_non_null(strstr(call.err.text, "Op at http://s3.test"));
	/* 0.5 * 50 * 2^i */
	assert_int_equal(gap(1), 25);
	assert_int_equal(gap(2), 50);
}

static void
throttling_waits_longer(void **state)
{
	(void)state;
	peer_reply(call_expect(), 503, "", XML("SlowDown"));
	peer_reply(call_expect(), 429, "Retry-After: 600", "");
	peer_reply(call_expect(), 200, "", "");
	call_begin(NULL);
	pass(60000);
	assert_int_equal(call.status, 200);
	assert_int_equal(gap(1), 500);
	assert_int_equal(gap(2), 6000);
}

static void
what_is_no_better_later_is_not_tried_again(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum awserr_class class;
	} rows[] = {
	    {400, XML("ValidationError"), AWSERR_PERMANENT},
	    {403, XML("AccessDenied"), AWSERR_AUTH},
	    {403, "", AWSERR_AMBIGUOUS},
	    {404, "", AWSERR_NOT_FOUND},
	    {301, XML("PermanentRedirect"), AWSERR_REDIRECT},
	    {501, XML("NotImplemented"), AWSERR_TRANSIENT},
	    {403, "<html>proxy</html>", AWSERR_TRANSIENT},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		peer_reply(call_expect(), rows[i].status, "", rows[i].body);
		call_begin(NULL);
		pass(60000);
		assert_int_equal(call.ended, 1);
		assert_int_equal(awserr_class(&call.err), rows[i].class);
	}
}

static void
who_has_a_schedule_of_its_own_gets_each_error(void **state)
{
	struct aws_request r = call_request();

	(void)state;
	r.no_retry = true;
	peer_header(peer_reply(call_expect(), 503, "", ""), "amz-sdk-request",
	    "attempt=1; max=1");
	call_begin(&r);
	pass(60000);
	assert_int_equal(call.ended, 1);
	r.no_retry = false;
	r.once = true;
	peer_fail(call_expect(), ERR_NET, "refused", false);
	call_begin(&r);
	pass(60000);
	assert_int_equal(call.ended, 1);
	peer_reply(call_expect(), 400, "", XML("ThrottlingException"));
	call_begin(&r);
	pass(60000);
	assert_int_equal(awserr_class(&call.err), AWSERR_THROTTLED);
}

/* Breaks off behind its first piece, as a connection would. */
static int
break_off(const void *data, size_t len, void *arg, struct error *err)
{
	unsigned *pieces = arg;

	(void)data;
	(void)len;
	if (++*pieces == 1)
		return 0;
	err_set(err, ERR_NET, "the connection broke");
	err->retryable = true;
	return -1;
}

static void
once_the_sink_has_bytes_nothing_is_sent_again(void **state)
{
	struct aws_request r = call_request();
	unsigned pieces = 0;
	char body[2001];

	(void)state;
	memset(body, 'x', sizeof(body) - 1);
	body[sizeof(body) - 1] = '\0';
	r.sink = break_off;
	r.sink_arg = &pieces;
	/* The words of an error are not for the sink. */
	peer_reply(call_expect(), 500, "", XML("InternalError"));
	peer_reply(call_expect(), 200, "", body);
	call_begin(&r);
	pass(60000);
	assert_int_equal(call.ended, 1);
	assert_int_equal(call.err.code, ERR_NET);
	assert_int_equal(pieces, 2);
}

static void
the_quota_of_a_host_bounds_a_storm(void **state)
{
	struct aws_request r = call_request();
	int i;

	(void)state;
	peer_reply(peer_always("GET", "*"), 500, "", "");
	for (i = 0; i < 100; i++) {
		call_begin(&r);
		pass(1000);
	}
	/* 500 / 14 */
	assert_int_equal(peer_count("GET", CALL_URL), 100 + 35);
	/* Another host has one of its own. */
	r.host = "other.test";
	call_begin(&r);
	pass(1000);
	assert_int_equal(peer_count("GET", "http://other.test/*"), 3);
	/* What works gives back one each. */
	peer_reply(peer_always("GET", CALL_URL), 200, "", "");
	for (i = 0; i < 20; i++) {
		call_begin(NULL);
		pass(0);
	}
	peer_reply(peer_always("GET", CALL_URL), 500, "", "");
	call_begin(NULL);
	pass(1000);
	assert_int_equal(peer_count("GET", CALL_URL), 135 + 20 + 3);
}

static void
adaptive_mode_spaces_what_was_throttled(void **state)
{
	struct aws_client_options o = {0};
	int64_t begun;
	size_t i, n;

	(void)state;
	setenv("AWS_RETRY_MODE", "adaptive", 1);
	call_client(&o);
	unsetenv("AWS_RETRY_MODE");
	peer_reply(call_expect(), 400, "", XML("ThrottlingException"));
	peer_reply(peer_always("GET", "*"), 200, "", "");
	call_begin(NULL);
	pass(3000);
	assert_int_equal(call.status, 200);
	n = peer_count("*", "*");
	begun = peer_seen(n - 1)->at;
	for (i = 0; i < 5; i++)
		call_begin(NULL);
	pass(60000);
	assert_int_equal(peer_count("*", "*"), n + 5);
	/* It was half a request a second, and grows by what works. */
	assert_in_range(peer_seen(n + 4)->at - begun, 1500, 15000);
}

static void
refusals_are_shown_to_who_wants_them(void **state)
{
	struct aws_request r = call_request();

	(void)state;
	r.refused = call_note_refusal;
	peer_reply(call_expect(), 503, "x-amz-bucket-region: a", "");
	peer_reply(call_expect(), 301, "x-amz-bucket-region: b",
	    XML("PermanentRedirect"));
	call_begin(&r);
	pass(1000);
	assert_string_equal(call.refusals, "503 a, 301 b, ");
	assert_int_equal(awserr_class(&call.err), AWSERR_REDIRECT);
}

/* --- credentials ---------------------------------------------------- */

static void
a_call_waits_for_its_credentials_and_no_longer(void **state)
{
	struct aws_client_options o = {0};
	struct peer_step *s;

	(void)state;
	fake_creds_plan(CREDS_IMDS, "IMDS");
	call_client(&o);
	fake_creds_bring("FRESH", HOUR, 700);
	call_begin(NULL);
	pass(699);
	assert_int_equal(peer_count("*", "*"), 0);
	s = call_expect();
	peer_header(s, "Authorization", "*Credential=FRESH/*");
	peer_reply(s, 200, "", "");
	pass(1);
	assert_int_equal(call.status, 200);
}

static void
without_credentials_nothing_is_sent_and_the_error_says_why(void **state)
{
	struct aws_client_options o = {0};

	(void)state;
	fake_creds_plan(CREDS_SSO, "SSO");
	call_client(&o);
	fake_creds_fail(ERR_CONFIG, false, "the session is over", 10);
	call_begin(NULL);
	pass(1000);
	assert_int_equal(call.ended, 1);
	assert_int_equal(awserr_class(&call.err), AWSERR_NO_CREDENTIALS);
	assert_true(call.err.retryable);
	assert_false(call.err.sent);
	assert_string_equal(call.err.text,
	    "Op: no valid credentials (SSO): the session is over");
	assert_string_equal(call.err.hint, "Do something about it.");
}

static void
it_can_be_given_up_in_every_state(void **state)
{
	struct aws_client_options o = {0};

	(void)state;
	fake_creds_plan(CREDS_IMDS, "IMDS");
	call_client(&o);
	fake_creds_bring("A", HOUR, 100);
	call_begin(NULL);
	pass(50);
	aws_cancel(call.call);
	pass(100);
	call_expect();
	call_begin(NULL);
	pass(100);
	aws_cancel(call.call);
	peer_reply(call_expect(), 429, "", "");
	call_begin(NULL);
	pass(100);
	aws_cancel(call.call);
	pass(60000);
	assert_int_equal(call.ended, 0);
	assert_int_equal(peer_count("*", "*"), 2);
}

static void
expired_credentials_are_refreshed_and_the_call_goes_once_more(void **state)
{
	static const char *const codes[] = {"ExpiredToken",
	    "ExpiredTokenException", "RequestExpired", "InvalidToken"};
	struct aws_client_options o = {0};
	struct aws_request r = call_request();
	struct peer_step *s;
	char key[20], pattern[40], type[80];
	size_t i;

	(void)state;
	fake_creds_plan(CREDS_CONTAINER, "container");
	call_client(&o);
	fake_creds_bring("KEY0", HOUR, 0);
	r.once = true;
	for (i = 0; i < 4; i++) {
		snprintf(type, sizeof(type), "x-amzn-ErrorType: %s", codes[i]);
		snprintf(pattern, sizeof(pattern), "*=KEY%zu/*", i);
		s = call_expect();
		peer_header(s, "Authorization", pattern);
		peer_reply(s, 400, type, "");
		snprintf(key, sizeof(key), "KEY%zu", i + 1);
		fake_creds_bring(key, HOUR, 300);
		snprintf(pattern, sizeof(pattern), "*=KEY%zu/*", i + 1);
		s = call_expect();
		peer_header(s, "Authorization", pattern);
		peer_reply(s, 200, "", "");
		call_begin(&r);
		pass(31000);
		assert_int_equal(call.ended, 1);
		assert_int_equal(call.status, 200);
	}
}

/* However slowly it is refused, and whatever is fetched meanwhile. */
static void
expired_credentials_send_it_once_more_and_not_for_ever(void **state)
{
	struct aws_client_options o = {0};

	(void)state;
	fake_creds_plan(CREDS_CONTAINER, "container");
	call_client(&o);
	fake_creds_bring("A", HOUR, 0);
	fake_creds_bring("B", HOUR, 0);
	peer_reply(call_expect(), 400, "", XML("ExpiredToken"));
	peer_delay(
	    peer_reply(call_expect(), 400, "", XML("ExpiredToken")), 40000);
	call_begin(NULL);
	pass(120000);
	assert_int_equal(call.ended, 1);
	assert_int_equal(awserr_class(&call.err), AWSERR_EXPIRED);
}

static void
of_many_calls_that_expired_one_refresh_serves_all(void **state)
{
	struct aws_client_options o = {0};
	struct peer_step *s;
	int i;

	(void)state;
	fake_creds_plan(CREDS_CONTAINER, "container");
	call_client(&o);
	fake_creds_bring("OLD", HOUR, 0);
	fake_creds_bring("NEW", HOUR, 100);
	for (i = 0; i < 20; i++) {
		s = call_expect();
		peer_header(s, "Authorization", "*=OLD/*");
		peer_delay(peer_reply(s, 403, "", XML("ExpiredToken")), i * 10);
		call_begin(NULL);
	}
	for (i = 0; i < 20; i++) {
		s = call_expect();
		peer_header(s, "Authorization", "*=NEW/*");
		peer_reply(s, 200, "", "");
	}
	pass(1000);
	assert_int_equal(call.ended, 20);
	assert_int_equal(call.oks, 20);
}

static void
where_the_source_has_the_same_key_the_service_s_words_stand(void **state)
{
	struct aws_client_options o = {0};
	int i;

	(void)state;
	fake_creds_plan(CREDS_CONTAINER, "container");
	call_client(&o);
	fake_creds_bring("A", HOUR, 0);
	fake_creds_bring("A", HOUR, 50);
	for (i = 0; i < 10; i++) {
		peer_reply(call_expect(), 403, "", XML("ExpiredToken"));
		call_begin(NULL);
		pass(1000);
		assert_int_equal(call.ended, 1);
		assert_int_equal(awserr_class(&call.err), AWSERR_EXPIRED);
		assert_true(call.err.sent);
	}
}

static void
where_the_refresh_fails_the_call_says_so(void **state)
{
	struct aws_client_options o = {0};

	(void)state;
	fake_creds_plan(CREDS_ROLE, "role");
	call_client(&o);
	fake_creds_bring("A", HOUR, 0);
	fake_creds_fail(ERR_AUTH, false, "AccessDenied", 50);
	peer_reply(call_expect(), 403, "", XML("ExpiredToken"));
	call_begin(NULL);
	pass(900);
	assert_int_equal(awserr_class(&call.err), AWSERR_NO_CREDENTIALS);
	/* And nothing is signed with them any more. */
	call_begin(NULL);
	pass(0);
	assert_int_equal(awserr_class(&call.err), AWSERR_NO_CREDENTIALS);
}

/* Something in between may have made that status up, after all was done. */
static void
a_bare_status_never_sends_twice_what_goes_once(void **state)
{
	struct aws_request r = call_request();

	(void)state;
	r.once = true;
	peer_reply(call_expect(), 403, call_date(HOUR), "");
	call_begin(&r);
	pass(1000);
	assert_int_equal(call.ended, 1);
	assert_int_equal(awserr_class(&call.err), AWSERR_AMBIGUOUS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CALL_TEST(it_is_signed_and_named_once_for_all_tries),
	    CALL_TEST(two_calls_have_two_names),
	    CALL_TEST(fixed_credentials_take_the_place_of_the_chain),
	    CALL_TEST(an_anonymous_client_signs_nothing),
	    CALL_TEST(a_file_is_sent_from_its_beginning_each_time),
	    CALL_TEST(what_passes_is_tried_three_times),
	    CALL_TEST(throttling_waits_longer),
	    CALL_TEST(what_is_no_better_later_is_not_tried_again),
	    CALL_TEST(who_has_a_schedule_of_its_own_gets_each_error),
	    CALL_TEST(once_the_sink_has_bytes_nothing_is_sent_again),
	    CALL_TEST(the_quota_of_a_host_bounds_a_storm),
	    CALL_TEST(adaptive_mode_spaces_what_was_throttled),
	    CALL_TEST(refusals_are_shown_to_who_wants_them),
	    CALL_TEST(a_call_waits_for_its_credentials_and_no_longer),
	    CALL_TEST(
		without_credentials_nothing_is_sent_and_the_error_says_why),
	    CALL_TEST(it_can_be_given_up_in_every_state),
	    CALL_TEST(
		expired_credentials_are_refreshed_and_the_call_goes_once_more),
	    CALL_TEST(expired_credentials_send_it_once_more_and_not_for_ever),
	    CALL_TEST(of_many_calls_that_expired_one_refresh_serves_all),
	    CALL_TEST(
		where_the_source_has_the_same_key_the_service_s_words_stand),
	    CALL_TEST(where_the_refresh_fails_the_call_says_so),
	    CALL_TEST(a_bare_status_never_sends_twice_what_goes_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
