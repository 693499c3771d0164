/* SPDX-License-Identifier: Apache-2.0 */
/* The statements' texts, and values on their way in and out of them. */
#include <limits.h>
#include <sqlite3.h>

#include "base/mem.h"
#include "store/sqlite_columns.h"
#include "store/sqlite_damage.h"
#include "store/sqlite_db.h"
#include "store/sqlite_event.h"

/* A column in each place where it stands. */
#define NAME(kind, name) ", " #name
#define MARK(kind, name) ", ?"
#define SET(kind, name) #name " = ?, "
#define OF_JOB(kind, name) ", j." #name
#define OF_STATE(kind, name) ", s." #name
#define OF_DELIVERY(kind, name) ", d." #name
#define OF_ATTEMPT(kind, name) ", a." #name
#define AGAIN(kind, name) #name " = excluded." #name ", "
#define OF_LATE(kind, name) ", l." #name

/* Statements are laid out by hand, or nobody could read them. In the order of
 * enum job_column. */
/* clang-format off */
#define JOB_SELECT                                                      \
	"SELECT j.seq, j.id, j.created_at" SPEC_COLUMNS(OF_JOB)         \
	", length(j.body), j.body_sum, j.sum"                           \
	", s.owner, s.epoch" STATE_COLUMNS(OF_STATE) ", s.subs, s.sum, "
/* Of what has no other half the rest is NULL: it is damaged, not left out. */
#define JOB_OR_STATE                                                    \
	"SELECT coalesce(j.seq, s.seq), j.id, j.created_at"             \
	SPEC_COLUMNS(OF_JOB)                                            \
	", length(j.body), j.body_sum, j.sum"                           \
	", s.owner, s.epoch" STATE_COLUMNS(OF_STATE) ", s.subs, s.sum, "
#define WITH_STATE "FROM job j LEFT JOIN job_state s ON s.seq = j.seq "
#define BY_BODY "CASE WHEN ?2 THEN j.body END "

/* Pages of jobs: ?1 what came before, ?2 state, ?3 outcome, ?4 endpoint, ?5
 * tag, ?6 since, ?7 until, ?8 part of the error, ?9 unfinished, ?10 ended
 * badly, ?11 unrepeated, ?12 the last row that is looked at. As
 * store_ask_wants_job() has it. Indexes are named, and LEFT JOIN keeps the
 * order: nothing is read that is not given, but for rows that the other
 * conditions drop. */
#define BY_JOB(how)                                                     \
	"FROM job j " how "LEFT JOIN job_state s ON s.seq = j.seq "
#define BY_STATE                                                        \
	"FROM job_state s INDEXED BY job_by_state "                     \
	"LEFT JOIN job j ON j.seq = s.seq "
#define UP(seq, by)                                                     \
	"WHERE " by seq " > ?1 AND " seq " <= ?12 " JOB_PAGE            \
	"ORDER BY " seq
#define DOWN(seq, by)                                                   \
	"WHERE " by seq " < ?1 AND " seq " >= ?12 " JOB_PAGE            \
	"ORDER BY " seq " DESC"
#define JOB_PAGE                                                        \
	"AND (?2 = -1 OR s.state = ?2) "                                \
	"AND (?3 = -1 OR s.outcome = ?3) "                              \
	"AND (?4 IS NULL OR j.endpoint = ?4) "                          \
	"AND (?6 = 0 OR j.created_at >= ?6) "                           \
	"AND (?7 = 0 OR j.created_at < ?7) "                            \
	"AND (NOT ?9 OR s.state <> 2) "                                 \
	"AND (NOT ?10 OR (s.state = 2 AND s.outcome <> 1)) "            \
	"AND (?5 IS NULL "                                              \
	"OR instr(',' || j.tags || ',', ',' || ?5 || ',') > 0) "        \
	"AND (?8 IS NULL OR instr(lower(s.error_code), ?8) > 0 "        \
	"OR instr(lower(s.error_text), ?8) > 0) "                       \
	"AND (NOT ?11 OR NOT EXISTS (SELECT 1 FROM job r "              \
	"INDEXED BY job_by_origin WHERE r.retry_of = j.id)) "
