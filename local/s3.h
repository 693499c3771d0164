/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The object store's API, path style and virtual-host style: who asks, and for
 * what. The verbs are in s3object.c, s3put.c, s3delete.c and s3bucket.c.
 * Source: Amazon S3 API reference.
 */
#ifndef LOCAL_S3_H
#define LOCAL_S3_H

#include <stdint.h>

#include "aws/sigv4_verify.h"
#include "local/call.h"
#include "local/db.h"
#include "local/objects.h"

struct s3events;

/* All borrowed for the life of the program. */
struct s3 {
	const struct sigv4_clients *auth;
	struct db *db;
	struct objects *objects;
	const char *host; /* that we listen on */
	const char *account; /* the owner of every bucket */
	int64_t max_object;
	struct s3events *events;
};

/* Takes the call, whose claim has been read; answers it. */
void s3_request(struct s3 *s, struct call *c);

#endif
