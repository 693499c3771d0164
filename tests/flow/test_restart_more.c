/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same deaths at every step as in test_restart.c, for jobs that want more:
 * no second run, a name of their own, another try, or a late result.
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
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_store.h"
#include "tests/support/flow.h"

#define HOUR 3600000
/* RequestTTLSeconds 60, InvocationTimeoutSeconds 60, and a minute. */
#define DEAD 180000

/*
 * A service that runs what it received, under the name it brought. An object
 * is there from the end of its run on, whose number is its ETag.
 */
#define RUNS_MAX 12
struct run {
	char name[40];
	int64_t began_at;
	int64_t ready_at;
	bool fails;
};

static struct {
	struct run v[RUNS_MAX];
	unsigned n;
	int64_t takes_ms;
	unsigned failing; /* the first so many runs */
	bool elsewhere; /* results go where nobody asked them to */
	int64_t old_at; /* of an object that was there before, or 0 */
} service;

/* Its clock is its own. */
static int64_t
server_now(void)
{
	return FAKE_CLOCK_START + clock_mono_ms();
}

static void
receive(const struct headers *h, struct peer_answer *out)
{
	const char *name = headers_get(h, "x-amzn-sagemaker-filename");
	struct run *run = &service.v[service.n];

	assert_true(service.n < RUNS_MAX);
	run->began_at = server_now();
	run->ready_at = run->began_at + service.takes_ms;
	run->fails = service.n < service.failing;
	snprintf(run->name, sizeof(run->name), "%s", name);
	if (service.elsewhere)
		snprintf(run->name, sizeof(run->name), "r%u.out", service.n);
	service.n++;
	out->status = 202;
	snprintf(out->headers, sizeof(out->headers),
	    "x-amzn-sagemaker-outputlocation: s3://out/%s/%s%s%s\n"
	    "x-amzn-sagemaker-failurelocation: s3://out/fail/r%u",
	    service.elsewhere ? "else" : "res",
	    service.elsewhere
		? ""
		: headers_get(h, "x-amzn-sagemaker-s3outputpathextension"),
	    service.elsewhere ? "" : "/", run->name, service.n);
}

static const struct run *
find_output(const char *url)
{
	unsigned i;

	for (i = service.n; i > 0; i--) {
		const struct run *run = &service.v[i - 1];

		if (!run->fails && str_ends(url, run->name) &&
		    run->ready_at <= server_now())
			return run;
	}
	return NULL;
}

static bool
has_failed(const char *url)
{
	const char *r = strstr(url, "/fail/r");
	int64_t i;

	if (r == NULL ||
	    str_to_i64(r + strlen("/fail/r"), 1, RUNS_MAX, &i) == -1)
		return false;
	return service.v[i - 1].fails &&
	    service.v[i - 1].ready_at <= server_now();
}

static void
reply_object(struct peer_answer *out, unsigned etag, int64_t made_at)
{
	char date[TIMEFMT_HTTP_SIZE], made[TIMEFMT_HTTP_SIZE];

	timefmt_http(server_now(), date);
	timefmt_http(made_at, made);
	out->status = 200;
	snprintf(out->headers, sizeof(out->headers),
	    "ETag: \"r%u\"\nDate: %s\nLast-Modified: %s", etag, date, made);
	snprintf(out->body, sizeof(out->body), "the request timed out");
}

static void
serve(const char *method, const char *url, const struct headers *h,
    struct peer_answer *out, void *arg)
{
	const struct run *run = find_output(url);

	(void)arg;
	if (str_eq(method, "POST"))
		receive(h, out);
	else if (run != NULL)
		reply_object(
		    out, 1 + (unsigned)(run - service.v), run->ready_at);
	else if (has_failed(url))
		reply_object(out, 99, server_now());
	else if (service.old_at != 0)
		reply_object(out, 0, service.old_at);
	else
		out->status = 404;
}

