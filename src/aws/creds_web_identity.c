/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A role for a token in a file, which somebody else writes anew from time to
 * time (the kubelet, for IRSA): so the file is read at each try.
 */
#include <stdlib.h>
#include <string.h>

#include "aws/creds_source.h"
#include "aws/sts.h"
#include "base/backoff.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"

#define TRIES_MAX 3
#define TOKEN_MAX_BYTES ((size_t)32 * 1024)

static const struct backoff pauses = {
    .start_ms = 300, .max_ms = 3000, .factor = 2, .jitter = 0.2};

struct web {
	struct creds_fetch f;
	struct aws_client *client;
	struct sts_call *call;
	struct loop_timer *pause;
	unsigned tried;
	/* The result, until the call or timer that brought it has returned. */
	struct creds *take;
	struct error err;
};

static void
web_cancel(struct creds_fetch *f)
{
	struct web *w = (struct web *)f;

	sts_cancel(w->call);
	aws_client_free(w->client);
	loop_unpost(w->f.env.loop, w);
	loop_timer_free(w->pause);
	if (w->take != NULL)
		creds_done(w->take);
	free(w->take);
	free(w);
}

static void
on_post(void *arg)
{
	struct web *w = arg;
	struct creds *take = w->take;

	w->take = NULL;
	creds_finish(&w->f, take, &w->err);
}

/* STS does not know the issuer's new key yet: this is 400, which no call tries
 * again by itself. */
static bool
may_change(const struct error *err)
{
	return str_eq(err->remote_code, "InvalidIdentityToken");
}

static void
on_assumed(struct creds *take, const struct error *err, void *arg)
{
	struct web *w = arg;

	w->call = NULL;
	if (take == NULL && w->tried < TRIES_MAX && may_change(err)) {
		loop_timer_set(w->pause,
		    backoff_delay_ms(&pauses, w->tried - 1, random_unit()));
		return;
	}
	w->take = take;
	if (take == NULL)
		w->err = *err;
	loop_post(w->f.env.loop, on_post, w);
}

static int
assume(struct web *w, struct error *err)
{
	struct sts_assume a = {.role = &w->f.plan->role,
	    .region = w->f.plan->region,
	    .profile = w->f.plan->profile,
	    .source = w->f.plan->source};
	struct buf token;
	int rc;

	w->tried++;
	buf_init(&token, TOKEN_MAX_BYTES);
	rc = creds_read_token(w->f.plan->token_file, &token, err);
	if (rc == -1) {
		err_prefix(err, "the web identity token");
		err_hint(err,
		    "Look whether AWS_WEB_IDENTITY_TOKEN_FILE, or "
		    "web_identity_token_file of the profile, names the file "
		    "that is mounted.");
	} else {
		a.web_identity_token = token.data;
		rc = sts_assume_role(
		    w->client, &a, on_assumed, w, &w->call, err);
	}
	hash_wipe(token.data, token.len);
	buf_done(&token);
	return rc;
}

static void
on_pause(void *arg)
{
	struct web *w = arg;

	if (assume(w, &w->err) == -1)
		loop_post(w->f.env.loop, on_post, w);
}

int
creds_web_identity_start(const struct creds_fetch_env *env,
    const struct creds_plan *plan, creds_done_fn *done, void *arg,
    struct creds_fetch **out, struct error *err)
{
	struct aws_client_options o = {.loop = env->loop,
	    .http = env->http,
	    .profile = plan->profile,
	    .anonymous = true};
	struct web *w = xcalloc(1, sizeof(*w));

	w->f = (struct creds_fetch){.env = *env,
	    .plan = plan,
	    .done = done,
	    .arg = arg,
	    .cancel = web_cancel};
	w->pause = loop_timer_new(env->loop, on_pause, w);
	if (aws_client_new(&o, &w->client, err) == -1 || assume(w, err) == -1) {
		web_cancel(&w->f);
		return -1;
	}
	*out = &w->f;
	return 0;
}
