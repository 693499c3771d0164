/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs that are read from the SQLite file. Whoever wrote it: a row that is not
 * what was written is set aside, and a value that is used as an index, a length
 * or a switch is one of ours.
 */
#include <limits.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "store/sqlite_damage.h"
#include "store/sqlite_db.h"
#include "store/sqlite_read.h"
#include "store/sqlite_row.h"

/* A job without submissions costs one look at the next one's, no more. */
#define STEPS_MAX 8

static void
get_spec(struct cursor *c, struct job_spec *to)
{
	SPEC_COLUMNS(GET)
}

static void
get_state(struct cursor *c, struct job *to)
{
	STATE_COLUMNS(GET)
}

static void
get_submission(struct cursor *c, struct submission *to)
{
	SUBMISSION_COLUMNS(GET)
}

static void
get_late(struct cursor *c, struct job *to)
{
	LATE_COLUMNS(GET)
}

/* Reading jobs: their rows, and beside them their submissions, which are in
 * the same order: one statement for all, and not one for each. */
struct reading {
	struct sqlite_rows rows; /* first: the kind's functions get it */
	struct cursor subs;
	int subs_rc; /* of its last step; 0: it stands nowhere */
};

/* --- submissions ---------------------------------------------------- */

static void
seek_subs(struct reading *r, int64_t seq)
{
	r->subs = sqlite_bind(r->rows.db, SQL_SUBMISSIONS);
	sqlite_put_int(&r->subs, seq);
	r->subs_rc = sqlite3_step(r->subs.stmt);
}

static int64_t
subs_seq(const struct reading *r)
{
	return sqlite3_column_int64(r->subs.stmt, SUBMISSION_SEQ);
}

/* To the first of the job's, or to a later job's. */
static void
find_subs(struct reading *r, int64_t seq)
{
	int i;

	if (r->rows.down) {
		seek_subs(r, seq);
		return;
	}
	if (r->subs_rc == SQLITE_DONE)
		return;
	for (i = 0; r->subs_rc == SQLITE_ROW && subs_seq(r) < seq; i++) {
		if (i == STEPS_MAX)
			break;
		r->subs_rc = sqlite3_step(r->subs.stmt);
	}
	if ((r->subs_rc == SQLITE_ROW && subs_seq(r) >= seq) ||
	    r->subs_rc == SQLITE_DONE)
		return;
	seek_subs(r, seq);
}

static const char *
add_submission(struct reading *r, struct job *job)
{
	const char *why = row_submission_fault(r->subs.stmt, job->id);
	struct submission *s;

	if (why != NULL)
		return why;
	if (job->nsubs >= SUBMISSIONS_MAX)
		return "it has too many submissions";
	s = job_add_submission(job);
	r->subs.i = SUBMISSION_N;
	get_submission(&r->subs, s);
	if (s->n != job->nsubs || (unsigned)s->fate > SUB_FAILED)
		return "it has senseless submissions";
	return NULL;
}

static void
drop_submissions(struct job *job)
{
	size_t i;

	for (i = 0; i < job->nsubs; i++)
		submission_done(&job->subs[i]);
	free(job->subs);
	job->subs = NULL;
	job->nsubs = 0;
}

/* From where the statement stands. */
static const char *
take_submissions(struct reading *r, int64_t seq, int64_t count, struct job *job)
{
	const char *why = NULL;

	while (why == NULL && r->subs_rc == SQLITE_ROW && subs_seq(r) == seq) {
		why = add_submission(r, job);
		r->subs_rc = sqlite3_step(r->subs.stmt);
	}
	if (why == NULL && (int64_t)job->nsubs != count)
		why = "a submission is not there";
	return why;
}

/*
 * NULL, or what is wrong. A row that moved may mislead about those of other
 * jobs: what looks wrong is looked for once more where it should be.
 */
static const char *
load_submissions(struct reading *r, int64_t seq, int64_t count, struct job *job)
{
	const char *why;

	find_subs(r, seq);
	why = take_submissions(r, seq, count, job);
	if (why == NULL)
		return NULL;
	drop_submissions(job);
	seek_subs(r, seq);
	why = take_submissions(r, seq, count, job);
	/* The next one is not sought behind what is wrong. */
	if (why != NULL &&
	    (r->subs_rc == SQLITE_ROW || r->subs_rc == SQLITE_DONE))
		r->subs_rc = 0;
	return why;
}

/* --- one job -------------------------------------------------------- */

