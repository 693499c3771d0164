/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which source of credentials it is: the order, and what each place says.
 * What a profile may have is in test_creds_plan_profile.c and _role.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tests/unit/creds_rig.h"

static void
assert_keys(const char *profile, const char *id, const char *source)
{
	struct creds_plan *plan = creds_rig_plan(profile);

	assert_int_equal(plan->kind, CREDS_KEYS);
	assert_string_equal(plan->keys.access_key, id);
	assert_string_equal(plan->source, source);
	assert_string_equal(plan->keys.source, source);
	creds_plan_free(plan);
}

static void
assert_kind(const char *profile, enum creds_kind kind)
{
	struct creds_plan *plan = creds_rig_plan(profile);

	assert_int_equal(plan->kind, kind);
	creds_plan_free(plan);
}

/* --- the order ------------------------------------------------------ */

static void
each_place_gives_way_to_those_before_it(void **state)
{
	(void)state;
	/* From the last to the first. */
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	creds_rig_refused(NULL, ERR_AUTH, "no credentials");
	setenv("AWS_EC2_METADATA_DISABLED", "false", 1);
	assert_kind(NULL, CREDS_IMDS);
	setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x", 1);
	assert_kind(NULL, CREDS_CONTAINER);
	creds_rig_config("[default]\n" KEYS("C"));
	assert_keys(NULL, "C", "profile 'default'");
	creds_rig_config("[default]\ncredential_process = x\n" KEYS("C"));
	assert_kind(NULL, CREDS_PROCESS);
	creds_rig_credentials("[default]\n" KEYS("D"));
	assert_keys(NULL, "D", "profile 'default'");
	creds_rig_config("[default]\nsso_account_id = 1\nsso_role_name = r\n"
			 "sso_region = x\nsso_start_url = https://x\n");
	assert_kind(NULL, CREDS_SSO);
	creds_rig_config("[default]\nweb_identity_token_file = /t\n"
			 "role_arn = arn:aws:iam::1:role/file\n");
	assert_kind(NULL, CREDS_WEB_IDENTITY);
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/t", 1);
	setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/variable", 1);
	{
		struct creds_plan *plan = creds_rig_plan(NULL);

		assert_int_equal(plan->kind, CREDS_WEB_IDENTITY);
		assert_string_equal(
		    plan->role.arn, "arn:aws:iam::1:role/variable");
		creds_plan_free(plan);
	}
	creds_rig_config("[default]\nrole_arn = arn:aws:iam::1:role/r\n"
			 "source_profile = default\n");
	assert_kind(NULL, CREDS_ROLE);
	creds_rig_set_keys("E");
	assert_keys(NULL, "E", "environment");
}

static void
a_profile_named_explicitly_comes_before_variables(void **state)
{
	(void)state;
	creds_rig_credentials("[p]\n" KEYS("P"));
	creds_rig_config("[profile q]\nregion = x\n");
	creds_rig_set_keys("E");
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/t", 1);
	setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/r", 1);
	assert_keys("p", "P", "profile 'p'");
	assert_keys("", "E", "environment");
	/* One that says nothing leaves it to the rest; but not to the keys. */
	assert_kind("q", CREDS_WEB_IDENTITY);
	unsetenv("AWS_WEB_IDENTITY_TOKEN_FILE");
	assert_kind("q", CREDS_IMDS);
	creds_rig_refused("gone", ERR_CONFIG, "no profile 'gone'");
}

static void
keys_beside_a_profile_by_variable_win_with_a_warning(void **state)
{
	struct creds_plan *plan;

	(void)state;
	creds_rig_credentials("[p]\n" KEYS("P"));
	creds_rig_set_keys("E");
	plan = creds_rig_plan(NULL);
	assert_null(plan->warning);
	creds_plan_free(plan);
	setenv("AWS_PROFILE", "p", 1);
	plan = creds_rig_plan(NULL);
	assert_string_equal(plan->keys.access_key, "E");
	assert_non_null(plan->warning);
	assert_non_null(strstr(plan->warning, "AWS_PROFILE"));
	assert_non_null(strstr(plan->warning, "not the profile 'p'"));
	creds_plan_free(plan);
	plan = creds_rig_plan("p");
	assert_string_equal(plan->keys.access_key, "P");
	assert_null(plan->warning);
	creds_plan_free(plan);
	unsetenv("AWS_ACCESS_KEY_ID");
	unsetenv("AWS_SECRET_ACCESS_KEY");
	assert_keys(NULL, "P", "profile 'p'");
}

