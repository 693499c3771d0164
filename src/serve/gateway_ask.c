/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was asked for, once, and what became of it. Whoever sends it again joins
 * while it is under way here; of what an earlier answer or an earlier process
 * left, the store knows the key.
 */
#include <stdlib.h>
#include <string.h>

#include "aws/awserr.h"
#include "base/discard.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/gateway_inner.h"

/* A job may move on between a look into the store and one at the engine. */
#define LOOKS_MAX 3

typedef void tell_fn(struct gateway_call *c, void *arg);

/* --- in and out ------------------------------------------------------ */

static void
free_job(struct gateway_ask *a)
{
	if (a->job != NULL && a->job->spec.input_spooled)
		discard_path(a->job->spec.input_path);
	job_free(a->job);
	a->job = NULL;
}

static void
ask_free(struct gateway_ask *a)
{
	TAILQ_REMOVE(&a->g->asks, a, entry);
	waiters_remove(a->waiter);
	free_job(a);
	free(a->key);
	free(a);
}

static struct gateway_ask *
ask_new(struct gateway *g, char *take_key, struct job *take_job)
{
	struct gateway_ask *a = xcalloc(1, sizeof(*a));

	a->g = g;
	a->key = take_key;
	a->job = take_job;
	TAILQ_INIT(&a->calls);
	TAILQ_INSERT_TAIL(&g->asks, a, entry);
	return a;
}

static struct gateway_ask *
find(const struct gateway *g, const char *key)
{
	struct gateway_ask *a;

	if (key == NULL)
		return NULL;
	TAILQ_FOREACH (a, &g->asks, entry) {
		if (a->key != NULL && str_eq(a->key, key))
			return a;
	}
	return NULL;
}

static void
on_timer(void *arg)
{
	gateway_ask_timeout(arg);
}

static void
join(struct gateway_ask *a, struct gateway_call *c)
{
	const struct service *service = c->g->service;

	c->ask = a;
	TAILQ_INSERT_TAIL(&a->calls, c, joined);
	c->timer = loop_timer_new(service->loop, on_timer, c);
	loop_timer_set(c->timer, service->conf->gateway.timeout_ms);
}

/* An ask with nobody left goes where nothing of it is under way. */
void
gateway_ask_leave(struct gateway_call *c)
{
	struct gateway_ask *a = c->ask;

	if (a == NULL)
		return;
	TAILQ_REMOVE(&a->calls, c, joined);
	c->ask = NULL;
	if (TAILQ_EMPTY(&a->calls) && a->waiter != NULL)
		ask_free(a);
}

/* All who wait are told; then the ask is over. */
static void
tell_all(struct gateway_ask *a, tell_fn *tell, void *arg)
{
	struct gateway_call *c;

	/* With the last one it must not go by itself. */
	waiters_remove(a->waiter);
	a->waiter = NULL;
	while ((c = TAILQ_FIRST(&a->calls)) != NULL)
		tell(c, arg);
	ask_free(a);
}

/* --- what they are told ---------------------------------------------- */

static void
unavailable(
    struct gateway_call *c, enum gateway_result result, const char *text)
{
	gateway_refuse(c, result, 503, "ServiceUnavailable", "%s", text);
}

static void
tell_stopping(struct gateway_call *c, void *arg)
{
	(void)arg;
	unavailable(c, GATEWAY_UNAVAILABLE,
	    "awaitd is being stopped. What it has of this request goes on "
	    "when it is back: try again.");
}

static void
tell_doubt(struct gateway_call *c, void *arg)
{
	(void)arg;
	unavailable(c, GATEWAY_IN_DOUBT,
	    "Whether SageMaker accepted the request is not known. awaitd looks "
	    "for its result, and a delivery may still come; the same request "
	    "sent again by the SDK attaches to it.");
}

static void
tell_late(struct gateway_call *c, void *arg)
{
	(void)arg;
	unavailable(c, GATEWAY_TIMEOUT,
	    "SageMaker has not answered in time. The request goes on, and a "
	    "delivery may still come; the same request sent again by the SDK "
	    "attaches to it.");
}

