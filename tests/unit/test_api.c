/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may ask, what for, and what is answered about jobs and deliveries: each
 * promise of awaitd-api(7) but those of submitting and of results.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/support/api_rig.h"

#define NO_JOB "01arz3ndektsv4rrffq69g5fav"
#define NO_DELIVERY "msg_01arz3ndektsv4rrffq69g5fav"

static char *
path_of(const char *pattern, const char *id)
{
	return xasprintf("%.*s%s%s", (int)strcspn(pattern, "*"), pattern, id,
	    strchr(pattern, '*') + 1);
}

static void
get_of(const char *pattern, const char *id)
{
	char *path = path_of(pattern, id);

	rig_get(path);
	free(path);
}

static void
post_of(const char *pattern, const char *id)
{
	char *path = path_of(pattern, id);

	rig_post(path, "", "");
	free(path);
}

/* --- health, ids, methods ------------------------------------------- */

static void
health_is_told_to_everybody(void **state)
{
	struct peer *p = peer_new(true);

	(void)state;
	rig_get("/healthz");
	assert_int_equal(rig.status, 200);
	rig_get("/readyz");
	assert_int_equal(rig.status, 200);
	peer_puts(p, "GET /readyz HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_true(peer_reply(p, false));
	assert_int_equal(rig.status, 200);
	peer_free(p);
}

static void
the_version_is_for_those_who_may_ask(void **state)
{
	struct peer *p = peer_new(true);

	(void)state;
	rig_get("/v1/jobs");
	assert_string_equal(rig_field("Awaitd-Version"), PACKAGE_VERSION);
	rig_get("/healthz");
	assert_null(rig_field("Awaitd-Version"));
	peer_puts(p, "GET /v1/jobs HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_true(peer_reply(p, false));
	assert_int_equal(rig.status, 401);
	assert_null(rig_field("Awaitd-Version"));
	peer_free(p);
}

static void
a_service_that_stops_lives_and_is_not_ready(void **state)
{
	(void)state;
	rig.s.stopping = true;
	rig_get("/healthz");
	assert_int_equal(rig.status, 200);
	rig_get("/readyz");
	rig_problem(503, "unavailable", "stops");
	assert_non_null(rig_field("Retry-After"));
	rig_post_json("", "{\"endpoint\":\"up\",\"body\":\"x\"}");
	rig_problem(503, "unavailable", "stops");
	rig_get("/v1/jobs");
	assert_int_equal(rig.status, 200);
}

static void
a_request_keeps_its_id_if_that_is_one(void **state)
{
	char longest[66], *field;

	(void)state;
	rig_ask("GET", "/healthz", "X-Request-Id: A-z_0.9\r\n", "", 0);
	assert_string_equal(rig_field("X-Request-Id"), "A-z_0.9");
	rig_ask("GET", "/healthz", "X-Request-Id:\r\n", "", 0);
	assert_int_equal(strlen(rig_field("X-Request-Id")), 36);
	rig_ask("GET", "/healthz", "X-Request-Id: a b\r\n", "", 0);
	assert_string_not_equal(rig_field("X-Request-Id"), "a b");
	rig_ask(
	    "GET", "/healthz", "X-Request-Id: a\r\nX-Request-Id: b\r\n", "", 0);
	assert_int_equal(strlen(rig_field("X-Request-Id")), 36);
	memset(longest, 'x', sizeof(longest));
	longest[65] = '\0';
	field = xasprintf("X-Request-Id: %s\r\n", longest);
	rig_ask("GET", "/healthz", field, "", 0);
	assert_int_equal(strlen(rig_field("X-Request-Id")), 36);
	free(field);
	field = xasprintf("X-Request-Id: %s\r\n", longest + 1);
	rig_ask("GET", "/healthz", field, "", 0);
	assert_string_equal(rig_field("X-Request-Id"), longest + 1);
	free(field);
}

static void
the_servers_own_refusals_are_problems_too(void **state)
{
	struct peer *p = peer_new(false);

	(void)state;
	peer_puts(p, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
	assert_true(peer_reply(p, false));
	rig_problem(400, "bad_request", "");
	peer_free(p);
}

static void
paths_and_methods_that_are_none_are_told_apart(void **state)
{
	static const char *const paths[] = {"/", "/v1", "/v1/", "/v1/job",
	    "/v1/jobs/", "/v1/jobs//result", "/v1/jobs/" NO_JOB "/",
	    "/v1/jobs/" NO_JOB "/results", "/v1/jobs/" NO_JOB "/result/x",
	    "/metrics", "/V1/jobs"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(paths); i++) {
		rig_get(paths[i]);
		rig_problem(404, "not_found", "");
	}
	rig_ask("DELETE", "/v1/jobs", "", "", 0);
	rig_problem(405, "method_not_allowed", "GET, HEAD, POST");
	assert_string_equal(rig_field("Allow"), "GET, HEAD, POST");
	rig_ask("PUT", "/v1/jobs/" NO_JOB, "", "", 0);
	assert_string_equal(rig_field("Allow"), "GET, HEAD");
	rig_ask("GET", "/v1/jobs/" NO_JOB "/cancel", "", "", 0);
	rig_problem(405, "method_not_allowed", "POST");
	assert_string_equal(rig_field("Allow"), "POST");
}

static void
what_is_not_there_is_not_found(void **state)
{
	static const char *const ids[] = {NO_JOB, "x", "..", "%2e%2e",
	    NO_DELIVERY, "01arz3ndektsv4rrffq69g5fa",
	    "01ARZ3NDEKTSV4RRFFQ69G5FAV", NO_JOB NO_JOB NO_JOB};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(ids); i++) {
		get_of("/v1/jobs/*", ids[i]);
		rig_problem(404, "not_found", "job");
		get_of("/v1/jobs/*/result", ids[i]);
		rig_problem(404, "not_found", "job");
		post_of("/v1/jobs/*/cancel", ids[i]);
		rig_problem(404, "not_found", "job");
		post_of("/v1/jobs/*/retry", ids[i]);
		rig_problem(404, "not_found", "job");
		get_of("/v1/deliveries/*", ids[i]);
		rig_problem(404, "not_found", "delivery");
		post_of("/v1/deliveries/*/replay", ids[i]);
		rig_problem(404, "not_found", "delivery");
	}
}

static void
an_unknown_parameter_is_refused_everywhere(void **state)
{
	static const char *const paths[] = {"/healthz", "/v1/jobs/" NO_JOB,
	    "/v1/jobs/" NO_JOB "/result", "/v1/deliveries/" NO_DELIVERY};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(paths); i++) {
		char *target = xasprintf("%s?colour=red", paths[i]);

		rig_get(target);
		rig_problem(400, "bad_parameter", "colour");
		free(target);
	}
	rig_get("/v1/jobs?limt=1");
	rig_problem(400, "bad_parameter", "Did you mean \\\"limit\\\"?");
}

/* --- who asks ------------------------------------------------------- */

static void
ask_by_tcp(const char *fields)
{
	struct peer *p = peer_new(true);
	char *text =
	    xasprintf("GET /v1/jobs HTTP/1.1\r\nHost: h\r\n%s\r\n", fields);

	peer_puts(p, text);
	free(text);
	assert_true(peer_reply(p, false));
	peer_free(p);
}

static void
tcp_wants_the_token_and_nothing_else(void **state)
{
	static const char *const wrong[] = {"", "Authorization: Bearer\r\n",
	    "Authorization: Bearer x\r\n", "Authorization: " RIG_TOKEN "\r\n",
	    "Authorization: Basic " RIG_TOKEN "\r\n",
	    "Authorization: Bearer " RIG_TOKEN "x\r\n",
	    "Authorization: Bearer  " RIG_TOKEN "\r\n",
	    "Authorization: Bearer " RIG_TOKEN
	    "\r\nAuthorization: Bearer " RIG_TOKEN "\r\n"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(wrong); i++) {
		ask_by_tcp(wrong[i]);
		rig_problem(401, "unauthorized", "");
		assert_string_equal(rig_field("WWW-Authenticate"), "Bearer");
	}
	ask_by_tcp("Authorization: Bearer " RIG_TOKEN "\r\n");
	assert_int_equal(rig.status, 200);
	ask_by_tcp("authorization: bearer " RIG_TOKEN "\r\n");
	assert_int_equal(rig.status, 200);
}

static char *logged;

static void
on_line(const char *line, void *arg)
{
	char *all = xasprintf("%s%s\n", logged != NULL ? logged : "", line);

	(void)arg;
	free(logged);
	logged = all;
}

static void
each_answer_is_logged_once_and_no_secret_with_it(void **state)
{
	char *line, *end;

	(void)state;
	log_init(LOG_INFO, LOG_TEXT);
	log_set_sink(on_line, NULL);
	ask_by_tcp("Authorization: Bearer " RIG_TOKEN "x\r\n");
	assert_null(logged);
	rig_post_json("X-Request-Id: mine\r\n",
	    "{\"endpoint\":\"up\",\"body\":\"pay-load\"}");
	log_set_sink(NULL, NULL);
	log_init(LOG_NONE, LOG_TEXT);
	assert_non_null(logged);
	line = strstr(logged, " api: ");
	assert_non_null(line);
	assert_null(strstr(line + 1, " api: "));
	end = strchr(line, '\n');
	assert_non_null(end);
	*end = '\0';
	assert_non_null(strstr(line, "request=mine"));
	assert_non_null(strstr(line, "status=201"));
	assert_non_null(strstr(line, rig_str("job")));
	*end = '\n';
	assert_null(strstr(logged, "pay-load"));
	assert_null(strstr(logged, RIG_TOKEN));
	free(logged);
	logged = NULL;
}

/* --- jobs ----------------------------------------------------------- */

static void
a_job_is_shown_whole(void **state)
{
	struct job *job = rig_job_delivered(DELIVERY_DEAD);

	(void)state;
	get_of("/v1/jobs/*", job->id);
	assert_int_equal(rig.status, 200);
	assert_string_equal(rig_field("Content-Type"), "application/json");
	assert_string_equal(rig_str("job"), job->id);
	assert_string_equal(rig_str("outcome"), "ok");
	assert_int_equal(rig_count("submissions"), 0);
	assert_int_equal(rig_count("deliveries"), 1);
	assert_string_equal(rig_str("deliveries.0.state"), "dead");
	job_free(job);
}

static void
head_tells_the_same_without_a_body(void **state)
{
	struct job *job = rig_job(JOB_DONE, OUTCOME_OK);
	char *path = xasprintf("/v1/jobs/%s", job->id);

	(void)state;
	rig_ask("HEAD", path, "", "", 0);
	assert_int_equal(rig.status, 200);
	assert_string_not_equal(rig_field("Content-Length"), "0");
	free(path);
	job_free(job);
}

static void
jobs_are_listed_page_by_page(void **state)
{
	struct job *jobs[5];
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++)
		jobs[i] = rig_job(JOB_DONE, OUTCOME_OK);
	rig_get("/v1/jobs?limit=2");
	assert_int_equal(rig_count("jobs"), 2);
	assert_string_equal(rig_str("jobs.0.job"), jobs[0]->id);
	assert_string_equal(rig_str("next"), jobs[1]->id);
	assert_null(rig_at("jobs.0.submissions"));
	get_of("/v1/jobs?limit=2&after=*", jobs[3]->id);
	assert_int_equal(rig_count("jobs"), 1);
	assert_string_equal(rig_str("jobs.0.job"), jobs[4]->id);
	assert_null(rig_at("next"));
	get_of("/v1/jobs?limit=3&after=*", jobs[1]->id);
	assert_int_equal(rig_count("jobs"), 3);
	assert_null(rig_at("next"));
	for (i = 0; i < 5; i++)
		job_free(jobs[i]);
}

