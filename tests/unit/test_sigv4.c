/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the signer promises beyond the vectors (test_sigv4_vectors.c): that
 * all of a request counts, what it refuses, and that kept keys are safe.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sigv4.h"
#include "base/mem.h"
#include "base/str.h"

#define CAP (1024 * 1024)

struct sample {
	struct sigv4_credentials creds;
	struct sigv4_scope scope;
	struct sigv4_request request;
	struct headers headers;
};

/* A complete S3 request that a test may change before it is signed. */
static void
sample(struct sample *v)
{
	memset(v, 0, sizeof(*v));
	headers_init(&v->headers);
	v->request.headers = &v->headers;
	v->creds = (struct sigv4_credentials){"AKIDEXAMPLE", "secret", NULL};
	v->scope = (struct sigv4_scope){"eu-west-1", "s3", 1369353600000};
	v->request.method = "PUT";
	v->request.path = "/bucket/key";
	v->request.query = "partNumber=2";
	v->request.payload_hash = SIGV4_UNSIGNED_PAYLOAD;
	v->request.path_as_is = true;
	headers_add(&v->headers, "Host", "127.0.0.1:9000");
	headers_add(&v->headers, "x-amz-meta-a", "one");
}

static void
copy_of(const struct headers *from, struct headers *to)
{
	size_t i;

	headers_init(to);
	for (i = 0; i < from->n; i++)
		headers_add(to, from->v[i].name, from->v[i].value);
}

static void
sign_copy(const struct sample *v, struct headers *out)
{
	struct error err;

	copy_of(&v->headers, out);
	if (sigv4_sign(&v->creds, &v->scope, &v->request, out, &err) == -1)
		fail_msg("%s", err.text);
}

/* The signature of the sample with whatever was changed. */
static const char *
signature_of(const struct sample *v)
{
	static char signature[HASH_SHA256_HEX_SIZE];
	struct headers all;
	const char *s;

	sign_copy(v, &all);
	s = strstr(headers_get(&all, "Authorization"), "Signature=");
	assert_int_equal(strlen(s), 10 + HASH_SHA256_HEX_SIZE - 1);
	memcpy(signature, s + 10, sizeof(signature));
	headers_done(&all);
	return signature;
}

/* Change each byte of one part in turn, from `from` on. */
static void
assert_all_bytes_count(
    struct sample *v, const char **part, size_t from, const char *first)
{
	const char *old = *part;
	size_t i;

	for (i = from; i < strlen(old); i++) {
		char *changed = xstrdup(old);

		changed[i] = changed[i] == 'X' ? 'Y' : 'X';
		*part = changed;
		assert_string_not_equal(signature_of(v), first);
		free(changed);
	}
	*part = old;
}

static void
a_change_anywhere_changes_the_signature(void **state)
{
	char first[HASH_SHA256_HEX_SIZE];
	struct sample v;

	(void)state;
	sample(&v);
	memcpy(first, signature_of(&v), sizeof(first));
	assert_string_equal(signature_of(&v), first);
	assert_all_bytes_count(&v, &v.creds.secret_key, 0, first);
	assert_all_bytes_count(&v, &v.scope.region, 0, first);
	assert_all_bytes_count(&v, &v.scope.service, 0, first);
	assert_all_bytes_count(&v, &v.request.method, 0, first);
	assert_all_bytes_count(&v, &v.request.path, 1, first);
	assert_all_bytes_count(&v, &v.request.query, 0, first);
	assert_all_bytes_count(&v, &v.request.payload_hash, 0, first);
	v.scope.at += 1000;
	assert_string_not_equal(signature_of(&v), first);
	v.scope.at -= 1000;
	v.creds.session_token = "t";
	assert_string_not_equal(signature_of(&v), first);
	v.creds.session_token = NULL;
	headers_set(&v.headers, "x-amz-meta-a", "onf");
	assert_string_not_equal(signature_of(&v), first);
	headers_set(&v.headers, "x-amz-meta-a", "one");
	assert_string_equal(signature_of(&v), first);
	headers_done(&v.headers);
}

static void
spelling_that_means_the_same_signs_the_same(void **state)
{
	char first[HASH_SHA256_HEX_SIZE];
	struct sample v;

	(void)state;
	sample(&v);
	v.request.path = "/b/a%20b%7E";
	v.request.query = "b=%2b&a&c=x~y";
	memcpy(first, signature_of(&v), sizeof(first));
	v.request.path = "/b/a%20b~";
	v.request.query = "&a=&&c=x%7ey&b=%2B&";
	headers_remove(&v.headers, "host");
	headers_set(&v.headers, "X-AMZ-META-A", " \tone ");
	headers_add(&v.headers, "hOST", "127.0.0.1:9000");
	assert_string_equal(signature_of(&v), first);
	v.request.query = "a=&b=+&c=x~y";
	assert_string_equal(signature_of(&v), first);
	v.request.query = "a=&b=%20&c=x~y";
	assert_string_not_equal(signature_of(&v), first);
	headers_done(&v.headers);
}

