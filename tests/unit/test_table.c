/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: what is cut and what never, on a terminal and elsewhere. */
#include "cmd/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

#define ID "01jd2k3m4n5p6q7r8s9t0v1w2x"
#define ELLIPSIS "\xe2\x80\xa6"

static const struct table_column columns[] = {
    {.name = "ID"},
    {.name = "WHERE", .spare = 1},
    {.name = "N", .align = TABLE_RIGHT},
    {.name = "WHO", .shrink = 1, .min = 6},
    {.name = "NOTE", .shrink = 2, .min = 8},
};

static const struct term to_file = {.utf8 = true};
static const struct term wide = {.width = 200, .utf8 = true};
static const struct term narrow = {.width = 52, .utf8 = true};
static const struct term ascii = {.width = 60};
static const struct term coloured = {
    .width = 200, .utf8 = true, .colour = true};

static FILE *out;
static char *text;
static size_t text_len;

static struct table *
begin(const struct term *term)
{
	free(text);
	text = NULL;
	out = open_memstream(&text, &text_len);
	assert_non_null(out);
	return table_new_for(out, term, columns, ARRAY_LEN(columns));
}

static void
row(struct table *t, const char *id, int64_t n, const char *who,
    const char *note)
{
	table_text(t, id);
	table_text(t, "here");
	table_number(t, n);
	table_text(t, who);
	table_text(t, note);
}

static const char *
end(struct table *t)
{
	table_free(t);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* Line `n` of what was printed, without its end; "" behind the last. */
static const char *
line(size_t n)
{
	static char kept[4096];
	const char *p = text;
	size_t len;

	while (n-- > 0 && p != NULL) {
		p = strchr(p, '\n');
		p = p != NULL ? p + 1 : NULL;
	}
	len = p != NULL ? strcspn(p, "\n") : 0;
	assert_true(len < sizeof(kept));
	memcpy(kept, p != NULL ? p : "", len);
	kept[len] = '\0';
	return kept;
}

static void
widths_follow_from_what_is_there(void **state)
{
	struct table *t = begin(&to_file);

	(void)state;
	row(t, "a", 5, "somebody", "x y");
	row(t, ID, 12345, NULL, "");
	assert_int_equal(table_rows(t), 2);
	assert_string_equal(end(t),
	    "ID                          WHERE      N  WHO       NOTE\n"
	    "a                           here       5  somebody  x y\n" ID
	    "  here   12345  -\n");
}

static void
nothing_is_printed_of_no_rows(void **state)
{
	struct table *t = begin(&wide);

	(void)state;
	assert_string_equal(end(t), "");
	t = begin(&wide);
	/* Nor of half a row. */
	table_text(t, "a");
	assert_int_equal(table_rows(t), 0);
	assert_string_equal(end(t), "");
}

static void
nothing_is_cut_that_is_no_terminals(void **state)
{
	struct table *t = begin(&to_file);
	char note[1001];
	int i;

	(void)state;
	memset(note, 'n', 1000);
	note[1000] = '\0';
	for (i = 0; i < 1000; i++)
		row(t, ID, i, i < 999 ? "me" : "somebody-with-a-long-name",
		    i < 999 ? "" : note);
	end(t);
	assert_string_equal(line(1), ID "  here     0  me");
	/* Longer than all of those that the widths are from, and yet whole. */
	assert_non_null(strstr(text, "999  somebody-with-a-long-name  nnnn"));
	assert_non_null(strstr(text, note));
}

/* Three characters, each two columns wide. */
#define WIDE "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"

static void
a_terminals_line_is_never_exceeded(void **state)
{
	static const char *const notes[] = {"", "short",
	    "a note that is much too long for what is left of the line",
	    WIDE WIDE WIDE};
	struct table *t = begin(&narrow);
	size_t i;

	(void)state;
	for (i = 0; i < 1000; i++)
		row(t, ID, (int64_t)i,
		    i % 7 == 0 ? "webhook with-a-long-name" : "me",
		    notes[i % ARRAY_LEN(notes)]);
	end(t);
	for (i = 0; i <= 1000; i++) {
		if (term_width(line(i), strlen(line(i))) > narrow.width)
			fail_msg("too long: %s", line(i));
		if (i > 0)
			assert_memory_equal(line(i), ID "  ", 28);
	}
	/* The place went before the note was cut to nothing. */
	assert_null(strstr(text, "WHERE"));
	assert_non_null(strstr(text, "  a note " ELLIPSIS "\n"));
}

static void
the_note_shrinks_before_the_name(void **state)
{
	const struct term term = {.width = 70, .utf8 = true};
	struct table *t = begin(&term);

	(void)state;
	row(t, ID, 1, "webhook twenty-chars", "a note of some length, too");
	end(t);
	assert_string_equal(
	    line(1), ID "  here   1  webhook twenty-chars  a note of" ELLIPSIS);
}

static void
the_rest_of_the_line_is_the_last_columns(void **state)
{
	struct table *t = begin(&wide);
	int i;

	(void)state;
	for (i = 0; i < 300; i++)
		row(t, ID, i, "me", i < 299 ? "" : "what came later is whole");
	end(t);
	assert_non_null(strstr(text, "what came later is whole\n"));
}

static void
what_is_cut_ends_in_three_dots_where_there_is_no_utf8(void **state)
{
	struct table *t = begin(&ascii);

	(void)state;
	row(t, ID, 1, "gr\xc3\xbc\xc3\x9f", "a note that is too long");
	end(t);
	assert_string_equal(line(1), ID "  here   1  gr??    a note that...");
}

static void
characters_are_measured_by_what_they_take(void **state)
{
	int width;

	(void)state;
	assert_int_equal(term_width("abc", 3), 3);
	assert_int_equal(term_width("\xc3\xa9", 2), 1);
	assert_int_equal(term_width("\xe6\x97\xa5", 3), 2);
	/* An accent of its own takes nothing, and stays with its letter. */
	assert_int_equal(term_width("e\xcc\x81", 3), 1);
	assert_int_equal(term_fit("e\xcc\x81x", 1, &width), 3);
	assert_int_equal(width, 1);
	assert_int_equal(term_fit("\xe6\x97\xa5\xe6\x9c\xac", 3, &width), 3);
	assert_int_equal(width, 2);
}

static void
foreign_words_are_made_harmless(void **state)
{
	struct table *t = begin(&to_file);

	(void)state;
	row(t, "a", 1, "x\x1b[31m\ny\xc2\x9b",
	    "\xe2\x80\xae"
	    "exe\xff");
	end(t);
	assert_string_equal(line(1), "a   here   1  x [31m y       exe?");
	assert_string_equal(line(2), "");
}

static void
rows_that_come_one_by_one_are_seen_at_once(void **state)
{
	struct table *t = begin(&wide);

	(void)state;
	row(t, "a", 1, "me", "first");
	table_flush(t);
	assert_int_equal(fflush(out), 0);
	assert_string_equal(line(1), "a   here   1  me      first");
	row(t, "b", 2, "me", "second");
	assert_int_equal(fflush(out), 0);
	assert_string_equal(line(2), "b   here   2  me      second");
	end(t);
	assert_string_equal(line(3), "");
}

static void
a_list_of_any_length_streams(void **state)
{
	struct table *t = begin(&to_file);
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		row(t, ID, i, "me", "");
		fflush(out);
		if (i == 300)
			assert_true(text_len > 200 * strlen(ID));
	}
	end(t);
}

