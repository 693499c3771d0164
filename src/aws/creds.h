/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One set of credentials. Where they come from is decided in creds_plan.h,
 * they are got by creds_fetch.h, and kept fresh by creds_cache.h.
 */
#ifndef AWS_CREDS_H
#define AWS_CREDS_H

#include <stdint.h>

#include "aws/sigv4.h"
#include "base/error.h"

struct creds {
	char *access_key;
	char *secret_key;
	char *session_token; /* or NULL */
	char *account_id; /* or NULL: the source does not say */
	int64_t expires_at; /* as the source says it; 0: never */
	/* The same on the monotonic clock, counted from when they came: a wall
	 * clock that is wrong does not make them valid. INT64_MAX: never. */
	int64_t expires_mono;
	char *source; /* for people: "environment", "profile 'x'", "IMDS" */
	char *warning; /* to be shown to the user once, or NULL */
};

/* Wipes the keys. */
void creds_done(struct creds *c);
void creds_free(struct creds *c); /* … and the struct; or NULL */
void creds_copy(const struct creds *c, struct creds *out);
struct sigv4_credentials creds_for_signing(const struct creds *c);

/* One part, with the name that its source has for it. */
struct creds_part {
	const char *name;
	const char *value; /* or NULL; "" counts as NULL */
};

struct creds_parts {
	const char *source;
	const char *where; /* for errors, such as a file; or NULL */
	struct creds_part access_key;
	struct creds_part secret_key;
	struct creds_part session_token;
	struct creds_part account_id;
	struct creds_part expiration; /* RFC 3339 */
	int64_t now; /* the source's own clock, where it tells; 0: ours */
};

/*
 * Copy what a source has found: 1 found, 0 neither key is there, -1 wrong. One
 * key without the other, a byte that would break a header, or a date that is
 * none is ERR_CONFIG; no text ever holds a value. A time that is over is no
 * error: expires_mono says so.
 */
int creds_take_parts(
    const struct creds_parts *parts, struct creds *out, struct error *err);

#endif
