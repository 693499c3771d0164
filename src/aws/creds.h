/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials, found as the AWS SDKs find them. One file per source
 * (creds_env.c, creds_profile.c); creds.c asks them in order and stops at the
 * first that is configured, even if it fails. The settings that live beside
 * them are in profile.h.
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
	const char *source; /* "environment", "profile"; static */
	char *warning; /* to be shown to the user once, or NULL */
};

/* What the caller was told explicitly; NULL asks the environment. */
struct creds_options {
	const char *profile;
};

/*
 * The chain. Environment keys come first, unless a profile was named
 * explicitly. ERR_AUTH with a hint where there are none at all.
 */
int creds_load(
    const struct creds_options *options, struct creds *out, struct error *err);
void creds_done(struct creds *c);
struct sigv4_credentials creds_for_signing(const struct creds *c);

/* --- sources: 1 found, 0 not configured, -1 configured but wrong ---- */
int creds_from_env(struct creds *out, struct error *err);
int creds_from_profile(
    const char *profile, struct creds *out, struct error *err);

/* --- for the sources ------------------------------------------------ */

/* One part, with the name that its source has for it. */
struct creds_part {
	const char *name;
	const char *value; /* or NULL; "" counts as NULL */
};

struct creds_parts {
	const char *source; /* static */
	const char *where; /* for errors, such as a file; or NULL */
	struct creds_part access_key;
	struct creds_part secret_key;
	struct creds_part session_token;
};

/*
 * Copy what a source has found, with the answers of a source: one key without
 * the other, or a byte that would break a header, is ERR_CONFIG.
 */
int creds_take_parts(
    const struct creds_parts *parts, struct creds *out, struct error *err);

#endif