static void
a_hundred_jobs_are_a_page_where_no_limit_is_given(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 101; i++)
		job_free(rig_job(JOB_DONE, OUTCOME_OK));
	rig_get("/v1/jobs");
	assert_int_equal(rig_count("jobs"), 100);
	assert_non_null(rig_at("next"));
}

static void
jobs_are_listed_by_what_is_asked_for(void **state)
{
	struct job *ok = rig_job(JOB_DONE, OUTCOME_OK);
	struct job *failed = rig_job(JOB_DONE, OUTCOME_FAILED);
	struct job *queued = rig_job(JOB_QUEUED, OUTCOME_NONE);

	(void)state;
	rig_get("/v1/jobs?state=queued");
	assert_int_equal(rig_count("jobs"), 1);
	assert_string_equal(rig_str("jobs.0.job"), queued->id);
	rig_get("/v1/jobs?state=done&outcome=failed");
	assert_int_equal(rig_count("jobs"), 1);
	assert_string_equal(rig_str("jobs.0.job"), failed->id);
	rig_get("/v1/jobs?endpoint=up");
	assert_int_equal(rig_count("jobs"), 3);
	rig_get("/v1/jobs?endpoint=down");
	assert_int_equal(rig_count("jobs"), 0);
	job_free(ok);
	job_free(failed);
	job_free(queued);
}

