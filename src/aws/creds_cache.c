/* SPDX-License-Identifier: Apache-2.0 */
/* The credentials in use. */
#include "aws/creds_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

struct creds_cache {
	struct creds_fetch_env env;
	char *profile;
	struct creds_plan *plan;
};

int
creds_cache_new(const struct creds_cache_options *options,
    struct creds_cache **out, struct error *err)
{
	struct creds_plan *plan;
	struct creds_cache *c;

	if (creds_plan_make(options->profile, &plan, err) == -1)
		return -1;
	if (plan->kind != CREDS_KEYS) {
		err_set(err, ERR_CONFIG,
		    "the credentials are to come from: %s; that is not there "
		    "yet",
		    plan->source);
		creds_plan_free(plan);
		return -1;
	}
	c = xcalloc(1, sizeof(*c));
	c->env = options->env;
	c->profile = xstrdup_or_null(options->profile);
	c->plan = plan;
	*out = c;
	return 0;
}

void
creds_cache_free(struct creds_cache *c)
{
	if (c == NULL)
		return;
	creds_plan_free(c->plan);
	free(c->profile);
	free(c);
}

const struct creds *
creds_cache_now(struct creds_cache *c)
{
	return &c->plan->keys;
}

void
creds_cache_refused(struct creds_cache *c, const char *access_key)
{
	struct creds_plan *plan;
	struct error ignored;

	if (!str_eq(c->plan->keys.access_key, access_key) ||
	    creds_plan_make(c->profile, &plan, &ignored) == -1)
		return;
	if (plan->kind != CREDS_KEYS) {
		creds_plan_free(plan);
		return;
	}
	creds_plan_free(c->plan);
	c->plan = plan;
}

void
creds_cache_state(const struct creds_cache *c, struct creds_state *out)
{
	memset(out, 0, sizeof(*out));
	out->source = c->plan->source;
	out->warning = c->plan->warning;
	out->current = &c->plan->keys;
}