static const char *
canonical_line(const struct sample *v, int line)
{
	static struct buf out;
	struct buf names;
	struct error err;
	char *s;

	buf_done(&out);
	buf_init(&out, CAP);
	buf_init(&names, CAP);
	if (sigv4_canonical_request(&v->request, &out, &names, &err) == -1)
		fail_msg("%s", err.text);
	buf_done(&names);
	for (s = out.data; line > 0; line--)
		s = strchr(s, '\n') + 1;
	*strchr(s, '\n') = '\0';
	return s;
}

static void
s3_keeps_the_path_that_others_normalize(void **state)
{
	static const struct {
		const char *wire, *as_is, *normal, *again;
	} paths[] = {
	    {"", "/", "/", "/"},
	    {"/", "/", "/", "/"},
	    {"//a/./b/../c//", "//a/./b/../c//", "/a/c/", "//a/./b/../c//"},
	    {"/../../a", "/../../a", "/a", "/../../a"},
	    {"/a/..b/.c/...", "/a/..b/.c/...", "/a/..b/.c/...",
		"/a/..b/.c/..."},
	    {"/a/b/..", "/a/b/..", "/a", "/a/b/.."},
	    {"/a%20b%2bc", "/a%20b%2Bc", "/a%2520b%252bc", "/a%2520b%252bc"},
	    {"/\xc3\xa9*", "/%C3%A9%2A", "/%C3%A9%2A", "/%C3%A9%2A"},
	    {"/%00x", "/%00x", "/%2500x", "/%2500x"},
	};
	struct sample v;
	size_t i;

	(void)state;
	sample(&v);
	for (i = 0; i < ARRAY_LEN(paths); i++) {
		v.request.path = paths[i].wire;
		v.request.path_as_is = true;
		assert_string_equal(canonical_line(&v, 1), paths[i].as_is);
		v.request.path_as_is = false;
		assert_string_equal(canonical_line(&v, 1), paths[i].normal);
		v.request.no_normalize = true;
		assert_string_equal(canonical_line(&v, 1), paths[i].again);
		v.request.no_normalize = false;
	}
	headers_done(&v.headers);
}

static void
parameters_are_sorted_by_name_then_value(void **state)
{
	struct sample v;

	(void)state;
	sample(&v);
	v.request.query = "a-=1&a=2&a=10&A=3&%61=&b=x=y&=z&a1";
	assert_string_equal(
	    canonical_line(&v, 2), "=z&A=3&a=&a=10&a=2&a-=1&a1=&b=x%3Dy");
	v.request.query = "";
	assert_string_equal(canonical_line(&v, 2), "");
	headers_done(&v.headers);
}

static void
headers_are_joined_in_their_order_and_sorted_by_name(void **state)
{
	struct sample v;

	(void)state;
	sample(&v);
	headers_add(&v.headers, "A-b", "  z \t y  ");
	headers_add(&v.headers, "a", "2");
	headers_add(&v.headers, "A", "");
	headers_add(&v.headers, "a", "1");
	assert_string_equal(canonical_line(&v, 3), "a:2,,1");
	assert_string_equal(canonical_line(&v, 4), "a-b:z y");
	assert_string_equal(canonical_line(&v, 5), "host:127.0.0.1:9000");
	assert_string_equal(canonical_line(&v, 8), "a;a-b;host;x-amz-meta-a");
	headers_done(&v.headers);
}

static void
signing_again_replaces_what_the_first_time_left(void **state)
{
	struct headers h, fresh;
	struct sample v;
	struct error err;

	(void)state;
	sample(&v);
	v.creds.session_token = "old";
	sign_copy(&v, &h);
	assert_string_equal(headers_get(&h, "x-amz-security-token"), "old");
	v.creds.session_token = NULL;
	v.scope.at += 86400000;
	assert_int_equal(
	    sigv4_sign(&v.creds, &v.scope, &v.request, &h, &err), 0);
	sign_copy(&v, &fresh);
	assert_int_equal(h.n, fresh.n);
	assert_int_equal(headers_count(&h, "authorization"), 1);
	assert_null(headers_get(&h, "x-amz-security-token"));
	assert_string_equal(headers_get(&h, "authorization"),
	    headers_get(&fresh, "authorization"));
	headers_done(&fresh);
	headers_done(&h);
	headers_done(&v.headers);
}

