/* SPDX-License-Identifier: Apache-2.0 */
/* SSO: the token of a login, its renewal, and the file that all tools share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aws/creds_sso_cache.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "tests/unit/fetch_rig.h"

#define S(text) ((char *)(uintptr_t)(text))

/* SHA-1 of "my-session" and of the start URL below. */
#define OF_SESSION        \
	".aws/sso/cache/" \
	"9e28173066ce536e277c5fb355efd9c64f398167.json"
#define OF_URL            \
	".aws/sso/cache/" \
	"e8be5486177c5b5392bd9aa76563515b29358e6e.json"

static int
setup(void **state)
{
	struct fetch_rig *r;

	fetch_rig_setup(state);
	r = *state;
	r->plan.kind = CREDS_SSO;
	r->plan.sso.account_id = S(CREDPEER_ACCOUNT);
	r->plan.sso.role_name = S("Sso+Role");
	r->plan.sso.region = S("us-east-1");
	r->plan.sso.start_url = S("https://example.awsapps.com/start");
	r->plan.sso.session = S("my-session");
	return 0;
}

/* The next test's session: of each one renewal in 30 s is tried. */
static void
new_session(struct fetch_rig *r)
{
	static unsigned n;
	static char name[32];

	snprintf(name, sizeof(name), "session-%u", ++n);
	r->plan.sso.session = name;
}

/* A login with so many seconds left, and so many of the registration; 0: with
 * nothing to renew it by. */
static void
log_in(struct fetch_rig *r, long left_s, long registration_s)
{
	char end[TIMEFMT_ISO_SIZE], registration[TIMEFMT_ISO_SIZE];
	char *path = sso_cache_path(&r->plan.sso), *text, *more;

	timefmt_iso(clock_wall_ms() + left_s * 1000, end);
	timefmt_iso(clock_wall_ms() + registration_s * 1000, registration);
	more = registration_s == 0
	    ? xstrdup("")
	    : xasprintf(",\"clientId\":\"client\",\"clientSecret\":"
			"\"client-secret\",\"refreshToken\":\"sso-refresh\","
			"\"registrationExpiresAt\":\"%s\"",
		  registration);
	text = xasprintf("{\"accessToken\":\"sso-access\",\"expiresAt\":"
			 "\"%.19sZ\",\"other\":{\"a\":[1,true,null,\"\\u00e9"
			 "\"]}%s}",
	    end, more);
	fetch_rig_put(r, path + strlen(r->home) + 1, text);
	free(path);
	free(text);
	free(more);
}

