/* SPDX-License-Identifier: Apache-2.0 */
/* The store's calls, one at a time, on the real loop. */
#include "tests/support/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/support/seal.h"

struct store_fixture fx;
const char *fx_root = "/tmp";

int
fx_setup(void **state)
{
	(void)state;
	memset(&fx, 0, sizeof(fx));
	snprintf(fx.dir, sizeof(fx.dir), "%s/test-store-XXXXXX", fx_root);
	if (mkdtemp(fx.dir) == NULL)
		return -1;
	snprintf(fx.path, sizeof(fx.path), "%s/state", fx.dir);
	fx.loop = loop_new();
	return 0;
}

int
fx_teardown(void **state)
{
	DIR *d = opendir(fx.dir);
	struct dirent *e;

	(void)state;
	fx_close();
	job_free(fx.job_of_key);
	loop_free(fx.loop);
	while (d != NULL && (e = readdir(d)) != NULL)
		unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		closedir(d);
	return rmdir(fx.dir);
}

static void
on_done(const struct error *err, void *arg)
{
	(void)arg;
	fx.done = true;
	fx.failed = err != NULL;
	if (err != NULL)
		fx.err = *err;
	loop_stop(fx.loop);
}

static void
on_jobs(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	if (n > 0)
		fx.jobs = xmemdup(jobs, n * sizeof(struct job *));
	fx.n = n;
	on_done(err, arg);
}

static void
on_attempts(
    struct attempt_entry **v, size_t n, const struct error *err, void *arg)
{
	if (n > 0)
		fx.attempts = xmemdup(v, n * sizeof(struct attempt_entry *));
	fx.n = n;
	on_done(err, arg);
}

static void
on_deliveries(struct delivery **v, size_t n, const struct error *err, void *arg)
{
	if (n > 0)
		fx.deliveries = xmemdup(v, n * sizeof(struct delivery *));
	fx.n = n;
	on_done(err, arg);
}

static void
on_parcel(struct job *take_job, struct delivery *take_d,
    const struct error *err, void *arg)
{
	assert_true((err == NULL) == (take_job != NULL));
	assert_true((err == NULL) == (take_d != NULL));
	if (err == NULL) {
		fx.jobs = xmemdup(&take_job, sizeof(take_job));
		fx.deliveries = xmemdup(&take_d, sizeof(take_d));
		fx.n = 1;
	}
	on_done(err, arg);
}

static void
on_count(size_t n, const struct error *err, void *arg)
{
	fx.n = n;
	on_done(err, arg);
}

static void
await(void)
{
	while (!fx.done)
		loop_run(fx.loop);
	fx.done = false;
}

void
fx_free_jobs(void)
{
	size_t i;

	for (i = 0; i < fx.n; i++) {
		if (fx.jobs != NULL)
			job_free(fx.jobs[i]);
		if (fx.deliveries != NULL)
			delivery_free(fx.deliveries[i]);
		if (fx.attempts != NULL)
			attempt_entry_free(fx.attempts[i]);
	}
	free(fx.jobs);
	free(fx.deliveries);
	free(fx.attempts);
	fx.attempts = NULL;
	fx.jobs = NULL;
	fx.deliveries = NULL;
	fx.n = 0;
}

static void
on_event(enum store_event event, const struct error *err, void *arg)
{
	(void)arg;
	if (event != STORE_DAMAGED)
		return;
	fx.damages++;
	fx.damage = *err;
}

void
fx_open(void)
{
	fx_open_as(NULL);
}

bool
fx_try_open(void)
{
	struct store_options o = {.path = fx.path, .event = on_event};

	fx.damages = 0;
	return store_open(fx.loop, &o, &fx.store, &fx.err) == 0;
}

void
fx_open_as(const char *owner)
{
	struct store_options o = {
	    .path = fx.path,
	    .owner = owner,
	    .event = on_event,
	};
	struct error err;

	fx.damages = 0;

	if (store_open(fx.loop, &o, &fx.store, &err) == -1)
		fail_msg("%s", err.text);
}

void
fx_close(void)
{
	store_close(fx.store);
	fx.store = NULL;
}

int
fx_insert(const struct job *job)
{
	store_insert(fx.store, job, on_done, NULL);
	await();
	return fx.failed ? -1 : 0;
}

int
fx_save(const struct job *job, unsigned n)
{
	store_save(fx.store, job, n, on_done, NULL);
	await();
	return fx.failed ? -1 : 0;
}

