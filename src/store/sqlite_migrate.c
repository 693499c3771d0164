/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The version of a SQLite file: a new one gets the schema, an older one is
 * brought up to date in one transaction, a strange one is refused.
 */
#include <sqlite3.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/schema.h"
#include "store/sqlite_db.h"

#define APPLICATION_ID 0x61776474 /* "awdt" in the file's header */
#define SCHEMA_VERSION 2

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

/* `before` and `after` stand around the schema's text, in one transaction. */
static int
make_schema(
    struct db *db, const char *before, const char *after, struct error *err)
{
	char *text = xasprintf("BEGIN IMMEDIATE;"
			       "PRAGMA application_id = %d;"
			       "%s;%s;%s;"
			       "PRAGMA user_version = %d;"
			       "COMMIT",
	    APPLICATION_ID, before, schema_sqlite, after, SCHEMA_VERSION);
	int rc = sqlite_exec(db, text, err);

	free(text);
	return rc;
}

/* References of one table to another follow its name. */
static int
migrate_from_1(struct db *db, struct error *err)
{
	return make_schema(db,
	    "DROP TRIGGER done_is_final;"
	    "ALTER TABLE submission RENAME TO old_submission;"
	    "ALTER TABLE job_state RENAME TO old_job_state;"
	    "ALTER TABLE job RENAME TO old_job",
	    schema_sqlite_from_1, err);
}

static int
check_version(struct db *db, bool still, struct error *err)
{
	int64_t version = pragma_int(db, "PRAGMA user_version");
	const char *file = sqlite3_db_filename(db->conn, "main");

	if (version == SCHEMA_VERSION)
		return 0;
	if (version != 1)
		return err_set(err, ERR_STORE,
		    "%s has schema version %lld; this awaitd knows %d", file,
		    (long long)version, SCHEMA_VERSION);
	if (still)
		return err_set(
		    err, ERR_BUSY, "%s has the older schema version 1", file);
	return migrate_from_1(db, err);
}

int
sqlite_migrate(struct db *db, bool still, struct error *err)
{
	int64_t id = pragma_int(db, "PRAGMA application_id");

	/* Made a moment ago, or by a run that died at once. */
	if (id == 0 && pragma_int(db, "PRAGMA user_version") == 0 &&
	    pragma_int(db, "SELECT count(*) FROM sqlite_schema") == 0) {
		db->empty = still;
		return still ? 0 : make_schema(db, "", "", err);
	}
	if (id != APPLICATION_ID)
		return err_set(err, ERR_STORE, "%s is no state file of awaitd",
		    sqlite3_db_filename(db->conn, "main"));
	return check_version(db, still, err);
}
