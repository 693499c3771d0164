/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts as a resource: listed, filtered, shown by their number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/support/api_rig.h"

#define NO_DELIVERY "msg_aaaaaaaaaaaaaaaaaaaaaaaaaa"

static void
on_stored(const struct error *err, void *arg)
{
	assert_null(err);
	*(bool *)arg = true;
}

static bool
is_done(void *arg)
{
	return *(bool *)arg;
}

/* Two: one that found no name, one that was answered 503. */
static struct job *
tried(void)
{
	struct job *job = rig_job_delivered(DELIVERY_WAITING);
	struct delivery *d = job->deliveries[0];
	struct attempt a;
	bool done;
	unsigned n;

	for (n = 1; n <= 2; n++) {
		delivery_begin_attempt(d, 1000 * n, n == 2, &a);
		a.outcome = ATTEMPT_FAILED;
		a.ended_at = 1000 * n + 250;
		a.status = n == 2 ? 503 : ATTEMPT_NO_STATUS;
		a.note = xstrdup("why");
		a.error_class = xstrdup(n == 2 ? "status" : "dns");
		a.request_headers = xstrdup("webhook-id: x\nCookie: ***\n");
		if (n == 2)
			a.response_headers = xstrdup("Via: a\nVia: b\n");
		d->due_at = 5000;
		done = false;
		store_save_delivery(rig.s.store, d, &a, on_stored, &done);
		rig_until(is_done, &done);
		attempt_done(&a);
	}
	return job;
}

static void
get(const char *before, const char *id, const char *behind)
{
	char *path = xasprintf("%s%s%s", before, id, behind);

	rig_get(path);
	free(path);
}

static void
attempts_are_listed_in_pages(void **state)
{
	struct job *job = tried();
	char *next;

	(void)state;
	rig_get("/v1/attempts");
	assert_int_equal(rig.status, 200);
	assert_int_equal(rig_count("attempts"), 2);
	assert_null(rig_at("next"));
	assert_string_equal(rig_str("attempts.0.class"), "dns");
	assert_null(rig_at("attempts.0.request_headers"));
	rig_get("/v1/attempts?limit=1");
	assert_int_equal(rig_count("attempts"), 1);
	next = xstrdup(rig_str("next"));
	get("/v1/attempts?limit=1&after=", next, "");
	assert_int_equal(rig_int("attempts.0.n"), 2);
	assert_null(rig_at("next"));
	free(next);
	rig_get("/v1/attempts?order=newest&headers=true");
	assert_int_equal(rig_int("attempts.0.n"), 2);
	assert_string_equal(
	    rig_str("attempts.0.response_headers.1.value"), "b");
	get("/v1/deliveries/", job->deliveries[0]->id, "/attempts");
	assert_int_equal(rig_count("attempts"), 2);
	job_free(job);
}

/* A schedule may be long, and replays have no end; the list has them all. */
static void
a_delivery_shows_its_last_two_hundred(void **state)
{
	struct job *job = rig_job_delivered(DELIVERY_WAITING);
	struct delivery *d = job->deliveries[0];
	static const unsigned all = 203;
	bool done = false;
	struct attempt a;
	unsigned n;

	(void)state;
	for (n = 1; n <= all; n++) {
		delivery_begin_attempt(d, 1000 * n, false, &a);
		a.outcome = ATTEMPT_FAILED;
		a.ended_at = 1000 * n + 1;
		/* Twice as long in JSON. */
		a.response = xcalloc(1, ATTEMPT_RESPONSE_MAX + 1);
		memset(a.response, '"', ATTEMPT_RESPONSE_MAX);
		d->due_at = 5000;
		done = false;
		store_save_delivery(rig.s.store, d, &a, on_stored, &done);
		attempt_done(&a);
	}
	/* They are written in their order. */
	rig_until(is_done, &done);
	get("/v1/deliveries/", d->id, "");
	assert_int_equal(rig.status, 200);
	assert_int_equal(rig_count("log"), 200);
	assert_int_equal(rig_int("log.0.n"), all - 200 + 1);
	assert_int_equal(rig_int("log.199.n"), all);
	get("/v1/deliveries/", d->id, "/attempts?limit=1");
	assert_int_equal(rig_int("attempts.0.n"), 1);
	job_free(job);
}

