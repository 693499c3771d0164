/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is written to memory. The only owner is ourselves: what a file's rows
 * are fenced with beside that, their epoch, is so here, too.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/event.h"
#include "store/memory_db.h"
#include "store/memory_event.h"

/* --- deliveries ----------------------------------------------------- */

static struct delivery_row *
delivery_row_new(struct job_row *of, const struct delivery *d)
{
	struct delivery_row *r = xcalloc(1, sizeof(*r));

	r->of = of;
	r->d = delivery_clone(d, false);
	if (d->body != NULL && !d->by_reference)
		r->body = xmemdup(d->body, (size_t)d->body_size);
	memcpy(r->id, d->id, DELIVERY_ID_SIZE);
	r->row.key = r->id;
	return r;
}

static int
insert_delivery(struct mem *m, struct job_row *of, const struct delivery *d,
    struct error *err)
{
	struct delivery_row *r;

	if (memory_find(m, DELIVERIES, d->id) != NULL)
		return err_set(
		    err, ERR_STORE, "there is a delivery %s already", d->id);
	r = delivery_row_new(of, d);
	of->deliveries = xreallocarray(
	    of->deliveries, of->ndeliveries + 1, sizeof(struct delivery_row *));
	of->deliveries[of->ndeliveries++] = r;
	memory_add(m, DELIVERIES, &r->row);
	return 0;
}

static int
insert_deliveries(
    struct mem *m, struct job_row *of, const struct job *job, struct error *err)
{
	size_t i;

	for (i = 0; i < job->ndeliveries; i++) {
		if (insert_delivery(m, of, job->deliveries[i], err) == -1)
			return -1;
	}
	return 0;
}

/* How an attempt began stays. */
static void
save_attempt(struct delivery *d, const struct attempt *a)
{
	struct attempt *to;
	bool replay;
	int64_t started_at;
	size_t i;

	for (i = 0; i < d->nlog && d->log[i].n < a->n; i++)
		continue;
	if (i == d->nlog || d->log[i].n != a->n) {
		d->log = xreallocarray(d->log, d->nlog + 1, sizeof(*d->log));
		memmove(&d->log[i + 1], &d->log[i],
		    (d->nlog - i) * sizeof(*d->log));
		d->nlog++;
		attempt_copy(&d->log[i], a);
		return;
	}
	to = &d->log[i];
	replay = to->replay;
	started_at = to->started_at;
	attempt_done(to);
	attempt_copy(to, a);
	to->replay = replay;
	to->started_at = started_at;
}

static void
change_delivery(struct delivery *to, const struct delivery *from)
{
	to->state = from->state;
	to->due_at = from->due_at;
	to->ended_at = from->ended_at;
	to->attempts = from->attempts;
	to->failures = from->failures;
	to->interruptions = from->interruptions;
	to->interrupted_since = from->interrupted_since;
	to->replays = from->replays;
	to->last_status = from->last_status;
	free(to->note);
	to->note = xstrdup_or_null(from->note);
}

int
memory_save_delivery(void *arg, const struct delivery *d,
    const struct attempt *a, struct error *err)
{
	struct mem *m = arg;
	struct row *row = memory_find(m, DELIVERIES, d->id);
	enum job_event_type type;
	struct delivery *next;

	if (row == NULL)
		return err_set(
		    err, ERR_NOT_FOUND, "there is no delivery %s", d->id);
	next = delivery_clone(((struct delivery_row *)row)->d, false);
	if (next->epoch != d->epoch) {
		delivery_free(next);
		return err_set(
		    err, ERR_STORE, "delivery %s is not ours any more", d->id);
	}
	type = store_event_of_delivery(next->state, next->due_at, d, a);
	change_delivery(next, d);
	if (a != NULL)
		save_attempt(next, a);
	memory_set(m, DELIVERIES, row, next);
	if (a != NULL)
		memory_add_attempt(m, (struct delivery_row *)row, a->n);
	memory_note_event(m, type, d->job_id, d->id, d->attempts);
	if (d->follow != NULL &&
	    memory_find(m, DELIVERIES, d->follow->id) == NULL)
		return insert_delivery(
		    m, ((struct delivery_row *)row)->of, d->follow, err);
	return 0;
}

/* --- jobs ----------------------------------------------------------- */

/* Its changeable part: no spec, no deliveries. */
static struct job *
state_of(const struct job *job)
{
	struct job bare = *job;

	memset(&bare.spec, 0, sizeof(bare.spec));
	bare.deliveries = NULL;
	bare.ndeliveries = 0;
	bare.polls = 0;
	return job_clone(&bare, false);
}

