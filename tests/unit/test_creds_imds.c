/* SPDX-License-Identifier: Apache-2.0 */
/* The metadata service: tokens, both paths, version 1, and nobody at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aws/creds_source.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/unit/fetch_rig.h"

static int
setup(void **state)
{
	struct fetch_rig *r;

	fetch_rig_setup(state);
	r = *state;
	r->plan.kind = CREDS_IMDS;
	r->plan.imds.url = r->url;
	r->plan.imds.timeout_ms = 1000;
	r->plan.imds.tries = 1;
	return 0;
}

static void
expect_asked(struct fetch_rig *r, unsigned token, unsigned role, unsigned creds)
{
	assert_int_equal(r->peer.asked[PLACE_IMDS_TOKEN], token);
	assert_int_equal(r->peer.asked[PLACE_IMDS_ROLE], role);
	assert_int_equal(r->peer.asked[PLACE_IMDS_CREDS], creds);
}

static void
a_token_serves_again_until_its_end(void **state)
{
	struct fetch_rig *r = *state;

	fetch_rig_gets(r, "imds");
	assert_string_equal(r->creds.account_id, CREDPEER_ACCOUNT);
	expect_asked(r, 1, 1, 1);
	fetch_rig_gets(r, "imds");
	expect_asked(r, 1, 2, 2);
	/* What is as good as over is not used. */
	creds_imds_forget();
	credpeer_set(&r->peer, "life_s", "20");
	fetch_rig_gets(r, "imds");
	fetch_rig_gets(r, "imds");
	expect_asked(r, 3, 4, 4);
}

static void
the_extended_path_is_left_where_it_is_not_known(void **state)
{
	struct fetch_rig *r = *state;

	credpeer_fail(&r->peer, "imds.extended", "404", 1000);
	fetch_rig_gets(r, "imds");
	assert_null(r->creds.account_id);
	assert_int_equal(r->peer.asked[PLACE_IMDS_EXTENDED], 1);
	fetch_rig_gets(r, "imds");
	assert_int_equal(r->peer.asked[PLACE_IMDS_EXTENDED], 1);
	expect_asked(r, 1, 3, 2);
	/* The list is there, and what it names is not. */
	creds_imds_forget();
	r->plan.imds.role = (char *)(uintptr_t) "the-role";
	fetch_rig_gets(r, "imds");
	assert_int_equal(r->peer.asked[PLACE_IMDS_EXTENDED], 2);
	assert_null(r->creds.account_id);
}

static void
a_role_that_was_named_is_not_asked_for(void **state)
{
	struct fetch_rig *r = *state;

	r->plan.imds.role = (char *)(uintptr_t) "the-role";
	fetch_rig_gets(r, "imds");
	expect_asked(r, 1, 0, 1);
	r->plan.imds.role = (char *)(uintptr_t) "no-role";
	fetch_rig_fails(
	    r, ERR_NOT_FOUND, "the source: the role's credentials: HTTP 404");
}

static void
a_token_that_is_refused_is_replaced_once(void **state)
{
	struct fetch_rig *r = *state;

	fetch_rig_gets(r, "imds");
	credpeer_set(&r->peer, "imds_token", "another");
	fetch_rig_gets(r, "imds");
	expect_asked(r, 2, 3, 2);
	credpeer_fail(&r->peer, "imds.creds", "401", 1);
	fetch_rig_gets(r, "imds");
	expect_asked(r, 3, 5, 4);
	credpeer_fail(&r->peer, "imds.creds", "401", 2);
	fetch_rig_fails(r, ERR_AUTH, "*HTTP 401");
	expect_asked(r, 4, 7, 6);
}

