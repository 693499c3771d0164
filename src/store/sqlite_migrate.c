/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The version of a SQLite file: a new one gets the schema, an older one is
 * brought up to date in one transaction, a strange one is refused.
 */
#include <sqlite3.h>
#include <stdlib.h>

#include "base/crash.h"
#include "base/mem.h"
#include "store/schema.h"
#include "store/sqlite_columns.h"
#include "store/sqlite_db.h"

#define APPLICATION_ID 0x61776474 /* "awdt" in the file's header */
#define SCHEMA_VERSION 6

int
sqlite_exec(struct db *db, const char *text, struct error *err)
{
	if (sqlite3_exec(db->conn, text, NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_complain(db, "set up", err);
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

/* --- from an older version ------------------------------------------ */

#define NAME(kind, name) ", " #name
#define OLD(kind, name) ", o." #name

/* What belongs to nothing stays behind, and keeps nobody from starting.
 * Each row with its checksum, over the same values in the same order as
 * sqlite_columns.h says and sqlite_write.c does. */
/* clang-format off */
#define COPY_JOBS(body_sum, sum)                                        \
    "INSERT INTO job (seq, id, created_at" SPEC_COLUMNS(NAME)           \
    ", body_sum, sum, body) "                                           \
    "SELECT o.seq, o.id, o.created_at" SPEC_COLUMNS(OLD) ", " body_sum  \
    ", " sum("awaitd_sum('j', o.seq, o.id, o.created_at"                \
    SPEC_COLUMNS(OLD) ", length(o.body), " body_sum ")")                \
    ", o.body FROM old_job o"
#define COPY_DELIVERIES(sum)                                            \
    "INSERT INTO delivery (seq, job, id" FROZEN_COLUMNS(NAME)           \
    ", owner, epoch" DELIVERY_COLUMNS(NAME) ", sum) "                   \
    "SELECT o.seq, o.job, o.id" FROZEN_COLUMNS(OLD)                     \
    ", o.owner, o.epoch" DELIVERY_COLUMNS(OLD)                          \
    ", " sum("awaitd_sum('d', o.seq, o.job, o.id, j.id"                 \
    FROZEN_COLUMNS(OLD) ", o.owner, o.epoch" DELIVERY_COLUMNS(OLD) ")") \
    " FROM old_delivery o JOIN job j ON j.seq = o.job"
#define COPY_ATTEMPTS(sum)                                              \
    "INSERT INTO attempt (delivery" ATTEMPT_COLUMNS(NAME) ", sum) "     \
    "SELECT o.delivery" ATTEMPT_COLUMNS(OLD)                            \
    ", " sum("awaitd_sum('a', o.delivery, d.id"                         \
    ATTEMPT_COLUMNS(OLD) ")")                                           \
    " FROM old_attempt o CROSS JOIN delivery d ON d.seq = o.delivery"   \
    " ORDER BY o.rowid"

/* Version 2 had no checksums. */
#define NEW_SUM(sum) sum
/* One that was wrong is wrong again: what is damaged stays that. */
#define FINE_SUM(sum) "iif(o.fine, " sum ", ~" sum ")"

static const char *const copies_of_2[] = {
    COPY_JOBS("awaitd_bytes(o.body)", NEW_SUM),

    "INSERT INTO job_state (seq, owner, epoch" STATE_COLUMNS(NAME)
    ", subs, sum) "
    "SELECT o.seq, o.owner, o.epoch" STATE_COLUMNS(OLD) ", c.subs"
    ", awaitd_sum('s', o.seq, j.id, o.owner, o.epoch" STATE_COLUMNS(OLD)
    ", c.subs) FROM old_job_state o JOIN job j ON j.seq = o.seq "
    "JOIN (SELECT s.seq, count(u.seq) AS subs FROM old_job_state s "
    "LEFT JOIN old_submission u ON u.seq = s.seq GROUP BY s.seq) c "
    "ON c.seq = o.seq",

    "INSERT INTO submission (seq" SUBMISSION_COLUMNS(NAME) ", sum) "
    "SELECT o.seq" SUBMISSION_COLUMNS(OLD)
    ", awaitd_sum('u', o.seq, j.id" SUBMISSION_COLUMNS(OLD) ") "
    "FROM old_submission o JOIN job j ON j.seq = o.seq",

    COPY_DELIVERIES(NEW_SUM),

    "INSERT INTO delivery_body (seq, body) "
    "SELECT o.seq, o.body FROM old_delivery_body o "
    "JOIN delivery d ON d.seq = o.seq",

    COPY_ATTEMPTS(NEW_SUM),

    "INSERT OR IGNORE INTO idempotency (key, hash, job, created_at, sum) "
    "SELECT idempotency_key, idempotency_hash, id, created_at, "
    "awaitd_sum('i', idempotency_key, idempotency_hash, id, created_at) "
    "FROM job WHERE idempotency_key IS NOT NULL",
};

/* And of 3, and of 5: they have the same tables by then. */
static const char *const copies_of_4[] = {
    COPY_JOBS("o.body_sum", FINE_SUM),
    COPY_DELIVERIES(FINE_SUM),
    COPY_ATTEMPTS(FINE_SUM),
    schema_sqlite_copy_4,
};
/* clang-format on */

/* One step after the other; each leaves things in a state of its own. */
static int
run_steps(struct db *db, const char *const *steps, size_t n, struct error *err)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (sqlite_exec(db, steps[i], err) == -1)
			return -1;
		crash_point("C17");
	}
	return 0;
}

/* Whatever fails here leaves the transaction open: closing the file ends it. */
static int
finish(struct db *db, struct error *err)
{
	char *text = xasprintf("PRAGMA application_id = %d;"
			       "PRAGMA user_version = %d;"
			       "COMMIT",
	    APPLICATION_ID, SCHEMA_VERSION);
	int rc = sqlite_exec(db, text, err);

	free(text);
	return rc;
}

static int
make_schema(struct db *db, struct error *err)
{
	if (sqlite_exec(db, "BEGIN IMMEDIATE", err) == -1 ||
	    sqlite_exec(db, schema_sqlite, err) == -1)
		return -1;
	return finish(db, err);
}

/* Up to where all that was stands aside, with the columns that are new. */
static const char *const from_1[] = {schema_sqlite_from_1, schema_sqlite_from_2,
    schema_sqlite_new_in_5, schema_sqlite_new_in_6};
static const char *const from_3[] = {schema_sqlite_from_3, schema_sqlite_aside,
    schema_sqlite_fine_4, schema_sqlite_new_in_5, schema_sqlite_new_in_6};
static const char *const from_5[] = {
    schema_sqlite_aside, schema_sqlite_fine_5, schema_sqlite_new_in_6};

static int
set_aside(struct db *db, int64_t version, struct error *err)
{
	size_t skip = version == 2 || version == 4;

	if (version >= 5)
		return run_steps(db, from_5, ARRAY_LEN(from_5), err);
	if (version >= 3)
		return run_steps(
		    db, from_3 + skip, ARRAY_LEN(from_3) - skip, err);
	return run_steps(db, from_1 + skip, ARRAY_LEN(from_1) - skip, err);
}

static int
migrate(struct db *db, int64_t version, struct error *err)
{
	static const char *const anew[] = {schema_sqlite};
	static const char *const rest[] = {schema_sqlite_drop_old};
	bool newer = version >= 3;

	if (sqlite_exec(db, "BEGIN IMMEDIATE", err) == -1 ||
	    set_aside(db, version, err) == -1 ||
	    run_steps(db, anew, ARRAY_LEN(anew), err) == -1 ||
	    run_steps(db, newer ? copies_of_4 : copies_of_2,
		newer ? ARRAY_LEN(copies_of_4) : ARRAY_LEN(copies_of_2),
		err) == -1 ||
	    run_steps(db, rest, ARRAY_LEN(rest), err) == -1)
		return -1;
	return finish(db, err);
}

/* --- which version it is -------------------------------------------- */

static int
check_version(struct db *db, bool still, struct error *err)
{
	int64_t version = pragma_int(db, "PRAGMA user_version");
	const char *file = sqlite3_db_filename(db->conn, "main");

	if (version == SCHEMA_VERSION)
		return 0;
	if (version < 1 || version > SCHEMA_VERSION) {
		err_set(err, ERR_STORE,
		    "%s has schema version %lld; this awaitd knows %d", file,
		    (long long)version, SCHEMA_VERSION);
		return err_hint(err,
		    "A newer awaitd wrote it: run that one, or give this one "
		    "another state folder ([awaitd] state).");
	}
	if (still)
		return err_set(err, ERR_BUSY,
		    "%s has the older schema version %lld", file,
		    (long long)version);
	return migrate(db, version, err);
}

/* Made a moment ago, or by a run that died at once. */
static bool
is_new(struct db *db)
{
	return pragma_int(db, "PRAGMA application_id") == 0 &&
	    pragma_int(db, "PRAGMA user_version") == 0 &&
	    pragma_int(db, "SELECT count(*) FROM sqlite_schema") == 0;
}

static int
refuse_strange(struct db *db, struct error *err)
{
	return err_set(err, ERR_STORE, "%s is no state file of awaitd",
	    sqlite3_db_filename(db->conn, "main"));
}

int
sqlite_ours(struct db *db, struct error *err)
{
	int64_t id = pragma_int(db, "PRAGMA application_id");

	/* Why it cannot be read is told by what follows. */
	if (id == APPLICATION_ID || id == -1 || is_new(db))
		return 0;
	return refuse_strange(db, err);
}

int
sqlite_migrate(struct db *db, bool still, struct error *err)
{
	if (sum_register(db->conn) != SQLITE_OK)
		return sqlite_complain(db, "set up", err);
	if (is_new(db)) {
		db->empty = still;
		return still ? 0 : make_schema(db, err);
	}
	if (pragma_int(db, "PRAGMA application_id") != APPLICATION_ID)
		return refuse_strange(db, err);
	return check_version(db, still, err);
}
