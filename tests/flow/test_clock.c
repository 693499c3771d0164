/* SPDX-License-Identifier: Apache-2.0 */
/* A clock that is wrong, or becomes so, or right again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "aws/awserr.h"
#include "base/clock.h"
#include "tests/support/call_rig.h"
#include "tests/support/fake_clock.h"

#define XML(code) "<Error><Code>" code "</Code></Error>"
#define SKEWED XML("RequestTimeTooSkewed")

/* The next request must be signed so far off this machine's clock. */
static struct peer_step *
expect_signed(const char *method, int64_t off_ms)
{
	struct peer_step *s = peer_expect(method, CALL_URL);

	peer_header(s, "x-amz-date", call_amz_date(off_ms));
	return s;
}

static int64_t
skew(void)
{
	return aws_client_skew_ms(call.client, "s3.test");
}

static void
must_work(int64_t off_ms)
{
	peer_reply(expect_signed("GET", off_ms), 200, "", "");
	call_begin(NULL);
	pass(0);
	assert_int_equal(call.status, 200);
}

static void
a_wrong_clock_is_corrected_and_the_call_goes_once_more(void **state)
{
	static const char *const bodies[] = {SKEWED, XML("RequestInTheFuture"),
	    XML("RequestExpired"), XML("SignatureDoesNotMatch"),
	    XML("InvalidSignatureException"), XML("AccessDenied"),
	    XML("AuthFailure"), ""};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		int64_t off = i % 2 == 0 ? HOUR : -HOUR;
		struct aws_client_options o = {0};

		call_client(&o);
		peer_reply(
		    expect_signed("GET", 0), 403, call_date(off), bodies[i]);
		peer_reply(expect_signed("GET", off), 200, call_date(off), "");
		call_begin(NULL);
		pass(0);
		assert_int_equal(call.status, 200);
		assert_int_equal(skew(), off);
		/* And from now on it is known. */
		must_work(off);
	}
}

static void
a_head_says_nothing_but_the_date_does(void **state)
{
	struct aws_request r = call_request();

	(void)state;
	r.method = "HEAD";
	peer_reply(expect_signed("HEAD", 0), 403, call_date(6 * MINUTE), "");
	peer_reply(expect_signed("HEAD", 6 * MINUTE), 404, "", "");
	call_begin(&r);
	pass(0);
	assert_int_equal(call.err.code, ERR_NOT_FOUND);
}

static void
it_goes_once_more_and_not_for_ever(void **state)
{
	(void)state;
	peer_reply(expect_signed("GET", 0), 403, call_date(HOUR), SKEWED);
	peer_reply(
	    expect_signed("GET", HOUR), 403, call_date(2 * HOUR), SKEWED);
	call_begin(NULL);
	pass(60000);
	assert_int_equal(call.ended, 1);
	assert_int_equal(awserr_class(&call.err), AWSERR_SKEW);
	assert_true(call.err.retryable);
	must_work(2 * HOUR);
}

/* What is refused for another reason is refused by the right clock, too. */
static void
with_a_right_clock_a_refusal_stands(void **state)
{
	(void)state;
	peer_reply(expect_signed("GET", 0), 403, call_date(239000),
	    XML("AccessDenied"));
	call_begin(NULL);
	pass(60000);
	assert_int_equal(call.ended, 1);
	assert_int_equal(skew(), 0);
	assert_int_equal(call.troubles + call.reliefs, 0);
}

static void
all_that_were_signed_with_the_wrong_clock_go_again(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 10; i++) {
		peer_delay(peer_reply(expect_signed("GET", 0), 403,
			       call_date(-HOUR), SKEWED),
		    100);
		call_begin(NULL);
	}
	peer_reply(peer_always("GET", "*"), 200, "", "");
	pass(100);
	assert_int_equal(call.oks, 10);
	assert_int_equal(call.troubles, 1);
}

static void
what_goes_once_goes_again_where_the_service_took_nothing(void **state)
{
	struct aws_request r = call_request();

	(void)state;
	r.once = true;
	peer_reply(expect_signed("GET", 0), 403, call_date(HOUR),
	    XML("InvalidSignatureException"));
	peer_reply(expect_signed("GET", HOUR), 200, "", "");
	call_begin(&r);
	pass(0);
	assert_int_equal(call.status, 200);
}

/* --- what tells the time, and what does not ------------------------- */

static void
answers_of_all_kinds_tell_the_time(void **state)
{
	(void)state;
	peer_reply(expect_signed("GET", 0), 200, call_date(5 * MINUTE), "");
	call_begin(NULL);
	pass(0);
	assert_int_equal(skew(), 5 * MINUTE);
	must_work(5 * MINUTE);
	/* Only of this host. */
	assert_int_equal(aws_client_skew_ms(call.client, "other.test"), 0);
}

static void
less_than_four_minutes_are_no_skew(void **state)
{
	(void)state;
	peer_reply(expect_signed("GET", 0), 200, call_date(239000), "");
	call_begin(NULL);
	pass(0);
	assert_int_equal(skew(), 0);
	peer_reply(expect_signed("GET", 0), 200, call_date(-239000), "");
	call_begin(NULL);
	pass(0);
	assert_int_equal(skew(), 0);
	peer_reply(expect_signed("GET", 0), 200, call_date(-240000), "");
	call_begin(NULL);
	pass(0);
	assert_int_equal(skew(), -240000);
}

