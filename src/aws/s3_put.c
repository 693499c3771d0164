/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PUT. The checksum stands in a header, before the bytes, so the file is read
 * once before it is sent. What a store has not implemented is left out.
 */
#include <stdlib.h>
#include <string.h>

#include "aws/s3_inner.h"
#include "base/encode.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

/* As it is sent: with all that is wanted but what `without` says. */
static void
set_optional(struct s3_call *call)
{
	unsigned with = call->wants & ~call->without;
	char sum[S3SUM_CRC64NVME_SIZE];

	headers_remove(&call->headers, S3SUM_CRC64NVME);
	headers_remove(&call->headers, "If-None-Match");
	if (with & S3_PUT_SUM) {
		s3sum_format_crc64nvme(call->crc, sum);
		headers_add(&call->headers, S3SUM_CRC64NVME, sum);
	}
	if (with & S3_PUT_IF_ABSENT)
		headers_add(&call->headers, "If-None-Match", "*");
}

static int
send_put(struct s3_call *call, struct error *err)
{
	set_optional(call);
	call->redirected = false;
	return s3_call_send(call, err);
}

/* --- before --------------------------------------------------------- */

static void
on_piece(const void *data, size_t len, void *arg)
{
	struct s3_call *call = arg;

	if (call->wants & S3_PUT_SUM)
		call->crc = hash_crc64nvme(call->crc, data, len);
	if (call->hash != NULL)
		hash_update(call->hash, data, len);
}

static void
on_read(const struct error *err, void *arg)
{
	struct s3_call *call = arg;
	unsigned char digest[HASH_SHA256_SIZE];
	struct error e;

	call->file = NULL;
	if (err == NULL && call->hash != NULL) {
		hash_final(call->hash, digest);
		encode_hex(digest, sizeof(digest), call->sha256);
		call->request.file_sha256 = call->sha256;
	}
	if (err == NULL && send_put(call, &e) == 0)
		return;
	s3_call_done(call, NULL, err != NULL ? err : &e);
	s3_call_free(call);
}

/* --- behind --------------------------------------------------------- */

/* The next best that leaves out more of what is wanted; false: there is none.
 * Several may not know one, or the other, or both. */
static bool
leave_out(struct s3_call *call)
{
	unsigned without = call->without;

	do {
		without++;
	} while ((without & ~call->wants) != 0 && without <= call->wants);
	if (without > call->wants)
		return false;
	call->without = without;
	return true;
}

static bool
is_not_implemented(const struct error *err)
{
	return err->http_status == 501 ||
	    str_eq(err->remote_code, "NotImplemented");
}

static void
explain(const struct s3_call *call, struct error *e)
{
	/* Somebody else was writing there at the same time. */
	if (str_eq(e->remote_code, "ConditionalRequestConflict"))
		e->retryable = true;
	if (e->http_status == 412 && (call->wants & S3_PUT_IF_ABSENT))
		e->code = ERR_EXISTS;
}

static bool
on_put(struct s3_call *call, const struct http_response *r,
    const struct error *err)
{
	struct error e;

	if (r != NULL) {
		call->s3->without |= call->without;
		s3_call_done(call, r, NULL);
		return true;
	}
	e = *err;
	if (is_not_implemented(&e) && leave_out(call) &&
	    send_put(call, &e) == 0)
		return false;
	explain(call, &e);
	s3_call_done(call, NULL, &e);
	return true;
}

static unsigned
wants_of(const struct s3 *s3, const struct s3_put *put)
{
	unsigned wants = 0;

	/* What is left out from the start is not reckoned either. */
	if (s3->sums.send && !(s3->without & S3_PUT_SUM))
		wants |= S3_PUT_SUM;
	if (put->if_absent)
		wants |= S3_PUT_IF_ABSENT;
	return wants;
}

static void
fill_request(struct s3_call *call, const struct s3_put *put)
{
	call->request = (struct aws_request){
	    .what = "PutObject",
	    .method = "PUT",
	    .body_fd = put->fd,
	    .file_len = put->len,
	};
	if (put->sha256 != NULL && strlen(put->sha256) < sizeof(call->sha256)) {
		memcpy(call->sha256, put->sha256, strlen(put->sha256) + 1);
		call->request.file_sha256 = call->sha256;
	}
	if (!str_empty(put->content_type))
		headers_add(&call->headers, "Content-Type", put->content_type);
}

int
s3_put(struct s3 *s3, const struct s3_put *put, s3_done_fn *done, void *arg,
    struct s3_call **out, struct error *err)
{
	struct s3_call *call = s3_call_new(s3, &put->ref, 0, on_put, err);
	bool bare = !str_eq(s3->endpoint->scheme, "https");

	if (call == NULL)
		return -1;
	call->done = done;
	call->arg = arg;
	call->wants = wants_of(s3, put);
	call->without = s3->without & call->wants;
	fill_request(call, put);
	/* Nothing goes unsigned where anybody may change it on its way. */
	if (put->sha256 == NULL && bare)
		call->hash = hash_new(HASH_SHA256);
	if (call->hash != NULL || (call->wants & ~call->without & S3_PUT_SUM)) {
		call->file = s3file_read(aws_client_loop(s3->client), put->fd,
		    put->len, on_piece, on_read, call);
		*out = call;
		return 0;
	}
	set_optional(call);
	return s3_call_launch(call, out, err);
}
