/* SPDX-License-Identifier: Apache-2.0 */
/* What is written to the SQLite file; transactions are the caller's. */
#include <sqlite3.h>
#include <stdbool.h>

#include "base/str.h"
#include "store/event.h"
#include "store/sqlite_columns.h"
#include "store/sqlite_db.h"
#include "store/sqlite_event.h"
#include "store/sqlite_row.h"

/* One column of *from, where c stands. */
#define PUT(kind, name) PUT_##kind(from->name);
#define PUT_TEXT(value) sqlite_put_text(c, value)
#define PUT_INT(value) sqlite_put_int(c, value)
#define PUT_FLAG(value) sqlite_put_int(c, value)
#define PUT_ENUM(value) sqlite_put_int(c, value)
#define PUT_COUNT(value) sqlite_put_int(c, value)
#define PUT_STATUS(value) sqlite_put_int(c, value)

static void
put_spec(struct cursor *c, const struct job_spec *from)
{
	SPEC_COLUMNS(PUT)
}

static void
put_state(struct cursor *c, const struct job *from)
{
	STATE_COLUMNS(PUT)
}

static void
put_submission(struct cursor *c, const struct submission *from)
{
	SUBMISSION_COLUMNS(PUT)
}

static void
put_frozen(struct cursor *c, const struct delivery *from)
{
	FROZEN_COLUMNS(PUT)
}

static void
put_delivery(struct cursor *c, const struct delivery *from)
{
	DELIVERY_COLUMNS(PUT)
}

static void
put_attempt(struct cursor *c, const struct attempt *from)
{
	ATTEMPT_COLUMNS(PUT)
}

static void
put_late(struct cursor *c, const struct job *from)
{
	LATE_COLUMNS(PUT)
}

/* Where a column stands. */
#define AT(kind, name) AT_##name,
enum attempt_at { AT_DELIVERY, ATTEMPT_COLUMNS(AT) };
#define FROM_STATE(kind, name) FROM_STATE_##name,
enum delivery_at { DELIVERY_COLUMNS(FROM_STATE) };

/* --- jobs ----------------------------------------------------------- */

bool
sqlite_seq_taken(struct db *db)
{
	int code = sqlite3_extended_errcode(db->conn);

	return code == SQLITE_CONSTRAINT_PRIMARYKEY ||
	    code == SQLITE_CONSTRAINT_ROWID;
}

static bool
unique_broken(struct db *db)
{
	int code = sqlite3_extended_errcode(db->conn);

	return code == SQLITE_CONSTRAINT_UNIQUE ||
	    code == SQLITE_CONSTRAINT_PRIMARYKEY;
}

static int
insert_delivery_at(struct db *db, int64_t seq, int64_t job,
    const struct delivery *d, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_INSERT_DELIVERY);
	struct sum sum;

	sum_start(&sum, 'd');
	c.sum = &sum;
	sqlite_put_int(&c, seq);
	sqlite_put_int(&c, job);
	sqlite_put_text(&c, d->id);
	sum_text(&sum, d->job_id);
	put_frozen(&c, d);
	sqlite_put_text(&c, db->owner);
	sqlite_put_int(&c, d->epoch);
	put_delivery(&c, d);
	sqlite_put_sum(&c);
	return sqlite_run(db, SQL_INSERT_DELIVERY, "insert a delivery", err);
}

static int
insert_body(
    struct db *db, int64_t seq, const struct delivery *d, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_INSERT_BODY);

	sqlite_put_int(&c, seq);
	sqlite_put_blob(&c, d->body, (size_t)d->body_size);
	return sqlite_run(db, SQL_INSERT_BODY, "insert a body", err);
}

static int
insert_delivery(
    struct db *db, int64_t job, const struct delivery *d, struct error *err)
{
	int64_t seq = db->next_delivery++;
	int rc = insert_delivery_at(db, seq, job, d, err);

	if (rc == -1 && sqlite_seq_taken(db)) {
		seq += SEQ_JUMP;
		db->next_delivery = seq + 1;
		rc = insert_delivery_at(db, seq, job, d, err);
	}
	if (rc == -1)
		return -1;
	return d->by_reference ? 0 : insert_body(db, seq, d, err);
}

/* They are made with DONE. */
static int
insert_deliveries(
    struct db *db, int64_t seq, const struct job *job, struct error *err)
{
	size_t i;

	for (i = 0; i < job->ndeliveries && job->state == JOB_DONE; i++) {
		if (insert_delivery(db, seq, job->deliveries[i], err) == -1)
			return -1;
	}
	return 0;
}

