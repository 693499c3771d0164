/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions after many rows. Where a filter may drop most of what is looked at,
 * that is done a window at a time, and the operation is queued again behind
 * what others asked meanwhile.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "store/store_op.h"

/* --- windows -------------------------------------------------------- */

/* What the last one had, behind those before. */
static void
gather(struct store_op *op)
{
	size_t i, n = op->njobs + op->ndeliveries + op->nattempts;
	void **v = op->kind == STORE_OP_JOBS  ? (void **)op->jobs
	    : op->kind == STORE_OP_DELIVERIES ? (void **)op->deliveries
					      : (void **)op->attempts;

	op->found =
	    xreallocarray(op->found, op->nfound + n + 1, sizeof(*op->found));
	for (i = 0; i < n; i++)
		op->found[op->nfound++] = v[i];
	free(v);
	op->jobs = NULL;
	op->deliveries = NULL;
	op->attempts = NULL;
	op->njobs = op->ndeliveries = op->nattempts = 0;
}

static void
give_back(struct store_op *op)
{
	if (op->kind == STORE_OP_JOBS) {
		op->jobs = (struct job **)op->found;
		op->njobs = op->nfound;
	} else if (op->kind == STORE_OP_DELIVERIES) {
		op->deliveries = (struct delivery **)op->found;
		op->ndeliveries = op->nfound;
	} else {
		op->attempts = (struct attempt_entry **)op->found;
		op->nattempts = op->nfound;
	}
	op->found = NULL;
	op->nfound = 0;
}

bool
store_list_goes_on(struct store_op *op)
{
	size_t n = op->njobs + op->ndeliveries + op->nattempts;

	if (op->store == NULL || op->rc == -1)
		return false;
	if (op->stopped == 0 && op->nfound == 0)
		return false;
	gather(op);
	if (op->stopped != 0) {
		op->ask.place = op->stopped;
		op->ask.limit -= n;
		return true;
	}
	give_back(op);
	return false;
}

void
store_list_forget(struct store_op *op)
{
	while (op->nfound > 0) {
		void *row = op->found[--op->nfound];

		if (op->kind == STORE_OP_JOBS)
			job_free(row);
		else if (op->kind == STORE_OP_DELIVERIES)
			delivery_free(row);
		else
			attempt_entry_free(row);
	}
	free(op->found);
}

/* --- the verbs ------------------------------------------------------ */

static void
own_strings(struct store_ask *ask)
{
	ask->after = xstrdup_or_null(ask->after);
	ask->endpoint = xstrdup_or_null(ask->endpoint);
	ask->target = xstrdup_or_null(ask->target);
	ask->job = xstrdup_or_null(ask->job);
	ask->event = xstrdup_or_null(ask->event);
	ask->tag = xstrdup_or_null(ask->tag);
	ask->delivery = xstrdup_or_null(ask->delivery);
	ask->error_class = xstrdup_or_null(ask->error_class);
	ask->note = xstrdup_or_null(ask->note);
	if (ask->note != NULL)
		str_lower(ask->note);
}

/* Of a question that cannot be asked only the reason is told. */
static void
queue(struct store *store, struct store_op *op, int rc)
{
	own_strings(&op->ask);
	op->barred = rc == -1;
	if (op->ask.limit > 0) {
		op->store = store;
		op->ask.stopped = &op->stopped;
	}
	store_queue(store, op);
}

void
store_list(struct store *store, const struct store_query *q,
    store_jobs_fn *done, void *arg)
{
	struct store_op *op = store_op_new(STORE_OP_JOBS, arg);

	op->done.jobs = done;
	queue(store, op, store_ask_jobs(&op->ask, q, &op->err));
}

void
store_list_deliveries(struct store *store, const struct store_query *q,
    store_deliveries_fn *done, void *arg)
{
	struct store_op *op = store_op_new(STORE_OP_DELIVERIES, arg);

	op->done.deliveries = done;
	queue(store, op, store_ask_deliveries(&op->ask, q, &op->err));
}

void
store_list_attempts(struct store *store, const struct store_query *q,
    store_attempts_fn *done, void *arg)
{
	struct store_op *op = store_op_new(STORE_OP_ATTEMPTS, arg);

	op->done.attempts = done;
	queue(store, op, store_ask_attempts(&op->ask, q, &op->err));
}
