/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attempts that are read from the SQLite file by themselves; see sqlite_read.c.
 * They are in the order in which they began, that of their rowids: a row stays
 * where it is when its attempt ends.
 */
#include <sqlite3.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/sqlite_db.h"
#include "store/sqlite_read.h"
#include "store/sqlite_row.h"

/* Behind those of enum attempt_column. */
#define ATTEMPT_ROWID (ATTEMPT_SUM + 1)

struct reading {
	struct sqlite_rows rows;
	struct delivery *d; /* of the last row, or NULL … */
	int64_t seq; /* … and its own */
};

static void
get_attempt(struct cursor *c, struct attempt *to)
{
	ATTEMPT_COLUMNS(GET)
}

/* --- one row -------------------------------------------------------- */

/* Its delivery, which has to be sound: several in a row are of one. */
static int
find_delivery(struct reading *r, int64_t seq, struct error *err)
{
	if (r->d != NULL && r->seq == seq)
		return 0;
	delivery_free(r->d);
	r->d = NULL;
	r->seq = seq;
	return sqlite_load_delivery(r->rows.db, seq, &r->d, err);
}

static int
read_entry(struct sqlite_rows *rows, void **out, struct error *err)
{
	struct reading *r = (struct reading *)rows;
	sqlite3_stmt *stmt = rows->c.stmt;
	int64_t seq = sqlite3_column_int64(stmt, ATTEMPT_DELIVERY);
	struct cursor c = {.stmt = stmt, .i = ATTEMPT_N};
	struct attempt a = {0};
	const char *why;

	if (find_delivery(r, seq, err) == -1)
		return -1;
	why = row_attempt_fault(stmt, r->d->id);
	if (why == NULL) {
		get_attempt(&c, &a);
		if (!sqlite_attempt_ok(&a) || a.n > r->d->attempts)
			why = "it has senseless attempts";
	}
	if (why == NULL)
		*out = attempt_entry_new(r->d, &a);
	attempt_done(&a);
	return why == NULL
	    ? 0
	    : row_damaged_delivery(rows->db, seq, r->d->id, why, err);
}

static bool
wanted(struct sqlite_rows *r, const void *row)
{
	return store_ask_wants_attempt(r->ask, row);
}

static void
drop_entry(void *row)
{
	attempt_entry_free(row);
}

static void
bind_one(struct sqlite_rows *r, int64_t rowid)
{
	r->c = sqlite_bind(r->db, SQL_ATTEMPT_AT);
	sqlite_put_int(&r->c, rowid);
}

static const struct sqlite_rows_kind attempts = {
    .name = "attempt",
    .reading = "read attempts",
    .seq = ATTEMPT_ROWID,
    .next = SQL_NEXT_ATTEMPT,
    .before = SQL_ATTEMPT_BEFORE,
    .read = read_entry,
    .wanted = wanted,
    .drop = drop_entry,
    .bind_one = bind_one,
};

/* --- questions ------------------------------------------------------ */

/* Those of one delivery, or of one job, are few. */
static bool
in_windows(const struct store_ask *ask)
{
	return ask->stopped != NULL && ask->delivery == NULL &&
	    ask->job == NULL;
}

static enum statement
choose(const struct store_ask *ask)
{
	if (ask->delivery != NULL)
		return SQL_ATTEMPTS_OF_DELIVERY;
	return ask->job != NULL ? SQL_ATTEMPTS_OF_JOB : SQL_ATTEMPTS_ALL;
}

/* One integer that a statement gives; false: none. */
static bool
ask_int(struct cursor *c, int64_t *out)
{
	bool found = sqlite3_step(c->stmt) == SQLITE_ROW &&
	    sqlite3_column_type(c->stmt, 0) == SQLITE_INTEGER;

	if (found)
		*out = sqlite3_column_int64(c->stmt, 0);
	sqlite3_reset(c->stmt);
	return found;
}

static int
find_after(struct sqlite_rows *r, struct error *err)
{
	const char *after = r->ask->after;
	struct cursor c = sqlite_bind(r->db, SQL_PLACE_OF_ATTEMPT);
	char delivery[DELIVERY_ID_SIZE] = "";
	unsigned n = 0;

	if (attempt_place_parse(after, delivery, &n) == 0) {
		sqlite_put_text(&c, delivery);
		sqlite_put_int(&c, n);
		if (ask_int(&c, &r->last))
			return 0;
	}
	return err_set(err, ERR_NOT_FOUND, "there is no attempt %s", after);
}

static int
find_place(struct sqlite_rows *r, struct error *err)
{
	struct cursor c;

	/* Behind the last one; none may be there. */
	r->end = 1;
	c = sqlite_bind(r->db, SQL_LAST_ATTEMPT);
	if (ask_int(&c, &r->end))
		r->end++;
	if (r->ask->place != 0)
		r->last = r->ask->place;
	else if (r->ask->after != NULL)
		return find_after(r, err);
	else
		r->last = r->down ? r->end : 0;
	return 0;
}

/* The two directions of a question stand side by side. */
static int
ask_page(struct sqlite_rows *r, struct error *err)
{
	const struct store_ask *ask = r->ask;
	int64_t bound;

	r->down = ask->newest;
	if (find_place(r, err) == -1)
		return -1;
	if (in_windows(ask))
		bound = sqlite_rows_bound(r, r->last);
	else
		bound = r->down ? INT64_MIN : INT64_MAX;
	r->c = sqlite_bind(r->db, (enum statement)(choose(ask) + r->down));
	sqlite_put_int(&r->c, r->last);
	sqlite_put_int(&r->c, bound);
	sqlite_put_text(&r->c, ask->delivery);
	sqlite_put_text(&r->c, ask->job);
	sqlite_put_text(&r->c, ask->target);
	sqlite_put_int(&r->c, ask->outcome);
	sqlite_put_text(&r->c, ask->error_class);
	if (ask->by_status)
		sqlite_put_int(&r->c, ask->status);
	else
		sqlite_put_text(&r->c, NULL);
	sqlite_put_int(&r->c, ask->since_at);
	sqlite_put_int(&r->c, ask->until_at);
	sqlite_put_int(&r->c, ask->n);
	return 0;
}

int
sqlite_attempts(void *arg, const struct store_ask *ask,
    struct attempt_entry ***out, size_t *n, struct error *err)
{
	struct db *db = arg;
	struct reading reading = {
	    .rows = {.kind = &attempts, .db = db, .ask = ask},
	};
	struct sqlite_rows *r = &reading.rows;
	int64_t begin;
	int rc;

	if (db->empty)
		return 0;
	if (ask_page(r, err) == -1)
		return -1;
	begin = r->last;
	rc = sqlite_rows_take(r, err);
	sqlite3_reset(r->c.stmt);
	if (rc == 0 && in_windows(ask) && r->n < ask->limit)
		*ask->stopped =
		    sqlite_rows_place(r, sqlite_rows_bound(r, begin));
	if (rc == -1 && r->torn)
		rc = sqlite_rows_walk(r, err);
	delivery_free(reading.d);
	if (rc == -1) {
		sqlite_rows_drop(r);
		return -1;
	}
	*out = (struct attempt_entry **)r->v;
	*n = r->n;
	return 0;
}