static void
without_any_credentials_it_says_what_to_do(void **state)
{
	struct error err;

	(void)state;
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	err = creds_rig_refused(NULL, ERR_AUTH, "no credentials");
	assert_non_null(strstr(err.hint, "AWS_SECRET_ACCESS_KEY"));
	assert_non_null(strstr(err.hint, creds_rig_dir()));
	creds_rig_config("[profile p]\nregion = eu-west-1\n");
	err = creds_rig_refused("p", ERR_AUTH, "'p' has none");
	assert_non_null(strstr(err.hint, "[p]"));
	setenv("HOME", "/dev/null", 1);
	creds_rig_refused(NULL, ERR_AUTH, "no credentials");
}

/* --- variables ------------------------------------------------------- */

static void
all_variables_of_the_keys_are_read(void **state)
{
	struct creds_plan *plan;

	(void)state;
	creds_rig_set_keys("E");
	setenv("AWS_SECURITY_TOKEN", SECRET "-old", 1);
	plan = creds_rig_plan(NULL);
	assert_string_equal(plan->keys.session_token, SECRET "-old");
	assert_true(plan->keys.expires_mono == INT64_MAX);
	creds_plan_free(plan);
	setenv("AWS_SESSION_TOKEN", SECRET "-token", 1);
	setenv("AWS_ACCOUNT_ID", "123456789012", 1);
	setenv("AWS_CREDENTIAL_EXPIRATION", "2100-03-01T00:00:00Z", 1);
	plan = creds_rig_plan(NULL);
	assert_string_equal(plan->keys.secret_key, SECRET);
	assert_string_equal(plan->keys.session_token, SECRET "-token");
	assert_string_equal(plan->keys.account_id, "123456789012");
	assert_true(plan->keys.expires_at == INT64_C(4107542400000));
	assert_true(plan->keys.expires_mono > clock_mono_ms());
	creds_plan_free(plan);
}

