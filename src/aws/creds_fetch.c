/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which source gets the credentials of a plan, and for how long it may try.
 * The source runs inside a struct of ours: so one that never ends is ended
 * here, and none has to keep the time itself.
 */
#include "aws/creds_fetch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "aws/creds_source.h"
#include "base/mem.h"

/* Of a source with all that it rests on. A process has its own. */
#define LIMIT_MS 30000
#define PROCESS_LIMIT_MS 90000

struct limited {
	struct creds_fetch f;
	struct creds_fetch *source; /* NULL: KEYS, or it is done */
	struct loop_timer *limit;
	/* The result of KEYS, or of a time that ran out. */
	struct creds *take;
	struct error err;
};

static int64_t
limit_of(const struct creds_plan *plan)
{
	int64_t ms = plan->kind == CREDS_PROCESS ? PROCESS_LIMIT_MS : LIMIT_MS;

	for (; plan->kind == CREDS_ROLE && plan->base != NULL;
	     plan = plan->base) {
		if (plan->base->kind == CREDS_PROCESS)
			ms += PROCESS_LIMIT_MS;
	}
	return ms;
}

static void
limited_cancel(struct creds_fetch *f)
{
	struct limited *l = (struct limited *)f;

	creds_fetch_cancel(l->source);
	loop_unpost(l->f.env.loop, l);
	loop_timer_free(l->limit);
	creds_free(l->take);
	free(l);
}

void
creds_finish(struct creds_fetch *f, struct creds *take, const struct error *err)
{
	creds_done_fn *done = f->done;
	void *arg = f->arg;
	struct error e;

	if (take == NULL)
		e = *err;
	f->cancel(f);
	done(take, take == NULL ? &e : NULL, arg);
}

static void
on_source(struct creds *take, const struct error *err, void *arg)
{
	struct limited *l = arg;

	l->source = NULL;
	creds_finish(&l->f, take, err);
}

static void
on_post(void *arg)
{
	struct limited *l = arg;
	struct creds *take = l->take;

	l->take = NULL;
	creds_finish(&l->f, take, &l->err);
}

static void
on_limit(void *arg)
{
	struct limited *l = arg;

	creds_fetch_cancel(l->source);
	l->source = NULL;
	err_set(&l->err, ERR_TIMEOUT,
	    "%s: no credentials came within %" PRId64 " s", l->f.plan->source,
	    limit_of(l->f.plan) / 1000);
	l->err.retryable = true;
	loop_post(l->f.env.loop, on_post, l);
}

static creds_source_fn *
source_of(enum creds_kind kind)
{
	switch (kind) {
	case CREDS_KEYS:
		return NULL;
	case CREDS_PROCESS:
		return creds_process_start;
	case CREDS_ROLE:
		return creds_role_start;
	case CREDS_WEB_IDENTITY:
		return creds_web_identity_start;
	case CREDS_SSO:
		return creds_sso_start;
	case CREDS_CONTAINER:
		return creds_container_start;
	case CREDS_IMDS:
		return creds_imds_start;
	default:
		abort();
	}
}

int
creds_fetch_start(const struct creds_fetch_env *env,
    const struct creds_plan *plan, creds_done_fn *done, void *arg,
    struct creds_fetch **out, struct error *err)
{
	creds_source_fn *start = source_of(plan->kind);
	struct limited *l = xcalloc(1, sizeof(*l));

	l->f = (struct creds_fetch){.env = *env,
	    .plan = plan,
	    .done = done,
	    .arg = arg,
	    .cancel = limited_cancel};
	if (start == NULL) {
		l->take = xcalloc(1, sizeof(*l->take));
		creds_copy(&plan->keys, l->take);
		loop_post(env->loop, on_post, l);
	} else if (start(env, plan, on_source, l, &l->source, err) == -1) {
		free(l);
		return -1;
	} else {
		l->limit = loop_timer_new(env->loop, on_limit, l);
		loop_timer_set(l->limit, limit_of(plan));
	}
	*out = &l->f;
	return 0;
}

void
creds_fetch_cancel(struct creds_fetch *f)
{
	if (f != NULL)
		f->cancel(f);
}
