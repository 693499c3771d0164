/* SPDX-License-Identifier: Apache-2.0 */
/* The log of events in a file: over restarts, with damaged rows, with clocks
 * that were wrong. What it tells is tests/contract's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tests/support/store_fixture.h"

static struct {
	bool over;
	size_t n;
	size_t damaged;
	int64_t seq[16];
	struct store_span span;
} log_;

static void
on_events(struct job_event **v, size_t n, const struct store_span *span,
    const struct error *err, void *arg)
{
	size_t i;

	(void)arg;
	assert_null(err);
	assert_true(n <= ARRAY_LEN(log_.seq));
	for (i = 0; i < n; i++) {
		log_.seq[i] = v[i]->seq;
		log_.damaged += v[i]->type == EVENT_NONE;
		job_event_free(v[i]);
	}
	log_.n = n;
	log_.span = *span;
	log_.over = true;
	loop_stop(fx.loop);
}

static size_t
read_log(void)
{
	memset(&log_, 0, sizeof(log_));
	store_list_events(fx.store, 0, ARRAY_LEN(log_.seq), on_events, NULL);
	while (!log_.over)
		loop_run(fx.loop);
	return log_.n;
}

static void
insert(int n)
{
	struct job *job;

	for (; n > 0; n--) {
		job = fx_small_job();
		assert_int_equal(fx_insert(job), 0);
		job_free(job);
	}
}

static void
on_count(size_t n, const struct error *err, void *arg)
{
	assert_null(err);
	*(int *)arg = (int)n;
	loop_stop(fx.loop);
}

/* What happened a day ago, and before that. */
static int
forget(void)
{
	struct store_forget f = {
	    .events_before_at = clock_wall_ms() - 86400000,
	    .limit = 10,
	};
	int n = -1;

	store_forget(fx.store, &f, on_count, &n);
	while (n == -1)
		loop_run(fx.loop);
	return n;
}

static void
numbers_go_on_over_a_restart(void **state)
{
	int64_t last;

	(void)state;
	fx_open();
	insert(3);
	last = store_last_event(fx.store);
	fx_close();
	fx_open();
	assert_int_equal(store_last_event(fx.store), last);
	insert(1);
	assert_int_equal(store_last_event(fx.store), last + 1);
	assert_int_equal(read_log(), 4);
	assert_int_equal(log_.span.first, last - 2);
}

static void
they_do_where_all_but_the_last_was_forgotten(void **state)
{
	int64_t last;

	(void)state;
	fx_open();
	insert(3);
	fx_close();
	fx_rewrite("UPDATE event SET at = 1");
	fx_open();
	last = store_last_event(fx.store);
	assert_int_equal(forget(), 2);
	fx_close();
	fx_open();
	insert(1);
	assert_int_equal(store_last_event(fx.store), last + 1);
	assert_int_equal(read_log(), 2);
	assert_int_equal(log_.span.first, last);
}

static void
a_damaged_row_is_set_aside_and_known_by_its_number(void **state)
{
	(void)state;
	fx_open();
	insert(3);
	fx_close();
	fx_change("UPDATE event SET at = at + 1 "
		  "WHERE seq = (SELECT min(seq) + 1 FROM event)");
	fx_open();
	assert_int_equal(read_log(), 3);
	assert_int_equal(log_.damaged, 1);
	assert_int_equal(log_.seq[1], log_.seq[0] + 1);
	assert_int_equal(fx.damages, 1);
	assert_non_null(strstr(fx.damage.text, "event "));
	/* Once is enough. */
	read_log();
	assert_int_equal(fx.damages, 1);
}

static void
one_that_is_of_no_kind_is_damaged(void **state)
{
	static const char *const changes[] = {
	    "UPDATE event SET type = 99",
	    "UPDATE event SET type = 0",
	    "UPDATE event SET type = 7",
	    "UPDATE event SET job = 'x'",
	    "UPDATE event SET delivery = 'msg_x'",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(changes); i++) {
		fx_open();
		insert(1);
		fx_close();
		fx_rewrite(changes[i]);
		fx_open();
		read_log();
		assert_int_equal(log_.damaged, log_.n);
		fx_close();
	}
}

