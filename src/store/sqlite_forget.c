/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Retention: what goes is looked at first, so that a flipped bit in an instant
 * or a state makes nothing go before its time.
 */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "job/delivery.h"
#include "store/sqlite_damage.h"
#include "store/sqlite_db.h"
#include "store/sqlite_event.h"
#include "store/sqlite_row.h"

/* None waits, and of each that is known. */
static int
deliveries_ended(struct db *db, int64_t job, bool *out, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_DELIVERIES_OF);
	struct error told;
	const char *why;
	int rc;

	*out = true;
	sqlite_put_int(&c, job);
	while ((rc = sqlite3_step(c.stmt)) == SQLITE_ROW) {
		why = row_delivery_fault(c.stmt);
		if (why != NULL)
			row_damaged_delivery(db,
			    sqlite3_column_int64(c.stmt, DELIVERY_SEQ),
			    (const char *)sqlite3_column_text(
				c.stmt, DELIVERY_ID),
			    why, &told);
		if (why != NULL ||
		    sqlite3_column_int64(c.stmt, DELIVERY_STATE) ==
			DELIVERY_WAITING)
			*out = false;
	}
	if (rc != SQLITE_DONE)
		sqlite_complain(db, "read deliveries", err);
	sqlite3_reset(c.stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

static int
forget_job(struct db *db, int64_t seq, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_FORGET_JOB);

	sqlite_put_int(&c, seq);
	return sqlite_run(db, SQL_FORGET_JOB, "forget a job", err);
}

/* The row on which the statement stands: is it time for it? */
static int
consider(struct db *db, sqlite3_stmt *stmt, bool *out, struct error *err)
{
	int64_t seq = sqlite3_column_int64(stmt, JOB_SEQ);
	const char *why = row_job_fault(stmt);
	struct error told;

	*out = false;
	if (why == NULL)
		return deliveries_ended(db, seq, out, err);
	row_damaged_job(db, seq,
	    (const char *)sqlite3_column_text(stmt, JOB_ID), why, &told);
	return 0;
}

static int
forget_jobs(
    struct db *db, const struct store_forget *f, size_t *n, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_ENDED);
	bool due;
	int rc = SQLITE_DONE;

	sqlite_put_int(&c, f->before_at);
	while (*n < f->limit && (rc = sqlite3_step(c.stmt)) == SQLITE_ROW) {
		int64_t seq = sqlite3_column_int64(c.stmt, JOB_SEQ);

		if (consider(db, c.stmt, &due, err) == -1)
			break;
		if (due && forget_job(db, seq, err) == -1)
			break;
		*n += due;
		rc = SQLITE_DONE;
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		sqlite_complain(db, "look for jobs to forget", err);
	sqlite3_reset(c.stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

static int
forget_key(struct db *db, sqlite3_stmt *stmt, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_FORGET_KEY);

	sqlite3_bind_value(c.stmt, 1, sqlite3_column_value(stmt, 0));
	return sqlite_run(db, SQL_FORGET_KEY, "forget a key", err);
}

static int
forget_keys(
    struct db *db, const struct store_forget *f, size_t *n, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_OLD_KEYS);
	int rc = SQLITE_DONE;

	sqlite_put_int(&c, f->keys_before_at);
	while (*n < f->limit && (rc = sqlite3_step(c.stmt)) == SQLITE_ROW) {
		if (sqlite_key_sound(db, c.stmt)) {
			if (forget_key(db, c.stmt, err) == -1)
				break;
			++*n;
		}
		rc = SQLITE_DONE;
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		sqlite_complain(db, "look for keys to forget", err);
	sqlite3_reset(c.stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

int
sqlite_forget(
    void *arg, const struct store_forget *f, size_t *n, struct error *err)
{
	struct db *db = arg;
	size_t jobs = 0, keys = 0, notices = 0, events = 0;

	if (damage_write(db, err) == -1 ||
	    forget_jobs(db, f, &jobs, err) == -1 ||
	    forget_keys(db, f, &keys, err) == -1 ||
	    sqlite_forget_notices(db, f, &notices, err) == -1 ||
	    sqlite_forget_events(db, f, &events, err) == -1 ||
	    damage_recount(db, err) == -1)
		return -1;
	*n = jobs + keys + notices + events;
	return 0;
}
