/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS Signature Version 4, in three stages that can be called alone: the
 * canonical request, the string to sign, the signature. The time is an input.
 * Source: "Create a signed AWS API request", IAM user guide; S3's deviations
 * from "Authenticating Requests (AWS Signature Version 4)", S3 API reference.
 *
 * Derived keys are kept in one place without a lock: one thread signs.
 * A request that cannot be signed is ERR_USAGE or, too long, ERR_LIMIT.
 */
#ifndef AWS_SIGV4_H
#define AWS_SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "net/header.h"

#define SIGV4_ALGORITHM "AWS4-HMAC-SHA256"
#define SIGV4_UNSIGNED_PAYLOAD "UNSIGNED-PAYLOAD"
#define SIGV4_EMPTY_SHA256 \
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* Where and when a signature holds. All strings are borrowed. */
struct sigv4_scope {
	const char *region;
	const char *service; /* "s3", "sagemaker", … */
	int64_t at; /* instant, wall clock */
};

/*
 * A request as it goes over the wire. Every header in `headers` is signed, so
 * it holds just what must be: host, x-amz-*, content-type and the like.
 */
struct sigv4_request {
	const char *method;
	const char *path; /* as sent, before '?'; "" counts as "/" */
	const char *query; /* as sent, without '?'; may be "" */
	const struct headers *headers;
	const char *payload_hash; /* hex SHA-256 or UNSIGNED-PAYLOAD */
	/* S3 signs the path as it is; every other service normalizes it (RFC
	 * 3986, 5.2.4) and encodes it a second time. */
	bool path_as_is;
	bool no_normalize; /* with path_as_is false: encode again only */
};

struct sigv4_credentials {
	const char *access_key;
	const char *secret_key;
	const char *session_token; /* or NULL */
};

/* Stage 1. *signed_headers gets "host;x-amz-date;…". Both are appended. */
int sigv4_canonical_request(const struct sigv4_request *r, struct buf *out,
    struct buf *signed_headers, struct error *err);

/* Stage 2. */
void sigv4_string_to_sign(const struct sigv4_scope *scope,
    const char *canonical_request, size_t len, struct buf *out);

/* Stage 3: lower-case hex. The derived key of a day is kept and used again. */
void sigv4_signature(const struct sigv4_credentials *creds,
    const struct sigv4_scope *scope, const char *string_to_sign, size_t len,
    char out[HASH_SHA256_HEX_SIZE]);

/* "20130524/us-east-1/s3/aws4_request", appended. */
void sigv4_credential_scope(const struct sigv4_scope *scope, struct buf *out);

/*
 * All three: adds X-Amz-Date, X-Amz-Security-Token (with a session token) and
 * Authorization to `headers`, which must already hold Host and all else that
 * is to be signed; r->headers is ignored, `headers` is used instead.
 */
int sigv4_sign(const struct sigv4_credentials *creds,
    const struct sigv4_scope *scope, const struct sigv4_request *r,
    struct headers *headers, struct error *err);

/*
 * The same as a query string, for a presigned URL that holds for expires_s
 * seconds (1 to 604,800). Appends the whole new query to `query_out`.
 */
int sigv4_presign(const struct sigv4_credentials *creds,
    const struct sigv4_scope *scope, const struct sigv4_request *r,
    int64_t expires_s, struct buf *query_out, struct error *err);

/* Forget derived keys; called before exit, and by tests. */
void sigv4_forget_keys(void);

#endif
