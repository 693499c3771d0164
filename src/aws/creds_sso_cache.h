/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file in which 'aws sso login' leaves its token, shared with all AWS
 * tools: ~/.aws/sso/cache/<SHA-1 of the session's name or start URL>.json.
 * Source: "IAM Identity Center credential provider", AWS SDKs and Tools
 * reference guide.
 */
#ifndef AWS_CREDS_SSO_CACHE_H
#define AWS_CREDS_SSO_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/creds_plan.h"
#include "base/error.h"

#define SSO_CACHE_MAX_BYTES ((size_t)64 * 1024)

struct sso_token {
	char *access_token;
	int64_t expires_at;
	/* What a renewal needs; NULL where the file does not have it. */
	char *refresh_token;
	char *client_id;
	char *client_secret;
	int64_t registration_ends_at; /* 0: not said */
};

/* The caller's; NULL where there is no home directory. */
char *sso_cache_path(const struct creds_plan_sso *sso);

/* ERR_NOT_FOUND where there is no file, ERR_CONFIG where it makes no sense. No
 * text holds a value. *out is the caller's. */
int sso_cache_read(const char *path, struct sso_token *out, struct error *err);
int sso_cache_parse(
    const char *data, size_t len, struct sso_token *out, struct error *err);

bool sso_token_ok(const char *access_token);
bool sso_token_renewable(const struct sso_token *t, int64_t now_at);
/* Copies both; refresh is NULL where it stays the one it was. */
void sso_token_replace(struct sso_token *t, const char *access,
    const char *refresh, int64_t expires_at);
void sso_token_done(struct sso_token *t); /* wipes it */

/*
 * Access token, its end, and refresh token as *t has them; all else in the file
 * stays as it is. Replaced in one step, for the user alone. Not made durable:
 * that could take long, and a login makes it anew.
 */
int sso_cache_write(
    const char *path, const struct sso_token *t, struct error *err);

#endif
