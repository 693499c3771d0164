/* SPDX-License-Identifier: Apache-2.0 */
/* The scheduler of a batch. */
#include "cmd/batch_run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "cmd/batch_progress.h"
#include "cmd/batch_sink.h"
#include "engine/fetch.h"

#define FETCHES_MAX 8
/* For so long inputs are begun in one turn of the loop. */
#define SLICE_MS 5
#define TRIES_MAX 8
#define SYNC_MS 1000
/* For what is under way when a signal comes. */
#define DRAIN_MS 15000
#define DRAIN_LOOK_MS 50

static const struct backoff fetch_backoff = {
    .start_ms = 250,
    .max_ms = 15000,
    .factor = 2,
    .jitter = 0.2,
};

/* A job that is ok, on its way to its file. */
struct landing {
	TAILQ_ENTRY(landing) entry;
	struct batch_run *run;
	size_t i;
	struct job *job;
	int fd; /* of its part, or -1 */
	unsigned tries;
	struct loop_timer *timer; /* of the next try, or NULL */
	char sha256[65];
};
TAILQ_HEAD(landings, landing);

struct batch_run {
	struct batch_run_options o;
	struct batch_carrier *carrier;
	struct batch_sink *sink;
	struct batch_progress *progress;
	size_t next; /* items before it are taken */
	size_t flying;
	struct landings waiting; /* for a place to be fetched */
	struct landings landing; /* being fetched or placed, or resting */
	unsigned fetching;
	int64_t began_at;
	int64_t submitted;
	struct loop_timer *turn;
	struct loop_timer *timeout;
	struct loop_timer *sync;
	bool syncing;
	bool over; /* nothing is begun any more */
	bool late; /* the time-out came */
	size_t lost, unread;
	struct error lost_why, unread_why;
	struct error broken;
	struct error trouble;
};

/* --- the end of an item ------------------------------------------------ */

static void
kick(struct batch_run *r)
{
	batch_progress_touch(r->progress);
	if (!r->over)
		loop_timer_set(r->turn, 0);
}

static void
broken(struct batch_run *r, const struct error *err)
{
	if (r->broken.code == ERR_NONE)
		r->broken = *err;
	r->over = true;
	loop_stop(r->o.app->loop);
}

static bool
flies(const struct batch_run *r, size_t i)
{
	return r->o.plan->items[i].state == BATCH_FLIES;
}

static void
land(struct batch_run *r)
{
	r->flying--;
	kick(r);
}

static void
give_up(struct batch_run *r, size_t i)
{
	r->o.plan->items[i].state = BATCH_LOST;
	land(r);
}

/* Asked for anew only where somebody said so, and that is written down. */
static void
lose(struct batch_run *r, size_t i, const struct error *why)
{
	struct error err;

	if (!r->o.resend_lost) {
		r->lost++;
		r->lost_why = *why;
		give_up(r, i);
		return;
	}
	if (batch_plan_note_round(r->o.plan, i, &err) == -1 ||
	    batch_plan_sync(r->o.plan, &err) == -1) {
		broken(r, &err);
		return;
	}
	r->o.plan->items[i].state = BATCH_WAITS;
	if (i < r->next)
		r->next = i;
	land(r);
}

/* Its line, with what is asked for again at its place in the plan. */
static void
record(struct batch_run *r, struct batch_result *result)
{
	struct batch_entry e;
	struct error err;
	int rc;

	rc = batch_plan_entry(r->o.plan, result->index, &e, &err);
	if (rc == 0) {
		result->entry = &e;
		rc = batch_results_add(r->o.results, result, &err);
		batch_entry_done(&e);
	}
	if (rc == -1)
		broken(r, &err);
	else
		land(r);
}

/* --- results ------------------------------------------------------------ */

static void next_landing(struct batch_run *r);

static void
landing_free(struct landing *l)
{
	if (l->fd != -1)
		batch_sink_drop(l->run->sink, l->i, l->fd);
	if (l->timer != NULL)
		loop_timer_free(l->timer);
	job_free(l->job);
	free(l);
}

