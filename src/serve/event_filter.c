/* SPDX-License-Identifier: Apache-2.0 */
/* Filters of events: read from lists, asked for each event. */
#include "serve/event_filter.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "job/tags.h"

/* "job.*", "*", or the whole name. */
static bool
name_fits(const char *pattern, const char *name)
{
	size_t len = strlen(pattern);

	if (len > 0 && pattern[len - 1] == '*' &&
	    (len == 1 || pattern[len - 2] == '.'))
		return strncmp(pattern, name, len - 1) == 0;
	return str_eq(pattern, name);
}

/* The types that a word of the list means; 0: none. */
static unsigned
bits_of(const char *word)
{
	enum job_event_type t;
	unsigned bits = 0;

	for (t = EVENT_JOB_QUEUED; t < EVENT_TYPES; t++) {
		if (name_fits(word, job_event_name(t)))
			bits |= 1u << t;
	}
	return bits;
}

static int
no_type(const char *word, struct error *err)
{
	enum job_event_type t;

	err_set(err, ERR_USAGE, "type \"%.80s\": there is no such event", word);
	for (t = EVENT_JOB_QUEUED; t < EVENT_TYPES; t++) {
		if (str_near(word, job_event_name(t)))
			return err_hint(
			    err, "Did you mean \"%s\"?", job_event_name(t));
	}
	return err_hint(err,
	    "Types are job.queued, job.accepted, job.done, job.late, "
	    "job.withdrawn, delivery.failed, delivery.delivered, "
	    "delivery.dead, "
	    "delivery.replayed; \"job.*\" is all of them that begin so.");
}

int
event_filter_types(struct event_filter *f, const char *text, struct error *err)
{
	char *copy = xstrdup(text), *rest = copy, *word;
	unsigned bits, all = 0;
	int rc = 0;

	while (rc == 0 && (word = strsep(&rest, ",")) != NULL) {
		word = str_trim(word);
		bits = bits_of(word);
		all |= bits;
		if (bits == 0)
			rc = no_type(word, err);
	}
	free(copy);
	if (rc == 0)
		f->types = all;
	return rc;
}

static int
by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
event_filter_jobs(struct event_filter *f, const char *text, struct error *err)
{
	char *copy = xstrdup(text), *rest = copy, *word;
	int rc = 0;

	while (rc == 0 && (word = strsep(&rest, ",")) != NULL) {
		word = str_trim(word);
		if (!jobid_ok(word)) {
			rc = err_set(err, ERR_USAGE,
			    "job \"%.80s\": that is no id", word);
			break;
		}
		f->jobs =
		    xreallocarray(f->jobs, f->njobs + 1, sizeof(*f->jobs));
		f->jobs[f->njobs++] = xstrdup(word);
	}
	free(copy);
	if (f->njobs > 0)
		qsort(f->jobs, f->njobs, sizeof(*f->jobs), by_bytes);
	return rc;
}

void
event_filter_done(struct event_filter *f)
{
	size_t i;

	for (i = 0; i < f->njobs; i++)
		free(f->jobs[i]);
	free(f->jobs);
	free(f->endpoint);
	free(f->tag);
	free(f->target);
	memset(f, 0, sizeof(*f));
}

static bool
fits(const char *wanted, const char *value)
{
	return wanted == NULL || (value != NULL && str_eq(wanted, value));
}

static bool
is_of_jobs(const struct event_filter *f, const struct job_event *e)
{
	const char *id = e->job;

	return f->njobs == 0 ||
	    bsearch(&id, f->jobs, f->njobs, sizeof(*f->jobs), by_bytes) != NULL;
}

bool
event_filter_wants(const struct event_filter *f, const struct job_event *e)
{
	/* That something is missing concerns everybody. */
	if (e->type == EVENT_NONE)
		return true;
	return (f->types == 0 || (f->types & (1u << e->type)) != 0) &&
	    is_of_jobs(f, e) && fits(f->endpoint, e->endpoint) &&
	    fits(f->target, e->target) &&
	    (f->tag == NULL || tags_has(e->tags, f->tag));
}
