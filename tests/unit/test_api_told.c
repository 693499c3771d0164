/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is to hear of a job, as its submission says: routes, a URL to call back,
 * the trace that it belongs to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/support/api_rig.h"
#include "tests/support/conf_fixture.h"

#define BODY "\"endpoint\":\"up\",\"body\":\"x\""
#define RAW "Awaitd-Endpoint: up\r\n"
#define TRACE "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
#define OTHER "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
#define CALLBACK "https://app.example.com/told?token=1"

static const char text[] = "[endpoint up]\n"
			   "region = us-east-1\n"
			   "input_prefix = s3://bucket/in\n"
			   "deliver = exec tool on failure\n"
			   "[exec tool]\ncommand = true\n"
			   "[webhook hook]\nurl = https://h.test/\n";

static struct conf *own;
static const struct conf *before;

/* From here on the service has this as well. */
static void
configure(const char *more)
{
	char *all = xasprintf("%s%s", text, more);

	own = conf_must_load(all, NULL);
	before = rig.s.conf;
	rig.s.conf = own;
	free(all);
}

static void
unconfigure(void)
{
	rig.s.conf = before;
	conf_free(own);
}

static struct job *found;

static void
on_job(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	assert_null(err);
	assert_int_equal(n, 1);
	found = jobs[0];
	*(bool *)arg = true;
}

static bool
is_done(void *arg)
{
	return *(bool *)arg;
}

/* The job of the last answer, as it is on disk. The caller's. */
static struct job *
stored(void)
{
	bool done = false;

	assert_int_equal(rig.status, 201);
	store_find(rig.s.store, rig_str("job"), true, on_job, &done);
	rig_until(is_done, &done);
	return found;
}

/* --- routes --------------------------------------------------------- */

static void
routes_are_kept_as_they_were_asked_for(void **state)
{
	struct job *job;

	(void)state;
	configure("");
	rig_post_json("",
	    "{" BODY ",\"deliver\":[\"webhook hook on success\","
	    "\"exec tool on failure\"]}");
	assert_string_equal(rig_str("deliver.0"), "webhook hook on success");
	job = stored();
	assert_string_equal(
	    job->spec.deliver, "webhook hook on success, exec tool on failure");
	job_free(job);
	rig_ask("POST", "/v1/jobs",
	    RAW "Awaitd-Deliver: webhook hook on both, exec tool\r\n", "x", 1);
	job = stored();
	assert_string_equal(
	    job->spec.deliver, "webhook hook on both, exec tool");
	job_free(job);
	rig_post_json("", "{" BODY "}");
	job = stored();
	assert_string_equal(job->spec.deliver, "exec tool on failure");
	job_free(job);
	unconfigure();
}

static void
what_is_no_route_is_refused(void **state)
{
	(void)state;
	configure("");
	rig_post_json("", "{" BODY ",\"deliver\":[\"exec tool on ok\"]}");
	rig_problem(400, "bad_member", "no route");
	rig_post_json("", "{" BODY ",\"deliver\":[\"exec tol on success\"]}");
	rig_problem(400, "bad_member", "Did you mean");
	rig_post_json("",
	    "{" BODY ",\"deliver\":[\"exec tool on success\","
	    "\"exec tool on failure\"]}");
	rig_problem(400, "bad_member", "stands twice");
	rig_post_json(
	    "", "{" BODY ",\"deliver\":[\"callback https://h.test:443\"]}");
	rig_problem(400, "bad_member", "callback https://h.test:443");
	rig_ask("POST", "/v1/jobs",
	    RAW "Awaitd-Deliver: exec tool on Success\r\n", "x", 1);
	rig_problem(400, "bad_parameter", "no route");
	assert_int_equal(rig_jobs(), 0);
	unconfigure();
}

/* --- callbacks ------------------------------------------------------ */

static void
a_callback_needs_a_host_that_is_allowed(void **state)
{
	struct job *job;

	(void)state;
	configure("[callback]\nallow = app.example.com, 127.0.0.1\n"
		  "allow_networks = 127.0.0.0/8\n");
	rig_post_json("", "{" BODY ",\"callback_url\":\"" CALLBACK "\"}");
	assert_string_equal(
	    rig_str("callback_url"), "https://app.example.com/told");
	job = stored();
	assert_string_equal(job->spec.callback_url, CALLBACK);
	job_free(job);
	rig_ask("POST", "/v1/jobs",
	    RAW "Awaitd-Callback-Url: http://127.0.0.1:8080/\r\n", "x", 1);
	job = stored();
	assert_string_equal(job->spec.callback_url, "http://127.0.0.1:8080/");
	job_free(job);
	rig_post_json(
	    "", "{" BODY ",\"callback_url\":\"https://evil.example.com/\"}");
	rig_problem(400, "bad_member", "evil.example.com");
	rig_post_json(
	    "", "{" BODY ",\"callback_url\":\"http://app.example.com/\"}");
	rig_problem(400, "bad_member", "https://");
	rig_post_json(
	    "", "{" BODY ",\"callback_url\":\"https://a:b@app.example.com/\"}");
	rig_problem(400, "bad_member", "callback URL");
	rig_post_json("", "{" BODY ",\"callback_url\":7}");
	rig_problem(400, "bad_member", "callback_url");
	rig_ask("POST", "/v1/jobs", RAW "Awaitd-Callback-Url: nonsense\r\n",
	    "x", 1);
	rig_problem(400, "bad_parameter", "callback URL");
	assert_int_equal(rig_jobs(), 2);
	unconfigure();
}

