/* SPDX-License-Identifier: Apache-2.0 */
/* One listing instead of many looks: what it finds, and what it costs. */
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
#include "engine/limits.h"
#include "engine/outlook.h"
#include "engine/sweep.h"
#include "tests/support/flow.h"
#include "tests/support/flow_bucket.h"
#include "tests/support/flow_sweep.h"

static int64_t
one_in_a_hundred_stays(size_t i)
{
	return i % 100 == 99 ? 300000 + (int64_t)i : half_a_minute(i);
}

/* --- what it finds -------------------------------------------------- */

static void
a_thousand_jobs_are_found_by_listings(void **state)
{
	(void)state;
	flow_bucket.takes_ms = half_a_minute;
	flow_bucket_submit(1000, 5);
	time_passes(120000);
	assert_int_equal(waiting(), 0);
	assert_int_equal(flow_bucket.found, 1000);
	print_message("lists=%zu looks=%zu mean_ms=%.0f max_ms=%lld\n", lists(),
	    looks(), flow_bucket.delay_sum_ms / 1000,
	    (long long)flow_bucket.delay_max_ms);
	/* One look each, which tells, and few more. */
	assert_in_range(looks(), 1000, 1100);
	assert_in_range(lists(), 5, 50);
	assert_in_range(flow_bucket.delay_max_ms, 0, 15000);
}

static void
without_sweeping_it_takes_many_more(void **state)
{
	(void)state;
	flow.policy.sweep = false;
	flow_bucket.takes_ms = half_a_minute;
	flow_bucket_submit(200, 5);
	time_passes(120000);
	assert_int_equal(waiting(), 0);
	assert_int_equal(lists(), 0);
	assert_in_range(looks(), 1000, 100000);
}

static void
few_jobs_are_looked_at_one_by_one(void **state)
{
	(void)state;
	flow_bucket.takes_ms = half_a_minute;
	flow_bucket_submit(20, 5);
	time_passes(120000);
	assert_int_equal(waiting(), 0);
	assert_int_equal(lists(), 0);
}

static void
stragglers_are_looked_at_one_by_one(void **state)
{
	size_t before;

	(void)state;
	flow_bucket.takes_ms = one_in_a_hundred_stays;
	flow_bucket_submit(1000, 5);
	time_passes(90000);
	assert_int_equal(waiting(), 10);
	before = lists();
	time_passes(400000);
	assert_int_equal(waiting(), 0);
	assert_int_equal(lists(), before);
	assert_in_range(flow_bucket.delay_max_ms, 0, 31000);
}

static int64_t
an_hour_then_a_minute(size_t i)
{
	return i < 60 ? 3600000 + (int64_t)i * 100 : 60000;
}

/* Nothing was expected so soon. */
static void
a_listing_is_no_later_than_a_look_would_be(void **state)
{
	(void)state;
	flow_bucket.takes_ms = an_hour_then_a_minute;
	flow_bucket_submit(60, 5);
	time_passes(3700000);
	assert_int_equal(waiting(), 0);
	flow_bucket.delay_max_ms = 0;
	flow_bucket_submit(100, 5);
	time_passes(120000);
	assert_int_equal(waiting(), 0);
	assert_in_range(flow_bucket.delay_max_ms, 0, 33000);
}

static int64_t
every_other_stays(size_t i)
{
	return i % 2 == 0 ? 5000 + (int64_t)(i * 7919 % 4000) : 60000;
}

/* Nobody looks at them: those that a listing does not show count as waiting,
 * or all would seem to be as fast as the first. */
static void
what_no_listing_shows_is_learned_to_last(void **state)
{
	struct learned *l;
	const struct survival *known;
	double price;

	(void)state;
	flow_bucket.takes_ms = every_other_stays;
	flow_bucket_submit(400, 5);
	time_passes(40000);
	assert_int_equal(waiting(), 200);
	l = learned_find(flow.engine->learned, "us-east-1", "ocr");
	assert_non_null(l);
	known = habit_known(
	    learned_habit(l), WARMTH_UNKNOWN, &flow.policy.plan, &price);
	assert_non_null(known);
	assert_true(survival_at(known->seen, 20000) > 0.4);
	assert_true(survival_at(known->seen, 20000) < 0.6);
	time_passes(120000);
	assert_int_equal(waiting(), 0);
}

