/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API where things are not as they should be: a store that cannot write,
 * results that come late, jobs that are forgotten, deliveries nobody wants any
 * more, and many who ask for the same at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "tests/support/api_rig.h"

#define SIMPLE "{\"endpoint\":\"up\",\"body\":\"x\"}"

static char *
path_of(const char *pattern, const char *id)
{
	size_t head = strcspn(pattern, "*");

	return xasprintf(
	    "%.*s%s%s", (int)head, pattern, id, pattern + head + 1);
}

static void
ask(const char *method, const char *pattern, const char *id)
{
	char *path = path_of(pattern, id);

	rig_ask(method, path, "", "", 0);
	free(path);
}

static bool
is_done(void *arg)
{
	return *(bool *)arg;
}

/* --- a store that cannot write --------------------------------------- */

static void
stall(int sys_errno)
{
	err_set(&rig.s.stalled, ERR_STORE, "write to the state: no way");
	rig.s.stalled.retryable = true;
	rig.s.stalled.sys_errno = sys_errno;
	err_hint(&rig.s.stalled, "Look at the disk.");
}

static void
a_store_that_cannot_write_is_said_at_once_and_passes(void **state)
{
	static const struct {
		int sys_errno;
		int status;
		const char *code;
	} cases[] = {
	    {ENOSPC, 507, "no_space"},
	    {EDQUOT, 507, "no_space"},
	    {EROFS, 503, "unavailable"},
	    {EIO, 503, "unavailable"},
	};
	struct job *dead = rig_job_delivered(DELIVERY_DEAD);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		stall(cases[i].sys_errno);
		rig_post_json("", SIMPLE);
		rig_problem(cases[i].status, cases[i].code, "no way");
		assert_string_equal(rig_str("hint"), "Look at the disk.");
		assert_non_null(rig_field("Retry-After"));
		rig_post("/v1/jobs", "Awaitd-Endpoint: never\r\n", "bytes");
		rig_problem(cases[i].status, cases[i].code, "no way");
		ask("POST", "/v1/jobs/*/cancel", dead->id);
		rig_problem(cases[i].status, cases[i].code, "no way");
		ask("POST", "/v1/jobs/*/retry", dead->id);
		rig_problem(cases[i].status, cases[i].code, "no way");
		ask("POST", "/v1/deliveries/*/replay", dead->deliveries[0]->id);
		rig_problem(cases[i].status, cases[i].code, "no way");
		ask("POST", "/v1/deliveries/*/cancel", dead->deliveries[0]->id);
		rig_problem(cases[i].status, cases[i].code, "no way");
		/* It lives, it reads, and it says why it is not ready. */
		rig_get("/healthz");
		assert_int_equal(rig.status, 200);
		rig_get("/readyz");
		rig_problem(503, "unavailable", "no way");
		ask("GET", "/v1/jobs/*", dead->id);
		assert_int_equal(rig.status, 200);
		error_clear(&rig.s.stalled);
		rig_get("/readyz");
		assert_int_equal(rig.status, 200);
		rig_post_json("", SIMPLE);
		assert_int_equal(rig.status, 201);
		assert_int_equal(rig_files(".input"), 0);
	}
	job_free(dead);
}

/* --- late results ------------------------------------------------------ */

static void
a_late_result_is_told_and_given(void **state)
{
	struct job *job;

	(void)state;
	rig.result = "after all";
	rig.result_type = "text/x-late";
	job = rig_job_late();
	ask("GET", "/v1/jobs/*", job->id);
	assert_string_equal(rig_str("outcome"), "expired");
	assert_null(rig_at("result"));
	assert_string_equal(rig_str("late.location"), "s3://bucket/out");
	assert_string_equal(rig_str("late.etag"), "\"e1\"");
	assert_string_equal(rig_str("late.content_type"), "text/x-late");
	assert_int_equal(rig_int("late.size"), 9);
	assert_non_null(rig_str("late.found_at"));
	ask("GET", "/v1/jobs/*/result?late=true", job->id);
	assert_int_equal(rig.status, 200);
	assert_string_equal(rig.body.data, "after all");
	assert_string_equal(rig_field("Content-Type"), "text/x-late");
	assert_string_equal(rig_field("ETag"), "\"e1\"");
	ask("HEAD", "/v1/jobs/*/result?late=true", job->id);
	assert_string_equal(rig_field("Content-Length"), "9");
	/* Nobody gets it for the result that was waited for. */
	ask("GET", "/v1/jobs/*/result", job->id);
	rig_problem(409, "no_result", "late=true");
	ask("GET", "/v1/jobs/*/result?late=false", job->id);
	rig_problem(409, "no_result", "expired");
	job_free(job);
}

