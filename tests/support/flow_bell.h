/* SPDX-License-Identifier: Apache-2.0 */
/* Flows with notifications, which ring the real doorbell. For tests that also
 * use flow.h. */
#ifndef TESTS_FLOW_BELL_H
#define TESTS_FLOW_BELL_H

#include "serve/doorbell.h"
#include "tests/support/flow.h"

#define BELL_TOPIC "arn:aws:sns:us-east-1:123456789012:ended"

/* What SageMaker says; zeros are as it says it of submission 1 of the last
 * job, just now. */
struct says {
	unsigned n;
	const char *inference_id;
	const char *endpoint;
	const char *failure; /* the reason; NULL: it was completed */
	const char *place; /* of what it left, or NULL */
	int64_t event_at;
	const char *message_id; /* else one that nobody had */
	const char *topic; /* NULL: BELL_TOPIC */
	int64_t remember_ms; /* as of struct doorbell_note */
	bool unverified;
};

/* It is rung for, and all that can happen at once does. */
enum doorbell_verdict bell_says(struct says s);

/* The same with any text, genuine. */
enum doorbell_verdict bell_text(const char *message_id, const char *text);

/* S3 says that an object appeared. */
enum doorbell_verdict bell_event(const char *bucket, const char *key);

/* Does it name a job that is here? Nothing else is done. */
bool bell_expects(struct says s);
bool bell_expects_text(const char *text);

/* Rung for, and not waited for. */
void bell_begin(struct says s);

/* So often it was said in this world, which began with the last restart. */
unsigned bell_count(enum doorbell_verdict verdict);

/* The process is about to end, or has ended. */
void bell_restart(void);

#endif