static bool
input_ok(const struct job_spec *spec)
{
	switch (spec->input) {
	case INPUT_BODY:
		return spec->body_len > 0;
	case INPUT_FILE:
		return spec->input_path != NULL && spec->input_size >= 0 &&
		    spec->input_location != NULL;
	case INPUT_LOCATION:
		return spec->input_location != NULL;
	case INPUT_FOREIGN:
		return spec->input_location == NULL && spec->body_len == 0;
	}
	return false;
}

static bool
has_failed(const struct job *job)
{
	size_t i;

	for (i = 0; i < job->nsubs; i++) {
		if (job->subs[i].fate == SUB_FAILED)
			return true;
	}
	return false;
}

/* A job that waits has been accepted, one that is queued has not. */
static bool
submissions_ok(const struct job *job)
{
	const struct submission *s = job_last_submission(job);
	bool open = s == NULL || s->fate == SUB_OPEN || s->fate == SUB_DOUBT ||
	    s->fate == SUB_NOT_SENT;

	switch (job->state) {
	case JOB_QUEUED:
		/* A refusal waits while an earlier one is in doubt, and a
		 * model that failed may be asked again, whatever became of
		 * those behind that. */
		return open || has_failed(job) ||
		    (s->fate == SUB_REFUSED && job_in_doubt(job));
	case JOB_PENDING:
		return s != NULL && !open;
	case JOB_DONE:
		return true;
	}
	return false;
}

static bool
job_ok(const struct job *job)
{
	return jobid_ok(job->id) && job->spec.endpoint != NULL &&
	    input_ok(&job->spec) && submissions_ok(job) &&
	    (unsigned)job->outcome <= OUTCOME_CANCELLED &&
	    (job->state == JOB_DONE) == (job->outcome != OUTCOME_NONE);
}

static struct job *
get_job(sqlite3_stmt *stmt)
{
	struct cursor at = {.stmt = stmt, .i = JOB_ID};
	struct cursor *c = &at;
	struct job *job = xcalloc(1, sizeof(*job));
	size_t len;

	sqlite_get_job_id(c, job->id);
	job->created_at = sqlite_get_int(c);
	get_spec(c, &job->spec);
	job->spec.body_len = (size_t)sqlite_get_int(c);
	c->i = JOB_EPOCH;
	job->epoch = sqlite_get_int(c);
	get_state(c, job);
	c->i = JOB_BODY;
	job->spec.body = sqlite_get_body(c, &len);
	return job;
}

/* Only what did not succeed can have one. */
static int
load_late(struct db *db, int64_t seq, struct job *job, const char **why,
    struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_LATE);
	int rc;

	sqlite_put_int(&c, seq);
	rc = sqlite3_step(c.stmt);
	if (rc == SQLITE_ROW) {
		*why = row_late_fault(c.stmt, seq, job->id);
		c.i = LATE_FIRST;
		get_late(&c, job);
	} else if (rc != SQLITE_DONE) {
		sqlite_complain(db, "read a late result", err);
	}
	sqlite3_reset(c.stmt);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : -1;
}

/* All but the row itself. */
static int
load_parts(struct reading *r, int64_t seq, struct job *job, const char **why,
    struct error *err)
{
	int64_t count = sqlite3_column_int64(r->rows.c.stmt, JOB_SUBS);

	*why = load_submissions(r, seq, count, job);
	if (*why != NULL && r->subs_rc != 0 && r->subs_rc != SQLITE_CORRUPT)
		return sqlite_complain(r->rows.db, "read submissions", err);
	if (*why == NULL && !job_ok(job))
		*why = "its values make no sense";
	if (*why == NULL && job->state == JOB_DONE &&
	    job->outcome != OUTCOME_OK &&
	    load_late(r->rows.db, seq, job, why, err) == -1)
		return -1;
	if (*why == NULL && r->rows.ask->parts)
		return sqlite_load_deliveries(r->rows.db, seq, job, err);
	return 0;
}

/* ERR_DAMAGED where it was set aside. */
static int
read_job(struct sqlite_rows *rows, void **out, struct error *err)
{
	struct reading *r = (struct reading *)rows;
	sqlite3_stmt *stmt = rows->c.stmt;
	int64_t seq = sqlite3_column_int64(stmt, JOB_SEQ);
	const char *why = row_job_fault(stmt);
	struct job *job;
	int rc;

	if (why == NULL)
		why = row_body_fault(stmt);
	if (why != NULL)
		return row_damaged_job(rows->db, seq,
		    (const char *)sqlite3_column_text(stmt, JOB_ID), why, err);
	job = get_job(stmt);
	rc = load_parts(r, seq, job, &why, err);
	if (rc == -1 && err->code == ERR_DAMAGED)
		why = "what belongs to it cannot be read";
	if (why != NULL)
		rc = row_damaged_job(rows->db, seq, job->id, why, err);
	if (rc == -1) {
		job_free(job);
		return -1;
	}
	*out = job;
	return 0;
}

