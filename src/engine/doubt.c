/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In doubt, and too late. A request that may have been accepted is repeated
 * under other names once nothing came of it in a time in which something
 * should have, or, where a second run must not be, once the first can neither
 * begin nor go on.
 */
#include "engine/doubt.h"

#include "base/log.h"
#include "engine/again.h"
#include "engine/learn.h"
#include "engine/times.h"

#define DOUBTS_MAX 5
/* Behind a wait for what must be dead: for a look, and for another try. */
#define ANOTHER_TRY_MS ((int64_t)15 * 60 * 1000)

static unsigned
count(const struct job *job, enum submission_fate fate)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < job->nsubs; i++)
		n += job->subs[i].fate == fate;
	return n;
}

/* Until the last of them must be dead. */
static int64_t
all_dead_in(const struct job *job)
{
	int64_t most = 0, one;
	size_t i;

	for (i = 0; i < job->nsubs; i++) {
		if (job->subs[i].fate != SUB_DOUBT)
			continue;
		one = times_dead_in(job, &job->subs[i]);
		if (one > most)
			most = one;
	}
	return most;
}

static int64_t
grace_left(const struct work *w, const struct submission *s)
{
	struct engine_policy policy;
	int64_t grace = 2 * learn_p95_ms(w), dead, left;

	engine_policy_of(w, &policy);
	if (grace < policy.doubt_grace_ms)
		grace = policy.doubt_grace_ms;
	left = grace - times_since_end(s);
	/* What is dead need not be waited for, however slow others are. */
	dead = times_dead_in(w->job, s);
	return left > dead && grace > policy.doubt_grace_ms ? dead : left;
}

/* The service or the model said no, and nobody asks again. */
static bool
is_settled(const struct work *w)
{
	const struct submission *s = job_last_submission(w->job);
	const struct submission *failed = again_failed(w->job);

	return s->fate == SUB_REFUSED ||
	    (failed != NULL && again_delay_ms(w, failed->note) == 0);
}

void
doubt_make_room(struct work *w)
{
	int64_t need = all_dead_in(w->job) + ANOTHER_TRY_MS;

	if (w->job->spec.avoid_duplicates && job_in_doubt(w->job) &&
	    times_left(w->job) < need)
		times_set_deadline(w->job, need);
}

int64_t
doubt_left_ms(const struct work *w)
{
	const struct job *job = w->job;
	const struct submission *s = job_last_submission(job);
	int64_t left = times_left(job), dead = all_dead_in(job);

	if (job->state == JOB_PENDING)
		return left;
	if (job->spec.avoid_duplicates)
		return dead;
	if (is_settled(w))
		return left < dead ? left : dead;
	/* An earlier one is in doubt, and this one can go again at once. */
	return s->fate == SUB_DOUBT ? grace_left(w, s) : 0;
}

bool
doubt_too_late(const struct work *w)
{
	return times_left(w->job) <= 0;
}

void
doubt_expire(struct work *w)
{
	const struct submission *s = job_last_submission(w->job);
	const struct submission *failed = again_failed(w->job);
	struct step_result r = {
	    .verdict = VERDICT_DONE,
	    .next = JOB_DONE,
	    .outcome = OUTCOME_EXPIRED,
	    .error_code = "deadline",
	    .error_text = s != NULL && s->note != NULL
		? s->note
		: "it could not be submitted in time",
	};

	if (failed != NULL) {
		r.outcome = OUTCOME_FAILED;
		r.error_code = "model";
		r.error_text = failed->note;
	}
	engine_apply(w, &r);
}

/* Its words are on disk; the error itself may be of an earlier process. */
static void
fail_refused(struct work *w, const struct submission *s)
{
	struct step_result r = {
	    .verdict = VERDICT_DONE,
	    .next = JOB_DONE,
	    .outcome = OUTCOME_FAILED,
	    .error_code = "refused",
	    .error_text = s->note,
	};

	engine_apply(w, &r);
}

/* Somebody should find out what swallows the answers. */
static void
give_up(struct work *w, const struct submission *s)
{
	struct error err;
	struct step_result r = {
	    .verdict = VERDICT_FAIL,
	    .err = &err,
	    .error_code = "in-doubt",
	};

	err_set(&err, ERR_REMOTE, "%d submissions ended in doubt; the last: %s",
	    DOUBTS_MAX, s->note != NULL ? s->note : "no answer");
	log_begin(LOG_ERROR, "engine");
	log_str("job", w->id);
	log_str("endpoint", w->job->spec.endpoint);
	log_str("alarm", "in-doubt");
	log_err(&err);
	log_end();
	engine_apply(w, &r);
}

static void
log_resubmission(const struct work *w, const struct submission *s)
{
	log_begin(LOG_WARN, "engine");
	log_str("job", w->id);
	log_str("msg", "nothing came of the doubtful submission: resubmitting");
	log_int("submission", s->n + 1);
	log_end();
}

void
doubt_over(struct work *w)
{
	const struct submission *s = job_last_submission(w->job);

	if (s->fate == SUB_REFUSED) {
		fail_refused(w, s);
	} else if (doubt_too_late(w) || is_settled(w)) {
		doubt_expire(w);
	} else if (s->fate != SUB_DOUBT) {
		step_submit_now(w);
	} else if (count(w->job, SUB_DOUBT) >= DOUBTS_MAX ||
	    w->job->nsubs >= SUBMISSIONS_MAX) {
		give_up(w, s);
	} else {
		log_resubmission(w, s);
		step_submit_now(w);
	}
}