static void
landing_end(struct landing *l)
{
	TAILQ_REMOVE(&l->run->landing, l, entry);
	landing_free(l);
}

static void
on_placed(const struct error *err, void *arg)
{
	struct landing *l = arg;
	struct batch_run *r = l->run;
	struct batch_result result = {
	    .index = l->i,
	    .job = l->job,
	    .sha256 = l->sha256,
	};

	r->fetching--;
	if (err != NULL)
		broken(r, err);
	else
		record(r, &result);
	landing_end(l);
	next_landing(r);
}

static void
place(struct landing *l)
{
	struct batch_run *r = l->run;
	struct batch_entry e;
	struct error err;
	int fd = l->fd;

	if (batch_plan_entry(r->o.plan, l->i, &e, &err) == -1) {
		broken(r, &err);
		return;
	}
	l->fd = -1;
	batch_sink_place(r->sink, l->i, fd, e.name, on_placed, l);
	batch_entry_done(&e);
}

static void
on_again(void *arg)
{
	struct landing *l = arg;
	struct batch_run *r = l->run;

	TAILQ_REMOVE(&r->landing, l, entry);
	TAILQ_INSERT_HEAD(&r->waiting, l, entry);
	next_landing(r);
}

/* The object is not there any more, or is another: no later try helps. */
static bool
is_final(const struct error *err)
{
	return fetch_lost(err) || err->code == ERR_NOT_FOUND ||
	    str_eq(err->remote_code, "no_result");
}

static void
fetch_failed(struct landing *l, const struct error *err)
{
	struct batch_run *r = l->run;
	size_t i = l->i;

	batch_sink_drop(r->sink, l->i, l->fd);
	l->fd = -1;
	r->fetching--;
	if (err->code == ERR_IO) {
		broken(r, err);
		return;
	}
	if (!is_final(err) && l->tries++ < TRIES_MAX) {
		r->trouble = *err;
		if (l->timer == NULL)
			l->timer = loop_timer_new(r->o.app->loop, on_again, l);
		loop_timer_set(l->timer,
		    backoff_delay_ms(
			&fetch_backoff, l->tries - 1, random_unit()));
	} else {
		landing_end(l);
		if (is_final(err)) {
			lose(r, i, err);
		} else {
			r->unread++;
			r->unread_why = *err;
			give_up(r, i);
		}
	}
	next_landing(r);
}

static void
on_fetched(const struct error *err, void *arg)
{
	struct landing *l = arg;

	if (err != NULL)
		fetch_failed(l, err);
	else
		place(l);
}

static void
fetch(struct landing *l)
{
	struct batch_run *r = l->run;
	struct batch_fetching f = {
	    .job = l->job,
	    .sha256 = l->sha256,
	    .done = on_fetched,
	    .arg = l,
	};
	struct error err;

	if (batch_sink_open(r->sink, l->i, &l->fd, &err) == -1) {
		broken(r, &err);
		return;
	}
	f.fd = l->fd;
	r->fetching++;
	if (r->carrier->kind->fetch(r->carrier, &f, &err) == -1)
		fetch_failed(l, &err);
}

static void
next_landing(struct batch_run *r)
{
	struct landing *l;

	while (!r->over && r->fetching < FETCHES_MAX &&
	    (l = TAILQ_FIRST(&r->waiting)) != NULL) {
		TAILQ_REMOVE(&r->waiting, l, entry);
		TAILQ_INSERT_TAIL(&r->landing, l, entry);
		fetch(l);
	}
}

/* --- news --------------------------------------------------------------- */

static void
on_known(size_t i, const char *job, void *arg)
{
	struct batch_run *r = arg;
	struct error err;

	if (batch_plan_note_job(r->o.plan, i, job, &err) == -1)
		broken(r, &err);
}

