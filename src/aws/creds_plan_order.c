/* SPDX-License-Identifier: Apache-2.0 */
/* Which source of credentials it is. */
#include <stdlib.h>

#include "aws/creds_plan.h"
#include "aws/creds_plan_inner.h"
#include "aws/creds_source.h"
#include "base/mem.h"
#include "base/str.h"

void
creds_none_hint(const char *profile, struct error *err)
{
	char *path = profile_path(PROFILE_CREDENTIALS);

	err_hint(err,
	    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, "
	    "or put keys below [%.40s] in %.90s, or run where there is a role; "
	    "'awaitd check' tells more. To try without AWS: awaitd-local.",
	    profile_name(profile), path != NULL ? path : "~/.aws/credentials");
	free(path);
}

int
creds_none(const char *profile, struct error *err)
{
	const char *name = profile_name(profile);

	if (str_eq(name, "default"))
		err_set(err, ERR_AUTH, "no credentials");
	else
		err_set(err, ERR_AUTH,
		    "no credentials: the profile '%s' has none", name);
	creds_none_hint(profile, err);
	return -1;
}

/* boto3 takes the keys here, the AWS SDK for JavaScript the profile. */
static void
warn_of_two(struct creds_plan *plan)
{
	const char *named = getenv("AWS_PROFILE");

	if (!str_empty(named))
		plan_warn(plan,
		    "both AWS_ACCESS_KEY_ID and AWS_PROFILE are set: the keys "
		    "are used, not the profile '%.80s'",
		    named);
}

/* The profile, and around it the variables of web identity. */
static int
plan_from_either(const struct plan_profile *p, bool explicit,
    struct creds_plan **out, struct error *err)
{
	int rc = plan_from_role(p, out, err);

	if (rc == 0 && !explicit)
		rc = plan_from_env_web_identity(p->name, out, err);
	if (rc == 0)
		rc = plan_from_profile(p, out, err);
	if (rc == 0)
		rc = plan_from_source(p, out, err);
	if (rc == 0 && explicit)
		rc = plan_from_env_web_identity(p->name, out, err);
	return rc;
}

static int
plan_without_keys(
    const char *profile, struct creds_plan **out, struct error *err)
{
	struct plan_profile p;
	int rc;

	if (profile_check(profile, err) == -1 ||
	    plan_profile_read(&p, profile_name(profile), err) == -1)
		return -1;
	rc = plan_from_either(&p, !str_empty(profile), out, err);
	if (rc == 0)
		rc = plan_from_container(p.name, out, err);
	if (rc == 0)
		rc = plan_from_imds(&p, true, out, err);
	plan_profile_done(&p);
	return rc;
}

int
creds_plan_make(const char *profile, struct creds_plan **out, struct error *err)
{
	struct creds_plan *plan = NULL;
	int rc = 0;

	if (str_empty(profile)) {
		rc = plan_from_env_keys(profile_name(profile), &plan, err);
		if (rc == 1)
			warn_of_two(plan);
	}
	if (rc == 0)
		rc = plan_without_keys(profile, &plan, err);
	if (rc == 0)
		rc = creds_none(profile, err);
	if (rc == -1)
		return -1;
	*out = plan;
	return 0;
}
