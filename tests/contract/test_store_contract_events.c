/* SPDX-License-Identifier: Apache-2.0 */
/* What every backend promises: the log of events. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/contract/contract_rig.h"

#define TEXT_SIZE 1000

/* One reading of the log. */
struct reading {
	struct asked a;
	struct store_span span;
	int64_t seq; /* of the last event that was read */
	size_t n;
	char text[TEXT_SIZE]; /* "job.queued 0;…" */
};

static void
add(char *text, const char *before, const char *value)
{
	size_t len = strlen(text);

	snprintf(text + len, TEXT_SIZE - len, "%s%s", before, value);
}

/* What there is of it, in the order of the struct. */
static void
describe(const struct job_event *e, char *text)
{
	const char *const strings[] = {e->endpoint, e->tags, e->error_code,
	    e->target, e->event, e->note, e->error_class};
	char number[32];
	size_t i;

	add(text, "", job_event_name(e->type));
	snprintf(number, sizeof(number), " %u", e->n);
	add(text, "", number);
	if (e->outcome != OUTCOME_NONE)
		add(text, " ", job_outcome_name(e->outcome));
	for (i = 0; i < ARRAY_LEN(strings); i++) {
		if (strings[i] != NULL)
			add(text, " ", strings[i]);
	}
	snprintf(number, sizeof(number), " %d", e->status);
	if (e->status != ATTEMPT_NO_STATUS)
		add(text, "", number);
	add(text, "", ";");
}

static void
on_events(struct job_event **v, size_t n, const struct store_span *span,
    const struct error *err, void *arg)
{
	struct reading *r = arg;
	size_t i;

	r->text[0] = '\0';
	r->n = n;
	r->span = *span;
	for (i = 0; i < n; i++) {
		assert_true(v[i]->seq > r->seq);
		assert_true(v[i]->seq <= span->up_to);
		assert_true(llabs(v[i]->at - clock_wall_ms()) < 300000);
		r->seq = v[i]->seq;
		describe(v[i], r->text);
		job_event_free(v[i]);
	}
	on_asked(err, &r->a);
}

static void
read_log(struct reading *r, int64_t after, size_t limit)
{
	memset(r, 0, sizeof(*r));
	r->seq = after;
	store_list_events(fx.store, after, limit, on_events, r);
	await_asked(&r->a);
	assert_int_equal(r->a.err.code, ERR_NONE);
}

static int64_t
last(void)
{
	return store_last_event(fx.store);
}

/* All behind an event. */
static void
must_have_happened(int64_t after, const char *wanted)
{
	struct reading r;

	read_log(&r, after, 100);
	assert_string_equal(r.text, wanted);
	assert_int_equal(r.span.up_to, last());
	assert_int_equal(r.span.last, last());
	assert_true(r.n == 0 || r.seq == last());
}

static void
a_new_log_is_empty_and_begins_at_the_time(void **state)
{
	struct reading r;

	(void)state;
	read_log(&r, 0, 10);
	assert_int_equal(r.n, 0);
	assert_int_equal(r.span.first, r.span.last + 1);
	assert_int_equal(r.span.last, last());
	assert_true(llabs(r.span.first - clock_wall_ms()) < 300000);
}

