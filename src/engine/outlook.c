/* SPDX-License-Identifier: Apache-2.0 */
/* When a job is looked at next, and why then. */
#include "engine/outlook.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "engine/core.h"
#include "engine/learn.h"
#include "engine/look.h"
#include "engine/sweep.h"
#include "engine/times.h"

/* Behind this share of missed notifications it is they that are waited for. */
#define RELIED_ON 0.2

__attribute__((format(printf, 2, 3))) static void
say(struct engine_outlook *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out->why, sizeof(out->why), fmt, ap);
	va_end(ap);
}

/* --- learned -------------------------------------------------------- */

static void
why_learned(const struct work *w, struct engine_outlook *out)
{
	struct habit *h = learn_habit(w);
	const struct survival *known;
	double ran, half, unused;

	say(out, "it is worth a request then");
	known = look_known(w, &unused);
	if (h == NULL || known == NULL)
		return;
	ran = (double)times_since_intent(job_last_submission(w->job));
	half = survival_quantile(known->s, ran, 0.5) - ran;
	if (!isfinite(half) || half <= 0)
		return;
	say(out,
	    "it is worth a request then: of results that take this long half "
	    "come within %.0f s more%s (%u are known)",
	    ceil(half / 1000),
	    habit_missed(h) < RELIED_ON ? ", and notifications come before"
					: "",
	    (unsigned)habit_results(h));
}

static void
why_backoff(const struct work *w, struct engine_outlook *out)
{
	const struct habit *h = learn_habit(w);

	say(out,
	    "each wait is three tenths of its age, while %u results of this "
	    "endpoint are known and %d are needed to learn from",
	    h != NULL ? (unsigned)habit_results(h) : 0, HABIT_ENOUGH);
}

static void
why_planned(const struct work *w, struct engine_outlook *out)
{
	struct engine_policy policy;

	engine_policy_of(w, &policy);
	switch ((enum plan_why)w->wait.why) {
	case PLAN_INTERVAL:
		say(out, "it is looked at every %g s, as poll_interval says",
		    (double)policy.plan.interval_ms / 1000);
		return;
	case PLAN_BACKOFF:
		why_backoff(w, out);
		return;
	case PLAN_LEARNED:
		why_learned(w, out);
		return;
	case PLAN_OVERDUE:
		say(out,
		    "three tenths of the time in which a result of this "
		    "endpoint should have come, and none did");
		return;
	case PLAN_LONGEST:
		say(out, "poll_max (%g s) is over then",
		    (double)policy.plan.max_ms / 1000);
		return;
	case PLAN_END:
		say(out, "its time is over then");
		return;
	}
	abort();
}

/* --- of which cause ------------------------------------------------- */

static void
why(const struct work *w, struct engine_outlook *out)
{
	switch ((enum look_cause)w->cause) {
	case LOOK_RUNG:
		say(out, "a notification came");
		return;
	case LOOK_LISTED:
		say(out, "a listing shows that something is there");
		return;
	case LOOK_PLANNED:
		break;
	}
	if (w->job->state == JOB_QUEUED)
		say(out,
		    "nobody knows whether the service has the request, so its "
		    "result is looked for before it is sent again");
	else if (w->wait.looks == 0 && !w->wait.watched)
		say(out, "it was taken up by a new process");
	else
		why_planned(w, out);
}

/* A listing, where that comes before a look of its own. */
static bool
is_listed_first(const struct work *w, struct engine_outlook *out)
{
	const char *folder;
	int64_t at, now = clock_mono_ms();

	if (w->cause != LOOK_PLANNED || w->job->state != JOB_PENDING ||
	    !sweep_outlook(w, &folder, &at) || at > w->entry.due_at)
		return false;
	/* What waits in its bucket's budget was due before. */
	out->look_at =
	    at == 0 ? 0 : clock_wall_ms() + (at > now ? at - now : 0);
	say(out,
	    "a listing looks for it and others, at less than their looks "
	    "cost");
	return true;
}

int
engine_outlook(
    const struct engine *e, const char *id, struct engine_outlook *out)
{
	struct work *w = work_find(e, id);
	const struct job *job = w != NULL ? work_read(w) : NULL;

	if (job == NULL || w->writing || e->draining ||
	    job->state == JOB_DONE ||
	    (job->state == JOB_QUEUED && !job_in_doubt(job)) ||
	    (w->entry.place == 0 && !w->running && w->queue == 0))
		return -1;
	out->look_at = 0;
	if (w->running) {
		say(out, "it is being looked at");
		return 0;
	}
	if (is_listed_first(w, out))
		return 0;
	out->look_at = clock_wall_ms();
	if (w->queue != 0) {
		say(out,
		    "its bucket has had as many requests as it gets "
		    "(bucket_requests_per_second)");
		return 0;
	}
	out->look_at += w->entry.due_at - clock_mono_ms();
	why(w, out);
	return 0;
}
