/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the receivers of deliveries are, and switching them off and on. A
 * callback's hosts are targets of their own: "callback https://host:port".
 */
#ifndef ENGINE_HEALTH_H
#define ENGINE_HEALTH_H

#include <stddef.h>
#include <stdint.h>

#include "store/store_write.h"

struct engine;

enum health_state {
	HEALTH_OK,
	HEALTH_RESTING, /* it failed time and again; nothing is sent */
	HEALTH_PROBING, /* one attempt is under way, to see */
	HEALTH_DISABLED, /* by its own 410, or by request: nothing is sent */
	HEALTH_UNKNOWN, /* the configuration does not have it */
};
#define HEALTH_STATES (HEALTH_UNKNOWN + 1)

/* Borrowed for now. Instants are of the wall clock; 0: none. */
struct health {
	const char *target;
	enum health_state state;
	int64_t since_at; /* DISABLED, RESTING */
	int64_t until_at; /* RESTING: the next probe, at the earliest */
	const char *reason; /* DISABLED; or NULL */
	size_t waiting; /* deliveries, those under way included */
	size_t under_way;
	unsigned failures; /* in a row */
	int64_t last_ok_at; /* in this process, as the error */
	int64_t last_error_at;
	const char *last_error;
};

/* One target. Where nothing is known of it: OK, or UNKNOWN. */
void health_find(
    const struct engine *engine, const char *target, struct health *out);

/* All of which there is something to tell. */
typedef void health_fn(const struct health *h, void *arg);
void health_each(const struct engine *engine, health_fn *fn, void *arg);

/*
 * Deliveries to it wait from now on; or they go, the longest due first and few
 * at first, whatever kept them. Calls done once that is on disk. What is
 * unknown is ERR_NOT_FOUND; a callback's host is not switched off: ERR_USAGE.
 */
void health_switch(struct engine *engine, const char *target, bool on,
    store_done_fn *done, void *arg);

const char *health_state_name(enum health_state state);

#endif
