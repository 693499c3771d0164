/* SPDX-License-Identifier: Apache-2.0 */
/* Places that callers named themselves. */
#include "engine/own.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/answer.h"
#include "engine/core.h"
#include "engine/learn.h"
#include "engine/names.h"
#include "engine/times.h"

/* S3 tells times in whole seconds. */
#define AGE_GRAIN_MS 1000
/* What was written just now could not be told from a result of the same bytes
 * that comes within its second: wait that long, so many times. */
#define FRESH_MS 2000
#define HOLDS_MAX 5
#define TRIES_MAX 3
/* For another job: then the own deadline is looked at. */
#define WAIT_MAX_MS 3600000

struct own_claim {
	char *place;
	struct work *owner;
	TAILQ_HEAD(, work) waiting;
};

/* --- one job at a time ---------------------------------------------- */

static int
by_place(const void *a, const void *b)
{
	const struct own_claim *x = a, *y = b;

	return strcmp(x->place, y->place);
}

/* As far as it is known before anything is sent, and always the same for jobs
 * of one endpoint. */
static char *
place_of(const struct work *w)
{
	const struct job_spec *spec = &w->job->spec;
	const char *extension = spec->extension != NULL ? spec->extension : "";

	if (!str_empty(spec->output_path))
		return xasprintf(
		    "%s\n%s\n%s", spec->output_path, extension, spec->filename);
	return xasprintf("%s %s\n%s\n%s", spec->region, spec->endpoint,
	    extension, spec->filename);
}

static struct own_claim *
claim_of(struct work *w)
{
	struct own_claim key = {.place = place_of(w)}, *c;
	void *node = tfind(&key, &w->engine->owned, by_place);

	if (node != NULL) {
		free(key.place);
		return *(struct own_claim **)node;
	}
	c = xcalloc(1, sizeof(*c));
	c->place = key.place;
	TAILQ_INIT(&c->waiting);
	tsearch(c, &w->engine->owned, by_place);
	return c;
}

static void
wait_for(struct work *w, struct own_claim *c)
{
	int64_t left = times_left(w->job);
	struct step_result r = {
	    .verdict = VERDICT_HOLD,
	    .delay_ms = left > 0 ? left : 1,
	};

	if (r.delay_ms > WAIT_MAX_MS)
		r.delay_ms = WAIT_MAX_MS;

	if (!w->waits) {
		TAILQ_INSERT_TAIL(&c->waiting, w, step->waiting);
		w->waits = true;
		log_begin(LOG_INFO, "engine");
		log_str("job", w->id);
		log_str("msg",
		    "another job's result goes to the same place: waiting "
		    "until that job is done");
		log_str("other", c->owner->id);
		log_end();
	}
	engine_apply(w, &r);
}

bool
own_claim(struct work *w)
{
	struct own_claim *c;

	if (w->job->spec.filename == NULL)
		return true;
	if (w->claim == NULL)
		w->claim = claim_of(w);
	c = w->claim;
	if (c->owner == NULL)
		c->owner = w;
	if (c->owner == w)
		return true;
	wait_for(w, c);
	return false;
}

void
own_resume(struct work *w)
{
	if (w->job->spec.filename == NULL)
		return;
	w->claim = claim_of(w);
	if (w->claim->owner == NULL)
		w->claim->owner = w;
	else
		w->claim = NULL;
}

/* Who waits longest has it next. */
static void
pass_on(struct engine *e, struct own_claim *c)
{
	struct work *next = TAILQ_FIRST(&c->waiting);

	c->owner = next;
	if (next == NULL) {
		tdelete(c, &e->owned, by_place);
		free(c->place);
		free(c);
		return;
	}
	TAILQ_REMOVE(&c->waiting, next, step->waiting);
	next->waits = false;
	/* Unless it is just ending itself: then it passes on in turn. */
	if (!next->writing)
		engine_schedule(next, 0);
}

