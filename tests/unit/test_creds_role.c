/* SPDX-License-Identifier: Apache-2.0 */
/* Roles: AssumeRole over one and more plans, and web identity. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aws/sts.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/unit/fetch_rig.h"

#define ARN "arn:aws:iam::" CREDPEER_ACCOUNT ":role/"
#define S(text) ((char *)(uintptr_t)(text))

static struct creds_plan base, middle;

static int
setup(void **state)
{
	struct fetch_rig *r;

	fetch_rig_setup(state);
	r = *state;
	memset(&base, 0, sizeof(base));
	base.kind = CREDS_KEYS;
	base.source = S("base");
	base.keys.access_key = S(CREDPEER_KEY);
	base.keys.secret_key = S(CREDPEER_SECRET);
	base.keys.expires_mono = INT64_MAX;
	memset(&middle, 0, sizeof(middle));
	middle.kind = CREDS_ROLE;
	middle.source = S("middle");
	middle.profile = S("dev");
	middle.role.arn = S(ARN "inner");
	middle.role.session_name = S("s-1");
	middle.base = &base;
	r->plan.kind = CREDS_ROLE;
	r->plan.role.arn = S(ARN "inner");
	r->plan.role.session_name = S("s-1");
	r->plan.base = &base;
	return 0;
}

static void
keys_are_copied_in_a_later_turn(void **state)
{
	struct fetch_rig *r = *state;

	r->plan.kind = CREDS_KEYS;
	r->plan.keys = base.keys;
	fetch_rig_fetch(r);
	assert_true(r->got);
	assert_string_equal(r->creds.access_key, CREDPEER_KEY);
	assert_ptr_not_equal(r->creds.access_key, base.keys.access_key);
	assert_true(r->creds.expires_mono == INT64_MAX);
	fetch_rig_cancels(r);
}

static void
a_role_is_assumed_with_the_keys_below_it(void **state)
{
	struct fetch_rig *r = *state;

	fetch_rig_gets(r, "inner");
	base.keys.secret_key = S("wrong");
	fetch_rig_fails(
	    r, ERR_AUTH, "role " ARN "inner: AssumeRole: SignatureDoesNot*");
	base.keys.access_key = S("AKIAOTHER");
	fetch_rig_fails(
	    r, ERR_AUTH, "role " ARN "inner: AssumeRole: InvalidClient*");
}

static void
no_role_is_asked_for_with_keys_whose_time_is_over(void **state)
{
	struct fetch_rig *r = *state;

	base.keys.expires_mono = clock_mono_ms();
	fetch_rig_fails(r, ERR_AUTH,
	    "for role " ARN "inner: the credentials (base) that came are "
	    "expired");
	assert_int_equal(r->peer.asked[PLACE_STS], 0);
	/* What IMDS has not renewed goes on being good. */
	base.kind = CREDS_IMDS;
	base.imds.url = r->url;
	base.imds.timeout_ms = 1000;
	base.imds.tries = 1;
	r->plan.role.arn = S(ARN "inner-by-imds");
	credpeer_fail(&r->peer, "imds.creds", "expired", 1);
	fetch_rig_fetch(r);
	assert_int_equal(r->peer.asked[PLACE_STS], 1);
}

/* Its session token has to be sent, and signed. */
static void
a_role_is_assumed_by_a_role(void **state)
{
	struct fetch_rig *r = *state;

	r->plan.role.arn = S(ARN "outer-by-inner");
	r->plan.base = &middle;
	fetch_rig_gets(r, "outer-by-inner");
	assert_int_equal(r->peer.asked[PLACE_STS], 2);
	middle.role.arn = S(ARN "denied");
	fetch_rig_fails(r, ERR_AUTH,
	    "for role " ARN "outer-by-inner: role " ARN
	    "denied: AssumeRole: AccessDenied: *");
	assert_true(strstr(r->err.hint, "trust policy") != NULL);
	middle.role.arn = S(ARN "other");
	fetch_rig_fails(
	    r, ERR_AUTH, "role " ARN "outer-by-inner: AssumeRole: AccessD*");
}

static void
what_the_role_asks_for_is_sent(void **state)
{
	struct fetch_rig *r = *state;

	r->plan.role.arn = S(ARN "path/of/ext");
	fetch_rig_fails(r, ERR_AUTH, "*AccessDenied*");
	r->plan.role.external_id = S(CREDPEER_EXTERNAL_ID);
	r->plan.role.duration_s = 900;
	fetch_rig_gets(r, "ext");
	/* And nothing of it that is not asked for. */
	r->plan.role.arn = S(ARN "inner");
	fetch_rig_fails(r, ERR_AUTH, "*AccessDenied*");
}

