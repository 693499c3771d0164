/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: the agenda, the verdicts, and every change of state. */
#include "engine/engine.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "engine/names.h"
#include "engine/work.h"

/* A job that no service took in this time is let go. */
#define QUEUED_MAX_MS ((int64_t)6 * 3600 * 1000)

TAILQ_HEAD(works, work);

/* What a 202 let see of an endpoint: nothing that must survive. */
struct learned {
	TAILQ_ENTRY(learned) entry;
	char *endpoint;
	char *output_path;
};
TAILQ_HEAD(learned_list, learned);

struct engine {
	struct engine_options o;
	struct learned_list learned;
	struct agenda agenda;
	struct loop_timer *timer;
	struct works works;
	bool stopping;
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

	if (first != NULL)
		loop_timer_set(e->timer, first->due_at - clock_mono_ms());
	else
		loop_timer_clear(e->timer);
}

static void
schedule(struct work *w, int64_t delay_ms)
{
	struct engine *e = w->engine;

	if (e->stopping)
		return;
	agenda_set(&e->agenda, &w->entry, clock_mono_ms() + delay_ms);
	arm_timer(e);
}

static void
run_step(struct work *w)
{
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

	while ((first = agenda_first(&e->agenda)) != NULL &&
	    first->due_at <= now) {
		agenda_remove(&e->agenda, first);
		run_step((struct work *)first);
	}
	arm_timer(e);
}

/* --- work ----------------------------------------------------------- */

static struct work *
work_new(struct engine *e, struct job *take_job)
{
	struct work *w = xcalloc(1, sizeof(*w));

	w->engine = e;
	w->job = take_job;
	w->input_fd = -1;
	buf_init(&w->text, 4096);
	TAILQ_INSERT_TAIL(&e->works, w, all);
	return w;
}

static void
work_free(struct work *w)
{
	struct engine *e = w->engine;

	agenda_remove(&e->agenda, &w->entry);
	TAILQ_REMOVE(&e->works, w, all);
	step_submit_cancel(w);
	step_poll_cancel(w);
	if (w->input_fd != -1)
		close(w->input_fd);
	buf_done(&w->text);
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

static struct learned *
find_learned(const struct engine *e, const char *endpoint)
{
	struct learned *l;

	TAILQ_FOREACH (l, &e->learned, entry) {
		if (str_eq(l->endpoint, endpoint))
			return l;
	}
	return NULL;
}

const char *
engine_output_path(const struct work *w)
{
	const struct job_spec *spec = &w->job->spec;
	const struct learned *l;

	if (!str_empty(spec->output_path))
		return spec->output_path;
	l = find_learned(w->engine, spec->endpoint);
	return l != NULL ? l->output_path : NULL;
}

void
engine_learn_output_path(const struct work *w, const char *path)
{
	struct engine *e = w->engine;
	struct learned *l = find_learned(e, w->job->spec.endpoint);

	if (l == NULL) {
		l = xcalloc(1, sizeof(*l));
		l->endpoint = xstrdup(w->job->spec.endpoint);
		TAILQ_INSERT_TAIL(&e->learned, l, entry);
	}
	free(l->output_path);
	l->output_path = xstrdup(path);
}

static void
forget_learned(struct engine *e)
{
	struct learned *l;

	while ((l = TAILQ_FIRST(&e->learned)) != NULL) {
		TAILQ_REMOVE(&e->learned, l, entry);
		free(l->endpoint);
		free(l->output_path);
		free(l);
	}
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
		unlink(job->spec.input_path);
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

static void
on_moved(const struct error *err, void *arg)
{
	struct work *w = arg;
	enum job_state from = w->from;

	if (err != NULL) {
		give_up(w, err);
		return;
	}
	log_move(w->job, from);
	if (from == JOB_QUEUED)
		drop_spooled_input(w->job);
	tell(w, ENGINE_MOVED, NULL);
	if (w->job->state == JOB_DONE)
		work_free(w);
	else
		schedule(w, first_look_ms(w));
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
	w->retries = 0;
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

	if (err != NULL)
		give_up(w, err);
	else if (!w->engine->stopping)
		w->after_write(w);
}

void
engine_record(struct work *w, unsigned n, work_fn *next)
{
	w->after_write = next;
	store_save(w->engine->o.store, w->job, n, on_recorded, w);
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

	if (err != NULL) {
		give_up(w, err);
		return;
	}
	log_begin(LOG_INFO, "engine");
	log_str("job", w->job->id);
	log_str("to", job_state_name(w->job->state));
	log_str("endpoint", w->job->spec.endpoint);
	log_end();
	tell(w, ENGINE_STORED, NULL);
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
	return e;
}

void
engine_stop(struct engine *e)
{
	e->stopping = true;
	loop_timer_clear(e->timer);
}

void
engine_free(struct engine *e)
{
	struct work *w;

	if (e == NULL)
		return;
	while ((w = TAILQ_FIRST(&e->works)) != NULL)
		work_free(w);
	agenda_done(&e->agenda);
	forget_learned(e);
	loop_timer_free(e->timer);
	free(e);
}

void
engine_submit(struct engine *e, struct job *take_job)
{
	struct work *w = work_new(e, take_job);

	if (w->job->deadline_at == 0)
		w->job->deadline_at = w->job->created_at + QUEUED_MAX_MS;
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
	if (e->stopping) {
		job_free(take_job);
		return;
	}
	w = work_new(e, take_job);
	recall_output_path(take_job);
	log_begin(LOG_INFO, "engine");
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
