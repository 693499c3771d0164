/* SPDX-License-Identifier: Apache-2.0 */
/* Taking requests off a line when there is room, time or reason to. */
#include "local/line.h"

#include <errno.h>
#include <stdlib.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "local/model.h"
#include "local/run.h"

/* Each that expires holds its body and two files for a moment. */
#define EXPIRE_AT_ONCE 16
#define EXPIRE_PAUSE_MS 50
#define EXPIRE_LOOK_MS 60000
/* In one turn; starting a command takes about a millisecond. */
#define BEGIN_AT_ONCE 16
/* So many results may be on their way to the disk, each with two files, or be
 * kept for another S3, before more are made. */
#define WRITING_MAX 64
#define WRITING_REMOTE_MAX 1024
/* So many faults of this machine in a row, such as a full disk, and nothing
 * more is begun for a while. */
#define FAULTS_MAX 3
#define PAUSE_MS 5000
/* How long containers may go on, and results be written, at a stop. */
#define STOP_MS 30000
#define STOP_STORE_MS 5000
#define STOP_LOOK_MS 50

static const struct backoff again_backoff = {
    .start_ms = 500,
    .max_ms = 60000,
    .factor = 2,
    .jitter = 0.2,
};

struct waiting {
	TAILQ_ENTRY(waiting) entry;
	int64_t seq;
	int64_t accepted_at;
	int64_t expires_at;
	int64_t tries;
	bool kept; /* its result is, for another S3; it expires no more */
	bool held; /* in `later`, and not to end before it is due */
	int64_t due_at; /* monotonic; of those in `later` */
};
TAILQ_HEAD(waitings, waiting);
TAILQ_HEAD(runs, run);

enum line_state {
	LINE_NEW,
	LINE_OPEN,
	LINE_CLOSING, /* what runs may end */
	LINE_DRAINING, /* nothing runs; its model ends */
	LINE_CLOSED
};

struct line {
	struct line_options o;
	enum line_state state;
	struct model *model; /* NULL: nothing can run */
	struct waitings waiting; /* in the order of acceptance */
	struct waitings later; /* those that failed by no fault of theirs */
	struct runs runs;
	struct run_options run;
	size_t waiting_n; /* both */
	size_t runs_n;
	size_t fetching; /* of them; they wait for the model, too */
	unsigned faults; /* in a row */
	bool paused;
	int64_t expiry_at; /* the least of all that wait, or less */
	struct loop_timer *expiry;
	struct loop_timer *pause;
	struct loop_timer *again;
	struct loop_timer *kick;
	struct loop_timer *stop;
	int64_t stop_at;
	loop_fn *stopped;
	void *stopped_arg;
};

/* --- who waits ------------------------------------------------------ */

static void
tell_model(struct line *line)
{
	if (line->state == LINE_OPEN && line->model != NULL)
		model_backlog(line->model, line->waiting_n + line->fetching);
}

static void
kick_soon(struct line *line)
{
	if (line->state == LINE_OPEN)
		loop_timer_set(line->kick, 0);
}

/* The wall clock may be set: never trust a long timer. */
static void
expect_expiry(struct line *line, int64_t at)
{
	int64_t wait_ms = at - clock_wall_ms();

	if (at >= line->expiry_at)
		return;
	line->expiry_at = at;
	if (wait_ms < EXPIRE_PAUSE_MS)
		wait_ms = EXPIRE_PAUSE_MS;
	loop_timer_set(
	    line->expiry, wait_ms < EXPIRE_LOOK_MS ? wait_ms : EXPIRE_LOOK_MS);
}

static struct waiting
waiting_of(const struct db_request *r)
{
	bool kept = r->staged != DB_NOT_STAGED;

	return (struct waiting){
	    .seq = r->seq,
	    .accepted_at = r->accepted_at,
	    /* What is kept needs nothing but time to go on. */
	    .expires_at = kept ? 0 : r->accepted_at + r->ttl_s * 1000,
	    .kept = kept,
	};
}

/* In the order of acceptance: most come last, a few come back. */
static void
insert(struct line *line, struct waiting *w)
{
	struct waiting *after;

	TAILQ_FOREACH_REVERSE(after, &line->waiting, waitings, entry)
	{
		if (after->seq < w->seq)
			break;
	}
	if (after != NULL)
		TAILQ_INSERT_AFTER(&line->waiting, after, w, entry);
	else
		TAILQ_INSERT_HEAD(&line->waiting, w, entry);
}

static void
line_remove(struct line *line, struct waitings *list, struct waiting *w)
{
	TAILQ_REMOVE(list, w, entry);
	line->waiting_n--;
	free(w);
}

