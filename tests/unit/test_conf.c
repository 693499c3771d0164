/* SPDX-License-Identifier: Apache-2.0 */
/* Which value wins, where it came from, and what is understood. */
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

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/keys.h"
#include "tests/support/conf_fixture.h"

static struct {
	char value[64];
	char source[128];
} shown;

static void
remember(const struct conf_value *v, void *arg)
{
	const char *const *want = arg;

	if (!str_eq(v->section, want[0]) || !str_eq(v->key->name, want[1]))
		return;
	snprintf(shown.value, sizeof(shown.value), "%s", v->value);
	snprintf(shown.source, sizeof(shown.source), "%s", v->source);
}

static void
must_show(const struct conf *conf, const char *section, const char *key,
    const char *value, const char *source)
{
	const char *want[] = {section, key};

	memset(&shown, 0, sizeof(shown));
	conf_show(conf, NULL, remember, (void *)want);
	assert_string_equal(shown.value, value);
	assert_string_equal(shown.source, source);
}

static void
must_show_value(const struct conf *conf, const char *section, const char *key,
    const char *value)
{
	const char *want[] = {section, key};

	memset(&shown, 0, sizeof(shown));
	conf_show(conf, NULL, remember, (void *)want);
	assert_string_equal(shown.value, value);
}

/* --- values --------------------------------------------------------- */

static void
without_a_file_all_is_default(void **state)
{
	struct conf *conf = conf_must_load(NULL, NULL);
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
	assert_int_equal(e->deliver.n, 0);
	assert_int_equal(conf->global.stop_timeout_ms, 20000);
	assert_int_equal(conf->api.listen.n, 0);
	assert_int_equal(conf->api.users.n, 0);
	assert_null(conf->api.token_file);
	assert_null(conf->metrics.listen);
	assert_int_equal(conf->nwebhooks, 0);
	assert_int_equal(conf->nexecs, 0);
	conf_free(conf);
}

static void
a_target_has_defaults_for_all_but_its_place(void **state)
{
	struct conf *conf = conf_must_load(WEBHOOK EXEC, NULL);
	const struct conf_webhook *w = conf->webhooks[0];
	const struct conf_exec *x = conf->execs[0];

	(void)state;
	assert_int_equal(conf->nwebhooks, 1);
	assert_string_equal(w->head.name, "w");
	assert_string_equal(w->url, "https://h/p");
	assert_int_equal(w->secret_file.n, 0);
	assert_int_equal(w->inline_max, 20000);
	assert_int_equal(w->timeout_ms, 15000);
	assert_int_equal(w->max_in_flight, 8);
	assert_int_equal(w->schedule.n, 10);
	assert_int_equal(w->schedule.delay_ms[0], 5000);
	assert_int_equal(w->schedule.delay_ms[9], 20 * 3600000);
	assert_int_equal(conf->nexecs, 1);
	assert_string_equal(x->head.name, "x");
	assert_int_equal(x->command.n, 2);
	assert_string_equal(x->command.v[0], "a");
	assert_string_equal(x->command.v[1], "b c");
	assert_null(x->command.v[2]);
	assert_int_equal(x->payload, CONF_PAYLOAD_RAW);
	assert_int_equal(x->inline_max, 20000);
	assert_int_equal(x->timeout_ms, 300000);
	assert_int_equal(x->max_in_flight, 2);
	assert_memory_equal(&x->schedule, &w->schedule, sizeof(x->schedule));
	conf_free(conf);
}