static void
a_wrong_filter_is_named(void **state)
{
	(void)state;
	rig_get("/v1/jobs?limit=0");
	rig_problem(400, "bad_parameter", "limit");
	rig_get("/v1/jobs?limit=1001");
	rig_problem(400, "bad_parameter", "limit");
	rig_get("/v1/jobs?state=waiting");
	rig_problem(400, "bad_parameter", "state");
	rig_get("/v1/jobs?outcome=none");
	rig_problem(400, "bad_parameter", "outcome");
	rig_get("/v1/jobs?after=x");
	rig_problem(400, "bad_parameter", "after");
	rig_get("/v1/jobs?after=" NO_JOB);
	rig_problem(400, "bad_parameter", NO_JOB);
	rig_get("/v1/deliveries?state=done");
	rig_problem(400, "bad_parameter", "state");
	rig_get("/v1/deliveries?job=x");
	rig_problem(400, "bad_parameter", "job");
	rig_get("/v1/deliveries?after=" NO_JOB);
	rig_problem(400, "bad_parameter", "after");
}

/* --- waiting -------------------------------------------------------- */

/* A job in the engine's hands. The caller's. */
static char *
submit(void)
{
	rig_post_json("", "{\"endpoint\":\"up\",\"body\":\"x\"}");
	assert_int_equal(rig.status, 201);
	return xstrdup(rig_str("job"));
}