#define SAME_END "s.state = ?2 AND s.outcome = ?3 AND "
#define SAME_ENDPOINT "j.endpoint = ?4 AND "

/* In the order of enum delivery_column. */
#define DELIVERY_SELECT                                                 \
	"SELECT d.seq, d.job, d.id, j.id" FROZEN_COLUMNS(OF_DELIVERY)   \
	", d.owner, d.epoch" DELIVERY_COLUMNS(OF_DELIVERY) ", d.sum, "
#define WITH_JOB " LEFT JOIN job j ON j.seq = d.job "

/* Pages of deliveries: ?1 what came before, ?2 state, ?3 target, ?4 job, ?5
 * event, ?6 status (NULL: any), ?7 since, ?8 until, ?9 part of the note, ?10
 * the last row that is looked at. As store_ask_wants() has it. */
#define WHEN "iif(d.state = 2, d.ended_at, d.created_at)"
#define DELIVERY_PAGE                                                   \
	WITH_JOB "WHERE d.seq > ?1 AND d.seq <= ?10 "                   \
	"AND (?2 = -1 OR d.state = ?2) "                                \
	"AND (?3 IS NULL OR d.target = ?3) "                            \
	"AND (?4 IS NULL OR d.job = (SELECT seq FROM job WHERE id = ?4)) " \
	"AND (?5 IS NULL OR d.event = ?5) "                             \
	"AND (?6 IS NULL OR d.last_status = ?6) "                       \
	"AND (?7 = 0 OR " WHEN " >= ?7) "                               \
	"AND (?8 = 0 OR " WHEN " < ?8) "                                \
	"AND (?9 IS NULL OR instr(lower(d.note), ?9) > 0) "

#define SUBMISSION_SELECT                                               \
	"SELECT seq" SUBMISSION_COLUMNS(NAME) ", sum FROM submission "
/* Pages of attempts: ?1 what came before, ?2 the last row that is looked at, ?3
 * delivery, ?4 job, ?5 target, ?6 outcome, ?7 class, ?8 status (NULL: any), ?9
 * since, ?10 until, ?11 number (0: any). As store_ask_wants_attempt() has it.
 * CROSS JOIN keeps the order of the tables, and +rowid another index. */
#define ENTRY_SELECT                                                    \
	"SELECT a.delivery" ATTEMPT_COLUMNS(OF_ATTEMPT)                 \
	", a.sum, a.rowid FROM "
#define ENTRY_PAGE                                                      \
	"AND (?3 IS NULL OR d.id = ?3) "                                \
	"AND (?4 IS NULL OR d.job = (SELECT seq FROM job WHERE id = ?4)) " \
	"AND (?5 IS NULL OR d.target = ?5) "                            \
	"AND (?6 = -1 OR a.outcome = ?6) "                              \
	"AND (?7 IS NULL OR a.error_class = ?7) "                       \
	"AND (?8 IS NULL OR a.status = ?8) "                            \
	"AND (?9 = 0 OR a.started_at >= ?9) "                           \
	"AND (?10 = 0 OR a.started_at < ?10) "                          \
	"AND (?11 = 0 OR a.n = ?11) "
#define ENTRY_UP(rowid)                                                 \
	"WHERE " rowid " > ?1 AND " rowid " <= ?2 " ENTRY_PAGE          \
	"ORDER BY " rowid
#define ENTRY_DOWN(rowid)                                               \
	"WHERE " rowid " < ?1 AND " rowid " >= ?2 " ENTRY_PAGE          \
	"ORDER BY " rowid " DESC"
#define ENTRIES                                                         \
	"attempt a NOT INDEXED CROSS JOIN delivery d ON d.seq = a.delivery "
