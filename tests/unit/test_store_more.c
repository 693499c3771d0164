/* SPDX-License-Identifier: Apache-2.0 */
/* Late results, keys, what is kept, what expired, and whose rows are whose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/support/store_fixture.h"

/* A job that expired at an instant, saved. The caller's. */
static struct job *
expired_job(int64_t completed_at)
{
	struct job *job = fx_small_job();

	assert_int_equal(fx_insert(job), 0);
	job_add_submission(job)->fate = SUB_ACCEPTED;
	job_move(job, JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(fx_save(job, 1), 0);
	job_move(job, JOB_DONE, OUTCOME_EXPIRED);
	job->completed_at = completed_at;
	fx_add_delivery(job, "exec a");
	assert_int_equal(fx_save(job, 0), 0);
	return job;
}

static void
come_late(struct job *job)
{
	struct delivery *d = delivery_new(
	    job->id, "exec a", "inference.late", job->completed_at + 5);

	job->late_at = job->completed_at + 5;
	job->late_location = xstrdup("s3://b/late \xc3\xa4");
	job->late_etag = xstrdup("\"e\"");
	job->late_type = xstrdup("text/plain");
	job->late_size = INT64_MAX;
	delivery_set_body(d, "late", 4);
	job_add_delivery(job, d);
}

/* --- late results --------------------------------------------------- */

static void
a_late_result_comes_back_with_what_announces_it(void **state)
{
	struct job *job, *found;

	(void)state;
	fx_open();
	job = expired_job(100);
	come_late(job);
	assert_int_equal(fx_save_late(job), 0);
	fx_close();
	fx_open();
	found = fx_find(job->id);
	assert_int_equal(found->outcome, OUTCOME_EXPIRED);
	assert_int_equal(found->late_at, 105);
	assert_string_equal(found->late_location, job->late_location);
	assert_string_equal(found->late_etag, job->late_etag);
	assert_string_equal(found->late_type, job->late_type);
	assert_int_equal(found->late_size, INT64_MAX);
	/* That of its end was there, and stays as it was. */
	assert_int_equal(found->ndeliveries, 2);
	job_free(found);
	fx_load(fx_list);
	assert_int_equal(fx.jobs[0]->late_at, 105);
	fx_free_jobs();
	job_free(job);
}

static void
there_is_one_late_result_of_a_job(void **state)
{
	struct job *job, *found;

	(void)state;
	fx_open();
	job = expired_job(100);
	come_late(job);
	assert_int_equal(fx_save_late(job), 0);
	job->late_size = 7;
	assert_int_equal(fx_save_late(job), -1);
	assert_int_equal(fx.err.code, ERR_EXISTS);
	found = fx_find(job->id);
	assert_int_equal(found->late_size, INT64_MAX);
	job_free(found);
	job_free(job);
}

/* All of it, or nothing. */
static void
a_late_result_that_is_not_ours_is_not_saved(void **state)
{
	struct job *job, *open = fx_small_job(), *found;

	(void)state;
	fx_open();
	job = expired_job(100);
	come_late(job);
	job->epoch = 2;
	assert_int_equal(fx_save_late(job), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	job->epoch = 1;
	fx_close();
	fx_open_as("another");
	assert_int_equal(fx_save_late(job), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	found = fx_find(job->id);
	assert_int_equal(found->late_at, 0);
	assert_int_equal(found->ndeliveries, 1);
	job_free(found);
	/* Nor one of a job that is not done. */
	assert_int_equal(fx_insert(open), 0);
	open->late_at = 5;
	assert_int_equal(fx_save_late(open), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	job_free(open);
	job_free(job);
}

static void
what_expired_comes_oldest_first_until_it_has_a_result(void **state)
{
	struct job *jobs[4];
	size_t i;

	(void)state;
	fx_open();
	for (i = 0; i < 4; i++)
		jobs[i] = expired_job(100 + (int64_t)i);
	job_free(fx_done_job(500));
	assert_int_equal(fx_expired(0, 10), 0);
	assert_int_equal(fx.n, 4);
	assert_string_equal(fx.jobs[0]->id, jobs[0]->id);
	assert_int_equal(fx.jobs[0]->nsubs, 1);
	fx_free_jobs();
	assert_int_equal(fx_expired(102, 10), 0);
	assert_int_equal(fx.n, 2);
	assert_string_equal(fx.jobs[0]->id, jobs[2]->id);
	fx_free_jobs();
	assert_int_equal(fx_expired(0, 3), 0);
	assert_int_equal(fx.n, 3);
	fx_free_jobs();
	come_late(jobs[2]);
	assert_int_equal(fx_save_late(jobs[2]), 0);
	assert_int_equal(fx_expired(102, 10), 0);
	assert_int_equal(fx.n, 1);
	assert_string_equal(fx.jobs[0]->id, jobs[3]->id);
	fx_free_jobs();
	for (i = 0; i < 4; i++)
		job_free(jobs[i]);
}

/* --- what is kept --------------------------------------------------- */

static void
must_recall(const char *wanted)
{
	char *text = fx_recall();

	assert_string_equal(text, wanted);
	free(text);
}

static void
what_was_kept_is_recalled(void **state)
{
	(void)state;
	fx_open();
	must_recall("");
	assert_int_equal(fx_keep("b", "2"), 0);
	assert_int_equal(fx_keep("a \xc3\xa4", ""), 0);
	assert_int_equal(fx_keep("b", "3"), 0);
	fx_close();
	fx_open();
	must_recall("a \xc3\xa4=;b=3;");
}

static void
a_text_that_is_too_long_is_not_kept(void **state)
{
	char *text = xmalloc(65538);

	(void)state;
	memset(text, 'x', 65537);
	text[65537] = '\0';
	fx_open();
	assert_int_equal(fx_keep("a", text), -1);
	assert_int_equal(fx.err.code, ERR_LIMIT);
	text[65536] = '\0';
	assert_int_equal(fx_keep("a", text), 0);
	free(text);
}

/* --- keys ----------------------------------------------------------- */

static void
must_find(const char *key, const char *wanted)
{
	char *text = fx_find_idempotency(key);

	assert_false(fx.failed);
	if (wanted == NULL)
		assert_null(text);
	else
		assert_string_equal(text, wanted);
	free(text);
}

static void
a_key_is_known_with_its_job_and_without(void **state)
{
	struct job *job = fx_small_job();
	char *with, *without;

	(void)state;
	fx_open();
	job->spec.idempotency_key = xstrdup("k");
	job->spec.idempotency_hash = xstrdup("cafe");
	must_find("k", NULL);
	assert_int_equal(fx_insert(job), 0);
	with = xasprintf("%s cafe+", job->id);
	without = xasprintf("%s cafe", job->id);
	must_find("k", with);
	must_find("K", NULL);
	must_find("", NULL);
	job_move(job, JOB_DONE, OUTCOME_CANCELLED);
	job->completed_at = 5;
	assert_int_equal(fx_save(job, 0), 0);
	assert_int_equal(fx_forget(6, 0, 1), 1);
	must_find("k", without);
	assert_int_equal(fx_forget(6, INT64_MAX, 1), 1);
	must_find("k", NULL);
	free(with);
	free(without);
	job_free(job);
}

/* --- whose rows are whose ------------------------------------------- */

static void
another_owner_changes_nothing_until_it_takes_over(void **state)
{
	struct job *job = fx_small_job(), *done;
	struct delivery *d;
	struct attempt a;

	(void)state;
	fx_open_as("one");
	assert_int_equal(fx_insert(job), 0);
	done = fx_done_job(5);
	d = fx_add_delivery(done, "exec a");
	assert_int_equal(fx_save(done, 0), 0);
	fx_close();
	fx_open_as("two");
	assert_int_equal(fx_save(job, 0), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	delivery_begin_attempt(d, 7, false, &a);
	assert_int_equal(fx_begin(d, &a), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	assert_int_equal(fx_save_delivery(d, &a), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	assert_int_equal(fx_take_over(), 2);
	/* And then the epoch is another one, too. */
	assert_int_equal(fx_save(job, 0), -1);
	job->epoch = 2;
	assert_int_equal(fx_save(job, 0), 0);
	d->epoch = 2;
	assert_int_equal(fx_begin(d, &a), 0);
	fx_free_jobs();
	/* What is ours already is let alone. */
	assert_int_equal(fx_take_over(), 0);
	fx_close();
	fx_open_as("one");
	assert_int_equal(fx_save(job, 0), -1);
	assert_int_equal(fx_take_over(), 2);
	assert_int_equal(fx.damages, 0);
	job_free(job);
	job_free(done);
}

static void
what_ended_is_not_taken_over(void **state)
{
	struct job *done;
	struct delivery *d, *found;

	(void)state;
	fx_open_as("one");
	done = fx_done_job(5);
	d = fx_add_delivery(done, "exec a");
	assert_int_equal(fx_save(done, 0), 0);
	delivery_move(d, DELIVERY_DEAD, 7);
	assert_int_equal(fx_save_delivery(d, NULL), 0);
	fx_close();
	fx_open_as("two");
	assert_int_equal(fx_take_over(), 0);
	found = fx_find_delivery(d->id);
	assert_int_equal(found->epoch, 1);
	delivery_free(found);
	job_free(done);
}

static void
what_ended_is_replayed_by_whoever_has_the_file(void **state)
{
	struct job *done;
	struct delivery *d, *found;

	(void)state;
	fx_open_as("one");
	done = fx_done_job(5);
	d = fx_add_delivery(done, "exec a");
	assert_int_equal(fx_save(done, 0), 0);
	delivery_move(d, DELIVERY_DEAD, 7);
	assert_int_equal(fx_save_delivery(d, NULL), 0);
	fx_close();
	fx_open_as("two");
	delivery_move(d, DELIVERY_WAITING, 8);
	d->replays++;
	d->epoch++;
	assert_int_equal(fx_save_delivery(d, NULL), -1);
	d->epoch--;
	assert_int_equal(fx_save_delivery(d, NULL), 0);
	/* It is that one's from now on. */
	assert_int_equal(fx_save_delivery(d, NULL), 0);
	fx_close();
	fx_open_as("one");
	assert_int_equal(fx_save_delivery(d, NULL), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	found = fx_find_delivery(d->id);
	assert_int_equal(found->state, DELIVERY_WAITING);
	assert_int_equal(found->replays, 1);
	assert_int_equal(fx.damages, 0);
	delivery_free(found);
	job_free(done);
}

/* --- what is not there any more -------------------------------------- */

/* Those that are left make sense without it. */
static void
a_job_whose_last_submission_is_gone_is_set_aside(void **state)
{
	struct job *job = fx_small_job();

	(void)state;
	fx_open();
	assert_int_equal(fx_insert(job), 0);
	job_add_submission(job)->fate = SUB_DOUBT;
	assert_int_equal(fx_save(job, 1), 0);
	job_add_submission(job)->fate = SUB_DOUBT;
	assert_int_equal(fx_save(job, 2), 0);
	fx_close();
	fx_change("DELETE FROM submission WHERE n = 2 AND seq = "
		  "(SELECT max(seq) FROM job)");
	fx_open();
	assert_int_equal(fx_save(job, 0), -1);
	assert_int_equal(fx.err.code, ERR_DAMAGED);
	assert_null(fx_look(job->id));
	assert_true(fx.failed);
	assert_int_equal(fx.err.code, ERR_DAMAGED);
	assert_int_equal(fx.damages, 1);
	job_free(job);
}

static void
lose_last_attempt(const char *id)
{
	fx_change("DELETE FROM attempt WHERE n = (SELECT max(n) FROM attempt)");
	fx_open();
	assert_null(fx_look_delivery(id));
	assert_int_equal(fx.err.code, ERR_DAMAGED);
	fx_close();
}

/* The last one, then all. */
static void
a_delivery_whose_attempts_are_gone_is_set_aside(void **state)
{
	struct delivery *d;
	struct attempt a;
	struct job *job;
	int i;

	(void)state;
	fx_open();
	job = fx_done_job(5);
	d = fx_add_delivery(job, "exec a");
	assert_int_equal(fx_save(job, 0), 0);
	for (i = 0; i < 2; i++) {
		delivery_begin_attempt(d, 8, false, &a);
		assert_int_equal(fx_begin(d, &a), 0);
		fx_free_jobs();
	}
	fx_close();
	lose_last_attempt(d->id);
	lose_last_attempt(d->id);
	job_free(job);
}

/* --- notifications -------------------------------------------------- */

/* More than anybody asks a copy of. */
static void
the_oldest_notifications_go_where_there_are_too_many(void **state)
{
	struct job *job = fx_small_job();

	(void)state;
	fx_open();
	assert_int_equal(fx_insert(job), 0);
	fx_close();
	fx_rewrite("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
		   "FROM c WHERE i < 99999) "
		   "INSERT INTO notice SELECT 't', 'm' || i, i, 0 FROM c");
	fx_open();
	assert_int_equal(fx_see("u", "1", job->id, NULL), STORE_SEEN_NOW);
	fx_close();
	assert_int_equal(fx_number("SELECT count(*) FROM notice"), 100000);
	fx_open();
	assert_int_equal(fx_see("u", "1", job->id, "x"), STORE_SEEN_BEFORE);
	assert_int_equal(fx_see("u", "2", job->id, NULL), STORE_SEEN_NOW);
	assert_int_equal(fx_see("t", "m1", job->id, NULL), STORE_SEEN_NOW);
	assert_int_equal(
	    fx_see("t", "m99999", job->id, NULL), STORE_SEEN_BEFORE);
	fx_close();
	assert_int_equal(fx_number("SELECT count(*) FROM notice"), 100000 - 62);
	assert_int_equal(fx_number("SELECT min(forget_at) FROM notice "
				   "WHERE source = 't' AND message_id <> 'm1'"),
	    65);
	job_free(job);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_late_result_comes_back_with_what_announces_it),
	    T(there_is_one_late_result_of_a_job),
	    T(a_late_result_that_is_not_ours_is_not_saved),
	    T(what_expired_comes_oldest_first_until_it_has_a_result),
	    T(what_was_kept_is_recalled),
	    T(a_text_that_is_too_long_is_not_kept),
	    T(a_key_is_known_with_its_job_and_without),
	    T(another_owner_changes_nothing_until_it_takes_over),
	    T(what_ended_is_not_taken_over),
	    T(what_ended_is_replayed_by_whoever_has_the_file),
	    T(a_job_whose_last_submission_is_gone_is_set_aside),
	    T(a_delivery_whose_attempts_are_gone_is_set_aside),
	    T(the_oldest_notifications_go_where_there_are_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