static int
insert_key(struct db *db, const struct job *job, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_INSERT_KEY);
	struct sum sum;

	if (job->spec.idempotency_key == NULL)
		return 0;
	sum_start(&sum, 'i');
	c.sum = &sum;
	sqlite_put_text(&c, job->spec.idempotency_key);
	sqlite_put_text(&c, job->spec.idempotency_hash);
	sqlite_put_text(&c, job->id);
	sqlite_put_int(&c, job->created_at);
	sqlite_put_sum(&c);
	if (sqlite_run(db, SQL_INSERT_KEY, "insert a key", err) == 0)
		return 0;
	if (unique_broken(db))
		err_set(err, ERR_EXISTS, "there is a job of this key already");
	return -1;
}

static void
put_body(struct cursor *c, const struct job_spec *spec)
{
	if (spec->body != NULL) {
		sum_int(c->sum, (int64_t)spec->body_len);
		sqlite_put_int(c, sum_bytes(spec->body, spec->body_len));
	} else {
		sum_null(c->sum);
		sum_null(c->sum);
		c->i++;
	}
	sqlite_put_sum(c);
	if (spec->body != NULL)
		sqlite_put_blob(c, spec->body, spec->body_len);
}

static int
insert_job_at(
    struct db *db, int64_t seq, const struct job *job, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_INSERT_JOB);
	struct sum sum;

	sum_start(&sum, 'j');
	c.sum = &sum;
	sqlite_put_int(&c, seq);
	sqlite_put_text(&c, job->id);
	sqlite_put_int(&c, job->created_at);
	put_spec(&c, &job->spec);
	put_body(&c, &job->spec);
	return sqlite_run(db, SQL_INSERT_JOB, "insert a job", err);
}

static int
insert_job(
    struct db *db, const struct job *job, int64_t *seq, struct error *err)
{
	int rc;

	*seq = db->next_job++;
	rc = insert_job_at(db, *seq, job, err);
	if (rc == -1 && sqlite_seq_taken(db)) {
		*seq += SEQ_JUMP;
		db->next_job = *seq + 1;
		rc = insert_job_at(db, *seq, job, err);
	}
	if (rc == -1 && unique_broken(db))
		err_set(err, ERR_EXISTS, "there is a job %s already", job->id);
	return rc;
}

/* The sum goes over what stands before the changeable part, too. */
static void
begin_state(struct db *db, struct sum *sum, int64_t seq, const struct job *job)
{
	sum_start(sum, 's');
	sum_int(sum, seq);
	sum_text(sum, job->id);
	sum_text(sum, db->owner);
	sum_int(sum, job->epoch);
}

static int
insert_state(
    struct db *db, int64_t seq, const struct job *job, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_INSERT_STATE);
	struct sum sum;

	begin_state(db, &sum, seq, job);
	sqlite_put_int(&c, seq);
	sqlite_put_text(&c, db->owner);
	sqlite_put_int(&c, job->epoch);
	c.sum = &sum;
	put_state(&c, job);
	sqlite_put_int(&c, (int64_t)job->nsubs);
	sqlite_put_sum(&c);
	return sqlite_run(db, SQL_INSERT_STATE, "insert a job's state", err);
}

static int
save_submission(struct db *db, const struct job *job, int64_t seq,
    const struct submission *s, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_SAVE_SUBMISSION);
	struct sum sum;

	sum_start(&sum, 'u');
	c.sum = &sum;
	sqlite_put_int(&c, seq);
	sum_text(&sum, job->id);
	put_submission(&c, s);
	sqlite_put_sum(&c);
	return sqlite_run(db, SQL_SAVE_SUBMISSION, "save a submission", err);
}

static int
insert_submissions(
    struct db *db, const struct job *job, int64_t seq, struct error *err)
{
	size_t i;

	for (i = 0; i < job->nsubs; i++) {
		if (save_submission(db, job, seq, &job->subs[i], err) == -1)
			return -1;
	}
	return 0;
}

int
sqlite_insert(void *arg, const struct job *job, struct error *err)
{
	struct db *db = arg;
	int64_t seq;

	if (insert_key(db, job, err) == -1 ||
	    insert_job(db, job, &seq, err) == -1 ||
	    insert_state(db, seq, job, err) == -1 ||
	    insert_submissions(db, job, seq, err) == -1 ||
	    sqlite_event_job(db, EVENT_JOB_QUEUED, job, err) == -1 ||
	    sqlite_event_job(
		db, store_event_of_job(JOB_QUEUED, job), job, err) == -1)
		return -1;
	return insert_deliveries(db, seq, job, err);
}

