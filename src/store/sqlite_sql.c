/* SPDX-License-Identifier: Apache-2.0 */
/* The statements' texts, and values on their way in and out of them. */
#include <limits.h>
#include <sqlite3.h>

#include "base/mem.h"
#include "base/str.h"
#include "store/sqlite_columns.h"
#include "store/sqlite_db.h"

/* A column in each place where it stands. */
#define NAME(kind, name) ", " #name
#define MARK(kind, name) ", ?"
#define SET(kind, name) ", " #name " = ?"
#define OF_JOB(kind, name) ", j." #name
#define OF_STATE(kind, name) ", s." #name
#define OF_DELIVERY(kind, name) ", d." #name

/* Statements are laid out by hand, or nobody could read them. */
/* clang-format off */
#define JOB_SELECT                                                      \
	"SELECT j.seq, j.id, j.created_at" SPEC_COLUMNS(OF_JOB)         \
	", s.epoch" STATE_COLUMNS(OF_STATE) ", length(j.body), "
#define JOB_WITH_BODY                                                   \
	JOB_SELECT "CASE WHEN ?2 THEN j.body END "                      \
	"FROM job j JOIN job_state s ON s.seq = j.seq "

/* Pages of jobs: ?1 what came before, ?2 state, ?3 outcome, ?4 endpoint, ?5
 * limit. Indexes are named, and CROSS JOIN keeps the order: nothing is read
 * that is not given, but for rows that the other conditions drop. */
#define BY_JOB                                                          \
	"CROSS JOIN job_state s ON s.seq = j.seq WHERE j.seq > ?1 "
#define BY_STATE                                                        \
	"CROSS JOIN job j ON j.seq = s.seq WHERE s.seq > ?1 "
#define JOB_PAGE                                                        \
	" AND (?2 = -1 OR s.state = ?2) "                               \
	"AND (?3 = -1 OR s.outcome = ?3) "                              \
	"AND (?4 IS NULL OR j.endpoint = ?4) "

#define DELIVERY_SELECT                                                 \
	"SELECT d.seq, d.id, j.id" FROZEN_COLUMNS(OF_DELIVERY)          \
	", d.epoch" DELIVERY_COLUMNS(OF_DELIVERY) ", "

/* Pages of deliveries: ?1 what came before, ?2 state, ?3 target, ?4 job, ?5
 * limit. */
#define DELIVERY_PAGE                                                   \
	" CROSS JOIN job j ON j.seq = d.job WHERE d.seq > ?1 "          \
	"AND (?2 = -1 OR d.state = ?2) "                                \
	"AND (?3 IS NULL OR d.target = ?3) "                            \
	"AND (?4 IS NULL OR d.job = (SELECT seq FROM job WHERE id = ?4)) "

