/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications that came, and what they told of jobs. */
#include <sqlite3.h>
#include <stdlib.h>

#include "base/mem.h"
#include "job/job.h"
#include "store/sqlite_damage.h"
#include "store/sqlite_db.h"
#include "store/sqlite_row.h"

/* So many go at once where there are too many. */
#define DROPPED 64

/* In the order of SQL_TOLD. */
enum told_column {
	TOLD_SEQ,
	TOLD_JOB,
	TOLD_INFERENCE_ID,
	TOLD_ENDPOINT,
	TOLD_EVENT_AT,
	TOLD_REASON,
	TOLD_SUM,
	TOLD_STATE, /* of the job */
};

static int
find_job(struct db *db, const char *id, int64_t *seq, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_SEQ_OF_JOB);
	int rc;

	sqlite_put_text(&c, id);
	rc = sqlite3_step(c.stmt);
	*seq = rc == SQLITE_ROW ? sqlite3_column_int64(c.stmt, 0) : 0;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		sqlite_complain(db, "look for a job", err);
	sqlite3_reset(c.stmt);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : -1;
}

static int
insert_told(struct db *db, int64_t seq, const struct store_told *told,
    struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_TELL);
	struct sum sum;

	sqlite_put_int(&c, seq);
	sum_start(&sum, 't');
	sum_int(&sum, seq);
	sum_text(&sum, told->job);
	c.sum = &sum;
	sqlite_put_text(&c, told->inference_id);
	sqlite_put_text(&c, told->endpoint);
	sqlite_put_int(&c, told->event_at);
	sqlite_put_text(&c, told->reason);
	sqlite_put_sum(&c);
	return sqlite_run(db, SQL_TELL, "note what was told", err);
}

static int
count_notices(struct db *db, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_COUNT_NOTICES);
	int rc = sqlite3_step(c.stmt);

	if (rc == SQLITE_ROW)
		db->notices = sqlite3_column_int64(c.stmt, 0);
	else
		sqlite_complain(db, "count notifications", err);
	sqlite3_reset(c.stmt);
	return rc == SQLITE_ROW ? 0 : -1;
}

/* They are counted at first, behind what was rolled back, and where they seem
 * to be too many. */
static int
make_room(struct db *db, struct error *err)
{
	struct cursor c;

	if (db->notices >= 0 && ++db->notices <= STORE_NOTICES_MAX)
		return 0;
	if (count_notices(db, err) == -1)
		return -1;
	if (db->notices <= STORE_NOTICES_MAX)
		return 0;
	c = sqlite_bind(db, SQL_DROP_NOTICES);
	sqlite_put_int(&c, DROPPED);
	if (sqlite_run(db, SQL_DROP_NOTICES, "forget notifications", err) == -1)
		return -1;
	db->notices -= DROPPED;
	return 0;
}

/* A copy is no error: those that came with it in one transaction go on. */
static int
insert_notice(struct db *db, const struct store_notice *n, enum store_seen *out,
    struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_SEE);
	struct sum sum;

	sum_start(&sum, 'n');
	c.sum = &sum;
	sqlite_put_text(&c, n->source);
	sqlite_put_text(&c, n->message_id);
	sqlite_put_int(&c, n->forget_at);
	sqlite_put_sum(&c);
	if (sqlite_run(db, SQL_SEE, "note a notification", err) == -1)
		return -1;
	*out =
	    sqlite3_changes(db->conn) > 0 ? STORE_SEEN_NOW : STORE_SEEN_BEFORE;
	return 0;
}

int
sqlite_see(void *arg, const struct store_notice *n, enum store_seen *out,
    struct error *err)
{
	struct db *db = arg;
	int64_t seq;

	if (find_job(db, n->told.job, &seq, err) == -1)
		return -1;
	if (seq == 0) {
		*out = STORE_SEEN_NO_JOB;
		return 0;
	}
	if (insert_notice(db, n, out, err) == -1)
		return -1;
	if (*out != STORE_SEEN_NOW)
		return 0;
	if (n->told.reason != NULL && insert_told(db, seq, &n->told, err) == -1)
		return -1;
	return make_room(db, err);
}

/* --- what was told -------------------------------------------------- */

static bool
told_sound(struct db *db, sqlite3_stmt *stmt)
{
	struct sum sum;

	sum_start(&sum, 't');
	sum_columns(&sum, stmt, TOLD_SEQ, TOLD_SUM);
	if (sqlite3_column_type(stmt, TOLD_SUM) == SQLITE_INTEGER &&
	    sqlite3_column_int64(stmt, TOLD_SUM) == sum_end(&sum))
		return true;
	damage_note_row(
	    db, "told", sqlite3_column_int64(stmt, TOLD_SEQ), "its checksum");
	return false;
}

