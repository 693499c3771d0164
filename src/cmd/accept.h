/* SPDX-License-Identifier: Apache-2.0 */
/* What submit and retry do with new jobs: wait for acceptance, print ids. */
#ifndef CMD_ACCEPT_H
#define CMD_ACCEPT_H

#include "base/error.h"
#include "cmd/app.h"
#include "cmd/await.h"

/* 0 stands for a minute. */
struct await *accept_new(struct app *app, int64_t timeout_ms);

/*
 * Waits, and prints the id of each job, on disk by then, whatever became of
 * it; the status. On a terminal it says what awaits their results, too.
 * `failed` is NULL, or what stood in the way of further jobs.
 */
int accept_run(struct app *app, struct await *a, const struct error *failed);

#endif
