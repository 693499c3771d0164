/* SPDX-License-Identifier: Apache-2.0 */
/* When, where and how a job is looked at, and what that teaches. */
#include "engine/look.h"

#include "base/clock.h"
#include "base/random.h"
#include "engine/core.h"
#include "engine/doubt.h"
#include "engine/learn.h"
#include "engine/settle.h"
#include "engine/sweep.h"
#include "engine/times.h"

/* What is this old had the time to be rung for; the server's clock counts in
 * seconds. */
#define BELL_MS 3000

/* For differences within 49 days; never 0, which is "not in this process". */
static uint32_t
short_now(void)
{
	return (uint32_t)clock_mono_ms() | 1;
}

/* --- when ----------------------------------------------------------- */

/* Since the submission that is waited for. */
static int64_t
age_of(const struct job *job)
{
	const struct submission *s = job_last_submission(job);

	return job->state == JOB_PENDING ? times_since_end(s)
					 : times_since_intent(s);
}

static struct habit_job
waiter(const struct work *w)
{
	return (struct habit_job){
	    .warmth = (enum warmth)w->wait.warmth,
	    .passed = w->wait.passed,
	};
}

void
look_lasts(struct work *w, struct habit *h, int64_t ms)
{
	struct habit_job job = waiter(w);

	if (!w->wait.watched)
		return;
	habit_waits(h, &job, ms);
	w->wait.passed = job.passed;
}

/* What it lived through while nobody looked is not counted. */
static void
lives_on(struct work *w)
{
	struct habit *h = learn_habit(w);
	int64_t ms;

	if (w->job->state != JOB_PENDING || h == NULL)
		return;
	ms = times_since_intent(job_last_submission(w->job));
	if (!w->wait.watched) {
		w->wait.passed = curve_passed(ms);
		w->wait.watched = true;
	} else {
		look_lasts(w, h, ms);
	}
}

const struct survival *
look_known(const struct work *w, double *price_ms)
{
	struct habit *h = learn_habit(w);
	const struct survival *known;
	struct engine_policy policy;

	if (w->job->state != JOB_PENDING || h == NULL)
		return NULL;
	engine_policy_of(w, &policy);
	known =
	    habit_known(h, (enum warmth)w->wait.warmth, &policy.plan, price_ms);
	if (known != NULL)
		*price_ms *= sweep_look_price(w);
	return known;
}

/* What its endpoint's habits tell of it, if anything. */
static void
recall(const struct work *w, struct plan_now *now)
{
	now->known = look_known(w, &now->price_ms);
	if (now->known == NULL)
		return;
	now->ran_ms = times_since_intent(job_last_submission(w->job));
	now->silent_ms = habit_silent_ms(learn_habit(w));
}

static int64_t
delay_ms(struct work *w, const struct plan *plan, int64_t left_ms)
{
	struct plan_now now = {
	    .age_ms = age_of(w->job),
	    .left_ms = left_ms,
	    .unit = random_unit(),
	};
	enum plan_why why;
	int64_t delay;

	recall(w, &now);
	delay = plan_delay_ms(plan, &now, &why);
	w->wait.why = (uint8_t)why;
	return delay;
}

/* Where nothing is known of its like the first look is at both places. */
static void
begin_round(struct work *w, const struct plan *plan)
{
	struct habit *h = learn_habit(w);
	unsigned every = h != NULL ? habit_failure_every(h) : 1;
	double unused;

	w->wait.failure_at = short_now();
	w->wait.skipped = (uint8_t)(every - 1);
	w->wait.passed = 0;
	w->wait.watched = true;
	if (h == NULL)
		return;
	w->wait.warmth = (uint8_t)habit_warmth(h);
	if (habit_known(h, (enum warmth)w->wait.warmth, plan, &unused) != NULL)
		w->wait.skipped = 0;
}

int64_t
look_first_ms(struct work *w)
{
	struct engine_policy policy;
	int64_t left = times_left(w->job);

	engine_policy_of(w, &policy);
	begin_round(w, &policy.plan);
	return delay_ms(w, &policy.plan, left > 0 ? left : 1);
}

int64_t
look_next_ms(struct work *w, int64_t left_ms)
{
	struct engine_policy policy;

	engine_policy_of(w, &policy);
	lives_on(w);
	return delay_ms(w, &policy.plan, left_ms > 0 ? left_ms : INT64_MAX);
}

