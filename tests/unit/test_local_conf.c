/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: keys, defaults, complaints with their place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/conf.h"

static char dir[] = "/tmp/test_local_conf.XXXXXX";
static char *path;
static char *secret_path;

static int
setup_all(void **state)
{
	struct error err;

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	path = xasprintf("%s/conf", dir);
	secret_path = xasprintf("%s/secret", dir);
	return file_write_atomic(secret_path, "s3cret\n", 7, 0600, &err);
}

static int
teardown_all(void **state)
{
	(void)state;
	unlink(path);
	unlink(secret_path);
	free(path);
	free(secret_path);
	return rmdir(dir);
}

static int
read_text(struct conf *c, const char *text, struct error *err)
{
	conf_init(c);
	if (file_write_atomic(path, text, strlen(text), 0600, err) == -1)
		fail_msg("%s", err->text);
	if (conf_read(c, path, err) == -1)
		return -1;
	return conf_finish(c, err);
}

#define BASE "[local]\ndata = /x\n"
#define ENDPOINT                          \
	"[endpoint ocr]\ncommand = cat\n" \
	"s3_output_path = s3://abc/out\n"

static void
assert_sound(struct conf *c, const char *text)
{
	struct error err;

	if (read_text(c, text, &err) == -1)
		fail_msg("%s", err.text);
}

/* The complaint has this text and some hint. */
static void
assert_refused(const char *text, const char *expected)
{
	struct error err = {0};
	struct conf c;

	assert_int_equal(read_text(&c, text, &err), -1);
	if (strstr(err.text, expected) == NULL)
		fail_msg("'%s' is not in '%s'", expected, err.text);
	conf_done(&c);
}

static void
defaults_are_there_without_being_written(void **state)
{
	struct conf c;

	(void)state;
	assert_sound(&c, BASE ENDPOINT);
	assert_string_equal(c.host, "127.0.0.1");
	assert_int_equal(c.port, 7070);
	assert_string_equal(c.region, "us-east-1");
	assert_string_equal(c.account, "123456789012");
	assert_int_equal(c.max_object, INT64_C(5) << 30);
	assert_int_equal(c.log_level, LOG_INFO);
	assert_int_equal(c.endpoints[0].max_concurrent, 1);
	assert_int_equal(c.endpoints[0].names, CONF_NAMES_HONOURED);
	assert_string_equal(c.endpoints[0].s3_failure_path, "");
	assert_string_equal(
	    c.endpoints[0].result_content_type, "application/octet-stream");
	assert_int_equal(c.users_n, 1);
	assert_string_equal(c.users[0].access_key, CONF_DEMO_ACCESS_KEY);
	assert_string_equal(c.users[0].secret_key, CONF_DEMO_SECRET_KEY);
	assert_true(c.users[0].list);
	conf_done(&c);
}

static void
every_section_is_read(void **state)
{
	char *text = xasprintf(
	    "[local]\nlisten = [::1]:0\ndata = /x\nmax_object = 2MiB\n"
	    "log_level = debug\naccess_key = me\nsecret_key_file = %s\n"
	    "[user r]\naccess_key = r\nsecret_key = s\nlist = no\n"
	    "[bucket extra]\n" ENDPOINT
	    "max_concurrent_invocations_per_instance = 4\n"
	    "names = ignored\nexpired = silent\n",
	    secret_path);
	struct conf c;

	(void)state;
	assert_sound(&c, text);
	assert_string_equal(c.host, "::1");
	assert_int_equal(c.port, 0);
	assert_int_equal(c.max_object, 2 << 20);
	assert_int_equal(c.log_level, LOG_DEBUG);
	assert_int_equal(c.users_n, 2);
	assert_string_equal(c.users[0].access_key, "me");
	assert_string_equal(c.users[0].secret_key, "s3cret");
	assert_string_equal(c.users[1].name, "r");
	assert_false(c.users[1].list);
	assert_string_equal(c.buckets[0].name, "extra");
	assert_int_equal(c.endpoints[0].max_concurrent, 4);
	assert_int_equal(c.endpoints[0].names, CONF_NAMES_IGNORED);
	assert_int_equal(c.endpoints[0].expired, CONF_EXPIRED_SILENT);
	conf_done(&c);
	free(text);
}

