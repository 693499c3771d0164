/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two connections to one file: the writer, whose transaction spans a turn of
 * the loop, and the reader, which therefore never shows what may yet be lost.
 */
#include "local/db.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/mem.h"
#include "local/schema.h"

#define SCHEMA_VERSION 1
#define BUSY_MS 5000

enum statement {
	ST_BEGIN,
	ST_COMMIT,
	ST_ROLLBACK,
	ST_BUCKET_ADD,
	ST_BUCKET_HAS,
	ST_OBJECT_PEEK,
	ST_OBJECT_PUT,
	ST_OBJECT_DELETE,
	ST_FILE_KNOWN,
	ST_REQUEST_ADD,
	ST_REQUEST_DELETE,
	ST_WRITER_N, /* below: the writer's; from here on: the reader's */
	ST_OBJECT_GET = ST_WRITER_N,
	ST_LIST,
	ST_REQUEST_GET,
	ST_REQUEST_EACH,
	ST_N
};

#define OBJECT_BY_KEY                                                   \
	"SELECT file, size, etag, checksum, headers, modified_at FROM " \
	"object WHERE bucket = ?1 AND key = ?2"
#define REQUEST_COLUMNS                                                     \
	"seq, inference_id, endpoint, content_type, accept, "               \
	"custom_attributes, input_location, output, failure, accepted_at, " \
	"ttl_s, timeout_s"

static const char *const sql[ST_N] = {
    [ST_BEGIN] = "BEGIN IMMEDIATE",
    [ST_COMMIT] = "COMMIT",
    [ST_ROLLBACK] = "ROLLBACK",
    [ST_BUCKET_ADD] = "INSERT OR IGNORE INTO bucket VALUES (?1)",
    [ST_BUCKET_HAS] = "SELECT 1 FROM bucket WHERE name = ?1",
    [ST_OBJECT_PEEK] = OBJECT_BY_KEY,
    [ST_OBJECT_PUT] = "INSERT OR REPLACE INTO object VALUES "
		      "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [ST_OBJECT_DELETE] = "DELETE FROM object WHERE bucket = ?1 AND key = ?2",
    [ST_FILE_KNOWN] = "SELECT 1 FROM object WHERE file = ?1",
    [ST_REQUEST_ADD] =
	"INSERT INTO request (inference_id, endpoint, content_type, accept, "
	"custom_attributes, input_location, output, failure, accepted_at, "
	"ttl_s, timeout_s, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
	"?10, ?11, ?12)",
    [ST_REQUEST_DELETE] = "DELETE FROM request WHERE seq = ?1",
    [ST_OBJECT_GET] = OBJECT_BY_KEY,
    [ST_LIST] = "SELECT key, etag, size, modified_at FROM object "
		"WHERE bucket = ?1 AND key >= ?2 ORDER BY key",
    [ST_REQUEST_GET] =
	"SELECT " REQUEST_COLUMNS ", body FROM request WHERE seq = ?1",
    [ST_REQUEST_EACH] =
	"SELECT " REQUEST_COLUMNS ", NULL FROM request ORDER BY seq",
};

struct waiter {
	TAILQ_ENTRY(waiter) entry;
	db_commit_fn *done;
	void *arg;
};
TAILQ_HEAD(waiters, waiter);

struct db {
	struct loop *loop;
	sqlite3 *writer;
	sqlite3 *reader;
	sqlite3_stmt *st[ST_N];
	bool open; /* the writer's transaction */
	bool lost; /* SQLite rolled it back by itself */
	bool posted;
	struct waiters waiters;
};

static int
fail(sqlite3 *conn, const char *what, struct error *err)
{
	return err_set(err, ERR_STORE, "%s: %s", what, sqlite3_errmsg(conn));
}

static sqlite3 *
connection_of(const struct db *db, enum statement which)
{
	return which < ST_WRITER_N ? db->writer : db->reader;
}

/* The statement, prepared at its first use. */
static sqlite3_stmt *
statement(struct db *db, enum statement which, struct error *err)
{
	sqlite3 *conn = connection_of(db, which);

	if (db->st[which] == NULL &&
	    sqlite3_prepare_v3(conn, sql[which], -1, SQLITE_PREPARE_PERSISTENT,
		&db->st[which], NULL) != SQLITE_OK) {
		fail(conn, "prepare a statement", err);
		return NULL;
	}
	return db->st[which];
}

static void
bind_text(sqlite3_stmt *st, int i, const char *s)
{
	/* NULL binds SQL's NULL. The text outlives the step. */
	sqlite3_bind_text(st, i, s, -1, SQLITE_STATIC);
}

static char *
column_text(sqlite3_stmt *st, int i)
{
	return xstrdup_or_null((const char *)sqlite3_column_text(st, i));
}

static void
finish(sqlite3_stmt *st)
{
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
}

/* Run a write to its end; the transaction may be lost by it. */
static int
run(struct db *db, sqlite3_stmt *st, const char *what, struct error *err)
{
	int rc = sqlite3_step(st);

	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		fail(db->writer, what, err);
	finish(st);
	if (db->open && sqlite3_get_autocommit(db->writer))
		db->lost = true;
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : -1;
}

