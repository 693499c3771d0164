/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials from a program: what it is given, what it may print, and how its
 * failures are told. What it takes a minute for is in
 * test_creds_process_end.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/creds_source.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/unit/creds_rig.h"

#define GOOD                                                              \
	"{\"Version\": 1, \"AccessKeyId\": \"AK\", \"SecretAccessKey\": " \
	"\"" SECRET "\"}"

struct world {
	struct loop *loop;
	struct creds_plan *plan;
	struct creds_fetch *fetch;
	struct creds *creds;
	struct error err;
	int calls;
	int fds;
};

static int
open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static int
setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	*state = w;
	w->loop = loop_new();
	w->fds = open_fds();
	return creds_rig_setup(NULL);
}

static void
forget(struct world *w)
{
	if (w->creds != NULL)
		creds_done(w->creds);
	free(w->creds);
	w->creds = NULL;
	creds_plan_free(w->plan);
	w->plan = NULL;
	w->calls = 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	forget(w);
	loop_run(w->loop);
	assert_int_equal(open_fds(), w->fds);
	loop_free(w->loop);
	free(w);
	return creds_rig_teardown(NULL);
}

static void
on_done(struct creds *take, const struct error *err, void *arg)
{
	struct world *w = arg;

	assert_true((take == NULL) == (err != NULL));
	w->creds = take;
	if (err != NULL)
		w->err = *err;
	w->calls++;
}

static int
start(struct world *w, const char *command)
{
	struct creds_fetch_env env = {.loop = w->loop};
	char *text = xasprintf(
	    "[profile p]\ncredential_process = %s\naws_account_id = 12\n",
	    command);

	forget(w);
	creds_rig_config(text);
	free(text);
	w->plan = creds_rig_plan("p");
	error_clear(&w->err);
	return creds_process_start(
	    &env, w->plan, on_done, w, &w->fetch, &w->err);
}

static void
run(struct world *w, const char *command)
{
	if (start(w, command) == -1)
		fail_msg("%s", w->err.text);
	assert_int_equal(w->calls, 0);
	loop_run(w->loop);
	assert_int_equal(w->calls, 1);
}

/* A script of /bin/sh; the command is the caller's. */
static char *
script(const char *text)
{
	char *whole = xasprintf("#!/bin/sh\n%s\n", text);

	creds_rig_put("script", whole, 0700);
	free(whole);
	return xasprintf("%s/script", creds_rig_dir());
}

static void
run_script(struct world *w, const char *text)
{
	char *command = script(text);

	run(w, command);
	free(command);
}

static void
run_printing(struct world *w, const char *output)
{
	char *text = xasprintf("cat <<'EOF'\n%s\nEOF", output);

	run_script(w, text);
	free(text);
}

static void
assert_failed(const struct world *w, enum error_code code, const char *words)
{
	assert_null(w->creds);
	if (strstr(w->err.text, words) == NULL)
		fail_msg("'%s' is not in: %s", words, w->err.text);
	assert_memory_equal(
	    w->err.text, "credential_process of the profile 'p': ", 39);
	assert_int_equal(w->err.code, code);
	creds_rig_assert_discreet(&w->err);
}

/* --- what it prints -------------------------------------------------- */

static void
a_program_gives_credentials(void **state)
{
	struct world *w = *state;

	run_printing(w,
	    "{\"Version\": 1, \"AccessKeyId\": \"AK\", "
	    "\"SecretAccessKey\": \"" SECRET "\", \"SessionToken\": \"t\", "
	    "\"AccountId\": \"123456789012\", \"Other\": [],\n"
	    "\"Expiration\": \"2100-03-01T00:00:00+00:00\"}");
	assert_non_null(w->creds);
	assert_string_equal(w->creds->access_key, "AK");
	assert_string_equal(w->creds->secret_key, SECRET);
	assert_string_equal(w->creds->session_token, "t");
	assert_string_equal(w->creds->account_id, "123456789012");
	assert_true(w->creds->expires_at == INT64_C(4107542400000));
	assert_true(w->creds->expires_mono > clock_mono_ms());
	assert_string_equal(
	    w->creds->source, "credential_process of the profile 'p'");
}

static void
what_may_be_missing_may_be_null_or_empty(void **state)
{
	struct world *w = *state;

	run_printing(w,
	    "{\"Version\": 1, \"AccessKeyId\": \"AK\", "
	    "\"SecretAccessKey\": \"s\", \"SessionToken\": null, "
	    "\"AccountId\": \"\", \"Expiration\": \"\"}");
	assert_non_null(w->creds);
	assert_null(w->creds->session_token);
	assert_true(w->creds->expires_mono == INT64_MAX);
	/* The profile knows it. */
	assert_string_equal(w->creds->account_id, "12");
}

