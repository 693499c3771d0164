/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command says of a job in the end: the result's bytes, the model's
 * own words, or why there is neither; and the exit status for it.
 */
#ifndef CMD_REPORT_H
#define CMD_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "cmd/app.h"
#include "job/attempt_entry.h"
#include "job/job.h"

/* The exit status for a job as it stands. */
int report_status(const struct job *job);

/* The job as one line of JSON on stdout. */
void report_json(const struct job *job, bool full);

/* Foreign words, made harmless for a terminal, and a line end. Each line but
 * the first is set in to the column: none looks like one of ours. */
void report_words(FILE *out, const char *text, int column);

/* The same of a delivery; with `full` each of its attempts, too. */
void report_delivery_json(const struct delivery *d, bool full);

/* An attempt of a listing as one line of JSON on stdout; with `full` its header
 * fields, too. */
void report_attempt_json(const struct attempt_entry *e, bool full);

/* Lines of an attempt for people: what a delivery tells of it, too. */
void report_attempt(const struct attempt *a);

/* All that is known of an attempt, for people. */
void report_entry(const struct attempt_entry *e);

/* The state, or what people rather want to know of one that waits. */
const char *report_delivery_state(const struct delivery *d);

/* A line "key value" on stdout; nothing where there is no value. */
void report_text(const char *key, const char *value);
void report_number(const char *key, int64_t value);
void report_instant(const char *key, int64_t at);

/*
 * A line for people on stderr, or with --json the job on stdout. For a
 * failure always, for a success not with --quiet.
 */
void report_job(const struct app *app, const struct job *job, bool full);

/* What invoke, wait and result do with one job that is done, and that a service
 * has (or NULL); the status. */
int report_end(struct app *app, const struct job *job,
    const struct client *service, const char *file);

#endif
