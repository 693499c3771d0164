/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event notifications of S3: which objects appeared. Hints, nothing more: they
 * come at least once, in any order, late or never.
 * Source: "Event message structure", S3 user guide (versions 2.x); keys are
 * URL-encoded as in a form.
 */
#ifndef AWS_S3EVENT_H
#define AWS_S3EVENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/json.h"

#define S3EVENT_RECORDS_MAX 1000

struct s3event {
	char **created; /* s3://bucket/key, decoded, of ObjectCreated:* */
	size_t n;
	size_t others; /* records of other events */
	bool is_test; /* s3:TestEvent */
};

/* ERR_NOT_FOUND: it is no such event; ERR_PROTOCOL: it is, and senseless.
 * EventBridge's "Object Created" is understood, too. */
int s3event_read(
    const struct json *doc, struct s3event *out, struct error *err);
void s3event_done(struct s3event *e);

#endif