static void
what_is_not_late_is_not_given_as_that(void **state)
{
	struct job *expired = rig_job(JOB_DONE, OUTCOME_EXPIRED), *ok;

	(void)state;
	rig.result = "in time";
	ok = rig_job(JOB_DONE, OUTCOME_OK);
	ask("GET", "/v1/jobs/*/result?late=true", expired->id);
	rig_problem(409, "no_result", "late");
	ask("GET", "/v1/jobs/*/result?late=true", ok->id);
	rig_problem(409, "no_result", "late");
	ask("GET", "/v1/jobs/*/result?late=yes", ok->id);
	rig_problem(400, "bad_parameter", "late");
	ask("GET", "/v1/jobs/*", expired->id);
	assert_null(rig_at("late"));
	job_free(expired);
	job_free(ok);
}

static void
a_job_whose_result_is_late_can_be_asked_for_again(void **state)
{
	struct job *job;

	(void)state;
	rig.result = "after all";
	job = rig_job_late();
	ask("POST", "/v1/jobs/*/retry", job->id);
	assert_int_equal(rig.status, 201);
	assert_string_equal(rig_str("retry_of"), job->id);
	assert_null(rig_at("late"));
	job_free(job);
}

/* --- giving up --------------------------------------------------------- */

static bool
is_held(void *arg)
{
	(void)arg;
	return rig.nheld > 0;
}

/* What SageMaker may have taken is said to be in doubt. */
static void
a_job_whose_submission_is_under_way_is_given_up(void **state)
{
	char *id;

	(void)state;
	rig.silent = true;
	rig_post_json("", SIMPLE);
	assert_int_equal(rig.status, 201);
	id = xstrdup(rig_str("job"));
	rig_until(is_held, NULL);
	ask("POST", "/v1/jobs/*/cancel", id);
	assert_int_equal(rig.status, 200);
	assert_string_equal(rig_str("outcome"), "cancelled");
	assert_string_equal(rig_str("submissions.0.fate"), "in-doubt");
	ask("GET", "/v1/jobs/*", id);
	assert_string_equal(rig_str("outcome"), "cancelled");
	assert_int_equal(rig_count("submissions"), 1);
	free(id);
}

static void
a_delivery_that_waits_is_given_up(void **state)
{
	struct job *waiting = rig_job_delivered(DELIVERY_WAITING);
	struct job *delivered = rig_job_delivered(DELIVERY_DELIVERED);
	const char *id = waiting->deliveries[0]->id;

	(void)state;
	ask("POST", "/v1/deliveries/*/cancel", id);
	assert_int_equal(rig.status, 200);
	assert_string_equal(rig_str("delivery"), id);
	assert_string_equal(rig_str("state"), "dead");
	assert_string_equal(rig_str("note"), "given up on request");
	ask("GET", "/v1/deliveries/*", id);
	assert_string_equal(rig_str("state"), "dead");
	/* It is as before, and can be replayed. */
	ask("POST", "/v1/deliveries/*/cancel", id);
	assert_int_equal(rig.status, 200);
	ask("POST", "/v1/deliveries/*/replay", id);
	assert_string_equal(rig_str("state"), "waiting");
	ask("POST", "/v1/deliveries/*/cancel", delivered->deliveries[0]->id);
	rig_problem(409, "done", "delivered");
	ask("POST", "/v1/deliveries/*/cancel",
	    "msg_aaaaaaaaaaaaaaaaaaaaaaaaaa");
	rig_problem(404, "not_found", "");
	rig.s.stopping = true;
	ask("POST", "/v1/deliveries/*/cancel", id);
	rig_problem(503, "unavailable", "stops");
	job_free(waiting);
	job_free(delivered);
}

