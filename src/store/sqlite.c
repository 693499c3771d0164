/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs in a SQLite file: WAL, synchronous=FULL, one connection that holds the
 * file alone. FULL in WAL mode kept every acknowledged commit over power cuts
 * where NORMAL lost thousands; rollback journals would need EXTRA.
 */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/backend.h"
#include "store/schema.h"

#define APPLICATION_ID 0x61776474 /* "awdt" in the file's header */
#define SCHEMA_VERSION 1

enum statement {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_INSERT_JOB,
	SQL_INSERT_STATE,
	SQL_SAVE_STATE,
	SQL_SAVE_SUBMISSION,
	SQL_LOAD_ONE,
	SQL_LOAD_ALL,
	SQL_LOAD_UNFINISHED,
	SQL_LOAD_SUBMISSIONS,
	SQL_COUNT,
};

#define JOB_COLUMNS                                                    \
	"j.seq, j.id, j.created_at, j.endpoint, j.region, "            \
	"j.content_type, j.accept, j.custom_attributes, "              \
	"j.inference_id, j.extension, j.filename, j.request_ttl_s, "   \
	"j.invocation_timeout_s, j.own_names, j.deployment, "          \
	"j.output_path, j.input, j.input_path, j.input_size, "         \
	"j.input_sha256, j.input_spooled, j.input_location, s.state, " \
	"s.outcome, s.epoch, s.submitted_at, s.deadline_at, "          \
	"s.completed_at, s.result_location, s.result_etag, "           \
	"s.result_type, s.result_size, s.error_code, s.error_text, "   \
	"length(j.body)"
#define JOB_TABLES " FROM job j JOIN job_state s ON s.seq = j.seq"

static const char *const sql[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_INSERT_JOB] = "INSERT INTO job VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, "
		       "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [SQL_INSERT_STATE] =
	"INSERT INTO job_state (seq, state, outcome, owner, epoch, "
	"submitted_at, deadline_at, completed_at, result_size) "
	"VALUES (?, ?, 0, NULL, ?, ?, ?, 0, 0)",
    [SQL_SAVE_STATE] =
	"UPDATE job_state SET state = ?, outcome = ?, submitted_at = ?, "
	"deadline_at = ?, completed_at = ?, result_location = ?, "
	"result_etag = ?, result_type = ?, result_size = ?, error_code = ?, "
	"error_text = ? "
	"WHERE seq = (SELECT seq FROM job WHERE id = ?) AND epoch = ?",
    [SQL_SAVE_SUBMISSION] =
	"INSERT OR REPLACE INTO submission VALUES ("
	"(SELECT seq FROM job WHERE id = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
	"?, ?)",
    [SQL_LOAD_ONE] =
	"SELECT " JOB_COLUMNS ", j.body" JOB_TABLES " WHERE j.id = ?",
    [SQL_LOAD_ALL] =
	"SELECT " JOB_COLUMNS ", NULL" JOB_TABLES " ORDER BY j.seq",
    [SQL_LOAD_UNFINISHED] = "SELECT " JOB_COLUMNS ", j.body" JOB_TABLES
			    " WHERE s.state <> 2 ORDER BY j.seq",
    [SQL_LOAD_SUBMISSIONS] =
	"SELECT n, fate, intent_at, ended_at, inference_id, extension, "
	"filename, predicted, output_location, failure_location, "
	"request_id, note FROM submission WHERE seq = ? ORDER BY n",
};

struct db {
	sqlite3 *conn;
	/* Holds the file where SQLite's own locks do not: those go when any
	 * descriptor of the file is closed in this process. -1: none. */
	int lock_fd;
	bool empty; /* read only, and nothing is in it */
	sqlite3_stmt *stmts[SQL_COUNT];
};

static int
complain(struct db *db, const char *what, struct error *err)
{
	int code = sqlite3_errcode(db->conn);
	const char *file = sqlite3_db_filename(db->conn, "main");

	err_set(err, code == SQLITE_BUSY ? ERR_BUSY : ERR_STORE, "%s in %s: %s",
	    what, file != NULL ? file : "the state file",
	    sqlite3_errmsg(db->conn));
	err->retryable = code == SQLITE_BUSY || code == SQLITE_FULL;
	if (code == SQLITE_FULL)
		err_hint(err, "The disk is full; make room.");
	return -1;
}

