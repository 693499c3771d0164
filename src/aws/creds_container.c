/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The credentials endpoint of ECS and of EKS Pod Identity: one GET. Its token
 * is the pod's own and is told to nobody.
 */
#include <stdlib.h>
#include <string.h>

#include "aws/creds_ask.h"
#include "aws/creds_source.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#define TRY_MS 2000
#define TRIES 3
#define TOKEN_MAX_BYTES ((size_t)32 * 1024)

struct container {
	struct creds_fetch f;
	struct creds_ask *ask;
	struct buf token; /* that was sent: so that no text repeats it */
};

static void
container_cancel(struct creds_fetch *f)
{
	struct container *c = (struct container *)f;

	creds_ask_cancel(c->ask);
	hash_wipe(c->token.data, c->token.len);
	buf_done(&c->token);
	free(c);
}

static void
hint_at_status(int status, struct error *err)
{
	if (status == 401 || status == 403)
		err_hint(err,
		    "Look at the task's role (ECS) or the pod identity "
		    "association of the service account (EKS).");
	else if (status >= 300 && status < 400)
		err_hint(err,
		    "Redirects are not followed: the token would go with "
		    "them. Name the endpoint itself.");
}

static void
on_answer(
    const struct http_response *r, const struct error *http_err, void *arg)
{
	struct container *c = arg;
	struct creds creds, *take = NULL;
	struct error err;
	int rc = -1;

	c->ask = NULL;
	if (r == NULL)
		err = *http_err;
	else if (r->status != 200)
		rc = creds_refusal("the answer", r, &err);
	else
		rc = creds_take_json(c->f.plan->source, r, &creds, &err);
	if (rc == 0) {
		take = xmemdup(&creds, sizeof(creds));
	} else {
		creds_redact(&err, c->token.data);
		err_prefix(&err, "%s", c->f.plan->source);
		if (r != NULL)
			hint_at_status(r->status, &err);
	}
	creds_finish(&c->f, take, &err);
}

static int
find_token(struct container *c, struct error *err)
{
	const struct creds_plan_container *p = &c->f.plan->container;

	if (p->token_file == NULL) {
		if (p->token != NULL)
			buf_puts(&c->token, p->token);
		return 0;
	}
	if (creds_read_token(p->token_file, &c->token, err) == 0)
		return 0;
	err_prefix(err, "%s", c->f.plan->source);
	return err_hint(err,
	    "Look at AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE and at what "
	    "mounts it.");
}

static int
ask(struct container *c, struct error *err)
{
	struct creds_question q = {.method = "GET",
	    .url = c->f.plan->container.url,
	    .direct = true,
	    .timeout_ms = TRY_MS,
	    .tries = TRIES};
	struct headers h;
	int rc;

	headers_init(&h);
	headers_add(&h, "Accept", "application/json");
	if (c->token.len > 0)
		headers_add(&h, "Authorization", c->token.data);
	q.headers = &h;
	rc = creds_ask_start(&c->f.env, &q, on_answer, c, &c->ask, err);
	headers_done(&h);
	return rc;
}

int
creds_container_start(const struct creds_fetch_env *env,
    const struct creds_plan *plan, creds_done_fn *done, void *arg,
    struct creds_fetch **out, struct error *err)
{
	struct container *c = xcalloc(1, sizeof(*c));

	c->f = (struct creds_fetch){.env = *env,
	    .plan = plan,
	    .done = done,
	    .arg = arg,
	    .cancel = container_cancel};
	buf_init(&c->token, TOKEN_MAX_BYTES);
	if (find_token(c, err) == -1 || ask(c, err) == -1) {
		container_cancel(&c->f);
		return -1;
	}
	*out = &c->f;
	return 0;
}
