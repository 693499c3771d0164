/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that all AWS tools share: ~/.aws/credentials and ~/.aws/config.
 * What a setting means is left to creds_plan_profile.c and endpoint.c.
 * Source: "Shared config and credentials files", AWS SDKs and Tools guide.
 *
 * A value goes to the end of its line, with " #" and " ;" as in boto3 (the AWS
 * SDK for JavaScript cuts it there): a key that holds one must not be cut.
 */
#ifndef AWS_PROFILE_H
#define AWS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum profile_kind {
	PROFILE_CREDENTIALS, /* [x] of the credentials file */
	PROFILE_CONFIG, /* [profile x] or [default] of the config file */
	PROFILE_SERVICES, /* [services x] of the config file */
	PROFILE_SSO_SESSION, /* [sso-session x] of the config file */
};

struct profile_pair {
	char *key; /* "s3.endpoint_url" for one indented below "s3 =" */
	char *value;
};

struct profile_section {
	struct profile_pair *v;
	size_t n;
	bool found; /* its header stands in the file, keys or not */
};

/* The home directory, borrowed; NULL where there is none. */
const char *profile_home(void);

/*
 * The file's path: AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE, or below the
 * home directory. The caller's; NULL where there is no home directory.
 */
char *profile_path(enum profile_kind kind);

/*
 * All keys of one section; a file or section that is missing is empty. The
 * caller calls profile_section_done, which wipes the values.
 */
int profile_read(enum profile_kind kind, const char *name,
    struct profile_section *out, struct error *err);
void profile_section_done(struct profile_section *s);

/* Names are compared without case. Borrowed; NULL where it is not set. */
const char *profile_get(const struct profile_section *s, const char *key);

/* The explicit one, AWS_PROFILE, AWS_DEFAULT_PROFILE, or "default". */
const char *profile_name(const char *explicit_name);

/* Did somebody name one? Then it has to exist: ERR_CONFIG if it does not. */
int profile_check(const char *explicit_name, struct error *err);

/*
 * A setting of the profile, from the config file or else the credentials
 * file. *out is the caller's, NULL where it is not set. A key with a dot,
 * such as "s3.endpoint_url", is looked up in the [services y] section that
 * the profile's own `services = y` points at. A missing file is no error.
 */
int profile_setting(
    const char *explicit_name, const char *key, char **out, struct error *err);

/*
 * A setting that may stand in the environment, which comes first, or in the
 * profile. *out is the caller's, NULL where it is set in neither; *from says
 * where it was found, for errors, and is the caller's, too.
 */
int profile_or_env(const char *variable, const char *explicit_name,
    const char *key, char **out, char **from, struct error *err);

/* "true" or "false" in any case; all else is ERR_CONFIG. */
int profile_or_env_bool(const char *variable, const char *explicit_name,
    const char *key, bool otherwise, bool *out, struct error *err);

/*
 * A number that changes when one of the shared files does (by their times,
 * sizes and inodes). Costs two calls of stat(2).
 */
uint64_t profile_files_version(void);

#endif
