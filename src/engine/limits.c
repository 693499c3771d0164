/* SPDX-License-Identifier: Apache-2.0 */
/* Budgets, bucket by bucket. */
#include "engine/limits.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/pace.h"

/* Endpoints name buckets: those that are too many share the last one. */
#define BUCKETS_MAX 1000
#define DEFAULT_RATE 1000
#define SCHEME "s3://"

struct bucket {
	char *name;
	struct pace pace;
	struct agenda waiting[LIMITS_KINDS];
};

struct limits {
	struct loop_timer *timer;
	limits_go_fn *go;
	void *arg;
	int64_t per_second;
	struct bucket **v;
	size_t n;
	size_t last; /* the one that was found */
	uint64_t put_off;
	uint64_t slow_downs;
	bool blocked;
};

static void on_timer(void *arg);

struct limits *
limits_new(struct loop *loop, limits_go_fn *go, void *arg)
{
	struct limits *l = xcalloc(1, sizeof(*l));

	l->timer = loop_timer_new(loop, on_timer, l);
	l->go = go;
	l->arg = arg;
	l->per_second = DEFAULT_RATE;
	return l;
}

void
limits_free(struct limits *l)
{
	size_t i, kind;

	if (l == NULL)
		return;
	for (i = 0; i < l->n; i++) {
		for (kind = 0; kind < LIMITS_KINDS; kind++)
			agenda_done(&l->v[i]->waiting[kind]);
		free(l->v[i]->name);
		free(l->v[i]);
	}
	free(l->v);
	loop_timer_free(l->timer);
	free(l);
}

/* --- buckets -------------------------------------------------------- */

static bool
is_named(const struct bucket *b, const char *name, size_t len)
{
	return strncmp(b->name, name, len) == 0 && b->name[len] == '\0';
}

static size_t
add_bucket(struct limits *l, const char *name, size_t len)
{
	struct bucket *b = xcalloc(1, sizeof(*b));
	size_t kind;

	b->name = xstrndup(name, len);
	pace_init(&b->pace, l->per_second, clock_mono_ms());
	for (kind = 0; kind < LIMITS_KINDS; kind++)
		agenda_init(&b->waiting[kind]);
	l->v = xreallocarray(l->v, l->n + 1, sizeof(struct bucket *));
	l->v[l->n] = b;
	return l->n++;
}

/* Nearly always the one of the last time. */
static size_t
find(struct limits *l, const char *name, size_t len)
{
	size_t i;

	if (l->last < l->n && is_named(l->v[l->last], name, len))
		return l->last;
	for (i = 0; i < l->n && !is_named(l->v[i], name, len); i++)
		continue;
	if (i == l->n)
		i = l->n < BUCKETS_MAX ? add_bucket(l, name, len) : l->n - 1;
	l->last = i;
	return i;
}

static size_t
find_by_uri(struct limits *l, const char *uri)
{
	const char *name = str_starts(uri, SCHEME) ? uri + strlen(SCHEME) : uri;

	return find(l, name, strcspn(name, "/"));
}

void
limits_set(struct limits *l, int64_t per_second)
{
	size_t i;

	l->per_second = per_second;
	for (i = 0; i < l->n; i++)
		pace_set(&l->v[i]->pace, per_second, clock_mono_ms());
}

/* --- queues --------------------------------------------------------- */

/* The kind that is first in line, or LIMITS_KINDS. */
static size_t
next_kind(const struct bucket *b)
{
	struct agenda_entry *e, *first = NULL;
	size_t kind, found = LIMITS_KINDS;

	for (kind = 0; kind < LIMITS_KINDS; kind++) {
		e = agenda_first(&b->waiting[kind]);
		if (e != NULL && (first == NULL || e->due_at < first->due_at)) {
			first = e;
			found = kind;
		}
	}
	return found;
}

static void
arm(struct limits *l)
{
	int64_t now = clock_mono_ms(), wait, least = INT64_MAX;
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (next_kind(l->v[i]) == LIMITS_KINDS)
			continue;
		wait = pace_wait_ms(&l->v[i]->pace, now);
		if (wait < least)
			least = wait;
	}
	if (least == INT64_MAX || l->blocked)
		loop_timer_clear(l->timer);
	else
		loop_timer_set(l->timer, least);
}

