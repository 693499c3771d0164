/* SPDX-License-Identifier: Apache-2.0 */
/* Files that hold a secret: of the user alone, and small. */
#ifndef DELIVER_SECRETFILE_H
#define DELIVER_SECRETFILE_H

#include <stddef.h>

#include "base/error.h"

/*
 * All of a regular file that nobody but its owner can read or write, at most
 * `max` bytes without a NUL among them: a string, to be released with
 * hash_wipe_free(). ERR_CONFIG names the path, and what it is not ("a secret")
 * where it is too large.
 */
int secretfile_read(const char *path, const char *what, size_t max, char **out,
    struct error *err);

/*
 * The one line of such a file, without blanks and ends of lines around it: at
 * least `min` bytes, no other control characters. Released with
 * hash_wipe_free().
 */
int secretfile_line(const char *path, const char *what, size_t min, size_t max,
    char **out, struct error *err);

#endif
