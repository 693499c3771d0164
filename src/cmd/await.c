/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for jobs, with time-outs, signals and a line of progress. */
#include "cmd/await.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/progress.h"
#include "cmd/request.h"
#include "cmd/runs.h"
#include "cmd/session.h"
#include "cmd/snapshot.h"
#include "cmd/watch.h"

/* How often a file that another run holds is looked at. */
#define WATCH_MS 300

struct waited {
	char id[JOBID_SIZE];
	struct job *job; /* as last seen */
	char *path; /* of a file that another run holds, or NULL */
	bool remote; /* the service has it */
	int64_t looks;
};

struct await {
	struct app *app;
	struct await_options o;
	struct waited *v;
	size_t n;
	struct session **sessions;
	size_t nsessions;
	struct watch *remote; /* NULL: no job of a service */
	struct loop_timer *timeout;
	struct loop_timer *watch;
	struct progress *progress;
	bool over;
	struct error broken; /* code NONE: it is not */
	struct error trouble; /* the last that stood in the way */
};

static void on_watch(void *arg);

/* --- is it over? ---------------------------------------------------- */

static bool
reached(const struct await *a, const struct waited *w)
{
	if (w->job == NULL)
		return false;
	return w->job->state == JOB_DONE ||
	    (a->o.goal == AWAIT_ACCEPTED && w->job->state == JOB_PENDING);
}

static size_t
count_reached(const struct await *a)
{
	size_t i, n = 0;

	for (i = 0; i < a->n; i++)
		n += reached(a, &a->v[i]);
	return n;
}

static bool
goal_reached(const struct await *a)
{
	size_t n = count_reached(a);

	return n == a->n || (a->o.any && n > 0);
}

/* Has every job had its looks, where their number is limited? */
static bool
looks_over(const struct await *a)
{
	int64_t max = a->o.timeout_ms == 0 ? 1 : a->o.max_looks;
	size_t i;

	if (max == 0)
		return false;
	for (i = 0; i < a->n; i++) {
		if (!reached(a, &a->v[i]) && a->v[i].looks < max)
			return false;
	}
	return true;
}

static void
check(struct await *a)
{
	if (a->over)
		return;
	if (goal_reached(a) || a->broken.code != ERR_NONE || looks_over(a))
		loop_stop(a->app->loop);
}

/* --- news ----------------------------------------------------------- */

static struct waited *
find(struct await *a, const char *id)
{
	size_t i;

	for (i = 0; i < a->n; i++) {
		if (str_eq(a->v[i].id, id))
			return &a->v[i];
	}
	return NULL;
}

static void
see(struct await *a, struct waited *w, const struct job *job)
{
	job_free(w->job);
	w->job = job_clone(job, false);
	if (w->remote)
		w->job->polls = (unsigned)w->looks;
	if (!a->over)
		progress_update(a->progress, w->job, count_reached(a), a->n);
}

static void
on_event(enum engine_event event, const struct job *job,
    const struct error *err, void *arg)
{
	struct await *a = arg;
	struct waited *w = job != NULL ? find(a, job->id) : NULL;

	if (job == NULL)
		a->broken = *err;
	/* A neighbour in the same file: carried on, not waited for. */
	if (w == NULL) {
		check(a);
		return;
	}
	/* What was not stored never was a job. */
	if (event != ENGINE_NOT_STORED)
		see(a, w, job);
	switch (event) {
	case ENGINE_STORED:
	case ENGINE_MOVED:
	case ENGINE_LATE:
		error_clear(&a->trouble);
		break;
	case ENGINE_LOOKED:
		w->looks++;
		if (err != NULL)
			a->trouble = *err;
		break;
	case ENGINE_TROUBLE:
		/* A try is a look, too: --timeout 0 must end. */
		w->looks++;
		a->trouble = *err;
		break;
	case ENGINE_NOT_STORED:
	case ENGINE_WITHDRAWN:
	case ENGINE_BROKEN:
		a->broken = *err;
		break;
	}
	check(a);
}

static void
on_timeout(void *arg)
{
	struct await *a = arg;

	loop_stop(a->app->loop);
}

/* --- in and out ----------------------------------------------------- */

