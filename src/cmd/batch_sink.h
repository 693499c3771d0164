/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Result files: written under another name in the batch's own folder, made
 * durable on a thread, and only then named. No part of a name leads out of the
 * output folder, whatever lies there.
 */
#ifndef CMD_BATCH_SINK_H
#define CMD_BATCH_SINK_H

#include "base/error.h"
#include "base/loop.h"
#include "cmd/batch_plan.h"

struct batch_sink;

struct batch_sink *batch_sink_new(
    struct loop *loop, const struct batch_plan *plan);

/* What is under way comes to its end, and is told to nobody. */
void batch_sink_free(struct batch_sink *s);

/* A new file for the result of this item, empty; the caller's. */
int batch_sink_open(struct batch_sink *s, size_t i, int *fd, struct error *err);

/* It is not to be. */
void batch_sink_drop(struct batch_sink *s, size_t i, int take_fd);

typedef void batch_placed_fn(const struct error *err, void *arg);

/* It is whole: durable and under its name when done is called, later. */
void batch_sink_place(struct batch_sink *s, size_t i, int take_fd,
    const char *name, batch_placed_fn *done, void *arg);

/* These two files are made durable; done is called later. One at a time. */
void batch_sink_sync(struct batch_sink *s, int fd, int other_fd,
    batch_placed_fn *done, void *arg);

#endif
