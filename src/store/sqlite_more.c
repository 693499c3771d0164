/* SPDX-License-Identifier: Apache-2.0 */
/* What is neither a job's step nor a delivery's: idempotency keys, what is
 * learned, and taking over what another owner had. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/sqlite_damage.h"
#include "store/sqlite_db.h"
#include "store/sqlite_row.h"

static char *
column_text(sqlite3_stmt *stmt, int i)
{
	return xstrdup_or_null((const char *)sqlite3_column_text(stmt, i));
}

bool
sqlite_sound(sqlite3_stmt *stmt, char table)
{
	int last = sqlite3_column_count(stmt) - 1;
	struct sum sum;

	sum_start(&sum, table);
	sum_columns(&sum, stmt, 0, last);
	return sqlite3_column_type(stmt, last) == SQLITE_INTEGER &&
	    sqlite3_column_int64(stmt, last) == sum_end(&sum);
}

/* --- idempotency keys ----------------------------------------------- */

bool
sqlite_key_sound(struct db *db, sqlite3_stmt *stmt)
{
	const char *key = (const char *)sqlite3_column_text(stmt, 0);
	const char *id = (const char *)sqlite3_column_text(stmt, 2);

	if (sqlite_sound(stmt, 'i') && jobid_ok(id))
		return true;
	damage_note(db, "idempotency", key != NULL ? key : "", "its checksum");
	return false;
}

static int
read_key(struct db *db, sqlite3_stmt *stmt, struct store_known *out,
    struct error *err)
{
	if (!sqlite_key_sound(db, stmt)) {
		err_set(err, ERR_DAMAGED,
		    "what is noted of this idempotency key is not what was "
		    "written");
		return err_hint(err, "Use another key.");
	}
	memcpy(out->job_id, sqlite3_column_text(stmt, 2), JOBID_SIZE);
	out->hash = column_text(stmt, 1);
	return 0;
}

int
sqlite_find_key(
    void *arg, const char *key, struct store_known *out, struct error *err)
{
	struct db *db = arg;
	struct cursor c = sqlite_bind(db, SQL_KEY);
	int rc;

	sqlite_put_text(&c, key);
	rc = sqlite3_step(c.stmt);
	if (rc == SQLITE_ROW)
		rc = read_key(db, c.stmt, out, err);
	else
		rc = rc == SQLITE_DONE
		    ? 0
		    : sqlite_complain(db, "look for a key", err);
	sqlite3_reset(c.stmt);
	return rc;
}

/* --- what is kept --------------------------------------------------- */

int
sqlite_keep(void *arg, const char *name, const char *value, struct error *err)
{
	struct db *db = arg;
	struct cursor c = sqlite_bind(db, SQL_KEEP);
	struct sum sum;

	sum_start(&sum, 'k');
	c.sum = &sum;
	sqlite_put_text(&c, name);
	sqlite_put_text(&c, value);
	sqlite_put_sum(&c);
	return sqlite_run(db, SQL_KEEP, "keep a value", err);
}

static void
add_note(struct db *db, sqlite3_stmt *stmt, struct store_note **out, size_t *n)
{
	const char *name = (const char *)sqlite3_column_text(stmt, 0);

	if (!sqlite_sound(stmt, 'k')) {
		damage_note(
		    db, "kept", name != NULL ? name : "", "its checksum");
		return;
	}
	*out = xreallocarray(*out, *n + 1, sizeof(**out));
	(*out)[*n].name = column_text(stmt, 0);
	(*out)[(*n)++].value = column_text(stmt, 1);
}

int
sqlite_recall(void *arg, struct store_note **out, size_t *n, struct error *err)
{
	struct db *db = arg;
	struct cursor c = sqlite_bind(db, SQL_KEPT);
	int rc;

	while ((rc = sqlite3_step(c.stmt)) == SQLITE_ROW)
		add_note(db, c.stmt, out, n);
	if (rc != SQLITE_DONE)
		sqlite_complain(db, "read what is kept", err);
	sqlite3_reset(c.stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

/* --- taking over ---------------------------------------------------- */

static int
own(struct db *db, enum statement which, int64_t seq, int64_t epoch,
    int64_t sum, struct error *err)
{
	struct cursor c = sqlite_bind(db, which);

	sqlite_put_text(&c, db->owner);
	sqlite_put_int(&c, epoch);
	sqlite_put_int(&c, sum);
	sqlite_put_int(&c, seq);
	return sqlite_run(db, which, "take over", err);
}

/* One row; a damaged one stays as it is, and is told of. */
static int
own_job(struct db *db, sqlite3_stmt *stmt, size_t *n, struct error *err)
{
	int64_t seq = sqlite3_column_int64(stmt, JOB_SEQ);
	int64_t epoch = sqlite3_column_int64(stmt, JOB_EPOCH) + 1;
	const char *why = row_job_fault(stmt);

	if (why != NULL) {
		row_damaged_job(db, seq,
		    (const char *)sqlite3_column_text(stmt, JOB_ID), why, err);
		return 0;
	}
	++*n;
	return own(db, SQL_OWN_STATE, seq, epoch,
	    row_state_sum(stmt, db->owner, epoch), err);
}

static int
own_delivery(struct db *db, sqlite3_stmt *stmt, size_t *n, struct error *err)
{
	int64_t seq = sqlite3_column_int64(stmt, DELIVERY_SEQ);
	int64_t epoch = sqlite3_column_int64(stmt, DELIVERY_EPOCH) + 1;
	const char *why = row_delivery_fault(stmt);

	if (why != NULL) {
		row_damaged_delivery(db, seq,
		    (const char *)sqlite3_column_text(stmt, DELIVERY_ID), why,
		    err);
		return 0;
	}
	++*n;
	return own(db, SQL_OWN_DELIVERY, seq, epoch,
	    row_delivery_sum(stmt, db->owner, epoch), err);
}

static int
take(struct db *db, enum statement which,
    int (*one)(struct db *, sqlite3_stmt *, size_t *, struct error *),
    size_t *n, struct error *err)
{
	struct cursor c = sqlite_bind(db, which);
	int rc;

	sqlite_put_text(&c, db->owner);
	while ((rc = sqlite3_step(c.stmt)) == SQLITE_ROW) {
		if (one(db, c.stmt, n, err) == -1)
			break;
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		sqlite_complain(db, "look for what others have", err);
	sqlite3_reset(c.stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

int
sqlite_take_over(void *arg, size_t *n, struct error *err)
{
	struct db *db = arg;
	size_t count = 0;

	if (take(db, SQL_JOBS_OF_OTHERS, own_job, &count, err) == -1 ||
	    take(db, SQL_DELIVERIES_OF_OTHERS, own_delivery, &count, err) == -1)
		return -1;
	*n = count;
	return 0;
}
