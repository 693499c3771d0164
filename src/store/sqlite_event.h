/* SPDX-License-Identifier: Apache-2.0 */
/* The log of events in the SQLite file. Only for sqlite*.c. */
#ifndef STORE_SQLITE_EVENT_H
#define STORE_SQLITE_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "job/job_event.h"
#include "store/store.h"

struct db;

/* Finds out which number the next one has. */
int sqlite_event_open(struct db *db, struct error *err);

/* Around a transaction: those that it gave are given anew where it is taken
 * back, since nobody has seen them. */
void sqlite_event_begin(struct db *db);
void sqlite_event_rollback(struct db *db);

/* Into the transaction; EVENT_NONE writes nothing. */
int sqlite_event_job(struct db *db, enum job_event_type type,
    const struct job *job, struct error *err);
int sqlite_event_delivery(struct db *db, enum job_event_type type,
    const struct delivery *d, struct error *err);

int sqlite_forget_events(
    struct db *db, const struct store_forget *f, size_t *n, struct error *err);

/* As the backend's functions of these names. */
int sqlite_events(void *arg, int64_t after, size_t limit,
    struct job_event ***out, size_t *n, struct store_span *span,
    struct error *err);
int64_t sqlite_last_event(void *arg);

#endif
