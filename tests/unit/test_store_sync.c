/* SPDX-License-Identifier: Apache-2.0 */
/* What a commit is: together with others, on disk, and never believed twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/unit/stall_rig.h"

/* More than is left in the log. */
#define LARGE ((size_t)5 << 20)

static void
what_queues_up_behind_an_fsync_is_one_commit(void **state)
{
	struct job *jobs[50];
	struct asked asked[50] = {{.over = false}};
	struct store_counts before, after;
	size_t i;

	(void)state;
	rig_open(false);
	store_count(fx.store, &before);
	assert_int_equal(before.commits, 0);
	faulty_disk_hold("-wal");
	for (i = 0; i < 50; i++) {
		jobs[i] = rig_job(5);
		store_insert(fx.store, jobs[i], on_asked, &asked[i]);
		while (i == 0 && !faulty_disk_held())
			usleep(1000);
	}
	/* Read while the thread is in its commit. */
	store_count(fx.store, &after);
	assert_int_equal(after.commits, 0);
	faulty_disk_let_go();
	for (i = 0; i < 50; i++) {
		rig_await(&asked[i]);
		assert_int_equal(asked[i].err.code, ERR_NONE);
		assert_int_equal(asked[i].order, i + 1);
		job_free(jobs[i]);
	}
	store_count(fx.store, &after);
	assert_int_equal(after.commits, 2);
	assert_int_equal(after.writes, 50);
	assert_false(after.stalled);
}

static void
nothing_is_told_before_its_fsync(void **state)
{
	struct job *job = rig_job(5);
	struct asked a = {.over = false};
	int i;

	(void)state;
	rig_open(false);
	faulty_disk_hold("-wal");
	store_insert(fx.store, job, on_asked, &a);
	while (!faulty_disk_held())
		usleep(1000);
	/* Whatever the loop was told by now, it hears. */
	for (i = 0; i < 10; i++) {
		loop_post(fx.loop, (loop_fn *)loop_stop, fx.loop);
		loop_run(fx.loop);
		assert_false(a.over);
	}
	faulty_disk_let_go();
	rig_await(&a);
	assert_int_equal(a.err.code, ERR_NONE);
	job_free(job);
}