static void
version_1_is_asked_where_nobody_gives_tokens(void **state)
{
	static const char *const faults[] = {"403", "404", "405", "hang"};
	struct fetch_rig *r = *state;
	size_t i;

	r->plan.imds.timeout_ms = 100;
	for (i = 0; i < ARRAY_LEN(faults); i++) {
		credpeer_fail(&r->peer, "imds.token", faults[i], 2);
		fetch_rig_gets(r, "imds");
		r->plan.imds.v1_disabled = true;
		fetch_rig_fails(r,
		    i == 3       ? ERR_TIMEOUT
			: i == 0 ? ERR_AUTH
			: i == 1 ? ERR_NOT_FOUND
				 : ERR_REFUSED,
		    "the source: *");
		assert_true(strstr(r->err.hint, "hop limit") != NULL);
		r->plan.imds.v1_disabled = false;
	}
	expect_asked(r, 8, 4, 4);
	/* Refused is not the same as not known. */
	credpeer_fail(&r->peer, "imds.token", "400", 1);
	fetch_rig_fails(r, ERR_REFUSED, "the source: the token: HTTP 400");
	credpeer_fail(&r->peer, "imds.token", "garbage", 1);
	fetch_rig_fails(r, ERR_PROTOCOL, "the source: what should be a token*");
	expect_asked(r, 10, 4, 4);
}

static void
it_is_tried_as_often_as_the_plan_says(void **state)
{
	struct fetch_rig *r = *state;

	r->plan.imds.tries = 3;
	credpeer_fail(&r->peer, "imds.token", "reset", 2);
	credpeer_fail(&r->peer, "imds.role", "500", 2);
	credpeer_fail(&r->peer, "imds.creds", "503", 2);
	fetch_rig_gets(r, "imds");
	expect_asked(r, 3, 3, 3);
	r->plan.imds.tries = 1;
	credpeer_fail(&r->peer, "imds.creds", "503", 1);
	fetch_rig_fails(r, ERR_REMOTE, "*HTTP 503");
	assert_true(r->err.retryable);
}

static void
a_200_may_say_no(void **state)
{
	struct fetch_rig *r = *state;

	credpeer_fail(&r->peer, "imds.creds", "failed", 1);
	fetch_rig_fails(r, ERR_AUTH,
	    "the source: the answer says AssumeRoleUnauthorizedAccess: EC2 "
	    "cannot assume the role");
	assert_true(r->err.retryable);
	assert_true(strstr(r->err.hint, "trust policy") != NULL);
	credpeer_fail(&r->peer, "imds.creds", "garbage", 1);
	fetch_rig_fails(r, ERR_PROTOCOL, "*not JSON*");
	assert_true(r->err.retryable);
	credpeer_fail(&r->peer, "imds.creds", "huge", 1);
	fetch_rig_fails(r, ERR_LIMIT, "*larger than*");
	credpeer_fail(&r->peer, "imds.role", "garbage", 1);
	fetch_rig_fails(r, ERR_PROTOCOL, "*no name of one");
	credpeer_fail(&r->peer, "imds.role", "empty", 1);
	fetch_rig_fails(r, ERR_PROTOCOL, "*no name of one");
	credpeer_fail(&r->peer, "imds.role", "redirect", 1);
	fetch_rig_fails(r, ERR_REFUSED, "*HTTP 302");
	credpeer_fail(&r->peer, "imds.creds", "expired", 1);
	fetch_rig_gets(r, "imds");
	assert_true(r->creds.expires_mono < clock_mono_ms());
	credpeer_fail(&r->peer, "imds.creds", "echo", 2);
	fetch_rig_fails(r, ERR_AUTH, "*: Bad: \\* (HTTP 401)");
}

