/* SPDX-License-Identifier: Apache-2.0 */
/* The hub between the log of events and its listeners. */
#include "serve/events.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "serve/event_text.h"

/* Events of one reading, and readings that are kept for those to come. */
#define RUN_MAX 256
#define RUNS_MAX 32
/* Readings at a time: others want something of the store, too. */
#define READS_MAX 2
/* With so much waiting a stream gets no more for now. */
#define QUEUED_MAX ((size_t)128 << 10)
/* For so long streams are served in one turn of the loop. */
#define SLICE_MS 5
/* A quiet stream says so often that it is there. */
#define ALIVE_MS 15000
#define TICK_MS 1000
/* No event is near so long. */
#define TEXT_MAX ((size_t)64 << 10)

#define NOBODY (-1)

struct entry {
	struct job_event *e;
	char *text;
	size_t len;
};

/* All that there is behind `after`, up to `up_to`. */
struct run {
	TAILQ_ENTRY(run) entry; /* the one used last comes first */
	int64_t after;
	int64_t up_to;
	int64_t first; /* the oldest that was kept then */
	struct entry v[RUN_MAX];
	size_t n;
};
TAILQ_HEAD(runs, run);

struct event_stream {
	TAILQ_ENTRY(event_stream) entry; /* of all */
	TAILQ_ENTRY(event_stream) turn; /* of those that are ready, or wait */
	struct event_streams *in; /* which of both, or NULL */
	struct events *hub;
	struct event_filter filter;
	const struct event_sink *sink;
	void *arg;
	int64_t at; /* all up to here was given, or was not wanted */
	int64_t foreign; /* the place that it named, of another log; or 0 */
	bool blocked; /* too much waits for it */
	int64_t said_at; /* monotonic */
};
TAILQ_HEAD(event_streams, event_stream);

struct events {
	struct loop *loop;
	struct store *store;
	struct loop_timer *tick;
	struct event_streams all;
	struct event_streams ready;
	struct event_streams waiting; /* for a reading */
	struct runs runs;
	size_t nruns;
	int64_t reading[READS_MAX]; /* behind this place; NOBODY */
	uint64_t told;
	bool posted;
};

/* --- what was read -------------------------------------------------- */

static void
run_free(struct events *es, struct run *r)
{
	size_t i;

	TAILQ_REMOVE(&es->runs, r, entry);
	es->nruns--;
	for (i = 0; i < r->n; i++) {
		job_event_free(r->v[i].e);
		free(r->v[i].text);
	}
	free(r);
}

/* The one that has what stands behind this place. */
static struct run *
find_run(struct events *es, int64_t at)
{
	struct run *r;

	TAILQ_FOREACH (r, &es->runs, entry) {
		if (r->after <= at && at < r->up_to)
			break;
	}
	if (r != NULL && r != TAILQ_FIRST(&es->runs)) {
		TAILQ_REMOVE(&es->runs, r, entry);
		TAILQ_INSERT_HEAD(&es->runs, r, entry);
	}
	return r;
}

/* The newest ones come a few at a time: they go on with the run before, where
 * nothing is missing in between. */
static struct run *
run_for(
    struct events *es, int64_t after, size_t n, const struct store_span *span)
{
	struct run *r;

	TAILQ_FOREACH (r, &es->runs, entry) {
		if (r->up_to == after && r->n + n <= RUN_MAX &&
		    span->first - 1 <= after)
			return r;
	}
	if (es->nruns == RUNS_MAX)
		run_free(es, TAILQ_LAST(&es->runs, runs));
	r = xcalloc(1, sizeof(*r));
	r->after = after;
	r->first = span->first;
	TAILQ_INSERT_HEAD(&es->runs, r, entry);
	es->nruns++;
	return r;
}

static void
add_entry(struct run *r, struct job_event *take_e)
{
	struct entry *to = &r->v[r->n++];
	struct buf b;

	buf_init(&b, TEXT_MAX);
	event_text(&b, take_e);
	if (b.overflow) {
		buf_clear(&b);
		b.overflow = false;
		event_text_gap(&b, take_e->seq - 1, take_e->seq + 1, "damaged");
	}
	to->e = take_e;
	to->len = b.len;
	to->text = buf_take(&b);
}

