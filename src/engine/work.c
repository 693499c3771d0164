/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs in the engine's hands: made, found, and let go of with all they have. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "engine/core.h"
#include "engine/late.h"
#include "engine/own.h"
#include "engine/sweep.h"

static const void *
id_of(const void *item, size_t *len)
{
	const struct work *w = item;

	*len = JOBID_LEN;
	return w->id;
}

void
works_init(struct engine *e)
{
	TAILQ_INIT(&e->works);
	TAILQ_INIT(&e->overdue);
	map_init(&e->index, id_of);
	map_init(&e->late_index, id_of);
	e->folds = folds_new();
}

void
works_done(struct engine *e)
{
	struct work *w;

	while ((w = TAILQ_FIRST(&e->works)) != NULL)
		work_free(w);
	map_done(&e->index);
	map_done(&e->late_index);
	folds_free(e->folds);
}

struct work *
work_find(const struct engine *e, const char *id)
{
	return map_find(&e->index, id, strlen(id));
}

struct work *
work_new(struct engine *e, struct job *take_job)
{
	struct work *w = xcalloc(1, sizeof(*w));

	w->engine = e;
	w->job = take_job;
	memcpy(w->id, take_job->id, JOBID_SIZE);
	w->created_at = take_job->created_at;
	TAILQ_INSERT_TAIL(&e->works, w, all);
	map_add(&e->index, w);
	w->listed = true;
	return w;
}

void
work_hide(struct work *w)
{
	if (w->listed)
		map_remove(&w->engine->index, w);
	w->listed = false;
}

void
work_obstacle(struct work *w, const struct error *err)
{
	struct error *kept = err != NULL ? xmemdup(err, sizeof(*err)) : NULL;

	free(w->step->obstacle);
	w->step->obstacle = kept;
}

bool
work_warns(struct work *w, const char *code)
{
	uint32_t sum = hash_crc32(0, code, strlen(code));
	bool news = w->warned != sum;

	w->warned = sum;
	return news;
}

static uint16_t
sum_of(const char *name)
{
	return (uint16_t)hash_crc32(0, name, strlen(name));
}

void
work_show(struct work *w, const char *name)
{
	w->shown = sum_of(name);
}

bool
work_is_shown(const struct work *w, const char *place)
{
	const char *slash = strrchr(place, '/');

	return slash != NULL && sum_of(slash + 1) == w->shown;
}

/* --- at rest -------------------------------------------------------- */

static void
unfold(struct work *w)
{
	if (w->fold == NULL)
		return;
	w->job = fold_open(w->engine->folds, w->fold, w->id);
	w->fold = NULL;
}

static void
fold(struct work *w)
{
	if (w->job == NULL)
		return;
	w->fold = fold_job(w->engine->folds, w->job);
	if (w->fold != NULL)
		w->job = NULL;
}

void
work_wake(struct work *w)
{
	unfold(w);
	if (w->step == NULL)
		step_begin(w);
}

/* What is not accepted yet will soon be submitted, and is not folded. */
void
work_rest(struct work *w)
{
	if (w->running || w->writing || work_state(w) == JOB_QUEUED)
		return;
	step_end(w);
	if (w != w->engine->asked)
		fold(w);
}

enum job_state
work_state(const struct work *w)
{
	if (w->job != NULL)
		return w->job->state;
	return w->is_late ? JOB_DONE : JOB_PENDING;
}

const struct job *
work_read(struct work *w)
{
	struct work *before = w->engine->asked;

	w->engine->asked = NULL;
	if (before != NULL && before != w && before->step == NULL)
		fold(before);
	if (w->fold != NULL || w == before)
		w->engine->asked = w;
	unfold(w);
	return w->job;
}

void
work_free(struct work *w)
{
	struct engine *e = w->engine;

	if (e->asked == w)
		e->asked = NULL;
	engine_unschedule(w);
	TAILQ_REMOVE(&e->works, w, all);
	work_hide(w);
	sweep_leave(w);
	late_leave(w);
	engine_step_over(w);
	own_release(w);
	direct_drop(w);
	step_end(w);
	free(w->uploaded);
	job_free(w->job);
	fold_free(e->folds, w->fold, w->id);
	free(w);
}

struct s3_ref
work_ref(const struct work *w, const char *uri)
{
	struct engine_policy policy;
	struct s3_ref ref = {.uri = uri};

	engine_policy_of(w, &policy);
	ref.owner = policy.bucket_owner;
	return ref;
}

void
engine_count(const struct engine *e, struct engine_counts *out)
{
	const struct work *w;

	memset(out, 0, sizeof(*out));
	TAILQ_FOREACH (w, &e->works, all) {
		if (work_state(w) == JOB_DONE)
			continue;
		if (work_state(w) == JOB_QUEUED)
			out->queued++;
		else
			out->pending++;
		if (w->job != NULL && job_in_doubt(w->job))
			out->in_doubt++;
		if (out->oldest_at == 0 || w->created_at < out->oldest_at)
			out->oldest_at = w->created_at;
	}
	dispatch_count(e->dispatch, out);
}
