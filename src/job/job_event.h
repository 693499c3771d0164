/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened to a job or to a delivery of it: a row of the log that the
 * store writes, with what a listener wants to know of both. Of a job the
 * members are final where the event says so (an outcome with job.done); what
 * was forgotten meanwhile is left out.
 */
#ifndef JOB_JOB_EVENT_H
#define JOB_JOB_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "job/attempt.h"
#include "job/delivery.h"
#include "job/job.h"
#include "job/jobid.h"

/* Kept in the store: numbers are never given another meaning. */
enum job_event_type {
	EVENT_NONE, /* in no row: nothing moved; in a list: a damaged one */
	EVENT_JOB_QUEUED, /* it is new, or is asked for again */
	EVENT_JOB_ACCEPTED,
	EVENT_JOB_DONE,
	EVENT_JOB_LATE, /* its result came behind the deadline */
	EVENT_JOB_WITHDRAWN, /* it was never accepted, and is none any more */
	EVENT_DELIVERY_FAILED, /* an attempt; another follows */
	EVENT_DELIVERY_DELIVERED,
	EVENT_DELIVERY_DEAD,
	EVENT_DELIVERY_REPLAYED,
	EVENT_TYPES,
};

struct job_event {
	/* The row. */
	int64_t seq; /* never given twice, rising in the order of commits */
	int64_t at;
	enum job_event_type type;
	char job[JOBID_SIZE];
	char delivery[DELIVERY_ID_SIZE]; /* "": it is the job's */
	unsigned n; /* submissions so far, or the attempt */

	/* Of the job; NULL and NONE where it is not there any more. */
	char *endpoint;
	char *tags; /* as job/tags.h has them */
	enum job_outcome outcome; /* DONE and LATE only, as the next */
	char *error_code;

	/* Of the delivery, and of its attempt n. */
	char *target;
	char *event; /* what it tells of, "inference.completed" */
	int status; /* of the attempt, or ATTEMPT_NO_STATUS */
	char *note; /* what went wrong, or NULL */
	char *error_class;
};

void job_event_free(struct job_event *e);

/* "job.done"; NULL of EVENT_NONE. */
const char *job_event_name(enum job_event_type type);

/* Of a delivery, not of the job itself. */
bool job_event_of_delivery(enum job_event_type type);

/* What its job, or its delivery, had come to by it: "done", "waiting". */
const char *job_event_state(enum job_event_type type);

#endif
