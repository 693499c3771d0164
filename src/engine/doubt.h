/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Submissions of which nobody knows whether they were accepted: how long
 * looking alone goes on, and what comes then. Only for files of this folder.
 */
#ifndef ENGINE_DOUBT_H
#define ENGINE_DOUBT_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/work.h"

/*
 * For so long nothing but looking is done: to the deadline where all that may
 * come was accepted; in doubt to the end of the grace, or (avoid_duplicates)
 * until none of the doubtful requests can be alive any more. 0 or less: over.
 */
int64_t doubt_left_ms(const struct work *w);

/* A new doubt, which may outlast the job's deadline (avoid_duplicates): that is
 * put off, so that another submission can be made then. */
void doubt_make_room(struct work *w);

/* Nothing came of it: submission n + 1, or the end. */
void doubt_over(struct work *w);

/* QUEUED, and its time is over. */
bool doubt_too_late(const struct work *w);
void doubt_expire(struct work *w);

#endif
