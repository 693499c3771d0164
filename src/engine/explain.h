/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it means that S3 refused a HEAD, which has no words: the same question
 * as a GET has, and where that says AccessDenied and not of what, a listing of
 * just that key tells. S3 answers 404 for a missing object to whoever may list
 * it, and checks s3:ListBucket for that with the key as s3:prefix.
 * Source: HeadObject, S3 API reference.
 */
#ifndef ENGINE_EXPLAIN_H
#define ENGINE_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "engine/access.h"
#include "engine/site.h"

struct explain;

struct explain_options {
	struct site *site;
	struct s3_ref ref; /* copied */
	size_t prefix_len; /* of it, for the words (access_prefix_len) */
	/* What is known of the prefix already: nothing is listed; or NULL. */
	const struct error *known; /* copied */
	/* It was a GET that was refused, with these words; or NULL. */
	const struct error *denied; /* copied */
};

enum explain_answer {
	EXPLAIN_THERE, /* it is there and can be read */
	EXPLAIN_MISSING, /* no such key */
	EXPLAIN_REFUSED, /* … as the verdict says */
	EXPLAIN_KNOWN, /* … as was known */
	EXPLAIN_TROUBLE, /* something else stands in the way */
};

/* The error is NULL for THERE and MISSING; its hint says what would help. */
typedef void explain_fn(enum explain_answer answer, enum access_verdict verdict,
    const struct error *err, void *arg);

/* At most two requests; with `denied` at most one, and done may be called
 * before this returns, once *out is set. */
int explain_start(const struct explain_options *options, explain_fn *done,
    void *arg, struct explain **out, struct error *err);

/* done is not called any more. NULL is nothing. */
void explain_cancel(struct explain *x);

/* What it is about. Borrowed, up to the end of done. */
void explain_query(const struct explain *x, struct access_query *out);

/* An AccessDenied of something that is certainly there: which permission
 * would help. */
void explain_denied(struct error *err, const char *place, size_t prefix_len,
    const char *region);

#endif
