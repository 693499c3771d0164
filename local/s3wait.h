/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call that is answered when a transaction is durable. What was asked for is
 * done even where the client has left meanwhile.
 */
#ifndef LOCAL_S3WAIT_H
#define LOCAL_S3WAIT_H

#include "base/buf.h"
#include "base/error.h"
#include "local/call.h"

struct s3wait {
	struct call *call; /* NULL: the client has left */
	int status;
	char *location; /* header of the answer, or NULL */
	struct buf document; /* its body, XML; none where it is empty */
};

/* Ends with s3wait_committed. */
struct s3wait *s3wait_new(struct call *c, int status);

/* A db_commit_fn; arg is the s3wait, which is gone then. */
void s3wait_committed(const struct error *err, void *arg);

#endif
