/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions and ranges of GET and HEAD (RFC 9110, 13 and 14). */
#ifndef LOCAL_S3COND_H
#define LOCAL_S3COND_H

#include <stdbool.h>
#include <stdint.h>

#include "net/header.h"

enum s3cond_range {
	S3COND_WHOLE, /* no range, or one that is to be ignored */
	S3COND_PART, /* 206 */
	S3COND_BEYOND, /* 416 */
};

/* 200 to go on, 304 or 412. `etag` is without quotes. */
int s3cond_check(
    const struct headers *h, const char *etag, int64_t modified_at);

/* One entity tag without its quotes, as writes are conditional on: the
 * caller's. "*" stays. */
char *s3cond_bare(const char *etag);

/*
 * Whether a Range is still of the version that was meant: If-Range's value, or
 * NULL. A date says too little, since many writes fit into a second.
 */
bool s3cond_range_meant(const char *if_range, const char *etag);

/* `range` is the header's value or NULL. Writes the part only for PART. */
enum s3cond_range s3cond_parse_range(
    const char *range, int64_t size, int64_t *offset, int64_t *len);

#endif