/* The first of `later` is due. */
static void
on_again(void *arg)
{
	struct line *line = arg;
	struct waiting *w, *next;
	int64_t now = clock_mono_ms(), soonest = INT64_MAX;

	for (w = TAILQ_FIRST(&line->later); w != NULL; w = next) {
		next = TAILQ_NEXT(w, entry);
		if (w->due_at <= now) {
			TAILQ_REMOVE(&line->later, w, entry);
			w->held = false;
			insert(line, w);
			expect_expiry(line, w->expires_at);
		} else if (w->due_at < soonest)
			soonest = w->due_at;
	}
	if (soonest != INT64_MAX)
		loop_timer_set(line->again, soonest - now);
	kick_soon(line);
}

static void
put_off(struct line *line, const struct waiting *what)
{
	struct waiting *w = xmemdup(what, sizeof(*w));

	w->due_at = clock_mono_ms() +
	    backoff_delay_ms(
		&again_backoff, (unsigned)w->tries - 1, random_unit());
	w->held = w->expires_at <= clock_wall_ms();
	line->waiting_n++;
	TAILQ_INSERT_TAIL(&line->later, w, entry);
	if (!w->held)
		expect_expiry(line, w->expires_at);
	tell_model(line);
	on_again(line);
}

/* --- runs ----------------------------------------------------------- */

static void
log_trouble(enum log_level level, const char *what, const char *inference,
    const struct error *err)
{
	log_begin(level, "endpoint");
	log_str("msg", what);
	log_str("inference", inference);
	log_err(err);
	log_end();
}

/* Whether others would fail alike: not of an input or a container. */
static bool
is_general(const struct error *err)
{
	return err->code == ERR_STORE || err->code == ERR_BUSY ||
	    (err->code == ERR_IO && err->sys_errno != ENOENT);
}

static void
line_fault(struct line *line)
{
	if (++line->faults < FAULTS_MAX || line->paused)
		return;
	line->paused = true;
	loop_timer_set(line->pause, PAUSE_MS);
}

static void
forget_run(struct line *line, struct run *r)
{
	TAILQ_REMOVE(&line->runs, r, entry);
	line->runs_n--;
	run_free(r);
}

static void
on_fetched(struct run *r)
{
	struct line *line = r->o->arg;

	line->fetching--;
	tell_model(line);
}

static void
on_run_done(struct run *r, const struct error *err)
{
	struct line *line = r->o->arg;
	struct waiting w = waiting_of(&r->request);

	w.tries = r->tries;
	/* At a stop, what is put off is left to the next start. */
	if (err != NULL && line->state == LINE_OPEN) {
		/* Once: what is away for an hour is asked for often. */
		log_trouble(w.tries == 1 ? LOG_WARN : LOG_DEBUG,
		    "a request is put off", r->request.inference_id, err);
		/* One that fails again tells nothing new. */
		if (r->tries == 1 && is_general(err))
			line_fault(line);
		forget_run(line, r);
		put_off(line, &w);
		kick_soon(line);
		return;
	}
	line->faults = 0;
	forget_run(line, r);
	kick_soon(line);
	if (line->state == LINE_CLOSING)
		loop_timer_set(line->stop, 0);
}

/* The run of a waiting request, which leaves its line; NULL: none. */
static struct run *
take(struct line *line, struct waitings *list, struct waiting *w)
{
	struct db_request request;
	struct error err;
	struct run *r;
	int rc;

	rc = db_request_get(line->o.queue->db, w->seq, &request, &err);
	if (rc == -1) {
		log_trouble(
		    LOG_ERROR, "a request could not be read", NULL, &err);
		line->faults = FAULTS_MAX;
		line_fault(line);
		return NULL;
	}
	if (rc == 0) {
		line_remove(line, list, w);
		return NULL;
	}
	r = run_new(&line->run, &request);
	r->tries = w->tries;
	line_remove(line, list, w);
	TAILQ_INSERT_TAIL(&line->runs, r, entry);
	line->runs_n++;
	return r;
}

/* --- taking requests off a line ------------------------------------- */

/* Whether enough results are on their way to where they belong. */
static bool
writes_enough(const struct line *line)
{
	size_t most = line->o.queue->remote ? WRITING_REMOTE_MAX : WRITING_MAX;
	struct model_state state = {0};

	if (line->model != NULL)
		model_look(line->model, &state);
	return line->runs_n >= line->fetching + (size_t)state.running + most;
}

static void
wait_again(struct line *line, struct run *r)
{
	struct waiting w = waiting_of(&r->request);

	w.tries = r->tries;
	forget_run(line, r);
	line->waiting_n++;
	insert(line, xmemdup(&w, sizeof(w)));
	expect_expiry(line, w.expires_at);
}

