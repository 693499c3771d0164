/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials that end, are refreshed, and sometimes cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "aws/awserr.h"
#include "base/clock.h"
#include "base/mem.h"
#include "tests/support/creds_rig.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_creds.h"
#include "tests/support/fake_random.h"

/* --- getting them --------------------------------------------------- */

static void
keys_of_the_plan_are_there_at_once_and_for_good(void **state)
{
	(void)state;
	begin();
	assert_string_equal(now(), "AKIDKEYS");
	pass(1000 * HOUR);
	assert_string_equal(now(), "AKIDKEYS");
	assert_int_equal(fake_creds_plans(), 1);
}

static void
nobody_is_asked_before_somebody_wants_them(void **state)
{
	struct heard h;

	(void)state;
	fake_creds_plan(CREDS_CONTAINER, "container");
	begin();
	pass(HOUR);
	assert_int_equal(fake_creds_fetches(), 0);
	fake_creds_bring("A", HOUR, 300);
	hear(&h);
	pass(299);
	assert_int_equal(h.times, 0);
	assert_string_equal(now(), "-");
	pass(1);
	assert_int_equal(h.times, 1);
	assert_string_equal(h.key, "A");
	assert_string_equal(now(), "A");
	/* Who waits for what is there hears it in the next turn. */
	hear(&h);
	pass(0);
	assert_string_equal(h.key, "A");
	assert_int_equal(rig.troubles + rig.reliefs, 0);
}

static void
all_that_wait_hear_of_one_refresh(void **state)
{
	struct heard h[100];
	size_t i;

	(void)state;
	fake_creds_plan(CREDS_IMDS, "IMDS");
	begin();
	fake_creds_bring("A", HOUR, 1000);
	for (i = 0; i < ARRAY_LEN(h); i++)
		hear(&h[i]);
	creds_waiter_cancel(h[7].waiter);
	pass(1000);
	for (i = 0; i < ARRAY_LEN(h); i++)
		assert_int_equal(h[i].times, i != 7);
}

static void
it_can_be_freed_with_all_that_is_under_way(void **state)
{
	struct heard h[2];

	(void)state;
	fake_creds_plan(CREDS_IMDS, "IMDS");
	begin();
	fake_creds_bring("A", HOUR, -1);
	hear(&h[0]);
	hear(&h[1]);
	pass(HOUR);
	creds_cache_free(rig.cache);
	rig.cache = NULL;
	pass(HOUR);
	assert_int_equal(h[0].times + h[1].times, 0);
	/* With an answer that is as good as given. */
	fake_creds_keys("keys", "AKIDKEYS", 0);
	begin();
	hear(&h[0]);
	creds_cache_free(rig.cache);
	rig.cache = NULL;
	pass(0);
	assert_int_equal(h[0].times, 0);
}

/* --- before the end ------------------------------------------------- */

static void
five_minutes_before_the_end_it_is_refreshed(void **state)
{
	(void)state;
	fake_creds_plan(CREDS_CONTAINER, "container");
	begin();
	fake_creds_bring("A", HOUR, 0);
	(void)now();
	pass(0);
	pass(55 * MINUTE - 1);
	assert_string_equal(now(), "A");
	assert_int_equal(fake_creds_fetches(), 1);
	pass(1);
	fake_creds_bring("B", HOUR, 2000);
	assert_string_equal(now(), "A");
	assert_int_equal(fake_creds_fetches(), 2);
	pass(1999);
	assert_string_equal(now(), "A");
	pass(1);
	assert_string_equal(now(), "B");
}

static void
chance_spreads_the_refresh_over_a_minute(void **state)
{
	(void)state;
	fake_random_set_unit(0.5);
	fake_creds_plan(CREDS_CONTAINER, "container");
	begin();
	fake_creds_bring("A", HOUR, 0);
	(void)now();
	pass(0);
	pass(54 * MINUTE + 30000 - 1);
	(void)now();
	assert_int_equal(fake_creds_fetches(), 1);
	pass(1);
	fake_creds_bring("B", HOUR, 0);
	(void)now();
	assert_int_equal(fake_creds_fetches(), 2);
}

