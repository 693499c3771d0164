/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is not what was written is never read as if it were: values that were
 * changed one by one, and bits of the file. Whatever is read is what was
 * written, and what is missing was told of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/sqlite_columns.h"
#include "tests/support/store_fixture.h"

/* --- what was written ----------------------------------------------- */

#define OBJECTS_MAX 32

struct object {
	char id[40];
	char *text;
};
static struct object objects[OBJECTS_MAX];
static size_t nobjects, nwaiting, nunfinished, njobs;
static struct buf original; /* the file */
static char queued[JOBID_SIZE], pending[JOBID_SIZE], ended[JOBID_SIZE];
static struct delivery *waiting;

#define DUMP(kind, name) DUMP_##kind(from->name);
#define DUMP_TEXT(v) buf_printf(b, "%s|", (v) != NULL ? (v) : "-")
#define DUMP_INT(v) buf_printf(b, "%" PRId64 "|", (int64_t)(v))
#define DUMP_FLAG(v) DUMP_INT(v)
#define DUMP_ENUM(v) DUMP_INT(v)
#define DUMP_COUNT(v) DUMP_INT(v)
#define DUMP_STATUS(v) DUMP_INT(v)

static void
dump_submission(struct buf *b, const struct submission *from)
{
	SUBMISSION_COLUMNS(DUMP)
}

static void
dump_spec(struct buf *b, const struct job_spec *from)
{
	SPEC_COLUMNS(DUMP)
	DUMP_INT(from->body_len);
}

static char *
dump_job(const struct job *from)
{
	struct buf out, *b = &out;
	size_t i;

	buf_init(b, 1 << 16);
	DUMP_INT(from->created_at);
	DUMP_INT(from->epoch);
	dump_spec(b, &from->spec);
	STATE_COLUMNS(DUMP)
	for (i = 0; i < from->nsubs; i++)
		dump_submission(b, &from->subs[i]);
	LATE_COLUMNS(DUMP)
	return buf_take(b);
}

static char *
dump_delivery(const struct delivery *from)
{
	struct buf out, *b = &out;

	buf_init(b, 1 << 16);
	DUMP_TEXT(from->job_id);
	DUMP_INT(from->epoch);
	FROZEN_COLUMNS(DUMP)
	DELIVERY_COLUMNS(DUMP)
	return buf_take(b);
}

/* While nothing is damaged they are noted, later they must be the same. */
static bool learning;
static const char *change; /* what is tried, for messages */

/* Without its late result, which was told of and is looked for again. */
static bool
lost_late(const char *text, const char *wanted)
{
	static const char none[] = "|0|-|-|-|0|";
	const char *end = strstr(text, none);

	while (end != NULL && end[sizeof(none) - 1] != '\0')
		end = strstr(end + 1, none);
	return end != NULL && fx.damages > 0 &&
	    strncmp(text, wanted, (size_t)(end - text)) == 0;
}

static void
meet(const char *id, char *take_text)
{
	size_t i;

	for (i = 0; i < nobjects && !str_eq(objects[i].id, id); i++)
		;
	if (i == nobjects) {
		if (!learning)
			fail_msg("%s: %s was never written", change, id);
		assert_true(nobjects < OBJECTS_MAX);
		snprintf(objects[i].id, sizeof(objects[i].id), "%s", id);
		objects[nobjects++].text = take_text;
		return;
	}
	if (!str_eq(objects[i].text, take_text) &&
	    !lost_late(take_text, objects[i].text))
		fail_msg("%s: %s is\n%s and was\n%s", change, id, take_text,
		    objects[i].text);
	free(take_text);
}

static size_t
meet_jobs(void)
{
	size_t i, n = fx.n;

	for (i = 0; i < n; i++) {
		struct job *job = fx.jobs[i];

		if (job->spec.body != NULL)
			assert_memory_equal(job->spec.body, "hello", 5);
		meet(job->id, dump_job(job));
	}
	fx_free_jobs();
	return n;
}

