/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/jobs/retry and /v1/jobs/cancel: for all that match. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "serve/api_asked.h"
#include "serve/api_bulk.h"
#include "serve/intake.h"

/* Of a retry each has its input's body in memory. */
#define RETRY_PAGE 50

static const char *const filters[] = {API_JOB_FILTERS, NULL};

/* One of a page, until its end is known. */
struct one {
	struct api_call *c;
	char id[JOBID_SIZE]; /* of what is made or given up */
};

static struct one *
one_new(struct api_call *c, const char *id)
{
	struct one *one = xcalloc(1, sizeof(*one));

	one->c = api_hold(c);
	memcpy(one->id, id, JOBID_SIZE);
	return one;
}

/* --- cancel ---------------------------------------------------------- */

static int
of_unfinished(
    const struct api_call *c, struct store_query *q, struct error *err)
{
	(void)c;
	(void)err;
	q->unfinished = true;
	return 0;
}

static void
on_given_up(const struct job *job, const struct error *err, void *arg)
{
	struct one *one = arg;
	struct api_call *c = one->c;
	struct error stops;

	free(one);
	if (!api_back(c))
		return;
	/* Neither: the service stops, and nobody waits any more. */
	if (job == NULL && err == NULL) {
		err_set(&stops, ERR_BUSY, "the service stops");
		err = &stops;
	}
	api_bulk_ended(
	    c, job != NULL && job->outcome == OUTCOME_CANCELLED, err);
}

/* One that the engine has not ended meanwhile. */
static void
begin_cancel(struct api_call *c, struct job *take_job)
{
	const struct service *service = c->api->service;

	if (engine_cancel(service->engine, take_job->id) == 0)
		waiters_add(service->waiters, take_job->id, WAIT_DONE, -1,
		    on_given_up, one_new(c, take_job->id));
	else
		api_bulk_ended(c, false, NULL);
	job_free(take_job);
}

void
api_jobs_cancel_all(struct api_call *c)
{
	static const struct api_bulk_kind kind = {
	    .of = "jobs",
	    .done = "cancelled",
	    .example = "state=queued",
	    .filters = filters,
	    .filter = api_filter_jobs,
	    .more = of_unfinished,
	    .id_ok = jobid_ok,
	    .page = API_BULK_PAGE,
	    .begin_job = begin_cancel,
	};

	api_bulk(c, &kind);
}

/* --- retry ----------------------------------------------------------- */

/* Not what is made from now on: a retry that fails at once matches as well, and
 * would be repeated without end. Ids never go backwards, as clocks may. */
static void
end_here(struct store_query *q)
{
	char id[JOBID_SIZE];
	int64_t until;

	jobid_new(id);
	until = jobid_time(id) + 1;
	if (q->until_at == 0 || q->until_at > until)
		q->until_at = until;
}

static int
of_repeatable(
    const struct api_call *c, struct store_query *q, struct error *err)
{
	bool again = false;

	if (api_query_flag(&c->query, "again", &again, err) == -1)
		return -1;
	end_here(q);
	q->ended_badly = true;
	q->unrepeated = !again;
	return 0;
}

static void
on_stored(const struct job *job, const struct error *err, void *arg)
{
	struct one *one = arg;
	struct api_call *c = one->c;

	if (api_back(c)) {
		struct api_bulk *b = c->work;

		if (job != NULL)
			buf_printf(&b->ids, "%s ", one->id);
		/* Another request was first. */
		if (err != NULL && err->code == ERR_EXISTS)
			err = NULL;
		api_bulk_ended(c, job != NULL, err);
	}
	free(one);
}

/*
 * Two that ask for this at the same time both see a job without a retry. The
 * key lets only one of them through, and it is the one that a client would name
 * for the same.
 */
static void
add_key(struct job *again, const char *id)
{
	static const struct api_asked nothing = {0};
	struct job_spec *spec = &again->spec;
	char *input = xasprintf("retry %s", id);

	spec->idempotency_key = xasprintf("awaitd retry %s", id);
	spec->idempotency_hash = api_asked_digest(&nothing, input);
	free(input);
}

static void
repeat(struct api_call *c, const struct job *job)
{
	const struct service *service = c->api->service;
	const struct api_bulk *b = c->work;
	struct job *again;
	struct error err;

	if (intake_repeat(job, &again, &err) == -1) {
		api_bulk_ended(c, false, NULL);
		return;
	}
	if (b->q.unrepeated)
		add_key(again, job->id);
	waiters_add(service->waiters, again->id, WAIT_STORED, -1, on_stored,
	    one_new(c, again->id));
	engine_submit(service->engine, again);
}

/* With its input's body, which lists leave out. */
static void
on_old(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	struct api_call *c = arg;
	struct job *job = n > 0 ? jobs[0] : NULL;

	if (!api_back(c))
		;
	else if (job != NULL)
		repeat(c, job);
	else
		/* A damaged one, or one that was forgotten, is passed over. */
		api_bulk_ended(c, false,
		    err != NULL && err->code != ERR_DAMAGED ? err : NULL);
	job_free(job);
}

static void
begin_retry(struct api_call *c, struct job *take_job)
{
	store_find(
	    c->api->service->store, take_job->id, true, on_old, api_hold(c));
	job_free(take_job);
}

/* With where it ended, for who goes on. */
static void
write_ids(struct jsonw *w, const struct api_bulk *b)
{
	char *copy = xstrdup(b->ids.data), *rest = copy, *id;

	jsonw_begin(w, "jobs", '[');
	while ((id = strsep(&rest, " ")) != NULL) {
		if (*id != '\0')
			jsonw_str(w, NULL, id);
	}
	jsonw_end(w, ']');
	jsonw_time(w, "until", b->q.until_at);
	free(copy);
}

void
api_jobs_retry_all(struct api_call *c)
{
	static const struct api_bulk_kind kind = {
	    .of = "jobs",
	    .done = "retried",
	    .example = "outcome=failed",
	    .filters = filters,
	    .filter = api_filter_jobs,
	    .more = of_repeatable,
	    .id_ok = jobid_ok,
	    .page = RETRY_PAGE,
	    .begin_job = begin_retry,
	    .more_answer = write_ids,
	};

	api_bulk(c, &kind);
}
