/* SPDX-License-Identifier: Apache-2.0 */
/* When a listing is worth its price. */
#include <math.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/random.h"
#include "engine/core.h"
#include "engine/habit.h"
#include "engine/learned.h"
#include "engine/look.h"
#include "engine/plan.h"
#include "engine/sweep_inner.h"

/* Where listings look for a job it is looked at in so long all the same. */
#define BACKSTOP_MS 300000
/* A page costs the processor as much as hundreds of looks: not more often. */
#define LEAST_MS 1000
/* So many of many stand for all. */
#define SAMPLES 16
#define HALVINGS 10
/* Of a look: so much a listing is worth for each key of its page. With this
 * the mean delay is that of looks. */
#define PART 0.1

void
sweep_policy(const struct group *g, struct engine_policy *out)
{
	const struct engine_options *o = &g->sweep->e->o;

	o->policy(g->endpoint, out, o->policy_arg);
}

struct habit *
sweep_habit(const struct group *g)
{
	struct learned *l =
	    learned_find(g->sweep->e->learned, g->site->name, g->endpoint);

	return learned_habit(l);
}

static unsigned
failure_every(const struct group *g)
{
	const struct habit *h = sweep_habit(g);

	return h != NULL ? habit_failure_every(h) : HABIT_FAILURE_MAX;
}

double
sweep_dearth(const struct group *g, size_t keys)
{
	if (keys > SEGMENT_KEYS)
		keys = SEGMENT_KEYS;
	return fmax(1, PART * (double)keys / g->sweep->ratio);
}

/* --- what is expected ----------------------------------------------- */

/* Jobs that stand for all that a scan is about. */
struct sample {
	const struct survival *known;
	int64_t from[SAMPLES], now[SAMPLES]; /* ages: at the last listing */
	size_t n;
	double weight; /* of each */
};

static void
add_sample(struct sample *sample, const struct item *item, int64_t listed_at)
{
	int64_t now = clock_mono_ms(), age = item_age_ms(item, now);
	int64_t since = now - listed_at;

	sample->from[sample->n] = since < age ? age - since : 0;
	sample->now[sample->n++] = age;
}

/* Every so many-th, over all segments or one. */
static void
take_samples(const struct scan *scan, struct sample *sample)
{
	const struct group *g = scan->group;
	const struct segment *s = scan->failures ? TAILQ_FIRST(&g->segments)
						 : (const struct segment *)scan;
	size_t all = scan->failures ? g->n : s->n, i, at = 0, first = 0;
	size_t n = all < SAMPLES ? all : SAMPLES;

	sample->n = 0;
	sample->weight = n > 0 ? (double)all / (double)n : 0;
	for (i = 0; i < n; i++) {
		at = i * all / n + all / n / 2;
		while (at - first >= s->n) {
			first += s->n;
			s = TAILQ_NEXT(s, link);
		}
		add_sample(sample, &s->v[at - first], scan->listed_at);
	}
}

/* Delay, in milliseconds, that will have built up by then. */
static double
accrued(const struct sample *sample, int64_t in_ms)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < sample->n; i++) {
		int64_t to = sample->now[i] + in_ms;

		if (to > sample->from[i])
			sum += survival_accrued(sample->known->s,
			    (double)sample->from[i], (double)to);
	}
	return sum * sample->weight;
}

static size_t
keys_of(const struct scan *scan)
{
	return scan->failures ? scan->group->n
			      : ((const struct segment *)scan)->keys;
}

/*
 * The price of a listing, in milliseconds of delay of all that wait for it. At
 * least that of so many looks as it costs; and where it is about many, a share
 * of a look for each: then results come as late as looks would find them, and
 * what listings save is saved.
 */
static double
price_of(const struct scan *scan, double look_ms)
{
	const struct group *g = scan->group;

	look_ms *= g->sweep->ratio * sweep_dearth(g, keys_of(scan));
	return scan->failures ? look_ms * pow(failure_every(g), 2) : look_ms;
}

/* From now to when that is worth the price: 0 to most_ms. */
static int64_t
reach(const struct sample *sample, double price_ms, int64_t most_ms)
{
	int64_t low = 0, high = most_ms, mid;
	int i;

	if (accrued(sample, 0) >= price_ms)
		return 0;
	for (i = 0; i < HALVINGS; i++) {
		mid = low + (high - low) / 2;
		if (accrued(sample, mid) >= price_ms)
			high = mid;
		else
			low = mid;
	}
	return high;
}

/* --- when ----------------------------------------------------------- */

static const struct segment *
first_of(const struct scan *scan)
{
	return scan->failures ? TAILQ_FIRST(&scan->group->segments)
			      : (const struct segment *)scan;
}

static int64_t
longest_ms(const struct plan *plan)
{
	return plan->interval_ms > plan->max_ms ? plan->interval_ms
						: plan->max_ms;
}

/* When the first of those that it looks for was sent: of the first name is who
 * was first handed in, and may have waited. */
