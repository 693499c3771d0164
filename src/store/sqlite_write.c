/* SPDX-License-Identifier: Apache-2.0 */
/* What is written to the SQLite file; transactions are the caller's. */
#include <sqlite3.h>
#include <string.h>

#include "store/sqlite_columns.h"
#include "store/sqlite_db.h"

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
	if (from->body != NULL)
		sqlite_put_blob(c, from->body, from->body_len);
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

/* What is there already is told from everything else that may not be. */
static int
refuse_job(struct db *db, const struct job *job, struct error *err)
{
	int code = sqlite3_extended_errcode(db->conn);

	if (code != SQLITE_CONSTRAINT_UNIQUE)
		return -1;
	if (strstr(sqlite3_errmsg(db->conn), "idempotency_key") != NULL)
		return err_set(
		    err, ERR_EXISTS, "there is a job of this key already");
	return err_set(err, ERR_EXISTS, "there is a job %s already", job->id);
}

static int
insert_body(struct db *db, const struct delivery *d, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_INSERT_BODY);

	sqlite_put_int(&c, sqlite3_last_insert_rowid(db->conn));
	sqlite_put_blob(&c, d->body, (size_t)d->body_size);
	return sqlite_run(db, SQL_INSERT_BODY, "insert a body", err);
}

static int
insert_delivery(struct db *db, const struct delivery *d, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_INSERT_DELIVERY);

	sqlite_put_text(&c, d->job_id);
	sqlite_put_text(&c, d->id);
	put_frozen(&c, d);
	sqlite_put_int(&c, d->epoch);
	put_delivery(&c, d);
	if (sqlite_run(db, SQL_INSERT_DELIVERY, "insert a delivery", err) == -1)
		return -1;
	return d->by_reference ? 0 : insert_body(db, d, err);
}

/* They are made with DONE. */
static int
insert_deliveries(struct db *db, const struct job *job, struct error *err)
{
	size_t i;

	for (i = 0; i < job->ndeliveries && job->state == JOB_DONE; i++) {
		if (insert_delivery(db, job->deliveries[i], err) == -1)
			return -1;
	}
	return 0;
}

int
sqlite_insert(void *arg, const struct job *job, struct error *err)
{
	struct db *db = arg;
	struct cursor c = sqlite_bind(db, SQL_INSERT_JOB);

	sqlite_put_text(&c, job->id);
	sqlite_put_int(&c, job->created_at);
	put_spec(&c, &job->spec);
	if (sqlite_run(db, SQL_INSERT_JOB, "insert a job", err) == -1)
		return refuse_job(db, job, err);
	c = sqlite_bind(db, SQL_INSERT_STATE);
	sqlite_put_int(&c, sqlite3_last_insert_rowid(db->conn));
	sqlite_put_int(&c, job->epoch);
	put_state(&c, job);
	if (sqlite_run(db, SQL_INSERT_STATE, "insert a job's state", err) == -1)
		return -1;
	return insert_deliveries(db, job, err);
}

static int
save_submission(struct db *db, const struct job *job,
    const struct submission *s, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_SAVE_SUBMISSION);

	sqlite_put_text(&c, job->id);
	put_submission(&c, s);
	return sqlite_run(db, SQL_SAVE_SUBMISSION, "save a submission", err);
}

int
sqlite_save(void *arg, const struct job *job, unsigned n, struct error *err)
{
	struct db *db = arg;
	struct cursor c = sqlite_bind(db, SQL_SAVE_STATE);

	put_state(&c, job);
	sqlite_put_text(&c, job->id);
	sqlite_put_int(&c, job->epoch);
	if (sqlite_run(db, SQL_SAVE_STATE, "save a job", err) == -1)
		return -1;
	if (sqlite3_changes(db->conn) != 1)
		return err_set(
		    err, ERR_STORE, "job %s is not ours any more", job->id);
	if (n != 0 && save_submission(db, job, &job->subs[n - 1], err) == -1)
		return -1;
	return insert_deliveries(db, job, err);
}

static int
save_attempt(struct db *db, const struct delivery *d, const struct attempt *a,
    struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_SAVE_ATTEMPT);

	sqlite_put_text(&c, d->id);
	put_attempt(&c, a);
	return sqlite_run(db, SQL_SAVE_ATTEMPT, "save an attempt", err);
}

/* Nothing was changed: is it another's, or is it gone? */
static int
refuse_delivery(struct db *db, const struct delivery *d, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_SEQ_OF_DELIVERY);
	int rc;

	sqlite_put_text(&c, d->id);
	rc = sqlite3_step(c.stmt);
	sqlite3_reset(c.stmt);
	if (rc == SQLITE_DONE)
		return err_set(
		    err, ERR_NOT_FOUND, "there is no delivery %s", d->id);
	return err_set(
	    err, ERR_STORE, "delivery %s is not ours any more", d->id);
}

int
sqlite_save_delivery(void *arg, const struct delivery *d,
    const struct attempt *a, struct error *err)
{
	struct db *db = arg;
	struct cursor c = sqlite_bind(db, SQL_SAVE_DELIVERY);

	put_delivery(&c, d);
	sqlite_put_text(&c, d->id);
	sqlite_put_int(&c, d->epoch);
	if (sqlite_run(db, SQL_SAVE_DELIVERY, "save a delivery", err) == -1)
		return -1;
	if (sqlite3_changes(db->conn) != 1)
		return refuse_delivery(db, d, err);
	return a != NULL ? save_attempt(db, d, a, err) : 0;
}

int
sqlite_forget(
    void *arg, const struct store_forget *f, size_t *n, struct error *err)
{
	struct db *db = arg;
	struct cursor c = sqlite_bind(db, SQL_PRUNE);

	sqlite_put_int(&c, f->before_at);
	sqlite_put_int(&c, (int64_t)f->limit);
	if (sqlite_run(db, SQL_PRUNE, "forget jobs", err) == -1)
		return -1;
	*n = (size_t)sqlite3_changes(db->conn);
	return 0;
}
