/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which mistakes are told how, in one value and between sections; and that
 * the examples have none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/keys.h"
#include "tests/support/conf_fixture.h"

/* --- mistakes ------------------------------------------------------- */

static const struct {
	const char *text;
	const char *error; /* behind "FILE:" */
	const char *hint;
} mistakes[] = {
    {"deployment = x\n", "1: \"deployment\" stands before any section",
	"Write the section above it, such as [awaitd]."},
    {"[awaitd]\n\n[api]\n[awaitd]\n", "4: [awaitd] is there already, at ",
	"Keep one of them."},
    {WEBHOOK EXEC WEBHOOK, "5: [webhook w] is there already, at ", ""},
    {"[api]\nusers = a\nusers = b\n", "3: [api] users is there already, at ",
	""},
    {"[awaitd]\npoll_max = 1s\n", "2: unknown key \"poll_max\" in [awaitd]",
	"It is a key of [endpoint NAME]."},
    {"[webhook w]\nsecret whsec_hidden=\n",
	"2: [webhook] secret: there is no '=' behind the key",
	"Write 'secret = VALUE'."},
    {"[api]\ntoken: hidden=\n",
	"2: [api] token: there is no '=' behind the key", ""},
    {"[api]\ntoken = hidden\n", "2: token: a token is at least 16 characters",
	""},
    {"[webhook w]\nsecret = hidden\n",
	"2: secret: a secret begins with whsec_ or whsk_", ""},
    {"[webhook w]\nsecret = whsec_a, hidden\n",
	"2: secret: a secret begins with whsec_ or whsk_", ""},
    {"[webhook w]\nsecret_file = credentials:a/b\n",
	"2: secret_file = credentials:a/b: it must be credentials:NAME",
	"NAME is that of LoadCredential= in the unit"},
    {"[webhook w]\nsecret_file = credentials:..\n",
	"2: secret_file = credentials:..: it must be credentials:NAME", ""},
    {"[webhook w]\nsecret_file = credentials:\n",
	"2: secret_file = credentials:: it must be credentials:NAME", ""},
    {"[gateway]\nlisten = 127.0.0.1:1\n",
	"2: [gateway] listen = 127.0.0.1:1: there is no credentials_file",
	"Set credentials_file in [gateway] to a private file"},
    {"[api]\ntoken = 0123456789abcdef\n\ntoken_file = /t\n",
	"4: [api] token_file is set beside token (", "Keep one of them."},
    {WEBHOOK "secret_file = /t\nsecret = whsec_a\n",
	"3: [webhook w] secret_file is set beside secret (", ""},
    {"[callback]\nproxy_file = /t\nproxy = http://h:1\n",
	"2: [callback] proxy_file is set beside proxy (", ""},
    {WEBHOOK "secret_file = /a, /b, /a\n",
	"3: [webhook w] secret_file: number 3 is the first one again",
	"Name each of them once."},
    {"[callback]\nsecret = whsec_b, whsec_a, whsec_a\n",
	"2: [callback] secret: number 3 is there already", ""},
    {"\n[awaitd]\nstat = x\n", "3: unknown key \"stat\" in [awaitd]",
	"Did you mean \"state\"?"},
    {"[awaitd]\nzzzzzzzz = x\n", "2: unknown key \"zzzzzzzz\" in [awaitd]",
	"Known keys: deployment, state, log_level"},
    {"[endpoint a]\npol_max = 1s\n", "2: unknown key \"pol_max\" in [endpoint]",
	"Did you mean \"poll_max\"?"},
    {"[awaitdx]\n", "1: unknown section [awaitdx]", "Did you mean [awaitd]?"},
    {"[hooks a]\n", "1: unknown section [hooks a]",
	"Known sections: [awaitd], [api], [gateway], [metrics], [sns], [sqs], "
	"[endpoint NAME], [webhook NAME], [callback], [exec NAME], [dir NAME] "
	"and [unix NAME]."},
    {"[endpoint]\n", "1: [endpoint] has no name", "Write [endpoint NAME]."},
    {"[endpoint ]\n", "1: [endpoint] has no name", "Write [endpoint NAME]."},
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
    {"[endpoint a]\nexpected_bucket_owner = 12345678901\n",
	"2: expected_bucket_owner = 12345678901: it must be the 12 digits", ""},
    {"[endpoint a]\nexpected_bucket_owner = 12345678901x\n", "2: ", ""},
    {"[endpoint a]\noutput_path = s3:///x\n", "2: output_path = s3:///x", ""},
    {"[endpoint a]\noutput_path = s3://\n", "2: output_path = s3://", ""},
    {"[awaitd]\nstop_timeout = 2h\n",
	"2: stop_timeout = 2h: it must be from 0 s to 3600 s", ""},
    {"[awaitd]\nstate = a\tb\177\n", "2: a control character", ""},
    {"[api]\nlisten = 8080\n",
	"2: listen = 8080: it must be unix:PATH or HOST:PORT", ""},
    {"[api]\nlisten = unix:\n", "2: listen = unix:: the path of a socket", ""},
    {"[api]\nlisten = unix:a\n",
	"2: listen = unix:a: the path of a socket must begin with /", ""},
    {"[api]\nlisten = ::1:80\n", "2: listen = ::1:80: it must be", ""},
    {"[api]\nlisten = unix:/a,\n", "2: listen = : something is missing", ""},
    {"[api]\nlisten = a:1,, b:1\n", "2: listen = : something is missing", ""},
    {"[api]\nusers = alice bob\n",
	"2: users = alice bob: it must be the name or the number of a user",
	""},
    {"[api x]\n", "1: unknown section [api x]", "Known sections"},
    {"[metrics]\nlisten = unix:/a\n",
	"2: listen = unix:/a: it must be HOST:PORT", ""},
    {"[metrics]\nlisten = a:1, b:2\n", "2: listen = a:1, b:2: it must be", ""},
    {"[metrics]\nlisten = a:65536\n", "2: listen = a:65536: it must be", ""},
    {"[webhook]\nurl = http://h\n", "1: [webhook] has no name",
	"Write [webhook NAME]."},
    {"[webhok a]\nurl = http://h\n", "1: unknown section [webhok a]",
	"Did you mean [webhook a]?"},
    {"[webhook a b]\n", "1: [webhook a b]: a name is 1 to 63 characters", ""},
    {"[exec a/b]\n", "1: [exec a/b]: a name is", ""},
    {"[exec  a]\n", "1: unknown section [exec  a]", "Did you mean [exec a]?"},
    {"[webhook w]\nurl = ftp://h\n",
	"2: url: it must be an http:// or https:// URL", ""},
    {"[webhook w]\nurl = http:///x\n", "2: url: it must be an http://", ""},
    {"[webhook w]\nurl = https://user:secret@h/\n",
	"2: url: it must hold no user name or password", ""},
    {"[webhook w]\ninline_max = 20KB\n",
	"2: inline_max = 20KB: it must be a size such as 500, 20kB or 64KiB",
	""},
    {"[webhook w]\ninline_max = -1\n", "2: inline_max = -1: it must be", ""},
    {"[webhook w]\ninline_max = 262145\n",
	"2: inline_max = 262145: it must be from 0 to 262144 bytes", ""},
    {"[webhook w]\ntimeout = 999ms\n",
	"2: timeout = 999ms: it must be from 1 s to 300 s", ""},
    {"[webhook w]\ntimeout = 301s\n", "2: timeout = 301s: it must be", ""},
    {"[webhook w]\nmax_in_flight = 0\n",
	"2: max_in_flight = 0: it must be a whole number from 1 to 1000", ""},
    {"[webhook w]\nmax_in_flight = 1001\n", "2: max_in_flight = 1001: it", ""},
    {"[webhook w]\nmax_in_flight = 2.5\n", "2: max_in_flight = 2.5: it", ""},
    {"[webhook w]\nschedule = 5s, soon\n",
	"2: schedule: \"soon\" is no time such as", "Write delays such as"},
    {"[exec x]\nschedule = ,\n", "2: schedule: \"\" is no time", ""},
    {"[exec x]\ncommand = a \"b\n", "2: command = a \"b: a quote is left open",
	""},
    {"[exec x]\ncommand = \"\" a\n",
	"2: command = \"\" a: its first word is empty", ""},
    {"[exec x]\npayload = result\n",
	"2: payload = result: it must be one of event|raw|reference", ""},
    {"[exec x]\ntimeout = 25h\n", "2: timeout = 25h: it must be from 1", ""},
    {"[exec x]\nxcommand = a\n", "2: unknown key \"xcommand\" in [exec]",
	"Did you mean \"command\"?"},
    {"[exec x]\nsecret_file = a\n", "2: unknown key \"secret_file\" in [exec]",
	"It is a key of [webhook NAME], [callback]."},
    {"[endpoint e]\ndeliver = w\n",
	"2: deliver = w: it must be the name of a section, 'webhook NAME', "
	"'exec NAME', 'dir NAME' or 'unix NAME'",
	""},
    {"[endpoint e]\ndeliver = endpoint e\n", "2: deliver = endpoint e: it", ""},
    {"[endpoint e]\ndeliver = webhook\n", "2: deliver = webhook: it", ""},
    {"[endpoint e]\ndeliver = web w\n", "2: deliver = web w: it must be", ""},
    {"[endpoint e]\ndeliver = webhook a b\n",
	"2: deliver = webhook a b: behind the name of a section there can be "
	"' on success', ' on failure' or ' on both'",
	""},
    {"[endpoint e]\ndeliver = webhook a on ok\n",
	"2: deliver = webhook a on ok: behind the name", ""},
    {"[endpoint e]\ndeliver = web a on success\n",
	"2: deliver = web a on success: it must be the name of a section", ""},
    {"[callback]\nallow = a.example:8443\n",
	"2: allow = a.example:8443: it must be a host", ""},
    {"[callback]\nallow = https://a.example\n", "2: allow", ""},
    {"[callback]\nallow = a.*.example\n", "2: allow = a.*.example:", ""},
    {"[endpoint e]\ndeliver = webhook w, \n", "2: deliver = : something", ""},
    /* What is found when all was read. */
    {"\n[webhook w]\ntimeout = 1s\n", "2: [webhook w] has no url",
	"Write 'url = ...' in it: where events are posted to."},
    {"[webhook w]\nurl =\n", "1: [webhook w] has no url", ""},
    {WEBHOOK "certificate_file = /c\n",
	"3: [webhook w] certificate_file: there is no private_key_file",
	"A receiver that asks for a certificate is shown both."},
    {WEBHOOK "private_key_file = /c\n",
	"3: [webhook w] private_key_file: there is no certificate_file", ""},
    {"[callback]\ncertificate_file = /c\n",
	"2: [callback] certificate_file: there is no private_key_file", ""},
    {WEBHOOK "[exec x]\ntimeout = 1s\n", "3: [exec x] has no command",
	"Write 'command = ...' in it: the program and its arguments."},
    {EXEC "[exec y]\ncommand =\n", "3: [exec y] has no command", ""},
    {"[api]\n\nlisten = unix:/a, 127.0.0.1:80, b:1\n",
	"3: [api] listen = 127.0.0.1:80: over TCP anybody could come",
	"Set token_file in [api]"},
    {"[sns]\nlisten = 127.0.0.1:80\n", "2: [sns] listen: no topic is believed",
	"Set topic in [sns]"},
    {"[sns]\nlisten = 127.0.0.1:80\n"
     "topic = arn:aws:sns:us-east-1:123456789012:a, "
     "arn:aws:sns:us-east-1:123456789012:b.fifo\n",
	"3: [sns] topic: a FIFO topic posts to no address",
	"Name a standard topic; or subscribe a queue"},
    {"[sns]\n\nraw = accept\n", "3: [sns] raw: raw messages are not signed",
	"Set user_file"},
    {"[sns]\ncertificate_file = /c\n",
	"2: [sns] certificate_file: there is no private_key_file",
	"https needs both."},
    {"[sns]\nprivate_key_file = /k\n",
	"2: [sns] private_key_file: there is no certificate_file", ""},
    {"[endpoint e]\nregion = x\ndeliver = webhook w\n",
	"3: [endpoint e] deliver: there is no section [webhook w]",
	"Add it; the configuration has no target yet."},
    {"[endpoint e]\ndeliver = exec x, exec w\n" WEBHOOK EXEC
     "[webhook v]\nurl = http://h\n",
	"2: [endpoint e] deliver: there is no section [exec w]",
	"Known targets: webhook w, webhook v, exec x."},
    {"[endpoint e]\ndeliver = exec x, webhook w, exec x\n" WEBHOOK EXEC,
	"2: [endpoint e] deliver: exec x is named twice", "Name it once"},
    {"[endpoint e]\ndeliver = exec x on success, exec x on failure\n" EXEC,
	"2: [endpoint e] deliver: exec x is named twice", "Name it once"},
    {"[endpoint e]\ndeliver = exec x on success, exec w on failure\n" EXEC,
	"2: [endpoint e] deliver: there is no section [exec w]",
	"Known targets: exec x."},
    {WEBHOOK "payload = raw\ncloudevents = structured\n",
	"4: [webhook w] payload = raw cannot be a structured CloudEvent",
	"Set cloudevents = binary, or payload = event or reference."},
    {"[callback]\ncloudevents = structured\npayload = raw\n",
	"2: [callback] payload = raw cannot be a structured CloudEvent",
	"Set cloudevents = binary"},
    {"[endpoint e]\npoll_interval = 5s\npoll_requests = 10\n",
	"3: [endpoint e] poll_requests has no effect beside poll_interval",
	"Remove one of them."},
    {"[endpoint e]\npoll_delay = 1s\npoll_interval = 5s\n",
	"2: [endpoint e] poll_delay has no effect beside poll_interval", ""},
    {"[endpoint e]\npoll_delay = 1s\npoll_requests = 20\n",
	"3: [endpoint e] poll_requests has no effect beside poll_delay", ""},
    {"[endpoint e]\npoll_start = 1m\n",
	"2: [endpoint e] poll_start is longer than poll_max (30 s)",
	"Set poll_max, too"},
    {"[awaitd]\n\ndead_letter = webhook w\n",
	"3: [awaitd] dead_letter: there is no section [webhook w]",
	"Add it; the configuration has no target yet."},
    {"[awaitd]\ndead_letter = webhook v\n" WEBHOOK EXEC,
	"2: [awaitd] dead_letter: there is no section [webhook v]",
	"Did you mean \"webhook w\"?"},
    {"[awaitd]\ndead_letter = w\n" WEBHOOK EXEC,
	"2: dead_letter = w: it must be the name of a section", ""},
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
		char *want = xasprintf("%s:%s", conf_file, mistakes[i].error);

		error_clear(&err);
		if (conf_try(mistakes[i].text, NULL, &conf, &err) == 0)
			fail_msg("taken: %s", mistakes[i].text);
		assert_int_equal(err.code, ERR_CONFIG);
		if (!str_starts(err.text, want))
			fail_msg("%s\nis not: %s", err.text, want);
		if (!str_starts(err.hint, mistakes[i].hint))
			fail_msg("%s: %s", err.text, err.hint);
		if (strstr(err.text, "hidden") != NULL ||
		    strstr(err.hint, "hidden") != NULL)
			fail_msg("a secret is shown: %s", err.text);
		free(want);
	}
}

