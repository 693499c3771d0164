/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs by filter: listed, asked for again and given up, all together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/support/api_rig.h"

#define RETRY "/v1/jobs/retry"
#define CANCEL "/v1/jobs/cancel"
#define MANY 120 /* more than two pages of a retry */
#define TAGGED(tags) "{\"endpoint\":\"up\",\"body\":\"x\",\"tags\":[" tags "]}"

static size_t
listed(const char *filter)
{
	char *path = xasprintf("/v1/jobs?limit=1000&%s", filter);

	rig_get(path);
	free(path);
	assert_int_equal(rig.status, 200);
	return rig_count("jobs");
}

/* The id of the last answer's job; the caller's. */
static char *
submit(const char *json)
{
	rig_post_json("", json);
	assert_int_equal(rig.status, 201);
	return xstrdup(rig_str("job"));
}

static void
make(size_t n, enum job_outcome outcome)
{
	while (n-- > 0)
		job_free(rig_job(JOB_DONE, outcome));
}

/* --- listed ---------------------------------------------------------- */

static void
jobs_are_listed_by_what_is_asked_for(void **state)
{
	static const struct {
		const char *filter;
		size_t n;
	} cases[] = {
	    {"order=oldest", 5},
	    {"state=done", 3},
	    {"outcome=failed", 2},
	    {"tag=nightly", 2},
	    {"tag=batch:7%2Ba", 1},
	    {"tag=batch:7", 0},
	    {"endpoint=up&state=done&tag=nightly", 0},
	    {"since=2000-01-01T00:00:00Z", 5},
	    {"until=2000-01-01T00:00:00Z", 0},
	    {"since=2000-01-01T02:00:00.5%2B02:00&until=2900-01-01T00:00:00Z",
		5},
	    {"error=nothing-like-it", 0},
	};
	char *a = submit(TAGGED("\"nightly\",\"batch:7+a\""));
	char *b = submit(TAGGED("\"nightly\""));
	size_t i;

	(void)state;
	make(2, OUTCOME_FAILED);
	make(1, OUTCOME_OK);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		if (listed(cases[i].filter) != cases[i].n)
			fail_msg("%s: %zu", cases[i].filter,
			    listed(cases[i].filter));
	}
	assert_int_equal(listed("tag=batch:7%2Ba"), 1);
	assert_string_equal(rig_str("jobs.0.job"), a);
	assert_string_equal(rig_str("jobs.0.tags.0"), "batch:7+a");
	assert_string_equal(rig_str("jobs.0.tags.1"), "nightly");
	free(a);
	free(b);
}

static void
the_newest_come_first_where_that_is_asked_for(void **state)
{
	char *a = submit(TAGGED("\"a\"")), *b = submit(TAGGED("\"b\""));
	char *c = submit(TAGGED("\"c\"")), *path;

	(void)state;
	rig_get("/v1/jobs?order=newest&limit=2");
	assert_int_equal(rig_count("jobs"), 2);
	assert_string_equal(rig_str("jobs.0.job"), c);
	assert_string_equal(rig_str("jobs.1.job"), b);
	assert_string_equal(rig_str("next"), b);
	path = xasprintf("/v1/jobs?order=newest&limit=2&after=%s", b);
	rig_get(path);
	free(path);
	assert_int_equal(rig_count("jobs"), 1);
	assert_string_equal(rig_str("jobs.0.job"), a);
	assert_null(rig_at("next"));
	free(a);
	free(b);
	free(c);
}

static void
a_filter_that_is_none_is_named(void **state)
{
	static const char *const wrong[][2] = {
	    {"since=yesterday", "since"},
	    {"since=2026-03-04T05:06:07+02:00", "%2B"},
	    {"until=2h", "until"},
	    {"since=2026-03-04T05:06:07Z&until=2026-03-04T05:06:07Z",
		"not behind since"},
	    {"state=lost", "queued, pending, done"},
	    {"outcome=none", "ok, failed"},
	    {"tag=a,b", "no tag"},
	    {"tag=a+b", "%2B"},
	    {"tag=", "tag"},
	    {"error=", "error"},
	    {"error=%A4", "no text"},
	    {"error=a%C3", "no text"},
	    {"tags=x", "Did you mean"},
	};
	static const char *const routes[] = {RETRY, CANCEL};
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_LEN(wrong); i++) {
		char *list = xasprintf("/v1/jobs?%s", wrong[i][0]);

		rig_get(list);
		rig_problem(400, "bad_parameter", wrong[i][1]);
		free(list);
		for (k = 0; k < ARRAY_LEN(routes); k++) {
			char *all = xasprintf("%s?%s", routes[k], wrong[i][0]);

			rig_post(all, "", "");
			rig_problem(400, "bad_parameter", wrong[i][1]);
			free(all);
		}
	}
	rig_get("/v1/jobs?order=up");
	rig_problem(400, "bad_parameter", "oldest, newest");
}

