/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages of jobs and of deliveries: each is given once, whatever is asked for
 * with it, and a page costs what it holds, not what the file holds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "job/tags.h"
#include "tests/support/store_fixture.h"

#define JOBS 60
#define UNKNOWN "01arz3ndektsv4rrffq69g5fav"

static const char *const states[] = {NULL, "queued", "pending", "done"};
static const char *const outcomes[] = {
    NULL, "none", "ok", "failed", "expired", "cancelled"};
static const char *const endpoints[] = {NULL, "ocr", "llm", "none-such"};
static const char *const tags[] = {NULL, "a", "b", "ab", "none-such"};
static const char *const targets[] = {
    NULL, "webhook hook", "exec a", "exec none-such"};
static const char *const delivery_states[] = {
    NULL, "waiting", "delivered", "dead"};

static const char *const tags_of[] = {NULL, "a", "a,b", "ab"};

static struct job *jobs[JOBS];
static struct delivery *deliveries[2 * JOBS];
static size_t ndeliveries;

/* --- a file with some of everything --------------------------------- */

static void
deliver_job(struct job *job, size_t i)
{
	struct delivery *d;
	size_t k;

	for (k = 0; k < job->ndeliveries; k++) {
		d = job->deliveries[k];
		if ((i + k) % 3 != 0)
			delivery_move(d, (enum delivery_state)((i + k) % 3), 5);
		assert_int_equal(fx_save_delivery(d, NULL), 0);
		deliveries[ndeliveries++] = d;
	}
}

static void
end_job(struct job *job, size_t i)
{
	job_move(job, JOB_DONE, (enum job_outcome)(1 + i / 3 % 4));
	if (i % 2 == 0)
		fx_add_delivery(job, targets[1]);
	if (i % 4 != 3)
		fx_add_delivery(job, targets[2]);
	assert_int_equal(fx_save(job, 0), 0);
	deliver_job(job, i);
}

static void
make_some(void)
{
	struct job *job;
	size_t i;

	fx_open();
	ndeliveries = 0;
	for (i = 0; i < JOBS; i++) {
		jobs[i] = job = fx_small_job();
		free(job->spec.endpoint);
		job->spec.endpoint = xstrdup(endpoints[1 + i % 5 / 3]);
		job->spec.tags = xstrdup_or_null(tags_of[i % 4]);
		assert_int_equal(fx_insert(job), 0);
		if (i % 3 == 0)
			continue;
		job_add_submission(job)->fate = SUB_ACCEPTED;
		job_move(job, JOB_PENDING, OUTCOME_NONE);
		assert_int_equal(fx_save(job, 1), 0);
		if (i % 3 == 2)
			end_job(job, i);
	}
	assert_in_range(ndeliveries, 10, 2 * JOBS);
}

static void
free_some(void)
{
	size_t i;

	for (i = 0; i < JOBS; i++)
		job_free(jobs[i]);
}

static bool
matches(const char *wanted, const char *is)
{
	return wanted == NULL || strcmp(wanted, is) == 0;
}

/* --- jobs ----------------------------------------------------------- */

static bool
wanted_job(const struct store_query *q, const struct job *job)
{
	return matches(q->state, job_state_name(job->state)) &&
	    matches(q->outcome, job_outcome_name(job->outcome)) &&
	    matches(q->endpoint, job->spec.endpoint) &&
	    (q->tag == NULL || tags_has(job->spec.tags, q->tag));
}

/* In the order of the question. */
static const struct job *
nth(const struct store_query *q, size_t at)
{
	return jobs[q->newest ? JOBS - 1 - at : at];
}

/* All pages, one behind the other, are the jobs that match, in order. */
static void
check_job_pages(struct store_query q)
{
	char after[JOBID_SIZE];
	size_t i, at = 0, n;

	q.after = NULL;
	do {
		assert_int_equal(fx_query(&q), 0);
		n = fx.n;
		assert_true(q.limit == 0 || n <= q.limit);
		for (i = 0; i < n; i++, at++) {
			while (at < JOBS && !wanted_job(&q, nth(&q, at)))
				at++;
			assert_true(at < JOBS);
			assert_string_equal(fx.jobs[i]->id, nth(&q, at)->id);
			assert_null(fx.jobs[i]->spec.body);
			assert_int_equal(fx.jobs[i]->ndeliveries, 0);
			memcpy(after, nth(&q, at)->id, JOBID_SIZE);
			q.after = after;
		}
		fx_free_jobs();
	} while (n > 0 && q.limit > 0);
	for (; at < JOBS; at++)
		assert_false(wanted_job(&q, nth(&q, at)));
}

