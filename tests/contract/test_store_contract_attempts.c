/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts by themselves: order, pages and filters, whatever keeps them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/contract/contract_rig.h"

/* One delivery each; x is of one job, y and z of another. */
static char x[DELIVERY_ID_SIZE], y[DELIVERY_ID_SIZE], z[DELIVERY_ID_SIZE];
static char job_x[JOBID_SIZE], job_y[JOBID_SIZE];

/* Under one letter each, in the order in which they begin. */
static const struct row {
	char letter;
	const char *of;
	unsigned n;
	enum attempt_outcome outcome;
	int64_t started_at;
	int status;
	const char *class;
} rows[] = {
    {'a', x, 1, ATTEMPT_FAILED, 100, -1, "dns"},
    {'b', y, 1, ATTEMPT_FAILED, 100, 75, "exit"},
    {'c', x, 2, ATTEMPT_FAILED, 200, 503, "status"},
    {'d', z, 1, ATTEMPT_INTERRUPTED, 250, -1, "died"},
    {'e', y, 2, ATTEMPT_OPEN, 300, -1, NULL},
    {'f', x, 3, ATTEMPT_OK, 400, 200, NULL},
};

static void
begin(const struct row *r)
{
	struct delivery *d = fx_find_delivery(r->of);
	struct attempt a;

	delivery_begin_attempt(d, r->started_at, false, &a);
	assert_int_equal(a.n, r->n);
	assert_int_equal(fx_save_delivery(d, &a), 0);
	attempt_done(&a);
	delivery_free(d);
}

static void
end(const struct row *r)
{
	struct delivery *d = fx_find_delivery(r->of);
	struct attempt a = {
	    .n = r->n,
	    .outcome = r->outcome,
	    .ended_at = r->started_at + 7,
	    .status = r->status,
	    .error_class = xstrdup_or_null(r->class),
	    .response_headers = xstrdup("A: b\n"),
	};

	if (r->outcome != ATTEMPT_OPEN) {
		d->due_at = 1000 + r->n;
		assert_int_equal(fx_save_delivery(d, &a), 0);
	}
	attempt_done(&a);
	delivery_free(d);
}

static void
make_rows(void)
{
	struct job *job = ended_job("a", OUTCOME_OK, 10, "webhook x");
	size_t i;

	memcpy(job_x, job->id, JOBID_SIZE);
	memcpy(x, job->deliveries[0]->id, DELIVERY_ID_SIZE);
	job_free(job);
	job = new_job("b");
	job_move(job, JOB_DONE, OUTCOME_OK);
	job->completed_at = 10;
	fx_add_delivery(job, "exec y");
	fx_add_delivery(job, "webhook x");
	assert_int_equal(fx_save(job, 0), 0);
	memcpy(job_y, job->id, JOBID_SIZE);
	memcpy(y, job->deliveries[0]->id, DELIVERY_ID_SIZE);
	memcpy(z, job->deliveries[1]->id, DELIVERY_ID_SIZE);
	job_free(job);
	/* Several are under way at a time: an end is not a new beginning. */
	begin(&rows[0]);
	begin(&rows[1]);
	end(&rows[1]);
	end(&rows[0]);
	for (i = 2; i < ARRAY_LEN(rows); i++) {
		begin(&rows[i]);
		if (i > 2)
			end(&rows[i - 1]);
	}
	end(&rows[i - 1]);
}

static char
letter_of(const struct attempt_entry *e)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].of, e->delivery) == 0 && rows[i].n == e->a.n)
			return rows[i].letter;
	}
	return '?';
}

static const char *
found(const struct store_query *q)
{
	static char text[16];
	size_t i;

	if (fx_query_attempts(q) == -1)
		return fx.err.text;
	for (i = 0; i < fx.n && i < sizeof(text) - 1; i++)
		text[i] = letter_of(fx.attempts[i]);
	text[i] = '\0';
	fx_free_jobs();
	return text;
}

static void
finds(struct store_query q, const char *want)
{
	char back[16] = "";
	size_t i, n = strlen(want);

	assert_string_equal(found(&q), want);
	q.limit = 50;
	assert_string_equal(found(&q), want);
	for (i = 0; i < n; i++)
		back[i] = want[n - 1 - i];
	q.newest = true;
	assert_string_equal(found(&q), back);
	q.limit = 0;
	assert_string_equal(found(&q), back);
}

static void
each_filter_finds_what_it_says(void **state)
{
	(void)state;
	make_rows();
	finds((struct store_query){0}, "abcdef");
	finds((struct store_query){.delivery = x}, "acf");
	finds((struct store_query){.delivery = y}, "be");
	finds((struct store_query){.delivery = x, .n = 2}, "c");
	finds((struct store_query){.delivery = x, .n = 4}, "");
	finds((struct store_query){.job = job_y}, "bde");
	finds((struct store_query){.job = job_x, .delivery = y}, "");
	finds((struct store_query){.target = "webhook x"}, "acdf");
	finds((struct store_query){.target = "webhook"}, "");
	finds((struct store_query){.outcome = "failed"}, "abc");
	finds((struct store_query){.outcome = "open"}, "e");
	finds((struct store_query){.outcome = "interrupted"}, "d");
	finds((struct store_query){.error_class = "dns"}, "a");
	finds((struct store_query){.error_class = "tls"}, "");
	finds((struct store_query){.by_status = true, .status = 503}, "c");
	finds((struct store_query){.by_status = true, .status = 75}, "b");
	finds((struct store_query){.since_at = 200}, "cdef");
	finds((struct store_query){.until_at = 200}, "ab");
	finds((struct store_query){.since_at = 101, .until_at = 400}, "cde");
	finds(
	    (struct store_query){
		.target = "webhook x", .outcome = "failed", .since_at = 150},
	    "c");
}

