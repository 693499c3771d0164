/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event notifications of our own buckets: what appears and goes is told to
 * queues and topics, in the transaction in which it does.
 * Source: "Event message structure", S3 user guide.
 */
#ifndef LOCAL_S3EVENTS_H
#define LOCAL_S3EVENTS_H

#include "base/error.h"
#include "local/call.h"
#include "local/conf.h"
#include "local/db.h"
#include "local/s3.h"
#include "local/sns.h"
#include "local/sqs.h"

struct s3events;

/* All borrowed for its life. */
struct s3events_options {
	struct db *db;
	struct sns *sns;
	struct sqs *sqs;
	const struct conf *conf; /* region, account, [bucket NAME] */
};

/* Sets what the configuration says of buckets. */
int s3events_new(const struct s3events_options *options, struct s3events **out,
    struct error *err);
void s3events_free(struct s3events *e);

/* An objects_hook_fn; arg is the s3events. */
int s3events_tell(const char *name, const char *bucket, const char *key,
    const struct db_object *o, void *arg, struct error *err);

/* Each takes the call, which is authenticated and of a bucket that is there,
 * and answers it. The first is an s3body_fn. */
void s3events_put(
    struct s3 *s, struct call *c, const char *bucket, const struct buf *text);
void s3events_get(struct s3 *s, struct call *c, const char *bucket);

#endif
