/* SPDX-License-Identifier: Apache-2.0 */
/* What reading jobs and reading deliveries share. Only for sqlite_read*.c. */
#ifndef STORE_SQLITE_READ_H
#define STORE_SQLITE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/sqlite_db.h"

/* One column into *to, from where c stands. */
#define GET(kind, name) to->name = (__typeof__(to->name))GET_##kind;
#define GET_TEXT sqlite_get_text(c)
#define GET_INT sqlite_get_int(c)
#define GET_FLAG (sqlite_get_int(c) != 0)
#define GET_ENUM sqlite_get_enum(c)
#define GET_COUNT sqlite_get_count(c)
#define GET_STATUS sqlite_get_status(c)

/* An id that is none of ours leaves "", which is none either. */
void sqlite_get_job_id(struct cursor *c, char out[JOBID_SIZE]);

/* The row's body, if it was asked for and is there. */
void *sqlite_get_body(struct cursor *c, size_t *len);

/* The row that a page begins behind; 0 with NULL. */
int sqlite_find_seq(struct db *db, enum statement which, const char *after,
    int64_t *seq, struct error *err);

/* Room for one more pointer behind n of them; the room doubles. */
void *sqlite_grow(void *array, size_t n);

/* Adds those of the job with this seq. */
int sqlite_load_deliveries(
    struct db *db, int64_t seq, struct job *job, struct error *err);

/*
 * Rows by their seqs, one by one, where a list cannot be read: a page that is
 * damaged takes its own rows away, not those behind it. The caller reads row
 * seq and says in rc what the step returned.
 */
struct sqlite_walk {
	struct db *db;
	const char *kind; /* in notes of damage */
	enum statement next; /* finds the next seq behind one */
	int64_t seq;
	int64_t end;
	int rc; /* 0: nothing was read yet */
	unsigned misses; /* in a row */
};

bool sqlite_walk_on(struct sqlite_walk *w);
int sqlite_walk_end(const struct sqlite_walk *w, struct error *err);

#endif
