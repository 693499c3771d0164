/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs that are given up at every moment of their submission: they end
 * cancelled, their submissions tell the truth, and nothing is sent any more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "tests/support/fake_store.h"
#include "tests/support/flow.h"

#define DAY 86400000

/* Nothing comes of it any more. */
static void
must_stay_cancelled(void)
{
	size_t seen = peer_count("*", "*");

	time_passes(0);
	must_be(JOB_DONE, OUTCOME_CANCELLED);
	assert_string_equal(on_disk()->error_code, "cancelled");
	time_passes(DAY);
	assert_int_equal(peer_count("*", "*"), seen);
	assert_int_equal(engine_cancel(flow.engine, flow.id), -1);
	assert_null(engine_find(flow.engine, flow.id));
}

static void
submit_accepted(struct job *job)
{
	reply_accepted(expect_invoke(1), 1);
	flow_submit(job);
}

static void
submit_lost(struct job *job)
{
	peer_fail(expect_invoke(1), ERR_NET, "reset", true);
	flow_submit(job);
}

static void
give_up(void)
{
	assert_int_equal(engine_cancel(flow.engine, flow.id), 0);
}

static void
before_it_is_on_disk(void **state)
{
	(void)state;
	engine_submit(flow.engine, flow_job());
	give_up();
	must_stay_cancelled();
	assert_int_equal(on_disk()->nsubs, 0);
	assert_int_equal(flow.events[ENGINE_STORED], 1);
}

/* While the store has the nth write; before or after it. */
static const char *moment;
static int nth;

static bool
give_up_there(const char *when, void *arg)
{
	(void)arg;
	if (strcmp(when, moment) == 0 && nth-- == 0)
		engine_cancel(flow.engine, flow.id);
	return true;
}

static void
give_up_at(const char *when, int write)
{
	moment = when;
	nth = write;
	fake_store_watch(flow.store, give_up_there, NULL);
}

static void
while_the_intent_is_written(void **state)
{
	(void)state;
	give_up_at("before a write", 1);
	flow_submit(flow_job());
	must_stay_cancelled();
	assert_int_equal(on_disk()->nsubs, 1);
	assert_int_equal(on_disk()->subs[0].fate, SUB_NOT_SENT);
	assert_null(peer_seen(0));
}

static void
once_the_intent_is_on_disk(void **state)
{
	(void)state;
	give_up_at("after a write", 1);
	flow_submit(flow_job());
	must_stay_cancelled();
	assert_int_equal(on_disk()->subs[0].fate, SUB_NOT_SENT);
	assert_null(peer_seen(0));
}

static void
while_the_request_is_under_way(void **state)
{
	struct job *job = flow_job();

	(void)state;
	expect_invoke(1);
	flow_submit(job);
	give_up();
	must_stay_cancelled();
	assert_int_equal(on_disk()->subs[0].fate, SUB_DOUBT);
	assert_non_null(on_disk()->subs[0].note);
}

static void
while_its_acceptance_is_written(void **state)
{
	(void)state;
	give_up_at("before a write", 2);
	submit_accepted(flow_job());
	must_stay_cancelled();
	assert_int_equal(on_disk()->subs[0].fate, SUB_ACCEPTED);
}

static void
while_a_doubt_is_written(void **state)
{
	(void)state;
	give_up_at("before a write", 2);
	submit_lost(flow_job());
	must_stay_cancelled();
	assert_int_equal(on_disk()->subs[0].fate, SUB_DOUBT);
}

static void
in_doubt_between_two_looks(void **state)
{
	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	submit_lost(flow_job());
	time_passes(10000);
	give_up();
	must_stay_cancelled();
	assert_int_equal(on_disk()->subs[0].fate, SUB_DOUBT);
}

static void
in_doubt_in_the_midst_of_a_look(void **state)
{
	(void)state;
	submit_lost(flow_job());
	expect_head(out_url(1));
	time_passes(1);
	assert_int_equal(peer_count("HEAD", "*"), 1);
	give_up();
	must_stay_cancelled();
	assert_int_equal(on_disk()->subs[0].fate, SUB_DOUBT);
}

static void
while_the_second_is_under_way(void **state)
{
	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	submit_lost(flow_job());
	expect_invoke(2);
	time_passes(30000);
	assert_int_equal(peer_count("POST", "*"), 2);
	give_up();
	must_stay_cancelled();
	assert_int_equal(on_disk()->subs[0].fate, SUB_DOUBT);
	assert_int_equal(on_disk()->subs[1].fate, SUB_DOUBT);
}

static void
between_two_tries(void **state)
{
	struct job *job = flow_job();

	(void)state;
	peer_fail(expect_invoke(1), ERR_NET, "could not connect", false);
	flow_submit(job);
	give_up();
	must_stay_cancelled();
	assert_int_equal(on_disk()->subs[0].fate, SUB_NOT_SENT);
}

static void
while_its_input_is_uploaded(void **state)
{
	struct job *job = flow_job();
	char *path = xasprintf("%s/input", flow.dir);
	char sha256[HASH_SHA256_HEX_SIZE];
	struct error err;

	(void)state;
	assert_int_equal(file_write_atomic(path, "bytes", 5, 0600, &err), 0);
	xfree((char **)(void *)&job->spec.body);
	job->spec.body_len = 0;
	job->spec.input = INPUT_FILE;
	job->spec.input_path = path;
	hash_sha256_hex("bytes", 5, sha256);
	job->spec.input_sha256 = xstrdup(sha256);
	job->spec.input_location = xstrdup("s3://inp/x");
	peer_expect("PUT", "http://s3.test/inp/x");
	flow_submit(job);
	give_up();
	must_stay_cancelled();
	assert_int_equal(on_disk()->nsubs, 0);
}

static void
while_it_waits_for_its_result(void **state)
{
	(void)state;
	reply_missing(peer_always("HEAD", "*"));
	submit_accepted(flow_job());
	time_passes(10000);
	give_up();
	must_stay_cancelled();
	assert_int_equal(on_disk()->subs[0].fate, SUB_ACCEPTED);
}

/* What is being written is the end already. */
static void
a_result_that_is_being_written_stays_one(void **state)
{
	(void)state;
	submit_accepted(flow_job());
	give_up_at("before a write", 0);
	reply_found(expect_head(out_url(1)));
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
}

/* Nobody waits for it: no late looks. */
static void
it_is_not_looked_for_late(void **state)
{
	(void)state;
	flow.policy.late_looks_ms = DAY;
	submit_accepted(flow_job());
	give_up();
	must_stay_cancelled();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(before_it_is_on_disk),
	    FLOW_TEST(while_the_intent_is_written),
	    FLOW_TEST(once_the_intent_is_on_disk),
	    FLOW_TEST(while_the_request_is_under_way),
	    FLOW_TEST(while_its_acceptance_is_written),
	    FLOW_TEST(while_a_doubt_is_written),
	    FLOW_TEST(in_doubt_between_two_looks),
	    FLOW_TEST(in_doubt_in_the_midst_of_a_look),
	    FLOW_TEST(while_the_second_is_under_way),
	    FLOW_TEST(between_two_tries),
	    FLOW_TEST(while_its_input_is_uploaded),
	    FLOW_TEST(while_it_waits_for_its_result),
	    FLOW_TEST(a_result_that_is_being_written_stays_one),
	    FLOW_TEST(it_is_not_looked_for_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
