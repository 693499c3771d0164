/* SPDX-License-Identifier: Apache-2.0 */
/* Old files: see the header. */
#include "tests/unit/migrate_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/support/store_fixture.h"

int
migrate_setup(void **state)
{
	if (access("/dev/shm", W_OK) == 0)
		fx_root = "/dev/shm";
	return fx_setup(state);
}

void
migrate_make(const char *schema, const char *rows, int64_t version)
{
	char *wal = xasprintf("%s-wal", fx.path);

	unlink(fx.path);
	unlink(wal);
	free(wal);
	fx_change(schema);
	fx_change(rows);
	assert_int_equal(fx_number("PRAGMA user_version"), version);
}

char *
migrate_schema_of_file(void)
{
	static const char ask[] =
	    "SELECT group_concat(t, ';') FROM (SELECT type || name || "
	    "coalesce(sql, '') AS t FROM sqlite_schema ORDER BY type, name)";
	sqlite3_stmt *stmt;
	sqlite3 *db;
	char *text;

	assert_int_equal(sqlite3_open(fx.path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_prepare_v2(db, ask, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	text = xstrdup((const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return text;
}

static unsigned statements_left;

/* The process ends at the beginning or the end of some statement. */
static int
on_statement(unsigned type, void *arg, void *p, void *x)
{
	(void)type;
	(void)arg;
	(void)p;
	(void)x;
	if (statements_left-- == 0)
		kill(getpid(), SIGKILL);
	return 0;
}

static int
watch(sqlite3 *db, const char **message, const void *api)
{
	(void)message;
	(void)api;
	sqlite3_trace_v2(
	    db, SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE, on_statement, NULL);
	return SQLITE_OK;
}

bool
migrate_killed_at(unsigned statement)
{
	struct store_options o = {.path = fx.path};
	struct error err;
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		statements_left = statement;
		sqlite3_auto_extension((void (*)(void))(uintptr_t)watch);
		_exit(store_open(fx.loop, &o, &fx.store, &err) == 0 ? 7 : 8);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return true;
	assert_int_equal(WEXITSTATUS(status), 7);
	return false;
}

void
migrate_dies_now_and_then(
    void (*make_it)(void), void (*check)(void), int64_t version, int64_t rows)
{
	unsigned i, old = 0, new = 0;
	bool killed;

	for (i = 0;; i += 4) {
		make_it();
		killed = migrate_killed_at(i);
		if (fx_number("PRAGMA user_version") == version) {
			old++;
			assert_int_equal(fx_number(MIGRATE_COUNT), rows);
		} else {
			new ++;
		}
		check();
		if (!killed)
			break;
	}
	assert_true(old > 10);
	assert_true(new >= 1);
}
