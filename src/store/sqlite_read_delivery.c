/* SPDX-License-Identifier: Apache-2.0 */
/* Deliveries that are read from the SQLite file; see sqlite_read.c. */
#include <limits.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/sqlite_damage.h"
#include "store/sqlite_db.h"
#include "store/sqlite_read.h"
#include "store/sqlite_row.h"

static void
get_frozen(struct cursor *c, struct delivery *to)
{
	FROZEN_COLUMNS(GET)
}

static void
get_delivery(struct cursor *c, struct delivery *to)
{
	DELIVERY_COLUMNS(GET)
}

static void
get_attempt(struct cursor *c, struct attempt *to)
{
	ATTEMPT_COLUMNS(GET)
}

/* --- one delivery --------------------------------------------------- */

bool
sqlite_attempt_ok(const struct attempt *a)
{
	return a->n >= 1 && (unsigned)a->outcome <= ATTEMPT_INTERRUPTED &&
	    a->status >= ATTEMPT_NO_STATUS;
}

static bool
counters_ok(const struct delivery *d)
{
	/* Without an instant an attempt is under way. */
	bool begun =
	    d->state != DELIVERY_WAITING || d->due_at != 0 || d->attempts > 0;

	return begun && d->attempts < INT_MAX && d->failures <= d->attempts &&
	    d->interruptions <= d->attempts && d->replays < INT_MAX;
}

static bool
delivery_ok(const struct delivery *d)
{
	return delivery_id_ok(d->id) && jobid_ok(d->job_id) &&
	    d->target != NULL && d->event != NULL &&
	    (unsigned)d->state <= DELIVERY_DEAD && d->body_size >= 0 &&
	    (unsigned)d->payload <= DELIVERY_REFERENCE &&
	    (unsigned)d->format <= DELIVERY_CE_STRUCTURED &&
	    d->last_status >= ATTEMPT_NO_STATUS &&
	    (d->body_sha256 == NULL) == d->by_reference && counters_ok(d);
}

/* The very bytes that were frozen: receivers act on them. */
static bool
body_ok(const struct delivery *d, size_t len)
{
	char hex[HASH_SHA256_HEX_SIZE];

	if (d->by_reference)
		return d->body == NULL;
	if (d->body == NULL || len != (size_t)d->body_size)
		return false;
	hash_sha256_hex(d->body, len, hex);
	return str_eq(hex, d->body_sha256);
}

static const char *
add_attempt(struct delivery *d, struct cursor *c)
{
	const char *why = row_attempt_fault(c->stmt, d->id);
	const struct attempt *a;

	if (why != NULL)
		return why;
	d->log = xreallocarray(d->log, d->nlog + 1, sizeof(*d->log));
	a = &d->log[d->nlog];
	memset(&d->log[d->nlog], 0, sizeof(*d->log));
	c->i = ATTEMPT_N;
	get_attempt(c, &d->log[d->nlog++]);
	/* Each behind the one before, none but those that were counted. */
	if (sqlite_attempt_ok(a) && a->n <= d->attempts &&
	    (d->nlog == 1 || a->n == d->log[d->nlog - 2].n + 1))
		return NULL;
	return "it has senseless attempts";
}

static int
load_attempts(struct db *db, int64_t seq, struct delivery *d, const char **why,
    struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_ATTEMPTS);
	int rc;

	sqlite_put_int(&c, seq);
	while ((rc = sqlite3_step(c.stmt)) == SQLITE_ROW && *why == NULL)
		*why = add_attempt(d, &c);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		sqlite_complain(db, "read attempts", err);
	sqlite3_reset(c.stmt);
	if (*why == NULL && rc == SQLITE_DONE &&
	    (d->nlog > 0 ? d->log[d->nlog - 1].n : 0) != d->attempts)
		*why = "an attempt is not there";
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : -1;
}

static struct delivery *
get_delivery_row(sqlite3_stmt *stmt, size_t *len)
{
	struct cursor c = {.stmt = stmt, .i = DELIVERY_ID};
	struct delivery *d = xcalloc(1, sizeof(*d));
	char *id = sqlite_get_text(&c);

	if (id != NULL && delivery_id_ok(id))
		memcpy(d->id, id, DELIVERY_ID_SIZE);
	free(id);
	sqlite_get_job_id(&c, d->job_id);
	get_frozen(&c, d);
	c.i = DELIVERY_EPOCH;
	d->epoch = sqlite_get_int(&c);
	get_delivery(&c, d);
	c.i = DELIVERY_BODY;
	d->body = sqlite_get_body(&c, len);
	return d;
}

