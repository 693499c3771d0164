/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a submission is named, and where its result will therefore be:
 * <S3OutputPath>/<S3OutputPathExtension>/<Filename>. Only for files of this
 * folder.
 */
#ifndef ENGINE_NAMES_H
#define ENGINE_NAMES_H

#include <stdbool.h>

#include "job/job.h"

/*
 * Names of our own make the result's key known before anybody answers, and a
 * name for each submission keeps a second run from overwriting the first. A
 * caller's own names are kept as they are.
 */
void names_choose(const struct job *job, struct submission *s);

/* Where a result goes whose Filename the caller chose; NULL where the path is.
 * The caller's. */
char *names_own_place(const struct job_spec *spec, const char *output_path);

/*
 * The S3OutputPath that the place named by a 202 lets see, or NULL where the
 * service did not honour the names. The caller's.
 */
char *names_output_path(const struct submission *s);

/*
 * Fill in where each submission's result will be that has no answer yet and
 * no prediction. Nothing where the path is NULL.
 */
void names_predict(struct job *job, const char *output_path);

/*
 * Whether the failure object's name follows Filename is not documented. Where a
 * 202 shows that it does: its location with "{name}" for ours, and "{ext}" for
 * the extension; else NULL. Only of names that are ours and unique. The
 * caller's.
 */
char *names_failure_pattern(const struct job *job, const struct submission *s);

/* Where the failure of that submission will be, by a pattern (or NULL). NULL
 * where it cannot be told. The caller's. */
char *names_failure(
    const struct job *job, const struct submission *s, const char *pattern);

/* Might a 202 have led to it? */
bool names_pattern_ok(const char *pattern);

#endif