static void
nobody_there_is_no_credentials_where_nothing_else_is_set(void **state)
{
	struct fetch_rig *r = *state;

	r->plan.imds.url = (char *)(uintptr_t)fetch_rig_nowhere();
	fetch_rig_fails(r, ERR_NET, "the source: failed to connect*");
	assert_true(r->err.retryable);
	r->plan.imds.last_resort = true;
	fetch_rig_fails(r, ERR_AUTH, "no credentials*");
	assert_true(strstr(r->err.hint, "AWS_ACCESS_KEY_ID") != NULL);

	r->plan.imds.url = r->url;
	credpeer_fail(&r->peer, "imds.role", "404", 2);
	fetch_rig_fails(r, ERR_AUTH, "no credentials*");
	credpeer_fail(&r->peer, "imds.token", "hang", 1);
	credpeer_fail(&r->peer, "imds.role", "hang", 1);
	r->plan.imds.timeout_ms = 100;
	creds_imds_forget();
	fetch_rig_fails(r, ERR_AUTH, "no credentials*");
	r->plan.imds.timeout_ms = 1000;
	/* Somebody is there, who may be a proxy that denies: it is said, and
	 * what there is to do all the same. */
	creds_imds_forget();
	credpeer_fail(&r->peer, "imds.token", "403", 1);
	credpeer_fail(&r->peer, "imds.role", "403", 4);
	fetch_rig_fails(r, ERR_AUTH, "the source: the name of the role: *403*");
	assert_true(strstr(r->err.hint, "AWS_ACCESS_KEY_ID") != NULL);
	assert_true(strstr(r->err.hint, "'awaitd check'") != NULL);
	assert_true(strstr(r->err.hint, "awaitd-local.") != NULL);
	r->plan.imds.last_resort = false;
	fetch_rig_fails(r, ERR_AUTH, "the source: the name of the role: *403*");
	assert_string_equal(r->err.hint, "");
	r->plan.imds.last_resort = true;
	credpeer_fail(&r->peer, "imds.role", "403", 0);
	creds_imds_forget();
	/* Somebody is there, and has a role: that is another trouble. */
	credpeer_fail(&r->peer, "imds.creds", "failed", 1);
	fetch_rig_fails(r, ERR_AUTH, "the source: the answer says*");
	r->plan.imds.last_resort = false;
	credpeer_fail(&r->peer, "imds.role", "404", 2);
	fetch_rig_fails(r, ERR_AUTH, "the source: the instance has no role");
	fetch_rig_gets(r, "imds");
}

/* Only what may pass leaves the old set in use: creds_cache.h. */
static void
who_gave_some_before_and_is_gone_now_will_be_back(void **state)
{
	static const struct {
		const char *place, *what;
		enum error_code code;
	} cases[] = {
	    {"imds.role", "reset", ERR_NET},
	    {"imds.role", "hang", ERR_TIMEOUT},
	    {"imds.token", "reset", ERR_NET},
	};
	struct fetch_rig *r = *state;
	size_t i;

	r->plan.imds.last_resort = true;
	r->plan.imds.timeout_ms = 100;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		fetch_rig_gets(r, "imds");
		if (str_eq(cases[i].place, "imds.token")) {
			credpeer_set(&r->peer, "imds_token", "another");
			credpeer_fail(&r->peer, "imds.role", "401", 1);
		}
		credpeer_fail(&r->peer, cases[i].place, cases[i].what, 9);
		fetch_rig_fails(r, cases[i].code, "the source: *");
		assert_true(r->err.retryable);
		credpeer_fail(&r->peer, cases[i].place, "", 0);
	}
	credpeer_fail(&r->peer, "imds.role", "404", 2);
	fetch_rig_fails(r, ERR_AUTH, "the source: the instance has no role");
	assert_false(r->err.retryable);
}

static void
a_proxy_is_never_asked(void **state)
{
	struct fetch_rig *r = *state;

	/* What is on the loopback goes without one in any case. */
	r->plan.imds.url = (char *)(uintptr_t) "http://nobody.invalid";
	setenv("http_proxy", r->url, 1);
	fetch_rig_fails(r, ERR_NET, "*ould not resolve*");
	unsetenv("http_proxy");
}

static void
it_can_be_cancelled_at_any_moment(void **state)
{
	struct fetch_rig *r = *state;

	fetch_rig_cancels(r);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fetch_rig_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_token_serves_again_until_its_end),
	    TEST(the_extended_path_is_left_where_it_is_not_known),
	    TEST(a_role_that_was_named_is_not_asked_for),
	    TEST(a_token_that_is_refused_is_replaced_once),
	    TEST(version_1_is_asked_where_nobody_gives_tokens),
	    TEST(it_is_tried_as_often_as_the_plan_says),
	    TEST(a_200_may_say_no),
	    TEST(nobody_there_is_no_credentials_where_nothing_else_is_set),
	    TEST(who_gave_some_before_and_is_gone_now_will_be_back),
	    TEST(a_proxy_is_never_asked),
	    TEST(it_can_be_cancelled_at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