static void
complaints_name_file_and_line(void **state)
{
	char *expected = xasprintf("%s:3: [local] has no key 'x'", path);

	(void)state;
	assert_refused("[local]\ndata = /x\nx = 1\n", expected);
	free(expected);
	expected = xasprintf("%s:4: an endpoint needs a model", path);
	assert_refused(BASE "\n[endpoint e]\n", expected);
	free(expected);
	assert_refused("[nothing]\nx = 1\n", "no section [nothing]");
	assert_refused("[endpoint]\nx = 1\n", "no section [endpoint]");
	assert_refused("[local x]\nx = 1\n", "no section [local x]");
}

static void
assert_hint(const char *text, const char *hint)
{
	struct error err;
	struct conf c;

	assert_int_equal(read_text(&c, text, &err), -1);
	if (strstr(err.hint, hint) == NULL)
		fail_msg("'%s' has no '%s'", err.hint, hint);
	conf_done(&c);
}

static void
what_is_nearly_right_is_suggested(void **state)
{
	(void)state;
	assert_hint("[endpoints ocr]\n", "Did you mean [endpoint NAME]?");
	assert_hint(BASE "accounts = 1\n", "Did you mean 'account'?");
	assert_hint("[endpoint e]\ncomand = x\n", "Did you mean 'command'?");
	assert_hint("[user u]\ncomand = x\n", "--help names every key");
}

static void
a_key_stands_once_in_a_section(void **state)
{
	struct error err;
	struct conf c;

	(void)state;
	assert_refused(BASE "data = /y\n", ":3: [local] has a second data");
	assert_refused(BASE ENDPOINT ENDPOINT, "has a second command");
	assert_int_equal(
	    read_text(
		&c, BASE ENDPOINT "[endpoint ocr]\nmax_backlog = 7\n", &err),
	    0);
	assert_int_equal(c.endpoints[0].max_backlog, 7);
	conf_done(&c);
	/* Options come later, and win. */
	assert_int_equal(read_text(&c, BASE, &err), 0);
	assert_int_equal(conf_set(&c, "local.data=/z", &err), 0);
	assert_string_equal(c.data, "/z");
	conf_done(&c);
}

static void
what_no_line_tells_is_named(void **state)
{
	struct error err;
	struct conf c;

	(void)state;
	conf_init(&c);
	assert_int_equal(conf_set(&c, "local.data=/z", &err), 0);
	assert_int_equal(conf_set(&c, "endpoint ocrr.names=ignored", &err), 0);
	assert_int_equal(conf_finish(&c, &err), -1);
	assert_non_null(strstr(err.text, "[endpoint ocrr]: "));
	conf_done(&c);
	assert_refused(BASE "access_key = me\nsecret_key_file = /no/such\n",
	    "secret_key_file: ");
	assert_refused(BASE
	    "[user u]\naccess_key = u\nsecret_key_file = /no/such\n",
	    ":3: secret_key_file: ");
}

static void
wrong_values_are_refused(void **state)
{
	(void)state;
	assert_refused("[local]\nallow_remote = maybe\n", "neither yes nor no");
	assert_refused("[local]\nlog_level = loud\n", "none of debug, info");
	assert_refused("[local]\nmax_object = 5gb\n", "is no size");
	assert_refused("[local]\nmax_object = 0\n", "is no size");
	assert_refused(BASE ENDPOINT
	    "max_concurrent_invocations_per_instance = 0\n",
	    "is no number");
	assert_refused(BASE ENDPOINT
	    "max_concurrent_invocations_per_instance = 1001\n",
	    "is no number");
	assert_refused(BASE ENDPOINT
	    "max_concurrent_invocations_per_instance = 2x\n",
	    "is no number");
	assert_refused(BASE "listen = 7070\n", "is no HOST:PORT");
	assert_refused(BASE "listen = a:70707\n", "is no HOST:PORT");
	assert_refused(BASE "account = 12\n", "12 digits");
	assert_refused(BASE "[bucket No]\n", "no name for a bucket");
	assert_refused(BASE "[endpoint a_b]\n", "no name for an endpoint");
	assert_refused(BASE "[endpoint e]\ncommand = \"x\n"
			    "s3_output_path = s3://abc/o\n",
	    "a quote is left open");
	assert_refused(BASE "[endpoint e]\ncommand = x\n", "s3_output_path");
	assert_refused(BASE "[endpoint e]\ncommand = x\n"
			    "s3_output_path = /tmp\n",
	    "no S3 place");
	assert_refused("", "no folder for the data");
}

