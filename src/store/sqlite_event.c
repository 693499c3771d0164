/* SPDX-License-Identifier: Apache-2.0 */
/* The log of events in the SQLite file: written beside what they tell of, read
 * with what the rows of their jobs and deliveries say. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/event.h"
#include "store/sqlite_columns.h"
#include "store/sqlite_damage.h"
#include "store/sqlite_db.h"
#include "store/sqlite_event.h"
#include "store/sqlite_row.h"

/* The largest seq that is sensible: a flipped bit must not use them up. */
#define SEQ_MAX ((int64_t)1 << 53)

/* Where columns stand in their rows. */
#define AT_SPEC(kind, name) SPEC_##name,
enum spec_at { SPEC_COLUMNS(AT_SPEC) };
#define AT_STATE(kind, name) STATE_##name,
enum state_at { STATE_COLUMNS(AT_STATE) };
#define AT_FROZEN(kind, name) FROZEN_##name,
enum frozen_at { FROZEN_COLUMNS(AT_FROZEN) };
#define AT_DELIVERY(kind, name) CHANGING_##name,
enum changing_at { DELIVERY_COLUMNS(AT_DELIVERY) };
#define AT_ATTEMPT(kind, name) ATTEMPT_AT_##name,
enum attempt_at { ATTEMPT_COLUMNS(AT_ATTEMPT) };

/* Of a row of event. */
enum event_column {
	EVENT_SEQ,
	EVENT_AT,
	EVENT_TYPE,
	EVENT_JOB,
	EVENT_DELIVERY,
	EVENT_N,
};

/* --- the next number ------------------------------------------------ */

/* The end of the table may be damaged: then as far as it can be read. */
static int64_t
last_readable(struct db *db)
{
	struct cursor c = sqlite_bind(db, SQL_EVENTS);
	int64_t last = 0;

	sqlite_put_int(&c, 0);
	sqlite_put_int(&c, SEQ_MAX);
	sqlite_put_int(&c, -1);
	while (sqlite3_step(c.stmt) == SQLITE_ROW)
		last = sqlite3_column_int64(c.stmt, EVENT_SEQ);
	sqlite3_reset(c.stmt);
	return last;
}

/* Of a last row that is damaged the number may be, too: then none that a sound
 * one or it has, nor those that may have stood between. */
static int
read_last(struct db *db, int64_t *out)
{
	struct cursor c = sqlite_bind(db, SQL_LAST_EVENT);
	int64_t seq, last = 0;
	bool sound = true;
	int rc;

	sqlite_put_int(&c, SEQ_MAX);
	while ((rc = sqlite3_step(c.stmt)) == SQLITE_ROW) {
		seq = sqlite3_column_int64(c.stmt, EVENT_SEQ);
		last = seq > last ? seq : last;
		if (sqlite_sound(c.stmt, 'e'))
			break;
		sound = false;
	}
	sqlite3_reset(c.stmt);
	if (rc == SQLITE_ROW || rc == SQLITE_DONE)
		*out = sound ? last : last + SEQ_JUMP;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : -1;
}

int
sqlite_event_open(struct db *db, struct error *err)
{
	int64_t last = 0;

	if (read_last(db, &last) == -1) {
		if ((sqlite3_errcode(db->conn) & 0xff) != SQLITE_CORRUPT)
			return sqlite_complain(db, "read events", err);
		last = last_readable(db) + SEQ_JUMP;
	}
	db->next_event = last != 0 ? last + 1 : clock_wall_ms();
	db->first_new_event = db->next_event;
	return 0;
}

void
sqlite_event_begin(struct db *db)
{
	db->first_new_event = db->next_event;
}

void
sqlite_event_rollback(struct db *db)
{
	db->next_event = db->first_new_event;
}

int64_t
sqlite_last_event(void *arg)
{
	const struct db *db = arg;

	return db->next_event - 1;
}

/* --- writing -------------------------------------------------------- */

static int
insert_at(
    struct db *db, int64_t seq, const struct job_event *e, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_INSERT_EVENT);
	struct sum sum;

	sum_start(&sum, 'e');
	c.sum = &sum;
	sqlite_put_int(&c, seq);
	sqlite_put_int(&c, e->at);
	sqlite_put_int(&c, e->type);
	sqlite_put_text(&c, e->job);
	sqlite_put_text(&c, e->delivery[0] != '\0' ? e->delivery : NULL);
	sqlite_put_int(&c, e->n);
	sqlite_put_sum(&c);
	return sqlite_run(db, SQL_INSERT_EVENT, "note an event", err);
}

/* A number that is taken, since a bit of it flipped, is jumped over. */
static int
insert(struct db *db, const struct job_event *e, struct error *err)
{
	int64_t seq = db->next_event++;
	int rc = insert_at(db, seq, e, err);

	if (rc == -1 && sqlite_seq_taken(db)) {
		seq += SEQ_JUMP;
		db->next_event = seq + 1;
		rc = insert_at(db, seq, e, err);
	}
	return rc;
}