static size_t
meet_deliveries(void)
{
	size_t i, n = fx.n;

	for (i = 0; i < n; i++)
		meet(fx.deliveries[i]->id, dump_delivery(fx.deliveries[i]));
	fx_free_jobs();
	return n;
}

/* --- reading all of it ---------------------------------------------- */

static bool troubled; /* something could not be read, and said so */
static char missing[64]; /* what is, or "" */

/* How many were read; what is missing was told of. */
static size_t
count_or_told(size_t n, size_t wanted, const char *what)
{
	if (fx.failed) {
		troubled = true;
		assert_true(fx.err.code == ERR_DAMAGED ||
		    fx.err.code == ERR_STORE || fx.err.code == ERR_NOT_FOUND);
	} else if (!learning && n != wanted) {
		snprintf(
		    missing, sizeof(missing), "%zu of %zu %s", n, wanted, what);
	}
	return n;
}

/* All of it, or less, and then that was told of. */
static void
must_read(char *take_text, const char *wanted)
{
	if (!str_eq(take_text, wanted) &&
	    (fx.damages == 0 || strstr(wanted, take_text) == NULL))
		fail_msg("%s: %s", change, take_text);
	free(take_text);
}

static void
read_kept(void)
{
	char *told = xasprintf("%s=why;", pending);

	must_read(fx_recall(), "a=1;b=2;");
	must_read(fx_recall_told(), told);
	free(told);
}

static void
read_key(void)
{
	char *wanted = xasprintf("%s cafe+", queued);
	char *text = fx_find_idempotency("k");

	if (text != NULL && !fx.failed && strncmp(text, wanted, 31) != 0)
		fail_msg("%s: key: %s", change, text);
	free(wanted);
	free(text);
}

/* The very bytes, or nothing. */
static void
ship(void)
{
	struct delivery *d = delivery_clone(waiting, false);
	struct attempt a;

	delivery_begin_attempt(d, 9, false, &a);
	if (fx_begin(d, &a) == 0) {
		assert_int_equal(fx.deliveries[0]->body_size, 33);
		assert_memory_equal(fx.deliveries[0]->body, ended, 26);
		assert_memory_equal(
		    (char *)fx.deliveries[0]->body + 26, " exec b", 7);
		fx_free_jobs();
	}
	delivery_free(d);
}

static void
read_all(void)
{
	static const struct store_query all = {0};
	static const struct store_query due = {.state = "waiting"};
	struct job *job;

	fx_load(store_unfinished);
	nunfinished = count_or_told(meet_jobs(), nunfinished, "unfinished");
	fx_load(fx_list);
	njobs = count_or_told(meet_jobs(), njobs, "jobs");
	fx_query_deliveries(&due);
	nwaiting = count_or_told(meet_deliveries(), nwaiting, "waiting");
	fx_query_deliveries(&all);
	meet_deliveries();
	fx_expired(0, 10);
	meet_jobs();
	job = fx_look(queued);
	if (job != NULL)
		meet(job->id, dump_job(job));
	job_free(job);
}

/* --- a file with all there is --------------------------------------- */

static void
add_ended(void)
{
	struct job *job = fx_done_job(50);
	struct delivery *sent;
	struct attempt a;

	memcpy(ended, job->id, sizeof(ended));
	sent = fx_add_delivery(job, "exec a");
	waiting = delivery_clone(fx_add_delivery(job, "exec b"), false);
	job->result_etag = xstrdup("\"0123\"");
	job->result_size = 77;
	assert_int_equal(fx_save(job, 0), 0);
	delivery_begin_attempt(sent, 5, false, &a);
	assert_int_equal(fx_begin(sent, &a), 0);
	fx_free_jobs();
	a.outcome = ATTEMPT_OK;
	delivery_move(sent, DELIVERY_DELIVERED, 6);
	assert_int_equal(fx_save_delivery(sent, &a), 0);
	job_free(job);
}

