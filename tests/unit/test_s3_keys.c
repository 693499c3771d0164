/* SPDX-License-Identifier: Apache-2.0 */
/* Awkward keys: the path that is sent is the path that is signed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aws/endpoint.h"
#include "aws/s3uri.h"
#include "aws/sigv4.h"
#include "base/mem.h"
#include "base/str.h"

#define LINE_MAX_BYTES ((size_t)16 * 1024)

static const struct aws_endpoint custom = {
    .host = (char *)(uintptr_t) "s3.test",
    .base_path = (char *)(uintptr_t) "",
    .custom = true,
    .path_style = true,
};

/* What is signed, of GET with this path. The caller's. */
static char *
canonical_path(const char *path)
{
	struct headers h;
	struct sigv4_request r = {
	    .method = "GET",
	    .path = path,
	    .query = "",
	    .headers = &h,
	    .payload_hash = SIGV4_UNSIGNED_PAYLOAD,
	    .path_as_is = true,
	};
	struct buf text, names;
	struct error err;
	char *begin, *copy;

	headers_init(&h);
	headers_add(&h, "Host", "s3.test");
	buf_init(&text, LINE_MAX_BYTES);
	buf_init(&names, LINE_MAX_BYTES);
	assert_int_equal(sigv4_canonical_request(&r, &text, &names, &err), 0);
	begin = strchr(text.data, '\n') + 1;
	copy = xstrndup(begin, strcspn(begin, "\n"));
	buf_done(&text);
	buf_done(&names);
	headers_done(&h);
	return copy;
}

/* By way of the URI, as objects are named. */
static void
must_be_sent_as(const char *key, const char *wanted)
{
	char *uri = xasprintf("s3://buk/%s", key);
	char *bucket, *parsed, *host, *path, *canonical;
	struct error err;

	assert_int_equal(s3_uri_parse(uri, 0, &bucket, &parsed, &err), 0);
	assert_string_equal(parsed, key);
	assert_int_equal(
	    endpoint_s3_target(&custom, bucket, parsed, &host, &path, &err), 0);
	assert_string_equal(path, wanted);
	canonical = canonical_path(path);
	assert_string_equal(canonical, wanted);
	free(uri);
	free(bucket);
	free(parsed);
	free(host);
	free(path);
	free(canonical);
}

static void
awkward_keys_are_sent_as_they_are_signed(void **state)
{
	static const char *const keys[][2] = {
	    {"a b", "/buk/a%20b"},
	    {"a+b", "/buk/a%2Bb"},
	    {"100%", "/buk/100%25"},
	    {"%2F%zz", "/buk/%252F%25zz"},
	    {"a//b", "/buk/a//b"},
	    {"/a", "/buk//a"},
	    {"a/", "/buk/a/"},
	    {"./a", "/buk/./a"},
	    {"../a", "/buk/../a"},
	    {"a/../../b/.", "/buk/a/../../b/."},
	    {".", "/buk/."},
	    {"..", "/buk/.."},
	    {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
		"/buk/%C3%A4%E2%82%AC%F0%9F%98%80"},
	    {"?x=1&y#z", "/buk/%3Fx%3D1%26y%23z"},
	    {"a:b@c,d;e*f'(g)!$", "/buk/a%3Ab%40c%2Cd%3Be%2Af%27%28g%29%21%24"},
	    {"~-._A9", "/buk/~-._A9"},
	    {"\\\"<>^`{|}", "/buk/%5C%22%3C%3E%5E%60%7B%7C%7D"},
	    {" ", "/buk/%20"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(keys); i++)
		must_be_sent_as(keys[i][0], keys[i][1]);
}

static void
the_longest_key_is_sent_whole(void **state)
{
	char key[S3_KEY_MAX + 2], path[3 * S3_KEY_MAX + 6] = "/buk/";
	char *uri, *bucket, *parsed;
	struct error err;
	int i;

	(void)state;
	memset(key, '+', S3_KEY_MAX);
	key[S3_KEY_MAX] = '\0';
	for (i = 0; i < S3_KEY_MAX; i++)
		memcpy(path + 5 + 3 * i, "%2B", 4);
	must_be_sent_as(key, path);
	key[S3_KEY_MAX] = '+';
	key[S3_KEY_MAX + 1] = '\0';
	uri = xasprintf("s3://buk/%s", key);
	assert_int_equal(s3_uri_parse(uri, 0, &bucket, &parsed, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	free(uri);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(awkward_keys_are_sent_as_they_are_signed),
	    cmocka_unit_test(the_longest_key_is_sent_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
