/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's file: whose it is, who may read it, and how a strange, a broken
 * or a senseless one is refused in words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "tests/support/store_fixture.h"

/* --- the file ------------------------------------------------------- */

static int
try_open(bool must_exist, struct error *err)
{
	struct store_options o = {.path = fx.path, .must_exist = must_exist};
	struct store *s;

	if (store_open(fx.loop, &o, &s, err) == -1)
		return -1;
	store_close(s);
	return 0;
}

static void
nobody_else_may_read_the_file(void **state)
{
	char *wal = xasprintf("%s-wal", fx.path);
	mode_t old = umask(0);
	struct stat st;

	(void)state;
	fx_open();
	umask(old);
	assert_int_equal(stat(fx.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(wal, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	free(wal);
}

static void
a_file_has_one_owner_at_a_time(void **state)
{
	struct job **jobs = NULL;
	struct error err;
	size_t n = 0;
	int status;
	pid_t pid;

	(void)state;
	fx_open();
	pid = fork();
	if (pid == 0)
		_exit(store_peek(fx.path, false, NULL, &jobs, &n, &err) == -1 &&
			    err.code == ERR_BUSY
			? 7
			: 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_int_equal(try_open(false, &err), -1);
	assert_int_equal(err.code, ERR_BUSY);
	fx_close();
	assert_int_equal(try_open(true, &err), 0);
}

static void
a_missing_file_is_made_only_where_that_was_meant(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(try_open(true, &err), -1);
	assert_int_equal(access(fx.path, F_OK), -1);
	assert_int_equal(try_open(false, &err), 0);
	assert_int_equal(try_open(true, &err), 0);
}

static void
a_link_is_not_followed(void **state)
{
	char *other = xasprintf("%s/other", fx.dir);
	struct error err;

	(void)state;
	assert_int_equal(symlink(other, fx.path), 0);
	assert_int_equal(try_open(false, &err), -1);
	assert_int_equal(access(other, F_OK), -1);
	free(other);
}

static void
put_file(const void *data, size_t len)
{
	struct error err;

	if (file_write_atomic(fx.path, data, len, 0600, &err) == -1)
		fail_msg("%s", err.text);
}

static void
refuse_file(const char *word)
{
	struct error err;

	if (try_open(false, &err) == 0)
		fail_msg("not refused: %s", word);
	assert_int_equal(err.code, ERR_STORE);
	if (strstr(err.text, word) == NULL || strstr(err.text, fx.path) == NULL)
		fail_msg("'%s' is not in: %s", word, err.text);
}

static uint64_t
file_sum(void)
{
	struct error err;
	struct buf b;
	uint64_t sum;

	buf_init(&b, 1 << 20);
	if (file_read(fx.path, &b, &err) == -1)
		fail_msg("%s", err.text);
	sum = hash_crc64nvme(0, b.data, b.len);
	buf_done(&b);
	return sum;
}

static void
the_hint_says_what_helps_at_the_start(void **state)
{
	char *wal = xasprintf("%s-wal", fx.path);
	struct error err;

	(void)state;
	assert_int_equal(symlink("elsewhere", wal), 0);
	assert_int_equal(try_open(false, &err), -1);
	/* There is nobody yet who would. */
	assert_null(strstr(err.hint, "goes on by itself"));
	assert_non_null(strstr(err.hint, "start again"));
	assert_int_equal(unlink(wal), 0);
	assert_int_equal(try_open(false, &err), 0);
	free(wal);
}

static void
a_file_that_is_none_of_ours_is_refused(void **state)
{
	static const char text[] = "a text that somebody keeps, of 64 bytes "
				   "and more, since so small a file is new\n"
				   "......................................";
	uint64_t was;

	(void)state;
	put_file(text, sizeof(text));
	refuse_file("not a database");
	unlink(fx.path);
	fx_change("CREATE TABLE mine (x)");
	was = file_sum();
	refuse_file("no state file of awaitd");
	/* Not even its kind of journal was changed. */
	assert_int_equal(file_sum(), was);
	fx_change("DROP TABLE mine; PRAGMA application_id = 7");
	refuse_file("no state file of awaitd");
	unlink(fx.path);
	fx_open();
	fx_close();
	fx_change("PRAGMA user_version = 99");
	refuse_file("schema version 99");
}

/* The file may open, but nothing is read from it. */
static void
refuse_jobs(void)
{
	struct job **jobs;
	struct error err;
	size_t n;

	if (store_peek(fx.path, false, NULL, &jobs, &n, &err) == 0)
		fail_msg("%zu jobs were read", n);
	assert_true(err.code == ERR_STORE || err.code == ERR_DAMAGED);
	assert_non_null(strstr(err.text, fx.path));
	if (err.code == ERR_DAMAGED)
		assert_non_null(strstr(err.hint, ".recover"));
}

static void
a_file_that_was_cut_is_refused(void **state)
{
	struct buf b;
	struct error err;
	struct job *job;
	int i;

	(void)state;
	fx_open();
	for (i = 0; i < 50; i++) {
		job = fx_small_job();
		assert_int_equal(fx_insert(job), 0);
		job_free(job);
	}
	fx_close();
	buf_init(&b, 1 << 20);
	assert_int_equal(file_read(fx.path, &b, &err), 0);
	put_file(b.data, 100);
	refuse_jobs();
	put_file(b.data, b.len / 2);
	refuse_jobs();
	memset(b.data + 4096, 0x5a, b.len - 4096);
	put_file(b.data, b.len);
	refuse_jobs();
	buf_done(&b);
}

/* One job in each state. */
static void
make_rows(void)
{
	struct job *job = fx_small_job();

	fx_open();
	assert_int_equal(fx_insert(job), 0);
	job_add_submission(job)->fate = SUB_ACCEPTED;
	job_move(job, JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(fx_save(job, 1), 0);
	job_free(job);
	job = fx_small_job();
	assert_int_equal(fx_insert(job), 0);
	job_free(job);
	fx_close();
}

/* Of the two at most one is read, whatever the checksums say, and a note stays
 * of each that is not. */
static void
check_set_aside(void (*change)(const char *), const char *sql)
{
	struct job **jobs;
	struct error err;
	size_t n, i;

	make_rows();
	change(sql);
	fx_open();
	if (fx_count(store_unfinished) > 1 || fx_count(fx_list) > 1)
		fail_msg("taken: %s", sql);
	fx_close();
	if (fx_number("SELECT count(*) FROM damaged") < 1)
		fail_msg("not noted: %s", sql);
	assert_int_equal(store_peek(fx.path, false, NULL, &jobs, &n, &err), 0);
	if (n > 1)
		fail_msg("peeked: %s", sql);
	for (i = 0; i < n; i++)
		job_free(jobs[i]);
	free(jobs);
	unlink(fx.path);
}

static void
rows_that_make_no_sense_are_set_aside(void **state)
{
	static const char *const changes[] = {
	    "UPDATE job_state SET state = 3",
	    "UPDATE job_state SET state = -1",
	    "UPDATE job_state SET state = 4294967296",
	    "UPDATE job_state SET outcome = 5",
	    "UPDATE job_state SET outcome = 1",
	    "UPDATE job_state SET state = 1",
	    "UPDATE job_state SET state = 0",
	    "UPDATE job SET id = 'short' WHERE seq = 1",
	    "UPDATE job SET id = upper(id) WHERE seq = 1",
	    "UPDATE job SET id = id || 'x' WHERE seq = 1",
	    "UPDATE job SET input = 3",
	    "UPDATE job SET input = 1",
	    "UPDATE job SET input = 2",
	    "UPDATE job SET body = NULL",
	    ("UPDATE job SET input = 1, input_path = '/a', input_size = -1, "
	     "input_location = 's3://b/c'"),
	    "UPDATE submission SET n = 2",
	    "UPDATE submission SET n = 0",
	    "UPDATE submission SET fate = 6",
	    "UPDATE submission SET fate = -1",
	    "UPDATE submission SET fate = 4294967298",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(changes); i++) {
		check_set_aside(fx_change, changes[i]);
		check_set_aside(fx_rewrite, changes[i]);
	}
}

static void
a_write_that_failed_is_the_last_of_this_store(void **state)
{
	struct rlimit old, small = {0};
	struct job *job = fx_small_job(), *big = fx_small_job();
	int failed;

	(void)state;
	fx_open();
	assert_int_equal(fx_insert(job), 0);
	free(big->spec.body);
	big->spec.body_len = 100000;
	big->spec.body = xcalloc(1, 100000);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	small.rlim_cur = 81920;
	setrlimit(RLIMIT_FSIZE, &small);
	failed = fx_insert(big);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(failed, -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	/* What the file holds is known again when it is read anew. */
	assert_int_equal(fx_insert(big), -1);
	fx_close();
	fx_open();
	assert_int_equal(fx_count(fx_list), 1);
	assert_int_equal(fx_insert(big), 0);
	assert_int_equal(fx_count(fx_list), 2);
	job_free(job);
	job_free(big);
}

/* --- the end -------------------------------------------------------- */

static struct job *late_job;
static unsigned late_calls;

static void
on_late(const struct error *err, void *arg)
{
	(void)arg;
	assert_null(err);
	if (late_calls++ < 3)
		store_save(fx.store, late_job, 0, on_late, NULL);
}

static void
what_the_last_callbacks_ask_for_is_done_before_the_end(void **state)
{
	struct job *found;

	(void)state;
	fx_open();
	late_job = fx_small_job();
	late_calls = 0;
	store_insert(fx.store, late_job, on_late, NULL);
	late_job->deadline_at = 4711;
	fx_close();
	assert_int_equal(late_calls, 4);
	fx_open();
	found = fx_find(late_job->id);
	assert_int_equal(found->deadline_at, 4711);
	job_free(found);
	job_free(late_job);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		nobody_else_may_read_the_file, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_file_has_one_owner_at_a_time, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_missing_file_is_made_only_where_that_was_meant, fx_setup,
		fx_teardown),
	    cmocka_unit_test_setup_teardown(
		the_hint_says_what_helps_at_the_start, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_link_is_not_followed, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_file_that_is_none_of_ours_is_refused, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_file_that_was_cut_is_refused, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		rows_that_make_no_sense_are_set_aside, fx_setup, fx_teardown),
	    cmocka_unit_test_setup_teardown(
		a_write_that_failed_is_the_last_of_this_store, fx_setup,
		fx_teardown),
	    cmocka_unit_test_setup_teardown(
		what_the_last_callbacks_ask_for_is_done_before_the_end,
		fx_setup, fx_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
