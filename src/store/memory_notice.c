/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications in memory. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "store/memory_db.h"

static void
insert_told(struct mem *m, const struct store_told *t)
{
	char *key = xasprintf("%s %s", t->job, t->inference_id);
	struct told_row *r;

	if (memory_find(m, TOLD, key) != NULL) {
		free(key);
		return;
	}
	r = xcalloc(1, sizeof(*r));
	r->row.key = r->key = key;
	r->told.job = xstrdup(t->job);
	r->told.inference_id = xstrdup(t->inference_id);
	r->told.endpoint = xstrdup_or_null(t->endpoint);
	r->told.reason = xstrdup(t->reason);
	r->told.event_at = t->event_at;
	memory_add(m, TOLD, &r->row);
}

/* The one to be forgotten first. */
static struct row *
oldest(const struct mem *m)
{
	struct notice_row *found = NULL, *r;
	struct row *row;

	TAILQ_FOREACH (row, &m->tables[NOTICES].rows, entry) {
		r = (struct notice_row *)row;
		if (!row->gone &&
		    (found == NULL || r->forget_at < found->forget_at))
			found = r;
	}
	return &found->row;
}

static size_t
count(const struct mem *m)
{
	struct row *row;
	size_t n = 0;

	TAILQ_FOREACH (row, &m->tables[NOTICES].rows, entry)
		n += !row->gone;
	return n;
}

int
memory_see(void *arg, const struct store_notice *n, enum store_seen *out,
    struct error *err)
{
	struct mem *m = arg;
	char *key = xasprintf("%s %s", n->source, n->message_id);
	struct notice_row *r;

	(void)err;
	*out = memory_find(m, JOBS, n->told.job) == NULL ? STORE_SEEN_NO_JOB
	    : memory_find(m, NOTICES, key) != NULL       ? STORE_SEEN_BEFORE
							 : STORE_SEEN_NOW;
	if (*out != STORE_SEEN_NOW) {
		free(key);
		return 0;
	}
	if (++m->nnotices > STORE_NOTICES_MAX) {
		m->nnotices = count(m);
		if (m->nnotices >= STORE_NOTICES_MAX)
			memory_drop(m, NOTICES, oldest(m));
	}
	r = xcalloc(1, sizeof(*r));
	r->row.key = r->key = key;
	r->forget_at = n->forget_at;
	memory_add(m, NOTICES, &r->row);
	if (n->told.reason != NULL)
		insert_told(m, &n->told);
	return 0;
}

static bool
is_over(const struct mem *m, const struct told_row *r)
{
	const struct job_row *of =
	    (const struct job_row *)memory_find(m, JOBS, r->told.job);

	return of == NULL || of->job->state == JOB_DONE;
}

static size_t
forget_rows(struct mem *m, enum table_of table, int64_t before_at, size_t limit)
{
	struct row *row;
	bool due;
	size_t n = 0;

	TAILQ_FOREACH (row, &m->tables[table].rows, entry) {
		if (n == limit)
			break;
		due = table == TOLD
		    ? is_over(m, (struct told_row *)row)
		    : ((struct notice_row *)row)->forget_at < before_at;
		if (row->gone || !due)
			continue;
		memory_drop(m, table, row);
		n++;
	}
	return n;
}

size_t
memory_forget_notices(struct mem *m, int64_t before_at, size_t limit)
{
	size_t n;

	if (before_at <= 0)
		return 0;
	n = forget_rows(m, NOTICES, before_at, limit);
	return n + forget_rows(m, TOLD, 0, limit - n);
}

void
memory_forget_told(struct mem *m, const char *job)
{
	struct row *row;

	TAILQ_FOREACH (row, &m->tables[TOLD].rows, entry) {
		if (!row->gone &&
		    str_eq(((struct told_row *)row)->told.job, job))
			memory_drop(m, TOLD, row);
	}
}

static void
copy_told(struct store_told *to, const struct store_told *from)
{
	to->job = xstrdup(from->job);
	to->inference_id = xstrdup(from->inference_id);
	to->endpoint = xstrdup_or_null(from->endpoint);
	to->reason = xstrdup(from->reason);
	to->event_at = from->event_at;
}

int
memory_recall_told(
    void *arg, struct store_told **out, size_t *n, struct error *err)
{
	const struct mem *m = arg;
	struct row *row;

	(void)err;
	TAILQ_FOREACH (row, &m->tables[TOLD].rows, entry) {
		const struct told_row *r = (struct told_row *)row;

		if (row->gone || is_over(m, r))
			continue;
		*out = xreallocarray(*out, *n + 1, sizeof(**out));
		copy_told(&(*out)[(*n)++], &r->told);
	}
	return 0;
}

void
memory_free_notice(struct notice_row *r)
{
	free(r->key);
	free(r);
}

void
memory_free_told(struct told_row *r)
{
	free(r->key);
	free(r->told.job);
	free(r->told.inference_id);
	free(r->told.endpoint);
	free(r->told.reason);
	free(r);
}