/* Its messages come by a queue. */
static void
a_fifo_topic_may_be_believed_where_there_is_a_queue(void **state)
{
	static const char topic[] =
	    "[sns]\ntopic = arn:aws:sns:us-east-1:123456789012:b.fifo\n";
	char *both = xasprintf("%slisten = 127.0.0.1:80\n[sqs]\nqueue_url = "
			       "https://sqs.us-east-1.amazonaws.com/1/q.fifo\n",
	    topic);

	(void)state;
	conf_free(conf_must_load(topic, NULL));
	conf_free(conf_must_load(both, NULL));
	free(both);
}

static void
a_mistake_in_the_environment_names_the_variable(void **state)
{
	struct conf *conf;
	struct error err;

	(void)state;
	setenv("AWAITD_LOG_LEVEL", "loud", 1);
	assert_int_equal(conf_try(NULL, NULL, &conf, &err), -1);
	assert_true(str_starts(err.text, "AWAITD_LOG_LEVEL: log_level"));
	setenv("AWAITD_LOG_LEVEL", "", 1);
	conf_free(conf_must_load(NULL, NULL));
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
		if (conf_try(NULL, bad[i], &conf, &err) == 0)
			fail_msg("taken: --set %s", bad[i]);
		assert_true(str_starts(err.text, "--set"));
	}
}

