/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State files read beside their owner: what it has committed is there, its
 * file stays as it is, and nothing is left behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "cmd/snapshot.h"
#include "tests/support/schema_v1.h"
#include "tests/support/store_fixture.h"

static size_t
read_all(const char *id)
{
	struct job **jobs;
	struct error err;
	size_t n, i;

	if (snapshot_read(fx.path, id, &jobs, &n, &err) == -1)
		fail_msg("%s", err.text);
	for (i = 0; i < n; i++)
		job_free(jobs[i]);
	free(jobs);
	return n;
}

static unsigned
files_in_folder(void)
{
	DIR *d = opendir(fx.dir);
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

static void
what_the_owner_has_committed_is_read(void **state)
{
	struct job *job = fx_small_job();
	unsigned files;

	(void)state;
	fx_open();
	assert_int_equal(fx_insert(job), 0);
	files = files_in_folder();
	assert_int_equal(read_all(NULL), 1);
	assert_int_equal(read_all(job->id), 1);
	assert_int_equal(read_all("01arz3ndektsv4rrffq69g5fav"), 0);
	assert_int_equal(files_in_folder(), files);
	/* The owner did not notice. */
	job_add_submission(job)->fate = SUB_ACCEPTED;
	job_move(job, JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(fx_save(job, 1), 0);
	job_free(job);
}

static void
a_file_of_an_older_version_is_read_and_stays_as_it_is(void **state)
{
	struct buf before, after;
	struct error err;

	(void)state;
	fx_change(schema_v1);
	fx_change(jobs_v1);
	buf_init(&before, 1 << 20);
	buf_init(&after, 1 << 20);
	assert_int_equal(file_read(fx.path, &before, &err), 0);
	assert_int_equal(read_all(NULL), 3);
	assert_int_equal(read_all("01arz3ndektsv4rrffq69g5fa2"), 1);
	assert_int_equal(file_read(fx.path, &after, &err), 0);
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.data, after.data, before.len);
	assert_int_equal(files_in_folder(), 1);
	buf_done(&before);
	buf_done(&after);
}

static void
an_older_file_with_a_log_is_read_with_it(void **state)
{
	unsigned files;
	sqlite3 *owner;

	(void)state;
	fx_change(schema_v1);
	assert_int_equal(sqlite3_open(fx.path, &owner), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(owner, jobs_v1, NULL, NULL, NULL), SQLITE_OK);
	files = files_in_folder();
	assert_int_equal(read_all(NULL), 3);
	assert_int_equal(files_in_folder(), files);
	sqlite3_close(owner);
	assert_int_equal(fx_number("PRAGMA user_version"), 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(what_the_owner_has_committed_is_read),
	    T(a_file_of_an_older_version_is_read_and_stays_as_it_is),
	    T(an_older_file_with_a_log_is_read_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
