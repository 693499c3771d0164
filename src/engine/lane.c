/* SPDX-License-Identifier: Apache-2.0 */
/* Who goes next to a target, and who waits behind whom. */
#include "engine/lane.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/dispatch.h"

/* A target that the configuration does not know is asked for again. */
#define PARKED_MS 60000

/* How much longer one has to be due to go before one of a better rank. */
static const int64_t handicap_ms[LANE_RANKS] = {
    [LANE_BEHIND] = 10 * 60000,
    [LANE_ALONE] = 60 * 60000,
};

struct lane {
	TAILQ_ENTRY(lane) entry;
	struct lanes *lanes;
	char *name;
	struct agenda agenda[LANE_RANKS];
	struct loop_timer *timer;
	unsigned in_flight;
	bool parked; /* and that was logged */
};

static void
on_timer(void *arg)
{
	lane_run(arg);
}

struct lane *
lane_of(struct lanes *lanes, const char *target)
{
	struct lane *l;
	size_t i;

	TAILQ_FOREACH (l, &lanes->list, entry) {
		if (str_eq(l->name, target))
			return l;
	}
	l = xcalloc(1, sizeof(*l));
	l->lanes = lanes;
	l->name = xstrdup(target);
	for (i = 0; i < LANE_RANKS; i++)
		agenda_init(&l->agenda[i]);
	l->timer = loop_timer_new(lanes->o->loop, on_timer, l);
	TAILQ_INSERT_TAIL(&lanes->list, l, entry);
	return l;
}

static void
lane_free(struct lane *l)
{
	size_t i;

	TAILQ_REMOVE(&l->lanes->list, l, entry);
	for (i = 0; i < LANE_RANKS; i++)
		agenda_done(&l->agenda[i]);
	loop_timer_free(l->timer);
	free(l->name);
	free(l);
}

/* --- who is next ---------------------------------------------------- */

/* The first of this rank that may go when it is due, or NULL. */
static struct agenda_entry *
first_of(const struct lane *l, enum lane_rank rank)
{
	if (rank == LANE_ALONE && l->lanes->alone != NULL)
		return NULL;
	return agenda_first(&l->agenda[rank]);
}

/* Of those that are due now, or NULL. */
static struct shipment *
next_due(const struct lane *l, int64_t now)
{
	struct agenda_entry *best = NULL, *e;
	int64_t at, best_at = 0;
	enum lane_rank rank;

	for (rank = LANE_FRESH; rank < LANE_RANKS; rank++) {
		e = first_of(l, rank);
		if (e == NULL || e->due_at > now)
			continue;
		at = e->due_at + handicap_ms[rank];
		if (best == NULL || at < best_at) {
			best = e;
			best_at = at;
		}
	}
	return (struct shipment *)best;
}

static void
arm(struct lane *l)
{
	struct agenda_entry *first = NULL, *e;
	enum lane_rank rank;

	for (rank = LANE_FRESH; rank < LANE_RANKS; rank++) {
		e = first_of(l, rank);
		if (e != NULL && (first == NULL || e->due_at < first->due_at))
			first = e;
	}
	if (first != NULL && !l->lanes->stopped)
		loop_timer_set(l->timer, first->due_at - clock_mono_ms());
	else
		loop_timer_clear(l->timer);
}

static void
park(struct lane *l)
{
	if (!l->parked)
		log_warn("engine",
		    "deliveries wait for [%s], which the configuration does "
		    "not have",
		    l->name);
	l->parked = true;
	loop_timer_set(l->timer, PARKED_MS);
}

static void
begin(struct shipment *s, struct target *take_target)
{
	struct lanes *lanes = s->lane->lanes;

	lane_drop(s);
	s->target = take_target;
	s->under_way = true;
	s->lane->in_flight++;
	lanes->under_way++;
	if (s->rank == LANE_ALONE)
		lanes->alone = s;
	step_deliver(s);
}

void
lane_run(struct lane *l)
{
	const struct engine_options *o = l->lanes->o;
	int64_t now = clock_mono_ms();
	struct shipment *s;
	struct target *t;

	while (!l->lanes->stopped && (s = next_due(l, now)) != NULL) {
		t = o->target != NULL ? o->target(l->name, o->target_arg)
				      : NULL;
		if (t == NULL) {
			park(l);
			return;
		}
		l->parked = false;
		/* The end of one of these calls us again. */
		if (l->in_flight >= t->max_in_flight) {
			target_unref(t);
			return;
		}
		begin(s, t);
	}
	arm(l);
}

/* --- in and out ----------------------------------------------------- */

void
lane_put(struct shipment *s, enum lane_rank rank, int64_t due_at)
{
	lane_drop(s);
	s->rank = rank;
	agenda_set(&s->lane->agenda[rank], &s->entry, due_at);
	arm(s->lane);
}

void
lane_drop(struct shipment *s)
{
	agenda_remove(&s->lane->agenda[s->rank], &s->entry);
}

/* The next one may go, of whichever lane; the longest due first. */
static void
run_alone(void *arg)
{
	struct lanes *lanes = arg;
	struct agenda_entry *first = NULL, *e;
	struct lane *l, *best = NULL;

	TAILQ_FOREACH (l, &lanes->list, entry) {
		e = agenda_first(&l->agenda[LANE_ALONE]);
		if (e != NULL && (first == NULL || e->due_at < first->due_at)) {
			first = e;
			best = l;
		}
	}
	if (best != NULL)
		lane_run(best);
	/* That lane may be full: another then. */
	TAILQ_FOREACH (l, &lanes->list, entry) {
		if (agenda_first(&l->agenda[LANE_ALONE]) != NULL)
			lane_run(l);
	}
}

void
lane_leave(struct shipment *s)
{
	struct lanes *lanes = s->lane->lanes;

	s->under_way = false;
	s->lane->in_flight--;
	lanes->under_way--;
	if (lanes->alone != s)
		return;
	lanes->alone = NULL;
	loop_post(lanes->o->loop, run_alone, lanes);
}

void
lanes_init(struct lanes *lanes, const struct engine_options *o)
{
	*lanes = (struct lanes){.o = o};
	TAILQ_INIT(&lanes->list);
}

void
lanes_done(struct lanes *lanes)
{
	struct lane *l;

	loop_unpost(lanes->o->loop, lanes);
	while ((l = TAILQ_FIRST(&lanes->list)) != NULL)
		lane_free(l);
}

void
lanes_stop(struct lanes *lanes)
{
	struct lane *l;

	lanes->stopped = true;
	TAILQ_FOREACH (l, &lanes->list, entry)
		loop_timer_clear(l->timer);
}

void
lanes_run(struct lanes *lanes)
{
	struct lane *l;

	TAILQ_FOREACH (l, &lanes->list, entry)
		lane_run(l);
}
