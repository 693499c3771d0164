/* SPDX-License-Identifier: Apache-2.0 */
/* Waits end once, with the news they are for, and in no other way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "serve/waiters.h"

struct told {
	int calls;
	const struct job *job;
	enum error_code code;
	struct waiters *waiters;
	struct waiter *other; /* to be removed in the call */
	struct loop *loop; /* to be stopped in the call */
};

static struct loop *loop;
static struct waiters *waiters;
static struct job *job;

static int
setup(void **state)
{
	(void)state;
	loop = loop_new();
	waiters = waiters_new(loop);
	job = job_new();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	waiters_free(waiters);
	job_free(job);
	loop_free(loop);
	return 0;
}

static void
on_news(const struct job *j, const struct error *err, void *arg)
{
	struct told *t = arg;

	t->calls++;
	t->job = j;
	t->code = err != NULL ? err->code : ERR_NONE;
	waiters_remove(t->other);
	t->other = NULL;
	if (t->loop != NULL)
		loop_stop(t->loop);
}

static struct waiter *
wait_for(enum wait_goal goal, struct told *t)
{
	return waiters_add(waiters, job->id, goal, -1, on_news, t);
}

static void
move(enum job_state to, enum job_outcome outcome)
{
	job_move(job, to, outcome);
	waiters_tell(waiters, ENGINE_MOVED, job, NULL);
}

