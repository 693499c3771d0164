/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that have served before, and new ones, while somebody makes up
 * names of others without end. */
#include "tests/support/verify_rig.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "tests/support/fake_clock.h"

#define NOTE "Notification"
#define CERTS SNS_NEWS_CERTIFICATE
#define NAME "sns-certificates " TOPIC
#define MADE_UP HOST "/*ff.pem"
/* "0…0" and a digit: of a certificate that is as good. */
#define OTHER_HEX "0000000000000000000000000000000"
#define OTHER_URL(digit) HOST FILE_OF(OTHER_HEX digit)

static bool
take(const char *url)
{
	struct letter l = rig_letter(NOTE);

	l.f[F_CERT_URL] = url;
	return rig_take_letter(&l, rig.key);
}

static void
serve_all(void)
{
	peer_reply(peer_always("GET", HOST "/*"), 200, "", rig.pem);
	peer_reply(peer_always("GET", MADE_UP), 404, "", "");
}

static void
a_flood_behind_a_restart_holds_up_nothing_that_is_known(void **state)
{
	struct sns_verifier_options o = {0};

	(void)state;
	serve_all();
	assert_true(take(CERT_URL));
	assert_int_equal(rig.news[CERTS].n, 1);
	assert_string_equal(rig.news[CERTS].name, NAME);
	assert_string_equal(rig.news[CERTS].value, CERT_URL);
	rig_restart();
	assert_int_equal(rig_flood(50), 40);
	assert_true(take(CERT_URL));
	assert_int_equal(peer_count("GET", CERT_URL), 2);
	assert_int_equal(rig.news[CERTS].n, 1);
	/* Nobody told this one. */
	rig_verifier(&o);
	assert_int_equal(rig_flood(50), 40);
	assert_false(take(CERT_URL));
	assert_int_equal(rig.err.code, ERR_BUSY);
}

static void
what_is_known_and_cannot_be_had_is_tried_again(void **state)
{
	(void)state;
	serve_all();
	assert_true(take(CERT_URL));
	rig_restart();
	peer_fail(peer_expect("GET", CERT_URL), ERR_NET, "no route", false);
	assert_false(take(CERT_URL));
	assert_int_equal(rig.err.code, ERR_NET);
	assert_int_equal(rig_flood(50), 40);
	/* Not at once: who names it again and again makes no flood. */
	assert_false(take(CERT_URL));
	assert_int_equal(rig.err.code, ERR_NET);
	fake_clock_advance(15000);
	assert_true(take(CERT_URL));
	assert_int_equal(peer_count("GET", CERT_URL), 3);
}

static void
the_last_four_are_known(void **state)
{
	static const char *const urls[] = {OTHER_URL("1"), OTHER_URL("2"),
	    OTHER_URL("3"), OTHER_URL("4"), OTHER_URL("5"), OTHER_URL("6")};
	size_t i;

	(void)state;
	serve_all();
	for (i = 0; i < ARRAY_LEN(urls); i++)
		assert_true(take(urls[i]));
	/* What is known is no news. */
	assert_true(take(urls[2]));
	assert_int_equal(rig.news[CERTS].n, 6);
	assert_string_equal(rig.news[CERTS].value,
	    OTHER_URL("6") " " OTHER_URL("5") " " OTHER_URL("4") " " OTHER_URL(
		"3"));
	rig_restart();
	assert_int_equal(rig_flood(20), 10);
	for (i = 2; i < ARRAY_LEN(urls); i++)
		assert_true(take(urls[i]));
	assert_false(take(urls[1]));
	assert_int_equal(rig.err.code, ERR_BUSY);
	/* In the order that they had. */
	fake_clock_advance(MINUTE);
	assert_true(take(urls[0]));
	assert_string_equal(rig.news[CERTS].value,
	    OTHER_URL("1") " " OTHER_URL("6") " " OTHER_URL("5") " " OTHER_URL(
		"4"));
}