/* As far as the budget goes; what goes is told by limits_sent(). */
static void
let_go(struct limits *l, struct bucket *b)
{
	struct agenda_entry *e;
	int64_t due_at;
	size_t kind;

	while (!l->blocked && (kind = next_kind(b)) != LIMITS_KINDS &&
	    pace_wait_ms(&b->pace, clock_mono_ms()) == 0) {
		e = agenda_first(&b->waiting[kind]);
		due_at = e->due_at;
		agenda_remove(&b->waiting[kind], e);
		if (l->go((enum limits_kind)kind, e, l->arg))
			continue;
		agenda_set(&b->waiting[kind], e, due_at);
		l->blocked = true;
	}
}

static void
on_timer(void *arg)
{
	struct limits *l = arg;
	size_t i;

	for (i = 0; i < l->n && !l->blocked; i++)
		let_go(l, l->v[i]);
	arm(l);
}

unsigned
limits_ask(struct limits *l, const char *uri, enum limits_kind kind,
    struct agenda_entry *entry, int64_t due_at)
{
	size_t i = find_by_uri(l, uri);
	struct bucket *b = l->v[i];

	if (next_kind(b) == LIMITS_KINDS &&
	    pace_wait_ms(&b->pace, clock_mono_ms()) == 0)
		return 0;
	agenda_set(&b->waiting[kind], entry, due_at);
	l->put_off++;
	arm(l);
	return (unsigned)i + 1;
}

int64_t
limits_wait_ms(struct limits *l, const char *uri)
{
	size_t i = find_by_uri(l, uri);
	struct bucket *b = l->v[i];
	int64_t now = clock_mono_ms(), n = 0;
	size_t kind;

	for (kind = 0; kind < LIMITS_KINDS; kind++)
		n += (int64_t)b->waiting[kind].n;
	return pace_wait_ms(&b->pace, now) +
	    n * 1000 / pace_rate(&b->pace, now);
}

void
limits_leave(struct limits *l, unsigned queue, enum limits_kind kind,
    struct agenda_entry *entry)
{
	agenda_remove(&l->v[queue - 1]->waiting[kind], entry);
}

void
limits_resume(struct limits *l)
{
	if (!l->blocked)
		return;
	l->blocked = false;
	arm(l);
}

/* --- what comes of it ----------------------------------------------- */

void
limits_sent(struct limits *l, const char *bucket)
{
	size_t i = find(l, bucket, strlen(bucket));
	struct bucket *b = l->v[i];

	pace_sent(&b->pace, clock_mono_ms());
}

void
limits_slow_down(struct limits *l, const char *bucket)
{
	size_t i = find(l, bucket, strlen(bucket));
	struct bucket *b = l->v[i];
	int64_t now = clock_mono_ms();
	/* What follows until all is well again is the same news. */
	bool news = pace_rate(&b->pace, now) >= l->per_second;

	l->slow_downs++;
	if (!pace_slow_down(&b->pace, now))
		return;
	log_begin(news ? LOG_WARN : LOG_INFO, "engine");
	log_str("msg", "S3 says that this is too fast");
	log_str("bucket", b->name);
	log_int("requests_per_second", pace_rate(&b->pace, now));
	log_end();
	arm(l);
}

void
limits_count(const struct limits *l, struct limits_counts *out)
{
	int64_t rate, now = clock_mono_ms();
	size_t i, kind;

	memset(out, 0, sizeof(*out));
	out->put_off = l->put_off;
	out->slow_downs = l->slow_downs;
	out->rate = l->per_second;
	for (i = 0; i < l->n; i++) {
		for (kind = 0; kind < LIMITS_KINDS; kind++)
			out->waiting += l->v[i]->waiting[kind].n;
		rate = pace_rate(&l->v[i]->pace, now);
		if (rate < out->rate)
			out->rate = rate;
	}
}