/* --- dying ---------------------------------------------------------- */

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

/* The whole story, with a death at that step; false: it was shorter. */
static bool
die_at(int at, struct job *job)
{
	died[0] = '\0';
	countdown = at;
	memset(service.v, 0, sizeof(service.v));
	service.n = 0;
	fake_store_watch(flow.store, on_write, NULL);
	flow.before = flow.after = on_leaving;
	engine_submit(flow.engine, job);
	time_passes(HOUR);
	if (died[0] == '\0')
		return false;
	flow_die();
	fake_clock_advance(2000);
	if (at % 2 == 0)
		fake_clock_jump(at % 4 == 0 ? 30 * 86400000L : -86400000L);
	flow_take_up();
	time_passes(HOUR);
	return true;
}

/* The story by a service as it is set up, dying at each of its steps; each end
 * is checked. */
static void
tell_all(struct job *(*make)(void), void (*check)(int at))
{
	bool more = true;
	int at;

	peer_serve(serve, NULL);
	for (at = 0; more; at++) {
		more = die_at(at, make());
		if (on_disk() == NULL)
			assert_int_equal(at, 0);
		else
			check(at);
	}
	assert_in_range(at, 12, 250);
}

static void
must_end(int at, enum job_outcome outcome)
{
	const struct job *job = on_disk();

	if (job->state != JOB_DONE || job->outcome != outcome)
		fail_msg("died at %d (%s): %s %s, %s", at, died,
		    job_state_name(job->state), job_outcome_name(job->outcome),
		    job->error_text != NULL ? job->error_text : "-");
}

/* --- no second run -------------------------------------------------- */

static struct job *
careful_job(void)
{
	struct job *job = flow_job();

	job->spec.avoid_duplicates = true;
	job->spec.request_ttl_s = 60;
	job->spec.invocation_timeout_s = 60;
	return job;
}

static void
no_two_runs_overlap(int at)
{
	unsigned i;

	must_end(at, OUTCOME_OK);
	for (i = 1; i < service.n; i++) {
		if (service.v[i].began_at - service.v[i - 1].began_at < DEAD)
			fail_msg("died at %d (%s): run %u began %lld ms after "
				 "the one before",
			    at, died, i,
			    (long long)(service.v[i].began_at -
				service.v[i - 1].began_at));
	}
}

static void
wherever_it_dies_and_whatever_the_clock_no_runs_overlap(void **state)
{
	(void)state;
	memset(&service, 0, sizeof(service));
	service.takes_ms = 119000;
	tell_all(careful_job, no_two_runs_overlap);
}

static void
nor_where_results_go_elsewhere(void **state)
{
	(void)state;
	memset(&service, 0, sizeof(service));
	service.takes_ms = 119000;
	service.elsewhere = true;
	tell_all(careful_job, no_two_runs_overlap);
}

/* --- a name of its own ---------------------------------------------- */

static struct job *
own_job(void)
{
	struct job *job = flow_job();

	job->spec.extension = xstrdup("mine");
	job->spec.filename = xstrdup("scan.json");
	return job;
}

static void
nothing_old_is_taken(int at)
{
	must_end(at, OUTCOME_OK);
	if (str_eq(on_disk()->result_etag, "\"r0\""))
		fail_msg("died at %d (%s): the old object was taken", at, died);
}

static void
wherever_it_dies_an_old_object_is_not_the_result(void **state)
{
	(void)state;
	memset(&service, 0, sizeof(service));
	service.takes_ms = 5000;
	service.old_at = server_now() - HOUR;
	tell_all(own_job, nothing_old_is_taken);
}

/* --- another try ---------------------------------------------------- */

static struct job *
stubborn_job(void)
{
	struct job *job = flow_job();

	job->spec.retry_failed = true;
	job->spec.request_ttl_s = 60;
	job->spec.invocation_timeout_s = 60;
	return job;
}

