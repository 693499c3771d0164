/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts that many hold: each is kept once, under a number, and counted. What
 * nobody holds any more is let go of.
 */
#ifndef BASE_INTERN_H
#define BASE_INTERN_H

#include <stddef.h>
#include <stdint.h>

struct intern;

struct intern *intern_new(void);
void intern_free(struct intern *t); /* whoever still holds something */

/* The number of these bytes, which hold no NUL: 1 or more. It is the caller's
 * to let go of. */
uint32_t intern_hold(struct intern *t, const char *text, size_t len);

/* The text of a number that is held, and its length. Borrowed. */
const char *intern_text(const struct intern *t, uint32_t number, size_t *len);

void intern_drop(struct intern *t, uint32_t number);

/* So many are kept. */
size_t intern_count(const struct intern *t);

#endif
