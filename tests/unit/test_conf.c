/* SPDX-License-Identifier: Apache-2.0 */
/* Which value wins, where it came from, and which mistakes are told how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/conf.h"
#include "conf/keys.h"

static char dir[64];
static char file[96];

static void
put(const char *path, const char *text)
{
	struct error err;

	if (file_write_atomic(path, text, strlen(text), 0600, &err) == -1)
		fail_msg("%s", err.text);
}

static int
setup(void **state)
{
	static const char *const names[] = {"AWAITD_CONFIG", "XDG_CONFIG_HOME",
	    "AWAITD_STATE", "AWAITD_LOG_LEVEL", "AWAITD_LOG_FORMAT",
	    "AWAITD_DEPLOYMENT", "AWAITD_RETENTION"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(names); i++)
		unsetenv(names[i]);
	snprintf(dir, sizeof(dir), "/tmp/test-conf-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(file, sizeof(file), "%s/a.conf", dir);
	setenv("HOME", dir, 1);
	return 0;
}

static int
teardown(void **state)
{
	char *path = xasprintf("%s/.config/awaitd/awaitd.conf", dir);

	(void)state;
	unlink(file);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	free(path);
	return rmdir(dir);
}

static int
load(const char *text, const char *set, struct conf **out, struct error *err)
{
	struct conf_options o = {
	    .file = text != NULL ? file : NULL,
	    .sets = &set,
	    .nsets = set != NULL,
	};

	if (text != NULL)
		put(file, text);
	return conf_load(&o, out, err);
}

static struct conf *
must_load(const char *text, const char *set)
{
	struct conf *conf;
	struct error err;

	if (load(text, set, &conf, &err) == -1)
		fail_msg("%s", err.text);
	return conf;
}

/* --- values --------------------------------------------------------- */

static void
without_a_file_all_is_default(void **state)
{
	struct conf *conf = must_load(NULL, NULL);
	const struct conf_endpoint *e = conf_endpoint(conf, "any");

	(void)state;
	assert_null(conf->file);
	assert_string_equal(conf->global.deployment, "awaitd");
	assert_null(conf->global.state);
	assert_int_equal(conf->global.retention_ms, 7 * 86400000);
	assert_int_equal(conf->nendpoints, 0);
	assert_null(e->region);
	assert_int_equal(e->inline_bodies, CONF_INLINE_AUTO);
	assert_int_equal(e->output_names, CONF_NAMES_AWAITD);
	assert_int_equal(e->poll_start_ms, 500);
	assert_int_equal(e->poll_max_ms, 30000);
	assert_int_equal(e->poll_interval_ms, 0);
	assert_int_equal(e->request_ttl_ms, 0);
	assert_int_equal(e->doubt_grace_ms, 30000);
	conf_free(conf);
}

static struct {
	char value[64];
	char source[128];
} shown;

static void
remember(const char *section, const char *key, const char *value,
    const char *source, void *arg)
{
	const char *const *want = arg;

	if (!str_eq(section, want[0]) || !str_eq(key, want[1]))
		return;
	snprintf(shown.value, sizeof(shown.value), "%s", value);
	snprintf(shown.source, sizeof(shown.source), "%s", source);
}

static void
must_show(const struct conf *conf, const char *section, const char *key,
    const char *value, const char *source)
{
	const char *want[] = {section, key};

	memset(&shown, 0, sizeof(shown));
	conf_show(conf, remember, (void *)want);
	assert_string_equal(shown.value, value);
	assert_string_equal(shown.source, source);
}

/* A value that the key takes and that is not its default. */
static const char *
some_value(const struct conf_key *k)
{
	switch (k->type) {
	case CONF_TEXT:
		if (str_eq(k->section, "metrics"))
			return "127.0.0.1:9";
		return k->must != NULL ? "s3://bucket/path" : "some text";
	case CONF_URL:
		return "https://host/path";
	case CONF_PATH:
		return "/a/b";
	case CONF_LIST:
		return str_eq(k->name, "listen") ? "unix:/a, unix:b"
		    : str_eq(k->name, "users")   ? "alice, 7"
						 : "webhook w, exec x";
	case CONF_COMMAND:
		return "a \"b \\\" c\" d\\e \"\" \"'\"";
	case CONF_DURATION:
	case CONF_SECONDS:
		return "61s";
	case CONF_SIZE:
		return "3KiB";
	case CONF_COUNT:
		return "77";
	case CONF_CHOICE:
		return strrchr(k->choices, '|') + 1;
	case CONF_SCHEDULE:
		return "1s, 250ms, 120s";
	}
	abort();
}

