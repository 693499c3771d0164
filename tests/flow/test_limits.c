/* SPDX-License-Identifier: Apache-2.0 */
/* The budget of requests: what is over it waits, in order, and goes. */
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
#include "engine/budget.h"
#include "engine/core.h"
#include "engine/outlook.h"
#include "tests/support/flow.h"

static char slow_bucket[16]; /* answers 503; "": none does */

/* Takes every job, and has no result of any. */
static void
serve(const char *method, const char *url, const struct headers *h,
    struct peer_answer *out, void *arg)
{
	const char *name = headers_get(h, "x-amzn-sagemaker-filename");
	char place[40];

	(void)arg;
	snprintf(place, sizeof(place), "http://s3.test/%s/", slow_bucket);
	if (str_eq(method, "POST")) {
		out->status = 202;
		snprintf(out->body, sizeof(out->body), "{}");
		snprintf(out->headers, sizeof(out->headers),
		    "x-amzn-sagemaker-outputlocation: s3://%s/res/%s",
		    strstr(url, "/other/") != NULL ? "two" : "one", name);
	} else {
		out->status = slow_bucket[0] != '\0' && str_starts(url, place)
		    ? 503
		    : 404;
	}
}

static void
set_rate(int64_t per_second)
{
	struct engine_budget b = {
	    .bucket_per_second = per_second,
	    .price_get = 400,
	    .price_list = 5000,
	};

	engine_set_budget(flow.engine, &b);
}

/* Looked at every second, at a budget of so many requests a second. */
static void
begin(int64_t per_second)
{
	slow_bucket[0] = '\0';
	flow.policy.plan.interval_ms = 1000;
	peer_serve(serve, NULL);
	set_rate(per_second);
}

static void
submit(const char *endpoint, size_t n)
{
	for (; n > 0; n--) {
		struct job *job = flow_job();

		free(job->spec.endpoint);
		job->spec.endpoint = xstrdup(endpoint);
		xfree(&job->spec.output_path);
		flow_submit(job);
	}
}

static uint64_t
put_off(void)
{
	struct engine_request_counts c;

	engine_count_requests(flow.engine, &c);
	return c.put_off;
}

/* --- the budget ----------------------------------------------------- */

static void
no_bucket_gets_more_than_its_budget(void **state)
{
	(void)state;
	begin(20);
	submit("ocr", 100);
	time_passes(60000);
	assert_in_range(peer_count("HEAD", "*"), 1150, 1202);
	assert_in_range(put_off(), 1000, 1300);
}

static void
what_is_within_the_budget_is_not_put_off(void **state)
{
	(void)state;
	begin(200);
	submit("ocr", 20);
	time_passes(60000);
	assert_int_equal(peer_count("HEAD", "*"), 20 * 60);
	assert_int_equal(put_off(), 0);
}

/* Each was looked at once before any is looked at twice. */
static void
the_oldest_goes_first_and_nobody_starves(void **state)
{
	size_t i, j, n = 0;
	const char *seen[100];

	(void)state;
	begin(10);
	submit("ocr", 100);
	time_passes(12000);
	for (i = 0; peer_seen(i) != NULL && n < 100; i++) {
		if (!str_eq(peer_seen(i)->method, "HEAD"))
			continue;
		for (j = 0; j < n; j++)
			assert_string_not_equal(seen[j], peer_seen(i)->url);
		seen[n++] = peer_seen(i)->url;
	}
	assert_int_equal(n, 100);
}

static void
a_bucket_that_waits_holds_up_no_other(void **state)
{
	(void)state;
	begin(10);
	submit("ocr", 100);
	submit("other", 5);
	time_passes(20000);
	assert_in_range(peer_count("HEAD", "http://s3.test/one/*"), 190, 202);
	assert_in_range(
	    peer_count("HEAD", "http://s3.test/two/*"), 5 * 18, 5 * 20);
}

static void
behind_a_restart_overdue_looks_are_spread(void **state)
{
	size_t before;

	(void)state;
	begin(1000);
	submit("ocr", 100);
	flow_die();
	peer_serve(serve, NULL);
	flow_take_up();
	set_rate(10);
	before = peer_count("HEAD", "*");
	/* All are due by now, and the first hundredth went as it was. */
	time_passes(1000);
	assert_in_range(peer_count("HEAD", "*") - before, 0, 12);
	time_passes(5000);
	assert_in_range(peer_count("HEAD", "*") - before, 50, 62);
}

static void
the_last_look_goes_before_others(void **state)
{
	struct job *late;
	char id[JOBID_SIZE];

	(void)state;
	begin(1);
	submit("ocr", 200);
	late = flow_job();
	memcpy(id, late->id, sizeof(id));
	xfree(&late->spec.output_path);
	late->spec.request_ttl_s = 60;
	late->spec.invocation_timeout_s = 1;
	flow_submit(late);
	/* The others alone take 200 s a round, and it is over in 121. */
	time_passes(123000);
	memcpy(flow.id, id, sizeof(id));
	must_be(JOB_DONE, OUTCOME_EXPIRED);
}