#define ENTRIES_OF_DELIVERY                                             \
	"delivery d CROSS JOIN attempt a "                              \
	"ON d.id = ?3 AND a.delivery = d.seq "
#define ENTRIES_OF_JOB                                                  \
	"delivery d INDEXED BY delivery_by_job CROSS JOIN attempt a "   \
	"ON d.job = (SELECT seq FROM job WHERE id = ?4) "               \
	"AND a.delivery = d.seq "

#define ATTEMPT_SELECT                                                  \
	"SELECT delivery" ATTEMPT_COLUMNS(NAME) ", sum FROM "

static const char *const sql[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",

    [SQL_INSERT_JOB] =
	"INSERT INTO job (seq, id, created_at" SPEC_COLUMNS(NAME)
	", body_sum, sum, body) "
	"VALUES (?, ?, ?" SPEC_COLUMNS(MARK) ", ?, ?, ?)",
    [SQL_INSERT_STATE] =
	"INSERT INTO job_state "
	"(seq, owner, epoch" STATE_COLUMNS(NAME) ", subs, sum) "
	"VALUES (?, ?, ?" STATE_COLUMNS(MARK) ", ?, ?)",
    [SQL_SAVE_STATE] =
	"UPDATE job_state SET " STATE_COLUMNS(SET) "subs = ?, sum = ? "
	"WHERE seq = ?",
    [SQL_SAVE_SUBMISSION] =
	"INSERT OR REPLACE INTO submission "
	"(seq" SUBMISSION_COLUMNS(NAME) ", sum) "
	"VALUES (?" SUBMISSION_COLUMNS(MARK) ", ?)",
    [SQL_INSERT_DELIVERY] =
	"INSERT INTO delivery (seq, job, id" FROZEN_COLUMNS(NAME)
	", owner, epoch" DELIVERY_COLUMNS(NAME) ", sum) "
	"VALUES (?, ?, ?" FROZEN_COLUMNS(MARK)
	", ?, ?" DELIVERY_COLUMNS(MARK) ", ?)",
    [SQL_INSERT_BODY] =
	"INSERT INTO delivery_body (seq, body) VALUES (?, ?)",
    [SQL_SAVE_DELIVERY] =
	"UPDATE delivery SET " DELIVERY_COLUMNS(SET) "sum = ? "
	"WHERE seq = ?",
    [SQL_SAVE_ATTEMPT] =
	"INSERT INTO attempt (delivery" ATTEMPT_COLUMNS(NAME) ", sum) "
	"VALUES (?" ATTEMPT_COLUMNS(MARK) ", ?) "
	"ON CONFLICT (delivery, n) DO UPDATE SET "
	ATTEMPT_COLUMNS(AGAIN) "sum = excluded.sum",
    [SQL_INSERT_LATE] =
	"INSERT INTO late_result (seq" LATE_COLUMNS(NAME) ", sum) "
	"VALUES (?" LATE_COLUMNS(MARK) ", ?)",
    [SQL_INSERT_KEY] =
	"INSERT INTO idempotency (key, hash, job, created_at, sum) "
	"VALUES (?, ?, ?, ?, ?)",
    [SQL_INSERT_EVENT] =
	"INSERT INTO event (seq, at, type, job, delivery, n, sum) "
	"VALUES (?, ?, ?, ?, ?, ?, ?)",
    [SQL_KEEP] =
	"INSERT OR REPLACE INTO kept (name, value, sum) VALUES (?, ?, ?)",
    [SQL_SEE] =
	"INSERT OR IGNORE INTO notice (source, message_id, forget_at, sum) "
	"VALUES (?, ?, ?, ?)",
    /* What was told first stays. */
    [SQL_TELL] =
	"INSERT OR IGNORE INTO told "
	"(seq, inference_id, endpoint, event_at, reason, sum) "
	"VALUES (?, ?, ?, ?, ?, ?)",
    [SQL_OWN_STATE] =
	"UPDATE job_state SET owner = ?, epoch = ?, sum = ? WHERE seq = ?",
    [SQL_OWN_DELIVERY] =
	"UPDATE delivery SET owner = ?, epoch = ?, sum = ? WHERE seq = ?",

    /* What may go, oldest first; each is looked at before it does. */
    [SQL_ENDED] =
	JOB_OR_STATE "NULL FROM job_state s INDEXED BY job_by_end "
	"LEFT JOIN job j ON j.seq = s.seq "
	"WHERE s.state = 2 AND s.completed_at < ? "
	"ORDER BY s.completed_at",
    /* All that belongs to it goes by ON DELETE CASCADE. */
    [SQL_FORGET_JOB] = "DELETE FROM job WHERE seq = ?",
    [SQL_OLD_KEYS] =
	"SELECT key, hash, job, created_at, sum "
	"FROM idempotency INDEXED BY idempotency_by_age "
	"WHERE created_at < ? AND NOT EXISTS "
	"(SELECT 1 FROM job WHERE job.id = idempotency.job) "
	"ORDER BY created_at",
    [SQL_FORGET_KEY] = "DELETE FROM idempotency WHERE key = ?",
    [SQL_WITHDRAW_KEY] = "DELETE FROM idempotency WHERE key = ? AND job = ?",

    [SQL_OLD_NOTICES] =
	"SELECT source, message_id, forget_at, sum "
	"FROM notice INDEXED BY notice_by_age "
	"WHERE forget_at < ? ORDER BY forget_at",
    [SQL_FORGET_NOTICE] =
	"DELETE FROM notice WHERE source = ? AND message_id = ?",
    [SQL_DROP_NOTICES] =
	"DELETE FROM notice WHERE (source, message_id) IN "
	"(SELECT source, message_id FROM notice INDEXED BY notice_by_age "
	"ORDER BY forget_at LIMIT ?)",

    [SQL_FORGET_EVENTS] = "DELETE FROM event WHERE seq <= ?",
    [SQL_FORGET_DAMAGED_EVENTS] =
	"DELETE FROM damaged "
	"WHERE kind = 'event' AND CAST(key AS INTEGER) <= ?",

    [SQL_LAST_JOB] = "SELECT max(seq) FROM job WHERE seq < ?",
    [SQL_LAST_STATE] = "SELECT max(seq) FROM job_state WHERE seq < ?",
    [SQL_LAST_DELIVERY] = "SELECT max(seq) FROM delivery WHERE seq < ?",
    [SQL_LAST_BODY] = "SELECT max(seq) FROM delivery_body WHERE seq < ?",
    [SQL_LAST_JOB_BY_INDEX] =
	"SELECT max(+seq) FROM job INDEXED BY job_by_endpoint "
	"WHERE +seq < ?",
    [SQL_LAST_DELIVERY_BY_INDEX] =
	"SELECT max(+seq) FROM delivery INDEXED BY delivery_by_state "
	"WHERE +seq < ?",
    [SQL_SEQ_OF_JOB] = "SELECT seq FROM job WHERE id = ?",
    [SQL_SEQ_OF_DELIVERY] = "SELECT seq FROM delivery WHERE id = ?",

    [SQL_JOB_BY_ID] = JOB_SELECT BY_BODY WITH_STATE "WHERE j.id = ?1",
    /* ?3: a state that needs no body. */
    [SQL_JOB_BY_SEQ] =
	JOB_SELECT "CASE WHEN ?2 AND s.state <> ?3 THEN j.body END "
	WITH_STATE "WHERE j.seq = ?1",
    /* From the rows, in their order, since an index may be damaged without
     * anybody's noticing. States that are none are read, too. */
    [SQL_UNFINISHED] =
	JOB_OR_STATE "CASE WHEN s.state <> 1 THEN j.body END "
	"FROM job_state s NOT INDEXED LEFT JOIN job j ON j.seq = s.seq "
	"WHERE s.state <> 2 ORDER BY s.seq",
    [SQL_JOBS] =
	JOB_SELECT "NULL " BY_JOB("NOT INDEXED ") UP("j.seq", ""),
    [SQL_JOBS_DOWN] =
	JOB_SELECT "NULL " BY_JOB("NOT INDEXED ") DOWN("j.seq", ""),
    [SQL_JOBS_BY_STATE] =
	JOB_OR_STATE "NULL " BY_STATE UP("s.seq", SAME_END),
    [SQL_JOBS_BY_STATE_DOWN] =
	JOB_OR_STATE "NULL " BY_STATE DOWN("s.seq", SAME_END),
    [SQL_JOBS_BY_ENDPOINT] =
	JOB_SELECT "NULL " BY_JOB("INDEXED BY job_by_endpoint ")
	UP("j.seq", SAME_ENDPOINT),
    [SQL_JOBS_BY_ENDPOINT_DOWN] =
	JOB_SELECT "NULL " BY_JOB("INDEXED BY job_by_endpoint ")
	DOWN("j.seq", SAME_ENDPOINT),
    [SQL_REPEATED] =
	"SELECT 1 FROM job INDEXED BY job_by_origin WHERE retry_of = ?",
    [SQL_EXPIRED] =
	JOB_OR_STATE "NULL FROM job_state s INDEXED BY job_by_state "
	"LEFT JOIN job j ON j.seq = s.seq "
	"WHERE s.state = 2 AND s.outcome = 3 AND s.completed_at >= ?1 "
	"AND NOT EXISTS (SELECT 1 FROM late_result l WHERE l.seq = s.seq) "
	"ORDER BY s.seq",
    [SQL_STATES] =
	JOB_OR_STATE "NULL "
	"FROM job_state s NOT INDEXED LEFT JOIN job j ON j.seq = s.seq",
    [SQL_JOBS_OF_OTHERS] =
	JOB_OR_STATE "NULL FROM job_state s INDEXED BY job_by_state "
	"LEFT JOIN job j ON j.seq = s.seq "
	"WHERE s.state < 2 AND s.owner IS NOT ?1",
    [SQL_NEXT_JOB] =
	"SELECT seq FROM job_state WHERE seq > ? ORDER BY seq LIMIT 1",
    [SQL_JOB_BEFORE] =
	"SELECT seq FROM job_state WHERE seq < ? ORDER BY seq DESC LIMIT 1",
    [SQL_SUBMISSIONS] =
	SUBMISSION_SELECT "WHERE seq >= ? ORDER BY seq, n",
    [SQL_LATE] =
	"SELECT seq" LATE_COLUMNS(NAME) ", sum FROM late_result WHERE seq = ?",
    [SQL_LATES] =
	"SELECT l.seq" LATE_COLUMNS(OF_LATE) ", l.sum, j.id "
	"FROM late_result l LEFT JOIN job j ON j.seq = l.seq",

    [SQL_DELIVERY_BY_ID] =
	DELIVERY_SELECT "CASE WHEN ?2 THEN b.body END FROM delivery d"
	WITH_JOB "LEFT JOIN delivery_body b ON b.seq = d.seq WHERE d.id = ?1",
    [SQL_DELIVERY_BY_SEQ] =
	DELIVERY_SELECT "NULL FROM delivery d" WITH_JOB "WHERE d.seq = ?1",
    [SQL_DELIVERIES] =
	DELIVERY_SELECT "NULL FROM delivery d NOT INDEXED"
	DELIVERY_PAGE "ORDER BY d.seq",
    [SQL_DELIVERIES_BY_STATE] =
	DELIVERY_SELECT "NULL FROM delivery d INDEXED BY delivery_by_state"
	DELIVERY_PAGE "AND d.state = ?2 ORDER BY d.seq",
    [SQL_DELIVERIES_BY_TARGET] =
	DELIVERY_SELECT "NULL FROM delivery d INDEXED BY delivery_by_target"
	DELIVERY_PAGE "AND d.target = ?3 ORDER BY d.seq",
    [SQL_DELIVERIES_BY_JOB] =
	DELIVERY_SELECT "NULL FROM delivery d INDEXED BY delivery_by_job"
	DELIVERY_PAGE "AND d.job = (SELECT seq FROM job WHERE id = ?4) "
	"ORDER BY d.seq",
    [SQL_DELIVERIES_OF] =
	DELIVERY_SELECT "NULL FROM delivery d INDEXED BY delivery_by_job"
	WITH_JOB "WHERE d.job = ? ORDER BY d.seq",
    [SQL_DELIVERIES_OF_OTHERS] =
	DELIVERY_SELECT "NULL FROM delivery d INDEXED BY delivery_by_state"
	WITH_JOB "WHERE d.state = 0 AND d.owner IS NOT ?1",
    [SQL_NEXT_DELIVERY] =
	"SELECT seq FROM delivery WHERE seq > ? ORDER BY seq LIMIT 1",
    /* The last ones, as many as anybody reads. */
    [SQL_ATTEMPTS] =
	ATTEMPT_SELECT "(SELECT * FROM attempt "
	"WHERE delivery = ? ORDER BY n DESC LIMIT 200) ORDER BY n",
    [SQL_ATTEMPT] =
	ATTEMPT_SELECT "attempt WHERE delivery = ? AND n = ?",
    [SQL_ATTEMPTS_ALL] = ENTRY_SELECT ENTRIES ENTRY_UP("a.rowid"),
    [SQL_ATTEMPTS_ALL_DOWN] = ENTRY_SELECT ENTRIES ENTRY_DOWN("a.rowid"),
    [SQL_ATTEMPTS_OF_DELIVERY] =
	ENTRY_SELECT ENTRIES_OF_DELIVERY ENTRY_UP("+a.rowid"),
    [SQL_ATTEMPTS_OF_DELIVERY_DOWN] =
	ENTRY_SELECT ENTRIES_OF_DELIVERY ENTRY_DOWN("+a.rowid"),
    [SQL_ATTEMPTS_OF_JOB] = ENTRY_SELECT ENTRIES_OF_JOB ENTRY_UP("+a.rowid"),
    [SQL_ATTEMPTS_OF_JOB_DOWN] =
	ENTRY_SELECT ENTRIES_OF_JOB ENTRY_DOWN("+a.rowid"),
    [SQL_ATTEMPT_AT] = ENTRY_SELECT "attempt a WHERE a.rowid = ?",
    [SQL_PLACE_OF_ATTEMPT] =
	"SELECT a.rowid FROM delivery d "
	"JOIN attempt a ON a.delivery = d.seq WHERE d.id = ? AND a.n = ?",
    [SQL_LAST_ATTEMPT] = "SELECT max(rowid) FROM attempt",
    [SQL_NEXT_ATTEMPT] =
	"SELECT rowid FROM attempt WHERE rowid > ? ORDER BY rowid LIMIT 1",
    [SQL_ATTEMPT_BEFORE] =
	"SELECT rowid FROM attempt WHERE rowid < ? ORDER BY rowid DESC LIMIT 1",

    [SQL_KEY] =
	"SELECT key, hash, job, created_at, sum "
	"FROM idempotency WHERE key = ?",
    [SQL_KEPT] = "SELECT name, value, sum FROM kept ORDER BY name",

    [SQL_EVENTS] =
	"SELECT seq, at, type, job, delivery, n, sum FROM event "
	"WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
    [SQL_FIRST_EVENT] = "SELECT min(seq) FROM event",
    [SQL_LAST_EVENT] =
	"SELECT seq, at, type, job, delivery, n, sum FROM event "
	"WHERE seq < ? ORDER BY seq DESC",

    /* Of each job, and of none, since a seq may be damaged. */
    [SQL_TOLD] =
	"SELECT t.seq, j.id, t.inference_id, t.endpoint, t.event_at, "
	"t.reason, t.sum, s.state FROM told t "
	"LEFT JOIN job_state s ON s.seq = t.seq "
	"LEFT JOIN job j ON j.seq = t.seq "
	"ORDER BY t.seq",
    [SQL_FORGET_TOLD] =
	"DELETE FROM told WHERE seq = ? AND inference_id = ?",
    [SQL_COUNT_NOTICES] =
	"SELECT count(*) FROM notice INDEXED BY notice_by_age",

    /* Rows, and what the indexes say of them. */
    [SQL_COUNT_JOBS] =
	"SELECT (SELECT count(*) FROM job) = "
	"(SELECT count(*) FROM job_state), "
	"(SELECT count(*) FROM job_state INDEXED BY job_by_state "
	"WHERE state < 2) + (SELECT count(*) FROM job_state "
	"INDEXED BY job_by_state WHERE state > 2)",
    [SQL_COUNT_WAITING] =
	"SELECT count(*) FROM delivery NOT INDEXED WHERE state = 0",

    [SQL_INSERT_DAMAGED] =
	"INSERT OR IGNORE INTO damaged (kind, key, noticed_at, why) "
	"VALUES (?, ?, ?, ?)",
    [SQL_FIND_DAMAGED] = "SELECT 1 FROM damaged WHERE kind = ? AND key = ?",
    [SQL_COUNT_DAMAGED] = "SELECT count(*) FROM damaged",
};
/* clang-format on */

