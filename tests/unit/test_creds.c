/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which credentials and settings win, and what is refused with which words.
 * Each test has a home directory of its own and no AWS variable set.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/creds_plan.h"
#include "aws/profile.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

struct creds_options {
	const char *profile;
};

/* The keys of a plan that has them. */
static int
creds_load(
    const struct creds_options *options, struct creds *out, struct error *err)
{
	struct creds_plan *plan;

	if (creds_plan_make(options->profile, &plan, err) == -1)
		return -1;
	creds_copy(&plan->keys, out);
	creds_plan_free(plan);
	return 0;
}

static char home[64];
static char aws_dir[96];

static void
put_file(const char *name, const char *text, mode_t mode)
{
	char *path = xasprintf("%s/%s", aws_dir, name);
	struct error err;

	if (file_write_atomic(path, text, strlen(text), 0600, &err) == -1)
		fail_msg("%s", err.text);
	assert_int_equal(chmod(path, mode), 0);
	free(path);
}

static int
setup(void **state)
{
	static const char *const variables[] = {
	    "AWS_ACCESS_KEY_ID",
	    "AWS_SECRET_ACCESS_KEY",
	    "AWS_SESSION_TOKEN",
	    "AWS_PROFILE",
	    "AWS_DEFAULT_PROFILE",
	    "AWS_CONFIG_FILE",
	    "AWS_SHARED_CREDENTIALS_FILE",
	    "AWS_WEB_IDENTITY_TOKEN_FILE",
	    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
	    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(variables); i++)
		unsetenv(variables[i]);
	snprintf(home, sizeof(home), "/tmp/test-creds-XXXXXX");
	if (mkdtemp(home) == NULL)
		return -1;
	snprintf(aws_dir, sizeof(aws_dir), "%s/.aws", home);
	setenv("HOME", home, 1);
	return mkdir(aws_dir, 0700);
}

static int
teardown(void **state)
{
	DIR *d = opendir(aws_dir);
	struct dirent *e;

	(void)state;
	while (d != NULL && (e = readdir(d)) != NULL)
		unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		closedir(d);
	rmdir(aws_dir);
	return rmdir(home);
}

static struct creds
load(const char *profile)
{
	struct creds_options o = {.profile = profile};
	struct creds c;
	struct error err;

	if (creds_load(&o, &c, &err) == -1)
		fail_msg("%s", err.text);
	return c;
}

/* The key that signs, and where it is from. */
static void
assert_loads(const char *profile, const char *key, const char *source)
{
	struct creds c = load(profile);

	assert_string_equal(c.access_key, key);
	assert_string_equal(c.source, source);
	creds_done(&c);
	assert_null(c.secret_key);
}

static struct error
assert_refused(const char *profile, enum error_code code, const char *words)
{
	struct creds_options o = {.profile = profile};
	struct creds c = {.source = NULL};
	struct error err;

	assert_int_equal(creds_load(&o, &c, &err), -1);
	assert_null(c.source);
	assert_null(c.access_key);
	if (strstr(err.text, words) == NULL)
		fail_msg("'%s' is not in '%s'", words, err.text);
	assert_int_equal(err.code, code);
	assert_true(*err.hint != '\0');
	return err;
}

static void
set_keys(const char *key, const char *secret, const char *token)
{
	setenv("AWS_ACCESS_KEY_ID", key, 1);
	setenv("AWS_SECRET_ACCESS_KEY", secret, 1);
	if (token != NULL)
		setenv("AWS_SESSION_TOKEN", token, 1);
}

/* --- the order ------------------------------------------------------ */

