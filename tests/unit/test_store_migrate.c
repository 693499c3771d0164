/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of an older version becomes one of version 6 with all that is in it,
 * whenever the process dies meanwhile: 1 and 2 here, which had no checksums.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/support/schema_v1.h"
#include "tests/support/schema_v2.h"
#include "tests/support/store_fixture.h"
#include "tests/unit/migrate_rig.h"

#define QUEUED "01arz3ndektsv4rrffq69g5fa1"
#define PENDING "01arz3ndektsv4rrffq69g5fa2"
#define DONE "01arz3ndektsv4rrffq69g5fa3"

static void
make_old(void)
{
	migrate_make(schema_v1, jobs_v1, 1);
}

static void
make_v2(void)
{
	migrate_make(schema_v2, rows_v2, 2);
}

static void
check_queued(void)
{
	struct job *job = fx_find(QUEUED);

	assert_non_null(job);
	assert_int_equal(job->created_at, 1001);
	assert_string_equal(job->spec.endpoint, "ocr");
	assert_string_equal(job->spec.region, "eu-west-1");
	assert_string_equal(job->spec.content_type, "image/png");
	assert_string_equal(job->spec.accept, "text/*");
	assert_string_equal(job->spec.custom_attributes, "a=1");
	assert_string_equal(job->spec.inference_id, "mine");
	assert_string_equal(job->spec.extension, "ext");
	assert_string_equal(job->spec.filename, "f.out");
	assert_int_equal(job->spec.request_ttl_s, 60);
	assert_int_equal(job->spec.invocation_timeout_s, 70);
	assert_true(job->spec.own_names);
	assert_string_equal(job->spec.deployment, "dep");
	assert_string_equal(job->spec.output_path, "s3://b/out");
	assert_int_equal(job->spec.body_len, 5);
	assert_memory_equal(job->spec.body, "he\0lo", 5);
	assert_null(job->spec.deliver);
	assert_null(job->spec.retry_of);
	assert_null(job->spec.idempotency_key);
	assert_int_equal(job->state, JOB_QUEUED);
	assert_int_equal(job->deadline_at, 2001);
	job_free(job);
}

static void
check_pending(void)
{
	struct job *job = fx_find(PENDING);

	assert_non_null(job);
	assert_int_equal(job->state, JOB_PENDING);
	assert_int_equal(job->epoch, 4);
	assert_int_equal(job->submitted_at, 1502);
	assert_int_equal(job->spec.input, INPUT_LOCATION);
	assert_string_equal(job->spec.input_location, "s3://b/in");
	assert_int_equal(job->nsubs, 2);
	assert_int_equal(job->subs[0].fate, SUB_DOUBT);
	assert_int_equal(job->subs[0].intent_at, 11);
	assert_int_equal(job->subs[0].ended_at, 12);
	assert_string_equal(job->subs[0].inference_id, "i-1");
	assert_string_equal(job->subs[0].extension, "e1");
	assert_string_equal(job->subs[0].filename, "f1");
	assert_string_equal(job->subs[0].predicted, "s3://b/p1");
	assert_string_equal(job->subs[0].request_id, "r1");
	assert_string_equal(job->subs[0].note, "reset");
	assert_string_equal(job->subs[1].output_location, "s3://b/o2");
	assert_string_equal(job->subs[1].failure_location, "s3://b/x2");
	job_free(job);
}

static void
check_done(void)
{
	struct job *job = fx_find(DONE);

	assert_non_null(job);
	assert_int_equal(job->state, JOB_DONE);
	assert_int_equal(job->outcome, OUTCOME_OK);
	assert_int_equal(job->completed_at, 1903);
	assert_string_equal(job->spec.input_path, "/tmp/in");
	assert_int_equal(job->spec.input_size, 9);
	assert_string_equal(job->spec.input_sha256, "cafe");
	assert_true(job->spec.input_spooled);
	assert_string_equal(job->spec.input_location, "s3://b/up");
	assert_string_equal(job->result_location, "s3://b/o3");
	assert_string_equal(job->result_etag, "\"e\"");
	assert_string_equal(job->result_type, "text/plain");
	assert_int_equal(job->result_size, 77);
	assert_null(job->result_sha256);
	assert_string_equal(job->error_code, "code");
	assert_string_equal(job->error_text, "words");
	job_free(job);
}

