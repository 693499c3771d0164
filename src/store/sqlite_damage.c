/* SPDX-License-Identifier: Apache-2.0 */
/* Notes of damaged rows: in memory at once, in the file with a commit. */
#include "store/sqlite_damage.h"

#include <inttypes.h>
#include <search.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/sqlite_db.h"

struct note {
	TAILQ_ENTRY(note) untold;
	TAILQ_ENTRY(note) unsaved;
	char *kind;
	char *key;
	char *why;
	int64_t noticed_at;
	bool written; /* in this transaction */
};
TAILQ_HEAD(notes, note);

struct damage {
	void *known; /* a tree by kind and key */
	struct notes untold;
	struct notes unsaved;
	uint64_t count; /* rows of the table, and what is not saved */
	int changes; /* of the connection, when the last commit was done */
};

static int
compare(const void *a, const void *b)
{
	const struct note *x = a, *y = b;
	int by_kind = strcmp(x->kind, y->kind);

	return by_kind != 0 ? by_kind : strcmp(x->key, y->key);
}

static void
note_free(void *arg)
{
	struct note *note = arg;

	free(note->kind);
	free(note->key);
	free(note->why);
	free(note);
}

int
damage_recount(struct db *db, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_COUNT_DAMAGED);
	struct note *note;
	int rc = sqlite3_step(c.stmt);

	if (rc == SQLITE_ROW)
		db->damage->count = (uint64_t)sqlite3_column_int64(c.stmt, 0);
	else
		sqlite_complain(db, "count what is damaged", err);
	sqlite3_reset(c.stmt);
	TAILQ_FOREACH (note, &db->damage->unsaved, unsaved)
		db->damage->count += !note->written;
	return rc == SQLITE_ROW ? 0 : -1;
}

int
damage_open(struct db *db, struct error *err)
{
	struct damage *d = xcalloc(1, sizeof(*d));

	TAILQ_INIT(&d->untold);
	TAILQ_INIT(&d->unsaved);
	d->changes = sqlite3_total_changes(db->conn);
	db->damage = d;
	return damage_recount(db, err);
}

/* What was noted last may not have been saved. */
static void
save_rest(struct db *db)
{
	struct error ignored;

	if (db->broken || TAILQ_EMPTY(&db->damage->unsaved) ||
	    sqlite3_db_readonly(db->conn, "main") != 0)
		return;
	damage_begin(db);
	if (sqlite_run(db, SQL_BEGIN, "begin", &ignored) == 0 &&
	    damage_write(db, &ignored) == 0)
		sqlite_run(db, SQL_COMMIT, "commit", &ignored);
}

void
damage_close(struct db *db)
{
	if (db->damage == NULL)
		return;
	save_rest(db);
	tdestroy(db->damage->known, note_free);
	free(db->damage);
}

/* By an earlier run. */
static bool
in_table(struct db *db, const struct note *note)
{
	struct cursor c = sqlite_bind(db, SQL_FIND_DAMAGED);
	int rc;

	sqlite_put_text(&c, note->kind);
	sqlite_put_text(&c, note->key);
	rc = sqlite3_step(c.stmt);
	sqlite3_reset(c.stmt);
	return rc == SQLITE_ROW;
}

void
damage_note(struct db *db, const char *kind, const char *key, const char *why)
{
	struct damage *d = db->damage;
	struct note *note = xcalloc(1, sizeof(*note));
	struct note **slot;

	note->kind = xstrdup(kind);
	note->key = xstrdup(key);
	note->why = xstrdup(why);
	note->noticed_at = clock_wall_ms();
	slot = tsearch(note, &d->known, compare);
	if (slot == NULL)
		abort();
	if (*slot != note) {
		note_free(note);
		return;
	}
	if (in_table(db, note))
		return;
	TAILQ_INSERT_TAIL(&d->untold, note, untold);
	TAILQ_INSERT_TAIL(&d->unsaved, note, unsaved);
	d->count++;
}

void
damage_note_row(struct db *db, const char *kind, int64_t seq, const char *why)
{
	char key[24];

	snprintf(key, sizeof(key), "%" PRId64, seq);
	damage_note(db, kind, key, why);
}

static int
save(struct db *db, const struct note *note, struct error *err)
{
	struct cursor c = sqlite_bind(db, SQL_INSERT_DAMAGED);

	sqlite_put_text(&c, note->kind);
	sqlite_put_text(&c, note->key);
	sqlite_put_int(&c, note->noticed_at);
	sqlite_put_text(&c, note->why);
	return sqlite_run(db, SQL_INSERT_DAMAGED, "note damage", err);
}

void
damage_begin(struct db *db)
{
	struct note *note;

	if (db->damage == NULL)
		return;
	TAILQ_FOREACH (note, &db->damage->unsaved, unsaved)
		note->written = false;
}

int
damage_write(struct db *db, struct error *err)
{
	struct note *note;

	TAILQ_FOREACH (note, &db->damage->unsaved, unsaved) {
		if (!note->written && save(db, note, err) == -1)
			return -1;
		note->written = true;
	}
	return 0;
}

/* Nothing is written for the notes' sake alone: reading works where writing
 * does not. */
int
damage_save(struct db *db, struct error *err)
{
	if (sqlite3_total_changes(db->conn) == db->damage->changes)
		return 0;
	return damage_write(db, err);
}

void
damage_saved(struct db *db)
{
	struct damage *d = db->damage;
	int changes = sqlite3_total_changes(db->conn);

	if (changes != d->changes)
		TAILQ_INIT(&d->unsaved);
	d->changes = changes;
}

bool
sqlite_next_damage(void *arg, struct error *err)
{
	struct db *db = arg;
	struct note *note =
	    db->damage != NULL ? TAILQ_FIRST(&db->damage->untold) : NULL;

	if (note == NULL)
		return false;
	TAILQ_REMOVE(&db->damage->untold, note, untold);
	err_set(err, ERR_DAMAGED, "%s %s in %s is not what was written: %s",
	    note->kind, note->key, sqlite3_db_filename(db->conn, "main"),
	    note->why);
	err_hint(err, "It is set aside, and its rows are kept as they are.");
	return true;
}

uint64_t
sqlite_damaged(void *arg)
{
	struct db *db = arg;

	return db->damage != NULL ? db->damage->count : 0;
}