static void
add_expired(void)
{
	struct job *job = fx_small_job();

	assert_int_equal(fx_insert(job), 0);
	job_move(job, JOB_DONE, OUTCOME_EXPIRED);
	job->completed_at = 60;
	assert_int_equal(fx_save(job, 0), 0);
	job->late_at = 70;
	job->late_location = xstrdup("s3://b/late");
	assert_int_equal(fx_save_late(job), 0);
	job_free(job);
}

static void
make_file(void)
{
	struct job *job = fx_small_job();
	struct error err;

	fx_open();
	memcpy(queued, job->id, sizeof(queued));
	job->spec.idempotency_key = xstrdup("k");
	job->spec.idempotency_hash = xstrdup("cafe");
	assert_int_equal(fx_insert(job), 0);
	job_free(job);
	job = fx_small_job();
	memcpy(pending, job->id, sizeof(pending));
	assert_int_equal(fx_insert(job), 0);
	job_add_submission(job)->fate = SUB_DOUBT;
	job->subs[0].note = xstrdup("reset");
	assert_int_equal(fx_save(job, 1), 0);
	job_add_submission(job)->fate = SUB_ACCEPTED;
	job_move(job, JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(fx_save(job, 2), 0);
	job_free(job);
	add_ended();
	add_expired();
	assert_int_equal(fx_see("topic", "m", pending, "why"), STORE_SEEN_NOW);
	assert_int_equal(fx_keep("a", "1"), 0);
	assert_int_equal(fx_keep("b", "2"), 0);
	fx_close();
	buf_init(&original, 1 << 22);
	assert_int_equal(file_read(fx.path, &original, &err), 0);
}

static int
setup(void **state)
{
	/* Where nothing waits for a disk. */
	if (access("/dev/shm", W_OK) == 0)
		fx_root = "/dev/shm";
	if (fx_setup(state) == -1)
		return -1;
	make_file();
	learning = true;
	troubled = false;
	fx_open();
	read_all();
	assert_int_equal(fx.damages, 0);
	fx_close();
	learning = false;
	assert_int_equal(nunfinished, 2);
	assert_int_equal(njobs, 4);
	assert_int_equal(nwaiting, 1);
	return 0;
}

static int
teardown(void **state)
{
	while (nobjects > 0)
		free(objects[--nobjects].text);
	delivery_free(waiting);
	buf_done(&original);
	return fx_teardown(state);
}

static void
put_back(void)
{
	char *wal = xasprintf("%s-wal", fx.path);
	FILE *f;

	unlink(wal);
	free(wal);
	/* Not made durable: it is read at once, some thousand times. */
	f = fopen(fx.path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(original.data, original.len, 1, f), 1);
	assert_int_equal(fclose(f), 0);
}

/* The file as it is now: what comes of it. The numbers of what is wanted stay,
 * whatever was read. */
static void
check_file(void)
{
	size_t unfinished = nunfinished, jobs = njobs, due = nwaiting;

	troubled = false;
	missing[0] = '\0';
	/* It may be refused as a whole. */
	if (!fx_try_open()) {
		troubled = true;
		return;
	}
	read_all();
	read_kept();
	read_key();
	ship();
	fx_close();
	if (missing[0] != '\0' && fx.damages == 0 && !troubled)
		fail_msg("%s: %s", change, missing);
	nunfinished = unfinished;
	njobs = jobs;
	nwaiting = due;
}

/* --- values --------------------------------------------------------- */

static const char *const tables[] = {"job", "job_state", "submission",
    "delivery", "delivery_body", "attempt", "late_result", "idempotency",
    "kept", "notice", "told"};
static const char *const values[] = {"1", "0", "'x'", "''", "x'6162'", "NULL",
    "%s + 1", "substr(%s, 2)",
    /* As long as it was. */
    "CAST(replace(%s, 'l', 'm') AS BLOB)"};

/* The statement's rows as a list; the caller's. */
static char **
ask_list(const char *sql, size_t *n)
{
	char **v = NULL;
	sqlite3_stmt *stmt;
	sqlite3 *db;

	*n = 0;
	assert_int_equal(sqlite3_open(fx.path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		v = xreallocarray(v, *n + 1, sizeof(*v));
		v[(*n)++] = xstrdup((const char *)sqlite3_column_text(stmt, 0));
	}
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return v;
}

/* Only where it changes something. */
static bool
try_change(const char *sql)
{
	sqlite3 *db;
	int changes;

	assert_int_equal(sqlite3_open(fx.path, &db), SQLITE_OK);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_exec(db, sql, NULL, NULL, NULL);
	changes = sqlite3_total_changes(db);
	sqlite3_close(db);
	return changes > 0;
}

static unsigned
try_column(const char *table, const char *column)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < ARRAY_LEN(values); i++) {
		char value[80];
		char *sql;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(value, sizeof(value), values[i], column);
#pragma GCC diagnostic pop
		sql = xasprintf("UPDATE OR IGNORE %s SET %s = %s "
				"WHERE %s IS NOT %s",
		    table, column, value, column, value);
		put_back();
		change = sql;
		if (try_change(sql)) {
			check_file();
			n++;
		}
		free(sql);
	}
	return n;
}

