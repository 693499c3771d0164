/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signer against published and derived signatures, stage by stage, so
 * that a failure says which stage is wrong. What no vector covers is in
 * test_sigv4.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sigv4.h"
#include "aws/sigv4_verify.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"

#define CAP (1024 * 1024)
#define SUITE_CASES 38
#define DOC_CASES 5
#define DERIVED_CASES 35

/* One case, wherever it came from. */
struct vector {
	struct sigv4_credentials creds;
	struct sigv4_scope scope;
	struct sigv4_request request; /* headers: all but the signer's own */
	struct headers headers;
	struct buf path;
	struct buf query;
	char payload_hash[HASH_SHA256_HEX_SIZE];
	int64_t expires_s;
};

static const char *
top_dir(void)
{
	const char *dir = getenv("top_srcdir");

	return dir != NULL ? dir : ".";
}

static struct buf
read_text(const char *path)
{
	struct error err;
	struct buf b;

	buf_init(&b, CAP);
	if (file_read(path, &b, &err) == -1)
		fail_msg("%s", err.text);
	return b;
}

static struct json *
read_json(const char *path)
{
	struct buf b = read_text(path);
	struct error err;
	struct json *root;

	if (json_parse(b.data, b.len, &root, &err) == -1)
		fail_msg("%s: %s", path, err.text);
	buf_done(&b);
	return root;
}

static void
vector_init(struct vector *v)
{
	memset(v, 0, sizeof(*v));
	headers_init(&v->headers);
	buf_init(&v->path, CAP);
	buf_init(&v->query, CAP);
	v->request.headers = &v->headers;
	v->request.payload_hash = v->payload_hash;
}

static void
vector_done(struct vector *v)
{
	headers_done(&v->headers);
	buf_done(&v->path);
	buf_done(&v->query);
}

/* --- each stage from the expected result of the one before ---------- */

static void
check_stages(const struct vector *v, const struct headers *headers,
    const char *query, const char *canonical, const char *to_sign,
    const char *signature)
{
	struct sigv4_request r = v->request;
	char got[HASH_SHA256_HEX_SIZE];
	struct buf out, names;
	struct error err;
	const char *tail;

	buf_init(&out, CAP);
	buf_init(&names, CAP);
	r.headers = headers;
	r.query = query;
	if (sigv4_canonical_request(&r, &out, &names, &err) == -1)
		fail_msg("%s", err.text);
	assert_string_equal(out.data, canonical);
	tail = canonical + strlen(canonical) - strlen(r.payload_hash) - 1 -
	    names.len;
	assert_memory_equal(tail, names.data, names.len);
	assert_int_equal(tail[-1], '\n');
	buf_clear(&out);
	sigv4_string_to_sign(&v->scope, canonical, strlen(canonical), &out);
	assert_string_equal(out.data, to_sign);
	sigv4_signature(&v->creds, &v->scope, to_sign, strlen(to_sign), got);
	assert_string_equal(got, signature);
	buf_done(&names);
	buf_done(&out);
}

/* What the signer would add, so that stage one sees a complete request. */
static void
add_signers_headers(
    const struct vector *v, struct headers *all, const char *token)
{
	char date[TIMEFMT_AMZ_SIZE];
	size_t i;

	headers_init(all);
	timefmt_amz(v->scope.at, date);
	for (i = 0; i < v->headers.n; i++)
		headers_add(all, v->headers.v[i].name, v->headers.v[i].value);
	headers_set(all, "X-Amz-Date", date);
	if (token != NULL)
		headers_set(all, "X-Amz-Security-Token", token);
}

static void
sign_copy(const struct vector *v, struct headers *signed_out)
{
	struct error err;

	add_signers_headers(v, signed_out, NULL);
	headers_remove(signed_out, "X-Amz-Date");
	if (sigv4_sign(&v->creds, &v->scope, &v->request, signed_out, &err) ==
	    -1)
		fail_msg("%s", err.text);
}

static void
presign_query(const struct vector *v, struct buf *out)
{
	struct error err;

	if (sigv4_presign(&v->creds, &v->scope, &v->request, v->expires_s, out,
		&err) == -1)
		fail_msg("%s", err.text);
}

static void
cut_signature(struct buf *query, const char *expected)
{
	char *at = strstr(query->data, "&X-Amz-Signature=");

	assert_non_null(at);
	assert_string_equal(strchr(at, '=') + 1, expected);
	*at = '\0';
	query->len = (size_t)(at - query->data);
}