/* --- refusals ------------------------------------------------------- */

static void
assert_not_signed(const struct sample *v, enum error_code code)
{
	struct buf query;
	struct headers h;
	struct error err;
	size_t n;

	copy_of(&v->headers, &h);
	n = h.n;
	error_clear(&err);
	assert_int_equal(
	    sigv4_sign(&v->creds, &v->scope, &v->request, &h, &err), -1);
	assert_int_equal(err.code, code);
	assert_int_equal(h.n, n);
	assert_null(headers_get(&h, "authorization"));
	buf_init(&query, CAP);
	assert_int_equal(
	    sigv4_presign(&v->creds, &v->scope, &v->request, 60, &query, &err),
	    -1);
	assert_int_equal(err.code, code);
	assert_int_equal(query.len, 0);
	headers_done(&h);
}

static void
what_could_forge_a_line_is_refused(void **state)
{
	struct sample v;

	(void)state;
	sample(&v);
	headers_add(&v.headers, "x-amz-meta-b", "1\nhost:evil");
	assert_not_signed(&v, ERR_USAGE);
	headers_remove(&v.headers, "x-amz-meta-b");
	headers_add(&v.headers, "x-amz\nmeta", "1");
	assert_not_signed(&v, ERR_USAGE);
	headers_remove(&v.headers, "x-amz\nmeta");
	v.request.method = "GET\n/";
	assert_not_signed(&v, ERR_USAGE);
	v.request.method = "GET";
	v.request.payload_hash = "UNSIGNED\nPAYLOAD";
	assert_not_signed(&v, ERR_USAGE);
	v.request.payload_hash = SIGV4_UNSIGNED_PAYLOAD;
	v.creds.session_token = "a\r\nHost: b";
	assert_not_signed(&v, ERR_AUTH);
	v.creds.session_token = NULL;
	v.creds.access_key = "AK\nID";
	assert_not_signed(&v, ERR_AUTH);
	headers_done(&v.headers);
}

static void
what_cannot_be_sent_is_refused(void **state)
{
	struct sample v;

	(void)state;
	sample(&v);
	v.request.path = "/a%2";
	assert_not_signed(&v, ERR_USAGE);
	v.request.path = "a";
	assert_not_signed(&v, ERR_USAGE);
	v.request.path = "/a";
	v.request.query = "a=%zz";
	assert_not_signed(&v, ERR_USAGE);
	v.request.query = "";
	headers_remove(&v.headers, "host");
	assert_not_signed(&v, ERR_USAGE);
	headers_done(&v.headers);
}

