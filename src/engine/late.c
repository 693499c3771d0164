/* SPDX-License-Identifier: Apache-2.0 */
/* Late looks, and what a late result leads to. */
#include "engine/late.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/core.h"
#include "engine/learn.h"
#include "engine/plan.h"
#include "engine/settle.h"

#define LATES_MAX 10000

/* What is just being written is needed; another one goes. */
static void
drop_oldest(struct engine *e, const struct work *youngest)
{
	struct work *w;

	TAILQ_FOREACH (w, &e->overdue, late) {
		if (!w->writing && w != youngest)
			break;
	}
	if (w == NULL)
		return;
	log_debug(
	    "engine", "job %s: no more late looks, others are younger", w->id);
	work_free(w);
}

/* Since it expired; it is so long ago only by the wall clock, since an earlier
 * process may have done it. */
static void
note_age(struct work *w)
{
	int64_t ago = clock_wall_ms() - w->job->completed_at;

	w->expired_mono = clock_mono_ms() - (ago > 0 ? ago : 0);
}

static int64_t
age_of(const struct work *w)
{
	return clock_mono_ms() - w->expired_mono;
}

static int64_t
time_left(const struct work *w)
{
	struct engine_policy policy;

	engine_policy_of(w, &policy);
	return policy.late_looks_ms - age_of(w);
}

static void
look_later(struct work *w)
{
	int64_t delay = plan_late_ms(age_of(w)), left = time_left(w);

	engine_schedule(w, w->rung ? 0 : delay < left ? delay : left);
	w->rung = false;
	work_rest(w);
}

struct work *
late_find(const struct engine *e, const char *id)
{
	return map_find(&e->late_index, id, strlen(id));
}

/* Under a name that the caller chose the next job's result may lie. */
static bool
can_be_told(const struct job *job)
{
	return job->spec.filename == NULL;
}

bool
late_join(struct work *w)
{
	struct engine *e = w->engine;
	const struct job *job = w->job;

	note_age(w);
	if (job->outcome != OUTCOME_EXPIRED || job->late_at != 0 ||
	    e->draining || time_left(w) <= 0 || !can_be_told(job) ||
	    !learn_has_place(w))
		return false;
	work_hide(w);
	if (!w->is_late) {
		TAILQ_INSERT_TAIL(&e->overdue, w, late);
		map_add(&e->late_index, w);
		w->is_late = true;
		e->nlates++;
	}
	if (e->nlates > LATES_MAX)
		drop_oldest(e, w);
	look_later(w);
	return true;
}

void
late_leave(struct work *w)
{
	if (!w->is_late)
		return;
	TAILQ_REMOVE(&w->engine->overdue, w, late);
	map_remove(&w->engine->late_index, w);
	w->engine->nlates--;
	w->is_late = false;
}

void
late_not_yet(struct work *w)
{
	engine_step_over(w);
	if (time_left(w) > 0)
		look_later(w);
	else
		work_free(w);
}

static void
log_not_kept(const struct work *w, const struct error *err)
{
	log_begin(LOG_WARN, "engine");
	log_str("job", w->id);
	log_str("msg", "its result came after it had expired, and is not kept");
	log_err(err);
	log_end();
}

static void
on_saved(const struct error *err, void *arg)
{
	struct work *w = arg;

	w->writing = false;
	/* Somebody was faster, and has announced it; or the job was forgotten
	 * or set aside. No promise hangs on it, so nobody ends for that. */
	if (err != NULL) {
		if (err->code != ERR_EXISTS)
			log_not_kept(w, err);
		work_free(w);
		return;
	}
	log_begin(LOG_INFO, "engine");
	log_str("job", w->id);
	log_str("msg", "its result came after it had expired");
	log_str("output", w->job->late_location);
	log_int("late_ms", age_of(w));
	log_end();
	engine_tell(w, ENGINE_LATE, NULL);
	engine_hand_over(w);
	work_free(w);
}

/* The look has noted it as it notes every result. */
static void
take_result(struct job *job)
{
	job->late_location = job->result_location;
	job->late_etag = job->result_etag;
	job->late_type = job->result_type;
	job->late_size = job->result_size;
	job->late_at = clock_wall_ms();
	job->result_location = NULL;
	job->result_etag = NULL;
	job->result_type = NULL;
	job->result_size = 0;
}

void
late_found(struct work *w)
{
	engine_step_over(w);
	take_result(w->job);
	settle_late(w);
	w->writing = true;
	store_save_late(w->engine->o.store, w->job, on_saved, w);
}
