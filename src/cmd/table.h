/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables for people: one line a row, two blanks between columns, no lines
 * drawn, so that cut and awk can read them, too. Widths follow from the first
 * rows, so a list of any length needs the memory of a screenful.
 *
 *	struct table *t = table_new(stdout, columns, ARRAY_LEN(columns));
 *	table_text(t, job->id);          each cell of a row, from the left
 *	table_number(t, job->polls);     the last one ends the row
 *	table_free(t);                   prints what is not out yet
 *
 * On a terminal a row takes one line: columns that may shrink do, then those
 * that may go are left out. Elsewhere nothing is cut or left out. Words are
 * made harmless (str_defang), whoever chose them.
 */
#ifndef CMD_TABLE_H
#define CMD_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cmd/term.h"

enum table_align {
	TABLE_LEFT,
	TABLE_RIGHT, /* numbers */
};

struct table_column {
	const char *name; /* the heading */
	enum table_align align;
	/* Columns with the highest number shrink first, 0 never: what has to be
	 * copied, such as an id. */
	unsigned char shrink;
	/* Those with the highest number are left out first, 0 never. */
	unsigned char spare;
	/* Not narrower than that, whatever is in it: for ids, and where rows
	 * come one by one. 0: than its heading. */
	unsigned short min;
};

#define TABLE_COLUMNS_MAX 16

struct table;

/* Columns are borrowed for as long as it lives; at most TABLE_COLUMNS_MAX. */
struct table *table_new(
    FILE *out, const struct table_column *columns, size_t n);

/* The same where the terminal is known, or made up. */
struct table *table_new_for(FILE *out, const struct term *term,
    const struct table_column *columns, size_t n);

/* The next cell. NULL is "-". */
void table_text(struct table *t, const char *text);
void table_number(struct table *t, int64_t n);
void table_instant(struct table *t, int64_t at); /* 0 is "-" */

/* The same in a colour, where there are colours: states, sparingly. */
void table_tone(struct table *t, const char *text, enum term_tone tone);

/* How many rows there are so far. */
size_t table_rows(const struct table *t);

/* Out with all rows: from here on the widths stay. For rows that come one by
 * one, as events do. A table without rows prints nothing. */
void table_flush(struct table *t);

/* The rest, too. A row that was begun is dropped. */
void table_free(struct table *t);

#endif