static void
assert_ends(const char *s, const char *tail)
{
	if (!str_ends(s, tail))
		fail_msg("'%s' does not end in '%s'", s, tail);
}

/* --- AWS's own suite ------------------------------------------------ */

static void
take_header_line(struct headers *h, char *line)
{
	char *colon;

	/* A folded line goes on with the value before it (RFC 9112, 5.2). */
	if (*line == ' ' || *line == '\t') {
		struct header last = h->v[--h->n];

		headers_addf(h, last.name, "%s %s", last.value, line);
		free(last.name);
		return;
	}
	colon = strchr(line, ':');
	assert_non_null(colon);
	*colon = '\0';
	headers_add(h, line, colon + 1);
}

static void
take_target(struct vector *v, char *line)
{
	char *target = strchr(line, ' ') + 1, *end = strrchr(line, ' ');
	char *mark;

	*end = '\0';
	target[-1] = '\0';
	v->request.method = str_eq(line, "GET") ? "GET" : "POST";
	assert_string_equal(v->request.method, line);
	mark = strchr(target, '?');
	if (mark != NULL) {
		*mark = '\0';
		buf_puts(&v->query, mark + 1);
	}
	buf_puts(&v->path, target);
	v->request.path = v->path.data;
	v->request.query = v->query.data;
}

static void
take_request(struct vector *v, const char *path)
{
	struct buf b = read_text(path);
	char *line = b.data, *next;
	const char *body = "";
	bool first = true;

	for (; line != NULL && *line != '\0'; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (*line == '\0') {
			body = next != NULL ? next : "";
			break;
		}
		if (first)
			take_target(v, line);
		else
			take_header_line(&v->headers, line);
		first = false;
	}
	hash_sha256_hex(body, strlen(body), v->payload_hash);
	buf_done(&b);
}

static void
take_context(struct vector *v, const struct json *c)
{
	const struct json *creds = json_get(c, "credentials");
	bool yes;

	v->creds.access_key = json_get_str(creds, "access_key_id");
	v->creds.secret_key = json_get_str(creds, "secret_access_key");
	v->creds.session_token = json_get_str(creds, "token");
	v->scope.region = json_get_str(c, "region");
	v->scope.service = json_get_str(c, "service");
	assert_int_equal(
	    timefmt_parse_iso(json_get_str(c, "timestamp"), &v->scope.at), 0);
	assert_int_equal(
	    json_i64(json_get(c, "expiration_in_seconds"), &v->expires_s), 0);
	assert_int_equal(json_bool(json_get(c, "normalize"), &yes), 0);
	v->request.no_normalize = !yes;
}

struct expected {
	struct buf canonical, to_sign, signature, request;
};