/* --- giving --------------------------------------------------------- */

static void
say(struct event_stream *s, const struct buf *b)
{
	if (b->len == 0)
		return;
	s->said_at = clock_mono_ms();
	s->sink->write(b->data, b->len, s->arg);
}

/* What this run has for it, and no more at once than may wait; the oldest that
 * it asked for may be gone. */
static void
give(struct event_stream *s, const struct run *r)
{
	struct buf b;
	size_t i;

	buf_init(&b, QUEUED_MAX + 2 * TEXT_MAX);
	if (s->foreign != 0)
		event_text_gap(&b, s->foreign, r->first, "unknown");
	s->foreign = 0;
	if (s->at != EVENTS_FROM_OLDEST && s->at < r->first - 1) {
		event_text_gap(&b, s->at, r->first, "pruned");
		s->at = r->first - 1;
	}
	for (i = 0; i < r->n && b.len <= QUEUED_MAX; i++) {
		const struct entry *v = &r->v[i];

		if (v->e->seq <= s->at)
			continue;
		if (event_filter_wants(&s->filter, v->e)) {
			buf_append(&b, v->text, v->len);
			s->hub->told++;
		}
		s->at = v->e->seq;
	}
	if (i == r->n && s->at < r->up_to)
		s->at = r->up_to;
	say(s, &b);
	buf_done(&b);
}

/* --- whose turn it is ----------------------------------------------- */

static void pump(void *arg);

static void
put_in(struct event_stream *s, struct event_streams *list)
{
	if (s->in != NULL)
		TAILQ_REMOVE(s->in, s, turn);
	s->in = list;
	if (list != NULL)
		TAILQ_INSERT_TAIL(list, s, turn);
}

static void
set_going(struct events *es)
{
	if (es->posted || TAILQ_EMPTY(&es->ready))
		return;
	es->posted = true;
	loop_post(es->loop, pump, es);
}

static void
make_ready(struct event_stream *s)
{
	put_in(s, &s->hub->ready);
	set_going(s->hub);
}

/* --- reading -------------------------------------------------------- */

struct read {
	struct events *hub;
	int64_t *slot; /* has the place behind which it reads */
};

/* Whoever waited looks again: it may be in there. */
static void
wake_waiting(struct events *es)
{
	struct event_stream *s;

	while ((s = TAILQ_FIRST(&es->waiting)) != NULL)
		make_ready(s);
}

static void
end_waiting(struct events *es, const struct error *err)
{
	struct event_stream *s;

	log_warn("serve", "events: %s", err->text);
	while ((s = TAILQ_FIRST(&es->waiting)) != NULL) {
		put_in(s, NULL);
		s->sink->end(s->arg);
	}
}

static void
on_events(struct job_event **v, size_t n, const struct store_span *span,
    const struct error *err, void *arg)
{
	struct read *read = arg;
	struct events *es = read->hub;
	int64_t after = *read->slot;
	struct run *r;
	size_t i;

	*read->slot = NOBODY;
	free(read);
	if (err != NULL) {
		end_waiting(es, err);
		return;
	}
	r = run_for(es, after, n, span);
	for (i = 0; i < n; i++)
		add_entry(r, v[i]);
	r->up_to = span->up_to;
	wake_waiting(es);
}

/* Unless somebody reads there, or enough do elsewhere: then it looks again. */
static void
start_read(struct events *es, int64_t after)
{
	int64_t *slot = NULL;
	struct read *read;
	size_t i;

	for (i = 0; i < READS_MAX; i++) {
		if (es->reading[i] == after)
			return;
		if (es->reading[i] == NOBODY)
			slot = &es->reading[i];
	}
	if (slot == NULL)
		return;
	*slot = after;
	read = xcalloc(1, sizeof(*read));
	read->hub = es;
	read->slot = slot;
	store_list_events(es->store, after, RUN_MAX, on_events, read);
}

/* --- streams -------------------------------------------------------- */