static void
no_error_repeats_a_url(void **state)
{
	struct conf *conf;
	struct error err;

	(void)state;
	assert_int_equal(conf_try("[webhook w]\nurl = https://me:secret@h/\n",
			     NULL, &conf, &err),
	    -1);
	assert_null(strstr(err.text, "secret"));
	assert_null(strstr(err.hint, "secret"));
	assert_int_equal(
	    conf_try("[sqs]\nqueue_url = https://h/q, https://me:secret@h/q\n",
		NULL, &conf, &err),
	    -1);
	assert_null(strstr(err.text, "secret"));
	assert_null(strstr(err.hint, "secret"));
}

static void
a_value_holds_no_control_character(void **state)
{
	struct conf *conf;
	struct error err;

	(void)state;
	assert_int_equal(
	    conf_try(NULL, "awaitd.deployment=a\nb", &conf, &err), -1);
	assert_string_equal(
	    err.text, "--set: deployment holds a control character");
	assert_int_equal(
	    conf_try(NULL, "awaitd.deployment=a\177", &conf, &err), -1);
	conf_free(conf_must_load("[exec x]\ncommand = a\tb\n", NULL));
}

static void
a_name_has_at_most_63_characters(void **state)
{
	char name[65], *text;
	struct conf *conf;
	struct error err;

	(void)state;
	memset(name, 'n', sizeof(name));
	memcpy(name, "A-z_0.9", 7);
	name[63] = '\0';
	text = xasprintf("[exec %s]\ncommand = a\n", name);
	conf = conf_must_load(text, NULL);
	assert_string_equal(conf->execs[0]->head.name, name);
	conf_free(conf);
	free(text);
	name[63] = 'n';
	name[64] = '\0';
	text = xasprintf("[exec %s]\ncommand = a\n", name);
	assert_int_equal(conf_try(text, NULL, &conf, &err), -1);
	assert_non_null(strstr(err.text, "a name is 1 to 63 characters"));
	free(text);
}