static void
no_value_that_was_changed_is_read(void **state)
{
	size_t i, j, ncolumns;
	unsigned n = 0;
	char **columns;

	(void)state;
	for (i = 0; i < ARRAY_LEN(tables); i++) {
		char *sql = xasprintf(
		    "SELECT name FROM pragma_table_info('%s')", tables[i]);

		put_back();
		columns = ask_list(sql, &ncolumns);
		for (j = 0; j < ncolumns; j++) {
			n += try_column(tables[i], columns[j]);
			free(columns[j]);
		}
		free(columns);
		free(sql);
	}
	print_message("changed=%u read_as_written=all\n", n);
	assert_true(n > 300);
}

static void
no_row_that_is_gone_is_gone_in_silence(void **state)
{
	static const char *const changes[] = {
	    "DELETE FROM job WHERE seq = 1",
	    "DELETE FROM job_state WHERE seq = 1",
	    "DELETE FROM job_state WHERE seq = 2",
	    "DELETE FROM submission WHERE n = 1",
	    "DELETE FROM submission WHERE n = 2",
	    "UPDATE job SET seq = 77 WHERE seq = 1",
	    "UPDATE job_state SET seq = 77 WHERE seq = 2",
	    "UPDATE submission SET seq = 4 WHERE n = 2",
	    "UPDATE delivery SET job = 1",
	    "UPDATE job_state SET state = 2 WHERE seq = 1",
	    "UPDATE job SET body = x'68656c6c70' WHERE seq = 2",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(changes); i++) {
		put_back();
		change = changes[i];
		assert_true(try_change(changes[i]));
		check_file();
	}
}

/* --- bits ----------------------------------------------------------- */

#define STRIDE 149

static void
no_bit_that_flipped_is_read(void **state)
{
	unsigned tried = 0, told = 0;
	size_t at;

	(void)state;
	for (at = 100; at < original.len; at += STRIDE) {
		unsigned bit = 1U << (at / STRIDE % 8);
		char text[64];

		snprintf(text, sizeof(text), "byte %zu ^ %u", at, bit);
		change = text;
		original.data[at] = (char)(original.data[at] ^ (int)bit);
		put_back();
		original.data[at] = (char)(original.data[at] ^ (int)bit);
		check_file();
		tried++;
		told += fx.damages > 0 || troubled;
	}
	print_message("flips=%u told=%u wrong=0 crash=0\n", tried, told);
	assert_true(told > 0);
}

/* --- what is said, and what is let alone ---------------------------- */

static uint64_t
counted(void)
{
	struct store_counts now;

	store_count(fx.store, &now);
	return now.damaged;
}