int
fx_save_delivery(const struct delivery *d, const struct attempt *a)
{
	store_save_delivery(fx.store, d, a, on_done, NULL);
	await();
	return fx.failed ? -1 : 0;
}

int
fx_begin(const struct delivery *d, const struct attempt *a)
{
	store_begin_attempt(fx.store, d, a, on_parcel, NULL);
	await();
	return fx.failed ? -1 : 0;
}

int
fx_save_late(const struct job *job)
{
	store_save_late(fx.store, job, on_done, NULL);
	await();
	return fx.failed ? -1 : 0;
}

int
fx_keep(const char *name, const char *value)
{
	store_keep(fx.store, name, value, on_done, NULL);
	await();
	return fx.failed ? -1 : 0;
}

static void
on_kept(
    const struct store_kept *v, size_t n, const struct error *err, void *arg)
{
	size_t i;

	fx.text = xstrdup("");
	for (i = 0; i < n; i++) {
		char *more =
		    xasprintf("%s%s=%s;", fx.text, v[i].name, v[i].value);

		free(fx.text);
		fx.text = more;
	}
	on_done(err, arg);
}

char *
fx_recall(void)
{
	store_recall(fx.store, on_kept, NULL);
	await();
	assert_false(fx.failed);
	return fx.text;
}

static void
on_seen(enum store_seen seen, const struct error *err, void *arg)
{
	fx.seen = seen;
	on_done(err, arg);
}

enum store_seen
fx_see(const char *source, const char *id, const char *job, const char *reason)
{
	struct store_notice n = {
	    .source = xstrdup(source),
	    .message_id = xstrdup(id),
	    .forget_at = 100,
	    .told.job = xstrdup(job),
	    .told.inference_id = xstrdup("i"),
	    .told.reason = xstrdup_or_null(reason),
	};

	store_see(fx.store, &n, on_seen, NULL);
	free(n.source);
	free(n.message_id);
	free(n.told.job);
	free(n.told.inference_id);
	free(n.told.reason);
	await();
	return fx.seen;
}

static void
on_told(
    const struct store_told *v, size_t n, const struct error *err, void *arg)
{
	struct store_kept *pairs = xcalloc(n + 1, sizeof(*pairs));
	size_t i;

	for (i = 0; i < n; i++) {
		pairs[i].name = v[i].job;
		pairs[i].value = v[i].reason;
	}
	on_kept(pairs, n, err, arg);
	free(pairs);
}

char *
fx_recall_told(void)
{
	store_recall_told(fx.store, on_told, NULL);
	await();
	return fx.text;
}

static void
on_key(const struct store_key *key, struct job *take_job,
    const struct error *err, void *arg)
{
	fx.text = key == NULL ? NULL
			      : xasprintf("%s %s%s", key->job_id,
				    key->hash != NULL ? key->hash : "",
				    take_job != NULL ? "+" : "");
	job_free(fx.job_of_key);
	fx.job_of_key = take_job;
	on_done(err, arg);
}

struct job *
fx_find_key(const char *key)
{
	struct job *job;

	store_find_idempotency(fx.store, key, on_key, NULL);
	await();
	assert_false(fx.failed);
	xfree(&fx.text);
	job = fx.job_of_key;
	fx.job_of_key = NULL;
	return job;
}

char *
fx_find_idempotency(const char *key)
{
	store_find_idempotency(fx.store, key, on_key, NULL);
	await();
	return fx.text;
}

int
fx_expired(int64_t since_at, size_t limit)
{
	store_expired(fx.store, since_at, limit, on_jobs, NULL);
	await();
	return fx.failed ? -1 : 0;
}

int
fx_take_over(void)
{
	int n;

	store_take_over(fx.store, on_count, NULL);
	await();
	n = (int)fx.n;
	fx.n = 0;
	return fx.failed ? -1 : n;
}

int
fx_prune(int64_t before_at, size_t limit)
{
	return fx_forget(before_at, INT64_MIN, limit);
}

int
fx_forget(int64_t before_at, int64_t keys_before_at, size_t limit)
{
	struct store_forget f = {
	    .before_at = before_at,
	    .keys_before_at = keys_before_at,
	    .notices_before_at = INT64_MIN,
	    .limit = limit,
	};
	int n;

	store_forget(fx.store, &f, on_count, NULL);
	await();
	n = (int)fx.n;
	fx.n = 0;
	return fx.failed ? -1 : n;
}

/* The first of what was found. */
static struct job *
take_job(void)
{
	struct job *job;

	await();
	if (fx.failed)
		fail_msg("%s", fx.err.text);
	job = fx.n > 0 ? fx.jobs[0] : NULL;
	fx.n = 0;
	fx_free_jobs();
	return job;
}