static int64_t
a_second_or_two(size_t i)
{
	return 1000 + (int64_t)(i * 7919 % 1000);
}

static int64_t
ten_minutes(size_t i)
{
	return 600000 + (int64_t)i;
}

static void
while_an_endpoint_hangs_listings_become_rare(void **state)
{
	size_t before;

	(void)state;
	flow_bucket.takes_ms = a_second_or_two;
	flow_bucket_submit(1000, 20);
	time_passes(60000);
	assert_int_equal(waiting(), 0);
	flow_bucket.delay_max_ms = 0;
	flow_bucket.takes_ms = ten_minutes;
	flow_bucket_submit(200, 20);
	before = lists();
	time_passes(400000);
	print_message("lists=%zu looks=%zu\n", lists() - before, looks());
	assert_in_range(lists() - before, 10, 45);
	time_passes(400000);
	assert_int_equal(waiting(), 0);
	assert_in_range(flow_bucket.delay_max_ms, 0, 31000);
}

/* --- pages ---------------------------------------------------------- */

static void
more_than_a_page_are_found_segment_by_segment(void **state)
{
	(void)state;
	flow_bucket.takes_ms = half_a_minute;
	flow_bucket_submit(2200, 2);
	time_passes(120000);
	assert_int_equal(waiting(), 0);
	assert_int_equal(flow_bucket.found, 2200);
	/* The last dozen of each page are looked at one by one. */
	assert_in_range(looks(), 2200, 2420);
	assert_in_range(lists(), 10, 150);
	assert_int_equal(peer_count("GET", "*continuation*"), 0);
}

/* The results of others in the same folder, and older ones of ours. */
static void
others_in_the_folder_are_passed_over(void **state)
{
	char key[200];
	int i;

	(void)state;
	job_free(flow_job()); /* for its names */
	for (i = 0; i < 300; i++) {
		snprintf(
		    key, sizeof(key), "res/%s/a%03d.out", flow.extension, i);
		flow_bucket_put(key);
		snprintf(key, sizeof(key), "res/%s/%.20s%06d-1.out",
		    flow.extension, flow.id, i);
		flow_bucket_put(key);
		snprintf(
		    key, sizeof(key), "res/%s/z%03d.out", flow.extension, i);
		flow_bucket_put(key);
	}
	flow_bucket.takes_ms = half_a_minute;
	flow_bucket_submit(500, 5);
	time_passes(120000);
	assert_int_equal(waiting(), 0);
	assert_in_range(looks(), 500, 550);
	assert_in_range(log_lines("to=done", " cause=listed "), 450, 500);
}

/* Behind each job so many keys of others. */
static void
submit_among_others(int jobs, int others)
{
	char key[200];
	int i, n;

	for (i = 0; i < jobs; i++) {
		flow_bucket_submit(1, 5);
		for (n = 0; n < others; n++) {
			snprintf(key, sizeof(key), "res/%s/%s.%03d",
			    flow.extension, flow.id, n);
			flow_bucket_put(key);
		}
	}
}

static int64_t
the_first_stays(size_t i)
{
	return i == 0 ? 300000 : half_a_minute(i);
}

/* A page from the oldest on is full of others' keys, and that one stays. */
static void
behind_a_full_page_each_is_listed_too(void **state)
{
	(void)state;
	flow_bucket.takes_ms = the_first_stays;
	submit_among_others(100, 30);
	time_passes(120000);
	assert_int_equal(waiting(), 1);
	time_passes(300000);
	assert_int_equal(waiting(), 0);
}

/* Ten jobs a page are no bargain: it is not gone through to its end. */
static void
a_folder_full_of_others_is_left_to_looks(void **state)
{
	(void)state;
	flow_bucket.takes_ms = half_a_minute;
	submit_among_others(200, 100);
	time_passes(120000);
	assert_int_equal(waiting(), 0);
	assert_in_range(lists(), 1, 12);
}

/* --- a restart ------------------------------------------------------ */

static void
a_restart_in_the_middle_finds_the_rest_by_listings(void **state)
{
	size_t before, found;

	(void)state;
	flow_bucket.takes_ms = half_a_minute;
	flow_bucket_submit(1500, 5);
	time_passes(20000);
	assert_in_range(waiting(), 300, 1499);
	flow_die();
	flow_bucket_serve();
	before = looks();
	found = flow_bucket.found;
	flow_take_up();
	/* Those that came just then, and some that were begun with. */
	assert_in_range(looks() - before, 0, 150 + flow_bucket.found - found);
	time_passes(120000);
	assert_int_equal(waiting(), 0);
	assert_int_equal(flow_bucket.found, 1500);
	assert_in_range(looks(), 1500, 1650);
}

