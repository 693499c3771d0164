/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials that a service refuses, and files that change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tests/support/creds_rig.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_creds.h"
#include "tests/support/fake_random.h"

/* --- a service refuses them ----------------------------------------- */

static void
what_a_service_refuses_is_replaced_and_not_used_till_then(void **state)
{
	struct heard h;

	(void)state;
	fake_creds_plan(CREDS_CONTAINER, "container");
	begin();
	fake_creds_bring("A", HOUR, 0);
	(void)now();
	pass(0);
	fake_creds_bring("B", HOUR, 500);
	creds_cache_refused(rig.cache, "A");
	creds_cache_refused(rig.cache, "A");
	assert_string_equal(now(), "-");
	hear(&h);
	pass(500);
	assert_string_equal(h.key, "B");
	/* That is of before. */
	creds_cache_refused(rig.cache, "A");
	assert_string_equal(now(), "B");
	assert_int_equal(fake_creds_fetches(), 2);
}

static void
the_same_again_is_not_refreshed_for_it_for_half_a_minute(void **state)
{
	(void)state;
	fake_creds_plan(CREDS_CONTAINER, "container");
	begin();
	fake_creds_bring("A", HOUR, 0);
	(void)now();
	pass(0);
	fake_creds_bring("A", HOUR, 0);
	creds_cache_refused(rig.cache, "A");
	pass(0);
	assert_string_equal(now(), "A");
	pass(29999);
	creds_cache_refused(rig.cache, "A");
	assert_string_equal(now(), "A");
	pass(1);
	fake_creds_bring("B", HOUR, 0);
	creds_cache_refused(rig.cache, "A");
	assert_string_equal(now(), "-");
	pass(0);
	assert_string_equal(now(), "B");
}

/* A source that has new ones each time is not to be emptied either. */
static void
new_ones_that_are_refused_at_once_are_not_replaced_either(void **state)
{
	(void)state;
	fake_creds_plan(CREDS_ROLE, "role");
	begin();
	fake_creds_bring("A", HOUR, 0);
	(void)now();
	pass(0);
	fake_creds_bring("B", HOUR, 0);
	creds_cache_refused(rig.cache, "A");
	pass(0);
	creds_cache_refused(rig.cache, "B");
	assert_string_equal(now(), "B");
}

static void
keys_of_a_file_are_read_again_when_they_are_refused(void **state)
{
	(void)state;
	begin();
	assert_string_equal(now(), "AKIDKEYS");
	/* Changed, although no time or size of the file told. */
	fake_creds_keys("keys", "AKIDNEXT", 0);
	creds_cache_refused(rig.cache, "AKIDKEYS");
	assert_string_equal(now(), "AKIDNEXT");
}

static void
keys_that_stay_the_same_stand(void **state)
{
	(void)state;
	begin();
	(void)now();
	creds_cache_refused(rig.cache, "AKIDKEYS");
	assert_string_equal(now(), "AKIDKEYS");
	creds_cache_refused(rig.cache, "AKIDKEYS");
	assert_string_equal(now(), "AKIDKEYS");
	assert_int_equal(fake_creds_plans(), 2);
}

static void
only_a_refresh_for_a_refusal_makes_it_stubborn(void **state)
{
	(void)state;
	fake_creds_plan(CREDS_CONTAINER, "container");
	begin();
	fake_creds_bring("A", HOUR, 0);
	(void)now();
	pass(0);
	fake_creds_bring("B", HOUR, 0);
	creds_cache_refused(rig.cache, "A");
	pass(HOUR - MINUTE);
	/* This one was due in any case. */
	fake_creds_bring("C", HOUR, 0);
	(void)now();
	pass(0);
	assert_string_equal(now(), "C");
	fake_creds_bring("D", HOUR, 0);
	creds_cache_refused(rig.cache, "B");
	assert_string_equal(now(), "C");
	creds_cache_refused(rig.cache, "C");
	assert_string_equal(now(), "-");
	pass(0);
	assert_string_equal(now(), "D");
}

static void
what_imds_has_again_after_a_refusal_stays_refused(void **state)
{
	(void)state;
	fake_creds_plan(CREDS_IMDS, "IMDS");
	begin();
	fake_creds_bring("A", HOUR, 0);
	(void)now();
	pass(0);
	fake_creds_bring("A", -5, 0);
	creds_cache_refused(rig.cache, "A");
	pass(0);
	assert_string_equal(now(), "-");
	pass(1000);
	fake_creds_bring("B", -5, 0);
	(void)now();
	pass(0);
	assert_string_equal(now(), "B");
}

static void
refuse(const struct creds *creds, const struct error *err, void *arg)
{
	struct heard *h = arg;

	assert_null(err);
	h->times++;
	h->waiter = NULL;
	creds_cache_refused(rig.cache, creds->access_key);
}

