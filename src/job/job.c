/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs, what belongs to them, and the table of legal moves. */
#include "job/job.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

static const bool legal[3][3] = {
    [JOB_QUEUED] = {[JOB_PENDING] = true, [JOB_DONE] = true},
    [JOB_PENDING] = {[JOB_DONE] = true, [JOB_QUEUED] = true},
};

struct job *
job_new(void)
{
	struct job *job = xcalloc(1, sizeof(*job));

	jobid_new(job->id);
	job->created_at = jobid_time(job->id);
	job->epoch = 1;
	return job;
}

struct job *
job_new_foreign(const char *output, const char *failure)
{
	struct job *job = job_new();
	struct submission *s = job_add_submission(job);

	job->spec.input = INPUT_FOREIGN;
	s->fate = SUB_ACCEPTED;
	s->output_location = xstrdup(output);
	s->failure_location = xstrdup_or_null(failure);
	job_move(job, JOB_PENDING, OUTCOME_NONE);
	return job;
}

bool
job_is_foreign(const struct job *job)
{
	return job->spec.input == INPUT_FOREIGN;
}

/* Every string, so that copying and freeing cannot forget one. */
/* clang-format off */
#define JOB_STRINGS(X)          \
	X(result_location)      \
	X(result_etag)          \
	X(result_type)          \
	X(result_sha256)        \
	X(error_code)           \
	X(error_text)           \
	X(late_location)        \
	X(late_etag)            \
	X(late_type)            \
	X(next_look_why)
/* clang-format on */

void
job_free(struct job *job)
{
	size_t i;

	if (job == NULL)
		return;
	job_spec_done(&job->spec);
	for (i = 0; i < job->nsubs; i++)
		submission_done(&job->subs[i]);
	free(job->subs);
	for (i = 0; i < job->ndeliveries; i++)
		delivery_free(job->deliveries[i]);
	free(job->deliveries);
#define FREE(name) free(job->name);
	JOB_STRINGS(FREE)
#undef FREE
	free(job);
}

struct job *
job_clone(const struct job *from, bool with_body)
{
	struct job *to = xmemdup(from, sizeof(*from));
	size_t i;

	job_spec_copy(&to->spec, &from->spec, with_body);
	to->subs = xcalloc(from->nsubs, sizeof(*to->subs));
	for (i = 0; i < from->nsubs; i++)
		submission_copy(&to->subs[i], &from->subs[i]);
	to->deliveries = xcalloc(from->ndeliveries, sizeof(struct delivery *));
	for (i = 0; i < from->ndeliveries; i++)
		to->deliveries[i] = delivery_clone(from->deliveries[i], true);
#define COPY(name) to->name = xstrdup_or_null(from->name);
	JOB_STRINGS(COPY)
#undef COPY
	return to;
}

void
job_move(struct job *job, enum job_state to, enum job_outcome outcome)
{
	if (!legal[job->state][to] ||
	    (to == JOB_DONE) != (outcome != OUTCOME_NONE))
		abort();
	job->state = to;
	job->outcome = outcome;
	if (to == JOB_PENDING)
		job->submitted_at = clock_wall_ms();
	else if (to == JOB_DONE)
		job->completed_at = clock_wall_ms();
}

void
job_add_delivery(struct job *job, struct delivery *take_d)
{
	if (!str_eq(take_d->job_id, job->id))
		abort();
	job->deliveries = xreallocarray(
	    job->deliveries, job->ndeliveries + 1, sizeof(struct delivery *));
	job->deliveries[job->ndeliveries++] = take_d;
}

struct submission *
job_add_submission(struct job *job)
{
	struct submission *s;

	if (job->nsubs >= SUBMISSIONS_MAX)
		abort();
	job->subs =
	    xreallocarray(job->subs, job->nsubs + 1, sizeof(*job->subs));
	s = &job->subs[job->nsubs++];
	memset(s, 0, sizeof(*s));
	s->n = (unsigned)job->nsubs;
	return s;
}

struct submission *
job_last_submission(const struct job *job)
{
	return job->nsubs > 0 ? &job->subs[job->nsubs - 1] : NULL;
}

bool
job_in_doubt(const struct job *job)
{
	size_t i;

	for (i = 0; i < job->nsubs && job->state == JOB_QUEUED; i++) {
		if (job->subs[i].fate == SUB_OPEN ||
		    job->subs[i].fate == SUB_DOUBT)
			return true;
	}
	return false;
}

bool
job_may_succeed(const struct job *job)
{
	size_t i;

	for (i = 0; i < job->nsubs; i++) {
		if (submission_output(&job->subs[i]) != NULL)
			return true;
	}
	return false;
}

char *
job_upload_place(const struct job *job, const char *prefix)
{
	size_t len = strlen(prefix);

	return xasprintf("%s%s%s", prefix,
	    len > 0 && prefix[len - 1] == '/' ? "" : "/", job->id);
}

const char *
job_state_name(enum job_state state)
{
	switch (state) {
	case JOB_QUEUED:
		return "queued";
	case JOB_PENDING:
		return "pending";
	case JOB_DONE:
		return "done";
	}
	abort();
}

const char *
job_outcome_name(enum job_outcome outcome)
{
	switch (outcome) {
	case OUTCOME_NONE:
		return "none";
	case OUTCOME_OK:
		return "ok";
	case OUTCOME_FAILED:
		return "failed";
	case OUTCOME_EXPIRED:
		return "expired";
	case OUTCOME_CANCELLED:
		return "cancelled";
	}
	abort();
}

int
job_state_parse(const char *name, enum job_state *out)
{
	enum job_state s;

	for (s = JOB_QUEUED; s <= JOB_DONE; s++) {
		if (str_eq(name, job_state_name(s))) {
			*out = s;
			return 0;
		}
	}
	return -1;
}

int
job_outcome_parse(const char *name, enum job_outcome *out)
{
	enum job_outcome o;

	for (o = OUTCOME_NONE; o <= OUTCOME_CANCELLED; o++) {
		if (str_eq(name, job_outcome_name(o))) {
			*out = o;
			return 0;
		}
	}
	return -1;
}