static void
pages_hold_each_job_that_was_asked_for_once(void **state)
{
	static const size_t limits[] = {0, 1, 7, 1000};
	struct store_query q = {0};
	size_t s, o, e, t, l;

	(void)state;
	make_some();
	for (s = 0; s < ARRAY_LEN(states); s++) {
		for (o = 0; o < ARRAY_LEN(outcomes); o++) {
			for (e = 0; e < ARRAY_LEN(endpoints); e++) {
				for (t = 0; t < ARRAY_LEN(tags); t++) {
					q.state = states[s];
					q.outcome = outcomes[o];
					q.endpoint = endpoints[e];
					q.tag = tags[t];
					q.limit = limits[(s + o + e + t) % 4];
					q.newest = (s + o / 2 + t) % 2 == 1;
					check_job_pages(q);
				}
			}
		}
	}
	for (l = 0; l < 2 * ARRAY_LEN(limits); l++) {
		memset(&q, 0, sizeof(q));
		q.limit = limits[l / 2];
		q.newest = l % 2 == 1;
		check_job_pages(q);
	}
	free_some();
}

/* --- deliveries ----------------------------------------------------- */

static bool
wanted_delivery(const struct store_query *q, const struct delivery *d)
{
	return matches(q->state, delivery_state_name(d->state)) &&
	    matches(q->target, d->target) && matches(q->job, d->job_id);
}

static void
check_delivery_pages(struct store_query q)
{
	char after[DELIVERY_ID_SIZE];
	size_t i, at = 0, n;

	q.after = NULL;
	do {
		assert_int_equal(fx_query_deliveries(&q), 0);
		n = fx.n;
		assert_true(q.limit == 0 || n <= q.limit);
		for (i = 0; i < n; i++, at++) {
			while (at < ndeliveries &&
			    !wanted_delivery(&q, deliveries[at]))
				at++;
			assert_true(at < ndeliveries);
			assert_string_equal(
			    fx.deliveries[i]->id, deliveries[at]->id);
			assert_string_equal(
			    fx.deliveries[i]->job_id, deliveries[at]->job_id);
			memcpy(after, deliveries[at]->id, DELIVERY_ID_SIZE);
			q.after = after;
		}
		fx_free_jobs();
	} while (n > 0 && q.limit > 0);
	for (; at < ndeliveries; at++)
		assert_false(wanted_delivery(&q, deliveries[at]));
}

static void
pages_hold_each_delivery_that_was_asked_for_once(void **state)
{
	static const size_t limits[] = {0, 1, 7, 1000};
	const char *of[] = {NULL, NULL, NULL, UNKNOWN};
	struct store_query q = {0};
	size_t s, t, j;

	(void)state;
	make_some();
	of[1] = deliveries[0]->job_id;
	of[2] = jobs[0]->id;
	for (s = 0; s < ARRAY_LEN(delivery_states); s++) {
		for (t = 0; t < ARRAY_LEN(targets); t++) {
			for (j = 0; j < ARRAY_LEN(of); j++) {
				q.state = delivery_states[s];
				q.target = targets[t];
				q.job = of[j];
				q.limit = limits[(s + t + j) % 4];
				check_delivery_pages(q);
			}
		}
	}
	free_some();
}

/* --- questions that make no sense ----------------------------------- */

static void
refuse(const struct store_query *q, enum error_code code)
{
	assert_int_equal(fx_query(q), -1);
	assert_int_equal(fx.err.code, code);
	assert_int_equal(fx.n, 0);
	assert_int_equal(fx_query_deliveries(q), -1);
	assert_int_equal(fx.err.code, code);
	assert_int_equal(fx.n, 0);
}

static void
nothing_follows_what_is_not_there(void **state)
{
	struct store_query q = {.after = UNKNOWN, .limit = 5};

	(void)state;
	make_some();
	refuse(&q, ERR_NOT_FOUND);
	q.after = "";
	refuse(&q, ERR_NOT_FOUND);
	q.after = "' OR 1=1 --";
	refuse(&q, ERR_NOT_FOUND);
	free_some();
}

