/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: the agenda, the verdicts, and every change of state. */
#include "engine/engine.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/discard.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "engine/dispatch.h"
#include "engine/learned.h"
#include "engine/names.h"
#include "engine/settle.h"
#include "engine/work.h"

/* Steps at a time: many jobs that are due at once take turns. */
#define RUNNING_MAX 256
/* Of a result that is kept with its deliveries. */
#define RESULT_MAX ((size_t)256 * 1024)

/* A job that no service took in this time is let go. */
#define QUEUED_MAX_MS ((int64_t)6 * 3600 * 1000)

TAILQ_HEAD(works, work);

struct engine {
	struct engine_options o;
	struct learned_list learned;
	struct agenda agenda;
	struct loop_timer *timer;
	struct works works;
	void *index; /* of works by job id, tsearch(3) */
	struct dispatch *dispatch;
	size_t running;
	size_t sending;
	bool draining; /* nothing new is begun */
	bool stopping; /* and nothing is gone on with */
};

static const struct backoff retry_backoff = {
    .start_ms = 500,
    .max_ms = 30000,
    .factor = 2,
    .jitter = 0.2,
};

/* --- the agenda ----------------------------------------------------- */

static void
arm_timer(struct engine *e)
{
	struct agenda_entry *first = agenda_first(&e->agenda);

	if (first != NULL && e->running < RUNNING_MAX && !e->draining)
		loop_timer_set(e->timer, first->due_at - clock_mono_ms());
	else
		loop_timer_clear(e->timer);
}

static void
schedule(struct work *w, int64_t delay_ms)
{
	struct engine *e = w->engine;

	if (e->draining)
		return;
	agenda_set(&e->agenda, &w->entry, clock_mono_ms() + delay_ms);
	arm_timer(e);
}

static void
run_step(struct work *w)
{
	w->running = true;
	w->engine->running++;
	switch (w->job->state) {
	case JOB_QUEUED:
		step_submit(w);
		return;
	case JOB_PENDING:
		step_poll(w);
		return;
	case JOB_DONE:
		break;
	}
	abort();
}

static void
on_timer(void *arg)
{
	struct engine *e = arg;
	struct agenda_entry *first;
	int64_t now = clock_mono_ms();

	while (e->running < RUNNING_MAX &&
	    (first = agenda_first(&e->agenda)) != NULL &&
	    first->due_at <= now) {
		agenda_remove(&e->agenda, first);
		run_step((struct work *)first);
	}
	arm_timer(e);
}

/* Its verdict is told, or it is broken off: the next one may begin. */
static void
step_over(struct work *w)
{
	struct engine *e = w->engine;

	engine_sending(w, false);
	if (!w->running)
		return;
	w->running = false;
	e->running--;
	arm_timer(e);
}

void
engine_sending(struct work *w, bool sending)
{
	if (w->sending == sending)
		return;
	w->sending = sending;
	if (sending)
		w->engine->sending++;
	else
		w->engine->sending--;
}

/* --- work ----------------------------------------------------------- */

static int
by_id(const void *a, const void *b)
{
	const struct work *x = a, *y = b;

	return strcmp(x->job->id, y->job->id);
}

static struct work *
find_work(const struct engine *e, const char *id)
{
	struct job job;
	struct work key = {.job = &job};
	void *node;

	if (strlen(id) != JOBID_LEN)
		return NULL;
	memcpy(job.id, id, JOBID_SIZE);
	node = tfind(&key, &e->index, by_id);
	return node != NULL ? *(struct work **)node : NULL;
}

static struct work *
work_new(struct engine *e, struct job *take_job)
{
	struct work *w = xcalloc(1, sizeof(*w));

	w->engine = e;
	w->job = take_job;
	w->input_fd = -1;
	buf_init(&w->text, 4096);
	buf_init(&w->result, RESULT_MAX);
	TAILQ_INSERT_TAIL(&e->works, w, all);
	tsearch(w, &e->index, by_id);
	return w;
}

static void
work_free(struct work *w)
{
	struct engine *e = w->engine;

	agenda_remove(&e->agenda, &w->entry);
	TAILQ_REMOVE(&e->works, w, all);
	tdelete(w, &e->index, by_id);
	step_over(w);
	step_submit_cancel(w);
	step_poll_cancel(w);
	buf_done(&w->text);
	buf_done(&w->result);
	free(w->uploaded);
	job_free(w->job);
	free(w);
}