/* What is shown could stand in a file and mean the same. */
static void
every_key_of_the_table_can_be_set_and_is_shown(void **state)
{
	char source[128];
	size_t i;

	(void)state;
	for (i = 0; i < conf_keys_len; i++) {
		const struct conf_key *k = &conf_keys[i];
		struct conf *conf;
		char *title = str_eq(k->section, "endpoint")
		    ? xasprintf("endpoint e")
		    : str_eq(k->section, "webhook") ? xasprintf("webhook w")
		    : str_eq(k->section, "exec")    ? xasprintf("exec x")
						    : xstrdup(k->section);
		char *text = xasprintf("[webhook w]\nurl = http://h\n[exec x]\n"
				       "command = x\n[%s]\n%s = %s\n",
		    title, k->name, some_value(k));

		conf = must_load(text, NULL);
		snprintf(source, sizeof(source), "%s:6", file);
		must_show(conf, title, k->name, some_value(k), source);
		conf_free(conf);
		free(text);
		free(title);
	}
}

static void
a_flag_wins_over_the_environment_and_that_over_the_file(void **state)
{
	static const char text[] = "# comment\n[awaitd]\ndeployment = f\n"
				   "[endpoint ocr]\npoll_max=5s\n";
	char source[128];
	struct conf *conf;

	(void)state;
	snprintf(source, sizeof(source), "%s:3", file);
	conf = must_load(text, NULL);
	must_show(conf, "awaitd", "deployment", "f", source);
	must_show(conf, "awaitd", "log_format", "text", "default");
	snprintf(source, sizeof(source), "%s:5", file);
	must_show(conf, "endpoint ocr", "poll_max", "5s", source);
	must_show(conf, "endpoint ocr", "poll_start", "500ms", "default");
	must_show(conf, "endpoint ocr", "output_names", "awaitd", "default");
	conf_free(conf);
	setenv("AWAITD_DEPLOYMENT", "e", 1);
	conf = must_load(text, NULL);
	must_show(conf, "awaitd", "deployment", "e", "AWAITD_DEPLOYMENT");
	conf_free(conf);
	conf = must_load(text, "awaitd.deployment=s");
	must_show(conf, "awaitd", "deployment", "s", "--set");
	conf_free(conf);
	conf = must_load(text, "endpoint ocr.poll_max=250ms");
	must_show(conf, "endpoint ocr", "poll_max", "250ms", "--set");
	conf_free(conf);
	unsetenv("AWAITD_DEPLOYMENT");
}

static void
an_endpoint_has_its_own_section_or_the_defaults(void **state)
{
	struct conf *conf = must_load("[endpoint a]\nregion = eu-west-1\n"
				      "[endpoint b]\n"
				      "[endpoint a]\ninline = never\n",
	    NULL);

	(void)state;
	assert_int_equal(conf->nendpoints, 2);
	assert_string_equal(conf_endpoint(conf, "a")->region, "eu-west-1");
	assert_int_equal(
	    conf_endpoint(conf, "a")->inline_bodies, CONF_INLINE_NEVER);
	assert_null(conf_endpoint(conf, "b")->region);
	assert_ptr_equal(conf_endpoint(conf, "c"), conf->fallback);
	conf_free(conf);
}