int
sqlite_event_job(struct db *db, enum job_event_type type, const struct job *job,
    struct error *err)
{
	struct job_event e = {
	    .at = clock_wall_ms(),
	    .type = type,
	    .n = (unsigned)job->nsubs,
	};

	if (type == EVENT_NONE)
		return 0;
	memcpy(e.job, job->id, JOBID_SIZE);
	return insert(db, &e, err);
}

int
sqlite_event_delivery(struct db *db, enum job_event_type type,
    const struct delivery *d, struct error *err)
{
	struct job_event e = {
	    .at = clock_wall_ms(),
	    .type = type,
	    .n = d->attempts,
	};

	if (type == EVENT_NONE)
		return 0;
	memcpy(e.job, d->job_id, JOBID_SIZE);
	memcpy(e.delivery, d->id, DELIVERY_ID_SIZE);
	return insert(db, &e, err);
}

/* --- reading -------------------------------------------------------- */

static char *
text_at(sqlite3_stmt *stmt, int column)
{
	return xstrdup_or_null((const char *)sqlite3_column_text(stmt, column));
}

static void
take_job(sqlite3_stmt *stmt, struct job_event *e)
{
	e->endpoint = text_at(stmt, JOB_SPEC + SPEC_endpoint);
	e->tags = text_at(stmt, JOB_SPEC + SPEC_tags);
	if (e->type != EVENT_JOB_DONE && e->type != EVENT_JOB_LATE)
		return;
	e->outcome = (enum job_outcome)sqlite3_column_int(
	    stmt, JOB_STATE + STATE_outcome);
	if ((unsigned)e->outcome > OUTCOME_CANCELLED)
		e->outcome = OUTCOME_NONE;
	e->error_code = text_at(stmt, JOB_STATE + STATE_error_code);
}

/* One that was forgotten, or set aside, leaves its id alone. */
static int
add_job(struct db *db, struct job_event *e, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_JOB_BY_ID);
	struct error told;
	const char *why;
	int rc;

	sqlite_put_text(&c, e->job);
	sqlite_put_int(&c, 0);
	rc = sqlite3_step(c.stmt);
	if (rc == SQLITE_ROW) {
		why = row_job_fault(c.stmt);
		if (why == NULL)
			take_job(c.stmt, e);
		else
			row_damaged_job(db,
			    sqlite3_column_int64(c.stmt, JOB_SEQ), e->job, why,
			    &told);
	} else if (rc != SQLITE_DONE) {
		sqlite_complain(db, "read a job", err);
	}
	sqlite3_reset(c.stmt);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : -1;
}

/* How attempt n went, where there is one. */
static int
add_attempt(
    struct db *db, int64_t delivery, struct job_event *e, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_ATTEMPT);
	int rc;

	sqlite_put_int(&c, delivery);
	sqlite_put_int(&c, e->n);
	rc = sqlite3_step(c.stmt);
	if (rc == SQLITE_ROW &&
	    row_attempt_fault(c.stmt, e->delivery) == NULL) {
		c.i = ATTEMPT_N + (int)ATTEMPT_AT_status;
		e->status = sqlite_get_status(&c);
		if (e->note == NULL)
			e->note =
			    text_at(c.stmt, ATTEMPT_N + (int)ATTEMPT_AT_note);
		e->error_class =
		    text_at(c.stmt, ATTEMPT_N + (int)ATTEMPT_AT_error_class);
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		sqlite_complain(db, "read an attempt", err);
	sqlite3_reset(c.stmt);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : -1;
}

static void
take_delivery(sqlite3_stmt *stmt, struct job_event *e)
{
	e->target = text_at(stmt, DELIVERY_FROZEN + (int)FROZEN_target);
	e->event = text_at(stmt, DELIVERY_FROZEN + (int)FROZEN_event);
	/* Given up on request: no attempt says so. */
	if (e->type == EVENT_DELIVERY_DEAD)
		e->note = text_at(stmt, DELIVERY_STATE + (int)CHANGING_note);
}

static int
add_delivery(struct db *db, struct job_event *e, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_DELIVERY_BY_ID);
	int64_t seq = 0;
	struct error told;
	const char *why;
	int rc;

	sqlite_put_text(&c, e->delivery);
	sqlite_put_int(&c, 0);
	rc = sqlite3_step(c.stmt);
	if (rc == SQLITE_ROW) {
		seq = sqlite3_column_int64(c.stmt, DELIVERY_SEQ);
		why = row_delivery_fault(c.stmt);
		if (why == NULL)
			take_delivery(c.stmt, e);
		else
			row_damaged_delivery(db, seq, e->delivery, why, &told);
	} else if (rc != SQLITE_DONE) {
		sqlite_complain(db, "read a delivery", err);
	}
	sqlite3_reset(c.stmt);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return -1;
	return e->target != NULL && e->n > 0 ? add_attempt(db, seq, e, err) : 0;
}