/* What a job's rows are before they change. */
struct held {
	int64_t seq;
	int64_t subs;
	enum job_state state;
};

static int
not_ours(const struct job *job, struct error *err)
{
	return err_set(err, ERR_STORE, "job %s is not ours any more", job->id);
}

/* The row on which the statement stands is sound, and ours. */
static int
check_job(
    struct db *db, sqlite3_stmt *stmt, const struct job *job, struct error *err)
{
	const char *why = row_job_fault(stmt);
	const char *owner;

	if (why != NULL)
		return row_damaged_job(
		    db, sqlite3_column_int64(stmt, JOB_SEQ), job->id, why, err);
	owner = (const char *)sqlite3_column_text(stmt, JOB_OWNER);
	if (owner == NULL || !str_eq(owner, db->owner) ||
	    sqlite3_column_int64(stmt, JOB_EPOCH) != job->epoch)
		return not_ours(job, err);
	return 0;
}

static int
hold_job(
    struct db *db, const struct job *job, struct held *held, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_JOB_BY_ID);
	int rc;

	sqlite_put_text(&c, job->id);
	sqlite_put_int(&c, 0);
	rc = sqlite3_step(c.stmt);
	if (rc == SQLITE_ROW) {
		held->seq = sqlite3_column_int64(c.stmt, JOB_SEQ);
		held->subs = sqlite3_column_int64(c.stmt, JOB_SUBS);
		held->state =
		    (enum job_state)sqlite3_column_int(c.stmt, JOB_STATE);
		rc = check_job(db, c.stmt, job, err);
	} else if (rc == SQLITE_DONE) {
		rc = not_ours(job, err);
	} else {
		rc = sqlite_complain(db, "read a job", err);
	}
	sqlite3_reset(c.stmt);
	return rc;
}

/* None is missing, and each is what it was. */
static int
check_submissions(struct db *db, const struct job *job, const struct held *held,
    struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_SUBMISSIONS);
	const char *why = NULL;
	int64_t n = 0;
	int rc;

	if (held->subs == 0)
		return 0;
	sqlite_put_int(&c, held->seq);
	while ((rc = sqlite3_step(c.stmt)) == SQLITE_ROW && why == NULL &&
	    sqlite3_column_int64(c.stmt, SUBMISSION_SEQ) == held->seq) {
		why = row_submission_fault(c.stmt, job->id);
		n++;
	}
	if (why == NULL && n != held->subs)
		why = "a submission is not there";
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		rc = sqlite_complain(db, "read submissions", err);
	else
		rc = why == NULL
		    ? 0
		    : row_damaged_job(db, held->seq, job->id, why, err);
	sqlite3_reset(c.stmt);
	return rc;
}

static int
save_state(struct db *db, const struct job *job, const struct held *held,
    struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_SAVE_STATE);
	struct sum sum;

	begin_state(db, &sum, held->seq, job);
	c.sum = &sum;
	put_state(&c, job);
	sqlite_put_int(&c, held->subs);
	sqlite_put_sum(&c);
	sqlite_put_int(&c, held->seq);
	return sqlite_run(db, SQL_SAVE_STATE, "save a job", err);
}

int
sqlite_save(void *arg, const struct job *job, unsigned n, struct error *err)
{
	struct db *db = arg;
	struct held held;

	if (hold_job(db, job, &held, err) == -1 ||
	    check_submissions(db, job, &held, err) == -1)
		return -1;
	if (n > held.subs)
		held.subs = n;
	if (save_state(db, job, &held, err) == -1)
		return -1;
	if (n != 0 &&
	    save_submission(db, job, held.seq, &job->subs[n - 1], err) == -1)
		return -1;
	if (sqlite_event_job(
		db, store_event_of_job(held.state, job), job, err) == -1)
		return -1;
	return insert_deliveries(db, held.seq, job, err);
}

/* --- as if it had never been ---------------------------------------- */

/* Another job's key of the same text stays. */
static int
withdraw_key(struct db *db, const struct job *job, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_WITHDRAW_KEY);

	sqlite_put_text(&c, job->spec.idempotency_key);
	sqlite_put_text(&c, job->id);
	return sqlite_run(db, SQL_WITHDRAW_KEY, "withdraw a key", err);
}