static void
a_socket_has_a_path_that_the_kernel_takes(void **state)
{
	char path[110], *text;
	struct conf *conf;
	struct error err;

	(void)state;
	memset(path, 'p', sizeof(path));
	path[0] = '/';
	path[107] = '\0';
	text = xasprintf("[api]\nlisten = unix:%s\n", path);
	conf_free(conf_must_load(text, NULL));
	free(text);
	path[107] = 'p';
	path[108] = '\0';
	text = xasprintf("[api]\nlisten = unix:%s\n", path);
	assert_int_equal(conf_try(text, NULL, &conf, &err), -1);
	assert_non_null(strstr(err.text, "has 1 to 107 bytes"));
	free(text);
}

static void
a_list_has_at_most_64_items(void **state)
{
	struct conf *conf;
	struct error err;
	char *text;

	(void)state;
	text = xcalloc(1, 256);
	memcpy(text, "[api]\nusers = 1", 15);
	while (strlen(text) < 15 + 2 * 63)
		memcpy(text + strlen(text), ",1", 3);
	conf = conf_must_load(text, NULL);
	assert_int_equal(conf->api.users.n, 64);
	conf_free(conf);
	memcpy(text + strlen(text), ",1", 3);
	assert_int_equal(conf_try(text, NULL, &conf, &err), -1);
	assert_non_null(strstr(err.text, "more than 64"));
	free(text);
}