/* --- values, one after the other ------------------------------------ */

struct cursor {
	sqlite3_stmt *stmt;
	int i;
};

static struct cursor
bind_to(struct db *db, enum statement which)
{
	struct cursor c = {.stmt = db->stmts[which], .i = 1};

	sqlite3_reset(c.stmt);
	sqlite3_clear_bindings(c.stmt);
	return c;
}

static void
put_int(struct cursor *c, int64_t value)
{
	sqlite3_bind_int64(c->stmt, c->i++, value);
}

/* The text outlives the step that follows. */
static void
put_text(struct cursor *c, const char *value)
{
	sqlite3_bind_text(c->stmt, c->i++, value, -1, SQLITE_STATIC);
}

static int64_t
get_int(struct cursor *c)
{
	return sqlite3_column_int64(c->stmt, c->i++);
}

/* What no enum has stays what no enum has, however wide it is. */
static unsigned
get_enum(struct cursor *c)
{
	int64_t value = get_int(c);

	return value >= 0 && value < UINT8_MAX ? (unsigned)value : UINT8_MAX;
}

static char *
get_text(struct cursor *c)
{
	return xstrdup_or_null(
	    (const char *)sqlite3_column_text(c->stmt, c->i++));
}

/* Run a statement that gives no rows. */
static int
run(struct db *db, sqlite3_stmt *stmt, const char *what, struct error *err)
{
	int rc = sqlite3_step(stmt);

	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		complain(db, what, err);
	sqlite3_reset(stmt);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : -1;
}

/* --- open ----------------------------------------------------------- */

static int
exec(struct db *db, const char *text, struct error *err)
{
	if (sqlite3_exec(db->conn, text, NULL, NULL, NULL) != SQLITE_OK)
		return complain(db, "set up", err);
	return 0;
}

static int64_t
pragma_int(struct db *db, const char *text)
{
	sqlite3_stmt *stmt;
	int64_t value = -1;

	if (sqlite3_prepare_v2(db->conn, text, -1, &stmt, NULL) != SQLITE_OK)
		return -1;
	if (sqlite3_step(stmt) == SQLITE_ROW)
		value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return value;
}

static int
create_schema(struct db *db, struct error *err)
{
	char *text = xasprintf("BEGIN IMMEDIATE;"
			       "PRAGMA application_id = %d;"
			       "%s;"
			       "PRAGMA user_version = %d;"
			       "COMMIT",
	    APPLICATION_ID, schema_sqlite, SCHEMA_VERSION);
	int rc = exec(db, text, err);

	free(text);
	return rc;
}

static int
check_schema(struct db *db, bool still, struct error *err)
{
	int64_t version = pragma_int(db, "PRAGMA user_version");
	int64_t id = pragma_int(db, "PRAGMA application_id");
	const char *file = sqlite3_db_filename(db->conn, "main");

	/* Made a moment ago, or by a run that died at once. */
	if (version == 0 && id == 0 &&
	    pragma_int(db, "SELECT count(*) FROM sqlite_schema") == 0) {
		db->empty = still;
		return still ? 0 : create_schema(db, err);
	}
	if (id != APPLICATION_ID)
		return err_set(
		    err, ERR_STORE, "%s is no state file of awaitd", file);
	if (version != SCHEMA_VERSION)
		return err_set(err, ERR_STORE,
		    "%s has schema version %lld; this awaitd knows %d", file,
		    (long long)version, SCHEMA_VERSION);
	return 0;
}

static int
prepare_all(struct db *db, struct error *err)
{
	int i;

	for (i = 0; i < SQL_COUNT && !db->empty; i++) {
		if (sqlite3_prepare_v3(db->conn, sql[i], -1,
			SQLITE_PREPARE_PERSISTENT, &db->stmts[i],
			NULL) != SQLITE_OK)
			return complain(db, "prepare", err);
	}
	return 0;
}