/* --- transactions --------------------------------------------------- */

static int
simple(struct db *db, enum statement which, const char *what, struct error *err)
{
	sqlite3_stmt *st = statement(db, which, err);

	return st != NULL ? run(db, st, what, err) : -1;
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
			simple(db, ST_ROLLBACK, "roll back", &ignored);
		return err_set(
		    err, ERR_STORE, "the transaction was rolled back");
	}
	if (!db->open)
		return 0;
	db->open = false;
	rc = simple(db, ST_COMMIT, "commit", err);
	if (rc == -1 && !sqlite3_get_autocommit(db->writer))
		simple(db, ST_ROLLBACK, "roll back", &ignored);
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

/* A statement of the writer, inside its transaction. */
static sqlite3_stmt *
writing(struct db *db, enum statement which, struct error *err)
{
	if (db->lost) {
		err_set(err, ERR_STORE, "the transaction was rolled back");
		return NULL;
	}
	if (!db->open) {
		if (simple(db, ST_BEGIN, "begin", err) == -1)
			return NULL;
		db->open = true;
		post(db);
	}
	return statement(db, which, err);
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
	sqlite3_busy_timeout(*out, BUSY_MS);
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
	if (version != 0) {
		err_set(
		    err, ERR_STORE, "the database is of version %d", version);
		return err_hint(err,
		    "A newer awaitd-local made it; use that one, or another "
		    "folder.");
	}
	if (execute(conn, "BEGIN", "begin", err) == -1 ||
	    execute(conn, schema_schema, "make the tables", err) == -1)
		return -1;
	return execute(
	    conn, "PRAGMA user_version = 1; COMMIT", "make the tables", err);
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
	for (i = 0; i < ST_N; i++)
		sqlite3_finalize(db->st[i]);
	sqlite3_close(db->reader);
	sqlite3_close(db->writer);
	free(db);
}

/* --- buckets and objects -------------------------------------------- */

int
db_bucket_add(struct db *db, const char *name, struct error *err)
{
	sqlite3_stmt *st = writing(db, ST_BUCKET_ADD, err);

	if (st == NULL)
		return -1;
	bind_text(st, 1, name);
	return run(db, st, "add a bucket", err);
}

/* 1 where a query of one text finds a row. */
static int
exists(struct db *db, enum statement which, const char *text, struct error *err)
{
	sqlite3_stmt *st = statement(db, which, err);
	int rc;

	if (st == NULL)
		return -1;
	bind_text(st, 1, text);
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		fail(connection_of(db, which), "look something up", err);
	finish(st);
	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : -1;
}

int
db_bucket_has(struct db *db, const char *name, struct error *err)
{
	return exists(db, ST_BUCKET_HAS, name, err);
}

int
db_file_known(struct db *db, const char *file, struct error *err)
{
	return exists(db, ST_FILE_KNOWN, file, err);
}

static int
find_object(struct db *db, enum statement which, const char *bucket,
    const char *key, struct db_object *out, struct error *err)
{
	sqlite3_stmt *st = statement(db, which, err);
	int rc;

	if (st == NULL)
		return -1;
	bind_text(st, 1, bucket);
	bind_text(st, 2, key);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		out->file = column_text(st, 0);
		out->size = sqlite3_column_int64(st, 1);
		out->etag = column_text(st, 2);
		out->checksum = column_text(st, 3);
		out->headers = column_text(st, 4);
		out->modified_at = sqlite3_column_int64(st, 5);
	} else if (rc != SQLITE_DONE)
		fail(connection_of(db, which), "find an object", err);
	finish(st);
	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : -1;
}

int
db_object_get(struct db *db, const char *bucket, const char *key,
    struct db_object *out, struct error *err)
{
	return find_object(db, ST_OBJECT_GET, bucket, key, out, err);
}

int
db_object_peek(struct db *db, const char *bucket, const char *key,
    struct db_object *out, struct error *err)
{
	return find_object(db, ST_OBJECT_PEEK, bucket, key, out, err);
}

int
db_object_put(struct db *db, const char *bucket, const char *key,
    const struct db_object *o, struct error *err)
{
	sqlite3_stmt *st = writing(db, ST_OBJECT_PUT, err);

	if (st == NULL)
		return -1;
	bind_text(st, 1, bucket);
	bind_text(st, 2, key);
	bind_text(st, 3, o->file);
	sqlite3_bind_int64(st, 4, o->size);
	bind_text(st, 5, o->etag);
	bind_text(st, 6, o->checksum);
	bind_text(st, 7, o->headers);
	sqlite3_bind_int64(st, 8, o->modified_at);
	return run(db, st, "write an object", err);
}

int
db_object_delete(
    struct db *db, const char *bucket, const char *key, struct error *err)
{
	sqlite3_stmt *st = writing(db, ST_OBJECT_DELETE, err);

	if (st == NULL)
		return -1;
	bind_text(st, 1, bucket);
	bind_text(st, 2, key);
	return run(db, st, "delete an object", err);
}

