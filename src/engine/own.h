/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Filename that the caller chose: what lay there before, so that it is not
 * taken for the result, and one job at a time for one place. Only for files of
 * this folder.
 */
#ifndef ENGINE_OWN_H
#define ENGINE_OWN_H

#include <stdbool.h>

#include "aws/s3.h"
#include "engine/work.h"

/*
 * The place is this job's until it is DONE. False: another one's is under way;
 * this one's next step comes when that is DONE (or its own deadline).
 */
bool own_claim(struct work *w);
void own_release(struct work *w);

/* The same for a job that has begun in an earlier process. */
void own_resume(struct work *w);

/*
 * Before a first intent: what lies at the place that this job's result will
 * have? True where that is known or cannot be; false: `next` runs once it is,
 * or a verdict was told.
 */
bool own_look(struct work *w, work_fn *next);

/* Write it into the submission; a later one has it of the one before. */
void own_note(struct work *w, struct submission *s);

/* The object is not the result: it was there before. */
bool own_is_stale(const struct work *w, const struct submission *s,
    const struct s3_object *o);

#endif
