/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What survives of queues, and of what buckets tell. Writes join the open
 * transaction of db.h, and reads see it.
 */
#ifndef LOCAL_DB_SQS_H
#define LOCAL_DB_SQS_H

#include <stdbool.h>
#include <stdint.h>

#include "local/db.h"

/* Texts are the caller's (db_queue_done). */
struct db_queue {
	char *name;
	char *attributes; /* JSON of an object */
	int64_t created_at;
	int64_t changed_at;
};
void db_queue_done(struct db_queue *q);

/* Made, or changed but for created_at. */
int db_queue_put(struct db *db, const struct db_queue *q, struct error *err);
/* 1 with *out filled, 0 where there is none, or -1. */
int db_queue_get(
    struct db *db, const char *name, struct db_queue *out, struct error *err);
/* With its letters. */
int db_queue_delete(struct db *db, const char *name, struct error *err);
/* fn for each whose name is greater than `after`, in order: 0 goes on, 1 ends
 * it, -1 fails. */
typedef int db_queue_fn(const char *name, void *arg, struct error *err);
int db_queue_each(struct db *db, const char *after, db_queue_fn *fn, void *arg,
    struct error *err);

/* Texts are the caller's (db_letter_done). */
struct db_letter {
	int64_t seq;
	char *queue;
	char *id;
	char *body;
	int64_t sent_at;
	int64_t visible_at;
	bool held;
	int64_t receives;
	int64_t first_at;
	char *receipt;
};
void db_letter_done(struct db_letter *l);

/* Sets l->seq. What was held of the queue is visible behind it. */
int db_letter_add(struct db *db, struct db_letter *l, struct error *err);
/* All but its id, body and sent_at. */
int db_letter_set(struct db *db, const struct db_letter *l, struct error *err);
int db_letter_delete(struct db *db, int64_t seq, struct error *err);
int db_letter_purge(struct db *db, const char *queue, struct error *err);
/* The first that is visible: 1, 0 or -1. */
int db_letter_next(struct db *db, const char *queue, int64_t now_at,
    struct db_letter *out, struct error *err);
int db_letter_get(
    struct db *db, int64_t seq, struct db_letter *out, struct error *err);
/* When the next one will be visible; INT64_MAX: there is none. */
int db_letter_due(
    struct db *db, const char *queue, int64_t *out, struct error *err);

struct db_letter_counts {
	int64_t visible;
	int64_t in_flight; /* received */
	int64_t delayed; /* never received */
};
int db_letter_count(struct db *db, const char *queue, int64_t now_at,
    struct db_letter_counts *out, struct error *err);

/* configuration NULL: none any more. */
int db_bucket_events_set(struct db *db, const char *bucket,
    const char *configuration, struct error *err);
/* 1 with *out, which is the caller's, 0 or -1. */
int db_bucket_events(
    struct db *db, const char *bucket, char **out, struct error *err);

#endif
