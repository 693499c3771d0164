/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line on the terminal that says what is being waited for. Nothing where
 * standard error is no terminal, or quiet was asked for.
 */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"
#include "job/job.h"

struct progress;

struct progress *progress_new(struct loop *loop, bool quiet);
void progress_free(struct progress *p);

/* News of one job; `done` of `total` have reached the goal. */
void progress_update(
    struct progress *p, const struct job *job, size_t done, size_t total);

/* Take the line away: something else will be printed. */
void progress_clear(struct progress *p);

#endif
