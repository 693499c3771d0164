/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a request that is a document: read whole, its digests checked. */
#ifndef LOCAL_S3BODY_H
#define LOCAL_S3BODY_H

#include <stdbool.h>

#include "base/buf.h"
#include "local/call.h"
#include "local/s3.h"
#include "local/s3target.h"

/* Answers the call. `text` is borrowed. */
typedef void s3body_fn(
    struct s3 *s, struct call *c, const char *bucket, const struct buf *text);

/*
 * Takes the call; fn is called once, later, unless the body is refused or the
 * client leaves. must_digest: without Content-MD5 or a checksum it is refused.
 */
void s3body_take(struct s3 *s, struct call *c, const struct s3target *t,
    bool must_digest, s3body_fn *fn);

#endif