static void
a_name_that_nothing_has_is_refused(void **state)
{
	struct store_query state_of = {.state = "gone"};
	struct store_query outcome_of = {.outcome = "fine"};

	(void)state;
	make_some();
	refuse(&state_of, ERR_USAGE);
	assert_int_equal(fx_query(&outcome_of), -1);
	assert_int_equal(fx.err.code, ERR_USAGE);
	/* Of the other kind. */
	state_of.state = "waiting";
	assert_int_equal(fx_query(&state_of), -1);
	state_of.state = "queued";
	assert_int_equal(fx_query_deliveries(&state_of), -1);
	free_some();
}

/* --- what a page costs ---------------------------------------------- */

#define ROWS 20000
static uint64_t steps; /* of SQLite's machine, in hundreds */

static int
on_steps(void *arg)
{
	(void)arg;
	steps++;
	return 0;
}

/* Called for each connection. */
static int
count_steps(sqlite3 *db, const char **message, const void *api)
{
	(void)message;
	(void)api;
	sqlite3_progress_handler(db, 100, on_steps, NULL);
	return SQLITE_OK;
}

/* Two of ROWS jobs are the rare ones: the first and the last. */
static void
make_many(void)
{
	static const char fill[] =
	    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
	    "WHERE i < 20000) "
	    "INSERT INTO job (id, created_at, endpoint, request_ttl_s, "
	    "invocation_timeout_s, own_names, avoid_duplicates, retry_failed, "
	    "input, input_size, input_spooled, input_location, sum) SELECT "
	    "printf('01arz3ndektsv4rrffq6%06d', i), i, "
	    "iif(i IN (1, 20000), 'rare', 'ocr'), 0, 0, 1, 0, 0, 2, 0, 0, "
	    "'s3://b/k', 0 FROM n;"
	    "INSERT INTO job_state (seq, state, outcome, epoch, submitted_at, "
	    "deadline_at, deadline_mono, boot, completed_at, result_size, "
	    "subs, sum) SELECT seq, "
	    "iif(seq = 10000, 0, 2), iif(seq = 10000, 0, "
	    "iif(seq IN (1, 20000), 2, 1)), 1, 0, 0, 0, 0, seq, 0, 0, 0 "
	    "FROM job;"
	    "INSERT INTO delivery (seq, id, job, target, event, created_at, "
	    "body_size, by_reference, payload, format, url_expires_at, "
	    "state, epoch, due_at, ended_at, attempts, failures, "
	    "interruptions, interrupted_since, replays, last_status, sum) "
	    "SELECT seq, "
	    "'msg_' || id, seq, iif(seq IN (1, 20000), 'exec rare', 'exec a'), "
	    "'e', 1, 0, 1, 0, 0, 0, iif(seq = 10000, 0, iif(seq IN (1, 20000), "
	    "2, 1)), "
	    "1, 5, 0, 0, 0, 0, 0, 0, -1, 0 FROM job";

	fx_open();
	fx_close();
	fx_rewrite(fill);
	sqlite3_auto_extension((void (*)(void))(uintptr_t)count_steps);
	fx_open();
	sqlite3_cancel_auto_extension((void (*)(void))(uintptr_t)count_steps);
}

#define A_PAGE 400 /* costs at most that, where the file has 20,000 rows */
#define A_START 900 /* looks once at each row's state, and no more */

static void
cheap(int failed, size_t n, const char *what, uint64_t most)
{
	assert_int_equal(failed, 0);
	if (fx.n != n)
		fail_msg("%s: %zu", what, fx.n);
	if (steps > most)
		fail_msg(
		    "%s: %llu hundred steps", what, (unsigned long long)steps);
	fx_free_jobs();
	steps = 0;
}