static void
caches_pages_and_slow_answers_tell_nothing(void **state)
{
	char headers[200];

	(void)state;
	snprintf(headers, sizeof(headers), "%s\nAge: 0", call_date(HOUR));
	peer_reply(call_expect(), 200, headers, "");
	call_begin(NULL);
	pass(0);
	assert_int_equal(skew(), 0);
	snprintf(headers, sizeof(headers), "%s\nContent-Type: text/html",
	    call_date(HOUR));
	peer_reply(call_expect(), 200, headers, "");
	call_begin(NULL);
	pass(0);
	assert_int_equal(skew(), 0);
	peer_delay(peer_reply(call_expect(), 200, call_date(HOUR), ""), 900001);
	call_begin(NULL);
	pass(900001);
	assert_int_equal(skew(), 0);
	peer_reply(call_expect(), 200, "Date: yesterday", "");
	call_begin(NULL);
	pass(0);
	assert_int_equal(skew(), 0);
}

/* The date is of the head; what comes after it may take its time. */
static void
a_body_that_takes_minutes_is_no_skew(void **state)
{
	(void)state;
	peer_delay(
	    peer_reply(call_expect(), 200, call_date(0), ""), 10 * MINUTE);
	call_begin(NULL);
	pass(10 * MINUTE);
	assert_int_equal(skew(), 0);
	assert_int_equal(call.troubles, 0);
	peer_delay(
	    peer_reply(call_expect(), 200, call_date(-HOUR), ""), 10 * MINUTE);
	call_begin(NULL);
	pass(10 * MINUTE);
	assert_int_equal(skew(), -HOUR);
	/* One that it was known of stays as it is. */
	peer_delay(
	    peer_reply(call_expect(), 200, call_date(-HOUR), ""), 3 * MINUTE);
	call_begin(NULL);
	pass(3 * MINUTE);
	assert_int_equal(skew(), -HOUR);
	assert_int_equal(call.troubles, 1);
	/* Nor does one that is ahead seem to be less so. */
	peer_reply(call_expect(), 200, call_date(8 * MINUTE), "");
	call_begin(NULL);
	pass(0);
	peer_delay(peer_reply(call_expect(), 200, call_date(8 * MINUTE), ""),
	    10 * MINUTE);
	call_begin(NULL);
	pass(10 * MINUTE);
	assert_int_equal(skew(), 8 * MINUTE);
	assert_int_equal(call.troubles, 2);
}

static void
small_changes_do_not_make_it_flutter(void **state)
{
	static const int64_t offs[] = {
	    HOUR, HOUR + 3 * MINUTE, HOUR - 3 * MINUTE, HOUR + 239000};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(offs) / sizeof(offs[0]); i++) {
		peer_reply(call_expect(), 200, call_date(offs[i]), "");
		call_begin(NULL);
		pass(0);
		assert_int_equal(skew(), HOUR);
	}
	assert_int_equal(call.troubles, 1);
	peer_reply(call_expect(), 200, call_date(HOUR + 240000), "");
	call_begin(NULL);
	pass(0);
	assert_int_equal(skew(), HOUR + 240000);
}

/* Of two answers that are about four minutes off, one a little more. */
static void
nor_does_what_is_just_about_a_skew(void **state)
{
	static const int64_t offs[] = {240000, 239000, 240000, 181000};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(offs) / sizeof(offs[0]); i++) {
		peer_reply(call_expect(), 200, call_date(offs[i]), "");
		call_begin(NULL);
		pass(0);
		assert_int_equal(skew(), 240000);
	}
	peer_reply(call_expect(), 200, call_date(-179000), "");
	call_begin(NULL);
	pass(0);
	assert_int_equal(skew(), 0);
	assert_int_equal(call.troubles, 1);
	assert_int_equal(call.reliefs, 1);
}

/* --- a clock that is set -------------------------------------------- */

static void
a_clock_that_is_set_right_is_noticed(void **state)
{
	(void)state;
	peer_reply(expect_signed("GET", 0), 403, call_date(HOUR), SKEWED);
	peer_reply(expect_signed("GET", HOUR), 200, call_date(HOUR), "");
	call_begin(NULL);
	pass(0);
	assert_int_equal(call.troubles, 1);
	assert_non_null(strstr(call.trouble, "3600 s ahead of"));
	fake_clock_jump(HOUR);
	/* The first one is signed an hour ahead, and goes again. */
	peer_reply(expect_signed("GET", HOUR), 403, call_date(2000), SKEWED);
	peer_reply(expect_signed("GET", 0), 200, call_date(2000), "");
	call_begin(NULL);
	pass(0);
	assert_int_equal(call.status, 200);
	assert_int_equal(skew(), 0);
	assert_int_equal(call.reliefs, 1);
	assert_non_null(strstr(call.relief, "agrees"));
}

