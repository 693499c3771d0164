/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deliveries at rest: made with DONE, written before they are attempted, the
 * same bytes each time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/support/store_fixture.h"

#define HOOK "webhook hook"

/* --- every field ---------------------------------------------------- */

#define SAME(field) assert_int_equal(a->field, b->field)
#define SAME_STRING(field)                               \
	if (a->field != NULL || b->field != NULL) {      \
		assert_non_null(a->field);               \
		assert_non_null(b->field);               \
		assert_string_equal(a->field, b->field); \
	}

static void
assert_same_attempt(const struct attempt *a, const struct attempt *b)
{
	SAME(n);
	SAME(outcome);
	SAME(replay);
	SAME(started_at);
	SAME(ended_at);
	SAME(status);
	SAME_STRING(note);
	SAME_STRING(response);
}

static void
assert_same(const struct delivery *a, const struct delivery *b, size_t nlog)
{
	size_t i;

	assert_string_equal(a->id, b->id);
	assert_string_equal(a->job_id, b->job_id);
	SAME_STRING(target);
	SAME_STRING(event);
	SAME(state);
	SAME(epoch);
	SAME(created_at);
	SAME(due_at);
	SAME(ended_at);
	SAME(attempts);
	SAME(failures);
	SAME(interruptions);
	SAME(interrupted_since);
	SAME(replays);
	SAME(last_status);
	SAME_STRING(about);
	SAME(payload);
	SAME(format);
	SAME(url_expires_at);
	SAME_STRING(note);
	SAME_STRING(content_type);
	SAME(body_size);
	SAME_STRING(body_sha256);
	SAME(by_reference);
	assert_int_equal(b->nlog, nlog);
	for (i = 0; i < nlog; i++)
		assert_same_attempt(&a->log[i], &b->log[i]);
}

/* The delivery as every verb gives it. */
static void
assert_everywhere(const struct delivery *d)
{
	struct store_query all = {0};
	struct delivery *found;
	struct job *job;

	found = fx_find_delivery(d->id);
	assert_non_null(found);
	assert_same(d, found, d->nlog);
	assert_null(found->body);
	delivery_free(found);
	assert_int_equal(fx_query_deliveries(&all), 0);
	assert_int_equal(fx.n, 1);
	assert_same(d, fx.deliveries[0], 0);
	assert_null(fx.deliveries[0]->body);
	fx_free_jobs();
	job = fx_find(d->job_id);
	assert_int_equal(job->ndeliveries, 1);
	assert_same(d, job->deliveries[0], 0);
	assert_null(job->deliveries[0]->body);
	job_free(job);
}

static void
add_attempt(struct delivery *d, const struct attempt *a)
{
	d->log = xreallocarray(d->log, d->nlog + 1, sizeof(*d->log));
	attempt_copy(&d->log[d->nlog++], a);
}

static struct attempt
full_attempt(struct delivery *d)
{
	struct attempt a;

	delivery_begin_attempt(d, 2000, true, &a);
	a.outcome = ATTEMPT_FAILED;
	a.ended_at = 2001;
	a.status = 503;
	a.note = xstrdup("busy \xff");
	a.response = xstrdup("\xe2\x82 'x\"");
	return a;
}

static void
every_field_comes_back(void **state)
{
	struct delivery *d;
	struct attempt a;
	struct job *job;

	(void)state;
	fx_open();
	job = fx_done_job(1000);
	d = fx_add_delivery(job, "webhook \xc3\xa4'x\"");
	d->epoch = 7;
	d->about = xstrdup("msg_\xc3\xa4'x\"");
	d->payload = DELIVERY_REFERENCE;
	d->format = DELIVERY_CE_STRUCTURED;
	d->url_expires_at = 107;
	assert_int_equal(fx_save(job, 0), 0);
	assert_everywhere(d);
	a = full_attempt(d);
	d->due_at = 101;
	d->failures = 1;
	d->interruptions = 1;
	d->interrupted_since = 4242;
	d->replays = 104;
	d->last_status = 503;
	d->note = xstrdup("why \xfe");
	add_attempt(d, &a);
	assert_int_equal(fx_save_delivery(d, &a), 0);
	assert_everywhere(d);
	attempt_done(&a);
	delivery_move(d, DELIVERY_DEAD, INT64_MAX);
	assert_int_equal(fx_save_delivery(d, NULL), 0);
	assert_everywhere(d);
	fx_close();
	fx_open();
	assert_everywhere(d);
	job_free(job);
}

