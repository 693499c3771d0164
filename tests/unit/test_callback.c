/* SPDX-License-Identifier: Apache-2.0 */
/* Which URLs a submission may bring along, and how their targets are called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "deliver/callback.h"

static const char *const hosts[] = {
    "app.example.com", "*.Hooks.example", "127.0.0.1", "[::1]", NULL};
static const char *const nets[] = {"127.0.0.0/8", "::1", "10.1.0.0/17", NULL};
static const struct callback_rules rules = {.allow = hosts, .networks = nets};

static bool
is_taken(const char *url)
{
	struct error err;

	error_clear(&err);
	if (callback_check(url, &rules, &err) == 0)
		return true;
	assert_int_equal(err.code, ERR_USAGE);
	assert_string_not_equal(err.text, "");
	assert_string_not_equal(err.hint, "");
	assert_null(strstr(err.text, "secret"));
	assert_null(strstr(err.hint, "secret"));
	return false;
}

static void
hosts_that_are_allowed_are_taken(void **state)
{
	(void)state;
	assert_true(is_taken("https://app.example.com/hook?secret=1"));
	assert_true(is_taken("HTTPS://APP.example.COM:8443"));
	assert_true(is_taken("https://a.hooks.example/"));
	assert_true(is_taken("https://a.b.hooks.example/"));
	assert_true(is_taken("https://127.0.0.1/"));
	assert_true(is_taken("https://[::1]/"));
}

static void
others_are_not(void **state)
{
	(void)state;
	assert_false(is_taken("https://example.com/secret"));
	assert_false(is_taken("https://evil-app.example.com/"));
	assert_false(is_taken("https://app.example.com.evil.test/"));
	assert_false(is_taken("https://app.example.com./"));
	assert_false(is_taken("https://hooks.example/"));
	assert_false(is_taken("https://evilhooks.example/"));
	assert_false(is_taken("https://127.0.0.2/"));
}

static void
what_is_no_clean_url_is_refused(void **state)
{
	(void)state;
	assert_false(is_taken(""));
	assert_false(is_taken("app.example.com/secret"));
	assert_false(is_taken("ftp://app.example.com/"));
	assert_false(is_taken("https://user:secret@app.example.com/"));
	assert_false(is_taken("https://app.example.com@evil.test/"));
	assert_false(is_taken("https://app.example.com/#secret"));
	assert_false(is_taken("https://app.example.com/a\r\nHost: b"));
	assert_false(is_taken("https://app.example.com/a b"));
	assert_false(is_taken("https://app.example.com\\@evil.test/"));
	assert_false(is_taken("https://0x7f.1/"));
	assert_false(is_taken("https://2130706433/"));
}

static void
plain_http_is_for_addresses_of_the_networks(void **state)
{
	static const char *const all[] = {"*", NULL};
	const struct callback_rules open = {.allow = all, .networks = nets};
	const struct callback_rules closed = {.allow = all};
	struct error err;

	(void)state;
	assert_int_equal(callback_check("http://127.9.9.9/", &open, &err), 0);
	assert_int_equal(callback_check("http://[::1]:80/", &open, &err), 0);
	assert_int_equal(callback_check("http://10.1.127.9/", &open, &err), 0);
	assert_int_equal(callback_check("http://10.1.128.9/", &open, &err), -1);
	assert_int_equal(callback_check("http://[::2]/", &open, &err), -1);
	/* Nobody knows where a name leads. */
	assert_int_equal(callback_check("http://localhost/", &open, &err), -1);
	assert_non_null(strstr(err.hint, "allow_networks"));
	assert_int_equal(
	    callback_check("http://127.0.0.1/", &closed, &err), -1);
	assert_int_equal(callback_check("https://any.test/", &closed, &err), 0);
}

static void
where_no_host_is_allowed_there_are_none(void **state)
{
	static const char *const none[] = {NULL};
	const struct callback_rules empty = {.allow = none, .networks = nets};
	const struct callback_rules absent = {.networks = nets};
	struct error err;

	(void)state;
	assert_int_equal(callback_check("https://a.test/", &empty, &err), -1);
	assert_non_null(strstr(err.hint, "[callback]"));
	assert_int_equal(callback_check("https://a.test/", &absent, &err), -1);
}

static void
its_target_is_scheme_host_and_port(void **state)
{
	static const struct {
		const char *url;
		const char *name;
	} cases[] = {
	    {"https://App.Example.com/hook?secret=1",
		"callback https://app.example.com:443"},
	    {"HTTP://127.0.0.1:8080", "callback http://127.0.0.1:8080"},
	    {"http://127.0.0.1/x", "callback http://127.0.0.1:80"},
	    {"https://[::1]/", "callback https://[::1]:443"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		char *name = callback_target(cases[i].url);

		assert_string_equal(name, cases[i].name);
		assert_true(callback_is_target(name));
		free(name);
	}
	assert_null(callback_target("no url"));
	assert_false(callback_is_target("webhook callback"));
	assert_false(callback_is_target("callback"));
}

static void
a_name_is_let_through_by_the_rules_of_now(void **state)
{
	const struct callback_rules none = {0};

	(void)state;
	assert_true(
	    callback_lets("callback https://app.example.com:443", &rules));
	assert_true(callback_lets("callback http://127.0.0.1:8080", &rules));
	assert_false(
	    callback_lets("callback https://other.example.com:443", &rules));
	assert_false(
	    callback_lets("callback http://app.example.com:80", &rules));
	assert_false(
	    callback_lets("callback https://app.example.com:443", &none));
	assert_false(callback_lets("https://app.example.com:443", &rules));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hosts_that_are_allowed_are_taken),
	    cmocka_unit_test(others_are_not),
	    cmocka_unit_test(what_is_no_clean_url_is_refused),
	    cmocka_unit_test(plain_http_is_for_addresses_of_the_networks),
	    cmocka_unit_test(where_no_host_is_allowed_there_are_none),
	    cmocka_unit_test(its_target_is_scheme_host_and_port),
	    cmocka_unit_test(a_name_is_let_through_by_the_rules_of_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
