/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What awaitd asks of S3, by s3:// URIs, as results are named. Bodies stream.
 *
 * A HEAD or GET of a key that does not exist is answered 404 only where
 * s3:ListBucket is allowed, and 403 where it is not (S3 API reference,
 * HeadObject): ERR_AUTH here means "not there yet" as well as "not allowed".
 *
 * The region of a bucket is learned: an answer that names another one (301 or
 * 400 with x-amz-bucket-region, 400 AuthorizationHeaderMalformed, 307) is
 * followed once, signed anew, and remembered, but for a 307, which passes.
 */
#ifndef AWS_S3_H
#define AWS_S3_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/call.h"
#include "aws/endpoint.h"
#include "aws/s3sum.h"
#include "base/error.h"
#include "net/http_client.h"

struct s3;
struct s3_call;

/* Which object, and whose bucket it has to be: with an owner (an account id, or
 * NULL) S3 answers 403 where the bucket belongs to another account. */
struct s3_ref {
	const char *uri;
	const char *owner;
};

/* Borrowed for the length of the callback. */
struct s3_object {
	const char *etag; /* with its quotes, or "" */
	const char *content_type;
	int64_t size;
	int64_t modified_at; /* the server's, whole seconds; -1: not said */
	int64_t server_at; /* its Date, on the same clock; -1: not said */
};

typedef void s3_done_fn(
    const struct s3_object *object, const struct error *err, void *arg);

/* Told of an object before its first byte; -1 with *err breaks it off. */
typedef int s3_head_fn(
    const struct s3_object *object, void *arg, struct error *err);

/* Both are borrowed and must outlive it. */
struct s3_options {
	struct aws_client *client;
	const struct aws_endpoint *endpoint;
	struct s3sum_modes sums;
};
struct s3 *s3_new(const struct s3_options *options);
void s3_free(struct s3 *s3);

int s3_head(struct s3 *s3, const struct s3_ref *ref, s3_done_fn *done,
    void *arg, struct s3_call **out, struct error *err);

/*
 * The object's bytes from `offset` on, to the sink. With if_match only that
 * version: a changed one is ERR_REFUSED, remote code PreconditionFailed. Done
 * with an object only where every announced byte came and the checksum, which
 * is of whole objects, if one was announced, is right; object.size is that of
 * the whole. Not tried again once a byte came: that is engine/fetch.c's.
 */
struct s3_get {
	struct s3_ref ref;
	const char *if_match; /* or NULL */
	int64_t offset, end; /* before end; 0: to the object's */
	struct s3sum *sum; /* of a download in several ranges, kept by the
			      caller; NULL: of this one, where it is whole */
	s3_head_fn *head; /* or NULL; its arg is sink_arg */
	http_sink_fn *sink;
	void *sink_arg;
};
int s3_get(struct s3 *s3, const struct s3_get *get, s3_done_fn *done, void *arg,
    struct s3_call **out, struct error *err);

/*
 * A file's whole contents; fd must stay open till done. The file is read once
 * before, in slices, where its checksum is to be sent. A store that does not
 * know checksums or If-None-Match (NotImplemented) is asked without.
 */
struct s3_put {
	struct s3_ref ref;
	const char *content_type; /* or NULL */
	int fd;
	int64_t len;
	const char *sha256; /* hex, of the contents; NULL: not signed over
			       https, and found out first without */
	bool if_absent; /* If-None-Match: *; ERR_EXISTS where there is one */
};
int s3_put(struct s3 *s3, const struct s3_put *put, s3_done_fn *done, void *arg,
    struct s3_call **out, struct error *err);

/*
 * Is what lies there what was to be put there, say by a try whose answer was
 * lost? Done with an object (its size and ETag alone) where the sizes are the
 * same and, where the store tells one, the checksum, or the ETag that is an
 * MD5; else ERR_EXISTS.
 */
int s3_compare(struct s3 *s3, const struct s3_put *put, s3_done_fn *done,
    void *arg, struct s3_call **out, struct error *err);

/* What is not there is no error: S3 says the same of both. */
int s3_delete(struct s3 *s3, const struct s3_ref *ref, s3_done_fn *done,
    void *arg, struct s3_call **out, struct error *err);

struct s3_list { /* one page of ListObjectsV2, in UTF-8 byte order */
	struct s3_ref prefix; /* s3://bucket or s3://bucket/and-so-on */
	const char *start_after; /* a key, for the first page; or NULL */
	const char *continuation; /* of the page before, or NULL */
	int max_keys; /* 1 to 1,000; 0: the server's own */
	bool no_retry; /* the caller has a schedule of its own */
	int64_t timeout_ms; /* 0: a minute */
	size_t body_max; /* 0: as much as a page can be */
};
struct s3_list_item {
	const char *key; /* decoded */
	const char *etag;
	int64_t size;
	int64_t modified_at; /* -1: not said */
};
struct s3_listing {
	const struct s3_list_item *v;
	size_t n;
	const char *continuation; /* of the next page; NULL: this is the last */
};
typedef void s3_list_fn(
    const struct s3_listing *listing, const struct error *err, void *arg);
int s3_list(struct s3 *s3, const struct s3_list *list, s3_list_fn *done,
    void *arg, struct s3_call **out, struct error *err);

/*
 * A URL that gets the object without credentials, for expires_s seconds (1 to
 * 604,800) or as long as the credentials hold: *valid_s says which. Needs
 * credentials that are there (creds_cache_wait). Sends nothing, and the owner
 * is not looked at. *url is the caller's, and a secret while it is valid.
 */
int s3_presign(struct s3 *s3, const struct s3_ref *ref, int64_t expires_s,
    char **url, int64_t *valid_s, struct error *err);

void s3_pause(struct s3_call *call, bool paused); /* of a GET: http_pause */
void s3_cancel(struct s3_call *call); /* done is not called any more */

#endif
