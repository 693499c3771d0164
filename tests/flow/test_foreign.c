/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that somebody else made: looked for, and never made again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "engine/times.h"
#include "tests/support/flow.h"

#define OUTPUT_URI "s3://theirs/a b+c%.out"
#define OUTPUT_URL "http://s3.test/theirs/a%20b%2Bc%25.out"
#define BUSY "Received server error (0) from model."

/* As a section of its endpoint may have it: all that would ask again. */
static struct job *
foreign_job(const char *failure)
{
	struct job *job = job_new_foreign(OUTPUT_URI, failure);

	job->spec.endpoint = xstrdup("ocr");
	job->spec.region = xstrdup("us-east-1");
	job->spec.retry_failed = true;
	memcpy(flow.id, job->id, sizeof(flow.id));
	return job;
}

static void
nothing_left(void)
{
	assert_int_equal(peer_count("POST", "*"), 0);
}

/* As long as the look lasts. */
static void
miss(void)
{
	reply_missing(expect_head(OUTPUT_URL));
	reply_missing(expect_head(FAILURE_URL));
}

static void
the_first_look_is_at_once_and_at_both_places(void **state)
{
	(void)state;
	miss();
	flow_submit(foreign_job(FAILURE_URI));
	must_be(JOB_PENDING, OUTCOME_NONE);
	reply_found(expect_head(OUTPUT_URL));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_string_equal(on_disk()->result_location, OUTPUT_URI);
	nothing_left();
}

static void
a_failure_that_passes_is_not_asked_again(void **state)
{
	(void)state;
	reply_missing(expect_head(OUTPUT_URL));
	reply_found(expect_head(FAILURE_URL));
	peer_reply(peer_expect("GET", FAILURE_URL), 200, "", BUSY);
	flow_submit(foreign_job(FAILURE_URI));
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_text, BUSY);
	time_passes(86400000);
	nothing_left();
}

static void
without_its_place_a_failure_is_not_looked_for(void **state)
{
	(void)state;
	reply_missing(expect_head(OUTPUT_URL));
	flow_submit(foreign_job(NULL));
	must_be(JOB_PENDING, OUTCOME_NONE);
	reply_found(expect_head(OUTPUT_URL));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
a_restart_goes_on_looking_and_submits_nothing(void **state)
{
	(void)state;
	miss();
	flow_submit(foreign_job(FAILURE_URI));
	miss();
	restart();
	time_passes(0);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_string_equal(on_disk()->subs[0].output_location, OUTPUT_URI);
	reply_found(expect_head(OUTPUT_URL));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
	nothing_left();
}

static void
its_time_out_ends_it_and_submits_nothing(void **state)
{
	struct job *job = foreign_job(FAILURE_URI);
	int64_t patience = times_patience_ms(&job->spec);

	(void)state;
	reply_missing(peer_always("HEAD", OUTPUT_URL));
	reply_missing(peer_always("HEAD", FAILURE_URL));
	flow_submit(job);
	time_passes(patience - 1000);
	must_be(JOB_PENDING, OUTCOME_NONE);
	restart();
	time_passes(2000);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
	restart();
	time_passes(86400000);
	nothing_left();
}

/* Such a row no awaitd writes; whoever did, it is not ours to send. */
static void
one_that_says_it_is_queued_is_refused(void **state)
{
	struct job *job = foreign_job(FAILURE_URI);

	(void)state;
	job->state = JOB_QUEUED;
	job->subs[0].fate = SUB_NOT_SENT;
	flow_submit(job);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_code, "foreign");
	nothing_left();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(the_first_look_is_at_once_and_at_both_places),
	    FLOW_TEST(a_failure_that_passes_is_not_asked_again),
	    FLOW_TEST(without_its_place_a_failure_is_not_looked_for),
	    FLOW_TEST(a_restart_goes_on_looking_and_submits_nothing),
	    FLOW_TEST(its_time_out_ends_it_and_submits_nothing),
	    FLOW_TEST(one_that_says_it_is_queued_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