static void
read_expected(const char *dir, const char *form, struct expected *e)
{
	struct {
		struct buf *b;
		const char *name;
	} files[] = {
	    {&e->canonical, "canonical-request"},
	    {&e->to_sign, "string-to-sign"},
	    {&e->signature, "signature"},
	    {&e->request, "signed-request"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(files); i++) {
		char *path =
		    xasprintf("%s/%s-%s.txt", dir, form, files[i].name);

		*files[i].b = read_text(path);
		free(path);
	}
}

static void
expected_done(struct expected *e)
{
	buf_done(&e->canonical);
	buf_done(&e->to_sign);
	buf_done(&e->signature);
	buf_done(&e->request);
}

static void
assert_line(const char *request, const char *name, const char *value)
{
	char *line = xasprintf("\n%s:%s\n", name, value);

	if (strstr(request, line) == NULL)
		fail_msg("no line '%s' in '%s'", line + 1, request);
	free(line);
}

static enum sigv4_verdict
verify(const struct vector *v, const struct headers *h, const char *method)
{
	const struct sigv4_user user = {
	    .name = "suite",
	    .access_key = v->creds.access_key,
	    .secret_key = v->creds.secret_key,
	    .session_token = v->creds.session_token,
	};
	const struct sigv4_clients clients = {
	    .users = &user,
	    .n = 1,
	    .region = v->scope.region,
	};
	struct sigv4_received r = {
	    .method = method,
	    .path = v->path.data,
	    .query = v->query.data,
	    .headers = h,
	    .payload_hash = v->payload_hash,
	};
	enum sigv4_verdict verdict;
	struct sigv4_claim c;

	sigv4_claim_init(&c);
	verdict = sigv4_claim_parse(h, r.query, &c);
	if (verdict == SIGV4_OK)
		verdict =
		    sigv4_admit(&clients, v->scope.service, h, v->scope.at, &c);
	if (verdict == SIGV4_OK)
		verdict = sigv4_verify(&c, &r);
	sigv4_claim_done(&c);
	return verdict;
}

/* The other end believes it, and nothing else under its signature. Paths are
 * always normalized there. */
static void
check_suite_verified(const struct vector *v, const struct headers *h)
{
	if (v->request.no_normalize)
		return;
	assert_int_equal(verify(v, h, v->request.method), SIGV4_OK);
	assert_int_equal(verify(v, h, "PUT"), SIGV4_MISMATCH);
}

static void
check_suite_header(struct vector *v, const char *dir)
{
	struct headers all;
	struct expected e;

	read_expected(dir, "header", &e);
	add_signers_headers(v, &all, v->creds.session_token);
	check_stages(v, &all, v->query.data, e.canonical.data, e.to_sign.data,
	    e.signature.data);
	headers_done(&all);
	sign_copy(v, &all);
	assert_line(e.request.data, "Authorization",
	    headers_get(&all, "Authorization"));
	assert_line(
	    e.request.data, "X-Amz-Date", headers_get(&all, "X-Amz-Date"));
	if (v->creds.session_token != NULL)
		assert_line(e.request.data, "X-Amz-Security-Token",
		    headers_get(&all, "X-Amz-Security-Token"));
	check_suite_verified(v, &all);
	headers_done(&all);
	expected_done(&e);
}

static void
check_suite_query(struct vector *v, const char *dir)
{
	struct expected e;
	struct buf query;

	read_expected(dir, "query", &e);
	buf_init(&query, CAP);
	presign_query(v, &query);
	cut_signature(&query, e.signature.data);
	check_stages(v, &v->headers, query.data, e.canonical.data,
	    e.to_sign.data, e.signature.data);
	buf_done(&query);
	expected_done(&e);
}

static void
check_suite_case(const char *dir)
{
	char *context = xasprintf("%s/context.json", dir);
	char *request = xasprintf("%s/request.txt", dir);
	struct json *c = read_json(context);
	struct vector v;
	bool yes;

	vector_init(&v);
	take_context(&v, c);
	take_request(&v, request);
	/* A token that is sent but not signed: the signature is the same as
	 * without any. We never do that. */
	if (json_bool(json_get(c, "omit_session_token"), &yes) == 0 && yes)
		v.creds.session_token = NULL;
	check_suite_query(&v, dir);
	assert_int_equal(json_bool(json_get(c, "sign_body"), &yes), 0);
	if (yes)
		headers_add(&v.headers, "x-amz-content-sha256", v.payload_hash);
	check_suite_header(&v, dir);
	vector_done(&v);
	json_free(c);
	free(request);
	free(context);
}

static void
agrees_with_the_suite_of_aws_in_both_forms(void **state)
{
	const char *vectors = getenv("AWAITD_VECTORS");
	char *dir = vectors != NULL
	    ? xasprintf("%s/sigv4/v4", vectors)
	    : xasprintf("%s/../shared/vectors/sigv4/v4", top_dir());
	DIR *d = opendir(dir);
	struct dirent *entry;
	int n = 0;

	(void)state;
	if (d == NULL) {
		print_message("# no suite at %s (AWAITD_VECTORS)\n", dir);
		free(dir);
		skip();
	}
	while ((entry = readdir(d)) != NULL) {
		char *path = xasprintf("%s/%s", dir, entry->d_name);

		if (entry->d_name[0] != '.') {
			check_suite_case(path);
			n++;
		}
		free(path);
	}
	closedir(d);
	free(dir);
	print_message("# aws suite: %d cases, header and query form\n", n);
	assert_int_equal(n, SUITE_CASES);
}

/* --- S3's documentation and the derived cases ----------------------- */

static void
take_pairs(struct vector *v, const struct json *pairs)
{
	const struct json *p;

	for (p = json_first(pairs); p != NULL; p = json_next(p)) {
		const char *key = json_str(json_first(p));
		const char *value = json_str(json_next(json_first(p)));

		if (v->query.len > 0)
			buf_putc(&v->query, '&');
		encode_uri(&v->query, key, strlen(key), false);
		buf_putc(&v->query, '=');
		encode_uri(&v->query, value, strlen(value), false);
	}
	v->request.query = v->query.data;
}

static void
take_case(struct vector *v, const struct json *c, const char *path,
    const char *payload_hash)
{
	const struct json *h;

	vector_init(v);
	v->creds.access_key = json_get_str(c, "access_key_id");
	v->creds.secret_key = json_get_str(c, "secret_access_key");
	v->creds.session_token = json_get_str(c, "session_token");
	v->scope.region = json_get_str(c, "region");
	v->scope.service = json_get_str(c, "service");
	assert_int_equal(
	    timefmt_parse_amz(json_get_str(c, "timestamp"), &v->scope.at), 0);
	v->request.method = json_get_str(c, "method");
	v->request.path = path;
	v->request.payload_hash = payload_hash;
	v->request.path_as_is = str_eq(v->scope.service, "s3");
	h = json_get(c, "headers");
	for (h = json_first(h); h != NULL; h = json_next(h))
		headers_add(&v->headers, json_name(h), json_str(h));
}

static void
check_json_stages(const struct vector *v, const struct headers *headers,
    const char *query, const struct json *c)
{
	check_stages(v, headers, query, json_get_str(c, "canonical_request"),
	    json_get_str(c, "string_to_sign"), json_get_str(c, "signature"));
}

static void
check_doc_case(const struct json *c)
{
	struct headers all;
	struct vector v;

	take_case(
	    &v, c, json_get_str(c, "path"), json_get_str(c, "payload_sha256"));
	take_pairs(&v, json_get(c, "query"));
	check_json_stages(&v, &v.headers, v.query.data, c);
	if (str_eq(json_get_str(c, "name"), "presigned-get-86400")) {
		buf_clear(&v.query);
		v.expires_s = 86400;
		presign_query(&v, &v.path);
		cut_signature(&v.path, json_get_str(c, "signature"));
		check_json_stages(&v, &v.headers, v.path.data, c);
	} else {
		sign_copy(&v, &all);
		assert_ends(headers_get(&all, "authorization"),
		    json_get_str(c, "signature"));
		headers_done(&all);
	}
	vector_done(&v);
}

static void
check_derived_presigned(struct vector *v, const struct json *c)
{
	struct buf query;

	buf_init(&query, CAP);
	assert_int_equal(
	    json_i64(json_get(c, "presign_expires"), &v->expires_s), 0);
	presign_query(v, &query);
	assert_string_equal(
	    strchr(json_get_str(c, "url"), '?') + 1, query.data);
	cut_signature(&query, json_get_str(c, "signature"));
	check_json_stages(v, &v->headers, query.data, c);
	buf_done(&query);
}

static void
check_derived_case(const struct json *c)
{
	const char *body = json_get_str(c, "body");
	struct headers all;
	struct vector v;

	take_case(&v, c, json_get_str(c, "wire_path"),
	    json_get_str(c, "payload_hash"));
	take_pairs(&v, json_get(c, "query"));
	headers_add(&v.headers, "Host", json_get_str(c, "host"));
	if (body != NULL) {
		hash_sha256_hex(body, strlen(body), v.payload_hash);
		assert_string_equal(v.payload_hash, v.request.payload_hash);
	}
	if (json_get_str(c, "url") != NULL) {
		check_derived_presigned(&v, c);
		vector_done(&v);
		return;
	}
	add_signers_headers(&v, &all, v.creds.session_token);
	check_json_stages(&v, &all, v.query.data, c);
	headers_done(&all);
	sign_copy(&v, &all);
	assert_string_equal(headers_get(&all, "Authorization"),
	    json_get_str(c, "authorization"));
	headers_done(&all);
	vector_done(&v);
}

static int
each_case(const char *name, void (*check)(const struct json *c))
{
	char *path = xasprintf("%s/tests/vectors/sigv4/%s", top_dir(), name);
	struct json *root = read_json(path);
	const struct json *c;
	int n = 0;

	for (c = json_first(root); c != NULL; c = json_next(c), n++)
		check(c);
	print_message("# %s: %d cases\n", name, n);
	json_free(root);
	free(path);
	return n;
}

static void
agrees_with_the_examples_of_s3(void **state)
{
	(void)state;
	assert_int_equal(
	    each_case("s3-doc-examples.json", check_doc_case), DOC_CASES);
}

static void
agrees_with_other_signers_on_awkward_requests(void **state)
{
	(void)state;
	assert_int_equal(
	    each_case("aws-services-derived.json", check_derived_case),
	    DERIVED_CASES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(agrees_with_the_suite_of_aws_in_both_forms),
	    cmocka_unit_test(agrees_with_the_examples_of_s3),
	    cmocka_unit_test(agrees_with_other_signers_on_awkward_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