/* Whoever can write into the state names no other host, and not many. */
static void
what_was_kept_is_checked_like_what_a_message_says(void **state)
{
	static const struct {
		const char *name, *value;
	} bad[] = {
	    {NAME, ""},
	    {NAME, "x"},
	    {NAME, "https://evil.example" FILE_OF(HEX)},
	    {NAME, "http://sns.us-east-1.amazonaws.com" FILE_OF(HEX)},
	    {NAME, "https://sns.eu-west-1.amazonaws.com" FILE_OF(HEX)},
	    {NAME, "https://sns.us-east-1.amazonaws.com@evil" FILE_OF(HEX)},
	    {NAME, HOST "/../x" FILE_OF(HEX)},
	    {NAME, CERT_URL "?x"},
	    {NAME, CERT_URL ".evil"},
	    {NAME, "\"" CERT_URL},
	    {NAME, "1 2 3 4 " CERT_URL},
	    {NAME "x", CERT_URL},
	    {"sns-certificates ", CERT_URL},
	    {"sns-version " TOPIC, CERT_URL},
	};
	struct sns_verifier_options o = {0};
	size_t i;

	(void)state;
	serve_all();
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		rig_verifier(&o);
		sns_verifier_recall(rig.v, bad[i].name, bad[i].value);
		assert_int_equal(rig_flood(11), 1);
		if (take(CERT_URL))
			fail_msg("known by '%s'", bad[i].value);
		assert_int_equal(rig.err.code, ERR_BUSY);
	}
	assert_int_equal(peer_count("GET", CERT_URL), 0);
	/* Beside such a thing a good one is good. */
	rig_verifier(&o);
	sns_verifier_recall(rig.v, NAME, "x " CERT_URL "  " CERT_URL);
	assert_int_equal(rig_flood(11), 1);
	assert_true(take(CERT_URL));
	/* And what is none is kept no longer. */
	rig.likely = true;
	assert_true(take(OTHER_URL("1")));
	assert_string_equal(rig.news[CERTS].value, OTHER_URL("1") " " CERT_URL);
}

static void
only_a_genuine_message_of_now_makes_one_known(void **state)
{
	EVP_PKEY *other = maker_key(2048);
	struct letter l = rig_letter(NOTE);
	char before[TIMEFMT_ISO_SIZE];

	(void)state;
	serve_all();
	assert_false(rig_take_letter(&l, other));
	memcpy(before, rig.time, sizeof(before));
	l.f[F_TIME] = before;
	fake_clock_advance(76 * MINUTE);
	assert_false(rig_take_letter(&l, rig.key));
	assert_int_equal(rig.err.code, ERR_LIMIT);
	assert_int_equal(rig.news[CERTS].n, 0);
	EVP_PKEY_free(other);
}

/* --- a new one ------------------------------------------------------ */

static void
a_new_one_has_its_chance_by_a_likely_message(void **state)
{
	(void)state;
	serve_all();
	assert_true(take(CERT_URL));
	assert_int_equal(rig.likely_asked, 0);
	assert_int_equal(rig_flood(50), 41);
	assert_int_equal(rig.likely_asked, 41);
	assert_false(take(OTHER_URL("1")));
	assert_int_equal(rig.err.code, ERR_BUSY);
	rig.likely = true;
	assert_true(take(OTHER_URL("1")));
	assert_string_equal(rig.news[CERTS].value, OTHER_URL("1") " " CERT_URL);
	/* Of those there are not more, whatever the messages know. */
	assert_int_equal(rig_flood(50), 41);
	assert_false(take(OTHER_URL("2")));
	assert_int_equal(rig.err.code, ERR_BUSY);
	/* And what is known needs neither. */
	rig_restart();
	assert_int_equal(rig_flood(50), 30);
	assert_true(take(OTHER_URL("1")));
	assert_true(take(CERT_URL));
}

static void
without_one_it_waits_for_a_minute_that_is_free(void **state)
{
	(void)state;
	serve_all();
	assert_int_equal(rig_flood(50), 40);
	fake_clock_advance(2 * MINUTE);
	assert_true(take(OTHER_URL("1")));
}

static void
ten_at_once_are_of_a_host_and_not_of_each_topic(void **state)
{
	static const char *const topics[] = {TOPIC, TOPIC "-2",
	    "arn:aws:sns:us-east-1:123456789012:other",
	    "arn:aws:sns:eu-west-1:123456789012:results"};
	struct sns_verifier_options o = {.topics = topics, .ntopics = 3};

	(void)state;
	serve_all();
	rig_verifier(&o);
	assert_int_equal(rig_flood(50), 40);
	o.ntopics = 4;
	rig_verifier(&o);
	assert_int_equal(rig_flood(50), 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    VERIFY_TEST(
		a_flood_behind_a_restart_holds_up_nothing_that_is_known),
	    VERIFY_TEST(what_is_known_and_cannot_be_had_is_tried_again),
	    VERIFY_TEST(the_last_four_are_known),
	    VERIFY_TEST(what_was_kept_is_checked_like_what_a_message_says),
	    VERIFY_TEST(only_a_genuine_message_of_now_makes_one_known),
	    VERIFY_TEST(a_new_one_has_its_chance_by_a_likely_message),
	    VERIFY_TEST(without_one_it_waits_for_a_minute_that_is_free),
	    VERIFY_TEST(ten_at_once_are_of_a_host_and_not_of_each_topic),
	};

	return cmocka_run_group_tests(tests, verify_rig_start, verify_rig_stop);
}
