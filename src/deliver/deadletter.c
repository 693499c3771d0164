/* SPDX-License-Identifier: Apache-2.0 */
/* The event of a delivery that was given up. */
#include "deliver/deadletter.h"

#include <stdlib.h>

#include "base/encode.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/cloudevent.h"

/* An original of which each byte is six in JSON; the rest is far smaller. */
#define EVENT_MAX (8 * DEADLETTER_ORIGINAL_MAX)

static const char *
place_of(const struct job *job)
{
	return job->late_at != 0 ? job->late_location : job->result_location;
}

static void
write_base64(struct jsonw *w, const void *data, size_t len)
{
	struct buf text;

	buf_init(&text, w->out->max);
	if (encode_base64(&text, data, len) == -1)
		w->out->overflow = true;
	else
		jsonw_strn(w, "original_base64", text.data, text.len);
	buf_done(&text);
}

static void
write_original(struct jsonw *w, const struct deadletter *what)
{
	size_t len = (size_t)what->dead->body_size;

	if (what->dead->by_reference)
		jsonw_opt(w, "original_location", place_of(what->job));
	else if (what->body == NULL || len > DEADLETTER_ORIGINAL_MAX)
		jsonw_bool(w, "original_omitted", true);
	else if (str_is_text(what->body, len))
		jsonw_strn(w, "original", what->body, len);
	else
		write_base64(w, what->body, len);
}

static void
write_data(struct jsonw *w, const char *key, const struct deadletter *what)
{
	const struct delivery *d = what->dead;

	jsonw_begin(w, key, '{');
	jsonw_str(w, "delivery", d->id);
	jsonw_str(w, "job", d->job_id);
	jsonw_str(w, "endpoint", what->job->spec.endpoint);
	if (what->job->spec.tags != NULL)
		jsonw_list(w, "tags", what->job->spec.tags);
	jsonw_str(w, "target", d->target);
	jsonw_str(w, "event", d->event);
	jsonw_int(w, "attempts", d->attempts);
	jsonw_time(w, "created_at", d->created_at);
	jsonw_time(w, "ended_at", d->ended_at);
	jsonw_opt(w, "note", d->note);
	if (what->last->status != ATTEMPT_NO_STATUS)
		jsonw_int(w, "status", what->last->status);
	jsonw_opt(w, "response", what->last->response);
	jsonw_opt(w, "content_type", d->content_type);
	jsonw_int(w, "size", d->body_size);
	jsonw_opt(w, "sha256", d->body_sha256);
	write_original(w, what);
	jsonw_end(w, '}');
}

static void
write_plain(
    struct jsonw *w, const struct delivery *to, const struct deadletter *what)
{
	jsonw_begin(w, NULL, '{');
	jsonw_str(w, "type", to->event);
	jsonw_time(w, "timestamp", to->created_at);
	write_data(w, "data", what);
	jsonw_end(w, '}');
}

static void
write_cloudevent(
    struct jsonw *w, const struct delivery *to, const struct deadletter *what)
{
	struct cloudevent ce;

	cloudevent_init(&ce, to, what->job);
	jsonw_begin(w, NULL, '{');
	jsonw_str(w, "specversion", CLOUDEVENT_SPECVERSION);
	jsonw_str(w, "id", ce.id);
	jsonw_str(w, "source", ce.source);
	jsonw_str(w, "type", ce.type);
	jsonw_str(w, "subject", ce.subject);
	jsonw_str(w, "time", ce.time);
	jsonw_opt(w, "traceparent", what->job->spec.traceparent);
	jsonw_opt(w, "tracestate", what->job->spec.tracestate);
	jsonw_str(w, "datacontenttype", "application/json");
	write_data(w, "data", what);
	jsonw_end(w, '}');
	cloudevent_done(&ce);
}

void
deadletter_fill(struct delivery *to, const struct deadletter *what)
{
	const char *type = "application/json";
	struct jsonw w;
	struct buf b;

	buf_init(&b, EVENT_MAX);
	jsonw_init(&w, &b);
	switch (to->format) {
	case DELIVERY_PLAIN:
		write_plain(&w, to, what);
		break;
	case DELIVERY_CE_BINARY:
		write_data(&w, NULL, what);
		break;
	case DELIVERY_CE_STRUCTURED:
		write_cloudevent(&w, to, what);
		type = CLOUDEVENT_TYPE;
		break;
	}
	/* Everything in it has a cap well below. */
	if (b.overflow)
		abort();
	to->payload = DELIVERY_EVENT;
	free(to->content_type);
	to->content_type = xstrdup(type);
	delivery_set_body(to, b.data, b.len);
	buf_done(&b);
}
