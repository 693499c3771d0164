/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the SQLite backend share: the connection with its prepared
 * statements, and values on their way in and out. Only for sqlite*.c.
 */
#ifndef STORE_SQLITE_DB_H
#define STORE_SQLITE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "store/backend.h"
#include "store/sqlite_statement.h"
#include "store/sqlite_sum.h"

struct sqlite3;
struct sqlite3_stmt;

#define SEQ_JUMP 1000000 /* over numbers that may be taken */

struct db {
	struct sqlite3 *conn;
	/* Holds the file where SQLite's own locks do not: those go when any
	 * descriptor of the file is closed in this process. -1: none. */
	int lock_fd;
	bool empty; /* read only, and nothing is in it */
	char *owner; /* of the rows that are written */
	/* The seqs of the next rows: never one that was there before. */
	int64_t next_job;
	int64_t next_delivery;
	int64_t next_event;
	int64_t first_new_event; /* of this transaction */
	int64_t notices; /* -1: not counted */
	struct damage *damage;
	bool alone; /* the file and its log are ours */
	bool unclean; /* how it was left */
	bool reserve; /* is wanted */
	bool spent; /* and was given up */
	int log_pages;
	enum store_trouble trouble; /* of the last call that failed */
	bool broken; /* it was STORE_NEVER once */
	struct sqlite3_stmt *stmts[SQL_COUNT];
};

/* The connection's last error; -1. */
int sqlite_complain(struct db *db, const char *what, struct error *err);

/* Statements that give no rows, as text. */
int sqlite_exec(struct db *db, const char *text, struct error *err);

/* Before anything is changed in it: -1 where somebody else made it. */
int sqlite_ours(struct db *db, struct error *err);

/* Sees to the file's version. With `still` nothing is written: an older one is
 * ERR_BUSY, and of an empty one db->empty tells. */
int sqlite_migrate(struct db *db, bool still, struct error *err);

/* All of them. */
int sqlite_prepare(struct db *db, struct error *err);

/* The row's number is taken, though it should be larger than any. */
bool sqlite_seq_taken(struct db *db);

/* Run a statement that gives no rows. */
int sqlite_run(
    struct db *db, enum statement which, const char *what, struct error *err);

/* --- values, one after the other ------------------------------------ */

struct cursor {
	struct sqlite3_stmt *stmt;
	int i;
	struct sum *sum; /* goes over what is put, but blobs; or NULL */
};

/* At the first parameter of the statement, none of which is bound. */
struct cursor sqlite_bind(struct db *db, enum statement which);

/* What is put outlives the step that follows. */
void sqlite_put_int(struct cursor *c, int64_t value);
void sqlite_put_text(struct cursor *c, const char *value);
void sqlite_put_blob(struct cursor *c, const void *data, size_t len);
void sqlite_put_sum(struct cursor *c); /* which ends there */

int64_t sqlite_get_int(struct cursor *c);
char *sqlite_get_text(struct cursor *c);

/* Any value that is none becomes one that is none: UINT8_MAX, UINT_MAX and
 * INT_MIN. */
unsigned sqlite_get_enum(struct cursor *c);
unsigned sqlite_get_count(struct cursor *c);
int sqlite_get_status(struct cursor *c);

/* The last column is the checksum of those before, of a row of that table. */
bool sqlite_sound(struct sqlite3_stmt *stmt, char table);

/* Of the row of idempotency on which the statement stands; noted if not. */
bool sqlite_key_sound(struct db *db, struct sqlite3_stmt *stmt);

/* --- beside the verbs, as backend.h says ---------------------------- */

int sqlite_probe(void *arg, struct error *err);
int sqlite_tidy(void *arg, struct error *err);
bool sqlite_spend(void *arg);
bool sqlite_roomy(void *arg);
bool sqlite_unclean(void *arg);
int sqlite_check(void *arg, struct error *err);
void sqlite_interrupt(void *arg);

/* --- the verbs ------------------------------------------------------ */

int sqlite_insert(void *arg, const struct job *job, struct error *err);
int sqlite_save(
    void *arg, const struct job *job, unsigned n, struct error *err);
int sqlite_withdraw(void *arg, const struct job *job, struct error *err);
int sqlite_save_delivery(void *arg, const struct delivery *d,
    const struct attempt *a, struct error *err);
int sqlite_save_late(void *arg, const struct job *job, struct error *err);
int sqlite_keep(
    void *arg, const char *name, const char *value, struct error *err);
int sqlite_take_over(void *arg, size_t *n, struct error *err);
int sqlite_forget(
    void *arg, const struct store_forget *f, size_t *n, struct error *err);
int sqlite_see(void *arg, const struct store_notice *n, enum store_seen *out,
    struct error *err);
int sqlite_forget_notices(
    struct db *db, const struct store_forget *f, size_t *n, struct error *err);
int sqlite_recall_told(
    void *arg, struct store_told **out, size_t *n, struct error *err);
int sqlite_jobs(void *arg, const struct store_ask *ask, struct job ***out,
    size_t *n, struct error *err);
int sqlite_attempts(void *arg, const struct store_ask *ask,
    struct attempt_entry ***out, size_t *n, struct error *err);
int sqlite_deliveries(void *arg, const struct store_ask *ask,
    struct delivery ***out, size_t *n, struct error *err);
int sqlite_find_key(
    void *arg, const char *key, struct store_known *out, struct error *err);
int sqlite_recall(
    void *arg, struct store_note **out, size_t *n, struct error *err);

#endif