static void
a_damaged_job_is_named_and_let_alone(void **state)
{
	struct job *job;

	(void)state;
	fx_open();
	job = fx_find(pending);
	fx_close();
	change = "a damaged state";
	assert_true(
	    try_change("UPDATE job_state SET deadline_at = 7 WHERE seq = 2"));
	fx_open();
	assert_null(fx_look(pending));
	assert_true(fx.failed);
	assert_int_equal(fx.err.code, ERR_DAMAGED);
	assert_non_null(strstr(fx.err.text, pending));
	assert_true(fx.err.hint[0] != '\0');
	/* It is told of once, however often it is met. */
	assert_int_equal(fx.damages, 1);
	assert_int_equal(counted(), 1);
	assert_int_equal(fx.damage.code, ERR_DAMAGED);
	assert_non_null(strstr(fx.damage.text, pending));
	assert_int_equal(fx_save(job, 2), -1);
	assert_int_equal(fx.err.code, ERR_DAMAGED);
	assert_int_equal(fx_count(store_unfinished), 1);
	assert_int_equal(fx.damages, 1);
	fx_close();
	assert_int_equal(
	    fx_number("SELECT deadline_at FROM job_state WHERE seq = 2"), 7);
	/* In the next life, too. */
	fx_open();
	assert_int_equal(fx_count(store_unfinished), 1);
	assert_int_equal(fx.damages, 0);
	assert_int_equal(counted(), 1);
	job_free(job);
}

static void
a_job_with_a_damaged_submission_is_set_aside(void **state)
{
	struct job *job;

	(void)state;
	fx_open();
	job = fx_find(pending);
	fx_close();
	assert_true(try_change("UPDATE submission SET note = 'x' WHERE n = 1"));
	fx_open();
	assert_int_equal(fx_save(job, 2), -1);
	assert_int_equal(fx.err.code, ERR_DAMAGED);
	assert_int_equal(fx.damages, 1);
	assert_int_equal(fx_count(store_unfinished), 1);
	job_free(job);
}

/* Without it nobody would know that the model may run already. */
static void
a_job_whose_intent_is_lost_is_set_aside(void **state)
{
	struct job *job = fx_small_job();

	(void)state;
	fx_open();
	assert_int_equal(fx_insert(job), 0);
	job_add_submission(job)->fate = SUB_OPEN;
	assert_int_equal(fx_save(job, 1), 0);
	assert_int_equal(fx_count(store_unfinished), 3);
	fx_close();
	assert_true(try_change("DELETE FROM submission WHERE seq = "
			       "(SELECT max(seq) FROM submission)"));
	fx_open();
	assert_int_equal(fx_count(store_unfinished), 2);
	assert_int_equal(fx.damages, 1);
	assert_int_equal(fx_save(job, 1), -1);
	assert_int_equal(fx.err.code, ERR_DAMAGED);
	job_free(job);
}

static void
a_delivery_with_a_damaged_attempt_is_set_aside(void **state)
{
	static const struct store_query done = {.state = "delivered"};
	struct delivery *d;
	struct attempt a;

	(void)state;
	fx_open();
	assert_int_equal(fx_query_deliveries(&done), 0);
	d = delivery_clone(fx.deliveries[0], false);
	fx_free_jobs();
	fx_close();
	assert_true(try_change("UPDATE attempt SET status = 201"));
	fx_open();
	memset(&a, 0, sizeof(a));
	a.n = 1;
	assert_int_equal(fx_save_delivery(d, &a), -1);
	assert_int_equal(fx.err.code, ERR_DAMAGED);
	assert_int_equal(fx.damages, 1);
	delivery_free(d);
}

/* Nor does another owner make it look sound. */
static void
what_is_damaged_is_not_taken_over(void **state)
{
	(void)state;
	change = "damage, then another owner";
	assert_true(try_change("UPDATE delivery SET target = 'exec x' "
			       "WHERE state = 0"));
	assert_true(
	    try_change("UPDATE job_state SET deadline_at = 7 WHERE seq = 2"));
	fx_open_as("another");
	assert_int_equal(fx_take_over(), 1);
	assert_int_equal(fx.damages, 2);
	assert_null(fx_look(pending));
	assert_int_equal(fx.err.code, ERR_DAMAGED);
	assert_null(fx_look_delivery(waiting->id));
	assert_int_equal(fx.err.code, ERR_DAMAGED);
}

