/* SPDX-License-Identifier: Apache-2.0 */
/* What a webhook's request says in its header. */
#include "deliver/whrequest.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "deliver/cloudevent.h"
#include "deliver/payload.h"

#define FIELDS 32
/* Encoded: a key of S3 has 1,024 bytes. A longer one is left out: half a name
 * would be another one, and receivers take 8 KiB to 16 KiB of header. */
#define VALUE_MAX 3400

static void
add_int(struct headers *h, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	headers_add(h, name, text);
}

static void
add(struct headers *h, const char *name, const char *value)
{
	struct buf b;

	if (str_empty(value))
		return;
	buf_init(&b, VALUE_MAX);
	if (cloudevent_encode(&b, value) == 0)
		headers_add(h, name, b.data);
	buf_done(&b);
}

static void
add_time(struct headers *h, const char *name, int64_t at)
{
	char text[TIMEFMT_ISO_SIZE];

	if (at == 0)
		return;
	timefmt_iso(at, text);
	headers_add(h, name, text);
}

/* --- of a raw body -------------------------------------------------- */

/* Of what the delivery tells, which is not what became known since: a job that
 * expired may have got a late result. */
static void
add_places(struct headers *h, const struct delivery *d, const struct job *job)
{
	struct job view = *job;

	if (!str_eq(d->event, "inference.late"))
		view.late_at = 0;
	add(h, "awaitd-inference-id", payload_inference_id(&view));
	add(h, "awaitd-output-location", payload_output_location(&view));
	add(h, "awaitd-failure-location", payload_failure_location(&view));
}

static void
add_facts(struct headers *h, const struct parcel *p)
{
	const struct delivery *d = p->delivery;
	const struct job *job = p->job;

	add(h, "awaitd-event", d->event);
	add(h, "awaitd-job", job->id);
	add(h, "awaitd-endpoint", job->spec.endpoint);
	add(h, "awaitd-outcome", job_outcome_name(job->outcome));
	add_places(h, d, job);
	add_int(h, "awaitd-size", p->size);
	add(h, "awaitd-sha256",
	    d->by_reference ? job->result_sha256 : d->body_sha256);
	add(h, "awaitd-error-code", job->error_code);
	add(h, "awaitd-custom-attributes", job->spec.custom_attributes);
	add_time(h, "awaitd-submitted-at", job->submitted_at);
	add_time(h, "awaitd-completed-at", job->completed_at);
}

/* --- as a CloudEvent ------------------------------------------------ */

static void
add_event(struct headers *h, const struct delivery *d, const struct job *job)
{
	struct cloudevent ce;

	cloudevent_init(&ce, d, job);
	headers_add(h, "ce-specversion", CLOUDEVENT_SPECVERSION);
	add(h, "ce-id", ce.id);
	add(h, "ce-source", ce.source);
	add(h, "ce-type", ce.type);
	add(h, "ce-subject", ce.subject);
	add(h, "ce-time", ce.time);
	/* The extension for distributed tracing. */
	if (!str_empty(job->spec.traceparent)) {
		add(h, "ce-traceparent", job->spec.traceparent);
		add(h, "ce-tracestate", job->spec.tracestate);
	}
	cloudevent_done(&ce);
}

/* --- all ------------------------------------------------------------ */

/* As it is; what cannot be sent was not taken, and fails nothing here. */
static void
add_bare(struct headers *h, const char *name, const char *value)
{
	if (!str_empty(value) && header_value_ok(value))
		headers_add(h, name, value);
}

/* https://www.w3.org/TR/trace-context/: one is worth nothing without the
 * other. */
static void
add_trace(struct headers *h, const struct job_spec *spec)
{
	if (str_empty(spec->traceparent))
		return;
	add_bare(h, "traceparent", spec->traceparent);
	add_bare(h, "tracestate", spec->tracestate);
}

void
whrequest_fields(struct headers *out, const struct parcel *p,
    int64_t timestamp_s, const struct headers *extra)
{
	const struct delivery *d = p->delivery;
	const char *type = d->content_type;
	size_t i;

	headers_init(out);
	headers_reserve(out, FIELDS + (extra != NULL ? extra->n : 0));
	headers_add(out, "User-Agent", "awaitd/" PACKAGE_VERSION);
	/* S3 keeps whatever somebody said that a result is. */
	if (str_empty(type) || !header_value_ok(type))
		type = "application/octet-stream";
	headers_add(out, "Content-Type", type);
	headers_add(out, "webhook-id", d->id);
	add_int(out, "webhook-timestamp", timestamp_s);
	add_int(out, "awaitd-attempt", p->attempt);
	if (p->replay)
		headers_add(out, "awaitd-replay", "1");
	if (d->payload == DELIVERY_RAW)
		add_facts(out, p);
	if (d->format == DELIVERY_CE_BINARY)
		add_event(out, d, p->job);
	add_bare(out, "awaitd-result-url", p->result_url);
	add_trace(out, &p->job->spec);
	for (i = 0; extra != NULL && i < extra->n; i++)
		headers_add(out, extra->v[i].name, extra->v[i].value);
}
