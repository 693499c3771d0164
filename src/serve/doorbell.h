/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifications, whichever way they came: what they mean is read, what has to
 * outlive us is written down, and the jobs that they name are looked at. Who
 * sent one is told when it may be forgotten there: behind the commit.
 * Only for files of this folder.
 */
#ifndef SERVE_DOORBELL_H
#define SERVE_DOORBELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "serve/service.h"

struct doorbell;

struct doorbell *doorbell_new(const struct service *service);
/* Behind the store's close. Whoever still waits is told DOORBELL_FAILED. */
void doorbell_free(struct doorbell *b);

/* Which way it came, for metrics. */
enum doorbell_way {
	DOORBELL_SNS, /* it was posted */
	DOORBELL_SQS, /* it was in a queue */
};

struct doorbell_note {
	enum doorbell_way way;
	const char *source; /* ARN of the topic, or URL of the queue */
	const char *message_id; /* within the source */
	const char *text; /* SageMaker's, S3's, or anything */
	size_t len;
	int64_t sent_at; /* -1: not known */
	bool verified; /* SNS signed it: a failure that it tells is believed */
	int64_t remember_ms; /* a copy may come for so long; 0: a day */
};

enum doorbell_verdict {
	DOORBELL_TAKEN, /* on disk, where anything has to be */
	DOORBELL_COPY, /* it was taken before */
	DOORBELL_UNKNOWN, /* of no job of ours; counted */
	DOORBELL_SENSELESS, /* nothing that we understand; counted */
	DOORBELL_FAILED, /* not storable now: let it come again; err */
};
typedef void doorbell_done_fn(
    enum doorbell_verdict verdict, const struct error *err, void *arg);

/* Does it name a job that is here? Who forges notifications knows of none. No
 * more is done about it. */
bool doorbell_expects(struct doorbell *b, const struct doorbell_note *note);

/* The note is copied. `done` is called once, later. */
void doorbell_ring(struct doorbell *b, const struct doorbell_note *note,
    doorbell_done_fn *done, void *arg);

#endif
