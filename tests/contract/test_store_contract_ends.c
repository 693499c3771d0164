/* SPDX-License-Identifier: Apache-2.0 */
/* What the store promises of what comes behind a job: deliveries and their
 * attempts, late results, idempotency keys, and what is forgotten. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/contract/contract_rig.h"

/* --- deliveries ----------------------------------------------------- */

static void
begin(struct delivery *d, int64_t at, struct attempt *a)
{
	delivery_begin_attempt(d, at, false, a);
	a->note = xstrdup("note");
}

static void
every_field_of_a_delivery_comes_back(void **state)
{
	struct job *job = new_job("a");
	struct delivery *d, *found;
	struct attempt a;

	(void)state;
	job_move(job, JOB_DONE, OUTCOME_OK);
	d = fx_add_delivery(job, "exec a");
	d->about = xstrdup("msg_other");
	d->payload = DELIVERY_REFERENCE;
	d->format = DELIVERY_CE_BINARY;
	d->url_expires_at = 77;
	assert_int_equal(fx_save(job, 0), 0);
	begin(d, 100, &a);
	assert_int_equal(fx_save_delivery(d, &a), 0);
	a.outcome = ATTEMPT_FAILED;
	a.ended_at = 120;
	a.status = 503;
	a.response = xstrdup("busy");
	a.error_class = xstrdup("status");
	a.request_headers = xstrdup("A: b\n");
	a.response_headers = xstrdup("C: d\nC: e\n");
	d->due_at = 200;
	d->failures = 1;
	d->interruptions = 1;
	d->interrupted_since = 90;
	d->replays = 2;
	d->last_status = 503;
	d->note = xstrdup("why");
	assert_int_equal(fx_save_delivery(d, &a), 0);
	found = fx_find_delivery(d->id);
	assert_string_equal(found->job_id, job->id);
	assert_string_equal(found->target, "exec a");
	assert_string_equal(found->event, d->event);
	assert_string_equal(found->content_type, "text/plain");
	assert_string_equal(found->body_sha256, d->body_sha256);
	assert_int_equal(found->body_size, d->body_size);
	assert_null(found->body);
	assert_int_equal(found->created_at, 1000);
	assert_int_equal(found->epoch, 1);
	assert_int_equal(found->due_at, 200);
	assert_int_equal(found->attempts, 1);
	assert_int_equal(found->failures, 1);
	assert_int_equal(found->interruptions, 1);
	assert_int_equal(found->interrupted_since, 90);
	assert_int_equal(found->replays, 2);
	assert_int_equal(found->last_status, 503);
	assert_string_equal(found->note, "why");
	assert_string_equal(found->about, "msg_other");
	assert_int_equal(found->payload, DELIVERY_REFERENCE);
	assert_int_equal(found->format, DELIVERY_CE_BINARY);
	assert_int_equal(found->url_expires_at, 77);
	assert_int_equal(found->nlog, 1);
	assert_int_equal(found->log[0].outcome, ATTEMPT_FAILED);
	assert_int_equal(found->log[0].status, 503);
	assert_int_equal(found->log[0].ended_at, 120);
	assert_string_equal(found->log[0].response, "busy");
	assert_string_equal(found->log[0].error_class, "status");
	assert_string_equal(found->log[0].request_headers, "A: b\n");
	assert_string_equal(found->log[0].response_headers, "C: d\nC: e\n");
	assert_string_equal(found->log[0].note, "note");
	delivery_free(found);
	attempt_done(&a);
	job_free(job);
}

static void
how_an_attempt_began_stays(void **state)
{
	struct job *job = ended_job("a", OUTCOME_OK, 10, "exec a");
	struct delivery *d = job->deliveries[0], *found;
	struct attempt a;

	(void)state;
	begin(d, 100, &a);
	assert_int_equal(fx_save_delivery(d, &a), 0);
	a.started_at = 7;
	a.replay = true;
	a.outcome = ATTEMPT_OK;
	assert_int_equal(fx_save_delivery(d, &a), 0);
	found = fx_find_delivery(d->id);
	assert_int_equal(found->log[0].started_at, 100);
	assert_false(found->log[0].replay);
	assert_int_equal(found->log[0].outcome, ATTEMPT_OK);
	delivery_free(found);
	attempt_done(&a);
	job_free(job);
}

