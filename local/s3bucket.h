/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buckets: made, asked for, listed, and what is in them (ListObjectsV2).
 * Source: these operations, S3 API reference.
 */
#ifndef LOCAL_S3BUCKET_H
#define LOCAL_S3BUCKET_H

#include "local/call.h"
#include "local/s3.h"
#include "local/s3target.h"

/* Each takes the call, which is authenticated, and answers it; t is only read
 * before it returns. All but the first two are of a bucket that exists. */
void s3bucket_create(struct s3 *s, struct call *c, const struct s3target *t);
void s3bucket_list(struct s3 *s, struct call *c, const struct s3target *t);
void s3bucket_head(struct s3 *s, struct call *c);
void s3bucket_location(struct s3 *s, struct call *c);
void s3bucket_objects(struct s3 *s, struct call *c, const struct s3target *t);

#endif
