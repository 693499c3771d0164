/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation that ends the process when memory has run out. */
#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
checked(void *p)
{
	if (p == NULL) {
		fputs("awaitd: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *
xmalloc(size_t size)
{
	return checked(malloc(size != 0 ? size : 1));
}

/* glibc's calloc() passes by the lists of what was freed a moment ago, which
 * malloc() looks at first; it is better only where fresh pages are zero. */
#define CALLOC_MIN 1024

void *
xcalloc(size_t n, size_t size)
{
	if (n < CALLOC_MIN && size < CALLOC_MIN && n * size < CALLOC_MIN) {
		void *p = xmalloc(n * size);

		memset(p, 0, n * size);
		return p;
	}
	return checked(calloc(n != 0 ? n : 1, size != 0 ? size : 1));
}

void *
xrealloc(void *p, size_t size)
{
	return checked(realloc(p, size != 0 ? size : 1));
}

void *
xreallocarray(void *p, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		total = SIZE_MAX;
	return xrealloc(p, total);
}

void *
xmemdup(const void *p, size_t len)
{
	void *copy = xmalloc(len);

	if (len != 0)
		memcpy(copy, p, len);
	return copy;
}

char *
xstrdup(const char *s)
{
	return xmemdup(s, strlen(s) + 1);
}

char *
xstrdup_or_null(const char *s)
{
	return s != NULL ? xstrdup(s) : NULL;
}

char *
xstrndup(const char *s, size_t len)
{
	return checked(strndup(s, len));
}

char *
xvasprintf(const char *fmt, va_list ap)
{
	char *s;

	if (vasprintf(&s, fmt, ap) == -1)
		return checked(NULL);
	return s;
}

char *
xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	return s;
}

void
xfree(char **p)
{
	free(*p);
	*p = NULL;
}
