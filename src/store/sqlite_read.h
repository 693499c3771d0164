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

/* Adds those of the job with this seq. */
int sqlite_load_deliveries(
    struct db *db, int64_t seq, struct job *job, struct error *err);

/* The delivery of this row, which is sound, without body and attempts. */
int sqlite_load_delivery(
    struct db *db, int64_t seq, struct delivery **out, struct error *err);

/* Are these values that an attempt can have? */
bool sqlite_attempt_ok(const struct attempt *a);

/*
 * Rows of one kind that a question is answered with, in the order of their
 * seqs or in the other one. Of many, a damaged one is left out, and where the
 * list itself cannot be read they are gone through one by one
 * (sqlite_rows_walk).
 */
struct sqlite_rows;

struct sqlite_rows_kind {
	const char *name; /* in notes of damage: "job" */
	const char *reading; /* in errors: "read jobs" */
	int seq; /* which column of the statement has it */
	enum statement next; /* finds the next seq behind one */
	enum statement before; /* and that before one, where `down` may be */
	/* The row on which `c` stands; ERR_DAMAGED where it was set aside. */
	int (*read)(struct sqlite_rows *r, void **out, struct error *err);
	/* What the statement's conditions would have said. */
	bool (*wanted)(struct sqlite_rows *r, const void *row);
	void (*drop)(void *row);
	/* Asks for the row of this seq alone. */
	void (*bind_one)(struct sqlite_rows *r, int64_t seq);
};

struct sqlite_rows {
	const struct sqlite_rows_kind *kind;
	struct db *db;
	const struct store_ask *ask;
	struct cursor c;
	int64_t last; /* seq of the last row; a page begins behind it */
	int64_t end; /* one behind the last seq that there can be */
	bool down; /* the largest seq first */
	bool torn; /* no more rows could be had */
	size_t damaged; /* were left out */
	void **v;
	size_t n;
	size_t given; /* handed out in pieces */
};

int sqlite_rows_take(struct sqlite_rows *r, struct error *err);

/* Rows that are looked at, at most, before others have their turn. */
#define SQLITE_WINDOW 10000

/* The last seq of the window behind this one, and where the one behind that
 * begins: past a gap; 0: there is no more. */
int64_t sqlite_rows_bound(const struct sqlite_rows *r, int64_t begin);
int64_t sqlite_rows_place(const struct sqlite_rows *r, int64_t bound);

/* Past pages that cannot be read: a page that is damaged takes its own rows
 * away, not those behind it. */
int sqlite_rows_walk(struct sqlite_rows *r, struct error *err);

/* Forget all that was read. */
void sqlite_rows_drop(struct sqlite_rows *r);

#endif
