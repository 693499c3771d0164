/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What awaitd asks of Amazon SQS: receive by long polling, delete, give back.
 * AWS JSON protocol 1.0 (X-Amz-Target: AmazonSQS.ReceiveMessage, …).
 * Source: Amazon SQS API reference.
 */
#ifndef AWS_SQS_H
#define AWS_SQS_H

#include <stddef.h>
#include <stdint.h>

#include "aws/attribute.h"
#include "aws/call.h"
#include "base/error.h"

struct sqs; /* one queue */
struct sqs_call;

#define SQS_BATCH_MAX 10

/* The region is that of the URL's host, or the SDKs'. A queue at an endpoint
 * that was named (AWS_ENDPOINT_URL_SQS, …) is asked there. ERR_CONFIG. */
int sqs_new(struct aws_client *client, const char *profile,
    const char *queue_url, struct sqs **out, struct error *err);
void sqs_free(struct sqs *q);
/* That requests are signed for. Borrowed. */
const char *sqs_region(const struct sqs *q);

/* Borrowed for the length of the callback. */
struct sqs_message {
	const char *id; /* MessageId */
	const char *receipt; /* ReceiptHandle */
	const char *body; /* its MD5 was checked */
	size_t len;
	int64_t sent_at; /* SentTimestamp; -1: not said */
	unsigned receives; /* ApproximateReceiveCount; 0: not said */
};
typedef void sqs_received_fn(
    const struct sqs_message *v, size_t n, const struct error *err, void *arg);
/* Up to 10; waits so long for the first (0 to 20 s). Tried once: the caller has
 * a schedule of its own. */
int sqs_receive(struct sqs *q, int64_t wait_ms, sqs_received_fn *done,
    void *arg, struct sqs_call **out, struct error *err);

/* Of up to 10 receipts; `failed` counts those that were not deleted, and err is
 * NULL only where there are none. */
typedef void sqs_batch_fn(size_t failed, const struct error *err, void *arg);
int sqs_delete(struct sqs *q, const char *const *receipts, size_t n,
    sqs_batch_fn *done, void *arg, struct sqs_call **out, struct error *err);
/* Let others have them again in so many seconds (ChangeMessageVisibility). */
int sqs_release(struct sqs *q, const char *const *receipts, size_t n,
    unsigned seconds, sqs_batch_fn *done, void *arg, struct sqs_call **out,
    struct error *err);

typedef void sqs_attributes_fn(const struct aws_attribute *v, size_t n,
    const struct error *err, void *arg);
int sqs_get_attributes(struct sqs *q, sqs_attributes_fn *done, void *arg,
    struct sqs_call **out, struct error *err);

void sqs_cancel(struct sqs_call *call);

#endif
