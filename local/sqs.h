/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues, as Amazon SQS has its standard ones: made, filled, received from by
 * long polling with a visibility timeout, emptied, and what is received too
 * often put into a dead-letter queue. The AWS JSON protocol 1.0 alone; the
 * query protocol of former days is not spoken.
 *
 * A message is durable with the transaction that sends it, and so is that it
 * was received, or deleted, before the answer says so.
 * Source: Amazon SQS API reference.
 */
#ifndef LOCAL_SQS_H
#define LOCAL_SQS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/loop.h"
#include "aws/sigv4_verify.h"
#include "local/call.h"
#include "local/conf.h"
#include "local/db.h"
#include "local/fault.h"

struct sqs;

/* All borrowed for its life. */
struct sqs_options {
	struct loop *loop;
	struct db *db;
	struct faults *faults;
	const struct sigv4_clients *auth;
	const struct conf *conf; /* region, account, queues */
};

/* Makes, or changes, the queues of the configuration. */
int sqs_new(
    const struct sqs_options *options, struct sqs **out, struct error *err);
void sqs_free(struct sqs *s);
/* base_url as in sns.h; it begins the URLs of queues. */
void sqs_start(struct sqs *s, const char *base_url);
/* Whoever waits is answered without a message. */
void sqs_stop(struct sqs *s);

/* arn:aws:sqs:REGION:ACCOUNT:NAME of a queue that is there: 1, 0 or -1. */
int sqs_has(struct sqs *s, const char *arn, struct error *err);
/* The caller's. */
char *sqs_arn(const struct sqs *s, const char *name);

/*
 * Send a message into the open transaction (db.h). With `faulty` it is lost,
 * doubled, delayed and put behind the next one on demand (fault.h, the ARN as
 * topic). ERR_NOT_FOUND where there is no such queue.
 */
int sqs_post(struct sqs *s, const char *arn, const char *body, bool faulty,
    struct error *err);

/* Takes the call, whose claim is of the service "sqs"; answers it. */
void sqs_request(struct sqs *s, struct call *c);

#endif