static void
an_endpoint_has_one_model(void **state)
{
	static const char ep[] = BASE "[endpoint e]\n"
				      "s3_output_path = s3://abc/o\n";
	char *text;
	struct conf c;

	(void)state;
	assert_refused(ep, "needs a model");
	text = xasprintf("%scommand = a\ncontainer = http://h:1\n", ep);
	assert_refused(text, "has one model");
	free(text);
	text = xasprintf("%scontainer = localhost:8080\n", ep);
	assert_refused(text, "container is no URL");
	free(text);
	text = xasprintf("%scontainer = http://127.0.0.1:99999\n", ep);
	assert_refused(text, "container is no URL");
	free(text);
	text = xasprintf("%sserve = a {port}\nmin_instances = 2\n", ep);
	assert_refused(text, "more than max_instances");
	free(text);
	text = xasprintf("%scontainer = http://127.0.0.1:8080//\n", ep);
	assert_sound(&c, text);
	assert_string_equal(c.endpoints[0].container, "http://127.0.0.1:8080");
	conf_done(&c);
	free(text);
	text = xasprintf("%sserve = a --port {port}\nmax_instances = 3\n"
			 "scale_in_after = 90s\n",
	    ep);
	assert_sound(&c, text);
	assert_string_equal(c.endpoints[0].argv[2], "{port}");
	assert_int_equal(c.endpoints[0].scale_in_after_ms, 90000);
	assert_int_equal(c.endpoints[0].startup_timeout_ms, 240000);
	conf_done(&c);
	free(text);
	assert_refused(BASE ENDPOINT "scale_in_after = soon\n", "is no time");
	assert_refused(BASE ENDPOINT "startup_timeout = 2h\n", "is no time");
}

#define TOPIC "arn:aws:sns:us-east-1:123456789012:done"

static void
topics_are_our_own(void **state)
{
	struct conf c;

	(void)state;
	assert_sound(&c,
	    BASE ENDPOINT "success_topic = " TOPIC "\n"
			  "include_inference_response_in = "
			  "ERROR_NOTIFICATION_TOPIC\n");
	assert_false(c.endpoints[0].include_success);
	assert_true(c.endpoints[0].include_error);
	conf_done(&c);
	assert_refused(BASE ENDPOINT "success_topic = done\n",
	    "success_topic is no topic of ours");
	assert_refused(BASE ENDPOINT
	    "error_topic = arn:aws:sns:us-east-1:000000000000:x\n",
	    "error_topic is no topic of ours");
	assert_refused(
	    BASE ENDPOINT "error_topic = " TOPIC ".fifo\n", "error_topic");
	assert_refused(BASE ENDPOINT "include_inference_response_in = both\n",
	    "names no topic");
}

static void
the_admin_address_needs_a_token_for_others(void **state)
{
	char *text = xasprintf("%s[admin]\nlisten = 0.0.0.0:7071\n"
			       "[local]\nallow_remote = yes\naccess_key = a\n"
			       "secret_key = b\n",
	    BASE);
	struct conf c;

	(void)state;
	assert_refused(text, "[admin] can be reached");
	free(text);
	text = xasprintf("%s[admin]\ntoken_file = %s\n", BASE, secret_path);
	assert_refused(text, "too short");
	free(text);
	assert_refused(BASE "[admin]\nlisten = 7071\n", "no HOST:PORT");
	assert_sound(&c, BASE "[admin]\nlisten = unix:/tmp/x\n");
	assert_string_equal(c.admin.unix_path, "/tmp/x");
	conf_done(&c);
	assert_sound(&c, BASE "[admin]\nlisten = 127.0.0.1:0\n");
	assert_string_equal(c.admin.host, "127.0.0.1");
	conf_done(&c);
}

static void
another_s3_needs_its_keys(void **state)
{
	struct conf c;

	(void)state;
	assert_refused(BASE "[s3]\nendpoint = http://h\n", "needs access_key");
	assert_refused(BASE "[s3]\nendpoint = h:1\naccess_key = a\n"
			    "secret_key = b\n",
	    "is no URL");
	assert_sound(&c,
	    BASE "[s3]\nendpoint = http://h:9/\naccess_key = a\n"
		 "secret_key = b\naddressing = virtual\n");
	assert_string_equal(c.s3.endpoint, "http://h:9");
	assert_int_equal(c.s3.addressing, CONF_ADDRESSING_VIRTUAL);
	conf_done(&c);
	assert_refused(
	    BASE "[sns]\nsigning_cert_url = cert.pem\n", "is no URL");
}

static void
users_need_keys_of_their_own(void **state)
{
	(void)state;
	assert_refused(BASE "[user u]\naccess_key = u\n", "needs access_key");
	assert_refused(BASE "[user u]\naccess_key = " CONF_DEMO_ACCESS_KEY
			    "\nsecret_key = s\n",
	    "the same access_key");
	assert_refused(BASE "[user u]\naccess_key = u\nsecret_key = s\n"
			    "secret_key_file = /x\n",
	    "both secret_key and");
	assert_refused(BASE "access_key = me\n", "one of access_key and");
}