int
sqlite_withdraw(void *arg, const struct job *job, struct error *err)
{
	struct db *db = arg;
	struct cursor c;
	struct held held;

	if (hold_job(db, job, &held, err) == -1)
		return -1;
	if (held.state != JOB_QUEUED)
		return err_set(err, ERR_STORE, "job %s was accepted", job->id);
	if (job->spec.idempotency_key != NULL &&
	    withdraw_key(db, job, err) == -1)
		return -1;
	if (sqlite_event_job(db, EVENT_JOB_WITHDRAWN, job, err) == -1)
		return -1;
	c = sqlite_bind(db, SQL_FORGET_JOB);
	sqlite_put_int(&c, held.seq);
	return sqlite_run(db, SQL_FORGET_JOB, "withdraw a job", err);
}

/* --- a late result -------------------------------------------------- */

static int
insert_late(
    struct db *db, const struct job *job, int64_t seq, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_INSERT_LATE);
	struct sum sum;

	sum_start(&sum, 'l');
	c.sum = &sum;
	sqlite_put_int(&c, seq);
	sum_text(&sum, job->id);
	put_late(&c, job);
	sqlite_put_sum(&c);
	if (sqlite_run(db, SQL_INSERT_LATE, "save a late result", err) == 0)
		return 0;
	if (unique_broken(db))
		err_set(err, ERR_EXISTS, "job %s has a late result already",
		    job->id);
	return -1;
}

/* -1 with an error, or whether it is there. */
static int
has_delivery(struct db *db, const char *id, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_SEQ_OF_DELIVERY);
	int rc;

	sqlite_put_text(&c, id);
	rc = sqlite3_step(c.stmt);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		sqlite_complain(db, "look for a delivery", err);
	sqlite3_reset(c.stmt);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return -1;
	return rc == SQLITE_ROW;
}

/* One that is there already stays as it is. */
static int
insert_missing(
    struct db *db, int64_t job, const struct delivery *d, struct error *err)
{
	int rc = has_delivery(db, d->id, err);

	return rc == 0 ? insert_delivery(db, job, d, err) : rc == 1 ? 0 : -1;
}

int
sqlite_save_late(void *arg, const struct job *job, struct error *err)
{
	struct db *db = arg;
	struct held held;
	size_t i;

	if (hold_job(db, job, &held, err) == -1)
		return -1;
	if (held.state != JOB_DONE)
		return err_set(err, ERR_STORE, "job %s is not done", job->id);
	if (insert_late(db, job, held.seq, err) == -1 ||
	    sqlite_event_job(db, EVENT_JOB_LATE, job, err) == -1)
		return -1;
	/* Those of its end are there already. */
	for (i = 0; i < job->ndeliveries; i++) {
		if (insert_missing(db, held.seq, job->deliveries[i], err) == -1)
			return -1;
	}
	return 0;
}

/* --- deliveries ----------------------------------------------------- */

/* A delivery's row before it changes; sum goes over what stays. */
struct held_delivery {
	int64_t seq;
	int64_t job;
	int64_t attempts;
	enum delivery_state state;
	int64_t due_at;
	bool taken; /* it ended, and was another owner's … */
	int64_t whole; /* … and this is the row's sum as ours */
	struct sum sum;
};

static bool
has_owner(sqlite3_stmt *stmt, const char *name)
{
	const char *owner =
	    (const char *)sqlite3_column_text(stmt, DELIVERY_OWNER);

	return owner != NULL && str_eq(owner, name);
}

/* Nobody is at work on one that ended: who replays it may have it. */
static bool
is_free(sqlite3_stmt *stmt, const struct db *db)
{
	return !has_owner(stmt, db->owner) &&
	    sqlite3_column_int(stmt, DELIVERY_STATE) != DELIVERY_WAITING;
}

static int
check_delivery(struct db *db, sqlite3_stmt *stmt, const struct delivery *d,
    struct error *err)
{
	const char *why = row_delivery_fault(stmt);

	if (why != NULL)
		return row_damaged_delivery(db,
		    sqlite3_column_int64(stmt, DELIVERY_SEQ), d->id, why, err);
	if ((!has_owner(stmt, db->owner) && !is_free(stmt, db)) ||
	    sqlite3_column_int64(stmt, DELIVERY_EPOCH) != d->epoch)
		return err_set(
		    err, ERR_STORE, "delivery %s is not ours any more", d->id);
	return 0;
}

static int
own_delivery(
    struct db *db, int64_t seq, int64_t epoch, int64_t sum, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_OWN_DELIVERY);

	sqlite_put_text(&c, db->owner);
	sqlite_put_int(&c, epoch);
	sqlite_put_int(&c, sum);
	sqlite_put_int(&c, seq);
	return sqlite_run(db, SQL_OWN_DELIVERY, "take over a delivery", err);
}

