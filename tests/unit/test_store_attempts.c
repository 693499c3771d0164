/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts of a large file, a window at a time, and damaged ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/support/store_fixture.h"

#define A "msg_01arz3ndektsv4rrffq6000001"
#define B "msg_01arz3ndektsv4rrffq6000002"

/* 25,000 of A and one of B; three of them are of another class. */
static void
make_many(void)
{
	fx_open();
	fx_close();
	fx_rewrite(
	    "INSERT INTO job (id, created_at, endpoint, request_ttl_s, "
	    "invocation_timeout_s, own_names, avoid_duplicates, retry_failed, "
	    "input, input_size, input_spooled, input_location, sum) VALUES "
	    "('01arz3ndektsv4rrffq6000001', 1, 'ocr', 0, 0, 1, 0, 0, 2, 0, 0, "
	    "'s3://b/k', 0);"
	    "INSERT INTO job_state (seq, state, outcome, epoch, submitted_at, "
	    "deadline_at, deadline_mono, boot, completed_at, result_size, "
	    "subs, sum) VALUES (1, 2, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0);"
	    "WITH n (i, id, k) AS (VALUES (1, '" A "', 25000), (2, '" B "', "
	    "1)) INSERT INTO delivery (seq, id, job, target, event, "
	    "created_at, body_size, by_reference, payload, format, "
	    "url_expires_at, state, epoch, due_at, ended_at, attempts, "
	    "failures, interruptions, interrupted_since, replays, "
	    "last_status, sum) SELECT i, id, 1, 'exec a', 'e', 1, 0, 1, 0, 0, "
	    "0, 0, 1, 5, 0, k, 0, 0, 0, 0, -1, 0 FROM n;"
	    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
	    "WHERE i < 25000) INSERT INTO attempt (delivery, n, outcome, "
	    "replay, started_at, ended_at, status, error_class, sum) SELECT "
	    "1, i, 2, 0, i, i, -1, iif(i IN (1, 15000), 'dns', 'exit'), 0 "
	    "FROM n;"
	    "INSERT INTO attempt (delivery, n, outcome, replay, started_at, "
	    "ended_at, status, error_class, sum) VALUES (2, 1, 2, 0, 9, 9, "
	    "-1, 'dns', 0)");
}

static void
finds(struct store_query q, size_t n, unsigned first)
{
	if (fx_query_attempts(&q) == -1)
		fail_msg("%s", fx.err.text);
	assert_int_equal(fx.n, n);
	if (n > 0)
		assert_int_equal(fx.attempts[0]->a.n, first);
	fx_free_jobs();
}

static void
rare_ones_are_found_window_by_window(void **state)
{
	struct store_query q = {.error_class = "dns", .limit = 10};

	(void)state;
	make_many();
	fx_open();
	finds(q, 3, 1);
	q.newest = true;
	finds(q, 3, 1);
	q.after = A ".15000";
	finds(q, 1, 1);
	q.newest = false;
	finds(q, 1, 1);
	q.after = A ".14999";
	finds(q, 2, 15000);
	q.limit = 1;
	finds(q, 1, 15000);
	q = (struct store_query){.delivery = B, .limit = 10};
	finds(q, 1, 1);
	q = (struct store_query){.delivery = A, .n = 25000, .limit = 10};
	finds(q, 1, 25000);
	q = (struct store_query){.target = "exec b", .limit = 10};
	finds(q, 0, 0);
	fx_close();
}

/* A gap of many windows is one step. */
static void
a_gap_is_passed_at_once(void **state)
{
	struct store_query q = {.error_class = "dns", .limit = 10};

	(void)state;
	make_many();
	fx_change("UPDATE attempt SET rowid = rowid + 1000000000000 "
		  "WHERE delivery = 2");
	fx_open();
	finds(q, 3, 1);
	q.newest = true;
	finds(q, 3, 1);
	fx_close();
}

static void
damaged_ones_are_left_out_and_told_of(void **state)
{
	struct store_query q = {.error_class = "dns", .limit = 10};

	(void)state;
	make_many();
	fx_change("UPDATE attempt SET error_class = 'dns' WHERE n = 7");
	fx_open();
	finds(q, 3, 1);
	assert_int_equal(fx.damages, 1);
	fx_close();
	fx_change("UPDATE delivery SET target = 'exec b' WHERE seq = 2");
	fx_open();
	finds(q, 2, 1);
	q.error_class = NULL;
	q.target = "exec b";
	finds(q, 0, 0);
	fx_close();
}

#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(rare_ones_are_found_window_by_window),
	    T(a_gap_is_passed_at_once),
	    T(damaged_ones_are_left_out_and_told_of),
	};

	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
