/* SPDX-License-Identifier: Apache-2.0 */
/* Queues and their letters, and what buckets tell, as SQL. */
#include "local/db_sqs.h"

#include <stdlib.h>

#include "base/mem.h"
#include "local/db_sql.h"

#define LETTER_COLUMNS                                                \
	"seq, queue, id, body, sent_at, visible_at, held, receives, " \
	"first_at, receipt"

static const char sql_queue_put[] =
    "INSERT INTO queue VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name) DO UPDATE "
    "SET attributes = ?2, changed_at = ?4";
static const char sql_queue[] =
    "SELECT name, attributes, created_at, changed_at FROM queue "
    "WHERE name = ?1";
static const char sql_queue_letters[] = "DELETE FROM letter WHERE queue = ?1";
static const char sql_queue_delete[] = "DELETE FROM queue WHERE name = ?1";
static const char sql_queues[] =
    "SELECT name FROM queue WHERE name > ?1 ORDER BY name";

static const char sql_letter_add[] =
    "INSERT INTO letter (queue, id, body, sent_at, visible_at, held, "
    "receives, first_at, receipt) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, '')";
static const char sql_letter_release[] =
    "UPDATE letter SET visible_at = ?2, held = 0 "
    "WHERE queue = ?1 AND held <> 0 AND seq < ?3";
static const char sql_letter_set[] =
    "UPDATE letter SET queue = ?2, visible_at = ?3, held = ?4, "
    "receives = ?5, first_at = ?6, receipt = ?7 WHERE seq = ?1";
static const char sql_letter_delete[] = "DELETE FROM letter WHERE seq = ?1";
static const char sql_letter_next[] =
    "SELECT " LETTER_COLUMNS " FROM letter "
    "WHERE queue = ?1 AND visible_at <= ?2 ORDER BY visible_at, seq LIMIT 1";
static const char sql_letter[] =
    "SELECT " LETTER_COLUMNS " FROM letter WHERE seq = ?1";
static const char sql_letter_due[] =
    "SELECT visible_at FROM letter WHERE queue = ?1 "
    "ORDER BY visible_at LIMIT 1";
static const char sql_letter_count[] =
    "SELECT coalesce(sum(visible_at <= ?2), 0), "
    "coalesce(sum(visible_at > ?2 AND receives > 0), 0), "
    "coalesce(sum(visible_at > ?2 AND receives = 0), 0) "
    "FROM letter WHERE queue = ?1";

static const char sql_events_set[] =
    "INSERT OR REPLACE INTO bucket_events VALUES (?1, ?2)";
static const char sql_events_delete[] =
    "DELETE FROM bucket_events WHERE bucket = ?1";
static const char sql_events[] =
    "SELECT configuration FROM bucket_events WHERE bucket = ?1";

/* --- queues --------------------------------------------------------- */

void
db_queue_done(struct db_queue *q)
{
	xfree(&q->name);
	xfree(&q->attributes);
}

int
db_queue_put(struct db *db, const struct db_queue *q, struct error *err)
{
	sqlite3_stmt *st = db_writing(db, sql_queue_put, err);

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, q->name);
	db_bind_text(st, 2, q->attributes);
	sqlite3_bind_int64(st, 3, q->created_at);
	sqlite3_bind_int64(st, 4, q->changed_at);
	return db_run(db, st, "write a queue", err);
}

int
db_queue_get(
    struct db *db, const char *name, struct db_queue *out, struct error *err)
{
	sqlite3_stmt *st = db_peeking(db, sql_queue, err);
	int rc;

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, name);
	rc = db_row(st, "find a queue", err);
	if (rc == 1) {
		out->name = db_column_text(st, 0);
		out->attributes = db_column_text(st, 1);
		out->created_at = sqlite3_column_int64(st, 2);
		out->changed_at = sqlite3_column_int64(st, 3);
	}
	db_finish(st);
	return rc;
}

int
db_queue_delete(struct db *db, const char *name, struct error *err)
{
	if (db_letter_purge(db, name, err) == -1)
		return -1;
	return db_write_text(db, sql_queue_delete, name, "delete a queue", err);
}

int
db_queue_each(struct db *db, const char *after, db_queue_fn *fn, void *arg,
    struct error *err)
{
	sqlite3_stmt *st = db_peeking(db, sql_queues, err);

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, after);
	return db_each_text(st, "list queues", fn, arg, err);
}

/* --- letters -------------------------------------------------------- */

void
db_letter_done(struct db_letter *l)
{
	xfree(&l->queue);
	xfree(&l->id);
	xfree(&l->body);
	xfree(&l->receipt);
}

static int
release_held(struct db *db, const struct db_letter *l, struct error *err)
{
	sqlite3_stmt *st = db_writing(db, sql_letter_release, err);

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, l->queue);
	sqlite3_bind_int64(st, 2, l->visible_at + 1);
	sqlite3_bind_int64(st, 3, l->seq);
	return db_run(db, st, "release a letter", err);
}

