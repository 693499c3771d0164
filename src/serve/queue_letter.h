/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a message of SQS: what SNS put into its envelope, or else the
 * notification itself (raw delivery; events of S3). The envelope is believed
 * as far as the queue is: whoever may write to it may ring.
 * Source: "Fanout to Amazon SQS queues", SNS developer guide.
 */
#ifndef SERVE_QUEUE_LETTER_H
#define SERVE_QUEUE_LETTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

enum queue_letter_kind {
	QUEUE_LETTER_BARE, /* no envelope: the body is the text */
	QUEUE_LETTER_NOTIFICATION,
	QUEUE_LETTER_CONFIRMATION, /* a subscription waits for it */
};

struct queue_letter {
	enum queue_letter_kind kind;
	const char *text; /* borrowed of the body, or of what is read here */
	size_t len;
	const char *message_id; /* SNS's, or NULL */
	const char *topic; /* or NULL */
	int64_t sent_at; /* SNS's Timestamp; -1: not said */
	/* It says that an inference failed: who says so matters then. */
	bool failure;
	struct json *envelope; /* or NULL */
};

/* The body must last as long as the letter (queue_letter_done). */
void queue_letter_read(const char *body, size_t len, struct queue_letter *out);
void queue_letter_done(struct queue_letter *l);

#endif