static void
on_done(size_t i, const struct job *job, void *arg)
{
	struct batch_run *r = arg;
	struct batch_result result = {.index = i, .job = job};
	struct landing *l;

	if (r->over || !flies(r, i))
		return;
	if (job->outcome != OUTCOME_OK) {
		record(r, &result);
		return;
	}
	l = xcalloc(1, sizeof(*l));
	l->run = r;
	l->i = i;
	l->fd = -1;
	l->job = job_clone(job, false);
	TAILQ_INSERT_TAIL(&r->waiting, l, entry);
	next_landing(r);
}

static void
on_refused(size_t i, const struct error *err, void *arg)
{
	struct batch_run *r = arg;
	char *words;
	struct batch_result result = {
	    .index = i,
	    .outcome = "refused",
	    .error_code = err->remote_code[0] != '\0'
		? err->remote_code
		: error_code_name(err->code),
	};

	if (r->over || !flies(r, i))
		return;
	words = err_words(err);
	result.error = words;
	record(r, &result);
	free(words);
}

static void
on_lost(size_t i, const struct error *err, void *arg)
{
	struct batch_run *r = arg;

	if (r->over || !flies(r, i))
		return;
	lose(r, i, err);
}

static void
on_trouble(const struct error *err, void *arg)
{
	struct batch_run *r = arg;

	if (err != NULL)
		r->trouble = *err;
	else
		error_clear(&r->trouble);
	batch_progress_touch(r->progress);
}

static void
on_broken(const struct error *err, void *arg)
{
	broken(arg, err);
}

void
batch_run_news(struct batch_run *r, struct batch_news *out)
{
	out->known = on_known;
	out->done = on_done;
	out->refused = on_refused;
	out->lost = on_lost;
	out->trouble = on_trouble;
	out->broken = on_broken;
	out->arg = r;
}

/* --- what goes next ------------------------------------------------------ */

static struct batch_item *
next_item(struct batch_run *r)
{
	struct batch_plan *p = r->o.plan;

	while (r->next < p->n && p->items[r->next].state != BATCH_WAITS)
		r->next++;
	return r->next < p->n ? &p->items[r->next] : NULL;
}

/* How long until one more may be submitted; 0: now. */
static int64_t
rate_wait(struct batch_run *r)
{
	int64_t now = clock_mono_ms(), due;

	if (r->o.rate == 0)
		return 0;
	due = r->began_at + r->submitted * 1000 / r->o.rate;
	/* What was not used is not made up for. */
	if (due < now - 1000) {
		r->began_at = now;
		r->submitted = 0;
	}
	return due > now ? due - now : 0;
}

static void
take(struct batch_run *r, struct batch_item *item)
{
	item->state = BATCH_FLIES;
	r->flying++;
	if (item->job[0] == '\0')
		r->submitted++;
	r->carrier->kind->take(r->carrier, r->next++);
}

static void
on_turn(void *arg)
{
	int64_t wait, until = clock_mono_ms() + SLICE_MS;
	struct batch_run *r = arg;
	struct batch_item *item;

	while (!r->over && r->flying < r->o.in_flight &&
	    (item = next_item(r)) != NULL) {
		wait = item->job[0] == '\0' ? rate_wait(r) : 0;
		if (wait > 0 || clock_mono_ms() >= until) {
			loop_timer_set(r->turn, wait);
			break;
		}
		take(r, item);
	}
	batch_progress_touch(r->progress);
	if (r->flying == 0 && next_item(r) == NULL) {
		r->over = true;
		loop_stop(r->o.app->loop);
	}
}

static void
on_timeout(void *arg)
{
	struct batch_run *r = arg;

	r->late = true;
	r->over = true;
	loop_stop(r->o.app->loop);
}

static void
on_synced(const struct error *err, void *arg)
{
	struct batch_run *r = arg;

	r->syncing = false;
	if (err != NULL)
		broken(r, err);
	else if (r->over)
		loop_stop(r->o.app->loop);
	else
		loop_timer_set(r->sync, SYNC_MS);
}

static void
on_sync(void *arg)
{
	struct batch_run *r = arg;

	if (r->over)
		return;
	r->syncing = true;
	batch_sink_sync(r->sink, r->o.plan->journal_fd,
	    batch_results_fd(r->o.results), on_synced, r);
}

