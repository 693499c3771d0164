/* SPDX-License-Identifier: Apache-2.0 */
/* What a question wants: from its names, and for those who have the row
 * already. */
#include <string.h>

#include "base/str.h"
#include "job/tags.h"
#include "store/backend.h"

/* --- from names ----------------------------------------------------- */

/* A name that nothing has cannot be asked for. */
static int
no_name(struct error *err, const char *what, const char *name)
{
	return err_set(err, ERR_USAGE, "there is no %s \"%s\"", what, name);
}

/* What both kinds of rows have. Nobody writes to what is borrowed. */
static void
fill(struct store_ask *ask, const struct store_query *q)
{
	*ask = (struct store_ask){
	    .which = STORE_BY_QUERY,
	    .after = (char *)(uintptr_t)q->after,
	    .limit = q->limit,
	    .state = STORE_ANY,
	    .outcome = STORE_ANY,
	    .note = (char *)(uintptr_t)q->note,
	    .since_at = q->since_at,
	    .until_at = q->until_at,
	};
}

/* What is queued or pending has no outcome, and what has one is done: either
 * way both are known. */
static void
ask_state(struct store_ask *ask, enum job_state state)
{
	ask->state = (int)state;
	if (state != JOB_DONE)
		ask->outcome = OUTCOME_NONE;
}

static void
ask_outcome(struct store_ask *ask, enum job_outcome outcome)
{
	if (outcome != OUTCOME_NONE && ask->state == STORE_ANY)
		ask->state = JOB_DONE;
	ask->outcome = (int)outcome;
}

int
store_ask_jobs(
    struct store_ask *ask, const struct store_query *q, struct error *err)
{
	enum job_state state;
	enum job_outcome outcome;

	fill(ask, q);
	ask->newest = q->newest;
	ask->endpoint = (char *)(uintptr_t)q->endpoint;
	ask->tag = (char *)(uintptr_t)q->tag;
	ask->unfinished = q->unfinished;
	ask->ended_badly = q->ended_badly;
	ask->unrepeated = q->unrepeated;
	if (q->state != NULL && job_state_parse(q->state, &state) == -1)
		return no_name(err, "state", q->state);
	if (q->state != NULL)
		ask_state(ask, state);
	if (q->outcome != NULL && job_outcome_parse(q->outcome, &outcome) == -1)
		return no_name(err, "outcome", q->outcome);
	if (q->outcome != NULL)
		ask_outcome(ask, outcome);
	return 0;
}

int
store_ask_deliveries(
    struct store_ask *ask, const struct store_query *q, struct error *err)
{
	enum delivery_state state;

	fill(ask, q);
	ask->target = (char *)(uintptr_t)q->target;
	ask->job = (char *)(uintptr_t)q->job;
	ask->event = (char *)(uintptr_t)q->event;
	ask->by_status = q->by_status;
	ask->status = q->status;
	if (q->state != NULL && delivery_state_parse(q->state, &state) == -1)
		return no_name(err, "state", q->state);
	if (q->state != NULL)
		ask->state = (int)state;
	return 0;
}

int
store_ask_attempts(
    struct store_ask *ask, const struct store_query *q, struct error *err)
{
	enum attempt_outcome outcome;

	fill(ask, q);
	ask->newest = q->newest;
	ask->delivery = (char *)(uintptr_t)q->delivery;
	ask->job = (char *)(uintptr_t)q->job;
	ask->target = (char *)(uintptr_t)q->target;
	ask->error_class = (char *)(uintptr_t)q->error_class;
	ask->by_status = q->by_status;
	ask->status = q->status;
	ask->n = q->n;
	if (q->outcome == NULL)
		return 0;
	if (attempt_outcome_parse(q->outcome, &outcome) == -1)
		return no_name(err, "outcome", q->outcome);
	ask->outcome = (int)outcome;
	return 0;
}

int
store_query_check(const struct store_query *q, struct error *err)
{
	struct store_ask ask;

	return store_ask_jobs(&ask, q, err);
}

bool
store_query_wants(const struct store_query *q, const struct job *job)
{
	struct store_ask ask;
	struct error err;

	return store_ask_jobs(&ask, q, &err) == 0 &&
	    store_ask_wants_job(&ask, job);
}

/* --- of a row ------------------------------------------------------- */

/* Of letters, only those of ASCII: as SQLite's lower() has it. */
static bool
has_part(const char *text, const char *part)
{
	size_t i;

	if (text == NULL)
		return false;
	for (;; text++) {
		for (i = 0; part[i] != '\0' &&
		     str_lower_char(text[i]) == str_lower_char(part[i]);
		     i++)
			continue;
		if (part[i] == '\0')
			return true;
		if (*text == '\0')
			return false;
	}
}

static bool
in_time(const struct store_ask *ask, int64_t at)
{
	return (ask->since_at == 0 || at >= ask->since_at) &&
	    (ask->until_at == 0 || at < ask->until_at);
}

static bool
fits_end(const struct store_ask *ask, const struct job *job)
{
	bool done = job->state == JOB_DONE;

	return (ask->state == STORE_ANY || ask->state == (int)job->state) &&
	    (ask->outcome == STORE_ANY || ask->outcome == (int)job->outcome) &&
	    !(ask->unfinished && done) &&
	    (!ask->ended_badly || (done && job->outcome != OUTCOME_OK));
}

bool
store_ask_wants_job(const struct store_ask *ask, const struct job *job)
{
	return fits_end(ask, job) && in_time(ask, job->created_at) &&
	    (ask->endpoint == NULL ||
		str_eq(ask->endpoint, job->spec.endpoint)) &&
	    (ask->tag == NULL || tags_has(job->spec.tags, ask->tag)) &&
	    (ask->note == NULL || has_part(job->error_code, ask->note) ||
		has_part(job->error_text, ask->note));
}

bool
store_ask_wants(const struct store_ask *ask, const struct delivery *d)
{
	return (ask->state == STORE_ANY || ask->state == (int)d->state) &&
	    (ask->target == NULL || str_eq(ask->target, d->target)) &&
	    (ask->job == NULL || str_eq(ask->job, d->job_id)) &&
	    (ask->event == NULL || str_eq(ask->event, d->event)) &&
	    (!ask->by_status || ask->status == d->last_status) &&
	    in_time(
		ask, d->state == DELIVERY_DEAD ? d->ended_at : d->created_at) &&
	    (ask->note == NULL || has_part(d->note, ask->note));
}

bool
store_ask_wants_attempt(
    const struct store_ask *ask, const struct attempt_entry *e)
{
	const struct attempt *a = &e->a;

	return (ask->delivery == NULL || str_eq(ask->delivery, e->delivery)) &&
	    (ask->n == 0 || ask->n == a->n) &&
	    (ask->job == NULL || str_eq(ask->job, e->job)) &&
	    (ask->target == NULL || str_eq(ask->target, e->target)) &&
	    (ask->outcome == STORE_ANY || ask->outcome == (int)a->outcome) &&
	    (ask->error_class == NULL ||
		(a->error_class != NULL &&
		    str_eq(ask->error_class, a->error_class))) &&
	    (!ask->by_status || ask->status == a->status) &&
	    in_time(ask, a->started_at);
}
