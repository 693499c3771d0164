/* SPDX-License-Identifier: Apache-2.0 */
/* Variables of a handler's environment. */
#include "deliver/execenv.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "deliver/payload.h"

#define VARIABLES_MAX 32

/* What programs need to find their way, and no more. */
static const char *const passed[] = {
    "PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR"};

struct env {
	char **v;
	size_t n;
};

static void
add(struct env *e, const char *name, const char *value)
{
	size_t len = value != NULL ? strnlen(value, EXECENV_VALUE_MAX) : 0;
	char *own = xstrndup(value != NULL ? value : "", len);

	if (e->n == VARIABLES_MAX)
		abort();
	str_defang(own);
	e->v[e->n++] = xasprintf("%s=%s", name, own);
	free(own);
}

static void
add_int(struct env *e, const char *name, int64_t value)
{
	char *text = xasprintf("%lld", (long long)value);

	add(e, name, text);
	free(text);
}

static void
add_time(struct env *e, const char *name, int64_t at)
{
	char text[TIMEFMT_ISO_SIZE] = "";

	if (at != 0)
		timefmt_iso(at, text);
	add(e, name, text);
}

/* What this attempt is. */
static void
add_delivery(struct env *e, const struct parcel *p)
{
	const struct delivery *d = p->delivery;

	add(e, "AWAITD_EVENT", d->event);
	add(e, "AWAITD_EVENT_ID", d->id);
	add(e, "AWAITD_ABOUT", d->about);
	add(e, "AWAITD_TARGET", d->target);
	add_int(e, "AWAITD_ATTEMPT", p->attempt);
	add(e, "AWAITD_REPLAY", p->replay ? "1" : "0");
	add(e, "AWAITD_PAYLOAD", delivery_payload_name(d->payload));
	add(e, "AWAITD_CONTENT_TYPE", d->content_type);
	add_int(e, "AWAITD_SIZE", p->size);
	add(e, "AWAITD_SHA256",
	    d->by_reference ? p->job->result_sha256 : d->body_sha256);
}

/* What it is about. */
static void
add_job(struct env *e, const struct job *job)
{
	add(e, "AWAITD_JOB", job->id);
	add(e, "AWAITD_ENDPOINT", job->spec.endpoint);
	add(e, "AWAITD_OUTCOME", job_outcome_name(job->outcome));
	add(e, "AWAITD_OUTPUT_LOCATION", payload_output_location(job));
	add(e, "AWAITD_FAILURE_LOCATION", payload_failure_location(job));
	add(e, "AWAITD_INFERENCE_ID", payload_inference_id(job));
	add(e, "AWAITD_CUSTOM_ATTRIBUTES", job->spec.custom_attributes);
	add(e, "AWAITD_TAGS", job->spec.tags);
	add_time(e, "AWAITD_SUBMITTED_AT", job->submitted_at);
	add_time(e, "AWAITD_COMPLETED_AT", job->completed_at);
	add(e, "AWAITD_ERROR_CODE", job->error_code);
	add(e, "AWAITD_TRACEPARENT", job->spec.traceparent);
	add(e, "AWAITD_TRACESTATE", job->spec.tracestate);
}

char **
execenv_new(const struct parcel *p)
{
	struct env e = {.v = xcalloc(VARIABLES_MAX + 1, sizeof(*e.v))};
	size_t i;

	for (i = 0; i < ARRAY_LEN(passed); i++) {
		const char *value = getenv(passed[i]);

		/* As it is: a path that was cut is another path. */
		if (value != NULL)
			e.v[e.n++] = xasprintf("%s=%s", passed[i], value);
	}
	add_delivery(&e, p);
	add_job(&e, p->job);
	return e.v;
}

void
execenv_free(char **env)
{
	size_t i;

	for (i = 0; env[i] != NULL; i++)
		free(env[i]);
	free(env);
}
