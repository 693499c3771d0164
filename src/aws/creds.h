/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials and the settings that live beside them, found as the AWS SDKs
 * find them. One file per source (creds_env.c, creds_profile.c); creds.c asks
 * them in order and stops at the first that is configured, even if it fails.
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

/* --- sources: 1 found, 0 not configured, -1 configured but wrong --- */
int creds_from_env(struct creds *out, struct error *err);
int creds_from_profile(
    const char *profile, struct creds *out, struct error *err);

/*
 * A setting of the shared files: AWS_PROFILE's section of ~/.aws/config (or
 * AWS_CONFIG_FILE). *out is the caller's, NULL where it is not set.
 * `services` asks the [services x] section the profile points at: key
 * "s3.endpoint_url". A file that cannot be read is an error, a missing one is
 * not.
 */
int profile_setting(
    const char *profile, const char *key, char **out, struct error *err);

/* AWS_PROFILE, AWS_DEFAULT_PROFILE, or "default". Borrowed. */
const char *profile_name(const char *explicit_name);

#endif
