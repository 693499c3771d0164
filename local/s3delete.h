/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DeleteObjects: up to 1,000 keys in one request, and in one transaction.
 * Source: DeleteObjects, S3 API reference.
 */
#ifndef LOCAL_S3DELETE_H
#define LOCAL_S3DELETE_H

#include "base/buf.h"
#include "local/call.h"
#include "local/s3.h"

/* A s3body_fn: takes the call with its whole body, answers it. */
void s3delete_run(
    struct s3 *s, struct call *c, const char *bucket, const struct buf *text);

#endif
