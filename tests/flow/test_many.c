/* SPDX-License-Identifier: Apache-2.0 */
/* Many jobs that wait: what they cost, and that none of them lost anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/jsonw.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/core.h"
#include "job/jobjson.h"
#include "tests/support/fake_clock.h"
#include "tests/support/flow.h"

#define JOBS 6000 /* those of a map that has just grown cost most */
#define BYTES_MAX 600 /* a job; of the 640, what is malloc's own is left */
#define HOUR 3600000

/* Its own count does not work beside a sanitizer's. */
#if defined(__SANITIZE_ADDRESS__)
#define MEASURED false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MEASURED false
#endif
#endif
#ifndef MEASURED
#define MEASURED true
#endif

static char ids[JOBS][JOBID_SIZE];
static size_t before;

/* --- what they cost ------------------------------------------------- */

static size_t
in_use(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static void
must_be_small(const char *when)
{
	size_t each = (in_use() - before) / JOBS;

	if (!MEASURED)
		return;
	print_message("[          ] %zu bytes a job %s\n", each, when);
	assert_in_range(each, 100, BYTES_MAX);
}

/* As a service has it that was accepted a moment ago. */
static struct job *
waiting_job(size_t i)
{
	struct job *job = flow_job();
	struct submission *s = job_add_submission(job);

	xfree((char **)&job->spec.body);
	xfree(&job->spec.output_path);
	memcpy(ids[i], job->id, JOBID_SIZE);
	job->spec.output_path = xstrdup("s3://company-inference/ocr/results");
	job->spec.deliver = xstrdup("webhook orders, exec archive");
	s->fate = SUB_ACCEPTED;
	s->intent_at = s->ended_at = job->created_at;
	s->inference_id = xasprintf("%s-1", job->id);
	s->extension = xstrdup(flow.extension);
	s->filename = xasprintf("%s-1.out", job->id);
	s->output_location = xasprintf(
	    "%s/%s/%s", job->spec.output_path, s->extension, s->filename);
	s->predicted = xstrdup(s->output_location);
	s->failure_location =
	    xasprintf("s3://company-inference/ocr/failures/%s/%s", s->extension,
		s->filename);
	s->request_id = xstrdup("5f1b7c0e-3d0a-4f5e-9d7b-0c6f2a9c1e11");
	job_move(job, JOB_PENDING, OUTCOME_NONE);
	job->deadline_at = clock_wall_ms() + 24 * (int64_t)HOUR;
	return job;
}

/* What the test itself keeps is none of the jobs'. */
static void
forget(peer_serve_fn *serve)
{
	peer_reset();
	peer_serve(serve, NULL);
}

static void
nothing_there(const char *method, const char *url, const struct headers *h,
    struct peer_answer *out, void *arg)
{
	(void)method;
	(void)url;
	(void)h;
	(void)arg;
	out->status = 404;
	out->headers[0] = out->body[0] = '\0';
}

static void
no_leave(const char *method, const char *url, const struct headers *h,
    struct peer_answer *out, void *arg)
{
	nothing_there(method, url, h, out, arg);
	out->status = 403;
	if (!str_eq(method, "HEAD"))
		strcpy(out->body,
		    "<Error><Code>AccessDenied</Code>"
		    "<Message>Access Denied</Message></Error>");
}

static void
out_of_order(const char *method, const char *url, const struct headers *h,
    struct peer_answer *out, void *arg)
{
	nothing_there(method, url, h, out, arg);
	out->status = 501;
}

static void
adopt_all(void)
{
	size_t i;

	log_init(LOG_ERROR, LOG_TEXT);
	flow.policy.plan.start_ms = flow.policy.plan.max_ms = HOUR;
	/* What all have in common is there. */
	engine_adopt(flow.engine, waiting_job(0));
	time_passes(0);
	before = in_use();
	for (i = 0; i < JOBS; i++)
		engine_adopt(flow.engine, waiting_job(i));
}

static void
a_job_that_waits_is_small(void **state)
{
	size_t i;

	(void)state;
	engine_hold(flow.engine, true);
	forget(nothing_there);
	adopt_all();
	must_be_small("adopted");
	engine_hold(flow.engine, false);
	time_passes(3 * HOUR);
	assert_true(peer_seen(JOBS * 2) != NULL);
	forget(no_leave);
	must_be_small("behind looks");
	time_passes(3 * HOUR);
	forget(out_of_order);
	must_be_small("behind looks that were refused");
	time_passes(3 * HOUR);
	forget(nothing_there);
	must_be_small("behind looks that failed");
	for (i = 0; i < JOBS; i++)
		assert_string_equal(
		    engine_find(flow.engine, ids[i])->id, ids[i]);
	must_be_small("behind a question for each");
}

/* --- when they are looked at ---------------------------------------- */

/* Of requests so far: how many instants are there that have some? */
static size_t
instants(void)
{
	const struct peer_seen *r;
	int64_t last = -1;
	size_t i, n = 0;

	for (i = 0; (r = peer_seen(i)) != NULL; i++) {
		n += r->at != last;
		last = r->at;
	}
	return n;
}

static void
looks_of_many_jobs_begin_together(void **state)
{
	size_t i;

	(void)state;
	log_init(LOG_ERROR, LOG_TEXT);
	forget(nothing_there);
	flow.policy.plan.start_ms = flow.policy.plan.max_ms = 10000;
	for (i = 0; i < 1000; i++) {
		engine_adopt(flow.engine, waiting_job(i));
		time_passes((int64_t)(i % 17));
	}
	/* By now they are due at any millisecond. */
	time_passes(60000);
	forget(nothing_there);
	time_passes(1000);
	print_message("[          ] %zu requests at %zu instants\n",
	    peer_count("HEAD", "*"), instants());
	assert_true(peer_count("HEAD", "*") > 100);
	assert_in_range(instants(), 10, 40);
}

/* A submission does not wait for a look, nor comes with one. */
static void
what_is_no_look_is_on_time(void **state)
{
	int64_t begun;
	size_t i;

	(void)state;
	forget(nothing_there);
	log_init(LOG_ERROR, LOG_TEXT);
	for (i = 0; i < 100; i++)
		engine_adopt(flow.engine, waiting_job(i));
	time_passes(60000);
	forget(nothing_there);
	begun = clock_wall_ms();
	flow_submit(flow_job());
	time_passes(0);
	assert_int_equal(peer_count("POST", "*"), 1);
	for (i = 0; !str_eq(peer_seen(i)->method, "POST"); i++)
		continue;
	assert_true(peer_seen(i)->at == begun);
	log_init(LOG_DEBUG, LOG_TEXT);
}

static void
the_look_at_the_end_is_not_early(void **state)
{
	struct job *job;
	int64_t end = 0;
	size_t i;

	(void)state;
	log_init(LOG_ERROR, LOG_TEXT);
	forget(nothing_there);
	flow.policy.plan.start_ms = flow.policy.plan.max_ms = HOUR;
	for (i = 0; i < 500; i++) {
		job = waiting_job(i);
		end = clock_wall_ms() + 60000;
		job->deadline_at = end + (int64_t)i;
		engine_adopt(flow.engine, job);
	}
	time_passes(100);
	forget(nothing_there);
	time_passes(59000);
	assert_int_equal(peer_count("HEAD", "*"), 0);
	time_passes(HOUR / 2);
	/* Both places of each, once. */
	assert_int_equal(peer_count("HEAD", "*"), 2 * 500);
	assert_true(peer_seen(0)->at >= end);
}

/* --- that they are whole -------------------------------------------- */

/* All that anybody is shown of it. */
static char *
json_of(const struct job *job)
{
	struct buf b;
	struct jsonw w;

	buf_init(&b, 65536);
	jsonw_init(&w, &b);
	jobjson_write(&w, job, true);
	return buf_take(&b);
}

static void
must_be_whole(void)
{
	const struct job *found = engine_find(flow.engine, flow.id);
	char *here, *there;

	assert_non_null(found);
	here = json_of(found);
	there = json_of(on_disk());
	assert_string_equal(here, there);
	assert_true(found->boot == on_disk()->boot);
	assert_true(found->deadline_mono == on_disk()->deadline_mono);
	free(here);
	free(there);
}

/* With everything that somebody may give it. */
static struct job *
rich_job(void)
{
	struct job *job = flow_job();
	struct job_spec *spec = &job->spec;

	spec->accept = xstrdup("application/json");
	spec->custom_attributes = xstrdup("order=7;tenant=\"a b\"");
	spec->deliver = xstrdup("webhook orders, exec archive");
	spec->idempotency_key = xstrdup("order-7");
	spec->idempotency_hash = xstrdup("ab12");
	spec->callback_url = xstrdup("https://orders.example/told?order=7");
	spec->traceparent =
	    xstrdup("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
	spec->tracestate = xstrdup("vendor=opaque");
	spec->tags = xstrdup("batch:2026-03-04,nightly,tenant=7");
	spec->retry_of = xstrdup("01arz3ndektsv4rrffq69g5fav");
	spec->request_ttl_s = 7200;
	spec->invocation_timeout_s = 600;
	return job;
}

static void
accept(void)
{
	struct job *job = rich_job();

	reply_missing(peer_always("HEAD", "*"));
	reply_accepted(expect_invoke(1), 1);
	flow_submit(job);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

static void
a_question_sees_the_whole_job(void **state)
{
	struct engine_counts counts;

	(void)state;
	accept();
	assert_non_null(work_find(flow.engine, flow.id)->fold);
	must_be_whole();
	time_passes(HOUR);
	must_be_whole();
	restart();
	must_be_whole();
	time_passes(HOUR);
	must_be_whole();
	engine_count(flow.engine, &counts);
	assert_int_equal(counts.pending, 1);
	assert_true(counts.oldest_at == on_disk()->created_at);
}

static void
whoever_is_asked_for_is_folded_behind_the_next(void **state)
{
	char first[JOBID_SIZE];
	const struct job *job;

	(void)state;
	accept();
	memcpy(first, flow.id, JOBID_SIZE);
	engine_adopt(flow.engine, waiting_job(0));
	time_passes(0);
	job = engine_find(flow.engine, first);
	assert_ptr_equal(engine_find(flow.engine, first), job);
	assert_string_equal(engine_find(flow.engine, ids[0])->id, ids[0]);
	assert_non_null(work_find(flow.engine, first)->fold);
	assert_null(work_find(flow.engine, ids[0])->fold);
	/* A look comes in between. */
	time_passes(HOUR);
	assert_string_equal(engine_find(flow.engine, first)->id, first);
	assert_non_null(work_find(flow.engine, ids[0])->fold);
}

static void
a_ring_is_answered_at_once(void **state)
{
	size_t looks;

	(void)state;
	accept();
	time_passes(HOUR);
	looks = peer_count("HEAD", "*");
	engine_look_now(work_find(flow.engine, flow.id), LOOK_RUNG);
	time_passes(0);
	assert_int_equal(peer_count("HEAD", "*"), looks + 2);
	must_be_whole();
}

static void
a_job_that_rests_can_be_cancelled(void **state)
{
	const struct job *job;

	(void)state;
	accept();
	assert_non_null(work_find(flow.engine, flow.id)->fold);
	assert_int_equal(engine_cancel(flow.engine, flow.id), 0);
	time_passes(0);
	must_be(JOB_DONE, OUTCOME_CANCELLED);
	job = on_disk();
	assert_string_equal(job->subs[0].output_location, out_uri(1));
	assert_int_equal(engine_cancel(flow.engine, flow.id), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(a_job_that_waits_is_small),
	    FLOW_TEST(looks_of_many_jobs_begin_together),
	    FLOW_TEST(what_is_no_look_is_on_time),
	    FLOW_TEST(the_look_at_the_end_is_not_early),
	    FLOW_TEST(a_question_sees_the_whole_job),
	    FLOW_TEST(whoever_is_asked_for_is_folded_behind_the_next),
	    FLOW_TEST(a_ring_is_answered_at_once),
	    FLOW_TEST(a_job_that_rests_can_be_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
