/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request of S3 is about: bucket and key from the path, or from the
 * Host header (virtual-host style), and the parameters of its query.
 */
#ifndef LOCAL_S3TARGET_H
#define LOCAL_S3TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "net/header.h"

struct s3target_param {
	char *name;
	char *value;
};

struct s3target {
	char *bucket; /* NULL: the service itself */
	char *key; /* NULL: the bucket itself */
	struct s3target_param *params;
	size_t n;
	/* The headers, and what a presigned URL says in its query in place of
	 * a header: x-amz-checksum-mode and the like. */
	struct headers fields;
};

/*
 * `host` is the Host header, `own_host` the one we listen on, of which
 * bucket.own_host is virtual-host style, as is bucket.localhost. On failure
 * err->remote_code is the code that S3 would answer with.
 */
int s3target_parse(const char *path, const char *query, const char *host,
    const char *own_host, struct s3target *out, struct error *err);
/* Fill t->fields, also of one that is all zero. */
void s3target_hear(
    struct s3target *t, const struct headers *headers, bool presigned);
void s3target_done(struct s3target *t);

/* The first value of a parameter, "" where it has none, or NULL. */
const char *s3target_param(const struct s3target *t, const char *name);

#endif
