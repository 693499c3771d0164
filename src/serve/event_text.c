/* SPDX-License-Identifier: Apache-2.0 */
/* Events, written for their listeners. */
#include "serve/event_text.h"

#include <inttypes.h>

#include "base/jsonw.h"

/* When a client should come back, whose connection broke. */
#define RETRY_MS 1000

static void
write_attempt(struct jsonw *w, const struct job_event *e)
{
	if (e->n > 0)
		jsonw_int(w, "attempt", e->n);
	if (e->status != ATTEMPT_NO_STATUS)
		jsonw_int(w, "status", e->status);
	jsonw_opt(w, "error_class", e->error_class);
	jsonw_opt(w, "note", e->note);
}

static void
write_members(struct jsonw *w, const struct job_event *e)
{
	jsonw_int(w, "seq", e->seq);
	jsonw_str(w, "type", job_event_name(e->type));
	jsonw_time(w, "at", e->at);
	if (e->delivery[0] != '\0')
		jsonw_str(w, "delivery", e->delivery);
	jsonw_str(w, "job", e->job);
	jsonw_opt(w, "target", e->target);
	jsonw_opt(w, "event", e->event);
	jsonw_opt(w, "endpoint", e->endpoint);
	if (e->tags != NULL)
		jsonw_list(w, "tags", e->tags);
	jsonw_str(w, "state", job_event_state(e->type));
	if (e->outcome != OUTCOME_NONE)
		jsonw_str(w, "outcome", job_outcome_name(e->outcome));
	jsonw_opt(w, "error_code", e->error_code);
	if (e->delivery[0] != '\0')
		write_attempt(w, e);
	else if (e->n > 0)
		jsonw_int(w, "submission", e->n);
}

void
event_text(struct buf *b, const struct job_event *e)
{
	struct jsonw w;

	if (e->type == EVENT_NONE) {
		event_text_gap(b, e->seq - 1, e->seq + 1, "damaged");
		return;
	}
	buf_printf(b, "id: %" PRId64 "\nevent: %s\ndata: ", e->seq,
	    job_event_name(e->type));
	jsonw_init(&w, b);
	jsonw_begin(&w, NULL, '{');
	write_members(&w, e);
	jsonw_end(&w, '}');
	buf_puts(b, "\n\n");
}

void
event_text_gap(struct buf *b, int64_t after, int64_t first, const char *reason)
{
	struct jsonw w;

	buf_printf(b, "id: %" PRId64 "\nevent: gap\ndata: ", first - 1);
	jsonw_init(&w, b);
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "type", "gap");
	jsonw_str(&w, "reason", reason);
	jsonw_int(&w, "after", after);
	jsonw_int(&w, "first", first);
	jsonw_end(&w, '}');
	buf_puts(b, "\n\n");
}

void
event_text_begin(struct buf *b, int64_t at)
{
	buf_printf(b, "retry: %d\nid: %" PRId64 "\n\n", RETRY_MS, at);
}

void
event_text_alive(struct buf *b, int64_t at)
{
	buf_printf(b, ": keep-alive\nid: %" PRId64 "\n\n", at);
}
