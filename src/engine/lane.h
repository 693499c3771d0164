/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lanes: one for each target, and who goes next in it. Fresh deliveries go
 * before those that were interrupted in an attempt, and those before the ones
 * in quarantine, of which one at a time is under way over all lanes; nobody
 * waits for ever. A lane whose receiver fails rests (breaker.h), one whose
 * target is disabled waits, and neither uses up attempts. Callbacks have a lane
 * for each host, and take turns. Only for files of this folder.
 */
#ifndef ENGINE_LANE_H
#define ENGINE_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/map.h"
#include "engine/engine.h"
#include "engine/health.h"

/* How the target of a callback is called: this, and https://host:port. */
#define LANE_CALLBACK "callback "

struct lane;
struct shipment;
TAILQ_HEAD(lane_list, lane);

enum lane_rank {
	LANE_FRESH,
	LANE_BEHIND, /* it was interrupted */
	LANE_ALONE, /* it is in quarantine */
};
#define LANE_RANKS (LANE_ALONE + 1)

struct lanes {
	const struct engine_options *o;
	struct map index; /* by target */
	struct lane_list list;
	struct lane_list places[4]; /* by enum lane_place; callbacks' */
	size_t idle; /* lanes in the last of them */
	struct shipment *alone; /* the one of LANE_ALONE under way, or NULL */
	size_t under_way;
	size_t callbacks; /* … of them */
	size_t strangers; /* … of those, of hosts that do not answer yet */
	struct loop_timer *keep_timer; /* callbacks' hosts are written then */
	bool keep_due; /* … and there is something to write */
	bool strangers_turn;
	bool stopped; /* nothing is begun */
};

/* The options are borrowed. */
void lanes_init(struct lanes *lanes, const struct engine_options *o);

/* Behind the last shipment. */
void lanes_done(struct lanes *lanes);

/* Nothing is begun any more. */
void lanes_stop(struct lanes *lanes);

/* Every lane looks for what is due: targets changed. */
void lanes_run(struct lanes *lanes);

/* The target's lane, made where there is none; NULL where that is. Borrowed,
 * for now. */
struct lane *lane_of(struct lanes *lanes, const char *target);
struct lane *lane_find(const struct lanes *lanes, const char *target);

/* A delivery is there, is gone: a lane stays while there is one. */
void lane_hold(struct lane *l);
void lane_unhold(struct lane *l);

/* s is due at an instant of the monotonic clock; begins it then, by
 * step_deliver(). */
void lane_put(struct shipment *s, enum lane_rank rank, int64_t due_at);

/* Take it out again. */
void lane_drop(struct shipment *s);

/* How its attempt went, as soon as that is known. */
void lane_hear(struct shipment *s, const struct deliver_result *r);

/* Its attempt is over: there is room for another. Nothing is begun before
 * lane_run(). */
void lane_leave(struct shipment *s);

/* Begin whatever is due, as far as the target's limits go. */
void lane_run(struct lane *l);

typedef void lane_fn(const struct lane *l, void *arg);
void lanes_each(const struct lanes *lanes, lane_fn *fn, void *arg);

/* See health.h. */
void lane_health(const struct lane *l, struct health *out);
void lane_switch(struct lane *l, bool on, store_done_fn *done, void *arg);

/* What the store kept of a target. */
void lanes_recall(struct lanes *lanes, const char *name, const char *value);

#endif
