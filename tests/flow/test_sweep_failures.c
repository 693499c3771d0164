/* SPDX-License-Identifier: Apache-2.0 */
/* Failures among many jobs: found by listings, too, where they have names of
 * ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/flow.h"
#include "tests/support/flow_bucket.h"
#include "tests/support/flow_sweep.h"

static void
failures_under_our_names_are_listed_too(void **state)
{
	(void)state;
	flow_bucket.takes_ms = some_fail;
	flow_bucket_submit(500, 5);
	time_passes(400000);
	assert_int_equal(waiting(), 0);
	assert_int_equal(flow_bucket.found, 500);
	assert_int_equal(log_lines("outcome=failed", NULL), 10);
	assert_in_range(peer_count("GET", "*prefix=fail*"), 1, 40);
	assert_in_range(looks(), 500, 600);
}

static int64_t
all_fail(size_t i)
{
	return -half_a_minute(i);
}

static void
what_a_listing_shows_is_looked_at_alone(void **state)
{
	(void)state;
	flow_bucket.takes_ms = all_fail;
	flow_bucket_submit(200, 5);
	time_passes(400000);
	assert_int_equal(waiting(), 0);
	assert_int_equal(log_lines("outcome=failed", NULL), 200);
	assert_in_range(peer_count("HEAD", "http://s3.test/out/res/*") +
		peer_count("GET", "http://s3.test/out/res/*"),
	    0, 100);
}

static void
failures_beside_the_results_need_no_listing_of_their_own(void **state)
{
	(void)state;
	flow_bucket.takes_ms = some_fail;
	flow_bucket.failures = FLOW_BUCKET_BESIDE;
	flow_bucket_submit(500, 5);
	time_passes(400000);
	assert_int_equal(waiting(), 0);
	assert_int_equal(log_lines("outcome=failed", NULL), 10);
	assert_in_range(flow_bucket.delay_max_ms, 0, 31000);
	assert_int_equal(peer_count("GET", "*prefix=fail*"), 0);
}

static void
failures_under_other_names_are_looked_for_one_by_one(void **state)
{
	(void)state;
	flow_bucket.takes_ms = some_fail;
	flow_bucket.failures = FLOW_BUCKET_HIDDEN;
	flow_bucket_submit(500, 5);
	time_passes(600000);
	assert_int_equal(waiting(), 0);
	assert_int_equal(log_lines("outcome=failed", NULL), 10);
	assert_int_equal(peer_count("GET", "*prefix=fail*"), 0);
}

static int64_t
some_fail_and_the_others_last(size_t i)
{
	return i % 50 == 49 ? -(int64_t)(2000 + i * 173) : 600000 + (int64_t)i;
}

/* As many wait all the time that listings look for the results. */
static void
no_failure_hides_longer_than_twice_poll_max(void **state)
{
	(void)state;
	flow_bucket.takes_ms = half_a_minute;
	flow_bucket.failures = FLOW_BUCKET_HIDDEN;
	flow_bucket_submit(400, 5);
	time_passes(60000);
	assert_int_equal(waiting(), 0);
	flow_bucket.takes_ms = some_fail_and_the_others_last;
	flow_bucket_submit(400, 5);
	time_passes(500000);
	assert_int_equal(flow_bucket.found, 408);
	assert_in_range(flow_bucket.delay_max_ms, 0, 60000);
	time_passes(400000);
	assert_int_equal(waiting(), 0);
}

static void
where_there_are_no_failures_nobody_looks_for_them(void **state)
{
	(void)state;
	flow_bucket.takes_ms = half_a_minute;
	flow_bucket.failures = FLOW_BUCKET_NONE;
	flow_bucket_submit(500, 5);
	time_passes(120000);
	assert_int_equal(waiting(), 0);
	assert_int_equal(peer_count("*", "*fail*"), 0);
	assert_in_range(looks(), 500, 550);
}

/* Thousands of others' keys that are alike for longer than any of ours. */
static void
others_beside_the_failures_are_passed_over(void **state)
{
	char key[250];
	int i;

	(void)state;
	flow_bucket.takes_ms = some_fail_and_the_others_last;
	flow_bucket_submit(100, 5);
	job_free(flow_job()); /* for its names */
	for (i = 0; i < 2500; i++) {
		snprintf(key, sizeof(key), "fail/%s/%.20s%0100d-error.out",
		    flow.extension, flow.id, i);
		flow_bucket_put(key);
	}
	flow_bucket_submit(400, 5);
	time_passes(500000);
	assert_int_equal(log_lines("outcome=failed", NULL), 10);
	/* Three pages, each in its time. */
	assert_in_range(flow_bucket.delay_max_ms, 0, 120000);
	time_passes(400000);
	assert_int_equal(waiting(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SWEEP_TEST(failures_under_our_names_are_listed_too),
	    SWEEP_TEST(what_a_listing_shows_is_looked_at_alone),
	    SWEEP_TEST(
		failures_beside_the_results_need_no_listing_of_their_own),
	    SWEEP_TEST(failures_under_other_names_are_looked_for_one_by_one),
	    SWEEP_TEST(no_failure_hides_longer_than_twice_poll_max),
	    SWEEP_TEST(where_there_are_no_failures_nobody_looks_for_them),
	    SWEEP_TEST(others_beside_the_failures_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
