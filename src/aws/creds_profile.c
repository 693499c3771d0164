/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Static keys of a profile of the shared files. A profile that gets its keys
 * in another way is refused by name: to pass over it would be to act as
 * somebody else.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "aws/creds_source.h"
#include "aws/profile.h"
#include "base/mem.h"
#include "base/str.h"

struct sections {
	const char *name;
	struct profile_section credentials;
	struct profile_section config;
};

/* Static keys beside these are only the means to assume the role. */
static const char *const never[] = {"role_arn"};

static const char *const instead_of_keys[] = {
    "web_identity_token_file",
    "credential_source",
    "credential_process",
    "sso_session",
    "sso_start_url",
    "login_session",
};

static bool
has(const struct sections *s, const char *key)
{
	return profile_get(&s->credentials, key) != NULL ||
	    profile_get(&s->config, key) != NULL;
}

static int
refuse_keys(const struct sections *s, const char *const *keys, size_t n,
    struct error *err)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!has(s, keys[i]))
			continue;
		err_set(err, ERR_CONFIG,
		    "the profile '%s' uses %s, which is not supported yet",
		    s->name, keys[i]);
		return err_hint(err,
		    "Use a profile with aws_access_key_id and "
		    "aws_secret_access_key, or export the variables that "
		    "'aws configure export-credentials' prints.");
	}
	return 0;
}

static void
warn_if_open(const char *path, struct creds *out)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & 077) != 0)
		out->warning = xasprintf(
		    "%s is open to other users (mode %04o); make it 0600", path,
		    (unsigned)st.st_mode & 07777u);
}

static int
take_section(const struct profile_section *s, enum profile_kind kind,
    const char *name, struct creds *out, struct error *err)
{
	char *path, *where;
	struct creds_parts parts = {
	    .source = "profile",
	    .access_key = {"aws_access_key_id",
		profile_get(s, "aws_access_key_id")},
	    .secret_key = {"aws_secret_access_key",
		profile_get(s, "aws_secret_access_key")},
	    .session_token = {"aws_session_token",
		profile_get(s, "aws_session_token")},
	};
	int rc;

	if (!s->found)
		return 0;
	path = profile_path(kind);
	where = xasprintf("%s, profile '%s'", path, name);
	parts.where = where;
	rc = creds_take_parts(&parts, out, err);
	if (rc == 1)
		warn_if_open(path, out);
	free(where);
	free(path);
	return rc;
}

/* The credentials file wins, but never gives one half of a pair. */
static int
take_keys(const struct sections *s, struct creds *out, struct error *err)
{
	int rc;

	if (refuse_keys(s, never, ARRAY_LEN(never), err) == -1)
		return -1;
	rc = take_section(
	    &s->credentials, PROFILE_CREDENTIALS, s->name, out, err);
	if (rc == 0)
		rc =
		    take_section(&s->config, PROFILE_CONFIG, s->name, out, err);
	if (rc == 0)
		rc = refuse_keys(
		    s, instead_of_keys, ARRAY_LEN(instead_of_keys), err);
	return rc;
}

int
creds_from_profile(const char *profile, struct creds *out, struct error *err)
{
	struct sections s = {.name = profile_name(profile)};
	int rc;

	if (profile_check(profile, err) == -1 ||
	    profile_read(PROFILE_CREDENTIALS, s.name, &s.credentials, err) ==
		-1)
		return -1;
	rc = profile_read(PROFILE_CONFIG, s.name, &s.config, err);
	if (rc == 0)
		rc = take_keys(&s, out, err);
	profile_section_done(&s.credentials);
	profile_section_done(&s.config);
	return rc;
}