/* One step of one stream: what can be given is, or is asked for. */
static void
step(struct event_stream *s)
{
	struct events *es = s->hub;
	struct run *r;

	put_in(s, NULL);
	if (s->blocked || s->at >= store_last_event(es->store))
		return;
	r = find_run(es, s->at);
	if (r == NULL) {
		put_in(s, &es->waiting);
		start_read(es, s->at);
		return;
	}
	give(s, r);
	s->blocked = s->sink->queued(s->arg) > QUEUED_MAX;
	put_in(s, &es->ready);
}

static void
pump(void *arg)
{
	struct events *es = arg;
	int64_t until = clock_mono_ms() + SLICE_MS;
	struct event_stream *s;

	es->posted = false;
	while ((s = TAILQ_FIRST(&es->ready)) != NULL) {
		step(s);
		if (clock_mono_ms() >= until)
			break;
	}
	set_going(es);
}

void
events_happened(struct events *es)
{
	struct event_stream *s;

	TAILQ_FOREACH (s, &es->all, entry) {
		if (s->in == NULL)
			put_in(s, &es->ready);
	}
	set_going(es);
}

void
events_drained(struct event_stream *s)
{
	s->blocked = false;
	if (s->in == NULL)
		make_ready(s);
}

static void
say_alive(struct event_stream *s)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	event_text_alive(&b, s->at);
	say(s, &b);
	buf_done(&b);
}

static void
on_tick(void *arg)
{
	struct events *es = arg;
	int64_t now = clock_mono_ms();
	struct event_stream *s;

	TAILQ_FOREACH (s, &es->all, entry) {
		if (!s->blocked && now - s->said_at >= ALIVE_MS)
			say_alive(s);
	}
	if (!TAILQ_EMPTY(&es->all))
		loop_timer_set(es->tick, TICK_MS);
}

/* A place that the log has not reached is of another one. What is kept of this
 * one is all new then. */
static void
set_place(struct event_stream *s, int64_t after)
{
	int64_t last = store_last_event(s->hub->store);

	s->at = after == EVENTS_FROM_NOW ? last : after;
	if (s->at <= last)
		return;
	s->foreign = after;
	s->at = EVENTS_FROM_OLDEST;
}

struct event_stream *
events_join(struct events *es, int64_t after, struct event_filter *take_filter,
    const struct event_sink *sink, void *arg)
{
	struct event_stream *s = xcalloc(1, sizeof(*s));
	struct buf b;

	s->hub = es;
	s->filter = *take_filter;
	memset(take_filter, 0, sizeof(*take_filter));
	s->sink = sink;
	s->arg = arg;
	buf_init(&b, TEXT_MAX);
	set_place(s, after);
	event_text_begin(&b, s->at);
	if (TAILQ_EMPTY(&es->all))
		loop_timer_set(es->tick, TICK_MS);
	TAILQ_INSERT_TAIL(&es->all, s, entry);
	say(s, &b);
	buf_done(&b);
	make_ready(s);
	return s;
}

void
events_leave(struct event_stream *s)
{
	if (s == NULL)
		return;
	put_in(s, NULL);
	TAILQ_REMOVE(&s->hub->all, s, entry);
	event_filter_done(&s->filter);
	free(s);
}

void
events_count(const struct events *es, struct events_counts *out)
{
	const struct event_stream *s;

	*out = (struct events_counts){.told = es->told};
	TAILQ_FOREACH (s, &es->all, entry) {
		out->streams++;
		out->slow += s->blocked;
	}
}

/* --- in and out ----------------------------------------------------- */

struct events *
events_new(struct loop *loop, struct store *store)
{
	struct events *es = xcalloc(1, sizeof(*es));
	size_t i;

	for (i = 0; i < READS_MAX; i++)
		es->reading[i] = NOBODY;
	es->loop = loop;
	es->store = store;
	es->tick = loop_timer_new(loop, on_tick, es);
	TAILQ_INIT(&es->all);
	TAILQ_INIT(&es->ready);
	TAILQ_INIT(&es->waiting);
	TAILQ_INIT(&es->runs);
	return es;
}

void
events_free(struct events *es)
{
	struct run *r;

	if (es == NULL)
		return;
	while ((r = TAILQ_FIRST(&es->runs)) != NULL)
		run_free(es, r);
	loop_unpost(es->loop, es);
	loop_timer_free(es->tick);
	free(es);
}
