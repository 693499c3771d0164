/* SPDX-License-Identifier: Apache-2.0 */
/* A store and the engine over it. */
#include "cmd/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/store.h"

struct session {
	char *path;
	struct store *store;
	struct engine *engine;
	engine_event_fn *event;
	void *event_arg;
};

int
session_open(struct app *app, const char *path, bool must_exist,
    engine_event_fn *event, void *arg, struct session **out, struct error *err)
{
	struct store_options so = {.path = path, .must_exist = must_exist};
	struct engine_options eo = {
	    .loop = app->loop,
	    .sites = app->sites,
	    .policy = app_policy,
	    .policy_arg = app,
	    .event = event,
	    .event_arg = arg,
	};
	struct session *s;
	struct store *store;

	if (store_open(app->loop, &so, &store, err) == -1)
		return -1;
	s = xcalloc(1, sizeof(*s));
	s->path = xstrdup(path);
	s->store = store;
	s->event = event;
	s->event_arg = arg;
	eo.store = store;
	s->engine = engine_new(&eo);
	*out = s;
	return 0;
}

void
session_close(struct session *s)
{
	if (s == NULL)
		return;
	engine_stop(s->engine);
	store_close(s->store);
	engine_free(s->engine);
	free(s->path);
	free(s);
}

void
session_submit(struct session *s, struct job *take_job)
{
	engine_submit(s->engine, take_job);
}

static void
on_unfinished(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	struct session *s = arg;
	size_t i;

	if (err != NULL)
		s->event(ENGINE_BROKEN, NULL, err, s->event_arg);
	for (i = 0; i < n; i++)
		engine_adopt(s->engine, jobs[i]);
}

/* What another run brought to its end before the file was ours. */
static void
on_all(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	struct session *s = arg;
	size_t i;

	if (err != NULL)
		s->event(ENGINE_BROKEN, NULL, err, s->event_arg);
	for (i = 0; i < n; i++) {
		if (jobs[i]->state == JOB_DONE)
			s->event(ENGINE_MOVED, jobs[i], NULL, s->event_arg);
		job_free(jobs[i]);
	}
}

void
session_adopt(struct session *s)
{
	struct store_query all = {0};

	store_list(s->store, &all, on_all, s);
	store_unfinished(s->store, on_unfinished, s);
}

static void
on_found(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	struct session *s = arg;
	struct job *job = n > 0 ? jobs[0] : NULL;
	char id[JOBID_SIZE];

	if (err != NULL)
		s->event(ENGINE_BROKEN, NULL, err, s->event_arg);
	if (job == NULL)
		return;
	if (job->state == JOB_DONE) {
		s->event(ENGINE_MOVED, job, NULL, s->event_arg);
		job_free(job);
		return;
	}
	memcpy(id, job->id, JOBID_SIZE);
	engine_adopt(s->engine, job);
	engine_cancel(s->engine, id);
}

void
session_cancel(struct session *s, const char *id)
{
	store_find(s->store, id, true, on_found, s);
}

const char *
session_path(const struct session *s)
{
	return s->path;
}
