/* SPDX-License-Identifier: Apache-2.0 */
/* Into memory, with a cap. */
#include "local/s3body.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "local/s3answer.h"
#include "local/s3digest.h"

/* 1,000 keys of 1,024 bytes, some of them written as references. */
#define BODY_MAX ((int64_t)4 * 1024 * 1024)

struct body {
	struct s3 *s3;
	struct call *call;
	char *bucket;
	struct buf text;
	struct s3digest digest;
	s3body_fn *fn;
};

static void
body_free(void *arg)
{
	struct body *b = arg;

	free(b->bucket);
	buf_done(&b->text);
	s3digest_done(&b->digest);
	free(b);
}

static void
refuse(struct body *b, const char *code, const char *text)
{
	call_on_gone(b->call, NULL, NULL);
	s3answer_text(b->call, code, text);
	body_free(b);
}

static int
on_data(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	struct body *b = arg;

	(void)x;
	s3digest_update(&b->digest, data, len);
	return buf_append(&b->text, data, len);
}

static void
on_end(struct http_exchange *x, void *arg)
{
	struct body *b = arg;
	struct error err = {0};
	struct buf ignored;
	int rc;

	(void)x;
	buf_init(&ignored, 256);
	rc = s3digest_finish(&b->digest, NULL, &ignored, &err);
	buf_done(&ignored);
	if (rc == -1) {
		refuse(b, err.remote_code, err.text);
		return;
	}
	call_on_gone(b->call, NULL, NULL);
	b->fn(b->s3, b->call, b->bucket, &b->text);
	body_free(b);
}

static void
on_toolarge(struct http_exchange *x, void *arg)
{
	(void)x;
	refuse(arg, "MaxMessageLengthExceeded", NULL);
}

/* 0, or -1 with S3's code. */
static int
read_headers(struct body *b, const struct headers *h, bool must_digest,
    struct error *err)
{
	const char *sha256 = headers_get(h, "x-amz-content-sha256");

	if (s3digest_init(&b->digest, h, false, err) == -1)
		return -1;
	if (sha256 != NULL && str_starts(sha256, "STREAMING-"))
		return s3answer_bad(err, "NotImplemented",
		    "A document is not taken in aws-chunked.");
	if (sha256 != NULL && !s3digest_hash_ok(sha256))
		return s3answer_bad(
		    err, "InvalidArgument", S3DIGEST_HASH_WRONG);
	if (must_digest && !s3digest_given(&b->digest))
		return s3answer_bad(err, "InvalidRequest",
		    "Missing required header for this request: Content-MD5");
	return 0;
}

void
s3body_take(struct s3 *s, struct call *c, const struct s3target *t,
    bool must_digest, s3body_fn *fn)
{
	static const struct http_body_sink sink = {
	    .max = BODY_MAX,
	    .data = on_data,
	    .end = on_end,
	    .toolarge = on_toolarge,
	};
	struct body *b = xcalloc(1, sizeof(*b));
	struct error err = {0};

	b->s3 = s;
	b->call = c;
	b->bucket = xstrdup(t->bucket);
	b->fn = fn;
	buf_init(&b->text, (size_t)BODY_MAX);
	if (read_headers(b, &t->fields, must_digest, &err) == -1) {
		refuse(b, err.remote_code, err.text);
		return;
	}
	call_on_gone(c, body_free, b);
	http_body(c->x, &sink, b);
}
