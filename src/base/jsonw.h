/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON written piece by piece into a buffer. Commas and quotes come by
 * themselves; bytes that are not UTF-8 become U+FFFD, integers stay exact
 * (cJSON prints numbers through a double).
 */
#ifndef BASE_JSONW_H
#define BASE_JSONW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"

struct jsonw {
	struct buf *out;
	bool comma; /* a value stands before the next one */
};

void jsonw_init(struct jsonw *w, struct buf *out);

/* `key` is NULL inside an array and at the top. */
void jsonw_begin(struct jsonw *w, const char *key, char open); /* '{' '[' */
void jsonw_end(struct jsonw *w, char close);
void jsonw_str(struct jsonw *w, const char *key, const char *value);
void jsonw_strn(
    struct jsonw *w, const char *key, const char *value, size_t len);
void jsonw_int(struct jsonw *w, const char *key, int64_t value);
void jsonw_bool(struct jsonw *w, const char *key, bool value);
void jsonw_null(struct jsonw *w, const char *key);

/* Nothing where the value is NULL or "". */
void jsonw_opt(struct jsonw *w, const char *key, const char *value);

/* "a, b" as ["a", "b"]; "" is []. */
void jsonw_list(struct jsonw *w, const char *key, const char *list);

/* A value that was parsed, with all that is in it. */
void jsonw_json(struct jsonw *w, const char *key, const struct json *value);

/* The instant as ISO 8601; nothing where it is 0. */
void jsonw_time(struct jsonw *w, const char *key, int64_t at);

#endif
