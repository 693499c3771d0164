/* SPDX-License-Identifier: Apache-2.0 */
/* A file of lines, read piece by piece however long it is. */
#ifndef CMD_BATCH_LINES_H
#define CMD_BATCH_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A line, without its end and with a NUL behind it; where it begins in the
 * file, and its number from 1 on. 0, or -1 with *err to stop. */
typedef int batch_line_fn(char *line, size_t len, int64_t at, size_t no,
    void *arg, struct error *err);

struct batch_lines {
	int fd; /* read from where it stands */
	char end; /* of a line: '\n', or NUL */
	size_t max; /* bytes of one; more is ERR_LIMIT with its number */
	batch_line_fn *fn;
	void *arg;
	/* Filled: where the last whole line ended, what is behind it. */
	int64_t whole;
	int64_t rest;
};

/* Every line that has an end. What stands behind the last is the file's rest:
 * with `last` that is a line, too. */
int batch_lines_read(struct batch_lines *l, bool last, struct error *err);

#endif
