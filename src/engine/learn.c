/* SPDX-License-Identifier: Apache-2.0 */
/* Between jobs and what is known of their endpoints. */
#include "engine/learn.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/core.h"
#include "engine/learned.h"
#include "engine/names.h"
#include "engine/times.h"

static struct learned *
known(const struct work *w)
{
	const struct job_spec *spec = &w->job->spec;

	return learned_find(w->engine->learned, spec->region, spec->endpoint);
}

static struct learned *
learner(struct work *w)
{
	const struct job_spec *spec = &w->job->spec;

	return learned_add(w->engine->learned, spec->region, spec->endpoint);
}

const char *
learn_output_path(const struct work *w)
{
	return learned_path(known(w), w->job->spec.output_path);
}

static bool
is_marked(const struct work *w)
{
	const char *configured = w->job->spec.output_path;

	return learned_marked(
	    known(w), str_empty(configured) ? NULL : configured);
}

const char *
learn_output(const struct work *w, const struct submission *s)
{
	if (s->fate != SUB_ACCEPTED && is_marked(w))
		return NULL;
	return submission_output(s);
}

char *
learn_failure(const struct work *w, const struct submission *s)
{
	if (s->fate == SUB_ACCEPTED)
		return xstrdup_or_null(s->failure_location);
	if (s->fate != SUB_DOUBT || is_marked(w))
		return NULL;
	return names_failure(w->job, s, learned_failure_pattern(known(w)));
}

bool
learn_has_place(const struct work *w)
{
	size_t i;

	for (i = 0; i < w->job->nsubs; i++) {
		if (learn_output(w, &w->job->subs[i]) != NULL)
			return true;
	}
	return false;
}

bool
learn_may_succeed(const struct work *w)
{
	const struct job *job = w->job;
	size_t i;

	for (i = 0; i < job->nsubs; i++) {
		const struct submission *s = &job->subs[i];

		if (learn_output(w, s) != NULL &&
		    (s->fate == SUB_ACCEPTED || times_dead_in(job, s) > 0))
			return true;
	}
	return false;
}

/* --- kept ----------------------------------------------------------- */

/* It is learned again where it could not be written. */
static void
on_kept(const struct error *err, void *arg)
{
	(void)arg;
	if (err != NULL)
		log_debug(
		    "engine", "what was learned is not kept: %s", err->text);
}

static void
keep(struct work *w, struct learned *l)
{
	char *name, *value;

	if (w->engine->stopping)
		return;
	learned_save(l, &name, &value);
	store_keep(w->engine->o.store, name, value, on_kept, NULL);
	free(name);
	free(value);
}

/* --- places --------------------------------------------------------- */

static void
log_differs(const struct work *w, const struct submission *s)
{
	log_begin(LOG_WARN, "engine");
	log_str("job", w->id);
	log_str("endpoint", w->job->spec.endpoint);
	log_str("msg",
	    "the endpoint does not honour Filename and "
	    "S3OutputPathExtension, or output_path is wrong; results are taken "
	    "from where it says, and lost answers cannot be looked for");
	log_str("predicted", s->predicted != NULL ? s->predicted : s->filename);
	log_str("actual", s->output_location);
	log_end();
}

static void
log_honours(const struct work *w)
{
	log_begin(LOG_INFO, "engine");
	log_str("endpoint", w->job->spec.endpoint);
	log_str("msg", "the endpoint puts results where it is told to again");
	log_end();
}

void
learn_answer(struct work *w, const struct submission *s)
{
	struct learned *l = learner(w);
	enum learned_news news;
	char *path, *pattern;
	bool is_new;

	if (s->filename == NULL)
		return;
	path = names_output_path(s);
	news = learned_answer(l, w->job->spec.output_path, path);
	if (news == LEARNED_DIFFERS)
		log_differs(w, s);
	else if (news == LEARNED_HONOURS)
		log_honours(w);
	pattern = names_failure_pattern(w->job, s);
	is_new = learned_failures(l, pattern);
	if (news != LEARNED_NOTHING || is_new)
		keep(w, l);
	free(pattern);
	names_predict(w->job, learn_output_path(w));
	free(path);
}

/* --- habits --------------------------------------------------------- */

struct habit *
learn_habit(const struct work *w)
{
	return learned_habit(known(w));
}

struct habit *
learn_new_habit(struct work *w)
{
	return learned_habit(learner(w));
}

void
learn_keep(struct work *w)
{
	struct learned *l = learner(w);

	learned_note(l);
	if (learned_due(l))
		keep(w, l);
}

int64_t
learn_p95_ms(const struct work *w)
{
	const struct habit *h = learn_habit(w);

	return h != NULL ? habit_p95_ms(h) : 0;
}

/* An accepted submission tells where those went whose answers were lost. */
void
learn_adopted(struct work *w)
{
	struct job *job = w->job;
	size_t i;

	if (is_marked(w))
		return;
	for (i = 0; i < job->nsubs; i++) {
		char *path = names_output_path(&job->subs[i]);

		names_predict(job, path);
		free(path);
	}
}