static int64_t
first_sent_at(const struct scan *scan)
{
	const struct segment *s = first_of(scan);
	int64_t now = clock_mono_ms(), longest = 0, age;
	size_t i;

	for (; s != NULL; s = scan->failures ? TAILQ_NEXT(s, link) : NULL) {
		for (i = 0; i < s->n; i++) {
			age = item_age_ms(&s->v[i], now);
			longest = age > longest ? age : longest;
		}
	}
	return now - longest;
}

/* Whatever is expected: no later than a look would be, and for failures twice
 * that. */
static int64_t
latest_at(const struct scan *scan, const struct plan *plan)
{
	int64_t sent = first_sent_at(scan);
	int64_t from = scan->listed_at > sent ? scan->listed_at : sent;

	return from + (scan->failures ? 2 : 1) * longest_ms(plan);
}

/* As if the one in the middle were looked at by itself. */
static int64_t
plain_due_at(const struct scan *scan, const struct plan *plan)
{
	const struct segment *s = first_of(scan);
	int64_t now = clock_mono_ms();
	int64_t sent = now - item_age_ms(&s->v[s->n / 2], now);
	int64_t from = scan->listed_at > sent ? scan->listed_at : sent, delay;
	struct plan_now then = {
	    .age_ms = from - sent,
	    .left_ms = INT64_MAX,
	    .unit = 0.5,
	};

	delay = plan_delay_ms(plan, &then, NULL);
	return from +
	    (scan->failures ? failure_every(scan->group) * delay : delay);
}

/* Whatever the last page showed: from that to the next. */
static int64_t
least_ms(const struct habit *h, const struct plan *plan)
{
	int64_t least = plan->start_ms, rare, longest = longest_ms(plan);

	rare = h != NULL ? plan_overdue_ms(habit_silent_ms(h)) : 0;
	if (rare > longest)
		rare = longest;
	if (least < rare)
		least = rare;
	return least > LEAST_MS ? least : LEAST_MS;
}

int64_t
sweep_due_at(const struct scan *scan)
{
	struct group *g = scan->group;
	struct habit *h = sweep_habit(g);
	int64_t now = clock_mono_ms(), due, least, latest;
	struct engine_policy policy;
	struct sample sample = {.n = 0};
	double price_ms;

	/* The first one tells whether it works at all. */
	if (!g->proven && scan->sent_at == 0)
		return now;
	sweep_policy(g, &policy);
	if (h != NULL && policy.plan.interval_ms == 0)
		sample.known =
		    habit_known(h, habit_warmth(h), &policy.plan, &price_ms);
	if (sample.known != NULL) {
		take_samples(scan, &sample);
		due = now +
		    reach(
			&sample, price_of(scan, price_ms), policy.plan.max_ms);
	} else {
		due = plain_due_at(scan, &policy.plan);
	}
	latest = latest_at(scan, &policy.plan);
	if (due > latest)
		due = latest > now ? latest : now;
	least = least_ms(h, &policy.plan);
	if (scan->sent_at > 0 && due < scan->sent_at + least)
		due = scan->sent_at + least;
	return due;
}

int64_t
sweep_own_ms(const struct segment *s, const struct item *item)
{
	const struct group *g = s->scan.group;
	struct habit *h = sweep_habit(g);
	int64_t now = clock_mono_ms();
	struct engine_policy policy;
	struct plan_now p = {
	    .age_ms = item_age_ms(item, now),
	    .left_ms = item_left_ms(item, now),
	    .unit = random_unit(),
	};

	sweep_policy(g, &policy);
	p.ran_ms = p.age_ms;
	if (h != NULL)
		p.known =
		    habit_known(h, habit_warmth(h), &policy.plan, &p.price_ms);
	if (p.known != NULL)
		p.silent_ms = habit_silent_ms(h);
	if (p.known != NULL && g->proven)
		p.price_ms *= sweep_dearth(g, s->keys);
	return plan_delay_ms(&policy.plan, &p, NULL);
}

/* No later than a listing would have been, and not all in one moment. */
int64_t
sweep_first_ms(const struct segment *s, const struct item *item)
{
	int64_t now = clock_mono_ms(), delay = sweep_own_ms(s, item), left;
	int64_t sent = now - item_age_ms(item, now);
	int64_t from = s->scan.listed_at > sent ? s->scan.listed_at : sent;
	struct engine_policy policy;

	sweep_policy(s->scan.group, &policy);
	left = from + longest_ms(&policy.plan) - now;
	if (left > 0)
		left -= (int64_t)((double)left * random_unit() / 4);
	if (left < 0)
		left = 0;
	return delay < left ? delay : left;
}

/* Where its failure is nowhere that is listed: as often as that is worth it,
 * and each is found within twice the longest time between two looks. */
static int64_t
hidden_ms(const struct group *g, const struct work *w, int64_t delay_ms)
{
	struct engine_policy policy;
	int64_t left, ms = delay_ms * failure_every(g);

	sweep_policy(g, &policy);
	left = 2 * longest_ms(&policy.plan) - look_failure_ms(w);
	return ms < left ? ms : left;
}

int64_t
sweep_backstop_ms(const struct group *g, const struct work *w, int64_t delay_ms)
{
	int64_t ms = BACKSTOP_MS;

	if (g->hidden)
		ms = hidden_ms(g, w, delay_ms);
	return ms > delay_ms ? ms : delay_ms;
}