static void
after_a_failed_fsync_no_other_is_believed(void **state)
{
	struct job *old = rig_job(5), *new = rig_job(5), *found;
	struct asked a = {.over = false};

	(void)state;
	rig_open(false);
	assert_int_equal(rig_insert(old), 0);
	faulty_disk_break_times(FAULTY_SYNC, "-wal", EIO, 1);
	assert_int_equal(rig_insert(new), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	assert_false(fx.err.retryable);
	assert_true(fx.err.hint[0] != '\0');
	assert_int_equal(rig.events[STORE_BROKEN], 1);
	assert_int_equal(rig.events[STORE_STALLED], 0);
	/* The disk is well again, as it says. */
	assert_int_equal(rig_insert(new), -1);
	assert_false(fx.err.retryable);
	store_save(fx.store, old, 0, on_asked, &a);
	rig_await(&a);
	assert_int_equal(a.err.code, ERR_STORE);
	found = fx_find(old->id);
	assert_non_null(found);
	job_free(found);
	assert_int_equal(rig.events[STORE_BROKEN], 1);
	job_free(old);
	job_free(new);
}

static void
an_fsync_without_room_is_believed_no_more_than_others(void **state)
{
	struct job *job = rig_job(5);

	(void)state;
	rig_open(false);
	faulty_disk_break_times(FAULTY_SYNC, "-wal", ENOSPC, 1);
	assert_int_equal(rig_insert(job), -1);
	assert_false(fx.err.retryable);
	assert_int_equal(rig.events[STORE_BROKEN], 1);
	job_free(job);
}

/* --- the log -------------------------------------------------------- */

static void
the_log_is_brought_home_and_does_not_grow(void **state)
{
	int64_t most = 0;
	int i;

	(void)state;
	rig_open(false);
	for (i = 0; i < 30; i++) {
		struct job *job = rig_job((size_t)1 << 20);

		assert_int_equal(rig_insert(job), 0);
		job_free(job);
		if (rig_size("-wal") > most)
			most = rig_size("-wal");
	}
	assert_in_range(most, 1 << 20, 8 << 20);
	assert_true(rig_size("") > 20 << 20);
}

static void
a_clean_end_leaves_no_log(void **state)
{
	struct job *job = rig_job(5);

	(void)state;
	rig_open(false);
	assert_int_equal(rig_insert(job), 0);
	assert_true(rig_size("-wal") > 0);
	fx_close();
	assert_int_equal(rig_size("-wal"), -1);
	job_free(job);
}

static void
a_failed_fsync_on_the_log_s_way_home_is_seen_and_the_log_kept(void **state)
{
	struct job *job = rig_job(LARGE), *found;

	(void)state;
	rig_open(false);
	faulty_disk_break_times(FAULTY_SYNC, "/state", EIO, 1);
	assert_int_equal(rig_insert(job), 0);
	rig_await_event(STORE_BROKEN);
	assert_false(rig.said.retryable);
	assert_int_equal(faulty_disk_failed(), 1);
	/* That would be another fsync, and the log would go with it. */
	fx_close();
	assert_true(rig_size("-wal") > (int64_t)LARGE);
	rig_open(false);
	found = fx_find(job->id);
	assert_non_null(found);
	job_free(found);
	job_free(job);
}

static void
a_failed_fsync_at_the_end_keeps_the_log(void **state)
{
	struct job *job = rig_job(5), *found;

	(void)state;
	rig_open(false);
	assert_int_equal(rig_insert(job), 0);
	faulty_disk_break_times(FAULTY_SYNC, "/state", EIO, 1);
	fx_close();
	assert_int_equal(faulty_disk_failed(), 1);
	assert_true(rig_size("-wal") > 0);
	rig_open(false);
	found = fx_find(job->id);
	assert_non_null(found);
	job_free(found);
	job_free(job);
}

static void
while_the_log_cannot_come_home_outcomes_are_written_on(void **state)
{
	struct job *job = rig_job(LARGE), *new = rig_job(5);
	struct asked a = {.over = false};

	(void)state;
	rig_open(false);
	faulty_disk_break(FAULTY_WRITE, "/state", ENOSPC);
	assert_int_equal(rig_insert(job), 0);
	rig_await_event(STORE_STALLED);
	assert_int_equal(rig_insert(new), -1);
	assert_true(err_no_room(&fx.err));
	store_save(fx.store, job, 0, on_asked, &a);
	rig_await(&a);
	assert_int_equal(a.err.code, ERR_NONE);
	assert_int_equal(rig.events[STORE_RESUMED], 0);
	faulty_disk_heal();
	rig_await_event(STORE_RESUMED);
	assert_int_equal(rig_insert(new), 0);
	job_free(job);
	job_free(new);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		what_queues_up_behind_an_fsync_is_one_commit, rig_setup,
		rig_teardown),
	    cmocka_unit_test_setup_teardown(
		nothing_is_told_before_its_fsync, rig_setup, rig_teardown),
	    cmocka_unit_test_setup_teardown(
		after_a_failed_fsync_no_other_is_believed, rig_setup,
		rig_teardown),
	    cmocka_unit_test_setup_teardown(
		an_fsync_without_room_is_believed_no_more_than_others,
		rig_setup, rig_teardown),
	    cmocka_unit_test_setup_teardown(
		the_log_is_brought_home_and_does_not_grow, rig_setup,
		rig_teardown),
	    cmocka_unit_test_setup_teardown(
		a_clean_end_leaves_no_log, rig_setup, rig_teardown),
	    cmocka_unit_test_setup_teardown(
		a_failed_fsync_on_the_log_s_way_home_is_seen_and_the_log_kept,
		rig_setup, rig_teardown),
	    cmocka_unit_test_setup_teardown(
		a_failed_fsync_at_the_end_keeps_the_log, rig_setup,
		rig_teardown),
	    cmocka_unit_test_setup_teardown(
		while_the_log_cannot_come_home_outcomes_are_written_on,
		rig_setup, rig_teardown),
	};

	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