/* Not on disk yet, or on its way from there. */
static void
tell_unknown(struct gateway_call *c)
{
	unavailable(c, GATEWAY_TIMEOUT,
	    "awaitd's own store has not answered in time, and whether the "
	    "request goes on is not known. The same request sent again by the "
	    "SDK is told what became of it.");
}

static void
tell_error(struct gateway_call *c, void *arg)
{
	const struct error *err = arg;

	gateway_refuse(c, GATEWAY_UNAVAILABLE, 503, "ServiceUnavailable",
	    "Nothing can be taken now: %s", err->text);
}

static void
tell_not_sent(struct gateway_call *c, void *arg)
{
	const struct error *err = arg;

	gateway_refuse(c, GATEWAY_NOT_SENT, 503, "ServiceUnavailable",
	    "SageMaker has not got the request, and no delivery will come: %s",
	    err->text);
}

struct told {
	const struct job *job;
	const struct direct_answer *answer;
};

static void
tell_accepted(struct gateway_call *c, void *arg)
{
	const struct told *t = arg;

	gateway_accept(c, t->job, t->answer);
}

static void
tell_declined(struct gateway_call *c, void *arg)
{
	const struct told *t = arg;

	gateway_pass_on(c, t->job, t->answer);
}

static void
tell_ended(struct gateway_call *c, void *arg)
{
	const struct job *job = arg;

	gateway_refuse(c, GATEWAY_ENDED, 400, "ValidationError",
	    "The request is job %s of awaitd, which ended (%s): %s", job->id,
	    job_outcome_name(job->outcome),
	    job->error_text != NULL ? job->error_text : "no reason is known");
}

static void
tell_forgotten(struct gateway_call *c, void *arg)
{
	gateway_refuse(c, GATEWAY_ENDED, 400, "ValidationError",
	    "The request was job %s of awaitd, which was forgotten at the end "
	    "of its retention.",
	    (const char *)arg);
}

/* --- of a job that goes on ------------------------------------------- */

/* A result, or a failure of the model, shows as well as a 202 that it was
 * accepted. */
static bool
was_accepted(const struct job *job)
{
	size_t i;

	for (i = 0; i < job->nsubs; i++) {
		if (job->subs[i].fate == SUB_ACCEPTED ||
		    job->subs[i].fate == SUB_FAILED)
			return true;
	}
	return job->state == JOB_PENDING || job->outcome == OUTCOME_OK;
}

static void
tell_of(struct gateway_ask *a, const struct job *job)
{
	struct told t = {.job = job};

	if (was_accepted(job))
		tell_all(a, tell_accepted, &t);
	else if (job->state == JOB_DONE)
		tell_all(a, tell_ended, (void *)(uintptr_t)job);
	else
		tell_all(a, tell_late, NULL);
}

static void
on_waited(const struct job *job, const struct error *err, void *arg)
{
	struct gateway_ask *a = arg;

	a->waiter = NULL;
	if (job != NULL)
		tell_of(a, job);
	else if (err != NULL)
		tell_all(a, tell_error, (void *)(uintptr_t)err);
	else
		tell_all(a, tell_stopping, NULL);
}

/* --- its own first try ------------------------------------------------ */

static void
on_direct(enum direct_end end, const struct job *job,
    const struct direct_answer *answer, const struct error *err, void *arg)
{
	struct gateway_ask *a = arg;
	struct told t = {.job = job, .answer = answer};
	void *why = (void *)(uintptr_t)err;

	a->direct = false;
	switch (end) {
	case DIRECT_ACCEPTED:
		tell_all(a, tell_accepted, &t);
		return;
	case DIRECT_DECLINED:
		if (answer != NULL && !awserr_is_identity(err))
			tell_all(a, tell_declined, &t);
		else
			tell_all(a, tell_not_sent, why);
		return;
	case DIRECT_IN_DOUBT:
		tell_all(a, tell_doubt, NULL);
		return;
	case DIRECT_OVER:
		tell_of(a, job);
		return;
	case DIRECT_NOT_STORED:
	case DIRECT_BROKEN:
		tell_all(a, tell_error, why);
		return;
	}
	abort();
}

