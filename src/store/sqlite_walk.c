/* SPDX-License-Identifier: Apache-2.0 */
/* What reading jobs and reading deliveries share: values, places, and rows
 * past pages that cannot be read. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/sqlite_damage.h"
#include "store/sqlite_read.h"

/* So many rows in a row that cannot be read are no page, but the file. */
#define MISSES_MAX 100000

void
sqlite_get_job_id(struct cursor *c, char out[JOBID_SIZE])
{
	char *id = sqlite_get_text(c);

	if (id != NULL && jobid_ok(id))
		memcpy(out, id, JOBID_SIZE);
	free(id);
}

void *
sqlite_get_body(struct cursor *c, size_t *len)
{
	const void *data = sqlite3_column_blob(c->stmt, c->i);

	*len = (size_t)sqlite3_column_bytes(c->stmt, c->i);
	/* One of no bytes has no address. */
	return sqlite3_column_type(c->stmt, c->i) != SQLITE_NULL
	    ? xmemdup(data, *len)
	    : NULL;
}

int
sqlite_find_seq(struct db *db, enum statement which, const char *after,
    int64_t *seq, struct error *err)
{
	struct cursor c = sqlite_bind(db, which);
	int rc;

	*seq = 0;
	if (after == NULL)
		return 0;
	sqlite_put_text(&c, after);
	rc = sqlite3_step(c.stmt);
	if (rc == SQLITE_ROW)
		*seq = sqlite3_column_int64(c.stmt, 0);
	else if (rc == SQLITE_DONE)
		err_set(err, ERR_NOT_FOUND, "there is no %s", after);
	else
		sqlite_complain(db, "find where to begin", err);
	sqlite3_reset(c.stmt);
	return rc == SQLITE_ROW ? 0 : -1;
}

void *
sqlite_grow(void *array, size_t n)
{
	bool full = n == 0 || (n >= 16 && (n & (n - 1)) == 0);

	if (!full)
		return array;
	return xreallocarray(array, n < 16 ? 16 : 2 * n, sizeof(void *));
}

/* --- the walk ------------------------------------------------------- */

/* Behind a gap; one by one where even that cannot be told. */
static void
skip_gap(struct sqlite_walk *w)
{
	struct cursor c = sqlite_bind(w->db, w->next);
	int rc;

	sqlite_put_int(&c, w->seq);
	rc = sqlite3_step(c.stmt);
	if (rc == SQLITE_ROW && sqlite3_column_int64(c.stmt, 0) > w->seq) {
		w->seq = sqlite3_column_int64(c.stmt, 0);
	} else if (rc == SQLITE_DONE) {
		w->seq = w->end;
	} else {
		w->seq++;
		w->misses++;
	}
	sqlite3_reset(c.stmt);
}

bool
sqlite_walk_on(struct sqlite_walk *w)
{
	switch (w->rc) {
	case 0:
		break;
	case SQLITE_ROW:
		w->misses = 0;
		w->seq++;
		break;
	case SQLITE_DONE:
		skip_gap(w);
		break;
	case SQLITE_CORRUPT:
		damage_note_row(
		    w->db, w->kind, w->seq, "its page cannot be read");
		w->misses++;
		w->seq++;
		break;
	default:
		return false;
	}
	return w->seq < w->end && w->misses < MISSES_MAX;
}

int
sqlite_walk_end(const struct sqlite_walk *w, struct error *err)
{
	if (w->rc != 0 && w->rc != SQLITE_ROW && w->rc != SQLITE_DONE &&
	    w->rc != SQLITE_CORRUPT)
		return sqlite_complain(w->db, "read rows", err);
	if (w->misses < MISSES_MAX)
		return 0;
	err_set(err, ERR_DAMAGED, "%s cannot be read behind row %lld",
	    sqlite3_db_filename(w->db->conn, "main"),
	    (long long)(w->seq - MISSES_MAX));
	return err_hint(err,
	    "Restore a backup, or see what `sqlite3 awaitd.db .recover` finds "
	    "in a copy of it.");
}