static void
a_refusal_says_what_to_do(void **state)
{
	static const struct {
		const char *code, *hint;
		enum error_code class;
	} cases[] = {
	    {"ExpiredToken", "renew them", ERR_AUTH},
	    {"ExpiredTokenException", "renew them", ERR_AUTH},
	    {"RegionDisabledException", "Activate STS", ERR_AUTH},
	    {"ValidationError", "duration_seconds", ERR_REFUSED},
	};
	struct fetch_rig *r = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		credpeer_fail(&r->peer, "sts", cases[i].code, 10);
		fetch_rig_fetch(r);
		assert_false(r->got);
		assert_string_equal(r->err.remote_code, cases[i].code);
		assert_true(str_starts(r->err.text, "role " ARN "inner: "));
		if (strstr(r->err.hint, cases[i].hint) == NULL)
			fail_msg("%s: %s", cases[i].code, r->err.hint);
	}
}

static void
an_answer_that_makes_no_sense_is_refused(void **state)
{
	struct fetch_rig *r = *state;

	credpeer_fail(&r->peer, "sts", "garbage", 1);
	fetch_rig_fails(
	    r, ERR_PROTOCOL, "role " ARN "inner: AssumeRole: no XML document*");
	credpeer_fail(&r->peer, "sts", "empty", 1);
	fetch_rig_fails(r, ERR_PROTOCOL, "*no XML document*");
	credpeer_fail(&r->peer, "sts", "huge", 1);
	fetch_rig_fails(r, ERR_LIMIT, "*larger than*");
	credpeer_fail(&r->peer, "sts", "redirect", 1);
	fetch_rig_fetch(r);
	assert_false(r->got);
	assert_int_equal(r->err.http_status, 302);
	assert_int_equal(r->peer.asked[PLACE_STS], 4);
}

static void
without_any_region_it_is_us_east_1(void **state)
{
	struct fetch_rig *r = *state;

	unsetenv("AWS_REGION");
	fetch_rig_gets(r, "inner");
	fetch_rig_put(r, ".aws/config", "[profile dev]\nregion = eu-west-1\n");
	fetch_rig_fails(r, ERR_AUTH, "*SignatureDoesNotMatch*");
	r->plan.region = S("us-east-1");
	fetch_rig_gets(r, "inner");
	setenv("AWS_REGION", "not a region", 1);
	r->plan.region = NULL;
	fetch_rig_fails(r, ERR_CONFIG, "role " ARN "inner: AWS_REGION is *");
}

/* --- web identity --------------------------------------------------- */

static char *
use_web(struct fetch_rig *r, const char *token)
{
	char *path = xstrdup(fetch_rig_put(r, "token", token));

	r->plan.kind = CREDS_WEB_IDENTITY;
	r->plan.base = NULL;
	r->plan.role.arn = S(ARN "web");
	r->plan.token_file = path;
	return path;
}

static void
a_token_file_is_read_each_time(void **state)
{
	struct fetch_rig *r = *state;
	char *path = use_web(r, "web-token\n");

	fetch_rig_gets(r, "web");
	credpeer_set(&r->peer, "web_token", "rotated-token");
	fetch_rig_fails(r, ERR_AUTH,
	    "role " ARN "web: AssumeRoleWithWebIdentity: Expired*");
	assert_true(strstr(r->err.hint, "new one into its file") != NULL);
	fetch_rig_put(r, "token", "rotated-token");
	fetch_rig_gets(r, "web");
	r->plan.role.arn = S(ARN "denied");
	fetch_rig_fails(r, ERR_AUTH, "*denied*: AccessDenied: *");
	assert_true(strstr(r->err.hint, "OIDC provider") != NULL);
	fetch_rig_put(r, "token", "");
	fetch_rig_fails(
	    r, ERR_CONFIG, "the web identity token: */token is empty");
	r->plan.token_file = S("/no/such/token");
	fetch_rig_fails(r, ERR_CONFIG, "the web identity token: open /no/*");
	assert_true(strstr(r->err.hint, "WEB_IDENTITY_TOKEN_FILE") != NULL);
	free(path);
}

