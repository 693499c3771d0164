/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is allowed and hardly meant is said; and how long it takes where there
 * are many sections.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/support/conf_fixture.h"

/* --- findings ------------------------------------------------------- */

struct found {
	int n;
	struct error last;
};

static void
count(const struct error *finding, void *arg)
{
	struct found *f = arg;

	f->n++;
	f->last = *finding;
}

static void
must_warn(const struct conf *conf, const char *text, const char *hint)
{
	struct found f = {.n = 0};

	conf_warn(conf, count, &f);
	assert_int_equal(f.n, text != NULL);
	if (text == NULL)
		return;
	if (strstr(f.last.text, text) == NULL)
		fail_msg("%s\nhas no: %s", f.last.text, text);
	if (!str_starts(f.last.hint, hint))
		fail_msg("%s: %s", f.last.text, f.last.hint);
}

static void
what_has_no_effect_is_said(void **state)
{
	static const struct {
		const char *text;
		const char *finding; /* NULL: nothing is said */
		const char *hint;
	} cases[] = {
	    {"[callback]\n\nsecret_file = /s\ntimeout = 1s\n",
		"a.conf:3: [callback] secret_file has no effect: allow is not "
		"set",
		"Set allow in [callback]"},
	    {"[callback]\nallow = a.example\ntimeout = 1s\n", NULL, ""},
	    {"[gateway]\ncredentials_file = /c\n",
		"a.conf:2: [gateway] credentials_file has no effect: listen is "
		"not set",
		"Set listen in [gateway]"},
	    {"[sns]\ntopic = arn:aws:sns:us-east-1:1:t\n",
		"a.conf:2: [sns] topic has no effect", "Set listen in [sns], "},
	    {"[sns]\ntopic = arn:aws:sns:us-east-1:1:t\n[sqs]\nqueue_url = "
	     "https://sqs.us-east-1.amazonaws.com/1/q\n",
		NULL, ""},
	    {"[api]\nlisten = unix:/s\ntoken_file = /t\n",
		"a.conf:3: [api] token_file has no effect: listen names no "
		"HOST:PORT",
		"Add the address"},
	    {"[api]\nlisten = unix:/s, 127.0.0.1:1\ntoken_file = /t\n", NULL,
		""},
	    {"[awaitd]\n[endpoint of-nobody]\n[dir d]\npath = /d\n", NULL, ""},
	};
	struct conf *conf;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		conf = conf_must_load(cases[i].text, NULL);
		must_warn(conf, cases[i].finding, cases[i].hint);
		conf_free(conf);
	}
}

static void
a_variable_that_looks_like_a_key_is_said(void **state)
{
	static const struct {
		const char *name;
		const char *hint; /* NULL: nothing is said */
	} cases[] = {
	    {"AWAITD_LOGLEVEL", "Did you mean AWAITD_LOG_LEVEL?"},
	    {"AWAITD_API_LISTENS", "Did you mean AWAITD_API_LISTEN?"},
	    {"AWAITD_GATEWAY_LITSEN", "Did you mean AWAITD_GATEWAY_LISTEN?"},
	    {"AWAITD_CALLBACK_SECRETS", "Did you mean AWAITD_CALLBACK_SECRET?"},
	    {"AWAITD_CONFIGS", "Did you mean AWAITD_CONFIG?"},
	    {"AWAITD_TOKENFILE", "Did you mean AWAITD_TOKEN_FILE?"},
	    {"AWAITD_WEBHOOK_TIMEOUT",
		"[webhook NAME] has none: set it in the file, or by --set "
		"'webhook NAME.KEY=VALUE'."},
	    /* What is one, what handlers have, and what is somebody else's. */
	    {"AWAITD_TOKEN_FILE", NULL},
	    {"AWAITD_COREDUMP", NULL},
	    {"AWAITD_SPOOL_MAX", NULL},
	    {"AWAITD_EVENT_ID", NULL},
	    {"AWAITD_ENDPOINT", NULL},
	    {"AWAITD_OUTPUT_LOCATION", NULL},
	    {"AWAITD_SOMETHING_ELSE", NULL},
	    {"AWAITD_", NULL},
	    {"AWAITD_E", NULL},
	    {"AWAITD_WEBHOOK", NULL},
	};
	struct conf *conf = conf_must_load(NULL, NULL);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		char *text =
		    xasprintf("%s is no variable of awaitd", cases[i].name);

		setenv(cases[i].name, "1", 1);
		must_warn(
		    conf, cases[i].hint != NULL ? text : NULL, cases[i].hint);
		unsetenv(cases[i].name);
		free(text);
	}
	conf_free(conf);
}