static void
count(struct batch_counts *out, void *arg)
{
	const struct batch_run *r = arg;

	out->total = r->o.plan->n;
	out->ok = batch_results_ok(r->o.results);
	out->failed = batch_results_bad(r->o.results);
	out->lost = r->lost + r->unread;
	out->in_flight = r->flying;
	out->trouble = r->trouble.code != ERR_NONE ? r->trouble.text : NULL;
}

/* --- in and out ----------------------------------------------------------- */

struct batch_run *
batch_run_new(const struct batch_run_options *o)
{
	struct batch_run *r = xcalloc(1, sizeof(*r));
	struct loop *loop = o->app->loop;

	r->o = *o;
	TAILQ_INIT(&r->waiting);
	TAILQ_INIT(&r->landing);
	r->sink = batch_sink_new(loop, o->plan);
	r->turn = loop_timer_new(loop, on_turn, r);
	r->timeout = loop_timer_new(loop, on_timeout, r);
	r->sync = loop_timer_new(loop, on_sync, r);
	return r;
}

static void
drop_landings(struct landings *list)
{
	struct landing *l;

	while ((l = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, l, entry);
		landing_free(l);
	}
}

void
batch_run_free(struct batch_run *r)
{
	if (r == NULL)
		return;
	r->over = true;
	if (r->carrier != NULL)
		r->carrier->kind->free(r->carrier);
	drop_landings(&r->waiting);
	drop_landings(&r->landing);
	batch_sink_free(r->sink);
	batch_progress_free(r->progress);
	loop_timer_free(r->turn);
	loop_timer_free(r->timeout);
	loop_timer_free(r->sync);
	free(r);
}

void
batch_run_carrier(struct batch_run *r, struct batch_carrier *take_c)
{
	r->carrier = take_c;
}

static void
on_drain(void *arg)
{
	struct batch_run *r = arg;

	loop_stop(r->o.app->loop);
}

/* A request that left has its answer noted: what is broken off is a doubt. */
static void
drain(struct batch_run *r)
{
	int64_t until = clock_mono_ms() + DRAIN_MS;
	struct loop_timer *t = loop_timer_new(r->o.app->loop, on_drain, r);

	while (r->carrier->kind->drain(r->carrier) > 0 &&
	    clock_mono_ms() < until && r->broken.code == ERR_NONE) {
		loop_timer_set(t, DRAIN_LOOK_MS);
		loop_run(r->o.app->loop);
	}
	loop_timer_free(t);
}

int
batch_run(struct batch_run *r, struct error *err)
{
	struct app *app = r->o.app;

	app_catch_signals(app);
	r->progress =
	    batch_progress_new(app->loop, app->globals->quiet, count, r);
	r->began_at = clock_mono_ms();
	if (r->o.timeout_ms > 0)
		loop_timer_set(r->timeout, r->o.timeout_ms);
	loop_timer_set(r->turn, 0);
	loop_timer_set(r->sync, SYNC_MS);
	while (!r->over && app->signo == 0)
		loop_run(app->loop);
	r->over = true;
	/* A second signal ends it at once. */
	if (app->signo != 0)
		app_default_signals(app);
	drain(r);
	/* What fails there would fail nowhere else. */
	while (r->syncing)
		loop_run(app->loop);
	batch_progress_free(r->progress);
	r->progress = NULL;
	if (batch_plan_sync(r->o.plan, err) == -1 ||
	    batch_results_sync(r->o.results, err) == -1)
		return -1;
	if (r->broken.code == ERR_NONE)
		return 0;
	*err = r->broken;
	return -1;
}

bool
batch_run_late(const struct batch_run *r)
{
	return r->late;
}

size_t
batch_run_lost(const struct batch_run *r, struct error *why)
{
	*why = r->lost_why;
	return r->lost;
}

size_t
batch_run_unread(const struct batch_run *r, struct error *why)
{
	*why = r->unread_why;
	return r->unread;
}