static void
a_page_costs_what_it_holds(void **state)
{
	static const struct {
		struct store_query q;
		size_t n;
	} cases[] = {
	    {{.limit = 100}, 100},
	    {{.after = "01arz3ndektsv4rrffq6015000", .limit = 100}, 100},
	    {{.after = "01arz3ndektsv4rrffq6019990", .limit = 100}, 10},
	    {{.state = "queued", .limit = 100}, 1},
	    {{.state = "pending", .limit = 100}, 0},
	    {{.state = "queued", .endpoint = "ocr", .limit = 100}, 1},
	    {{.outcome = "failed", .limit = 100}, 2},
	    {{.outcome = "failed", .endpoint = "ocr", .limit = 100}, 0},
	    {{.outcome = "expired", .limit = 100}, 0},
	    {{.endpoint = "rare", .limit = 100}, 2},
	    {{.endpoint = "rare", .outcome = "ok", .limit = 100}, 0},
	    {{.endpoint = "rare", .state = "done", .limit = 100}, 2},
	    {{.endpoint = "none-such", .limit = 100}, 0},
	    {{.limit = 100, .newest = true}, 100},
	    {{.after = "01arz3ndektsv4rrffq6015000",
		 .limit = 100,
		 .newest = true},
		100},
	    {{.outcome = "failed", .limit = 100, .newest = true}, 2},
	    {{.endpoint = "rare", .limit = 100, .newest = true}, 2},
	    {{.outcome = "failed",
		 .endpoint = "ocr",
		 .limit = 100,
		 .newest = true},
		0},
	    {{.state = "done",
		 .after = "01arz3ndektsv4rrffq6015000",
		 .limit = 100},
		100},
	    {{.outcome = "ok",
		 .after = "01arz3ndektsv4rrffq6015000",
		 .limit = 100},
		100},
	};
	size_t i;

	(void)state;
	make_many();
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		char what[32];

		snprintf(what, sizeof(what), "jobs, case %zu", i);
		steps = 0;
		cheap(fx_query(&cases[i].q), cases[i].n, what, A_PAGE);
	}
	fx_load(store_unfinished);
	cheap(0, 1, "unfinished jobs", A_START);
	assert_int_equal(fx_prune(1, 100), 0);
	cheap(0, 0, "nothing to forget", A_PAGE);
}

static void
a_page_of_deliveries_costs_what_it_holds(void **state)
{
	static const struct {
		struct store_query q;
		size_t n;
	} cases[] = {
	    {{.limit = 100}, 100},
	    {{.after = "msg_01arz3ndektsv4rrffq6015000", .limit = 100}, 100},
	    {{.state = "waiting", .limit = 100}, 1},
	    {{.state = "dead", .limit = 100}, 2},
	    {{.state = "dead", .target = "exec a", .limit = 100}, 0},
	    {{.target = "exec rare", .limit = 100}, 2},
	    {{.target = "exec rare", .state = "delivered", .limit = 100}, 0},
	    {{.target = "exec a",
		 .after = "msg_01arz3ndektsv4rrffq6015000",
		 .limit = 100},
		100},
	    {{.job = "01arz3ndektsv4rrffq6015000", .limit = 100}, 1},
	    {{.job = "01arz3ndektsv4rrffq6015000",
		 .target = "exec a",
		 .state = "delivered",
		 .limit = 100},
		1},
	    {{.job = UNKNOWN, .limit = 100}, 0},
	};
	static const struct store_query waiting = {.state = "waiting"};
	size_t i;

	(void)state;
	make_many();
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		char what[32];

		snprintf(what, sizeof(what), "deliveries, case %zu", i);
		steps = 0;
		cheap(
		    fx_query_deliveries(&cases[i].q), cases[i].n, what, A_PAGE);
	}
	cheap(fx_query_deliveries(&waiting), 1, "all that wait", A_START);
}

static int rounds;

static void
count_rounds(struct delivery **v, size_t n, const struct error *err, void *arg)
{
	(void)v;
	(void)arg;
	assert_null(err);
	assert_int_equal(n, 0);
	rounds++;
}

static void
count_rounds_of_jobs(
    struct job **v, size_t n, const struct error *err, void *arg)
{
	(void)v;
	count_rounds(NULL, n, err, arg);
}