/* Who waits behind the one that had it refused waits for the next. */
static void
a_set_that_is_refused_while_it_is_told_is_told_no_further(void **state)
{
	struct heard first = {0}, h;

	(void)state;
	fake_creds_plan(CREDS_CONTAINER, "container");
	begin();
	fake_creds_bring("A", HOUR, 10);
	creds_cache_wait(rig.cache, refuse, &first, &first.waiter);
	hear(&h);
	fake_creds_bring("B", HOUR, 10);
	pass(10);
	assert_int_equal(first.times, 1);
	assert_int_equal(h.times, 0);
	pass(10);
	assert_string_equal(h.key, "B");
	assert_int_equal(h.times, 1);
}

/* --- files that change ---------------------------------------------- */

static void
a_changed_file_is_seen_within_a_second(void **state)
{
	(void)state;
	begin();
	assert_string_equal(now(), "AKIDKEYS");
	pass(500);
	fake_creds_keys("keys", "AKIDNEXT", 0);
	touch_config("[x]\n");
	assert_string_equal(now(), "AKIDKEYS");
	pass(500);
	assert_string_equal(now(), "AKIDNEXT");
	assert_int_equal(rig.troubles + rig.reliefs, 0);
}

static void
a_file_that_means_the_same_changes_nothing(void **state)
{
	(void)state;
	fake_creds_plan(CREDS_CONTAINER, "container");
	begin();
	fake_creds_bring("A", HOUR, 0);
	(void)now();
	pass(1000);
	touch_config("# a remark\n");
	assert_string_equal(now(), "A");
	assert_int_equal(fake_creds_plans(), 2);
	assert_int_equal(fake_creds_fetches(), 1);
	pass(5000);
	(void)now();
	assert_int_equal(fake_creds_plans(), 2);
}

static void
the_old_set_serves_until_the_new_source_has_one(void **state)
{
	(void)state;
	fake_creds_plan(CREDS_PROCESS, "process");
	begin();
	fake_creds_bring("A", HOUR, 0);
	(void)now();
	pass(1000);
	fake_creds_plan(CREDS_SSO, "SSO");
	touch_config("[x]\n");
	fake_creds_bring("B", HOUR, 500);
	assert_string_equal(now(), "A");
	pass(499);
	assert_string_equal(now(), "A");
	pass(1);
	assert_string_equal(now(), "B");
}

static void
keys_that_were_taken_out_of_a_file_are_not_used_any_more(void **state)
{
	struct heard h;

	(void)state;
	begin();
	assert_string_equal(now(), "AKIDKEYS");
	pass(1000);
	fake_creds_plan(CREDS_SSO, "SSO");
	touch_config("[x]\n");
	fake_creds_bring("B", HOUR, 500);
	assert_string_equal(now(), "-");
	hear(&h);
	pass(500);
	assert_string_equal(h.key, "B");
}

static void
a_refresh_of_the_old_source_is_broken_off(void **state)
{
	struct heard h;

	(void)state;
	fake_creds_plan(CREDS_PROCESS, "process");
	begin();
	fake_creds_bring("A", HOUR, -1);
	hear(&h);
	pass(1000);
	fake_creds_plan(CREDS_SSO, "SSO");
	touch_config("[x]\n");
	fake_creds_bring("B", HOUR, 10);
	assert_string_equal(now(), "-");
	assert_int_equal(fake_creds_under_way(), 1);
	pass(10);
	assert_string_equal(h.key, "B");
}

static void
a_file_that_is_broken_for_a_while_changes_nothing(void **state)
{
	struct creds_state cs;

	(void)state;
	begin();
	assert_string_equal(now(), "AKIDKEYS");
	pass(1000);
	fake_creds_no_plan("config, line 3: what is that");
	touch_config("[\n");
	assert_string_equal(now(), "AKIDKEYS");
	creds_cache_state(rig.cache, &cs);
	assert_string_equal(cs.failed->text,
	    "the credentials in use stay: config, line 3: what is that");
	assert_string_equal(rig.trouble, cs.failed->text);
	pass(10000);
	assert_string_equal(now(), "AKIDKEYS");
	assert_int_equal(rig.troubles, 1);
	fake_creds_keys("keys", "AKIDKEYS", 0);
	touch_config("x]\n");
	pass(1000);
	assert_string_equal(now(), "AKIDKEYS");
	creds_cache_state(rig.cache, &cs);
	assert_null(cs.failed);
	assert_int_equal(rig.reliefs, 1);
}

static void
broken_files_do_not_speak_of_credentials_that_are_not_there(void **state)
{
	struct heard h;

	(void)state;
	fake_creds_plan(CREDS_SSO, "SSO");
	begin();
	fake_creds_fail(ERR_AUTH, false, "log in first", 0);
	hear(&h);
	pass(0);
	fake_creds_no_plan("config, line 3: what is that");
	touch_config("[\n");
	creds_cache_reload(rig.cache);
	assert_string_equal(rig.trouble, "config, line 3: what is that");
}

