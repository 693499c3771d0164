/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets, objects and the queue, as SQL. */
#include "local/db.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "local/db_sql.h"

#define REQUEST_COLUMNS                                                     \
	"seq, inference_id, endpoint, content_type, accept, "               \
	"custom_attributes, input_location, output, failure, accepted_at, " \
	"ttl_s, timeout_s, staged"

static const char sql_bucket_add[] = "INSERT OR IGNORE INTO bucket VALUES (?1)";
static const char sql_bucket_has[] = "SELECT 1 FROM bucket WHERE name = ?1";
static const char sql_buckets[] = "SELECT name FROM bucket ORDER BY name";
static const char sql_object[] =
    "SELECT file, size, etag, checksum, headers, modified_at FROM object "
    "WHERE bucket = ?1 AND key = ?2";
static const char sql_object_put[] = "INSERT OR REPLACE INTO object VALUES "
				     "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
static const char sql_object_delete[] =
    "DELETE FROM object WHERE bucket = ?1 AND key = ?2";
static const char sql_file_known[] = "SELECT 1 FROM object WHERE file = ?1";
static const char sql_list[] =
    "SELECT key, etag, size, modified_at FROM object "
    "WHERE bucket = ?1 AND key >= ?2 ORDER BY key";
static const char sql_request_add[] =
    "INSERT INTO request (inference_id, endpoint, content_type, accept, "
    "custom_attributes, input_location, output, failure, accepted_at, "
    "ttl_s, timeout_s, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
    "?10, ?11, ?12)";
static const char sql_request_stage[] =
    "UPDATE request SET staged = ?2 WHERE seq = ?1";
static const char sql_request_note[] =
    "UPDATE request SET notice = ?2 WHERE seq = ?1";
static const char sql_request_delete[] = "DELETE FROM request WHERE seq = ?1";
static const char sql_request[] =
    "SELECT " REQUEST_COLUMNS ", body, notice FROM request WHERE seq = ?1";
static const char sql_requests[] =
    "SELECT " REQUEST_COLUMNS ", NULL, NULL FROM request ORDER BY seq";

/* --- buckets and objects -------------------------------------------- */

int
db_bucket_add(struct db *db, const char *name, struct error *err)
{
	sqlite3_stmt *st = db_writing(db, sql_bucket_add, err);

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, name);
	return db_run(db, st, "add a bucket", err);
}

/* 1 where a query of one text finds a row. */
static int
exists(struct db *db, const char *sql, const char *text, struct error *err)
{
	sqlite3_stmt *st = db_peeking(db, sql, err);
	int rc;

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, text);
	rc = db_row(st, "look something up", err);
	db_finish(st);
	return rc;
}

int
db_bucket_has(struct db *db, const char *name, struct error *err)
{
	return exists(db, sql_bucket_has, name, err);
}

int
db_bucket_each(struct db *db, db_bucket_fn *fn, void *arg, struct error *err)
{
	sqlite3_stmt *st = db_reading(db, sql_buckets, err);
	int rc;

	if (st == NULL)
		return -1;
	while ((rc = db_row(st, "list buckets", err)) == 1) {
		rc = fn((const char *)sqlite3_column_text(st, 0), arg, err);
		if (rc == -1)
			break;
	}
	db_finish(st);
	return rc;
}

int
db_file_known(struct db *db, const char *file, struct error *err)
{
	return exists(db, sql_file_known, file, err);
}

static int
find_object(sqlite3_stmt *st, const char *bucket, const char *key,
    struct db_object *out, struct error *err)
{
	int rc;

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, bucket);
	db_bind_text(st, 2, key);
	rc = db_row(st, "find an object", err);
	if (rc == 1) {
		out->file = db_column_text(st, 0);
		out->size = sqlite3_column_int64(st, 1);
		out->etag = db_column_text(st, 2);
		out->checksum = db_column_text(st, 3);
		out->headers = db_column_text(st, 4);
		out->modified_at = sqlite3_column_int64(st, 5);
	}
	db_finish(st);
	return rc;
}

int
db_object_get(struct db *db, const char *bucket, const char *key,
    struct db_object *out, struct error *err)
{
	return find_object(
	    db_reading(db, sql_object, err), bucket, key, out, err);
}

int
db_object_peek(struct db *db, const char *bucket, const char *key,
    struct db_object *out, struct error *err)
{
	return find_object(
	    db_peeking(db, sql_object, err), bucket, key, out, err);
}

int
db_object_put(struct db *db, const char *bucket, const char *key,
    const struct db_object *o, struct error *err)
{
	sqlite3_stmt *st = db_writing(db, sql_object_put, err);

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, bucket);
	db_bind_text(st, 2, key);
	db_bind_text(st, 3, o->file);
	sqlite3_bind_int64(st, 4, o->size);
	db_bind_text(st, 5, o->etag);
	db_bind_text(st, 6, o->checksum);
	db_bind_text(st, 7, o->headers);
	sqlite3_bind_int64(st, 8, o->modified_at);
	return db_run(db, st, "write an object", err);
}

