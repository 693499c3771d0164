/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two connections to one file: the writer, whose transaction spans a turn of
 * the loop, and the reader, which therefore never shows what may yet be lost.
 */
#include "local/db_sql.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/mem.h"
#include "local/schema.h"

#define SCHEMA_VERSION 3
/* Nothing else is done meanwhile: at the start, and while requests come. */
#define BUSY_START_MS 2000
#define BUSY_MS 40
#define STATEMENTS_MAX 200

static const char sql_begin[] = "BEGIN IMMEDIATE";
static const char sql_commit[] = "COMMIT";
static const char sql_rollback[] = "ROLLBACK";

struct waiter {
	TAILQ_ENTRY(waiter) entry;
	db_commit_fn *done;
	void *arg;
};
TAILQ_HEAD(waiters, waiter);

struct prepared {
	const char *sql;
	sqlite3 *conn;
	sqlite3_stmt *st;
};

struct db {
	struct loop *loop;
	sqlite3 *writer;
	sqlite3 *reader;
	struct prepared prepared[STATEMENTS_MAX];
	size_t prepared_n;
	bool open; /* the writer's transaction */
	bool lost; /* SQLite rolled it back by itself */
	bool posted;
	struct waiters waiters;
};

static int
fail(sqlite3 *conn, const char *what, struct error *err)
{
	if ((sqlite3_errcode(conn) & 0xff) == SQLITE_BUSY) {
		err_set(err, ERR_BUSY, "%s: another program holds a lock on it",
		    what);
		return err_hint(err,
		    "End whatever else has local.db open for writing, such as "
		    "an sqlite3 shell or a backup.");
	}
	return err_set(err, ERR_STORE, "%s: %s", what, sqlite3_errmsg(conn));
}

/* --- statements ----------------------------------------------------- */

static sqlite3_stmt *
statement(struct db *db, sqlite3 *conn, const char *sql, struct error *err)
{
	struct prepared *p;
	size_t i;

	for (i = 0; i < db->prepared_n; i++) {
		p = &db->prepared[i];
		if (p->sql == sql && p->conn == conn)
			return p->st;
	}
	/* They are ours, and counted by every test. */
	if (i == STATEMENTS_MAX)
		abort();
	p = &db->prepared[i];
	if (sqlite3_prepare_v3(conn, sql, -1, SQLITE_PREPARE_PERSISTENT, &p->st,
		NULL) != SQLITE_OK) {
		fail(conn, "prepare a statement", err);
		return NULL;
	}
	p->sql = sql;
	p->conn = conn;
	db->prepared_n++;
	return p->st;
}

sqlite3_stmt *
db_reading(struct db *db, const char *sql, struct error *err)
{
	return statement(db, db->reader, sql, err);
}

sqlite3_stmt *
db_peeking(struct db *db, const char *sql, struct error *err)
{
	return statement(db, db->writer, sql, err);
}

void
db_bind_text(sqlite3_stmt *st, int i, const char *s)
{
	sqlite3_bind_text(st, i, s, -1, SQLITE_STATIC);
}

char *
db_column_text(sqlite3_stmt *st, int i)
{
	return xstrdup_or_null((const char *)sqlite3_column_text(st, i));
}

int64_t
db_last_rowid(const struct db *db)
{
	return sqlite3_last_insert_rowid(db->writer);
}

void
db_finish(sqlite3_stmt *st)
{
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
}

int
db_row(sqlite3_stmt *st, const char *what, struct error *err)
{
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : fail(sqlite3_db_handle(st), what, err);
}

int
db_run(struct db *db, sqlite3_stmt *st, const char *what, struct error *err)
{
	int rc = sqlite3_step(st);

	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		fail(db->writer, what, err);
	db_finish(st);
	if (db->open && sqlite3_get_autocommit(db->writer))
		db->lost = true;
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : -1;
}

/* --- transactions --------------------------------------------------- */

static int
simple(struct db *db, const char *sql, const char *what, struct error *err)
{
	sqlite3_stmt *st = db_peeking(db, sql, err);

	return st != NULL ? db_run(db, st, what, err) : -1;
}

static int
commit(struct db *db, struct error *err)
{
	struct error ignored;
	int rc;

	if (db->lost) {
		db->open = false;
		db->lost = false;
		if (!sqlite3_get_autocommit(db->writer))
			simple(db, sql_rollback, "roll back", &ignored);
		return err_set(
		    err, ERR_STORE, "the transaction was rolled back");
	}
	if (!db->open)
		return 0;
	db->open = false;
	rc = simple(db, sql_commit, "commit", err);
	if (rc == -1 && !sqlite3_get_autocommit(db->writer))
		simple(db, sql_rollback, "roll back", &ignored);
	return rc;
}

static void
on_turn(void *arg)
{
	struct db *db = arg;

	db->posted = false;
	db_flush(db);
}

