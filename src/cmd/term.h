/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of where words go: how wide it is, whether it shows UTF-8 and
 * colours. Of a file or a pipe: that nothing need be cut or coloured there.
 */
#ifndef CMD_TERM_H
#define CMD_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct term {
	int width; /* columns; 0: no terminal, lines are as long as they are */
	bool utf8; /* else ASCII is all that it is sure to show */
	bool colour; /* a terminal, and nobody said NO_COLOR */
};

/* COLUMNS counts for more than what a terminal says of itself. Its locale is
 * that of LC_ALL, LC_CTYPE or LANG; to a file all is UTF-8. */
void term_of(FILE *out, struct term *term);

/* The columns of a line that is drawn anew again and again; 0: of none, as it
 * is no terminal, or one that can only print. The last column stays free: some
 * wrap behind it. */
int term_line(FILE *out);

enum term_tone {
	TERM_PLAIN,
	TERM_GOOD,
	TERM_WARN,
	TERM_BAD,
	TERM_FAINT,
};

/* What makes words look so, and what ends that: "" without colours. */
const char *term_tone(const struct term *term, enum term_tone tone);
const char *term_tone_end(const struct term *term, enum term_tone tone);

/* The columns that len bytes of text take; text is what str_defang() leaves. */
int term_width(const char *s, size_t len);

/*
 * How many bytes of s take at most `max` columns, with what belongs to the last
 * character; *width is what they take.
 */
size_t term_fit(const char *s, int max, int *width);

/* Make defanged text fit for it, in place: without UTF-8 what is not ASCII
 * becomes '?'. */
void term_adapt(const struct term *term, char *s);

#endif
