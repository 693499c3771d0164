/* SPDX-License-Identifier: Apache-2.0 */
/* Messages and their deliveries, as SQL. */
#include "local/db_mail.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "local/db_sql.h"

static const char sql_message_add[] =
    "INSERT INTO message (id, topic, type, subject, body, body_http, "
    "body_https, attributes, token, published_at) VALUES "
    "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
static const char sql_message[] =
    "SELECT seq, id, topic, type, subject, body, body_http, body_https, "
    "attributes, token, published_at FROM message WHERE seq = ?1";
static const char sql_message_drop[] =
    "DELETE FROM message WHERE seq = ?1 AND NOT EXISTS "
    "(SELECT 1 FROM delivery WHERE message = ?1)";

static const char sql_delivery_add[] =
    "INSERT INTO delivery (message, subscription, copy, tries, due_at, held) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
static const char sql_delivery_set[] =
    "UPDATE delivery SET tries = ?4, due_at = ?5, held = 0 "
    "WHERE message = ?1 AND subscription = ?2 AND copy = ?3";
static const char sql_delivery_delete[] =
    "DELETE FROM delivery "
    "WHERE message = ?1 AND subscription = ?2 AND copy = ?3";
static const char sql_delivery_release[] =
    "UPDATE delivery SET due_at = 0, held = 0 "
    "WHERE subscription = ?2 AND message < ?1 AND held <> 0";
static const char sql_delivery_count[] =
    "SELECT count(*) FROM "
    "(SELECT 1 FROM delivery WHERE subscription = ?1 LIMIT ?2)";
static const char sql_lanes[] =
    "SELECT 0, subscription, 0, 0, min(due_at), 0 FROM delivery "
    "GROUP BY subscription";
static const char sql_deliveries[] =
    "SELECT message, subscription, copy, tries, due_at, held FROM delivery "
    "WHERE subscription = ?1 ORDER BY due_at, message, copy";

/* --- messages ------------------------------------------------------- */

void
db_message_done(struct db_message *m)
{
	xfree(&m->id);
	xfree(&m->topic);
	xfree(&m->type);
	xfree(&m->subject);
	xfree(&m->body);
	xfree(&m->body_http);
	xfree(&m->body_https);
	xfree(&m->attributes);
	xfree(&m->token);
}

int
db_message_add(struct db *db, struct db_message *m, struct error *err)
{
	sqlite3_stmt *st = db_writing(db, sql_message_add, err);

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, m->id);
	db_bind_text(st, 2, m->topic);
	db_bind_text(st, 3, m->type);
	db_bind_text(st, 4, m->subject);
	db_bind_text(st, 5, m->body);
	db_bind_text(st, 6, m->body_http);
	db_bind_text(st, 7, m->body_https);
	db_bind_text(st, 8, m->attributes);
	db_bind_text(st, 9, m->token);
	sqlite3_bind_int64(st, 10, m->published_at);
	if (db_run(db, st, "write a message", err) == -1)
		return -1;
	m->seq = db_last_rowid(db);
	return 0;
}

int
db_message_get(
    struct db *db, int64_t seq, struct db_message *out, struct error *err)
{
	sqlite3_stmt *st = db_reading(db, sql_message, err);
	int rc;

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, seq);
	rc = db_row(st, "read a message", err);
	if (rc == 1) {
		out->seq = sqlite3_column_int64(st, 0);
		out->id = db_column_text(st, 1);
		out->topic = db_column_text(st, 2);
		out->type = db_column_text(st, 3);
		out->subject = db_column_text(st, 4);
		out->body = db_column_text(st, 5);
		out->body_http = db_column_text(st, 6);
		out->body_https = db_column_text(st, 7);
		out->attributes = db_column_text(st, 8);
		out->token = db_column_text(st, 9);
		out->published_at = sqlite3_column_int64(st, 10);
	}
	db_finish(st);
	return rc;
}

int
db_message_drop(struct db *db, int64_t seq, struct error *err)
{
	sqlite3_stmt *st = db_writing(db, sql_message_drop, err);

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, seq);
	return db_run(db, st, "drop a message", err);
}

/* --- deliveries ----------------------------------------------------- */

/* Run a write of which ?1 to ?3 are the key. */
static int
write_delivery(struct db *db, const char *sql, const struct db_delivery *d,
    struct error *err)
{
	sqlite3_stmt *st = db_writing(db, sql, err);
	int n;

	if (st == NULL)
		return -1;
	n = sqlite3_bind_parameter_count(st);
	sqlite3_bind_int64(st, 1, d->message);
	db_bind_text(st, 2, d->subscription);
	if (n >= 3)
		sqlite3_bind_int64(st, 3, d->copy);
	if (n >= 5) {
		sqlite3_bind_int64(st, 4, d->tries);
		sqlite3_bind_int64(st, 5, d->due_at);
	}
	if (n >= 6)
		sqlite3_bind_int(st, 6, d->held);
	return db_run(db, st, "write a delivery", err);
}

int
db_delivery_add(struct db *db, const struct db_delivery *d, struct error *err)
{
	return write_delivery(db, sql_delivery_add, d, err);
}

int
db_delivery_set(struct db *db, const struct db_delivery *d, struct error *err)
{
	return write_delivery(db, sql_delivery_set, d, err);
}

int
db_delivery_delete(
    struct db *db, const struct db_delivery *d, struct error *err)
{
	return write_delivery(db, sql_delivery_delete, d, err);
}

int
db_delivery_release(
    struct db *db, const struct db_delivery *d, struct error *err)
{
	return write_delivery(db, sql_delivery_release, d, err);
}

int
db_delivery_count(struct db *db, const char *subscription, int64_t most,
    int64_t *out, struct error *err)
{
	sqlite3_stmt *st = db_peeking(db, sql_delivery_count, err);
	int rc;

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, subscription);
	sqlite3_bind_int64(st, 2, most);
	rc = db_row(st, "count deliveries", err);
	if (rc == 1)
		*out = sqlite3_column_int64(st, 0);
	db_finish(st);
	return rc == 1 ? 0 : -1;
}

/* The statement is bound. */
static int
each(sqlite3_stmt *st, db_delivery_fn *fn, void *arg, struct error *err)
{
	struct db_delivery d;
	int rc;

	while ((rc = db_row(st, "read deliveries", err)) == 1) {
		d.message = sqlite3_column_int64(st, 0);
		d.subscription = (const char *)sqlite3_column_text(st, 1);
		d.copy = sqlite3_column_int64(st, 2);
		d.tries = sqlite3_column_int64(st, 3);
		d.due_at = sqlite3_column_int64(st, 4);
		d.held = sqlite3_column_int(st, 5) != 0;
		rc = fn(&d, arg, err);
		if (rc != 0)
			break;
	}
	db_finish(st);
	return rc == -1 ? -1 : 0;
}

int
db_delivery_lanes(
    struct db *db, db_delivery_fn *fn, void *arg, struct error *err)
{
	sqlite3_stmt *st = db_reading(db, sql_lanes, err);

	return st != NULL ? each(st, fn, arg, err) : -1;
}

int
db_delivery_each(struct db *db, const char *subscription, db_delivery_fn *fn,
    void *arg, struct error *err)
{
	sqlite3_stmt *st = db_reading(db, sql_deliveries, err);

	if (st == NULL)
		return -1;
	db_bind_text(st, 1, subscription);
	return each(st, fn, arg, err);
}
