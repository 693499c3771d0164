/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forgetting: only what is over and old, no more at once than was allowed, and
 * then all that belongs to it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "tests/support/store_fixture.h"

#define HOOK "webhook hook"

/* A job that ended then, with a delivery in a state; state -1: none. */
static void
add_ended(int64_t at, int state, char id[JOBID_SIZE])
{
	struct job *job = fx_done_job(at);
	struct delivery *d;
	struct attempt a;

	memcpy(id, job->id, JOBID_SIZE);
	if (state != -1)
		fx_add_delivery(job, HOOK);
	assert_int_equal(fx_save(job, 0), 0);
	if (state != -1) {
		d = job->deliveries[0];
		delivery_begin_attempt(d, 5, false, &a);
		d->due_at = 6;
		if (state != DELIVERY_WAITING)
			delivery_move(d, (enum delivery_state)state, 5);
		assert_int_equal(fx_save_delivery(d, &a), 0);
	}
	job_free(job);
}

static bool
is_there(const char *id)
{
	struct job *job = fx_find(id);

	job_free(job);
	return job != NULL;
}

static void
only_what_is_over_and_old_is_forgotten(void **state)
{
	char bare[JOBID_SIZE], young[JOBID_SIZE], waiting[JOBID_SIZE];
	char delivered[JOBID_SIZE], dead[JOBID_SIZE];
	struct job *queued = fx_small_job();

	(void)state;
	fx_open();
	assert_int_equal(fx_insert(queued), 0);
	add_ended(99, -1, bare);
	add_ended(100, -1, young);
	add_ended(10, DELIVERY_WAITING, waiting);
	add_ended(20, DELIVERY_DELIVERED, delivered);
	add_ended(30, DELIVERY_DEAD, dead);
	assert_int_equal(fx_prune(100, 10), 3);
	assert_false(is_there(bare));
	assert_false(is_there(delivered));
	assert_false(is_there(dead));
	assert_true(is_there(young));
	assert_true(is_there(waiting));
	assert_true(is_there(queued->id));
	assert_int_equal(fx_prune(100, 10), 0);
	job_free(queued);
}

#define ROWS                                                             \
	"SELECT (SELECT count(*) FROM job) + (SELECT count(*) FROM "     \
	"job_state) + (SELECT count(*) FROM submission) + (SELECT "      \
	"count(*) FROM delivery) + (SELECT count(*) FROM delivery_body)" \
	" + (SELECT count(*) FROM attempt)"

static void
all_that_belongs_to_a_job_goes_with_it(void **state)
{
	char id[JOBID_SIZE];

	(void)state;
	fx_open();
	add_ended(10, DELIVERY_DEAD, id);
	fx_close();
	assert_int_equal(fx_number(ROWS), 6);
	fx_open();
	assert_int_equal(fx_prune(11, 10), 1);
	fx_close();
	assert_int_equal(fx_number(ROWS), 0);
}

static void
no_more_than_the_limit_is_forgotten_at_once_the_oldest_first(void **state)
{
	char ids[5][JOBID_SIZE];
	size_t i;

	(void)state;
	fx_open();
	for (i = 0; i < 5; i++)
		add_ended(50 - (int64_t)i, -1, ids[i]);
	assert_int_equal(fx_prune(100, 0), 0);
	assert_int_equal(fx_prune(100, 2), 2);
	assert_false(is_there(ids[4]));
	assert_false(is_there(ids[3]));
	assert_true(is_there(ids[2]));
	assert_int_equal(fx_prune(100, 2), 2);
	assert_int_equal(fx_prune(100, 2), 1);
	assert_int_equal(fx_prune(100, 2), 0);
}

/* Until its own time is over. */
static void
a_key_outlives_its_job(void **state)
{
	struct job *job = fx_small_job(), *again = fx_small_job();

	(void)state;
	fx_open();
	job->created_at = 5;
	job->spec.idempotency_key = xstrdup("k");
	again->spec.idempotency_key = xstrdup("k");
	assert_int_equal(fx_insert(job), 0);
	/* The job is there: its key is not forgotten, however old. */
	assert_int_equal(fx_forget(0, INT64_MAX, 10), 0);
	assert_int_equal(fx_insert(again), -1);
	job_move(job, JOB_DONE, OUTCOME_CANCELLED);
	job->completed_at = 10;
	assert_int_equal(fx_save(job, 0), 0);
	assert_int_equal(fx_forget(11, 5, 10), 1);
	assert_int_equal(fx_insert(again), -1);
	assert_int_equal(fx.err.code, ERR_EXISTS);
	assert_int_equal(fx_forget(11, 6, 10), 1);
	assert_int_equal(fx_insert(again), 0);
	job_free(job);
	job_free(again);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(only_what_is_over_and_old_is_forgotten),
	    T(all_that_belongs_to_a_job_goes_with_it),
	    T(no_more_than_the_limit_is_forgotten_at_once_the_oldest_first),
	    T(a_key_outlives_its_job),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
