/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tags: words that a caller gives a job, to find it by. At most 16, each 1 to
 * 64 bytes of A-Z a-z 0-9 . _ : / = + @ -, kept as one text: sorted bytewise,
 * each once, with commas between them.
 */
#ifndef JOB_TAGS_H
#define JOB_TAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define TAGS_MAX 16
#define TAG_MAX_LEN 64

bool tag_ok(const char *tag);

/*
 * From words in any order, to that text; NULL for none. ERR_USAGE names the
 * one that is none. *out is the caller's.
 */
int tags_join(
    const char *const *words, size_t n, char **out, struct error *err);

/* The same from a text with commas, with blanks around them or without. */
int tags_parse(const char *text, char **out, struct error *err);

/* Is this one of them? `tags` may be NULL. */
bool tags_has(const char *tags, const char *tag);

#endif
