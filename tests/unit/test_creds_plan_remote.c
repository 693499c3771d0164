/* SPDX-License-Identifier: Apache-2.0 */
/* The endpoints of containers and instances: which may be asked, and how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/unit/creds_rig.h"

#define RELATIVE "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define TOKEN "AWS_CONTAINER_AUTHORIZATION_TOKEN"

/* --- containers ------------------------------------------------------ */

static void
a_relative_address_is_of_ecs(void **state)
{
	struct creds_plan *plan;

	(void)state;
	setenv(RELATIVE, "/v2/credentials/x?y=z", 1);
	setenv(FULL, "http://127.0.0.1:1/", 1);
	plan = creds_rig_plan(NULL);
	assert_int_equal(plan->kind, CREDS_CONTAINER);
	assert_string_equal(plan->source, "container endpoint");
	assert_string_equal(
	    plan->container.url, "http://169.254.170.2/v2/credentials/x?y=z");
	assert_null(plan->container.token);
	assert_null(plan->container.token_file);
	creds_plan_free(plan);
}

static void
a_relative_address_cannot_name_another_host(void **state)
{
	static const char *const bad[] = {
	    "@example.com/", ".example.com/", ":80@example.com/", "x"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		setenv(RELATIVE, bad[i], 1);
		creds_rig_refused(
		    NULL, ERR_CONFIG, RELATIVE " does not begin with '/'");
	}
	setenv(RELATIVE, "/a b", 1);
	creds_rig_refused(NULL, ERR_CONFIG, RELATIVE ": ");
	setenv(RELATIVE, "/a\r\nb: c", 1);
	creds_rig_refused(NULL, ERR_CONFIG, RELATIVE ": ");
}

static void
without_tls_only_known_addresses_are_asked(void **state)
{
	static const char *const good[] = {
	    "http://127.0.0.1/x",
	    "http://127.255.3.4:8080/x",
	    "http://localhost:8080/x",
	    "http://LOCALHOST/x",
	    "http://[::1]:80/x",
	    "http://[0:0:0:0:0:0:0:1]/x",
	    "http://169.254.170.2/x",
	    "http://169.254.170.23/v1/credentials",
	    "http://[fd00:ec2::23]/v1/credentials",
	    "http://[FD00:EC2:0::23]/v1/credentials",
	    "https://example.com/x",
	    "https://10.0.0.1:8443/x",
	};
	static const char *const bad[] = {
	    "http://example.com/x",
	    "http://localhost.example.com/x",
	    "http://127.0.0.1.example.com/x",
	    "http://10.0.0.1/x",
	    "http://126.0.0.1/x",
	    "http://128.0.0.1/x",
	    "http://169.254.170.3/x",
	    "http://169.254.169.254/x",
	    "http://0.0.0.0/x",
	    "http://[::]/x",
	    "http://[::2]/x",
	    "http://[fd00:ec2::254]/x",
	    "http://[::ffff:10.0.0.1]/x",
	};
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(good); i++) {
		struct creds_plan *plan;

		setenv(FULL, good[i], 1);
		plan = creds_rig_plan(NULL);
		assert_string_equal(plan->container.url, good[i]);
		creds_plan_free(plan);
	}
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		setenv(FULL, bad[i], 1);
		err = creds_rig_refused(NULL, ERR_CONFIG,
		    FULL ": credentials are not fetched from '");
		assert_non_null(strstr(err.hint, "https"));
	}
}

static void
what_is_no_url_is_refused_unseen(void **state)
{
	static const char *const bad[] = {
	    "ftp://127.0.0.1/" SECRET,
	    "http://user:" SECRET "@127.0.0.1/x",
	    "http://127.1/" SECRET,
	    "http://2130706433/" SECRET,
	    "http://127.0.0.1/#" SECRET,
	    "http://127.0.0.1/\r\n" SECRET,
	    "https:///" SECRET,
	    SECRET,
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		setenv(FULL, bad[i], 1);
		creds_rig_refused(NULL, ERR_CONFIG, FULL ": ");
	}
}

static void
a_token_file_comes_before_a_token(void **state)
{
	struct creds_plan *plan;

	(void)state;
	setenv(FULL, "http://169.254.170.23/v1/credentials", 1);
	setenv(TOKEN, SECRET, 1);
	plan = creds_rig_plan(NULL);
	assert_string_equal(plan->container.token, SECRET);
	creds_plan_free(plan);
	setenv(TOKEN "_FILE", "/var/run/token", 1);
	plan = creds_rig_plan(NULL);
	assert_string_equal(plan->container.token_file, "/var/run/token");
	assert_null(plan->container.token);
	creds_plan_free(plan);
}

static void
a_token_with_a_line_end_is_refused(void **state)
{
	static const char *const bad[] = {
	    SECRET "\r\nx: y", SECRET "\n", "\r" SECRET, SECRET "\x01"};
	size_t i;

	(void)state;
	setenv(FULL, "http://127.0.0.1/", 1);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		setenv(TOKEN, bad[i], 1);
		creds_rig_refused(NULL, ERR_CONFIG, TOKEN " holds a line end");
	}
}