static void
the_environment_comes_first(void **state)
{
	struct sigv4_credentials s;
	struct creds c;

	(void)state;
	put_file("credentials",
	    "[default]\naws_access_key_id = D\naws_secret_access_key = d\n"
	    "[p]\naws_access_key_id = P\naws_secret_access_key = p\n",
	    0600);
	assert_loads(NULL, "D", "profile");
	set_keys("E", "e", "t");
	c = load(NULL);
	s = creds_for_signing(&c);
	assert_string_equal(s.access_key, "E");
	assert_string_equal(s.secret_key, "e");
	assert_string_equal(s.session_token, "t");
	assert_string_equal(c.source, "environment");
	assert_null(c.warning);
	creds_done(&c);
	setenv("AWS_PROFILE", "p", 1);
	assert_loads(NULL, "E", "environment");
}

static void
a_profile_named_explicitly_comes_before_the_environment(void **state)
{
	(void)state;
	put_file("credentials",
	    "[p]\naws_access_key_id = P\naws_secret_access_key = p\n", 0600);
	set_keys("E", "e", NULL);
	setenv("AWS_PROFILE", "q", 1);
	assert_loads("p", "P", "profile");
	assert_loads("", "E", "environment");
}

static void
a_profile_may_be_named_by_variable(void **state)
{
	(void)state;
	put_file("config",
	    "[default]\naws_access_key_id = D\naws_secret_access_key = d\n"
	    "[profile p]\naws_access_key_id = P\naws_secret_access_key = p\n"
	    "[profile  q]\naws_access_key_id = Q\naws_secret_access_key = q\n"
	    "[profile 'r s']\naws_access_key_id=R\naws_secret_access_key=r\n",
	    0600);
	assert_loads(NULL, "D", "profile");
	setenv("AWS_DEFAULT_PROFILE", "q", 1);
	assert_loads(NULL, "Q", "profile");
	setenv("AWS_PROFILE", "p", 1);
	assert_loads(NULL, "P", "profile");
	setenv("AWS_PROFILE", "", 1);
	assert_loads(NULL, "Q", "profile");
	setenv("AWS_PROFILE", "r s", 1);
	assert_loads(NULL, "R", "profile");
	assert_loads("", "R", "profile");
}

static void
the_credentials_file_wins_and_is_never_mixed(void **state)
{
	struct creds c;

	(void)state;
	put_file("config",
	    "[profile p]\naws_access_key_id = C\n"
	    "aws_secret_access_key = c\naws_session_token = ct\n",
	    0600);
	assert_loads("p", "C", "profile");
	put_file("credentials",
	    "[p]\naws_access_key_id = old\naws_access_key_id = K\n"
	    "AWS_SECRET_ACCESS_KEY = k\n",
	    0600);
	c = load("p");
	assert_string_equal(c.access_key, "K");
	assert_string_equal(c.secret_key, "k");
	assert_null(c.session_token);
	creds_done(&c);
	put_file("credentials", "[p]\naws_access_key_id = K\n", 0600);
	assert_refused("p", ERR_CONFIG,
	    "aws_access_key_id is set, but aws_secret_access_key is not");
}

static void
files_are_found_where_variables_say(void **state)
{
	char *path = xasprintf("%s/elsewhere", aws_dir);

	(void)state;
	put_file("elsewhere",
	    "[default]\naws_access_key_id = X\naws_secret_access_key = x\n",
	    0600);
	setenv("AWS_SHARED_CREDENTIALS_FILE", path, 1);
	assert_loads(NULL, "X", "profile");
	setenv("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/elsewhere", 1);
	assert_loads(NULL, "X", "profile");
	unsetenv("AWS_SHARED_CREDENTIALS_FILE");
	setenv("AWS_CONFIG_FILE", path, 1);
	assert_loads(NULL, "X", "profile");
	free(path);
}

static void
without_home_the_user_database_knows_it(void **state)
{
	char *path, *with_home;

	(void)state;
	/* Containers run programs as users that no database knows. */
	if (getpwuid(getuid()) == NULL)
		skip();
	with_home = profile_path(PROFILE_CONFIG);
	unsetenv("HOME");
	path = profile_path(PROFILE_CONFIG);
	assert_non_null(path);
	assert_true(*path == '/' && str_ends(path, "/.aws/config"));
	assert_string_not_equal(path, with_home);
	free(with_home);
	free(path);
}