static void
tell(struct work *w, enum engine_event event, const struct error *err)
{
	const struct engine_options *o = &w->engine->o;

	o->event(event, w->job, err, o->event_arg);
}

void
engine_policy_of(const struct work *w, struct engine_policy *out)
{
	const struct engine_options *o = &w->engine->o;

	o->policy(w->job->spec.endpoint, out, o->policy_arg);
}

const struct engine_options *
engine_options_of(const struct work *w)
{
	return &w->engine->o;
}

struct loop *
engine_loop(const struct work *w)
{
	return w->engine->o.loop;
}

/* The store failed, or the region is senseless: what is on disk stays true,
 * and nobody goes on here. */
static void
give_up(struct work *w, const struct error *err)
{
	tell(w, ENGINE_BROKEN, err);
	work_free(w);
}

/* --- what is learned on the way ------------------------------------- */

const char *
engine_output_path(const struct work *w)
{
	const struct job_spec *spec = &w->job->spec;

	if (!str_empty(spec->output_path))
		return spec->output_path;
	return learned_path(&w->engine->learned, spec->endpoint);
}

void
engine_learn_output_path(const struct work *w, const char *path)
{
	learned_set(&w->engine->learned, w->job->spec.endpoint, path);
}

/* --- verdicts ------------------------------------------------------- */

static void
log_move(const struct job *job, enum job_state from)
{
	const struct submission *s = job_last_submission(job);

	log_begin(LOG_INFO, "engine");
	log_str("job", job->id);
	log_str("from", job_state_name(from));
	log_str("to", job_state_name(job->state));
	if (job->state == JOB_DONE) {
		log_str("outcome", job_outcome_name(job->outcome));
		log_int("polls", job->polls);
	} else if (s != NULL) {
		log_int("submission", s->n);
		log_str("output", s->output_location);
	}
	log_int("ms", clock_wall_ms() - job->created_at);
	log_str("error_code", job->error_code);
	log_str("error", job->error_text);
	log_end();
}

/* The file that was ours to keep until the service had the input. */
static void
drop_spooled_input(const struct job *job)
{
	if (job->spec.input_spooled && job->spec.input_path != NULL)
		discard_path(job->spec.input_path);
}

/* Inline bytes are not needed once they were accepted, nor the memory. */
static void
drop_body(struct job *job)
{
	free(job->spec.body);
	job->spec.body = NULL;
}

/* Nothing can be there at once. */
static int64_t
first_look_ms(const struct work *w)
{
	struct engine_policy policy;

	engine_policy_of(w, &policy);
	return plan_delay_ms(&policy.plan, 0,
	    w->job->deadline_at - clock_wall_ms(), random_unit());
}

static void cancel_now(struct work *w);

/* From here on the deliveries are the dispatcher's. */
static void
hand_over_deliveries(struct work *w)
{
	struct job *job = w->job;
	size_t i, n = job->ndeliveries;

	job->ndeliveries = 0;
	for (i = 0; i < n; i++)
		dispatch_add(w->engine->dispatch, job->deliveries[i]);
}

static void
on_moved(const struct error *err, void *arg)
{
	struct work *w = arg;
	enum job_state from = w->from;

	w->writing = false;
	if (err != NULL) {
		give_up(w, err);
		return;
	}
	crash_point(w->job->state == JOB_DONE ? "C9" : "C7");
	log_move(w->job, from);
	if (from == JOB_QUEUED) {
		drop_spooled_input(w->job);
		drop_body(w->job);
	}
	tell(w, ENGINE_MOVED, NULL);
	if (w->job->state == JOB_DONE) {
		hand_over_deliveries(w);
		work_free(w);
	} else if (w->cancelled) {
		cancel_now(w);
	} else {
		schedule(w, first_look_ms(w));
	}
}

static void
set_error(struct job *job, const char *code, const char *text)
{
	free(job->error_code);
	free(job->error_text);
	job->error_code = xstrdup_or_null(code);
	job->error_text = xstrdup_or_null(text);
}

/* The remedy stays with the job, for whoever asks later. */
static void
set_failure(struct job *job, const char *code, const struct error *err)
{
	char *text = xasprintf(
	    "%s%s%s", err->text, err->hint[0] != '\0' ? ". " : "", err->hint);

	set_error(job, code, text);
	free(text);
}