/* What is saved must not make what stood there look sound. */
static void
a_damaged_delivery_is_not_sealed_anew(void **state)
{
	(void)state;
	change = "a damaged target";
	assert_true(try_change("UPDATE delivery SET target = 'exec x' "
			       "WHERE state = 0"));
	fx_open();
	assert_int_equal(fx_save_delivery(waiting, NULL), -1);
	assert_int_equal(fx.err.code, ERR_DAMAGED);
	assert_int_equal(fx.damages, 1);
	assert_null(fx_look_delivery(waiting->id));
	assert_int_equal(fx.err.code, ERR_DAMAGED);
}

static void
what_is_damaged_is_not_forgotten_before_its_time(void **state)
{
	(void)state;
	assert_true(
	    try_change("UPDATE job_state SET completed_at = 1 WHERE seq = 4"));
	fx_open();
	assert_int_equal(fx_forget(10, 0, 10), 0);
	assert_int_equal(fx.damages, 1);
	fx_close();
	put_back();
	assert_true(try_change(
	    "UPDATE delivery SET state = 1 WHERE target = 'exec b'"));
	fx_open();
	/* The expired one may go, that which has a damaged delivery stays. */
	assert_int_equal(fx_forget(1000, 0, 10), 1);
	assert_int_equal(fx.damages, 1);
	fx_close();
	assert_int_equal(
	    fx_number("SELECT count(*) FROM job WHERE seq = 3"), 1);
}

static void
notes_go_with_what_they_are_of(void **state)
{
	(void)state;
	assert_true(try_change("UPDATE attempt SET status = 201"));
	assert_true(
	    try_change("UPDATE late_result SET late_size = 3 WHERE seq = 4"));
	fx_open();
	fx_count(fx_list);
	assert_int_equal(fx.damages, 1);
	assert_int_equal(counted(), 1);
	assert_int_equal(fx_forget(1000, 0, 10), 1);
	assert_int_equal(counted(), 0);
	fx_close();
	assert_int_equal(fx_number("SELECT count(*) FROM damaged"), 0);
}

/* --- pages ---------------------------------------------------------- */

static void
a_damaged_page_takes_no_other_with_it(void **state)
{
	struct error err;
	struct buf b;
	size_t i, all = 60;
	int64_t page;

	(void)state;
	fx_open();
	for (i = 0; i < all; i++) {
		struct job *job = fx_small_job();

		assert_int_equal(fx_insert(job), 0);
		job_free(job);
	}
	fx_close();
	page = fx_number("SELECT pageno FROM dbstat WHERE name = 'job' AND "
			 "pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET 1");
	buf_init(&b, 1 << 22);
	assert_int_equal(file_read(fx.path, &b, &err), 0);
	memset(b.data + (page - 1) * 4096, 0x5a, 4096);
	assert_int_equal(
	    file_write_atomic(fx.path, b.data, b.len, 0600, &err), 0);
	buf_done(&b);
	fx_open();
	fx_load(store_unfinished);
	if (fx.failed)
		fail_msg("%s", fx.err.text);
	/* Some are on that page; those on the others are read. */
	assert_true(fx.n < all + 2);
	assert_true(fx.n > all / 2);
	assert_true(fx.n + fx.damages >= all + 2);
	fx_free_jobs();
	fx_load(fx_list);
	assert_false(fx.failed);
	assert_true(fx.n > all / 2);
	fx_free_jobs();
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(no_value_that_was_changed_is_read),
	    T(no_row_that_is_gone_is_gone_in_silence),
	    T(no_bit_that_flipped_is_read),
	    T(a_damaged_job_is_named_and_let_alone),
	    T(a_job_with_a_damaged_submission_is_set_aside),
	    T(a_job_whose_intent_is_lost_is_set_aside),
	    T(a_damaged_delivery_is_not_sealed_anew),
	    T(what_is_damaged_is_not_taken_over),
	    T(a_delivery_with_a_damaged_attempt_is_set_aside),
	    T(what_is_damaged_is_not_forgotten_before_its_time),
	    T(notes_go_with_what_they_are_of),
	    T(a_damaged_page_takes_no_other_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
