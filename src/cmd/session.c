/* SPDX-License-Identifier: Apache-2.0 */
/* A store and the engine over it. */
#include "cmd/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/store.h"

struct session {
	char *path;
	struct store *store;
	struct engine *engine;
	engine_event_fn *event;
	void *event_arg;
};

/* --- news of the store ---------------------------------------------- */

static void
broken(struct session *s, const struct error *err)
{
	s->event(ENGINE_BROKEN, NULL, err, s->event_arg);
}

static void
log_trouble(const char *msg, const struct error *err)
{
	log_begin(LOG_WARN, "store");
	log_str("msg", msg);
	log_err(err);
	log_end();
}

/* What is set aside is never heard of again: nobody may wait for it. A store
 * that broke fails the writes, and with them the jobs. */
static void
on_store(enum store_event event, const struct error *err, void *arg)
{
	switch (event) {
	case STORE_STALLED:
		log_trouble("nothing can be written: waiting", err);
		return;
	case STORE_RESUMED:
		log_info("store", "goes on");
		return;
	case STORE_DAMAGED:
		broken(arg, err);
		return;
	case STORE_CHECKED:
		if (err != NULL)
			log_trouble("the state file is damaged", err);
		return;
	case STORE_BROKEN:
	case STORE_HAPPENED:
		return;
	}
	abort();
}

/* A file of an older version is nobody's yet. */
static void
on_taken_over(size_t n, const struct error *err, void *arg)
{
	(void)n;
	if (err != NULL)
		broken(arg, err);
}

/* --- in and out ----------------------------------------------------- */

int
session_open(struct app *app, const char *path, bool must_exist,
    engine_event_fn *event, void *arg, struct session **out, struct error *err)
{
	struct session *s = xcalloc(1, sizeof(*s));
	struct store_options so = {
	    .path = path,
	    .must_exist = must_exist,
	    .event = on_store,
	    .event_arg = s,
	};
	struct engine_budget budget;
	struct engine_options eo = {
	    .loop = app->loop,
	    .sites = app->sites,
	    .policy = app_policy,
	    .policy_arg = app,
	    .event = event,
	    .event_arg = arg,
	};

	s->event = event;
	s->event_arg = arg;
	if (store_open(app->loop, &so, &s->store, err) == -1) {
		free(s);
		return -1;
	}
	s->path = xstrdup(path);
	eo.store = s->store;
	s->engine = engine_new(&eo);
	app_budget(app, &budget);
	engine_set_budget(s->engine, &budget);
	store_take_over(s->store, on_taken_over, s);
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
		broken(s, err);
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
		broken(s, err);
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
		broken(s, err);
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

struct store *
session_store(const struct session *s)
{
	return s->store;
}

struct engine *
session_engine(const struct session *s)
{
	return s->engine;
}
