/* SPDX-License-Identifier: Apache-2.0 */
/* What the store promises of jobs, whatever keeps them. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/contract/contract_rig.h"

/* --- one job -------------------------------------------------------- */

/* clang-format off */
#define STRINGS(X)                                                      \
	X(spec.region) X(spec.content_type) X(spec.accept)              \
	X(spec.custom_attributes) X(spec.inference_id)                  \
	X(spec.extension) X(spec.filename) X(spec.deployment)           \
	X(spec.output_path) X(spec.deliver) X(spec.callback_url)        \
	X(spec.traceparent) X(spec.tracestate) X(spec.tags)             \
	X(spec.retry_of)                                                \
	X(spec.idempotency_key) X(spec.idempotency_hash)                \
	X(spec.input_path) X(spec.input_sha256) X(spec.input_location)  \
	X(result_location) X(result_etag) X(result_type)                \
	X(result_sha256) X(error_code) X(error_text)

#define NUMBERS(X)                                                      \
	X(spec.request_ttl_s) X(spec.invocation_timeout_s)              \
	X(spec.own_names) X(spec.avoid_duplicates)                      \
	X(spec.retry_failed) X(spec.input_size)                         \
	X(submitted_at) X(deadline_at) X(deadline_mono) X(boot)         \
	X(completed_at) X(result_size)

#define SUB_STRINGS(X)                                                  \
	X(inference_id) X(extension) X(filename) X(predicted)           \
	X(output_location) X(failure_location) X(request_id) X(note)    \
	X(before_etag)

#define SUB_NUMBERS(X)                                                  \
	X(fate) X(intent_at) X(ended_at) X(intent_mono) X(ended_mono)   \
	X(boot) X(before_at)

#define FILL_STRING(name) to->name = xasprintf("%s %d", #name, salt);
#define FILL_NUMBER(name) to->name = (__typeof__(to->name))(++n + salt);
#define SAME_STRING(name) assert_string_equal(a->name, b->name);
#define SAME_NUMBER(name) assert_int_equal(a->name, b->name);
/* clang-format on */

static void
fill_submission(struct submission *to, int salt)
{
	int n = 0;

	SUB_STRINGS(FILL_STRING)
	SUB_NUMBERS(FILL_NUMBER)
	to->fate = SUB_ACCEPTED;
}

static void
fill_job(struct job *to, int salt)
{
	int n = 0;

	STRINGS(FILL_STRING)
	NUMBERS(FILL_NUMBER)
}

static void
same_submission(const struct submission *a, const struct submission *b)
{
	assert_int_equal(a->n, b->n);
	SUB_STRINGS(SAME_STRING)
	SUB_NUMBERS(SAME_NUMBER)
}

static void
same_job(const struct job *a, const struct job *b)
{
	size_t i;

	assert_string_equal(a->id, b->id);
	assert_int_equal(a->created_at, b->created_at);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->outcome, b->outcome);
	assert_int_equal(a->epoch, b->epoch);
	STRINGS(SAME_STRING)
	NUMBERS(SAME_NUMBER)
	assert_int_equal(a->nsubs, b->nsubs);
	for (i = 0; i < a->nsubs; i++)
		same_submission(&a->subs[i], &b->subs[i]);
}