/* A third of what there is. */
static void
a_short_life_is_refreshed_in_proportion(void **state)
{
	(void)state;
	fake_creds_plan(CREDS_CONTAINER, "container");
	begin();
	fake_creds_bring("A", 3 * MINUTE, 0);
	(void)now();
	pass(0);
	pass(2 * MINUTE - 1);
	(void)now();
	assert_int_equal(fake_creds_fetches(), 1);
	pass(1);
	fake_creds_bring("B", 6000, 0);
	(void)now();
	pass(0);
	assert_string_equal(now(), "B");
	/* And never without a pause. */
	pass(4999);
	assert_string_equal(now(), "B");
	assert_int_equal(fake_creds_fetches(), 2);
	pass(1);
	fake_creds_bring("C", HOUR, 0);
	(void)now();
	pass(0);
	assert_string_equal(now(), "C");
}

static void
what_has_ended_is_never_given_out(void **state)
{
	struct heard h;

	(void)state;
	fake_creds_plan(CREDS_PROCESS, "process");
	begin();
	fake_creds_bring("A", HOUR, 0);
	(void)now();
	pass(0);
	/* Nobody asked for an hour. */
	pass(HOUR - 1);
	fake_creds_bring("B", HOUR, 3000);
	assert_string_equal(now(), "A");
	pass(1);
	assert_string_equal(now(), "-");
	hear(&h);
	pass(2998);
	assert_int_equal(h.times, 0);
	pass(1);
	assert_string_equal(h.key, "B");
}

/* The wall clock may jump as it likes. */
static void
the_monotonic_clock_tells_the_end(void **state)
{
	(void)state;
	fake_creds_plan(CREDS_PROCESS, "process");
	begin();
	fake_creds_bring("A", HOUR, 0);
	(void)now();
	pass(0);
	fake_clock_jump(10 * HOUR);
	assert_string_equal(now(), "A");
	fake_clock_jump(-100 * HOUR);
	pass(HOUR - 1);
	fake_creds_bring("B", HOUR, -1);
	assert_string_equal(now(), "A");
	pass(1);
	assert_string_equal(now(), "-");
}

static void
a_refresh_that_hangs_holds_nobody_up_until_the_end(void **state)
{
	struct heard h;
	int i;

	(void)state;
	fake_creds_plan(CREDS_CONTAINER, "container");
	begin();
	fake_creds_bring("A", HOUR, 0);
	(void)now();
	pass(0);
	pass(55 * MINUTE);
	fake_creds_bring("B", HOUR, 7 * MINUTE);
	for (i = 0; i < 5 * 60; i++) {
		assert_string_equal(now(), "A");
		pass(1000);
	}
	assert_string_equal(now(), "-");
	hear(&h);
	pass(2 * MINUTE);
	assert_string_equal(h.key, "B");
	assert_int_equal(fake_creds_fetches(), 2);
}

/* --- refreshes that fail -------------------------------------------- */

static void
a_refresh_that_fails_is_tried_again_with_growing_gaps(void **state)
{
	struct heard h;
	int64_t at, last = 0, gap = 0;
	unsigned i;

	(void)state;
	fake_random_set_unit(0.5);
	fake_creds_plan(CREDS_SSO, "SSO");
	begin();
	for (i = 0; i < 8; i++)
		fake_creds_fail(ERR_AUTH, false, "log in first", 0);
	hear(&h);
	for (at = 0; fake_creds_fetches() < 8; at += 100) {
		unsigned before = fake_creds_fetches();

		pass(100);
		(void)now();
		if (fake_creds_fetches() == before)
			continue;
		assert_true(at - last >= gap);
		gap = at - last;
		last = at;
	}
	assert_in_range(at, 60000, 240000);
	assert_int_equal(h.times, 1);
	/* One and the same is said once. */
	assert_int_equal(rig.troubles, 1);
	pass(61000);
	fake_creds_bring("A", HOUR, 0);
	(void)now();
	pass(0);
	assert_string_equal(now(), "A");
	assert_int_equal(rig.reliefs, 1);
}

static void
within_a_gap_the_last_error_is_heard_without_asking_anew(void **state)
{
	struct heard h;
	int i;

	(void)state;
	fake_creds_plan(CREDS_SSO, "SSO");
	begin();
	fake_creds_fail(ERR_CONFIG, false, "the session is over", 50);
	hear(&h);
	pass(50);
	for (i = 0; i < 10; i++) {
		assert_int_equal(h.times, 1);
		assert_int_equal(h.err.code, ERR_AUTH);
		assert_true(h.err.retryable);
		assert_false(h.err.sent);
		assert_int_equal(h.err.http_status, 0);
		assert_int_equal(awserr_class(&h.err), AWSERR_NO_CREDENTIALS);
		assert_string_equal(h.err.text,
		    "no valid credentials (SSO): the session is over");
		assert_string_equal(h.err.hint, "Do something about it.");
		hear(&h);
		pass(10);
	}
	assert_int_equal(fake_creds_fetches(), 1);
}

