/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What keeps a SQLite file well beside the verbs: its log brought home, its
 * structure checked, room kept for the worst. When is the store's affair.
 */
#include <sqlite3.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "store/reserve.h"
#include "store/sqlite_db.h"

/* Of the log, before it is brought home: about 4 MB. */
#define LOG_PAGES 1000

/* New jobs are taken again with so much room. */
#define ROOM ((int64_t)1 << 20)

static const char *
path_of(const struct db *db)
{
	return sqlite3_db_filename(db->conn, "main");
}

/* All of the log goes: nobody else reads the file. */
int
sqlite_tidy(void *arg, struct error *err)
{
	struct db *db = arg;

	if (db->log_pages < LOG_PAGES)
		return 0;
	db->trouble = STORE_OF_ONE;
	if (sqlite3_wal_checkpoint_v2(db->conn, NULL, SQLITE_CHECKPOINT_PASSIVE,
		NULL, NULL) != SQLITE_OK)
		return sqlite_complain(db, "bring the log home", err);
	db->log_pages = 0;
	return 0;
}

static int
number(struct db *db, const char *text, int64_t *out, struct error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db->conn, text, -1, &stmt, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		*out = sqlite3_column_int64(stmt, 0);
	else
		sqlite_complain(db, "read the version", err);
	sqlite3_finalize(stmt);
	return rc == SQLITE_ROW ? 0 : -1;
}

/* One page, which says what it said before. */
int
sqlite_probe(void *arg, struct error *err)
{
	struct db *db = arg;
	char *text;
	int64_t version;
	int rc;

	db->trouble = STORE_OF_ONE;
	if (number(db, "PRAGMA user_version", &version, err) == -1)
		return -1;
	text = xasprintf("PRAGMA user_version = %lld", (long long)version);
	rc = sqlite3_exec(db->conn, text, NULL, NULL, NULL);
	free(text);
	return rc == SQLITE_OK ? 0 : sqlite_complain(db, "write", err);
}

/* --- room ----------------------------------------------------------- */

bool
sqlite_spend(void *arg)
{
	struct db *db = arg;

	if (!db->reserve || !reserve_spend(path_of(db)))
		return false;
	db->spent = true;
	return true;
}

bool
sqlite_roomy(void *arg)
{
	struct db *db = arg;
	bool made = db->reserve && reserve_make(path_of(db));

	/* Where there never was room for one it is not waited for. */
	if (db->spent && !made)
		return false;
	db->spent = false;
	return reserve_room(path_of(db), ROOM);
}

/* --- the structure -------------------------------------------------- */

bool
sqlite_unclean(void *arg)
{
	const struct db *db = arg;

	return db->unclean;
}

static int
condemn(const struct db *db, const char *text, struct error *err)
{
	err_set(err, ERR_DAMAGED, "%s is damaged: %s", path_of(db), text);
	return err_hint(err,
	    "Each row has a checksum, and damaged ones are not used; but "
	    "restore a backup, or see what `sqlite3 FILE .recover` finds in a "
	    "copy of it.");
}

/* The first thing that is wrong is enough. */
int
sqlite_check(void *arg, struct error *err)
{
	struct db *db = arg;
	sqlite3_stmt *stmt = NULL;
	const char *text = NULL;
	int rc = sqlite3_prepare_v2(
	    db->conn, "PRAGMA quick_check(1)", -1, &stmt, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(stmt, 0);
	if (text == NULL)
		rc = sqlite_complain(db, "check", err);
	else
		rc = str_eq(text, "ok") ? 0 : condemn(db, text, err);
	sqlite3_finalize(stmt);
	return rc;
}

void
sqlite_interrupt(void *arg)
{
	struct db *db = arg;

	sqlite3_interrupt(db->conn);
}