int
db_letter_add(struct db *db, struct db_letter *l, struct error *err)
{
	sqlite3_stmt *st = db_writing(db, sql_letter_add, err);

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, l->queue);
	db_bind_text(st, 2, l->id);
	db_bind_text(st, 3, l->body);
	sqlite3_bind_int64(st, 4, l->sent_at);
	sqlite3_bind_int64(st, 5, l->visible_at);
	sqlite3_bind_int(st, 6, l->held);
	if (db_run(db, st, "write a letter", err) == -1)
		return -1;
	l->seq = db_last_rowid(db);
	return l->held ? 0 : release_held(db, l, err);
}

int
db_letter_set(struct db *db, const struct db_letter *l, struct error *err)
{
	sqlite3_stmt *st = db_writing(db, sql_letter_set, err);

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, l->seq);
	db_bind_text(st, 2, l->queue);
	sqlite3_bind_int64(st, 3, l->visible_at);
	sqlite3_bind_int(st, 4, l->held);
	sqlite3_bind_int64(st, 5, l->receives);
	sqlite3_bind_int64(st, 6, l->first_at);
	db_bind_text(st, 7, l->receipt);
	return db_run(db, st, "change a letter", err);
}

int
db_letter_delete(struct db *db, int64_t seq, struct error *err)
{
	sqlite3_stmt *st = db_writing(db, sql_letter_delete, err);

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, seq);
	return db_run(db, st, "delete a letter", err);
}

int
db_letter_purge(struct db *db, const char *queue, struct error *err)
{
	return db_write_text(
	    db, sql_queue_letters, queue, "purge a queue", err);
}

static int
read_letter(sqlite3_stmt *st, struct db_letter *out, struct error *err)
{
	int rc = db_row(st, "find a letter", err);

	if (rc == 1) {
		out->seq = sqlite3_column_int64(st, 0);
		out->queue = db_column_text(st, 1);
		out->id = db_column_text(st, 2);
		out->body = db_column_text(st, 3);
		out->sent_at = sqlite3_column_int64(st, 4);
		out->visible_at = sqlite3_column_int64(st, 5);
		out->held = sqlite3_column_int(st, 6) != 0;
		out->receives = sqlite3_column_int64(st, 7);
		out->first_at = sqlite3_column_int64(st, 8);
		out->receipt = db_column_text(st, 9);
	}
	db_finish(st);
	return rc;
}

int
db_letter_next(struct db *db, const char *queue, int64_t now_at,
    struct db_letter *out, struct error *err)
{
	sqlite3_stmt *st = db_peeking(db, sql_letter_next, err);

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, queue);
	sqlite3_bind_int64(st, 2, now_at);
	return read_letter(st, out, err);
}

int
db_letter_get(
    struct db *db, int64_t seq, struct db_letter *out, struct error *err)
{
	sqlite3_stmt *st = db_peeking(db, sql_letter, err);

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, seq);
	return read_letter(st, out, err);
}

int
db_letter_due(struct db *db, const char *queue, int64_t *out, struct error *err)
{
	sqlite3_stmt *st = db_peeking(db, sql_letter_due, err);
	int rc;

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, queue);
	rc = db_row(st, "find the next letter", err);
	if (rc != -1)
		*out = rc == 1 ? sqlite3_column_int64(st, 0) : INT64_MAX;
	db_finish(st);
	return rc == -1 ? -1 : 0;
}

int
db_letter_count(struct db *db, const char *queue, int64_t now_at,
    struct db_letter_counts *out, struct error *err)
{
	sqlite3_stmt *st = db_peeking(db, sql_letter_count, err);
	int rc;

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, queue);
	sqlite3_bind_int64(st, 2, now_at);
	rc = db_row(st, "count letters", err);
	if (rc == 1) {
		out->visible = sqlite3_column_int64(st, 0);
		out->in_flight = sqlite3_column_int64(st, 1);
		out->delayed = sqlite3_column_int64(st, 2);
	}
	db_finish(st);
	return rc == 1 ? 0 : -1;
}

/* --- what buckets tell ---------------------------------------------- */

int
db_bucket_events_set(struct db *db, const char *bucket,
    const char *configuration, struct error *err)
{
	static const char what[] = "write what a bucket tells";
	sqlite3_stmt *st;

	if (configuration == NULL)
		return db_write_text(db, sql_events_delete, bucket, what, err);
	st = db_writing(db, sql_events_set, err);
	if (st == NULL)
		return -1;
	db_bind_text(st, 1, bucket);
	db_bind_text(st, 2, configuration);
	return db_run(db, st, what, err);
}

int
db_bucket_events(
    struct db *db, const char *bucket, char **out, struct error *err)
{
	sqlite3_stmt *st = db_peeking(db, sql_events, err);
	int rc;

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, bucket);
	rc = db_row(st, "read what a bucket tells", err);
	if (rc == 1)
		*out = db_column_text(st, 0);
	db_finish(st);
	return rc;
}