static void
each_goal_ends_with_its_own_news(void **state)
{
	struct told stored = {0}, accepted = {0}, done = {0};

	(void)state;
	wait_for(WAIT_STORED, &stored);
	wait_for(WAIT_ACCEPTED, &accepted);
	wait_for(WAIT_DONE, &done);
	waiters_tell(waiters, ENGINE_STORED, job, NULL);
	assert_int_equal(stored.calls, 1);
	assert_ptr_equal(stored.job, job);
	assert_int_equal(accepted.calls + done.calls, 0);
	move(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(accepted.calls, 1);
	assert_int_equal(done.calls, 0);
	waiters_tell(waiters, ENGINE_LOOKED, job, NULL);
	waiters_tell(waiters, ENGINE_TROUBLE, job, NULL);
	assert_int_equal(done.calls, 0);
	move(JOB_DONE, OUTCOME_OK);
	assert_int_equal(done.calls, 1);
	assert_ptr_equal(done.job, job);
	waiters_tell(waiters, ENGINE_MOVED, job, NULL);
	assert_int_equal(stored.calls + accepted.calls + done.calls, 3);
}

static void
done_without_acceptance_ends_every_wait(void **state)
{
	struct told accepted = {0}, done = {0};

	(void)state;
	wait_for(WAIT_ACCEPTED, &accepted);
	wait_for(WAIT_DONE, &done);
	move(JOB_DONE, OUTCOME_CANCELLED);
	assert_int_equal(accepted.calls, 1);
	assert_int_equal(done.calls, 1);
}

static void
a_job_that_was_not_stored_comes_with_the_error(void **state)
{
	struct told stored = {0}, done = {0};
	struct error err;

	(void)state;
	err_set(&err, ERR_EXISTS, "twice");
	wait_for(WAIT_STORED, &stored);
	wait_for(WAIT_DONE, &done);
	waiters_tell(waiters, ENGINE_NOT_STORED, job, &err);
	assert_int_equal(stored.calls, 1);
	assert_null(stored.job);
	assert_int_equal(stored.code, ERR_EXISTS);
	assert_int_equal(done.calls, 1);
	assert_null(done.job);
}

static void
a_broken_store_ends_every_wait_for_the_job(void **state)
{
	struct told done = {0};
	struct error err;

	(void)state;
	err_set(&err, ERR_STORE, "the disk is gone");
	wait_for(WAIT_DONE, &done);
	waiters_tell(waiters, ENGINE_BROKEN, job, &err);
	assert_int_equal(done.calls, 1);
	assert_int_equal(done.code, ERR_STORE);
}

static void
on_stop(const struct job *j, const struct error *err, void *arg)
{
	unsigned *calls = arg;

	(void)j;
	(void)err;
	if (++*calls < 10)
		waiters_expire(waiters);
}

static void
who_is_called_may_end_all_waits_and_is_called_once(void **state)
{
	unsigned first = 0, second = 0;

	(void)state;
	waiters_add(waiters, job->id, WAIT_DONE, -1, on_stop, &first);
	waiters_add(waiters, job->id, WAIT_DONE, -1, on_stop, &second);
	move(JOB_DONE, OUTCOME_OK);
	assert_int_equal(first, 1);
	assert_int_equal(second, 1);
}

static void
another_job_is_no_news(void **state)
{
	struct told done = {0};
	int i;

	(void)state;
	wait_for(WAIT_DONE, &done);
	/* So many that some are looked up at the same place. */
	for (i = 0; i < 5000; i++) {
		struct job *other = job_new();

		job_move(other, JOB_DONE, OUTCOME_OK);
		waiters_tell(waiters, ENGINE_MOVED, other, NULL);
		job_free(other);
	}
	assert_int_equal(done.calls, 0);
}

static void
a_removed_wait_is_not_called(void **state)
{
	struct told first = {0}, second = {0}, third = {0};

	(void)state;
	waiters_remove(wait_for(WAIT_DONE, &first));
	wait_for(WAIT_DONE, &second);
	second.other = wait_for(WAIT_DONE, &third);
	move(JOB_DONE, OUTCOME_OK);
	assert_int_equal(first.calls, 0);
	assert_int_equal(second.calls, 1);
	assert_int_equal(third.calls, 0);
}

static void
time_is_up_for_one_and_not_for_others(void **state)
{
	struct told brief = {.loop = loop}, endless = {0};

	(void)state;
	wait_for(WAIT_DONE, &endless);
	waiters_add(waiters, job->id, WAIT_DONE, 1, on_news, &brief);
	loop_run(loop);
	assert_int_equal(brief.calls, 1);
	assert_null(brief.job);
	assert_int_equal(brief.code, ERR_NONE);
	assert_int_equal(endless.calls, 0);
}

static void
a_stop_ends_all_waits_but_those_for_the_disk(void **state)
{
	struct told stored = {0}, accepted = {0}, done = {0};

	(void)state;
	wait_for(WAIT_STORED, &stored);
	wait_for(WAIT_ACCEPTED, &accepted);
	wait_for(WAIT_DONE, &done);
	waiters_expire(waiters);
	assert_int_equal(accepted.calls, 1);
	assert_int_equal(done.calls, 1);
	assert_int_equal(done.code, ERR_NONE);
	assert_null(done.job);
	assert_int_equal(stored.calls, 0);
	waiters_tell(waiters, ENGINE_STORED, job, NULL);
	assert_int_equal(stored.calls, 1);
}

static void
many_waits_are_freed_with_the_table(void **state)
{
	struct told done = {0};
	int i;

	(void)state;
	for (i = 0; i < 1000; i++)
		waiters_add(waiters, job->id, WAIT_DONE, 60000, on_news, &done);
	waiters_free(waiters);
	waiters = NULL;
	assert_int_equal(done.calls, 0);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(each_goal_ends_with_its_own_news),
	    T(done_without_acceptance_ends_every_wait),
	    T(a_job_that_was_not_stored_comes_with_the_error),
	    T(a_broken_store_ends_every_wait_for_the_job),
	    T(who_is_called_may_end_all_waits_and_is_called_once),
	    T(another_job_is_no_news),
	    T(a_removed_wait_is_not_called),
	    T(time_is_up_for_one_and_not_for_others),
	    T(a_stop_ends_all_waits_but_those_for_the_disk),
	    T(many_waits_are_freed_with_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
