/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's verbs, with its real thread: what was acknowledged is there,
 * what is done stays done, and one operation does not harm another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/support/store_fixture.h"

/* --- every field ---------------------------------------------------- */

/* One a line, and clang-format would not leave it so. */
/* clang-format off */
#define FULL_STRINGS(X, job)            \
	X(job, spec.endpoint)           \
	X(job, spec.region)             \
	X(job, spec.content_type)       \
	X(job, spec.accept)             \
	X(job, spec.custom_attributes)  \
	X(job, spec.inference_id)       \
	X(job, spec.extension)          \
	X(job, spec.filename)           \
	X(job, spec.deployment)         \
	X(job, spec.output_path)        \
	X(job, spec.deliver)            \
	X(job, spec.callback_url)       \
	X(job, spec.traceparent)        \
	X(job, spec.tracestate)         \
	X(job, spec.tags)               \
	X(job, spec.retry_of)           \
	X(job, spec.idempotency_key)    \
	X(job, spec.idempotency_hash)   \
	X(job, spec.input_path)         \
	X(job, spec.input_sha256)       \
	X(job, spec.input_location)
/* clang-format on */
#define STATE_STRINGS(X, job)   \
	X(job, result_location) \
	X(job, result_etag)     \
	X(job, result_type)     \
	X(job, result_sha256) X(job, error_code) X(job, error_text)
#define SUB_STRINGS(X, s)  \
	X(s, inference_id) \
	X(s, before_etag)  \
	X(s, extension)    \
	X(s, filename)     \
	X(s, predicted)    \
	X(s, output_location) X(s, failure_location) X(s, request_id) X(s, note)

static struct job *
full_job(void)
{
	struct job *job = job_new();
	int64_t n = 100;

#define FILL(j, field) (j)->field = xstrdup("<" #field "> \xc3\xa4 'x\"");
	FULL_STRINGS(FILL, job)
	free(job->spec.input_path);
	job->spec.input_path = fx_file("input \xc3\xa4", "words");
	job->spec.request_ttl_s = n++;
	job->spec.invocation_timeout_s = n++;
	job->spec.own_names = true;
	job->spec.avoid_duplicates = true;
	job->spec.retry_failed = true;
	job->spec.input = INPUT_FILE;
	job->spec.body = xmemdup("a\0b\xff", 4);
	job->spec.body_len = 4;
	job->spec.input_size = n++;
	job->spec.input_spooled = true;
	job->submitted_at = n++;
	job->deadline_at = n++;
	job->deadline_mono = n++;
	job->boot = INT64_MIN + n++;
	job->epoch = 3;
	return job;
}

static void
fill_submission(struct submission *s, enum submission_fate fate)
{
	s->fate = fate;
	s->intent_at = 1000 + s->n;
	s->ended_at = 2000 + s->n;
	s->intent_mono = 3000 + s->n;
	s->ended_mono = 4000 + s->n;
	s->boot = 5000 + s->n;
	s->before_at = 6000 + s->n;
	SUB_STRINGS(FILL, s)
}

static void
assert_same(const struct job *a, const struct job *b, bool with_body)
{
	size_t i;

#define SAME(field) assert_int_equal(a->field, b->field)
#define SAME_STRING(x, field)                     \
	if (a->field != NULL || b->field != NULL) \
		assert_string_equal(a->field, b->field);
	assert_string_equal(a->id, b->id);
	FULL_STRINGS(SAME_STRING, a)
	STATE_STRINGS(SAME_STRING, a)
	SAME(created_at);
	SAME(spec.request_ttl_s);
	SAME(spec.invocation_timeout_s);
	SAME(spec.own_names);
	SAME(spec.avoid_duplicates);
	SAME(spec.retry_failed);
	SAME(spec.input);
	SAME(spec.input_size);
	SAME(spec.input_spooled);
	SAME(spec.body_len);
	SAME(state);
	SAME(outcome);
	SAME(epoch);
	SAME(submitted_at);
	SAME(deadline_at);
	SAME(deadline_mono);
	SAME(boot);
	SAME(completed_at);
	SAME(result_size);
	SAME(nsubs);
	if (with_body)
		assert_memory_equal(
		    a->spec.body, b->spec.body, a->spec.body_len);
	else
		assert_null(b->spec.body);
	for (i = 0; i < a->nsubs; i++) {
		SAME(subs[i].n);
		SAME(subs[i].fate);
		SAME(subs[i].intent_at);
		SAME(subs[i].ended_at);
		SAME(subs[i].intent_mono);
		SAME(subs[i].ended_mono);
		SAME(subs[i].boot);
		SAME(subs[i].before_at);
#define SAME_OF_SUB(x, field) SAME_STRING(x, subs[i].field)
		SUB_STRINGS(SAME_OF_SUB, a)
	}
}