/* --- slow down ------------------------------------------------------ */

static void
a_503_halves_the_rate_and_it_comes_back(void **state)
{
	struct engine_request_counts c;
	size_t before;

	(void)state;
	begin(100);
	submit("ocr", 200);
	time_passes(5000);
	snprintf(slow_bucket, sizeof(slow_bucket), "one");
	before = peer_count("HEAD", "*");
	time_passes(10000);
	/* 50 in the first second, then 25, 12, … */
	assert_in_range(peer_count("HEAD", "*") - before, 100, 320);
	engine_count_requests(flow.engine, &c);
	assert_in_range(c.slow_downs, 50, 320);
	assert_in_range(c.rate, 1, 12);
	assert_in_range(log_lines("this is too fast", "bucket=one"), 5, 11);
	assert_int_equal(log_lines(" warn ", "requests_per_second=50"), 1);
	assert_int_equal(log_lines(" warn ", "too fast"), 1);
	assert_int_equal(log_lines(" warn ", "503"), 0);
	slow_bucket[0] = '\0';
	time_passes(120000);
	before = peer_count("HEAD", "*");
	time_passes(10000);
	assert_in_range(peer_count("HEAD", "*") - before, 985, 1010);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

static void
a_503_slows_down_its_own_bucket_alone(void **state)
{
	size_t before;

	(void)state;
	begin(50);
	submit("ocr", 30);
	submit("other", 30);
	snprintf(slow_bucket, sizeof(slow_bucket), "one");
	time_passes(10000);
	before = peer_count("HEAD", "http://s3.test/two/*");
	time_passes(10000);
	assert_int_equal(
	    peer_count("HEAD", "http://s3.test/two/*") - before, 300);
}

/* --- in and out ----------------------------------------------------- */

static void
a_job_that_waits_for_its_bucket_can_be_cancelled(void **state)
{
	char id[JOBID_SIZE];

	(void)state;
	begin(1);
	submit("ocr", 20);
	memcpy(id, flow.id, sizeof(id));
	time_passes(3000);
	assert_int_equal(engine_cancel(flow.engine, id), 0);
	time_passes(0);
	must_be(JOB_DONE, OUTCOME_CANCELLED);
	time_passes(60000);
}

static void
a_ring_is_one_look_and_keeps_its_place(void **state)
{
	struct work *w;
	uint64_t n;

	(void)state;
	begin(1);
	submit("ocr", 20);
	time_passes(3000);
	w = work_find(flow.engine, flow.id);
	assert_int_not_equal(w->queue, 0);
	n = put_off();
	engine_look_now(w, LOOK_RUNG);
	assert_int_not_equal(w->queue, 0);
	assert_int_equal(put_off(), n);
}

static void
people_are_told_of_a_look_that_is_put_off(void **state)
{
	struct engine_outlook o;

	(void)state;
	begin(1);
	submit("ocr", 20);
	time_passes(3000);
	assert_int_not_equal(work_find(flow.engine, flow.id)->queue, 0);
	assert_int_equal(engine_outlook(flow.engine, flow.id, &o), 0);
	assert_int_equal(o.look_at, clock_wall_ms());
	assert_non_null(strstr(o.why, "bucket_requests_per_second"));
}

static void
requests_are_counted_by_their_kind(void **state)
{
	struct engine_request_counts c;

	(void)state;
	begin(100);
	submit("ocr", 3);
	time_passes(10000);
	engine_count_requests(flow.engine, &c);
	assert_int_equal(c.sent[S3_KIND_HEAD], peer_count("HEAD", "*"));
	assert_int_equal(c.sent[S3_KIND_HEAD], 30);
	assert_int_equal(c.sent[S3_KIND_GET], 0);
	assert_int_equal(c.sent[S3_KIND_LIST], 0);
	assert_int_equal(c.sent[S3_KIND_WRITE], 0);
	assert_int_equal(c.rate, 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(no_bucket_gets_more_than_its_budget),
	    FLOW_TEST(what_is_within_the_budget_is_not_put_off),
	    FLOW_TEST(the_oldest_goes_first_and_nobody_starves),
	    FLOW_TEST(a_bucket_that_waits_holds_up_no_other),
	    FLOW_TEST(behind_a_restart_overdue_looks_are_spread),
	    FLOW_TEST(the_last_look_goes_before_others),
	    FLOW_TEST(a_503_halves_the_rate_and_it_comes_back),
	    FLOW_TEST(a_503_slows_down_its_own_bucket_alone),
	    FLOW_TEST(a_job_that_waits_for_its_bucket_can_be_cancelled),
	    FLOW_TEST(a_ring_is_one_look_and_keeps_its_place),
	    FLOW_TEST(people_are_told_of_a_look_that_is_put_off),
	    FLOW_TEST(requests_are_counted_by_their_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
