/* SPDX-License-Identifier: Apache-2.0 */
/* The check behind an unclean end: it finds, and is in nobody's way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "tests/unit/stall_rig.h"

#define PAGE 4096

/* More pages than SQLite keeps in memory. */
#define BODIES 8
#define BODY_LEN ((size_t)1 << 20)

static struct buf bytes_of_file, bytes_of_log;

static void
read_whole(const char *suffix, struct buf *out)
{
	char *path = xasprintf("%s%s", fx.path, suffix);
	struct error err;

	buf_init(out, (size_t)64 << 20);
	assert_int_equal(file_read(path, out, &err), 0);
	free(path);
}

static void
write_whole(const char *suffix, struct buf *in)
{
	char *path = xasprintf("%s%s", fx.path, suffix);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct error err;

	assert_true(fd != -1);
	assert_int_equal(file_write_all(fd, in->data, in->len, &err), 0);
	close(fd);
	free(path);
	buf_done(in);
}

/* The last job's id. Its log is left, as by a process that was killed. */
static void
leave_uncleanly(char id[JOBID_SIZE])
{
	struct job *job;
	int i;

	rig_open(false);
	for (i = 0; i < BODIES; i++) {
		job = rig_job(BODY_LEN);
		assert_int_equal(rig_insert(job), 0);
		job_free(job);
	}
	fx_close();
	rig_open(false);
	job = rig_job(5);
	assert_int_equal(rig_insert(job), 0);
	memcpy(id, job->id, JOBID_SIZE);
	job_free(job);
	read_whole("", &bytes_of_file);
	read_whole("-wal", &bytes_of_log);
	fx_close();
	write_whole("", &bytes_of_file);
	write_whole("-wal", &bytes_of_log);
}

static void
a_sound_file_is_found_sound(void **state)
{
	char id[JOBID_SIZE];

	(void)state;
	leave_uncleanly(id);
	rig_open(false);
	rig_await_event(STORE_CHECKED);
	assert_int_equal(rig.said.code, ERR_NONE);
}

static void
whoever_ended_well_is_not_checked(void **state)
{
	char id[JOBID_SIZE];
	struct job *found;
	int64_t until;

	(void)state;
	leave_uncleanly(id);
	rig_open(false);
	rig_await_event(STORE_CHECKED);
	fx_close();
	rig_open(false);
	/* Longer than a check is put off, on a store with a little to do. */
	until = clock_mono_ms() + 1500;
	while (clock_mono_ms() < until) {
		found = fx_find(id);
		assert_non_null(found);
		job_free(found);
		usleep(20000);
	}
	assert_int_equal(rig.events[STORE_CHECKED], 1);
}

/* What a failed fsync left in memory alone looks as if it were on disk. */
static void
the_log_is_read_from_the_disk_and_not_from_memory(void **state)
{
	char id[JOBID_SIZE];
	struct job *found;

	(void)state;
	leave_uncleanly(id);
	faulty_disk_slow("-wal", 0);
	rig_open(false);
	assert_int_equal(faulty_disk_dropped(), 0);
	assert_true(faulty_disk_reads() > 0);
	faulty_disk_slow(NULL, 0);
	found = fx_find(id);
	assert_non_null(found);
	job_free(found);
}

static void
a_broken_page_is_told_and_others_are_read_on(void **state)
{
	char zeros[PAGE] = "", id[JOBID_SIZE];
	struct job *found;
	int fd;

	(void)state;
	leave_uncleanly(id);
	fd = open(fx.path, O_WRONLY);
	/* In the middle of the bodies: the first ones are behind each other. */
	assert_int_equal(
	    pwrite(fd, zeros, PAGE, (off_t)rig_size("") / PAGE / 2 * PAGE),
	    PAGE);
	close(fd);
	rig_open(false);
	rig_await_event(STORE_CHECKED);
	assert_int_equal(rig.said.code, ERR_DAMAGED);
	assert_true(rig.said.hint[0] != '\0');
	found = fx_find(id);
	assert_non_null(found);
	job_free(found);
}

static void
whoever_comes_ends_a_check_that_takes_long(void **state)
{
	char id[JOBID_SIZE];
	struct job *found;
	unsigned pages;
	int i;

	(void)state;
	leave_uncleanly(id);
	pages = (unsigned)(rig_size("") / PAGE);
	assert_true(pages > BODIES * BODY_LEN / PAGE);
	rig_open(false);
	for (i = 0; i < 3; i++) {
		faulty_disk_slow("/state", 20);
		while (faulty_disk_reads() < 5)
			usleep(1000);
		found = fx_find(id);
		assert_non_null(found);
		job_free(found);
		/* The check did not read the rest before that. */
		assert_in_range(faulty_disk_reads(), 5, pages / 4);
	}
	assert_int_equal(rig.events[STORE_CHECKED], 0);
	faulty_disk_slow(NULL, 0);
	/* One that was broken off says nothing. */
	rig_await_event(STORE_CHECKED);
	assert_int_equal(rig.said.code, ERR_NONE);
	assert_int_equal(rig.events[STORE_CHECKED], 1);
}

static void
it_comes_to_an_end_on_a_store_that_is_never_idle(void **state)
{
	char id[JOBID_SIZE];

	(void)state;
	leave_uncleanly(id);
	rig_open(false);
	while (rig.events[STORE_CHECKED] == 0) {
		struct job *found = fx_find(id);

		assert_non_null(found);
		job_free(found);
	}
	assert_int_equal(rig.said.code, ERR_NONE);
}

static void
the_end_waits_for_no_check(void **state)
{
	char id[JOBID_SIZE];

	(void)state;
	leave_uncleanly(id);
	rig_open(false);
	faulty_disk_slow("/state", 20);
	while (faulty_disk_reads() < 5)
		usleep(1000);
	fx_close();
	assert_in_range(faulty_disk_reads(), 5, rig_size("") / PAGE / 4);
	assert_int_equal(rig.events[STORE_CHECKED], 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_sound_file_is_found_sound),
	    T(whoever_ended_well_is_not_checked),
	    T(the_log_is_read_from_the_disk_and_not_from_memory),
	    T(a_broken_page_is_told_and_others_are_read_on),
	    T(whoever_comes_ends_a_check_that_takes_long),
	    T(it_comes_to_an_end_on_a_store_that_is_never_idle),
	    T(the_end_waits_for_no_check),
	};

	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
