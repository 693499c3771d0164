/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What awaitd-local reads from anybody: aws-chunked bodies, paths and queries,
 * continuation tokens, Authorization headers, presigned queries, ranges, small
 * documents. The first byte chooses.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "aws/sigv4_verify.h"
#include "local/chunked.h"
#include "local/s3cond.h"
#include "local/s3list.h"
#include "local/s3target.h"
#include "local/validate.h"
#include "local/xmlread.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
hold(bool promise)
{
	if (!promise)
		abort();
}

static int
take(const void *data, size_t len, void *arg, struct error *err)
{
	(void)err;
	return buf_append(arg, data, len);
}

static int
decode(const char *text, size_t len, size_t piece, bool signed_chunks,
    struct buf *out)
{
	struct chunked_options o = {
	    .signed_chunks = signed_chunks,
	    .trailers = true,
	    .length = 64,
	    .seed = SIGV4_EMPTY_SHA256,
	    .scope = {"r", "s3", 0},
	    .credentials = {"a", "s", NULL},
	    .data = take,
	    .arg = out,
	};
	struct chunked *c = chunked_new(&o);
	struct error err = {0};
	int rc = 0;
	size_t i;

	for (i = 0; rc == 0 && i < len; i += piece)
		rc = chunked_feed(
		    c, text + i, len - i < piece ? len - i : piece, &err);
	if (rc == 0)
		rc = chunked_finish(c, &err);
	chunked_free(c);
	hold(out->len <= 64);
	hold(rc == -1 || out->len == 64);
	return rc;
}

static void
try_chunked(const char *text, size_t len, bool signed_chunks)
{
	struct buf whole, pieces;
	int rc;

	buf_init(&whole, 4096);
	buf_init(&pieces, 4096);
	rc = decode(text, len, len + 1, signed_chunks, &whole);
	hold(rc == decode(text, len, 1, signed_chunks, &pieces));
	hold(rc == -1 || memcmp(whole.data, pieces.data, 64) == 0);
	buf_done(&whole);
	buf_done(&pieces);
}

static int
no_seek(void *arg, const char *from, size_t len, struct error *err)
{
	(void)arg;
	(void)err;
	hold(from[len] == '\0');
	return 0;
}

static int
no_key(void *arg, struct db_entry *out, struct error *err)
{
	(void)arg;
	(void)out;
	(void)err;
	return 0;
}

static void
try_target(char *text)
{
	struct s3list_source source = {no_seek, no_key, NULL};
	char *query = strchr(text, '?');
	struct error err = {0};
	struct s3target t;
	struct s3list l;
	struct buf page;

	if (query != NULL)
		*query++ = '\0';
	else
		query = text + strlen(text);
	if (s3target_parse(text, query, "abc.localhost", "h", &t, &err) == -1) {
		hold(err.remote_code[0] != '\0');
		return;
	}
	hold(t.key == NULL || (strlen(t.key) >= 1 && strlen(t.key) <= 1024));
	buf_init(&page, 1024 * 1024);
	if (s3list_parse(&t, &l, &err) == 0)
		s3list_write(&l, &source, &page, &err);
	buf_done(&page);
	s3target_done(&t);
}

static void
try_auth(const char *text)
{
	static const struct sigv4_user users[] = {{"u", "a", "s", NULL, true}};
	static const struct sigv4_clients auth = {users, 1, "r"};
	struct sigv4_received r = {"GET", "/", "", NULL, SIGV4_EMPTY_SHA256};
	struct sigv4_claim c;
	struct headers h;

	headers_init(&h);
	headers_add(&h, "authorization", text);
	headers_add(&h, "host", "h");
	headers_add(&h, "x-amz-date", "20130524T000000Z");
	sigv4_claim_init(&c);
	r.headers = &h;
	if (sigv4_claim_parse(&h, "", &c) == SIGV4_OK &&
	    sigv4_admit(&auth, "s3", &h, c.at, &c) == SIGV4_OK)
		sigv4_verify(&c, &r);
	sigv4_claim_done(&c);
	headers_done(&h);
}

static void
try_range(const char *text)
{
	int64_t offset = -1, len = -1;
	struct headers h;

	if (s3cond_parse_range(text, 100, &offset, &len) == S3COND_PART)
		hold(offset >= 0 && len > 0 && offset + len <= 100);
	headers_init(&h);
	headers_add(&h, "if-match", text);
	headers_add(&h, "if-none-match", text);
	headers_add(&h, "if-modified-since", text);
	s3cond_check(&h, "etag", 0);
	headers_done(&h);
}

static void
try_members(const char *text)
{
	struct validate_members m = {
	    text, text, text, text, text, text, text, text, text, text, 0};
	struct validate_numbers n;
	struct buf b;

	buf_init(&b, 64 * 1024);
	hold((validate_request(&m, &n, &b) == VALIDATE_OK) == (b.len == 0));
	buf_done(&b);
}

/* What is taken is complete, and no signature is guessed. */
static void
try_presigned(const char *query)
{
	static const struct sigv4_user users[] = {{"u", "a", "s", NULL, true}};
	static const struct sigv4_clients auth = {users, 1, "r"};
	struct sigv4_received r = {
	    "GET", "/b/k", query, NULL, SIGV4_UNSIGNED_PAYLOAD};
	struct s3target t = {0};
	struct error err = {0};
	struct sigv4_claim c;
	struct headers h;

	headers_init(&h);
	headers_add(&h, "host", "h");
	sigv4_claim_init(&c);
	r.headers = &h;
	if (sigv4_claim_parse(&h, query, &c) == SIGV4_OK) {
		hold(c.form == SIGV4_FORM_QUERY && c.at != -1);
		hold(c.expires_s >= 1 && c.expires_s <= 604800);
		hold(strlen(c.signature) == SIGV4_SIGNATURE_SIZE - 1);
		hold(sigv4_admit(&auth, "sagemaker", &h, c.at, &c) ==
		    SIGV4_PRESIGNED);
		if (sigv4_admit(&auth, "s3", &h, c.at, &c) == SIGV4_OK)
			hold(!c.token && sigv4_verify(&c, &r) != SIGV4_OK);
	}
	if (s3target_parse("/b-b/k", query, "h", "h", &t, &err) == 0)
		s3target_hear(&t, &h, true);
	hold(headers_count(&t.fields, "host") <= 1);
	s3target_done(&t);
	sigv4_claim_done(&c);
	headers_done(&h);
}

static int
see_element(const char *path, const char *text, void *arg, struct error *err)
{
	(void)err;
	hold(path[0] == '/' && path[1] != '\0');
	hold(str_is_text(text, strlen(text)));
	return ++*(int *)arg > 1000 ? -1 : 0;
}

static void
try_document(const char *text, size_t len)
{
	struct error err = {0};
	int n = 0;

	hold(xmlread(text, len, see_element, &n, &err) == -1 || n > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size == 0 || size > 8192)
		return 0;
	text = xstrndup((const char *)data + 1, size - 1);
	switch (data[0] % 8) {
	case 0:
	case 1:
		try_chunked((const char *)data + 1, size - 1, data[0] % 8);
		break;
	case 2:
		try_target(text);
		break;
	case 3:
		try_auth(text);
		break;
	case 4:
		try_range(text);
		break;
	case 5:
		try_members(text);
		break;
	case 6:
		try_presigned(text);
		break;
	case 7:
		try_document((const char *)data + 1, size - 1);
		break;
	}
	free(text);
	return 0;
}
