/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doorbells, seen from inside: which names are a job's, and what was told of
 * it. Only for files of this folder.
 */
#ifndef ENGINE_BELLS_H
#define ENGINE_BELLS_H

#include "engine/work.h"

struct bells;

struct bells *bells_new(struct engine *e);
void bells_free(struct bells *b);

/* Its names as they are now: those that do not say whose they are are noted.
 * To be called where it gets some. */
void bells_know(struct work *w);

/*
 * A submission that may succeed, of which somebody told that it failed before
 * this look began; with the reason, borrowed till bells_forget(). NULL: none.
 */
struct submission *bells_told(const struct work *w, const char **reason);

/* The job is DONE. */
void bells_forget(const struct work *w);

#endif