static void
a_long_token_arrives_whole(void **state)
{
	struct world *w = *state;

	run_script(w,
	    "t=$(head -c 60000 /dev/zero | tr '\\0' x)\n"
	    "echo '{\"Version\":1,\"AccessKeyId\":\"AK\","
	    "\"SecretAccessKey\":\"s\",\"SessionToken\":\"'$t'\"}' "
	    ">/dev/stdout");
	assert_non_null(w->creds);
	assert_int_equal(strlen(w->creds->session_token), 60000);
}

static void
what_is_over_is_handed_on(void **state)
{
	struct world *w = *state;

	run_printing(w,
	    "{\"Version\": 1, \"AccessKeyId\": \"AK\", "
	    "\"SecretAccessKey\": \"s\", "
	    "\"Expiration\": \"2001-01-01T00:00:00Z\"}");
	assert_non_null(w->creds);
	assert_true(w->creds->expires_mono < clock_mono_ms());
}

static void
what_is_no_answer_is_refused_unseen(void **state)
{
	static const struct {
		const char *output, *words;
	} bad[] = {
	    {"", ""},
	    {SECRET, ""},
	    {GOOD GOOD, ""},
	    {"[" GOOD "]", "Version is not 1"},
	    {"{\"AccessKeyId\": \"AK\", \"SecretAccessKey\": \"" SECRET "\"}",
		"Version is not 1"},
	    {"{\"Version\": 2, \"SecretAccessKey\": \"" SECRET "\"}",
		"Version is not 1"},
	    {"{\"Version\": \"1\", \"SecretAccessKey\": \"" SECRET "\"}",
		"Version is not 1"},
	    {"{\"Version\": 1}", "neither AccessKeyId nor"},
	    {"{\"Version\": 1, \"AccessKeyId\": \"AK\"}",
		"AccessKeyId is set, but SecretAccessKey is not"},
	    {"{\"Version\": 1, \"SecretAccessKey\": \"" SECRET "\"}",
		"SecretAccessKey is set, but AccessKeyId is not"},
	    {"{\"Version\": 1, \"AccessKeyId\": 5, "
	     "\"SecretAccessKey\": \"" SECRET "\"}",
		"AccessKeyId is no string"},
	    {"{\"Version\": 1, \"AccessKeyId\": \"AK\", "
	     "\"SecretAccessKey\": \"s\", \"Expiration\": \"" SECRET "\"}",
		"Expiration is no date"},
	    {"{\"Version\": 1, \"AccessKeyId\": \"AK\", "
	     "\"SecretAccessKey\": \"s\", "
	     "\"SessionToken\": \"" SECRET "\\r\\nx: y\"}",
		"SessionToken holds a control"},
	    {"{\"Version\": 1, \"AccessKeyId\": \"AK\", "
	     "\"AccessKeyId\": \"" SECRET "\", \"SecretAccessKey\": \"s\"}",
		""},
	};
	struct world *w = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		run_printing(w, bad[i].output);
		assert_failed(w, ERR_CONFIG, bad[i].words);
		assert_false(w->err.retryable);
		/* What to print, or what is wrong with one of its parts. */
		assert_string_not_equal(w->err.hint, "");
	}
}

static void
more_than_64_kib_ends_the_program(void **state)
{
	struct world *w = *state;
	int64_t begun = clock_mono_ms();

	run_script(w, "echo '" GOOD "'; exec tr '\\0' ' ' </dev/zero");
	assert_failed(w, ERR_CONFIG, "prints more than 65536 bytes");
	assert_true(clock_mono_ms() - begun < 30000);
	/* Just too much, and it ends by itself. */
	run_script(
	    w, "echo '" GOOD "'; head -c 65536 /dev/zero | tr '\\0' ' '");
	assert_failed(w, ERR_CONFIG, "prints more than 65536 bytes");
}

/* --- how it ends ----------------------------------------------------- */

static void
a_failure_says_its_status_and_nothing_it_wrote(void **state)
{
	struct world *w = *state;

	run_script(w, "echo '" GOOD "'; echo " SECRET "; exit 3");
	assert_failed(w, ERR_AUTH, "the program failed with status 3");
	assert_true(w->err.retryable);
	assert_non_null(strstr(w->err.hint, "standard error"));
	run_script(w, "kill -9 $$");
	assert_failed(w, ERR_AUTH, "signal 9 ended the program");
}

static void
what_it_complains_of_goes_where_ours_does(void **state)
{
	struct world *w = *state;
	char text[64] = "";
	int saved = dup(STDERR_FILENO);
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_true(saved != -1 && fd != -1);
	dup2(fd, STDERR_FILENO);
	run_script(w, "echo 'log in first' >&2; exit 1");
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	close(fd);
	assert_string_equal(text, "log in first\n");
	assert_null(strstr(w->err.text, "log in"));
}