/* The job as every verb gives it, in this and in another process's life. */
static void
assert_everywhere(const struct job *job)
{
	struct job *found, **jobs;
	struct error err;
	size_t n;

	found = fx_find(job->id);
	assert_non_null(found);
	assert_same(job, found, true);
	job_free(found);
	fx_load(fx_list);
	assert_int_equal(fx.n, 1);
	assert_same(job, fx.jobs[0], false);
	fx_free_jobs();
	fx_load(store_unfinished);
	assert_int_equal(fx.n, job->state != JOB_DONE);
	if (fx.n > 0)
		assert_same(job, fx.jobs[0], job->state == JOB_QUEUED);
	fx_free_jobs();
	fx_close();
	assert_int_equal(
	    store_peek(fx.path, false, job->id, &jobs, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_same(job, jobs[0], true);
	job_free(jobs[0]);
	free(jobs);
	fx_open();
}

static void
every_field_comes_back(void **state)
{
	struct job *job = full_job();

	(void)state;
	fx_open();
	assert_int_equal(fx_insert(job), 0);
	assert_everywhere(job);
	fill_submission(job_add_submission(job), SUB_DOUBT);
	assert_int_equal(fx_save(job, 1), 0);
	assert_everywhere(job);
	fill_submission(job_add_submission(job), SUB_ACCEPTED);
	job_move(job, JOB_PENDING, OUTCOME_NONE);
	job->deadline_at = 4711;
	assert_int_equal(fx_save(job, 2), 0);
	assert_everywhere(job);
	STATE_STRINGS(FILL, job)
	job->result_size = INT64_MAX;
	job_move(job, JOB_DONE, OUTCOME_FAILED);
	job->subs[1].fate = SUB_FAILED;
	assert_int_equal(fx_save(job, 2), 0);
	assert_everywhere(job);
	job_free(job);
}

static void
what_is_not_given_comes_back_as_nothing(void **state)
{
	struct job *job = fx_small_job();

	(void)state;
	fx_open();
	assert_int_equal(fx_insert(job), 0);
	assert_everywhere(job);
	job_free(job);
}

static void
jobs_come_oldest_first(void **state)
{
	struct job *jobs[20];
	size_t i;

	(void)state;
	fx_open();
	for (i = 0; i < 20; i++) {
		jobs[i] = fx_small_job();
		assert_int_equal(fx_insert(jobs[i]), 0);
	}
	fx_load(fx_list);
	assert_int_equal(fx.n, 20);
	for (i = 0; i < 20; i++) {
		assert_string_equal(fx.jobs[i]->id, jobs[i]->id);
		job_free(jobs[i]);
	}
	fx_free_jobs();
}

static void
a_job_that_is_not_there_is_not_found(void **state)
{
	static const char *const ids[] = {
	    "01kjvktcgr7mm4ep09vrvwrnx8",
	    "",
	    "x",
	    "01kjvktcgr7mm4ep09vrvwrnx8-and-more",
	    "' OR 1=1 --               ",
	};
	struct job *job = fx_small_job();
	size_t i;

	(void)state;
	fx_open();
	assert_int_equal(fx_insert(job), 0);
	for (i = 0; i < ARRAY_LEN(ids); i++)
		assert_null(fx_find(ids[i]));
	job_free(job);
}

/* --- fences --------------------------------------------------------- */

static void
a_former_owner_changes_nothing(void **state)
{
	struct job *job = fx_small_job(), *found;

	(void)state;
	fx_open();
	assert_int_equal(fx_insert(job), 0);
	job->epoch = 2;
	fill_submission(job_add_submission(job), SUB_OPEN);
	assert_int_equal(fx_save(job, 1), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	assert_non_null(strstr(fx.err.text, "not ours"));
	found = fx_find(job->id);
	assert_int_equal(found->epoch, 1);
	assert_int_equal(found->nsubs, 0);
	job_free(found);
	job_free(job);
}

static void
done_is_final(void **state)
{
	struct job *job = fx_small_job(), *found;

	(void)state;
	fx_open();
	assert_int_equal(fx_insert(job), 0);
	fill_submission(job_add_submission(job), SUB_ACCEPTED);
	assert_int_equal(fx_save(job, 1), 0);
	job_move(job, JOB_DONE, OUTCOME_OK);
	assert_int_equal(fx_save(job, 0), 0);
	job->outcome = OUTCOME_FAILED;
	job->subs[0].fate = SUB_FAILED;
	assert_int_equal(fx_save(job, 1), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	assert_non_null(strstr(fx.err.text, "done"));
	found = fx_find(job->id);
	assert_int_equal(found->outcome, OUTCOME_OK);
	assert_int_equal(found->subs[0].fate, SUB_ACCEPTED);
	job_free(found);
	job_free(job);
}

static void
an_id_is_taken_once(void **state)
{
	struct job *job = fx_small_job();

	(void)state;
	fx_open();
	assert_int_equal(fx_insert(job), 0);
	assert_int_equal(fx_insert(job), -1);
	assert_int_equal(fx.err.code, ERR_EXISTS);
	assert_int_equal(fx_count(fx_list), 1);
	job_free(job);
}

static void
a_job_that_is_not_there_is_not_saved(void **state)
{
	struct job *job = fx_small_job();

	(void)state;
	fx_open();
	fill_submission(job_add_submission(job), SUB_OPEN);
	assert_int_equal(fx_save(job, 1), -1);
	assert_int_equal(fx_count(fx_list), 0);
	job_free(job);
}

/* --- keys ----------------------------------------------------------- */

static struct job *
job_of_key(const char *key)
{
	struct job *job = fx_small_job();

	job->spec.idempotency_key = xstrdup_or_null(key);
	return job;
}

static void
a_key_makes_one_job(void **state)
{
	struct job *first = job_of_key("k"), *again = job_of_key("k");
	struct job *other = job_of_key("K"), *found;

	(void)state;
	fx_open();
	assert_int_equal(fx_insert(first), 0);
	assert_int_equal(fx_insert(again), -1);
	assert_int_equal(fx.err.code, ERR_EXISTS);
	assert_non_null(strstr(fx.err.text, "key"));
	assert_null(fx_find(again->id));
	assert_int_equal(fx_insert(other), 0);
	found = fx_find_key("k");
	assert_string_equal(found->id, first->id);
	assert_null(found->spec.body);
	job_free(found);
	assert_null(fx_find_key(""));
	assert_null(fx_find_key("kk"));
	job_free(first);
	job_free(again);
	job_free(other);
}

static void
a_job_of_a_key_comes_with_its_deliveries(void **state)
{
	struct job *job = job_of_key("k"), *found;

	(void)state;
	fx_open();
	assert_int_equal(fx_insert(job), 0);
	job_move(job, JOB_DONE, OUTCOME_CANCELLED);
	fx_add_delivery(job, "exec a");
	assert_int_equal(fx_save(job, 0), 0);
	found = fx_find_key("k");
	assert_int_equal(found->ndeliveries, 1);
	job_free(found);
	job_free(job);
}

static void
jobs_without_a_key_do_not_meet(void **state)
{
	struct job *a = job_of_key(NULL), *b = job_of_key(NULL);

	(void)state;
	fx_open();
	assert_int_equal(fx_insert(a), 0);
	assert_int_equal(fx_insert(b), 0);
	assert_null(fx_find_key(""));
	job_free(a);
	job_free(b);
}

static void
what_is_refused_for_another_reason_does_not_exist(void **state)
{
	struct job *job = job_of_key("k");

	(void)state;
	fx_open();
	xfree(&job->spec.endpoint);
	assert_int_equal(fx_insert(job), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	assert_null(fx_find_key("k"));
	job_free(job);
}

/* --- inputs on their way -------------------------------------------- */

static char spooled[128]; /* whose fsync is watched */
static unsigned synced; /* how often */
static unsigned folder_synced;
static unsigned commits_before; /* … the first of them */
static bool sync_fails_once;

static bool
is_of(int fd, const char *path)
{
	char name[64], target[128];
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	return strcmp(target, path) == 0;
}

/* In place of libc's. */
int
fsync(int fd)
{
	if (spooled[0] != '\0' && is_of(fd, spooled)) {
		if (synced++ == 0)
			commits_before = fx_frames(true);
		if (sync_fails_once && synced == 1) {
			errno = EIO;
			return -1;
		}
	}
	if (is_of(fd, fx.dir))
		folder_synced++;
	return (int)syscall(SYS_fsync, fd);
}

static struct job *
job_of_file(const char *name)
{
	struct job *job = fx_small_job();

	free(job->spec.body);
	job->spec.body = NULL;
	job->spec.body_len = 0;
	job->spec.input = INPUT_FILE;
	job->spec.input_path = fx_file(name, "words");
	job->spec.input_size = 5;
	job->spec.input_location = xstrdup("s3://b/k");
	job->spec.input_spooled = true;
	return job;
}

static void
an_input_of_ours_is_on_disk_before_its_job(void **state)
{
	struct job *job = job_of_file("input");

	(void)state;
	fx_open();
	snprintf(spooled, sizeof(spooled), "%s", job->spec.input_path);
	synced = folder_synced = 0;
	assert_int_equal(fx_insert(job), 0);
	assert_int_equal(synced, 1);
	assert_true(folder_synced >= 1);
	assert_int_equal(fx_frames(true), commits_before + 1);
	/* What belongs to somebody else is left alone. */
	job_free(job);
	job = job_of_file("other");
	job->spec.input_spooled = false;
	snprintf(spooled, sizeof(spooled), "%s", job->spec.input_path);
	synced = folder_synced = 0;
	assert_int_equal(fx_insert(job), 0);
	assert_int_equal(synced, 0);
	spooled[0] = '\0';
	job_free(job);
}

static void
an_input_that_may_be_lost_makes_no_job(void **state)
{
	struct job *job = job_of_file("input");

	(void)state;
	fx_open();
	snprintf(spooled, sizeof(spooled), "%s", job->spec.input_path);
	/* A second fsync would say that all is well. */
	synced = 0;
	sync_fails_once = true;
	assert_int_equal(fx_insert(job), -1);
	sync_fails_once = false;
	spooled[0] = '\0';
	assert_int_equal(fx.err.code, ERR_IO);
	assert_null(fx_find(job->id));
	unlink(job->spec.input_path);
	assert_int_equal(fx_insert(job), -1);
	assert_int_equal(fx.err.code, ERR_IO);
	assert_null(fx_find(job->id));
	job_free(job);
}

/* --- many at once --------------------------------------------------- */

#define MANY 200
static unsigned arrived;
static unsigned out_of_order;
static unsigned refused;

static void
on_one_of_many(const struct error *err, void *arg)
{
	out_of_order += (uintptr_t)arg != arrived++;
	refused += err != NULL;
	if (arrived == MANY)
		loop_stop(fx.loop);
}

static void
insert_many(unsigned again)
{
	struct job *job = NULL;
	uintptr_t i;

	arrived = out_of_order = refused = 0;
	for (i = 0; i < MANY; i++) {
		if (i == 0 || i != again) {
			job_free(job);
			job = fx_small_job();
		}
		store_insert(fx.store, job, on_one_of_many, (void *)i);
	}
	job_free(job);
	while (arrived < MANY)
		loop_run(fx.loop);
	assert_int_equal(out_of_order, 0);
}

static void
what_queued_up_is_one_transaction(void **state)
{
	unsigned before;

	(void)state;
	fx_open();
	before = fx_frames(true);
	insert_many(0);
	assert_int_equal(refused, 0);
	assert_in_range(fx_frames(true) - before, 1, MANY / 4);
	assert_int_equal(fx_count(fx_list), MANY);
	fx_close();
	fx_open();
	assert_int_equal(fx_count(store_unfinished), MANY);
}

static void
one_that_is_refused_takes_no_other_with_it(void **state)
{
	(void)state;
	fx_open();
	insert_many(77);
	assert_int_equal(refused, 1);
	assert_int_equal(fx_count(fx_list), MANY - 1);
}

/* One of every kind at once, and some of them are refused. */
enum { MIX_OK = 9, MIX_REFUSED = 4 };
static unsigned told, told_wrong;

static void
on_told(bool ok, void *arg)
{
	told_wrong += ok != *(const bool *)arg;
	if (++told == MIX_OK + MIX_REFUSED)
		loop_stop(fx.loop);
}

static void
on_written(const struct error *err, void *arg)
{
	on_told(err == NULL, arg);
}

static void
on_some_jobs(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	while (n > 0)
		job_free(jobs[--n]);
	on_told(err == NULL, arg);
}

static void
on_some_deliveries(
    struct delivery **v, size_t n, const struct error *err, void *arg)
{
	while (n > 0)
		delivery_free(v[--n]);
	on_told(err == NULL, arg);
}

static void
on_one_parcel(struct job *take_job, struct delivery *take_d,
    const struct error *err, void *arg)
{
	assert_true((take_job != NULL) == (err == NULL));
	job_free(take_job);
	delivery_free(take_d);
	on_told(err == NULL, arg);
}

static void
on_counted(size_t n, const struct error *err, void *arg)
{
	/* The one before it, and the one that this batch ends is young. */
	on_told(err == NULL && n == 1, arg);
}

static void
queue_a_mix(struct job *job, struct job *fresh, struct job *lost)
{
	static bool ok = true, refused_one = false;
	struct store_query all = {0}, senseless = {.state = "gone"};
	struct store_forget old = {.before_at = 50, .limit = 10};
	struct delivery *d = job->deliveries[0];
	struct attempt a;

	store_insert(fx.store, fresh, on_written, &ok);
	store_save(fx.store, job, 0, on_written, &ok);
	store_insert(fx.store, fresh, on_written, &refused_one);
	delivery_begin_attempt(d, 5, false, &a);
	store_begin_attempt(fx.store, d, &a, on_one_parcel, &ok);
	d->epoch++;
	store_begin_attempt(fx.store, d, &a, on_one_parcel, &refused_one);
	d->epoch--;
	store_list(fx.store, &all, on_some_jobs, &ok);
	store_list(fx.store, &senseless, on_some_jobs, &refused_one);
	store_insert(fx.store, lost, on_written, &refused_one);
	delivery_move(d, DELIVERY_DELIVERED, 9);
	a.outcome = ATTEMPT_OK;
	store_save_delivery(fx.store, d, &a, on_written, &ok);
	store_list_deliveries(fx.store, &all, on_some_deliveries, &ok);
	store_find_delivery(fx.store, d->id, on_some_deliveries, &ok);
	store_forget(fx.store, &old, on_counted, &ok);
	store_unfinished(fx.store, on_some_jobs, &ok);
}

static void
operations_of_all_kinds_share_a_transaction_and_no_refusal(void **state)
{
	struct job *old, *job, *fresh = fx_small_job();
	struct job *lost = job_of_file("lost");
	struct delivery *d;

	(void)state;
	fx_open();
	unlink(lost->spec.input_path);
	old = fx_done_job(10);
	assert_int_equal(fx_save(old, 0), 0);
	job = fx_done_job(100);
	fx_add_delivery(job, "exec a");
	told = told_wrong = 0;
	queue_a_mix(job, fresh, lost);
	while (told < MIX_OK + MIX_REFUSED)
		loop_run(fx.loop);
	assert_int_equal(told_wrong, 0);
	d = fx_find_delivery(job->deliveries[0]->id);
	assert_int_equal(d->state, DELIVERY_DELIVERED);
	assert_int_equal(d->nlog, 1);
	assert_int_equal(d->log[0].outcome, ATTEMPT_OK);
	delivery_free(d);
	assert_int_equal(fx_count(fx_list), 2);
	job_free(old);
	job_free(job);
	job_free(fresh);
	job_free(lost);
}

static void
close_writes_and_answers_what_is_queued(void **state)
{
	struct job *job = fx_small_job();
	unsigned i;

	(void)state;
	fx_open();
	arrived = out_of_order = refused = 0;
	store_insert(fx.store, job, on_one_of_many, NULL);
	for (i = 1; i < 20; i++)
		store_save(
		    fx.store, job, 0, on_one_of_many, (void *)(uintptr_t)i);
	fx_close();
	assert_int_equal(arrived, 20);
	assert_int_equal(out_of_order, 0);
	assert_int_equal(refused, 0);
	job_free(job);
}

/* Inserts for ever, and tells the parent of each one that is on disk. */
static void __attribute__((noreturn)) write_until_killed(int fd)
{
	struct loop *l = loop_new();

	fx.loop = l;
	fx_open();
	for (;;) {
		struct job *job = fx_small_job();

		if (fx_insert(job) == -1 ||
		    write(fd, job->id, JOBID_SIZE) != JOBID_SIZE)
			_exit(1);
		job_free(job);
	}
}

static void
what_was_acknowledged_survives_a_kill(void **state)
{
	char ids[60][JOBID_SIZE];
	int fds[2], status;
	size_t n = 0;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0)
		write_until_killed(fds[1]);
	assert_true(pid > 0);
	close(fds[1]);
	while (n < ARRAY_LEN(ids) &&
	    read(fds[0], ids[n], JOBID_SIZE) == JOBID_SIZE)
		n++;
	kill(pid, SIGKILL);
	/* What it said before it died counts, too. */
	assert_int_equal(n, ARRAY_LEN(ids));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	close(fds[0]);
	fx_open();
	for (n = 0; n < ARRAY_LEN(ids); n++) {
		struct job *job = fx_find(ids[n]);

		assert_non_null(job);
		job_free(job);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(every_field_comes_back),
	    T(what_is_not_given_comes_back_as_nothing),
	    T(jobs_come_oldest_first),
	    T(a_job_that_is_not_there_is_not_found),
	    T(a_former_owner_changes_nothing),
	    T(done_is_final),
	    T(an_id_is_taken_once),
	    T(a_job_that_is_not_there_is_not_saved),
	    T(a_key_makes_one_job),
	    T(a_job_of_a_key_comes_with_its_deliveries),
	    T(jobs_without_a_key_do_not_meet),
	    T(what_is_refused_for_another_reason_does_not_exist),
	    T(an_input_of_ours_is_on_disk_before_its_job),
	    T(an_input_that_may_be_lost_makes_no_job),
	    T(what_queued_up_is_one_transaction),
	    T(one_that_is_refused_takes_no_other_with_it),
	    T(operations_of_all_kinds_share_a_transaction_and_no_refusal),
	    T(close_writes_and_answers_what_is_queued),
	    T(what_was_acknowledged_survives_a_kill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
