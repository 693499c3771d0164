/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Filename of the caller's own: what lay there before is not the result, and
 * two jobs of ours do not write there at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "tests/support/flow.h"

#define OWN_URL "http://s3.test/out/res/mine/scan.json"
#define GRACE 30000

static struct job *
own_job(void)
{
	struct job *job = flow_job();

	job->spec.extension = xstrdup("mine");
	job->spec.filename = xstrdup("scan.json");
	return job;
}

static struct peer_step *
expect_own_invoke(void)
{
	struct peer_step *s = peer_expect("POST", INVOKE_URL);

	peer_header(s, "X-Amzn-SageMaker-Filename", "scan.json");
	return s;
}

static void
reply_own(struct peer_step *s)
{
	peer_reply(s, 202,
	    "x-amzn-sagemaker-outputlocation: s3://out/res/mine/scan.json",
	    "{}");
}

/* An object that was made at an instant, asked for so much from now. */
static void
reply_object_in(
    struct peer_step *s, const char *etag, int64_t made_at, int64_t in_ms)
{
	char date[TIMEFMT_HTTP_SIZE], made[TIMEFMT_HTTP_SIZE], headers[300];

	timefmt_http(clock_wall_ms() + in_ms, date);
	timefmt_http(made_at, made);
	snprintf(headers, sizeof(headers),
	    "ETag: \"%s\"\nContent-Length: 1\nDate: %s\nLast-Modified: %s",
	    etag, date, made);
	peer_reply(s, 200, headers, "");
}

static void
reply_object(struct peer_step *s, const char *etag, int64_t made_at)
{
	reply_object_in(s, etag, made_at, 0);
}

/* Of a store that tells no ETag. */
static void
reply_bare(struct peer_step *s, int64_t made_at)
{
	char date[TIMEFMT_HTTP_SIZE], made[TIMEFMT_HTTP_SIZE], headers[300];

	timefmt_http(clock_wall_ms(), date);
	timefmt_http(made_at, made);
	snprintf(headers, sizeof(headers),
	    "Content-Length: 1\nDate: %s\nLast-Modified: %s", date, made);
	peer_reply(s, 200, headers, "");
}

/* Accepted, with an object there that was made an hour ago. */
static int64_t
submit_over_old(void)
{
	struct job *job = own_job();
	int64_t old = clock_wall_ms() - 3600000;

	reply_object(expect_head(OWN_URL), "old", old);
	reply_own(expect_own_invoke());
	flow_submit(job);
	time_passes(2000);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_string_equal(on_disk()->subs[0].before_etag, "\"old\"");
	assert_int_equal(on_disk()->subs[0].before_at, old / 1000 * 1000);
	return old;
}

static void
what_lay_there_before_is_written_down_and_not_taken(void **state)
{
	int64_t old = submit_over_old();

	(void)state;
	reply_object(expect_head(OWN_URL), "old", old);
	time_passes(500);
	must_be(JOB_PENDING, OUTCOME_NONE);
	reply_object(expect_head(OWN_URL), "new", clock_wall_ms());
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_string_equal(on_disk()->result_etag, "\"new\"");
}

static void
the_same_bytes_made_anew_are_a_result(void **state)
{
	(void)state;
	submit_over_old();
	reply_object(expect_head(OWN_URL), "old", clock_wall_ms());
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
}