/* With a backlog it may be late before the timer tells. */
static void
begin(struct line *line, struct run *r)
{
	int64_t ttl_ms = r->request.ttl_s * 1000;

	if (r->request.staged != DB_NOT_STAGED) {
		run_resume(r);
	} else if (r->request.accepted_at + ttl_ms <= clock_wall_ms()) {
		run_expire(r);
	} else if (line->model == NULL ||
	    model_room(line->model) <= line->fetching) {
		/* Its result was kept, and got lost. */
		wait_again(line, r);
	} else {
		line->fetching++;
		run_start(r);
	}
}

/* Expire what is due of one list; when to look again. */
static int64_t
expire_due(struct line *line, struct waitings *list, int *room)
{
	int64_t now = clock_wall_ms(), next = INT64_MAX;
	struct waiting *w, *after;
	struct run *r;

	for (w = TAILQ_FIRST(list); w != NULL && !line->paused; w = after) {
		after = TAILQ_NEXT(w, entry);
		if (w->held)
			continue;
		if (w->expires_at > now) {
			if (w->expires_at < next)
				next = w->expires_at;
			continue;
		}
		/* There may be 120,000 more: the walk ends here. */
		if (--*room < 0)
			return now;
		r = take(line, list, w);
		if (r != NULL)
			begin(line, r);
	}
	return next;
}

static void
on_expiry(void *arg)
{
	struct line *line = arg;
	int room = writes_enough(line) ? 0 : EXPIRE_AT_ONCE;
	int64_t next, other;

	line->expiry_at = INT64_MAX;
	if (line->paused || line->state != LINE_OPEN)
		return;
	next = expire_due(line, &line->waiting, &room);
	other = expire_due(line, &line->later, &room);
	expect_expiry(line, next < other ? next : other);
	tell_model(line);
}

static void
on_pause_over(void *arg)
{
	struct line *line = arg;

	line->paused = false;
	on_expiry(line);
	kick_soon(line);
}

static bool
may_begin(const struct line *line)
{
	return line->state == LINE_OPEN && line->model != NULL &&
	    !line->paused && model_room(line->model) > line->fetching &&
	    !writes_enough(line);
}

static void
on_kick(void *arg)
{
	struct line *line = arg;
	int left = BEGIN_AT_ONCE;
	struct waiting *w;
	struct run *r;

	while (may_begin(line) && (w = TAILQ_FIRST(&line->waiting)) != NULL) {
		if (left-- == 0) {
			kick_soon(line);
			break;
		}
		r = take(line, &line->waiting, w);
		if (r != NULL)
			begin(line, r);
	}
	tell_model(line);
}

static void
on_room(void *arg)
{
	kick_soon(arg);
}

/* --- in and out ----------------------------------------------------- */

void
line_add(struct line *line, const struct db_request *r)
{
	struct waiting *w = xcalloc(1, sizeof(*w));

	*w = waiting_of(r);
	line->waiting_n++;
	insert(line, w);
	expect_expiry(line, w->expires_at);
	kick_soon(line);
}

/* Results that are kept need no room. */
static void
resume_kept(struct line *line)
{
	struct waiting *w, *next;
	struct run *r;

	for (w = TAILQ_FIRST(&line->waiting); w != NULL; w = next) {
		next = TAILQ_NEXT(w, entry);
		if (!w->kept)
			continue;
		r = take(line, &line->waiting, w);
		if (r != NULL)
			run_resume(r);
	}
}

void
line_start(struct line *line)
{
	line->state = LINE_OPEN;
	resume_kept(line);
	on_expiry(line);
	on_kick(line);
}

const struct conf_endpoint *
line_endpoint(const struct line *line)
{
	return line->o.endpoint;
}

size_t
line_backlog(const struct line *line)
{
	return line->waiting_n + line->runs_n;
}

/* --- metrics -------------------------------------------------------- */

static int64_t
oldest_of(const struct line *line)
{
	const struct waiting *w;
	const struct run *r;
	int64_t oldest = INT64_MAX;

	if ((w = TAILQ_FIRST(&line->waiting)) != NULL)
		oldest = w->accepted_at;
	TAILQ_FOREACH (w, &line->later, entry) {
		if (w->accepted_at < oldest)
			oldest = w->accepted_at;
	}
	TAILQ_FOREACH (r, &line->runs, entry) {
		if (r->request.accepted_at < oldest)
			oldest = r->request.accepted_at;
	}
	return oldest;
}

