/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process dies, at every step there is, and another one takes the state
 * file up: nothing is lost, nothing is believed to be unsent that may have
 * been sent, and at most one result is taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_store.h"
#include "tests/support/flow.h"

static void
between_intent_and_outcome_is_a_doubt(void **state)
{
	struct job *job = flow_job();

	(void)state;
	expect_invoke(1);
	flow_submit(job);
	assert_int_equal(on_disk()->subs[0].fate, SUB_OPEN);
	reply_missing(expect_head(out_url(1)));
	restart();
	assert_int_equal(on_disk()->subs[0].fate, SUB_DOUBT);
	assert_string_equal(on_disk()->subs[0].note,
	    "interrupted before the outcome was known");
	assert_int_equal(log_lines("adopted=queued", "in_doubt=yes"), 1);
	reply_found(expect_head(out_url(1)));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(peer_count("POST", "*"), 1);
}

static void
a_doubt_is_looked_into_however_late_it_is(void **state)
{
	struct job *job = flow_job();

	(void)state;
	expect_invoke(1);
	flow_submit(job);
	reply_missing(expect_head(out_url(1)));
	restart();
	flow_die();
	fake_clock_advance(86400000);
	reply_found(expect_head(out_url(1)));
	flow_take_up();
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(peer_count("POST", "*"), 1);
}

static void
what_is_pending_is_only_waited_for(void **state)
{
	struct job *job = flow_job();

	(void)state;
	reply_accepted(expect_invoke(1), 1);
	flow_submit(job);
	reply_missing(expect_head(out_url(1)));
	reply_missing(expect_head(FAILURE_URL));
	restart();
	must_be(JOB_PENDING, OUTCOME_NONE);
	reply_found(expect_head(out_url(1)));
	time_passes(60000);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(peer_count("POST", "*"), 1);
}

static void
what_was_not_sent_is_sent_under_the_same_names(void **state)
{
	struct job *job = flow_job();

	(void)state;
	peer_fail(expect_invoke(1), ERR_NET, "refused", false);
	flow_submit(job);
	assert_int_equal(on_disk()->subs[0].fate, SUB_NOT_SENT);
	reply_accepted(expect_invoke(1), 1);
	restart();
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(on_disk()->nsubs, 1);
}

static void
the_deadline_is_kept(void **state)
{
	struct job *job = flow_job();
	int64_t deadline;

	(void)state;
	reply_accepted(expect_invoke(1), 1);
	flow_submit(job);
	deadline = on_disk()->deadline_at;
	reply_missing(peer_always("HEAD", "*"));
	time_passes(3600000);
	restart();
	time_passes(deadline - clock_wall_ms() - 1);
	must_be(JOB_PENDING, OUTCOME_NONE);
	time_passes(1);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
}

static void
what_is_done_is_not_taken_up(void **state)
{
	struct job *job = flow_job();

	(void)state;
	reply_accepted(expect_invoke(1), 1);
	flow_submit(job);
	reply_found(expect_head(out_url(1)));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
	restart();
	time_passes(86400000);
	assert_int_equal(log_lines("adopted", NULL), 0);
	assert_int_equal(peer_count("*", "*"), 2);
}

/* The store's last answers come while it is closed; it takes no more. */
static void
an_engine_that_stops_takes_nothing_up(void **state)
{
	struct job *job = flow_job();

	(void)state;
	expect_invoke(1);
	flow_submit(job);
	engine_stop(flow.engine);
	engine_adopt(flow.engine, job_clone(on_disk(), true));
	time_passes(3600000);
	assert_int_equal(on_disk()->subs[0].fate, SUB_OPEN);
}

/* --- every step ----------------------------------------------------- */

/*
 * A small service: every submission runs once it was received, under the name
 * it brought, whether or not anybody hears the answer.
 */
#define RUNS_MAX 8
static struct {
	char name[RUNS_MAX][40];
	int64_t ready_at[RUNS_MAX];
	int64_t takes_ms;
	bool fails;
	unsigned n;
} service;

static void
receive(const struct headers *h, struct peer_answer *out)
{
	const char *name = headers_get(h, "x-amzn-sagemaker-filename");
	unsigned i = service.n++;

	assert_true(i < RUNS_MAX);
	snprintf(service.name[i], sizeof(service.name[i]), "%s", name);
	service.ready_at[i] = clock_wall_ms() + service.takes_ms;
	out->status = 202;
	snprintf(out->headers, sizeof(out->headers),
	    "x-amzn-sagemaker-outputlocation: s3://out/res/%s/%s\n"
	    "x-amzn-sagemaker-failurelocation: s3://out/fail/%s",
	    headers_get(h, "x-amzn-sagemaker-s3outputpathextension"), name,
	    name);
}

static bool
is_ready(const char *url)
{
	bool failure = strstr(url, "/fail/") != NULL;
	unsigned i;

	for (i = 0; i < service.n; i++) {
		if (str_ends(url, service.name[i]) &&
		    clock_wall_ms() >= service.ready_at[i])
			return failure == service.fails;
	}
	return false;
}

