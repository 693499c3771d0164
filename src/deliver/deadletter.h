/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said of a delivery that was given up: an event of its own, in the
 * shape of all others (payload.h), that carries what was to be delivered.
 */
#ifndef DELIVER_DEADLETTER_H
#define DELIVER_DEADLETTER_H

#include <stddef.h>

#include "job/delivery.h"
#include "job/job.h"

#define DEADLETTER_EVENT "delivery.failed"

/* A longer original is left out, and the event says so. */
#define DEADLETTER_ORIGINAL_MAX ((size_t)512 * 1024)

struct deadletter {
	const struct delivery *dead; /* DEAD, as it is written down */
	const struct attempt *last; /* what ended it */
	const struct job *job;
	const void *body; /* of dead->body_size bytes; NULL: by reference */
};

/*
 * Freeze the event's bytes in `to`, which is about `dead`, as to->format has
 * it: {"type", "timestamp", "data": {delivery, job, endpoint, target, event,
 * attempts, created_at, ended_at, note, status, response, content_type, size,
 * sha256, original | original_base64 | original_location |
 * original_omitted}}, each where there is one; or that data, alone or in a
 * CloudEvent. The same always gives the same bytes.
 */
void deadletter_fill(struct delivery *to, const struct deadletter *what);

#endif