static void
no_error_says_a_thing_twice(void **state)
{
	static const struct {
		const char *text, *heard;
	} cases[] = {
	    {"SSO: nobody is logged in",
		"no valid credentials: SSO: nobody is logged in"},
	    {"no credentials: the profile 'x' has none",
		"no credentials: the profile 'x' has none"},
	    {"role r: denied", "no valid credentials (SSO): role r: denied"},
	};
	struct heard h;
	size_t i;

	(void)state;
	fake_creds_plan(CREDS_SSO, "SSO");
	begin();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_creds_fail(ERR_AUTH, false, cases[i].text, 0);
		creds_cache_reload(rig.cache);
		hear(&h);
		pass(0);
		assert_string_equal(h.err.text, cases[i].heard);
	}
}

static void
a_refused_refresh_stops_no_call_while_the_old_is_valid(void **state)
{
	int i;

	(void)state;
	fake_random_set_unit(0.5);
	fake_creds_plan(CREDS_ROLE, "role");
	begin();
	fake_creds_bring("A", HOUR, 0);
	(void)now();
	pass(0);
	pass(54 * MINUTE + 30000);
	for (i = 0; i < 23; i++)
		fake_creds_fail(ERR_AUTH, false, "AccessDenied", 100);
	for (i = 0; i < 5 * 60 + 30; i++) {
		assert_string_equal(now(), "A");
		pass(1000);
	}
	assert_string_equal(now(), "-");
	assert_int_equal(rig.troubles, 1);
	assert_string_equal(rig.trouble,
	    "the credentials cannot be renewed, the old ones are still used: "
	    "AccessDenied");
	/* Calls wait from now on: that is news. */
	for (i = 0; i < 10 * 60; i++) {
		assert_string_equal(now(), "-");
		pass(1000);
	}
	assert_int_equal(rig.troubles, 2);
	assert_string_equal(
	    rig.trouble, "no valid credentials (role): AccessDenied");
}

static void
a_set_that_is_over_when_it_comes_is_none(void **state)
{
	struct heard h;

	(void)state;
	fake_creds_plan(CREDS_PROCESS, "process 'x'");
	begin();
	fake_creds_bring("A", -1000, 0);
	hear(&h);
	pass(0);
	assert_string_equal(h.key, "");
	assert_non_null(strstr(h.err.text, "process 'x'"));
	assert_non_null(strstr(h.err.text, "expired"));
	assert_string_equal(now(), "-");
}

static void
keys_of_a_plan_end_too(void **state)
{
	struct heard h;

	(void)state;
	fake_creds_keys("environment", "AKIDENV", HOUR);
	begin();
	assert_string_equal(now(), "AKIDENV");
	pass(HOUR - 1);
	assert_string_equal(now(), "AKIDENV");
	pass(1);
	assert_string_equal(now(), "-");
	hear(&h);
	pass(0);
	assert_non_null(strstr(h.err.text, "expired"));
	assert_int_equal(rig.troubles, 1);
}

/* --- static stability ----------------------------------------------- */

static void
without_imds_its_old_set_serves_for_some_minutes_more(void **state)
{
	int64_t end;

	(void)state;
	fake_random_set_unit(0.5);
	fake_creds_plan(CREDS_IMDS, "IMDS");
	begin();
	fake_creds_bring("A", HOUR, 0);
	(void)now();
	pass(0);
	pass(HOUR - 1000);
	fake_creds_fail(ERR_TIMEOUT, true, "no answer", 0);
	assert_string_equal(now(), "A");
	end = clock_mono_ms() + 7 * MINUTE + 30000;
	/* Nobody asks meanwhile, so nothing prolongs it. */
	pass(7 * MINUTE + 29999);
	fake_creds_fail(ERR_TIMEOUT, true, "no answer", 10);
	assert_string_equal(now(), "A");
	pass(end - clock_mono_ms());
	assert_string_equal(now(), "-");
	/* Asked again, and again in vain: it serves on. */
	pass(9);
	assert_string_equal(now(), "A");
}

