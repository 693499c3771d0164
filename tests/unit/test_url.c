/* SPDX-License-Identifier: Apache-2.0 */
/* URLs: the parts of good ones, and all that is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/url.h"

static void
assert_url(const char *s, const char *scheme, const char *host, int port,
    const char *path, const char *query)
{
	struct error err;
	struct url u;

	if (url_parse(s, &u, &err) == -1)
		fail_msg("%s: %s", s, err.text);
	assert_string_equal(u.scheme, scheme);
	assert_string_equal(u.host, host);
	assert_int_equal(u.port, port);
	assert_string_equal(u.path, path);
	if (query == NULL)
		assert_null(u.query);
	else
		assert_string_equal(u.query, query);
	url_done(&u);
	assert_null(u.host);
}

static void
assert_no_url(const char *s, const char *words)
{
	struct url u = {.port = -7};
	struct error err;

	error_clear(&err);
	if (url_parse(s, &u, &err) == 0)
		fail_msg("'%s' was taken", s);
	assert_int_equal(err.code, ERR_USAGE);
	if (strstr(err.text, words) == NULL)
		fail_msg("'%s': '%s' is not in '%s'", s, words, err.text);
	assert_int_equal(u.port, -7);
	assert_null(u.host);
}

static void
a_url_comes_apart(void **state)
{
	(void)state;
	assert_url("http://a", "http", "a", 80, "/", NULL);
	assert_url(
	    "HTTPS://A.Example.COM/", "https", "a.example.com", 443, "/", NULL);
	assert_url("http://127.0.0.1:9000/x/../y//?b=1&c", "http", "127.0.0.1",
	    9000, "/x/../y//", "b=1&c");
	assert_url("https://h:443?", "https", "h", 443, "/", "");
	assert_url("https://h:65535?a?/b", "https", "h", 65535, "/", "a?/b");
	assert_url("http://[::1]:1/", "http", "[::1]", 1, "/", NULL);
	assert_url(
	    "http://[2001:DB8::a]", "http", "[2001:db8::a]", 80, "/", NULL);
	assert_url("http://h/a%2Fb%C3%a9;=:@!$&'()*+,~", "http", "h", 80,
	    "/a%2Fb%C3%a9;=:@!$&'()*+,~", NULL);
}

static void
names_of_containers_are_hosts(void **state)
{
	(void)state;
	assert_url(
	    "http://my_minio-1:9000", "http", "my_minio-1", 9000, "/", NULL);
	assert_url(
	    "http://4f5e6d7c8b9a", "http", "4f5e6d7c8b9a", 80, "/", NULL);
	assert_url("http://s.ns.svc.cluster.local./", "http",
	    "s.ns.svc.cluster.local.", 80, "/", NULL);
}

static void
only_http_and_https_are_schemes(void **state)
{
	static const char *const bad[] = {"", "h", "http", "http:", "http:/h",
	    "://h", "//h", "h:80", "ftp://h", "file:///etc/passwd", " http://h",
	    "httpx://h", "http ://h", "s3://b/k"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_no_url(bad[i], "begins with http:// or https://");
}

static void
a_password_is_refused_and_not_repeated(void **state)
{
	static const char *const bad[] = {"http://user:sesame@h/",
	    "http://sesame@h", "http://@h", "https://h@sesame:80/x"};
	struct error err;
	struct url u;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		assert_no_url(bad[i], "user name or password");
		assert_int_equal(url_parse(bad[i], &u, &err), -1);
		assert_null(strstr(err.text, "sesame"));
	}
	assert_url("http://h/a@b?c@d", "http", "h", 80, "/a@b", "c@d");
}

static void
a_host_is_a_name_or_an_address(void **state)
{
	static const char *const bad[] = {"http://", "http:///p", "http://?",
	    "http://.", "http://a..b", "http://.a", "http://-a", "http://a-.b",
	    "http://a b", "http://a%41", "http://a\\b", "http://a,b",
	    "http://h\xc3\xa9", "http://a\tb", "http://127.1",
	    "http://2130706433", "http://0x7f000001", "http://127.0.0.0x1",
	    "http://0177.0.0.1", "http://1.2.3.4.5", "http://256.1.1.1",
	    "http://1.2.3.4.", "http://[::1", "http://[::1]x",
	    "http://[::1%25eth0]", "http://[1.2.3.4]", "http://[]",
	    "http://[g::1]", "http://a]"};
	char label[80], *url;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_no_url(bad[i], "valid host");
	memset(label, 'a', sizeof(label));
	label[63] = '\0';
	url = xasprintf("http://%s.%s.%s.%.61s", label, label, label, label);
	assert_url(url, "http", url + 7, 80, "/", NULL);
	free(url);
	url = xasprintf("http://%s.%s.%s.%.62s", label, label, label, label);
	assert_no_url(url, "valid host");
	free(url);
	url = xasprintf("http://a%s.b", label);
	assert_no_url(url, "valid host");
	free(url);
}

static void
a_port_is_a_plain_number(void **state)
{
	static const char *const bad[] = {"http://h:", "http://h:/",
	    "http://h:0", "http://h:65536", "http://h:080", "http://h:+80",
	    "http://h:-1", "http://h: 80", "http://h:80a", "http://h:80:80",
	    "http://[::1]:", "http://::1", "http://h:99999999999999999999"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_no_url(bad[i], "number from 1 to 65535");
}

static void
path_and_query_are_encoded_properly(void **state)
{
	static const char *const bad[] = {"http://h/ ", "http://h/a b",
	    "http://h/\n", "http://h/\r\nX: y", "http://h/\x7f",
	    "http://h/\xc3\xa9", "http://h/%", "http://h/%4", "http://h/%4g",
	    "http://h?%", "http://h/\\", "http://h/<", "http://h/\"",
	    "http://h/[", "http://h/{", "http://h/|", "http://h/^",
	    "http://h/`"};
	char *url;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_no_url(bad[i], "percent-encoded");
	assert_no_url("http://h/#", "'#'");
	assert_no_url("http://h#f", "'#'");
	assert_no_url("http://h?a#f", "'#'");
	url = xmalloc(URL_LEN_MAX + 2);
	memset(url, 'a', URL_LEN_MAX + 1);
	memcpy(url, "http://h/", 9);
	url[URL_LEN_MAX + 1] = '\0';
	assert_no_url(url, "longer than");
	url[URL_LEN_MAX] = '\0';
	assert_url(url, "http", "h", 80, url + 8, NULL);
	free(url);
}

static void
assert_header(const char *s, const char *want)
{
	struct error err;
	struct url u;
	char *header;

	assert_int_equal(url_parse(s, &u, &err), 0);
	header = url_host_header(&u);
	assert_string_equal(header, want);
	free(header);
	url_done(&u);
}

static void
the_host_header_has_only_an_unusual_port(void **state)
{
	(void)state;
	assert_header("http://h:80", "h");
	assert_header("https://h:443", "h");
	assert_header("http://h:443", "h:443");
	assert_header("https://h:80", "h:80");
	assert_header("http://[::1]:9000", "[::1]:9000");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_url_comes_apart),
	    cmocka_unit_test(names_of_containers_are_hosts),
	    cmocka_unit_test(only_http_and_https_are_schemes),
	    cmocka_unit_test(a_password_is_refused_and_not_repeated),
	    cmocka_unit_test(a_host_is_a_name_or_an_address),
	    cmocka_unit_test(a_port_is_a_plain_number),
	    cmocka_unit_test(path_and_query_are_encoded_properly),
	    cmocka_unit_test(the_host_header_has_only_an_unusual_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