/* --- asked for again -------------------------------------------------- */

static void
all_that_match_are_asked_for_again(void **state)
{
	size_t i;

	(void)state;
	make(MANY, OUTCOME_FAILED);
	make(3, OUTCOME_OK);
	make(2, OUTCOME_EXPIRED);
	rig_post(RETRY "?outcome=failed&dry_run=true", "", "");
	assert_int_equal(rig.status, 200);
	assert_int_equal(rig_int("matched"), MANY);
	assert_null(rig_at("retried"));
	assert_int_equal(rig_jobs(), MANY + 5);
	rig_post(RETRY "?outcome=failed", "", "");
	assert_int_equal(rig.status, 200);
	assert_int_equal(rig_int("retried"), MANY);
	assert_int_equal(rig_count("jobs"), MANY);
	assert_null(rig_at("next"));
	assert_null(rig_at("skipped"));
	assert_int_equal(rig_jobs(), 2 * MANY + 5);
	/* What is named is there, and repeats something. */
	for (i = 0; i < MANY; i += 37) {
		char *at = xasprintf("jobs.%zu.job", MANY + 5 + i), *path;

		assert_int_equal(listed("order=oldest"), 2 * MANY + 5);
		path = xasprintf("/v1/jobs/%s", rig_str(at));
		rig_get(path);
		assert_int_equal(strlen(rig_str("retry_of")), JOBID_LEN);
		free(path);
		free(at);
	}
}

static void
what_was_repeated_is_not_repeated_again(void **state)
{
	struct job *a = rig_job(JOB_DONE, OUTCOME_FAILED);
	struct job *b = rig_job(JOB_DONE, OUTCOME_FAILED);
	char *path = xasprintf("/v1/jobs/%s/retry", a->id);

	(void)state;
	/* By itself, and then all: it has its retry. */
	rig_post(path, "", "");
	assert_int_equal(rig.status, 201);
	rig_post(RETRY "?outcome=failed&dry_run=true", "", "");
	assert_int_equal(rig_int("matched"), 1);
	rig_post(RETRY "?outcome=failed", "", "");
	assert_int_equal(rig_int("retried"), 1);
	rig_post(RETRY "?outcome=failed", "", "");
	assert_int_equal(rig_int("retried"), 0);
	assert_int_equal(rig_count("jobs"), 0);
	rig_post(RETRY "?outcome=failed&again=false", "", "");
	assert_int_equal(rig_int("retried"), 0);
	assert_int_equal(rig_jobs(), 4);
	/* Unless that is what is wanted. */
	rig_post(RETRY, "", "{\"outcome\":\"failed\",\"again\":true}");
	assert_int_equal(rig_int("retried"), 2);
	rig_post(RETRY "?outcome=failed&again=true", "", "");
	assert_int_equal(rig_int("retried"), 2);
	assert_int_equal(rig_jobs(), 8);
	free(path);
	job_free(a);
	job_free(b);
}

static void
two_at_once_repeat_each_job_once(void **state)
{
	static const char ask[] = "POST " RETRY "?outcome=failed HTTP/1.1\r\n"
				  "Host: h\r\nContent-Length: 0\r\n\r\n";
	struct peer *p = peer_new(false), *q = peer_new(false);
	int64_t retried;

	(void)state;
	make(MANY, OUTCOME_FAILED);
	peer_puts(p, ask);
	peer_puts(q, ask);
	assert_true(peer_reply(p, false));
	assert_int_equal(rig.status, 200);
	retried = rig_int("retried");
	assert_true(peer_reply(q, false));
	assert_int_equal(rig.status, 200);
	assert_int_equal(retried + rig_int("retried"), MANY);
	assert_int_equal(rig_jobs(), 2 * MANY);
	peer_free(p);
	peer_free(q);
}

static void
what_cannot_be_asked_again_is_passed_over(void **state)
{
	char *id = submit(TAGGED("\"x\""));

	(void)state;
	make(2, OUTCOME_OK);
	/* Neither what goes on nor what ended well. */
	rig_post(RETRY "?tag=x", "", "");
	assert_int_equal(rig_int("retried"), 0);
	rig_post(RETRY "?outcome=ok", "", "");
	assert_int_equal(rig_int("retried"), 0);
	rig_post(RETRY "?state=queued", "", "");
	assert_int_equal(rig_int("retried"), 0);
	assert_int_equal(rig_jobs(), 3);
	free(id);
}

