/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lanes: one for each target, and who goes next in it. Fresh deliveries go
 * before those that were interrupted in an attempt, and those before the ones
 * in quarantine, of which one at a time is under way over all lanes; nobody
 * waits for ever. Only for files of this folder.
 */
#ifndef ENGINE_LANE_H
#define ENGINE_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "engine/engine.h"

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
	struct lane_list list;
	struct shipment *alone; /* the one of LANE_ALONE under way, or NULL */
	size_t under_way;
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

/* The target's lane, made where there is none. Borrowed. */
struct lane *lane_of(struct lanes *lanes, const char *target);

/* s is due at an instant of the monotonic clock; begins it then, by
 * step_deliver(). */
void lane_put(struct shipment *s, enum lane_rank rank, int64_t due_at);

/* Take it out again. */
void lane_drop(struct shipment *s);

/* Its attempt is over: there is room for another. Nothing is begun before
 * lane_run(). */
void lane_leave(struct shipment *s);

/* Begin whatever is due, as far as the target's limit goes. */
void lane_run(struct lane *l);

#endif
