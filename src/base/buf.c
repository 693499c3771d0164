/* SPDX-License-Identifier: Apache-2.0 */
/* A growing run of bytes with a maximum. */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* What an empty buffer points at, so that `data` is never NULL. */
static char nothing[1];

void
buf_init(struct buf *b, size_t max)
{
	b->data = nothing;
	b->len = 0;
	b->cap = 0;
	b->max = max;
	b->overflow = false;
}

void
buf_done(struct buf *b)
{
	if (b->cap != 0)
		free(b->data);
	buf_init(b, b->max);
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	b->overflow = false;
	if (b->cap != 0)
		b->data[0] = '\0';
}

void
buf_truncate(struct buf *b, size_t len)
{
	if (len >= b->len)
		return;
	b->len = len;
	b->data[len] = '\0';
}

/* Make room for `more` bytes and the NUL behind them. */
static int
reserve(struct buf *b, size_t more)
{
	size_t cap;

	if (b->overflow || more > b->max - b->len) {
		b->overflow = true;
		return -1;
	}
	if (b->len + more + 1 <= b->cap)
		return 0;
	cap = b->cap != 0 ? b->cap : 64;
	while (cap < b->len + more + 1)
		cap *= 2;
	if (cap - 1 > b->max)
		cap = b->max + 1;
	b->data = xrealloc(b->cap != 0 ? b->data : NULL, cap);
	b->cap = cap;
	return 0;
}

void
buf_reserve(struct buf *b, size_t len)
{
	size_t cap = (len < b->max ? len : b->max) + 1;

	if (cap <= b->cap)
		return;
	b->data = xrealloc(b->cap != 0 ? b->data : NULL, cap);
	b->data[b->len] = '\0';
	b->cap = cap;
}

int
buf_append(struct buf *b, const void *data, size_t len)
{
	if (reserve(b, len) == -1)
		return -1;
	if (len != 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
	return 0;
}

int
buf_puts(struct buf *b, const char *s)
{
	return buf_append(b, s, strlen(s));
}

int
buf_putc(struct buf *b, char c)
{
	if (reserve(b, 1) == -1)
		return -1;
	b->data[b->len++] = c;
	b->data[b->len] = '\0';
	return 0;
}

int
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		b->overflow = true;
	if (n < 0 || reserve(b, (size_t)n) == -1)
		return -1;
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
	return 0;
}

int
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = buf_vprintf(b, fmt, ap);
	va_end(ap);
	return rc;
}

char *
buf_take(struct buf *b)
{
	char *data = b->cap != 0 ? b->data : xstrdup("");

	buf_init(b, b->max);
	return data;
}
