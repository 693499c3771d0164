/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Callbacks among each other. Their hosts come from outside, any number of
 * them: so all together have so many places, hosts take turns for these, one
 * attempt a turn, and who does not answer (yet) never gets all of them.
 */
#include "engine/dispatch.h"
#include "engine/lane_inner.h"

/* Attempts under way, of all callbacks; and of hosts that never answered to
 * this process, or failed last. */
#define PLACES_MAX 256
#define STRANGERS_MAX 224
/* Hosts with no deliveries that are remembered. */
#define IDLE_MAX 1000

static bool
is_stranger(const struct lane *l)
{
	return !l->proven || l->breaker.failures > 0;
}

void
lane_enter(struct lane *l, enum lane_place place)
{
	struct lanes *lanes = l->lanes;

	lane_exit(l);
	l->place = place;
	TAILQ_INSERT_TAIL(&lanes->places[place], l, turn);
	lanes->idle += place == LANE_IDLE;
}

void
lane_exit(struct lane *l)
{
	struct lanes *lanes = l->lanes;

	if (l->place == LANE_NOWHERE)
		return;
	TAILQ_REMOVE(&lanes->places[l->place], l, turn);
	lanes->idle -= l->place == LANE_IDLE;
	l->place = LANE_NOWHERE;
}

/* --- turns ---------------------------------------------------------- */

/* Behind all that wait, but only once; whoever has answered meanwhile is no
 * stranger any more. */
static void
queue_up(struct lane *l)
{
	if (l->place == LANE_STRANGE && !is_stranger(l))
		lane_exit(l);
	if (l->place == LANE_NOWHERE && lane_wants(l))
		lane_enter(l, is_stranger(l) ? LANE_STRANGE : LANE_KNOWN);
}

/* Of the two queues in turn, as far as there are places; or NULL. */
static struct lane *
next(struct lanes *lanes)
{
	struct lane *known = TAILQ_FIRST(&lanes->places[LANE_KNOWN]);
	struct lane *strange = TAILQ_FIRST(&lanes->places[LANE_STRANGE]);

	if (lanes->callbacks >= PLACES_MAX)
		return NULL;
	if (lanes->strangers >= STRANGERS_MAX)
		strange = NULL;
	lanes->strangers_turn = !lanes->strangers_turn;
	if (strange == NULL || (known != NULL && !lanes->strangers_turn))
		return known;
	return strange;
}

void
lane_turns(struct lanes *lanes, struct lane *l)
{
	queue_up(l);
	/* What is not due yet, or is no more. */
	if (l->place == LANE_NOWHERE)
		lane_begin_one(l);
	while ((l = next(lanes)) != NULL) {
		lane_exit(l);
		if (!lane_begin_one(l))
			continue;
		queue_up(l);
		if (l->place == LANE_NOWHERE)
			lane_begin_one(l);
	}
}

void
lane_turn_begun(struct shipment *s)
{
	struct lanes *lanes = s->lane->lanes;

	lanes->callbacks++;
	s->stranger = is_stranger(s->lane);
	lanes->strangers += s->stranger;
}

void
lane_turn_over(struct shipment *s)
{
	struct lanes *lanes = s->lane->lanes;

	lanes->callbacks--;
	lanes->strangers -= s->stranger;
}

/* --- what is only remembered ---------------------------------------- */

/* A configured one stays; there are so many of those. */
static bool
is_worth_keeping(const struct lane *l)
{
	struct target *t;

	if (l->callback)
		return false;
	t = lane_target(l);
	target_unref(t);
	return t != NULL || l->disabled || l->breaker.state != BREAKER_CLOSED;
}

void
lane_rest(struct lane *l)
{
	struct lanes *lanes = l->lanes;

	if (is_worth_keeping(l))
		return;
	loop_timer_clear(l->timer);
	lane_enter(l, LANE_IDLE);
	/* Whoever has this one in its hands is not done with it yet. */
	if (lanes->idle > IDLE_MAX)
		lane_free(TAILQ_FIRST(&lanes->places[LANE_IDLE]));
}