static void
where_none_is_allowed_it_is_refused(void **state)
{
	(void)state;
	configure("");
	rig_post_json("", "{" BODY ",\"callback_url\":\"" CALLBACK "\"}");
	rig_problem(400, "bad_member", "[callback]");
	assert_int_equal(rig_jobs(), 0);
	unconfigure();
}

static void
it_is_part_of_what_a_key_stands_for(void **state)
{
	(void)state;
	configure("[callback]\nallow = *\n");
	rig_post_json("Idempotency-Key: k\r\n",
	    "{" BODY ",\"callback_url\":\"" CALLBACK "\"}");
	assert_int_equal(rig.status, 201);
	rig_post_json("Idempotency-Key: k\r\n",
	    "{" BODY ",\"callback_url\":\"" CALLBACK "\"}");
	assert_int_equal(rig.status, 200);
	rig_post_json("Idempotency-Key: k\r\n", "{" BODY "}");
	rig_problem(409, "idempotency_key_reused", "");
	rig_post_json("Idempotency-Key: k\r\n",
	    "{" BODY ",\"callback_url\":\"" CALLBACK "2\"}");
	rig_problem(409, "idempotency_key_reused", "");
	/* The trace is not: each try may have its own. */
	rig_post_json("Idempotency-Key: k\r\ntraceparent: " TRACE "\r\n",
	    "{" BODY ",\"callback_url\":\"" CALLBACK "\"}");
	assert_int_equal(rig.status, 200);
	unconfigure();
}

/* --- the trace ------------------------------------------------------ */

static void
check_trace(const char *fields, const char *parent, const char *states)
{
	struct job *job;

	rig_post_json(fields, "{" BODY "}");
	job = stored();
	if (parent == NULL)
		assert_null(job->spec.traceparent);
	else
		assert_string_equal(job->spec.traceparent, parent);
	if (states == NULL)
		assert_null(job->spec.tracestate);
	else
		assert_string_equal(job->spec.tracestate, states);
	job_free(job);
}

static void
a_trace_goes_with_the_job(void **state)
{
	(void)state;
	check_trace("", NULL, NULL);
	check_trace("traceparent: " TRACE "\r\n", TRACE, NULL);
	check_trace("Traceparent: " TRACE "\r\ntracestate: a=1\r\n"
		    "tracestate: b=2\r\n",
	    TRACE, "a=1,b=2");
}

static void
what_is_not_sound_of_it_is_dropped(void **state)
{
	(void)state;
	check_trace(
	    "traceparent: 00-nonsense\r\ntracestate: a=1\r\n", NULL, NULL);
	check_trace("tracestate: a=1\r\n", NULL, NULL);
	check_trace("traceparent: " TRACE "\r\ntracestate: a\r\n", TRACE, NULL);
	check_trace(
	    "traceparent: " TRACE "\r\ntraceparent: " OTHER "\r\n", NULL, NULL);
}

/* --- the same again ------------------------------------------------- */

static void
retry(const char *id, const char *fields, const char *trace)
{
	char *path = xasprintf("/v1/jobs/%s/retry", id);
	struct job *job;

	rig_post(path, fields, "");
	job = stored();
	assert_string_equal(job->spec.retry_of, id);
	assert_string_equal(job->spec.callback_url, CALLBACK);
	assert_string_equal(job->spec.traceparent, trace);
	job_free(job);
	free(path);
}

static void
what_is_asked_for_again_keeps_both(void **state)
{
	char *id, *path;

	(void)state;
	configure("[callback]\nallow = *\n");
	rig_post_json("traceparent: " TRACE "\r\n",
	    "{\"endpoint\":\"up\",\"input_location\":\"s3://b/k\","
	    "\"callback_url\":\"" CALLBACK "\"}");
	assert_int_equal(rig.status, 201);
	id = xstrdup(rig_str("job"));
	path = xasprintf("/v1/jobs/%s/cancel", id);
	rig_post(path, "", "");
	assert_int_equal(rig.status, 200);
	retry(id, "", TRACE);
	retry(id, "traceparent: 00-nonsense\r\n", TRACE);
	retry(id, "traceparent: " OTHER "\r\n", OTHER);
	free(path);
	free(id);
	unconfigure();
}

#define API_TEST(f) \
	cmocka_unit_test_setup_teardown(f, api_rig_setup, api_rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    API_TEST(routes_are_kept_as_they_were_asked_for),
	    API_TEST(what_is_no_route_is_refused),
	    API_TEST(a_callback_needs_a_host_that_is_allowed),
	    API_TEST(where_none_is_allowed_it_is_refused),
	    API_TEST(it_is_part_of_what_a_key_stands_for),
	    API_TEST(a_trace_goes_with_the_job),
	    API_TEST(what_is_not_sound_of_it_is_dropped),
	    API_TEST(what_is_asked_for_again_keeps_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
