/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that takes no writes for a while, and one that is full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/unit/stall_rig.h"

static bool
stalled(void)
{
	struct store_counts c;

	store_count(fx.store, &c);
	return c.stalled;
}

/* Stalled, with a job that is in it: the caller's. */
static struct job *
stall(int error)
{
	struct job *old = rig_job(5), *new = rig_job(5);

	rig_open(false);
	assert_int_equal(rig_insert(old), 0);
	faulty_disk_break(FAULTY_WRITE, "-wal", error);
	assert_int_equal(rig_insert(new), -1);
	job_free(new);
	assert_int_equal(fx.err.code, ERR_STORE);
	assert_true(fx.err.retryable);
	assert_true(fx.err.hint[0] != '\0');
	assert_int_equal(rig.events[STORE_STALLED], 1);
	assert_true(stalled());
	return old;
}

static void
on_a_full_disk_new_jobs_are_refused_for_lack_of_room(void **state)
{
	(void)state;
	job_free(stall(ENOSPC));
	assert_true(err_no_room(&fx.err));
	assert_true(err_no_room(&rig.said));
}

static void
a_quota_is_a_lack_of_room(void **state)
{
	(void)state;
	job_free(stall(EDQUOT));
	assert_true(err_no_room(&fx.err));
}

static void
a_disk_that_can_only_be_read_is_no_lack_of_room(void **state)
{
	(void)state;
	job_free(stall(EROFS));
	assert_false(err_no_room(&fx.err));
	assert_int_equal(fx.err.sys_errno, EROFS);
}

static void
a_stall_ends_by_itself_and_new_jobs_are_taken_again(void **state)
{
	struct job *job = rig_job(5);

	(void)state;
	job_free(stall(EIO));
	assert_int_equal(rig_insert(job), -1);
	faulty_disk_heal();
	rig_await_event(STORE_RESUMED);
	assert_false(stalled());
	assert_int_equal(rig_insert(job), 0);
	assert_int_equal(rig.events[STORE_STALLED], 1);
	assert_int_equal(rig.events[STORE_RESUMED], 1);
	job_free(job);
}

static void
on_seen(enum store_seen seen, const struct error *err, void *arg)
{
	(void)seen;
	on_asked(err, arg);
}

/* Who sent it sends it again. */
static void
a_notification_is_refused_at_once_too(void **state)
{
	struct job *job = stall(ENOSPC);
	char topic[] = "t", id[] = "m";
	struct store_notice n = {
	    .source = topic, .message_id = id, .told.job = job->id};
	struct asked a = {.over = false};

	(void)state;
	store_see(fx.store, &n, on_seen, &a);
	rig_await(&a);
	assert_true(stalled());
	assert_int_equal(a.err.code, ERR_STORE);
	assert_true(a.err.retryable);
	faulty_disk_heal();
	rig_await_event(STORE_RESUMED);
	assert_int_equal(fx_see("t", "m", job->id, NULL), STORE_SEEN_NOW);
	job_free(job);
}

static void
what_else_is_written_waits_and_is_read_past(void **state)
{
	struct job *job = stall(ENOSPC), *found;
	struct asked a = {.over = false}, b = a, c = a;

	(void)state;
	job_add_submission(job);
	store_save(fx.store, job, 1, on_asked, &a);
	store_save(fx.store, job, 0, on_asked, &b);
	store_save(fx.store, job, 1, on_asked, &c);
	/* What fails more than once was tried again. */
	while (faulty_disk_failed() < 4) {
		found = fx_find(job->id);
		assert_non_null(found);
		assert_int_equal(found->nsubs, 0);
		job_free(found);
		usleep(1000);
	}
	assert_false(a.over || b.over || c.over);
	faulty_disk_heal();
	rig_await(&a);
	rig_await(&b);
	rig_await(&c);
	assert_int_equal(a.err.code, ERR_NONE);
	assert_int_equal(b.err.code, ERR_NONE);
	assert_true(a.order < b.order && b.order < c.order);
	found = fx_find(job->id);
	assert_int_equal(found->nsubs, 1);
	job_free(found);
	job_free(job);
}

/* More than one transaction takes. */
#define MANY 300

static void
whatever_waits_is_written_in_the_order_of_the_calls(void **state)
{
	struct job *job = stall(ENOSPC);
	struct asked asked[MANY + 1] = {{.over = false}};
	unsigned i;

	(void)state;
	for (i = 0; i < MANY; i++)
		store_save(fx.store, job, 0, on_asked, &asked[i]);
	/* Some of them are tried, and wait again. */
	while (faulty_disk_failed() < 4)
		usleep(1000);
	faulty_disk_hold("-wal");
	faulty_disk_heal();
	while (!faulty_disk_held())
		usleep(1000);
	/* It comes while the first of them are written. */
	store_save(fx.store, job, 0, on_asked, &asked[MANY]);
	faulty_disk_let_go();
	for (i = 0; i <= MANY; i++) {
		rig_await(&asked[i]);
		assert_int_equal(asked[i].err.code, ERR_NONE);
		/* The insert that was refused was over before. */
		assert_int_equal(asked[i].order, i + 3);
	}
	job_free(job);
}

static void
one_that_is_refused_for_itself_holds_nobody_up(void **state)
{
	struct job *job = stall(ENOSPC);
	struct asked a = {.over = false}, b = a;

	(void)state;
	job->epoch = 7;
	store_save(fx.store, job, 0, on_asked, &a);
	job->epoch = 1;
	store_save(fx.store, job, 0, on_asked, &b);
	faulty_disk_heal();
	rig_await(&a);
	rig_await(&b);
	assert_int_equal(a.err.code, ERR_STORE);
	assert_false(a.err.retryable);
	assert_int_equal(b.err.code, ERR_NONE);
	job_free(job);
}