static void
a_key_that_is_listed_before_its_202_is_remembered(void **state)
{
	struct work *w;
	char id[JOBID_SIZE];

	(void)state;
	flow_bucket.takes_ms = half_a_minute;
	flow_bucket_submit(100, 5);
	time_passes(1000);
	flow_bucket.reply_ms = 25000;
	flow_bucket.takes_ms = NULL;
	flow_bucket_submit(1, 5);
	memcpy(id, flow.id, sizeof(id));
	w = work_find(flow.engine, id);
	assert_int_equal(work_state(w), JOB_QUEUED);
	time_passes(24500);
	w = work_find(flow.engine, id);
	assert_int_equal(work_state(w), JOB_QUEUED);
	assert_true(w->rung);
	time_passes(600);
	assert_null(work_find(flow.engine, id));
	must_be(JOB_DONE, OUTCOME_OK);
	time_passes(120000);
}

/* --- where it cannot be --------------------------------------------- */

static void
where_listing_is_denied_each_is_looked_at_and_it_is_said_once(void **state)
{
	struct engine_request_counts c;

	(void)state;
	flow_bucket.takes_ms = half_a_minute;
	flow_bucket.listing = FLOW_BUCKET_DENIES;
	flow_bucket_submit(300, 5);
	time_passes(120000);
	assert_int_equal(waiting(), 0);
	assert_in_range(flow_bucket.delay_max_ms, 0, 31000);
	engine_count_requests(flow.engine, &c);
	assert_int_equal(c.listings_denied, 1);
	assert_int_equal(log_lines("results cannot be listed", NULL), 1);
	assert_int_equal(log_lines("s3:ListBucket", "cannot be listed"), 1);
}

static void
a_denial_is_asked_about_again_in_a_quarter_of_an_hour(void **state)
{
	struct engine_request_counts c;

	(void)state;
	flow_bucket.takes_ms = one_in_a_hundred_stays;
	flow_bucket.listing = FLOW_BUCKET_DENIES;
	flow_bucket_submit(300, 5);
	time_passes(60000);
	flow_bucket.listing = FLOW_BUCKET_LISTS;
	time_passes(13 * 60000);
	flow_bucket.takes_ms = half_a_minute;
	flow_bucket_submit(300, 5);
	time_passes(30000);
	engine_count_requests(flow.engine, &c);
	assert_int_equal(c.listings_denied, 1);
	assert_int_equal(c.listed_jobs, 0);
	flow_bucket_submit(300, 5);
	time_passes(150000);
	engine_count_requests(flow.engine, &c);
	assert_int_equal(c.listings_denied, 1);
	flow_bucket_submit(300, 5);
	time_passes(150000);
	engine_count_requests(flow.engine, &c);
	assert_in_range(c.listed_jobs, 250, 600);
	assert_int_equal(waiting(), 0);
}

static void
listings_that_cannot_be_believed_end_the_sweep(void **state)
{
	static const enum flow_bucket_listing kinds[] = {FLOW_BUCKET_SHUFFLES,
	    FLOW_BUCKET_IGNORES, FLOW_BUCKET_BREAKS, FLOW_BUCKET_EMPTY_MORE,
	    FLOW_BUCKET_SWELLS, FLOW_BUCKET_GARBLED};
	struct engine_request_counts c;
	uint64_t failed;
	size_t i;
	char key[200];

	(void)state;
	job_free(flow_job()); /* for its names */
	snprintf(key, sizeof(key), "res/%s/0.out", flow.extension);
	flow_bucket_put(key);
	flow_bucket.takes_ms = half_a_minute;
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		size_t before = lists();

		engine_count_requests(flow.engine, &c);
		failed = c.listings_failed;
		flow_bucket.listing = kinds[i];
		flow_bucket.delay_max_ms = 0;
		flow_bucket_submit(100, 5);
		time_passes(150000);
		assert_int_equal(waiting(), 0);
		assert_in_range(lists() - before, 1, 40);
		assert_in_range(flow_bucket.delay_max_ms, 0, 31000);
		engine_count_requests(flow.engine, &c);
		assert_in_range(c.listings_failed - failed, 2, 40);
	}
	assert_in_range(c.listings_failed, 2 * ARRAY_LEN(kinds), 60);
}