static void
tags_and_what_is_left_go_on(void **state)
{
	char *path;

	(void)state;
	make(5, OUTCOME_CANCELLED);
	rig_post(RETRY "?state=done&limit=3", "", "");
	assert_int_equal(rig_int("retried"), 3);
	path = xasprintf(
	    RETRY "?state=done&limit=3&dry_run=true&after=%s", rig_str("next"));
	rig_post(path, "", "");
	assert_int_equal(rig_int("matched"), 2);
	assert_null(rig_at("next"));
	/* And just so without the place: what was repeated does not count. */
	rig_post(RETRY "?state=done&limit=3", "", "");
	assert_int_equal(rig_int("retried"), 2);
	free(path);
}

/* Such as a retry that failed at once: it matches, and has none itself. */
static void
what_is_made_meanwhile_is_not_asked_for_again(void **state)
{
	struct peer *p = peer_new(false);
	int64_t begun;

	(void)state;
	make(4 * MANY, OUTCOME_FAILED);
	peer_puts(p,
	    "POST " RETRY "?outcome=failed HTTP/1.1\r\nHost: h\r\n"
	    "Content-Length: 0\r\n\r\n");
	while (rig_jobs() == 4 * MANY)
		continue;
	begun = clock_wall_ms();
	while (clock_wall_ms() <= begun + 1)
		continue;
	assert_false(peer_has_reply(p));
	make(1, OUTCOME_FAILED);
	assert_true(peer_reply(p, false));
	assert_int_equal(rig.status, 200);
	assert_int_equal(rig_int("retried"), 4 * MANY);
	assert_non_null(rig_str("until"));
	assert_int_equal(rig_jobs(), 8 * MANY + 1);
	peer_free(p);
	/* The next request means it. */
	rig_post(RETRY "?outcome=failed", "", "");
	assert_int_equal(rig_int("retried"), 1);
}

static void
what_was_begun_before_an_error_is_told(void **state)
{
	struct peer *p = peer_new(false);
	int64_t retried;

	(void)state;
	make(2 * MANY, OUTCOME_FAILED);
	peer_puts(p,
	    "POST " RETRY "?outcome=failed HTTP/1.1\r\nHost: h\r\n"
	    "Content-Length: 0\r\n\r\n");
	while (rig_jobs() == 2 * MANY)
		continue;
	err_set(&rig.s.stalled, ERR_STORE, "write to the state: no way");
	rig.s.stalled.sys_errno = ENOSPC;
	assert_true(peer_reply(p, false));
	rig_problem(507, "no_space", "no way");
	retried = rig_int("retried");
	assert_in_range(retried, 1, 2 * MANY - 1);
	assert_int_equal(rig_jobs(), 2 * MANY + (size_t)retried);
	assert_non_null(strstr(rig_str("detail"), "retried before that)"));
	assert_int_equal(strlen(rig_str("next")), JOBID_LEN);
	peer_free(p);
	error_clear(&rig.s.stalled);
	rig_post(RETRY "?outcome=failed", "", "");
	assert_int_equal(rig_int("retried"), 2 * MANY - retried);
}

/* --- given up --------------------------------------------------------- */

static void
all_that_match_are_given_up(void **state)
{
	char *ids[4];
	size_t i;

	(void)state;
	rig.silent = true;
	for (i = 0; i < 3; i++)
		ids[i] = submit(TAGGED("\"x\""));
	ids[3] = submit(TAGGED("\"xy\""));
	make(2, OUTCOME_FAILED);
	rig_post(CANCEL "?tag=x&dry_run=true", "", "");
	assert_int_equal(rig_int("matched"), 3);
	assert_int_equal(listed("outcome=cancelled"), 0);
	rig_post(CANCEL "?tag=x", "", "");
	assert_int_equal(rig.status, 200);
	assert_int_equal(rig_int("cancelled"), 3);
	assert_null(rig_at("skipped"));
	/* It is on disk. */
	assert_int_equal(listed("outcome=cancelled"), 3);
	assert_int_equal(listed("outcome=failed"), 2);
	rig_post(CANCEL "?tag=x", "", "");
	assert_int_equal(rig_int("cancelled"), 0);
	rig_post(CANCEL, "", "{\"endpoint\":\"up\",\"limit\":1}");
	assert_int_equal(rig_int("cancelled"), 1);
	assert_int_equal(listed("outcome=cancelled"), 4);
	for (i = 0; i < ARRAY_LEN(ids); i++)
		free(ids[i]);
}

