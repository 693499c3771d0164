/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a batch has come: on a terminal one line that is drawn anew, as wide
 * as it fits; elsewhere a plain line now and then; nothing with --quiet.
 */
#ifndef CMD_BATCH_PROGRESS_H
#define CMD_BATCH_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"

struct batch_progress;

struct batch_counts {
	size_t total;
	size_t ok;
	size_t failed; /* ended in another way */
	size_t lost; /* nobody can tell */
	size_t in_flight;
	const char *trouble; /* what stands in the way just now, or NULL */
};

typedef void batch_counts_fn(struct batch_counts *out, void *arg);

struct batch_progress *batch_progress_new(
    struct loop *loop, bool quiet, batch_counts_fn *counts, void *arg);

/* Takes the line away. */
void batch_progress_free(struct batch_progress *p);

/* There is news. */
void batch_progress_touch(struct batch_progress *p);

/* The line as it is, with so many bytes for it at most and each one column
 * wide. Rate in inputs a second, or below 0: not known yet. */
#define BATCH_PROGRESS_SIZE 512
void batch_progress_format(const struct batch_counts *c, double rate,
    size_t width, char out[BATCH_PROGRESS_SIZE]);

/* 1234567 as "1,234,567". */
#define BATCH_COUNT_SIZE 32
void batch_count_format(size_t n, char out[BATCH_COUNT_SIZE]);

#endif
