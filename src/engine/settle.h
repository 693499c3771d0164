/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is made with a job's DONE: one delivery for each of its targets, the
 * bytes frozen. Only for files of this folder.
 */
#ifndef ENGINE_SETTLE_H
#define ENGINE_SETTLE_H

#include <stdint.h>

#include "engine/work.h"

/*
 * How large a result may be for its bytes to be kept with the deliveries, and
 * so to be read before the job is DONE; -1: nobody wants them.
 */
int64_t settle_wants(const struct work *w);

/* Add the deliveries of a job that has just become DONE; w->result holds the
 * result's bytes where w->have_result says so. */
void settle_deliveries(struct work *w);

/* The same of a job whose late result has just been noted, its late_*
 * members filled; w->result holds those bytes. */
void settle_late(struct work *w);

#endif
