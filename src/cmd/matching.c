/* SPDX-License-Identifier: Apache-2.0 */
/* Every state file is read, and what is not wanted let go of at once. */
#include "cmd/matching.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/runs.h"
#include "cmd/snapshot.h"

struct search {
	const struct store_query *q;
	struct matching found;
	/* Ids of jobs that others repeat, in whichever file: the store of one
	 * cannot know. */
	char **repeated;
	size_t nrepeated;
};

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
by_id(const void *a, const void *b)
{
	const struct match *x = a, *y = b;

	return strcmp(x->job->id, y->job->id);
}

static int
by_id_down(const void *a, const void *b)
{
	return by_id(b, a);
}

static void
note_origin(struct search *s, const struct job *job)
{
	if (!s->q->unrepeated || job->spec.retry_of == NULL)
		return;
	s->repeated =
	    xreallocarray(s->repeated, s->nrepeated + 1, sizeof(*s->repeated));
	s->repeated[s->nrepeated++] = xstrdup(job->spec.retry_of);
}

static void
take_job(struct search *s, const char *path, struct job *take_job)
{
	struct matching *m = &s->found;

	note_origin(s, take_job);
	if (!store_query_wants(s->q, take_job)) {
		job_free(take_job);
		return;
	}
	m->v = xreallocarray(m->v, m->n + 1, sizeof(*m->v));
	m->v[m->n].job = take_job;
	m->v[m->n++].path = xstrdup(path);
}

static int
read_file(struct search *s, const char *path, struct error *err)
{
	struct job **jobs = NULL;
	size_t n = 0, i;

	if (snapshot_read(path, NULL, &jobs, &n, err) == -1)
		return -1;
	for (i = 0; i < n; i++)
		take_job(s, path, jobs[i]);
	free(jobs);
	return 0;
}

static void
drop(struct match *m)
{
	job_free(m->job);
	free(m->path);
}

static void
drop_repeated(struct search *s)
{
	struct matching *m = &s->found;
	size_t i, kept = 0;

	if (s->nrepeated == 0)
		return;
	qsort(s->repeated, s->nrepeated, sizeof(*s->repeated), by_text);
	for (i = 0; i < m->n; i++) {
		const char *id = m->v[i].job->id;

		if (bsearch(&id, s->repeated, s->nrepeated,
			sizeof(*s->repeated), by_text) != NULL)
			drop(&m->v[i]);
		else
			m->v[kept++] = m->v[i];
	}
	m->n = kept;
}

static void
cut(struct search *s)
{
	struct matching *m = &s->found;

	if (m->n > 0)
		qsort(m->v, m->n, sizeof(*m->v),
		    s->q->newest ? by_id_down : by_id);
	for (; s->q->limit > 0 && m->n > s->q->limit; m->left++)
		drop(&m->v[--m->n]);
}

int
matching_find(const char *folder, const struct store_query *q,
    struct matching *out, struct error *err)
{
	struct search s = {.q = q};
	struct error one;
	char **paths;
	size_t n, i;

	if (runs_all(folder, &paths, &n, err) == -1)
		return -1;
	for (i = 0; i < n; i++) {
		/* A damaged file must not hide the others. */
		if (read_file(&s, paths[i], &one) == -1)
			s.found.status = cmd_fail(&one);
	}
	runs_free(paths, n);
	drop_repeated(&s);
	cut(&s);
	runs_free(s.repeated, s.nrepeated);
	*out = s.found;
	return 0;
}

int
matching_here(const struct app *app, const struct store_query *q,
    struct matching *out, struct error *err)
{
	char *folder;
	int rc;

	if (runs_folder(app, &folder, err) == -1)
		return -1;
	rc = matching_find(folder, q, out, err);
	free(folder);
	return rc;
}

void
matching_done(struct matching *m)
{
	while (m->n > 0)
		drop(&m->v[--m->n]);
	free(m->v);
}
