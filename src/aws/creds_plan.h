/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the credentials come from: decided from the environment and the shared
 * files alone, as the AWS SDKs decide it, without asking anybody. The first
 * source that is configured is the one, even if it fails later: to go on to
 * the next would be to act as somebody else.
 *
 *   environment keys (unless a profile was named explicitly) -> role_arn of
 *   the profile with its source -> web identity of the environment (behind the
 *   profile if that was named explicitly) -> the profile: web identity, SSO,
 *   keys of the credentials file, credential_process, keys of the config file
 *   -> container endpoint -> IMDS
 *
 * That is boto3's order. A role comes before the web identity of the
 * environment because on EKS it rests on that.
 *
 * Source: "Standardized credential providers", AWS SDKs and Tools reference
 * guide. doc/aws-settings.md has each row beside what boto3 and the AWS SDK
 * for JavaScript do.
 */
#ifndef AWS_CREDS_PLAN_H
#define AWS_CREDS_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/creds.h"
#include "base/error.h"

enum creds_kind {
	CREDS_KEYS, /* here they are */
	CREDS_PROCESS,
	CREDS_ROLE, /* AssumeRole, with the credentials of `base` */
	CREDS_WEB_IDENTITY, /* AssumeRoleWithWebIdentity, unsigned */
	CREDS_SSO,
	CREDS_CONTAINER, /* ECS, EKS Pod Identity */
	CREDS_IMDS,
};

/* ROLE and WEB_IDENTITY */
struct creds_plan_role {
	char *arn;
	char *session_name; /* never NULL: "awaitd-…" where none is set */
	char *external_id; /* or NULL */
	int64_t duration_s; /* 900 to 43,200; 0: not said */
};

struct creds_plan_sso {
	char *account_id;
	char *role_name;
	char *region; /* of the portal */
	char *start_url;
	char *session; /* names the cache file; NULL: the start URL does */
};

struct creds_plan_container {
	char *url; /* checked: no other hosts than the SDKs allow */
	char *token; /* for Authorization, or NULL; never in a log */
	char *token_file; /* read at each fetch, before `token`; or NULL */
};

struct creds_plan_imds {
	char *url; /* "http://169.254.169.254" or what replaces it */
	char *role; /* AWS_EC2_INSTANCE_PROFILE_NAME, or NULL: asked for */
	bool v1_disabled;
	int64_t timeout_ms; /* of each try */
	int64_t tries;
	bool last_resort; /* nothing at all is configured */
};

struct creds_plan {
	enum creds_kind kind;
	char *source; /* for people, as struct creds has it */
	char *warning; /* such as "… is open to other users", or NULL */
	char *profile; /* that it was read for: its name */
	char *region; /* for STS; NULL: endpoint_region decides */
	struct creds keys; /* KEYS; of PROCESS the account_id, if it is known */
	char *command; /* PROCESS: as written */
	struct creds_plan_role role;
	struct creds_plan *base; /* ROLE */
	char *token_file; /* WEB_IDENTITY: read at each fetch */
	struct creds_plan_sso sso;
	struct creds_plan_container container;
	struct creds_plan_imds imds;
};

/*
 * `profile` is the explicit one, or NULL. ERR_CONFIG where a file or setting
 * is wrong (cycles of source_profile, mfa_serial, half a pair …), ERR_AUTH with
 * a hint where nothing is configured and IMDS is switched off. No text holds a
 * secret. *out is the caller's.
 */
int creds_plan_make(
    const char *profile, struct creds_plan **out, struct error *err);
void creds_plan_free(struct creds_plan *plan);

/* Would both get the same credentials in the same way? */
bool creds_plan_equal(const struct creds_plan *a, const struct creds_plan *b);

#endif