int
db_object_delete(
    struct db *db, const char *bucket, const char *key, struct error *err)
{
	sqlite3_stmt *st = db_writing(db, sql_object_delete, err);

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, bucket);
	db_bind_text(st, 2, key);
	return db_run(db, st, "delete an object", err);
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
	sqlite3_stmt *st = db_reading(db, sql_list, err);

	if (st == NULL)
		return -1;
	db_finish(st);
	sqlite3_bind_text(st, 1, bucket, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(st, 2, from, (int)len, SQLITE_TRANSIENT);
	return 0;
}

int
db_list_next(struct db *db, struct db_entry *out, struct error *err)
{
	sqlite3_stmt *st = db_reading(db, sql_list, err);
	int rc = st != NULL ? db_row(st, "list objects", err) : -1;

	if (rc != 1)
		return rc;
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
	struct error ignored;
	sqlite3_stmt *st = db_reading(db, sql_list, &ignored);

	/* An open read would keep the log from being taken up. */
	if (st != NULL)
		db_finish(st);
}

/* --- the queue ------------------------------------------------------ */

int
db_request_add(struct db *db, struct db_request *r, struct error *err)
{
	sqlite3_stmt *st = db_writing(db, sql_request_add, err);

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, r->inference_id);
	db_bind_text(st, 2, r->endpoint);
	db_bind_text(st, 3, r->content_type);
	db_bind_text(st, 4, r->accept);
	db_bind_text(st, 5, r->custom_attributes);
	db_bind_text(st, 6, r->input_location);
	db_bind_text(st, 7, r->output);
	db_bind_text(st, 8, r->failure);
	sqlite3_bind_int64(st, 9, r->accepted_at);
	sqlite3_bind_int64(st, 10, r->ttl_s);
	sqlite3_bind_int64(st, 11, r->timeout_s);
	sqlite3_bind_blob(st, 12, r->body, (int)r->body_len, SQLITE_STATIC);
	if (db_run(db, st, "queue a request", err) == -1)
		return -1;
	r->seq = db_last_rowid(db);
	return 0;
}

int
db_request_delete(struct db *db, int64_t seq, struct error *err)
{
	sqlite3_stmt *st = db_writing(db, sql_request_delete, err);

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, seq);
	return db_run(db, st, "take a request off the queue", err);
}

int
db_request_stage(struct db *db, int64_t seq, int staged, struct error *err)
{
	sqlite3_stmt *st = db_writing(db, sql_request_stage, err);

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, seq);
	sqlite3_bind_int(st, 2, staged);
	return db_run(db, st, "stage a result", err);
}

int
db_request_note(
    struct db *db, int64_t seq, const char *notice, struct error *err)
{
	sqlite3_stmt *st = db_writing(db, sql_request_note, err);

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, seq);
	db_bind_text(st, 2, notice);
	return db_run(db, st, "note a result", err);
}

static void
read_request(sqlite3_stmt *st, struct db_request *out)
{
	memset(out, 0, sizeof(*out));
	out->seq = sqlite3_column_int64(st, 0);
	out->inference_id = db_column_text(st, 1);
	out->endpoint = db_column_text(st, 2);
	out->content_type = db_column_text(st, 3);
	out->accept = db_column_text(st, 4);
	out->custom_attributes = db_column_text(st, 5);
	out->input_location = db_column_text(st, 6);
	out->output = db_column_text(st, 7);
	out->failure = db_column_text(st, 8);
	out->accepted_at = sqlite3_column_int64(st, 9);
	out->ttl_s = sqlite3_column_int64(st, 10);
	out->timeout_s = sqlite3_column_int64(st, 11);
	out->staged = sqlite3_column_int(st, 12);
	out->body_len = (size_t)sqlite3_column_bytes(st, 13);
	if (out->body_len > 0)
		out->body = xmemdup(sqlite3_column_blob(st, 13), out->body_len);
	out->notice = db_column_text(st, 14);
}

int
db_request_get(
    struct db *db, int64_t seq, struct db_request *out, struct error *err)
{
	sqlite3_stmt *st = db_reading(db, sql_request, err);
	int rc;

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, seq);
	rc = db_row(st, "read a request", err);
	if (rc == 1)
		read_request(st, out);
	db_finish(st);
	return rc;
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
	free(r->notice);
	memset(r, 0, sizeof(*r));
}

int
db_request_each(struct db *db, db_request_fn *fn, void *arg, struct error *err)
{
	sqlite3_stmt *st = db_reading(db, sql_requests, err);
	struct db_request r;
	int rc;

	if (st == NULL)
		return -1;
	while ((rc = db_row(st, "read the queue", err)) == 1) {
		read_request(st, &r);
		rc = fn(&r, arg, err);
		db_request_done(&r);
		if (rc == -1)
			break;
	}
	db_finish(st);
	return rc;
}