static void
insert_key(struct mem *m, const struct job *job)
{
	struct key_row *r = xcalloc(1, sizeof(*r));

	r->key = xstrdup(job->spec.idempotency_key);
	r->hash = xstrdup_or_null(job->spec.idempotency_hash);
	memcpy(r->job_id, job->id, JOBID_SIZE);
	r->created_at = job->created_at;
	r->row.key = r->key;
	memory_add(m, KEYS, &r->row);
}

static void
note_event(struct mem *m, enum job_event_type type, const struct job *job)
{
	memory_note_event(m, type, job->id, NULL, (unsigned)job->nsubs);
}

int
memory_insert(void *arg, const struct job *job, struct error *err)
{
	struct mem *m = arg;
	const char *key = job->spec.idempotency_key;
	struct job_row *r;

	if (memory_find(m, JOBS, job->id) != NULL)
		return err_set(
		    err, ERR_EXISTS, "there is a job %s already", job->id);
	if (key != NULL && memory_find(m, KEYS, key) != NULL)
		return err_set(
		    err, ERR_EXISTS, "there is a job of this key already");
	r = xcalloc(1, sizeof(*r));
	job_spec_copy(&r->spec, &job->spec, true);
	r->job = state_of(job);
	memcpy(r->id, job->id, JOBID_SIZE);
	r->row.key = r->id;
	memory_add(m, JOBS, &r->row);
	if (key != NULL)
		insert_key(m, job);
	note_event(m, EVENT_JOB_QUEUED, job);
	note_event(m, store_event_of_job(JOB_QUEUED, job), job);
	return job->state == JOB_DONE ? insert_deliveries(m, r, job, err) : 0;
}

/* Those that were there, and the one that is saved. */
static void
merge_submissions(struct job *next, const struct job *old, unsigned n)
{
	struct submission *given = next->subs;
	size_t i, ngiven = next->nsubs, keep = old->nsubs;
	size_t count = n > keep ? n : keep;

	next->subs = xcalloc(count, sizeof(*next->subs));
	next->nsubs = count;
	for (i = 0; i < count; i++)
		submission_copy(&next->subs[i],
		    i + 1 == n || i >= keep ? &given[i] : &old->subs[i]);
	for (i = 0; i < ngiven; i++)
		submission_done(&given[i]);
	free(given);
}

static void
copy_late(struct job *to, const struct job *from)
{
	free(to->late_location);
	free(to->late_etag);
	free(to->late_type);
	to->late_at = from->late_at;
	to->late_location = xstrdup_or_null(from->late_location);
	to->late_etag = xstrdup_or_null(from->late_etag);
	to->late_type = xstrdup_or_null(from->late_type);
	to->late_size = from->late_size;
}

static int
refuse(const struct job *job, struct error *err)
{
	return err_set(err, ERR_STORE, "job %s is not ours any more", job->id);
}

static int
may_save(const struct job_row *r, const struct job *job, struct error *err)
{
	if (r == NULL || r->job->epoch != job->epoch)
		return refuse(job, err);
	if (r->job->state == JOB_DONE)
		return err_set(err, ERR_STORE,
		    "a job that is done cannot change: %s", job->id);
	return 0;
}

static void
replace_job(struct mem *m, struct job_row *r, struct job *take_next)
{
	take_next->created_at = r->job->created_at;
	memory_set(m, JOBS, &r->row, take_next);
}

int
memory_save(void *arg, const struct job *job, unsigned n, struct error *err)
{
	struct mem *m = arg;
	struct job_row *r = (struct job_row *)memory_find(m, JOBS, job->id);
	struct job *next;

	if (may_save(r, job, err) == -1)
		return -1;
	next = state_of(job);
	merge_submissions(next, r->job, n);
	copy_late(next, r->job);
	note_event(m, store_event_of_job(r->job->state, job), job);
	replace_job(m, r, next);
	return job->state == JOB_DONE ? insert_deliveries(m, r, job, err) : 0;
}

int
memory_save_late(void *arg, const struct job *job, struct error *err)
{
	struct mem *m = arg;
	struct job_row *r = (struct job_row *)memory_find(m, JOBS, job->id);
	struct job *next;

	if (r == NULL || r->job->epoch != job->epoch)
		return refuse(job, err);
	if (r->job->state != JOB_DONE || r->job->outcome != OUTCOME_EXPIRED)
		return err_set(
		    err, ERR_STORE, "job %s has not expired", job->id);
	if (r->job->late_at != 0)
		return err_set(err, ERR_EXISTS,
		    "job %s has a late result already", job->id);
	next = state_of(r->job);
	copy_late(next, job);
	note_event(m, EVENT_JOB_LATE, job);
	replace_job(m, r, next);
	return insert_deliveries(m, r, job, err);
}