/* --- instances ------------------------------------------------------- */

static void
assert_imds(const char *url, int64_t timeout_ms, int64_t tries)
{
	struct creds_plan *plan = creds_rig_plan(NULL);

	assert_int_equal(plan->kind, CREDS_IMDS);
	assert_string_equal(plan->source, "IMDS");
	assert_string_equal(plan->imds.url, url);
	assert_int_equal(plan->imds.timeout_ms, timeout_ms);
	assert_int_equal(plan->imds.tries, tries);
	assert_true(plan->imds.last_resort);
	creds_plan_free(plan);
}

static void
imds_is_asked_as_the_sdks_do(void **state)
{
	struct creds_plan *plan;

	(void)state;
	assert_imds("http://169.254.169.254", 1000, 1);
	plan = creds_rig_plan(NULL);
	assert_false(plan->imds.v1_disabled);
	assert_null(plan->imds.role);
	creds_plan_free(plan);
}

static void
imds_is_set_by_variables(void **state)
{
	struct creds_plan *plan;

	(void)state;
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv6", 1);
	assert_imds("http://[fd00:ec2::254]", 1000, 1);
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://[::1]:80/a//", 1);
	setenv("AWS_METADATA_SERVICE_TIMEOUT", "3", 1);
	setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "4", 1);
	assert_imds("http://[::1]:80/a", 3000, 4);
	setenv("AWS_EC2_METADATA_V1_DISABLED", "true", 1);
	setenv("AWS_EC2_INSTANCE_PROFILE_NAME", "my-role", 1);
	plan = creds_rig_plan(NULL);
	assert_true(plan->imds.v1_disabled);
	assert_string_equal(plan->imds.role, "my-role");
	creds_plan_free(plan);
}

static void
imds_is_set_by_the_profile(void **state)
{
	struct creds_plan *plan;

	(void)state;
	creds_rig_config("[default]\n"
			 "ec2_metadata_service_endpoint = http://127.0.0.1\n"
			 "ec2_metadata_v1_disabled = true\n"
			 "metadata_service_timeout = 2\n"
			 "metadata_service_num_attempts = 5\n"
			 "ec2_instance_profile_name = r\n"
			 "[profile v6]\n"
			 "ec2_metadata_service_endpoint_mode = IPv6\n"
			 "[profile off]\ndisable_ec2_metadata = true\n");
	assert_imds("http://127.0.0.1", 2000, 5);
	plan = creds_rig_plan(NULL);
	assert_true(plan->imds.v1_disabled);
	assert_string_equal(plan->imds.role, "r");
	creds_plan_free(plan);
	setenv("AWS_PROFILE", "v6", 1);
	assert_imds("http://[fd00:ec2::254]", 1000, 1);
	setenv("AWS_PROFILE", "off", 1);
	creds_rig_refused(NULL, ERR_AUTH, "no credentials");
	setenv("AWS_EC2_METADATA_DISABLED", "false", 1);
	assert_imds("http://169.254.169.254", 1000, 1);
}

static void
settings_of_imds_that_mean_nothing_are_refused(void **state)
{
	static const struct {
		const char *variable, *value, *words;
	} bad[] = {
	    {"AWS_EC2_METADATA_DISABLED", "1", "neither true nor false"},
	    {"AWS_EC2_METADATA_V1_DISABLED", "yes", "neither true nor false"},
	    {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv5",
		"is 'IPv5', which is neither IPv4 nor IPv6"},
	    {"AWS_EC2_METADATA_SERVICE_ENDPOINT", "169.254.169.254",
		"begins with http"},
	    {"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://x/?y", "a query"},
	    {"AWS_METADATA_SERVICE_TIMEOUT", "0", "no number from 1 to 60"},
	    {"AWS_METADATA_SERVICE_TIMEOUT", "1s", "no number from 1 to 60"},
	    {"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "21", "from 1 to 20"},
	    {"AWS_EC2_INSTANCE_PROFILE_NAME", "../x", "no name of a role"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		struct error err;

		setenv(bad[i].variable, bad[i].value, 1);
		err = creds_rig_refused(NULL, ERR_CONFIG, bad[i].words);
		assert_non_null(strstr(err.text, bad[i].variable));
		unsetenv(bad[i].variable);
	}
	/* Who has other credentials does not care. */
	setenv("AWS_EC2_METADATA_DISABLED", "1", 1);
	creds_rig_set_keys("E");
	creds_plan_free(creds_rig_plan(NULL));
}

#define T(name)                          \
	cmocka_unit_test_setup_teardown( \
	    name, creds_rig_setup, creds_rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_relative_address_is_of_ecs),
	    T(a_relative_address_cannot_name_another_host),
	    T(without_tls_only_known_addresses_are_asked),
	    T(what_is_no_url_is_refused_unseen),
	    T(a_token_file_comes_before_a_token),
	    T(a_token_with_a_line_end_is_refused),
	    T(imds_is_asked_as_the_sdks_do),
	    T(imds_is_set_by_variables),
	    T(imds_is_set_by_the_profile),
	    T(settings_of_imds_that_mean_nothing_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
