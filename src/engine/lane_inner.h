/* SPDX-License-Identifier: Apache-2.0 */
/* A lane's insides, for lane.c (who goes next), lane_turn.c (callbacks among
 * each other), lane_health.c (how its receiver is) and lane_kept.c. */
#ifndef ENGINE_LANE_INNER_H
#define ENGINE_LANE_INNER_H

#include "engine/agenda.h"
#include "engine/breaker.h"
#include "engine/lane.h"
#include "engine/pace.h"

enum lane_place {
	LANE_NOWHERE,
	LANE_KNOWN, /* waits for its turn among those that answer */
	LANE_STRANGE, /* … among those that never did, or failed last */
	LANE_IDLE, /* only remembered */
};
#define LANE_PLACES (LANE_IDLE + 1)

struct lane {
	TAILQ_ENTRY(lane) entry;
	TAILQ_ENTRY(lane) turn; /* in lanes->places[place] */
	enum lane_place place;
	struct lanes *lanes;
	char *name;
	size_t refs; /* of shipments */
	struct agenda agenda[LANE_RANKS];
	struct loop_timer *timer;
	unsigned in_flight;
	bool parked; /* and that was logged */
	bool callback; /* of a host that a submission named */
	bool proven; /* it answered, to this process */
	struct breaker breaker;
	struct pace pace;
	unsigned rate; /* of the pace; 0: none */
	bool disabled;
	int64_t since_at; /* disabled, or resting; wall clock */
	char *reason; /* of it being disabled */
	int64_t last_ok_at;
	int64_t last_error_at;
	char *last_error;
};

/* --- lane.c --------------------------------------------------------- */

/* Is something due in it that could go? */
bool lane_wants(const struct lane *l);

/* Begin what is next, where it may go now. False: it may not, and whoever
 * changes that calls lane_run(). */
bool lane_begin_one(struct lane *l);

/* The target, with a reference, or NULL. */
struct target *lane_target(const struct lane *l);

void lane_free(struct lane *l);

/* --- lane_turn.c ---------------------------------------------------- */

void lane_enter(struct lane *l, enum lane_place place);
void lane_exit(struct lane *l);

/* A callback's lane has something due, or a place is free. */
void lane_turns(struct lanes *lanes, struct lane *l);

/* One of a callback begins; is over. */
void lane_turn_begun(struct shipment *s);
void lane_turn_over(struct shipment *s);

/* It has no deliveries any more. It is remembered; the one that was for the
 * longest time may be forgotten for it. */
void lane_rest(struct lane *l);

/* --- lane_health.c -------------------------------------------------- */

/* 0: one more may begin; else in so many milliseconds, or -1: somebody calls
 * lane_run(). */
int64_t lane_held_ms(struct lane *l, const struct target *t, int64_t now);

/* One begins. */
void lane_counts(struct shipment *s, int64_t now);

/* --- lane_kept.c ---------------------------------------------------- */

/* What has to be known after a restart; done is called once it is on disk. Of
 * a callback's host it is written a little later, with the others'. */
void lane_keep(struct lane *l, store_done_fn *done, void *arg);

/* All of callbacks' hosts, now. */
void lanes_keep_hosts(struct lanes *lanes, store_done_fn *done, void *arg);

#endif