/* --- between sections ----------------------------------------------- */

static void
tcp_is_allowed_with_a_token(void **state)
{
	struct conf *conf;
	struct error err;

	(void)state;
	conf_free(conf_must_load(
	    "[api]\nlisten = 127.0.0.1:80\ntoken_file = /t\n", NULL));
	conf_free(conf_must_load("[api]\nlisten = unix:/a, unix:/b\n", NULL));
	setenv("AWAITD_API_LISTEN", "127.0.0.1:80", 1);
	assert_int_equal(conf_try("[api]\n", NULL, &conf, &err), -1);
	assert_true(str_starts(
	    err.text, "AWAITD_API_LISTEN: [api] listen = 127.0.0.1:80: over"));
	conf_free(conf_must_load("[api]\n", "api.token_file=/t"));
	unsetenv("AWAITD_API_LISTEN");
}

static void
a_flag_may_add_what_the_file_lacks(void **state)
{
	static const char text[] = "[endpoint e]\ndeliver = exec x\n";
	struct conf *conf;
	struct error err;

	(void)state;
	conf = conf_must_load(text, "exec x.command=cat -n");
	assert_string_equal(conf->execs[0]->command.v[1], "-n");
	conf_free(conf);
	assert_int_equal(conf_try(text, "exec y.command=cat", &conf, &err), -1);
	assert_string_equal(err.hint, "Known targets: exec y.");
	assert_int_equal(
	    conf_try(EXEC, "endpoint e.deliver=exec y", &conf, &err), -1);
	assert_string_equal(err.text,
	    "--set: [endpoint e] deliver: there is no section [exec y]");
	assert_int_equal(conf_try(EXEC, "exec y.timeout=1s", &conf, &err), -1);
	assert_string_equal(err.text, "--set: [exec y] has no command");
}

