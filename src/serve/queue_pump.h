/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One queue: asked by long polls, more of them at once while they come back
 * full; each message is rung, and what becomes of it there follows from the
 * doorbell's verdict:
 *   taken, a copy, of no job of ours: deleted
 *   not storable now: given back, to come again soon
 *   senseless: left for others and for the queue's redrive policy, longer each
 *     time it comes
 * A queue that shows nothing but what could not be deleted, or given back, is
 * asked less and less often, down to once in the time of a long poll.
 */
#ifndef SERVE_QUEUE_PUMP_H
#define SERVE_QUEUE_PUMP_H

#include <stdbool.h>

#include "aws/sns_verify.h"
#include "base/error.h"
#include "serve/doorbell.h"
#include "serve/service.h"

#define QUEUE_PUMP_RECEIVES_MAX 8
/* Received, and not at their end: no more are asked for then. */
#define QUEUE_PUMP_LETTERS_MAX 500

struct queue_pump;

/* The verifier is of the topics of [sns], borrowed; or NULL. */
int queue_pump_new(const struct service *service, struct doorbell *doorbell,
    struct sns_verifier *verifier, const char *queue_url,
    struct queue_pump **out, struct error *err);
void queue_pump_start(struct queue_pump *p);

/* Long polls are broken off; what was received comes to its end. */
void queue_pump_drain(struct queue_pump *p);
bool queue_pump_busy(const struct queue_pump *p);

/* The doorbell may still tell of letters: they end without us. */
void queue_pump_free(struct queue_pump *p);

#endif
