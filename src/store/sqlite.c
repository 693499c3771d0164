/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs in a SQLite file: WAL, synchronous=FULL, one connection that holds the
 * file alone. FULL in WAL mode kept every acknowledged commit over power cuts
 * where NORMAL lost thousands; rollback journals would need EXTRA. Here are the
 * file and transactions; its version is sqlite_migrate.c's.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/sqlite_damage.h"
#include "store/reserve.h"
#include "store/sqlite_db.h"
#include "store/sqlite_event.h"

/* --- open ----------------------------------------------------------- */

/* SQLite itself would bring the log home at its close and say nothing of what
 * went wrong; and where an fsync failed before, this one would be believed. */
static void
end_log(struct db *db)
{
	bool home = !db->broken &&
	    sqlite3_wal_checkpoint_v2(db->conn, NULL,
		SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK;

	if (!home)
		sqlite3_db_config(
		    db->conn, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

static void
db_close(void *arg)
{
	struct db *db = arg;
	int i;

	damage_close(db);
	for (i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(db->stmts[i]);
	if (db->alone)
		end_log(db);
	sqlite3_close(db->conn);
	if (db->lock_fd != -1)
		close(db->lock_fd);
	free(db->owner);
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
	return sqlite_exec(db,
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
		sqlite_complain(db, "a write-ahead log cannot be had", err);
	sqlite3_finalize(stmt);
	return wal ? 0 : -1;
}

/* Whoever ended well has left no log, or an empty one. */
static bool
ended_badly(const char *path)
{
	char *wal = xasprintf("%s-wal", path);
	struct stat st;
	bool left = stat(wal, &st) == 0 && st.st_size > 0;

	free(wal);
	return left;
}

/* Behind an fsync that failed the kernel has pages that the disk has not, and
 * calls them clean: what was never on disk would be built upon. Without them
 * the log ends where it ends on disk, and all that was acknowledged is before
 * that. */
static void
forget_log(const char *path)
{
	char *wal = xasprintf("%s-wal", path);
	int fd = open(wal, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd != -1) {
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		close(fd);
	}
	free(wal);
}

/* SQLite does this, too, and drops what it says. */
static int
sync_entries(const char *path, struct error *err)
{
	char *folder = file_folder(path);
	int rc = file_sync_dir(folder, err);

	free(folder);
	return rc;
}

static int
on_log(void *arg, sqlite3 *conn, const char *name, int pages)
{
	struct db *db = arg;

	(void)conn;
	(void)name;
	db->log_pages = pages;
	return SQLITE_OK;
}

/* Ours alone, from the first statement to db_close. The log is brought home by
 * us (sqlite_tidy), not behind a commit, where an error would be dropped. */
static int
open_alone(
    struct db *db, const struct store_options *options, struct error *err)
{
	if (options->must_exist && access(options->path, F_OK) == -1)
		return err_set_errno(
		    err, ERR_NOT_FOUND, "open %s", options->path);
	if (file_lock(
		options->path, options->lock_wait_ms, &db->lock_fd, err) == -1)
		return -1;
	db->unclean = ended_badly(options->path);
	if (db->unclean)
		forget_log(options->path);
	if (open_conn(db, options->path, SQLITE_OPEN_READWRITE, err) == -1 ||
	    sqlite_exec(db, "PRAGMA locking_mode = EXCLUSIVE", err) == -1 ||
	    sqlite_ours(db, err) == -1 || check_journal(db, err) == -1)
		return -1;
	db->alone = true;
	sqlite3_wal_hook(db->conn, on_log, db);
	if (sqlite_exec(db,
		"PRAGMA synchronous = FULL;"
		"PRAGMA journal_size_limit = 16777216;"
		"PRAGMA foreign_keys = ON;"
		"BEGIN IMMEDIATE; COMMIT",
		err) == -1)
		return -1;
	return sync_entries(options->path, err);
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

/* Nobody is here yet who would go on by itself. */
static int
refuse_open(struct error *err)
{
	if (err_no_room(err))
		return err_hint(err, "The disk is full; make room.");
	if (err->sys_errno == EROFS)
		return err_hint(err, "Mount its file system for writing.");
	if (err->retryable && err->code != ERR_BUSY)
		return err_hint(err,
		    "Look at the file's folder and disk, then start again.");
	return -1;
}

static int
db_open(const struct store_options *options, void **out, struct error *err)
{
	struct db *db = xcalloc(1, sizeof(*db));
	int rc;

	db->lock_fd = -1;
	db->notices = -1;
	db->owner = xstrdup(options->owner != NULL ? options->owner : "awaitd");
	rc = options->still ? open_still(db, options, err)
			    : open_alone(db, options, err);
	if (rc == -1 || sqlite_migrate(db, options->still, err) == -1 ||
	    (!db->empty && sqlite_prepare(db, err) == -1)) {
		db_close(db);
		return refuse_open(err);
	}
	db->reserve = options->reserve;
	if (db->reserve)
		reserve_make(sqlite3_db_filename(db->conn, "main"));
	*out = db;
	return 0;
}

/* --- transactions --------------------------------------------------- */

static int
db_begin(void *arg, struct error *err)
{
	struct db *db = arg;

	db->trouble = STORE_OF_ONE;
	damage_begin(db);
	sqlite_event_begin(db);
	return sqlite_run(db, SQL_BEGIN, "begin", err);
}

static int
db_commit(void *arg, struct error *err)
{
	struct db *db = arg;

	if (damage_save(db, err) == -1 ||
	    sqlite_run(db, SQL_COMMIT, "commit", err) == -1)
		return -1;
	damage_saved(db);
	return 0;
}

static void
db_rollback(void *arg)
{
	struct db *db = arg;
	struct error ignored;

	db->notices = -1;
	sqlite_event_rollback(db);
	if (!sqlite3_get_autocommit(db->conn))
		sqlite_run(db, SQL_ROLLBACK, "roll back", &ignored);
}

static enum store_trouble
db_trouble(void *arg)
{
	const struct db *db = arg;

	return db->trouble;
}

const struct store_backend store_sqlite = {
    .open = db_open,
    .close = db_close,
    .begin = db_begin,
    .commit = db_commit,
    .rollback = db_rollback,
    .trouble = db_trouble,
    .probe = sqlite_probe,
    .tidy = sqlite_tidy,
    .spend = sqlite_spend,
    .roomy = sqlite_roomy,
    .unclean = sqlite_unclean,
    .check = sqlite_check,
    .interrupt = sqlite_interrupt,
    .insert = sqlite_insert,
    .save = sqlite_save,
    .withdraw = sqlite_withdraw,
    .save_delivery = sqlite_save_delivery,
    .save_late = sqlite_save_late,
    .keep = sqlite_keep,
    .see = sqlite_see,
    .take_over = sqlite_take_over,
    .forget = sqlite_forget,
    .jobs = sqlite_jobs,
    .deliveries = sqlite_deliveries,
    .attempts = sqlite_attempts,
    .find_key = sqlite_find_key,
    .recall = sqlite_recall,
    .recall_told = sqlite_recall_told,
    .events = sqlite_events,
    .last_event = sqlite_last_event,
    .next_damage = sqlite_next_damage,
    .damaged = sqlite_damaged,
};
