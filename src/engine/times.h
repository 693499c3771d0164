/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instants of a job and its submissions, by both clocks: a clock that is
 * set, a restart and a reboot change no deadline. Only for files of this
 * folder.
 */
#ifndef ENGINE_TIMES_H
#define ENGINE_TIMES_H

#include <stdint.h>

#include "job/job.h"

/* Now is its intent; now it ended. */
void times_begin(struct submission *s);
void times_end(struct submission *s);

/* A request of somebody else's: when it was made is not known, and it is given
 * as long as if it were now. */
void times_begin_foreign(struct job *job);

int64_t times_since_intent(const struct submission *s);
int64_t times_since_end(const struct submission *s);

/* The deadline of the job's state, so much from now. */
void times_set_deadline(struct job *job, int64_t left_ms);
int64_t times_left(const struct job *job); /* negative: it is over */

/* How long the service may keep a request at most: RequestTTLSeconds and
 * InvocationTimeoutSeconds, or the service's defaults, and a minute. */
int64_t times_patience_ms(const struct job_spec *spec);

/* Until that request is provably dead: it has neither begun nor goes on. */
int64_t times_dead_in(const struct job *job, const struct submission *s);

/*
 * A job of an earlier process. What another boot wrote down is told in this
 * one's time once, here, so that setting the clock later changes nothing.
 */
void times_adopt(struct job *job);

#endif
