/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files behind db.h share: statements, the two connections, and the
 * transaction of a turn. Nobody else includes this.
 */
#ifndef LOCAL_DB_SQL_H
#define LOCAL_DB_SQL_H

#include <sqlite3.h>

#include "base/error.h"
#include "local/db.h"

/*
 * A statement, prepared at its first use and kept. It is known by the address
 * of its text, which is a static array of its user's. Borrowed; NULL where it
 * cannot be prepared.
 */
sqlite3_stmt *db_reading(struct db *db, const char *sql, struct error *err);
/* Of the writer, which sees what is not committed yet. */
sqlite3_stmt *db_peeking(struct db *db, const char *sql, struct error *err);
/* The same, inside the transaction, which begins if need be. */
sqlite3_stmt *db_writing(struct db *db, const char *sql, struct error *err);

/* Run a write to its end; the transaction may be lost by it. */
int db_run(
    struct db *db, sqlite3_stmt *st, const char *what, struct error *err);
/* To the next row: 1, 0 where there is none, or -1. */
int db_row(sqlite3_stmt *st, const char *what, struct error *err);
/* Give a statement back. */
void db_finish(sqlite3_stmt *st);

/* A write whose one parameter is a text. */
int db_write_text(struct db *db, const char *sql, const char *text,
    const char *what, struct error *err);
/* fn for the text of each row, up to the first that it does not answer with 0;
 * the statement is bound, and is given back. */
int db_each_text(sqlite3_stmt *st, const char *what,
    int (*fn)(const char *text, void *arg, struct error *err), void *arg,
    struct error *err);

/* Of the writer's last insert. */
int64_t db_last_rowid(const struct db *db);

/* NULL is SQL's NULL; the text must outlive the step. */
void db_bind_text(sqlite3_stmt *st, int i, const char *s);
/* The caller's; NULL for NULL. */
char *db_column_text(sqlite3_stmt *st, int i);

#endif