/* --- questions ------------------------------------------------------ */

static bool
common(const struct store_ask *ask)
{
	return ask->outcome == OUTCOME_OK || ask->state == STORE_ANY;
}

/* By the index that leaves least to be dropped. */
static enum statement
choose_jobs(const struct store_ask *ask)
{
	bool exact = ask->state != STORE_ANY && ask->outcome != STORE_ANY;

	if (exact && !(ask->endpoint != NULL && common(ask)))
		return SQL_JOBS_BY_STATE;
	return ask->endpoint != NULL ? SQL_JOBS_BY_ENDPOINT : SQL_JOBS;
}

/* The index leads to what is wanted, and to nothing else. */
static bool
drops_none(const struct store_ask *ask)
{
	bool all = ask->state == STORE_ANY && ask->outcome == STORE_ANY;

	if (ask->tag != NULL || ask->note != NULL || ask->since_at != 0 ||
	    ask->until_at != 0 || ask->unfinished || ask->ended_badly ||
	    ask->unrepeated)
		return false;
	return choose_jobs(ask) == SQL_JOBS_BY_STATE ? ask->endpoint == NULL
						     : all;
}

static bool
in_windows(const struct store_ask *ask)
{
	return ask->which == STORE_BY_QUERY && ask->stopped != NULL &&
	    !drops_none(ask);
}

static void
ask_one(struct sqlite_rows *r)
{
	r->c = sqlite_bind(r->db, SQL_JOB_BY_ID);
	sqlite_put_text(&r->c, r->ask->key);
	sqlite_put_int(&r->c, r->ask->body);
}

/* Everything of JOB_PAGE; rows from behind `last` up to `bound`. */
static void
put_page(
    struct cursor *c, const struct store_ask *ask, int64_t last, int64_t bound)
{
	sqlite_put_int(c, last);
	sqlite_put_int(c, ask->state);
	sqlite_put_int(c, ask->outcome);
	sqlite_put_text(c, ask->endpoint);
	sqlite_put_text(c, ask->tag);
	sqlite_put_int(c, ask->since_at);
	sqlite_put_int(c, ask->until_at);
	sqlite_put_text(c, ask->note);
	sqlite_put_int(c, ask->unfinished);
	sqlite_put_int(c, ask->ended_badly);
	sqlite_put_int(c, ask->unrepeated);
	sqlite_put_int(c, bound);
}

/* Behind which row the page, or its next window, begins. */
static int
find_place(struct sqlite_rows *r, struct error *err)
{
	const struct store_ask *ask = r->ask;

	if (ask->place != 0) {
		r->last = ask->place;
		return 0;
	}
	if (ask->after == NULL && r->down) {
		r->last = r->end;
		return 0;
	}
	return sqlite_find_seq(
	    r->db, SQL_SEQ_OF_JOB, ask->after, &r->last, err);
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
	r->c = sqlite_bind(r->db, (enum statement)(choose_jobs(ask) + r->down));
	put_page(&r->c, ask, r->last, bound);
	return 0;
}

static int
ask_jobs(struct sqlite_rows *r, struct error *err)
{
	switch (r->ask->which) {
	case STORE_BY_ID:
		ask_one(r);
		return 0;
	case STORE_UNFINISHED:
		r->c = sqlite_bind(r->db, SQL_UNFINISHED);
		return 0;
	case STORE_EXPIRED:
		r->c = sqlite_bind(r->db, SQL_EXPIRED);
		sqlite_put_int(&r->c, r->ask->since_at);
		return 0;
	case STORE_BY_QUERY:
		break;
	}
	return ask_page(r, err);
}

/* What cannot be told counts as yes: nothing is to be repeated by mistake. */
static bool
is_repeated(struct db *db, const char *id)
{
	struct cursor c = sqlite_bind(db, SQL_REPEATED);
	int rc;

	sqlite_put_text(&c, id);
	rc = sqlite3_step(c.stmt);
	sqlite3_reset(c.stmt);
	return rc != SQLITE_DONE;
}

static bool
wanted(struct sqlite_rows *r, const void *row)
{
	const struct store_ask *ask = r->ask;
	const struct job *job = row;

	if (ask->which == STORE_UNFINISHED)
		return job->state != JOB_DONE;
	if (ask->which == STORE_EXPIRED)
		return job->state == JOB_DONE &&
		    job->outcome == OUTCOME_EXPIRED &&
		    job->completed_at >= ask->since_at && job->late_at == 0;
	return store_ask_wants_job(ask, job) &&
	    !(r->torn && ask->unrepeated && is_repeated(r->db, job->id));
}

