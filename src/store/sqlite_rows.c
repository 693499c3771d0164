/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of one kind, in their order, or past pages that cannot be read. */
#include <sqlite3.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/sqlite_damage.h"
#include "store/sqlite_read.h"

/* So many rows in a row that cannot be read are no page, but the file. */
#define MISSES_MAX 100000

static bool
of_many(const struct sqlite_rows *r)
{
	return r->ask->which != STORE_BY_ID;
}

static bool
full(const struct sqlite_rows *r)
{
	return r->ask->limit > 0 && r->n >= r->ask->limit;
}

/* The room doubles. */
static void
append(struct sqlite_rows *r, void *row)
{
	size_t n = r->n;

	if (n == 0 || (n >= 16 && (n & (n - 1)) == 0))
		r->v = xreallocarray(r->v, n < 16 ? 16 : 2 * n, sizeof(*r->v));
	r->v[r->n++] = row;
}

static void
hand_out(struct sqlite_rows *r)
{
	r->ask->hand_out((struct job **)r->v, r->n, r->ask->hand_out_arg);
	r->given += r->n;
	r->v = NULL;
	r->n = 0;
}

/* The row on which the statement stands; of many a damaged one is left out. */
static int
take(struct sqlite_rows *r, struct error *err)
{
	void *row;

	if (r->kind->read(r, &row, err) == -1) {
		r->damaged++;
		return err->code == ERR_DAMAGED && of_many(r) ? 0 : -1;
	}
	if (of_many(r) && !r->kind->wanted(r, row)) {
		r->kind->drop(row);
		return 0;
	}
	append(r, row);
	if (r->n == STORE_PIECE && r->ask->hand_out != NULL)
		hand_out(r);
	return 0;
}

/* Rows that do not come in order are of pages that are damaged: one might come
 * twice. */
static bool
in_order(struct sqlite_rows *r)
{
	int64_t seq = sqlite3_column_int64(r->c.stmt, r->kind->seq);

	if (of_many(r) && (r->down ? seq >= r->last : seq <= r->last))
		return false;
	r->last = seq;
	return true;
}

int
sqlite_rows_take(struct sqlite_rows *r, struct error *err)
{
	int rc = SQLITE_DONE;

	while (!full(r) && (rc = sqlite3_step(r->c.stmt)) == SQLITE_ROW) {
		if (!in_order(r)) {
			r->torn = true;
			return -1;
		}
		if (take(r, err) == -1)
			return -1;
		rc = SQLITE_DONE;
	}
	if (rc == SQLITE_DONE)
		return 0;
	sqlite_complain(r->db, r->kind->reading, err);
	r->torn = err->code == ERR_DAMAGED && of_many(r);
	return -1;
}

void
sqlite_rows_drop(struct sqlite_rows *r)
{
	while (r->n > 0)
		r->kind->drop(r->v[--r->n]);
	free(r->v);
	r->v = NULL;
	r->last = 0;
}

/* --- windows -------------------------------------------------------- */

int64_t
sqlite_rows_bound(const struct sqlite_rows *r, int64_t begin)
{
	return r->down ? begin - SQLITE_WINDOW : begin + SQLITE_WINDOW;
}

/* The nearest row behind one; or what rc says. */
static int
find_near(const struct sqlite_rows *r, int64_t seq, int64_t *out)
{
	struct cursor c =
	    sqlite_bind(r->db, r->down ? r->kind->before : r->kind->next);
	int rc;

	sqlite_put_int(&c, seq);
	rc = sqlite3_step(c.stmt);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(c.stmt, 0);
	sqlite3_reset(c.stmt);
	return rc;
}

int64_t
sqlite_rows_place(const struct sqlite_rows *r, int64_t bound)
{
	int64_t seq;

	if (find_near(r, bound, &seq) != SQLITE_ROW)
		return 0;
	return r->down ? seq + 1 : seq - 1;
}

/* --- one by one ----------------------------------------------------- */

struct walk {
	struct sqlite_rows *r;
	int64_t seq;
	int rc; /* of the last step; 0: nothing was read yet */
	unsigned misses; /* in a row */
};

static void
step_on(struct walk *w)
{
	w->seq += w->r->down ? -1 : 1;
}

/* Behind a gap; one by one where even that cannot be told. */
static void
skip_gap(struct walk *w)
{
	bool down = w->r->down;
	int64_t seq;
	int rc = find_near(w->r, w->seq, &seq);

	if (rc == SQLITE_ROW && (down ? seq < w->seq : seq > w->seq)) {
		w->seq = seq;
	} else if (rc == SQLITE_DONE) {
		w->seq = down ? 0 : w->r->end;
	} else {
		step_on(w);
		w->misses++;
	}
}

static bool
walk_on(struct walk *w)
{
	switch (w->rc) {
	case 0:
		break;
	case SQLITE_ROW:
		w->misses = 0;
		step_on(w);
		break;
	case SQLITE_DONE:
		skip_gap(w);
		break;
	case SQLITE_CORRUPT:
		damage_note_row(w->r->db, w->r->kind->name, w->seq,
		    "its page cannot be read");
		w->misses++;
		step_on(w);
		break;
	default:
		return false;
	}
	return w->seq > 0 && w->seq < w->r->end && w->misses < MISSES_MAX;
}

static int
walk_end(const struct walk *w, struct error *err)
{
	struct db *db = w->r->db;

	if (w->rc != 0 && w->rc != SQLITE_ROW && w->rc != SQLITE_DONE &&
	    w->rc != SQLITE_CORRUPT)
		return sqlite_complain(db, "read rows", err);
	if (w->misses < MISSES_MAX)
		return 0;
	err_set(err, ERR_DAMAGED, "%s cannot be read behind row %lld",
	    sqlite3_db_filename(db->conn, "main"),
	    (long long)(w->r->down ? w->seq + MISSES_MAX
				   : w->seq - MISSES_MAX));
	return err_hint(err,
	    "Restore a backup, or see what `sqlite3 awaitd.db .recover` finds "
	    "in a copy of it.");
}

int
sqlite_rows_walk(struct sqlite_rows *r, struct error *err)
{
	struct walk w = {.r = r, .seq = r->last};
	int rc = 0;

	step_on(&w);
	while (rc == 0 && !full(r) && walk_on(&w)) {
		r->kind->bind_one(r, w.seq);
		w.rc = sqlite3_step(r->c.stmt);
		if (w.rc == SQLITE_ROW)
			rc = take(r, err);
		sqlite3_reset(r->c.stmt);
	}
	return rc == 0 ? walk_end(&w, err) : -1;
}
