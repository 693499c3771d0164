/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs in the engine's hands: made, found, and let go of with all they have. */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/core.h"
#include "engine/late.h"
#include "engine/own.h"

/* Of a result that is kept with its deliveries. */
#define RESULT_MAX ((size_t)256 * 1024)
#define FAILURE_MAX 4096

static int
by_id(const void *a, const void *b)
{
	const struct work *x = a, *y = b;

	return strcmp(x->job->id, y->job->id);
}

struct work *
work_find(const struct engine *e, const char *id)
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

struct work *
work_new(struct engine *e, struct job *take_job)
{
	struct work *w = xcalloc(1, sizeof(*w));

	w->engine = e;
	w->job = take_job;
	w->input_fd = -1;
	buf_init(&w->text, FAILURE_MAX);
	buf_init(&w->result, RESULT_MAX);
	TAILQ_INSERT_TAIL(&e->works, w, all);
	tsearch(w, &e->index, by_id);
	w->listed = true;
	return w;
}

void
work_hide(struct work *w)
{
	if (w->listed)
		tdelete(w, &w->engine->index, by_id);
	w->listed = false;
}

void
work_obstacle(struct work *w, const struct error *err)
{
	struct error *kept = err != NULL ? xmemdup(err, sizeof(*err)) : NULL;

	free(w->obstacle);
	w->obstacle = kept;
}

void
work_free(struct work *w)
{
	struct engine *e = w->engine;

	agenda_remove(&e->agenda, &w->entry);
	TAILQ_REMOVE(&e->works, w, all);
	work_hide(w);
	late_leave(w);
	engine_step_over(w);
	step_poll_cancel(w);
	step_submit_cancel(w);
	own_release(w);
	buf_done(&w->text);
	buf_done(&w->result);
	free(w->uploaded);
	free(w->failure);
	free(w->before.etag);
	work_obstacle(w, NULL);
	job_free(w->job);
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
