/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve/events: nothing is missed or doubled, whoever listens from where. The
 * log is the test's own, and so is the moment at which a reading is answered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/events.h"

#define READS 16
#define SEEN_MAX 4000

/* --- the clock, in place of base/clock.c ---------------------------- */

static int64_t skew;

int64_t
clock_mono_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 + skew;
}

int64_t
clock_wall_ms(void)
{
	return 0;
}

/* --- the log, in place of the store --------------------------------- */

static struct {
	int64_t first; /* that is kept */
	int64_t last;
	bool broken;
	size_t note; /* so long is that of each event; 0: none */
	unsigned reads;
	struct {
		int64_t after;
		size_t limit;
		store_events_fn *done;
		void *arg;
	} pending[READS];
	size_t npending;
} log_;

static struct loop *loop;
static struct events *hub;

int64_t
store_last_event(struct store *store)
{
	(void)store;
	return log_.last;
}

void
store_list_events(struct store *store, int64_t after, size_t limit,
    store_events_fn *done, void *arg)
{
	(void)store;
	assert_true(log_.npending < READS);
	log_.reads++;
	log_.pending[log_.npending].after = after;
	log_.pending[log_.npending].limit = limit;
	log_.pending[log_.npending].done = done;
	log_.pending[log_.npending++].arg = arg;
}

/* Those of even numbers are of the endpoint "even". */
static struct job_event *
make(int64_t seq)
{
	struct job_event *e = xcalloc(1, sizeof(*e));

	e->seq = seq;
	e->type = EVENT_JOB_QUEUED;
	e->status = ATTEMPT_NO_STATUS;
	snprintf(e->job, sizeof(e->job), "%026lld", (long long)seq);
	e->endpoint = xstrdup(seq % 2 == 0 ? "even" : "odd");
	if (log_.note > 0) {
		e->note = xcalloc(1, log_.note + 1);
		memset(e->note, 'x', log_.note);
		snprintf(e->delivery, sizeof(e->delivery), "d");
	}
	return e;
}

/* The oldest reading, with what there is by now. */
static void
answer(void)
{
	int64_t seq = log_.pending[0].after + 1;
	size_t limit = log_.pending[0].limit, n = 0;
	store_events_fn *done = log_.pending[0].done;
	void *arg = log_.pending[0].arg;
	struct store_span span = {
	    .first = log_.first,
	    .last = log_.last,
	    .up_to = log_.last,
	};
	struct job_event **v = xcalloc(limit, sizeof(struct job_event *));
	struct error err;

	log_.npending--;
	memmove(&log_.pending[0], &log_.pending[1],
	    log_.npending * sizeof(log_.pending[0]));
	if (seq < log_.first)
		seq = log_.first;
	for (; seq <= log_.last && n < limit && !log_.broken; seq++)
		v[n++] = make(seq);
	if (n == limit)
		span.up_to = seq - 1;
	err_set(&err, ERR_STORE, "the disk is gone");
	done(v, n, &span, log_.broken ? &err : NULL, arg);
	free(v);
}

static void
happen(int64_t n)
{
	log_.last += n;
	events_happened(hub);
}

/* --- listeners ------------------------------------------------------- */

struct ear {
	struct event_stream *stream;
	int64_t seen[SEEN_MAX]; /* gaps as their negative first */
	size_t n;
	size_t alive;
	size_t queued;
	bool stuck; /* what it is given waits */
	size_t most; /* given at once */
	unsigned ended;
	int64_t id; /* that it would come back with */
};

static void
hear_line(struct ear *ear, const char *line)
{
	static bool gap;

	if (str_starts(line, "id: ")) {
		ear->id = strtoll(line + 4, NULL, 10);
		gap = false;
	} else if (str_eq(line, "event: gap")) {
		gap = true;
	} else if (str_starts(line, "data: ")) {
		assert_true(ear->n < SEEN_MAX);
		ear->seen[ear->n++] = gap ? -ear->id - 1 : ear->id;
	} else if (str_starts(line, ": keep-alive")) {
		ear->alive++;
	}
}

