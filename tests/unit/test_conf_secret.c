/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets of a configuration: where they may stand; that nobody sees them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/keys.h"
#include "tests/support/conf_fixture.h"

#define TOKEN "hidden-token-of-the-api"
#define ONE "whsec_hidden0one"
#define OTHER "whsk_hidden0other"
#define ALL                                                             \
	"[api]\ntoken = " TOKEN "\n" WEBHOOK "secret = " ONE ", " OTHER \
	"\nproxy = http://me:hidden@p:1\n[callback]\nsecret = " ONE "\n"

/* --- what is shown -------------------------------------------------- */

struct shown {
	struct buf all;
	size_t masked;
};

static void
collect(const struct conf_value *v, void *arg)
{
	struct shown *s = arg;

	buf_printf(&s->all, "[%s] %s = %s (%s)\n", v->section, v->key->name,
	    v->value, v->source);
	s->masked += v->secret;
	assert_int_equal(v->secret, strstr(v->value, "***") != NULL);
}

static void
no_secret_is_shown(void **state)
{
	struct conf *conf = conf_must_load(ALL, NULL);
	struct shown s = {.masked = 0};

	(void)state;
	assert_string_equal(conf->api.token, TOKEN);
	assert_int_equal(conf->webhooks[0]->secret.n, 2);
	assert_string_equal(conf->webhooks[0]->secret.v[1], OTHER);
	buf_init(&s.all, 1 << 20);
	conf_show(conf, NULL, collect, &s);
	assert_null(strstr(s.all.data, "hidden"));
	assert_non_null(strstr(s.all.data, "[api] token = *** ("));
	assert_non_null(strstr(s.all.data, "[webhook w] secret = ***, *** ("));
	assert_non_null(
	    strstr(s.all.data, "[webhook w] proxy = http://***@p:1 ("));
	assert_non_null(strstr(s.all.data, "[callback] secret = *** ("));
	assert_int_equal(s.masked, 4);
	buf_done(&s.all);
	conf_free(conf);
}

static void
collect_change(const struct conf_change *c, void *arg)
{
	struct shown *s = arg;

	buf_printf(&s->all, "[%s] %s: %s to %s\n", c->section, c->key->name,
	    c->was, c->value);
	s->masked += c->secret;
}

/* Two that are masked alike still differ. */
static void
that_a_secret_changed_is_told_but_not_to_what(void **state)
{
	struct conf *was = conf_must_load(ALL, NULL), *is;
	struct shown s = {.masked = 0};

	(void)state;
	buf_init(&s.all, 1 << 16);
	is = conf_must_load(ALL, NULL);
	conf_compare(was, is, collect_change, &s);
	assert_int_equal(s.all.len, 0);
	conf_free(is);
	is = conf_must_load("[api]\ntoken = " TOKEN "2\n" WEBHOOK
			    "secret = " ONE ", " OTHER "2\n"
			    "proxy = http://me:hidden2@p:1\n[callback]\n",
	    NULL);
	conf_compare(was, is, collect_change, &s);
	assert_string_equal(s.all.data,
	    "[api] token: *** to ***\n"
	    "[webhook w] secret: ***, *** to ***, ***\n"
	    "[webhook w] proxy: http://***@p:1 to http://***@p:1\n"
	    "[callback] secret: *** to \n");
	assert_int_equal(s.masked, 4);
	buf_done(&s.all);
	conf_free(is);
	conf_free(was);
}

/* --- where it may stand --------------------------------------------- */

static void
a_file_with_a_secret_is_private(void **state)
{
	static const struct {
		const char *text;
		const char *at; /* the first one */
		const char *key;
	} with[] = {
	    {"[api]\ntoken = " TOKEN "\n", "2: [api]", "token"},
	    {WEBHOOK "secret = " ONE "\n[api]\ntoken = " TOKEN "\n",
		"3: [webhook w]", "secret"},
	    {"[callback]\nproxy = http://me:hidden@h:1\n", "2: [callback]",
		"proxy"},
	};
	static const mode_t modes[] = {0640, 0604, 0660, 0644, 0602};
	struct conf_options o = {.file = conf_file};
	struct conf *conf;
	struct error err;
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_LEN(with); i++) {
		char *want = xasprintf(
		    "%s:%s %s is a secret, and others can read the file",
		    conf_file, with[i].at, with[i].key);
		char *hint = xasprintf("Do 'chmod 600 %s', or put the secret "
				       "into a private file and set %s_file.",
		    conf_file, with[i].key);

		conf_free(conf_must_load(with[i].text, NULL));
		for (j = 0; j < ARRAY_LEN(modes); j++) {
			assert_int_equal(chmod(conf_file, modes[j]), 0);
			assert_int_equal(conf_load(&o, &conf, &err), -1);
			assert_int_equal(err.code, ERR_CONFIG);
			assert_string_equal(err.text, want);
			assert_string_equal(err.hint, hint);
		}
		free(want);
		free(hint);
	}
	/* Without one it is everybody's. */
	conf_put(conf_file, WEBHOOK "proxy = http://h:1\nsecret_file = /s\n");
	assert_int_equal(chmod(conf_file, 0644), 0);
	assert_int_equal(conf_load(&o, &conf, &err), 0);
	conf_free(conf);
}