static bool
is_over(sqlite3_stmt *stmt)
{
	return sqlite3_column_int64(stmt, TOLD_STATE) == JOB_DONE;
}

static char *
column_text(sqlite3_stmt *stmt, int i)
{
	return xstrdup_or_null((const char *)sqlite3_column_text(stmt, i));
}

/* The room doubles. */
static void
add_told(struct db *db, sqlite3_stmt *stmt, struct store_told **out, size_t *n)
{
	struct store_told *t;

	if (!told_sound(db, stmt) || is_over(stmt))
		return;
	if ((*n & (*n - 1)) == 0)
		*out = xreallocarray(*out, *n == 0 ? 1 : 2 * *n, sizeof(**out));
	t = &(*out)[(*n)++];
	t->job = column_text(stmt, TOLD_JOB);
	t->inference_id = column_text(stmt, TOLD_INFERENCE_ID);
	t->endpoint = column_text(stmt, TOLD_ENDPOINT);
	t->reason = column_text(stmt, TOLD_REASON);
	t->event_at = sqlite3_column_int64(stmt, TOLD_EVENT_AT);
}

int
sqlite_recall_told(
    void *arg, struct store_told **out, size_t *n, struct error *err)
{
	struct db *db = arg;
	struct cursor c = sqlite_bind(db, SQL_TOLD);
	int rc;

	while ((rc = sqlite3_step(c.stmt)) == SQLITE_ROW)
		add_told(db, c.stmt, out, n);
	if (rc != SQLITE_DONE)
		sqlite_complain(db, "read what was told", err);
	sqlite3_reset(c.stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

/* --- retention ------------------------------------------------------ */

static int
forget_notice(struct db *db, sqlite3_stmt *stmt, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_FORGET_NOTICE);

	sqlite3_bind_value(c.stmt, 1, sqlite3_column_value(stmt, 0));
	sqlite3_bind_value(c.stmt, 2, sqlite3_column_value(stmt, 1));
	return sqlite_run(db, SQL_FORGET_NOTICE, "forget a notification", err);
}

/* Whose instant may have changed stays. */
static bool
notice_sound(struct db *db, sqlite3_stmt *stmt)
{
	const char *id = (const char *)sqlite3_column_text(stmt, 1);

	if (sqlite_sound(stmt, 'n'))
		return true;
	damage_note(db, "notice", id != NULL ? id : "", "its checksum");
	return false;
}

static int
forget_told(struct db *db, size_t limit, size_t *n, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_TOLD), gone;
	int rc = SQLITE_DONE;

	while (*n < limit && (rc = sqlite3_step(c.stmt)) == SQLITE_ROW) {
		if (told_sound(db, c.stmt) && is_over(c.stmt)) {
			gone = sqlite_bind(db, SQL_FORGET_TOLD);
			sqlite3_bind_value(gone.stmt, 1,
			    sqlite3_column_value(c.stmt, TOLD_SEQ));
			sqlite3_bind_value(gone.stmt, 2,
			    sqlite3_column_value(c.stmt, TOLD_INFERENCE_ID));
			if (sqlite_run(db, SQL_FORGET_TOLD,
				"forget what was told", err) == -1)
				break;
			++*n;
		}
		rc = SQLITE_DONE;
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		sqlite_complain(db, "look for what was told", err);
	sqlite3_reset(c.stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

int
sqlite_forget_notices(
    struct db *db, const struct store_forget *f, size_t *n, struct error *err)
{
	struct cursor c;
	int rc = SQLITE_DONE;

	if (f->notices_before_at <= 0)
		return 0;
	c = sqlite_bind(db, SQL_OLD_NOTICES);
	sqlite_put_int(&c, f->notices_before_at);
	while (*n < f->limit && (rc = sqlite3_step(c.stmt)) == SQLITE_ROW) {
		if (notice_sound(db, c.stmt)) {
			if (forget_notice(db, c.stmt, err) == -1)
				break;
			++*n;
			db->notices--;
		}
		rc = SQLITE_DONE;
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		sqlite_complain(db, "look for old notifications", err);
	sqlite3_reset(c.stmt);
	return rc == SQLITE_DONE ? forget_told(db, f->limit, n, err) : -1;
}