static void
hear(const void *data, size_t len, void *arg)
{
	char *copy = xstrndup(data, len), *rest = copy, *line;
	struct ear *ear = arg;

	ear->most = len > ear->most ? len : ear->most;
	if (ear->stuck)
		ear->queued += len;
	/* Whole events only. */
	assert_true(len >= 2 && str_ends(copy, "\n\n"));
	while ((line = strsep(&rest, "\n")) != NULL)
		hear_line(arg, line);
	free(copy);
}

static size_t
queued(void *arg)
{
	const struct ear *ear = arg;

	return ear->queued;
}

static void
end(void *arg)
{
	struct ear *ear = arg;

	ear->ended++;
	events_leave(ear->stream);
	ear->stream = NULL;
}

static const struct event_sink sink = {hear, queued, end};

static void
join(struct ear *ear, int64_t after, const char *endpoint)
{
	struct event_filter f = {.endpoint = xstrdup_or_null(endpoint)};

	memset(ear, 0, sizeof(*ear));
	ear->stream = events_join(hub, after, &f, &sink, ear);
	assert_null(f.endpoint);
}

static void
leave(struct ear *ear)
{
	events_leave(ear->stream);
	ear->stream = NULL;
}

/* --- running --------------------------------------------------------- */

static void
stop(void *arg)
{
	(void)arg;
	loop_stop(loop);
}

static void
turn(void)
{
	int i;

	for (i = 0; i < 20; i++) {
		loop_post(loop, stop, &skew);
		loop_run(loop);
	}
}

/* Till nothing is asked for any more. */
static void
settle(void)
{
	turn();
	while (log_.npending > 0) {
		answer();
		turn();
	}
}

static int
setup(void **state)
{
	(void)state;
	memset(&log_, 0, sizeof(log_));
	log_.first = 1001;
	log_.last = 1000;
	skew = 0;
	loop = loop_new();
	hub = events_new(loop, NULL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	events_free(hub);
	loop_free(loop);
	return 0;
}

/* Each once, in their order, from `from` to `to` by `step`. */
static void
must_have_heard(const struct ear *ear, int64_t from, int64_t to, int64_t step)
{
	int64_t seq;
	size_t i = 0;

	for (seq = from; seq <= to; seq += step, i++) {
		assert_true(i < ear->n);
		assert_int_equal(ear->seen[i], seq);
	}
	assert_int_equal(ear->n, i);
}

static void
must_count(size_t streams, size_t slow, uint64_t told)
{
	struct events_counts n;

	events_count(hub, &n);
	assert_int_equal(n.streams, streams);
	assert_int_equal(n.slow, slow);
	assert_int_equal(n.told, told);
}

static struct ear a, b, c;

static void
from_now_on_only_what_is_new_is_told(void **state)
{
	(void)state;
	log_.last = 1010;
	join(&a, EVENTS_FROM_NOW, NULL);
	settle();
	assert_int_equal(a.n, 0);
	/* Whoever breaks off here misses nothing when it comes back. */
	assert_int_equal(a.id, 1010);
	happen(3);
	settle();
	must_have_heard(&a, 1011, 1013, 1);
	leave(&a);
}

static void
all_that_is_kept_is_told_before_what_is_new(void **state)
{
	(void)state;
	log_.last = 2000;
	join(&a, EVENTS_FROM_OLDEST, NULL);
	settle();
	happen(700);
	settle();
	must_have_heard(&a, 1001, 2700, 1);
	leave(&a);
}

/* The log grows in every moment of the catching up. */
static void
nothing_is_lost_or_doubled_at_the_junction(void **state)
{
	int i;

	(void)state;
	log_.last = 1600;
	join(&b, EVENTS_FROM_NOW, NULL);
	join(&a, 1100, NULL);
	join(&c, 1599, NULL);
	for (i = 0; i < 40; i++) {
		happen(7);
		if (i % 3 != 0)
			turn();
		happen(1);
		if (log_.npending > 0)
			answer();
		if (i % 2 == 0)
			happen(1);
	}
	settle();
	must_have_heard(&a, 1101, log_.last, 1);
	must_have_heard(&b, 1601, log_.last, 1);
	must_have_heard(&c, 1600, log_.last, 1);
	leave(&a);
	leave(&b);
	leave(&c);
}

static void
one_reading_serves_all_at_the_end(void **state)
{
	static struct ear ears[50];
	unsigned before;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(ears); i++)
		join(&ears[i], EVENTS_FROM_NOW, NULL);
	settle();
	before = log_.reads;
	happen(5);
	settle();
	assert_int_equal(log_.reads, before + 1);
	/* And those who come back a moment later. */
	leave(&ears[0]);
	join(&ears[0], 1000, NULL);
	settle();
	assert_int_equal(log_.reads, before + 1);
	for (i = 0; i < ARRAY_LEN(ears); i++) {
		must_have_heard(&ears[i], 1001, 1005, 1);
		leave(&ears[i]);
	}
}

