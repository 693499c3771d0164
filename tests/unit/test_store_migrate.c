/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of an older version becomes one of version 5 with all that is in it,
 * whenever the process dies meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/support/schema_v1.h"
#include "tests/support/schema_v2.h"
#include "tests/support/schema_v3.h"
#include "tests/support/schema_v4.h"
#include "tests/support/store_fixture.h"

#define QUEUED "01arz3ndektsv4rrffq69g5fa1"
#define PENDING "01arz3ndektsv4rrffq69g5fa2"
#define DONE "01arz3ndektsv4rrffq69g5fa3"

static void
make(const char *schema, const char *rows, int64_t version)
{
	char *wal = xasprintf("%s-wal", fx.path);

	unlink(fx.path);
	unlink(wal);
	free(wal);
	fx_change(schema);
	fx_change(rows);
	assert_int_equal(fx_number("PRAGMA user_version"), version);
}

static void
make_old(void)
{
	make(schema_v1, jobs_v1, 1);
}

static void
make_v2(void)
{
	make(schema_v2, rows_v2, 2);
}

static void
make_v3(void)
{
	make(schema_v3, rows_v3, 3);
}

static void
make_v4(void)
{
	make(schema_v4, rows_v4, 4);
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
	assert_int_equal(fx_number("PRAGMA user_version"), 5);
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
	assert_int_equal(fx_number("PRAGMA user_version"), 5);
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

/* --- version 3 ------------------------------------------------------ */

#define V3(n) "01arz3ndektsv4rrffq69g5fc" n

static void
check_v3(void)
{
	struct delivery *d;
	char *text;

	fx_open();
	assert_int_equal(fx_count(fx_list), 3);
	assert_int_equal(fx_count(store_unfinished), 2);
	d = fx_find_delivery("msg_aaaaaaaaaaaaaaaaaaaaaaaaae");
	assert_int_equal(d->nlog, 1);
	delivery_free(d);
	text = fx_recall();
	assert_string_equal(text, "a=1;");
	free(text);
	text = fx_find_idempotency("the key");
	assert_string_equal(text, V3("1") " cafe+");
	free(text);
	assert_int_equal(fx_see("t", "m", V3("2"), "why"), STORE_SEEN_NOW);
	text = fx_recall_told();
	assert_string_equal(text, V3("2") "=why;");
	free(text);
	assert_int_equal(fx.damages, 0);
	fx_close();
	assert_int_equal(fx_number("PRAGMA user_version"), 5);
}

static void
a_file_of_version_3_opens_with_all_that_is_in_it(void **state)
{
	(void)state;
	make_v3();
	check_v3();
}

/* --- version 4 ------------------------------------------------------ */

#define V4(n) "01arz3ndektsv4rrffq69g5fd" n
#define V4_DELIVERY(n) "msg_aaaaaaaaaaaaaaaaaaaaaaaaa" n

static void
check_v4_delivery(const char *id, enum delivery_state state,
    enum delivery_payload payload, int status, unsigned attempts)
{
	struct delivery *d = fx_find_delivery(id);

	assert_non_null(d);
	assert_int_equal(d->state, state);
	assert_int_equal(d->payload, payload);
	assert_int_equal(d->format, DELIVERY_PLAIN);
	assert_int_equal(d->last_status, status);
	assert_int_equal(d->nlog, attempts);
	assert_int_equal(d->url_expires_at, 0);
	assert_null(d->about);
	delivery_free(d);
}

static void
check_v4_jobs(void)
{
	struct job *job = fx_find(V4("1"));

	assert_memory_equal(job->spec.body, "he\0lo", 5);
	assert_null(job->spec.callback_url);
	assert_null(job->spec.traceparent);
	job_free(job);
	job = fx_find(V4("2"));
	assert_int_equal(job->nsubs, 2);
	assert_string_equal(job->subs[1].before_etag, "\"b\"");
	job_free(job);
	job = fx_find(V4("4"));
	assert_string_equal(job->late_location, "s3://b/l");
	job_free(job);
	/* It was damaged before, and is so still. */
	fx_look(V4("5"));
	assert_int_equal(fx.err.code, ERR_DAMAGED);
}

static void
check_v4_rest(void)
{
	char *text = fx_recall();

	assert_string_equal(text, "a=1;");
	free(text);
	text = fx_find_idempotency("the key");
	assert_string_equal(text, V4("1") " cafe+");
	free(text);
	assert_int_equal(fx_see("t", "m", V4("2"), "why"), STORE_SEEN_BEFORE);
	text = fx_recall_told();
	assert_string_equal(text, V4("2") "=why;");
	free(text);
}

static void
check_v4(void)
{
	struct delivery *d;

	fx_open();
	assert_int_equal(fx_count(fx_list), 4);
	assert_int_equal(fx_count(store_unfinished), 2);
	check_v4_jobs();
	check_v4_delivery(
	    V4_DELIVERY("f"), DELIVERY_WAITING, DELIVERY_RAW, 75, 2);
	check_v4_delivery(
	    V4_DELIVERY("g"), DELIVERY_DEAD, DELIVERY_EVENT, 410, 1);
	check_v4_delivery(
	    V4_DELIVERY("h"), DELIVERY_WAITING, DELIVERY_RAW, -1, 0);
	d = fx_look_delivery(V4_DELIVERY("j"));
	assert_null(d);
	assert_int_equal(fx.err.code, ERR_DAMAGED);
	check_v4_rest();
	/* The one that was not known before: the other is told of no more. */
	assert_true(fx.damages <= 1);
	fx_close();
	assert_int_equal(fx_number("SELECT count(*) FROM damaged"), 2);
	assert_int_equal(fx_number("PRAGMA user_version"), 5);
}

static void
a_file_of_version_4_opens_with_all_that_is_in_it(void **state)
{
	(void)state;
	make_v4();
	check_v4();
	check_v4();
}

/* All that defines the schema, as one text. */
static char *
schema_of_file(void)
{
	static const char ask[] =
	    "SELECT group_concat(t, ';') FROM (SELECT type || name || "
	    "coalesce(sql, '') AS t FROM sqlite_schema ORDER BY type, name)";
	sqlite3_stmt *stmt;
	sqlite3 *db;
	char *text;

	assert_int_equal(sqlite3_open(fx.path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_prepare_v2(db, ask, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	text = xstrdup((const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return text;
}

static void
an_old_file_and_a_new_one_are_the_same(void **state)
{
	char *fresh, *migrated;

	(void)state;
	fx_open();
	fx_close();
	fresh = schema_of_file();
	make_old();
	fx_open();
	fx_close();
	migrated = schema_of_file();
	assert_string_equal(migrated, fresh);
	free(migrated);
	make_v2();
	fx_open();
	fx_close();
	migrated = schema_of_file();
	assert_string_equal(migrated, fresh);
	free(migrated);
	make_v3();
	fx_open();
	fx_close();
	migrated = schema_of_file();
	assert_string_equal(migrated, fresh);
	free(migrated);
	make_v4();
	fx_open();
	fx_close();
	migrated = schema_of_file();
	assert_string_equal(migrated, fresh);
	assert_int_equal(fx_number("PRAGMA application_id"), 0x61776474);
	free(fresh);
	free(migrated);
}

/* --- when it does not come to its end ------------------------------- */

static unsigned statements_left;

/* The process ends at the beginning or the end of some statement. */
static int
on_statement(unsigned type, void *arg, void *p, void *x)
{
	(void)type;
	(void)arg;
	(void)p;
	(void)x;
	if (statements_left-- == 0)
		kill(getpid(), SIGKILL);
	return 0;
}

static int
watch(sqlite3 *db, const char **message, const void *api)
{
	(void)message;
	(void)api;
	sqlite3_trace_v2(
	    db, SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE, on_statement, NULL);
	return SQLITE_OK;
}

/* True where it came so far that it was killed. */
static bool
killed_at(unsigned statement)
{
	struct store_options o = {.path = fx.path};
	struct error err;
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		statements_left = statement;
		sqlite3_auto_extension((void (*)(void))(uintptr_t)watch);
		_exit(store_open(fx.loop, &o, &fx.store, &err) == 0 ? 7 : 8);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return true;
	assert_int_equal(WEXITSTATUS(status), 7);
	return false;
}

static void
whenever_the_process_dies_all_jobs_are_there(void **state)
{
	unsigned i, old = 0, new = 0;
	bool killed;

	(void)state;
	for (i = 0;; i++) {
		make_old();
		killed = killed_at(i);
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

/* At every fourth statement: either the old file is whole, or the new one. */
static void
dies_now_and_then(void (*make_it)(void), void (*check)(void), int64_t version,
    const char *count, int64_t rows)
{
	unsigned i, old = 0, new = 0;
	bool killed;

	for (i = 0;; i += 4) {
		make_it();
		killed = killed_at(i);
		if (fx_number("PRAGMA user_version") == version) {
			old++;
			assert_int_equal(fx_number(count), rows);
		} else {
			new ++;
		}
		check();
		if (!killed)
			break;
	}
	assert_true(old > 10);
	assert_true(new >= 1);
}

#define COUNT                                                           \
	"SELECT (SELECT count(*) FROM job) + "                          \
	"(SELECT count(*) FROM job_state) + "                           \
	"(SELECT count(*) FROM submission) + "                          \
	"(SELECT count(*) FROM delivery) + "                            \
	"(SELECT count(*) FROM delivery_body) + (SELECT count(*) FROM " \
	"attempt)"

static void
whenever_the_process_dies_version_2_is_whole(void **state)
{
	(void)state;
	dies_now_and_then(make_v2, check_v2, 2, COUNT, 24);
}

static void
whenever_the_process_dies_version_4_is_whole(void **state)
{
	(void)state;
	dies_now_and_then(make_v4, check_v4, 4, COUNT, 22);
}

static void
whenever_the_process_dies_version_3_is_whole(void **state)
{
	unsigned i, old = 0;
	bool killed;

	(void)state;
	for (i = 0;; i++) {
		make_v3();
		killed = killed_at(i);
		if (fx_number("PRAGMA user_version") == 3) {
			old++;
			assert_int_equal(
			    fx_number("SELECT count(*) FROM sqlite_schema "
				      "WHERE name = 'notice' OR "
				      "name LIKE 'old%'"),
			    0);
		}
		check_v3();
		if (!killed)
			break;
	}
	assert_true(old > 4);
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
	assert_int_equal(fx_number("PRAGMA user_version"), 5);
}

static void
a_version_that_is_not_known_is_named(void **state)
{
	static const char *const versions[] = {"6", "0", "-1"};
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

/* Where nothing waits for a disk: files are made some hundred times. */
static int
setup(void **state)
{
	if (access("/dev/shm", W_OK) == 0)
		fx_root = "/dev/shm";
	return fx_setup(state);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, fx_teardown)

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
	    T(a_file_of_version_3_opens_with_all_that_is_in_it),
	    T(whenever_the_process_dies_version_3_is_whole),
	    T(a_file_of_version_4_opens_with_all_that_is_in_it),
	    T(whenever_the_process_dies_version_4_is_whole),
	    T(a_migration_that_fails_changes_nothing),
	    T(strange_rows_of_an_old_file_stop_nobody),
	    T(a_still_file_is_not_brought_up_to_date),
	    T(a_version_that_is_not_known_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