void
line_look(const struct line *line, struct metrics_endpoint *out)
{
	int64_t oldest = oldest_of(line), now = clock_wall_ms();
	struct model_state state = {0};

	if (line->model != NULL)
		model_look(line->model, &state);
	out->waiting = (int64_t)line->waiting_n;
	out->running = (int64_t)line->runs_n;
	out->oldest_ms = oldest < now ? now - oldest : 0;
	out->instances_starting = state.starting;
	out->instances_in_service = state.in_service;
	/* A command is always there: it is no backlog without capacity. */
	if (line->model != NULL && !str_empty(line->o.endpoint->command))
		out->instances_in_service = 1;
	out->instances_draining = state.draining;
}

/* --- stopping ------------------------------------------------------- */

/* A run that the stop waits for: a container's, or one that is written. */
static bool
may_end(const struct line *line, const struct run *r)
{
	int64_t waited_ms = clock_mono_ms() - line->stop_at;

	if (r->state == RUN_STORING)
		return !line->o.queue->remote && waited_ms < STOP_STORE_MS;
	return r->state == RUN_INVOKING && line->o.endpoint->command == NULL &&
	    waited_ms < STOP_MS;
}

/* Break off what need not be waited for; whether anything else runs. */
static bool
still_runs(struct line *line)
{
	struct run *r, *next;
	bool any = false;

	for (r = TAILQ_FIRST(&line->runs); r != NULL; r = next) {
		next = TAILQ_NEXT(r, entry);
		if (may_end(line, r))
			any = true;
		/* What is being written calls back; it goes with the line. */
		else if (r->state != RUN_STORING)
			forget_run(line, r);
	}
	return any;
}

static void
on_drained(void *arg)
{
	struct line *line = arg;

	line->state = LINE_CLOSED;
	line->stopped(line->stopped_arg);
}

static void
stop_goes_on(void *arg)
{
	struct line *line = arg;

	if (still_runs(line)) {
		loop_timer_set(line->stop, STOP_LOOK_MS);
		return;
	}
	line->state = LINE_DRAINING;
	if (line->model != NULL)
		model_drain(line->model, on_drained, line);
	else
		on_drained(line);
}

void
line_stop(struct line *line, loop_fn *stopped, void *arg)
{
	line->state = LINE_CLOSING;
	line->stop_at = clock_mono_ms();
	line->stopped = stopped;
	line->stopped_arg = arg;
	loop_timer_set(line->stop, 0);
}

/* --- making --------------------------------------------------------- */

int
line_new(
    const struct line_options *options, struct line **out, struct error *err)
{
	struct line *line = xcalloc(1, sizeof(*line));
	const struct queue_options *q = options->queue;
	struct model_options m = {
	    .loop = q->loop,
	    .faults = q->faults,
	    .endpoint = options->endpoint,
	    .tmp_dir = q->tmp_dir,
	    .output_max = q->max_object,
	    .on_room = on_room,
	    .arg = line,
	};

	line->o = *options;
	line->expiry_at = INT64_MAX;
	TAILQ_INIT(&line->waiting);
	TAILQ_INIT(&line->later);
	TAILQ_INIT(&line->runs);
	line->expiry = loop_timer_new(q->loop, on_expiry, line);
	line->pause = loop_timer_new(q->loop, on_pause_over, line);
	line->again = loop_timer_new(q->loop, on_again, line);
	line->kick = loop_timer_new(q->loop, on_kick, line);
	line->stop = loop_timer_new(q->loop, stop_goes_on, line);
	if (!options->nowhere && model_new(&m, &line->model, err) == -1) {
		err_prefix(err, "endpoint %s", options->endpoint->name);
		line_free(line);
		return -1;
	}
	line->run = (struct run_options){
	    .queue = q,
	    .endpoint = options->endpoint,
	    .model = line->model,
	    .metrics = options->metrics,
	    .fetched = on_fetched,
	    .done = on_run_done,
	    .arg = line,
	};
	*out = line;
	return 0;
}

void
line_free(struct line *line)
{
	struct waiting *w;
	struct run *r;

	if (line == NULL)
		return;
	while ((r = TAILQ_FIRST(&line->runs)) != NULL)
		forget_run(line, r);
	while ((w = TAILQ_FIRST(&line->waiting)) != NULL)
		line_remove(line, &line->waiting, w);
	while ((w = TAILQ_FIRST(&line->later)) != NULL)
		line_remove(line, &line->later, w);
	model_free(line->model);
	loop_timer_free(line->expiry);
	loop_timer_free(line->pause);
	loop_timer_free(line->again);
	loop_timer_free(line->kick);
	loop_timer_free(line->stop);
	free(line);
}
