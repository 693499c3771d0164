/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line (line.h) per endpoint, and one for those whose endpoint is not
 * configured any more.
 */
#include "local/queue.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/line.h"

struct queue {
	struct queue_options o;
	struct conf_endpoint nowhere;
	struct line **lines;
	size_t n; /* the last one is nowhere's */
	struct metrics_endpoint *metrics;
	struct missing *missing; /* while the stored requests are read */
	size_t missing_n;
	size_t open; /* lines that a stop waits for */
	loop_fn *stopped;
	void *stopped_arg;
};

/* A request that waits for its commit. */
struct accepting {
	struct line *line;
	struct metrics_endpoint *metrics;
	struct db_request r; /* its numbers and its id only */
	db_commit_fn *done;
	void *arg;
};

/* --- acceptance ----------------------------------------------------- */

/* The number of an endpoint's line; the last one where there is none. */
static size_t
find_line(const struct queue *q, const char *endpoint)
{
	size_t i;

	for (i = 0; i + 1 < q->n; i++) {
		if (str_eq(line_endpoint(q->lines[i])->name, endpoint))
			break;
	}
	return i;
}

bool
queue_has_room(const struct queue *q, const char *endpoint)
{
	const struct line *line = q->lines[find_line(q, endpoint)];

	return (int64_t)line_backlog(line) < line_endpoint(line)->max_backlog;
}

static void
on_accepted(const struct error *err, void *arg)
{
	struct accepting *a = arg;

	if (err == NULL) {
		log_begin(LOG_INFO, "endpoint");
		log_str("inference", a->r.inference_id);
		log_str("endpoint", a->metrics->endpoint);
		log_str("state", "accepted");
		log_int("ms", 0);
		log_end();
		a->metrics->accepted++;
		line_add(a->line, &a->r);
	}
	a->done(err, a->arg);
	db_request_done(&a->r);
	free(a);
}

void
queue_accept(
    struct queue *q, struct db_request *r, db_commit_fn *done, void *arg)
{
	size_t i = find_line(q, r->endpoint);
	struct accepting *a;
	struct error err;

	if (db_request_add(q->o.db, r, &err) == -1) {
		/* The callback must come later; the transaction is given up. */
		log_begin(LOG_ERROR, "endpoint");
		log_str("msg", "a request could not be queued");
		log_err(&err);
		log_end();
		db_abandon(q->o.db);
		db_on_commit(q->o.db, done, arg);
		return;
	}
	a = xcalloc(1, sizeof(*a));
	a->line = q->lines[i];
	a->metrics = &q->metrics[i];
	a->r.seq = r->seq;
	a->r.accepted_at = r->accepted_at;
	a->r.ttl_s = r->ttl_s;
	a->r.inference_id = xstrdup(r->inference_id);
	a->done = done;
	a->arg = arg;
	db_on_commit(q->o.db, on_accepted, a);
}

size_t
queue_backlog(const struct queue *q)
{
	size_t i, n = 0;

	for (i = 0; i < q->n; i++)
		n += line_backlog(q->lines[i]);
	return n;
}

const struct metrics_endpoint *
queue_metrics(struct queue *q, size_t *n)
{
	size_t i;

	for (i = 0; i + 1 < q->n; i++)
		line_look(q->lines[i], &q->metrics[i]);
	*n = q->n - 1;
	return q->metrics;
}

/* --- the whole ------------------------------------------------------ */

/* An endpoint that is not configured (any more). */
struct missing {
	char *endpoint;
	int64_t requests;
};

static void
note_missing(struct queue *q, const char *endpoint)
{
	struct missing *m;
	size_t i;

	for (i = 0; i < q->missing_n; i++) {
		if (str_eq(q->missing[i].endpoint, endpoint)) {
			q->missing[i].requests++;
			return;
		}
	}
	q->missing = xreallocarray(q->missing, i + 1, sizeof(*q->missing));
	m = &q->missing[q->missing_n++];
	m->endpoint = xstrdup(endpoint);
	m->requests = 1;
}

/* A line for each endpoint: there may be thousands of requests. */
static void
tell_missing(struct queue *q)
{
	while (q->missing_n > 0) {
		struct missing *m = &q->missing[--q->missing_n];

		log_begin(LOG_WARN, "endpoint");
		log_str("msg",
		    "requests are queued for an endpoint that is not "
		    "configured; they wait for it until they expire");
		log_str("endpoint", m->endpoint);
		log_int("requests", m->requests);
		log_end();
		free(m->endpoint);
	}
	free(q->missing);
	q->missing = NULL;
}

static int
on_stored_request(const struct db_request *r, void *arg, struct error *err)
{
	struct queue *q = arg;
	size_t i = find_line(q, r->endpoint);

	(void)err;
	line_add(q->lines[i], r);
	if (i + 1 < q->n)
		return 0;
	note_missing(q, r->endpoint);
	return 0;
}

int
queue_new(
    const struct queue_options *options, struct queue **out, struct error *err)
{
	struct queue *q = xcalloc(1, sizeof(*q));
	struct line_options o = {.queue = &q->o};
	size_t i;
	int rc;

	q->o = *options;
	q->n = q->o.endpoints_n + 1;
	q->lines = xcalloc(q->n, sizeof(struct line *));
	q->metrics = xcalloc(q->n, sizeof(*q->metrics));
	for (i = 0; i < q->n; i++) {
		o.nowhere = i + 1 == q->n;
		o.endpoint = o.nowhere ? &q->nowhere : &q->o.endpoints[i];
		o.metrics = &q->metrics[i];
		o.metrics->endpoint = o.endpoint->name;
		o.metrics->max_concurrent = o.endpoint->max_concurrent;
		if (line_new(&o, &q->lines[i], err) == -1) {
			queue_free(q);
			return -1;
		}
	}
	rc = db_request_each(q->o.db, on_stored_request, q, err);
	tell_missing(q);
	if (rc == -1) {
		queue_free(q);
		return -1;
	}
	*out = q;
	return 0;
}

void
queue_start(struct queue *q)
{
	size_t i;

	for (i = 0; i < q->n; i++)
		line_start(q->lines[i]);
}

static void
on_stopped(void *arg)
{
	struct queue *q = arg;

	if (--q->open == 0)
		q->stopped(q->stopped_arg);
}

void
queue_stop(struct queue *q, loop_fn *stopped, void *arg)
{
	size_t i;

	q->stopped = stopped;
	q->stopped_arg = arg;
	q->open = q->n;
	for (i = 0; i < q->n; i++)
		line_stop(q->lines[i], on_stopped, q);
}

void
queue_free(struct queue *q)
{
	size_t i;

	if (q == NULL)
		return;
	for (i = 0; i < q->n; i++)
		line_free(q->lines[i]);
	free(q->lines);
	free(q->metrics);
	free(q);
}
