/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What SetQueueAttributes sets of a queue, with the service's limits and
 * defaults; kept as a JSON object of texts.
 * Source: SetQueueAttributes, Amazon SQS API reference.
 */
#ifndef LOCAL_SQS_SETTINGS_H
#define LOCAL_SQS_SETTINGS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"

#define SQS_MESSAGE_MAX 1048576
#define SQS_VISIBILITY_MAX_S 43200
#define SQS_NAME_MAX 80

enum sqs_number {
	SQS_DELAY,
	SQS_MAXIMUM_SIZE,
	SQS_RETENTION,
	SQS_WAIT,
	SQS_VISIBILITY,
	SQS_NUMBERS
};

struct sqs_settings {
	int64_t number[SQS_NUMBERS];
	int64_t max_receives; /* 0: no dead-letter queue */
	char *dead_letter_arn; /* or NULL */
	char *redrive_policy; /* as it was set, or NULL */
	char *policy; /* kept, and not judged; or NULL */
};

void sqs_settings_init(struct sqs_settings *s);
void sqs_settings_done(struct sqs_settings *s);

/* Each member of the object that is set, the others as they were. ERR_USAGE,
 * its remote_code one of InvalidAttributeName and InvalidAttributeValue. */
int sqs_settings_read(
    struct sqs_settings *s, const struct json *attributes, struct error *err);
/* As it is kept; the caller's. */
char *sqs_settings_text(const struct sqs_settings *s);
void sqs_settings_of_text(struct sqs_settings *s, const char *text);

const char *sqs_number_name(enum sqs_number n);

#endif