static void
a_home_that_is_no_folder_is_an_empty_one(void **state)
{
	(void)state;
	setenv("HOME", "/dev/null", 1);
	assert_refused(NULL, ERR_AUTH, "no credentials");
	setenv("HOME", "/nonexistent", 1);
	assert_refused(NULL, ERR_AUTH, "no credentials");
}

static void
a_token_of_four_kilobytes_arrives_whole(void **state)
{
	char token[4097], *text;
	struct creds c;

	(void)state;
	memset(token, '=', sizeof(token) - 1);
	token[0] = 'a';
	token[sizeof(token) - 1] = '\0';
	text = xasprintf("[default]\r\n  aws_access_key_id=AK\r\n"
			 "aws_secret_access_key = a/b+c;d #e\r\n"
			 "aws_session_token = %s\r\n",
	    token);
	put_file("credentials", text, 0600);
	c = load(NULL);
	assert_string_equal(c.session_token, token);
	assert_string_equal(c.secret_key, "a/b+c;d #e");
	creds_done(&c);
	free(text);
}

static void
rotated_keys_are_read_anew(void **state)
{
	(void)state;
	put_file("credentials",
	    "[default]\naws_access_key_id = A\naws_secret_access_key = a\n",
	    0600);
	assert_loads(NULL, "A", "profile");
	put_file("credentials",
	    "[default]\naws_access_key_id = B\naws_secret_access_key = b\n",
	    0600);
	assert_loads(NULL, "B", "profile");
}

/* --- what is refused ------------------------------------------------ */

static void
half_a_pair_names_the_missing_variable(void **state)
{
	(void)state;
	put_file("credentials",
	    "[default]\naws_access_key_id = D\naws_secret_access_key = d\n",
	    0600);
	setenv("AWS_ACCESS_KEY_ID", "E", 1);
	assert_refused(NULL, ERR_CONFIG,
	    "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
	setenv("AWS_ACCESS_KEY_ID", "", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "hidden", 1);
	assert_refused(NULL, ERR_CONFIG,
	    "AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not");
	unsetenv("AWS_SECRET_ACCESS_KEY");
	setenv("AWS_SESSION_TOKEN", "t", 1);
	assert_loads(NULL, "D", "profile");
}

static void
no_credentials_at_all_say_what_to_do(void **state)
{
	struct error err = assert_refused(NULL, ERR_AUTH, "no credentials");

	(void)state;
	assert_non_null(strstr(err.hint, "AWS_SECRET_ACCESS_KEY"));
	assert_non_null(strstr(err.hint, aws_dir));
	put_file("config", "[profile p]\nregion = eu-west-1\n", 0600);
	err = assert_refused("p", ERR_AUTH, "'p' has no keys");
	assert_non_null(strstr(err.hint, "[p]"));
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/", 1);
	assert_refused(
	    NULL, ERR_AUTH, "AWS_CONTAINER_CREDENTIALS_FULL_URI is set");
}

static void
a_named_profile_must_exist(void **state)
{
	struct error err;

	(void)state;
	/* In the config file this is no profile. */
	put_file("config", "[p]\naws_access_key_id = C\n", 0600);
	put_file("credentials", "[profile p]\naws_access_key_id = C\n", 0600);
	err = assert_refused("p", ERR_CONFIG, "no profile 'p'");
	assert_non_null(strstr(err.text, "[profile p] in "));
	assert_non_null(strstr(err.text, "/.aws/credentials"));
	assert_non_null(strstr(err.text, home));
	assert_null(strstr(err.hint, "AWS_PROFILE"));
	setenv("AWS_PROFILE", "q", 1);
	err = assert_refused(NULL, ERR_CONFIG, "no profile 'q'");
	assert_non_null(strstr(err.hint, "AWS_PROFILE"));
	assert_refused("default", ERR_CONFIG, "neither [default] in ");
}

static void
a_profile_with_other_means_is_never_passed_over(void **state)
{
	static const char *const keys[] = {
	    "role_arn",
	    "web_identity_token_file",
	    "credential_source",
	    "credential_process",
	    "sso_session",
	    "sso_start_url",
	    "login_session",
	};
	char *words, *text;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(keys); i++) {
		words = xasprintf("the profile 'default' uses %s,", keys[i]);
		text = xasprintf("[default]\n%s = x\n", keys[i]);
		put_file("config", text, 0600);
		assert_refused(NULL, ERR_CONFIG, words);
		put_file("config", "", 0600);
		put_file("credentials", text, 0600);
		assert_refused("default", ERR_CONFIG, words);
		put_file("credentials", "", 0600);
		free(words);
		free(text);
	}
}

