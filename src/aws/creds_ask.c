/* SPDX-License-Identifier: Apache-2.0 */
/* A question, its tries, and the pauses between them. */
#include "aws/creds_ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/random.h"

static const struct backoff pauses = {
    .start_ms = 100, .max_ms = 2000, .factor = 2, .jitter = 0.2};

struct creds_ask {
	struct creds_fetch_env env;
	struct creds_question q; /* with copies of our own */
	struct headers headers;
	unsigned tried;
	struct http_call *call;
	struct loop_timer *pause;
	http_done_fn *done;
	void *arg;
};

static void
ask_free(struct creds_ask *a)
{
	size_t i;

	/* Tokens stand in these. */
	for (i = 0; i < a->headers.n; i++)
		hash_wipe(a->headers.v[i].value, strlen(a->headers.v[i].value));
	headers_done(&a->headers);
	if (a->q.body != NULL)
		hash_wipe((char *)(uintptr_t)a->q.body, strlen(a->q.body));
	free((char *)(uintptr_t)a->q.body);
	free((char *)(uintptr_t)a->q.method);
	free((char *)(uintptr_t)a->q.url);
	loop_timer_free(a->pause);
	free(a);
}

static bool
may_change(const struct http_response *r, const struct error *err)
{
	if (r == NULL)
		return err->retryable;
	return r->status == 429 || r->status >= 500;
}

static void
on_response(const struct http_response *r, const struct error *err, void *arg)
{
	struct creds_ask *a = arg;
	http_done_fn *done = a->done;
	void *done_arg = a->arg;

	a->call = NULL;
	if (a->tried < a->q.tries && may_change(r, err)) {
		loop_timer_set(a->pause,
		    backoff_delay_ms(&pauses, a->tried - 1, random_unit()));
		return;
	}
	ask_free(a);
	done(r, err, done_arg);
}

static int
send_try(struct creds_ask *a, struct error *err)
{
	struct http_request r = {
	    .method = a->q.method,
	    .url = a->q.url,
	    .direct = a->q.direct,
	    .headers = &a->headers,
	    .body = a->q.body,
	    .body_len = a->q.body != NULL ? strlen(a->q.body) : 0,
	    .timeout_ms = a->q.timeout_ms,
	    .connect_ms = a->q.timeout_ms,
	};

	a->tried++;
	return http_start(a->env.http, &r, on_response, a, &a->call, err);
}

static void
on_pause(void *arg)
{
	struct creds_ask *a = arg;
	struct error err;

	/* Nothing of the request has changed since the first try. */
	if (send_try(a, &err) == -1)
		abort();
}

int
creds_ask_start(const struct creds_fetch_env *env,
    const struct creds_question *q, http_done_fn *done, void *arg,
    struct creds_ask **out, struct error *err)
{
	struct creds_ask *a = xcalloc(1, sizeof(*a));
	size_t i;

	a->env = *env;
	a->q = *q;
	a->q.method = xstrdup(q->method);
	a->q.url = xstrdup(q->url);
	a->q.body = xstrdup_or_null(q->body);
	headers_init(&a->headers);
	for (i = 0; q->headers != NULL && i < q->headers->n; i++)
		headers_add(
		    &a->headers, q->headers->v[i].name, q->headers->v[i].value);
	a->pause = loop_timer_new(env->loop, on_pause, a);
	a->done = done;
	a->arg = arg;
	if (send_try(a, err) == -1) {
		ask_free(a);
		return -1;
	}
	*out = a;
	return 0;
}

void
creds_ask_cancel(struct creds_ask *a)
{
	if (a == NULL)
		return;
	http_cancel(a->call);
	ask_free(a);
}
