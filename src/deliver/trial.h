/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trial delivery: what a job's end would be told as, carried to a target by
 * its driver, so that a person sees what comes back. The bytes are those of a
 * real delivery (freeze.h); that there was no such job its endpoint tells,
 * TRIAL_ENDPOINT, and its ids are in no store.
 *
 * It is one call, and nothing else: it is not tried again, and neither the
 * target's lane nor its breaker hear of it. Nothing of it is written down: that
 * nothing is sent which is not on disk is for what a job is behind, where a
 * crash must lose nothing. Here a person asked for one call, waits, sees its
 * end, and asks again where a crash came between. So it also goes to a target
 * that is disabled or rests, which is when one wants to know, and no answer to
 * it changes how the target is.
 */
#ifndef DELIVER_TRIAL_H
#define DELIVER_TRIAL_H

#include <stdbool.h>

#include "base/loop.h"
#include "deliver/driver.h"
#include "job/attempt_entry.h"

#define TRIAL_ENDPOINT "awaitd-test"

struct trial;

/* Its only attempt, with a verdict; borrowed for the length of the call. */
typedef void trial_done_fn(const struct attempt_entry *e, void *arg);

/*
 * Of a job that is ok with a small result, or that failed. The target has a
 * reference until the end. done is called once, later: also where the driver
 * could not begin. The trial is for trial_cancel(), and gone then.
 */
struct trial *trial_start(struct loop *loop, struct target *target, bool failed,
    trial_done_fn *done, void *arg);
void trial_cancel(struct trial *t);

#endif