static struct peer *
wait_for(const char *id, const char *query)
{
	struct peer *p = peer_new(false);
	char *text = xasprintf(
	    "GET /v1/jobs/%s?%s HTTP/1.1\r\nHost: h\r\n\r\n", id, query);

	peer_puts(p, text);
	free(text);
	return p;
}

static bool
is_accepted(void *arg)
{
	(void)arg;
	return rig.accepted > 0;
}

static void
a_wait_ends_with_the_job(void **state)
{
	struct peer *p;
	char *id;

	(void)state;
	rig.accepts = true;
	id = submit();
	p = wait_for(id, "wait=60");
	rig_until(is_accepted, NULL);
	rig_store_idle();
	assert_false(peer_has_reply(p));
	rig.result = "the result";
	assert_true(peer_reply(p, false));
	assert_int_equal(rig.status, 200);
	assert_string_equal(rig_str("state"), "done");
	assert_string_equal(rig_str("outcome"), "ok");
	assert_int_equal(rig_int("result.size"), 10);
	peer_free(p);
	free(id);
}

static void
a_wait_may_end_with_the_acceptance(void **state)
{
	char *id = submit();
	struct peer *p = wait_for(id, "wait=60&until=accepted");

	(void)state;
	rig_store_idle();
	assert_false(peer_has_reply(p));
	rig.accepts = true;
	assert_true(peer_reply(p, false));
	assert_string_equal(rig_str("state"), "pending");
	peer_free(p);
	/* It is accepted, whatever the time. */
	get_of("/v1/jobs/*?wait=60&until=accepted", id);
	assert_string_equal(rig_str("state"), "pending");
	free(id);
}

static void
a_wait_ends_when_its_time_is_up(void **state)
{
	char *id = submit();
	struct peer *p = wait_for(id, "wait=1");

	(void)state;
	assert_true(peer_reply(p, false));
	assert_int_equal(rig.status, 200);
	assert_string_equal(rig_str("state"), "queued");
	peer_free(p);
	free(id);
}

static void
a_wait_for_what_is_over_ends_at_once(void **state)
{
	struct job *job = rig_job(JOB_DONE, OUTCOME_FAILED);

	(void)state;
	get_of("/v1/jobs/*?wait=60", job->id);
	assert_string_equal(rig_str("outcome"), "failed");
	job_free(job);
}

static void
a_wait_ends_when_the_service_stops(void **state)
{
	char *id = submit();
	struct peer *p = wait_for(id, "wait=60");

	(void)state;
	rig_store_idle();
	rig.s.stopping = true;
	waiters_expire(rig.s.waiters);
	assert_true(peer_reply(p, false));
	assert_string_equal(rig_str("state"), "queued");
	peer_free(p);
	get_of("/v1/jobs/*?wait=60", id);
	assert_string_equal(rig_str("state"), "queued");
	free(id);
}