static void
db_close(void *arg)
{
	struct db *db = arg;
	int i;

	for (i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(db->stmts[i]);
	sqlite3_close(db->conn);
	if (db->lock_fd != -1)
		close(db->lock_fd);
	free(db);
}

static int
open_conn(struct db *db, const char *name, int flags, struct error *err)
{
	if (sqlite3_open_v2(name, &db->conn,
		flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
		NULL) != SQLITE_OK)
		return err_set(err, ERR_STORE, "open %s: %s", name,
		    sqlite3_errmsg(db->conn));
	sqlite3_db_config(db->conn, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return exec(db,
	    "PRAGMA trusted_schema = OFF;"
	    "PRAGMA cell_size_check = ON;"
	    "PRAGMA mmap_size = 0",
	    err);
}

/* With any other journal FULL would not be enough. */
static int
check_journal(struct db *db, struct error *err)
{
	sqlite3_stmt *stmt = NULL;
	const char *mode = NULL;
	bool wal;

	if (sqlite3_prepare_v2(db->conn, "PRAGMA journal_mode = WAL", -1, &stmt,
		NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		mode = (const char *)sqlite3_column_text(stmt, 0);
	wal = mode != NULL && str_eq(mode, "wal");
	if (!wal)
		complain(db, "a write-ahead log cannot be had", err);
	sqlite3_finalize(stmt);
	return wal ? 0 : -1;
}

/* Ours alone, from the first statement to db_close. */
static int
open_alone(
    struct db *db, const struct store_options *options, struct error *err)
{
	if (options->must_exist && access(options->path, F_OK) == -1)
		return err_set_errno(
		    err, ERR_NOT_FOUND, "open %s", options->path);
	if (file_lock(options->path, &db->lock_fd, err) == -1)
		return -1;
	if (open_conn(db, options->path, SQLITE_OPEN_READWRITE, err) == -1 ||
	    exec(db, "PRAGMA locking_mode = EXCLUSIVE", err) == -1 ||
	    check_journal(db, err) == -1)
		return -1;
	return exec(db,
	    "PRAGMA synchronous = FULL;"
	    "PRAGMA foreign_keys = ON;"
	    "BEGIN IMMEDIATE; COMMIT",
	    err);
}

static int
open_still(
    struct db *db, const struct store_options *options, struct error *err)
{
	struct buf uri;
	int rc;

	buf_init(&uri, 16384);
	buf_puts(&uri, "file:");
	encode_uri(&uri, options->path, strlen(options->path), true);
	buf_puts(&uri, "?immutable=1");
	rc = open_conn(
	    db, uri.data, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err);
	buf_done(&uri);
	return rc;
}

static int
db_open(const struct store_options *options, void **out, struct error *err)
{
	struct db *db = xcalloc(1, sizeof(*db));
	int rc;

	db->lock_fd = -1;
	rc = options->still ? open_still(db, options, err)
			    : open_alone(db, options, err);
	if (rc == -1 || check_schema(db, options->still, err) == -1 ||
	    prepare_all(db, err) == -1) {
		db_close(db);
		return -1;
	}
	*out = db;
	return 0;
}

/* --- transactions --------------------------------------------------- */

static int
db_begin(void *arg, struct error *err)
{
	struct db *db = arg;

	return run(db, db->stmts[SQL_BEGIN], "begin", err);
}

static int
db_commit(void *arg, struct error *err)
{
	struct db *db = arg;

	return run(db, db->stmts[SQL_COMMIT], "commit", err);
}

static void
db_rollback(void *arg)
{
	struct db *db = arg;
	struct error ignored;

	if (!sqlite3_get_autocommit(db->conn))
		run(db, db->stmts[SQL_ROLLBACK], "roll back", &ignored);
}

/* --- writing -------------------------------------------------------- */

static void
put_spec(struct cursor *c, const struct job_spec *spec)
{
	put_text(c, spec->endpoint);
	put_text(c, spec->region);
	put_text(c, spec->content_type);
	put_text(c, spec->accept);
	put_text(c, spec->custom_attributes);
	put_text(c, spec->inference_id);
	put_text(c, spec->extension);
	put_text(c, spec->filename);
	put_int(c, spec->request_ttl_s);
	put_int(c, spec->invocation_timeout_s);
	put_int(c, spec->own_names);
	put_text(c, spec->deployment);
	put_text(c, spec->output_path);
	put_int(c, spec->input);
	put_text(c, spec->input_path);
	put_int(c, spec->input_size);
	put_text(c, spec->input_sha256);
	put_int(c, spec->input_spooled);
	put_text(c, spec->input_location);
	if (spec->body != NULL)
		sqlite3_bind_blob64(
		    c->stmt, c->i, spec->body, spec->body_len, SQLITE_STATIC);
}

static int
db_insert(void *arg, const struct job *job, struct error *err)
{
	struct db *db = arg;
	struct cursor c = bind_to(db, SQL_INSERT_JOB);

	put_text(&c, job->id);
	put_int(&c, job->created_at);
	put_spec(&c, &job->spec);
	if (run(db, c.stmt, "insert a job", err) == -1)
		return -1;
	c = bind_to(db, SQL_INSERT_STATE);
	put_int(&c, sqlite3_last_insert_rowid(db->conn));
	put_int(&c, job->state);
	put_int(&c, job->epoch);
	put_int(&c, job->submitted_at);
	put_int(&c, job->deadline_at);
	return run(db, c.stmt, "insert a job's state", err);
}

static int
save_submission(struct db *db, const struct job *job,
    const struct submission *s, struct error *err)
{
	struct cursor c = bind_to(db, SQL_SAVE_SUBMISSION);

	put_text(&c, job->id);
	put_int(&c, s->n);
	put_int(&c, s->fate);
	put_int(&c, s->intent_at);
	put_int(&c, s->ended_at);
	put_text(&c, s->inference_id);
	put_text(&c, s->extension);
	put_text(&c, s->filename);
	put_text(&c, s->predicted);
	put_text(&c, s->output_location);
	put_text(&c, s->failure_location);
	put_text(&c, s->request_id);
	put_text(&c, s->note);
	return run(db, c.stmt, "save a submission", err);
}

static int
db_save(void *arg, const struct job *job, unsigned n, struct error *err)
{
	struct db *db = arg;
	struct cursor c = bind_to(db, SQL_SAVE_STATE);

	put_int(&c, job->state);
	put_int(&c, job->outcome);
	put_int(&c, job->submitted_at);
	put_int(&c, job->deadline_at);
	put_int(&c, job->completed_at);
	put_text(&c, job->result_location);
	put_text(&c, job->result_etag);
	put_text(&c, job->result_type);
	put_int(&c, job->result_size);
	put_text(&c, job->error_code);
	put_text(&c, job->error_text);
	put_text(&c, job->id);
	put_int(&c, job->epoch);
	if (run(db, c.stmt, "save a job", err) == -1)
		return -1;
	if (sqlite3_changes(db->conn) != 1)
		return err_set(
		    err, ERR_STORE, "job %s is not ours any more", job->id);
	return n != 0 ? save_submission(db, job, &job->subs[n - 1], err) : 0;
}

/* --- reading -------------------------------------------------------- */

static void
get_spec(struct cursor *c, struct job_spec *spec)
{
	spec->endpoint = get_text(c);
	spec->region = get_text(c);
	spec->content_type = get_text(c);
	spec->accept = get_text(c);
	spec->custom_attributes = get_text(c);
	spec->inference_id = get_text(c);
	spec->extension = get_text(c);
	spec->filename = get_text(c);
	spec->request_ttl_s = get_int(c);
	spec->invocation_timeout_s = get_int(c);
	spec->own_names = get_int(c) != 0;
	spec->deployment = get_text(c);
	spec->output_path = get_text(c);
	spec->input = (enum job_input)get_enum(c);
	spec->input_path = get_text(c);
	spec->input_size = get_int(c);
	spec->input_sha256 = get_text(c);
	spec->input_spooled = get_int(c) != 0;
	spec->input_location = get_text(c);
}

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

/* What was read is used as an index or a switch: it must be one of ours. */
static bool
values_ok(const struct job *job)
{
	return jobid_ok(job->id) && job->spec.endpoint != NULL &&
	    input_ok(&job->spec) && submissions_ok(job) &&
	    (unsigned)job->outcome <= OUTCOME_CANCELLED &&
	    (job->state == JOB_DONE) == (job->outcome != OUTCOME_NONE);
}

static int
load_submissions(struct db *db, int64_t seq, struct job *job, struct error *err)
{
	struct cursor c = bind_to(db, SQL_LOAD_SUBMISSIONS);
	struct submission *s;
	int rc;

	put_int(&c, seq);
	while ((rc = sqlite3_step(c.stmt)) == SQLITE_ROW) {
		c.i = 0;
		if (get_int(&c) != (int64_t)job->nsubs + 1 ||
		    job->nsubs >= SUBMISSIONS_MAX)
			break;
		s = job_add_submission(job);
		s->fate = (enum submission_fate)get_enum(&c);
		s->intent_at = get_int(&c);
		s->ended_at = get_int(&c);
		s->inference_id = get_text(&c);
		s->extension = get_text(&c);
		s->filename = get_text(&c);
		s->predicted = get_text(&c);
		s->output_location = get_text(&c);
		s->failure_location = get_text(&c);
		s->request_id = get_text(&c);
		s->note = get_text(&c);
		if ((unsigned)s->fate > SUB_FAILED)
			break;
	}
	if (rc == SQLITE_ROW)
		err_set(err, ERR_STORE, "job %s has senseless submissions",
		    job->id);
	else if (rc != SQLITE_DONE)
		complain(db, "read submissions", err);
	sqlite3_reset(c.stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

static int
read_job(struct db *db, struct cursor *c, struct job **out, struct error *err)
{
	struct job *job = xcalloc(1, sizeof(*job));
	const void *body;
	int64_t seq;
	char *id;

	c->i = 0;
	seq = get_int(c);
	id = get_text(c);
	if (id != NULL && jobid_ok(id))
		memcpy(job->id, id, JOBID_SIZE);
	free(id);
	job->created_at = get_int(c);
	get_spec(c, &job->spec);
	job->state = (enum job_state)get_enum(c);
	job->outcome = (enum job_outcome)get_enum(c);
	job->epoch = get_int(c);
	job->submitted_at = get_int(c);
	job->deadline_at = get_int(c);
	job->completed_at = get_int(c);
	job->result_location = get_text(c);
	job->result_etag = get_text(c);
	job->result_type = get_text(c);
	job->result_size = get_int(c);
	job->error_code = get_text(c);
	job->error_text = get_text(c);
	job->spec.body_len = (size_t)get_int(c);
	body = sqlite3_column_blob(c->stmt, c->i);
	if (body != NULL)
		job->spec.body = xmemdup(body, job->spec.body_len);
	if (load_submissions(db, seq, job, err) == -1) {
		job_free(job);
		return -1;
	}
	if (!values_ok(job)) {
		err_set(err, ERR_STORE, "row %lld holds no job that can be",
		    (long long)seq);
		job_free(job);
		return -1;
	}
	*out = job;
	return 0;
}

static int
db_load(void *arg, enum store_filter filter, const char *id, struct job ***jobs,
    size_t *n, struct error *err)
{
	static const enum statement which[] = {
	    [STORE_ONE] = SQL_LOAD_ONE,
	    [STORE_ALL] = SQL_LOAD_ALL,
	    [STORE_UNFINISHED] = SQL_LOAD_UNFINISHED,
	};
	struct db *db = arg;
	struct cursor c;
	struct job *job;
	size_t cap = 0;
	int rc;

	if (db->empty)
		return 0;
	c = bind_to(db, which[filter]);
	if (filter == STORE_ONE)
		put_text(&c, id);
	while ((rc = sqlite3_step(c.stmt)) == SQLITE_ROW) {
		if (read_job(db, &c, &job, err) == -1)
			break;
		if (*n == cap) {
			cap = cap != 0 ? cap * 2 : 16;
			*jobs = xreallocarray(*jobs, cap, sizeof(**jobs));
		}
		(*jobs)[(*n)++] = job;
	}
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		complain(db, "read jobs", err);
	sqlite3_reset(c.stmt);
	if (rc == SQLITE_DONE)
		return 0;
	while (*n > 0)
		job_free((*jobs)[--*n]);
	free(*jobs);
	*jobs = NULL;
	return -1;
}

const struct store_backend store_sqlite = {
    .open = db_open,
    .close = db_close,
    .begin = db_begin,
    .commit = db_commit,
    .rollback = db_rollback,
    .insert = db_insert,
    .save = db_save,
    .load = db_load,
};
