/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about strings, and what is read from them without surprises. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

bool str_eq(const char *a, const char *b);
bool str_ieq(const char *a, const char *b); /* ASCII case only */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
bool str_empty(const char *s); /* NULL or "" */

/* Equal but for a letter or two: what "did you mean" is asked of. */
bool str_near(const char *a, const char *b);

/* Bytes 0x00-0x1f and 0x7f: nothing that is printed may hold them. */
bool str_has_control(const char *s);

/*
 * Make s fit for a terminal, in place: what str_is_harmless() denies becomes
 * blanks, and bytes that are not UTF-8 become '?'.
 */
void str_defang(char *s);

/* The caller's string without blanks at both ends; changes s in place. */
char *str_trim(char *s);

/*
 * The length (1 to 4) of the well-formed UTF-8 sequence at s, of which `len`
 * bytes may be read; 0 where there is none.
 */
size_t str_utf8_len(const char *s, size_t len);

/* The character that such a sequence of n bytes is. */
uint32_t str_utf8_char(const char *s, size_t n);

/*
 * It is none that a terminal obeys (controls, those of U+0080 to U+009F too),
 * none that turns the words around it about (overrides and isolates), breaks
 * lines or hides.
 */
bool str_is_harmless(const char *s, size_t n);

/* UTF-8 without NUL: a string for every program that reads it. */
bool str_is_text(const char *s, size_t len);

/* ASCII only, whatever the locale. */
int str_lower_char(int c);
void str_lower(char *s);
bool str_is_alnum(int c);

/*
 * A whole decimal number with no sign but '-', no blanks, nothing behind it,
 * within [min, max]. 0, or -1 with *out untouched.
 */
int str_to_i64(const char *s, int64_t min, int64_t max, int64_t *out);

/*
 * A duration such as "250ms", "5s", "2m", "6h", "7d" or plain seconds ("5",
 * "0.25") as milliseconds. 0, or -1 with *out untouched.
 */
int str_to_duration_ms(const char *s, int64_t *out_ms);

/*
 * A size such as "20kB" (20,000 bytes), "64KiB" or plain bytes; whole numbers
 * of B, kB to TB and KiB to TiB. 0, or -1 with *out untouched where it
 * is none or beyond 2^60.
 */
int str_to_size(const char *s, int64_t *out);

/* "0.005" in millionths: digits, and at most 6 behind a point; below 10^12.
 * 0, or -1 with *out untouched. */
int str_to_millionths(const char *s, int64_t *out);

/*
 * "HOST:PORT", "[v6]:PORT": a name or a numeric address, and 0 to 65535. The
 * host is the caller's, without brackets. 0, or -1 with outputs untouched.
 */
int str_split_host_port(const char *s, char **host, int *port);

/*
 * Words as a shell would cut them without doing anything else: blanks
 * separate; '...' and "..." keep together, and inside the latter \" and \\
 * stand for themselves. *out ends in NULL (str_free_words). ERR_USAGE where a
 * quote is left open or there are more than max words.
 */
int str_split_words(
    const char *s, size_t max, char ***out, size_t *n, struct error *err);
void str_free_words(char **words);

/* The same for a command as a POSIX shell reads it: outside of quotes '\'
 * takes what follows for itself, and may not be the last. */
int str_split_command(
    const char *s, size_t max, char ***out, size_t *n, struct error *err);

#endif
