/* SPDX-License-Identifier: Apache-2.0 */
/* Roles of a profile, and the chain of profiles that leads to credentials. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "tests/unit/creds_rig.h"

#define ROLE(name) "role_arn = arn:aws:iam::1:role/" name "\n"
#define METADATA "credential_source = Ec2InstanceMetadata\n"

static void
a_role_is_assumed_with_the_source_profile(void **state)
{
	struct creds_plan *plan;

	(void)state;
	creds_rig_config("[profile p]\n" ROLE(
	    "r") "source_profile = q\nexternal_id = ext/1\n"
		 "role_session_name = me\nduration_seconds = 43200\n"
		 "region = eu-west-1\n");
	creds_rig_credentials("[q]\n" KEYS("Q"));
	plan = creds_rig_plan("p");
	assert_int_equal(plan->kind, CREDS_ROLE);
	assert_string_equal(plan->source, "role of the profile 'p'");
	assert_string_equal(plan->profile, "p");
	assert_string_equal(plan->role.arn, "arn:aws:iam::1:role/r");
	assert_string_equal(plan->role.session_name, "me");
	assert_string_equal(plan->role.external_id, "ext/1");
	assert_int_equal(plan->role.duration_s, 43200);
	assert_string_equal(plan->region, "eu-west-1");
	assert_int_equal(plan->base->kind, CREDS_KEYS);
	assert_string_equal(plan->base->keys.access_key, "Q");
	assert_string_equal(plan->base->profile, "q");
	creds_plan_free(plan);
}

/* As EKS documents it: its own variables are there, too. */
static void
a_role_may_rest_on_another_and_that_on_web_identity(void **state)
{
	struct creds_plan *plan;

	(void)state;
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/other", 1);
	setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/other", 1);
	setenv("AWS_PROFILE", "a", 1);
	creds_rig_config("[profile a]\n" ROLE(
	    "a") "source_profile = b\n"
		 "region = eu-west-1\n"
		 "[profile b]\n" ROLE(
		     "b") "source_profile = c\n"
			  "[profile c]\n" ROLE(
			      "c") "web_identity_token_file = /t\n");
	plan = creds_rig_plan(NULL);
	assert_int_equal(plan->kind, CREDS_ROLE);
	assert_int_equal(plan->base->kind, CREDS_ROLE);
	assert_string_equal(plan->base->role.arn, "arn:aws:iam::1:role/b");
	assert_int_equal(plan->base->base->kind, CREDS_WEB_IDENTITY);
	assert_string_equal(plan->base->base->token_file, "/t");
	/* They are asked for where the first one is. */
	assert_string_equal(plan->base->base->region, "eu-west-1");
	assert_null(plan->base->base->base);
	creds_plan_free(plan);
}

static void
a_source_may_be_of_any_kind(void **state)
{
	static const struct {
		const char *text;
		enum creds_kind kind;
	} kinds[] = {
	    {"credential_process = x\n", CREDS_PROCESS},
	    {"sso_account_id = 1\nsso_role_name = r\nsso_region = x\n"
	     "sso_start_url = https://x\n",
		CREDS_SSO},
	    {METADATA, CREDS_IMDS},
	    {ROLE("x") METADATA, CREDS_ROLE},
	    /* Keys come before a role here. */
	    {ROLE("x") METADATA KEYS("K"), CREDS_KEYS},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		struct creds_plan *plan;
		char *text =
		    xasprintf("[default]\n" ROLE(
				  "r") "source_profile = q\n[profile q]\n%s",
			kinds[i].text);

		creds_rig_config(text);
		plan = creds_rig_plan(NULL);
		assert_int_equal(plan->kind, CREDS_ROLE);
		assert_int_equal(plan->base->kind, kinds[i].kind);
		creds_plan_free(plan);
		free(text);
	}
}

