/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who waits for which job: a table by job id. A news item ends the waits that
 * it fulfils, each exactly once; whoever is called may add and remove others.
 */
#include "serve/waiters.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/mem.h"
#include "base/str.h"

/* A power of two; there are about as many waits as connections. */
#define BUCKETS 4096

struct waiter {
	TAILQ_ENTRY(waiter) entry;
	struct waiter_list *list;
	char id[JOBID_SIZE];
	enum wait_goal goal;
	struct loop_timer *timer; /* NULL: no limit */
	waiter_fn *fn;
	void *arg;
};
TAILQ_HEAD(waiter_list, waiter);

struct waiters {
	struct loop *loop;
	struct waiter_list buckets[BUCKETS];
	struct waiter_list due; /* to be called, in their order */
};

static struct waiter_list *
bucket_of(struct waiters *w, const char *id)
{
	unsigned h = 2166136261u; /* FNV-1a */

	for (; *id != '\0'; id++)
		h = (h ^ (unsigned char)*id) * 16777619u;
	return &w->buckets[h % BUCKETS];
}

struct waiters *
waiters_new(struct loop *loop)
{
	struct waiters *w = xcalloc(1, sizeof(*w));
	size_t i;

	w->loop = loop;
	for (i = 0; i < BUCKETS; i++)
		TAILQ_INIT(&w->buckets[i]);
	TAILQ_INIT(&w->due);
	return w;
}

static void
drop_all(struct waiter_list *list)
{
	struct waiter *v;

	while ((v = TAILQ_FIRST(list)) != NULL)
		waiters_remove(v);
}

void
waiters_free(struct waiters *w)
{
	size_t i;

	if (w == NULL)
		return;
	for (i = 0; i < BUCKETS; i++)
		drop_all(&w->buckets[i]);
	drop_all(&w->due);
	free(w);
}

/* Gone before it is called, so that it can be freed or added again there. */
static void
call(struct waiter *v, const struct job *job, const struct error *err)
{
	waiter_fn *fn = v->fn;
	void *arg = v->arg;

	waiters_remove(v);
	fn(job, err, arg);
}

static void
on_timer(void *arg)
{
	call(arg, NULL, NULL);
}

struct waiter *
waiters_add(struct waiters *w, const char *id, enum wait_goal goal,
    int64_t timeout_ms, waiter_fn *fn, void *arg)
{
	struct waiter *v = xcalloc(1, sizeof(*v));

	if (strlen(id) != JOBID_LEN)
		abort();
	memcpy(v->id, id, JOBID_SIZE);
	v->goal = goal;
	v->fn = fn;
	v->arg = arg;
	v->list = bucket_of(w, id);
	if (timeout_ms >= 0) {
		v->timer = loop_timer_new(w->loop, on_timer, v);
		loop_timer_set(v->timer, timeout_ms);
	}
	TAILQ_INSERT_TAIL(v->list, v, entry);
	return v;
}

void
waiters_remove(struct waiter *v)
{
	if (v == NULL)
		return;
	TAILQ_REMOVE(v->list, v, entry);
	loop_timer_free(v->timer);
	free(v);
}

static void
make_due(struct waiters *w, struct waiter *v)
{
	TAILQ_REMOVE(v->list, v, entry);
	v->list = &w->due;
	TAILQ_INSERT_TAIL(v->list, v, entry);
}

/* One called may remove others that are due: only the first is ever held. */
static void
call_due(struct waiters *w, const struct job *job, const struct error *err)
{
	struct waiter *v;

	while ((v = TAILQ_FIRST(&w->due)) != NULL)
		call(v, job, err);
}

static bool
is_reached(enum wait_goal goal, const struct job *job)
{
	switch (goal) {
	case WAIT_STORED:
		return true;
	case WAIT_ACCEPTED:
		return job->state != JOB_QUEUED;
	case WAIT_DONE:
		return job->state == JOB_DONE;
	}
	abort();
}

static void
tell(struct waiters *w, const struct job *job, const struct error *err)
{
	struct waiter *v, *next;

	for (v = TAILQ_FIRST(bucket_of(w, job->id)); v != NULL; v = next) {
		next = TAILQ_NEXT(v, entry);
		if (str_eq(v->id, job->id) &&
		    (err != NULL || is_reached(v->goal, job)))
			make_due(w, v);
	}
	call_due(w, err != NULL ? NULL : job, err);
}

void
waiters_tell(struct waiters *w, enum engine_event event, const struct job *job,
    const struct error *err)
{
	switch (event) {
	case ENGINE_STORED:
	case ENGINE_MOVED:
		tell(w, job, NULL);
		return;
	case ENGINE_NOT_STORED:
	case ENGINE_WITHDRAWN:
	case ENGINE_BROKEN:
		tell(w, job, err);
		return;
	case ENGINE_LOOKED:
	case ENGINE_TROUBLE:
	case ENGINE_LATE:
		return;
	}
	abort();
}

void
waiters_expire(struct waiters *w)
{
	struct waiter *v, *next;
	size_t i;

	for (i = 0; i < BUCKETS; i++) {
		for (v = TAILQ_FIRST(&w->buckets[i]); v != NULL; v = next) {
			next = TAILQ_NEXT(v, entry);
			if (v->goal != WAIT_STORED)
				make_due(w, v);
		}
	}
	call_due(w, NULL, NULL);
}
