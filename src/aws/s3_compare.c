/* SPDX-License-Identifier: Apache-2.0 */
/* Is what lies there what was to be put there? */
#include <stdlib.h>
#include <string.h>

#include "aws/s3_inner.h"
#include "base/encode.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#define MD5_HEX_LEN (2 * (size_t)HASH_MD5_SIZE)

static int
is_another(const struct s3_call *call, const char *how, struct error *err)
{
	err_set(err, ERR_EXISTS,
	    "s3://%s/%s is there already and is another object: %s",
	    call->bucket, call->key, how);
	return err_hint(err,
	    "Nothing was written over it. Find out who put it there, and "
	    "remove it.");
}

/* --- the file ------------------------------------------------------- */

static void
on_piece(const void *data, size_t len, void *arg)
{
	struct s3_call *call = arg;

	if (call->hash != NULL)
		hash_update(call->hash, data, len);
	else
		s3sum_update(call->sum, data, len);
}

static int
check_sum(struct s3_call *call, struct error *err)
{
	char hex[MD5_HEX_LEN + 1];
	unsigned char digest[HASH_MD5_SIZE];
	struct error ignored;

	if (call->hash == NULL) {
		if (s3sum_check(call->sum, &ignored) == 0)
			return 0;
		return is_another(call, s3sum_algorithm(call->sum), err);
	}
	hash_final(call->hash, digest);
	encode_hex(digest, sizeof(digest), hex);
	if (strncmp(call->etag + 1, hex, MD5_HEX_LEN) == 0)
		return 0;
	return is_another(call, "MD5", err);
}

static void
tell_same(struct s3_call *call)
{
	struct s3_object o = {
	    .etag = call->etag,
	    .content_type = "",
	    .size = call->file_len,
	    .modified_at = -1,
	    .server_at = -1,
	};

	call->done(&o, NULL, call->arg);
}

static void
on_read(const struct error *err, void *arg)
{
	struct s3_call *call = arg;
	struct error e;

	call->file = NULL;
	if (err == NULL && check_sum(call, &e) == -1)
		err = &e;
	if (err != NULL)
		s3_call_done(call, NULL, err);
	else
		tell_same(call);
	s3_call_free(call);
}

/* --- the object ----------------------------------------------------- */

/* The ETag of an object in one part is its MD5, unless a key of KMS or of the
 * customer encrypts it ("Object", S3 API reference). */
static bool
etag_is_md5(const struct http_response *r, const char *etag)
{
	const char *sse =
	    headers_get(&r->headers, "x-amz-server-side-encryption");

	return strlen(etag) == MD5_HEX_LEN + 2 && etag[0] == '"' &&
	    strspn(etag + 1, "0123456789abcdef") == MD5_HEX_LEN &&
	    (sse == NULL || str_eq(sse, "AES256")) &&
	    headers_get(&r->headers,
		"x-amz-server-side-encryption-customer-algorithm") == NULL;
}

static bool
on_headed(struct s3_call *call, const struct http_response *r,
    const struct error *err)
{
	const char *etag;
	struct error e;

	if (r != NULL && http_response_length(r) != call->file_len) {
		is_another(call, "it has another size", &e);
		err = &e;
	}
	if (err != NULL) {
		s3_call_done(call, NULL, err);
		return true;
	}
	etag = headers_get(&r->headers, "etag");
	call->etag = xstrdup(etag != NULL ? etag : "");
	s3sum_begin(call->sum, &r->headers);
	if (s3sum_algorithm(call->sum) == NULL) {
		/* The store tells nothing else but the size. */
		if (!etag_is_md5(r, call->etag)) {
			tell_same(call);
			return true;
		}
		call->hash = hash_new(HASH_MD5);
	}
	call->file = s3file_read(aws_client_loop(call->s3->client),
	    call->request.body_fd, call->file_len, on_piece, on_read, call);
	return false;
}

int
s3_compare(struct s3 *s3, const struct s3_put *put, s3_done_fn *done, void *arg,
    struct s3_call **out, struct error *err)
{
	struct s3_call *call = s3_call_new(s3, &put->ref, 0, on_headed, err);

	if (call == NULL)
		return -1;
	call->done = done;
	call->arg = arg;
	call->sum = s3sum_new();
	call->own_sum = true;
	call->file_len = put->len;
	call->request = (struct aws_request){
	    .what = "HeadObject",
	    .method = "HEAD",
	    .body_fd = put->fd,
	    .timeout_ms = S3_SHORT_TIMEOUT_MS,
	};
	if (s3->sums.verify)
		headers_add(&call->headers, "x-amz-checksum-mode", "ENABLED");
	return s3_call_launch(call, out, err);
}
