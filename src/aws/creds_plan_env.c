/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and web identity (EKS: IRSA) from variables of the environment. */
#include <stdlib.h>

#include "aws/creds_plan_inner.h"
#include "base/mem.h"
#include "base/str.h"

static struct creds_part
variable(const char *name)
{
	struct creds_part part = {.name = name, .value = getenv(name)};

	return part;
}

/* The older name of the token still counts in boto3. */
static struct creds_part
token_variable(void)
{
	struct creds_part part = variable("AWS_SESSION_TOKEN");

	return str_empty(part.value) ? variable("AWS_SECURITY_TOKEN") : part;
}

int
plan_from_env_keys(
    const char *profile, struct creds_plan **out, struct error *err)
{
	struct creds_parts parts = {
	    .source = "environment",
	    .access_key = variable("AWS_ACCESS_KEY_ID"),
	    .secret_key = variable("AWS_SECRET_ACCESS_KEY"),
	    .session_token = token_variable(),
	    .account_id = variable("AWS_ACCOUNT_ID"),
	    .expiration = variable("AWS_CREDENTIAL_EXPIRATION"),
	};
	struct creds keys;
	int rc = creds_take_parts(&parts, &keys, err);

	if (rc != 1)
		return rc;
	*out = plan_new(CREDS_KEYS, profile, "%s", parts.source);
	(*out)->keys = keys;
	return 1;
}

int
plan_from_env_web_identity(
    const char *profile, struct creds_plan **out, struct error *err)
{
	static const struct plan_role_names names = {
	    .where = "the environment",
	    .arn = "AWS_ROLE_ARN",
	    .session_name = "AWS_ROLE_SESSION_NAME",
	};
	const struct plan_role_names values = {
	    .arn = getenv(names.arn),
	    .session_name = getenv(names.session_name),
	};
	const char *file = getenv("AWS_WEB_IDENTITY_TOKEN_FILE");
	struct creds_plan_role role;

	if (str_empty(file))
		return 0;
	if (str_empty(values.arn)) {
		err_set(err, ERR_CONFIG,
		    "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is "
		    "not");
		return err_hint(err, "Set both or neither.");
	}
	if (plan_take_role(&names, &values, &role, err) == -1)
		return -1;
	*out = plan_new(
	    CREDS_WEB_IDENTITY, profile, "web identity of the environment");
	(*out)->role = role;
	(*out)->token_file = xstrdup(file);
	return 1;
}