static void
a_page_goes_on_behind_the_last(void **state)
{
	struct store_query q = {.limit = 2};
	char place[ATTEMPT_PLACE_SIZE];
	struct attempt_entry at = {.a.n = 1};

	(void)state;
	make_rows();
	assert_string_equal(found(&q), "ab");
	memcpy(at.delivery, y, sizeof(y));
	attempt_place(&at, place);
	q.after = place;
	assert_string_equal(found(&q), "cd");
	q.newest = true;
	assert_string_equal(found(&q), "a");
	/* One that ended meanwhile is where it was. */
	at.a.n = 2;
	attempt_place(&at, place);
	q.newest = false;
	assert_string_equal(found(&q), "f");
	end(&(struct row){.of = y,
	    .n = 2,
	    .outcome = ATTEMPT_OK,
	    .started_at = 300,
	    .status = 0});
	assert_string_equal(found(&q), "f");
	q.delivery = y;
	assert_string_equal(found(&q), "");
}

static void
what_is_not_there_is_told(void **state)
{
	struct store_query q = {0};

	(void)state;
	make_rows();
	q.after = "msg_aaaaaaaaaaaaaaaaaaaaaaaaaa.1";
	assert_int_equal(fx_query_attempts(&q), -1);
	assert_int_equal(fx.err.code, ERR_NOT_FOUND);
	q.after = "nonsense";
	assert_int_equal(fx_query_attempts(&q), -1);
	assert_int_equal(fx.err.code, ERR_NOT_FOUND);
	q.after = NULL;
	q.outcome = "good";
	assert_int_equal(fx_query_attempts(&q), -1);
	assert_int_equal(fx.err.code, ERR_USAGE);
}

static void
an_entry_has_all_of_its_attempt(void **state)
{
	struct store_query q = {.delivery = z};
	const struct attempt_entry *e;

	(void)state;
	make_rows();
	assert_int_equal(fx_query_attempts(&q), 0);
	assert_int_equal(fx.n, 1);
	e = fx.attempts[0];
	assert_string_equal(e->delivery, z);
	assert_string_equal(e->job, job_y);
	assert_string_equal(e->target, "webhook x");
	assert_non_null(e->event);
	assert_int_equal(e->next_attempt_at, 1001);
	assert_int_equal(e->a.started_at, 250);
	assert_int_equal(e->a.ended_at, 257);
	assert_int_equal(e->a.status, -1);
	assert_string_equal(e->a.error_class, "died");
	assert_string_equal(e->a.response_headers, "A: b\n");
	fx_free_jobs();
	/* Only of the last one another follows. */
	q.delivery = x;
	assert_int_equal(fx_query_attempts(&q), 0);
	assert_int_equal(fx.attempts[0]->next_attempt_at, 0);
	assert_int_equal(fx.attempts[2]->next_attempt_at, 1003);
	fx_free_jobs();
}

/* A delivery by itself shows the last 200. */
static void
all_attempts_can_be_reached(void **state)
{
	struct store_query q = {.limit = 100};
	struct delivery *d;
	char place[ATTEMPT_PLACE_SIZE];
	struct row r = {.of = x};
	unsigned i, seen = 0;

	(void)state;
	make_rows();
	for (i = 4; i <= 250; i++) {
		r.n = i;
		r.started_at = 1000 + i;
		r.outcome = ATTEMPT_FAILED;
		begin(&r);
		end(&r);
	}
	d = fx_find_delivery(x);
	assert_int_equal(d->nlog, 200);
	delivery_free(d);
	q.delivery = x;
	while (fx_query_attempts(&q) == 0 && fx.n > 0) {
		for (i = 0; i < fx.n; i++)
			assert_int_equal(fx.attempts[i]->a.n, ++seen);
		attempt_place(fx.attempts[i - 1], place);
		q.after = place;
		fx_free_jobs();
	}
	assert_int_equal(seen, 250);
}

static void
what_is_forgotten_has_no_attempts(void **state)
{
	struct delivery *d;
	const char *of[] = {y, z};
	size_t i;

	(void)state;
	make_rows();
	for (i = 0; i < ARRAY_LEN(of); i++) {
		d = fx_find_delivery(of[i]);
		delivery_move(d, DELIVERY_DEAD, 500);
		assert_int_equal(fx_save_delivery(d, NULL), 0);
		delivery_free(d);
	}
	assert_int_equal(forget(100, 0, 10), 1);
	finds((struct store_query){0}, "acf");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    BOTH(each_filter_finds_what_it_says),
	    BOTH(a_page_goes_on_behind_the_last),
	    BOTH(what_is_not_there_is_told),
	    BOTH(an_entry_has_all_of_its_attempt),
	    BOTH(all_attempts_can_be_reached),
	    BOTH(what_is_forgotten_has_no_attempts),
	};

	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