/* --- where ---------------------------------------------------------- */

int64_t
look_failure_ms(const struct work *w)
{
	return (int64_t)(short_now() - w->wait.failure_at);
}

/* By what is known, or as so many looks were not for it. */
static bool
is_worth_it(const struct work *w, const struct plan *plan, int64_t since_ms)
{
	const struct habit *h = learn_habit(w);
	struct plan_now now = {0};

	if (h == NULL)
		return true;
	recall(w, &now);
	if (now.known == NULL || plan->interval_ms > 0)
		return w->wait.skipped + 1U >= habit_failure_every(h);
	return plan_failure_due(plan, &now, habit_failing(h), since_ms);
}

static bool
wants_failure(const struct work *w)
{
	int64_t since = look_failure_ms(w);
	struct engine_policy policy;

	engine_policy_of(w, &policy);
	return w->job->state != JOB_PENDING || w->cause != LOOK_PLANNED ||
	    w->wait.failure_at == 0 || since >= policy.plan.max_ms ||
	    doubt_left_ms(w) <= 0 || sweep_hides_failure(w) ||
	    is_worth_it(w, &policy.plan, since);
}

bool
look_begin(struct work *w)
{
	bool failure = wants_failure(w);

	w->step->look.alone = w->shown != 0 && w->cause == LOOK_LISTED &&
	    !w->is_late && doubt_left_ms(w) > 0;
	if (w->wait.looks < UINT16_MAX)
		w->wait.looks++;
	if (failure) {
		w->wait.skipped = 0;
		w->wait.failure_at = short_now();
	} else {
		w->wait.skipped++;
	}
	return failure;
}

/* --- how ------------------------------------------------------------ */

bool
look_gets(const struct work *w, int64_t *max)
{
	const struct habit *h = learn_habit(w);
	int64_t p90 = h != NULL ? habit_size_p90(h) : -1;

	if (w->is_late || (h != NULL && h->heads_only))
		return false;
	/* What a listing shows is there. */
	if (p90 == -1 && w->cause != LOOK_LISTED)
		return false;
	*max = settle_wants(w);
	return *max >= 0 && p90 <= *max;
}

void
look_heads_only(struct work *w)
{
	struct habit *h = learn_habit(w);

	if (h != NULL)
		h->heads_only = true;
}

/* --- what is found -------------------------------------------------- */

void
look_saw(struct work *w, const struct submission *s, const struct s3_object *o)
{
	int64_t age = -1;

	if (o->server_at != -1 && o->modified_at != -1)
		age = o->server_at > o->modified_at
		    ? o->server_at - o->modified_at
		    : 0;
	w->step->look.age_ms = age;
	w->step->look.took_ms = times_since_intent(s);
	w->step->look.size = o->size;
	/* When a foreign request was made nobody knows. */
	if (job_is_foreign(w->job))
		w->step->look.took_ms = -1;
	else if (age > 0)
		w->step->look.took_ms -=
		    age < w->step->look.took_ms ? age : w->step->look.took_ms;
}

/* What lay there while nobody looked tells nothing of bells. */
static void
learn_bell(const struct work *w, struct habit *h)
{
	struct engine_policy policy;

	engine_policy_of(w, &policy);
	if (w->cause == LOOK_RUNG)
		habit_bell(h, BELL_RANG);
	else if (w->step->look.age_ms <= 2 * policy.plan.max_ms)
		habit_bell(h,
		    w->step->look.age_ms >= BELL_MS ? BELL_MISSED
						    : BELL_SILENT);
}

void
look_found(struct work *w, bool failed)
{
	const struct engine_options *o = engine_options_of(w);
	struct engine_found found = {
	    .cause = (enum look_cause)w->cause,
	    .looks = w->wait.looks,
	    .delay_ms = w->step->look.age_ms,
	};
	struct habit *h = learn_new_habit(w);
	const struct habit_job job = waiter(w);

	/* Another may ring before the move is on disk. */
	w->step->look.found = true;
	w->step->look.cause = w->cause;
	if (failed)
		habit_failure(h);
	else if (w->step->look.took_ms >= 0 && w->wait.watched)
		habit_result(
		    h, &job, w->step->look.took_ms, w->step->look.size);
	learn_bell(w, h);
	learn_keep(w);
	if (o->found != NULL)
		o->found(&found, o->event_arg);
}
