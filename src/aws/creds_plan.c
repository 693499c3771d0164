/* SPDX-License-Identifier: Apache-2.0 */
/* A plan: made, compared, freed. */
#include "aws/creds_plan.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "aws/creds_plan_inner.h"
#include "aws/creds_source.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

/* --- one plan ------------------------------------------------------- */

struct creds_plan *
plan_new(enum creds_kind kind, const char *profile, const char *fmt, ...)
{
	struct creds_plan *plan = xcalloc(1, sizeof(*plan));
	va_list ap;

	plan->kind = kind;
	plan->profile = xstrdup(profile);
	va_start(ap, fmt);
	plan->source = xvasprintf(fmt, ap);
	va_end(ap);
	return plan;
}

void
plan_warn(struct creds_plan *plan, const char *fmt, ...)
{
	char *before = plan->warning, *text;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	if (before == NULL) {
		plan->warning = text;
		return;
	}
	plan->warning = xasprintf("%s; %s", before, text);
	free(before);
	free(text);
}

void
creds_plan_free(struct creds_plan *plan)
{
	if (plan == NULL)
		return;
	creds_plan_free(plan->base);
	creds_done(&plan->keys);
	hash_wipe_free(&plan->command);
	hash_wipe_free(&plan->container.token);
	free(plan->source);
	free(plan->warning);
	free(plan->profile);
	free(plan->region);
	free(plan->role.arn);
	free(plan->role.session_name);
	free(plan->role.external_id);
	free(plan->token_file);
	free(plan->sso.account_id);
	free(plan->sso.role_name);
	free(plan->sso.region);
	free(plan->sso.start_url);
	free(plan->sso.session);
	free(plan->container.url);
	free(plan->container.token_file);
	free(plan->imds.url);
	free(plan->imds.role);
	free(plan);
}

/* --- comparing ------------------------------------------------------ */

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : str_eq(a, b);
}

static bool
same_keys(const struct creds *a, const struct creds *b)
{
	return same(a->access_key, b->access_key) &&
	    same(a->secret_key, b->secret_key) &&
	    same(a->session_token, b->session_token) &&
	    same(a->account_id, b->account_id) &&
	    a->expires_at == b->expires_at;
}

static bool
same_role(const struct creds_plan *a, const struct creds_plan *b)
{
	return same(a->role.arn, b->role.arn) &&
	    same(a->role.session_name, b->role.session_name) &&
	    same(a->role.external_id, b->role.external_id) &&
	    a->role.duration_s == b->role.duration_s &&
	    same(a->token_file, b->token_file);
}

static bool
same_sso(const struct creds_plan_sso *a, const struct creds_plan_sso *b)
{
	return same(a->account_id, b->account_id) &&
	    same(a->role_name, b->role_name) && same(a->region, b->region) &&
	    same(a->start_url, b->start_url) && same(a->session, b->session);
}

static bool
same_container(
    const struct creds_plan_container *a, const struct creds_plan_container *b)
{
	return same(a->url, b->url) && same(a->token, b->token) &&
	    same(a->token_file, b->token_file);
}

static bool
same_imds(const struct creds_plan_imds *a, const struct creds_plan_imds *b)
{
	return same(a->url, b->url) && same(a->role, b->role) &&
	    a->v1_disabled == b->v1_disabled &&
	    a->timeout_ms == b->timeout_ms && a->tries == b->tries &&
	    a->last_resort == b->last_resort;
}

bool
creds_plan_equal(const struct creds_plan *a, const struct creds_plan *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->kind == b->kind && same(a->profile, b->profile) &&
	    same(a->region, b->region) && same_keys(&a->keys, &b->keys) &&
	    same(a->command, b->command) && same_role(a, b) &&
	    same_sso(&a->sso, &b->sso) &&
	    same_container(&a->container, &b->container) &&
	    same_imds(&a->imds, &b->imds) && creds_plan_equal(a->base, b->base);
}