/* --- keys -------------------------------------------------------------- */

static size_t forgotten;

static void
on_forgotten(size_t n, const struct error *err, void *arg)
{
	assert_null(err);
	forgotten = n;
	*(bool *)arg = true;
}

static void
forget(int64_t before_at, int64_t keys_before_at)
{
	struct store_forget f = {
	    .before_at = before_at,
	    .keys_before_at = keys_before_at,
	    .limit = 100,
	};
	bool done = false;

	store_forget(rig.s.store, &f, on_forgotten, &done);
	rig_until(is_done, &done);
}

static bool
is_cancelled(void *arg)
{
	ask("POST", "/v1/jobs/*/cancel", arg);
	return rig.status == 200;
}

#define KEY "Idempotency-Key: my key\r\n"

static void
the_key_of_a_job_that_was_forgotten_makes_no_other(void **state)
{
	char *id;

	(void)state;
	rig_post_json(KEY, SIMPLE);
	assert_int_equal(rig.status, 201);
	id = xstrdup(rig_str("job"));
	rig_until(is_cancelled, id);
	forget(INT64_MAX, 0);
	assert_int_equal(forgotten, 1);
	assert_int_equal(rig_jobs(), 0);
	rig_post_json(KEY, SIMPLE);
	rig_problem(410, "job_forgotten", id);
	rig_post_json(KEY, "{\"endpoint\":\"up\",\"body\":\"y\"}");
	rig_problem(409, "idempotency_key_reused", id);
	assert_int_equal(rig_jobs(), 0);
	/* The key's own time is longer, and ends, too. */
	forget(0, INT64_MAX);
	assert_int_equal(forgotten, 1);
	rig_post_json(KEY, SIMPLE);
	assert_int_equal(rig.status, 201);
	assert_string_not_equal(rig_str("job"), id);
	free(id);
}

#define AT_ONCE 100
#define KEYS 20

/* All of them look before any of them has written. */
static void
a_hundred_at_once_under_one_key_are_one_job(void **state)
{
	struct peer *peers[AT_ONCE];
	char key[400], *id;
	size_t i, k;
	int created;

	(void)state;
	for (k = 0; k < KEYS; k++) {
		snprintf(key, sizeof(key),
		    "POST /v1/jobs HTTP/1.1\r\nHost: h\r\n"
		    "Idempotency-Key: key %zu\r\nContent-Length: %zu\r\n"
		    "Content-Type: application/json\r\n\r\n" SIMPLE,
		    k, strlen(SIMPLE));
		for (i = 0; i < AT_ONCE; i++) {
			peers[i] = peer_new(false);
			peer_puts(peers[i], key);
		}
		id = NULL;
		created = 0;
		for (i = 0; i < AT_ONCE; i++) {
			assert_true(peer_reply(peers[i], false));
			assert_true(rig.status == 200 || rig.status == 201);
			created += rig.status == 201;
			if (id == NULL)
				id = xstrdup(rig_str("job"));
			assert_string_equal(rig_str("job"), id);
			peer_free(peers[i]);
		}
		assert_int_equal(created, 1);
		assert_int_equal(rig_jobs(), k + 1);
		free(id);
	}
}

int
main(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, api_rig_setup, api_rig_teardown)
	const struct CMUnitTest tests[] = {
	    T(a_store_that_cannot_write_is_said_at_once_and_passes),
	    T(a_late_result_is_told_and_given),
	    T(what_is_not_late_is_not_given_as_that),
	    T(a_job_whose_result_is_late_can_be_asked_for_again),
	    T(a_job_whose_submission_is_under_way_is_given_up),
	    T(a_delivery_that_waits_is_given_up),
	    T(the_key_of_a_job_that_was_forgotten_makes_no_other),
	    T(a_hundred_at_once_under_one_key_are_one_job),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
