/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a job is, and how it may move.
 *
 *           accepted           output, failure or deadline seen
 *  QUEUED ----------> PENDING ---------------------------------> DONE
 *     | ^---------------' the model failed and is asked again      ^
 *     |  refused for good, cancelled, or found while in doubt      |
 *     `------------------------------------------------------------'
 *
 * DONE is final. Being worked on, in doubt and late are attributes of a job,
 * not states: a crash needs no repair.
 */
#ifndef JOB_JOB_H
#define JOB_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "job/delivery.h"
#include "job/job_spec.h"
#include "job/jobid.h"
#include "job/submission.h"

enum job_state {
	JOB_QUEUED, /* not known to be accepted by the service */
	JOB_PENDING, /* accepted; the result is waited for */
	JOB_DONE, /* see the outcome */
};

enum job_outcome {
	OUTCOME_NONE, /* until DONE */
	OUTCOME_OK, /* the output is there */
	OUTCOME_FAILED, /* the model failed, or the service refused */
	OUTCOME_EXPIRED, /* the deadline passed without an answer */
	OUTCOME_CANCELLED, /* given up by its owner */
};

struct job {
	/* Kept in the store. Change only with a migration. */
	char id[JOBID_SIZE];
	int64_t created_at;
	struct job_spec spec;
	enum job_state state;
	enum job_outcome outcome;
	int64_t epoch; /* fences commits of a former owner */
	int64_t submitted_at;
	int64_t deadline_at; /* of the current state */
	int64_t deadline_mono; /* the same by the monotonic clock … */
	int64_t boot; /* … of this boot */
	int64_t completed_at;
	struct submission *subs;
	size_t nsubs;
	/* Of the submission that won. */
	char *result_location;
	char *result_etag;
	char *result_type;
	int64_t result_size;
	char *result_sha256; /* hex, where its bytes were read */
	char *error_code; /* short: "model", "refused", "deadline", … */
	char *error_text; /* the model's or the service's own words */
	/* A result that came after the job had expired: kept and announced,
	 * never swapped in. late_at 0: none. */
	int64_t late_at;
	char *late_location;
	char *late_etag;
	char *late_type;
	int64_t late_size;
	/* Made with DONE or with a late result, and stored with it. */
	struct delivery **deliveries;
	size_t ndeliveries;

	/* Only in memory. */
	unsigned polls;
	/* Only in answers, of one that waits: when it is looked at next. */
	int64_t next_look_at;
	char *next_look_why;
};

struct job *job_new(void); /* QUEUED, with an id, created now */
/* PENDING from the start: somebody else made the request, and has the answer
 * that names these places. No failure can be seen where that place is NULL. */
struct job *job_new_foreign(const char *output, const char *failure);
/* A copy of its own, its deliveries with their bodies included; without the
 * input's body where that is not needed. */
struct job *job_clone(const struct job *from, bool with_body);
void job_free(struct job *job);

/*
 * The only place that changes state and outcome; a move that the picture
 * above does not show ends the process.
 */
void job_move(struct job *job, enum job_state to, enum job_outcome outcome);

/* Add a delivery of this job. Takes it. */
void job_add_delivery(struct job *job, struct delivery *take_d);

/* Begin submission n + 1; the caller fills the names. Borrowed. */
struct submission *job_add_submission(struct job *job);
struct submission *job_last_submission(const struct job *job);

/* QUEUED, and a submission may have been accepted and nobody knows. */
bool job_in_doubt(const struct job *job);

/* Made by job_new_foreign(). */
bool job_is_foreign(const struct job *job);

/* A result can be looked for, of whichever submission. */
bool job_may_succeed(const struct job *job);

/* Below the prefix, where an input that we upload goes. The caller's. */
char *job_upload_place(const struct job *job, const char *prefix);

const char *job_state_name(enum job_state state);
const char *job_outcome_name(enum job_outcome outcome);

/* By the name. 0, or -1 with *out untouched. */
int job_state_parse(const char *name, enum job_state *out);
int job_outcome_parse(const char *name, enum job_outcome *out);

#endif