static void
the_third_run_is_it(int at)
{
	must_end(at, OUTCOME_OK);
	assert_in_range(service.n, 3, 4);
}

static void
wherever_it_dies_a_failed_model_is_asked_again(void **state)
{
	(void)state;
	memset(&service, 0, sizeof(service));
	service.takes_ms = 5000;
	service.failing = 2;
	tell_all(stubborn_job, the_third_run_is_it);
}

static void
all_tries_are_made_and_no_more(int at)
{
	size_t i, failed = 0;

	must_end(at, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_text, "the request timed out");
	for (i = 0; i < on_disk()->nsubs; i++)
		failed += on_disk()->subs[i].fate == SUB_FAILED;
	assert_in_range(failed, 1, 4);
	assert_in_range(service.n, 4, 5);
}

static void
wherever_it_dies_tries_are_counted(void **state)
{
	(void)state;
	memset(&service, 0, sizeof(service));
	service.takes_ms = 5000;
	service.failing = RUNS_MAX;
	tell_all(stubborn_job, all_tries_are_made_and_no_more);
}

/* --- a late result -------------------------------------------------- */

static struct job *
hasty_job(void)
{
	struct job *job = flow_job();

	job->spec.request_ttl_s = 60;
	job->spec.invocation_timeout_s = 60;
	return job;
}

static void
it_is_late_and_there_once(int at)
{
	must_end(at, OUTCOME_EXPIRED);
	if (on_disk()->late_at == 0)
		fail_msg("died at %d (%s): no late result", at, died);
	assert_null(on_disk()->result_location);
}

static void
wherever_it_dies_a_late_result_is_kept(void **state)
{
	(void)state;
	memset(&service, 0, sizeof(service));
	service.takes_ms = 10 * 60000;
	flow.policy.late_looks_ms = 400L * 86400000;
	tell_all(hasty_job, it_is_late_and_there_once);
}

/* --- many ----------------------------------------------------------- */

#define MANY 100000

static struct job *
waiting_job(unsigned i)
{
	struct job *job = flow_job();
	struct submission *s = job_add_submission(job);

	job->deadline_at = clock_wall_ms() + HOUR;
	if (i % 10 == 0) {
		xfree(&job->spec.endpoint);
		job->spec.endpoint = xasprintf("e%u", i % 5000);
	}
	if (i % 3 == 0)
		job->spec.filename = xasprintf("f%u", i % 30000);
	s->fate = SUB_ACCEPTED;
	s->filename = xasprintf("%s-1.out", job->id);
	s->extension = xstrdup(flow.extension);
	s->output_location =
	    xasprintf("s3://out/res/%s/%s-1.out", flow.extension, job->id);
	job->state = JOB_PENDING;
	return job;
}

/* Each at the cost of one: or this test would not come to its end. */
static void
a_hundred_thousand_are_taken_up(void **state)
{
	struct engine_counts counts;
	unsigned i;

	(void)state;
	log_init(LOG_INFO, LOG_TEXT);
	for (i = 0; i < MANY; i++)
		engine_adopt(flow.engine, waiting_job(i));
	engine_count(flow.engine, &counts);
	assert_int_equal(counts.pending, MANY);
	assert_non_null(engine_find(flow.engine, flow.id));
	/* One line each is for those who debug. */
	assert_int_equal(log_lines("adopted", NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(wherever_it_dies_and_whatever_the_clock_no_runs_overlap),
	    FLOW_TEST(nor_where_results_go_elsewhere),
	    FLOW_TEST(wherever_it_dies_an_old_object_is_not_the_result),
	    FLOW_TEST(wherever_it_dies_a_failed_model_is_asked_again),
	    FLOW_TEST(wherever_it_dies_tries_are_counted),
	    FLOW_TEST(wherever_it_dies_a_late_result_is_kept),
	    FLOW_TEST(a_hundred_thousand_are_taken_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
