/* SPDX-License-Identifier: Apache-2.0 */
/*
 * [sqs] queue_url: queues that are asked by long polling for notifications of
 * SageMaker (through SNS, raw or wrapped) and events of S3 (direct, or through
 * SNS). A message is deleted only behind the commit.
 */
#ifndef SERVE_QUEUES_H
#define SERVE_QUEUES_H

#include <stdbool.h>

#include "base/error.h"
#include "serve/doorbell.h"
#include "serve/service.h"

struct queues;

/* *out is NULL where there are none. Nothing is received before the loop
 * runs. */
int queues_open(const struct service *service, struct doorbell *doorbell,
    struct queues **out, struct error *err);
/* No further receives; what was received is deleted or given back. */
void queues_drain(struct queues *q);
bool queues_busy(const struct queues *q);
void queues_free(struct queues *q);

#endif