static bool
nobody_is_connected(void *arg)
{
	(void)arg;
	return http_server_connections(rig.unix_server) == 0;
}

static void
who_leaves_while_waiting_is_forgotten(void **state)
{
	char *id = submit();
	struct peer *p = wait_for(id, "wait=60");

	(void)state;
	rig_store_idle();
	peer_free(p);
	rig_until(nobody_is_connected, NULL);
	/* Nobody is there whom this could reach. */
	post_of("/v1/jobs/*/cancel", id);
	assert_int_equal(rig.status, 200);
	free(id);
}

static void
a_wait_is_held_to_its_range(void **state)
{
	(void)state;
	rig_get("/v1/jobs/" NO_JOB "?wait=61");
	rig_problem(400, "bad_parameter", "wait");
	rig_get("/v1/jobs/" NO_JOB "?wait=-1");
	rig_problem(400, "bad_parameter", "wait");
	rig_get("/v1/jobs/" NO_JOB "?wait=1&until=stored");
	rig_problem(400, "bad_parameter", "until");
}

/* --- cancel, retry -------------------------------------------------- */

static void
a_job_is_given_up_once_and_again(void **state)
{
	char *id = submit();

	(void)state;
	post_of("/v1/jobs/*/cancel", id);
	assert_int_equal(rig.status, 200);
	assert_string_equal(rig_str("outcome"), "cancelled");
	post_of("/v1/jobs/*/cancel", id);
	assert_int_equal(rig.status, 200);
	assert_string_equal(rig_str("outcome"), "cancelled");
	free(id);
}

static void
what_ended_otherwise_is_not_given_up(void **state)
{
	struct job *job = rig_job(JOB_DONE, OUTCOME_FAILED);

	(void)state;
	post_of("/v1/jobs/*/cancel", job->id);
	rig_problem(409, "done", "failed");
	job_free(job);
}

static void
a_job_that_failed_is_asked_for_again(void **state)
{
	struct job *job = rig_job(JOB_DONE, OUTCOME_FAILED);

	(void)state;
	post_of("/v1/jobs/*/retry", job->id);
	assert_int_equal(rig.status, 201);
	assert_string_equal(rig_str("retry_of"), job->id);
	assert_string_not_equal(rig_str("job"), job->id);
	assert_string_equal(rig_str("state"), "queued");
	assert_int_equal(rig_int("request.input_size"), 5);
	assert_int_equal(rig_jobs(), 2);
	job_free(job);
}

static void
a_retry_under_a_key_is_made_once(void **state)
{
	struct job *job = rig_job(JOB_DONE, OUTCOME_FAILED);
	struct job *other = rig_job(JOB_DONE, OUTCOME_FAILED);
	char *path = path_of("/v1/jobs/*/retry", job->id), *first;

	(void)state;
	rig_post(path, "Idempotency-Key: k\r\n", "");
	assert_int_equal(rig.status, 201);
	first = xstrdup(rig_str("job"));
	rig_post(path, "Idempotency-Key: k\r\n", "");
	assert_int_equal(rig.status, 200);
	assert_string_equal(rig_str("job"), first);
	free(path);
	path = path_of("/v1/jobs/*/retry", other->id);
	rig_post(path, "Idempotency-Key: k\r\n", "");
	rig_problem(409, "idempotency_key_reused", first);
	free(path);
	free(first);
	job_free(job);
	job_free(other);
}

static void
only_what_ended_badly_is_asked_for_again(void **state)
{
	struct job *ok = rig_job(JOB_DONE, OUTCOME_OK);
	char *id = submit();

	(void)state;
	post_of("/v1/jobs/*/retry", ok->id);
	rig_problem(409, "ok", "");
	post_of("/v1/jobs/*/retry", id);
	rig_problem(409, "not_done", "queued");
	assert_int_equal(rig_jobs(), 2);
	job_free(ok);
	free(id);
}