static void
a_filter_passes_over_what_is_not_wanted(void **state)
{
	(void)state;
	log_.last = 1301;
	join(&a, EVENTS_FROM_OLDEST, "even");
	settle();
	happen(9);
	settle();
	must_have_heard(&a, 1002, 1310, 2);
	leave(&a);
}

/* What waits for it grows no further, and its place is kept. */
static void
a_slow_reader_goes_on_where_it_was(void **state)
{
	size_t before;

	(void)state;
	join(&a, EVENTS_FROM_NOW, NULL);
	join(&b, EVENTS_FROM_NOW, NULL);
	settle();
	a.queued = (size_t)1 << 20;
	happen(10);
	settle();
	before = a.n;
	happen(1);
	settle();
	happen(3000);
	settle();
	assert_int_equal(a.n, before);
	must_have_heard(&b, 1001, 4011, 1);
	a.queued = 0;
	events_drained(a.stream);
	settle();
	must_have_heard(&a, 1001, 4011, 1);
	leave(&a);
	leave(&b);
}

/* The connection has a cap, behind which it is cut off: what one reading brings
 * may be more. */
static void
who_takes_nothing_is_given_no_more_than_may_wait(void **state)
{
	(void)state;
	log_.note = 8000;
	join(&a, EVENTS_FROM_NOW, NULL);
	settle();
	a.stuck = true;
	happen(200);
	settle();
	assert_in_range(a.queued, (size_t)128 << 10, (size_t)256 << 10);
	assert_in_range(a.n, 1, 199);
	while (a.queued > 0) {
		a.queued = 0;
		events_drained(a.stream);
		settle();
	}
	assert_true(a.most <= (size_t)256 << 10);
	must_have_heard(&a, 1001, 1200, 1);
	leave(&a);
}

static void
streams_and_what_they_are_told_are_counted(void **state)
{
	(void)state;
	must_count(0, 0, 0);
	join(&a, EVENTS_FROM_NOW, NULL);
	join(&b, EVENTS_FROM_NOW, "even");
	settle();
	must_count(2, 0, 0);
	happen(10);
	settle();
	/* For b there were five. */
	must_count(2, 0, 15);
	a.queued = (size_t)1 << 20;
	happen(2);
	settle();
	must_count(2, 1, 18);
	leave(&a);
	must_count(1, 0, 18);
	leave(&b);
	must_count(0, 0, 18);
}

static void
what_was_pruned_is_told_as_a_gap(void **state)
{
	(void)state;
	log_.first = 1500;
	log_.last = 1502;
	join(&a, 1200, NULL);
	join(&b, 1499, NULL);
	join(&c, EVENTS_FROM_OLDEST, NULL);
	settle();
	assert_int_equal(a.seen[0], -1500);
	assert_int_equal(a.seen[1], 1500);
	assert_int_equal(a.n, 4);
	/* These miss nothing. */
	must_have_heard(&b, 1500, 1502, 1);
	must_have_heard(&c, 1500, 1502, 1);
	leave(&a);
	leave(&b);
	leave(&c);
}

