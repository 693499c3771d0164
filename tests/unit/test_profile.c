/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that all AWS tools share: which section counts, what a value is,
 * what is refused with its place, and what comes before them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/profile.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/unit/creds_rig.h"

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

static struct error
assert_fault(enum profile_kind kind, enum error_code code, const char *words)
{
	struct profile_section s;
	struct error err;

	error_clear(&err);
	assert_int_equal(profile_read(kind, "default", &s, &err), -1);
	if (strstr(err.text, words) == NULL)
		fail_msg("'%s' is not in: %s", words, err.text);
	assert_int_equal(err.code, code);
	creds_rig_assert_discreet(&err);
	return err;
}

/* --- sections ------------------------------------------------------- */

static void
a_setting_is_that_of_the_profile(void **state)
{
	(void)state;
	creds_rig_config("[profile default]\nregion = eu-west-1\n"
			 "[default]\nregion = us-east-1\n"
			 "[profile pp]\nregion = eu-west-3\n"
			 "[profile p]\nREGION = eu-west-2\nempty =\n");
	creds_rig_credentials("[default]\nregion = us-west-1\n"
			      "[q]\nregion = us-west-2\n");
	assert_setting(NULL, "region", "eu-west-1");
	assert_setting("p", "region", "eu-west-2");
	assert_setting("pp", "region", "eu-west-3");
	assert_setting("q", "region", "us-west-2");
	assert_setting("p", "empty", NULL);
	assert_setting("p", "nothing", NULL);
	assert_setting("none", "region", NULL);
	setenv("AWS_DEFAULT_PROFILE", "q", 1);
	assert_setting(NULL, "region", "us-west-2");
	setenv("AWS_PROFILE", "p", 1);
	assert_setting(NULL, "region", "eu-west-2");
	setenv("AWS_PROFILE", "", 1);
	assert_setting(NULL, "region", "us-west-2");
	assert_setting("", "region", "us-west-2");
}

static void
a_header_may_have_quotes_blanks_and_a_comment(void **state)
{
	(void)state;
	creds_rig_config("[profile  a] # ours\nregion = 1\n"
			 "[profile 'b c'];\nregion = 2\n"
			 "[ profile \"d\" ]\nregion = 3\n"
			 "[profile e] # not [profile f]\nregion = 4\n"
			 "[profile g#h]\nregion = 5\n");
	assert_setting("a", "region", "1");
	assert_setting("b c", "region", "2");
	assert_setting("d", "region", "3");
	assert_setting("e", "region", "4");
	assert_setting("f", "region", NULL);
	assert_setting("g#h", "region", "5");
}

static void
a_service_setting_goes_through_the_services_section(void **state)
{
	(void)state;
	creds_rig_config(
	    "[default]\nservices = mine\nendpoint_url = http://all\n"
	    "[services mine]\ns3 =\n  endpoint_url = http://s3\n\n"
	    "  # of ours\n  other = 1\n"
	    "sagemaker_runtime =\n\tendpoint_url = http://sm\n"
	    "[services yours]\ns3 =\n  endpoint_url = http://yours\n"
	    "[profile p]\ns3 =\n  endpoint_url = http://no\n"
	    "region = here\n"
	    "[profile q]\nservices = gone\n");
	assert_setting(NULL, "s3.endpoint_url", "http://s3");
	assert_setting(NULL, "s3.other", "1");
	assert_setting(NULL, "sagemaker_runtime.endpoint_url", "http://sm");
	assert_setting(NULL, "endpoint_url", "http://all");
	assert_setting(NULL, "sqs.endpoint_url", NULL);
	assert_setting("p", "s3.endpoint_url", NULL);
	assert_setting("p", "endpoint_url", NULL);
	assert_setting("p", "region", "here");
	assert_setting("q", "s3.endpoint_url", NULL);
}