static void
what_is_too_long_is_refused(void **state)
{
	char *many = xmalloc(2 * CAP);
	struct buf small, names;
	struct error err;
	struct sample v;

	(void)state;
	sample(&v);
	memset(many, 'a', 2 * CAP - 1);
	many[2 * CAP - 1] = '\0';
	v.request.query = many;
	assert_not_signed(&v, ERR_LIMIT);
	v.request.query = "";
	headers_add(&v.headers, "x-amz-meta-b", many);
	assert_not_signed(&v, ERR_LIMIT);
	headers_remove(&v.headers, "x-amz-meta-b");
	*many = '/';
	v.request.path = many;
	assert_not_signed(&v, ERR_LIMIT);
	v.request.path = "/";
	buf_init(&small, 40);
	buf_init(&names, 40);
	assert_int_equal(
	    sigv4_canonical_request(&v.request, &small, &names, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_int_equal(small.len + names.len, 0);
	buf_done(&names);
	buf_done(&small);
	headers_done(&v.headers);
	free(many);
}

static void
a_presigned_url_holds_a_second_to_a_week(void **state)
{
	static const int64_t bad[] = {INT64_MIN, -1, 0, 604801, INT64_MAX};
	static const int64_t good[] = {1, 604800};
	struct error err;
	struct sample v;
	struct buf query;
	size_t i;

	(void)state;
	sample(&v);
	buf_init(&query, CAP);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(sigv4_presign(&v.creds, &v.scope, &v.request,
				     bad[i], &query, &err),
		    -1);
		assert_int_equal(err.code, ERR_USAGE);
		assert_int_equal(query.len, 0);
	}
	for (i = 0; i < ARRAY_LEN(good); i++) {
		char want[64];

		snprintf(
		    want, sizeof(want), "&X-Amz-Expires=%d&", (int)good[i]);
		buf_clear(&query);
		assert_int_equal(sigv4_presign(&v.creds, &v.scope, &v.request,
				     good[i], &query, &err),
		    0);
		assert_non_null(strstr(query.data, want));
		assert_true(str_starts(query.data, "partNumber=2&X-Amz-Algo"));
	}
	buf_done(&query);
	headers_done(&v.headers);
}

static void
a_presigned_url_is_not_presigned_again(void **state)
{
	struct error err;
	struct sample v;
	struct buf query;

	(void)state;
	sample(&v);
	v.request.query = "a=1&x-amz-expires=604800";
	buf_init(&query, CAP);
	assert_int_equal(
	    sigv4_presign(&v.creds, &v.scope, &v.request, 60, &query, &err),
	    -1);
	assert_int_equal(err.code, ERR_USAGE);
	v.request.query = "a=1&x-amz-expires-not=604800&v=X-Amz-Date";
	assert_int_equal(
	    sigv4_presign(&v.creds, &v.scope, &v.request, 60, &query, &err), 0);
	buf_done(&query);
	headers_done(&v.headers);
}

/* --- kept keys ------------------------------------------------------ */

static void
kept_keys_are_never_taken_for_one_another(void **state)
{
	static const char *const names[] = {"a", "ab", "b", ""};
	char first[256][HASH_SHA256_HEX_SIZE];
	struct sigv4_credentials c = {"", "", NULL};
	struct sigv4_scope s = {"", "", 0};
	size_t n, i, j;

	(void)state;
	/* Far more than are kept, and many differ only in where one string
	 * ends. The second time neighbours differ in other parts. */
	for (n = 0; n < 512; n++) {
		char got[HASH_SHA256_HEX_SIZE];

		/* First the region changes fastest, then the day. */
		i = n < 256 ? n : (n - 256) >> 2 | (n & 3) << 6;
		s.region = names[i & 3];
		s.service = names[i >> 2 & 3];
		c.secret_key = names[i >> 4 & 3];
		s.at = (int64_t)(i >> 6) * 86400000;
		sigv4_signature(&c, &s, "text", 4, got);
		if (n < 256)
			memcpy(first[i], got, sizeof(got));
		assert_string_equal(got, first[i]);
	}
	sigv4_forget_keys();
	for (i = 0; i < 256; i++) {
		for (j = 0; j < i; j++)
			assert_string_not_equal(first[i], first[j]);
	}
}

static void
a_kept_key_signs_as_a_fresh_one(void **state)
{
	char kept[HASH_SHA256_HEX_SIZE], fresh[HASH_SHA256_HEX_SIZE];
	struct sigv4_scope s = {"us-east-1", "s3", 0};
	struct sigv4_credentials c = {"AK", "one", NULL};
	struct sigv4_credentials other = {"AK", "two", NULL};

	(void)state;
	sigv4_forget_keys();
	sigv4_signature(&c, &s, "text", 4, fresh);
	sigv4_signature(&c, &s,
	    "longer than one block of SHA-256, which has "
	    "64 bytes, so that it has a rest",
	    75, kept);
	sigv4_signature(&c, &s, "text", 4, kept);
	assert_string_equal(kept, fresh);
	sigv4_signature(&other, &s, "text", 4, kept);
	assert_string_not_equal(kept, fresh);
	sigv4_forget_keys();
	sigv4_signature(&c, &s, "text", 4, kept);
	assert_string_equal(kept, fresh);
	sigv4_forget_keys();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_change_anywhere_changes_the_signature),
	    cmocka_unit_test(spelling_that_means_the_same_signs_the_same),
	    cmocka_unit_test(s3_keeps_the_path_that_others_normalize),
	    cmocka_unit_test(parameters_are_sorted_by_name_then_value),
	    cmocka_unit_test(
		headers_are_joined_in_their_order_and_sorted_by_name),
	    cmocka_unit_test(signing_again_replaces_what_the_first_time_left),
	    cmocka_unit_test(what_could_forge_a_line_is_refused),
	    cmocka_unit_test(what_cannot_be_sent_is_refused),
	    cmocka_unit_test(what_is_too_long_is_refused),
	    cmocka_unit_test(a_presigned_url_holds_a_second_to_a_week),
	    cmocka_unit_test(a_presigned_url_is_not_presigned_again),
	    cmocka_unit_test(kept_keys_are_never_taken_for_one_another),
	    cmocka_unit_test(a_kept_key_signs_as_a_fresh_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
