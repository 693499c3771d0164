/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about strings, and what is read from them. */
#include "base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

bool
str_eq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

int
str_lower_char(int c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

bool
str_ieq(const char *a, const char *b)
{
	for (; *a != '\0' && *b != '\0'; a++, b++) {
		if (str_lower_char(*a) != str_lower_char(*b))
			return false;
	}
	return *a == *b;
}

bool
str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool
str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

bool
str_empty(const char *s)
{
	return s == NULL || *s == '\0';
}

bool
str_near(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), head = 0, tail = 0;
	size_t shorter = la < lb ? la : lb, longer = la < lb ? lb : la;

	while (head < shorter && a[head] == b[head])
		head++;
	while (tail < shorter - head && a[la - 1 - tail] == b[lb - 1 - tail])
		tail++;
	return longer - head - tail <= 2;
}

bool
str_has_control(const char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	}
	return false;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

char *
str_trim(char *s)
{
	size_t n;

	while (is_blank(*s))
		s++;
	for (n = strlen(s); n > 0 && is_blank(s[n - 1]); n--)
		s[n - 1] = '\0';
	return s;
}

void
str_lower(char *s)
{
	for (; *s != '\0'; s++)
		*s = (char)str_lower_char(*s);
}

bool
str_is_alnum(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

size_t
str_utf8_len(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n, i;
	unsigned lo = 0x80, hi = 0xbf;

	if (len == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	/* No overlong forms, no surrogates, nothing past U+10FFFF. */
	if (p[0] == 0xe0)
		lo = 0xa0;
	else if (p[0] == 0xed)
		hi = 0x9f;
	else if (p[0] == 0xf0)
		lo = 0x90;
	else if (p[0] == 0xf4)
		hi = 0x8f;
	if (len < n || p[1] < lo || p[1] > hi)
		return 0;
	for (i = 2; i < n; i++) {
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	}
	return n;
}

bool
str_is_text(const char *s, size_t len)
{
	size_t n;

	for (; len > 0; s += n, len -= n) {
		n = str_utf8_len(s, len);
		if (n == 0 || *s == '\0')
			return false;
	}
	return true;
}

uint32_t
str_utf8_char(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;

	switch (n) {
	case 1:
		return p[0];
	case 2:
		return (p[0] & 0x1fU) << 6 | (p[1] & 0x3fU);
	case 3:
		return (p[0] & 0x0fU) << 12 | (p[1] & 0x3fU) << 6 |
		    (p[2] & 0x3fU);
	case 4:
		return (p[0] & 0x07U) << 18 | (p[1] & 0x3fU) << 12 |
		    (p[2] & 0x3fU) << 6 | (p[3] & 0x3fU);
	default:
		abort();
	}
}

/*
 * Unicode 15, DerivedCoreProperties: controls, and of the format characters
 * (Cf) those that turn words around, break lines or show nothing; not what
 * scripts and emoji are joined with (U+200C, U+200D).
 */
static const struct {
	uint32_t first, last;
} harmful[] = {
    {0x0000, 0x001f},
    {0x007f, 0x009f},
    {0x061c, 0x061c},
    {0x180e, 0x180e},
    {0x200b, 0x200b},
    {0x200e, 0x200f},
    {0x2028, 0x202e},
    {0x2060, 0x206f},
    {0xfeff, 0xfeff},
    {0xfff9, 0xfffb},
    {0xe0000, 0xe007f},
};

bool
str_is_harmless(const char *s, size_t n)
{
	uint32_t c = str_utf8_char(s, n);
	size_t i;

	for (i = 0; i < ARRAY_LEN(harmful) && c >= harmful[i].first; i++) {
		if (c <= harmful[i].last)
			return false;
	}
	return true;
}

void
str_defang(char *s)
{
	size_t left = strlen(s), n;

	for (; left > 0; s += n, left -= n) {
		n = str_utf8_len(s, left);
		if (n == 0) {
			*s = '?';
			n = 1;
		} else if (!str_is_harmless(s, n)) {
			memset(s, ' ', n);
		}
	}
}

int
str_to_i64(const char *s, int64_t min, int64_t max, int64_t *out)
{
	const char *p = *s == '-' ? s + 1 : s;
	long long n;

	if (*p == '\0' || strspn(p, "0123456789") != strlen(p))
		return -1;
	errno = 0;
	n = strtoll(s, NULL, 10);
	if (errno != 0 || n < min || n > max)
		return -1;
	*out = n;
	return 0;
}

static const struct {
	const char *name;
	double ms;
} units[] = {
    {"ms", 1},
    {"s", 1000},
    {"", 1000},
    {"m", 60000},
    {"h", 3600000},
    {"d", 86400000},
};

int
str_to_duration_ms(const char *s, int64_t *out_ms)
{
	size_t digits = strspn(s, "0123456789."), i;
	double n;
	char *end;

	if (digits == 0 || digits > 15)
		return -1;
	n = strtod(s, &end);
	if (end != s + digits)
		return -1;
	for (i = 0; i < ARRAY_LEN(units); i++) {
		if (!str_eq(end, units[i].name))
			continue;
		n *= units[i].ms;
		if (n > 1e15)
			return -1;
		*out_ms = (int64_t)(n + 0.5);
		return 0;
	}
	return -1;
}

static const struct {
	const char *name;
	int64_t bytes;
} sizes[] = {
    {"", 1},
    {"B", 1},
    {"kB", 1000},
    {"MB", 1000000},
    {"GB", 1000000000},
    {"TB", 1000000000000},
    {"KiB", INT64_C(1) << 10},
    {"MiB", INT64_C(1) << 20},
    {"GiB", INT64_C(1) << 30},
    {"TiB", INT64_C(1) << 40},
};

int
str_to_size(const char *s, int64_t *out)
{
	size_t digits = strspn(s, "0123456789"), i;
	char number[20];
	int64_t n;

	if (digits == 0 || digits >= sizeof(number))
		return -1;
	memcpy(number, s, digits);
	number[digits] = '\0';
	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		if (!str_eq(s + digits, sizes[i].name))
			continue;
		if (str_to_i64(number, 0, (INT64_C(1) << 60) / sizes[i].bytes,
			&n) == -1)
			return -1;
		*out = n * sizes[i].bytes;
		return 0;
	}
	return -1;
}

int
str_to_millionths(const char *s, int64_t *out)
{
	size_t whole = strspn(s, "0123456789"), part = 0;
	char digits[20];
	int64_t n;

	if (s[whole] == '.')
		part = strspn(s + whole + 1, "0123456789");
	if (whole == 0 || whole > 12 || part > 6 ||
	    s[whole + (s[whole] == '.') + part] != '\0' ||
	    (s[whole] == '.' && part == 0))
		return -1;
	snprintf(digits, sizeof(digits), "%.*s%.*s%.*s", (int)whole, s,
	    (int)part, part > 0 ? s + whole + 1 : "", (int)(6 - part),
	    "000000");
	if (str_to_i64(digits, 0, INT64_MAX, &n) == -1)
		return -1;
	*out = n;
	return 0;
}

/* In brackets an IPv6 address; else what has no colon of its own. */
static bool
is_host(const char *host, bool bracketed)
{
	unsigned char address[16];

	if (bracketed)
		return inet_pton(AF_INET6, host, address) == 1;
	for (; *host != '\0'; host++) {
		if (!str_is_alnum(*host) && strchr(".-_", *host) == NULL)
			return false;
	}
	return true;
}

int
str_split_host_port(const char *s, char **host, int *port)
{
	const char *colon = strrchr(s, ':');
	bool bracketed;
	char *name;
	int64_t n;

	if (colon == NULL || colon == s ||
	    str_to_i64(colon + 1, 0, 65535, &n) == -1 || colon[1] == '-')
		return -1;
	bracketed = s[0] == '[' && colon - s > 2 && colon[-1] == ']';
	name = bracketed ? xstrndup(s + 1, (size_t)(colon - s) - 2)
			 : xstrndup(s, (size_t)(colon - s));
	if (!is_host(name, bracketed)) {
		free(name);
		return -1;
	}
	*host = name;
	*port = (int)n;
	return 0;
}

/* One word at *p, appended. What is wrong with it, or NULL. */
static const char *
next_word(const char **p, bool escapes, struct buf *word)
{
	const char *s = *p;
	char quote = '\0';

	for (; *s != '\0' && (quote != '\0' || !is_blank(*s)); s++) {
		if (quote == '\0' && (*s == '"' || *s == '\'')) {
			quote = *s;
			continue;
		}
		if (*s == quote) {
			quote = '\0';
			continue;
		}
		if (quote == '"' && *s == '\\' && (s[1] == '"' || s[1] == '\\'))
			s++;
		else if (escapes && quote == '\0' && *s == '\\' && *++s == '\0')
			return "nothing follows the '\\' at its end";
		buf_putc(word, *s);
	}
	*p = s;
	return quote != '\0' ? "a quote is left open" : NULL;
}

static const char *
skip_blanks(const char *s)
{
	while (is_blank(*s))
		s++;
	return s;
}

static int
split(const char *s, bool escapes, size_t max, char ***out, size_t *n,
    struct error *err)
{
	char **words = xcalloc(1, sizeof(*words));
	const char *wrong = NULL;
	struct buf word;
	size_t len = 0;
	int rc = 0;

	for (s = skip_blanks(s); rc == 0 && *s != '\0'; s = skip_blanks(s)) {
		buf_init(&word, strlen(s));
		if (len == max)
			rc =
			    err_set(err, ERR_USAGE, "more than %zu words", max);
		else if ((wrong = next_word(&s, escapes, &word)) != NULL)
			rc = err_set(err, ERR_USAGE, "%s", wrong);
		words = xreallocarray(words, len + 2, sizeof(*words));
		words[len++] = buf_take(&word);
		words[len] = NULL;
	}
	if (rc == -1) {
		str_free_words(words);
		return -1;
	}
	*out = words;
	*n = len;
	return 0;
}

int
str_split_words(
    const char *s, size_t max, char ***out, size_t *n, struct error *err)
{
	return split(s, false, max, out, n, err);
}

int
str_split_command(
    const char *s, size_t max, char ***out, size_t *n, struct error *err)
{
	return split(s, true, max, out, n, err);
}

void
str_free_words(char **words)
{
	size_t i;

	for (i = 0; words != NULL && words[i] != NULL; i++)
		free(words[i]);
	free(words);
}
