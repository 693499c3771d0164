/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials from AWS_ACCESS_KEY_ID and the variables beside it. Whether
 * they are asked at all is left to creds.c.
 */
#include <stdlib.h>

#include "aws/creds_source.h"

static struct creds_part
variable(const char *name)
{
	struct creds_part part = {.name = name, .value = getenv(name)};

	return part;
}

int
creds_from_env(struct creds *out, struct error *err)
{
	struct creds_parts parts = {
	    .source = "environment",
	    .access_key = variable("AWS_ACCESS_KEY_ID"),
	    .secret_key = variable("AWS_SECRET_ACCESS_KEY"),
	    .session_token = variable("AWS_SESSION_TOKEN"),
	};

	return creds_take_parts(&parts, out, err);
}