static void
a_stalled_store_closes_and_tells_what_waits(void **state)
{
	struct job *job = stall(ENOSPC), *found;
	struct asked a = {.over = false};

	(void)state;
	job_add_submission(job);
	store_save(fx.store, job, 1, on_asked, &a);
	fx_close();
	assert_true(a.over);
	assert_int_equal(a.err.code, ERR_STORE);
	faulty_disk_heal();
	rig_open(false);
	found = fx_find(job->id);
	assert_int_equal(found->nsubs, 0);
	job_free(found);
	job_free(job);
}

static void
what_waits_is_written_where_the_disk_comes_back_before_the_end(void **state)
{
	struct job *job = stall(ENOSPC), *found;
	struct asked a = {.over = false};

	(void)state;
	job_add_submission(job);
	store_save(fx.store, job, 1, on_asked, &a);
	faulty_disk_heal();
	fx_close();
	assert_true(a.over);
	assert_int_equal(a.err.code, ERR_NONE);
	rig_open(false);
	found = fx_find(job->id);
	assert_int_equal(found->nsubs, 1);
	job_free(found);
	job_free(job);
}

/* --- the reserve ---------------------------------------------------- */

static struct timespec
reserve_changed(void)
{
	char *path = xasprintf("%s-reserve", fx.path);
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 8 << 20);
	assert_true(st.st_blocks * 512 >= 8 << 20);
	assert_int_equal(st.st_mode & 0777, 0600);
	free(path);
	return st.st_ctim;
}

static void
the_reserve_is_spent_on_outcomes_and_made_again(void **state)
{
	struct job *job = rig_job(5), *new = rig_job(5);
	struct asked a = {.over = false}, b = a;
	struct timespec first, second;

	(void)state;
	rig_open(true);
	assert_int_equal(rig_insert(job), 0);
	first = reserve_changed();
	/* There is room after one failure, as if that file had taken it. */
	faulty_disk_break_times(FAULTY_WRITE, "-wal", ENOSPC, 1);
	job_add_submission(job);
	store_save(fx.store, job, 1, on_asked, &a);
	rig_await(&a);
	assert_int_equal(a.err.code, ERR_NONE);
	assert_int_equal(faulty_disk_failed(), 1);
	assert_int_equal(rig.events[STORE_STALLED], 1);
	store_insert(fx.store, new, on_asked, &b);
	rig_await(&b);
	if (rig.events[STORE_RESUMED] == 0) {
		assert_true(err_no_room(&b.err));
		rig_await_event(STORE_RESUMED);
	}
	second = reserve_changed();
	assert_true(
	    second.tv_sec > first.tv_sec || second.tv_nsec > first.tv_nsec);
	job_free(job);
	job_free(new);
}

static void
no_reserve_is_kept_unasked(void **state)
{
	(void)state;
	rig_open(false);
	assert_int_equal(rig_size("-reserve"), -1);
}

static void
a_link_in_the_place_of_the_reserve_is_not_followed(void **state)
{
	char *precious = fx_file("precious", "text");
	char *link = xasprintf("%s-reserve", fx.path);
	struct stat st;

	(void)state;
	assert_int_equal(symlink(precious, link), 0);
	rig_open(true);
	assert_int_equal(stat(precious, &st), 0);
	assert_int_equal(st.st_size, 4);
	free(link);
	free(precious);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		on_a_full_disk_new_jobs_are_refused_for_lack_of_room, rig_setup,
		rig_teardown),
	    cmocka_unit_test_setup_teardown(
		a_quota_is_a_lack_of_room, rig_setup, rig_teardown),
	    cmocka_unit_test_setup_teardown(
		a_disk_that_can_only_be_read_is_no_lack_of_room, rig_setup,
		rig_teardown),
	    cmocka_unit_test_setup_teardown(
		a_stall_ends_by_itself_and_new_jobs_are_taken_again, rig_setup,
		rig_teardown),
	    cmocka_unit_test_setup_teardown(
		a_notification_is_refused_at_once_too, rig_setup, rig_teardown),
	    cmocka_unit_test_setup_teardown(
		what_else_is_written_waits_and_is_read_past, rig_setup,
		rig_teardown),
	    cmocka_unit_test_setup_teardown(
		whatever_waits_is_written_in_the_order_of_the_calls, rig_setup,
		rig_teardown),
	    cmocka_unit_test_setup_teardown(
		one_that_is_refused_for_itself_holds_nobody_up, rig_setup,
		rig_teardown),
	    cmocka_unit_test_setup_teardown(
		a_stalled_store_closes_and_tells_what_waits, rig_setup,
		rig_teardown),
	    cmocka_unit_test_setup_teardown(
		what_waits_is_written_where_the_disk_comes_back_before_the_end,
		rig_setup, rig_teardown),
	    cmocka_unit_test_setup_teardown(
		the_reserve_is_spent_on_outcomes_and_made_again, rig_setup,
		rig_teardown),
	    cmocka_unit_test_setup_teardown(
		no_reserve_is_kept_unasked, rig_setup, rig_teardown),
	    cmocka_unit_test_setup_teardown(
		a_link_in_the_place_of_the_reserve_is_not_followed, rig_setup,
		rig_teardown),
	};

	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