static void
what_is_frozen_stays(void **state)
{
	struct job *job = ended_job("a", OUTCOME_OK, 10, "exec a");
	struct delivery *d = delivery_clone(job->deliveries[0], true), *found;
	struct attempt a;

	(void)state;
	free(d->target);
	d->target = xstrdup("exec b");
	delivery_set_body(d, "other", 5);
	begin(d, 100, &a);
	assert_int_equal(fx_begin(d, &a), 0);
	found = fx.deliveries[0];
	assert_string_equal(found->target, "exec a");
	assert_int_equal(found->body_size, job->deliveries[0]->body_size);
	assert_memory_equal(
	    found->body, job->deliveries[0]->body, (size_t)found->body_size);
	assert_int_equal(found->attempts, 1);
	assert_string_equal(fx.jobs[0]->id, job->id);
	assert_null(fx.jobs[0]->spec.body);
	fx_free_jobs();
	attempt_done(&a);
	delivery_free(d);
	job_free(job);
}

static void
a_stale_or_unknown_delivery_is_refused(void **state)
{
	struct job *job = ended_job("a", OUTCOME_OK, 10, "exec a");
	struct delivery *d = delivery_clone(job->deliveries[0], true), *found;
	struct attempt a;

	(void)state;
	d->epoch++;
	begin(d, 100, &a);
	assert_int_equal(fx_save_delivery(d, &a), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	assert_int_equal(fx_begin(d, &a), -1);
	found = fx_find_delivery(d->id);
	assert_int_equal(found->attempts, 0);
	assert_int_equal(found->nlog, 0);
	delivery_free(found);
	d->epoch--;
	d->id[DELIVERY_ID_LEN - 1] ^= 1;
	assert_int_equal(fx_save_delivery(d, &a), -1);
	assert_int_equal(fx.err.code, ERR_NOT_FOUND);
	attempt_done(&a);
	delivery_free(d);
	job_free(job);
}

static struct delivery *
follower(const struct delivery *d, const char *bytes)
{
	struct delivery *f =
	    delivery_new_about(d, "exec b", "delivery.failed", 200);

	f->content_type = xstrdup("text/plain");
	delivery_set_body(f, bytes, strlen(bytes));
	return f;
}

static void
what_follows_is_made_in_the_same_step_and_once(void **state)
{
	struct job *job = ended_job("a", OUTCOME_OK, 10, "exec a"), *found;
	struct delivery *d = job->deliveries[0], *f;
	struct attempt a;

	(void)state;
	delivery_move(d, DELIVERY_DEAD, 100);
	d->follow = follower(d, "first");
	assert_int_equal(fx_save_delivery(d, NULL), 0);
	/* Again, and with other bytes: what is there stays. */
	delivery_free(d->follow);
	d->follow = follower(d, "second");
	assert_int_equal(fx_save_delivery(d, NULL), 0);
	found = fx_find(job->id);
	assert_int_equal(found->ndeliveries, 2);
	f = found->deliveries[1];
	assert_string_equal(f->id, d->follow->id);
	assert_string_equal(f->about, d->id);
	assert_int_equal(f->state, DELIVERY_WAITING);
	delivery_begin_attempt(f, 300, false, &a);
	assert_int_equal(fx_begin(f, &a), 0);
	assert_memory_equal(fx.deliveries[0]->body, "first", 5);
	fx_free_jobs();
	attempt_done(&a);
	job_free(found);
	job_free(job);
}

static void
what_is_refused_has_no_follower(void **state)
{
	struct job *job = ended_job("a", OUTCOME_OK, 10, "exec a"), *found;
	struct delivery *d = job->deliveries[0];

	(void)state;
	d->epoch++;
	d->follow = follower(d, "x");
	assert_int_equal(fx_save_delivery(d, NULL), -1);
	found = fx_find(job->id);
	assert_int_equal(found->ndeliveries, 1);
	job_free(found);
	/* Nor does one stay behind alone. */
	d->epoch--;
	assert_int_equal(fx_save_delivery(d, NULL), 0);
	assert_int_equal(fx_prune(100, 9), 0);
	job_free(job);
}

static void
several_events_of_a_kind_go_to_one_target(void **state)
{
	struct job *job = ended_job("a", OUTCOME_OK, 10, "exec a"), *found;
	struct delivery *d = job->deliveries[0];
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++) {
		d->replays = i;
		delivery_free(d->follow);
		d->follow = follower(d, "x");
		assert_int_equal(fx_save_delivery(d, NULL), 0);
	}
	found = fx_find(job->id);
	assert_int_equal(found->ndeliveries, 4);
	job_free(found);
	job_free(job);
}