static void
a_clock_that_jumps_later_is_noticed_too(void **state)
{
	(void)state;
	must_work(0);
	fake_clock_jump(-HOUR);
	peer_reply(expect_signed("GET", 0), 403, call_date(HOUR), SKEWED);
	peer_reply(expect_signed("GET", HOUR), 200, call_date(HOUR), "");
	call_begin(NULL);
	pass(0);
	assert_int_equal(call.status, 200);
	assert_non_null(strstr(call.trouble, "Set this machine's clock"));
}

/* --- many hosts ----------------------------------------------------- */

static void
hosts_are_forgotten_one_by_one_and_not_while_they_are_asked(void **state)
{
	struct aws_request r = call_request();
	struct aws_call *open;
	char host[40];
	int i;

	(void)state;
	call_expect();
	call_begin(NULL);
	open = call.call;
	peer_reply(peer_always("GET", "*"), 200, call_date(HOUR), "");
	for (i = 0; i < 1000; i++) {
		snprintf(host, sizeof(host), "b%d.test", i);
		r.host = host;
		call_begin(&r);
		pass(0);
	}
	assert_int_equal(aws_client_skew_ms(call.client, "b999.test"), HOUR);
	assert_int_equal(aws_client_skew_ms(call.client, "b800.test"), HOUR);
	assert_int_equal(aws_client_skew_ms(call.client, "b1.test"), 0);
	assert_int_equal(skew(), 0);
	call_begin(NULL);
	pass(0);
	assert_int_equal(skew(), HOUR);
	aws_cancel(open);
}

/* --- the time itself ------------------------------------------------- */

static void
host_tells(const char *host, int64_t off_ms)
{
	struct aws_request r = call_request();
	char url[100];

	r.host = host;
	snprintf(url, sizeof(url), "http://%s/b/k", host);
	peer_reply(peer_expect("GET", url), 200, call_date(off_ms), "");
	call_begin(&r);
	pass(0);
	assert_int_equal(call.status, 200);
}

static int64_t
now_off(void)
{
	return aws_client_now_ms(call.client) - clock_wall_ms();
}

#define AWS1 "b.s3.eu-west-3.amazonaws.com"
#define AWS2 "runtime.sagemaker.eu-west-3.amazonaws.com"

static void
what_time_it_is_only_hosts_of_aws_tell(void **state)
{
	(void)state;
	assert_int_equal(now_off(), 0);
	host_tells("s3.test", 2 * HOUR);
	host_tells("amazonaws.com", 2 * HOUR);
	host_tells("s3.eu-west-3.amazonaws.com.evil.test", 2 * HOUR);
	host_tells("s3.notamazonaws.com", 2 * HOUR);
	assert_int_equal(now_off(), 0);
	host_tells(AWS1, -2 * HOUR);
	assert_int_equal(now_off(), -2 * HOUR);
	pass(HOUR);
	assert_int_equal(now_off(), -2 * HOUR);
}

static void
of_several_the_nearest_to_ours_counts(void **state)
{
	(void)state;
	host_tells(AWS1, 2 * HOUR);
	host_tells(AWS2, HOUR);
	assert_int_equal(now_off(), HOUR);
	/* What makes no difference to a signature makes none here. */
	host_tells(AWS2, MINUTE);
	assert_int_equal(now_off(), 0);
}

/* Nobody has asked them since. */
static void
a_clock_that_is_set_changes_not_what_they_told(void **state)
{
	(void)state;
	host_tells(AWS1, 2 * HOUR);
	fake_clock_jump(2 * HOUR);
	assert_int_equal(now_off(), 0);
	fake_clock_jump(HOUR);
	assert_int_equal(now_off(), -HOUR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CALL_TEST(a_wrong_clock_is_corrected_and_the_call_goes_once_more),
	    CALL_TEST(a_head_says_nothing_but_the_date_does),
	    CALL_TEST(it_goes_once_more_and_not_for_ever),
	    CALL_TEST(with_a_right_clock_a_refusal_stands),
	    CALL_TEST(all_that_were_signed_with_the_wrong_clock_go_again),
	    CALL_TEST(what_goes_once_goes_again_where_the_service_took_nothing),
	    CALL_TEST(answers_of_all_kinds_tell_the_time),
	    CALL_TEST(less_than_four_minutes_are_no_skew),
	    CALL_TEST(caches_pages_and_slow_answers_tell_nothing),
	    CALL_TEST(a_body_that_takes_minutes_is_no_skew),
	    CALL_TEST(small_changes_do_not_make_it_flutter),
	    CALL_TEST(nor_does_what_is_just_about_a_skew),
	    CALL_TEST(a_clock_that_is_set_right_is_noticed),
	    CALL_TEST(a_clock_that_jumps_later_is_noticed_too),
	    CALL_TEST(
		hosts_are_forgotten_one_by_one_and_not_while_they_are_asked),
	    CALL_TEST(what_time_it_is_only_hosts_of_aws_tell),
	    CALL_TEST(of_several_the_nearest_to_ours_counts),
	    CALL_TEST(a_clock_that_is_set_changes_not_what_they_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