static void
a_new_set_of_imds_ends_when_it_says(void **state)
{
	(void)state;
	fake_creds_plan(CREDS_IMDS, "IMDS");
	begin();
	fake_creds_bring("A", HOUR, 0);
	(void)now();
	pass(0);
	pass(HOUR - 1000);
	fake_creds_fail(ERR_TIMEOUT, true, "no answer", 0);
	(void)now();
	pass(1000);
	fake_creds_bring("B", MINUTE, 0);
	assert_string_equal(now(), "A");
	pass(0);
	assert_string_equal(now(), "B");
	pass(MINUTE - 1);
	fake_creds_bring("C", HOUR, -1);
	assert_string_equal(now(), "B");
	pass(1);
	assert_string_equal(now(), "-");
}

static void
the_gaps_grow_anew_after_each_success(void **state)
{
	int i;

	(void)state;
	fake_creds_plan(CREDS_PROCESS, "program");
	begin();
	for (i = 0; i < 2; i++) {
		fake_creds_fail(ERR_AUTH, true, "not now", 0);
		(void)now();
		pass(800);
		fake_creds_bring("A", 3000, 0);
		(void)now();
		pass(0);
		assert_string_equal(now(), "A");
		pass(3000);
	}
}

static void
what_imds_has_may_be_over_itself(void **state)
{
	(void)state;
	fake_creds_plan(CREDS_IMDS, "IMDS");
	begin();
	fake_creds_bring("A", HOUR, 0);
	(void)now();
	pass(0);
	pass(HOUR - 1);
	fake_creds_bring("B", -5, 0);
	assert_string_equal(now(), "A");
	pass(0);
	assert_string_equal(now(), "B");
	pass(799);
	assert_string_equal(now(), "B");
	pass(1);
	fake_creds_bring("C", HOUR, 0);
	assert_string_equal(now(), "B");
	pass(0);
	assert_string_equal(now(), "C");
	assert_int_equal(rig.reliefs, 1);
}

static void
static_stability_is_imds_alone_s_and_not_for_a_refusal(void **state)
{
	(void)state;
	fake_creds_plan(CREDS_IMDS, "IMDS");
	begin();
	fake_creds_bring("A", HOUR, 0);
	(void)now();
	pass(0);
	pass(HOUR - 1000);
	fake_creds_fail(ERR_AUTH, false, "the role is gone", 0);
	(void)now();
	pass(1000);
	fake_creds_fail(ERR_AUTH, false, "the role is gone", -1);
	assert_string_equal(now(), "-");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(keys_of_the_plan_are_there_at_once_and_for_good),
	    RIG_TEST(nobody_is_asked_before_somebody_wants_them),
	    RIG_TEST(all_that_wait_hear_of_one_refresh),
	    RIG_TEST(it_can_be_freed_with_all_that_is_under_way),
	    RIG_TEST(five_minutes_before_the_end_it_is_refreshed),
	    RIG_TEST(chance_spreads_the_refresh_over_a_minute),
	    RIG_TEST(a_short_life_is_refreshed_in_proportion),
	    RIG_TEST(what_has_ended_is_never_given_out),
	    RIG_TEST(the_monotonic_clock_tells_the_end),
	    RIG_TEST(a_refresh_that_hangs_holds_nobody_up_until_the_end),
	    RIG_TEST(a_refresh_that_fails_is_tried_again_with_growing_gaps),
	    RIG_TEST(within_a_gap_the_last_error_is_heard_without_asking_anew),
	    RIG_TEST(no_error_says_a_thing_twice),
	    RIG_TEST(a_refused_refresh_stops_no_call_while_the_old_is_valid),
	    RIG_TEST(a_set_that_is_over_when_it_comes_is_none),
	    RIG_TEST(keys_of_a_plan_end_too),
	    RIG_TEST(without_imds_its_old_set_serves_for_some_minutes_more),
	    RIG_TEST(a_new_set_of_imds_ends_when_it_says),
	    RIG_TEST(the_gaps_grow_anew_after_each_success),
	    RIG_TEST(what_imds_has_may_be_over_itself),
	    RIG_TEST(static_stability_is_imds_alone_s_and_not_for_a_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