static void
the_last_two_hundred_attempts_are_read(void **state)
{
	struct job *job = ended_job("a", OUTCOME_OK, 10, "exec a");
	struct delivery *d = job->deliveries[0], *found;
	struct asked asked[203] = {{.over = false}};
	unsigned i;

	(void)state;
	for (i = 0; i < 203; i++) {
		struct attempt a;

		begin(d, 100, &a);
		store_save_delivery(fx.store, d, &a, on_asked, &asked[i]);
		attempt_done(&a);
	}
	for (i = 0; i < 203; i++)
		await_asked(&asked[i]);
	found = fx_find_delivery(d->id);
	assert_int_equal(found->attempts, 203);
	assert_int_equal(found->nlog, 200);
	assert_int_equal(found->log[0].n, 4);
	assert_int_equal(found->log[199].n, 203);
	delivery_free(found);
	job_free(job);
}

static unsigned
deliveries(const struct store_query *q)
{
	unsigned n;

	assert_int_equal(fx_query_deliveries(q), 0);
	n = (unsigned)fx.n;
	fx_free_jobs();
	return n;
}

static void
deliveries_are_listed_like_jobs(void **state)
{
	struct job *a = ended_job("a", OUTCOME_OK, 10, "exec a");
	struct job *b = ended_job("b", OUTCOME_OK, 10, "exec b");
	struct delivery *d = b->deliveries[0];

	(void)state;
	delivery_move(d, DELIVERY_DEAD, 50);
	assert_int_equal(fx_save_delivery(d, NULL), 0);
	assert_int_equal(deliveries(&(struct store_query){.limit = 9}), 2);
	assert_int_equal(deliveries(&(struct store_query){.limit = 1}), 1);
	assert_int_equal(
	    deliveries(&(struct store_query){.state = "waiting"}), 1);
	assert_int_equal(deliveries(&(struct store_query){.state = "dead"}), 1);
	assert_int_equal(
	    deliveries(&(struct store_query){.state = "delivered"}), 0);
	assert_int_equal(
	    deliveries(&(struct store_query){.target = "exec a"}), 1);
	assert_int_equal(deliveries(&(struct store_query){.job = b->id}), 1);
	assert_int_equal(deliveries(&(struct store_query){.job = "x"}), 0);
	assert_int_equal(
	    deliveries(&(struct store_query){.after = a->deliveries[0]->id}),
	    1);
	assert_int_equal(
	    fx_query_deliveries(&(struct store_query){.after = "x"}), -1);
	assert_int_equal(fx.err.code, ERR_NOT_FOUND);
	assert_int_equal(
	    fx_query_deliveries(&(struct store_query){.state = "x"}), -1);
	assert_int_equal(fx.err.code, ERR_USAGE);
	job_free(a);
	job_free(b);
}

/* --- late results --------------------------------------------------- */

static void
a_late_result_is_kept_once_and_announced(void **state)
{
	struct job *job = ended_job("a", OUTCOME_EXPIRED, 10, "exec a");
	struct job *found;
	struct delivery *d = delivery_new(job->id, "exec a", "late", 70);

	(void)state;
	delivery_set_body(d, "x", 1);
	delivery_free(job->deliveries[0]);
	job->deliveries[0] = d;
	job->late_at = 60;
	job->late_location = xstrdup("s3://b/k");
	job->late_etag = xstrdup("\"e\"");
	job->late_type = xstrdup("text/plain");
	job->late_size = 4;
	assert_int_equal(late(job), 0);
	found = fx_find(job->id);
	assert_int_equal(found->outcome, OUTCOME_EXPIRED);
	assert_int_equal(found->late_at, 60);
	assert_string_equal(found->late_location, "s3://b/k");
	assert_string_equal(found->late_etag, "\"e\"");
	assert_string_equal(found->late_type, "text/plain");
	assert_int_equal(found->late_size, 4);
	assert_int_equal(found->ndeliveries, 2);
	assert_string_equal(found->deliveries[1]->event, "late");
	job_free(found);
	job->late_at = 61;
	assert_int_equal(late(job), -1);
	assert_int_equal(fx.err.code, ERR_EXISTS);
	found = fx_find(job->id);
	assert_int_equal(found->late_at, 60);
	assert_int_equal(found->ndeliveries, 2);
	job_free(found);
	job_free(job);
}

