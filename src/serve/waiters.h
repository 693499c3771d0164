/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who waits for which job: requests that are answered when a job was stored,
 * accepted or is done, or when their time is up.
 */
#ifndef SERVE_WAITERS_H
#define SERVE_WAITERS_H

#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "engine/engine.h"
#include "job/job.h"

struct waiters;
struct waiter;

enum wait_goal {
	WAIT_STORED, /* or not stored: err says why */
	WAIT_ACCEPTED, /* by the service, or DONE */
	WAIT_DONE,
};

/*
 * `job` as it stands now, borrowed; NULL with err where it was not stored or
 * the store broke; both NULL when the time is up.
 */
typedef void waiter_fn(
    const struct job *job, const struct error *err, void *arg);

struct waiters *waiters_new(struct loop *loop);
void waiters_free(struct waiters *w); /* none is called any more */

/* fn is called once, later; timeout_ms -1: no limit. Borrowed, gone then. */
struct waiter *waiters_add(struct waiters *w, const char *id,
    enum wait_goal goal, int64_t timeout_ms, waiter_fn *fn, void *arg);
void waiters_remove(struct waiter *v);

/* News of the engine. */
void waiters_tell(struct waiters *w, enum engine_event event,
    const struct job *job, const struct error *err);

/*
 * Everybody's time is up: the service stops. But not of those who wait for
 * WAIT_STORED: the store answers them, soon and truly.
 */
void waiters_expire(struct waiters *w);

#endif