static void
a_program_that_is_not_there_is_named(void **state)
{
	struct world *w = *state;

	assert_int_equal(start(w, "no-such-program-here --x"), -1);
	assert_failed(w, ERR_CONFIG, "\"no-such-program-here\"");
	assert_non_null(strstr(w->err.hint, "No shell"));
	assert_int_equal(start(w, "~/bin/x"), -1);
	assert_failed(w, ERR_CONFIG, "~/bin/x");
	assert_int_equal(start(w, "/etc/passwd"), -1);
	assert_failed(w, ERR_CONFIG, "/etc/passwd");
}

static void
a_line_that_is_no_command_is_refused(void **state)
{
	struct world *w = *state;

	assert_int_equal(start(w, "x 'y"), -1);
	assert_failed(w, ERR_CONFIG, "a quote is left open");
	assert_int_equal(start(w, "x \\"), -1);
	assert_failed(w, ERR_CONFIG, "nothing follows");
	assert_int_equal(start(w, "TOKEN=" SECRET " x"), -1);
	assert_failed(w, ERR_CONFIG, "a word that holds '='");
	assert_int_equal(start(w, "'' x"), -1);
	assert_failed(w, ERR_CONFIG, "there is no program \"\"");
}

static void
one_that_is_given_up_says_nothing_more(void **state)
{
	struct world *w = *state;
	char *command = script("echo '" GOOD "'; exec sleep 1000");

	assert_int_equal(start(w, command), 0);
	w->fetch->cancel(w->fetch);
	loop_run(w->loop);
	assert_int_equal(w->calls, 0);
	free(command);
}

/* --- what it is given ------------------------------------------------ */

static void
words_are_those_of_a_shell_without_one(void **state)
{
	static const char want[] = "a b|c\\d|$HOME|e\"f|g h|*|;||i\\j|";
	struct world *w = *state;
	char *path =
	    script("for x; do printf '%s|' \"$x\"; done >\"${0}.out\"\n"
		   "echo '" GOOD "'");
	char *command = xasprintf("%s 'a b' 'c\\d' $HOME \"e\\\"f\" g\\ h "
				  "* ; '' \"i\\j\"",
	    path);
	char *out = xasprintf("%s.out", path);
	struct error err;
	struct buf b;

	run(w, command);
	assert_non_null(w->creds);
	buf_init(&b, 4096);
	if (file_read(out, &b, &err) == -1)
		fail_msg("%s", err.text);
	assert_string_equal(b.data, want);
	buf_done(&b);
	free(out);
	free(command);
	free(path);
}

static void
its_environment_holds_no_secret_of_ours(void **state)
{
	static const char *const secrets[] = {
	    "AWS_ACCESS_KEY_ID",
	    "AWS_SECRET_ACCESS_KEY",
	    "AWS_SESSION_TOKEN",
	    "AWS_SECURITY_TOKEN",
	    "AWS_CREDENTIAL_EXPIRATION",
	    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
	    "AWAITD_ANYTHING",
	};
	struct world *w = *state;
	char *path = script("tr '\\0' '\\n' </proc/self/environ >\"${0}.out\"\n"
			    "echo '" GOOD "'");
	char *out = xasprintf("%s.out", path);
	struct error err;
	struct buf b;
	size_t i;

	for (i = 0; i < ARRAY_LEN(secrets); i++)
		setenv(secrets[i], SECRET, 1);
	setenv("AWS_REGION", "passed-on", 1);
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/passed/on", 1);
	run(w, path);
	unsetenv("AWAITD_ANYTHING");
	assert_non_null(w->creds);
	buf_init(&b, 1 << 20);
	if (file_read(out, &b, &err) == -1)
		fail_msg("%s", err.text);
	assert_null(strstr(b.data, SECRET));
	for (i = 0; i < ARRAY_LEN(secrets); i++) {
		char *set = xasprintf("%s=", secrets[i]);

		assert_null(strstr(b.data, set));
		free(set);
	}
	assert_non_null(strstr(b.data, "AWS_REGION=passed-on\n"));
	assert_non_null(strstr(b.data, "TOKEN_FILE=/passed/on\n"));
	assert_non_null(strstr(b.data, "PATH="));
	buf_done(&b);
	free(out);
	free(path);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_program_gives_credentials),
	    T(what_may_be_missing_may_be_null_or_empty),
	    T(a_long_token_arrives_whole),
	    T(what_is_over_is_handed_on),
	    T(what_is_no_answer_is_refused_unseen),
	    T(more_than_64_kib_ends_the_program),
	    T(a_failure_says_its_status_and_nothing_it_wrote),
	    T(what_it_complains_of_goes_where_ours_does),
	    T(a_program_that_is_not_there_is_named),
	    T(a_line_that_is_no_command_is_refused),
	    T(one_that_is_given_up_says_nothing_more),
	    T(words_are_those_of_a_shell_without_one),
	    T(its_environment_holds_no_secret_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
