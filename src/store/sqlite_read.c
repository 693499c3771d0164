/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is read from the SQLite file. Whoever wrote it: a value that is used as
 * an index, a length or a switch is one of ours, or nothing is read.
 */
#include <limits.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/sqlite_columns.h"
#include "store/sqlite_db.h"

/* One column into *to, from where c stands. */
#define GET(kind, name) to->name = (__typeof__(to->name))GET_##kind;
#define GET_TEXT sqlite_get_text(c)
#define GET_INT sqlite_get_int(c)
#define GET_FLAG (sqlite_get_int(c) != 0)
#define GET_ENUM sqlite_get_enum(c)
#define GET_COUNT sqlite_get_count(c)
#define GET_STATUS sqlite_get_status(c)

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

/* An id that is none of ours leaves "", which is none either. */
static void
get_job_id(struct cursor *c, char out[JOBID_SIZE])
{
	char *id = sqlite_get_text(c);

	if (id != NULL && jobid_ok(id))
		memcpy(out, id, JOBID_SIZE);
	free(id);
}

/* The row's body, if it was asked for and is there. */
static void *
get_body(struct cursor *c, size_t *len)
{
	const void *data = sqlite3_column_blob(c->stmt, c->i);

	*len = (size_t)sqlite3_column_bytes(c->stmt, c->i);
	/* One of no bytes has no address. */
	return sqlite3_column_type(c->stmt, c->i) != SQLITE_NULL
	    ? xmemdup(data, *len)
	    : NULL;
}

/* --- jobs ----------------------------------------------------------- */

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
		/* A refusal waits while an earlier one is in doubt. */
		return open || (s->fate == SUB_REFUSED && job_in_doubt(job));
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