static void
static_keys_beside_a_role_do_not_act_for_it(void **state)
{
	static const char keys[] =
	    "[default]\naws_access_key_id = D\naws_secret_access_key = d\n";

	(void)state;
	put_file("credentials", keys, 0600);
	put_file("config",
	    "[default]\nrole_arn = arn\nsource_profile = default\n", 0600);
	assert_refused(NULL, ERR_CONFIG, "uses role_arn");
	put_file("config", "[default]\nsso_session = s\n", 0600);
	assert_loads(NULL, "D", "profile");
}

static void
bytes_that_break_a_header_are_refused_unseen(void **state)
{
	static const struct {
		const char *key, *secret, *token, *words;
	} bad[] = {
	    {"AK\n", "s", NULL, "AWS_ACCESS_KEY_ID holds a control"},
	    {"A K", "s", NULL, "AWS_ACCESS_KEY_ID holds a blank"},
	    {"A\xc3\xa9", "s", NULL, "AWS_ACCESS_KEY_ID holds a byte"},
	    {"AK", "sesame\r", NULL, "AWS_SECRET_ACCESS_KEY holds a control"},
	    {"AK", "s", "sesame\r\nx: y", "AWS_SESSION_TOKEN holds a control"},
	    {"AK", "s", "sesame\x7f", "AWS_SESSION_TOKEN holds a control"},
	};
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		unsetenv("AWS_SESSION_TOKEN");
		set_keys(bad[i].key, bad[i].secret, bad[i].token);
		err = assert_refused(NULL, ERR_CONFIG, bad[i].words);
		assert_null(strstr(err.text, "sesame"));
	}
	set_keys("AK", "a b\xc3\xa9", "t");
	assert_loads(NULL, "AK", "environment");
}

static void
a_broken_file_is_named_with_its_line(void **state)
{
	struct error err;

	(void)state;
	put_file("credentials", "[default]\naws_access_key_id\n", 0600);
	err = (struct error){0};
	assert_int_equal(
	    creds_load(&(struct creds_options){NULL}, &(struct creds){0}, &err),
	    -1);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_non_null(strstr(err.text, "/.aws/credentials:2: "));
	put_file(
	    "credentials", "[default]\n\taws_access_key_id =\tA\rK\n", 0600);
	assert_int_equal(
	    creds_load(&(struct creds_options){NULL}, &(struct creds){0}, &err),
	    -1);
	assert_non_null(strstr(err.text, ":2: a control character"));
	/* A folder in its place can be opened, but not read. */
	setenv("AWS_CONFIG_FILE", home, 1);
	put_file("credentials", "", 0600);
	assert_int_equal(
	    creds_load(&(struct creds_options){NULL}, &(struct creds){0}, &err),
	    -1);
	assert_int_equal(err.code, ERR_IO);
}