void
own_release(struct work *w)
{
	struct own_claim *c = w->claim;

	if (c == NULL)
		return;
	w->claim = NULL;
	if (w->waits)
		TAILQ_REMOVE(&c->waiting, w, step->waiting);
	w->waits = false;
	if (c->owner == w)
		pass_on(w->engine, c);
}

/* --- what was there before ------------------------------------------ */

/* Only before anything of this job can have been accepted: later it may be
 * its result that lies there. */
static bool
is_first(const struct job *job)
{
	size_t i;

	for (i = 0; i < job->nsubs; i++) {
		if (job->subs[i].fate != SUB_NOT_SENT)
			return false;
	}
	return true;
}

static void
note(struct work *w, const char *etag, int64_t at)
{
	free(w->step->before.etag);
	w->step->before.etag = xstrdup_or_null(etag);
	w->step->before.at = at;
	w->step->before.known = true;
}

static bool
hold_while_fresh(struct work *w, const struct s3_object *o)
{
	int64_t age = o->server_at - o->modified_at;
	struct step_result r = {
	    .verdict = VERDICT_HOLD,
	    .delay_ms = FRESH_MS - age,
	};

	if (o->server_at == -1 || o->modified_at == -1 || age < 0 ||
	    age >= FRESH_MS || w->step->before.holds++ >= HOLDS_MAX)
		return false;
	engine_apply(w, &r);
	return true;
}

static void
on_before(const struct s3_object *o, const struct error *err, void *arg)
{
	struct work *w = arg;
	struct step_result r = {.verdict = VERDICT_RETRY, .err = err};

	w->step->call = NULL;
	if (o != NULL && hold_while_fresh(w, o))
		return;
	if (o != NULL) {
		/* Without an ETag its age has to tell as well. */
		note(w, *o->etag != '\0' ? o->etag : NULL,
		    o->modified_at != -1 ? o->modified_at : 0);
	} else if (err->code == ERR_NOT_FOUND) {
		note(w, "", 0);
	} else if (answer_is_credentials(err) ||
	    (err->retryable && w->step->before.tries++ < TRIES_MAX)) {
		engine_apply(w, &r);
		return;
	} else {
		/* 403 and the like: the result's age has to tell. */
		note(w, NULL, 0);
	}
	w->step->after_look(w);
}

bool
own_look(struct work *w, work_fn *next)
{
	struct s3_ref ref;
	struct error err;
	char *place;
	int rc;

	if (w->job->spec.filename == NULL || w->step->before.known ||
	    !is_first(w->job))
		return true;
	place = names_own_place(&w->job->spec, learn_output_path(w));
	if (place == NULL)
		return true;
	w->step->after_look = next;
	ref = work_ref(w, place);
	rc = s3_head(w->site->s3, &ref, on_before, w, &w->step->call, &err);
	free(place);
	return rc == -1;
}

void
own_note(struct work *w, struct submission *s)
{
	struct job *job = w->job;
	const struct submission *last = s->n > 1 ? &job->subs[s->n - 2] : NULL;

	if (job->spec.filename == NULL)
		return;
	if (w->step->before.known) {
		free(s->before_etag);
		s->before_etag = xstrdup_or_null(w->step->before.etag);
		s->before_at = w->step->before.at;
	} else if (s->before_etag == NULL && last != NULL) {
		s->before_etag = xstrdup_or_null(last->before_etag);
		s->before_at = last->before_at;
	}
}

/* Both times are of the server's clock, so no skew enters. */
static bool
is_too_old(const struct submission *s, const struct s3_object *o)
{
	if (o->server_at == -1 || o->modified_at == -1)
		return false;
	return o->server_at - o->modified_at >
	    times_since_intent(s) + AGE_GRAIN_MS;
}

bool
own_is_stale(
    const struct work *w, const struct submission *s, const struct s3_object *o)
{
	if (w->job->spec.filename == NULL)
		return false;
	if (s->before_etag == NULL)
		return is_too_old(s, o);
	if (s->before_etag[0] == '\0')
		return false;
	return str_eq(s->before_etag, o->etag) &&
	    (s->before_at == 0 || o->modified_at == -1 ||
		s->before_at == o->modified_at);
}