static void
what_the_issuer_fails_at_is_tried_again(void **state)
{
	struct fetch_rig *r = *state;
	char *path = use_web(r, "web-token");

	credpeer_fail(&r->peer, "sts", "InvalidIdentityToken", 2);
	fetch_rig_gets(r, "web");
	assert_int_equal(r->peer.asked[PLACE_STS], 3);
	credpeer_fail(&r->peer, "sts", "IDPCommunicationError", 1);
	fetch_rig_gets(r, "web");
	assert_int_equal(r->peer.asked[PLACE_STS], 5);
	credpeer_fail(&r->peer, "sts", "InvalidIdentityToken", 100);
	fetch_rig_fetch(r);
	assert_false(r->got);
	assert_true(strstr(r->err.hint, "OIDC provider") != NULL);
	assert_int_equal(r->peer.asked[PLACE_STS], 8);
	credpeer_fail(&r->peer, "sts", "IDPCommunicationError", 100);
	fetch_rig_fetch(r);
	assert_false(r->got);
	assert_true(r->err.retryable);
	assert_int_equal(r->peer.asked[PLACE_STS], 11);
	free(path);
}

/* The token may be longer than an error's text. */
static void
no_error_repeats_the_web_token(void **state)
{
	static char token[2000];
	struct fetch_rig *r = *state;
	char *path;

	memset(token, 'y', sizeof(token) - 1);
	memcpy(token, "eyJhbGciOi", 10);
	path = use_web(r, token);
	credpeer_fail(&r->peer, "sts", "echotoken", 1);
	fetch_rig_fails(r, ERR_AUTH, "*AccessDenied: token: \\**");
	assert_null(strstr(r->err.text, "yyyyyyyy"));
	free(path);
}

/* --- who am I ------------------------------------------------------- */

struct asked {
	struct loop *loop;
	char *arn;
	struct error err;
};

static void
on_identity(const struct sts_identity *id, const struct error *err, void *arg)
{
	struct asked *a = arg;

	error_clear(&a->err);
	free(a->arn);
	a->arn = NULL;
	if (id != NULL) {
		assert_string_equal(id->account, CREDPEER_ACCOUNT);
		assert_string_equal(id->user_id, "AIDA");
		a->arn = xstrdup(id->arn);
	} else {
		a->err = *err;
	}
	loop_stop(a->loop);
}

static void
ask(struct fetch_rig *r, struct asked *a)
{
	struct aws_client_options o = {
	    .loop = r->loop, .http = r->http, .fixed = &base.keys};
	struct aws_client *client;
	struct sts_call *call;
	struct error err;

	a->loop = r->loop;
	assert_int_equal(aws_client_new(&o, &client, &err), 0);
	assert_int_equal(sts_get_caller_identity(
			     client, NULL, NULL, on_identity, a, &call, &err),
	    0);
	sts_cancel(call);
	assert_int_equal(sts_get_caller_identity(
			     client, NULL, NULL, on_identity, a, &call, &err),
	    0);
	loop_run(r->loop);
	aws_client_free(client);
}

static void
sts_says_who_one_is(void **state)
{
	struct fetch_rig *r = *state;
	struct asked a = {0};

	ask(r, &a);
	assert_string_equal(
	    a.arn, "arn:aws:iam::" CREDPEER_ACCOUNT ":user/base");
	credpeer_fail(&r->peer, "sts", "garbage", 1);
	ask(r, &a);
	assert_int_equal(a.err.code, ERR_PROTOCOL);
	assert_true(str_starts(a.err.text, "GetCallerIdentity: "));
	base.keys.secret_key = S("wrong");
	ask(r, &a);
	assert_int_equal(a.err.code, ERR_AUTH);
	assert_true(str_starts(a.err.text, "GetCallerIdentity: Signature"));
}

static void
it_can_be_cancelled_at_any_moment(void **state)
{
	struct fetch_rig *r = *state;
	char *path;

	r->plan.role.arn = S(ARN "outer-by-inner");
	r->plan.base = &middle;
	fetch_rig_cancels(r);
	path = use_web(r, "web-token");
	fetch_rig_cancels(r);
	free(path);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fetch_rig_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(keys_are_copied_in_a_later_turn),
	    TEST(a_role_is_assumed_with_the_keys_below_it),
	    TEST(no_role_is_asked_for_with_keys_whose_time_is_over),
	    TEST(a_role_is_assumed_by_a_role),
	    TEST(what_the_role_asks_for_is_sent),
	    TEST(a_refusal_says_what_to_do),
	    TEST(an_answer_that_makes_no_sense_is_refused),
	    TEST(without_any_region_it_is_us_east_1),
	    TEST(a_token_file_is_read_each_time),
	    TEST(what_the_issuer_fails_at_is_tried_again),
	    TEST(no_error_repeats_the_web_token),
	    TEST(sts_says_who_one_is),
	    TEST(it_can_be_cancelled_at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