static void
a_file_open_to_others_is_taken_with_a_warning(void **state)
{
	static const char keys[] =
	    "[default]\naws_access_key_id = D\naws_secret_access_key = d\n";
	struct creds c;

	(void)state;
	put_file("credentials", keys, 0640);
	c = load(NULL);
	assert_string_equal(c.access_key, "D");
	assert_non_null(c.warning);
	assert_non_null(strstr(c.warning, "/.aws/credentials"));
	assert_non_null(strstr(c.warning, "0640"));
	creds_done(&c);
	put_file("credentials", keys, 0400);
	c = load(NULL);
	assert_null(c.warning);
	creds_done(&c);
	/* Only the file that holds the keys matters. */
	put_file("config", "[default]\nregion = x\n", 0644);
	c = load(NULL);
	assert_null(c.warning);
	creds_done(&c);
}

/* --- settings ------------------------------------------------------- */

static void
assert_setting(const char *profile, const char *key, const char *want)
{
	char *value = NULL;
	struct error err;

	if (profile_setting(profile, key, &value, &err) == -1)
		fail_msg("%s", err.text);
	if (want == NULL)
		assert_null(value);
	else
		assert_string_equal(value, want);
	free(value);
}

static void
a_setting_is_that_of_the_profile(void **state)
{
	(void)state;
	put_file("config",
	    "[profile default]\nregion = eu-west-1\n"
	    "[default]\nregion = us-east-1\n"
	    "[profile pp]\nregion = eu-west-3\n"
	    "[profile p]\nREGION = eu-west-2\nempty =\n",
	    0600);
	put_file("credentials",
	    "[default]\nregion = us-west-1\n[q]\nregion = us-west-2\n", 0600);
	assert_setting(NULL, "region", "eu-west-1");
	assert_setting("p", "region", "eu-west-2");
	assert_setting("pp", "region", "eu-west-3");
	assert_setting("q", "region", "us-west-2");
	assert_setting("p", "empty", NULL);
	assert_setting("p", "nothing", NULL);
	assert_setting("none", "region", NULL);
	setenv("AWS_PROFILE", "p", 1);
	assert_setting(NULL, "region", "eu-west-2");
}

static void
a_service_setting_goes_through_the_services_section(void **state)
{
	(void)state;
	put_file("config",
	    "[default]\nservices = mine\nendpoint_url = http://all\n"
	    "[services mine]\ns3 =\n  endpoint_url = http://s3\n"
	    "  other = 1\nsagemaker_runtime =\n  endpoint_url = http://sm\n"
	    "[services yours]\ns3 =\n  endpoint_url = http://yours\n"
	    "[profile p]\ns3 =\n  endpoint_url = http://no\n"
	    "[profile q]\nservices = gone\n",
	    0600);
	assert_setting(NULL, "s3.endpoint_url", "http://s3");
	assert_setting(NULL, "sagemaker_runtime.endpoint_url", "http://sm");
	assert_setting(NULL, "endpoint_url", "http://all");
	assert_setting(NULL, "sqs.endpoint_url", NULL);
	assert_setting("p", "s3.endpoint_url", NULL);
	assert_setting("q", "s3.endpoint_url", NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(the_environment_comes_first),
	    T(a_profile_named_explicitly_comes_before_the_environment),
	    T(a_profile_may_be_named_by_variable),
	    T(the_credentials_file_wins_and_is_never_mixed),
	    T(files_are_found_where_variables_say),
	    T(without_home_the_user_database_knows_it),
	    T(a_home_that_is_no_folder_is_an_empty_one),
	    T(a_token_of_four_kilobytes_arrives_whole),
	    T(rotated_keys_are_read_anew),
	    T(half_a_pair_names_the_missing_variable),
	    T(no_credentials_at_all_say_what_to_do),
	    T(a_named_profile_must_exist),
	    T(a_profile_with_other_means_is_never_passed_over),
	    T(static_keys_beside_a_role_do_not_act_for_it),
	    T(bytes_that_break_a_header_are_refused_unseen),
	    T(a_broken_file_is_named_with_its_line),
	    T(a_file_open_to_others_is_taken_with_a_warning),
	    T(a_setting_is_that_of_the_profile),
	    T(a_service_setting_goes_through_the_services_section),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