/* Ids that are none make a row that is none of ours. */
static bool
take_row(sqlite3_stmt *stmt, struct job_event *e)
{
	const char *job = (const char *)sqlite3_column_text(stmt, EVENT_JOB);
	const char *delivery =
	    (const char *)sqlite3_column_text(stmt, EVENT_DELIVERY);
	int64_t type = sqlite3_column_int64(stmt, EVENT_TYPE);
	bool of_delivery;

	if (!sqlite_sound(stmt, 'e') || type <= EVENT_NONE ||
	    type >= EVENT_TYPES || job == NULL || !jobid_ok(job))
		return false;
	of_delivery = job_event_of_delivery((enum job_event_type)type);
	if (of_delivery != (delivery != NULL) ||
	    (of_delivery && !delivery_id_ok(delivery)))
		return false;
	e->at = sqlite3_column_int64(stmt, EVENT_AT);
	e->type = (enum job_event_type)type;
	e->n = (unsigned)sqlite3_column_int64(stmt, EVENT_N);
	memcpy(e->job, job, JOBID_SIZE);
	if (of_delivery)
		memcpy(e->delivery, delivery, DELIVERY_ID_SIZE);
	return true;
}

static int
add_event(
    struct db *db, sqlite3_stmt *stmt, struct job_event *e, struct error *err)
{
	e->seq = sqlite3_column_int64(stmt, EVENT_SEQ);
	e->status = ATTEMPT_NO_STATUS;
	if (!take_row(stmt, e)) {
		damage_note_row(db, "event", e->seq, "its checksum");
		return 0;
	}
	if (add_job(db, e, err) == -1)
		return -1;
	return e->delivery[0] != '\0' ? add_delivery(db, e, err) : 0;
}

static int
read_first(struct db *db, int64_t *out, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_FIRST_EVENT);
	int rc = sqlite3_step(c.stmt);

	if (rc != SQLITE_ROW)
		sqlite_complain(db, "read events", err);
	else if (sqlite3_column_type(c.stmt, 0) == SQLITE_NULL)
		*out = db->next_event;
	else
		*out = sqlite3_column_int64(c.stmt, 0);
	sqlite3_reset(c.stmt);
	return rc == SQLITE_ROW ? 0 : -1;
}

int
sqlite_events(void *arg, int64_t after, size_t limit, struct job_event ***out,
    size_t *n, struct store_span *span, struct error *err)
{
	struct db *db = arg;
	struct cursor c;
	int rc;

	if (read_first(db, &span->first, err) == -1)
		return -1;
	span->last = db->next_event - 1;
	c = sqlite_bind(db, SQL_EVENTS);
	sqlite_put_int(&c, after);
	sqlite_put_int(&c, span->last);
	sqlite_put_int(&c, (int64_t)limit);
	*out = xcalloc(limit, sizeof(struct job_event *));
	while ((rc = sqlite3_step(c.stmt)) == SQLITE_ROW && *n < limit) {
		(*out)[*n] = xcalloc(1, sizeof(struct job_event));
		if (add_event(db, c.stmt, (*out)[(*n)++], err) == -1)
			break;
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		sqlite_complain(db, "read events", err);
	sqlite3_reset(c.stmt);
	span->up_to = *n == limit ? (*out)[*n - 1]->seq : span->last;
	return rc == SQLITE_DONE ? 0 : -1;
}

/* --- retention ------------------------------------------------------ */

/* An instant that lies so far ahead is one of a clock that was wrong. */
static bool
is_old(int64_t at, int64_t before_at)
{
	int64_t now = clock_wall_ms();

	return at < before_at || at > now + (now - before_at);
}

/* Of the oldest rows the last one that may go: those before it are older.
 * A row that is damaged says nothing. 0: there is none. */
static int
last_to_go(struct db *db, const struct store_forget *f, int64_t *out,
    struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_EVENTS);
	struct job_event e;
	int rc;

	*out = 0;
	/* The newest one stays. */
	sqlite_put_int(&c, 0);
	sqlite_put_int(&c, db->next_event - 2);
	sqlite_put_int(&c, (int64_t)f->limit);
	while ((rc = sqlite3_step(c.stmt)) == SQLITE_ROW) {
		e.seq = sqlite3_column_int64(c.stmt, EVENT_SEQ);
		if (take_row(c.stmt, &e) && is_old(e.at, f->events_before_at))
			*out = e.seq;
	}
	if (rc != SQLITE_DONE)
		sqlite_complain(db, "look for events to forget", err);
	sqlite3_reset(c.stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

static int
forget_until(
    struct db *db, enum statement which, int64_t seq, struct error *err)
{
	struct cursor c = sqlite_bind(db, which);

	sqlite_put_int(&c, seq);
	return sqlite_run(db, which, "forget events", err);
}

int
sqlite_forget_events(
    struct db *db, const struct store_forget *f, size_t *n, struct error *err)
{
	int64_t last;

	*n = 0;
	if (f->events_before_at <= 0)
		return 0;
	if (last_to_go(db, f, &last, err) == -1)
		return -1;
	if (last == 0)
		return 0;
	if (forget_until(db, SQL_FORGET_EVENTS, last, err) == -1)
		return -1;
	*n = (size_t)sqlite3_changes(db->conn);
	return forget_until(db, SQL_FORGET_DAMAGED_EVENTS, last, err);
}
