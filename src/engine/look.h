/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between a job that waits and its schedule: when it is looked at, at which of
 * its places and how, and what is learned of what a look finds. Only for files
 * of this folder.
 */
#ifndef ENGINE_LOOK_H
#define ENGINE_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/s3.h"
#include "engine/habit.h"
#include "engine/work.h"

/* It was accepted: from now to its first look. Nothing can be there at once. */
int64_t look_first_ms(struct work *w);

/* A look found nothing, and `left_ms` are left to wait, or nothing, and yet it
 * is waited: from now to the next one. */
int64_t look_next_ms(struct work *w, int64_t left_ms);

/* It is not over, so long after its intent: its endpoint's habits learn from
 * that where it has been watched up to now. Its job may be folded. */
void look_lasts(struct work *w, struct habit *h, int64_t ms);

/* What is known of jobs like this one, and the price of a look at it, or NULL
 * (habit_known). */
const struct survival *look_known(const struct work *w, double *price_ms);

/*
 * A look begins. True: for the failure, too. That is done less often than for
 * the output, as failures are rarer, but always where the look was not
 * planned, is the last one or one of a submission in doubt, and where the last
 * time is poll_max ago: so a failure is found within twice poll_max. Behind a
 * listing it is of the listed place alone (look.alone), unless it is the last.
 */
bool look_begin(struct work *w);

/* Since its failure was looked for, or it was accepted. Where that was in
 * another process it makes no sense. */
int64_t look_failure_ms(const struct work *w);

/*
 * By a GET, since the bytes are wanted and their like were small; of a larger
 * one up to *max bytes. Else by a HEAD.
 */
bool look_gets(const struct work *w, int64_t *max);

/* A GET was refused where a HEAD may not be: of this endpoint no more GETs. */
void look_heads_only(struct work *w);

/* The output of submission s is there, or its failure: note how old it is. The
 * server's clock tells: a look comes later, and after a restart much later. */
void look_saw(
    struct work *w, const struct submission *s, const struct s3_object *object);

/* The job ends with what look_saw() noted. */
void look_found(struct work *w, bool failed);

#endif