void
db_flush(struct db *db)
{
	struct waiters due = TAILQ_HEAD_INITIALIZER(due);
	struct waiter *w;
	struct error err;
	int rc;

	rc = commit(db, &err);
	TAILQ_CONCAT(&due, &db->waiters, entry);
	while ((w = TAILQ_FIRST(&due)) != NULL) {
		TAILQ_REMOVE(&due, w, entry);
		w->done(rc == 0 ? NULL : &err, w->arg);
		free(w);
	}
}

static void
post(struct db *db)
{
	if (!db->posted)
		loop_post(db->loop, on_turn, db);
	db->posted = true;
}

void
db_abandon(struct db *db)
{
	db->lost = true;
	post(db);
}

sqlite3_stmt *
db_writing(struct db *db, const char *sql, struct error *err)
{
	if (db->lost) {
		err_set(err, ERR_STORE, "the transaction was rolled back");
		return NULL;
	}
	if (!db->open) {
		if (simple(db, sql_begin, "begin", err) == -1)
			return NULL;
		db->open = true;
		post(db);
	}
	return db_peeking(db, sql, err);
}

void
db_on_commit(struct db *db, db_commit_fn *done, void *arg)
{
	struct waiter *w = xcalloc(1, sizeof(*w));

	w->done = done;
	w->arg = arg;
	TAILQ_INSERT_TAIL(&db->waiters, w, entry);
	post(db);
}

int
db_write_text(struct db *db, const char *sql, const char *text,
    const char *what, struct error *err)
{
	sqlite3_stmt *st = db_writing(db, sql, err);

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, text);
	return db_run(db, st, what, err);
}

int
db_each_text(sqlite3_stmt *st, const char *what,
    int (*fn)(const char *text, void *arg, struct error *err), void *arg,
    struct error *err)
{
	int rc;

	while ((rc = db_row(st, what, err)) == 1) {
		rc = fn((const char *)sqlite3_column_text(st, 0), arg, err);
		if (rc != 0)
			break;
	}
	db_finish(st);
	return rc == -1 ? -1 : 0;
}

/* --- opening -------------------------------------------------------- */

static int
execute(sqlite3 *conn, const char *text, const char *what, struct error *err)
{
	if (sqlite3_exec(conn, text, NULL, NULL, NULL) != SQLITE_OK)
		return fail(conn, what, err);
	return 0;
}

static int
connect_to(const char *path, sqlite3 **out, struct error *err)
{
	int flags =
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

	if (sqlite3_open_v2(path, out, flags, NULL) != SQLITE_OK)
		return fail(*out, "open the database", err);
	sqlite3_busy_timeout(*out, BUSY_START_MS);
	return execute(*out,
	    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
	    "set up the database", err);
}

static int
read_version(sqlite3 *conn, int *out, struct error *err)
{
	sqlite3_stmt *st;

	if (sqlite3_prepare_v2(conn, "PRAGMA user_version", -1, &st, NULL) !=
		SQLITE_OK ||
	    sqlite3_step(st) != SQLITE_ROW)
		return fail(conn, "read the version of the database", err);
	*out = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	return 0;
}

static int
migrate(sqlite3 *conn, struct error *err)
{
	int version;

	if (read_version(conn, &version, err) == -1)
		return -1;
	if (version == SCHEMA_VERSION)
		return 0;
	if (version < 0 || version > SCHEMA_VERSION) {
		err_set(
		    err, ERR_STORE, "the database is of version %d", version);
		return err_hint(err,
		    "A newer awaitd-local made it; use that one, or another "
		    "folder.");
	}
	if (execute(conn, "BEGIN IMMEDIATE", "begin", err) == -1)
		return -1;
	if (version == 0 &&
	    execute(conn, schema_schema, "make the tables", err) == -1)
		return -1;
	/* Version 1 is what schema.sql makes; the rest came later. */
	if (version < 2 &&
	    execute(conn, schema_schema_2, "make the tables", err) == -1)
		return -1;
	if (execute(conn, schema_schema_3, "make the tables", err) == -1)
		return -1;
	return execute(
	    conn, "PRAGMA user_version = 3; COMMIT", "make the tables", err);
}

int
db_open(struct loop *loop, const char *path, struct db **out, struct error *err)
{
	struct db *db = xcalloc(1, sizeof(*db));

	db->loop = loop;
	TAILQ_INIT(&db->waiters);
	if (connect_to(path, &db->writer, err) == -1 ||
	    migrate(db->writer, err) == -1 ||
	    connect_to(path, &db->reader, err) == -1) {
		err_prefix(err, "%s", path);
		db_close(db);
		return -1;
	}
	sqlite3_busy_timeout(db->writer, BUSY_MS);
	sqlite3_busy_timeout(db->reader, BUSY_MS);
	*out = db;
	return 0;
}

void
db_close(struct db *db)
{
	size_t i;

	if (db == NULL)
		return;
	db_flush(db);
	loop_unpost(db->loop, db);
	for (i = 0; i < db->prepared_n; i++)
		sqlite3_finalize(db->prepared[i].st);
	sqlite3_close(db->reader);
	sqlite3_close(db->writer);
	free(db);
}