static void
check_all(void)
{
	fx_open();
	assert_int_equal(fx_count(fx_list), 3);
	assert_int_equal(fx_count(store_unfinished), 2);
	check_queued();
	check_pending();
	check_done();
	fx_close();
	assert_int_equal(fx_number("PRAGMA user_version"), 6);
}

static void
an_old_file_opens_with_all_its_jobs(void **state)
{
	(void)state;
	make_old();
	check_all();
	/* And again, as what it is now. */
	check_all();
}

static void
an_old_file_can_do_what_a_new_one_can(void **state)
{
	struct job *job, *found;

	(void)state;
	make_old();
	fx_open();
	/* It is nobody's: not even ours, until it is taken over. */
	job = fx_find(PENDING);
	assert_int_equal(fx_save(job, 0), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	job_free(job);
	assert_int_equal(fx_take_over(), 2);
	job = fx_find(PENDING);
	assert_int_equal(job->epoch, 5);
	job_move(job, JOB_DONE, OUTCOME_OK);
	job->completed_at = 5;
	fx_add_delivery(job, "exec a");
	assert_int_equal(fx_save(job, 0), 0);
	found = fx_find(PENDING);
	assert_int_equal(found->ndeliveries, 1);
	job_free(found);
	/* DONE is as final as it was. */
	assert_int_equal(fx_save(job, 0), -1);
	job_free(job);
	assert_int_equal(fx_prune(INT64_MAX, 10), 1);
	assert_int_equal(fx_count(fx_list), 2);
}

/* --- version 2 ------------------------------------------------------ */

#define V2(n) "01arz3ndektsv4rrffq69g5fb" n
#define V2_DELIVERY(n) "msg_aaaaaaaaaaaaaaaaaaaaaaaaa" n

static void
check_v2_delivery(const char *id, enum delivery_state state, unsigned attempts,
    const char *note)
{
	struct delivery *d = fx_find_delivery(id);

	assert_non_null(d);
	assert_int_equal(d->state, state);
	assert_int_equal(d->epoch, 3);
	assert_int_equal(d->attempts, attempts);
	assert_int_equal(d->nlog, attempts);
	assert_int_equal(d->interrupted_since, 0);
	if (note == NULL)
		assert_null(d->note);
	else
		assert_string_equal(d->note, note);
	delivery_free(d);
}

static void
check_v2_job(const char *id, enum job_outcome outcome, size_t nsubs)
{
	struct job *job = fx_find(id);

	assert_non_null(job);
	assert_int_equal(job->outcome, outcome);
	assert_int_equal(job->nsubs, nsubs);
	assert_false(job->spec.avoid_duplicates);
	assert_false(job->spec.retry_failed);
	assert_int_equal(job->boot, 0);
	if (nsubs == 2) {
		assert_string_equal(job->subs[0].note, "reset");
		assert_string_equal(job->subs[1].output_location, "s3://b/o2");
		assert_int_equal(job->subs[1].boot, 0);
		assert_null(job->subs[1].before_etag);
	}
	job_free(job);
}

static void
check_v2_keys(void)
{
	char *text = fx_find_idempotency("the key");

	assert_string_equal(text, V2("1") " cafe+");
	free(text);
	text = fx_find_idempotency("old key");
	assert_string_equal(text, V2("3") " +");
	free(text);
}

static void
check_v2(void)
{
	fx_open();
	assert_int_equal(fx_count(fx_list), 6);
	assert_int_equal(fx_count(store_unfinished), 2);
	check_v2_job(V2("1"), OUTCOME_NONE, 0);
	check_v2_job(V2("2"), OUTCOME_NONE, 2);
	check_v2_job(V2("3"), OUTCOME_OK, 1);
	check_v2_job(V2("4"), OUTCOME_FAILED, 0);
	check_v2_job(V2("5"), OUTCOME_EXPIRED, 0);
	check_v2_job(V2("6"), OUTCOME_CANCELLED, 0);
	check_v2_delivery(V2_DELIVERY("b"), DELIVERY_WAITING, 2, "HTTP 503");
	check_v2_delivery(V2_DELIVERY("c"), DELIVERY_DELIVERED, 1, NULL);
	check_v2_delivery(V2_DELIVERY("d"), DELIVERY_DEAD, 1, "exit 7");
	check_v2_keys();
	assert_int_equal(fx.damages, 0);
	fx_close();
	assert_int_equal(fx_number("PRAGMA user_version"), 6);
}

static void
a_file_of_version_2_opens_with_all_that_is_in_it(void **state)
{
	(void)state;
	make_v2();
	check_v2();
	check_v2();
}

/* Once it was taken over. */
static void
what_waited_in_version_2_is_delivered(void **state)
{
	struct delivery *d;
	struct attempt a;

	(void)state;
	make_v2();
	fx_open();
	d = fx_find_delivery(V2_DELIVERY("b"));
	delivery_begin_attempt(d, 9, false, &a);
	assert_int_equal(fx_begin(d, &a), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	delivery_free(d);
	assert_int_equal(fx_take_over(), 3);
	d = fx_find_delivery(V2_DELIVERY("b"));
	assert_int_equal(d->epoch, 4);
	delivery_begin_attempt(d, 9, false, &a);
	assert_int_equal(fx_begin(d, &a), 0);
	assert_memory_equal(fx.deliveries[0]->body, "{\"ok\":true}", 11);
	assert_string_equal(fx.jobs[0]->result_etag, "\"e\"");
	fx_free_jobs();
	delivery_free(d);
}

static void
an_old_file_and_a_new_one_are_the_same(void **state)
{
	static void (*const makers[])(void) = {make_old, make_v2};
	char *fresh, *migrated;
	size_t i;

	(void)state;
	fx_open();
	fx_close();
	fresh = migrate_schema_of_file();
	for (i = 0; i < ARRAY_LEN(makers); i++) {
		makers[i]();
		fx_open();
		fx_close();
		migrated = migrate_schema_of_file();
		assert_string_equal(migrated, fresh);
		free(migrated);
	}
	assert_int_equal(fx_number("PRAGMA application_id"), 0x61776474);
	free(fresh);
}

/* --- when it does not come to its end ------------------------------- */

static void
whenever_the_process_dies_all_jobs_are_there(void **state)
{
	unsigned i, old = 0, new = 0;
	bool killed;

	(void)state;
	for (i = 0;; i++) {
		make_old();
		killed = migrate_killed_at(i);
		if (fx_number("PRAGMA user_version") == 1) {
			old++;
			assert_int_equal(
			    fx_number("SELECT count(*) FROM job JOIN "
				      "job_state USING (seq)"),
			    3);
			assert_int_equal(
			    fx_number("SELECT count(*) FROM submission"), 2);
			assert_int_equal(
			    fx_number("SELECT count(*) FROM sqlite_schema "
				      "WHERE name = 'delivery' OR "
				      "name LIKE 'old%'"),
			    0);
		} else {
			new ++;
		}
		check_all();
		if (!killed)
			break;
	}
	/* It died before the commit, and behind it. */
	assert_true(old > 40);
	assert_true(new >= 2);
}

static void
whenever_the_process_dies_version_2_is_whole(void **state)
{
	(void)state;
	migrate_dies_now_and_then(make_v2, check_v2, 2, 24);
}

static void
a_migration_that_fails_changes_nothing(void **state)
{
	struct store_options o = {.path = fx.path};
	struct error err;

	(void)state;
	make_old();
	/* In the way of a newer table. */
	fx_change("CREATE TABLE kept (x)");
	assert_int_equal(store_open(fx.loop, &o, &fx.store, &err), -1);
	assert_int_equal(err.code, ERR_STORE);
	assert_int_equal(fx_number("PRAGMA user_version"), 1);
	assert_int_equal(fx_number("SELECT count(*) FROM job_state"), 3);
	fx_change("DROP TABLE kept");
	check_all();
}

/* Rows that no version ever wrote: they keep nobody from starting. */
static void
strange_rows_of_an_old_file_stop_nobody(void **state)
{
	struct store_options o = {.path = fx.path};
	struct error err;

	(void)state;
	make_v2();
	fx_change("INSERT INTO delivery_body (seq, body) VALUES (99, x'00')");
	fx_change(
	    "INSERT INTO attempt (delivery, n, outcome, replay, "
	    "started_at, ended_at, status) VALUES (99, 1, 0, 0, 1, 0, 0)");
	fx_change("INSERT INTO submission (seq, n, fate, intent_at, ended_at) "
		  "VALUES (99, 1, 0, 1, 0)");
	fx_change("UPDATE job_state SET state = 9 WHERE seq = 2");
	fx_change("DROP INDEX job_by_key");
	fx_change("UPDATE job SET idempotency_key = 'the key'");
	if (store_open(fx.loop, &o, &fx.store, &err) == -1)
		fail_msg("%s", err.text);
	/* The others go on. */
	assert_int_equal(fx_count(store_unfinished), 1);
	fx_look("01arz3ndektsv4rrffq69g5fb1");
	assert_true(fx.failed);
	assert_int_equal(fx.err.code, ERR_DAMAGED);
	fx_close();
	assert_int_equal(fx_number("SELECT count(*) FROM delivery_body b "
				   "LEFT JOIN delivery d ON d.seq = b.seq "
				   "WHERE d.seq IS NULL"),
	    0);
	assert_int_equal(fx_number("SELECT count(*) FROM damaged"), 1);
}

static void
a_still_file_is_not_brought_up_to_date(void **state)
{
	struct job **jobs;
	struct error err;
	size_t n, i;

	(void)state;
	make_old();
	assert_int_equal(store_peek(fx.path, true, NULL, &jobs, &n, &err), -1);
	assert_int_equal(err.code, ERR_BUSY);
	assert_int_equal(fx_number("PRAGMA user_version"), 1);
	/* A copy of the caller's own is. */
	assert_int_equal(store_peek(fx.path, false, NULL, &jobs, &n, &err), 0);
	assert_int_equal(n, 3);
	for (i = 0; i < n; i++)
		job_free(jobs[i]);
	free(jobs);
	assert_int_equal(fx_number("PRAGMA user_version"), 6);
}

static void
a_version_that_is_not_known_is_named(void **state)
{
	static const char *const versions[] = {"7", "0", "-1"};
	struct store_options o = {.path = fx.path};
	struct job **jobs;
	struct error err;
	size_t i, n;
	char *sql;

	(void)state;
	make_old();
	for (i = 0; i < ARRAY_LEN(versions); i++) {
		sql = xasprintf("PRAGMA user_version = %s", versions[i]);
		fx_change(sql);
		free(sql);
		assert_int_equal(store_open(fx.loop, &o, &fx.store, &err), -1);
		assert_int_equal(err.code, ERR_STORE);
		assert_non_null(strstr(err.text, "schema version"));
		assert_non_null(strstr(err.text, versions[i]));
		assert_int_equal(
		    store_peek(fx.path, true, NULL, &jobs, &n, &err), -1);
		assert_int_equal(err.code, ERR_STORE);
	}
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, migrate_setup, fx_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(an_old_file_opens_with_all_its_jobs),
	    T(an_old_file_can_do_what_a_new_one_can),
	    T(an_old_file_and_a_new_one_are_the_same),
	    T(whenever_the_process_dies_all_jobs_are_there),
	    T(a_file_of_version_2_opens_with_all_that_is_in_it),
	    T(what_waited_in_version_2_is_delivered),
	    T(whenever_the_process_dies_version_2_is_whole),
	    T(a_migration_that_fails_changes_nothing),
	    T(strange_rows_of_an_old_file_stop_nobody),
	    T(a_still_file_is_not_brought_up_to_date),
	    T(a_version_that_is_not_known_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
