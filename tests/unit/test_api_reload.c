/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /v1/reload and GET /v1/config: what is said of a change, and that a
 * mistake, wherever it is, changes nothing at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "serve/reload.h"
#include "serve/targets.h"
#include "tests/support/api_rig.h"
#include "tests/support/conf_fixture.h"
#include "tests/support/keeper_here.h"

#define BASE                                              \
	"[awaitd]\nretention = 2d\n[api]\nusers = root\n" \
	"[endpoint up]\ndeliver = exec tool\n"            \
	"[exec tool]\ncommand = true\n[webhook hook]\n"   \
	"url = https://hook.test/capability\ntimeout = 5s\n"

static const struct conf *before;
static struct server_options options;
static int configured;
static char secret[128];

static void
on_configured(const struct conf *conf, void *arg)
{
	(void)arg;
	assert_ptr_not_equal(conf, rig.s.conf);
	configured++;
}

static int
enter(void **state)
{
	struct error err;

	if (api_rig_setup(state) == -1)
		return -1;
	keeper_here();
	before = rig.s.conf;
	memset(&options, 0, sizeof(options));
	options.conf = conf_must_load(BASE, NULL);
	options.reload.file = conf_file;
	options.configured = on_configured;
	configured = 0;
	snprintf(secret, sizeof(secret), "%s/secret", conf_dir);
	rig.s.reload = reload_new(&rig.s, &options);
	if (reload_open(rig.s.reload, &err) == 0)
		return 0;
	print_error("%s\n", err.text);
	return -1;
}

static int
leave(void **state)
{
	unlink(secret);
	reload_free(rig.s.reload);
	rig.s.reload = NULL;
	rig.s.targets = NULL;
	rig.s.conf = before;
	return api_rig_teardown(state);
}

static void
reload(const char *text)
{
	conf_put(conf_file, text);
	rig_post("/v1/reload", "", "");
}

static void
must_change(size_t i, const char *section, const char *key, const char *was,
    const char *value)
{
	char *path = xasprintf("changes.%zu.section", i);

	assert_string_equal(rig_str(path), section);
	free(path);
	path = xasprintf("changes.%zu.key", i);
	assert_string_equal(rig_str(path), key);
	free(path);
	path = xasprintf("changes.%zu.was", i);
	assert_string_equal(rig_str(path), was);
	free(path);
	path = xasprintf("changes.%zu.value", i);
	assert_string_equal(rig_str(path), value);
	free(path);
}

/* --- what is said --------------------------------------------------- */

static void
what_changed_is_told_by_section_and_key(void **state)
{
	(void)state;
	reload("[awaitd]\nretention = 3d\n[api]\nusers = root\n"
	       "[endpoint up]\ndeliver = exec tool, dir new\n"
	       "[exec tool]\ncommand = true\n[dir new]\npath = /tmp\n");
	assert_int_equal(rig.status, 200);
	assert_int_equal(rig_count("changes"), 4);
	must_change(0, "awaitd", "retention", "2d", "3d");
	must_change(
	    1, "endpoint up", "deliver", "exec tool", "exec tool, dir new");
	assert_string_equal(rig_str("changes.2.change"), "removed");
	assert_string_equal(rig_str("changes.2.section"), "webhook hook");
	assert_string_equal(rig_str("changes.3.change"), "added");
	assert_string_equal(rig_str("changes.3.section"), "dir new");
	assert_int_equal(rig_count("restart"), 0);
	assert_string_equal(rig_str("file"), conf_file);
	assert_int_equal(configured, 1);
	/* And it is in force. */
	assert_int_equal(
	    rig.s.conf->global.retention_ms, 3 * INT64_C(86400000));
	assert_int_equal(targets_count(rig.s.targets), 2);
	/* The same again is no change. */
	rig_post("/v1/reload", "", "");
	assert_int_equal(rig_count("changes"), 0);
}

static void
what_needs_a_restart_is_named_until_there_is_one(void **state)
{
	static const char text[] = "[api]\nusers = nobody\nlisten = unix:/x\n";

	(void)state;
	reload(text);
	assert_int_equal(rig.status, 200);
	assert_int_equal(rig_count("restart"), 2);
	assert_string_equal(rig_str("restart.0.key"), "listen");
	assert_string_equal(rig_str("restart.0.value"), "unix:/x");
	assert_string_equal(rig_str("restart.1.was"), "root");
	rig_post("/v1/reload", "", "");
	assert_int_equal(rig_count("changes"), 0);
	assert_int_equal(rig_count("restart"), 2);
	/* Until it is as it was. */
	reload(BASE);
	assert_int_equal(rig_count("restart"), 0);
}

