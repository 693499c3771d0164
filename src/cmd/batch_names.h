/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of result files below the output folder. Whatever an input is
 * called, its result has a name of its own that stays inside: no two are the
 * same, not even where case is ignored, none is a folder of another, and the
 * same inputs in the same order get the same names.
 */
#ifndef CMD_BATCH_NAMES_H
#define CMD_BATCH_NAMES_H

#include <stddef.h>

#include "base/error.h"

/* What every name that is made here ends in. */
#define BATCH_SUFFIX ".out"

struct batch_names;

struct batch_names *batch_names_new(void);
void batch_names_free(struct batch_names *n);

/* For an input at this relative path, which may be anything. The caller's. */
char *batch_names_make(struct batch_names *n, const char *path);

/*
 * A name that somebody chose. ERR_USAGE where it is none for a file below the
 * folder, ERR_EXISTS where it meets another.
 */
int batch_names_claim(
    struct batch_names *n, const char *name, struct error *err);

#endif
