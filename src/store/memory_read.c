/* SPDX-License-Identifier: Apache-2.0 */
/* What is read from memory: copies, in the order of the inserts. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "store/memory_db.h"

#define ATTEMPTS_READ 200

/* Room for one more pointer behind n of them; the room doubles. */
static void *
grow(void *array, size_t n)
{
	bool full = n == 0 || (n >= 16 && (n & (n - 1)) == 0);

	if (!full)
		return array;
	return xreallocarray(array, n < 16 ? 16 : 2 * n, sizeof(void *));
}

static struct row *
next_row(const struct row *row, const struct store_ask *ask)
{
	return ask->newest ? TAILQ_PREV(row, rows, entry)
			   : TAILQ_NEXT(row, entry);
}

/* Where a page begins. */
static int
first_row(const struct mem *m, enum table_of table, const struct store_ask *ask,
    struct row **out, struct error *err)
{
	const struct table *t = &m->tables[table];
	struct row *row;

	if (ask->after == NULL) {
		*out = ask->newest ? TAILQ_LAST(&t->rows, rows)
				   : TAILQ_FIRST(&t->rows);
		return 0;
	}
	row = memory_find(m, table, ask->after);
	if (row == NULL)
		return err_set(
		    err, ERR_NOT_FOUND, "there is no %s", ask->after);
	*out = next_row(row, ask);
	return 0;
}

/* --- deliveries ----------------------------------------------------- */

/* The last ones, as many as anybody reads. */
static void
cut_log(struct delivery *d, size_t keep)
{
	size_t i, cut = d->nlog > keep ? d->nlog - keep : 0;

	for (i = 0; i < cut; i++)
		attempt_done(&d->log[i]);
	memmove(d->log, d->log + cut, (d->nlog - cut) * sizeof(*d->log));
	d->nlog -= cut;
}

static struct delivery *
copy_delivery(const struct delivery_row *r, bool body, bool parts)
{
	struct delivery *d = delivery_clone(r->d, false);

	if (body && r->body != NULL)
		d->body = xmemdup(r->body, (size_t)d->body_size);
	cut_log(d, parts ? ATTEMPTS_READ : 0);
	return d;
}

static void
add_delivery(const struct store_ask *ask, const struct delivery_row *r,
    struct delivery ***out, size_t *n)
{
	*out = grow(*out, *n);
	(*out)[(*n)++] = copy_delivery(r, ask->body, ask->parts);
}

int
memory_deliveries(void *arg, const struct store_ask *ask,
    struct delivery ***out, size_t *n, struct error *err)
{
	const struct mem *m = arg;
	struct row *row = NULL;

	if (ask->which == STORE_BY_ID) {
		row = memory_find(m, DELIVERIES, ask->key);
		if (row != NULL)
			add_delivery(ask, (struct delivery_row *)row, out, n);
		return 0;
	}
	if (first_row(m, DELIVERIES, ask, &row, err) == -1)
		return -1;
	for (; row != NULL && (ask->limit == 0 || *n < ask->limit);
	     row = next_row(row, ask)) {
		const struct delivery_row *r = (struct delivery_row *)row;

		if (!row->gone && store_ask_wants(ask, r->d))
			add_delivery(ask, r, out, n);
	}
	return 0;
}

/* --- jobs ----------------------------------------------------------- */

static void
add_job(const struct store_ask *ask, const struct job_row *r, struct job ***out,
    size_t *n)
{
	struct job *job = job_clone(r->job, false);
	size_t i;

	job_spec_copy(&job->spec, &r->spec,
	    ask->body ||
		(ask->which == STORE_UNFINISHED && job->state == JOB_QUEUED));
	for (i = 0; i < r->ndeliveries && ask->parts; i++)
		job_add_delivery(
		    job, copy_delivery(r->deliveries[i], false, false));
	*out = grow(*out, *n);
	(*out)[(*n)++] = job;
}

/* The jobs of which there are retries, by their ids. */
struct repeated {
	const char **v;
	size_t n;
};

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
find_repeated(const struct mem *m, struct repeated *to)
{
	struct row *row;

	TAILQ_FOREACH (row, &m->tables[JOBS].rows, entry) {
		const struct job_row *r = (struct job_row *)row;

		if (row->gone || r->spec.retry_of == NULL)
			continue;
		to->v = grow(to->v, to->n);
		to->v[to->n++] = r->spec.retry_of;
	}
	if (to->n > 0)
		qsort(to->v, to->n, sizeof(*to->v), by_text);
}

static bool
is_repeated(const struct repeated *r, const char *id)
{
	return r->n > 0 &&
	    bsearch(&id, r->v, r->n, sizeof(*r->v), by_text) != NULL;
}

static bool
job_fits(const struct store_ask *ask, const struct job_row *r)
{
	struct job job = *r->job;

	switch (ask->which) {
	case STORE_UNFINISHED:
		return job.state != JOB_DONE;
	case STORE_EXPIRED:
		return job.state == JOB_DONE &&
		    job.outcome == OUTCOME_EXPIRED && job.late_at == 0 &&
		    job.completed_at >= ask->since_at;
	default:
		job.spec = r->spec;
		return store_ask_wants_job(ask, &job);
	}
}

int
memory_jobs(void *arg, const struct store_ask *ask, struct job ***out,
    size_t *n, struct error *err)
{
	const struct mem *m = arg;
	struct repeated repeated = {0};
	struct row *row = NULL;

	if (ask->which == STORE_BY_ID) {
		row = memory_find(m, JOBS, ask->key);
		if (row != NULL)
			add_job(ask, (struct job_row *)row, out, n);
		return 0;
	}
	if (first_row(m, JOBS, ask, &row, err) == -1)
		return -1;
	if (ask->unrepeated)
		find_repeated(m, &repeated);
	for (; row != NULL && (ask->limit == 0 || *n < ask->limit);
	     row = next_row(row, ask)) {
		const struct job_row *r = (struct job_row *)row;

		if (!row->gone && job_fits(ask, r) &&
		    !is_repeated(&repeated, r->id))
			add_job(ask, r, out, n);
		if (*n == STORE_PIECE && ask->hand_out != NULL) {
			ask->hand_out(*out, *n, ask->hand_out_arg);
			*out = NULL;
			*n = 0;
		}
	}
	free(repeated.v);
	return 0;
}

/* --- keys and what is kept ------------------------------------------ */

int
memory_find_key(
    void *arg, const char *key, struct store_known *out, struct error *err)
{
	const struct mem *m = arg;
	const struct key_row *r =
	    (const struct key_row *)memory_find(m, KEYS, key);

	(void)err;
	if (r == NULL)
		return 0;
	memcpy(out->job_id, r->job_id, JOBID_SIZE);
	out->hash = xstrdup_or_null(r->hash);
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	const struct store_note *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int
memory_recall(void *arg, struct store_note **out, size_t *n, struct error *err)
{
	const struct mem *m = arg;
	struct row *row;

	(void)err;
	TAILQ_FOREACH (row, &m->tables[NOTES].rows, entry) {
		const struct note_row *r = (struct note_row *)row;

		*out = xreallocarray(*out, *n + 1, sizeof(**out));
		(*out)[*n].name = xstrdup(r->name);
		(*out)[(*n)++].value = xstrdup(r->value);
	}
	if (*n > 0)
		qsort(*out, *n, sizeof(**out), by_name);
	return 0;
}