static void
values_of_every_type_are_understood(void **state)
{
	struct conf *conf = conf_must_load(
	    "[api]\nlisten = unix:/run/a b.sock , [::1]:0\ntoken_file = /t\n"
	    "users = alice,1000\n"
	    "[webhook w]\nurl = http://h\ninline_max = 64KiB\ntimeout = "
	    "1500ms\n"
	    "schedule = none\nmax_in_flight = 1000\n"
	    "[exec x]\ncommand = c\npayload = event\nschedule = 1s, 90s\n"
	    "[endpoint e]\ndeliver = webhook w,exec x\n",
	    NULL);
	const struct conf_endpoint *e = conf_endpoint(conf, "e");

	(void)state;
	assert_int_equal(conf->api.listen.n, 2);
	assert_string_equal(conf->api.listen.v[0], "unix:/run/a b.sock");
	assert_string_equal(conf->api.listen.v[1], "[::1]:0");
	assert_null(conf->api.listen.v[2]);
	assert_int_equal(conf->api.users.n, 2);
	assert_string_equal(conf->api.users.v[1], "1000");
	assert_int_equal(conf->webhooks[0]->inline_max, 65536);
	assert_int_equal(conf->webhooks[0]->timeout_ms, 1500);
	assert_int_equal(conf->webhooks[0]->schedule.n, 0);
	assert_int_equal(conf->webhooks[0]->max_in_flight, 1000);
	assert_int_equal(conf->execs[0]->payload, CONF_PAYLOAD_EVENT);
	assert_int_equal(conf->execs[0]->schedule.n, 2);
	assert_int_equal(conf->execs[0]->schedule.delay_ms[1], 90000);
	assert_int_equal(e->deliver.n, 2);
	assert_string_equal(e->deliver.v[0], "webhook w");
	assert_string_equal(e->deliver.v[1], "exec x");
	conf_free(conf);
}

/* 0 is a value where there is a default: shown as nothing it would be that. */
static void
zero_is_shown_as_such(void **state)
{
	struct conf *conf = conf_must_load(
	    "[awaitd]\nstop_timeout = 0\n[endpoint e]\ndoubt_grace = 0\n"
	    "[webhook w]\nurl = http://h\ninline_max = 0\nschedule = "
	    "none\n",
	    NULL);

	(void)state;
	must_show_value(conf, "awaitd", "stop_timeout", "0s");
	must_show_value(conf, "endpoint e", "doubt_grace", "0s");
	must_show_value(conf, "webhook w", "inline_max", "0");
	must_show_value(conf, "webhook w", "schedule", "none");
	must_show_value(conf, "endpoint e", "poll_interval", "");
	conf_free(conf);
}

/* A path is meant as whoever wrote it sees it. */
static void
a_relative_path_is_below_the_folder_of_its_file(void **state)
{
	static const char text[] = "[webhook w]\nurl = http://h\n"
				   "secret_file = keys/s\n"
				   "[api]\ntoken_file = /abs/t\n";
	char *want = realpath(conf_dir, NULL), cwd[512];
	struct conf_options o = {.file = "a.conf"};
	struct conf *conf;
	struct error err;

	(void)state;
	want = xrealloc(want, strlen(want) + 16);
	memcpy(want + strlen(want), "/keys/s", 8);
	conf = conf_must_load(text, NULL);
	assert_string_equal(conf->webhooks[0]->secret_file.v[0], want);
	assert_string_equal(conf->api.token_file, "/abs/t");
	conf_free(conf);
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(chdir(conf_dir), 0);
	assert_int_equal(conf_load(&o, &conf, &err), 0);
	assert_string_equal(conf->webhooks[0]->secret_file.v[0], want);
	conf_free(conf);
	assert_int_equal(chdir("/"), 0);
	conf = conf_must_load(text, "webhook w.secret_file=here");
	assert_string_equal(conf->webhooks[0]->secret_file.v[0], "/here");
	conf_free(conf);
	assert_int_equal(chdir(cwd), 0);
	free(want);
}

