/* SPDX-License-Identifier: Apache-2.0 */
/* The account as JSON. */
#include "deliver/payload.h"

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/hash.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "deliver/cloudevent.h"
#include "deliver/deadletter.h"

const char *const payload_event_types[] = {
    "inference.completed",
    "inference.failed",
    "inference.expired",
    "inference.cancelled",
    "inference.late",
    DEADLETTER_EVENT,
    NULL,
};

/* A result that came after the job had expired is what is told of. */
static bool
is_late(const struct job *job)
{
	return job->late_at != 0;
}

const char *
payload_event_type(const struct job *job)
{
	if (is_late(job))
		return "inference.late";
	switch (job->outcome) {
	case OUTCOME_OK:
		return "inference.completed";
	case OUTCOME_FAILED:
		return "inference.failed";
	case OUTCOME_EXPIRED:
		return "inference.expired";
	case OUTCOME_CANCELLED:
		return "inference.cancelled";
	case OUTCOME_NONE:
	default:
		abort(); /* there is nothing to tell before DONE */
	}
}

/* The submission that decided the outcome, or else the last one, or NULL. */
static const struct submission *
winner(const struct job *job)
{
	const char *result =
	    is_late(job) ? job->late_location : job->result_location;
	bool ok = is_late(job) || job->outcome == OUTCOME_OK;
	size_t i;

	for (i = job->nsubs; i > 0; i--) {
		const struct submission *s = &job->subs[i - 1];
		const char *place = submission_output(s);

		if (ok && place != NULL && result != NULL &&
		    str_eq(place, result))
			return s;
		if (job->outcome == OUTCOME_FAILED && s->fate == SUB_FAILED)
			return s;
	}
	return job_last_submission(job);
}

const char *
payload_inference_id(const struct job *job)
{
	const struct submission *s = winner(job);

	return s != NULL && s->inference_id != NULL ? s->inference_id
						    : job->spec.inference_id;
}

const char *
payload_output_location(const struct job *job)
{
	const struct submission *s = winner(job);

	if (is_late(job))
		return job->late_location;
	if (job->outcome == OUTCOME_OK)
		return job->result_location;
	if (job->outcome == OUTCOME_FAILED || s == NULL)
		return NULL;
	return submission_output(s);
}

const char *
payload_failure_location(const struct job *job)
{
	const struct submission *s = winner(job);

	if (is_late(job) || job->outcome == OUTCOME_OK || s == NULL)
		return NULL;
	if (job->outcome == OUTCOME_FAILED && s->fate != SUB_FAILED)
		return NULL;
	return s->failure_location;
}

bool
payload_has_result(const struct job *job)
{
	return is_late(job) || job->outcome == OUTCOME_OK;
}

/* --- the result ----------------------------------------------------- */

static void
write_bytes(struct jsonw *w, const struct payload *p)
{
	struct buf text;

	/* What is none would not come back as it was. */
	if (str_is_text(p->result, p->len)) {
		jsonw_strn(w, "result", p->result, p->len);
		return;
	}
	buf_init(&text, w->out->max);
	if (encode_base64(&text, p->result, p->len) == -1)
		w->out->overflow = true;
	else
		jsonw_strn(w, "result_base64", text.data, text.len);
	buf_done(&text);
}

/* The digest of what is sent, or the one that was noted. */
static void
write_digest(struct jsonw *w, const struct job *job, const struct payload *p)
{
	char hex[HASH_SHA256_HEX_SIZE];

	if (p->result == NULL) {
		jsonw_opt(
		    w, "sha256", is_late(job) ? NULL : job->result_sha256);
		return;
	}
	hash_sha256_hex(p->result, p->len, hex);
	jsonw_str(w, "sha256", hex);
}

static void
write_facts(struct jsonw *w, const struct job *job, const struct payload *p)
{
	int64_t size = is_late(job) ? job->late_size : job->result_size;

	if (!payload_has_result(job))
		return;
	jsonw_opt(w, "content_type",
	    is_late(job) ? job->late_type : job->result_type);
	if (size >= 0)
		jsonw_int(w, "size", size);
	write_digest(w, job, p);
}

static void
write_result(struct jsonw *w, const struct job *job, const struct payload *p)
{
	if (!payload_has_result(job))
		return;
	if (p->result != NULL)
		write_bytes(w, p);
	jsonw_opt(w, "result_url", p->result_url);
	if (p->result_url != NULL)
		jsonw_time(w, "result_url_expires_at", p->url_expires_at);
}

static void
write_error(struct jsonw *w, const struct job *job)
{
	if (job->outcome == OUTCOME_OK)
		return;
	if (str_empty(job->error_code) && str_empty(job->error_text))
		return;
	jsonw_begin(w, "error", '{');
	jsonw_opt(w, "code", job->error_code);
	jsonw_opt(w, "message", job->error_text);
	jsonw_end(w, '}');
}

/* --- the whole ------------------------------------------------------ */

static void
write_data(struct jsonw *w, const char *name, const struct job *job,
    const struct payload *p)
{
	jsonw_begin(w, name, '{');
	jsonw_str(w, "job", job->id);
	jsonw_opt(w, "inference_id", payload_inference_id(job));
	jsonw_opt(w, "endpoint", job->spec.endpoint);
	jsonw_str(w, "outcome", job_outcome_name(job->outcome));
	jsonw_opt(w, "output_location", payload_output_location(job));
	jsonw_opt(w, "failure_location", payload_failure_location(job));
	write_facts(w, job, p);
	jsonw_opt(w, "custom_attributes", job->spec.custom_attributes);
	if (job->spec.tags != NULL)
		jsonw_list(w, "tags", job->spec.tags);
	jsonw_time(w, "submitted_at", job->submitted_at);
	jsonw_time(w, "completed_at", job->completed_at);
	write_result(w, job, p);
	write_error(w, job);
	jsonw_end(w, '}');
}

int
payload_event(struct buf *out, const struct job *job, const struct payload *p)
{
	struct jsonw w;

	jsonw_init(&w, out);
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "type", payload_event_type(job));
	jsonw_time(
	    &w, "timestamp", is_late(job) ? job->late_at : job->completed_at);
	write_data(&w, "data", job, p);
	jsonw_end(&w, '}');
	return out->overflow ? -1 : 0;
}

int
payload_data(struct buf *out, const struct job *job, const struct payload *p)
{
	struct jsonw w;

	jsonw_init(&w, out);
	write_data(&w, NULL, job, p);
	return out->overflow ? -1 : 0;
}

/* The JSON event format, 3.1: data is JSON itself, so it is never
 * data_base64. The trace is the extension "distributed tracing". */
int
payload_cloudevent(struct buf *out, const struct job *job,
    const struct delivery *d, const struct payload *p)
{
	struct cloudevent ce;
	struct jsonw w;

	cloudevent_init(&ce, d, job);
	jsonw_init(&w, out);
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "specversion", CLOUDEVENT_SPECVERSION);
	jsonw_str(&w, "id", ce.id);
	jsonw_str(&w, "source", ce.source);
	jsonw_str(&w, "type", ce.type);
	jsonw_str(&w, "subject", ce.subject);
	jsonw_str(&w, "time", ce.time);
	jsonw_opt(&w, "traceparent", job->spec.traceparent);
	jsonw_opt(&w, "tracestate", job->spec.tracestate);
	jsonw_str(&w, "datacontenttype", "application/json");
	write_data(&w, "data", job, p);
	jsonw_end(&w, '}');
	cloudevent_done(&ce);
	return out->overflow ? -1 : 0;
}

const char *
payload_words(const struct job *job)
{
	return job->error_text != NULL ? job->error_text : "";
}