static void
expired_jobs_without_a_late_result_are_found(void **state)
{
	struct job *a = ended_job("a", OUTCOME_EXPIRED, 10, NULL);
	struct job *b = ended_job("b", OUTCOME_EXPIRED, 20, NULL);
	struct job *c = ended_job("c", OUTCOME_EXPIRED, 30, NULL);
	struct job *d = ended_job("d", OUTCOME_FAILED, 30, NULL);

	(void)state;
	assert_int_equal(expired(20, 9), 2);
	assert_string_equal(fx.jobs[0]->id, b->id);
	assert_string_equal(fx.jobs[1]->id, c->id);
	fx_free_jobs();
	assert_int_equal(expired(0, 2), 2);
	assert_string_equal(fx.jobs[0]->id, a->id);
	fx_free_jobs();
	b->late_at = 99;
	b->late_location = xstrdup("s3://b/k");
	assert_int_equal(late(b), 0);
	assert_int_equal(expired(20, 9), 1);
	assert_string_equal(fx.jobs[0]->id, c->id);
	fx_free_jobs();
	job_free(a);
	job_free(b);
	job_free(c);
	job_free(d);
}

/* --- what is kept --------------------------------------------------- */

static void
the_last_value_is_kept(void **state)
{
	char *value;

	(void)state;
	assert_null(kept("a"));
	assert_int_equal(keep("a", "1"), 0);
	assert_int_equal(keep("b", "2"), 0);
	assert_int_equal(keep("a", "3"), 0);
	value = kept("a");
	assert_string_equal(value, "3");
	free(value);
	value = kept("b");
	assert_string_equal(value, "2");
	free(value);
}

/* --- keys and retention --------------------------------------------- */

static struct job *
job_of_key(const char *key, int64_t created_at)
{
	struct job *job = fx_small_job();

	job->created_at = created_at;
	job->spec.idempotency_key = xstrdup(key);
	job->spec.idempotency_hash = xstrdup("abc");
	return job;
}

static void
a_key_makes_one_job(void **state)
{
	struct job *job = job_of_key("k", 5), *other = job_of_key("k", 6);
	struct job *found;
	struct known known;

	(void)state;
	find_key("k", &known);
	assert_false(known.there);
	assert_int_equal(fx_insert(job), 0);
	assert_int_equal(fx_insert(other), -1);
	assert_int_equal(fx.err.code, ERR_EXISTS);
	assert_null(fx_find(other->id));
	find_key("k", &known);
	assert_true(known.there);
	assert_string_equal(known.job_id, job->id);
	assert_string_equal(known.hash, "abc");
	assert_string_equal(known.job->id, job->id);
	assert_null(known.job->spec.body);
	job_free(known.job);
	found = fx_find_key("k");
	assert_string_equal(found->id, job->id);
	job_free(found);
	job_free(job);
	job_free(other);
}

