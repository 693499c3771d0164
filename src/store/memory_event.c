/* SPDX-License-Identifier: Apache-2.0 */
/* The log of events in memory. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/memory_event.h"

void
memory_note_event(struct mem *m, enum job_event_type type, const char *job,
    const char *delivery, unsigned n)
{
	struct event_row *r;

	if (type == EVENT_NONE)
		return;
	r = xcalloc(1, sizeof(*r));
	r->seq = m->next_event++;
	r->at = clock_wall_ms();
	r->type = type;
	memcpy(r->job, job, JOBID_SIZE);
	if (delivery != NULL)
		memcpy(r->delivery, delivery, DELIVERY_ID_SIZE);
	r->n = n;
	r->row.key = r->key = xasprintf("%020" PRId64, r->seq);
	memory_add(m, EVENTS, &r->row);
}

void
memory_free_event(struct event_row *r)
{
	free(r->key);
	free(r);
}

int64_t
memory_last_event(void *arg)
{
	const struct mem *m = arg;

	return m->next_event - 1;
}

/* --- reading -------------------------------------------------------- */

static void
add_job(const struct mem *m, struct job_event *e)
{
	const struct job_row *r =
	    (const struct job_row *)memory_find(m, JOBS, e->job);

	if (r == NULL)
		return;
	e->endpoint = xstrdup_or_null(r->spec.endpoint);
	e->tags = xstrdup_or_null(r->spec.tags);
	if (e->type != EVENT_JOB_DONE && e->type != EVENT_JOB_LATE)
		return;
	e->outcome = r->job->outcome;
	e->error_code = xstrdup_or_null(r->job->error_code);
}

static void
add_attempt(const struct delivery *d, struct job_event *e)
{
	size_t i;

	for (i = 0; i < d->nlog && d->log[i].n != e->n; i++)
		continue;
	if (i == d->nlog)
		return;
	e->status = d->log[i].status;
	if (e->note == NULL)
		e->note = xstrdup_or_null(d->log[i].note);
	e->error_class = xstrdup_or_null(d->log[i].error_class);
}

static void
add_delivery(const struct mem *m, struct job_event *e)
{
	const struct delivery_row *r = (const struct delivery_row *)memory_find(
	    m, DELIVERIES, e->delivery);

	if (r == NULL)
		return;
	e->target = xstrdup_or_null(r->d->target);
	e->event = xstrdup_or_null(r->d->event);
	if (e->type == EVENT_DELIVERY_DEAD)
		e->note = xstrdup_or_null(r->d->note);
	add_attempt(r->d, e);
}

static struct job_event *
copy_event(const struct mem *m, const struct event_row *r)
{
	struct job_event *e = xcalloc(1, sizeof(*e));

	e->seq = r->seq;
	e->at = r->at;
	e->type = r->type;
	memcpy(e->job, r->job, JOBID_SIZE);
	memcpy(e->delivery, r->delivery, DELIVERY_ID_SIZE);
	e->n = r->n;
	e->status = ATTEMPT_NO_STATUS;
	add_job(m, e);
	if (e->delivery[0] != '\0')
		add_delivery(m, e);
	return e;
}

/* The rows that are there, the oldest first; NULL: no more. */
static struct event_row *
next_event(const struct mem *m, struct event_row *behind)
{
	struct row *row = behind != NULL ? TAILQ_NEXT(&behind->row, entry)
					 : TAILQ_FIRST(&m->tables[EVENTS].rows);

	while (row != NULL && row->gone)
		row = TAILQ_NEXT(row, entry);
	return (struct event_row *)row;
}

/* Most ask for the newest: from there backwards. */
static struct event_row *
first_behind(const struct mem *m, int64_t after)
{
	struct row *row;
	struct event_row *found = NULL;

	TAILQ_FOREACH_REVERSE(row, &m->tables[EVENTS].rows, rows, entry)
	{
		if (((struct event_row *)row)->seq <= after)
			break;
		if (!row->gone)
			found = (struct event_row *)row;
	}
	return found;
}

int
memory_events(void *arg, int64_t after, size_t limit, struct job_event ***out,
    size_t *n, struct store_span *span, struct error *err)
{
	const struct mem *m = arg;
	struct event_row *r = next_event(m, NULL);

	(void)err;
	span->first = r != NULL ? r->seq : m->next_event;
	span->last = m->next_event - 1;
	*out = xcalloc(limit, sizeof(struct job_event *));
	r = first_behind(m, after);
	for (; r != NULL && *n < limit; r = next_event(m, r))
		(*out)[(*n)++] = copy_event(m, r);
	span->up_to = *n == limit ? (*out)[*n - 1]->seq : span->last;
	return 0;
}

/* --- retention ------------------------------------------------------ */

/* See sqlite_event.c: what is old is behind nothing that is younger. */
size_t
memory_forget_events(struct mem *m, int64_t before_at, size_t limit)
{
	int64_t now = clock_wall_ms();
	struct event_row *r, *last = NULL, *next;
	size_t n = 0;

	if (before_at <= 0)
		return 0;
	for (r = next_event(m, NULL); r != NULL && n < limit;
	     r = next_event(m, r), n++) {
		if (r->seq < m->next_event - 1 &&
		    (r->at < before_at || r->at > now + (now - before_at)))
			last = r;
	}
	n = 0;
	for (r = last != NULL ? next_event(m, NULL) : NULL; r != NULL;
	     r = next) {
		next = r != last ? next_event(m, r) : NULL;
		memory_drop(m, EVENTS, &r->row);
		n++;
	}
	return n;
}