static void
an_input_that_is_gone_is_not_asked_for_again(void **state)
{
	char *id;

	(void)state;
	rig_post("/v1/jobs", "Awaitd-Endpoint: never\r\n", "spooled");
	assert_int_equal(rig.status, 201);
	id = xstrdup(rig_str("job"));
	post_of("/v1/jobs/*/cancel", id);
	assert_int_equal(rig.status, 200);
	post_of("/v1/jobs/*/retry", id);
	rig_problem(409, "input_gone", id);
	free(id);
}

/* --- deliveries ----------------------------------------------------- */

static void
deliveries_are_listed_and_shown(void **state)
{
	struct job *dead = rig_job_delivered(DELIVERY_DEAD);
	struct job *waiting = rig_job_delivered(DELIVERY_WAITING);
	const char *id = dead->deliveries[0]->id;

	(void)state;
	rig_get("/v1/deliveries");
	assert_int_equal(rig_count("deliveries"), 2);
	assert_null(rig_at("next"));
	rig_get("/v1/deliveries?limit=1");
	assert_int_equal(rig_count("deliveries"), 1);
	assert_string_equal(rig_str("next"), rig_str("deliveries.0.delivery"));
	rig_get("/v1/deliveries?state=dead");
	assert_int_equal(rig_count("deliveries"), 1);
	assert_string_equal(rig_str("deliveries.0.delivery"), id);
	rig_get("/v1/deliveries?target=webhook%20hook");
	assert_int_equal(rig_count("deliveries"), 2);
	rig_get("/v1/deliveries?target=exec+tool");
	assert_int_equal(rig_count("deliveries"), 0);
	get_of("/v1/deliveries?job=*", waiting->id);
	assert_int_equal(rig_count("deliveries"), 1);
	assert_string_equal(rig_str("deliveries.0.job"), waiting->id);
	get_of("/v1/deliveries/*", id);
	assert_int_equal(rig.status, 200);
	assert_string_equal(rig_str("delivery"), id);
	assert_string_equal(rig_str("state"), "dead");
	job_free(dead);
	job_free(waiting);
}

static void
a_dead_delivery_is_replayed_under_its_id(void **state)
{
	struct job *dead = rig_job_delivered(DELIVERY_DEAD);
	const char *id = dead->deliveries[0]->id;

	(void)state;
	post_of("/v1/deliveries/*/replay", id);
	assert_int_equal(rig.status, 200);
	assert_string_equal(rig_str("delivery"), id);
	assert_string_equal(rig_str("state"), "waiting");
	rig.s.stopping = true;
	post_of("/v1/deliveries/*/replay", id);
	rig_problem(503, "unavailable", "stops");
	job_free(dead);
}

int
main(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, api_rig_setup, api_rig_teardown)
	const struct CMUnitTest tests[] = {
	    T(health_is_told_to_everybody),
	    T(the_version_is_for_those_who_may_ask),
	    T(a_service_that_stops_lives_and_is_not_ready),
	    T(a_request_keeps_its_id_if_that_is_one),
	    T(the_servers_own_refusals_are_problems_too),
	    T(paths_and_methods_that_are_none_are_told_apart),
	    T(what_is_not_there_is_not_found),
	    T(an_unknown_parameter_is_refused_everywhere),
	    T(tcp_wants_the_token_and_nothing_else),
	    T(each_answer_is_logged_once_and_no_secret_with_it),
	    T(a_job_is_shown_whole),
	    T(head_tells_the_same_without_a_body),
	    T(jobs_are_listed_page_by_page),
	    T(a_hundred_jobs_are_a_page_where_no_limit_is_given),
	    T(jobs_are_listed_by_what_is_asked_for),
	    T(a_wrong_filter_is_named),
	    T(a_wait_ends_with_the_job),
	    T(a_wait_may_end_with_the_acceptance),
	    T(a_wait_ends_when_its_time_is_up),
	    T(a_wait_for_what_is_over_ends_at_once),
	    T(a_wait_ends_when_the_service_stops),
	    T(who_leaves_while_waiting_is_forgotten),
	    T(a_wait_is_held_to_its_range),
	    T(a_job_is_given_up_once_and_again),
	    T(what_ended_otherwise_is_not_given_up),
	    T(a_job_that_failed_is_asked_for_again),
	    T(a_retry_under_a_key_is_made_once),
	    T(only_what_ended_badly_is_asked_for_again),
	    T(an_input_that_is_gone_is_not_asked_for_again),
	    T(deliveries_are_listed_and_shown),
	    T(a_dead_delivery_is_replayed_under_its_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