static void
others_are_let_in_only_with_keys_of_ones_own(void **state)
{
	struct conf c;

	(void)state;
	assert_refused(BASE "listen = 0.0.0.0:1\n", "other machines");
	assert_refused(BASE "listen = 10.0.0.1:1\naccess_key = a\n"
			    "secret_key = b\n",
	    "other machines");
	assert_refused(BASE "listen = 0.0.0.0:1\nallow_remote = yes\n",
	    "keys of your own");
	assert_refused(BASE "listen = 0.0.0.0:1\nallow_remote = yes\n"
			    "access_key = a\nsecret_key = " CONF_DEMO_SECRET_KEY
			    "\n",
	    "keys of your own");
	assert_sound(&c,
	    BASE "listen = 0.0.0.0:1\nallow_remote = yes\n"
		 "access_key = a\nsecret_key = b\n");
	conf_done(&c);
	assert_true(conf_is_loopback("127.1.2.3"));
	assert_false(conf_is_loopback("127.0.0.1.example.com"));
	assert_false(conf_is_loopback("::"));
}

static void
any_key_can_be_set_from_outside(void **state)
{
	struct error err;
	struct conf c;

	(void)state;
	conf_init(&c);
	assert_int_equal(conf_set(&c, "local.data=/y", &err), 0);
	assert_int_equal(conf_set(&c, "endpoint a.command=cat -n", &err), 0);
	assert_int_equal(
	    conf_set(&c, "endpoint a.s3_output_path=s3://abc/a=b", &err), 0);
	assert_int_equal(conf_set(&c, "endpoint a", &err), -1);
	assert_int_equal(conf_set(&c, "x=y", &err), -1);
	assert_int_equal(conf_set(&c, "local.nope=1", &err), -1);
	assert_true(err.hint[0] != '\0');
	assert_int_equal(conf_finish(&c, &err), 0);
	assert_string_equal(c.endpoints[0].argv[1], "-n");
	assert_string_equal(c.endpoints[0].s3_output_path, "s3://abc/a=b");
	conf_done(&c);
}

static void
commands_are_cut_at_blanks_outside_quotes(void **state)
{
	struct error err;
	char **argv;

	(void)state;
	assert_int_equal(conf_split_command(
			     "  a \"b c\"\td\"e f\"g \"\" \"\\\"\\\\\\n\" $X;|",
			     &argv, &err),
	    0);
	assert_string_equal(argv[0], "a");
	assert_string_equal(argv[1], "b c");
	assert_string_equal(argv[2], "de fg");
	assert_string_equal(argv[3], "");
	assert_string_equal(argv[4], "\"\\\\n");
	assert_string_equal(argv[5], "$X;|");
	assert_null(argv[6]);
	str_free_words(argv);
	assert_int_equal(conf_split_command(" ", &argv, &err), -1);
	assert_int_equal(conf_split_command("a \"b", &argv, &err), -1);
}

static void
help_names_keys_with_defaults(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 64 * 1024);
	conf_help(&b);
	assert_false(b.overflow);
	assert_non_null(strstr(b.data, "[endpoint NAME]\n"));
	assert_non_null(strstr(b.data, "(127.0.0.1:7070)"));
	assert_non_null(strstr(b.data, "s3_failure_path"));
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(defaults_are_there_without_being_written),
	    cmocka_unit_test(every_section_is_read),
	    cmocka_unit_test(complaints_name_file_and_line),
	    cmocka_unit_test(what_is_nearly_right_is_suggested),
	    cmocka_unit_test(a_key_stands_once_in_a_section),
	    cmocka_unit_test(what_no_line_tells_is_named),
	    cmocka_unit_test(wrong_values_are_refused),
	    cmocka_unit_test(an_endpoint_has_one_model),
	    cmocka_unit_test(topics_are_our_own),
	    cmocka_unit_test(the_admin_address_needs_a_token_for_others),
	    cmocka_unit_test(another_s3_needs_its_keys),
	    cmocka_unit_test(users_need_keys_of_their_own),
	    cmocka_unit_test(others_are_let_in_only_with_keys_of_ones_own),
	    cmocka_unit_test(any_key_can_be_set_from_outside),
	    cmocka_unit_test(commands_are_cut_at_blanks_outside_quotes),
	    cmocka_unit_test(help_names_keys_with_defaults),
	};

	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
