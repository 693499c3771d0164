/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the memory backend share: the rows in lists and trees, and
 * how a transaction is taken back. Only for memory*.c.
 *
 * What changes of a row is replaced as a whole: the older one goes into the
 * log of the transaction, which frees it at the commit or puts it back. A row
 * that goes is out of its tree at once, out of its list with the commit.
 */
#ifndef STORE_MEMORY_DB_H
#define STORE_MEMORY_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/error.h"
#include "store/backend.h"
#include "store/memory_row.h"

enum table_of {
	JOBS,
	DELIVERIES,
	ATTEMPTS,
	KEYS,
	NOTES,
	NOTICES,
	TOLD,
	EVENTS,
	TABLES,
};

enum undo_kind {
	UNDO_NEW,
	UNDO_SET,
	UNDO_GONE,
};

/* One change of the transaction that is open. */
struct undo {
	enum undo_kind kind;
	enum table_of table;
	struct row *row;
	void *old; /* SET: what was there */
};

struct mem {
	struct table tables[TABLES];
	size_t nnotices; /* or more */
	int64_t next_event;
	struct undo *log;
	size_t nlog;
	int lock_fd; /* or -1 */
};

/* Borrowed, or NULL. */
struct row *memory_find(
    const struct mem *m, enum table_of table, const char *key);

/* Each can be taken back until the commit. _set takes what replaces the
 * changeable part: a job, a delivery, a note's value. */
void memory_add(struct mem *m, enum table_of table, struct row *take_row);
void memory_set(
    struct mem *m, enum table_of table, struct row *row, void *take_part);
void memory_drop(struct mem *m, enum table_of table, struct row *row);

/* --- the verbs ------------------------------------------------------ */
int memory_insert(void *arg, const struct job *job, struct error *err);
int memory_save(
    void *arg, const struct job *job, unsigned n, struct error *err);
int memory_withdraw(void *arg, const struct job *job, struct error *err);
int memory_save_delivery(void *arg, const struct delivery *d,
    const struct attempt *a, struct error *err);
int memory_save_late(void *arg, const struct job *job, struct error *err);
int memory_keep(
    void *arg, const char *name, const char *value, struct error *err);
int memory_see(void *arg, const struct store_notice *n, enum store_seen *out,
    struct error *err);
int memory_take_over(void *arg, size_t *n, struct error *err);
int memory_forget(
    void *arg, const struct store_forget *f, size_t *n, struct error *err);
int memory_jobs(void *arg, const struct store_ask *ask, struct job ***out,
    size_t *n, struct error *err);
int memory_deliveries(void *arg, const struct store_ask *ask,
    struct delivery ***out, size_t *n, struct error *err);
int memory_attempts(void *arg, const struct store_ask *ask,
    struct attempt_entry ***out, size_t *n, struct error *err);
void memory_add_attempt(struct mem *m, struct delivery_row *of, unsigned n);
void memory_drop_attempts(struct mem *m, const struct delivery_row *of);
int memory_find_key(
    void *arg, const char *key, struct store_known *out, struct error *err);
int memory_recall(
    void *arg, struct store_note **out, size_t *n, struct error *err);
int memory_recall_told(
    void *arg, struct store_told **out, size_t *n, struct error *err);
size_t memory_forget_notices(struct mem *m, int64_t before_at, size_t limit);
void memory_forget_told(struct mem *m, const char *job);
void memory_free_notice(struct notice_row *r);
void memory_free_told(struct told_row *r);

#endif