static void
every_field_of_a_job_comes_back(void **state)
{
	struct job *job = fx_small_job(), *found;

	(void)state;
	fill_job(job, 1);
	assert_int_equal(fx_insert(job), 0);
	found = fx_find(job->id);
	same_job(job, found);
	assert_int_equal(found->spec.body_len, 5);
	assert_memory_equal(found->spec.body, "hello", 5);
	job_free(found);
	fill_submission(job_add_submission(job), 1);
	job_move(job, JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(fx_save(job, 1), 0);
	fill_submission(job_add_submission(job), 2);
	assert_int_equal(fx_save(job, 2), 0);
	found = fx_find(job->id);
	same_job(job, found);
	job_free(found);
	job_free(job);
}

static void
what_was_given_once_stays(void **state)
{
	struct job *job = new_job("a"), *found;

	(void)state;
	job->created_at++;
	free(job->spec.endpoint);
	job->spec.endpoint = xstrdup("b");
	job->error_text = xstrdup("x");
	assert_int_equal(fx_save(job, 0), 0);
	found = fx_find(job->id);
	assert_string_equal(found->spec.endpoint, "a");
	assert_int_equal(found->created_at, job->created_at - 1);
	assert_string_equal(found->error_text, "x");
	job_free(found);
	job_free(job);
}

/* Whoever reads it behind a crash has all of it. */
static void
a_foreign_job_is_inserted_with_its_submission(void **state)
{
	struct job *job = job_new_foreign("s3://b/out", "s3://b/failed");
	struct job *found;

	(void)state;
	job->spec.endpoint = xstrdup("a");
	assert_int_equal(fx_insert(job), 0);
	found = fx_find(job->id);
	assert_int_equal(found->state, JOB_PENDING);
	assert_true(job_is_foreign(found));
	assert_int_equal(found->nsubs, 1);
	assert_int_equal(found->subs[0].fate, SUB_ACCEPTED);
	assert_string_equal(found->subs[0].output_location, "s3://b/out");
	assert_string_equal(found->subs[0].failure_location, "s3://b/failed");
	job_free(found);
	job_move(job, JOB_DONE, OUTCOME_OK);
	assert_int_equal(fx_save(job, 0), 0);
	found = fx_find(job->id);
	assert_int_equal(found->nsubs, 1);
	job_free(found);
	job_free(job);
}

static void
one_submission_is_saved_and_no_other(void **state)
{
	struct job *job = new_job("a"), *found;

	(void)state;
	job_add_submission(job)->note = xstrdup("first");
	assert_int_equal(fx_save(job, 1), 0);
	job_add_submission(job)->note = xstrdup("second");
	free(job->subs[0].note);
	job->subs[0].note = xstrdup("unsaved");
	assert_int_equal(fx_save(job, 2), 0);
	found = fx_find(job->id);
	assert_int_equal(found->nsubs, 2);
	assert_string_equal(found->subs[0].note, "first");
	assert_string_equal(found->subs[1].note, "second");
	job_free(found);
	job_free(job);
}

static void
what_is_not_there_is_not_found(void **state)
{
	struct job *job = fx_small_job();

	(void)state;
	assert_null(fx_find(job->id));
	assert_null(fx_find_key("x"));
	assert_int_equal(fx_save(job, 0), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	assert_null(fx_find(job->id));
	job_free(job);
}

static void
an_id_is_taken_once(void **state)
{
	struct job *job = new_job("a"), *again = job_clone(job, true);

	(void)state;
	free(again->spec.endpoint);
	again->spec.endpoint = xstrdup("b");
	assert_int_equal(fx_insert(again), -1);
	assert_int_equal(fx.err.code, ERR_EXISTS);
	assert_string_equal(endpoints(&(struct store_query){.limit = 9}), "a");
	job_free(job);
	job_free(again);
}

/* --- whose it is, and what is final --------------------------------- */

static void
another_epoch_changes_nothing(void **state)
{
	struct job *job = new_job("a"), *found;

	(void)state;
	job->epoch++;
	job->error_text = xstrdup("x");
	job_add_submission(job);
	assert_int_equal(fx_save(job, 1), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	assert_false(fx.err.retryable);
	found = fx_find(job->id);
	assert_null(found->error_text);
	assert_int_equal(found->nsubs, 0);
	assert_int_equal(found->epoch, 1);
	job_free(found);
	job_free(job);
}

static void
done_is_final(void **state)
{
	struct job *job = ended_job("a", OUTCOME_OK, 10, "exec a"), *found;

	(void)state;
	job->outcome = OUTCOME_FAILED;
	job->subs[0].note = xstrdup("x");
	assert_int_equal(fx_save(job, 1), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	found = fx_find(job->id);
	assert_int_equal(found->outcome, OUTCOME_OK);
	assert_null(found->subs[0].note);
	assert_int_equal(found->ndeliveries, 1);
	job_free(found);
	job_free(job);
}

static void
the_end_and_its_deliveries_are_one_step(void **state)
{
	struct job *job = new_job("a"), *found;
	struct store_query all = {.limit = 9};

	(void)state;
	fx_add_delivery(job, "exec a");
	fx_add_delivery(job, "exec b");
	/* Before the end there are none. */
	assert_int_equal(fx_save(job, 0), 0);
	assert_int_equal(fx_query_deliveries(&all), 0);
	assert_int_equal(fx.n, 0);
	job_move(job, JOB_DONE, OUTCOME_OK);
	fx_add_delivery(job, "exec b");
	assert_int_equal(fx_save(job, 0), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	found = fx_find(job->id);
	assert_int_equal(found->state, JOB_QUEUED);
	assert_int_equal(found->ndeliveries, 0);
	job_free(found);
	delivery_free(job->deliveries[--job->ndeliveries]);
	assert_int_equal(fx_save(job, 0), 0);
	found = fx_find(job->id);
	assert_int_equal(found->state, JOB_DONE);
	assert_int_equal(found->ndeliveries, 2);
	assert_string_equal(found->deliveries[0]->target, "exec a");
	assert_null(found->deliveries[0]->body);
	job_free(found);
	job_free(job);
}

static void
a_bad_operation_takes_no_other_with_it(void **state)
{
	struct job *job = new_job("a"), *other = fx_small_job(), *found;
	struct job *stale = job_clone(job, false);
	struct asked asked[5] = {{.over = false}};
	size_t i;

	(void)state;
	stale->epoch = 9;
	job_add_submission(job);
	store_save(fx.store, job, 1, on_asked, &asked[0]);
	store_save(fx.store, stale, 0, on_asked, &asked[1]);
	store_insert(fx.store, other, on_asked, &asked[2]);
	store_insert(fx.store, job, on_asked, &asked[3]);
	store_keep(fx.store, "x", "y", on_asked, &asked[4]);
	for (i = 0; i < 5; i++)
		await_asked(&asked[i]);
	assert_int_equal(asked[0].err.code, ERR_NONE);
	assert_int_equal(asked[1].err.code, ERR_STORE);
	assert_int_equal(asked[2].err.code, ERR_NONE);
	assert_int_equal(asked[3].err.code, ERR_EXISTS);
	assert_int_equal(asked[4].err.code, ERR_NONE);
	found = fx_find(job->id);
	assert_int_equal(found->nsubs, 1);
	job_free(found);
	found = fx_find(other->id);
	assert_non_null(found);
	job_free(found);
	job_free(job);
	job_free(stale);
	job_free(other);
}

static void
nothing_is_taken_over_from_oneself(void **state)
{
	struct job *job = new_job("a"), *found;

	(void)state;
	assert_int_equal(take_over(), 0);
	found = fx_find(job->id);
	assert_int_equal(found->epoch, 1);
	job_free(found);
	job_free(job);
}

/* --- lists ---------------------------------------------------------- */

static void
jobs_come_oldest_first_and_page_by_page(void **state)
{
	struct job *a = new_job("a"), *b = new_job("b"), *c = new_job("c");
	struct store_query q = {.limit = 2};

	(void)state;
	assert_string_equal(endpoints(&q), "a b");
	q.after = b->id;
	assert_string_equal(endpoints(&q), "c");
	q.after = c->id;
	assert_string_equal(endpoints(&q), "");
	q.after = "01abc";
	assert_null(endpoints(&q));
	assert_int_equal(fx.err.code, ERR_NOT_FOUND);
	q.after = NULL;
	q.limit = 0;
	assert_string_equal(endpoints(&q), "a b c");
	job_free(a);
	job_free(b);
	job_free(c);
}

static void
jobs_are_found_by_state_outcome_and_endpoint(void **state)
{
	struct job *a = ended_job("a", OUTCOME_OK, 10, NULL);
	struct job *b = ended_job("b", OUTCOME_FAILED, 10, NULL);
	struct job *c = new_job("b");
	struct store_query q = {.state = "done"};

	(void)state;
	assert_string_equal(endpoints(&q), "a b");
	q.outcome = "failed";
	assert_string_equal(endpoints(&q), "b");
	q.endpoint = "a";
	assert_string_equal(endpoints(&q), "");
	q.outcome = NULL;
	assert_string_equal(endpoints(&q), "a");
	q.state = NULL;
	q.endpoint = "b";
	assert_string_equal(endpoints(&q), "b b");
	q.state = "queued";
	assert_string_equal(endpoints(&q), "b");
	q.state = "lost";
	assert_null(endpoints(&q));
	assert_int_equal(fx.err.code, ERR_USAGE);
	job_free(a);
	job_free(b);
	job_free(c);
}

static void
what_is_not_done_comes_with_its_input(void **state)
{
	struct job *a = new_job("a"), *b = ended_job("b", OUTCOME_OK, 10, NULL);

	(void)state;
	fx_load(store_unfinished);
	assert_int_equal(fx.n, 1);
	assert_string_equal(fx.jobs[0]->id, a->id);
	assert_memory_equal(fx.jobs[0]->spec.body, "hello", 5);
	fx_free_jobs();
	fx_load(fx_list);
	assert_int_equal(fx.n, 2);
	assert_null(fx.jobs[0]->spec.body);
	assert_int_equal(fx.jobs[0]->spec.body_len, 5);
	fx_free_jobs();
	/* What was accepted needs it only where the model failed. */
	job_move(a, JOB_PENDING, OUTCOME_NONE);
	job_add_submission(a)->fate = SUB_ACCEPTED;
	assert_int_equal(fx_save(a, 1), 0);
	fx_load(store_unfinished);
	assert_int_equal(fx.n, 1);
	assert_null(fx.jobs[0]->spec.body);
	assert_int_equal(fx.jobs[0]->spec.body_len, 5);
	fx_free_jobs();
	job_free(a);
	job_free(b);
}

/* --- pieces --------------------------------------------------------- */

#define MANY 1234

static struct {
	char ids[MANY][JOBID_SIZE];
	size_t written;
	size_t told; /* in their order */
	unsigned wrong;
	unsigned pieces;
	unsigned ends;
	bool before; /* what was asked before the pieces */
	bool behind;
} all;

static void
on_one_written(const struct error *err, void *arg)
{
	(void)arg;
	all.wrong += err != NULL;
	if (++all.written == MANY)
		loop_stop(fx.loop);
}

static void
on_piece(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	size_t i;

	all.wrong += arg != &all || err != NULL || n == 0 || !all.before ||
	    all.behind || all.ends > 0;
	all.pieces++;
	for (i = 0; i < n; i++) {
		all.wrong += all.told >= MANY ||
		    strcmp(all.ids[all.told++], jobs[i]->id) != 0;
		job_free(jobs[i]);
	}
}

static void
on_last_piece(const struct error *err, void *arg)
{
	all.wrong += arg != &all || err != NULL || all.behind;
	all.ends++;
}

static void
on_neighbour(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	all.wrong += err != NULL || n != 1;
	while (n > 0)
		job_free(jobs[--n]);
	*(bool *)arg = true;
	if (all.behind)
		loop_stop(fx.loop);
}

static void
pieces_come_in_order_and_in_their_turn(void **state)
{
	struct job *job;
	size_t i;

	(void)state;
	memset(&all, 0, sizeof(all));
	for (i = 0; i < MANY; i++) {
		job = fx_small_job();
		memcpy(all.ids[i], job->id, JOBID_SIZE);
		store_insert(fx.store, job, on_one_written, NULL);
		job_free(job);
	}
	while (all.written < MANY)
		loop_run(fx.loop);
	/* Behind this one all three are there at once. */
	store_keep(fx.store, "a", "b", on_one_written, NULL);
	store_find(fx.store, all.ids[0], false, on_neighbour, &all.before);
	store_each_unfinished(fx.store, on_piece, on_last_piece, &all);
	store_find(fx.store, all.ids[1], false, on_neighbour, &all.behind);
	while (!all.behind)
		loop_run(fx.loop);
	assert_int_equal(all.wrong, 0);
	assert_int_equal(all.told, MANY);
	assert_in_range(all.pieces, 2, MANY / 2);
	assert_int_equal(all.ends, 1);
}

static void
what_is_asked_for_in_pieces_comes_at_the_close_too(void **state)
{
	struct job *job = new_job("a");

	(void)state;
	memset(&all, 0, sizeof(all));
	memcpy(all.ids[0], job->id, JOBID_SIZE);
	all.before = true;
	store_each_unfinished(fx.store, on_piece, on_last_piece, &all);
	store_close(fx.store);
	fx.store = NULL;
	assert_int_equal(all.wrong, 0);
	assert_int_equal(all.told, 1);
	assert_int_equal(all.ends, 1);
	job_free(job);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    BOTH(every_field_of_a_job_comes_back),
	    BOTH(what_was_given_once_stays),
	    BOTH(a_foreign_job_is_inserted_with_its_submission),
	    BOTH(one_submission_is_saved_and_no_other),
	    BOTH(what_is_not_there_is_not_found),
	    BOTH(an_id_is_taken_once),
	    BOTH(another_epoch_changes_nothing),
	    BOTH(done_is_final),
	    BOTH(the_end_and_its_deliveries_are_one_step),
	    BOTH(a_bad_operation_takes_no_other_with_it),
	    BOTH(nothing_is_taken_over_from_oneself),
	    BOTH(jobs_come_oldest_first_and_page_by_page),
	    BOTH(jobs_are_found_by_state_outcome_and_endpoint),
	    BOTH(what_is_not_done_comes_with_its_input),
	    BOTH(pieces_come_in_order_and_in_their_turn),
	    BOTH(what_is_asked_for_in_pieces_comes_at_the_close_too),
	};

	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
