/* SPDX-License-Identifier: Apache-2.0 */
/* A long answer that comes in pieces: the store does not run ahead of whoever
 * takes them, and ends when it shall. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "store/backend.h"
#include "store/store_inner.h"
#include "tests/support/store_fixture.h"

#define PIECES 8
#define JOBS (PIECES * STORE_PIECE)
#define AHEAD_MAX 4

static size_t written, told;
static bool over;

static void
on_written(const struct error *err, void *arg)
{
	(void)arg;
	assert_null(err);
	if (++written == JOBS)
		loop_stop(fx.loop);
}

static void
on_piece(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	size_t i;

	(void)arg;
	assert_null(err);
	told += n;
	for (i = 0; i < n; i++)
		job_free(jobs[i]);
}

static void
on_end(const struct error *err, void *arg)
{
	(void)arg;
	assert_null(err);
	over = true;
	loop_stop(fx.loop);
}

static size_t
pieces(void)
{
	size_t n;

	pthread_mutex_lock(&fx.store->lock);
	n = fx.store->pieces;
	pthread_mutex_unlock(&fx.store->lock);
	return n;
}

static void
ask_for_all(void)
{
	struct job *job;
	size_t i;

	fx_open();
	written = told = 0;
	over = false;
	for (i = 0; i < JOBS; i++) {
		job = fx_small_job();
		store_insert(fx.store, job, on_written, NULL);
		job_free(job);
	}
	while (written < JOBS)
		loop_run(fx.loop);
	store_each_unfinished(fx.store, on_piece, on_end, NULL);
}

static void
it_reads_no_faster_than_they_are_taken(void **state)
{
	int i;

	(void)state;
	ask_for_all();
	while (pieces() < AHEAD_MAX)
		usleep(1000);
	/* It would have read all of them in this time. */
	for (i = 0; i < 50; i++) {
		usleep(1000);
		assert_int_equal(pieces(), AHEAD_MAX);
	}
	while (!over)
		loop_run(fx.loop);
	assert_int_equal(told, JOBS);
}

static void
a_close_waits_for_nobody(void **state)
{
	(void)state;
	ask_for_all();
	while (pieces() < AHEAD_MAX)
		usleep(1000);
	store_close(fx.store);
	fx.store = NULL;
	assert_true(over);
	assert_int_equal(told, JOBS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		it_reads_no_faster_than_they_are_taken, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_close_waits_for_nobody, fx_setup, fx_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
