/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doorbells: which job is meant. Names of ours begin with the job's id, so that
 * a hundred thousand jobs that wait cost nothing here; only other names are
 * noted.
 */
#include "engine/bell.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/alias.h"
#include "engine/bells.h"
#include "engine/core.h"
#include "engine/late.h"
#include "engine/times.h"

/* Between our clock and the service's. */
#define SKEW_MS ((int64_t)5 * 60 * 1000)
/* "<job>-<n>" */
#define OUR_ID_LEN (JOBID_LEN + 2)

struct told {
	char inference_id[OUR_ID_LEN + 1];
	char *reason;
	int64_t since; /* monotonic: looks from then on count */
};

struct bells {
	struct engine *engine;
	struct aliases *aliases;
	void *told; /* by inference id, tsearch(3); mostly nothing */
};

/* --- names ----------------------------------------------------------- */

/* It begins with "<job>-<n>", and nothing of a word follows. */
static bool
job_in(const char *name, char out[JOBID_SIZE])
{
	if (strlen(name) < OUR_ID_LEN)
		return false;
	memcpy(out, name, JOBID_LEN);
	out[JOBID_LEN] = '\0';
	name += JOBID_LEN;
	return jobid_ok(out) && name[0] == '-' &&
	    str_is_alnum((unsigned char)name[1]) &&
	    strchr("-.", name[2]) != NULL; /* or at its end */
}

static bool
job_of_id(const char *inference_id, char out[JOBID_SIZE])
{
	return inference_id != NULL && strlen(inference_id) == OUR_ID_LEN &&
	    job_in(inference_id, out);
}

static bool
job_of_place(const char *location, char out[JOBID_SIZE])
{
	const char *slash = location != NULL ? strrchr(location, '/') : NULL;

	return slash != NULL && job_in(slash + 1, out);
}

static struct work *
find(const struct engine *e, const char *id)
{
	struct work *w = work_find(e, id);

	return w != NULL ? w : late_find(e, id);
}

static bool
is_alive(const char *id, void *arg)
{
	const struct engine *e = arg;

	return find(e, id) != NULL;
}

static void
know(struct work *w, const char *name, bool ours, const char *said)
{
	if (name != NULL && !(ours && str_eq(said, w->id)))
		alias_add(w->engine->bells->aliases, name, w->id);
}

void
bells_know(struct work *w)
{
	const struct submission *s;
	char id[JOBID_SIZE];
	size_t i;

	for (i = 0; i < w->job->nsubs; i++) {
		s = &w->job->subs[i];
		know(w, s->inference_id, job_of_id(s->inference_id, id), id);
		know(w, submission_output(s),
		    job_of_place(submission_output(s), id), id);
		know(w, s->failure_location,
		    job_of_place(s->failure_location, id), id);
	}
}

/* The first that is in our hands. */
static bool
job_of_alias(const struct engine *e, const char *name, char out[JOBID_SIZE])
{
	size_t place = 0;

	while (
	    name != NULL && alias_find(e->bells->aliases, name, &place, out)) {
		if (find(e, out) != NULL)
			return true;
	}
	return false;
}

bool
engine_ring_job(const struct engine *e, const struct engine_ring *ring,
    char out[JOBID_SIZE])
{
	return job_of_id(ring->inference_id, out) ||
	    job_of_place(ring->location, out) ||
	    job_of_alias(e, ring->inference_id, out) ||
	    job_of_alias(e, ring->location, out);
}

bool
engine_ring_here(const struct engine *e, const char *job_id)
{
	return find(e, job_id) != NULL;
}

/* --- what is told ---------------------------------------------------- */

static int
by_id(const void *a, const void *b)
{
	const struct told *x = a, *y = b;

	return strcmp(x->inference_id, y->inference_id);
}

static struct told *
find_told(const struct bells *b, const char *inference_id)
{
	struct told key;
	void *node;

	if (b->told == NULL || strlen(inference_id) != OUR_ID_LEN)
		return NULL;
	memcpy(key.inference_id, inference_id, sizeof(key.inference_id));
	node = tfind(&key, &b->told, by_id);
	return node != NULL ? *(struct told **)node : NULL;
}

static void
told_free(void *arg)
{
	struct told *t = arg;

	free(t->reason);
	free(t);
}

static bool
may_succeed(const struct submission *s)
{
	return s->fate == SUB_OPEN || s->fate == SUB_ACCEPTED ||
	    s->fate == SUB_DOUBT;
}

static const struct submission *
submission_of(const struct job *job, const char *inference_id)
{
	size_t i;

	for (i = 0; i < job->nsubs; i++) {
		if (job->subs[i].inference_id != NULL &&
		    str_eq(job->subs[i].inference_id, inference_id))
			return &job->subs[i];
	}
	return NULL;
}