struct job *
fx_look(const char *id)
{
	struct job *job;

	store_find(fx.store, id, true, on_jobs, NULL);
	await();
	job = fx.n > 0 ? fx.jobs[0] : NULL;
	fx.n = 0;
	fx_free_jobs();
	return job;
}

struct job *
fx_find(const char *id)
{
	store_find(fx.store, id, true, on_jobs, NULL);
	return take_job();
}

struct delivery *
fx_look_delivery(const char *id)
{
	struct delivery *d;

	store_find_delivery(fx.store, id, on_deliveries, NULL);
	await();
	d = fx.n > 0 ? fx.deliveries[0] : NULL;
	fx.n = 0;
	fx_free_jobs();
	return d;
}

struct delivery *
fx_find_delivery(const char *id)
{
	struct delivery *d = fx_look_delivery(id);

	if (fx.failed)
		fail_msg("%s", fx.err.text);
	return d;
}

int
fx_query(const struct store_query *q)
{
	store_list(fx.store, q, on_jobs, NULL);
	await();
	return fx.failed ? -1 : 0;
}

int
fx_query_deliveries(const struct store_query *q)
{
	store_list_deliveries(fx.store, q, on_deliveries, NULL);
	await();
	return fx.failed ? -1 : 0;
}

int
fx_query_attempts(const struct store_query *q)
{
	store_list_attempts(fx.store, q, on_attempts, NULL);
	await();
	return fx.failed ? -1 : 0;
}

void
fx_load(fx_verb *verb)
{
	verb(fx.store, on_jobs, NULL);
	await();
}

size_t
fx_count(fx_verb *verb)
{
	size_t n;

	fx_load(verb);
	assert_false(fx.failed);
	n = fx.n;
	fx_free_jobs();
	return n;
}

void
fx_list(struct store *store, store_jobs_fn *done, void *arg)
{
	struct store_query all = {0};

	store_list(store, &all, done, arg);
}

char *
fx_file(const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", fx.dir, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	return path;
}

struct job *
fx_small_job(void)
{
	struct job *job = job_new();

	job->spec.endpoint = xstrdup("ocr");
	job->spec.input = INPUT_BODY;
	job->spec.body = xstrdup("hello");
	job->spec.body_len = 5;
	return job;
}

struct delivery *
fx_add_delivery(struct job *job, const char *target)
{
	struct delivery *d =
	    delivery_new(job->id, target, "inference.completed", 1000);
	char *bytes = xasprintf("%s %s", job->id, target);

	d->content_type = xstrdup("text/plain");
	delivery_set_body(d, bytes, strlen(bytes));
	free(bytes);
	job_add_delivery(job, d);
	return d;
}

struct job *
fx_done_job(int64_t completed_at)
{
	struct job *job = fx_small_job();

	assert_int_equal(fx_insert(job), 0);
	job_add_submission(job)->fate = SUB_ACCEPTED;
	job_move(job, JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(fx_save(job, 1), 0);
	job_move(job, JOB_DONE, OUTCOME_OK);
	job->completed_at = completed_at;
	return job;
}

/* A frame's header names the size of the database where it ends a
 * transaction. */
unsigned
fx_frames(bool commits)
{
	char *wal = xasprintf("%s-wal", fx.path);
	unsigned char h[24];
	FILE *f = fopen(wal, "r");
	unsigned n = 0;

	assert_non_null(f);
	assert_int_equal(fseek(f, 32, SEEK_SET), 0);
	while (fread(h, sizeof(h), 1, f) == 1) {
		n += !commits || (h[4] | h[5] | h[6] | h[7]) != 0;
		fseek(f, 4096, SEEK_CUR);
	}
	fclose(f);
	free(wal);
	return n;
}

void
fx_change(const char *sql)
{
	sqlite3 *db;
	char *message = NULL;

	assert_int_equal(sqlite3_open(fx.path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
	sqlite3_close(db);
}

void
fx_rewrite(const char *sql)
{
	sqlite3 *db;

	fx_change(sql);
	assert_int_equal(sqlite3_open(fx.path, &db), SQLITE_OK);
	assert_int_equal(seal(db), SQLITE_OK);
	sqlite3_close(db);
}

int64_t
fx_number(const char *sql)
{
	sqlite3_stmt *stmt;
	sqlite3 *db;
	int64_t n;

	assert_int_equal(sqlite3_open(fx.path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	n = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return n;
}