static void
no_flag_takes_a_secret(void **state)
{
	static const struct {
		const char *set;
		const char *text;
		const char *hint;
	} cases[] = {
	    {"api.token=" TOKEN,
		"--set: [api] token: everybody can read a "
		"secret in the list of processes",
		"Put it into a private file, and set token_file; or set the "
		"variable AWAITD_API_TOKEN."},
	    {"webhook w.secret=" ONE, "--set: [webhook w] secret: everybody",
		"Put it into a private file, and set secret_file."},
	    {"webhook w.proxy=http://me:hidden@h:1",
		"--set: [webhook w] proxy: everybody",
		"Put it into a private file, and set proxy_file."},
	    {"token hidden", "--set token hidden: it must be", "Write it as"},
	    {"token=hidden", "--set token: it must be", "Write it as"},
	    {"api.token hidden=", "--set: [api] token: there is no '='", ""},
	};
	struct conf *conf;
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(
		    conf_try(WEBHOOK, cases[i].set, &conf, &err), -1);
		assert_true(str_starts(err.text, cases[i].text));
		assert_true(str_starts(err.hint, cases[i].hint));
		/* What holds no '=' is no pair at all. */
		if (i != 3)
			assert_null(strstr(err.text, "hidden"));
	}
	/* To have none is no secret. */
	conf = conf_must_load(ALL, "api.token=");
	assert_null(conf->api.token);
	conf_free(conf);
	conf_free(conf_must_load(WEBHOOK, "webhook w.proxy=http://h:1"));
}

static void
a_variable_may_hold_a_secret(void **state)
{
	struct conf *conf;
	struct error err;
	char *want;

	(void)state;
	setenv("AWAITD_API_TOKEN", TOKEN, 1);
	setenv("AWAITD_CALLBACK_SECRET", ONE, 1);
	conf = conf_must_load("[api]\nlisten = 127.0.0.1:1\n", NULL);
	assert_string_equal(conf->api.token, TOKEN);
	assert_string_equal(conf->callback.secret.v[0], ONE);
	conf_free(conf);
	/* Which of two is meant nobody knows. */
	assert_int_equal(
	    conf_try("[api]\ntoken_file = /t\n", NULL, &conf, &err), -1);
	want = xasprintf("%s:2: [api] token_file is set beside token "
			 "(AWAITD_API_TOKEN)",
	    conf_file);
	assert_string_equal(err.text, want);
	free(want);
	setenv("AWAITD_API_TOKEN", "hidden", 1);
	assert_int_equal(conf_try(NULL, NULL, &conf, &err), -1);
	assert_string_equal(err.text,
	    "AWAITD_API_TOKEN: token: a token is at least 16 characters, in "
	    "one line");
	unsetenv("AWAITD_API_TOKEN");
	unsetenv("AWAITD_CALLBACK_SECRET");
	setenv("AWAITD_API_TOKEN_FILE", "/t", 1);
	conf = conf_must_load(NULL, NULL);
	assert_string_equal(conf->api.token_file, "/t");
	conf_free(conf);
	unsetenv("AWAITD_API_TOKEN_FILE");
}

/* --- credentials of systemd ----------------------------------------- */

static void
a_credential_is_a_file_of_its_folder(void **state)
{
	static const char text[] =
	    "[api]\ntoken_file = credentials:api.token\n" WEBHOOK
	    "secret_file = credentials:new, /old\n"
	    "header_file = credentials:head\n[dir d]\npath = credentials:d\n";
	char *below = xasprintf("%s/credentials:d", conf_dir);
	struct conf *conf;

	(void)state;
	setenv("CREDENTIALS_DIRECTORY", "/run/credentials/awaitd.service", 1);
	conf = conf_must_load(text, NULL);
	assert_string_equal(
	    conf->api.token_file, "/run/credentials/awaitd.service/api.token");
	assert_string_equal(conf->webhooks[0]->secret_file.v[0],
	    "/run/credentials/awaitd.service/new");
	assert_string_equal(conf->webhooks[0]->secret_file.v[1], "/old");
	assert_string_equal(conf->webhooks[0]->header_file,
	    "/run/credentials/awaitd.service/head");
	/* A folder is no credential. */
	assert_string_equal(conf->dirs[0]->path, below);
	conf_free(conf);
	unsetenv("CREDENTIALS_DIRECTORY");
	free(below);
}

/* Who only asks the service reads the same file. */
static void
only_a_service_has_need_of_it(void **state)
{
	static const char text[] =
	    WEBHOOK "\nsecret_file = /a, credentials:hook\n";
	struct conf *conf = conf_must_load(text, NULL);
	struct error err;
	char *want;

	(void)state;
	assert_string_equal(
	    conf->webhooks[0]->secret_file.v[1], "credentials:hook");
	assert_int_equal(conf_check_service(conf, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	want = xasprintf("%s:4: [webhook w] secret_file: there is no folder "
			 "for credentials:hook",
	    conf_file);
	assert_string_equal(err.text, want);
	assert_string_equal(err.hint,
	    "Write LoadCredential=hook:PATH into the unit, which sets "
	    "CREDENTIALS_DIRECTORY; or name the file itself.");
	free(want);
	conf_free(conf);
	conf = conf_must_load(ALL, NULL);
	assert_int_equal(conf_check_service(conf, &err), 0);
	conf_free(conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		no_secret_is_shown, conf_setup, conf_teardown),
	    cmocka_unit_test_setup_teardown(
		that_a_secret_changed_is_told_but_not_to_what, conf_setup,
		conf_teardown),
	    cmocka_unit_test_setup_teardown(
		a_file_with_a_secret_is_private, conf_setup, conf_teardown),
	    cmocka_unit_test_setup_teardown(
		no_flag_takes_a_secret, conf_setup, conf_teardown),
	    cmocka_unit_test_setup_teardown(
		a_variable_may_hold_a_secret, conf_setup, conf_teardown),
	    cmocka_unit_test_setup_teardown(
		a_credential_is_a_file_of_its_folder, conf_setup,
		conf_teardown),
	    cmocka_unit_test_setup_teardown(
		only_a_service_has_need_of_it, conf_setup, conf_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