static void
a_jobs_moves_are_told_in_their_order(void **state)
{
	struct job *job = fx_small_job();
	int64_t before = last();

	(void)state;
	job->spec.tags = xstrdup("a,b");
	assert_int_equal(fx_insert(job), 0);
	must_have_happened(before, "job.queued 0 ocr a,b;");
	job_add_submission(job)->fate = SUB_ACCEPTED;
	job_move(job, JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(fx_save(job, 1), 0);
	must_have_happened(
	    before, "job.queued 0 ocr a,b;job.accepted 1 ocr a,b;");
	before = last();
	job_move(job, JOB_DONE, OUTCOME_FAILED);
	job->error_code = xstrdup("model");
	assert_int_equal(fx_save(job, 0), 0);
	must_have_happened(before, "job.done 1 failed ocr a,b model;");
	job_free(job);
}

static void
a_job_that_is_asked_for_again_is_queued_again(void **state)
{
	struct job *job = new_job("a");
	int64_t before = last();

	(void)state;
	job_add_submission(job)->fate = SUB_ACCEPTED;
	job_move(job, JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(fx_save(job, 1), 0);
	job_move(job, JOB_QUEUED, OUTCOME_NONE);
	assert_int_equal(fx_save(job, 0), 0);
	must_have_happened(before, "job.accepted 1 a;job.queued 1 a;");
	job_free(job);
}

static void
a_save_that_moves_nothing_is_no_event(void **state)
{
	struct job *job = new_job("a");
	int64_t before = last();

	(void)state;
	job_add_submission(job);
	assert_int_equal(fx_save(job, 1), 0);
	assert_int_equal(fx_save(job, 1), 0);
	must_have_happened(before, "");
	job_free(job);
}

static void
a_job_that_is_withdrawn_is_told(void **state)
{
	struct job *job = new_job("a");
	struct asked a = {.over = false};
	int64_t before = last();

	(void)state;
	store_withdraw(fx.store, job, on_asked, &a);
	await_asked(&a);
	assert_int_equal(a.err.code, ERR_NONE);
	must_have_happened(before - 1, "job.queued 0;job.withdrawn 0;");
	job_free(job);
}

static void
what_is_refused_is_no_event(void **state)
{
	struct job *job = ended_job("a", OUTCOME_OK, 10, NULL);
	int64_t before = last();

	(void)state;
	/* Done is final, and its id is taken. */
	job->state = JOB_QUEUED;
	assert_int_equal(fx_save(job, 0), -1);
	assert_int_equal(fx_insert(job), -1);
	must_have_happened(before, "");
	job_free(job);
}

/* They stand in one transaction first, which is taken back. */
static void
what_is_run_again_is_told_once(void **state)
{
	struct job *good = fx_small_job(), *bad = fx_small_job();
	struct asked a[3] = {{.over = false}};
	int64_t before = last();
	int i;

	(void)state;
	bad->epoch = 9;
	store_insert(fx.store, good, on_asked, &a[0]);
	store_save(fx.store, bad, 0, on_asked, &a[1]);
	job_free(bad);
	bad = fx_small_job();
	store_insert(fx.store, bad, on_asked, &a[2]);
	for (i = 0; i < 3; i++)
		await_asked(&a[i]);
	assert_int_equal(a[0].err.code, ERR_NONE);
	assert_int_not_equal(a[1].err.code, ERR_NONE);
	assert_int_equal(a[2].err.code, ERR_NONE);
	must_have_happened(before, "job.queued 0 ocr;job.queued 0 ocr;");
	assert_int_equal(last(), before + 2);
	job_free(good);
	job_free(bad);
}

static void
begin(struct delivery *d, struct attempt *a)
{
	delivery_begin_attempt(d, 20, false, a);
	assert_int_equal(fx_begin(d, a), 0);
	fx_free_jobs();
}

static void
end(struct delivery *d, struct attempt *a, int status, const char *note)
{
	a->ended_at = 30;
	a->outcome = note != NULL ? ATTEMPT_FAILED : ATTEMPT_OK;
	a->status = status;
	a->note = xstrdup_or_null(note);
	d->note = xstrdup_or_null(note);
	if (note != NULL && d->state == DELIVERY_WAITING)
		d->due_at = 40;
	assert_int_equal(fx_save_delivery(d, a), 0);
	attempt_done(a);
	xfree(&d->note);
}

static void
a_deliverys_attempts_are_told(void **state)
{
	struct job *job = ended_job("a", OUTCOME_OK, 10, "webhook x");
	struct delivery *d = job->deliveries[0];
	int64_t before = last();
	struct attempt a;

	(void)state;
	begin(d, &a);
	must_have_happened(before, "");
	end(d, &a, 500, "no");
	must_have_happened(before,
	    "delivery.failed 1 a webhook x inference.completed no 500;");
	begin(d, &a);
	delivery_move(d, DELIVERY_DELIVERED, 30);
	before = last();
	end(d, &a, 204, NULL);
	must_have_happened(before,
	    "delivery.delivered 2 a webhook x inference.completed 204;");
	before = last();
	delivery_move(d, DELIVERY_WAITING, 50);
	d->replays++;
	assert_int_equal(fx_save_delivery(d, NULL), 0);
	must_have_happened(
	    before, "delivery.replayed 2 a webhook x inference.completed 204;");
	job_free(job);
}

static void
one_attempt_that_is_saved_twice_failed_once(void **state)
{
	struct job *job = ended_job("a", OUTCOME_OK, 10, "webhook x");
	struct delivery *d = job->deliveries[0];
	int64_t before = last();
	struct attempt a;

	(void)state;
	begin(d, &a);
	end(d, &a, 500, "no");
	assert_int_equal(last(), before + 1);
	a.ended_at = 31;
	assert_int_equal(fx_save_delivery(d, &a), 0);
	assert_int_equal(last(), before + 1);
	job_free(job);
}

static void
one_that_is_given_up_says_why(void **state)
{
	struct job *job = ended_job("a", OUTCOME_OK, 10, "webhook x");
	struct delivery *d = job->deliveries[0];
	int64_t before = last();

	(void)state;
	delivery_move(d, DELIVERY_DEAD, 30);
	d->note = xstrdup("on request");
	assert_int_equal(fx_save_delivery(d, NULL), 0);
	must_have_happened(before,
	    "delivery.dead 0 a webhook x inference.completed on request;");
	job_free(job);
}

static void
a_late_result_is_told(void **state)
{
	struct job *job = ended_job("a", OUTCOME_EXPIRED, 10, NULL);
	int64_t before = last();

	(void)state;
	job->late_at = 20;
	job->late_location = xstrdup("s3://b/k");
	assert_int_equal(late(job), 0);
	must_have_happened(before, "job.late 1 expired a;");
	assert_int_equal(late(job), -1);
	must_have_happened(before, "job.late 1 expired a;");
	job_free(job);
}

static void
a_list_goes_on_where_the_one_before_ended(void **state)
{
	struct reading r;
	int64_t at;
	int i;

	(void)state;
	for (i = 0; i < 5; i++)
		job_free(new_job("a"));
	read_log(&r, 0, 2);
	assert_int_equal(r.n, 2);
	assert_int_equal(r.span.up_to, r.seq);
	assert_int_equal(r.span.first, r.seq - 1);
	assert_int_equal(r.span.last, last());
	at = r.seq;
	read_log(&r, at, 2);
	assert_int_equal(r.n, 2);
	assert_int_equal(r.span.up_to, at + 2);
	read_log(&r, at + 2, 2);
	assert_int_equal(r.n, 1);
	assert_int_equal(r.span.up_to, last());
	read_log(&r, last() + 100, 2);
	assert_int_equal(r.n, 0);
	assert_int_equal(r.span.last, last());
}

static int
forget_events(int64_t before_at, size_t limit)
{
	struct store_forget f = {
	    .before_at = INT64_MIN,
	    .keys_before_at = INT64_MIN,
	    .events_before_at = before_at,
	    .limit = limit,
	};

	return forget_all(&f);
}

static void
old_events_are_forgotten_but_for_the_last(void **state)
{
	int64_t later = clock_wall_ms() + 60000, newest;
	struct reading r;
	int i;

	(void)state;
	for (i = 0; i < 5; i++)
		job_free(new_job("a"));
	assert_int_equal(forget_events(0, 10), 0);
	assert_int_equal(forget_events(1, 10), 0);
	assert_int_equal(forget_events(later, 3), 3);
	newest = last();
	read_log(&r, 0, 10);
	assert_int_equal(r.n, 2);
	assert_int_equal(r.span.first, newest - 1);
	assert_int_equal(forget_events(later, 3), 1);
	assert_int_equal(forget_events(later, 3), 0);
	read_log(&r, 0, 10);
	assert_int_equal(r.n, 1);
	assert_int_equal(r.span.first, newest);
	/* Nor is its number given again. */
	job_free(new_job("a"));
	assert_int_equal(last(), newest + 1);
}

static void
of_a_forgotten_job_the_ids_are_left(void **state)
{
	struct job *job = ended_job("a", OUTCOME_OK, 10, "webhook x");
	struct delivery *d = job->deliveries[0];
	int64_t before = last();

	(void)state;
	delivery_move(d, DELIVERY_DEAD, 30);
	assert_int_equal(fx_save_delivery(d, NULL), 0);
	assert_int_equal(fx_prune(11, 9), 1);
	must_have_happened(before - 1, "job.done 1;delivery.dead 0;");
	job_free(job);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    BOTH(a_new_log_is_empty_and_begins_at_the_time),
	    BOTH(a_jobs_moves_are_told_in_their_order),
	    BOTH(a_job_that_is_asked_for_again_is_queued_again),
	    BOTH(a_save_that_moves_nothing_is_no_event),
	    BOTH(a_job_that_is_withdrawn_is_told),
	    BOTH(what_is_refused_is_no_event),
	    BOTH(what_is_run_again_is_told_once),
	    BOTH(a_deliverys_attempts_are_told),
	    BOTH(one_attempt_that_is_saved_twice_failed_once),
	    BOTH(one_that_is_given_up_says_why),
	    BOTH(a_late_result_is_told),
	    BOTH(a_list_goes_on_where_the_one_before_ended),
	    BOTH(old_events_are_forgotten_but_for_the_last),
	    BOTH(of_a_forgotten_job_the_ids_are_left),
	};

	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
