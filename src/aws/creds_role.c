/* SPDX-License-Identifier: Apache-2.0 */
/* A role, assumed with the credentials that another plan gets first. */
#include <stdlib.h>
#include <string.h>

#include "aws/creds_source.h"
#include "aws/sts.h"
#include "base/clock.h"
#include "base/mem.h"

struct role {
	struct creds_fetch f;
	struct creds_fetch *base;
	struct aws_client *client;
	struct sts_call *call;
	/* The result, until the call that brought it has returned. */
	struct creds *take;
	struct error err;
};

static void
role_cancel(struct creds_fetch *f)
{
	struct role *r = (struct role *)f;

	creds_fetch_cancel(r->base);
	sts_cancel(r->call);
	aws_client_free(r->client);
	loop_unpost(r->f.env.loop, r);
	creds_free(r->take);
	free(r);
}

static void
on_post(void *arg)
{
	struct role *r = arg;
	struct creds *take = r->take;

	r->take = NULL;
	creds_finish(&r->f, take, &r->err);
}

/* The client cannot go while it calls. */
static void
on_assumed(struct creds *take, const struct error *err, void *arg)
{
	struct role *r = arg;

	r->call = NULL;
	r->take = take;
	if (take == NULL)
		r->err = *err;
	loop_post(r->f.env.loop, on_post, r);
}

static int
assume(struct role *r, const struct creds *base, struct error *err)
{
	struct aws_client_options o = {.loop = r->f.env.loop,
	    .http = r->f.env.http,
	    .profile = r->f.plan->profile,
	    .fixed = base};
	struct sts_assume a = {.role = &r->f.plan->role,
	    .region = r->f.plan->region,
	    .profile = r->f.plan->profile,
	    .source = r->f.plan->source};

	if (aws_client_new(&o, &r->client, err) == -1)
		return -1;
	return sts_assume_role(r->client, &a, on_assumed, r, &r->call, err);
}

/* Nothing is signed with these; of IMDS they may outlive their time. */
static int
check_end(
    const struct creds_plan *base, const struct creds *creds, struct error *err)
{
	if (base->kind == CREDS_IMDS || creds->expires_mono > clock_mono_ms())
		return 0;
	err_set(err, ERR_AUTH, "the credentials (%s) that came are expired",
	    base->source);
	return err_hint(
	    err, "Get new credentials, or set this machine's clock.");
}

static void
on_base(struct creds *take, const struct error *err, void *arg)
{
	struct role *r = arg;
	struct error e;
	int rc;

	r->base = NULL;
	if (take == NULL) {
		e = *err;
		err_prefix(&e, "for role %s", r->f.plan->role.arn);
		creds_finish(&r->f, NULL, &e);
		return;
	}
	rc = check_end(r->f.plan->base, take, &e);
	if (rc == -1)
		err_prefix(&e, "for role %s", r->f.plan->role.arn);
	else
		rc = assume(r, take, &e);
	creds_free(take);
	if (rc == -1)
		creds_finish(&r->f, NULL, &e);
}

int
creds_role_start(const struct creds_fetch_env *env,
    const struct creds_plan *plan, creds_done_fn *done, void *arg,
    struct creds_fetch **out, struct error *err)
{
	struct role *r = xcalloc(1, sizeof(*r));

	r->f = (struct creds_fetch){.env = *env,
	    .plan = plan,
	    .done = done,
	    .arg = arg,
	    .cancel = role_cancel};
	if (creds_fetch_start(env, plan->base, on_base, r, &r->base, err) ==
	    -1) {
		free(r);
		return -1;
	}
	*out = &r->f;
	return 0;
}