static void
serve(const char *method, const char *url, const struct headers *h,
    struct peer_answer *out, void *arg)
{
	(void)arg;
	if (str_eq(method, "POST")) {
		receive(h, out);
	} else if (str_eq(method, "PUT")) {
		out->status = 200;
	} else if (!is_ready(url)) {
		out->status = 404;
	} else {
		out->status = 200;
		snprintf(out->headers, sizeof(out->headers), "ETag: \"x\"");
		snprintf(out->body, sizeof(out->body), "its words");
	}
}

/* Dies at the countdown's end, before or after a write or a request. */
static int countdown;
static char died[200];

static bool
step(const char *what)
{
	if (countdown < 0 || countdown-- > 0)
		return true;
	snprintf(died, sizeof(died), "%s", what);
	return false;
}

static bool
on_write(const char *when, void *arg)
{
	(void)arg;
	return step(when);
}

static bool
on_leaving(
    const char *method, const char *url, const struct headers *h, void *arg)
{
	(void)url;
	(void)h;
	(void)arg;
	return step(method);
}

/* False: the whole story was shorter than that. */
static bool
die_at(int at, struct job *job)
{
	died[0] = '\0';
	countdown = at;
	memset(service.name, 0, sizeof(service.name));
	service.n = 0;
	fake_store_watch(flow.store, on_write, NULL);
	flow.before = flow.after = on_leaving;
	engine_submit(flow.engine, job);
	time_passes(600000);
	if (died[0] == '\0')
		return false;
	flow_die();
	flow_take_up();
	time_passes(600000);
	return true;
}

/* Wherever it died, the story has the one end that it should have. */
static void
tell_all(struct job *(*make)(void), enum job_outcome outcome)
{
	unsigned repeated = 0;
	bool more = true;
	int at;

	peer_serve(serve, NULL);
	for (at = 0; more; at++) {
		more = die_at(at, make());
		if (on_disk() == NULL) {
			/* It was never promised to anybody. */
			assert_string_equal(died, "before a write");
			assert_int_equal(at, 0);
			continue;
		}
		if (on_disk()->state != JOB_DONE ||
		    on_disk()->outcome != outcome)
			fail_msg("died at %d (%s): %s %s, %s", at, died,
			    job_state_name(on_disk()->state),
			    job_outcome_name(on_disk()->outcome),
			    on_disk()->error_text);
		assert_in_range(on_disk()->nsubs, 1, 2);
		assert_in_range(service.n, 1, 2);
		repeated += service.n == 2;
	}
	assert_in_range(at, 12, 120);
	/* The run is short, the grace is long: looking finds it. */
	if (service.takes_ms < flow.policy.doubt_grace_ms)
		assert_int_equal(repeated, 0);
	else
		assert_in_range(repeated, 1, 6);
}

static void
wherever_it_dies_a_short_run_runs_once_and_ends_ok(void **state)
{
	(void)state;
	service.takes_ms = 5000;
	service.fails = false;
	tell_all(flow_job, OUTCOME_OK);
}

static void
wherever_it_dies_a_long_run_ends_ok(void **state)
{
	(void)state;
	service.takes_ms = 45000;
	service.fails = false;
	tell_all(flow_job, OUTCOME_OK);
}

static struct job *
job_by_reference(void)
{
	struct job *job = flow_job();

	xfree((char **)(void *)&job->spec.body);
	job->spec.body_len = 0;
	job->spec.input = INPUT_LOCATION;
	job->spec.input_location = xstrdup("s3://inp/a");
	return job;
}

static void
wherever_it_dies_a_reference_ends_ok(void **state)
{
	(void)state;
	service.takes_ms = 5000;
	service.fails = false;
	tell_all(job_by_reference, OUTCOME_OK);
}

/* The failure object is found where the 202 was heard. Where the first of an
 * endpoint was not, its place is known with the second. */
static void
wherever_it_dies_a_failing_run_ends_failed(void **state)
{
	unsigned at;

	(void)state;
	peer_serve(serve, NULL);
	service.takes_ms = 5000;
	service.fails = true;
	for (at = 1; die_at((int)at, flow_job()); at++) {
		if (on_disk()->state != JOB_DONE) {
			/* The first never left, and might have. */
			assert_int_equal(service.n, 1);
			assert_int_equal(on_disk()->subs[0].fate, SUB_DOUBT);
			time_passes(86400000);
		}
		must_be(JOB_DONE, OUTCOME_FAILED);
		assert_string_equal(on_disk()->error_text, "its words");
	}
	assert_in_range(at, 12, 120);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(between_intent_and_outcome_is_a_doubt),
	    FLOW_TEST(a_doubt_is_looked_into_however_late_it_is),
	    FLOW_TEST(what_is_pending_is_only_waited_for),
	    FLOW_TEST(what_was_not_sent_is_sent_under_the_same_names),
	    FLOW_TEST(the_deadline_is_kept),
	    FLOW_TEST(what_is_done_is_not_taken_up),
	    FLOW_TEST(an_engine_that_stops_takes_nothing_up),
	    FLOW_TEST(wherever_it_dies_a_short_run_runs_once_and_ends_ok),
	    FLOW_TEST(wherever_it_dies_a_long_run_ends_ok),
	    FLOW_TEST(wherever_it_dies_a_reference_ends_ok),
	    FLOW_TEST(wherever_it_dies_a_failing_run_ends_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
