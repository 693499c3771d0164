/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PutObject: a body streamed into a draft while everything the client said
 * about it is checked; only what holds becomes an object.
 */
#ifndef LOCAL_S3PUT_H
#define LOCAL_S3PUT_H

#include "local/call.h"
#include "local/s3.h"
#include "local/s3target.h"

/* Takes the call, which is authenticated; answers it. Bucket exists; t is only
 * read before this returns. */
void s3put_start(struct s3 *s, struct call *c, const struct s3target *t);

#endif
