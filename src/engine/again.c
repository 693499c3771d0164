/* SPDX-License-Identifier: Apache-2.0 */
/* Three more submissions at most, in growing distance. */
#include "engine/again.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/core.h"
#include "engine/reason.h"
#include "engine/times.h"

static const int64_t delays[] = {1000, 5000, 25000};

const struct submission *
again_failed(const struct job *job)
{
	size_t i;

	for (i = job->nsubs; i > 0; i--) {
		if (job->subs[i - 1].fate == SUB_FAILED)
			return &job->subs[i - 1];
	}
	return NULL;
}

static size_t
count_failed(const struct job *job)
{
	size_t n = 0, i;

	for (i = 0; i < job->nsubs; i++)
		n += job->subs[i].fate == SUB_FAILED;
	return n;
}

/* What is left of the time in which a job has to be accepted. */
static int64_t
queued_left(const struct job *job)
{
	return QUEUED_MAX_MS - times_since_intent(&job->subs[0]);
}

int64_t
again_delay_ms(const struct work *w, const char *text)
{
	const struct job *job = w->job;
	size_t failed = count_failed(job);

	if (job_is_foreign(job) || !job->spec.retry_failed || failed == 0 ||
	    failed > ARRAY_LEN(delays) || job->nsubs >= SUBMISSIONS_MAX ||
	    delays[failed - 1] >= queued_left(job) ||
	    !reason_passes(text, strlen(text)))
		return 0;
	return delays[failed - 1];
}

static void
on_recorded(struct work *w)
{
	struct step_result r = {
	    .verdict = VERDICT_HOLD,
	    .delay_ms = w->step->again_ms,
	};

	engine_apply(w, &r);
}

void
again_begin(struct work *w, const struct submission *s, int64_t delay_ms)
{
	struct step_result r = {
	    .verdict = VERDICT_DONE,
	    .next = JOB_QUEUED,
	    .submission = s->n,
	};

	log_begin(LOG_WARN, "engine");
	log_str("job", w->id);
	log_str("msg",
	    "the model failed for a reason that passes: it is asked again");
	log_int("submission", s->n);
	log_int("retry_ms", delay_ms);
	log_str("error", s->note);
	log_end();
	w->step->again_ms = delay_ms;
	times_set_deadline(w->job, queued_left(w->job));
	/* A doubtful one of which now the failure is known. */
	if (w->job->state == JOB_QUEUED)
		engine_record(w, s->n, on_recorded);
	else
		engine_apply(w, &r);
}

int64_t
again_adopted_ms(const struct job *job)
{
	const struct submission *s = job_last_submission(job);
	size_t failed = count_failed(job);

	if (job->state != JOB_QUEUED || s == NULL || s->fate != SUB_FAILED)
		return 0;
	return delays[failed <= ARRAY_LEN(delays) ? failed - 1 : 0];
}
