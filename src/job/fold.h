/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job that waits, in a tenth of its memory: one run of bytes, with all its
 * members as they were. What many jobs have in common (endpoints, targets, the
 * folders of their results) is kept once for all of them.
 */
#ifndef JOB_FOLD_H
#define JOB_FOLD_H

#include <stddef.h>

#include "job/job.h"

struct folds; /* what folded jobs have in common */
struct fold;

struct folds *folds_new(void);
void folds_free(struct folds *f); /* behind the last fold */

/* So many texts are shared. */
size_t folds_shared(const struct folds *f);

/*
 * The job is freed, and its id is the caller's to keep. NULL, and the job stays
 * the caller's, where it has its input's body or deliveries: one that waits has
 * neither.
 */
struct fold *fold_job(struct folds *f, struct job *take_job);

/* The job as it was, with the id that it had. Frees the fold. */
struct job *fold_open(struct folds *f, struct fold *take_fold, const char *id);

void fold_free(struct folds *f, struct fold *fold, const char *id);

#endif