/* The largest seq that is sensible: a flipped bit must not use them up. */
#define SEQ_MAX ((int64_t)1 << 62)

static int
read_last(struct db *db, enum statement which, int64_t *out, struct error *err)
{
	struct cursor c = sqlite_bind(db, which);
	int rc;

	sqlite_put_int(&c, SEQ_MAX);
	rc = sqlite3_step(c.stmt);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(c.stmt, 0);
	else
		sqlite_complain(db, "read", err);
	sqlite3_reset(c.stmt);
	return rc == SQLITE_ROW ? 0 : -1;
}

/* A row of one table may be lost of which the other has its half; where the
 * end of a table is damaged, an index has the numbers, too. */
static int
read_next(struct db *db, enum statement whole, enum statement half,
    enum statement by_index, int64_t *out, struct error *err)
{
	int64_t a = 0, b = 0;

	if (read_last(db, whole, &a, err) == -1 &&
	    read_last(db, by_index, &a, err) == -1)
		return -1;
	if (read_last(db, half, &b, err) == -1)
		b = a + SEQ_JUMP;
	*out = (a > b ? a : b) + 1;
	return 0;
}

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
	if (damage_open(db, err) == -1 || sqlite_event_open(db, err) == -1 ||
	    read_next(db, SQL_LAST_JOB, SQL_LAST_STATE, SQL_LAST_JOB_BY_INDEX,
		&db->next_job, err) == -1)
		return -1;
	return read_next(db, SQL_LAST_DELIVERY, SQL_LAST_BODY,
	    SQL_LAST_DELIVERY_BY_INDEX, &db->next_delivery, err);
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
	if (c->sum != NULL)
		sum_int(c->sum, value);
	sqlite3_bind_int64(c->stmt, c->i++, value);
}

void
sqlite_put_text(struct cursor *c, const char *value)
{
	if (c->sum != NULL)
		sum_text(c->sum, value);
	sqlite3_bind_text(c->stmt, c->i++, value, -1, SQLITE_STATIC);
}

void
sqlite_put_blob(struct cursor *c, const void *data, size_t len)
{
	sqlite3_bind_blob64(c->stmt, c->i++, data, len, SQLITE_STATIC);
}

void
sqlite_put_sum(struct cursor *c)
{
	sqlite3_bind_int64(c->stmt, c->i++, sum_end(c->sum));
	c->sum = NULL;
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