/* --- made with DONE ------------------------------------------------- */

static void
done_and_its_deliveries_are_one_step(void **state)
{
	struct store_query all = {0};
	struct job *job, *found;

	(void)state;
	fx_open();
	job = fx_done_job(1000);
	fx_add_delivery(job, HOOK);
	fx_add_delivery(job, "exec a");
	/* The same twice cannot be: then nothing of it is. */
	fx_add_delivery(job, HOOK);
	assert_int_equal(fx_save(job, 0), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	found = fx_find(job->id);
	assert_int_equal(found->state, JOB_PENDING);
	assert_int_equal(found->ndeliveries, 0);
	job_free(found);
	delivery_free(job->deliveries[--job->ndeliveries]);
	assert_int_equal(fx_save(job, 0), 0);
	assert_int_equal(fx_query_deliveries(&all), 0);
	assert_int_equal(fx.n, 2);
	fx_free_jobs();
	/* DONE is final, and so are its deliveries. */
	assert_int_equal(fx_save(job, 0), -1);
	job_free(job);
}

static void
there_is_no_delivery_of_a_job_that_is_not_done(void **state)
{
	struct job *job = fx_small_job(), *found;

	(void)state;
	fx_open();
	fx_add_delivery(job, HOOK);
	assert_int_equal(fx_insert(job), 0);
	job_add_submission(job)->fate = SUB_ACCEPTED;
	job_move(job, JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(fx_save(job, 1), 0);
	found = fx_find(job->id);
	assert_int_equal(found->ndeliveries, 0);
	job_free(found);
	job_free(job);
}

static void
a_delivery_has_bytes_or_names_them(void **state)
{
	struct job *job;
	struct delivery *d;

	(void)state;
	fx_open();
	job = fx_done_job(1000);
	d = fx_add_delivery(job, HOOK);
	free(d->body);
	d->body = NULL;
	assert_int_equal(fx_save(job, 0), -1);
	xfree(&d->body_sha256);
	d->by_reference = true;
	d->body_size = INT64_MAX;
	assert_int_equal(fx_save(job, 0), 0);
	assert_everywhere(d);
	job_free(job);
}

/* --- attempts ------------------------------------------------------- */

static unsigned frames_when_told;

static void
on_parcel(struct job *take_job, struct delivery *take_d,
    const struct error *err, void *arg)
{
	(void)arg;
	assert_null(err);
	frames_when_told = fx_frames(true);
	job_free(take_job);
	delivery_free(take_d);
	fx.done = true;
	loop_stop(fx.loop);
}

static void
an_attempt_is_on_disk_before_anybody_is_told(void **state)
{
	struct attempt a;
	struct delivery *d, *found;
	struct job *job;
	unsigned before;

	(void)state;
	fx_open();
	job = fx_done_job(1000);
	d = fx_add_delivery(job, HOOK);
	assert_int_equal(fx_save(job, 0), 0);
	before = fx_frames(true);
	delivery_begin_attempt(d, 5, false, &a);
	fx.done = false;
	store_begin_attempt(fx.store, d, &a, on_parcel, NULL);
	while (!fx.done)
		loop_run(fx.loop);
	fx.done = false;
	assert_int_equal(frames_when_told, before + 1);
	found = fx_find_delivery(d->id);
	assert_int_equal(found->attempts, 1);
	assert_int_equal(found->due_at, 0);
	assert_int_equal(found->nlog, 1);
	assert_int_equal(found->log[0].outcome, ATTEMPT_OPEN);
	delivery_free(found);
	job_free(job);
}

static void
what_is_to_be_delivered_comes_with_the_attempt(void **state)
{
	struct attempt a;
	struct delivery *d;
	struct job *job;
	int i;

	(void)state;
	fx_open();
	job = fx_done_job(1234);
	job->result_location = xstrdup("s3://b/o");
	fx_add_delivery(job, "exec other");
	d = fx_add_delivery(job, HOOK);
	assert_int_equal(fx_save(job, 0), 0);
	/* The same each time. */
	for (i = 0; i < 3; i++) {
		delivery_begin_attempt(d, 5, false, &a);
		assert_int_equal(fx_begin(d, &a), 0);
		assert_string_equal(fx.jobs[0]->id, job->id);
		assert_int_equal(fx.jobs[0]->state, JOB_DONE);
		assert_int_equal(fx.jobs[0]->completed_at, 1234);
		assert_string_equal(fx.jobs[0]->result_location, "s3://b/o");
		assert_int_equal(fx.jobs[0]->nsubs, 1);
		assert_null(fx.jobs[0]->spec.body);
		assert_int_equal(fx.jobs[0]->ndeliveries, 0);
		assert_same(d, fx.deliveries[0], 0);
		assert_memory_equal(
		    fx.deliveries[0]->body, d->body, (size_t)d->body_size);
		fx_free_jobs();
	}
	job_free(job);
}

static void
what_is_by_reference_has_no_bytes(void **state)
{
	struct attempt a;
	struct delivery *d;
	struct job *job;

	(void)state;
	fx_open();
	job = fx_done_job(1000);
	d = fx_add_delivery(job, HOOK);
	xfree(&d->body_sha256);
	d->by_reference = true;
	assert_int_equal(fx_save(job, 0), 0);
	delivery_begin_attempt(d, 5, false, &a);
	assert_int_equal(fx_begin(d, &a), 0);
	assert_true(fx.deliveries[0]->by_reference);
	assert_null(fx.deliveries[0]->body);
	fx_free_jobs();
	job_free(job);
}

static void
an_empty_body_is_a_body(void **state)
{
	struct attempt a;
	struct delivery *d;
	struct job *job;

	(void)state;
	fx_open();
	job = fx_done_job(1000);
	d = fx_add_delivery(job, HOOK);
	delivery_set_body(d, "", 0);
	assert_int_equal(fx_save(job, 0), 0);
	delivery_begin_attempt(d, 5, false, &a);
	assert_int_equal(fx_begin(d, &a), 0);
	assert_non_null(fx.deliveries[0]->body);
	assert_int_equal(fx.deliveries[0]->body_size, 0);
	fx_free_jobs();
	job_free(job);
}

/* A delivery whose job is gone is not sent with nothing. */
static void
half_a_parcel_is_none(void **state)
{
	struct attempt a;
	struct delivery *d;
	struct job *job;

	(void)state;
	fx_open();
	job = fx_done_job(1000);
	d = fx_add_delivery(job, HOOK);
	assert_int_equal(fx_save(job, 0), 0);
	fx_close();
	fx_change("DELETE FROM job");
	fx_open();
	delivery_begin_attempt(d, 5, false, &a);
	assert_int_equal(fx_begin(d, &a), -1);
	assert_int_equal(fx.err.code, ERR_DAMAGED);
	fx_close();
	assert_int_equal(fx_number("SELECT count(*) FROM attempt"), 0);
	job_free(job);
}

static void
a_former_owner_attempts_nothing(void **state)
{
	struct attempt a;
	struct delivery *d, *found;
	struct job *job;

	(void)state;
	fx_open();
	job = fx_done_job(1000);
	d = fx_add_delivery(job, HOOK);
	assert_int_equal(fx_save(job, 0), 0);
	delivery_begin_attempt(d, 5, false, &a);
	d->epoch = 2;
	assert_int_equal(fx_begin(d, &a), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	assert_non_null(strstr(fx.err.text, "not ours"));
	assert_int_equal(fx_save_delivery(d, &a), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	found = fx_find_delivery(d->id);
	assert_int_equal(found->epoch, 1);
	assert_int_equal(found->attempts, 0);
	assert_int_equal(found->nlog, 0);
	delivery_free(found);
	job_free(job);
}

static void
a_delivery_that_is_not_there_is_not_attempted(void **state)
{
	struct attempt a;
	struct delivery *d;
	struct job *job = fx_small_job();

	(void)state;
	fx_open();
	assert_int_equal(fx_insert(job), 0);
	d = fx_add_delivery(job, HOOK);
	delivery_begin_attempt(d, 5, false, &a);
	assert_int_equal(fx_begin(d, &a), -1);
	assert_int_equal(fx_save_delivery(d, NULL), -1);
	assert_null(fx_find_delivery(d->id));
	assert_null(fx_find_delivery("' OR 1=1 --"));
	job_free(job);
}

static void
how_an_attempt_began_stays(void **state)
{
	struct attempt a;
	struct delivery *d, *found;
	struct job *job;

	(void)state;
	fx_open();
	job = fx_done_job(1000);
	d = fx_add_delivery(job, HOOK);
	assert_int_equal(fx_save(job, 0), 0);
	delivery_begin_attempt(d, 5, true, &a);
	assert_int_equal(fx_save_delivery(d, &a), 0);
	/* Whoever finds it after a crash knows no more than that it ended. */
	a.started_at = 99;
	a.replay = false;
	a.outcome = ATTEMPT_INTERRUPTED;
	a.ended_at = 100;
	a.status = 9;
	a.note = xstrdup("n");
	a.response = xstrdup("r");
	d->due_at = 200;
	assert_int_equal(fx_save_delivery(d, &a), 0);
	a.started_at = 5;
	a.replay = true;
	found = fx_find_delivery(d->id);
	assert_int_equal(found->nlog, 1);
	assert_same_attempt(&a, &found->log[0]);
	delivery_free(found);
	attempt_done(&a);
	job_free(job);
}

static void
what_was_delivered_can_be_sent_again(void **state)
{
	struct delivery *d, *found;
	struct job *job;

	(void)state;
	fx_open();
	job = fx_done_job(1000);
	d = fx_add_delivery(job, HOOK);
	assert_int_equal(fx_save(job, 0), 0);
	delivery_move(d, DELIVERY_DELIVERED, 5);
	assert_int_equal(fx_save_delivery(d, NULL), 0);
	delivery_move(d, DELIVERY_WAITING, 6);
	assert_int_equal(fx_save_delivery(d, NULL), 0);
	found = fx_find_delivery(d->id);
	assert_int_equal(found->state, DELIVERY_WAITING);
	assert_int_equal(found->due_at, 6);
	delivery_free(found);
	job_free(job);
}

static void
an_attempt_does_not_write_the_body_again(void **state)
{
	char *bytes = xcalloc(1, 65536);
	struct delivery *d;
	struct attempt a;
	struct job *job;
	unsigned before;

	(void)state;
	fx_open();
	job = fx_done_job(1000);
	d = fx_add_delivery(job, HOOK);
	delivery_set_body(d, bytes, 65536);
	free(bytes);
	before = fx_frames(false);
	assert_int_equal(fx_save(job, 0), 0);
	assert_true(fx_frames(false) - before >= 16);
	before = fx_frames(false);
	delivery_begin_attempt(d, 5, false, &a);
	d->note = xstrdup("a note that makes the row another size");
	assert_int_equal(fx_begin(d, &a), 0);
	fx_free_jobs();
	assert_in_range(fx_frames(false) - before, 1, 8);
	job_free(job);
}

static void
of_very_many_attempts_the_last_are_told(void **state)
{
	struct delivery *d, *found;
	struct attempt a;
	struct job *job;
	unsigned i;

	(void)state;
	fx_open();
	job = fx_done_job(1000);
	d = fx_add_delivery(job, HOOK);
	assert_int_equal(fx_save(job, 0), 0);
	for (i = 0; i < 205; i++) {
		delivery_begin_attempt(d, i, true, &a);
		assert_int_equal(fx_save_delivery(d, &a), 0);
	}
	found = fx_find_delivery(d->id);
	assert_int_equal(found->nlog, 200);
	assert_int_equal(found->log[0].n, 6);
	assert_int_equal(found->log[199].n, 205);
	delivery_free(found);
	job_free(job);
}

/* --- hostile files -------------------------------------------------- */

#define EMPTY                                                     \
	"DELETE FROM attempt; DELETE FROM delivery_body; DELETE " \
	"FROM delivery; DELETE FROM submission; DELETE FROM "     \
	"job_state; DELETE FROM job"

/* A delivery with two attempts; its job has another. Its id. */
static char *
make_rows(void)
{
	struct delivery *d;
	struct attempt a;
	struct job *job;
	char *id;
	int i;

	fx_open();
	job = fx_done_job(1000);
	d = fx_add_delivery(job, HOOK);
	fx_add_delivery(job, "exec a");
	assert_int_equal(fx_save(job, 0), 0);
	for (i = 0; i < 2; i++) {
		delivery_begin_attempt(d, 5, false, &a);
		assert_int_equal(fx_save_delivery(d, &a), 0);
	}
	id = xstrdup(d->id);
	job_free(job);
	fx_close();
	return id;
}

static size_t listed; /* by the last read_everything() */

static void
on_find(struct delivery **v, size_t n, const struct error *err, void *arg)
{
	struct error *out = arg;

	if (err != NULL)
		*out = *err;
	else
		listed = n;
	while (n > 0)
		delivery_free(v[--n]);
	fx.done = true;
	loop_stop(fx.loop);
}

/* What is wrong with the file, or code NONE. */
static struct error
read_everything(const char *id)
{
	struct store_query all = {0};
	struct error err = {0};

	fx_open();
	fx.done = false;
	store_list_deliveries(fx.store, &all, on_find, &err);
	while (!fx.done)
		loop_run(fx.loop);
	fx.done = false;
	if (err.code == ERR_NONE && listed == 2) {
		store_find_delivery(fx.store, id, on_find, &err);
		while (!fx.done)
			loop_run(fx.loop);
		fx.done = false;
		listed = 2;
	}
	fx_close();
	return err;
}

/* Whatever the checksums say. */
static void
check_set_aside(void (*change)(const char *), const char *sql)
{
	char *id = make_rows();
	struct error err = read_everything(id);

	if (err.code != ERR_NONE)
		fail_msg("refused as it was: %s", err.text);
	change(sql);
	err = read_everything(id);
	if (err.code != ERR_DAMAGED && listed == 2)
		fail_msg("taken: %s", sql);
	if (fx_number("SELECT count(*) FROM damaged") < 1)
		fail_msg("not noted: %s", sql);
	free(id);
	fx_change(EMPTY);
}

static void
rows_that_make_no_sense_are_set_aside(void **state)
{
	static const char *const changes[] = {
	    "UPDATE delivery SET state = 3",
	    "UPDATE delivery SET state = -1",
	    "UPDATE delivery SET state = 4294967296",
	    "UPDATE delivery SET id = 'msg_' WHERE seq = 2",
	    "UPDATE delivery SET id = upper(id) WHERE seq = 2",
	    "UPDATE delivery SET id = id || 'x' WHERE seq = 2",
	    "UPDATE job SET id = 'short'",
	    "UPDATE delivery SET body_size = -1",
	    "UPDATE delivery SET body_sha256 = NULL",
	    "UPDATE delivery SET by_reference = 1",
	    "UPDATE delivery SET attempts = -1",
	    "UPDATE delivery SET attempts = 4294967298",
	    "UPDATE delivery SET attempts = 1",
	    "UPDATE delivery SET due_at = 0 WHERE seq = 2",
	    "UPDATE delivery SET failures = 3",
	    "UPDATE delivery SET failures = -1",
	    "UPDATE delivery SET interruptions = 3",
	    "UPDATE delivery SET replays = -1",
	    "UPDATE attempt SET n = n + 10",
	    "UPDATE attempt SET n = n - 1",
	    "UPDATE attempt SET n = 7 WHERE n = 2",
	    "UPDATE attempt SET outcome = 4",
	    "UPDATE attempt SET outcome = -1",
	    "UPDATE attempt SET outcome = 4294967297",
	    "UPDATE attempt SET status = -2",
	    "UPDATE attempt SET status = 4294967296",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(changes); i++) {
		check_set_aside(fx_change, changes[i]);
		check_set_aside(fx_rewrite, changes[i]);
	}
}

static void
bytes_that_changed_are_not_delivered(void **state)
{
	static const char *const changes[] = {
	    ("UPDATE delivery_body SET body = CAST('X' || substr(body, 2) AS "
	     "BLOB)"),
	    "UPDATE delivery_body SET body = CAST(body || 'x' AS BLOB)",
	    "UPDATE delivery_body SET body = x''",
	    "DELETE FROM delivery_body",
	    "UPDATE delivery SET body_size = body_size - 1",
	    "UPDATE delivery SET body_size = 0",
	    "UPDATE delivery SET body_sha256 = 'x'",
	    "UPDATE delivery SET body_sha256 = NULL, by_reference = 1",
	};
	struct delivery *d;
	struct attempt a;
	size_t i;
	char *id;

	(void)state;
	for (i = 0; i < ARRAY_LEN(changes); i++) {
		id = make_rows();
		fx_rewrite(changes[i]);
		fx_open();
		d = fx_find_delivery(id);
		delivery_begin_attempt(d, 5, false, &a);
		if (fx_begin(d, &a) == 0)
			fail_msg("taken: %s", changes[i]);
		assert_int_equal(fx.err.code, ERR_DAMAGED);
		delivery_free(d);
		/* What cannot be sent was not attempted. */
		d = fx_find_delivery(id);
		assert_int_equal(d->attempts, 2);
		delivery_free(d);
		fx_close();
		free(id);
		fx_change(EMPTY);
	}
}

/* The index of one job leads to the row of the other, which is sound. */
static void
an_index_that_is_damaged_gives_nobody_anothers_delivery(void **state)
{
	static const char swap[] =
	    "DROP INDEX delivery_by_job;"
	    "CREATE UNIQUE INDEX delivery_by_job "
	    "ON delivery (3 - job, target, event);"
	    "PRAGMA writable_schema = 1;"
	    "UPDATE sqlite_master SET sql = 'CREATE UNIQUE INDEX "
	    "delivery_by_job ON delivery (job, target, event)' "
	    "WHERE name = 'delivery_by_job';";
	char ids[2][JOBID_SIZE];
	struct job *job;
	size_t i;

	(void)state;
	fx_open();
	for (i = 0; i < 2; i++) {
		job = fx_done_job(50);
		memcpy(ids[i], job->id, JOBID_SIZE);
		fx_add_delivery(job, HOOK);
		assert_int_equal(fx_save(job, 0), 0);
		job_free(job);
	}
	fx_close();
	fx_change(swap);
	fx_open();
	for (i = 0; i < 2; i++) {
		job = fx_look(ids[i]);
		if (job != NULL)
			assert_int_equal(job->ndeliveries, 0);
		job_free(job);
	}
	assert_true(fx.damages > 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(every_field_comes_back),
	    T(an_index_that_is_damaged_gives_nobody_anothers_delivery),
	    T(done_and_its_deliveries_are_one_step),
	    T(there_is_no_delivery_of_a_job_that_is_not_done),
	    T(a_delivery_has_bytes_or_names_them),
	    T(an_attempt_is_on_disk_before_anybody_is_told),
	    T(what_is_to_be_delivered_comes_with_the_attempt),
	    T(what_is_by_reference_has_no_bytes),
	    T(an_empty_body_is_a_body),
	    T(half_a_parcel_is_none),
	    T(a_former_owner_attempts_nothing),
	    T(a_delivery_that_is_not_there_is_not_attempted),
	    T(how_an_attempt_began_stays),
	    T(what_was_delivered_can_be_sent_again),
	    T(an_attempt_does_not_write_the_body_again),
	    T(of_very_many_attempts_the_last_are_told),
	    T(rows_that_make_no_sense_are_set_aside),
	    T(bytes_that_changed_are_not_delivered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
