/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching jobs of a service. Up to a few jobs each has a long question of its
 * own; more take turns at short ones.
 */
#include "cmd/watch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "job/jobjson.h"

#define AT_ONCE_MAX 16
#define WAIT_LONG_S 30
#define WAIT_SHORT_S 1
/* For an answer that was to come at the end of its wait at the latest. */
#define SLACK_MS 30000
/* A service that stops answers at once, whatever it was asked. */
#define PACE_MS 250

static const struct backoff watch_backoff = {
    .start_ms = 100,
    .max_ms = 2000,
    .factor = 2,
    .jitter = 0.2,
};

struct watched {
	TAILQ_ENTRY(watched) entry;
	struct watch *watch;
	char id[JOBID_SIZE];
	struct client_call *call; /* NULL: it waits for its turn */
	int64_t asked_at; /* by the monotonic clock, as is: */
	int64_t due_at;
};
TAILQ_HEAD(watched_list, watched);

struct watch {
	struct watch_options o;
	struct watched_list waiting;
	struct watched_list asked;
	size_t n, nasked;
	struct loop_timer *timer;
	unsigned failures; /* in a row */
	int64_t unheard_at; /* the first of them */
};

static void
drop(struct watched *j)
{
	client_cancel(j->call);
	free(j);
}

/* --- answers -------------------------------------------------------- */

static bool
reached(const struct watch *w, const struct job *job)
{
	return job->state == JOB_DONE ||
	    (w->o.accepted && job->state == JOB_PENDING);
}

static void
ask_again(struct watched *j, int64_t due_at)
{
	struct watch *w = j->watch;

	j->due_at = due_at;
	TAILQ_INSERT_TAIL(&w->waiting, j, entry);
}

static void
on_job(struct watched *j, const struct job *job)
{
	struct watch *w = j->watch;

	w->failures = 0;
	w->o.fn(WATCH_SEEN, job, NULL, w->o.arg);
	if (reached(w, job)) {
		w->n--;
		drop(j);
		return;
	}
	ask_again(j, j->asked_at + PACE_MS);
}

/* Sleep of the machine is no silence of the service: time counts from the
 * first failure, not from the last answer. */
static void
on_failure(struct watched *j, const struct error *err)
{
	struct watch *w = j->watch;
	int64_t now = clock_mono_ms();

	if (w->failures == 0)
		w->unheard_at = now;
	if (w->o.lost != NULL && !client_unheard(err)) {
		w->n--;
		w->o.lost(j->id, err, w->o.arg);
		drop(j);
		return;
	}
	if (!client_unheard(err) || w->o.once ||
	    now - w->unheard_at > w->o.patience_ms) {
		w->n--;
		drop(j);
		w->o.fn(WATCH_FAILED, NULL, err, w->o.arg);
		return;
	}
	if (w->failures == 0)
		log_warn("watch", "%s; waiting for it", err->text);
	w->o.fn(WATCH_TROUBLE, NULL, err, w->o.arg);
	ask_again(j,
	    now + backoff_delay_ms(&watch_backoff, w->failures, random_unit()));
	w->failures++;
}

static void turn(void *arg);

static void
on_answer(const struct json *answer, const struct error *err, void *arg)
{
	struct watched *j = arg;
	struct watch *w = j->watch;
	struct job *job = NULL;
	struct error e;

	j->call = NULL;
	TAILQ_REMOVE(&w->asked, j, entry);
	w->nasked--;
	if (err == NULL && jobjson_parse(answer, &job, &e) == 0 &&
	    !str_eq(job->id, j->id)) {
		job_free(job);
		job = NULL;
		err_set(&e, ERR_PROTOCOL,
		    "the service was asked for another job than it told of");
	}
	if (job != NULL)
		on_job(j, job);
	else
		on_failure(j, err != NULL ? err : &e);
	job_free(job);
	turn(w);
}

/* --- questions ------------------------------------------------------ */

static int
ask(struct watched *j, struct error *err)
{
	struct watch *w = j->watch;
	int wait = w->n <= w->o.at_once ? WAIT_LONG_S : WAIT_SHORT_S;
	struct client_request r = {
	    .method = "GET",
	    .timeout_ms = wait * 1000 + SLACK_MS,
	};
	char *path;
	int rc;

	if (w->o.once)
		path = xasprintf("/v1/jobs/%s", j->id);
	else
		path = xasprintf("/v1/jobs/%s?wait=%d%s", j->id, wait,
		    w->o.accepted ? "&until=accepted" : "");
	r.path = path;
	j->asked_at = clock_mono_ms();
	rc = client_start(w->o.client, &r, on_answer, j, &j->call, err);
	free(path);
	return rc;
}

static void
turn(void *arg)
{
	struct watch *w = arg;
	struct watched *j;
	struct error err;
	int64_t now = clock_mono_ms();

	while (w->nasked < w->o.at_once &&
	    (j = TAILQ_FIRST(&w->waiting)) != NULL) {
		if (j->due_at > now) {
			loop_timer_set(w->timer, j->due_at - now);
			return;
		}
		TAILQ_REMOVE(&w->waiting, j, entry);
		TAILQ_INSERT_TAIL(&w->asked, j, entry);
		w->nasked++;
		if (ask(j, &err) == -1) {
			TAILQ_REMOVE(&w->asked, j, entry);
			w->nasked--;
			on_failure(j, &err);
		}
	}
}

/* --- in and out ----------------------------------------------------- */

struct watch *
watch_new(const struct watch_options *options)
{
	struct watch *w = xcalloc(1, sizeof(*w));

	w->o = *options;
	if (w->o.patience_ms == 0)
		w->o.patience_ms = WATCH_PATIENCE_MS;
	if (w->o.at_once == 0)
		w->o.at_once = AT_ONCE_MAX;
	w->timer = loop_timer_new(w->o.loop, turn, w);
	TAILQ_INIT(&w->waiting);
	TAILQ_INIT(&w->asked);
	return w;
}

void
watch_free(struct watch *w)
{
	struct watched *j;

	if (w == NULL)
		return;
	while ((j = TAILQ_FIRST(&w->waiting)) != NULL) {
		TAILQ_REMOVE(&w->waiting, j, entry);
		drop(j);
	}
	while ((j = TAILQ_FIRST(&w->asked)) != NULL) {
		TAILQ_REMOVE(&w->asked, j, entry);
		drop(j);
	}
	loop_timer_free(w->timer);
	free(w);
}

void
watch_add(struct watch *w, const char *id)
{
	struct watched *j = xcalloc(1, sizeof(*j));

	j->watch = w;
	memcpy(j->id, id, JOBID_SIZE);
	TAILQ_INSERT_TAIL(&w->waiting, j, entry);
	w->n++;
	loop_timer_set(w->timer, 0);
}
