/* SPDX-License-Identifier: Apache-2.0 */
/* Environment and profile: which source it is. */
#include "aws/creds_plan.h"

#include <stdlib.h>
#include <string.h>

#include "aws/creds_source.h"
#include "aws/profile.h"
#include "base/mem.h"
#include "base/str.h"

int
creds_none(const char *profile, struct error *err)
{
	char *path = profile_path(PROFILE_CREDENTIALS);

	if (!str_empty(profile))
		err_set(err, ERR_AUTH,
		    "no credentials: the profile '%s' has no keys", profile);
	else
		err_set(err, ERR_AUTH, "no credentials");
	err_hint(err,
	    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or put "
	    "aws_access_key_id and aws_secret_access_key below [%s] in %s.",
	    profile_name(profile), path != NULL ? path : "~/.aws/credentials");
	free(path);
	return -1;
}

int
creds_plan_make(const char *profile, struct creds_plan **out, struct error *err)
{
	struct creds keys;
	struct creds_plan *plan;
	int rc = 0;

	if (str_empty(profile))
		rc = creds_from_env(&keys, err);
	if (rc == 0)
		rc = creds_from_profile(profile, &keys, err);
	if (rc == 0)
		return creds_none(profile, err);
	if (rc == -1)
		return -1;
	plan = xcalloc(1, sizeof(*plan));
	plan->kind = CREDS_KEYS;
	plan->keys = keys;
	plan->source = xstrdup(keys.source);
	plan->warning = xstrdup_or_null(keys.warning);
	*out = plan;
	return 0;
}

void
creds_plan_free(struct creds_plan *plan)
{
	if (plan == NULL)
		return;
	creds_done(&plan->keys);
	free(plan->source);
	free(plan->warning);
	free(plan);
}

bool
creds_plan_equal(const struct creds_plan *a, const struct creds_plan *b)
{
	return str_eq(a->keys.access_key, b->keys.access_key) &&
	    str_eq(a->keys.secret_key, b->keys.secret_key);
}