static void
a_reader_that_retention_overtakes_is_told(void **state)
{
	(void)state;
	join(&a, EVENTS_FROM_NOW, NULL);
	settle();
	happen(1);
	settle();
	a.queued = (size_t)1 << 20;
	happen(1);
	settle();
	log_.last = 9000;
	log_.first = 8999;
	a.queued = 0;
	events_drained(a.stream);
	settle();
	assert_int_equal(a.n, 5);
	assert_int_equal(a.seen[1], 1002);
	assert_int_equal(a.seen[2], -8999);
	assert_int_equal(a.seen[3], 8999);
	assert_int_equal(a.seen[4], 9000);
	leave(&a);
}

static void
a_place_of_another_log_is_told_and_all_of_this_one(void **state)
{
	(void)state;
	log_.last = 1003;
	join(&a, 5000, NULL);
	settle();
	assert_int_equal(a.n, 4);
	assert_int_equal(a.seen[0], -1001);
	assert_int_equal(a.seen[1], 1001);
	assert_int_equal(a.seen[3], 1003);
	leave(&a);
}

static void
who_leaves_while_it_is_read_for_is_not_called(void **state)
{
	(void)state;
	log_.last = 1005;
	join(&a, EVENTS_FROM_OLDEST, NULL);
	join(&b, EVENTS_FROM_OLDEST, NULL);
	turn();
	assert_int_equal(log_.npending, 1);
	leave(&a);
	settle();
	assert_int_equal(a.n, 0);
	must_have_heard(&b, 1001, 1005, 1);
	leave(&b);
}

static void
a_log_that_cannot_be_read_ends_who_needs_it(void **state)
{
	(void)state;
	join(&a, EVENTS_FROM_NOW, NULL);
	settle();
	log_.broken = true;
	happen(1);
	settle();
	assert_int_equal(a.ended, 1);
	assert_null(a.stream);
}

static void
let_it_tick(void)
{
	int i;

	for (i = 0; i < 30; i++) {
		usleep(50000);
		turn();
	}
}

static void
a_quiet_stream_says_that_it_is_there(void **state)
{
	(void)state;
	join(&a, EVENTS_FROM_NOW, "even");
	settle();
	let_it_tick();
	assert_int_equal(a.alive, 0);
	/* It passed over one that was not wanted: no need to read it again. */
	happen(1);
	settle();
	skew = 15000;
	let_it_tick();
	assert_int_equal(a.alive, 1);
	assert_int_equal(a.id, 1001);
	assert_int_equal(a.n, 0);
	leave(&a);
}

int
main(void)
{
#define CASE(name)                                  \
	{                                           \
#name, name, setup, teardown, NULL, \
	}
	const struct CMUnitTest tests[] = {
	    CASE(from_now_on_only_what_is_new_is_told),
	    CASE(all_that_is_kept_is_told_before_what_is_new),
	    CASE(nothing_is_lost_or_doubled_at_the_junction),
	    CASE(one_reading_serves_all_at_the_end),
	    CASE(a_filter_passes_over_what_is_not_wanted),
	    CASE(a_slow_reader_goes_on_where_it_was),
	    CASE(who_takes_nothing_is_given_no_more_than_may_wait),
	    CASE(streams_and_what_they_are_told_are_counted),
	    CASE(what_was_pruned_is_told_as_a_gap),
	    CASE(a_reader_that_retention_overtakes_is_told),
	    CASE(a_place_of_another_log_is_told_and_all_of_this_one),
	    CASE(who_leaves_while_it_is_read_for_is_not_called),
	    CASE(a_log_that_cannot_be_read_ends_who_needs_it),
	    CASE(a_quiet_stream_says_that_it_is_there),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
