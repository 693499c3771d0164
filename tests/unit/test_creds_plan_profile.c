/* SPDX-License-Identifier: Apache-2.0 */
/* What a profile may have, and half of it. Roles: test_creds_plan_role.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/unit/creds_rig.h"

static int
setup(void **state)
{
	int rc = creds_rig_setup(state);

	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	return rc;
}

static void
assert_keys(const char *profile, const char *id)
{
	struct creds_plan *plan = creds_rig_plan(profile);

	assert_int_equal(plan->kind, CREDS_KEYS);
	assert_string_equal(plan->keys.access_key, id);
	creds_plan_free(plan);
}

/* --- keys ----------------------------------------------------------- */

static void
keys_come_from_one_file_and_are_never_mixed(void **state)
{
	struct creds_plan *plan;

	(void)state;
	creds_rig_config("[profile p]\n" KEYS(
	    "C") "aws_session_token = ct\naws_account_id = 1\n");
	plan = creds_rig_plan("p");
	assert_string_equal(plan->keys.session_token, "ct");
	assert_string_equal(plan->keys.account_id, "1");
	assert_string_equal(plan->keys.source, "profile 'p'");
	assert_string_equal(plan->profile, "p");
	creds_plan_free(plan);
	creds_rig_credentials("[p]\naws_access_key_id = old\n"
			      "aws_access_key_id = K\n"
			      "AWS_SECRET_ACCESS_KEY = k\n");
	plan = creds_rig_plan("p");
	assert_string_equal(plan->keys.access_key, "K");
	assert_string_equal(plan->keys.secret_key, "k");
	assert_null(plan->keys.session_token);
	creds_plan_free(plan);
	creds_rig_credentials("[p]\naws_access_key_id = K\n");
	creds_rig_refused("p", ERR_CONFIG,
	    "/.aws/credentials, profile 'p': aws_access_key_id is set, but "
	    "aws_secret_access_key is not");
	creds_rig_credentials("[p]\naws_secret_access_key = " SECRET "\n");
	creds_rig_refused(
	    "p", ERR_CONFIG, "profile 'p': aws_secret_access_key is set, but");
	creds_rig_credentials(
	    "[p]\n" KEYS("K") "aws_security_token = " SECRET "-old\n");
	plan = creds_rig_plan("p");
	assert_string_equal(plan->keys.session_token, SECRET "-old");
	creds_plan_free(plan);
}

static void
rotated_keys_are_read_anew(void **state)
{
	(void)state;
	creds_rig_credentials("[default]\n" KEYS("A"));
	assert_keys(NULL, "A");
	creds_rig_credentials("[default]\n" KEYS("B"));
	assert_keys(NULL, "B");
}

static void
a_secret_keeps_what_looks_like_a_comment(void **state)
{
	struct creds_plan *plan;

	(void)state;
	creds_rig_credentials("\xef\xbb\xbf[default] # mine\r\n"
			      "aws_access_key_id = AK\r\n"
			      "aws_secret_access_key = a #b ;c\r\n");
	plan = creds_rig_plan(NULL);
	assert_string_equal(plan->keys.access_key, "AK");
	assert_string_equal(plan->keys.secret_key, "a #b ;c");
	creds_plan_free(plan);
	/* The others say it themselves. */
	creds_rig_credentials("[default]\naws_access_key_id = " SECRET " #x\n"
			      "aws_secret_access_key = x\n");
	creds_rig_refused(NULL, ERR_CONFIG, "aws_access_key_id holds a blank");
}

