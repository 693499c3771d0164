/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: the first rows are kept until their widths are known. */
#include "cmd/table.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"

/* As many rows say how wide the columns are. */
#define SAMPLE 200
#define GAP 2

struct cell {
	char *text;
	int width;
	enum term_tone tone;
};

struct place {
	bool out; /* left out */
	int natural; /* the widest cell so far */
	int width;
};

struct table {
	FILE *out;
	struct term term;
	const struct table_column *columns;
	size_t n;
	struct place places[TABLE_COLUMNS_MAX];
	struct cell *cells; /* of the rows that wait, n each */
	size_t ncells;
	size_t rows;
	bool begun; /* the widths stay */
};

/* --- widths --------------------------------------------------------- */

/* The least that is of use. */
static int
floor_of(const struct table *t, size_t i)
{
	const struct table_column *c = &t->columns[i];
	int name = term_width(c->name, strlen(c->name));

	if (c->shrink == 0)
		return t->places[i].natural;
	return c->min > name ? c->min : name;
}

static int
total(const struct table *t)
{
	int sum = -GAP;
	size_t i;

	for (i = 0; i < t->n; i++)
		sum += t->places[i].out ? 0 : t->places[i].width + GAP;
	return sum;
}

/* The widest of those that shrink first; SIZE_MAX: none can. */
static size_t
widest(const struct table *t)
{
	size_t i, best = SIZE_MAX;

	for (i = 0; i < t->n; i++) {
		const struct table_column *c = &t->columns[i];

		if (t->places[i].out || t->places[i].width <= floor_of(t, i))
			continue;
		if (best == SIZE_MAX || c->shrink > t->columns[best].shrink ||
		    (c->shrink == t->columns[best].shrink &&
			t->places[i].width > t->places[best].width))
			best = i;
	}
	return best;
}

static bool
squeeze(struct table *t)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		t->places[i].width = t->places[i].natural;
		/* What is wider than the line itself has no say in it. */
		if (t->columns[i].shrink > 0 &&
		    t->places[i].width > t->term.width)
			t->places[i].width = t->term.width;
	}
	while (total(t) > t->term.width) {
		i = widest(t);
		if (i == SIZE_MAX)
			return false;
		t->places[i].width--;
	}
	return true;
}

static bool
leave_out(struct table *t)
{
	size_t i, best = SIZE_MAX;

	for (i = 0; i < t->n; i++) {
		if (t->places[i].out || t->columns[i].spare == 0)
			continue;
		if (best == SIZE_MAX ||
		    t->columns[i].spare > t->columns[best].spare)
			best = i;
	}
	if (best == SIZE_MAX)
		return false;
	t->places[best].out = true;
	return true;
}

static size_t
last_column(const struct table *t)
{
	size_t i = t->n - 1;

	while (i > 0 && t->places[i].out)
		i--;
	return i;
}

static void
set_widths(struct table *t)
{
	size_t i;
	int left;

	for (i = 0; i < t->n; i++)
		t->places[i].width = t->places[i].natural;
	if (t->term.width == 0)
		return;
	/* Rather one column less than all of them cut to nothing. */
	while (!squeeze(t) && leave_out(t))
		;
	/* What is left of the line is the last one's, for rows to come. */
	i = last_column(t);
	left = t->term.width - total(t);
	if (left > 0 && t->columns[i].align == TABLE_LEFT)
		t->places[i].width += left;
}

/* --- lines ---------------------------------------------------------- */

/* The text, or as much of it as there is room for, and an ellipsis. */
static int
put_cut(const struct table *t, const struct cell *cell, int max)
{
	const char *dots = t->term.utf8 ? "\xe2\x80\xa6" : "...";
	int ndots = t->term.utf8 ? 1 : 3, width;
	size_t n;

	if (cell->width <= max) {
		fputs(cell->text, t->out);
		return cell->width;
	}
	if (max < ndots)
		ndots = 0;
	n = term_fit(cell->text, max - ndots, &width);
	fwrite(cell->text, 1, n, t->out);
	if (ndots > 0)
		fputs(dots, t->out);
	return width + ndots;
}