/* A value that the key takes and that is not its default. */
static const char *
some_value(const struct conf_key *k)
{
	switch (k->type) {
	case CONF_TEXT:
		if (str_eq(k->name, "listen"))
			return "127.0.0.1:9";
		if (str_eq(k->section, "sns"))
			return "/path";
		if (str_eq(k->name, "expected_bucket_owner"))
			return "012345678901";
		if (str_eq(k->name, "dead_letter"))
			return "webhook w";
		return k->must != NULL ? "s3://bucket/path" : "some text";
	case CONF_URL:
		return "https://host/path";
	case CONF_SECRET:
		return "0123456789abcdef";
	case CONF_SECRETS:
		return "whsec_one, whsk_other";
	case CONF_PATH:
		return "/a/b";
	case CONF_PATHS:
		return "/a/b, /c";
	case CONF_LIST:
		if (str_eq(k->name, "topic"))
			return "arn:aws:sns:r:1:a, arn:aws:sns:r:1:b";
		if (str_eq(k->name, "queue_url"))
			return "https://host/a, https://host/b";
		if (str_eq(k->name, "allow_networks"))
			return "10.0.0.0/8, fd00::/8";
		if (str_eq(k->name, "allow"))
			return "*.example.com, a.example.com";
		return str_eq(k->name, "listen") ? "unix:/a, unix:/b"
		    : str_eq(k->name, "users")   ? "alice, 7"
						 : "webhook w, exec x";
	case CONF_COMMAND:
		return "a \"b \\\" c\" d\\e \"\" \"'\" \"f g\\\\\"";
	case CONF_DURATION:
	case CONF_SECONDS:
		return "61s";
	case CONF_SIZE:
		return k->min > 3072 ? "3000kB" : "3KiB";
	case CONF_COUNT:
		return "77";
	case CONF_DECIMAL:
		return "1.25";
	case CONF_CHOICE:
		return strrchr(k->choices, '|') + 1;
	case CONF_SCHEDULE:
		return "1s, 250ms, 2m";
	}
	abort();
}

/* What a key is nothing without. */
static void
add_companions(const struct conf_key *k, struct buf *text)
{
	static const char *const lines[][2] = {
	    {"topic", "arn:aws:sns:r:1:a"},
	    {"user_file", "/u"},
	    {"certificate_file", "/c"},
	    {"private_key_file", "/k"},
	};
	size_t i;

	bool pair = str_eq(k->name, "certificate_file") ||
	    str_eq(k->name, "private_key_file");
	bool all = str_eq(k->section, "sns");

	if (str_eq(k->name, "poll_start"))
		buf_puts(text, "poll_max = 2m\n");
	for (i = 0; i < ARRAY_LEN(lines) && (all || pair); i++) {
		if (!str_eq(lines[i][0], k->name) && (all || i >= 2))
			buf_printf(text, "%s = %s\n", lines[i][0], lines[i][1]);
	}
	if (str_eq(k->section, "gateway") && str_eq(k->name, "listen"))
		buf_puts(text, "credentials_file = /g\n");
}

/* Sections that are referred to, each with what it is nothing without. */
static const struct {
	const char *title;
	const char *key;
	const char *value;
} there[] = {
    {"webhook w", "url", "http://h"},
    {"exec x", "command", "x"},
    {"dir d", "path", "/d"},
    {"unix u", "path", "/u"},
};

static char *
title_of(const struct conf_key *k)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(there); i++) {
		if (str_starts(there[i].title, k->section))
			return xstrdup(there[i].title);
	}
	return xasprintf(
	    "%s%s", k->section, str_eq(k->section, "endpoint") ? " e" : "");
}

/* All of them, and last the key in its section. */
static void
write_key(const struct conf_key *k, const char *title, struct buf *text)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(there); i++) {
		if (!str_eq(there[i].title, title))
			buf_printf(text, "[%s]\n%s = %s\n", there[i].title,
			    there[i].key, there[i].value);
	}
	buf_printf(text, "[%s]\n", title);
	for (i = 0; i < ARRAY_LEN(there); i++) {
		if (str_eq(there[i].title, title) &&
		    !str_eq(there[i].key, k->name))
			buf_printf(
			    text, "%s = %s\n", there[i].key, there[i].value);
	}
	add_companions(k, text);
	buf_printf(text, "%s = %s\n", k->name, some_value(k));
}