static void
a_page_that_says_more_for_ever_is_asked_for_in_its_time(void **state)
{
	(void)state;
	flow_bucket.takes_ms = half_a_minute;
	flow_bucket.listing = FLOW_BUCKET_REPEATS;
	flow_bucket_submit(100, 5);
	time_passes(150000);
	assert_int_equal(waiting(), 0);
	assert_in_range(lists(), 1, 100);
	assert_in_range(flow_bucket.delay_max_ms, 0, 31000);
}

static void
slow_down_slows_listings_down(void **state)
{
	struct engine_request_counts c;
	size_t before;

	(void)state;
	flow_bucket.takes_ms = half_a_minute;
	flow_bucket.listing = FLOW_BUCKET_SLOW_DOWN;
	flow_bucket_submit(100, 5);
	before = lists();
	time_passes(20000);
	assert_in_range(lists() - before, 2, 25);
	engine_count_requests(flow.engine, &c);
	assert_in_range(c.slow_downs, 2, 25);
	flow_bucket.listing = FLOW_BUCKET_LISTS;
	time_passes(100000);
	assert_int_equal(waiting(), 0);
	engine_count_requests(flow.engine, &c);
	assert_in_range(c.listed_jobs, 80, 100);
}

/* Its bucket has had more than it gets: a listing waits as looks do. */
static void
a_listing_waits_for_its_bucket_s_budget(void **state)
{
	const struct engine_budget least = {
	    .bucket_per_second = 1,
	    .price_get = 400,
	    .price_list = 5000,
	};
	struct engine_outlook o;
	size_t before;

	(void)state;
	flow_bucket.takes_ms = half_a_minute;
	flow_bucket_submit(100, 5);
	time_passes(3000);
	engine_set_budget(flow.engine, &least);
	assert_int_equal(engine_outlook(flow.engine, flow.id, &o), 0);
	assert_non_null(strstr(o.why, "a listing looks for it"));
	time_passes(o.look_at - clock_wall_ms() - 1);
	before = lists();
	limits_sent(flow.engine->limits, "out");
	limits_sent(flow.engine->limits, "out");
	time_passes(1500);
	assert_int_equal(lists(), before);
	time_passes(1000);
	assert_int_equal(lists(), before + 1);
	time_passes(300000);
	assert_int_equal(waiting(), 0);
}

static void
by_price_a_dear_listing_needs_more_jobs(void **state)
{
	const struct engine_budget dear = {
	    .bucket_per_second = 1000000,
	    .price_get = 400,
	    .price_list = 40000,
	};

	(void)state;
	engine_set_budget(flow.engine, &dear);
	flow_bucket.takes_ms = half_a_minute;
	flow_bucket_submit(150, 5);
	time_passes(120000);
	assert_int_equal(waiting(), 0);
	assert_int_equal(lists(), 0);
	flow_bucket_submit(300, 5);
	time_passes(120000);
	assert_int_equal(waiting(), 0);
	assert_in_range(lists(), 1, 100);
}

/* --- each job ------------------------------------------------------- */

static void
a_job_of_a_caller_s_own_name_is_not_swept(void **state)
{
	struct job *job;
	int i;

	(void)state;
	flow_bucket.takes_ms = half_a_minute;
	flow_bucket.failures = FLOW_BUCKET_NONE;
	for (i = 0; i < 40; i++) {
		job = flow_job();
		job->spec.filename = xasprintf("mine-%d", i);
		flow_submit(job);
	}
	time_passes(120000);
	assert_int_equal(waiting(), 0);
	assert_int_equal(lists(), 0);
}

static void
where_listings_miss_it_a_job_is_looked_at_now_and_then(void **state)
{
	(void)state;
	flow_bucket.takes_ms = half_a_minute;
	flow_bucket_submit(100, 5);
	time_passes(10000);
	assert_in_range(waiting(), 100, 100);
	/* From now on they show nothing of ours, in good order. */
	flow_bucket_hide(true);
	time_passes(330000);
	assert_int_equal(waiting(), 0);
	flow_bucket_hide(false);
}

static int64_t
the_hundredth_is_quick(size_t i)
{
	return i == 99 ? 10000 : 120000;
}

