/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a 403 of S3 means, prefix by prefix, as far as this process has found
 * out (explain.h): asked once for all jobs below a prefix, told once, and asked
 * again when the answer is old, when the credentials are others, or when S3
 * itself contradicts it. Bounded: of too many prefixes the oldest goes.
 */
#ifndef ENGINE_ACCESS_H
#define ENGINE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum access_verdict {
	ACCESS_UNSURE, /* nobody could tell */
	ACCESS_HIDDEN, /* may not list: not there yet, or not allowed */
	ACCESS_DENIED, /* an object that is missing would be 404: not allowed */
};

struct access;
struct access *access_new(void);
void access_free(struct access *a);

/* Nothing was ever refused. */
bool access_is_empty(const struct access *a);

/* One place, and who asks. */
struct access_query {
	const char *place; /* s3://bucket/key */
	size_t len; /* of its prefix (access_prefix_len) */
	const char *access_key; /* in use; NULL: not known */
};

/*
 * How much of the place is the prefix that its permissions are supposed to go
 * by: `base` and a slash, where the place lies below it, else its folder. The
 * base may be NULL.
 */
size_t access_prefix_len(const char *place, const char *base);

enum access_state {
	ACCESS_ASK, /* nobody knows: begin */
	ACCESS_ASKED, /* somebody asks just now */
	ACCESS_KNOWN, /* and *out says what */
};

/* The error is borrowed until the next call. */
enum access_state access_find(
    struct access *a, const struct access_query *q, const struct error **out);

/* The one who asks says so, and either learns or drops it. */
void access_begin(struct access *a, const struct access_query *q);
void access_drop(struct access *a, const struct access_query *q);

/* True where that is to be told: it is new for this prefix. */
bool access_learn(struct access *a, const struct access_query *q,
    enum access_verdict verdict, const struct error *err);

/* S3 answered a HEAD by 200 (found) or by 404. */
void access_answered(
    struct access *a, const struct access_query *q, bool found);

#endif