static void
a_damaged_one_goes_with_those_behind_it(void **state)
{
	(void)state;
	fx_open();
	insert(4);
	fx_close();
	fx_rewrite("UPDATE event SET at = 1 "
		   "WHERE seq <= (SELECT min(seq) + 2 FROM event)");
	fx_change("UPDATE event SET n = 7 "
		  "WHERE seq <= (SELECT min(seq) + 1 FROM event)");
	fx_open();
	read_log();
	assert_int_equal(log_.damaged, 2);
	assert_int_equal(forget(), 3);
	assert_int_equal(read_log(), 1);
	assert_int_equal(log_.damaged, 0);
	fx_close();
	/* And what was noted of it. */
	assert_int_equal(fx_number("SELECT count(*) FROM damaged"), 0);
}

/* By itself it may be young. */
static void
a_damaged_instant_makes_nothing_go(void **state)
{
	(void)state;
	fx_open();
	insert(3);
	fx_close();
	fx_change("UPDATE event SET at = 1");
	fx_open();
	assert_int_equal(forget(), 0);
	assert_int_equal(read_log(), 3);
}

static void
an_instant_of_a_wrong_clock_stops_no_retention(void **state)
{
	(void)state;
	fx_open();
	insert(3);
	fx_close();
	fx_rewrite("UPDATE event SET at = 99999999999999");
	fx_open();
	assert_int_equal(forget(), 2);
	assert_int_equal(read_log(), 1);
}

static void
a_number_that_is_taken_is_jumped_over(void **state)
{
	int64_t last;

	(void)state;
	fx_open();
	insert(1);
	last = store_last_event(fx.store);
	fx_close();
	/* Behind the largest that is believed. */
	fx_rewrite("UPDATE event SET seq = 1 << 60");
	fx_open();
	insert(2);
	assert_true(store_last_event(fx.store) > last);
	assert_true(store_last_event(fx.store) < (int64_t)1 << 53);
}

/* What is wrong with it may be its number, and that was given. */
static void
behind_a_damaged_last_row_numbers_are_left_out(void **state)
{
	int64_t last;

	(void)state;
	fx_open();
	insert(2);
	last = store_last_event(fx.store);
	fx_close();
	fx_change("UPDATE event SET n = 7 "
		  "WHERE seq = (SELECT max(seq) FROM event)");
	fx_open();
	assert_true(store_last_event(fx.store) > last + 1000);
	insert(1);
	last = store_last_event(fx.store);
	assert_int_equal(read_log(), 3);
	assert_int_equal(log_.damaged, 1);
	fx_close();
	/* Once, not with each start. */
	fx_open();
	assert_int_equal(store_last_event(fx.store), last);
}

static void
on_any(const struct error *err, void *arg)
{
	(void)err;
	if (--*(int *)arg == 0)
		loop_stop(fx.loop);
}

/* What is queued at once is one transaction, which the bad ones break. */
static void
what_is_taken_back_is_no_event(void **state)
{
	struct job *bad = fx_small_job(), *job;
	int64_t before;
	int i, left = 20;

	(void)state;
	fx_open();
	before = store_last_event(fx.store);
	for (i = 0; i < 10; i++) {
		job = fx_small_job();
		store_insert(fx.store, job, on_any, &left);
		store_save(fx.store, bad, 0, on_any, &left);
		job_free(job);
	}
	while (left > 0)
		loop_run(fx.loop);
	assert_int_equal(read_log(), 10);
	assert_int_equal(store_last_event(fx.store), before + 10);
	job_free(bad);
}

int
main(void)
{
#define CASE(name)                                        \
	{                                                 \
#name, name, fx_setup, fx_teardown, NULL, \
	}
	const struct CMUnitTest tests[] = {
	    CASE(numbers_go_on_over_a_restart),
	    CASE(they_do_where_all_but_the_last_was_forgotten),
	    CASE(a_damaged_row_is_set_aside_and_known_by_its_number),
	    CASE(one_that_is_of_no_kind_is_damaged),
	    CASE(a_damaged_one_goes_with_those_behind_it),
	    CASE(a_damaged_instant_makes_nothing_go),
	    CASE(an_instant_of_a_wrong_clock_stops_no_retention),
	    CASE(a_number_that_is_taken_is_jumped_over),
	    CASE(behind_a_damaged_last_row_numbers_are_left_out),
	    CASE(what_is_taken_back_is_no_event),
	};

	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