static int
load_parts(struct db *db, sqlite3_stmt *stmt, const struct store_ask *ask,
    struct delivery *d, size_t len, const char **why, struct error *err)
{
	if (!delivery_ok(d))
		*why = "its values make no sense";
	else if (ask->body && !body_ok(d, len))
		*why = "its body is not what it was";
	else if (ask->parts)
		return load_attempts(
		    db, sqlite3_column_int64(stmt, DELIVERY_SEQ), d, why, err);
	return 0;
}

/* ERR_DAMAGED where it was set aside. */
static int
load_delivery(struct db *db, sqlite3_stmt *stmt, const struct store_ask *ask,
    struct delivery **out, struct error *err)
{
	int64_t seq = sqlite3_column_int64(stmt, DELIVERY_SEQ);
	const char *why = row_delivery_fault(stmt);
	struct delivery *d;
	size_t len;
	int rc;

	if (why != NULL)
		return row_damaged_delivery(db, seq,
		    (const char *)sqlite3_column_text(stmt, DELIVERY_ID), why,
		    err);
	d = get_delivery_row(stmt, &len);
	rc = load_parts(db, stmt, ask, d, len, &why, err);
	if (rc == -1 && err->code == ERR_DAMAGED)
		why = "its attempts cannot be read";
	if (why != NULL)
		rc = row_damaged_delivery(db, seq, d->id, why, err);
	if (rc == -1) {
		delivery_free(d);
		return -1;
	}
	*out = d;
	return 0;
}

int
sqlite_load_delivery(
    struct db *db, int64_t seq, struct delivery **out, struct error *err)
{
	static const struct store_ask bare = {.which = STORE_BY_QUERY};
	struct cursor c = sqlite_bind(db, SQL_DELIVERY_BY_SEQ);
	int rc;

	sqlite_put_int(&c, seq);
	rc = sqlite3_step(c.stmt);
	if (rc == SQLITE_ROW)
		rc = load_delivery(db, c.stmt, &bare, out, err);
	else if (rc == SQLITE_DONE)
		rc = row_damaged_delivery(
		    db, seq, NULL, "it has attempts and is not there", err);
	else
		rc = sqlite_complain(db, "read a delivery", err);
	sqlite3_reset(c.stmt);
	return rc;
}

/* An index that is damaged leads to other jobs' rows, which are sound. */
static void
add_delivery(struct db *db, int64_t seq, struct job *job, struct delivery *d)
{
	if (str_eq(d->job_id, job->id)) {
		job_add_delivery(job, d);
		return;
	}
	damage_note_row(
	    db, "delivery", seq, "an index leads to it from another job");
	delivery_free(d);
}

/* Damaged ones are left out: the others go on. */
int
sqlite_load_deliveries(
    struct db *db, int64_t seq, struct job *job, struct error *err)
{
	static const struct store_ask bare = {.which = STORE_BY_QUERY};
	struct cursor c = sqlite_bind(db, SQL_DELIVERIES_OF);
	struct delivery *d;
	int rc;

