/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing run of bytes that is born with a maximum.
 *
 * Invariants: `data` is never NULL and always ends in a NUL byte that `len`
 * does not count; len <= max. An append that would pass the maximum changes
 * nothing, sets `overflow`, and so does every later one: a builder appends
 * freely and asks once at its end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max;
	bool overflow;
};

void buf_init(struct buf *b, size_t max);
void buf_done(struct buf *b);

/* Make room for so many bytes at once, as far as the maximum lets: who knows
 * need not let it grow by and by. */
void buf_reserve(struct buf *b, size_t len);

/* Empty it, keep its memory. */
void buf_clear(struct buf *b);

/* Forget what stands behind the first len bytes; the overflow stays. */
void buf_truncate(struct buf *b, size_t len);

/* 0, or -1 where the maximum forbids it (or printf(3) fails). */
int buf_append(struct buf *b, const void *data, size_t len);
int buf_puts(struct buf *b, const char *s);
int buf_putc(struct buf *b, char c);
int buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
int buf_vprintf(struct buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* The bytes become the caller's (free(3)); the buffer is empty again. */
char *buf_take(struct buf *b);

#endif
