/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an error of SQLite means: for the operation that met it, for those that
 * follow, and for people. What to do about it is the store's (store_mood.c).
 */
#include <errno.h>
#include <sqlite3.h>

#include "store/sqlite_db.h"

/* A failed fsync is believed once: the kernel may have dropped the pages and
 * say that all is well the next time. What is not known here is no better. */
static enum store_trouble
class_of_io(int code)
{
	switch (code) {
	case SQLITE_IOERR_WRITE:
	case SQLITE_IOERR_NOMEM:
		return STORE_NOT_NOW;
	case SQLITE_IOERR_READ:
		return STORE_OF_ONE;
	default:
		return STORE_NEVER;
	}
}

static enum store_trouble
class_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_FULL:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_NOMEM:
		return STORE_NOT_NOW;
	case SQLITE_IOERR:
		return class_of_io(code);
	default:
		return STORE_OF_ONE;
	}
}

static int
errno_of(sqlite3_file *file)
{
	int cause = 0;

	if (file != NULL && file->pMethods != NULL)
		file->pMethods->xFileControl(
		    file, SQLITE_FCNTL_LAST_ERRNO, &cause);
	return cause;
}

/* sqlite3_system_errno() knows nothing of what fails in a commit. */
static int
cause_of(struct db *db)
{
	sqlite3_file *file = NULL;
	int cause = sqlite3_system_errno(db->conn);

	if (cause == 0 &&
	    sqlite3_file_control(db->conn, "main", SQLITE_FCNTL_JOURNAL_POINTER,
		&file) == SQLITE_OK)
		cause = errno_of(file);
	if (cause == 0 &&
	    sqlite3_file_control(db->conn, "main", SQLITE_FCNTL_FILE_POINTER,
		&file) == SQLITE_OK)
		cause = errno_of(file);
	return cause;
}

/* SQLite keeps no errno of a disk that is full. */
static void
explain(struct db *db, int code, struct error *err)
{
	if ((code & 0xff) == SQLITE_FULL)
		err->sys_errno = ENOSPC;
	else if ((code & 0xff) == SQLITE_READONLY)
		err->sys_errno = EROFS;
	else if ((code & 0xff) == SQLITE_IOERR ||
	    (code & 0xff) == SQLITE_CANTOPEN)
		err->sys_errno = cause_of(db);
	if ((code & 0xff) == SQLITE_CORRUPT)
		err_hint(err,
		    "Pages of the file are damaged: restore a backup, or see "
		    "what `sqlite3 FILE .recover` finds in a copy of it.");
	else if (db->trouble == STORE_NEVER)
		err_hint(err,
		    "The disk may not have what was written last: look at it, "
		    "then start awaitd again.");
	else if (err_no_room(err))
		err_hint(err,
		    "There is no room on the disk of the state: make %s; "
		    "awaitd goes on by itself.",
		    db->reserve ? "some, at least 16 MiB" : "some");
	else if (err->sys_errno == EROFS)
		err_hint(err,
		    "The file system of the state can only be read: mount it "
		    "for writing; awaitd goes on by itself.");
	else if (db->trouble == STORE_NOT_NOW)
		err_hint(err,
		    "The disk of the state takes no writes: look at it; "
		    "awaitd goes on by itself.");
}

static enum error_code
code_of(int code)
{
	if ((code & 0xff) == SQLITE_BUSY)
		return ERR_BUSY;
	return (code & 0xff) == SQLITE_CORRUPT ? ERR_DAMAGED : ERR_STORE;
}

int
sqlite_complain(struct db *db, const char *what, struct error *err)
{
	int code = sqlite3_extended_errcode(db->conn);
	const char *file = sqlite3_db_filename(db->conn, "main");

	db->trouble = class_of(code);
	if (db->trouble == STORE_NEVER)
		db->broken = true;
	err_set(err, code_of(code), "%s in %s: %s", what,
	    file != NULL ? file : "the state file", sqlite3_errmsg(db->conn));
	err->retryable = db->trouble == STORE_NOT_NOW;
	explain(db, code, err);
	return -1;
}

/* What writes into a file whose structure is broken may break more of it. */
int
sqlite_run(
    struct db *db, enum statement which, const char *what, struct error *err)
{
	sqlite3_stmt *stmt = db->stmts[which];
	int rc = sqlite3_step(stmt);
	int kind = rc & 0xff;

	if (rc != SQLITE_DONE && rc != SQLITE_ROW) {
		sqlite_complain(db, what, err);
		if (kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB) {
			db->trouble = STORE_NEVER;
			db->broken = true;
		}
	}
	sqlite3_reset(stmt);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : -1;
}