static void
a_secret_is_told_to_have_changed_and_no_more(void **state)
{
	(void)state;
	reload(BASE "secret = whsec_"
		    "aGlkZGVuaGlkZGVuaGlkZGVuaGlkZGVu\n");
	assert_int_equal(rig.status, 200);
	must_change(0, "webhook hook", "secret", "", "***");
	reload(BASE "secret = whsec_"
		    "aGlkZGVuaGlkZGVuaGlkZGVuaGlkZGVo\n");
	must_change(0, "webhook hook", "secret", "***", "***");
	assert_null(strstr(rig.body.data, "aGlkZGVu"));
	rig_get("/v1/config?section=webhook");
	assert_int_equal(rig.status, 200);
	assert_null(strstr(rig.body.data, "aGlkZGVu"));
	assert_non_null(strstr(rig.body.data, "\"***\""));
	/* Nor where it is none. */
	reload(BASE "secret = whsec_hidden\n");
	assert_int_equal(rig.status, 422);
	assert_null(strstr(rig.body.data, "hidden"));
}

/* --- a mistake ------------------------------------------------------ */

/* Behind BASE, at the end of [webhook hook]; and what is said of it. */
static const struct {
	const char *more;
	const char *detail; /* behind "FILE:" */
	const char *hint;
} mistakes[] = {
    {"timeuot = 1s\n", "14: unknown key \"timeuot\" in [webhook]",
	"Did you mean"},
    {"rate = many\n", "14: rate = many: it must be a whole number", ""},
    {"secret_file = /nowhere/secret\n",
	"11: [webhook hook]: secret_file: open /nowhere/secret: No such file",
	""},
    {"secret_file = secret\n", "11: [webhook hook]: secret_file: ", ""},
    {"secret_file = credentials:hook\n",
	"14: [webhook hook] secret_file: there is no folder", "Write "},
    {"header_file = /nowhere/fields\n",
	"11: [webhook hook]: header_file: open /nowhere/fields", ""},
    {"certificate_file = /nowhere/c\nprivate_key_file = /nowhere/k\n",
	"11: [webhook hook]: ", ""},
    {"ca_file = /nowhere/ca\n", "11: [webhook hook]: ", ""},
    {"proxy_file = /nowhere/proxy\n", "11: [webhook hook]: proxy_file: ", ""},
    {"allow_networks = 10.0.0.0/99\n", "11: [webhook hook]: allow_networks",
	""},
    {"[endpoint a]\ndeliver = webhook hok\n",
	"15: [endpoint a] deliver: there is no section [webhook hok]",
	"Known targets"},
    {"[exec gone]\n", "14: [exec gone] has no command", "Write 'command"},
    {"[gateway]\nlisten = 127.0.0.1:0\n", "15: [gateway] listen", "Set "},
};

/* What comes first in the file would be new, too. */
static void
a_mistake_changes_nothing(void **state)
{
	const struct conf *conf = rig.s.conf;
	const struct targets *targets = rig.s.targets;
	size_t i;

	(void)state;
	conf_put(secret, "no secret\n");
	for (i = 0; i < ARRAY_LEN(mistakes); i++) {
		char *text = xasprintf("%s%s",
		    "[awaitd]\nretention = 9d\n\n[api]\nusers = root\n"
		    "[endpoint up]\ndeliver = exec tool\n"
		    "[exec tool]\ncommand = false\n\n[webhook hook]\n"
		    "url = https://hook.test/new\ntimeout = 6s\n",
		    mistakes[i].more);
		char *want = xasprintf("%s:%s", conf_file, mistakes[i].detail);

		reload(text);
		assert_int_equal(rig.status, 422);
		assert_string_equal(rig_str("code"), "bad_configuration");
		if (!str_starts(rig_str("detail"), want))
			fail_msg("%s\nis not: %s", rig_str("detail"), want);
		if (*mistakes[i].hint != '\0')
			assert_true(
			    str_starts(rig_str("hint"), mistakes[i].hint));
		assert_ptr_equal(rig.s.conf, conf);
		assert_ptr_equal(rig.s.targets, targets);
		free(text);
		free(want);
	}
	assert_int_equal(conf->global.retention_ms, 2 * INT64_C(86400000));
	assert_int_equal(conf->webhooks[0]->timeout_ms, 5000);
	assert_int_equal(configured, 0);
	unlink(conf_file);
	rig_post("/v1/reload", "", "");
	assert_int_equal(rig.status, 422);
	assert_ptr_equal(rig.s.conf, conf);
	/* Mended, it is taken. */
	reload(BASE "rate = 3\n");
	assert_int_equal(rig.status, 200);
	must_change(0, "webhook hook", "rate", "0", "3");
}

