/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said of a job that is DONE: the `event` payload, as Standard
 * Webhooks 1.0 recommends its shape (type, timestamp, data).
 */
#ifndef DELIVER_PAYLOAD_H
#define DELIVER_PAYLOAD_H

#include <stddef.h>

#include "base/buf.h"
#include "job/job.h"

/* "inference.completed", "…failed", "…expired" or "…cancelled"; of a job that
 * has a late result "…late", and all below tells of that one then. */
const char *payload_event_type(const struct job *job);

/*
 * {"type", "timestamp", "data": {job, inference_id, endpoint, outcome,
 * output_location, failure_location, content_type, size, sha256,
 * custom_attributes, submitted_at, completed_at, result | result_base64,
 * error: {code, message}}}, each where there is one. `result` is the output's
 * bytes or NULL for none; it is a string where the bytes are UTF-8 without NUL,
 * else base64. The same job always gives the same bytes. 0, or -1 where `out`
 * is full.
 */
int payload_event(
    struct buf *out, const struct job *job, const void *result, size_t len);

/*
 * Members of the event that are not simply the job's. Borrowed, or NULL: the
 * id of the submission that decided; where the output is, or where a job that
 * is neither ok nor failed may still get one; where the failure object is, or
 * may be.
 */
const char *payload_inference_id(const struct job *job);
const char *payload_output_location(const struct job *job);
const char *payload_failure_location(const struct job *job);

/* What a handler reads of a job that is not ok: the error's own words. */
const char *payload_words(const struct job *job);

#endif