static int
lines_of(const char *text)
{
	int n = 0;

	while ((text = strchr(text, '\n')) != NULL) {
		text++;
		n++;
	}
	return n;
}

/* What is shown could stand in a file and mean the same; but for secrets. */
static void
every_key_of_the_table_can_be_set_and_is_shown(void **state)
{
	char source[128];
	size_t i;

	(void)state;
	for (i = 0; i < conf_keys_len; i++) {
		const struct conf_key *k = &conf_keys[i];
		const char *value = k->type == CONF_SECRET ? "***"
		    : k->type == CONF_SECRETS              ? "***, ***"
							   : some_value(k);
		char *title = title_of(k);
		struct conf *conf;
		struct buf text;

		buf_init(&text, 4096);
		write_key(k, title, &text);
		conf = conf_must_load(text.data, NULL);
		snprintf(source, sizeof(source), "%s:%d", conf_file,
		    lines_of(text.data));
		must_show(conf, title, k->name, value, source);
		conf_free(conf);
		buf_done(&text);
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
	snprintf(source, sizeof(source), "%s:3", conf_file);
	conf = conf_must_load(text, NULL);
	must_show(conf, "awaitd", "deployment", "f", source);
	must_show(conf, "awaitd", "log_format", "text", "default");
	snprintf(source, sizeof(source), "%s:5", conf_file);
	must_show(conf, "endpoint ocr", "poll_max", "5s", source);
	must_show(conf, "endpoint ocr", "poll_start", "500ms", "default");
	must_show(conf, "endpoint ocr", "output_names", "awaitd", "default");
	conf_free(conf);
	setenv("AWAITD_DEPLOYMENT", "e", 1);
	conf = conf_must_load(text, NULL);
	must_show(conf, "awaitd", "deployment", "e", "AWAITD_DEPLOYMENT");
	conf_free(conf);
	conf = conf_must_load(text, "awaitd.deployment=s");
	must_show(conf, "awaitd", "deployment", "s", "--set");
	conf_free(conf);
	conf = conf_must_load(text, "endpoint ocr.poll_max=250ms");
	must_show(conf, "endpoint ocr", "poll_max", "250ms", "--set");
	conf_free(conf);
	/* A flag also goes before a key that would have no effect beside it. */
	conf = conf_must_load(
	    "[endpoint ocr]\npoll_requests=5\n", "endpoint ocr.poll_delay=2s");
	must_show(conf, "endpoint ocr", "poll_delay", "2s", "--set");
	conf_free(conf);
	unsetenv("AWAITD_DEPLOYMENT");
}

static void
an_endpoint_has_its_own_section_or_the_defaults(void **state)
{
	struct conf *conf = conf_must_load("[endpoint a]\nregion = eu-west-1\n"
					   "inline = never\n"
					   "[endpoint b]\n",
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
prices_are_decimal_numbers_within_bounds(void **state)
{
	static const char *const bad[] = {
	    "0", "0.0000001", "1001", "cheap", "-1", "1.", "0,005"};
	struct conf *conf =
	    conf_must_load("[awaitd]\nprice_list = 0.0125\n", NULL);
	struct error err;
	size_t i;

	(void)state;
	assert_int_equal(conf->global.price_get, 400);
	assert_int_equal(conf->global.price_list, 12500);
	must_show_value(conf, "awaitd", "price_list", "0.0125");
	must_show_value(conf, "awaitd", "price_get", "0.0004");
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (conf_set(conf, "awaitd", "price_get", bad[i], "-", &err) ==
		    0)
			fail_msg("%s was taken", bad[i]);
	}
	conf_free(conf);
}

static void
an_empty_value_is_the_default(void **state)
{
	struct conf *conf =
	    conf_must_load("[awaitd]\ndeployment =\nretention=\n"
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
	conf = conf_must_load(text, NULL);
	assert_string_equal(conf->global.state, value);
	conf_free(conf);
	free(text);
	value[4096] = 'v';
	text = xasprintf("[awaitd]\nstate = %s\n", value);
	assert_int_equal(conf_try(text, NULL, &conf, &err), -1);
	assert_non_null(strstr(err.text, "a.conf:2: state is longer"));
	free(text);
	free(value);
}

/* --- files ---------------------------------------------------------- */

static void
only_a_named_file_must_exist(void **state)
{
	struct conf_options o = {.file = conf_file};
	struct conf *conf;
	struct error err;

	(void)state;
	assert_int_equal(conf_load(&o, &conf, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_non_null(strstr(err.text, conf_file));
	setenv("AWAITD_CONFIG", conf_file, 1);
	assert_int_equal(conf_try(NULL, NULL, &conf, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	conf_put(conf_file, "[awaitd]\ndeployment=x\n");
	conf = conf_must_load(NULL, NULL);
	assert_string_equal(conf->file, conf_file);
	conf_free(conf);
	unsetenv("AWAITD_CONFIG");
	conf_free(conf_must_load(NULL, NULL));
}

static void
the_users_own_file_is_found(void **state)
{
	char *path = xasprintf("%s/.config", conf_dir), *more;
	struct conf *conf;

	(void)state;
	mkdir(path, 0700);
	more = xasprintf("%s/awaitd", path);
	mkdir(more, 0700);
	free(path);
	path = xasprintf("%s/awaitd.conf", more);
	conf_put(path, "[awaitd]\ndeployment = mine\n");
	conf = conf_must_load(NULL, NULL);
	assert_string_equal(conf->file, path);
	assert_string_equal(conf->global.deployment, "mine");
	conf_free(conf);
	free(path);
	free(more);
}

static void
a_value_may_hold_what_separates(void **state)
{
	struct conf *conf = conf_must_load(NULL, "awaitd.state=/a=b.c/d");

	(void)state;
	assert_string_equal(conf->global.state, "/a=b.c/d");
	conf_free(conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		without_a_file_all_is_default, conf_setup, conf_teardown),
	    cmocka_unit_test_setup_teardown(
		a_target_has_defaults_for_all_but_its_place, conf_setup,
		conf_teardown),
	    cmocka_unit_test_setup_teardown(
		values_of_every_type_are_understood, conf_setup, conf_teardown),
	    cmocka_unit_test_setup_teardown(
		zero_is_shown_as_such, conf_setup, conf_teardown),
	    cmocka_unit_test_setup_teardown(
		a_relative_path_is_below_the_folder_of_its_file, conf_setup,
		conf_teardown),
	    cmocka_unit_test_setup_teardown(
		every_key_of_the_table_can_be_set_and_is_shown, conf_setup,
		conf_teardown),
	    cmocka_unit_test_setup_teardown(
		a_flag_wins_over_the_environment_and_that_over_the_file,
		conf_setup, conf_teardown),
	    cmocka_unit_test_setup_teardown(
		an_endpoint_has_its_own_section_or_the_defaults, conf_setup,
		conf_teardown),
	    cmocka_unit_test_setup_teardown(
		prices_are_decimal_numbers_within_bounds, conf_setup,
		conf_teardown),
	    cmocka_unit_test_setup_teardown(
		an_empty_value_is_the_default, conf_setup, conf_teardown),
	    cmocka_unit_test_setup_teardown(
		long_values_are_kept_whole_up_to_4096_bytes, conf_setup,
		conf_teardown),
	    cmocka_unit_test_setup_teardown(
		only_a_named_file_must_exist, conf_setup, conf_teardown),
	    cmocka_unit_test_setup_teardown(
		the_users_own_file_is_found, conf_setup, conf_teardown),
	    cmocka_unit_test_setup_teardown(
		a_value_may_hold_what_separates, conf_setup, conf_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