/* --- what is in force ----------------------------------------------- */

static void
what_is_in_force_is_shown_with_its_source(void **state)
{
	char *source = xasprintf("%s:2", conf_file);

	(void)state;
	rig_get("/v1/config?section=awaitd&changed=true");
	assert_int_equal(rig.status, 200);
	assert_int_equal(rig_count("values"), 1);
	assert_string_equal(rig_str("values.0.key"), "retention");
	assert_string_equal(rig_str("values.0.value"), "2d");
	assert_string_equal(rig_str("values.0.source"), source);
	assert_string_equal(rig_str("file"), conf_file);
	free(source);
	rig_get("/v1/config?section=webhook%20hook");
	assert_string_equal(rig_str("values.0.section"), "webhook hook");
	rig_get("/v1/config?section=exec");
	assert_string_equal(rig_str("values.0.section"), "exec tool");
	rig_get("/v1/config?section=webhook%20hok");
	assert_int_equal(rig.status, 404);
	assert_string_equal(rig_str("hint"), "Did you mean \"webhook hook\"?");
	rig_get("/v1/config?changed=yes");
	assert_int_equal(rig.status, 400);
	rig_get("/v1/config");
	assert_int_equal(rig.status, 200);
	assert_true(rig_count("values") > 100);
}

/* The file says one thing, and the service goes by another. */
static void
what_waits_for_a_restart_is_shown_as_it_was(void **state)
{
	(void)state;
	reload("[api]\nusers = nobody\n[awaitd]\nretention = 4d\n");
	rig_get("/v1/config?section=api&changed=true");
	assert_int_equal(rig_count("values"), 1);
	assert_string_equal(rig_str("values.0.key"), "users");
	assert_string_equal(rig_str("values.0.value"), "root");
	assert_string_equal(rig_str("values.0.pending"), "nobody");
	rig_get("/v1/config?section=awaitd&changed=true");
	assert_string_equal(rig_str("values.0.value"), "4d");
}

static void
ask_by_tcp(const char *line)
{
	struct peer *p = peer_new(true);
	char *text = xasprintf("%s HTTP/1.1\r\nHost: h\r\n"
			       "Content-Length: 0\r\n"
			       "Authorization: Bearer " RIG_TOKEN "\r\n\r\n",
	    line);

	peer_puts(p, text);
	free(text);
	assert_true(peer_reply(p, false));
	peer_free(p);
}

static void
who_only_submits_may_do_neither(void **state)
{
	(void)state;
	conf_put(conf_file, "[awaitd]\nretention = 9d\n");
	ask_by_tcp("GET /v1/targets");
	assert_int_equal(rig.status, 200);
	ask_by_tcp("GET /v1/config");
	assert_int_equal(rig.status, 403);
	assert_null(strstr(rig.body.data, "capability"));
	ask_by_tcp("POST /v1/reload");
	assert_int_equal(rig.status, 403);
	assert_string_equal(rig_str("code"), "forbidden");
	assert_int_equal(
	    rig.s.conf->global.retention_ms, 2 * INT64_C(86400000));
}

static void
a_service_that_stops_reads_nothing_more(void **state)
{
	(void)state;
	rig.s.stopping = true;
	reload("[awaitd]\nretention = 9d\n");
	assert_int_equal(rig.status, 503);
	rig.s.stopping = false;
	assert_int_equal(
	    rig.s.conf->global.retention_ms, 2 * INT64_C(86400000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		what_changed_is_told_by_section_and_key, enter, leave),
	    cmocka_unit_test_setup_teardown(
		what_needs_a_restart_is_named_until_there_is_one, enter, leave),
	    cmocka_unit_test_setup_teardown(
		a_secret_is_told_to_have_changed_and_no_more, enter, leave),
	    cmocka_unit_test_setup_teardown(
		a_mistake_changes_nothing, enter, leave),
	    cmocka_unit_test_setup_teardown(
		what_is_in_force_is_shown_with_its_source, enter, leave),
	    cmocka_unit_test_setup_teardown(
		what_waits_for_a_restart_is_shown_as_it_was, enter, leave),
	    cmocka_unit_test_setup_teardown(
		who_only_submits_may_do_neither, enter, leave),
	    cmocka_unit_test_setup_teardown(
		a_service_that_stops_reads_nothing_more, enter, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