static void
drop_job(void *row)
{
	job_free(row);
}

static void
bind_one(struct sqlite_rows *r, int64_t seq)
{
	bool unfinished = r->ask->which == STORE_UNFINISHED;

	r->c = sqlite_bind(r->db, SQL_JOB_BY_SEQ);
	sqlite_put_int(&r->c, seq);
	sqlite_put_int(&r->c, r->ask->body || unfinished);
	sqlite_put_int(&r->c, unfinished ? JOB_PENDING : STORE_ANY);
}

static const struct sqlite_rows_kind jobs = {
    .name = "job",
    .reading = "read jobs",
    .seq = JOB_SEQ,
    .next = SQL_NEXT_JOB,
    .before = SQL_JOB_BEFORE,
    .read = read_job,
    .wanted = wanted,
    .drop = drop_job,
    .bind_one = bind_one,
};

/* --- what an index may hide ----------------------------------------- */

static void
look_at(struct db *db, enum statement which)
{
	static const struct store_ask all = {
	    .state = STORE_ANY,
	    .outcome = STORE_ANY,
	};
	struct cursor c = sqlite_bind(db, which);
	struct error told;
	const char *why;

	if (which == SQL_JOBS)
		put_page(&c, &all, INT64_MIN, INT64_MAX);
	while (sqlite3_step(c.stmt) == SQLITE_ROW) {
		why = row_job_fault(c.stmt);
		if (why != NULL)
			row_damaged_job(db,
			    sqlite3_column_int64(c.stmt, JOB_SEQ),
			    (const char *)sqlite3_column_text(c.stmt, JOB_ID),
			    why, &told);
	}
	sqlite3_reset(c.stmt);
}

/* A late result that is damaged or has no job any more. */
static void
look_at_late(struct db *db)
{
	struct cursor c = sqlite_bind(db, SQL_LATES);
	struct error told;
	const char *id, *why;
	int64_t seq;

	while (sqlite3_step(c.stmt) == SQLITE_ROW) {
		id = (const char *)sqlite3_column_text(c.stmt, LATE_JOB_ID);
		seq = sqlite3_column_int64(c.stmt, LATE_SEQ);
		why = row_late_fault(c.stmt, seq, id);
		if (why != NULL)
			row_damaged_job(db, seq, id, why, &told);
	}
	sqlite3_reset(c.stmt);
}

/*
 * A row whose state was flipped to DONE is not seen among the unfinished, nor
 * is a job without one. The index has the states a second time: where rows and
 * index do not agree, each row is looked at.
 */
static void
survey(const struct sqlite_rows *r)
{
	struct cursor c = sqlite_bind(r->db, SQL_COUNT_JOBS);
	bool agree = sqlite3_step(c.stmt) == SQLITE_ROW &&
	    sqlite3_column_int(c.stmt, 0) == 1 &&
	    sqlite3_column_int64(c.stmt, 1) ==
		(int64_t)(r->given + r->n + r->damaged);

	sqlite3_reset(c.stmt);
	look_at_late(r->db);
	if (agree)
		return;
	look_at(r->db, SQL_STATES);
	look_at(r->db, SQL_JOBS);
}

int
sqlite_jobs(void *arg, const struct store_ask *ask, struct job ***out,
    size_t *n, struct error *err)
{
	struct db *db = arg;
	struct reading r = {
	    .rows.kind = &jobs,
	    .rows.db = db,
	    .rows.ask = ask,
	    .rows.end = db->next_job,
	};
	struct sqlite_rows *rows = &r.rows;
	int64_t begin;
	int rc;

	if (db->empty)
		return 0;
	if (ask_jobs(rows, err) == -1)
		return -1;
	begin = rows->last;
	rc = sqlite_rows_take(rows, err);
	sqlite3_reset(rows->c.stmt);
	if (rc == 0 && in_windows(ask) && rows->n < ask->limit)
		*ask->stopped =
		    sqlite_rows_place(rows, sqlite_rows_bound(rows, begin));
	if (rc == -1 && rows->torn)
		rc = sqlite_rows_walk(rows, err);
	if (rc == 0 && ask->which == STORE_UNFINISHED)
		survey(rows);
	if (r.subs.stmt != NULL)
		sqlite3_reset(r.subs.stmt);
	if (rc == -1) {
		sqlite_rows_drop(rows);
		return -1;
	}
	*out = (struct job **)rows->v;
	*n = rows->n;
	return 0;
}