static struct json *
cache_of(struct fetch_rig *r)
{
	char *path = sso_cache_path(&r->plan.sso);
	char *text = fetch_rig_read(r, path + strlen(r->home) + 1);
	struct json *doc;
	struct stat st;
	struct error err;

	assert_int_equal(json_parse(text, strlen(text), &doc, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	free(path);
	free(text);
	return doc;
}

static void
the_file_is_named_by_the_session_or_the_url(void **state)
{
	struct fetch_rig *r = *state;
	char *path = sso_cache_path(&r->plan.sso);

	assert_true(str_ends(path, "/" OF_SESSION));
	assert_true(str_starts(path, r->home));
	free(path);
	r->plan.sso.session = NULL;
	path = sso_cache_path(&r->plan.sso);
	assert_true(str_ends(path, "/" OF_URL));
	free(path);
}

static void
a_login_gives_the_roles_credentials(void **state)
{
	struct fetch_rig *r = *state;

	log_in(r, 3600, 0);
	fetch_rig_gets(r, "sso");
	assert_string_equal(r->creds.account_id, CREDPEER_ACCOUNT);
	r->plan.sso.session = NULL;
	log_in(r, 3600, 0);
	fetch_rig_gets(r, "sso");
	/* As older versions of the AWS CLI write it. */
	fetch_rig_put(r, OF_URL,
	    "{\"accessToken\":\"sso-access\","
	    "\"expiresAt\":\"2999-01-01T00:00:00UTC\"}");
	fetch_rig_gets(r, "sso");
	assert_int_equal(r->peer.asked[PLACE_OIDC], 0);
}

static void
who_is_not_logged_in_is_told_how(void **state)
{
	struct fetch_rig *r = *state;

	fetch_rig_fails(
	    r, ERR_AUTH, "the source: nobody is logged in: there is no /*");
	assert_string_equal(r->err.hint, "Run 'aws sso login --profile dev'.");
	log_in(r, -10, 0);
	fetch_rig_fails(r, ERR_AUTH, "the source: the login is over");
	assert_string_equal(r->err.hint, "Run 'aws sso login --profile dev'.");
	/* The registration is over as well. */
	log_in(r, -10, -5);
	fetch_rig_fails(r, ERR_AUTH, "the source: the login is over");
	log_in(r, 3600, 0);
	credpeer_set(&r->peer, "sso_token", "sso-other");
	fetch_rig_fails(r, ERR_AUTH,
	    "the source: GetRoleCredentials: UnauthorizedException: *");
	assert_string_equal(r->err.hint, "Run 'aws sso login --profile dev'.");
	assert_int_equal(r->peer.asked[PLACE_OIDC], 0);
	fetch_rig_put(r, OF_SESSION, "{\"accessToken\":\"a\\u0007\"}");
	fetch_rig_fails(r, ERR_CONFIG, "the source: /*: no accessToken*");
	fetch_rig_put(r, OF_SESSION, "{");
	fetch_rig_fails(r, ERR_CONFIG, "the source: /*: not JSON*");
}

static void
a_role_that_is_not_the_users_is_named(void **state)
{
	struct fetch_rig *r = *state;

	r->plan.sso.role_name = S("Admin");
	log_in(r, 3600, 0);
	fetch_rig_fails(r, ERR_AUTH, "*GetRoleCredentials: Forbidden*");
	assert_true(strstr(r->err.hint, "Admin") != NULL);
}

static void
a_token_is_renewed_in_its_last_minutes(void **state)
{
	struct fetch_rig *r = *state;
	const struct json *m;
	struct json *doc;
	struct buf b;

	new_session(r);
	log_in(r, 310, 3600);
	fetch_rig_gets(r, "sso");
	assert_int_equal(r->peer.asked[PLACE_OIDC], 0);
	log_in(r, 290, 3600);
	fetch_rig_gets(r, "sso");
	assert_int_equal(r->peer.asked[PLACE_OIDC], 1);
	assert_string_equal(r->peer.sso_token, "sso-access-1");
	doc = cache_of(r);
	assert_string_equal(json_get_str(doc, "accessToken"), "sso-access-1");
	assert_string_equal(json_get_str(doc, "refreshToken"), "sso-refresh-1");
	assert_string_equal(json_get_str(doc, "clientSecret"), "client-secret");
	assert_int_equal(strlen(json_get_str(doc, "expiresAt")), 20);
	m = json_get(doc, "other");
	buf_init(&b, 1000);
	assert_int_equal(json_print(m, &b), 0);
	assert_string_equal(b.data, "{\"a\":[1,true,null,\"\xc3\xa9\"]}");
	buf_done(&b);
	json_free(doc);
	/* From the file. */
	fetch_rig_gets(r, "sso");
	assert_int_equal(r->peer.asked[PLACE_OIDC], 1);
}

static void
a_token_that_is_over_is_renewed(void **state)
{
	struct fetch_rig *r = *state;

	new_session(r);
	log_in(r, -100, 3600);
	fetch_rig_gets(r, "sso");
	/* Not again so soon. */
	log_in(r, -100, 3600);
	fetch_rig_fails(r, ERR_AUTH, "the source: the login is over");
	assert_int_equal(r->peer.asked[PLACE_OIDC], 1);
	/* By the portal's clock it is over, not by ours. */
	new_session(r);
	credpeer_set(&r->peer, "sso_refresh", "sso-refresh");
	log_in(r, 3600, 3600);
	fetch_rig_gets(r, "sso");
	assert_int_equal(r->peer.asked[PLACE_OIDC], 2);
	/* A login by its start URL is never renewed. */
	r->plan.sso.session = NULL;
	log_in(r, -100, 3600);
	fetch_rig_fails(r, ERR_AUTH, "the source: the login is over");
	assert_int_equal(r->peer.asked[PLACE_OIDC], 2);
}

static void
the_old_token_serves_where_the_renewal_fails(void **state)
{
	static const char *const faults[] = {"garbage", "echo", "redirect"};
	struct fetch_rig *r = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(faults); i++) {
		new_session(r);
		log_in(r, 100, 3600);
		credpeer_fail(&r->peer, "oidc", faults[i], 1);
		fetch_rig_gets(r, "sso");
		new_session(r);
		log_in(r, -100, 3600);
		credpeer_fail(&r->peer, "oidc", faults[i], 1);
		fetch_rig_fetch(r);
		assert_false(r->got);
		assert_true(str_starts(r->err.text,
		    "the source: the token is over and was not renewed: "));
		assert_string_equal(
		    r->err.hint, "Run 'aws sso login --profile dev'.");
	}
	new_session(r);
	log_in(r, -100, 3600);
	credpeer_set(&r->peer, "sso_refresh", "sso-newer");
	fetch_rig_fails(r, ERR_REFUSED,
	    "*CreateToken: invalid_grant: Invalid refresh token*");
	new_session(r);
	log_in(r, -100, 3600);
	credpeer_fail(&r->peer, "oidc", "500", 3);
	fetch_rig_fails(r, ERR_REMOTE, "*was not renewed: CreateToken*");
	assert_true(r->err.retryable);
	assert_string_equal(r->err.hint, "");
}

static void
what_fails_for_the_moment_is_asked_again(void **state)
{
	struct fetch_rig *r = *state;

	log_in(r, 3600, 0);
	credpeer_fail(&r->peer, "sso", "reset", 1);
	fetch_rig_gets(r, "sso");
	credpeer_fail(&r->peer, "sso", "429", 2);
	fetch_rig_gets(r, "sso");
	credpeer_fail(&r->peer, "sso", "503", 3);
	fetch_rig_fails(r, ERR_REMOTE, "*GetRoleCredentials: *HTTP 503)");
	assert_true(r->err.retryable);
	credpeer_fail(&r->peer, "sso", "garbage", 1);
	fetch_rig_fails(r, ERR_PROTOCOL, "*GetRoleCredentials: not JSON*");
	credpeer_fail(&r->peer, "sso", "huge", 3);
	fetch_rig_fails(r, ERR_LIMIT, "*larger than*");
	credpeer_fail(&r->peer, "sso", "redirect", 1);
	fetch_rig_fetch(r);
	assert_int_equal(r->err.http_status, 302);
	credpeer_fail(&r->peer, "sso", "echo", 1);
	fetch_rig_fails(r, ERR_AUTH, "*: Bad: \\* (HTTP 401)");
}

static void
it_can_be_cancelled_at_any_moment(void **state)
{
	struct fetch_rig *r = *state;

	log_in(r, 3600, 0);
	fetch_rig_cancels(r);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fetch_rig_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(the_file_is_named_by_the_session_or_the_url),
	    TEST(a_login_gives_the_roles_credentials),
	    TEST(who_is_not_logged_in_is_told_how),
	    TEST(a_role_that_is_not_the_users_is_named),
	    TEST(a_token_is_renewed_in_its_last_minutes),
	    TEST(a_token_that_is_over_is_renewed),
	    TEST(the_old_token_serves_where_the_renewal_fails),
	    TEST(what_fails_for_the_moment_is_asked_again),
	    TEST(it_can_be_cancelled_at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