static void
what_a_command_sets_is_checked_when_it_asks(void **state)
{
	struct conf *conf = conf_must_load(EXEC, NULL);
	struct error err;

	(void)state;
	assert_int_equal(conf_set(conf, "endpoint e", "deliver",
			     "exec x, webhook n", "--deliver", &err),
	    0);
	assert_int_equal(conf_check(conf, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_string_equal(err.text,
	    "--deliver: [endpoint e] deliver: there is no section [webhook n]");
	assert_int_equal(
	    conf_set(conf, "webhook n", "url", "http://h", "--set", &err), 0);
	assert_int_equal(conf_check(conf, &err), 0);
	conf_free(conf);
}

static void
targets_are_asked_for_by_their_title(void **state)
{
	static const char *const good[] = {"exec x", "webhook w"};
	static const char *const twice[] = {"exec x", "exec x"};
	static const char *const none[] = {"exec x", "w"};
	static const char *const routed[] = {
	    "exec x on success", "webhook w on both"};
	static const char *const odd[] = {"exec x on"};
	struct conf *conf = conf_must_load(WEBHOOK EXEC "[endpoint e]\n", NULL);
	struct error err;

	(void)state;
	assert_true(conf_has_target(conf, "webhook w"));
	assert_true(conf_has_target(conf, "exec x"));
	assert_false(conf_has_target(conf, "exec w"));
	assert_false(conf_has_target(conf, "endpoint e"));
	assert_false(conf_has_target(conf, "api"));
	assert_false(conf_has_target(conf, "exec"));
	assert_false(conf_has_target(conf, "exec  x"));
	assert_false(conf_has_target(conf, ""));
	assert_int_equal(conf_check_targets(conf, good, 2, &err), 0);
	assert_int_equal(conf_check_targets(conf, routed, 2, &err), 0);
	assert_int_equal(conf_check_targets(conf, odd, 1, &err), -1);
	assert_string_equal(err.text, "\"exec x on\" is no route");
	assert_int_equal(conf_check_targets(conf, NULL, 0, &err), 0);
	assert_int_equal(conf_check_targets(conf, twice, 2, &err), -1);
	assert_string_equal(err.text, "exec x is named twice");
	assert_int_equal(conf_check_targets(conf, none, 2, &err), -1);
	assert_string_equal(err.text, "there is no section [w]");
	conf_free(conf);
}

static void
variables_set_the_sections_that_are_there_once(void **state)
{
	char *want;
	struct conf *conf;

	(void)state;
	setenv("AWAITD_API_LISTEN", "unix:/e", 1);
	setenv("AWAITD_METRICS_LISTEN", "127.0.0.1:9", 1);
	setenv("AWAITD_STOP_TIMEOUT", "3s", 1);
	setenv("AWAITD_WEBHOOK_TIMEOUT", "1h", 1);
	conf = conf_must_load(
	    "[api]\nlisten = unix:/f\nusers = u\n" WEBHOOK, NULL);
	assert_int_equal(conf->api.listen.n, 1);
	assert_string_equal(conf->api.listen.v[0], "unix:/e");
	assert_string_equal(conf->metrics.listen, "127.0.0.1:9");
	assert_int_equal(conf->global.stop_timeout_ms, 3000);
	assert_int_equal(conf->webhooks[0]->timeout_ms, 15000);
	assert_string_equal(
	    conf_source(&conf->api.head, "api", "listen"), "AWAITD_API_LISTEN");
	want = xasprintf("%s:3", conf_file);
	assert_string_equal(conf_source(&conf->api.head, "api", "users"), want);
	free(want);
	assert_string_equal(
	    conf_source(&conf->api.head, "api", "token_file"), "default");
	conf_free(conf);
	unsetenv("AWAITD_API_LISTEN");
	unsetenv("AWAITD_METRICS_LISTEN");
	unsetenv("AWAITD_STOP_TIMEOUT");
	unsetenv("AWAITD_WEBHOOK_TIMEOUT");
}

static void
only_some_changes_need_a_restart(void **state)
{
	static const char base[] = "[api]\nlisten=unix:/a\ntoken_file=/t\n"
				   "[metrics]\n" WEBHOOK EXEC;
	static const struct {
		const char *set;
		const char *key; /* or NULL: none needs one */
	} cases[] = {
	    {"awaitd.state=/x", "[awaitd] state"},
	    {"api.listen=unix:/a, unix:/b", "[api] listen"},
	    {"api.token_file=/u", "[api] token_file"},
	    {"api.users=u", "[api] users"},
	    {"metrics.listen=a:1", "[metrics] listen"},
	    {"awaitd.log_level=debug", NULL},
	    {"awaitd.retention=9d", NULL},
	    {"awaitd.stop_timeout=1s", NULL},
	    {"api.listen=unix:/a", NULL},
	    {"webhook w.url=http://other", NULL},
	    {"webhook w.schedule=none", NULL},
	    {"exec x.command=y", NULL},
	    {"exec new.command=y", NULL},
	    {"endpoint e.deliver=exec x", NULL},
	};
	struct conf *was = conf_must_load(base, NULL), *is;
	char key[64] = "";
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		is = conf_must_load(base, cases[i].set);
		assert_int_equal(conf_needs_restart(was, is, key, sizeof(key)),
		    cases[i].key != NULL);
		if (cases[i].key != NULL)
			assert_string_equal(key, cases[i].key);
		conf_free(is);
	}
	conf_free(was);
}

/* --- the examples that are shipped ---------------------------------- */

static struct conf *
load_example(const char *name)
{
	const char *top = getenv("top_srcdir");
	char *path = xasprintf("%s/etc/%s", top != NULL ? top : ".", name);
	struct conf_options o = {.file = path};
	struct conf *conf;
	struct error err;

	if (conf_load(&o, &conf, &err) == -1)
		fail_msg("%s", err.text);
	free(path);
	return conf;
}

/* A commented line of the full example: its value is the default. */
static void
check_example_line(char *line, char *section, size_t size)
{
	char *text = str_trim(line), *eq, *key;
	size_t i;

	if (str_starts(text, "# "))
		text += 2;
	if (*text == '[') {
		snprintf(section, size, "%.*s", (int)strcspn(text + 1, " ]"),
		    text + 1);
		return;
	}
	eq = strstr(text, " =");
	if (eq == NULL || text[strcspn(text, " ")] != ' ' ||
	    text + strcspn(text, " ") != eq)
		return;
	*eq = '\0';
	key = text;
	for (i = 0; i < conf_keys_len; i++) {
		if (str_eq(conf_keys[i].section, section) &&
		    str_eq(conf_keys[i].name, key))
			break;
	}
	if (i == conf_keys_len)
		fail_msg("[%s] %s is no key", section, key);
	assert_string_equal(str_trim(eq + 2), conf_keys[i].def);
}

static void
the_full_example_has_every_key_with_its_default(void **state)
{
	struct conf *conf = load_example("awaitd.conf");
	char section[32] = "", *line, *next;
	struct error err;
	struct buf b;

	(void)state;
	assert_int_equal(conf->nendpoints + conf->nwebhooks + conf->nexecs, 0);
	buf_init(&b, 65536);
	assert_int_equal(file_read(conf->file, &b, &err), 0);
	for (line = b.data; line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		check_example_line(line, section, sizeof(section));
	}
	assert_string_equal(section, "unix");
	buf_done(&b);
	conf_free(conf);
}

static void
the_least_example_is_a_service(void **state)
{
	struct conf *conf = load_example("awaitd-minimal.conf");

	(void)state;
	assert_int_equal(conf->nendpoints, 1);
	assert_int_equal(conf->endpoints[0]->deliver.n, 1);
	assert_true(conf_has_target(conf, conf->endpoints[0]->deliver.v[0]));
	conf_free(conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		every_mistake_is_told_with_its_line, conf_setup, conf_teardown),
	    cmocka_unit_test_setup_teardown(
		a_fifo_topic_may_be_believed_where_there_is_a_queue, conf_setup,
		conf_teardown),
	    cmocka_unit_test_setup_teardown(
		a_mistake_in_the_environment_names_the_variable, conf_setup,
		conf_teardown),
	    cmocka_unit_test_setup_teardown(
		a_mistake_in_a_flag_names_the_flag, conf_setup, conf_teardown),
	    cmocka_unit_test_setup_teardown(
		no_error_repeats_a_url, conf_setup, conf_teardown),
	    cmocka_unit_test_setup_teardown(
		a_value_holds_no_control_character, conf_setup, conf_teardown),
	    cmocka_unit_test_setup_teardown(
		a_name_has_at_most_63_characters, conf_setup, conf_teardown),
	    cmocka_unit_test_setup_teardown(
		a_socket_has_a_path_that_the_kernel_takes, conf_setup,
		conf_teardown),
	    cmocka_unit_test_setup_teardown(
		a_list_has_at_most_64_items, conf_setup, conf_teardown),
	    cmocka_unit_test_setup_teardown(
		tcp_is_allowed_with_a_token, conf_setup, conf_teardown),
	    cmocka_unit_test_setup_teardown(
		a_flag_may_add_what_the_file_lacks, conf_setup, conf_teardown),
	    cmocka_unit_test_setup_teardown(
		what_a_command_sets_is_checked_when_it_asks, conf_setup,
		conf_teardown),
	    cmocka_unit_test_setup_teardown(
		targets_are_asked_for_by_their_title, conf_setup,
		conf_teardown),
	    cmocka_unit_test_setup_teardown(
		variables_set_the_sections_that_are_there_once, conf_setup,
		conf_teardown),
	    cmocka_unit_test_setup_teardown(
		only_some_changes_need_a_restart, conf_setup, conf_teardown),
	    cmocka_unit_test_setup_teardown(
		the_full_example_has_every_key_with_its_default, conf_setup,
		conf_teardown),
	    cmocka_unit_test_setup_teardown(
		the_least_example_is_a_service, conf_setup, conf_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
