/* SPDX-License-Identifier: Apache-2.0 */
/* Which proxy a request goes through. */
#include "net/proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"

static const char *const names[] = {"http_proxy", "HTTP_PROXY", "https_proxy",
    "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"};

static int
forget(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(names); i++)
		unsetenv(names[i]);
	return 0;
}

static const char *
proxy_of(const char *text)
{
	const char *proxy;
	struct error err;
	struct url url;

	if (url_parse(text, &url, &err) == -1)
		fail_msg("%s: %s", text, err.text);
	proxy = proxy_of_environment(&url);
	url_done(&url);
	return proxy;
}

static void
each_scheme_has_its_own(void **state)
{
	(void)state;
	assert_null(proxy_of("https://h/"));
	setenv("all_proxy", "a", 1);
	assert_string_equal(proxy_of("https://h/"), "a");
	assert_string_equal(proxy_of("http://h/"), "a");
	setenv("https_proxy", "s", 1);
	assert_string_equal(proxy_of("https://h/"), "s");
	assert_string_equal(proxy_of("http://h/"), "a");
	setenv("http_proxy", "p", 1);
	assert_string_equal(proxy_of("http://h/"), "p");
	/* An empty one is a word, too. */
	setenv("https_proxy", "", 1);
	assert_null(proxy_of("https://h/"));
}

static void
upper_case_counts_but_for_http_proxy(void **state)
{
	(void)state;
	setenv("HTTP_PROXY", "evil", 1);
	assert_null(proxy_of("http://h/"));
	setenv("ALL_PROXY", "a", 1);
	assert_string_equal(proxy_of("http://h/"), "a");
	setenv("HTTPS_PROXY", "s", 1);
	assert_string_equal(proxy_of("https://h/"), "s");
}

static void
exceptions_are_asked_directly(void **state)
{
	static const struct {
		const char *list, *url;
		bool direct;
	} cases[] = {
	    {"*", "https://h.example/", true},
	    {"h.example", "https://h.example/", true},
	    {"H.Example", "https://h.example:8443/", true},
	    {"example", "https://h.example/", true},
	    {".example", "https://h.example/", true},
	    {"a, b,h.example", "https://h.example/", true},
	    {"a b h.example", "https://h.example/", true},
	    {"xample", "https://h.example/", false},
	    {"h.example.org", "https://h.example/", false},
	    {"", "https://h.example/", false},
	    {".", "https://h.example/", false},
	    {",,", "https://h.example/", false},
	    {"10.0.0.0/8", "https://10.1.2.3/", true},
	    {"10.0.0.0/9", "https://10.200.2.3/", false},
	    {"10.0.0.0/99", "https://10.200.2.3/", false},
	    {"10.1.2.3", "https://10.1.2.3/", true},
	    {"fd00::/8", "https://[fd12::1]/", true},
	    {"fd12::1", "https://[fd12::1]/", true},
	    {"fc00::/8", "https://[fd12::1]/", false},
	    {"10.0.0.0/8", "https://ten.example/", false},
	};
	size_t i;

	(void)state;
	setenv("https_proxy", "p", 1);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		setenv(i % 2 == 0 ? "no_proxy" : "NO_PROXY", cases[i].list, 1);
		if ((proxy_of(cases[i].url) == NULL) != cases[i].direct)
			fail_msg("%s, %s", cases[i].list, cases[i].url);
		unsetenv("no_proxy");
		unsetenv("NO_PROXY");
	}
}

static void
this_host_needs_no_proxy(void **state)
{
	(void)state;
	setenv("all_proxy", "p", 1);
	assert_null(proxy_of("https://localhost/"));
	assert_null(proxy_of("https://127.0.0.1/"));
	assert_null(proxy_of("http://127.9.9.9:1/"));
	assert_null(proxy_of("http://[::1]/"));
	assert_string_equal(proxy_of("http://localhost.example/"), "p");
	assert_string_equal(proxy_of("http://128.0.0.1/"), "p");
}

static void
a_configured_one_is_a_host_and_a_port(void **state)
{
	static const char *const good[] = {"http://p", "http://p:3128",
	    "https://p:3128/", "http://u:secret@p:3128", "http://[::1]:1",
	    "http://a%40b:secret@10.0.0.1"};
	static const char *const bad[] = {"", "p:3128", "socks5://p", "http://",
	    "http://p/path", "http://p?secret", "http://p#secret",
	    "http://u:secret@", "http://u:secret@h@p/x", "http://p\n",
	    "http://p:0", "http://0x7f.1", "http://u:sec\tret@p"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(good); i++) {
		struct error err = {0};

		if (proxy_check(good[i], &err) == -1)
			fail_msg("%s: %s", good[i], err.text);
		assert_int_equal(err.code, ERR_NONE);
	}
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		struct error err = {0};

		if (proxy_check(bad[i], &err) == 0)
			fail_msg("'%s' is taken", bad[i]);
		assert_int_equal(err.code, ERR_CONFIG);
		assert_null(strstr(err.text, "secret"));
	}
}

static void
a_password_is_not_shown(void **state)
{
	static const char *const cases[][2] = {
	    {"http://u:secret@p:3128/", "http://p:3128"},
	    {"http://u:secret@x:secret@p", "http://p"},
	    {"socks5h://u:secret@p:1080", "socks5h://p:1080"},
	    {"p:3128", "p:3128"},
	    {"u:secret@p:3128", "p:3128"},
	    {"http://p?secret", "http://p"},
	    {"http://p\n", "http://p "},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		char *name = proxy_name(cases[i][0]);

		assert_string_equal(name, cases[i][1]);
		free(name);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, forget, forget)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(each_scheme_has_its_own),
	    T(upper_case_counts_but_for_http_proxy),
	    T(exceptions_are_asked_directly),
	    T(this_host_needs_no_proxy),
	    T(a_configured_one_is_a_host_and_a_port),
	    T(a_password_is_not_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
