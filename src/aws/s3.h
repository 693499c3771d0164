/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What awaitd asks of S3: is it there, give it to me, keep this. Objects are
 * named by s3:// URIs, since that is how results are named. Bodies stream.
 *
 * A HEAD or GET of a key that does not exist is answered 404 only where
 * s3:ListBucket is allowed, and 403 where it is not (S3 API reference,
 * HeadObject): ERR_AUTH here means "not there yet" as well as "not allowed".
 */
#ifndef AWS_S3_H
#define AWS_S3_H

#include <stdint.h>

#include "aws/call.h"
#include "aws/endpoint.h"
#include "base/error.h"
#include "net/http_client.h"

struct s3;
struct s3_call;

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

/* Both are borrowed and must outlive it. */
struct s3 *s3_new(
    struct aws_client *client, const struct aws_endpoint *endpoint);
void s3_free(struct s3 *s3);

int s3_head(struct s3 *s3, const char *uri, s3_done_fn *done, void *arg,
    struct s3_call **out, struct error *err);

/*
 * The object's bytes from `offset` on, to the sink. With if_match only that
 * version: a changed one is ERR_REFUSED, remote code PreconditionFailed. Done
 * with an object only where every announced byte came; object.size is that of
 * the whole object.
 */
struct s3_get {
	const char *uri;
	const char *if_match; /* or NULL */
	int64_t offset;
	http_sink_fn *sink;
	void *sink_arg;
};
int s3_get(struct s3 *s3, const struct s3_get *get, s3_done_fn *done, void *arg,
    struct s3_call **out, struct error *err);

/* A file's whole contents; fd must stay open till done. */
struct s3_put {
	const char *uri;
	const char *content_type; /* or NULL */
	int fd;
	int64_t len;
	const char *sha256; /* hex, of the contents */
};
int s3_put(struct s3 *s3, const struct s3_put *put, s3_done_fn *done, void *arg,
    struct s3_call **out, struct error *err);

/* done is not called any more. */
void s3_cancel(struct s3_call *call);

#endif