/* A value of nothing is no value: a poll_max of 0 would be a busy loop. */
static void
an_empty_value_is_the_default(void **state)
{
	struct conf *conf = must_load("[awaitd]\ndeployment =\nretention=\n"
				      "log_level =\n"
				      "[endpoint a]\npoll_max =\npoll_start=\n"
				      "request_ttl =\nregion =\ninline =\n",
	    NULL);
	const struct conf_endpoint *e = conf_endpoint(conf, "a");

	(void)state;
	assert_string_equal(conf->global.deployment, "awaitd");
	assert_int_equal(conf->global.retention_ms, 7 * 86400000);
	assert_int_equal(e->poll_max_ms, 30000);
	assert_int_equal(e->poll_start_ms, 500);
	assert_int_equal(e->request_ttl_ms, 0);
	assert_int_equal(e->inline_bodies, CONF_INLINE_AUTO);
	assert_null(e->region);
	conf_free(conf);
}

static void
long_values_are_kept_whole_up_to_4096_bytes(void **state)
{
	char *value = xcalloc(1, 4098), *text;
	struct conf *conf;
	struct error err;

	(void)state;
	memset(value, 'v', 4096);
	text = xasprintf("[awaitd]\nstate = %s\n", value);
	conf = must_load(text, NULL);
	assert_string_equal(conf->global.state, value);
	conf_free(conf);
	free(text);
	value[4096] = 'v';
	text = xasprintf("[awaitd]\nstate = %s\n", value);
	assert_int_equal(load(text, NULL, &conf, &err), -1);
	assert_non_null(strstr(err.text, "a.conf:2: state is longer"));
	free(text);
	free(value);
}

/* --- files ---------------------------------------------------------- */