static void
a_session_has_a_section_of_its_own(void **state)
{
	struct profile_section s;
	struct error err;

	(void)state;
	creds_rig_config("[sso-session corp]\nsso_region = eu-west-1\n"
			 "[profile corp]\nsso_region = no\n"
			 "[sso-session empty]\n");
	assert_int_equal(
	    profile_read(PROFILE_SSO_SESSION, "corp", &s, &err), 0);
	assert_true(s.found);
	assert_string_equal(profile_get(&s, "sso_region"), "eu-west-1");
	profile_section_done(&s);
	assert_int_equal(
	    profile_read(PROFILE_SSO_SESSION, "empty", &s, &err), 0);
	assert_true(s.found);
	assert_int_equal(s.n, 0);
	profile_section_done(&s);
	assert_int_equal(
	    profile_read(PROFILE_SSO_SESSION, "gone", &s, &err), 0);
	assert_false(s.found);
	profile_section_done(&s);
}

/* --- values --------------------------------------------------------- */

static void
nothing_of_a_value_is_cut(void **state)
{
	char token[4097], *text;

	(void)state;
	memset(token, '=', sizeof(token) - 1);
	token[0] = 'a';
	token[sizeof(token) - 1] = '\0';
	text = xasprintf("\xef\xbb\xbf[default]\r\n"
			 "aws_secret_access_key = a/b+c;d #e ;f = [g]\r\n"
			 "# a comment\r\n ; another\r\n"
			 "aws_session_token = %s\r\n"
			 "name = \xc3\xa9\xe2\x82\xac",
	    token);
	creds_rig_credentials(text);
	assert_setting(NULL, "aws_session_token", token);
	assert_setting(NULL, "aws_secret_access_key", "a/b+c;d #e ;f = [g]");
	assert_setting(NULL, "name", "\xc3\xa9\xe2\x82\xac");
	free(text);
}

static void
of_two_lines_and_of_two_sections_the_later_counts(void **state)
{
	(void)state;
	creds_rig_config("[default]\na = 1\nb = 1\nA = 2\n"
			 "[default]\nb = 3\n");
	assert_setting(NULL, "a", "2");
	assert_setting(NULL, "b", "3");
}

/* --- files ---------------------------------------------------------- */

static void
files_are_found_where_variables_say(void **state)
{
	char *path = xasprintf("%s/elsewhere", creds_rig_dir());

	(void)state;
	creds_rig_put("elsewhere", "[default]\nregion = x\n", 0600);
	assert_setting(NULL, "region", NULL);
	setenv("AWS_SHARED_CREDENTIALS_FILE", path, 1);
	assert_setting(NULL, "region", "x");
	setenv("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/elsewhere", 1);
	assert_setting(NULL, "region", "x");
	unsetenv("AWS_SHARED_CREDENTIALS_FILE");
	setenv("AWS_CONFIG_FILE", path, 1);
	assert_setting(NULL, "region", "x");
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
	assert_setting(NULL, "region", NULL);
	setenv("HOME", "/nonexistent", 1);
	assert_setting(NULL, "region", NULL);
}