/* A source that nobody asked yet has nothing to show. */
static void
another_source_is_no_relief_before_it_gave_some(void **state)
{
	struct heard h;

	(void)state;
	fake_creds_plan(CREDS_SSO, "SSO");
	begin();
	fake_creds_fail(ERR_AUTH, false, "log in first", 0);
	hear(&h);
	pass(0);
	assert_int_equal(rig.troubles, 1);
	fake_creds_plan(CREDS_PROCESS, "program");
	creds_cache_reload(rig.cache);
	assert_int_equal(rig.reliefs, 0);
	fake_creds_bring("A", HOUR, 0);
	hear(&h);
	pass(0);
	assert_string_equal(h.key, "A");
	assert_int_equal(rig.reliefs, 1);
}

/* Nobody else asks: the change itself has to go on with it. */
static void
who_waits_when_the_source_changes_hears_of_the_new_one(void **state)
{
	struct heard h;

	(void)state;
	fake_creds_plan(CREDS_SSO, "SSO");
	begin();
	fake_creds_bring("A", HOUR, -1);
	hear(&h);
	pass(10);
	fake_creds_plan(CREDS_PROCESS, "program");
	fake_creds_bring("B", HOUR, 10);
	creds_cache_reload(rig.cache);
	assert_int_equal(h.times, 0);
	pass(20);
	assert_string_equal(h.key, "B");
}

static void
static_stability_ends_with_its_source(void **state)
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
	pass(2000);
	fake_creds_fail(ERR_TIMEOUT, true, "no answer", 0);
	assert_string_equal(now(), "A");
	pass(0);
	fake_creds_plan(CREDS_SSO, "SSO");
	fake_creds_bring("B", HOUR, 10);
	creds_cache_reload(rig.cache);
	assert_string_equal(now(), "-");
	pass(10);
	assert_string_equal(now(), "B");
}

static void
a_reload_looks_at_once_and_waits_for_no_gap(void **state)
{
	struct heard h;

	(void)state;
	fake_creds_plan(CREDS_SSO, "SSO");
	begin();
	fake_creds_fail(ERR_AUTH, false, "log in first", 0);
	hear(&h);
	pass(10);
	fake_creds_bring("A", HOUR, 0);
	creds_cache_reload(rig.cache);
	assert_string_equal(now(), "-");
	pass(0);
	assert_string_equal(now(), "A");
	fake_creds_keys("keys", "AKIDKEYS", 0);
	creds_cache_reload(rig.cache);
	assert_string_equal(now(), "AKIDKEYS");
}

static void
a_plan_that_is_senseless_from_the_start_is_an_error(void **state)
{
	struct creds_cache_options o = {.env.loop = rig.loop};
	struct error err;

	(void)state;
	fake_creds_no_plan("half a pair");
	assert_int_equal(creds_cache_new(&o, &rig.cache, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_null(rig.cache);
}

/* --- what is shown -------------------------------------------------- */

static void
its_state_tells_the_source_and_the_set(void **state)
{
	struct creds_state cs;

	(void)state;
	fake_creds_plan(CREDS_ROLE, "role 'x'");
	begin();
	creds_cache_state(rig.cache, &cs);
	assert_string_equal(cs.source, "role 'x'");
	assert_null(cs.current);
	assert_null(cs.failed);
	fake_creds_bring("A", HOUR, 0);
	(void)now();
	pass(0);
	creds_cache_state(rig.cache, &cs);
	assert_string_equal(cs.current->access_key, "A");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    RIG_TEST(what_a_service_refuses_is_replaced_and_not_used_till_then),
	    RIG_TEST(the_same_again_is_not_refreshed_for_it_for_half_a_minute),
	    RIG_TEST(new_ones_that_are_refused_at_once_are_not_replaced_either),
	    RIG_TEST(only_a_refresh_for_a_refusal_makes_it_stubborn),
	    RIG_TEST(what_imds_has_again_after_a_refusal_stays_refused),
	    RIG_TEST(a_set_that_is_refused_while_it_is_told_is_told_no_further),
	    RIG_TEST(keys_of_a_file_are_read_again_when_they_are_refused),
	    RIG_TEST(keys_that_stay_the_same_stand),
	    RIG_TEST(a_changed_file_is_seen_within_a_second),
	    RIG_TEST(a_file_that_means_the_same_changes_nothing),
	    RIG_TEST(the_old_set_serves_until_the_new_source_has_one),
	    RIG_TEST(keys_that_were_taken_out_of_a_file_are_not_used_any_more),
	    RIG_TEST(a_refresh_of_the_old_source_is_broken_off),
	    RIG_TEST(a_file_that_is_broken_for_a_while_changes_nothing),
	    RIG_TEST(
		broken_files_do_not_speak_of_credentials_that_are_not_there),
	    RIG_TEST(another_source_is_no_relief_before_it_gave_some),
	    RIG_TEST(who_waits_when_the_source_changes_hears_of_the_new_one),
	    RIG_TEST(static_stability_ends_with_its_source),
	    RIG_TEST(a_reload_looks_at_once_and_waits_for_no_gap),
	    RIG_TEST(a_plan_that_is_senseless_from_the_start_is_an_error),
	    RIG_TEST(its_state_tells_the_source_and_the_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