static void
a_file_open_to_others_is_taken_with_a_warning(void **state)
{
	struct creds_plan *plan;

	(void)state;
	creds_rig_put("credentials", "[default]\n" KEYS("D"), 0640);
	plan = creds_rig_plan(NULL);
	assert_string_equal(plan->keys.access_key, "D");
	assert_non_null(plan->warning);
	assert_non_null(strstr(plan->warning, "/.aws/credentials"));
	assert_non_null(strstr(plan->warning, "0640"));
	creds_plan_free(plan);
	/* Only the file that holds the keys matters. */
	creds_rig_put("credentials", "[default]\n" KEYS("D"), 0400);
	creds_rig_put("config",
	    "[default]\nregion = x\n[profile p]\n"
	    "credential_process = x\n",
	    0644);
	plan = creds_rig_plan(NULL);
	assert_null(plan->warning);
	creds_plan_free(plan);
	plan = creds_rig_plan("p");
	assert_null(plan->warning);
	creds_plan_free(plan);
	/* Who may write the command is who we are. */
	creds_rig_put("config", "[profile p]\ncredential_process = x\n", 0622);
	plan = creds_rig_plan("p");
	assert_non_null(strstr(plan->warning, "/.aws/config is open"));
	creds_plan_free(plan);
}

/* --- others --------------------------------------------------------- */

static void
a_command_is_kept_as_it_stands(void **state)
{
	struct creds_plan *plan;

	(void)state;
	creds_rig_config("[profile p]\naws_account_id = 123\n"
			 "credential_process = \"/opt/x y\" --a='b # c'\n");
	plan = creds_rig_plan("p");
	assert_int_equal(plan->kind, CREDS_PROCESS);
	assert_string_equal(plan->command, "\"/opt/x y\" --a='b # c'");
	assert_string_equal(plan->keys.account_id, "123");
	assert_string_equal(
	    plan->source, "credential_process of the profile 'p'");
	creds_plan_free(plan);
}

static void
of_a_setting_in_both_files_that_of_the_credentials_file_counts(void **state)
{
	struct creds_plan *plan;

	(void)state;
	creds_rig_config("[profile p]\ncredential_process = config\n");
	creds_rig_credentials("[p]\ncredential_process = credentials\n");
	plan = creds_rig_plan("p");
	assert_string_equal(plan->command, "credentials");
	creds_plan_free(plan);
}

static void
web_identity_of_a_profile_needs_both_settings(void **state)
{
	struct creds_plan *plan;

	(void)state;
	creds_rig_config("[profile p]\nweb_identity_token_file = /t\n");
	creds_rig_refused("p", ERR_CONFIG,
	    "/.aws/config, profile 'p': web_identity_token_file is set, but "
	    "role_arn is not");
	creds_rig_config("[profile p]\nweb_identity_token_file = /t\n"
			 "role_arn = arn:aws:iam::1:role/r\n"
			 "role_session_name = me\nduration_seconds = 900\n"
			 "region = eu-west-1\n");
	plan = creds_rig_plan("p");
	assert_int_equal(plan->kind, CREDS_WEB_IDENTITY);
	assert_string_equal(plan->token_file, "/t");
	assert_string_equal(plan->role.session_name, "me");
	assert_int_equal(plan->role.duration_s, 900);
	assert_string_equal(plan->region, "eu-west-1");
	creds_plan_free(plan);
	creds_rig_config("[profile p]\nweb_identity_token_file = /t\n"
			 "role_arn = arn:aws:iam::1:role/r\n"
			 "source_profile = q\n");
	creds_rig_refused("p", ERR_CONFIG,
	    "both web_identity_token_file and source_profile are set");
}

static void
a_login_is_refused_with_a_way_out(void **state)
{
	struct error err;

	(void)state;
	creds_rig_config("[profile p]\nlogin_session = arn:x\n");
	err = creds_rig_refused(
	    "p", ERR_CONFIG, "profile 'p': login_session is not supported");
	assert_non_null(strstr(err.hint, "export-credentials --profile p"));
	creds_rig_credentials("[p]\n" KEYS("K"));
	assert_keys("p", "K");
}

/* --- SSO ------------------------------------------------------------- */