	sqlite_put_int(&c, seq);
	while ((rc = sqlite3_step(c.stmt)) == SQLITE_ROW) {
		if (load_delivery(db, c.stmt, &bare, &d, err) == 0)
			add_delivery(db,
			    sqlite3_column_int64(c.stmt, DELIVERY_SEQ), job, d);
		else if (err->code != ERR_DAMAGED)
			break;
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		sqlite_complain(db, "read deliveries", err);
	sqlite3_reset(c.stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

/* --- questions ------------------------------------------------------ */

static enum statement
choose_deliveries(const struct store_ask *ask)
{
	if (ask->job != NULL)
		return SQL_DELIVERIES_BY_JOB;
	if (ask->state == DELIVERY_WAITING || ask->state == DELIVERY_DEAD)
		return SQL_DELIVERIES_BY_STATE;
	return ask->target != NULL ? SQL_DELIVERIES_BY_TARGET : SQL_DELIVERIES;
}

/* The job's own are few. */
static bool
in_windows(const struct store_ask *ask)
{
	return ask->stopped != NULL && ask->job == NULL;
}

static int
find_place(struct sqlite_rows *r, struct error *err)
{
	const struct store_ask *ask = r->ask;

	if (ask->place == 0)
		return sqlite_find_seq(
		    r->db, SQL_SEQ_OF_DELIVERY, ask->after, &r->last, err);
	r->last = ask->place;
	return 0;
}

static int
ask_deliveries(struct sqlite_rows *r, struct error *err)
{
	const struct store_ask *ask = r->ask;

	if (ask->which == STORE_BY_ID) {
		r->c = sqlite_bind(r->db, SQL_DELIVERY_BY_ID);
		sqlite_put_text(&r->c, ask->key);
		sqlite_put_int(&r->c, ask->body);
		return 0;
	}
	if (find_place(r, err) == -1)
		return -1;
	r->c = sqlite_bind(r->db, choose_deliveries(ask));
	sqlite_put_int(&r->c, r->last);
	sqlite_put_int(&r->c, ask->state);
	sqlite_put_text(&r->c, ask->target);
	sqlite_put_text(&r->c, ask->job);
	sqlite_put_text(&r->c, ask->event);
	if (ask->by_status)
		sqlite_put_int(&r->c, ask->status);
	else
		sqlite_put_text(&r->c, NULL);
	sqlite_put_int(&r->c, ask->since_at);
	sqlite_put_int(&r->c, ask->until_at);
	sqlite_put_text(&r->c, ask->note);
	sqlite_put_int(
	    &r->c, in_windows(ask) ? sqlite_rows_bound(r, r->last) : INT64_MAX);
	return 0;
}

static int
read_delivery(struct sqlite_rows *r, void **out, struct error *err)
{
	struct delivery *d;

	if (load_delivery(r->db, r->c.stmt, r->ask, &d, err) == -1)
		return -1;
	*out = d;
	return 0;
}

static bool
wanted(struct sqlite_rows *r, const void *row)
{
	return store_ask_wants(r->ask, row);
}

static void
drop_delivery(void *row)
{
	delivery_free(row);
}

static void
bind_one(struct sqlite_rows *r, int64_t seq)
{
	r->c = sqlite_bind(r->db, SQL_DELIVERY_BY_SEQ);
	sqlite_put_int(&r->c, seq);
}

static const struct sqlite_rows_kind deliveries = {
    .name = "delivery",
    .reading = "read deliveries",
    .seq = DELIVERY_SEQ,
    .next = SQL_NEXT_DELIVERY,
    .read = read_delivery,
    .wanted = wanted,
    .drop = drop_delivery,
    .bind_one = bind_one,
};

/* It asks of nothing but the state. */
static bool
is_plain(const struct store_ask *ask)
{
	return ask->target == NULL && ask->job == NULL && ask->event == NULL &&
	    ask->note == NULL && !ask->by_status && ask->since_at == 0 &&
	    ask->until_at == 0;
}

/* All that wait were asked for, and the index forgot some. */
static bool
some_hidden(const struct sqlite_rows *r)
{
	const struct store_ask *ask = r->ask;
	struct cursor c;
	bool hidden;

	if (ask->which != STORE_BY_QUERY || ask->state != DELIVERY_WAITING ||
	    ask->limit != 0 || ask->after != NULL || !is_plain(ask))
		return false;
	c = sqlite_bind(r->db, SQL_COUNT_WAITING);
	hidden = sqlite3_step(c.stmt) != SQLITE_ROW ||
	    sqlite3_column_int64(c.stmt, 0) != (int64_t)(r->n + r->damaged);
	sqlite3_reset(c.stmt);
	return hidden;
}

int
sqlite_deliveries(void *arg, const struct store_ask *ask,
    struct delivery ***out, size_t *n, struct error *err)
{
	struct db *db = arg;
	struct sqlite_rows r = {
	    .kind = &deliveries,
	    .db = db,
	    .ask = ask,
	    .end = db->next_delivery,
	};
	int64_t begin;
	int rc;

	if (db->empty)
		return 0;
	if (ask_deliveries(&r, err) == -1)
		return -1;
	begin = r.last;
	rc = sqlite_rows_take(&r, err);
	sqlite3_reset(r.c.stmt);
	if (rc == 0 && in_windows(ask) && r.n < ask->limit)
		*ask->stopped =
		    sqlite_rows_place(&r, sqlite_rows_bound(&r, begin));
	if (rc == 0 && some_hidden(&r)) {
		sqlite_rows_drop(&r);
		r.torn = true;
		rc = -1;
	}
	if (rc == -1 && r.torn)
		rc = sqlite_rows_walk(&r, err);
	if (rc == -1) {
		sqlite_rows_drop(&r);
		return -1;
	}
	*out = (struct delivery **)r.v;
	*n = r.n;
	return 0;
}