/* The store has it, but nobody carries it: another one ended it meanwhile. */
static void
what_ended_meanwhile_is_passed_over(void **state)
{
	struct job *job = rig_job(JOB_QUEUED, OUTCOME_NONE);

	(void)state;
	rig_post(CANCEL "?state=queued", "", "");
	assert_int_equal(rig_int("cancelled"), 0);
	assert_int_equal(rig_int("skipped"), 1);
	job_free(job);
}

/* --- either ----------------------------------------------------------- */

static void
what_says_nothing_or_nonsense_does_nothing(void **state)
{
	static const char *const bodies[][3] = {
	    {"", "no_filter", "which jobs"},
	    {"{\"limit\":5}", "no_filter", "which jobs"},
	    {"{\"dry_run\":true}", "no_filter", "which jobs"},
	    {"{", "bad_json", ""},
	    {"[]", "bad_parameter", "JSON object"},
	    {"{\"state\":\"done\",\"limit\":100001}", "bad_parameter", "limit"},
	    {"{\"state\":\"done\",\"after\":\"x\"}", "bad_parameter", "after"},
	    {"{\"state\":\"done\",\"order\":\"newest\"}", "bad_parameter",
		"no parameter"},
	    {"{\"outcom\":\"failed\"}", "bad_parameter", "Did you mean"},
	};
	size_t i;

	(void)state;
	make(1, OUTCOME_FAILED);
	for (i = 0; i < ARRAY_LEN(bodies); i++) {
		rig_post(RETRY, "", bodies[i][0]);
		rig_problem(400, bodies[i][1], bodies[i][2]);
		rig_post(CANCEL, "", bodies[i][0]);
		rig_problem(400, bodies[i][1], bodies[i][2]);
	}
	rig_post(RETRY "?outcome=failed&again=yes", "", "");
	rig_problem(400, "bad_parameter", "true, false");
	rig_post(CANCEL "?outcome=failed&again=true", "", "");
	rig_problem(400, "bad_parameter", "no parameter");
	assert_int_equal(rig_jobs(), 1);
}

static void
a_service_that_stops_begins_nothing(void **state)
{
	(void)state;
	make(1, OUTCOME_FAILED);
	rig.s.stopping = true;
	rig_post(RETRY "?outcome=failed", "", "");
	rig_problem(503, "unavailable", "stops");
	assert_null(rig_at("retried"));
	rig_post(CANCEL "?outcome=failed", "", "");
	rig_problem(503, "unavailable", "stops");
	rig_post(RETRY "?outcome=failed&dry_run=true", "", "");
	assert_int_equal(rig_int("matched"), 1);
	assert_int_equal(rig_jobs(), 1);
}

static void
who_leaves_while_it_goes_on_is_forgotten(void **state)
{
	struct peer *p = peer_new(false);
	size_t n;
	unsigned i;

	(void)state;
	make(MANY, OUTCOME_FAILED);
	peer_puts(p,
	    "POST " RETRY "?outcome=failed HTTP/1.1\r\nHost: h\r\n"
	    "Content-Length: 0\r\n\r\n");
	for (i = 0; i < 3; i++)
		rig_turn();
	peer_free(p);
	rig_store_idle();
	rig_store_idle();
	/* What was begun is whole, and the rest can be begun later. */
	n = rig_jobs() - MANY;
	rig_post(RETRY "?outcome=failed", "", "");
	assert_int_equal(rig_int("retried"), MANY - n);
	assert_int_equal(rig_jobs(), 2 * MANY);
}

int
main(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, api_rig_setup, api_rig_teardown)
	const struct CMUnitTest tests[] = {
	    T(jobs_are_listed_by_what_is_asked_for),
	    T(the_newest_come_first_where_that_is_asked_for),
	    T(a_filter_that_is_none_is_named),
	    T(all_that_match_are_asked_for_again),
	    T(what_was_repeated_is_not_repeated_again),
	    T(two_at_once_repeat_each_job_once),
	    T(what_cannot_be_asked_again_is_passed_over),
	    T(tags_and_what_is_left_go_on),
	    T(what_is_made_meanwhile_is_not_asked_for_again),
	    T(what_was_begun_before_an_error_is_told),
	    T(all_that_match_are_given_up),
	    T(what_ended_meanwhile_is_passed_over),
	    T(what_says_nothing_or_nonsense_does_nothing),
	    T(a_service_that_stops_begins_nothing),
	    T(who_leaves_while_it_goes_on_is_forgotten),
	};

	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