static void
only_a_named_file_must_exist(void **state)
{
	struct conf_options o = {.file = file};
	struct conf *conf;
	struct error err;

	(void)state;
	assert_int_equal(conf_load(&o, &conf, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_non_null(strstr(err.text, file));
	setenv("AWAITD_CONFIG", file, 1);
	assert_int_equal(load(NULL, NULL, &conf, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	put(file, "[awaitd]\ndeployment=x\n");
	conf = must_load(NULL, NULL);
	assert_string_equal(conf->file, file);
	conf_free(conf);
	unsetenv("AWAITD_CONFIG");
	conf_free(must_load(NULL, NULL));
}

static void
the_users_own_file_is_found(void **state)
{
	char *path = xasprintf("%s/.config", dir), *more;
	struct conf *conf;

	(void)state;
	mkdir(path, 0700);
	more = xasprintf("%s/awaitd", path);
	mkdir(more, 0700);
	free(path);
	path = xasprintf("%s/awaitd.conf", more);
	put(path, "[awaitd]\ndeployment = mine\n");
	conf = must_load(NULL, NULL);
	assert_string_equal(conf->file, path);
	assert_string_equal(conf->global.deployment, "mine");
	conf_free(conf);
	free(path);
	free(more);
}

/* --- mistakes ------------------------------------------------------- */

static const struct {
	const char *text;
	const char *error; /* behind "FILE:" */
	const char *hint;
} mistakes[] = {
    {"deployment = x\n", "1: \"deployment\" stands before any section", ""},
    {"\n[awaitd]\nstat = x\n", "3: unknown key \"stat\" in [awaitd]",
	"Did you mean \"state\"?"},
    {"[awaitd]\nzzzzzzzz = x\n", "2: unknown key \"zzzzzzzz\" in [awaitd]",
	"Known keys: deployment, state, log_level"},
    {"[endpoint a]\npol_max = 1s\n", "2: unknown key \"pol_max\" in [endpoint]",
	"Did you mean \"poll_max\"?"},
    {"[awaitdx]\n", "1: unknown section [awaitdx]", "Known sections"},
    {"[endpoint]\n", "1: unknown section [endpoint]", "Known sections"},
    {"[endpoint ]\n", "1: unknown section [endpoint]", "Known sections"},
    {"[awaitd]\nlog_level = loud\n",
	"2: log_level = loud: it must be one of "
	"debug|info|warn|error|none",
	""},
    {"[awaitd]\nlog_level = war\n", "2: log_level = war: it must be", ""},
    {"[awaitd]\nlog_level = warn|info\n", "2: log_level = warn|info: it", ""},
    {"[awaitd]\nretention = soon\n",
	"2: retention = soon: it must be a time such as", ""},
    {"[awaitd]\nretention = 59s\n",
	"2: retention = 59s: it must be at least 60 s", ""},
    {"[awaitd]\nretention = 0\n", "2: retention = 0: it must be at least", ""},
    {"[endpoint a]\nrequest_ttl = 59s\n",
	"2: request_ttl = 59s: it must be from 60 s to 21600 s", ""},
    {"[endpoint a]\nrequest_ttl = 21601\n", "2: request_ttl = 21601: it", ""},
    {"[endpoint a]\nrequest_ttl = 60500ms\n",
	"2: request_ttl = 60500ms: it must be whole seconds", ""},
    {"[endpoint a]\ninvocation_timeout = 3601\n", "2: invocation_timeout", ""},
    {"[endpoint a]\npoll_max = 49ms\n",
	"2: poll_max = 49ms: it must be at least 0.05 s", ""},
    {"[endpoint a]\npoll_max = 0\n", "2: poll_max = 0: it must be", ""},
    {"[endpoint a]\npoll_max = -1s\n", "2: poll_max = -1s: it must be", ""},
    {"[endpoint a]\ninput_prefix = bucket/x\n",
	"2: input_prefix = bucket/x: it must be s3://bucket/path", ""},
    {"[endpoint a]\noutput_path = s3:///x\n", "2: output_path = s3:///x", ""},
    {"[endpoint a]\noutput_path = s3://\n", "2: output_path = s3://", ""},
    {"[awaitd\n", "1: ", ""},
    {"[awaitd]\nnonsense\n", "2: ", ""},
};

static void
every_mistake_is_told_with_its_line(void **state)
{
	struct conf *conf;
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(mistakes); i++) {
		char *want = xasprintf("%s:%s", file, mistakes[i].error);

		error_clear(&err);
		if (load(mistakes[i].text, NULL, &conf, &err) == 0)
			fail_msg("taken: %s", mistakes[i].text);
		assert_int_equal(err.code, ERR_CONFIG);
		if (!str_starts(err.text, want))
			fail_msg("%s\nis not: %s", err.text, want);
		if (!str_starts(err.hint, mistakes[i].hint))
			fail_msg("%s: %s", err.text, err.hint);
		free(want);
	}
}

static void
a_mistake_in_the_environment_names_the_variable(void **state)
{
	struct conf *conf;
	struct error err;

	(void)state;
	setenv("AWAITD_LOG_LEVEL", "loud", 1);
	assert_int_equal(load(NULL, NULL, &conf, &err), -1);
	assert_true(str_starts(err.text, "AWAITD_LOG_LEVEL: log_level"));
	setenv("AWAITD_LOG_LEVEL", "", 1);
	conf_free(must_load(NULL, NULL));
	unsetenv("AWAITD_LOG_LEVEL");
}

static void
a_mistake_in_a_flag_names_the_flag(void **state)
{
	static const char *const bad[] = {
	    "",
	    "x",
	    "=",
	    "awaitd.state",
	    "state=x",
	    "awaitd.stat=x",
	    "endpoint.poll_max=1s",
	    "endpoint a.poll_max=never",
	    "nosuch.key=1",
	};
	struct conf *conf;
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (load(NULL, bad[i], &conf, &err) == 0)
			fail_msg("taken: --set %s", bad[i]);
		assert_true(str_starts(err.text, "--set"));
	}
}

static void
a_value_may_hold_what_separates(void **state)
{
	struct conf *conf = must_load(NULL, "awaitd.state=/a=b.c/d");

	(void)state;
	assert_string_equal(conf->global.state, "/a=b.c/d");
	conf_free(conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		without_a_file_all_is_default, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		every_key_of_the_table_can_be_set_and_is_shown, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		a_flag_wins_over_the_environment_and_that_over_the_file, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		an_endpoint_has_its_own_section_or_the_defaults, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		an_empty_value_is_the_default, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		long_values_are_kept_whole_up_to_4096_bytes, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		only_a_named_file_must_exist, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		the_users_own_file_is_found, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		every_mistake_is_told_with_its_line, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_mistake_in_the_environment_names_the_variable, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		a_mistake_in_a_flag_names_the_flag, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_value_may_hold_what_separates, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