static void
apply_move(struct work *w, const struct step_result *r, enum job_state to,
    enum job_outcome outcome)
{
	w->from = w->job->state;
	if (r->verdict == VERDICT_FAIL)
		set_failure(w->job, r->error_code, r->err);
	else if (r->error_code != NULL)
		set_error(w->job, r->error_code, r->error_text);
	job_move(w->job, to, outcome);
	if (to == JOB_DONE)
		settle_deliveries(w);
	w->retries = 0;
	w->writing = true;
	store_save(w->engine->o.store, w->job, r->submission, on_moved, w);
}

static void
retry_later(struct work *w, const struct step_result *r)
{
	int64_t delay =
	    backoff_delay_ms(&retry_backoff, w->retries++, random_unit());

	if (delay < r->err->retry_after_ms)
		delay = r->err->retry_after_ms;
	log_begin(LOG_WARN, "engine");
	log_str("job", w->job->id);
	log_str("state", job_state_name(w->job->state));
	log_int("retry_ms", delay);
	log_err(r->err);
	log_end();
	tell(w, ENGINE_TROUBLE, r->err);
	schedule(w, delay);
}

static void
wait_on(struct work *w, const struct step_result *r)
{
	tell(w, ENGINE_LOOKED, r->err);
	schedule(w, r->delay_ms);
}

void
engine_apply(struct work *w, const struct step_result *r)
{
	step_over(w);
	switch (r->verdict) {
	case VERDICT_DONE:
		apply_move(w, r, r->next, r->outcome);
		return;
	case VERDICT_FAIL:
		apply_move(w, r, JOB_DONE, OUTCOME_FAILED);
		return;
	case VERDICT_RETRY:
		retry_later(w, r);
		return;
	case VERDICT_HOLD:
		schedule(w, r->delay_ms);
		return;
	case VERDICT_WAIT:
		wait_on(w, r);
		return;
	}
	abort();
}

/* --- writes without a move ------------------------------------------ */

static void
on_recorded(const struct error *err, void *arg)
{
	struct work *w = arg;

	w->writing = false;
	if (err != NULL)
		give_up(w, err);
	else if (w->cancelled)
		cancel_now(w);
	else if (!w->engine->stopping)
		w->after_write(w);
}

void
engine_record(struct work *w, unsigned n, work_fn *next)
{
	w->after_write = next;
	w->writing = true;
	store_save(w->engine->o.store, w->job, n, on_recorded, w);
}

/* --- giving up ------------------------------------------------------ */

/* An intent is closed with the truth: did it leave? */
static unsigned
close_intent(struct work *w)
{
	struct submission *s = job_last_submission(w->job);

	if (s == NULL || s->fate != SUB_OPEN)
		return 0;
	s->fate = w->invoke != NULL ? SUB_DOUBT : SUB_NOT_SENT;
	s->ended_at = clock_wall_ms();
	s->note = xstrdup("cancelled before the outcome was known");
	return s->n;
}

static void
cancel_now(struct work *w)
{
	struct step_result r = {
	    .verdict = VERDICT_DONE,
	    .next = JOB_DONE,
	    .outcome = OUTCOME_CANCELLED,
	    .submission = close_intent(w),
	    .error_code = "cancelled",
	    .error_text = "given up on request",
	};

	step_submit_cancel(w);
	step_poll_cancel(w);
	agenda_remove(&w->engine->agenda, &w->entry);
	engine_apply(w, &r);
}

int
engine_cancel(struct engine *e, const char *id)
{
	struct work *w = find_work(e, id);

	if (w == NULL || w->job->state == JOB_DONE)
		return -1;
	if (w->writing)
		w->cancelled = true;
	else
		cancel_now(w);
	return 0;
}

/* --- in and out ----------------------------------------------------- */

static void
begin(struct work *w)
{
	struct error err;

	if (sites_get(w->engine->o.sites, w->job->spec.region, &w->site,
		&err) == -1) {
		give_up(w, &err);
		return;
	}
	schedule(w, 0);
}

static void
on_inserted(const struct error *err, void *arg)
{
	struct work *w = arg;

	w->writing = false;
	if (err != NULL) {
		tell(w, ENGINE_NOT_STORED, err);
		drop_spooled_input(w->job);
		work_free(w);
		return;
	}
	log_begin(LOG_INFO, "engine");
	log_str("job", w->job->id);
	log_str("to", job_state_name(w->job->state));
	log_str("endpoint", w->job->spec.endpoint);
	log_end();
	tell(w, ENGINE_STORED, NULL);
	if (w->cancelled)
		cancel_now(w);
	else
		begin(w);
}