/* However old it claims to be: it was not there. */
static void
where_nothing_lay_anything_is_a_result(void **state)
{
	struct job *job = own_job();

	(void)state;
	reply_missing(expect_head(OWN_URL));
	reply_own(expect_own_invoke());
	flow_submit(job);
	time_passes(2000);
	assert_string_equal(on_disk()->subs[0].before_etag, "");
	reply_object(expect_head(OWN_URL), "e", clock_wall_ms() - 86400000);
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
a_restart_does_not_forget_what_lay_there(void **state)
{
	int64_t old = submit_over_old();

	(void)state;
	reply_object(expect_head(OWN_URL), "old", old);
	restart();
	must_be(JOB_PENDING, OUTCOME_NONE);
	reply_object(expect_head(OWN_URL), "new", clock_wall_ms());
	time_passes(30000);
	must_be(JOB_DONE, OUTCOME_OK);
}

/* By then it may be the first one's result that lies there. */
static void
a_second_submission_takes_the_first_one_s_word_for_it(void **state)
{
	struct job *job = own_job();
	int64_t old = clock_wall_ms() - 3600000;
	size_t heads;

	(void)state;
	reply_object(peer_always("HEAD", OWN_URL), "old", old);
	peer_fail(expect_own_invoke(), ERR_NET, "reset", true);
	flow_submit(job);
	time_passes(2000);
	reply_own(expect_own_invoke());
	time_passes(GRACE);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_string_equal(on_disk()->subs[1].before_etag, "\"old\"");
	assert_int_equal(on_disk()->subs[1].before_at, old / 1000 * 1000);
	heads = peer_count("HEAD", "*");
	reply_object(expect_head(OWN_URL), "new", clock_wall_ms());
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(peer_count("HEAD", "*"), heads + 1);
}

/* Not even behind a restart: between the last look and the second request
 * nobody asks what lies there. */
static void
a_second_submission_behind_a_restart_does_so_too(void **state)
{
	struct job *job = own_job();
	int64_t old = clock_wall_ms() - 3600000;
	size_t i;

	(void)state;
	reply_object(peer_always("HEAD", OWN_URL), "old", old);
	peer_fail(expect_own_invoke(), ERR_NET, "reset", true);
	flow_submit(job);
	time_passes(2000);
	restart();
	reply_own(expect_own_invoke());
	time_passes(GRACE);
	assert_int_equal(peer_count("POST", "*"), 2);
	assert_string_equal(on_disk()->subs[1].before_etag, "\"old\"");
	for (i = 3; strcmp(peer_seen(i)->method, "POST") != 0; i++)
		continue;
	assert_int_equal(peer_seen(i - 1)->at, peer_seen(i)->at);
	assert_true(peer_seen(i - 2)->at < peer_seen(i)->at);
}

/* Its result may have the same bytes and come within the same second. */
static void
an_object_that_was_just_made_is_left_to_age(void **state)
{
	struct job *job = own_job();
	int64_t made;

	(void)state;
	flow_submit(job);
	time_passes(1999);
	made = clock_wall_ms() + 1 - 1000;
	reply_object_in(expect_head(OWN_URL), "other", made, 1);
	time_passes(1);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	time_passes(999);
	reply_object_in(expect_head(OWN_URL), "other", made, 1);
	reply_own(expect_own_invoke());
	time_passes(1);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(on_disk()->subs[0].before_at, made);
}

/* Somebody writes there all the time. */
static void
an_object_that_never_ages_is_not_waited_for_for_ever(void **state)
{
	struct job *job = own_job();
	unsigned i;

	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	flow_submit(job);
	time_passes(1999);
	for (i = 0; i < 5; i++) {
		assert_int_equal(peer_count("POST", "*"), 0);
		reply_object_in(expect_head(OWN_URL), "new",
		    (clock_wall_ms() + 1) / 1000 * 1000, 1);
		time_passes(2000);
	}
	reply_object(expect_head(OWN_URL), "new", clock_wall_ms());
	reply_own(expect_own_invoke());
	time_passes(2000);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_string_equal(on_disk()->subs[0].before_etag, "\"new\"");
}

/* Its age has to tell then. */
static void
a_look_that_is_never_answered_keeps_nothing_back(void **state)
{
	struct job *job = own_job();
	unsigned i;

	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	for (i = 0; i < 4 * FLOW_TRIES; i++)
		peer_reply(expect_head(OWN_URL), 503, "", "");
	reply_own(expect_own_invoke());
	flow_submit(job);
	time_passes(2000);
	assert_int_equal(peer_count("POST", "*"), 0);
	time_passes(30000);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_null(on_disk()->subs[0].before_etag);
}

static void
what_cannot_be_told_is_left_to_its_age(void **state)
{
	struct job *job = own_job();

	(void)state;
	peer_reply(expect_head(OWN_URL), 403, "", "");
	reply_own(expect_own_invoke());
	flow_submit(job);
	time_passes(2000);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_null(on_disk()->subs[0].before_etag);
	reply_object(expect_head(OWN_URL), "e", clock_wall_ms() - 86400000);
	time_passes(500);
	must_be(JOB_PENDING, OUTCOME_NONE);
	reply_object(expect_head(OWN_URL), "e", clock_wall_ms());
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
}

/* Not "nothing is there". */
static void
what_has_no_etag_is_left_to_its_age(void **state)
{
	int64_t old = clock_wall_ms() - 3600000;

	(void)state;
	reply_bare(expect_head(OWN_URL), old);
	reply_own(expect_own_invoke());
	flow_submit(own_job());
	time_passes(2000);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_null(on_disk()->subs[0].before_etag);
	reply_bare(expect_head(OWN_URL), old);
	time_passes(500);
	must_be(JOB_PENDING, OUTCOME_NONE);
	reply_bare(expect_head(OWN_URL), clock_wall_ms());
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
a_look_that_breaks_is_made_again_before_anything_is_sent(void **state)
{
	struct job *job = own_job();
	int i;

	(void)state;
	for (i = 0; i < FLOW_TRIES; i++)
		peer_fail(expect_head(OWN_URL), ERR_NET, "no route", false);
	flow_submit(job);
	time_passes(2100);
	assert_int_equal(peer_count("POST", "*"), 0);
	for (i = 0; i < FLOW_TRIES; i++)
		peer_reply(expect_head(OWN_URL), 503, "", "");
	reply_missing(expect_head(OWN_URL));
	reply_own(expect_own_invoke());
	time_passes(1700);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_string_equal(on_disk()->subs[0].before_etag, "");
}

static void
where_the_place_is_not_known_its_age_tells(void **state)
{
	struct job *job = own_job();

	(void)state;
	xfree(&job->spec.output_path);
	reply_own(expect_own_invoke());
	flow_submit(job);
	time_passes(2000);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_null(on_disk()->subs[0].before_etag);
	reply_object(expect_head(OWN_URL), "e", clock_wall_ms() - 86400000);
	time_passes(500);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

/* What was not sent is looked at again before it goes: others may write. */
static void
a_look_is_as_fresh_as_the_request(void **state)
{
	struct job *job = own_job();

	(void)state;
	reply_missing(expect_head(OWN_URL));
	peer_fail(expect_own_invoke(), ERR_NET, "could not connect", false);
	flow_submit(job);
	time_passes(2000);
	reply_object(expect_head(OWN_URL), "foreign", clock_wall_ms() - 60000);
	reply_own(expect_own_invoke());
	time_passes(500);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_string_equal(on_disk()->subs[0].before_etag, "\"foreign\"");
}

/* --- two jobs ------------------------------------------------------- */

static void
a_later_job_waits_until_the_earlier_is_done(void **state)
{
	struct job *first = own_job(), *second;

	(void)state;
	reply_missing(expect_head(OWN_URL));
	reply_own(expect_own_invoke());
	flow_submit(first);
	time_passes(2000);
	second = own_job();
	reply_missing(peer_always("HEAD", OWN_URL));
	flow_submit(second);
	time_passes(600000);
	assert_int_equal(peer_count("POST", "*"), 1);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	assert_int_equal(log_lines("same place", flow.id), 1);
	assert_int_equal(on_disk()->nsubs, 0);
	/* The first one's result, then the second one's look. */
	reply_object(expect_head(OWN_URL), "one", clock_wall_ms() - 60000);
	reply_object(expect_head(OWN_URL), "one", clock_wall_ms() - 60000);
	reply_own(expect_own_invoke());
	time_passes(30000);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_string_equal(on_disk()->subs[0].before_etag, "\"one\"");
}

static void
a_job_that_is_given_up_makes_way(void **state)
{
	struct job *first = own_job(), *second, *third;
	char ids[2][JOBID_SIZE];

	(void)state;
	memcpy(ids[0], first->id, JOBID_SIZE);
	reply_missing(peer_always("HEAD", OWN_URL));
	reply_own(expect_own_invoke());
	flow_submit(first);
	time_passes(2000);
	second = own_job();
	memcpy(ids[1], second->id, JOBID_SIZE);
	flow_submit(second);
	third = own_job();
	flow_submit(third);
	time_passes(60000);
	assert_int_equal(peer_count("POST", "*"), 1);
	/* One that only waits leaves the queue. */
	assert_int_equal(engine_cancel(flow.engine, ids[1]), 0);
	time_passes(60000);
	assert_int_equal(peer_count("POST", "*"), 1);
	assert_int_equal(engine_cancel(flow.engine, ids[0]), 0);
	reply_own(expect_own_invoke());
	time_passes(0);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

/* Both at once: the place goes to who still wants it. */
static void
two_that_are_given_up_at_once_make_way(void **state)
{
	struct job *first = own_job(), *second;
	char ids[2][JOBID_SIZE];

	(void)state;
	memcpy(ids[0], first->id, JOBID_SIZE);
	reply_missing(peer_always("HEAD", OWN_URL));
	reply_own(expect_own_invoke());
	flow_submit(first);
	time_passes(2000);
	second = own_job();
	memcpy(ids[1], second->id, JOBID_SIZE);
	flow_submit(second);
	flow_submit(own_job());
	time_passes(60000);
	assert_int_equal(engine_cancel(flow.engine, ids[0]), 0);
	assert_int_equal(engine_cancel(flow.engine, ids[1]), 0);
	reply_own(expect_own_invoke());
	time_passes(0);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(on_disk_of(ids[1])->outcome, OUTCOME_CANCELLED);
	assert_int_equal(on_disk_of(ids[1])->nsubs, 0);
}

static void
other_names_do_not_wait(void **state)
{
	struct job *first = own_job(), *second;
	struct peer_step *s;

	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	reply_own(expect_own_invoke());
	flow_submit(first);
	time_passes(2000);
	second = own_job();
	xfree(&second->spec.filename);
	second->spec.filename = xstrdup("other.json");
	s = peer_expect("POST", INVOKE_URL);
	peer_reply(s, 202,
	    "x-amzn-sagemaker-outputlocation: s3://out/res/mine/other.json",
	    "{}");
	flow_submit(second);
	time_passes(2000);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

static void
who_waits_too_long_expires(void **state)
{
	struct job *first = own_job(), *second;

	(void)state;
	first->spec.request_ttl_s = 21600;
	first->spec.invocation_timeout_s = 3600;
	reply_missing(peer_always("HEAD", OWN_URL));
	reply_own(expect_own_invoke());
	flow_submit(first);
	time_passes(2000);
	second = own_job();
	flow_submit(second);
	time_passes(6 * 3600000 + 1000);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
	assert_int_equal(on_disk()->nsubs, 0);
	assert_int_equal(peer_count("POST", "*"), 1);
}

/* The one that had begun goes on, whichever is taken up first. */
static void
a_restart_keeps_the_order(void **state)
{
	struct job *first = own_job(), *second;
	char id[JOBID_SIZE];

	(void)state;
	memcpy(id, first->id, JOBID_SIZE);
	reply_missing(peer_always("HEAD", OWN_URL));
	reply_own(expect_own_invoke());
	flow_submit(first);
	time_passes(2000);
	second = own_job();
	flow_submit(second);
	time_passes(10000);
	restart();
	time_passes(60000);
	assert_int_equal(peer_count("POST", "*"), 1);
	assert_int_equal(on_disk_of(id)->state, JOB_PENDING);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	engine_cancel(flow.engine, id);
	reply_own(expect_own_invoke());
	time_passes(2000);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

/* Of those that are taken up piece by piece the one that had begun may come
 * last. */
static void
nobody_begins_before_all_are_taken_up(void **state)
{
	struct job *first = own_job(), *second = own_job();
	struct submission *s = job_add_submission(first);

	(void)state;
	s->fate = SUB_ACCEPTED;
	s->filename = xstrdup("scan.json");
	s->extension = xstrdup("mine");
	s->output_location = xstrdup("s3://out/res/mine/scan.json");
	first->state = JOB_PENDING;
	reply_missing(peer_always("HEAD", OWN_URL));
	engine_hold(flow.engine, true);
	flow_submit(second);
	time_passes(10000);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	engine_adopt(flow.engine, first);
	engine_hold(flow.engine, false);
	time_passes(60000);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	assert_int_equal(log_lines("same place", flow.id), 1);
	assert_int_equal(peer_count("POST", "*"), 0);
	assert_true(peer_count("HEAD", OWN_URL) > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(what_lay_there_before_is_written_down_and_not_taken),
	    FLOW_TEST(the_same_bytes_made_anew_are_a_result),
	    FLOW_TEST(where_nothing_lay_anything_is_a_result),
	    FLOW_TEST(a_restart_does_not_forget_what_lay_there),
	    FLOW_TEST(a_second_submission_takes_the_first_one_s_word_for_it),
	    FLOW_TEST(a_second_submission_behind_a_restart_does_so_too),
	    FLOW_TEST(an_object_that_was_just_made_is_left_to_age),
	    FLOW_TEST(an_object_that_never_ages_is_not_waited_for_for_ever),
	    FLOW_TEST(a_look_that_is_never_answered_keeps_nothing_back),
	    FLOW_TEST(what_cannot_be_told_is_left_to_its_age),
	    FLOW_TEST(what_has_no_etag_is_left_to_its_age),
	    FLOW_TEST(a_look_that_breaks_is_made_again_before_anything_is_sent),
	    FLOW_TEST(where_the_place_is_not_known_its_age_tells),
	    FLOW_TEST(a_look_is_as_fresh_as_the_request),
	    FLOW_TEST(a_later_job_waits_until_the_earlier_is_done),
	    FLOW_TEST(a_job_that_is_given_up_makes_way),
	    FLOW_TEST(two_that_are_given_up_at_once_make_way),
	    FLOW_TEST(other_names_do_not_wait),
	    FLOW_TEST(who_waits_too_long_expires),
	    FLOW_TEST(a_restart_keeps_the_order),
	    FLOW_TEST(nobody_begins_before_all_are_taken_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
