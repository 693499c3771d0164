/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: the agenda, the verdicts, and every change of state. */
#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

#include "aws/awserr.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/discard.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "engine/again.h"
#include "engine/bells.h"
#include "engine/core.h"
#include "engine/doubt.h"
#include "engine/late.h"
#include "engine/learn.h"
#include "engine/limits.h"
#include "engine/look.h"
#include "engine/move_log.h"
#include "engine/own.h"
#include "engine/settle.h"
#include "engine/sweep.h"
#include "engine/times.h"

/* Steps at a time: many jobs that are due at once take turns. */
#define RUNNING_MAX 256

static const struct backoff retry_backoff = {
    .start_ms = 500,
    .max_ms = 30000,
    .factor = 2,
    .jitter = 0.2,
};

/* --- the agenda ----------------------------------------------------- */

bool
engine_has_room(const struct engine *e)
{
	return e->running < RUNNING_MAX && !e->draining && !e->held;
}

static void
arm_timer(struct engine *e)
{
	struct agenda_entry *first = agenda_first(&e->agenda);

	if (first != NULL && engine_has_room(e))
		loop_timer_set(e->timer, first->due_at - clock_mono_ms());
	else
		loop_timer_clear(e->timer);
}

void
engine_unschedule(struct work *w)
{
	if (w->queue != 0)
		limits_leave(
		    w->engine->limits, w->queue, LIMITS_LOOK, &w->entry);
	else
		agenda_remove(&w->engine->agenda, &w->entry);
	w->queue = 0;
}

void
engine_schedule(struct work *w, int64_t delay_ms)
{
	struct engine *e = w->engine;

	if (e->draining)
		return;
	engine_unschedule(w);
	agenda_set(&e->agenda, &w->entry, clock_mono_ms() + delay_ms);
	arm_timer(e);
}

void
engine_look_now(struct work *w, enum look_cause cause)
{
	bool waits = work_state(w) != JOB_QUEUED || job_in_doubt(w->job);

	w->cause = (uint8_t)cause;
	if (w->running || w->writing || !waits)
		w->rung = true;
	else if (w->queue == 0)
		engine_schedule(w, 0);
}

/*
 * In so much time, or at once where it was rung for meanwhile. With others a
 * little earlier, but not the look at the job's end.
 */
static void
schedule_look(struct work *w, int64_t delay_ms)
{
	delay_ms = sweep_wait(w, delay_ms);
	engine_schedule(w, w->rung ? 0 : delay_ms);
	if (w->job->state == JOB_PENDING && delay_ms < times_left(w->job))
		w->entry.early_ms = agenda_early_ms(delay_ms);
	if (!w->rung)
		w->cause = LOOK_PLANNED;
	w->rung = false;
	work_rest(w);
}

void
engine_run(struct work *w)
{
	work_wake(w);
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
		step_poll(w);
		return;
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
	    (first = agenda_take(&e->agenda, now)) != NULL) {
		if (budget_lets((struct work *)first))
			engine_run((struct work *)first);
	}
	arm_timer(e);
}

