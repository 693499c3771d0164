/* SPDX-License-Identifier: Apache-2.0 */
/* Who goes next to a target, and who waits behind whom. */
#include "engine/lane_inner.h"

#include <stdlib.h>
#include <string.h>

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

static void
on_timer(void *arg)
{
	lane_run(arg);
}

/* --- lanes ---------------------------------------------------------- */

static const void *
name_of(const void *item, size_t *len)
{
	const struct lane *l = item;

	*len = strlen(l->name);
	return l->name;
}

struct lane *
lane_find(const struct lanes *lanes, const char *target)
{
	return map_find(&lanes->index, target, strlen(target));
}

static struct lane *
lane_new(struct lanes *lanes, const char *target)
{
	struct lane *l = xcalloc(1, sizeof(*l));
	size_t i;

	l->lanes = lanes;
	l->name = xstrdup(target);
	l->callback = str_starts(target, LANE_CALLBACK);
	breaker_init(&l->breaker, l->callback);
	for (i = 0; i < LANE_RANKS; i++)
		agenda_init(&l->agenda[i]);
	l->timer = loop_timer_new(lanes->o->loop, on_timer, l);
	map_add(&lanes->index, l);
	TAILQ_INSERT_TAIL(&lanes->list, l, entry);
	return l;
}

struct lane *
lane_of(struct lanes *lanes, const char *target)
{
	struct lane *l = lane_find(lanes, target);

	return l != NULL ? l : lane_new(lanes, target);
}

void
lane_free(struct lane *l)
{
	size_t i;

	lane_exit(l);
	map_remove(&l->lanes->index, l);
	TAILQ_REMOVE(&l->lanes->list, l, entry);
	for (i = 0; i < LANE_RANKS; i++)
		agenda_done(&l->agenda[i]);
	loop_timer_free(l->timer);
	free(l->reason);
	free(l->last_error);
	free(l->name);
	free(l);
}

void
lane_hold(struct lane *l)
{
	if (l->place == LANE_IDLE)
		lane_exit(l);
	l->refs++;
}

void
lane_unhold(struct lane *l)
{
	if (--l->refs == 0)
		lane_rest(l);
}

struct target *
lane_target(const struct lane *l)
{
	const struct engine_options *o = l->lanes->o;

	return o->target != NULL ? o->target(l->name, o->target_arg) : NULL;
}

void
lanes_each(const struct lanes *lanes, lane_fn *fn, void *arg)
{
	const struct lane *l;

	TAILQ_FOREACH (l, &lanes->list, entry)
		fn(l, arg);
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
	lane_counts(s, clock_mono_ms());
	s->lane->in_flight++;
	lanes->under_way++;
	if (s->lane->callback)
		lane_turn_begun(s);
	if (s->rank == LANE_ALONE)
		lanes->alone = s;
	step_deliver(s);
}

bool
lane_wants(const struct lane *l)
{
	return !l->lanes->stopped && next_due(l, clock_mono_ms()) != NULL;
}

bool
lane_begin_one(struct lane *l)
{
	int64_t now = clock_mono_ms(), wait;
	struct shipment *s = l->lanes->stopped ? NULL : next_due(l, now);
	struct target *t;

	if (s == NULL) {
		arm(l);
		return false;
	}
	t = lane_target(l);
	if (t == NULL) {
		park(l);
		return false;
	}
	l->parked = false;
	wait = lane_held_ms(l, t, now);
	if (wait == 0 && step_deliver_fits(s, t)) {
		begin(s, t);
		return true;
	}
	target_unref(t);
	/* It waits for room on disk: another may go. */
	if (wait == 0)
		return true;
	if (wait > 0)
		loop_timer_set(l->timer, wait);
	else
		loop_timer_clear(l->timer);
	return false;
}

void
lane_run(struct lane *l)
{
	if (l->callback)
		lane_turns(l->lanes, l);
	else
		while (lane_begin_one(l))
			continue;
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

	/* It ended without anybody hearing of its receiver. */
	if (s->probe)
		lane_hear(s, NULL);
	s->under_way = false;
	s->lane->in_flight--;
	lanes->under_way--;
	if (s->lane->callback)
		lane_turn_over(s);
	if (lanes->alone != s)
		return;
	lanes->alone = NULL;
	loop_post(lanes->o->loop, run_alone, lanes);
}

static void
keep_done(const struct error *err, void *arg)
{
	(void)arg;
	if (err != NULL)
		log_warn("engine",
		    "how callbacks' hosts are was not written down: %s",
		    err->text);
}

static void
on_keep_timer(void *arg)
{
	struct lanes *lanes = arg;

	lanes->keep_due = false;
	lanes_keep_hosts(lanes, keep_done, NULL);
}

void
lanes_init(struct lanes *lanes, const struct engine_options *o)
{
	size_t i;

	*lanes = (struct lanes){.o = o};
	map_init(&lanes->index, name_of);
	TAILQ_INIT(&lanes->list);
	for (i = 0; i < LANE_PLACES; i++)
		TAILQ_INIT(&lanes->places[i]);
	lanes->keep_timer = loop_timer_new(o->loop, on_keep_timer, lanes);
}

void
lanes_done(struct lanes *lanes)
{
	struct lane *l;

	loop_unpost(lanes->o->loop, lanes);
	while ((l = TAILQ_FIRST(&lanes->list)) != NULL)
		lane_free(l);
	map_done(&lanes->index);
	loop_timer_free(lanes->keep_timer);
}

void
lanes_stop(struct lanes *lanes)
{
	struct lane *l;

	lanes->stopped = true;
	loop_timer_clear(lanes->keep_timer);
	/* The store is still there, the first time. */
	if (lanes->keep_due)
		on_keep_timer(lanes);
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
