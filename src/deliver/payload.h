/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said of a job that is DONE: an account of it, as Standard Webhooks
 * 1.0 recommends its shape (type, timestamp, data), or as CloudEvents 1.0 has
 * it.
 */
#ifndef DELIVER_PAYLOAD_H
#define DELIVER_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "job/delivery.h"
#include "job/job.h"

/* "inference.completed", "…failed", "…expired" or "…cancelled"; of a job that
 * has a late result "…late", and all below tells of that one then. */
const char *payload_event_type(const struct job *job);

/* All that a delivery may tell of, a delivery that was given up included; NULL
 * behind the last. */
extern const char *const payload_event_types[];

/* What is said beside the job's own facts; all of it NULL or 0 for none. */
struct payload {
	const void *result; /* the output's bytes: part of it */
	size_t len;
	const char *result_url; /* presigned … */
	int64_t url_expires_at; /* … until then */
};

/*
 * {"type", "timestamp", "data": {job, inference_id, endpoint, outcome,
 * output_location, failure_location, content_type, size, sha256,
 * custom_attributes, tags, submitted_at, completed_at, result | result_base64,
 * result_url, result_url_expires_at, error: {code, message}}}, each where there
 * is one. The result is a string where the bytes are UTF-8 without NUL, else
 * base64. The same always gives the same bytes. 0, or -1 where `out` is full.
 */
int payload_event(
    struct buf *out, const struct job *job, const struct payload *p);

/* The data alone: the body of a CloudEvent in binary mode, which has the rest
 * in header fields. */
int payload_data(
    struct buf *out, const struct job *job, const struct payload *p);

/* A CloudEvent in structured mode: its attributes, and that data. */
int payload_cloudevent(struct buf *out, const struct job *job,
    const struct delivery *d, const struct payload *p);

/* There is a result that this job tells of: ok, or late. */
bool payload_has_result(const struct job *job);

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
