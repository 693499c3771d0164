/* SPDX-License-Identifier: Apache-2.0 */
/* Events, as they happen: a reply that goes on until its reader leaves. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "job/tags.h"
#include "serve/api_stream.h"
#include "serve/event_text.h"
#include "serve/events.h"
#include "serve/metrics.h"

/* What hangs on the call. */
struct listener {
	struct api_call *call;
	const struct service *service;
	const struct http_exchange *x; /* the call's, to its very end */
	struct event_stream *stream;
};

static void
listener_free(void *arg)
{
	struct listener *l = arg;
	struct metrics *metrics = l->service->metrics;

	if (metrics != NULL && http_stream_cut(l->x))
		metrics_stream_cut(metrics);
	events_leave(l->stream);
	free(l);
}

/* --- its sink ------------------------------------------------------- */

static void
write_text(const void *data, size_t len, void *arg)
{
	struct listener *l = arg;

	http_stream_write(l->call->x, data, len);
}

static size_t
queued(void *arg)
{
	struct listener *l = arg;

	return http_stream_queued(l->call->x);
}

static void
end(void *arg)
{
	struct listener *l = arg;

	http_stream_end(l->call->x);
	api_end(l->call);
}

static void
on_drained(struct http_exchange *x, void *arg)
{
	struct listener *l = arg;

	(void)x;
	events_drained(l->stream);
}

/* --- what is asked for ---------------------------------------------- */

static int
parse_place(
    const char *what, const char *value, int64_t *out, struct error *err)
{
	if (str_to_i64(value, 0, INT64_MAX / 2, out) == 0)
		return 0;
	err_set(
	    err, ERR_USAGE, "%s \"%.80s\": that is no event's id", what, value);
	return err_hint(err,
	    "Give the id of the last event that was read, or 0 for all that "
	    "are kept; without one it begins with now.");
}

/* The header is what a client that comes back has read last. */
static int
take_place(struct api_call *c, int64_t *out, struct error *err)
{
	const struct headers *h = http_headers(c->x);
	const char *last = headers_get(h, "Last-Event-ID");
	const char *after = api_query_get(&c->query, "after");

	*out = EVENTS_FROM_NOW;
	if (after != NULL && parse_place("after", after, out, err) == -1)
		return -1;
	if (last == NULL || *last == '\0')
		return 0;
	return parse_place("Last-Event-ID", last, out, err);
}

static int
take_filter(struct api_call *c, struct event_filter *f, struct error *err)
{
	const char *type = api_query_get(&c->query, "type");
	const char *job = api_query_get(&c->query, "job");
	const char *tag = api_query_get(&c->query, "tag");

	if ((type != NULL && event_filter_types(f, type, err) == -1) ||
	    (job != NULL && event_filter_jobs(f, job, err) == -1))
		return -1;
	if (tag != NULL && !tag_ok(tag))
		return err_set(
		    err, ERR_USAGE, "tag \"%.80s\": that is none", tag);
	f->tag = xstrdup_or_null(tag);
	f->endpoint = xstrdup_or_null(api_query_get(&c->query, "endpoint"));
	f->target = xstrdup_or_null(api_query_get(&c->query, "target"));
	return 0;
}

/* The call lives until its reader leaves, or the service stops. */
static void
listen_on(struct api_call *c, int64_t after, struct event_filter *take_f)
{
	static const struct event_sink sink = {write_text, queued, end};
	static const struct http_stream how = {.drained = on_drained};
	struct listener *l = xcalloc(1, sizeof(*l));

	l->call = c;
	l->service = c->api->service;
	l->x = c->x;
	c->work = l;
	c->work_free = listener_free;
	if (api_stream(c, EVENT_STREAM_TYPE, &how, l) == -1)
		return;
	l->stream =
	    events_join(c->api->service->events, after, take_f, &sink, l);
}

void
api_events(struct api_call *c)
{
	struct event_filter f = {0};
	struct error err;
	int64_t after;

	if (take_place(c, &after, &err) == -1 || take_filter(c, &f, &err) == -1)
		api_refuse_err(c, 400, "bad_parameter", &err);
	else if (c->api->service->stopping)
		api_refuse_stopping(c);
	else
		listen_on(c, after, &f);
	event_filter_done(&f);
}