static void
each_filter_is_taken(void **state)
{
	struct job *job = tried(), *other = rig_job_delivered(DELIVERY_DEAD);
	static const struct {
		const char *query;
		size_t n;
	} cases[] = {
	    {"class=dns", 1},
	    {"class=tls", 0},
	    {"outcome=failed", 2},
	    {"outcome=ok", 0},
	    {"status=503", 1},
	    {"target=webhook%20hook", 2},
	    {"target=exec+a", 0},
	    {"since=1970-01-01T00:00:02Z", 1},
	    {"until=1970-01-01T00:00:02Z", 1},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		get("/v1/attempts?", cases[i].query, "");
		if (rig_count("attempts") != cases[i].n)
			fail_msg("%s", cases[i].query);
	}
	get("/v1/attempts?job=", job->id, "");
	assert_int_equal(rig_count("attempts"), 2);
	get("/v1/attempts?job=", other->id, "");
	assert_int_equal(rig_count("attempts"), 0);
	get("/v1/attempts?delivery=", job->deliveries[0]->id, "&class=dns");
	assert_int_equal(rig_count("attempts"), 1);
	/* None yet, but it is there. */
	get("/v1/deliveries/", other->deliveries[0]->id, "/attempts");
	assert_int_equal(rig.status, 200);
	assert_int_equal(rig_count("attempts"), 0);
	job_free(job);
	job_free(other);
}

static void
one_is_shown_with_all_that_is_known(void **state)
{
	struct job *job = tried();
	const char *id = job->deliveries[0]->id;

	(void)state;
	get("/v1/deliveries/", id, "/attempts/2");
	assert_int_equal(rig.status, 200);
	assert_string_equal(rig_str("delivery"), id);
	assert_string_equal(rig_str("job"), job->id);
	assert_string_equal(rig_str("target"), "webhook hook");
	assert_string_equal(rig_str("event"), "inference.completed");
	assert_int_equal(rig_int("n"), 2);
	assert_string_equal(rig_str("outcome"), "failed");
	assert_int_equal(rig_int("status"), 503);
	assert_int_equal(rig_int("latency_ms"), 250);
	assert_string_equal(rig_str("class"), "status");
	assert_string_equal(rig_str("note"), "why");
	assert_string_equal(
	    rig_str("next_attempt_at"), "1970-01-01T00:00:05.000Z");
	assert_string_equal(rig_str("request_headers.1.name"), "Cookie");
	assert_string_equal(rig_str("request_headers.1.value"), "***");
	/* Those that come twice are there twice. */
	assert_string_equal(rig_str("response_headers.0.name"), "Via");
	assert_string_equal(rig_str("response_headers.0.value"), "a");
	assert_string_equal(rig_str("response_headers.1.value"), "b");
	get("/v1/deliveries/", id, "/attempts/1");
	assert_null(rig_at("next_attempt_at"));
	assert_null(rig_at("response_headers"));
	/* The log has the small ones. */
	get("/v1/deliveries/", id, "");
	assert_string_equal(rig_str("log.1.class"), "status");
	assert_int_equal(rig_int("log.1.latency_ms"), 250);
	assert_null(rig_at("log.1.request_headers"));
	job_free(job);
}

static void
what_is_not_there_is_not_found(void **state)
{
	static const char *const tails[] = {"/attempts/3", "/attempts/0",
	    "/attempts/02", "/attempts/x", "/attempts/-1",
	    "/attempts/99999999999999999999", "/attempts/1/x", "/attempts/"};
	struct job *job = tried();
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(tails); i++) {
		get("/v1/deliveries/", job->deliveries[0]->id, tails[i]);
		rig_problem(404, "not_found", "");
	}
	rig_get("/v1/deliveries/" NO_DELIVERY "/attempts/1");
	rig_problem(404, "not_found", "no attempt 1");
	rig_get("/v1/deliveries/" NO_DELIVERY "/attempts");
	rig_problem(404, "not_found", "no delivery");
	rig_get("/v1/deliveries/x/attempts");
	rig_problem(404, "not_found", "");
	rig_post("/v1/attempts", "", "");
	rig_problem(405, "method_not_allowed", "GET");
	job_free(job);
}

static void
what_makes_no_sense_is_named(void **state)
{
	static const struct {
		const char *query;
		const char *named;
	} cases[] = {
	    {"class=dsn", "it is one of dns, connect, tls"},
	    {"outcome=dead", "open, ok, failed"},
	    {"status=1000", "status"},
	    {"delivery=x", "delivery"},
	    {"job=x", "job"},
	    {"after=x", "after"},
	    {"after=" NO_DELIVERY ".0", "after"},
	    {"after=" NO_DELIVERY ".1", "there is no attempt"},
	    {"order=up", "order"},
	    {"headers=yes", "headers"},
	    {"since=now", "since"},
	    {"state=dead", "state"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		get("/v1/attempts?", cases[i].query, "");
		rig_problem(400, "bad_parameter", cases[i].named);
	}
}

int
main(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, api_rig_setup, api_rig_teardown)
	const struct CMUnitTest tests[] = {
	    T(attempts_are_listed_in_pages),
	    T(a_delivery_shows_its_last_two_hundred),
	    T(each_filter_is_taken),
	    T(one_is_shown_with_all_that_is_known),
	    T(what_is_not_there_is_not_found),
	    T(what_makes_no_sense_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