/* Since the intent, and as long as the service keeps a request. */
static bool
is_in_time(const struct job *job, const struct submission *s, int64_t event_at)
{
	int64_t since = s->intent_at - SKEW_MS;
	int64_t until = s->intent_at + times_patience_ms(&job->spec) + SKEW_MS;

	return event_at >= since && event_at <= until &&
	    event_at <= clock_wall_ms() + SKEW_MS;
}

static bool
fits(struct work *w, const struct engine_ring *ring)
{
	const struct job *job = work_read(w);
	const struct submission *s;

	if (ring->failure == NULL || ring->endpoint == NULL || w->is_late ||
	    job->state == JOB_DONE ||
	    !str_eq(ring->endpoint, job->spec.endpoint))
		return false;
	s = submission_of(job, ring->inference_id);
	return s != NULL && may_succeed(s) &&
	    is_in_time(job, s, ring->event_at);
}

bool
engine_ring_fits(const struct engine *e, const struct engine_ring *ring)
{
	char id[JOBID_SIZE];
	struct work *w =
	    job_of_id(ring->inference_id, id) ? work_find(e, id) : NULL;

	return w != NULL && fits(w, ring);
}

/* A look that is just under way may have been before the end. */
static void
note_told(struct work *w, const struct engine_ring *ring)
{
	struct bells *b = w->engine->bells;
	int64_t now = clock_mono_ms();
	struct told *t;

	if (find_told(b, ring->inference_id) != NULL)
		return;
	t = xcalloc(1, sizeof(*t));
	memcpy(t->inference_id, ring->inference_id, sizeof(t->inference_id));
	t->reason = xstrdup(ring->failure);
	t->since = now + (w->running && w->step->looked_mono == now ? 1 : 0);
	if (tsearch(t, &b->told, by_id) == NULL)
		abort();
	log_begin(LOG_INFO, "engine");
	log_str("job", w->id);
	log_str("msg", "a notification tells of its failure");
	log_str("submission", t->inference_id);
	log_str("error", t->reason);
	log_end();
}

struct submission *
bells_told(const struct work *w, const char **reason)
{
	const struct bells *b = w->engine->bells;
	const struct told *t;
	size_t i;

	for (i = 0; b->told != NULL && i < w->job->nsubs; i++) {
		struct submission *s = &w->job->subs[i];

		if (!may_succeed(s) || s->inference_id == NULL)
			continue;
		t = find_told(b, s->inference_id);
		if (t != NULL && w->step->looked_mono >= t->since) {
			*reason = t->reason;
			return s;
		}
	}
	return NULL;
}

void
bells_forget(const struct work *w)
{
	struct bells *b = w->engine->bells;
	struct told *t;
	size_t i;

	for (i = 0; b->told != NULL && i < w->job->nsubs; i++) {
		const char *id = w->job->subs[i].inference_id;

		t = id != NULL ? find_told(b, id) : NULL;
		if (t == NULL)
			continue;
		tdelete(t, &b->told, by_id);
		told_free(t);
	}
}

/* --- ringing --------------------------------------------------------- */

static bool
ring_job(struct engine *e, const char *id, const struct engine_ring *ring)
{
	struct work *w = find(e, id);

	if (w == NULL)
		return false;
	if (ring->heard == HEARD_AGAIN && !w->unheard)
		return true;
	if (ring->heard != HEARD_BEFORE)
		w->unheard = false;
	if (engine_ring_fits(e, ring))
		note_told(w, ring);
	engine_look_now(w, LOOK_RUNG);
	return true;
}

/* A caller may have given one name to several jobs. */
static bool
ring_aliases(struct engine *e, const char *name, const struct engine_ring *ring)
{
	char id[JOBID_SIZE];
	bool rung = false;
	size_t place = 0;

	while (name != NULL && alias_find(e->bells->aliases, name, &place, id))
		rung |= ring_job(e, id, ring);
	return rung;
}

bool
engine_ring(struct engine *e, const struct engine_ring *ring)
{
	char id[JOBID_SIZE];
	bool rung;

	if (job_of_id(ring->inference_id, id) && ring_job(e, id, ring))
		return true;
	if (job_of_place(ring->location, id) && ring_job(e, id, ring))
		return true;
	rung = ring_aliases(e, ring->inference_id, ring);
	return ring_aliases(e, ring->location, ring) || rung;
}

struct bells *
bells_new(struct engine *e)
{
	struct bells *b = xcalloc(1, sizeof(*b));

	b->engine = e;
	b->aliases = aliases_new(is_alive, e);
	return b;
}

void
bells_free(struct bells *b)
{
	aliases_free(b->aliases);
	tdestroy(b->told, told_free);
	free(b);
}