void
db_object_done(struct db_object *o)
{
	xfree(&o->file);
	xfree(&o->etag);
	xfree(&o->checksum);
	xfree(&o->headers);
}

/* --- listing -------------------------------------------------------- */

int
db_list_seek(struct db *db, const char *bucket, const char *from, size_t len,
    struct error *err)
{
	sqlite3_stmt *st = statement(db, ST_LIST, err);

	if (st == NULL)
		return -1;
	finish(st);
	sqlite3_bind_text(st, 1, bucket, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(st, 2, from, (int)len, SQLITE_TRANSIENT);
	return 0;
}

int
db_list_next(struct db *db, struct db_entry *out, struct error *err)
{
	sqlite3_stmt *st = db->st[ST_LIST];
	int rc = sqlite3_step(st);

	if (rc == SQLITE_DONE)
		return 0;
	if (rc != SQLITE_ROW)
		return fail(db->reader, "list objects", err);
	out->key = (const char *)sqlite3_column_text(st, 0);
	out->key_len = (size_t)sqlite3_column_bytes(st, 0);
	out->etag = (const char *)sqlite3_column_text(st, 1);
	out->size = sqlite3_column_int64(st, 2);
	out->modified_at = sqlite3_column_int64(st, 3);
	return 1;
}

void
db_list_end(struct db *db)
{
	/* An open read would keep the log from being taken up. */
	if (db->st[ST_LIST] != NULL)
		finish(db->st[ST_LIST]);
}

/* --- the queue ------------------------------------------------------ */

int
db_request_add(struct db *db, struct db_request *r, struct error *err)
{
	sqlite3_stmt *st = writing(db, ST_REQUEST_ADD, err);

	if (st == NULL)
		return -1;
	bind_text(st, 1, r->inference_id);
	bind_text(st, 2, r->endpoint);
	bind_text(st, 3, r->content_type);
	bind_text(st, 4, r->accept);
	bind_text(st, 5, r->custom_attributes);
	bind_text(st, 6, r->input_location);
	bind_text(st, 7, r->output);
	bind_text(st, 8, r->failure);
	sqlite3_bind_int64(st, 9, r->accepted_at);
	sqlite3_bind_int64(st, 10, r->ttl_s);
	sqlite3_bind_int64(st, 11, r->timeout_s);
	sqlite3_bind_blob(st, 12, r->body, (int)r->body_len, SQLITE_STATIC);
	if (run(db, st, "queue a request", err) == -1)
		return -1;
	r->seq = sqlite3_last_insert_rowid(db->writer);
	return 0;
}

int
db_request_delete(struct db *db, int64_t seq, struct error *err)
{
	sqlite3_stmt *st = writing(db, ST_REQUEST_DELETE, err);

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, seq);
	return run(db, st, "take a request off the queue", err);
}

static void
read_request(sqlite3_stmt *st, struct db_request *out)
{
	memset(out, 0, sizeof(*out));
	out->seq = sqlite3_column_int64(st, 0);
	out->inference_id = column_text(st, 1);
	out->endpoint = column_text(st, 2);
	out->content_type = column_text(st, 3);
	out->accept = column_text(st, 4);
	out->custom_attributes = column_text(st, 5);
	out->input_location = column_text(st, 6);
	out->output = column_text(st, 7);
	out->failure = column_text(st, 8);
	out->accepted_at = sqlite3_column_int64(st, 9);
	out->ttl_s = sqlite3_column_int64(st, 10);
	out->timeout_s = sqlite3_column_int64(st, 11);
	out->body_len = (size_t)sqlite3_column_bytes(st, 12);
	if (out->body_len > 0)
		out->body = xmemdup(sqlite3_column_blob(st, 12), out->body_len);
}

int
db_request_get(
    struct db *db, int64_t seq, struct db_request *out, struct error *err)
{
	sqlite3_stmt *st = statement(db, ST_REQUEST_GET, err);
	int rc;

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, seq);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		read_request(st, out);
	else if (rc != SQLITE_DONE)
		fail(db->reader, "read a request", err);
	finish(st);
	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : -1;
}

void
db_request_done(struct db_request *r)
{
	free(r->inference_id);
	free(r->endpoint);
	free(r->content_type);
	free(r->accept);
	free(r->custom_attributes);
	free(r->input_location);
	free(r->body);
	free(r->output);
	free(r->failure);
	memset(r, 0, sizeof(*r));
}

int
db_request_each(struct db *db, db_request_fn *fn, void *arg, struct error *err)
{
	sqlite3_stmt *st = statement(db, ST_REQUEST_EACH, err);
	struct db_request r;
	int rc = SQLITE_ERROR, go_on = 0;

	if (st == NULL)
		return -1;
	while (go_on == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		read_request(st, &r);
		go_on = fn(&r, arg, err);
		db_request_done(&r);
	}
	if (go_on == 0 && rc != SQLITE_DONE)
		go_on = fail(db->reader, "read the queue", err);
	finish(st);
	return go_on;
}
