/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals: their width, their characters, their colours. */
#include "cmd/term.h"

#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/str.h"

#define WIDTH_DEFAULT 80
#define WIDTH_MIN 40
#define WIDTH_MAX 2000

/* --- what it is ----------------------------------------------------- */

static int
width_of(int fd)
{
	const char *columns = getenv("COLUMNS");
	struct winsize ws;
	int64_t n;

	if (columns == NULL || str_to_i64(columns, 1, INT_MAX, &n) == -1) {
		if (ioctl(fd, TIOCGWINSZ, &ws) == -1 || ws.ws_col == 0)
			return WIDTH_DEFAULT;
		n = ws.ws_col;
	}
	if (n < WIDTH_MIN)
		return WIDTH_MIN;
	return n > WIDTH_MAX ? WIDTH_MAX : (int)n;
}

/* The program itself stays in the C locale: nothing that it reads or writes
 * depends on who calls it. */
static bool
is_utf8(void)
{
	locale_t env = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool yes;

	if (env == (locale_t)0)
		return false;
	yes = str_eq(nl_langinfo_l(CODESET, env), "UTF-8");
	freelocale(env);
	return yes;
}

static bool
is_dumb(void)
{
	const char *term = getenv("TERM");

	return term != NULL && str_eq(term, "dumb");
}

static bool
in_colour(void)
{
	return str_empty(getenv("NO_COLOR")) && !is_dumb();
}

void
term_of(FILE *out, struct term *term)
{
	int fd = fileno(out);

	*term = (struct term){.utf8 = true};
	if (!isatty(fd))
		return;
	term->width = width_of(fd);
	term->utf8 = is_utf8();
	term->colour = in_colour();
}

int
term_line(FILE *out)
{
	int fd = fileno(out);
	struct winsize ws;

	if (!isatty(fd) || is_dumb())
		return 0;
	if (ioctl(fd, TIOCGWINSZ, &ws) == -1 || ws.ws_col == 0)
		return WIDTH_DEFAULT - 1;
	return ws.ws_col > 1 ? ws.ws_col - 1 : 1;
}

const char *
term_tone(const struct term *term, enum term_tone tone)
{
	if (!term->colour)
		return "";
	switch (tone) {
	case TERM_PLAIN:
		return "";
	case TERM_GOOD:
		return "\033[32m";
	case TERM_WARN:
		return "\033[33m";
	case TERM_BAD:
		return "\033[1;31m";
	case TERM_FAINT:
		return "\033[2m";
	}
	abort();
}

const char *
term_tone_end(const struct term *term, enum term_tone tone)
{
	return term->colour && tone != TERM_PLAIN ? "\033[0m" : "";
}

/* --- how wide words are --------------------------------------------- */

/* A locale that knows every character, whatever the caller's is. Kept. */
static locale_t
wide_locale(void)
{
	static locale_t kept;

	if (kept == (locale_t)0)
		kept = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	return kept;
}

/* What no table knows takes one, as most terminals have it. */
static int
width_of_char(const char *s, size_t n)
{
	locale_t wide = n > 1 ? wide_locale() : (locale_t)0, was;
	int width;

	if (wide == (locale_t)0)
		return 1;
	was = uselocale(wide);
	width = wcwidth((wchar_t)str_utf8_char(s, n));
	uselocale(was);
	return width < 0 ? 1 : width;
}

static size_t
fit(const char *s, size_t len, int max, int *width)
{
	size_t at = 0, n;
	int sum = 0, one;

	while (at < len) {
		n = str_utf8_len(s + at, len - at);
		if (n == 0)
			n = 1;
		one = width_of_char(s + at, n);
		if (one > max - sum)
			break;
		sum += one;
		at += n;
	}
	*width = sum;
	return at;
}

int
term_width(const char *s, size_t len)
{
	int width;

	fit(s, len, INT_MAX, &width);
	return width;
}

size_t
term_fit(const char *s, int max, int *width)
{
	return fit(s, strlen(s), max, width);
}

void
term_adapt(const struct term *term, char *s)
{
	char *to = s;
	size_t n;

	if (term->utf8)
		return;
	for (; *s != '\0'; s += n) {
		n = str_utf8_len(s, strlen(s));
		*to++ = n == 1 ? *s : '?';
		if (n == 0)
			n = 1;
	}
	*to = '\0';
}