void
engine_step_over(struct work *w)
{
	struct engine *e = w->engine;

	engine_sending(w, false);
	if (!w->running)
		return;
	w->running = false;
	e->running--;
	arm_timer(e);
	limits_resume(e->limits);
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

bool
engine_draining(const struct work *w)
{
	return w->engine->draining;
}

void
engine_tell(struct work *w, enum engine_event event, const struct error *err)
{
	const struct engine_options *o = &w->engine->o;

	o->event(event, w->job, err, o->event_arg);
	direct_news(w, event, err);
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

void
engine_give_up(struct work *w, const struct error *err)
{
	engine_tell(w, ENGINE_BROKEN, err);
	work_free(w);
}

/* --- verdicts ------------------------------------------------------- */

void
engine_drop_spooled(const struct job *job)
{
	if (job->spec.input_spooled && job->spec.input_path != NULL)
		discard_path(job->spec.input_path);
}

void
engine_drop_body(struct job *job)
{
	free(job->spec.body);
	job->spec.body = NULL;
}

static void cancel_now(struct work *w);
static void withdraw_intent(struct work *w);

void
engine_hand_over(struct work *w)
{
	struct job *job = w->job;
	size_t i, n = job->ndeliveries;

	job->ndeliveries = 0;
	for (i = 0; i < n; i++)
		dispatch_add(w->engine->dispatch, job->deliveries[i]);
}

static void
on_done(struct work *w)
{
	engine_hand_over(w);
	bells_forget(w);
	own_release(w);
	if (!late_join(w))
		work_free(w);
}

static void
on_moved(const struct error *err, void *arg)
{
	struct work *w = arg;
	enum job_state from = w->step->from;

	w->writing = false;
	if (err != NULL) {
		engine_give_up(w, err);
		return;
	}
	crash_point(w->job->state == JOB_DONE ? "C9" : "C7");
	bells_know(w);
	move_log(w, from);
	if (from == JOB_QUEUED) {
		engine_drop_spooled(w->job);
		engine_drop_body(w->job);
	}
	engine_tell(w, ENGINE_MOVED, NULL);
	if (w->job->state == JOB_DONE)
		on_done(w);
	else if (w->cancelled)
		cancel_now(w);
	else if (w->job->state == JOB_QUEUED)
		engine_schedule(w, w->step->again_ms);
	else
		schedule_look(w, look_first_ms(w));
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
	char *text = err_words(err);

	set_error(job, code, text);
	free(text);
}

static void
apply_move(struct work *w, const struct step_result *r, enum job_state to,
    enum job_outcome outcome)
{
	w->step->from = w->job->state;
	sweep_leave(w);
	w->swept = SWEPT_NOT_YET;
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

/* That there are no credentials is said once, and not by each job (news.c). */
static enum log_level
trouble_level(const struct error *err)
{
	return awserr_class(err) == AWSERR_NO_CREDENTIALS ? LOG_DEBUG
							  : LOG_WARN;
}

static void
retry_later(struct work *w, const struct step_result *r)
{
	int64_t delay =
	    backoff_delay_ms(&retry_backoff, w->retries++, random_unit());

	if (delay < r->err->retry_after_ms)
		delay = r->err->retry_after_ms;
	log_begin(trouble_level(r->err), "engine");
	log_str("job", w->id);
	log_str("state", job_state_name(w->job->state));
	log_int("retry_ms", delay);
	log_err(r->err);
	log_end();
	engine_tell(w, ENGINE_TROUBLE, r->err);
	engine_schedule(w, delay);
}

static void
wait_on(struct work *w, const struct step_result *r)
{
	engine_tell(w, ENGINE_LOOKED, r->err);
	schedule_look(w, r->delay_ms);
}

void
engine_apply(struct work *w, const struct step_result *r)
{
	engine_step_over(w);
	if (direct_decides(w, r))
		return;
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
		engine_schedule(w, r->delay_ms);
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
	bells_know(w);
	if (err != NULL)
		engine_give_up(w, err);
	else if (w->cancelled)
		cancel_now(w);
	else if (!w->engine->stopping)
		w->step->after_write(w);
	else
		withdraw_intent(w);
}

void
engine_record(struct work *w, unsigned n, work_fn *next)
{
	work_wake(w);
	w->step->after_write = next;
	w->writing = true;
	store_save(w->engine->o.store, w->job, n, on_recorded, w);
}

/* --- an input that is needed again ---------------------------------- */

static void
fail_without_input(struct work *w, const struct error *err)
{
	const struct submission *failed = again_failed(w->job);
	struct step_result r = {
	    .verdict = VERDICT_DONE,
	    .next = JOB_DONE,
	    .outcome = OUTCOME_FAILED,
	    .error_code = failed != NULL ? "model" : "input",
	    .error_text = failed != NULL ? failed->note
		: err != NULL            ? err->text
					 : "the input is not there any more",
	};

	engine_apply(w, &r);
}

static void
on_body(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	struct work *w = arg;
	struct job_spec *spec = &w->job->spec;
	size_t i;

	w->writing = false;
	if (n == 1 && jobs[0]->spec.body_len == spec->body_len) {
		spec->body = jobs[0]->spec.body;
		jobs[0]->spec.body = NULL;
	}
	for (i = 0; i < n; i++)
		job_free(jobs[i]);
	if (w->cancelled)
		cancel_now(w);
	else if (w->engine->stopping)
		return;
	else if (spec->body != NULL)
		w->step->after_write(w);
	else
		fail_without_input(w, err);
}

void
engine_reload_body(struct work *w, work_fn *next)
{
	w->step->after_write = next;
	w->writing = true;
	store_find(w->engine->o.store, w->id, true, on_body, w);
}

/* --- giving up ------------------------------------------------------ */

/* An intent is closed with the truth: did it leave? */
static unsigned
close_intent(struct work *w, const char *why)
{
	struct submission *s = job_last_submission(w->job);

	if (s == NULL || s->fate != SUB_OPEN)
		return 0;
	s->fate = w->step->invoke != NULL ? SUB_DOUBT : SUB_NOT_SENT;
	times_end(s);
	s->note = xstrdup(why);
	return s->n;
}

/* It came to the disk in a stop, and does not leave: nobody need doubt it. */
static void
withdraw_intent(struct work *w)
{
	unsigned n = close_intent(w, "awaitd stopped before it was sent");

	engine_sending(w, false);
	if (n != 0)
		engine_record(w, n, withdraw_intent);
}

static void
cancel_now(struct work *w)
{
	struct step_result r = {
	    .verdict = VERDICT_DONE,
	    .next = JOB_DONE,
	    .outcome = OUTCOME_CANCELLED,
	    .error_code = "cancelled",
	    .error_text = "given up on request",
	};

	work_wake(w);
	r.submission =
	    close_intent(w, "cancelled before the outcome was known");
	step_poll_cancel(w);
	step_submit_cancel(w);
	engine_unschedule(w);
	engine_apply(w, &r);
}

int
engine_cancel(struct engine *e, const char *id)
{
	struct work *w = work_find(e, id);

	if (w == NULL || work_state(w) == JOB_DONE)
		return -1;
	if (w->writing)
		w->cancelled = true;
	else
		cancel_now(w);
	return 0;
}

/* --- in and out ----------------------------------------------------- */

void
engine_begin(struct work *w, int64_t delay_ms)
{
	struct error err;

	if (sites_get(w->engine->o.sites, w->job->spec.region, &w->site,
		&err) == -1) {
		engine_give_up(w, &err);
		return;
	}
	bells_know(w);
	if (w->job->state == JOB_PENDING) {
		schedule_look(w, delay_ms);
		return;
	}
	engine_schedule(w, delay_ms);
	work_rest(w);
}

static void
on_inserted(const struct error *err, void *arg)
{
	struct work *w = arg;

	w->writing = false;
	if (err != NULL) {
		engine_tell(w, ENGINE_NOT_STORED, err);
		engine_drop_spooled(w->job);
		work_free(w);
		return;
	}
	log_begin(LOG_INFO, "engine");
	log_str("job", w->id);
	log_str("to", job_state_name(w->job->state));
	log_str("endpoint", w->job->spec.endpoint);
	log_end();
	engine_tell(w, ENGINE_STORED, NULL);
	if (w->cancelled)
		cancel_now(w);
	else
		engine_begin(w, 0);
}

struct engine *
engine_new(const struct engine_options *options)
{
	struct engine *e = xcalloc(1, sizeof(*e));

	e->o = *options;
	agenda_init(&e->agenda);
	works_init(e);
	e->learned = learned_new();
	e->bells = bells_new(e);
	e->timer = loop_timer_new(options->loop, on_timer, e);
	budget_begin(e);
	e->dispatch = dispatch_new(&e->o);
	return e;
}

void
engine_hold(struct engine *e, bool held)
{
	e->held = held;
	arm_timer(e);
	limits_resume(e->limits);
}

void
engine_drain(struct engine *e)
{
	e->draining = true;
	loop_timer_clear(e->timer);
	dispatch_stop(e->dispatch);
}

void
engine_break_off(struct engine *e)
{
	engine_drain(e);
	dispatch_break_off(e->dispatch);
}

void
engine_stop(struct engine *e)
{
	engine_break_off(e);
	e->stopping = true;
}

size_t
engine_busy(const struct engine *e)
{
	return e->sending + dispatch_under_way(e->dispatch);
}

void
engine_free(struct engine *e)
{
	if (e == NULL)
		return;
	e->draining = true;
	works_done(e);
	dispatch_free(e->dispatch);
	budget_end(e);
	agenda_done(&e->agenda);
	learned_free(e->learned);
	bells_free(e->bells);
	loop_timer_free(e->timer);
	free(e);
}

void
engine_submit(struct engine *e, struct job *take_job)
{
	engine_insert(work_new(e, take_job));
}

void
engine_insert(struct work *w)
{
	if (job_is_foreign(w->job))
		times_begin_foreign(w->job);
	else
		times_set_deadline(w->job,
		    w->job->deadline_at != 0
			? w->job->deadline_at - clock_wall_ms()
			: QUEUED_MAX_MS);
	w->writing = true;
	store_insert(w->engine->o.store, w->job, on_inserted, w);
}

void
engine_recall(struct engine *e, const char *name, const char *value)
{
	learned_recall(e->learned, name, value);
	lanes_recall(dispatch_lanes(e->dispatch), name, value);
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
engine_give_up_delivery(struct engine *e, struct delivery *take_d)
{
	dispatch_give_up_on(e->dispatch, take_d);
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
	struct work *w = work_find(e, id);

	return w != NULL ? work_read(w) : NULL;
}
