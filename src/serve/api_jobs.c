/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs: listed, looked at, waited for, given up, asked for again. What is
 * answered is what the store has, not what the engine is about to write.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/outlook.h"
#include "job/jobjson.h"
#include "serve/api_filter.h"
#include "serve/api_list.h"
#include "serve/api_submit.h"
#include "serve/intake.h"

#define WAIT_MAX_S 60

/* --- one ------------------------------------------------------------ */

/* When it is looked at, as the engine has it now. */
static void
add_outlook(const struct api_call *c, struct job *job)
{
	struct engine_outlook o;

	if (engine_outlook(c->api->service->engine, job->id, &o) == -1)
		return;
	job->next_look_at = o.look_at;
	free(job->next_look_why);
	job->next_look_why = xstrdup(o.why);
}

static void
on_found(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	struct api_call *c = arg;
	struct job *job = n > 0 ? jobs[0] : NULL;

	if (api_back_with(c, job, err)) {
		add_outlook(c, job);
		api_reply_job(c, 200, job);
	}
	job_free(job);
}

static void
answer(struct api_call *c)
{
	store_find(c->api->service->store, c->id, false, on_found, api_hold(c));
}

static void
on_waited(const struct job *job, const struct error *err, void *arg)
{
	struct api_call *c = arg;

	(void)err;
	c->waiter = NULL;
	/* It is on disk so, with its deliveries: thousands who wait need not
	 * read it there. */
	if (job != NULL && job->state == JOB_DONE)
		api_reply_job(c, 200, job);
	else
		answer(c);
}

static bool
must_wait(const struct api_call *c, enum wait_goal goal)
{
	const struct service *service = c->api->service;
	const struct job *job = engine_find(service->engine, c->id);

	return job != NULL && !service->stopping &&
	    (goal == WAIT_DONE || job->state == JOB_QUEUED);
}

void
api_jobs_get(struct api_call *c)
{
	static const char *const goals[] = {"accepted", "done", NULL};
	const char *until = NULL;
	enum wait_goal goal;
	struct error err;
	int64_t wait = 0;

	if (api_query_i64(&c->query, "wait", 0, WAIT_MAX_S, &wait, &err) ==
		-1 ||
	    api_query_word(&c->query, "until", goals, &until, &err) == -1) {
		api_refuse_err(c, 400, "bad_parameter", &err);
		return;
	}
	if (!jobid_ok(c->id)) {
		api_not_found(c);
		return;
	}
	memcpy(c->job, c->id, JOBID_SIZE);
	goal = until != NULL && str_eq(until, "accepted") ? WAIT_ACCEPTED
							  : WAIT_DONE;
	if (wait > 0 && must_wait(c, goal))
		api_wait(c, c->id, goal, wait * 1000, on_waited);
	else
		answer(c);
}

/* --- cancel --------------------------------------------------------- */

static void
on_ended(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	struct api_call *c = arg;
	struct job *job = n > 0 ? jobs[0] : NULL;

	if (!api_back_with(c, job, err))
		;
	else if (job->state != JOB_DONE)
		api_refuse(
		    c, 503, "unavailable", "the job could not be given up now");
	else if (job->outcome != OUTCOME_CANCELLED)
		api_refuse(c, 409, "done", "the job ended before: %s",
		    job_outcome_name(job->outcome));
	else
		api_reply_job(c, 200, job);
	job_free(job);
}

static void
answer_ended(struct api_call *c)
{
	store_find(c->api->service->store, c->id, false, on_ended, api_hold(c));
}

static void
on_cancelled(const struct job *job, const struct error *err, void *arg)
{
	struct api_call *c = arg;

	(void)job;
	(void)err;
	c->waiter = NULL;
	answer_ended(c);
}

void
api_jobs_cancel(struct api_call *c)
{
	const struct service *service = c->api->service;

	if (!jobid_ok(c->id)) {
		api_not_found(c);
		return;
	}
	memcpy(c->job, c->id, JOBID_SIZE);
	if (api_refuse_write(c))
		return;
	if (engine_cancel(service->engine, c->id) == 0)
		api_wait(c, c->id, WAIT_DONE, -1, on_cancelled);
	else
		answer_ended(c);
}

/* --- retry ---------------------------------------------------------- */

static void
repeat(struct api_call *c, const struct job *job)
{
	struct api_submit *s = c->work;
	struct error err;
	char *input;

	if (intake_repeat(job, &s->job, &err) == -1) {
		if (err.code == ERR_NOT_FOUND)
			api_refuse_err(c, 409, "input_gone", &err);
		else
			api_refuse_err(c, 422, "invalid_request", &err);
		return;
	}
	/* Under a key the same is asked for where it is of the same job. */
	input = xasprintf("retry %s", job->id);
	api_submit_go(c, input);
	free(input);
}

static void
on_old(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	struct api_call *c = arg;
	struct job *job = n > 0 ? jobs[0] : NULL;

	if (!api_back_with(c, job, err))
		;
	else if (job->state != JOB_DONE)
		api_refuse(c, 409, "not_done", "the job is %s",
		    job_state_name(job->state));
	else if (job->outcome == OUTCOME_OK)
		api_refuse(c, 409, "ok", "the job ended well");
	else
		repeat(c, job);
	job_free(job);
}

void
api_jobs_retry(struct api_call *c)
{
	if (!jobid_ok(c->id))
		api_not_found(c);
	else if (api_submit_new(c) != NULL)
		store_find(
		    c->api->service->store, c->id, true, on_old, api_hold(c));
}

/* --- many ----------------------------------------------------------- */

static void
write_row(struct jsonw *w, const void *rows, size_t i)
{
	jobjson_write(w, ((struct job *const *)rows)[i], false);
}

static const char *
id_of_row(const void *rows, size_t i)
{
	return ((struct job *const *)rows)[i]->id;
}

static void
on_list(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	static const struct api_list_kind kind = {"jobs", write_row, id_of_row};
	struct api_call *c = arg;
	size_t i;

	if (api_back(c))
		api_list_answer(c, &kind, jobs, n, err);
	for (i = 0; i < n; i++)
		job_free(jobs[i]);
}

void
api_jobs_list(struct api_call *c)
{
	static const char *const orders[] = {"oldest", "newest", NULL};
	struct store_query q = {0};
	const char *order = NULL;
	struct error err;

	if (api_list_query(c, jobid_ok, &q, &err) == -1 ||
	    api_query_word(&c->query, "order", orders, &order, &err) == -1 ||
	    api_filter_jobs(c, &q, &err) == -1) {
		api_refuse_err(c, 400, "bad_parameter", &err);
		return;
	}
	q.newest = order != NULL && str_eq(order, "newest");
	store_list(c->api->service->store, &q, on_list, api_hold(c));
}
