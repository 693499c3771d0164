/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs that expired and whose result may still come: they are looked for less
 * and less often. What comes is kept and announced, and never swapped in. At
 * most 10,000 are remembered; the oldest goes first. Only for files of this
 * folder.
 */
#ifndef ENGINE_LATE_H
#define ENGINE_LATE_H

#include <stdbool.h>

#include "engine/work.h"

/* The job is DONE: true where it stays for late looks. */
bool late_join(struct work *w);

/* By the job's id, or NULL. */
struct work *late_find(const struct engine *e, const char *id);

/* It is among them no more. */
void late_leave(struct work *w);

/* The verdict of a look: something is there, or not yet. */
void late_found(struct work *w);
void late_not_yet(struct work *w);

#endif
