/* SPDX-License-Identifier: Apache-2.0 */
/* Exponential backoff written as a share of the age; then the learned rule. */
#include "engine/plan.h"

#include <math.h>
#include <stddef.h>

#define AGE_SHARE 0.3
#define JITTER 0.2
#define LATE_FIRST_MS 60000
#define LATE_MAX_MS 3600000

/* Whatever is wished, no job costs more, or less. */
#define LOOKS_MAX 1000.0
#define LOOKS_MIN 1.5
/* Of one reckoning; what comes behind it is rare. */
#define STEPS_MAX 4000
#define PRICE_MIN 1.0
#define PRICE_MAX 1e8
#define HALVINGS 24

/* Below the longest by the jitter, as in base/backoff.c, so that of those who
 * wait longest not half come in one instant. */
static double
spread_longest(const struct plan *plan, double unit)
{
	return (double)plan->max_ms / (1 + JITTER) *
	    (1 + JITTER * (2 * unit - 1));
}

/* Who wants to hear sooner than the first delay may look sooner. */
static double
least(const struct plan *plan)
{
	int64_t ms = plan->start_ms;

	if (plan->delay_ms > 0 && plan->delay_ms < ms)
		ms = plan->delay_ms;
	return (double)(ms < plan->max_ms ? ms : plan->max_ms);
}

/* From one look at that age to the next one; INFINITY: no use. */
static double
learned_gap(const struct plan *plan, const struct survival *known, double age,
    double price)
{
	double gap = survival_reach(known->s, age, price) - age;

	return gap > least(plan) ? gap : least(plan);
}

/* --- the price ------------------------------------------------------ */

void
plan_cost(const struct plan *plan, const struct survival *known, double price,
    struct plan_cost *out)
{
	double at = 0, s = 1, max = (double)plan->max_ms / (1 + JITTER), gap;
	unsigned i;

	out->looks = out->delay_ms = 0;
	for (i = 0; i < STEPS_MAX && s > 0 && out->looks <= LOOKS_MAX; i++) {
		gap = learned_gap(plan, known, at, price);
		if (gap > max)
			gap = max;
		out->looks += s;
		out->delay_ms +=
		    s * survival_accrued(known->seen, at, at + gap);
		at += gap;
		s = survival_at(known->seen, at);
	}
}

/* More than was wished for, so that a look must be dearer? */
static bool
too_cheap(const struct plan *plan, const struct survival *known, double price)
{
	struct plan_cost cost;

	plan_cost(plan, known, price, &cost);
	if (cost.looks > LOOKS_MAX)
		return true;
	if (plan->delay_ms > 0)
		return cost.delay_ms < (double)plan->delay_ms;
	return cost.looks >
	    (plan->requests > LOOKS_MIN ? plan->requests : LOOKS_MIN);
}

double
plan_price(const struct plan *plan, const struct survival *known)
{
	double low = PRICE_MIN, high = PRICE_MAX, middle;
	unsigned i;

	for (i = 0; i < HALVINGS; i++) {
		middle = sqrt(low * high);
		if (too_cheap(plan, known, middle))
			low = middle;
		else
			high = middle;
	}
	return sqrt(low * high);
}

/* --- the next look -------------------------------------------------- */

static double
backoff(const struct plan *plan, const struct plan_now *now, enum plan_why *why)
{
	double delay = AGE_SHARE * (double)now->age_ms;

	*why = PLAN_BACKOFF;
	if (delay < (double)plan->start_ms)
		delay = (double)plan->start_ms;
	delay *= 1 + JITTER * (2 * now->unit - 1);
	if (delay <= spread_longest(plan, now->unit))
		return delay;
	*why = PLAN_LONGEST;
	return spread_longest(plan, now->unit);
}

int64_t
plan_overdue_ms(int64_t silent_ms)
{
	return (int64_t)(AGE_SHARE * (double)silent_ms);
}

/* Of this job, or of all of its endpoint. */
static double
overdue_gap(const struct plan_now *now)
{
	double behind = (double)now->ran_ms - now->known->end_ms;

	return AGE_SHARE * fmax(behind, (double)now->silent_ms);
}

static double
learned(const struct plan *plan, const struct plan_now *now, enum plan_why *why)
{
	double gap =
	    learned_gap(plan, now->known, (double)now->ran_ms, now->price_ms);
	double overdue = overdue_gap(now);

	*why = PLAN_LEARNED;
	if (gap < overdue) {
		gap = overdue * (1 + JITTER * (2 * now->unit - 1));
		*why = PLAN_OVERDUE;
	}
	if (gap <= (double)plan->max_ms / (1 + JITTER))
		return gap;
	*why = PLAN_LONGEST;
	return spread_longest(plan, now->unit);
}

int64_t
plan_delay_ms(
    const struct plan *plan, const struct plan_now *now, enum plan_why *why)
{
	enum plan_why ignored;
	double delay;

	if (why == NULL)
		why = &ignored;
	*why = PLAN_INTERVAL;
	if (plan->interval_ms > 0)
		delay = (double)plan->interval_ms;
	else if (now->known != NULL)
		delay = learned(plan, now, why);
	else
		delay = backoff(plan, now, why);
	if (delay > (double)now->left_ms) {
		delay = (double)now->left_ms;
		*why = PLAN_END;
	}
	return delay < 1 ? 1 : (int64_t)delay;
}

/*
 * The same rule: of all whose output is not there some have failed since, and
 * more and more of them the older they are. They come together with looks at
 * the output, so the nearest of these is taken; and where the least time
 * between two of them makes these dearer, so are they.
 */
bool
plan_failure_due(const struct plan *plan, const struct plan_now *now,
    double share, int64_t since_ms)
{
	const double *s = now->known->s;
	double at = (double)now->ran_ms, last = at - (double)since_ms;
	double gap = fmax(
	    overdue_gap(now), learned_gap(plan, now->known, at, now->price_ms));
	double s0 = survival_at(s, last), price;

	if (!isfinite(gap))
		return true;
	price = fmax(now->price_ms, survival_accrued(s, at, at + gap));
	return share * s0 * survival_accrued(s, last, at + gap / 2) >=
	    price * ((1 - share) * survival_at(s, at) + share * s0);
}

int64_t
plan_late_ms(int64_t age_ms)
{
	/* At 1, 4, 13, 40 minutes: each is three times the one before. */
	if (age_ms <= 0)
		return LATE_FIRST_MS;
	if (age_ms >= LATE_MAX_MS / 2)
		return LATE_MAX_MS;
	return LATE_FIRST_MS + 2 * age_ms;
}