/* Blanks in front of words only: none stands at the end of a line. */
static void
put_cell(const struct table *t, size_t i, const struct cell *cell, int *owed)
{
	const struct place *p = &t->places[i];
	bool cut = t->term.width > 0 && t->columns[i].shrink > 0;
	int room = p->width > cell->width ? p->width - cell->width : 0;
	int took = 0;

	if (t->columns[i].align == TABLE_RIGHT) {
		*owed += room;
		room = 0;
	}
	if (cell->width > 0) {
		fprintf(t->out, "%*s%s", *owed, "",
		    term_tone(&t->term, cell->tone));
		took = put_cut(t, cell, cut ? p->width : INT_MAX);
		fputs(term_tone_end(&t->term, cell->tone), t->out);
		*owed = 0;
	}
	if (cut && took > 0)
		room = p->width - took;
	*owed += room + GAP;
}

static void
put_row(const struct table *t, const struct cell *cells)
{
	int owed = 0;
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (!t->places[i].out)
			put_cell(t, i, &cells[i], &owed);
	}
	fputc('\n', t->out);
}

static void
put_head(const struct table *t)
{
	struct cell cells[TABLE_COLUMNS_MAX];
	size_t i;

	for (i = 0; i < t->n; i++)
		cells[i] = (struct cell){
		    .text = (char *)t->columns[i].name,
		    .width = term_width(
			t->columns[i].name, strlen(t->columns[i].name)),
		};
	put_row(t, cells);
}

static void
drop_cells(struct table *t)
{
	while (t->ncells > 0)
		free(t->cells[--t->ncells].text);
}

void
table_flush(struct table *t)
{
	size_t whole = t->ncells / t->n, i;

	if (whole == 0)
		return;
	if (!t->begun) {
		set_widths(t);
		put_head(t);
		t->begun = true;
	}
	for (i = 0; i < whole; i++)
		put_row(t, &t->cells[i * t->n]);
	drop_cells(t);
}

/* --- in and out ----------------------------------------------------- */

struct table *
table_new_for(FILE *out, const struct term *term,
    const struct table_column *columns, size_t n)
{
	struct table *t = xcalloc(1, sizeof(*t));
	size_t i;

	if (n == 0 || n > TABLE_COLUMNS_MAX)
		abort();
	t->out = out;
	t->term = *term;
	t->columns = columns;
	t->n = n;
	t->cells = xreallocarray(NULL, SAMPLE * n, sizeof(*t->cells));
	for (i = 0; i < n; i++) {
		t->places[i].natural =
		    term_width(columns[i].name, strlen(columns[i].name));
		if (t->places[i].natural < columns[i].min)
			t->places[i].natural = columns[i].min;
	}
	return t;
}

struct table *
table_new(FILE *out, const struct table_column *columns, size_t n)
{
	struct term term;

	term_of(out, &term);
	return table_new_for(out, &term, columns, n);
}

void
table_tone(struct table *t, const char *text, enum term_tone tone)
{
	struct cell *cell = &t->cells[t->ncells];
	struct place *p = &t->places[t->ncells % t->n];

	cell->text = xstrdup(text != NULL ? text : "-");
	str_defang(cell->text);
	term_adapt(&t->term, cell->text);
	cell->width = term_width(cell->text, strlen(cell->text));
	cell->tone = tone;
	if (cell->width > p->natural)
		p->natural = cell->width;
	if (++t->ncells % t->n != 0)
		return;
	t->rows++;
	if (t->begun || t->ncells == SAMPLE * t->n)
		table_flush(t);
}

void
table_text(struct table *t, const char *text)
{
	table_tone(t, text, TERM_PLAIN);
}

void
table_number(struct table *t, int64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)n);
	table_text(t, text);
}

void
table_instant(struct table *t, int64_t at)
{
	char iso[TIMEFMT_ISO_SIZE];

	if (at != 0)
		timefmt_iso(at, iso);
	table_text(t, at != 0 ? iso : NULL);
}

size_t
table_rows(const struct table *t)
{
	return t->rows;
}

void
table_free(struct table *t)
{
	if (t == NULL)
		return;
	table_flush(t);
	drop_cells(t);
	free(t->cells);
	free(t);
}