static void
sso_takes_its_portal_from_the_session(void **state)
{
	struct creds_plan *plan;

	(void)state;
	creds_rig_config("[profile p]\nsso_session = corp\n"
			 "sso_account_id = 123456789012\nsso_role_name = r\n"
			 "region = us-east-1\n"
			 "[sso-session corp]\nsso_region = eu-west-1\n"
			 "sso_start_url = https://corp\n"
			 "sso_registration_scopes = sso:account:access\n");
	plan = creds_rig_plan("p");
	assert_int_equal(plan->kind, CREDS_SSO);
	assert_string_equal(plan->sso.account_id, "123456789012");
	assert_string_equal(plan->sso.role_name, "r");
	assert_string_equal(plan->sso.region, "eu-west-1");
	assert_string_equal(plan->sso.start_url, "https://corp");
	assert_string_equal(plan->sso.session, "corp");
	creds_plan_free(plan);
}

static void
sso_as_it_once_was_has_all_in_the_profile(void **state)
{
	struct creds_plan *plan;

	(void)state;
	creds_rig_config("[profile p]\nsso_start_url = https://corp\n"
			 "sso_region = eu-west-1\n"
			 "sso_account_id = 123456789012\nsso_role_name = r\n");
	plan = creds_rig_plan("p");
	assert_int_equal(plan->kind, CREDS_SSO);
	assert_string_equal(plan->sso.start_url, "https://corp");
	assert_null(plan->sso.session);
	creds_plan_free(plan);
}

static void
what_sso_lacks_is_named(void **state)
{
	static const struct {
		const char *text, *words;
	} bad[] = {
	    {"sso_account_id = 1\n", "sso_role_name is not set"},
	    {"sso_role_name = r\n", "sso_account_id is not set"},
	    {"sso_start_url = https://x\n", "sso_account_id is not set"},
	    {"sso_session = s\n[sso-session s]\n", "sso_account_id is not set"},
	    {"sso_account_id = 1\nsso_role_name = r\nsso_region = x\n",
		"sso_start_url is not set"},
	    {"sso_account_id = 1\nsso_role_name = r\nsso_session = s\n",
		"there is no section [sso-session s]"},
	    {"sso_account_id = 1\nsso_role_name = r\nsso_session = s\n"
	     "[sso-session s]\nsso_start_url = https://x\n",
		"sso_region is not set in [sso-session s]"},
	    {"sso_account_id = 1\nsso_role_name = r\nsso_session = s\n"
	     "sso_region = a\n[sso-session s]\nsso_region = b\n"
	     "sso_start_url = https://x\n",
		"sso_region is 'a', but 'b' in [sso-session s]"},
	    {"sso_account_id = 1\nsso_role_name = r\nsso_session = s\n"
	     "sso_start_url = https://x\n[sso-session s]\nsso_region = b\n"
	     "sso_start_url = https://y\n",
		"sso_start_url is 'https://x', but 'https://y' in"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		char *text = xasprintf("[profile p]\n%s", bad[i].text);
		struct error err;

		creds_rig_config(text);
		err = creds_rig_refused("p", ERR_CONFIG, bad[i].words);
		assert_non_null(
		    strstr(err.text, "/.aws/config, profile 'p': "));
		free(text);
	}
}

static void
a_session_for_tokens_leaves_keys_alone(void **state)
{
	(void)state;
	creds_rig_config("[profile p]\nsso_session = s\n" KEYS("C"));
	assert_keys("p", "C");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, creds_rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(keys_come_from_one_file_and_are_never_mixed),
	    T(rotated_keys_are_read_anew),
	    T(a_secret_keeps_what_looks_like_a_comment),
	    T(a_file_open_to_others_is_taken_with_a_warning),
	    T(a_command_is_kept_as_it_stands),
	    T(of_a_setting_in_both_files_that_of_the_credentials_file_counts),
	    T(web_identity_of_a_profile_needs_both_settings),
	    T(a_login_is_refused_with_a_way_out),
	    T(sso_takes_its_portal_from_the_session),
	    T(sso_as_it_once_was_has_all_in_the_profile),
	    T(what_sso_lacks_is_named),
	    T(a_session_for_tokens_leaves_keys_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