/* --- what is kept --------------------------------------------------- */

int
memory_keep(void *arg, const char *name, const char *value, struct error *err)
{
	struct mem *m = arg;
	struct row *row = memory_find(m, NOTES, name);
	struct note_row *r;

	(void)err;
	if (row != NULL) {
		memory_set(m, NOTES, row, xstrdup(value));
		return 0;
	}
	r = xcalloc(1, sizeof(*r));
	r->name = xstrdup(name);
	r->value = xstrdup(value);
	r->row.key = r->name;
	memory_add(m, NOTES, &r->row);
	return 0;
}

/* There are no other owners. */
int
memory_take_over(void *arg, size_t *n, struct error *err)
{
	(void)arg;
	(void)err;
	*n = 0;
	return 0;
}

/* --- retention ------------------------------------------------------ */

static bool
may_go(const struct job_row *r, int64_t before_at)
{
	size_t i;

	if (r->row.gone || r->job->state != JOB_DONE ||
	    r->job->completed_at >= before_at)
		return false;
	for (i = 0; i < r->ndeliveries; i++) {
		if (r->deliveries[i]->d->state == DELIVERY_WAITING)
			return false;
	}
	return true;
}

static int
by_end(const void *a, const void *b)
{
	const struct job_row *const *x = a, *const *y = b;
	int64_t p = (*x)->job->completed_at, q = (*y)->job->completed_at;

	return p < q ? -1 : p > q;
}

static void
drop_job(struct mem *m, struct job_row *r)
{
	size_t i;

	for (i = 0; i < r->ndeliveries; i++) {
		memory_drop_attempts(m, r->deliveries[i]);
		memory_drop(m, DELIVERIES, &r->deliveries[i]->row);
	}
	memory_forget_told(m, r->id);
	memory_drop(m, JOBS, &r->row);
}

static size_t
forget_jobs(struct mem *m, int64_t before_at, size_t limit)
{
	struct job_row **v = NULL;
	struct row *row;
	size_t i, n = 0;

	TAILQ_FOREACH (row, &m->tables[JOBS].rows, entry) {
		if (!may_go((struct job_row *)row, before_at))
			continue;
		v = xreallocarray(v, n + 1, sizeof(struct job_row *));
		v[n++] = (struct job_row *)row;
	}
	if (n > 0)
		qsort(v, n, sizeof(struct job_row *), by_end);
	for (i = 0; i < n && i < limit; i++)
		drop_job(m, v[i]);
	free(v);
	return i;
}

static size_t
forget_keys(struct mem *m, int64_t before_at, size_t limit)
{
	struct row *row;
	size_t n = 0;

	TAILQ_FOREACH (row, &m->tables[KEYS].rows, entry) {
		const struct key_row *r = (struct key_row *)row;

		if (n == limit)
			break;
		if (row->gone || r->created_at >= before_at ||
		    memory_find(m, JOBS, r->job_id) != NULL)
			continue;
		memory_drop(m, KEYS, row);
		n++;
	}
	return n;
}

/* --- as if it had never been ---------------------------------------- */

int
memory_withdraw(void *arg, const struct job *job, struct error *err)
{
	struct mem *m = arg;
	struct job_row *r = (struct job_row *)memory_find(m, JOBS, job->id);
	struct row *key = NULL;

	if (may_save(r, job, err) == -1)
		return -1;
	if (r->job->state != JOB_QUEUED)
		return err_set(err, ERR_STORE, "job %s was accepted", job->id);
	if (r->spec.idempotency_key != NULL)
		key = memory_find(m, KEYS, r->spec.idempotency_key);
	if (key != NULL && str_eq(((struct key_row *)key)->job_id, job->id))
		memory_drop(m, KEYS, key);
	note_event(m, EVENT_JOB_WITHDRAWN, job);
	drop_job(m, r);
	return 0;
}

int
memory_forget(
    void *arg, const struct store_forget *f, size_t *n, struct error *err)
{
	struct mem *m = arg;

	(void)err;
	*n = forget_jobs(m, f->before_at, f->limit) +
	    forget_keys(m, f->keys_before_at, f->limit) +
	    memory_forget_notices(m, f->notices_before_at, f->limit) +
	    memory_forget_events(m, f->events_before_at, f->limit);
	return 0;
}