/* Also of sections that nobody had when the names were thought of. */
static void
every_key_of_a_section_that_is_there_once_has_a_variable(void **state)
{
	static const struct {
		const char *name;
		const char *value;
	} cases[] = {
	    {"AWAITD_GATEWAY_LISTEN", "127.0.0.1:1"},
	    {"AWAITD_GATEWAY_CREDENTIALS_FILE", "/c"},
	    {"AWAITD_GATEWAY_TIMEOUT", "3s"},
	    {"AWAITD_GATEWAY_MAX_CONNECTIONS", "99"},
	    {"AWAITD_CALLBACK_ALLOW", "a.example, *.b.example"},
	    {"AWAITD_CALLBACK_SECRET_FILE", "/s"},
	    {"AWAITD_CALLBACK_MAX_IN_FLIGHT", "9"},
	    {"AWAITD_SQS_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/1/q"},
	    {"AWAITD_API_MAX_CONNECTIONS", "77"},
	};
	struct conf *conf;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++)
		setenv(cases[i].name, cases[i].value, 1);
	conf = conf_must_load(NULL, NULL);
	for (i = 0; i < ARRAY_LEN(cases); i++)
		unsetenv(cases[i].name);
	assert_string_equal(conf->gateway.listen, "127.0.0.1:1");
	assert_string_equal(conf->gateway.credentials_file, "/c");
	assert_int_equal(conf->gateway.timeout_ms, 3000);
	assert_int_equal(conf->gateway.max_connections, 99);
	assert_int_equal(conf->callback.allow.n, 2);
	assert_string_equal(conf->callback.secret_file.v[0], "/s");
	assert_int_equal(conf->callback.max_in_flight, 9);
	assert_int_equal(conf->sqs.queue_url.n, 1);
	assert_int_equal(conf->api.max_connections, 77);
	conf_free(conf);
}

/* --- flags ---------------------------------------------------------- */

static void
a_flag_sets_any_key_also_of_a_section_that_only_it_makes(void **state)
{
	struct conf *conf = conf_must_load(WEBHOOK, "webhook w.timeout=7s");

	(void)state;
	assert_int_equal(conf->webhooks[0]->timeout_ms, 7000);
	assert_string_equal(
	    conf_source(&conf->webhooks[0]->head, "webhook", "timeout"),
	    "--set");
	conf_free(conf);
	conf = conf_must_load(NULL, "exec new.command=a 'b=c' \"d e\"");
	assert_int_equal(conf->nexecs, 1);
	assert_string_equal(conf->execs[0]->head.place, "--set");
	assert_string_equal(conf->execs[0]->command.v[1], "b=c");
	assert_string_equal(conf->execs[0]->command.v[2], "d e");
	conf_free(conf);
	conf = conf_must_load(
	    "[callback]\nallow = a.example\n", "callback.allow=b.c, *.d.e");
	assert_int_equal(conf->callback.allow.n, 2);
	assert_string_equal(conf->callback.allow.v[1], "*.d.e");
	conf_free(conf);
	conf = conf_must_load(WEBHOOK "timeout = 9s\n", "webhook w.timeout=");
	assert_int_equal(conf->webhooks[0]->timeout_ms, 15000);
	conf_free(conf);
	conf = conf_must_load(WEBHOOK, " webhook w . url =https://h/?a=b");
	assert_string_equal(conf->webhooks[0]->url, "https://h/?a=b");
	conf_free(conf);
}

/* --- many ----------------------------------------------------------- */

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
ignore(const struct conf_change *c, void *arg)
{
	(void)c;
	++*(size_t *)arg;
}

/* CPU time to read so many targets and endpoints, to find each, and to compare
 * all with themselves. */
static double
time_of(int n)
{
	struct conf *conf, *same;
	size_t changes = 0;
	struct buf text;
	double begin;
	char name[32];
	int i;

	buf_init(&text, (size_t)4 << 20);
	for (i = 0; i < n; i++)
		buf_printf(&text,
		    "[dir d%d]\npath=/d\n[endpoint e%d]\ndeliver=dir d%d\n", i,
		    i, i);
	begin = seconds();
	conf = conf_must_load(text.data, NULL);
	same = conf_must_load(text.data, NULL);
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "e%d", i);
		assert_ptr_equal(conf_endpoint(conf, name), conf->endpoints[i]);
		snprintf(name, sizeof(name), "dir d%d", i);
		assert_true(conf_has_target(conf, name));
	}
	conf_compare(conf, same, ignore, &changes);
	begin = seconds() - begin;
	assert_int_equal(changes, 0);
	conf_free(same);
	conf_free(conf);
	buf_done(&text);
	return begin;
}

/* The best of a few, as others work here, too. */
static double
best_of(int n)
{
	double best = time_of(n), other;
	int i;

	for (i = 0; i < 4; i++) {
		other = time_of(n);
		best = other < best ? other : best;
	}
	return best;
}

static void
ten_times_the_sections_take_no_hundred_times_as_long(void **state)
{
	double few = best_of(2000), many = best_of(20000);

	(void)state;
	print_message("# 4,000 sections: %.1f ms, 40,000: %.1f ms\n", few * 1e3,
	    many * 1e3);
	/* Each with each would be 100; a sanitizer alone makes it 26. */
	assert_true(many <= 40 * few);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		what_has_no_effect_is_said, conf_setup, conf_teardown),
	    cmocka_unit_test_setup_teardown(
		a_variable_that_looks_like_a_key_is_said, conf_setup,
		conf_teardown),
	    cmocka_unit_test_setup_teardown(
		every_key_of_a_section_that_is_there_once_has_a_variable,
		conf_setup, conf_teardown),
	    cmocka_unit_test_setup_teardown(
		a_flag_sets_any_key_also_of_a_section_that_only_it_makes,
		conf_setup, conf_teardown),
	    cmocka_unit_test_setup_teardown(
		ten_times_the_sections_take_no_hundred_times_as_long,
		conf_setup, conf_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