static void
submit(struct gateway_ask *a)
{
	const struct service *service = a->g->service;
	struct error stalled = service->stalled;
	struct job *job = a->job;

	if (service->stopping) {
		tell_all(a, tell_stopping, NULL);
		return;
	}
	if (stalled.code != ERR_NONE) {
		tell_all(a, tell_error, &stalled);
		return;
	}
	if (a->key != NULL) {
		job->spec.idempotency_key = xstrdup(a->key);
		job->spec.idempotency_hash = xstrdup(strchr(a->key, '\t') + 1);
	}
	memcpy(a->id, job->id, sizeof(a->id));
	a->job = NULL;
	a->direct = true;
	engine_submit_direct(service->engine, job, on_direct, a);
}

/* --- what the store has ----------------------------------------------- */

static void look_up(struct gateway_ask *a);

/* It is QUEUED on disk, or was when that was read. */
static void
wait_for(struct gateway_ask *a)
{
	const struct service *service = a->g->service;
	const struct job *job = engine_find(service->engine, a->id);

	if (service->stopping)
		tell_all(a, tell_stopping, NULL);
	else if (job != NULL && job->state == JOB_QUEUED)
		a->waiter = waiters_add(
		    service->waiters, a->id, WAIT_ACCEPTED, -1, on_waited, a);
	else if (a->looks < LOOKS_MAX)
		look_up(a);
	else
		tell_all(a, tell_late, NULL);
}

static void
attach(struct gateway_ask *a, const char *id, const struct job *job)
{
	memcpy(a->id, id, sizeof(a->id));
	if (job == NULL)
		tell_all(a, tell_forgotten, (void *)(uintptr_t)id);
	else if (was_accepted(job) || job->state == JOB_DONE)
		tell_of(a, job);
	else
		wait_for(a);
}

/* Nothing was begun where nobody is left. */
static void
on_known(const struct store_key *key, struct job *take_job,
    const struct error *err, void *arg)
{
	struct gateway_ask *a = arg;

	if (TAILQ_EMPTY(&a->calls))
		ask_free(a);
	else if (err != NULL)
		tell_all(a, tell_error, (void *)(uintptr_t)err);
	else if (key != NULL)
		attach(a, key->job_id, take_job);
	else
		submit(a);
	job_free(take_job);
}

static void
look_up(struct gateway_ask *a)
{
	a->looks++;
	store_find_idempotency(a->g->service->store, a->key, on_known, a);
}

/* --- from outside ------------------------------------------------------ */

void
gateway_ask(struct gateway_call *c, char *take_key)
{
	struct gateway_ask *a = find(c->g, take_key);
	struct job *job = c->job;

	if (a != NULL) {
		/* The other one's job is it. */
		free(take_key);
		join(a, c);
		return;
	}
	c->job = NULL;
	a = ask_new(c->g, take_key, job);
	join(a, c);
	if (a->key != NULL)
		look_up(a);
	else
		submit(a);
}

/* Who is told that it goes on may rely on that: a refusal that comes now ends
 * the job, and is delivered. */
void
gateway_ask_timeout(struct gateway_call *c)
{
	struct gateway_ask *a = c->ask;

	if (a->direct && engine_let_go(c->g->service->engine, a->id) == 0) {
		a->direct = false;
		tell_all(a, tell_late, NULL);
	} else if (a->direct) {
		tell_unknown(c);
	} else if (a->id[0] == '\0') {
		unavailable(c, GATEWAY_UNAVAILABLE,
		    "awaitd's own store has not answered in time, and nothing "
		    "was sent.");
	} else {
		tell_late(c, NULL);
	}
}

void
gateway_asks_stop(struct gateway *g)
{
	struct gateway_call *c, *next;

	for (c = TAILQ_FIRST(&g->calls); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (c->ask != NULL)
			tell_stopping(c, NULL);
	}
}

void
gateway_asks_free(struct gateway *g)
{
	while (!TAILQ_EMPTY(&g->asks))
		ask_free(TAILQ_FIRST(&g->asks));
}