static void
a_named_profile_must_exist(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(profile_check(NULL, &err), 0);
	/* In the config file this is no profile. */
	creds_rig_config("[p]\nregion = x\n");
	creds_rig_credentials("[profile p]\nregion = x\n");
	assert_int_equal(profile_check("p", &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_non_null(strstr(err.text,
	    "no profile 'p': neither "
	    "[profile p] in "));
	assert_non_null(strstr(err.text, "/.aws/credentials"));
	assert_non_null(strstr(err.text, creds_rig_home()));
	assert_null(strstr(err.hint, "AWS_PROFILE"));
	setenv("AWS_PROFILE", "q", 1);
	assert_int_equal(profile_check(NULL, &err), -1);
	assert_non_null(strstr(err.text, "no profile 'q'"));
	assert_non_null(strstr(err.hint, "AWS_PROFILE"));
	assert_int_equal(profile_check("default", &err), -1);
	assert_non_null(strstr(err.text, "neither [default] in "));
	creds_rig_credentials("[q]\n");
	assert_int_equal(profile_check(NULL, &err), 0);
}

/* --- what is refused ------------------------------------------------ */

static void
a_broken_line_is_named_with_its_place(void **state)
{
	(void)state;
	creds_rig_credentials("[default]\naws_secret_access_key " SECRET "\n");
	assert_fault(PROFILE_CREDENTIALS, ERR_CONFIG,
	    "/.aws/credentials:2: expected 'key = value'");
	creds_rig_credentials("[default]\n\ta =\t" SECRET "\rK\n");
	assert_fault(
	    PROFILE_CREDENTIALS, ERR_CONFIG, ":2: a control character");
	creds_rig_credentials(
	    "[default]\n# \xff is fine here\na = \xff" SECRET "\n");
	assert_fault(
	    PROFILE_CREDENTIALS, ERR_CONFIG, ":3: bytes that are not UTF-8");
	creds_rig_config("[default] x\n");
	assert_fault(PROFILE_CONFIG, ERR_CONFIG,
	    "/.aws/config:1: a section header ends in ']'");
	/* Not ours, but nobody can tell what it does to the rest. */
	creds_rig_config("[default]\n[other\n");
	assert_fault(PROFILE_CONFIG, ERR_CONFIG, "/.aws/config:2: ");
}

static void
a_nul_byte_is_refused(void **state)
{
	static const char text[] = "[default]\na = x\0" SECRET "\n";
	char *path = xasprintf("%s/config", creds_rig_dir());
	FILE *f = fopen(path, "w");

	(void)state;
	assert_non_null(f);
	assert_int_equal(
	    fwrite(text, 1, sizeof(text) - 1, f), sizeof(text) - 1);
	fclose(f);
	assert_fault(PROFILE_CONFIG, ERR_CONFIG, "/.aws/config:2: a NUL byte");
	free(path);
}

static void
a_file_has_its_limits(void **state)
{
	int64_t begun;
	struct buf b;
	int i;

	(void)state;
	buf_init(&b, 2 << 20);
	buf_puts(&b, "[default]\n");
	for (i = 0; i < 1000; i++)
		buf_printf(&b, "key%d = x\n", i);
	buf_puts(&b, "key0 = again\n");
	creds_rig_config(b.data);
	assert_setting(NULL, "key0", "again");
	buf_puts(&b, "one_more = x\n");
	creds_rig_config(b.data);
	assert_fault(PROFILE_CONFIG, ERR_CONFIG,
	    "config:1003: a section of more than 1000 keys");
	/* Full of what is not asked for, it does not hold up a loop. */
	buf_clear(&b);
	for (i = 0; b.len < (1 << 20) - 100; i++)
		buf_printf(&b, "[profile p%d]\na = b\n", i);
	creds_rig_config(b.data);
	begun = clock_mono_ms();
	assert_setting("p7", "a", "b");
	assert_true(clock_mono_ms() - begun < 2000);
	buf_printf(&b, "#%200s\n", "");
	creds_rig_config(b.data);
	assert_fault(PROFILE_CONFIG, ERR_LIMIT,
	    "/.aws/config is larger than 1048576 bytes");
	buf_done(&b);
}

static void
a_folder_is_no_file(void **state)
{
	(void)state;
	setenv("AWS_CONFIG_FILE", creds_rig_home(), 1);
	assert_fault(PROFILE_CONFIG, ERR_IO, creds_rig_home());
}

/* Nobody writes into it: who opens it waits for ever. */
static void
a_pipe_is_no_file(void **state)
{
	char *path = xasprintf("%s/pipe", creds_rig_dir());

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	setenv("AWS_CONFIG_FILE", path, 1);
	assert_fault(PROFILE_CONFIG, ERR_CONFIG, "/pipe is a pipe");
	setenv("AWS_SHARED_CREDENTIALS_FILE", path, 1);
	assert_fault(PROFILE_CREDENTIALS, ERR_CONFIG, "/pipe is a pipe");
	unsetenv("AWS_SHARED_CREDENTIALS_FILE");
	free(path);
}

/* --- the environment before the profile ------------------------------ */

static void
a_variable_comes_before_the_profile(void **state)
{
	char *value, *from;
	struct error err;

	(void)state;
	creds_rig_config("[default]\na = file\n[profile p]\nb = x\n");
	assert_int_equal(
	    profile_or_env("AWS_A", NULL, "a", &value, &from, &err), 0);
	assert_string_equal(value, "file");
	assert_string_equal(from, "a of the profile 'default'");
	free(value);
	free(from);
	setenv("AWS_A", "", 1);
	assert_int_equal(
	    profile_or_env("AWS_A", "p", "a", &value, &from, &err), 0);
	assert_null(value);
	assert_null(from);
	setenv("AWS_A", "variable", 1);
	assert_int_equal(
	    profile_or_env("AWS_A", NULL, "a", &value, &from, &err), 0);
	assert_string_equal(value, "variable");
	assert_string_equal(from, "AWS_A");
	free(value);
	free(from);
}

static void
a_switch_is_true_or_false_and_nothing_else(void **state)
{
	struct error err;
	bool on = false;

	(void)state;
	assert_int_equal(
	    profile_or_env_bool("AWS_A", NULL, "a", true, &on, &err), 0);
	assert_true(on);
	creds_rig_config("[default]\na = TRUE\n");
	assert_int_equal(
	    profile_or_env_bool("AWS_A", NULL, "a", false, &on, &err), 0);
	assert_true(on);
	setenv("AWS_A", "False", 1);
	assert_int_equal(
	    profile_or_env_bool("AWS_A", NULL, "a", true, &on, &err), 0);
	assert_false(on);
	setenv("AWS_A", "1", 1);
	assert_int_equal(
	    profile_or_env_bool("AWS_A", NULL, "a", true, &on, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_string_equal(
	    err.text, "AWS_A is '1', which is neither true nor false");
	assert_false(on);
	setenv("AWS_A", "x\ny", 1);
	assert_int_equal(
	    profile_or_env_bool("AWS_A", NULL, "a", true, &on, &err), -1);
	creds_rig_assert_discreet(&err);
}

/* --- changes --------------------------------------------------------- */

static void
the_version_tells_of_each_change(void **state)
{
	uint64_t none = profile_files_version(), v[4];
	char *path;

	(void)state;
	creds_rig_config("[default]\na = 1\n");
	v[0] = profile_files_version();
	assert_true(v[0] == profile_files_version());
	creds_rig_config("[default]\na = 2\n");
	v[1] = profile_files_version();
	creds_rig_credentials("[default]\na = 2\n");
	v[2] = profile_files_version();
	path = profile_path(PROFILE_CREDENTIALS);
	assert_int_equal(unlink(path), 0);
	free(path);
	v[3] = profile_files_version();
	assert_true(none != v[0] && v[0] != v[1] && v[1] != v[2]);
	assert_true(v[3] == v[1]);
	assert_int_equal(setenv("AWS_CONFIG_FILE", "/nonexistent", 1), 0);
	assert_true(profile_files_version() == none);
}

#define T(name)                          \
	cmocka_unit_test_setup_teardown( \
	    name, creds_rig_setup, creds_rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_setting_is_that_of_the_profile),
	    T(a_header_may_have_quotes_blanks_and_a_comment),
	    T(a_service_setting_goes_through_the_services_section),
	    T(a_session_has_a_section_of_its_own),
	    T(nothing_of_a_value_is_cut),
	    T(of_two_lines_and_of_two_sections_the_later_counts),
	    T(files_are_found_where_variables_say),
	    T(without_home_the_user_database_knows_it),
	    T(a_home_that_is_no_folder_is_an_empty_one),
	    T(a_named_profile_must_exist),
	    T(a_broken_line_is_named_with_its_place),
	    T(a_nul_byte_is_refused),
	    T(a_file_has_its_limits),
	    T(a_folder_is_no_file),
	    T(a_pipe_is_no_file),
	    T(a_variable_comes_before_the_profile),
	    T(a_switch_is_true_or_false_and_nothing_else),
	    T(the_version_tells_of_each_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