static void
a_role_may_be_assumed_with_what_the_machine_has(void **state)
{
	struct creds_plan *plan;
	struct error err;

	(void)state;
	creds_rig_config("[default]\n" ROLE("r") METADATA);
	plan = creds_rig_plan(NULL);
	assert_int_equal(plan->base->kind, CREDS_IMDS);
	assert_false(plan->base->imds.last_resort);
	creds_plan_free(plan);
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	creds_rig_refused(NULL, ERR_CONFIG,
	    "credential_source is Ec2InstanceMetadata, but "
	    "AWS_EC2_METADATA_DISABLED is set");

	creds_rig_config(
	    "[default]\n" ROLE("r") "credential_source = EcsContainer\n");
	creds_rig_refused(NULL, ERR_CONFIG,
	    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not set");
	setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x", 1);
	plan = creds_rig_plan(NULL);
	assert_int_equal(plan->base->kind, CREDS_CONTAINER);
	creds_plan_free(plan);

	creds_rig_config(
	    "[profile p]\n" ROLE("r") "credential_source = Environment\n");
	creds_rig_refused("p", ERR_CONFIG,
	    "credential_source is Environment, but AWS_ACCESS_KEY_ID is not "
	    "set");
	creds_rig_set_keys("E");
	plan = creds_rig_plan("p");
	assert_string_equal(plan->base->keys.access_key, "E");
	creds_plan_free(plan);

	creds_rig_config(
	    "[profile p]\n" ROLE("r") "credential_source = environment\n");
	err = creds_rig_refused("p", ERR_CONFIG,
	    "credential_source is 'environment', which is unknown");
	assert_non_null(strstr(err.hint, "Ec2InstanceMetadata"));
}

static void
a_source_without_a_role_is_the_source(void **state)
{
	struct creds_plan *plan;

	(void)state;
	creds_rig_config("[default]\n" METADATA);
	plan = creds_rig_plan(NULL);
	assert_int_equal(plan->kind, CREDS_IMDS);
	assert_false(plan->imds.last_resort);
	creds_plan_free(plan);
}

/* --- circles --------------------------------------------------------- */

static void
circles_are_refused_with_the_way_they_take(void **state)
{
	struct error err;

	(void)state;
	creds_rig_config("[profile a]\n" ROLE(
	    "a") "source_profile = b\n"
		 "[profile b]\n" ROLE("b") "source_profile = c\n"
					   "[profile c]\n" ROLE(
					       "c") "source_profile = b\n");
	err = creds_rig_refused("a", ERR_CONFIG,
	    "profile 'c': source_profile leads in a circle: "
	    "a -> b -> c -> b");
	assert_true(*err.hint != '\0');
	creds_rig_config("[profile a]\n" ROLE("a") "source_profile = a\n");
	creds_rig_refused("a", ERR_CONFIG, "in a circle: a -> a");
	/* boto3 refuses this one, too. */
	creds_rig_config("[profile a]\n" ROLE("a")
		KEYS("A") "source_profile = b\n"
			  "[profile b]\n" ROLE("b") "source_profile = a\n");
	creds_rig_refused("a", ERR_CONFIG, "in a circle: a -> b -> a");
}

static void
a_profile_with_keys_may_name_itself(void **state)
{
	struct creds_plan *plan;

	(void)state;
	creds_rig_config("[profile a]\n" ROLE("a") "source_profile = a\n");
	creds_rig_credentials("[a]\n" KEYS("A"));
	plan = creds_rig_plan("a");
	assert_int_equal(plan->kind, CREDS_ROLE);
	assert_string_equal(plan->base->keys.access_key, "A");
	creds_plan_free(plan);
}

static void
a_chain_has_an_end(void **state)
{
	struct creds_plan *plan;
	struct buf b;
	int i;

	(void)state;
	buf_init(&b, 1 << 16);
	for (i = 1; i < 20; i++)
		buf_printf(&b,
		    "[profile p%d]\n" ROLE("r") "source_profile = p%d\n", i,
		    i + 1);
	buf_puts(&b, "[profile p20]\n" KEYS("K"));
	creds_rig_config(b.data);
	buf_done(&b);
	creds_rig_refused("p1", ERR_CONFIG,
	    "leads too far: p1 -> p2 -> p3 -> p4 -> p5 -> p6 -> p7 -> p8 -> "
	    "p9");
	creds_rig_refused("p12", ERR_CONFIG, "too far");
	plan = creds_rig_plan("p13");
	creds_plan_free(plan);
}

/* --- what is refused ------------------------------------------------- */

static void
half_a_role_is_named_with_its_place(void **state)
{
	static const struct {
		const char *text, *words;
	} bad[] = {
	    {ROLE("r") KEYS("K"),
		"role_arn is set, but neither source_profile nor "
		"credential_source is"},
	    {ROLE("r") METADATA "source_profile = q\n",
		"both source_profile and credential_source are set"},
	    {ROLE("r") "source_profile = gone\n",
		"source_profile is 'gone', and there is no such profile"},
	    {ROLE("r") "source_profile = q\n[profile q]\nregion = x\n",
		"source_profile is 'q', which has no credentials"},
	    {ROLE("r") METADATA "mfa_serial = arn:x\n", "mfa_serial is set"},
	    {ROLE("r") METADATA "duration_seconds = 899\n",
		"duration_seconds is '899', which is no number from 900 to "
		"43200"},
	    {ROLE("r") METADATA "duration_seconds = 1h\n", "'1h'"},
	    {ROLE("r") METADATA "role_session_name = a\n",
		"role_session_name is 'a', which is no name of a session"},
	    {"role_arn = r\n" METADATA, "role_arn is 'r', which is no ARN"},
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
a_code_of_a_person_has_a_way_out(void **state)
{
	struct error err;

	(void)state;
	creds_rig_config("[profile p]\n" ROLE("r") METADATA
	    "mfa_serial = arn:aws:iam::1:mfa/me\n");
	err = creds_rig_refused("p", ERR_CONFIG, "mfa_serial");
	assert_non_null(strstr(err.hint, "export-credentials --profile p"));
}

static void
a_warning_of_the_source_is_one_of_the_role(void **state)
{
	struct creds_plan *plan;

	(void)state;
	creds_rig_config("[default]\n" ROLE("r") "source_profile = q\n");
	creds_rig_put("credentials", "[q]\n" KEYS("Q"), 0644);
	plan = creds_rig_plan(NULL);
	assert_non_null(plan->warning);
	assert_non_null(strstr(plan->warning, "/.aws/credentials is open"));
	creds_plan_free(plan);
}

#define T(name)                          \
	cmocka_unit_test_setup_teardown( \
	    name, creds_rig_setup, creds_rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_role_is_assumed_with_the_source_profile),
	    T(a_role_may_rest_on_another_and_that_on_web_identity),
	    T(a_source_may_be_of_any_kind),
	    T(a_role_may_be_assumed_with_what_the_machine_has),
	    T(a_source_without_a_role_is_the_source),
	    T(circles_are_refused_with_the_way_they_take),
	    T(a_profile_with_keys_may_name_itself),
	    T(a_chain_has_an_end),
	    T(half_a_role_is_named_with_its_place),
	    T(a_code_of_a_person_has_a_way_out),
	    T(a_warning_of_the_source_is_one_of_the_role),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