struct engine *
engine_new(const struct engine_options *options)
{
	struct engine *e = xcalloc(1, sizeof(*e));

	e->o = *options;
	agenda_init(&e->agenda);
	TAILQ_INIT(&e->works);
	TAILQ_INIT(&e->learned);
	e->timer = loop_timer_new(options->loop, on_timer, e);
	e->dispatch = dispatch_new(&e->o);
	return e;
}

void
engine_drain(struct engine *e)
{
	e->draining = true;
	loop_timer_clear(e->timer);
	dispatch_stop(e->dispatch);
}

void
engine_stop(struct engine *e)
{
	engine_drain(e);
	dispatch_halt(e->dispatch);
	e->stopping = true;
}

size_t
engine_busy(const struct engine *e)
{
	size_t waiting, under_way;

	dispatch_count(e->dispatch, &waiting, &under_way);
	return e->sending + under_way;
}

void
engine_free(struct engine *e)
{
	struct work *w;

	if (e == NULL)
		return;
	while ((w = TAILQ_FIRST(&e->works)) != NULL)
		work_free(w);
	dispatch_free(e->dispatch);
	agenda_done(&e->agenda);
	learned_forget(&e->learned);
	loop_timer_free(e->timer);
	free(e);
}

void
engine_submit(struct engine *e, struct job *take_job)
{
	struct work *w = work_new(e, take_job);

	if (w->job->deadline_at == 0)
		w->job->deadline_at = w->job->created_at + QUEUED_MAX_MS;
	w->writing = true;
	store_insert(e->o.store, w->job, on_inserted, w);
}

static void
begin_adopted(struct work *w)
{
	begin(w);
}

/* An accepted submission tells where those went whose answers were lost. */
static void
recall_output_path(struct job *job)
{
	size_t i;

	for (i = 0; i < job->nsubs; i++) {
		char *path = names_output_path(&job->subs[i]);

		names_predict(job, path);
		free(path);
	}
}

void
engine_adopt(struct engine *e, struct job *take_job)
{
	struct submission *s = job_last_submission(take_job);
	struct work *w;

	/* Nothing may be written for it any more, and nothing is lost. */
	if (e->draining) {
		job_free(take_job);
		return;
	}
	w = work_new(e, take_job);
	recall_output_path(take_job);
	log_begin(LOG_DEBUG, "engine");
	log_str("job", take_job->id);
	log_str("adopted", job_state_name(take_job->state));
	log_str("in_doubt", job_in_doubt(take_job) ? "yes" : NULL);
	log_end();
	if (!job_in_doubt(take_job) || s->fate != SUB_OPEN) {
		begin(w);
		return;
	}
	/* The intent stands and nothing behind it: it may have been sent. */
	s->fate = SUB_DOUBT;
	s->ended_at = clock_wall_ms();
	s->note = xstrdup("interrupted before the outcome was known");
	engine_record(w, s->n, begin_adopted);
}

void
engine_adopt_delivery(struct engine *e, struct delivery *take_d)
{
	if (e->draining)
		delivery_free(take_d);
	else
		dispatch_adopt(e->dispatch, take_d);
}

void
engine_replay(struct engine *e, struct delivery *take_d)
{
	dispatch_replay(e->dispatch, take_d);
}

void
engine_targets_changed(struct engine *e)
{
	dispatch_targets_changed(e->dispatch);
}

/* --- what is there -------------------------------------------------- */

const struct job *
engine_find(const struct engine *e, const char *id)
{
	const struct work *w = find_work(e, id);

	return w != NULL ? w->job : NULL;
}

void
engine_count(const struct engine *e, struct engine_counts *out)
{
	const struct work *w;

	memset(out, 0, sizeof(*out));
	TAILQ_FOREACH (w, &e->works, all) {
		if (w->job->state == JOB_DONE)
			continue;
		if (w->job->state == JOB_QUEUED)
			out->queued++;
		else
			out->pending++;
		if (job_in_doubt(w->job))
			out->in_doubt++;
		if (out->oldest_at == 0 || w->job->created_at < out->oldest_at)
			out->oldest_at = w->job->created_at;
	}
	dispatch_count(e->dispatch, &out->waiting, &out->attempts);
}