static void
colours_are_for_terminals_that_want_them(void **state)
{
	struct table *t = begin(&coloured);

	(void)state;
	row(t, "a", 1, "me", "");
	table_text(t, "b");
	table_text(t, "");
	table_number(t, 2);
	table_tone(t, "dead", TERM_BAD);
	table_text(t, "!");
	end(t);
	assert_null(strchr(line(1), '\033'));
	/* Their bytes take no room. */
	assert_string_equal(
	    line(2), "b          2  \033[1;31mdead\033[0m    !");
}

static void
a_terminal_tells_how_it_is(void **state)
{
	struct term term;
	FILE *pipe_end;
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	pipe_end = fdopen(fd[1], "w");
	assert_non_null(pipe_end);
	setenv("COLUMNS", "50", 1);
	term_of(pipe_end, &term);
	assert_int_equal(term.width, 0);
	assert_true(term.utf8);
	assert_false(term.colour);
	fclose(pipe_end);
	close(fd[0]);
}

static int
teardown(void **state)
{
	(void)state;
	free(text);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(widths_follow_from_what_is_there),
	    cmocka_unit_test(nothing_is_printed_of_no_rows),
	    cmocka_unit_test(nothing_is_cut_that_is_no_terminals),
	    cmocka_unit_test(a_terminals_line_is_never_exceeded),
	    cmocka_unit_test(the_note_shrinks_before_the_name),
	    cmocka_unit_test(the_rest_of_the_line_is_the_last_columns),
	    cmocka_unit_test(
		what_is_cut_ends_in_three_dots_where_there_is_no_utf8),
	    cmocka_unit_test(characters_are_measured_by_what_they_take),
	    cmocka_unit_test(foreign_words_are_made_harmless),
	    cmocka_unit_test(rows_that_come_one_by_one_are_seen_at_once),
	    cmocka_unit_test(a_list_of_any_length_streams),
	    cmocka_unit_test(colours_are_for_terminals_that_want_them),
	    cmocka_unit_test(a_terminal_tells_how_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
