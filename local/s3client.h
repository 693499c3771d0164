/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two requests that we make of another S3: an object read, an object
 * written. When to try again is the caller's affair.
 * Sources: GetObject, PutObject and "Error responses", S3 API reference.
 */
#ifndef LOCAL_S3CLIENT_H
#define LOCAL_S3CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"
#include "local/conf.h"
#include "net/http_client.h"

struct s3client;

/* Both are borrowed for its life; conf's endpoint is set. */
int s3client_new(struct http_client *http, const struct conf_s3 *conf,
    struct s3client **out, struct error *err);
void s3client_free(struct s3client *c);

struct s3client_get {
	const char *bucket;
	const char *key; /* as it is, not encoded */
	http_head_fn *head; /* or NULL */
	http_sink_fn *sink;
	void *arg; /* of both */
};

struct s3client_put {
	const char *bucket;
	const char *key;
	const char *content_type; /* or NULL */
	int fd; /* open until done; read from its beginning */
	int64_t size;
	const unsigned char *sha256; /* of HASH_SHA256_SIZE bytes */
	const unsigned char *md5; /* of HASH_MD5_SIZE bytes */
};

/* done as of http_start: any status is an answer, see s3client_check. */
int s3client_get(struct s3client *c, const struct s3client_get *g,
    http_done_fn *done, void *arg, struct http_call **out, struct error *err);
int s3client_put(struct s3client *c, const struct s3client_put *p,
    http_done_fn *done, void *arg, struct http_call **out, struct error *err);

/*
 * 0 where the answer is that it was done. Otherwise ERR_NOT_FOUND (404),
 * ERR_AUTH (we may not), ERR_THROTTLED and ERR_REMOTE (later; retryable), or
 * ERR_REFUSED (what our configuration could change), with a hint, S3's code
 * and the status.
 */
int s3client_check(const struct http_response *r, struct error *err);

/* The path of a request: for tests of its form. The caller's. */
char *s3client_path(
    const struct s3client *c, const char *bucket, const char *key);

#endif
