/* SPDX-License-Identifier: Apache-2.0 */
/* Instants that are written down by both clocks. */
#include "engine/times.h"

#include <stdbool.h>

#include "base/clock.h"
#include "base/instant.h"
#include "engine/core.h"

#define TTL_DEFAULT_S 21600 /* RequestTTLSeconds, service model */
#define TIMEOUT_DEFAULT_S 900 /* InvocationTimeoutSeconds */
#define SLACK_MS 60000

void
times_begin(struct submission *s)
{
	s->intent_at = clock_wall_ms();
	s->intent_mono = clock_mono_ms();
	s->boot = clock_boot();
	s->ended_at = 0;
	s->ended_mono = 0;
}

/* The same instant in this boot's time. */
static int64_t
here(int64_t at)
{
	int64_t ago = clock_wall_ms() - at;

	return clock_mono_ms() - (ago > 0 ? ago : 0);
}

static bool
is_of_this_boot(int64_t boot)
{
	return boot != 0 && boot == clock_boot();
}

static void
bring_here(struct submission *s)
{
	if (is_of_this_boot(s->boot))
		return;
	s->intent_mono = here(s->intent_at);
	s->ended_mono = s->ended_at != 0 ? here(s->ended_at) : 0;
	s->boot = clock_boot();
}

void
times_end(struct submission *s)
{
	bring_here(s);
	s->ended_at = clock_wall_ms();
	s->ended_mono = clock_mono_ms();
}

void
times_begin_foreign(struct job *job)
{
	struct submission *s = job_last_submission(job);

	times_begin(s);
	times_end(s);
	times_set_deadline(job, times_patience_ms(&job->spec));
}

int64_t
times_since_intent(const struct submission *s)
{
	return instant_since_ms(s->intent_at, s->intent_mono, s->boot);
}

int64_t
times_since_end(const struct submission *s)
{
	return instant_since_ms(s->ended_at, s->ended_mono, s->boot);
}

void
times_set_deadline(struct job *job, int64_t left_ms)
{
	job->deadline_at = clock_wall_ms() + left_ms;
	job->deadline_mono = clock_mono_ms() + left_ms;
	job->boot = clock_boot();
}

int64_t
times_left(const struct job *job)
{
	if (job->deadline_at == 0)
		return INT64_MAX;
	return instant_left_ms(job->deadline_at, job->deadline_mono, job->boot);
}

int64_t
times_patience_ms(const struct job_spec *spec)
{
	int64_t ttl = spec->request_ttl_s, run = spec->invocation_timeout_s;

	return 1000 * (ttl != 0 ? ttl : TTL_DEFAULT_S) +
	    1000 * (run != 0 ? run : TIMEOUT_DEFAULT_S) + SLACK_MS;
}

int64_t
times_dead_in(const struct job *job, const struct submission *s)
{
	return times_patience_ms(&job->spec) - times_since_intent(s);
}

void
times_adopt(struct job *job)
{
	int64_t left = times_left(job), most = times_patience_ms(&job->spec);
	size_t i;

	for (i = 0; i < job->nsubs; i++)
		bring_here(&job->subs[i]);
	if (job->deadline_at == 0 || is_of_this_boot(job->boot))
		return;
	/* A clock that stood still meanwhile makes no years of it. */
	if (job->state == JOB_QUEUED)
		most += QUEUED_MAX_MS;
	if (left > most)
		left = most;
	job->deadline_mono = clock_mono_ms() + left;
	job->boot = clock_boot();
}