/* Of the row on which the statement stands; its sum is over its next owner. */
static void
hold_row(struct db *db, sqlite3_stmt *stmt, struct held_delivery *held)
{
	held->seq = sqlite3_column_int64(stmt, DELIVERY_SEQ);
	held->job = sqlite3_column_int64(stmt, DELIVERY_JOB);
	held->attempts = sqlite3_column_int64(
	    stmt, (int)DELIVERY_STATE + (int)FROM_STATE_attempts);
	held->state =
	    (enum delivery_state)sqlite3_column_int(stmt, DELIVERY_STATE);
	held->due_at = sqlite3_column_int64(
	    stmt, (int)DELIVERY_STATE + (int)FROM_STATE_due_at);
	held->taken = is_free(stmt, db);
	if (held->taken)
		held->whole = row_delivery_sum(stmt, db->owner,
		    sqlite3_column_int64(stmt, DELIVERY_EPOCH));
	sum_start(&held->sum, 'd');
	sum_columns(&held->sum, stmt, DELIVERY_SEQ, DELIVERY_OWNER);
	sum_text(&held->sum, db->owner);
	sum_columns(&held->sum, stmt, DELIVERY_EPOCH, DELIVERY_STATE);
}

static int
hold_delivery(struct db *db, const struct delivery *d,
    struct held_delivery *held, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_DELIVERY_BY_ID);
	int rc;

	sqlite_put_text(&c, d->id);
	sqlite_put_int(&c, 0);
	rc = sqlite3_step(c.stmt);
	if (rc == SQLITE_ROW) {
		hold_row(db, c.stmt, held);
		rc = check_delivery(db, c.stmt, d, err);
	} else if (rc == SQLITE_DONE) {
		rc = err_set(
		    err, ERR_NOT_FOUND, "there is no delivery %s", d->id);
	} else {
		rc = sqlite_complain(db, "read a delivery", err);
	}
	sqlite3_reset(c.stmt);
	if (rc == 0 && held->taken)
		rc = own_delivery(db, held->seq, d->epoch, held->whole, err);
	return rc;
}

static int
write_attempt(struct db *db, int64_t seq, const struct delivery *d,
    const struct attempt *a, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_SAVE_ATTEMPT);
	struct sum sum;

	sum_start(&sum, 'a');
	c.sum = &sum;
	sqlite_put_int(&c, seq);
	sum_text(&sum, d->id);
	put_attempt(&c, a);
	sqlite_put_sum(&c);
	return sqlite_run(db, SQL_SAVE_ATTEMPT, "save an attempt", err);
}

/* How one that is there already began: that stays. */
static int
keep_beginning(struct db *db, int64_t seq, const struct delivery *d,
    struct attempt *a, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_ATTEMPT);
	const char *why = NULL;
	int rc;

	sqlite_put_int(&c, seq);
	sqlite_put_int(&c, a->n);
	rc = sqlite3_step(c.stmt);
	if (rc == SQLITE_ROW) {
		why = row_attempt_fault(c.stmt, d->id);
		a->replay = sqlite3_column_int(c.stmt, AT_replay) != 0;
		a->started_at = sqlite3_column_int64(c.stmt, AT_started_at);
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		rc = sqlite_complain(db, "read an attempt", err);
	else
		rc = why == NULL
		    ? 0
		    : row_damaged_delivery(db, seq, d->id, why, err);
	sqlite3_reset(c.stmt);
	return rc;
}

static int
save_attempt(struct db *db, const struct held_delivery *held,
    const struct delivery *d, const struct attempt *a, struct error *err)
{
	struct attempt merged = *a;

	if (a->n <= held->attempts &&
	    keep_beginning(db, held->seq, d, &merged, err) == -1)
		return -1;
	return write_attempt(db, held->seq, d, &merged, err);
}

int
sqlite_save_delivery(void *arg, const struct delivery *d,
    const struct attempt *a, struct error *err)
{
	struct db *db = arg;
	struct held_delivery held;
	struct cursor c;

	if (hold_delivery(db, d, &held, err) == -1)
		return -1;
	c = sqlite_bind(db, SQL_SAVE_DELIVERY);
	c.sum = &held.sum;
	put_delivery(&c, d);
	sqlite_put_sum(&c);
	sqlite_put_int(&c, held.seq);
	if (sqlite_run(db, SQL_SAVE_DELIVERY, "save a delivery", err) == -1)
		return -1;
	if ((a != NULL && save_attempt(db, &held, d, a, err) == -1) ||
	    sqlite_event_delivery(db,
		store_event_of_delivery(held.state, held.due_at, d, a), d,
		err) == -1)
		return -1;
	return d->follow != NULL ? insert_missing(db, held.job, d->follow, err)
				 : 0;
}