struct await *
await_new(struct app *app, const struct await_options *o)
{
	struct await *a = xcalloc(1, sizeof(*a));

	a->app = app;
	a->o = *o;
	a->timeout = loop_timer_new(app->loop, on_timeout, a);
	a->watch = loop_timer_new(app->loop, on_watch, a);
	a->progress = progress_new(app->loop, app->globals->quiet);
	return a;
}

void
await_free(struct await *a)
{
	size_t i;

	if (a == NULL)
		return;
	/* Closing ends the writes under way, and their news comes here. */
	a->over = true;
	for (i = 0; i < a->nsessions; i++)
		session_close(a->sessions[i]);
	watch_free(a->remote);
	progress_free(a->progress);
	for (i = 0; i < a->n; i++) {
		job_free(a->v[i].job);
		free(a->v[i].path);
	}
	loop_timer_free(a->timeout);
	loop_timer_free(a->watch);
	free(a->sessions);
	free(a->v);
	free(a);
}

static struct waited *
add(struct await *a, const char *id)
{
	struct waited *w;

	a->v = xreallocarray(a->v, a->n + 1, sizeof(*a->v));
	w = &a->v[a->n++];
	memset(w, 0, sizeof(*w));
	memcpy(w->id, id, JOBID_SIZE);
	return w;
}

static int
open_session(struct await *a, const char *path, bool must_exist,
    struct session **out, struct error *err)
{
	if (session_open(a->app, path, must_exist, on_event, a, out, err) == -1)
		return -1;
	a->sessions = xreallocarray(
	    a->sessions, a->nsessions + 1, sizeof(struct session *));
	a->sessions[a->nsessions++] = *out;
	return 0;
}

static struct session *
session_at(const struct await *a, const char *path)
{
	size_t i;

	for (i = 0; i < a->nsessions; i++) {
		if (str_eq(session_path(a->sessions[i]), path))
			return a->sessions[i];
	}
	return NULL;
}

int
await_submit(struct await *a, const char *folder, struct job **take_jobs,
    size_t n, struct error *err)
{
	struct session *s;
	char *path = runs_path(folder, take_jobs[0]->id);
	size_t i;
	int rc = open_session(a, path, false, &s, err);

	free(path);
	for (i = 0; i < n; i++) {
		if (rc == -1) {
			request_drop(take_jobs[i]);
			continue;
		}
		add(a, take_jobs[i]->id);
		session_submit(s, take_jobs[i]);
	}
	return rc;
}

/* Open the file if nobody holds it; 1: done, 0: it is held, -1: neither. */
static int
try_session(struct await *a, const char *path, struct error *err)
{
	struct session *s;

	if (session_at(a, path) != NULL)
		return 1;
	if (open_session(a, path, true, &s, err) == -1)
		return err->code == ERR_BUSY ? 0 : -1;
	session_adopt(s);
	return 1;
}

int
await_take_up(
    struct await *a, const char *path, const struct job *job, struct error *err)
{
	struct waited *w;
	int rc = 1;

	if (find(a, job->id) != NULL)
		return 0;
	w = add(a, job->id);
	see(a, w, job);
	if (job->state != JOB_DONE)
		rc = try_session(a, path, err);
	if (rc == 0) {
		log_info("await", "job %s is carried by another run", w->id);
		w->path = xstrdup(path);
		loop_timer_set(a->watch, WATCH_MS);
	}
	return rc == -1 ? -1 : 0;
}

int
await_cancel(
    struct await *a, const char *path, const struct job *job, struct error *err)
{
	struct session *s = session_at(a, path);

	if (find(a, job->id) != NULL)
		return 0;
	if (s == NULL && open_session(a, path, true, &s, err) == -1)
		return -1;
	see(a, add(a, job->id), job);
	session_cancel(s, job->id);
	return 0;
}

/* --- files that others hold ----------------------------------------- */

static void
watch_one(struct await *a, struct waited *w)
{
	struct job **jobs = NULL;
	struct error err;
	size_t n = 0;
	int rc = try_session(a, w->path, &err);

	if (rc == 1) {
		/* Its run ended; this one carries it on. */
		xfree(&w->path);
		return;
	}
	if (rc == -1) {
		a->broken = err;
		return;
	}
	w->looks++;
	if (snapshot_read(w->path, w->id, &jobs, &n, &err) == 0 && n == 1)
		see(a, w, jobs[0]);
	runs_free_jobs(jobs, n);
}

