/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict JSON (RFC 8259) from anywhere. Before cJSON sees a byte, the text is
 * checked: UTF-8, one value and nothing behind it, bounded depth, no raw
 * control characters, no \u0000. Doubled keys are refused afterwards. So what
 * two parsers could read differently is never read at all.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

#define JSON_DEPTH_MAX 32

/* A node of a document; the root owns all others. */
struct json;

/* *out is the caller's (json_free). ERR_PROTOCOL names the byte's place. */
int json_parse(
    const char *data, size_t len, struct json **out, struct error *err);
/* The same of so many values at most: each of "1,1,1…" costs far more time and
 * memory than its bytes, and strangers may send a megabyte of them. */
int json_parse_few(const char *data, size_t len, size_t values_max,
    struct json **out, struct error *err);
void json_free(struct json *root);

/* The same for a document with secrets: its strings are overwritten. */
void json_free_wiped(struct json *root);

bool json_is_object(const struct json *j);
bool json_is_array(const struct json *j);
bool json_is_null(const struct json *j); /* the value null */

/* The member with exactly this name, or NULL; NULL asks nothing. */
const struct json *json_get(const struct json *obj, const char *key);

/* The string's bytes, borrowed, or NULL where the node is no string. */
const char *json_str(const struct json *j);
const char *json_get_str(const struct json *obj, const char *key);

/* A whole number below 2^53 in size. 0, or -1 with *out untouched. */
int json_i64(const struct json *j, int64_t *out);
int json_bool(const struct json *j, bool *out);

/* Members or items in their order: for (n = json_first(j); n; …json_next). */
const struct json *json_first(const struct json *j);
const struct json *json_next(const struct json *j);
const char *json_name(const struct json *j); /* of a member, or NULL */

/* The value as text again, without blanks; numbers as a double has them. 0, or
 * -1 where the buffer's maximum forbids it. */
int json_print(const struct json *j, struct buf *out);

#endif
