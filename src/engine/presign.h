/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A URL that gives a result to whoever has it, for a while. The object is
 * looked at first: it must be there and be the one that was noted, and it may
 * be in another region.
 */
#ifndef ENGINE_PRESIGN_H
#define ENGINE_PRESIGN_H

#include <stdint.h>

#include "base/error.h"
#include "engine/site.h"

#define PRESIGN_DEFAULT_S 3600
#define PRESIGN_MAX_S 604800

struct presign;

/* Borrowed for the length of the callback. */
struct presigned {
	const char *url; /* a secret as long as it is valid */
	int64_t valid_s; /* less than was asked for where the credentials'
			    time is over before */
	int64_t expires_at;
};
typedef void presign_done_fn(
    const struct presigned *p, const struct error *err, void *arg);

/* Strings are copied. */
struct presign_options {
	struct site *site;
	const char *uri;
	const char *owner; /* of the bucket, or NULL */
	const char *etag; /* "" or NULL: whatever is there */
	int64_t valid_s; /* 1 to PRESIGN_MAX_S */
};

/* *out is for presign_cancel() and is gone once done was called. */
int presign_start(const struct presign_options *options, presign_done_fn *done,
    void *arg, struct presign **out, struct error *err);
void presign_cancel(struct presign *p);

#endif