/* Something else of its name: no listing is believed of that job again. */
static void
what_is_listed_in_vain_is_looked_at_by_itself(void **state)
{
	char key[200];

	(void)state;
	flow_bucket.takes_ms = the_hundredth_is_quick;
	flow_bucket_submit(100, 5);
	snprintf(key, sizeof(key), "res/%s/%s-1.log", flow.extension, flow.id);
	flow_bucket_put(key);
	time_passes(20000);
	assert_int_equal(waiting(), 99);
	time_passes(200000);
	assert_int_equal(waiting(), 0);
}

static void
people_are_told_of_the_next_listing(void **state)
{
	struct engine_outlook o;
	const char *folder;
	int64_t at;
	size_t before;

	(void)state;
	flow_bucket.takes_ms = half_a_minute;
	flow_bucket_submit(10, 5);
	assert_false(
	    sweep_outlook(work_find(flow.engine, flow.id), &folder, &at));
	assert_int_equal(engine_outlook(flow.engine, flow.id, &o), 0);
	assert_null(strstr(o.why, "listing"));
	flow_bucket_submit(90, 5);
	assert_true(
	    sweep_outlook(work_find(flow.engine, flow.id), &folder, &at));
	assert_true(str_starts(folder, "s3://out/res/awaitd/"));
	time_passes(3000);
	assert_int_equal(engine_outlook(flow.engine, flow.id, &o), 0);
	assert_non_null(strstr(o.why, "a listing looks for it"));
	before = lists();
	time_passes(o.look_at - clock_wall_ms() - 1);
	assert_int_equal(lists(), before);
	time_passes(1);
	assert_int_equal(lists(), before + 1);
	time_passes(120000);
}

static void
a_job_that_is_swept_can_be_cancelled(void **state)
{
	char id[JOBID_SIZE];

	(void)state;
	flow_bucket.takes_ms = half_a_minute;
	flow_bucket_submit(100, 5);
	memcpy(id, flow.id, sizeof(id));
	time_passes(3000);
	assert_int_equal(engine_cancel(flow.engine, id), 0);
	time_passes(0);
	must_be(JOB_DONE, OUTCOME_CANCELLED);
	time_passes(120000);
	assert_int_equal(waiting(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SWEEP_TEST(a_thousand_jobs_are_found_by_listings),
	    SWEEP_TEST(without_sweeping_it_takes_many_more),
	    SWEEP_TEST(few_jobs_are_looked_at_one_by_one),
	    SWEEP_TEST(stragglers_are_looked_at_one_by_one),
	    SWEEP_TEST(a_listing_is_no_later_than_a_look_would_be),
	    SWEEP_TEST(what_no_listing_shows_is_learned_to_last),
	    SWEEP_TEST(while_an_endpoint_hangs_listings_become_rare),
	    SWEEP_TEST(more_than_a_page_are_found_segment_by_segment),
	    SWEEP_TEST(others_in_the_folder_are_passed_over),
	    SWEEP_TEST(behind_a_full_page_each_is_listed_too),
	    SWEEP_TEST(a_folder_full_of_others_is_left_to_looks),
	    SWEEP_TEST(a_restart_in_the_middle_finds_the_rest_by_listings),
	    SWEEP_TEST(a_key_that_is_listed_before_its_202_is_remembered),
	    SWEEP_TEST(
		where_listing_is_denied_each_is_looked_at_and_it_is_said_once),
	    SWEEP_TEST(a_denial_is_asked_about_again_in_a_quarter_of_an_hour),
	    SWEEP_TEST(listings_that_cannot_be_believed_end_the_sweep),
	    SWEEP_TEST(a_page_that_says_more_for_ever_is_asked_for_in_its_time),
	    SWEEP_TEST(slow_down_slows_listings_down),
	    SWEEP_TEST(a_listing_waits_for_its_bucket_s_budget),
	    SWEEP_TEST(by_price_a_dear_listing_needs_more_jobs),
	    SWEEP_TEST(a_job_of_a_caller_s_own_name_is_not_swept),
	    SWEEP_TEST(where_listings_miss_it_a_job_is_looked_at_now_and_then),
	    SWEEP_TEST(what_is_listed_in_vain_is_looked_at_by_itself),
	    SWEEP_TEST(people_are_told_of_the_next_listing),
	    SWEEP_TEST(a_job_that_is_swept_can_be_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
