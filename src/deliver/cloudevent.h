/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The context attributes of a delivery as a CloudEvent 1.0, the same in header
 * fields (binary mode) and in JSON (structured mode), and the same at every
 * attempt.
 * https://github.com/cloudevents/spec, cloudevents/spec.md and
 * cloudevents/bindings/http-protocol-binding.md
 */
#ifndef DELIVER_CLOUDEVENT_H
#define DELIVER_CLOUDEVENT_H

#include "base/buf.h"
#include "base/timefmt.h"
#include "job/delivery.h"
#include "job/job.h"

#define CLOUDEVENT_SPECVERSION "1.0"

/* The content type of the structured mode. */
#define CLOUDEVENT_TYPE "application/cloudevents+json"

struct cloudevent {
	const char *id; /* the delivery's, as in webhook-id */
	char *source; /* "/awaitd/REGION/ENDPOINT", each percent-encoded */
	const char *type; /* the event's, such as "inference.completed" */
	const char *subject; /* the job's id */
	char time[TIMEFMT_ISO_SIZE]; /* when it happened */
};

/* Borrows from both. */
void cloudevent_init(struct cloudevent *ce, const struct delivery *delivery,
    const struct job *job);
void cloudevent_done(struct cloudevent *ce);

/*
 * A value as a header field has it, appended: blank, '"', '%' and all that is
 * not printable ASCII become %XX, byte by byte (http-protocol-binding.md,
 * 3.1.3.2).
 */
int cloudevent_encode(struct buf *out, const char *value);

#endif