static void
what_is_withdrawn_was_never_there(void **state)
{
	struct job *job = job_of_key("k", 5), *other = job_of_key("l", 6);
	struct job *again = job_of_key("k", 7);
	struct store_query all = {.limit = 9};
	struct known known;

	(void)state;
	free(other->spec.endpoint);
	other->spec.endpoint = xstrdup("other");
	assert_int_equal(fx_insert(job), 0);
	assert_int_equal(fx_insert(other), 0);
	job_add_submission(job)->inference_id = xstrdup("i");
	assert_int_equal(fx_save(job, 1), 0);
	assert_int_equal(withdraw(job), 0);
	assert_null(fx_find(job->id));
	assert_string_equal(endpoints(&all), "other");
	find_key("k", &known);
	assert_false(known.there);
	/* Once more it is not there, and the key makes another job. */
	assert_int_equal(withdraw(job), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	assert_int_equal(fx_insert(again), 0);
	find_key("k", &known);
	assert_string_equal(known.job_id, again->id);
	job_free(known.job);
	find_key("l", &known);
	assert_true(known.there);
	job_free(known.job);
	job_free(job);
	job_free(other);
	job_free(again);
}

static void
what_was_accepted_or_is_anothers_is_not_withdrawn(void **state)
{
	struct job *job = job_of_key("k", 5);
	struct known known;

	(void)state;
	assert_int_equal(fx_insert(job), 0);
	job->epoch++;
	assert_int_equal(withdraw(job), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	job->epoch--;
	job_add_submission(job)->fate = SUB_ACCEPTED;
	job_move(job, JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(fx_save(job, 1), 0);
	assert_int_equal(withdraw(job), -1);
	assert_int_equal(fx.err.code, ERR_STORE);
	job_move(job, JOB_DONE, OUTCOME_OK);
	assert_int_equal(fx_save(job, 0), 0);
	assert_int_equal(withdraw(job), -1);
	find_key("k", &known);
	assert_string_equal(known.job->id, job->id);
	assert_int_equal(known.job->nsubs, 1);
	job_free(known.job);
	job_free(job);
}

static void
a_key_outlives_its_job_and_goes_by_its_own_age(void **state)
{
	struct job *job = job_of_key("k", 5), *again = job_of_key("k", 900);
	struct known known;

	(void)state;
	assert_int_equal(fx_insert(job), 0);
	/* A job that is there keeps its key. */
	assert_int_equal(forget(0, 100, 9), 0);
	job_move(job, JOB_DONE, OUTCOME_CANCELLED);
	job->completed_at = 10;
	assert_int_equal(fx_save(job, 0), 0);
	assert_int_equal(forget(50, 0, 9), 1);
	assert_null(fx_find(job->id));
	find_key("k", &known);
	assert_true(known.there);
	assert_string_equal(known.job_id, job->id);
	assert_null(known.job);
	assert_null(fx_find_key("k"));
	assert_int_equal(fx_insert(again), -1);
	assert_int_equal(fx.err.code, ERR_EXISTS);
	assert_int_equal(forget(0, 5, 9), 0);
	assert_int_equal(forget(0, 6, 9), 1);
	find_key("k", &known);
	assert_false(known.there);
	assert_int_equal(fx_insert(again), 0);
	job_free(job);
	job_free(again);
}

static void
what_ended_long_ago_goes_and_nothing_else(void **state)
{
	struct job *old = ended_job("old", OUTCOME_OK, 10, "exec a");
	struct job *young = ended_job("young", OUTCOME_OK, 30, NULL);
	struct job *busy = ended_job("busy", OUTCOME_OK, 10, "exec a");
	struct job *open = new_job("open");
	struct store_query all = {.limit = 9};

	(void)state;
	delivery_move(old->deliveries[0], DELIVERY_DELIVERED, 20);
	assert_int_equal(fx_save_delivery(old->deliveries[0], NULL), 0);
	assert_int_equal(fx_prune(10, 9), 0);
	assert_int_equal(fx_prune(30, 9), 1);
	assert_string_equal(endpoints(&all), "young busy open");
	assert_null(fx_find_delivery(old->deliveries[0]->id));
	assert_int_equal(fx_save_delivery(old->deliveries[0], NULL), -1);
	assert_int_equal(fx.err.code, ERR_NOT_FOUND);
	assert_int_equal(fx_prune(31, 9), 1);
	assert_string_equal(endpoints(&all), "busy open");
	job_free(old);
	job_free(young);
	job_free(busy);
	job_free(open);
}

static void
what_ended_first_goes_first(void **state)
{
	struct job *a = ended_job("a", OUTCOME_OK, 30, NULL);
	struct job *b = ended_job("b", OUTCOME_OK, 10, NULL);
	struct job *c = ended_job("c", OUTCOME_OK, 20, NULL);
	struct store_query all = {.limit = 9};

	(void)state;
	assert_int_equal(fx_prune(100, 2), 2);
	assert_string_equal(endpoints(&all), "a");
	assert_int_equal(fx_prune(100, 2), 1);
	assert_int_equal(fx_prune(100, 2), 0);
	job_free(a);
	job_free(b);
	job_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    BOTH(every_field_of_a_delivery_comes_back),
	    BOTH(how_an_attempt_began_stays),
	    BOTH(what_is_frozen_stays),
	    BOTH(a_stale_or_unknown_delivery_is_refused),
	    BOTH(what_follows_is_made_in_the_same_step_and_once),
	    BOTH(what_is_refused_has_no_follower),
	    BOTH(several_events_of_a_kind_go_to_one_target),
	    BOTH(the_last_two_hundred_attempts_are_read),
	    BOTH(deliveries_are_listed_like_jobs),
	    BOTH(a_late_result_is_kept_once_and_announced),
	    BOTH(expired_jobs_without_a_late_result_are_found),
	    BOTH(the_last_value_is_kept),
	    BOTH(a_key_makes_one_job),
	    BOTH(what_is_withdrawn_was_never_there),
	    BOTH(what_was_accepted_or_is_anothers_is_not_withdrawn),
	    BOTH(a_key_outlives_its_job_and_goes_by_its_own_age),
	    BOTH(what_ended_long_ago_goes_and_nothing_else),
	    BOTH(what_ended_first_goes_first),
	};

	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