static void
on_watch(void *arg)
{
	struct await *a = arg;
	size_t i;
	bool more = false;

	for (i = 0; i < a->n && a->broken.code == ERR_NONE; i++) {
		if (a->v[i].path == NULL || reached(a, &a->v[i]))
			continue;
		watch_one(a, &a->v[i]);
		more = true;
	}
	if (more)
		loop_timer_set(a->watch, WATCH_MS);
	check(a);
}

/* --- jobs of a service ----------------------------------------------- */

static void
on_remote(enum watch_event event, const struct job *job,
    const struct error *err, void *arg)
{
	struct await *a = arg;
	struct waited *w;

	switch (event) {
	case WATCH_SEEN:
		w = find(a, job->id);
		error_clear(&a->trouble);
		w->looks++;
		see(a, w, job);
		break;
	case WATCH_TROUBLE:
		a->trouble = *err;
		break;
	case WATCH_FAILED:
		a->broken = *err;
		if (client_unheard(err))
			err_hint(&a->broken,
			    "What the service has goes on when it runs again: "
			    "'awaitd wait%s %s' asks for it.",
			    app_same_server(a->app),
			    a->n == 1 ? a->v[0].id : "JOB");
		break;
	}
	check(a);
}

void
await_watch(struct await *a, const struct job *job)
{
	struct watch_options wo = {
	    .loop = a->app->loop,
	    .client = a->app->client,
	    .accepted = a->o.goal == AWAIT_ACCEPTED,
	    .once = a->o.timeout_ms == 0,
	    .fn = on_remote,
	    .arg = a,
	};
	struct waited *w;

	if (find(a, job->id) != NULL)
		return;
	w = add(a, job->id);
	w->remote = true;
	see(a, w, job);
	if (reached(a, w))
		return;
	if (a->remote == NULL)
		a->remote = watch_new(&wo);
	watch_add(a->remote, w->id);
}

/* --- the end -------------------------------------------------------- */

static int
say_not_ready(const struct await *a, struct error *err)
{
	struct error why = a->trouble;
	const char *id = a->n == 1 ? a->v[0].id : "JOB";
	const char *when = a->o.timeout_ms != 0 && looks_over(a)
	    ? "not ready after as many looks"
	    : "not ready in time";

	if (a->app->signo != 0)
		err_set(err, ERR_CANCELLED, "interrupted");
	else if (why.code != ERR_NONE)
		err_set(err, ERR_TIMEOUT, "%s; %s", when, why.text);
	else
		err_set(err, ERR_TIMEOUT, "%s", when);
	/* Of a long remedy the end may be missing, of this not. */
	if (a->o.again != NULL)
		err_hint(err, "%s%s%s", a->o.again,
		    why.hint[0] != '\0' ? " " : "", why.hint);
	else
		err_hint(err,
		    "The job goes on: 'awaitd wait%s %s' takes it up.%s%s",
		    app_same_server(a->app), id, why.hint[0] != '\0' ? " " : "",
		    why.hint);
	return a->app->signo != 0 ? STATUS_SIGNAL + a->app->signo
				  : STATUS_NOT_READY;
}

/* The loop may run on for the result, and that is not ours to stop. */
static void
stand_down(struct await *a)
{
	loop_timer_clear(a->timeout);
	loop_timer_clear(a->watch);
	a->over = true;
}

int
await_run(struct await *a, struct error *err)
{
	if (a->o.timeout_ms > 0)
		loop_timer_set(a->timeout, a->o.timeout_ms);
	app_catch_signals(a->app);
	if (!goal_reached(a) && a->app->signo == 0)
		loop_run(a->app->loop);
	stand_down(a);
	progress_clear(a->progress);
	if (goal_reached(a))
		return STATUS_OK;
	if (a->broken.code != ERR_NONE) {
		*err = a->broken;
		return err->code == ERR_CONFIG ? STATUS_USAGE : STATUS_ERROR;
	}
	return say_not_ready(a, err);
}

size_t
await_count(const struct await *a)
{
	return a->n;
}

const struct job *
await_job(const struct await *a, size_t i)
{
	return i < a->n ? a->v[i].job : NULL;
}

struct client *
await_client(const struct await *a, size_t i)
{
	return i < a->n && a->v[i].remote ? a->app->client : NULL;
}
