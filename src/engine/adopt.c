/* SPDX-License-Identifier: Apache-2.0 */
/* What an earlier process left: jobs go on from where they stand on disk. */
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/again.h"
#include "engine/core.h"
#include "engine/doubt.h"
#include "engine/late.h"
#include "engine/learn.h"
#include "engine/own.h"
#include "engine/times.h"

static void
begin_adopted(struct work *w)
{
	engine_begin(w, 0);
}

static void
log_adopted(const struct job *job)
{
	/* One that only waits on is nobody's news; there may be 100,000. */
	log_begin(job_in_doubt(job) ? LOG_INFO : LOG_DEBUG, "engine");
	log_str("job", job->id);
	log_str("adopted", job_state_name(job->state));
	log_str("in_doubt", job_in_doubt(job) ? "yes" : NULL);
	log_end();
}

/* The intent stands and nothing behind it: it may have been sent. */
static void
adopt_open(struct work *w, struct submission *s)
{
	s->fate = SUB_DOUBT;
	times_end(s);
	s->note = xstrdup("interrupted before the outcome was known");
	doubt_make_room(w);
	engine_record(w, s->n, begin_adopted);
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
	w->unheard = true;
	times_adopt(take_job);
	/* An older version put nothing off. */
	doubt_make_room(w);
	learn_adopted(w);
	log_adopted(take_job);
	/* An input file was stored before the first intent was written. */
	w->input_stored = s != NULL && take_job->spec.input == INPUT_FILE;
	if (take_job->state == JOB_PENDING)
		engine_drop_body(take_job);
	if (s != NULL)
		own_resume(w);
	if (job_in_doubt(take_job) && s->fate == SUB_OPEN)
		adopt_open(w, s);
	else
		engine_begin(w, again_adopted_ms(take_job));
}

static void
drop_deliveries(struct job *job)
{
	size_t i;

	for (i = 0; i < job->ndeliveries; i++)
		delivery_free(job->deliveries[i]);
	job->ndeliveries = 0;
}

void
engine_adopt_expired(struct engine *e, struct job *take_job)
{
	struct error ignored;
	struct work *w;

	if (e->draining || take_job->state != JOB_DONE ||
	    work_find(e, take_job->id) != NULL) {
		job_free(take_job);
		return;
	}
	engine_drop_body(take_job);
	drop_deliveries(take_job);
	w = work_new(e, take_job);
	w->unheard = true;
	times_adopt(take_job);
	learn_adopted(w);
	if (sites_get(e->o.sites, take_job->spec.region, &w->site, &ignored) ==
		-1 ||
	    !late_join(w))
		work_free(w);
}