/* Wherever they lie, and however far that is apart. */
static void
what_is_rare_is_found_in_one_page(void **state)
{
	static const struct store_query rare[] = {
	    {.by_status = true, .status = 410, .limit = 10},
	    {.note = "RARE", .limit = 10},
	    {.event = "rare", .limit = 10},
	    {.since_at = 5, .limit = 10},
	    {.note = "rare", .state = "delivered", .limit = 10},
	};
	size_t i;

	(void)state;
	make_many();
	fx_close();
	fx_rewrite("UPDATE delivery SET last_status = 410, event = 'rare', "
		   "note = 'a rare one', created_at = 9 "
		   "WHERE seq IN (3, 9999, 10001, 19999)");
	/* As behind a number that was taken. */
	fx_rewrite("UPDATE delivery SET seq = seq + 1000000 "
		   "WHERE seq > 15000");
	fx_open();
	for (i = 0; i < ARRAY_LEN(rare); i++) {
		assert_int_equal(fx_query_deliveries(&rare[i]), 0);
		assert_int_equal(fx.n, 4);
		assert_string_equal(
		    fx.deliveries[3]->id, "msg_01arz3ndektsv4rrffq6019999");
		fx_free_jobs();
	}
	steps = 0;
}

static void
find_rare_jobs(const struct store_query *rare)
{
	static const char *const ids[] = {"01arz3ndektsv4rrffq6000003",
	    "01arz3ndektsv4rrffq6009999", "01arz3ndektsv4rrffq6010001",
	    "01arz3ndektsv4rrffq6019999"};
	struct store_query q = *rare;
	size_t i;

	for (q.newest = false;; q.newest = true) {
		assert_int_equal(fx_query(&q), 0);
		assert_int_equal(fx.n, 4);
		for (i = 0; i < 4; i++)
			assert_string_equal(
			    fx.jobs[i]->id, ids[q.newest ? 3 - i : i]);
		fx_free_jobs();
		if (q.newest)
			return;
	}
}

/* In either order, with an index of no use or of little. */
static void
rare_jobs_are_found_in_one_page(void **state)
{
	static const struct store_query rare[] = {
	    {.tag = "rare", .limit = 10},
	    {.note = "RARE", .limit = 4},
	    {.note = "mod", .outcome = "failed", .limit = 10},
	    {.since_at = 50000, .limit = 10},
	    {.since_at = 50000, .endpoint = "ocr", .limit = 10},
	    {.tag = "rare", .ended_badly = true, .limit = 10},
	    {.tag = "rare", .unrepeated = true, .limit = 10},
	    {.tag = "rare"},
	};
	size_t i;

	(void)state;
	make_many();
	fx_close();
	fx_rewrite("DROP TRIGGER done_is_final;"
		   "UPDATE job SET tags = 'a,rare', created_at = 50000 "
		   "WHERE seq IN (3, 9999, 10001, 19999);"
		   "UPDATE job_state SET outcome = 2, error_code = 'model', "
		   "error_text = 'a Rare one' "
		   "WHERE seq IN (3, 9999, 10001, 19999)");
	/* As behind a number that was taken. */
	fx_rewrite("PRAGMA foreign_keys = off;"
		   "UPDATE job SET seq = seq + 1000000 WHERE seq > 15000;"
		   "UPDATE job_state SET seq = seq + 1000000 "
		   "WHERE seq > 15000;"
		   "DELETE FROM delivery");
	fx_open();
	for (i = 0; i < ARRAY_LEN(rare); i++)
		find_rare_jobs(&rare[i]);
	steps = 0;
}

/* What looks at many rows lets others have their turn. */
static void
a_long_search_holds_nobody_up(void **state)
{
	static const struct store_query none = {.event = "x", .limit = 10};
	static const struct store_query nobody = {.tag = "x", .limit = 10};
	struct store_query one = {.limit = 1};

	(void)state;
	make_many();
	rounds = 0;
	store_list_deliveries(fx.store, &none, count_rounds, NULL);
	store_list(fx.store, &nobody, count_rounds_of_jobs, NULL);
	assert_int_equal(fx_query_deliveries(&one), 0);
	assert_int_equal(fx.n, 1);
	assert_int_equal(rounds, 0);
	fx_free_jobs();
	/* And what goes on at the close comes to its end. */
	fx_close();
	assert_int_equal(rounds, 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(pages_hold_each_job_that_was_asked_for_once),
	    T(pages_hold_each_delivery_that_was_asked_for_once),
	    T(nothing_follows_what_is_not_there),
	    T(a_name_that_nothing_has_is_refused),
	    T(a_page_costs_what_it_holds),
	    T(a_page_of_deliveries_costs_what_it_holds),
	    T(what_is_rare_is_found_in_one_page),
	    T(rare_jobs_are_found_in_one_page),
	    T(a_long_search_holds_nobody_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