static const char *const sql[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",

    [SQL_INSERT_JOB] =
	"INSERT INTO job (id, created_at" SPEC_COLUMNS(NAME) ", body) "
	"VALUES (?, ?" SPEC_COLUMNS(MARK) ", ?)",
    [SQL_INSERT_STATE] =
	"INSERT INTO job_state (seq, epoch" STATE_COLUMNS(NAME) ") "
	"VALUES (?, ?" STATE_COLUMNS(MARK) ")",
    [SQL_SAVE_STATE] =
	"UPDATE job_state SET epoch = epoch" STATE_COLUMNS(SET)
	" WHERE seq = (SELECT seq FROM job WHERE id = ?) AND epoch = ?",
    [SQL_SAVE_SUBMISSION] =
	"INSERT OR REPLACE INTO submission "
	"(seq" SUBMISSION_COLUMNS(NAME) ") "
	"VALUES ((SELECT seq FROM job WHERE id = ?)"
	SUBMISSION_COLUMNS(MARK) ")",
    [SQL_INSERT_DELIVERY] =
	"INSERT INTO delivery "
	"(job, id" FROZEN_COLUMNS(NAME) ", epoch" DELIVERY_COLUMNS(NAME) ") "
	"VALUES ((SELECT seq FROM job WHERE id = ?), ?"
	FROZEN_COLUMNS(MARK) ", ?" DELIVERY_COLUMNS(MARK) ")",
    [SQL_INSERT_BODY] =
	"INSERT INTO delivery_body (seq, body) VALUES (?, ?)",
    [SQL_SAVE_DELIVERY] =
	"UPDATE delivery SET epoch = epoch" DELIVERY_COLUMNS(SET)
	" WHERE id = ? AND epoch = ?",
    /* How an attempt began stays. */
    [SQL_SAVE_ATTEMPT] =
	"INSERT INTO attempt (delivery" ATTEMPT_COLUMNS(NAME) ") "
	"VALUES ((SELECT seq FROM delivery WHERE id = ?)"
	ATTEMPT_COLUMNS(MARK) ") "
	"ON CONFLICT (delivery, n) DO UPDATE SET "
	"outcome = excluded.outcome, ended_at = excluded.ended_at, "
	"status = excluded.status, note = excluded.note, "
	"response = excluded.response",
    /* All that belongs to them goes by ON DELETE CASCADE. */
    [SQL_PRUNE] =
	"DELETE FROM job WHERE seq IN (SELECT s.seq "
	"FROM job_state s INDEXED BY job_by_end "
	"WHERE s.state = 2 AND s.completed_at < ? "
	"AND NOT EXISTS (SELECT 1 FROM delivery d "
	"WHERE d.job = s.seq AND d.state = 0) "
	"ORDER BY s.completed_at LIMIT ?)",

    [SQL_SEQ_OF_JOB] = "SELECT seq FROM job WHERE id = ?",
    [SQL_SEQ_OF_DELIVERY] = "SELECT seq FROM delivery WHERE id = ?",

    [SQL_JOB_BY_ID] = JOB_WITH_BODY "WHERE j.id = ?1",
    [SQL_JOB_BY_KEY] = JOB_WITH_BODY "WHERE j.idempotency_key = ?1",
    /* States that are none are read, too, to be refused. Rows come in order:
     * their bodies are not sorted. */
    [SQL_UNFINISHED] =
	JOB_SELECT "j.body "
	"FROM job j CROSS JOIN job_state s ON s.seq = j.seq "
	"WHERE j.seq IN (SELECT seq FROM job_state WHERE state < 2 "
	"UNION ALL SELECT seq FROM job_state WHERE state > 2) "
	"ORDER BY j.seq",
    [SQL_JOBS] =
	JOB_SELECT "NULL FROM job j "
	BY_JOB JOB_PAGE "ORDER BY j.seq LIMIT ?5",
    [SQL_JOBS_BY_STATE] =
	JOB_SELECT "NULL FROM job_state s INDEXED BY job_by_state "
	BY_STATE "AND s.state = ?2 AND s.outcome = ?3"
	JOB_PAGE "ORDER BY s.seq LIMIT ?5",
    [SQL_JOBS_BY_ENDPOINT] =
	JOB_SELECT "NULL FROM job j INDEXED BY job_by_endpoint "
	BY_JOB "AND j.endpoint = ?4"
	JOB_PAGE "ORDER BY j.seq LIMIT ?5",
    [SQL_SUBMISSIONS] =
	"SELECT seq" SUBMISSION_COLUMNS(NAME) " FROM submission "
	"WHERE seq = ? ORDER BY n",

    [SQL_DELIVERY_BY_ID] =
	DELIVERY_SELECT "CASE WHEN ?2 THEN b.body END "
	"FROM delivery d JOIN job j ON j.seq = d.job "
	"LEFT JOIN delivery_body b ON b.seq = d.seq WHERE d.id = ?1",
    [SQL_DELIVERIES] =
	DELIVERY_SELECT "NULL FROM delivery d"
	DELIVERY_PAGE "ORDER BY d.seq LIMIT ?5",
    [SQL_DELIVERIES_BY_STATE] =
	DELIVERY_SELECT "NULL FROM delivery d INDEXED BY delivery_by_state"
	DELIVERY_PAGE "AND d.state = ?2 ORDER BY d.seq LIMIT ?5",
    [SQL_DELIVERIES_BY_TARGET] =
	DELIVERY_SELECT "NULL FROM delivery d INDEXED BY delivery_by_target"
	DELIVERY_PAGE "AND d.target = ?3 ORDER BY d.seq LIMIT ?5",
    [SQL_DELIVERIES_BY_JOB] =
	DELIVERY_SELECT "NULL FROM delivery d INDEXED BY delivery_by_job"
	DELIVERY_PAGE "AND d.job = (SELECT seq FROM job WHERE id = ?4) "
	"ORDER BY d.seq LIMIT ?5",
    [SQL_DELIVERIES_OF] =
	DELIVERY_SELECT "NULL FROM delivery d INDEXED BY delivery_by_job "
	"CROSS JOIN job j ON j.seq = d.job WHERE d.job = ? ORDER BY d.seq",
    /* The last ones, as many as anybody reads. */
    [SQL_ATTEMPTS] =
	"SELECT delivery" ATTEMPT_COLUMNS(NAME) " FROM (SELECT * FROM attempt "
	"WHERE delivery = ? ORDER BY n DESC LIMIT 200) ORDER BY n",
};
/* clang-format on */

int
sqlite_prepare(struct db *db, struct error *err)
{
	int i;

	for (i = 0; i < SQL_COUNT; i++) {
		if (sqlite3_prepare_v3(db->conn, sql[i], -1,
			SQLITE_PREPARE_PERSISTENT, &db->stmts[i],
			NULL) != SQLITE_OK)
			return sqlite_complain(db, "prepare", err);
	}
	return 0;
}

struct cursor
sqlite_bind(struct db *db, enum statement which)
{
	struct cursor c = {.stmt = db->stmts[which], .i = 1};

	sqlite3_reset(c.stmt);
	sqlite3_clear_bindings(c.stmt);
	return c;
}

void
sqlite_put_int(struct cursor *c, int64_t value)
{
	sqlite3_bind_int64(c->stmt, c->i++, value);
}

void
sqlite_put_text(struct cursor *c, const char *value)
{
	sqlite3_bind_text(c->stmt, c->i++, value, -1, SQLITE_STATIC);
}

void
sqlite_put_blob(struct cursor *c, const void *data, size_t len)
{
	sqlite3_bind_blob64(c->stmt, c->i++, data, len, SQLITE_STATIC);
}

int64_t
sqlite_get_int(struct cursor *c)
{
	return sqlite3_column_int64(c->stmt, c->i++);
}

char *
sqlite_get_text(struct cursor *c)
{
	return xstrdup_or_null(
	    (const char *)sqlite3_column_text(c->stmt, c->i++));
}

unsigned
sqlite_get_enum(struct cursor *c)
{
	int64_t value = sqlite_get_int(c);

	return value >= 0 && value < UINT8_MAX ? (unsigned)value : UINT8_MAX;
}

unsigned
sqlite_get_count(struct cursor *c)
{
	int64_t value = sqlite_get_int(c);

	return value >= 0 && value < UINT_MAX ? (unsigned)value : UINT_MAX;
}

int
sqlite_get_status(struct cursor *c)
{
	int64_t value = sqlite_get_int(c);

	return value > INT_MIN && value <= INT_MAX ? (int)value : INT_MIN;
}
