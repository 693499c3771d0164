/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GetObject, HeadObject and DeleteObject. PutObject is in s3put.c.
 * Source: these operations, S3 API reference.
 */
#ifndef LOCAL_S3OBJECT_H
#define LOCAL_S3OBJECT_H

#include "local/call.h"
#include "local/s3.h"
#include "local/s3target.h"

/* Each takes the call, which is authenticated, and answers it. The bucket
 * exists; t is only read before it returns. */
void s3object_get(struct s3 *s, struct call *c, const struct s3target *t);
void s3object_delete(struct s3 *s, struct call *c, const struct s3target *t);

#endif
