/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model that failed for a reason that passes is asked again, where the job
 * wants that (retry_failed). Only for files of this folder.
 */
#ifndef ENGINE_AGAIN_H
#define ENGINE_AGAIN_H

#include <stdint.h>

#include "engine/work.h"

/* The last submission whose failure was seen, or NULL. */
const struct submission *again_failed(const struct job *job);

/*
 * Its failure object says `text`, and no other submission can succeed: how
 * long to wait before the next one; 0: there is none.
 */
int64_t again_delay_ms(const struct work *w, const char *text);

/* Back to QUEUED, with submission s's failure as one step; the next one goes in
 * so much time. */
void again_begin(struct work *w, const struct submission *s, int64_t delay_ms);

/* The same wait for a job that an earlier process left in it; else 0. */
int64_t again_adopted_ms(const struct job *job);

#endif