static int
load_submissions(struct db *db, int64_t seq, struct job *job, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_SUBMISSIONS);
	struct submission *s;
	int rc;

	sqlite_put_int(&c, seq);
	while ((rc = sqlite3_step(c.stmt)) == SQLITE_ROW) {
		if (job->nsubs >= SUBMISSIONS_MAX)
			break;
		s = job_add_submission(job);
		c.i = 1;
		get_submission(&c, s);
		if (s->n != job->nsubs || (unsigned)s->fate > SUB_FAILED)
			break;
	}
	if (rc == SQLITE_ROW)
		err_set(err, ERR_PROTOCOL, "job %s has senseless submissions",
		    job->id);
	else if (rc != SQLITE_DONE)
		sqlite_complain(db, "read submissions", err);
	sqlite3_reset(c.stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

static struct job *
get_job(struct cursor *c, int64_t *seq)
{
	struct job *job = xcalloc(1, sizeof(*job));
	size_t len;

	c->i = 0;
	*seq = sqlite_get_int(c);
	get_job_id(c, job->id);
	job->created_at = sqlite_get_int(c);
	get_spec(c, &job->spec);
	job->epoch = sqlite_get_int(c);
	get_state(c, job);
	job->spec.body_len = (size_t)sqlite_get_int(c);
	job->spec.body = get_body(c, &len);
	return job;
}

static int load_deliveries(
    struct db *db, int64_t seq, struct job *job, struct error *err);

static int
read_job(struct db *db, struct cursor *c, bool parts, struct job **out,
    struct error *err)
{
	int64_t seq;
	struct job *job = get_job(c, &seq);
	int rc = load_submissions(db, seq, job, err);

	if (rc == 0 && !job_ok(job))
		rc = err_set(err, ERR_PROTOCOL,
		    "row %lld holds no job that can be", (long long)seq);
	if (rc == 0 && parts)
		rc = load_deliveries(db, seq, job, err);
	if (rc == -1) {
		job_free(job);
		return -1;
	}
	*out = job;
	return 0;
}

/* --- deliveries ----------------------------------------------------- */

static bool
attempt_ok(const struct attempt *a)
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

static void
add_attempt(struct delivery *d, struct cursor *c)
{
	d->log = xreallocarray(d->log, d->nlog + 1, sizeof(*d->log));
	memset(&d->log[d->nlog], 0, sizeof(*d->log));
	c->i = 1;
	get_attempt(c, &d->log[d->nlog++]);
}

/* Each behind the one before, none but those that were counted. */
static bool
last_attempt_ok(const struct delivery *d)
{
	const struct attempt *a = &d->log[d->nlog - 1];

	return attempt_ok(a) && a->n <= d->attempts &&
	    (d->nlog == 1 || a->n == d->log[d->nlog - 2].n + 1);
}

static int
load_attempts(struct db *db, int64_t seq, struct delivery *d, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_ATTEMPTS);
	int rc;

	sqlite_put_int(&c, seq);
	while ((rc = sqlite3_step(c.stmt)) == SQLITE_ROW) {
		add_attempt(d, &c);
		if (!last_attempt_ok(d))
			break;
	}
	if (rc == SQLITE_ROW)
		err_set(err, ERR_PROTOCOL, "delivery %s has senseless attempts",
		    d->id);
	else if (rc != SQLITE_DONE)
		sqlite_complain(db, "read attempts", err);
	sqlite3_reset(c.stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

static struct delivery *
get_delivery_row(struct cursor *c, int64_t *seq, size_t *len)
{
	struct delivery *d = xcalloc(1, sizeof(*d));
	char *id;

	c->i = 0;
	*seq = sqlite_get_int(c);
	id = sqlite_get_text(c);
	if (id != NULL && delivery_id_ok(id))
		memcpy(d->id, id, DELIVERY_ID_SIZE);
	free(id);
	get_job_id(c, d->job_id);
	get_frozen(c, d);
	d->epoch = sqlite_get_int(c);
	get_delivery(c, d);
	d->body = get_body(c, len);
	return d;
}

static int
read_delivery(struct db *db, struct cursor *c, const struct store_ask *ask,
    struct delivery **out, struct error *err)
{
	int64_t seq;
	size_t len;
	struct delivery *d = get_delivery_row(c, &seq, &len);
	int rc = 0;

	if (!delivery_ok(d))
		rc = err_set(err, ERR_PROTOCOL,
		    "row %lld holds no delivery that can be", (long long)seq);
	else if (ask->body && !body_ok(d, len))
		rc = err_set(err, ERR_PROTOCOL,
		    "the body of delivery %s is not what it was", d->id);
	else if (ask->parts)
		rc = load_attempts(db, seq, d, err);
	if (rc == -1) {
		delivery_free(d);
		return -1;
	}
	*out = d;
	return 0;
}

static int
load_deliveries(struct db *db, int64_t seq, struct job *job, struct error *err)
{
	static const struct store_ask bare = {.which = STORE_BY_QUERY};
	struct cursor c = sqlite_bind(db, SQL_DELIVERIES_OF);
	struct delivery *d;
	int rc;

	sqlite_put_int(&c, seq);
	while ((rc = sqlite3_step(c.stmt)) == SQLITE_ROW) {
		if (read_delivery(db, &c, &bare, &d, err) == -1)
			break;
		job_add_delivery(job, d);
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		sqlite_complain(db, "read deliveries", err);
	sqlite3_reset(c.stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

/* --- questions ------------------------------------------------------ */

/* The row that a page begins behind; 0 with NULL. */
static int
find_seq(struct db *db, enum statement which, const char *after, int64_t *seq,
    struct error *err)
{
	struct cursor c = sqlite_bind(db, which);
	int rc;

	*seq = 0;
	if (after == NULL)
		return 0;
	sqlite_put_text(&c, after);
	rc = sqlite3_step(c.stmt);
	if (rc == SQLITE_ROW)
		*seq = sqlite3_column_int64(c.stmt, 0);
	else if (rc == SQLITE_DONE)
		err_set(err, ERR_NOT_FOUND, "there is no %s", after);
	else
		sqlite_complain(db, "find where to begin", err);
	sqlite3_reset(c.stmt);
	return rc == SQLITE_ROW ? 0 : -1;
}

static void
put_limit(struct cursor *c, const struct store_ask *ask)
{
	sqlite_put_int(c,
	    ask->limit > 0 && ask->limit < INT_MAX ? (int64_t)ask->limit : -1);
}

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

static int
ask_jobs(struct db *db, const struct store_ask *ask, struct cursor *c,
    struct error *err)
{
	int64_t seq;

	switch (ask->which) {
	case STORE_BY_ID:
	case STORE_BY_KEY:
		*c = sqlite_bind(db,
		    ask->which == STORE_BY_ID ? SQL_JOB_BY_ID : SQL_JOB_BY_KEY);
		sqlite_put_text(c, ask->key);
		sqlite_put_int(c, ask->body);
		return 0;
	case STORE_UNFINISHED:
		*c = sqlite_bind(db, SQL_UNFINISHED);
		return 0;
	case STORE_EXPIRED:
	case STORE_BY_QUERY:
		break;
	}
	if (find_seq(db, SQL_SEQ_OF_JOB, ask->after, &seq, err) == -1)
		return -1;
	*c = sqlite_bind(db, choose_jobs(ask));
	sqlite_put_int(c, seq);
	sqlite_put_int(c, ask->state);
	sqlite_put_int(c, ask->outcome);
	sqlite_put_text(c, ask->endpoint);
	put_limit(c, ask);
	return 0;
}

static enum statement
choose_deliveries(const struct store_ask *ask)
{
	if (ask->job != NULL)
		return SQL_DELIVERIES_BY_JOB;
	if (ask->state == DELIVERY_WAITING || ask->state == DELIVERY_DEAD)
		return SQL_DELIVERIES_BY_STATE;
	return ask->target != NULL ? SQL_DELIVERIES_BY_TARGET : SQL_DELIVERIES;
}

static int
ask_deliveries(struct db *db, const struct store_ask *ask, struct cursor *c,
    struct error *err)
{
	int64_t seq;

	if (ask->which == STORE_BY_ID) {
		*c = sqlite_bind(db, SQL_DELIVERY_BY_ID);
		sqlite_put_text(c, ask->key);
		sqlite_put_int(c, ask->body);
		return 0;
	}
	if (find_seq(db, SQL_SEQ_OF_DELIVERY, ask->after, &seq, err) == -1)
		return -1;
	*c = sqlite_bind(db, choose_deliveries(ask));
	sqlite_put_int(c, seq);
	sqlite_put_int(c, ask->state);
	sqlite_put_text(c, ask->target);
	sqlite_put_text(c, ask->job);
	put_limit(c, ask);
	return 0;
}

/* Room for one more pointer behind n of them; the room doubles. */
static void *
grow(void *array, size_t n)
{
	bool full = n == 0 || (n >= 16 && (n & (n - 1)) == 0);

	if (!full)
		return array;
	return xreallocarray(array, n < 16 ? 16 : 2 * n, sizeof(void *));
}

int
sqlite_jobs(void *arg, const struct store_ask *ask, struct job ***out,
    size_t *n, struct error *err)
{
	struct db *db = arg;
	struct cursor c;
	struct job *job;
	int rc;

	if (db->empty)
		return 0;
	if (ask_jobs(db, ask, &c, err) == -1)
		return -1;
	while ((rc = sqlite3_step(c.stmt)) == SQLITE_ROW) {
		if (read_job(db, &c, ask->parts, &job, err) == -1)
			break;
		*out = grow(*out, *n);
		(*out)[(*n)++] = job;
	}
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		sqlite_complain(db, "read jobs", err);
	sqlite3_reset(c.stmt);
	if (rc == SQLITE_DONE)
		return 0;
	while (*n > 0)
		job_free((*out)[--*n]);
	free(*out);
	*out = NULL;
	return -1;
}

int
sqlite_deliveries(void *arg, const struct store_ask *ask,
    struct delivery ***out, size_t *n, struct error *err)
{
	struct db *db = arg;
	struct cursor c;
	struct delivery *d;
	int rc;

	if (db->empty)
		return 0;
	if (ask_deliveries(db, ask, &c, err) == -1)
		return -1;
	while ((rc = sqlite3_step(c.stmt)) == SQLITE_ROW) {
		if (read_delivery(db, &c, ask, &d, err) == -1)
			break;
		*out = grow(*out, *n);
		(*out)[(*n)++] = d;
	}
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		sqlite_complain(db, "read deliveries", err);
	sqlite3_reset(c.stmt);
	if (rc == SQLITE_DONE)
		return 0;
	while (*n > 0)
		delivery_free((*out)[--*n]);
	free(*out);
	*out = NULL;
	return -1;
}
