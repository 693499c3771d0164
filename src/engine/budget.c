/* SPDX-License-Identifier: Apache-2.0 */
/* Between the engine and the budgets of its buckets. */
#include "engine/budget.h"

#include <string.h>

#include "engine/core.h"
#include "engine/limits.h"
#include "engine/sweep.h"
#include "engine/times.h"

static void
on_sent(const char *bucket, enum s3_kind kind, void *arg)
{
	struct engine *e = arg;

	e->sent[kind]++;
	limits_sent(e->limits, bucket);
}

static void
on_slow_down(const char *bucket, void *arg)
{
	struct engine *e = arg;

	limits_slow_down(e->limits, bucket);
}

/* Its turn has come. */
static bool
on_turn(enum limits_kind kind, struct agenda_entry *entry, void *arg)
{
	struct engine *e = arg;
	struct work *w = (struct work *)entry;

	if (kind == LIMITS_LIST)
		return sweep_turn(entry);
	if (!engine_has_room(e))
		return false;
	w->queue = 0;
	engine_run(w);
	return true;
}

void
budget_begin(struct engine *e)
{
	struct s3_watch watch = {
	    .sent = on_sent,
	    .slow_down = on_slow_down,
	    .arg = e,
	};

	e->limits = limits_new(e->o.loop, on_turn, e);
	e->sweep = sweep_new(e);
	sites_watch(e->o.sites, &watch);
}

void
budget_end(struct engine *e)
{
	sites_watch(e->o.sites, NULL);
	sweep_free(e->sweep);
	limits_free(e->limits);
}

static const char *
place_of(const struct work *w)
{
	const struct submission *s = job_last_submission(w->job);

	return s != NULL ? submission_output(s) : NULL;
}

bool
budget_lets(struct work *w)
{
	struct limits *l = w->engine->limits;
	const char *place;
	int64_t left;

	if (work_state(w) == JOB_QUEUED)
		return true;
	work_wake(w);
	place = place_of(w);
	if (place == NULL)
		return true;
	/* The last look of all goes before others, and another one whose turn
	 * would not come before is that one. */
	left = w->is_late ? INT64_MAX : times_left(w->job);
	if (left > 0 && limits_wait_ms(l, place) > left) {
		engine_schedule(w, left);
		work_rest(w);
		return false;
	}
	w->queue = (uint16_t)limits_ask(
	    l, place, LIMITS_LOOK, &w->entry, left > 0 ? w->entry.due_at : 0);
	if (w->queue != 0)
		work_rest(w);
	return w->queue == 0;
}

void
engine_set_budget(struct engine *e, const struct engine_budget *b)
{
	limits_set(e->limits, b->bucket_per_second);
	sweep_set_prices(e->sweep, b->price_get, b->price_list);
}

void
engine_count_requests(const struct engine *e, struct engine_request_counts *out)
{
	struct limits_counts c;
	struct sweep_counts s;

	limits_count(e->limits, &c);
	memcpy(out->sent, e->sent, sizeof(out->sent));
	out->slow_downs = c.slow_downs;
	out->put_off = c.put_off;
	out->waiting = c.waiting;
	out->rate = c.rate;
	sweep_count(e->sweep, &s);
	out->listed_keys = s.keys;
	out->listed_jobs = s.jobs;
	out->listings_denied = s.denied;
	out->listings_failed = s.failed;
	out->covered = s.covered;
}