static void
half_a_pair_of_variables_is_no_reason_to_go_on(void **state)
{
	(void)state;
	creds_rig_credentials("[default]\n" KEYS("D"));
	setenv("AWS_ACCESS_KEY_ID", "E", 1);
	creds_rig_refused(NULL, ERR_CONFIG,
	    "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
	setenv("AWS_ACCESS_KEY_ID", "", 1);
	setenv("AWS_SECRET_ACCESS_KEY", SECRET, 1);
	creds_rig_refused(NULL, ERR_CONFIG,
	    "AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not");
	setenv("AWS_ACCESS_KEY_ID", "E", 1);
	setenv("AWS_CREDENTIAL_EXPIRATION", "soon", 1);
	creds_rig_refused(
	    NULL, ERR_CONFIG, "AWS_CREDENTIAL_EXPIRATION is no date");
	unsetenv("AWS_ACCESS_KEY_ID");
	unsetenv("AWS_SECRET_ACCESS_KEY");
	setenv("AWS_SESSION_TOKEN", SECRET, 1);
	assert_keys(NULL, "D", "profile 'default'");
}

static void
web_identity_takes_its_variables(void **state)
{
	struct creds_plan *plan;

	(void)state;
	setenv("AWS_ROLE_ARN", "arn:aws-cn:iam::1:role/r", 1);
	assert_kind(NULL, CREDS_IMDS);
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token", 1);
	plan = creds_rig_plan(NULL);
	assert_int_equal(plan->kind, CREDS_WEB_IDENTITY);
	assert_string_equal(plan->source, "web identity of the environment");
	assert_string_equal(plan->token_file, "/var/run/token");
	assert_string_equal(plan->role.arn, "arn:aws-cn:iam::1:role/r");
	assert_memory_equal(plan->role.session_name, "awaitd-", 7);
	assert_null(plan->role.external_id);
	assert_int_equal(plan->role.duration_s, 0);
	assert_null(plan->region);
	creds_plan_free(plan);
	setenv("AWS_ROLE_SESSION_NAME", "pod-1@x", 1);
	plan = creds_rig_plan(NULL);
	assert_string_equal(plan->role.session_name, "pod-1@x");
	creds_plan_free(plan);
	setenv("AWS_ROLE_SESSION_NAME", "a b", 1);
	creds_rig_refused(NULL, ERR_CONFIG,
	    "the environment: AWS_ROLE_SESSION_NAME is 'a b'");
	setenv("AWS_ROLE_ARN", "role\n", 1);
	creds_rig_refused(NULL, ERR_CONFIG,
	    "the environment: AWS_ROLE_ARN is 'role ', which is no ARN");
	unsetenv("AWS_ROLE_ARN");
	creds_rig_refused(NULL, ERR_CONFIG,
	    "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");
}

/* --- comparing ------------------------------------------------------- */

/* Is the plan another one when the config file says this? */
static void
assert_differs(const char *before, const char *after)
{
	struct creds_plan *a, *b, *again;

	creds_rig_config(before);
	a = creds_rig_plan(NULL);
	again = creds_rig_plan(NULL);
	creds_rig_config(after);
	b = creds_rig_plan(NULL);
	assert_true(creds_plan_equal(a, again));
	assert_false(creds_plan_equal(a, b));
	assert_false(creds_plan_equal(b, a));
	creds_plan_free(again);
	creds_plan_free(a);
	creds_plan_free(b);
}

static void
plans_are_equal_where_everything_is(void **state)
{
#define ROLE "[default]\nrole_arn = arn:aws:iam::1:role/a\n"
#define SSO "[default]\nsso_account_id = 1\nsso_role_name = r\n"
	(void)state;
	assert_differs("[default]\n" KEYS("A"), "[default]\n" KEYS("B"));
	assert_differs("[default]\n" KEYS("A"),
	    "[default]\n" KEYS("A") "aws_session_token = x\n");
	assert_differs("[default]\n" KEYS("A"),
	    "[default]\n" KEYS("A") "aws_account_id = 1\n");
	assert_differs("[default]\ncredential_process = a\n",
	    "[default]\ncredential_process = a b\n");
	assert_differs(
	    "[default]\n" KEYS("A"), "[default]\ncredential_process = a\n");
	assert_differs(ROLE "source_profile = b\n[profile b]\n" KEYS("A"),
	    ROLE "source_profile = b\n[profile b]\n" KEYS("B"));
	assert_differs(ROLE "web_identity_token_file = /a\n",
	    ROLE "web_identity_token_file = /b\n");
	assert_differs(ROLE "credential_source = Ec2InstanceMetadata\n",
	    ROLE "credential_source = Ec2InstanceMetadata\n"
		 "external_id = x\n");
	assert_differs(ROLE "credential_source = Ec2InstanceMetadata\n",
	    ROLE "credential_source = Ec2InstanceMetadata\n"
		 "duration_seconds = 901\n");
	assert_differs(ROLE "credential_source = Ec2InstanceMetadata\n",
	    ROLE "credential_source = Ec2InstanceMetadata\n"
		 "ec2_metadata_service_endpoint = http://x\n");
	assert_differs(ROLE "credential_source = Ec2InstanceMetadata\n",
	    ROLE "credential_source = Ec2InstanceMetadata\n"
		 "region = eu-west-1\n");
	assert_differs(SSO "sso_region = x\nsso_start_url = https://x\n",
	    SSO "sso_region = x\nsso_start_url = https://y\n");
	assert_differs(SSO "sso_region = x\nsso_start_url = https://x\n",
	    SSO "sso_session = s\n[sso-session s]\n"
		"sso_region = x\nsso_start_url = https://x\n");
	assert_true(creds_plan_equal(NULL, NULL));
}

#define T(name)                          \
	cmocka_unit_test_setup_teardown( \
	    name, creds_rig_setup, creds_rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(each_place_gives_way_to_those_before_it),
	    T(a_profile_named_explicitly_comes_before_variables),
	    T(keys_beside_a_profile_by_variable_win_with_a_warning),
	    T(without_any_credentials_it_says_what_to_do),
	    T(all_variables_of_the_keys_are_read),
	    T(half_a_pair_of_variables_is_no_reason_to_go_on),
	    T(web_identity_takes_its_variables),
	    T(plans_are_equal_where_everything_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
