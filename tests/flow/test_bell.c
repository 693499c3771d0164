/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifications doubled, shuffled, late, early and never: whatever they do,
 * each job ends once, and with what S3 has.
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
#include "tests/support/fake_store.h"
#include "tests/support/flow_bell.h"

#define HOUR INT64_C(3600000)

static size_t
looks(void)
{
	return peer_count("HEAD", "*");
}

/* Accepted, and the next look is far away. */
static void
submit(struct job *job)
{
	flow.policy.plan.interval_ms = 10 * HOUR;
	reply_missing(peer_always("HEAD", "*"));
	reply_accepted(expect_invoke(1), 1);
	flow_submit(job);
	time_passes(1000);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

static void
result_comes(unsigned n)
{
	reply_found(peer_always("HEAD", out_url(n)));
}

static void
who_is_rung_for_is_looked_at_now(void **state)
{
	(void)state;
	submit(flow_job());
	assert_int_equal(looks(), 0);
	result_comes(1);
	assert_int_equal(bell_says((struct says){0}), DOORBELL_TAKEN);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_string_equal(on_disk()->result_location, out_uri(1));
	assert_int_equal(looks(), 1);
}

/* It is rung for before S3 has it: the schedule goes on as it was. */
static void
what_is_not_there_is_waited_for(void **state)
{
	struct job *job = flow_job();

	(void)state;
	flow.policy.plan.max_ms = 30000;
	reply_missing(peer_always("HEAD", "*"));
	reply_accepted(expect_invoke(1), 1);
	flow_submit(job);
	time_passes(1000);
	assert_int_equal(bell_says((struct says){0}), DOORBELL_TAKEN);
	must_be(JOB_PENDING, OUTCOME_NONE);
	result_comes(1);
	time_passes(30000);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
copies_are_known_and_change_nothing(void **state)
{
	struct says s = {.message_id = "one"};
	int i;

	(void)state;
	submit(flow_job());
	assert_int_equal(bell_says(s), DOORBELL_TAKEN);
	assert_int_equal(looks(), 2);
	for (i = 0; i < 5; i++)
		assert_int_equal(bell_says(s), DOORBELL_COPY);
	assert_int_equal(looks(), 2);
	result_comes(1);
	s.message_id = "two";
	assert_int_equal(bell_says(s), DOORBELL_TAKEN);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(bell_says(s), DOORBELL_COPY);
	assert_int_equal(bell_count(DOORBELL_COPY), 6);
	assert_int_equal(log_lines("to=done outcome=ok", " cause=rung "), 1);
}

static void
the_same_id_of_another_topic_is_no_copy(void **state)
{
	struct says s = {.message_id = "one"};

	(void)state;
	submit(flow_job());
	assert_int_equal(bell_says(s), DOORBELL_TAKEN);
	s.topic = BELL_TOPIC "-too";
	assert_int_equal(bell_says(s), DOORBELL_TAKEN);
	assert_int_equal(bell_says(s), DOORBELL_COPY);
	assert_int_equal(looks(), 4);
}

static void
a_copy_is_known_over_a_restart(void **state)
{
	struct says s = {.message_id = "one"};

	(void)state;
	submit(flow_job());
	assert_int_equal(bell_says(s), DOORBELL_TAKEN);
	bell_restart();
	restart();
	assert_int_equal(bell_says(s), DOORBELL_COPY);
}

static void
on_forgotten(size_t n, const struct error *err, void *arg)
{
	(void)n;
	(void)arg;
	assert_null(err);
}

static void
forget_what_may_go(void)
{
	const struct store_forget f = {
	    .before_at = INT64_MIN,
	    .keys_before_at = INT64_MIN,
	    .notices_before_at = clock_wall_ms(),
	    .limit = 100,
	};

	store_forget(flow.store, &f, on_forgotten, NULL);
	time_passes(0);
}

static void
a_copy_is_known_as_long_as_it_could_be_fresh(void **state)
{
	struct says s = {.message_id = "one", .remember_ms = 2 * HOUR};

	(void)state;
	submit(flow_job());
	assert_int_equal(bell_says(s), DOORBELL_TAKEN);
	time_passes(2 * HOUR - 1);
	forget_what_may_go();
	assert_int_equal(bell_says(s), DOORBELL_COPY);
	time_passes(HOUR);
	forget_what_may_go();
	assert_int_equal(bell_says(s), DOORBELL_TAKEN);
}

static void
what_comes_behind_the_end_changes_nothing(void **state)
{
	size_t n;

	(void)state;
	submit(flow_job());
	result_comes(1);
	assert_int_equal(bell_says((struct says){0}), DOORBELL_TAKEN);
	must_be(JOB_DONE, OUTCOME_OK);
	n = looks();
	assert_int_equal(bell_says((struct says){0}), DOORBELL_TAKEN);
	assert_int_equal(
	    bell_says((struct says){.failure = "no"}), DOORBELL_TAKEN);
	time_passes(HOUR);
	assert_int_equal(looks(), n);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
a_job_that_was_given_up_stays_so(void **state)
{
	(void)state;
	submit(flow_job());
	assert_int_equal(engine_cancel(flow.engine, flow.id), 0);
	time_passes(0);
	assert_int_equal(bell_says((struct says){0}), DOORBELL_TAKEN);
	assert_int_equal(
	    bell_says((struct says){.failure = "no"}), DOORBELL_TAKEN);
	must_be(JOB_DONE, OUTCOME_CANCELLED);
	assert_int_equal(looks(), 0);
}

/* Its own limits are long: the notification was an hour on its way. */
static void
an_hour_late_is_early_enough(void **state)
{
	int64_t then;

	(void)state;
	submit(flow_job());
	then = clock_wall_ms();
	time_passes(HOUR);
	result_comes(1);
	assert_int_equal(
	    bell_says((struct says){.event_at = then}), DOORBELL_TAKEN);
	must_be(JOB_DONE, OUTCOME_OK);
}

/* The service was faster than its own answer. */
static void
before_the_answer_it_is_remembered(void **state)
{
	struct job *job = flow_job();

	(void)state;
	flow.policy.plan.interval_ms = 10 * HOUR;
	peer_delay(reply_accepted(expect_invoke(1), 1), 5000);
	flow_submit(job);
	time_passes(1000);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	assert_int_equal(bell_says((struct says){0}), DOORBELL_TAKEN);
	assert_int_equal(looks(), 0);
	result_comes(1);
	time_passes(4000);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(looks(), 1);
}

static void
in_doubt_it_is_looked_at_now(void **state)
{
	struct job *job = flow_job();

	(void)state;
	flow.policy.plan.interval_ms = 20000;
	reply_missing(peer_always("HEAD", "*"));
	peer_fail(expect_invoke(1), ERR_NET, "reset", true);
	flow_submit(job);
	time_passes(1000);
	must_be(JOB_QUEUED, OUTCOME_NONE);
	result_comes(1);
	assert_int_equal(bell_says((struct says){0}), DOORBELL_TAKEN);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(peer_count("POST", "*"), 1);
}

/* A look is under way when it is rung for: another one follows. */
static void
while_it_is_looked_at_it_is_looked_at_again(void **state)
{
	struct job *job = flow_job();

	(void)state;
	flow.policy.plan.interval_ms = 60000;
	reply_accepted(expect_invoke(1), 1);
	peer_delay(reply_missing(expect_head(out_url(1))), 5000);
	reply_missing(peer_always("HEAD", FAILURE_URL));
	flow_submit(job);
	time_passes(62000);
	assert_int_equal(looks(), 1);
	assert_int_equal(bell_says((struct says){0}), DOORBELL_TAKEN);
	result_comes(1);
	time_passes(5000);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
one_that_expired_is_looked_for_now(void **state)
{
	struct job *job = flow_job();

	(void)state;
	flow.policy.late_looks_ms = 24 * HOUR;
	job->spec.request_ttl_s = 60;
	job->spec.invocation_timeout_s = 60;
	submit(job);
	time_passes(180000);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
	time_passes(20000);
	result_comes(1);
	assert_int_equal(bell_says((struct says){0}), DOORBELL_TAKEN);
	assert_int_equal(flow.events[ENGINE_LATE], 1);
	assert_string_equal(on_disk()->late_location, out_uri(1));
	must_be(JOB_DONE, OUTCOME_EXPIRED);
}

static void
an_object_rings_by_its_name(void **state)
{
	char key[200];

	(void)state;
	submit(flow_job());
	result_comes(1);
	snprintf(key, sizeof(key), "res/%s/%s-1.out", flow.extension, flow.id);
	assert_int_equal(bell_event("out", key), DOORBELL_TAKEN);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
so_does_the_object_of_a_failure(void **state)
{
	(void)state;
	submit(flow_job());
	reply_found(peer_always("HEAD", FAILURE_URL));
	peer_reply(peer_always("GET", FAILURE_URL), 200, "", "no");
	assert_int_equal(
	    bell_event("out", "failures/x-error.out"), DOORBELL_TAKEN);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_string_equal(on_disk()->error_text, "no");
}

/* Neither the id nor the place says whose it is. */
static void
names_of_others_ring_too(void **state)
{
	struct job *job = flow_job();

	(void)state;
	flow.policy.plan.interval_ms = 10 * HOUR;
	job->spec.own_names = false;
	job->spec.inference_id = xstrdup("mine");
	xfree(&job->spec.output_path);
	peer_reply(peer_expect("POST", INVOKE_URL), 202,
	    "x-amzn-sagemaker-outputlocation: s3://out/res/uuid.out", "{}");
	reply_missing(peer_always("HEAD", "*"));
	flow_submit(job);
	time_passes(1000);
	assert_int_equal(looks(), 0);
	assert_int_equal(bell_event("out", "res/uuid.out"), DOORBELL_TAKEN);
	assert_int_equal(looks(), 1);
	bell_restart();
	restart();
	assert_int_equal(looks(), 2);
	assert_int_equal(bell_event("out", "res/other.out"), DOORBELL_UNKNOWN);
	assert_int_equal(bell_says((struct says){.inference_id = "other"}),
	    DOORBELL_UNKNOWN);
	assert_int_equal(looks(), 2);
	reply_found(peer_always("HEAD", "http://s3.test/out/res/uuid.out"));
	assert_int_equal(
	    bell_says((struct says){.inference_id = "mine"}), DOORBELL_TAKEN);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
a_job_of_nobody_is_unknown(void **state)
{
	(void)state;
	submit(flow_job());
	assert_int_equal(bell_says((struct says){
			     .inference_id = "01arz3ndektsv4rrffq69g5fav-1"}),
	    DOORBELL_UNKNOWN);
	assert_int_equal(bell_event("out", "01arz3ndektsv4rrffq69g5fav-1.out"),
	    DOORBELL_UNKNOWN);
	assert_int_equal(looks(), 0);
	assert_int_equal(bell_count(DOORBELL_UNKNOWN), 2);
}

static void
what_names_a_job_that_is_here_is_expected(void **state)
{
	char *event;

	(void)state;
	submit(flow_job());
	assert_true(bell_expects((struct says){0}));
	assert_true(bell_expects((struct says){.failure = "x"}));
	assert_false(bell_expects(
	    (struct says){.inference_id = "01arz3ndektsv4rrffq69g5fav-1"}));
	assert_false(bell_expects((struct says){.inference_id = "x"}));
	assert_false(bell_expects_text("it is done"));
	assert_false(bell_expects_text("{}"));
	event = xasprintf("{\"Records\":[{\"eventVersion\":\"2.1\","
			  "\"eventSource\":\"aws:s3\","
			  "\"eventName\":\"ObjectCreated:Put\",\"s3\":{"
			  "\"bucket\":{\"name\":\"bucket\"},"
			  "\"object\":{\"key\":\"x/%s-1.out\"}}}]}",
	    flow.id);
	assert_true(bell_expects_text(event));
	free(event);
	/* Nobody looked for that. */
	assert_int_equal(looks(), 0);
	assert_int_equal(bell_count(DOORBELL_TAKEN), 0);
	result_comes(1);
	assert_int_equal(bell_says((struct says){0}), DOORBELL_TAKEN);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_false(bell_expects((struct says){0}));
}

static void
what_says_nothing_changes_nothing(void **state)
{
	(void)state;
	submit(flow_job());
	assert_int_equal(
	    bell_text("t1",
		"{\"eventVersion\":\"1.0\",\"eventSource\":\"aws:sagemaker\","
		"\"eventName\":\"TestNotification\"}"),
	    DOORBELL_TAKEN);
	assert_int_equal(
	    bell_text("t2",
		"{\"Service\":\"Amazon S3\",\"Event\":\"s3:TestEvent\","
		"\"Bucket\":\"out\"}"),
	    DOORBELL_TAKEN);
	assert_int_equal(bell_text("t3", "{}"), DOORBELL_SENSELESS);
	assert_int_equal(bell_text("t4", "hello\nworld"), DOORBELL_SENSELESS);
	assert_int_equal(bell_text("t5", ""), DOORBELL_SENSELESS);
	assert_int_equal(
	    bell_text("t6", "{\"inferenceId\":\"a\",\"inferenceId\":\"b\"}"),
	    DOORBELL_SENSELESS);
	assert_int_equal(looks(), 0);
	/* Not each is a line of the log. */
	assert_int_equal(log_lines("makes no sense", NULL), 1);
	assert_int_equal(log_lines("makes no sense", "begins={}"), 1);
}

static void
what_cannot_be_stored_is_to_come_again(void **state)
{
	struct says s = {.message_id = "one"};

	(void)state;
	submit(flow_job());
	fake_store_break(flow.store);
	assert_int_equal(bell_says(s), DOORBELL_FAILED);
	assert_int_equal(looks(), 0);
	bell_restart();
	restart();
	assert_int_equal(bell_says(s), DOORBELL_TAKEN);
}

/* --- where the process dies ------------------------------------------ */

static unsigned writes;

static bool
dies_at(const char *when, void *arg)
{
	(void)when;
	(void)arg;
	return writes-- != 0;
}

/* Behind the commit, before anybody was told or looked. */
static void
a_ring_that_was_lost_costs_a_restart_and_no_more(void **state)
{
	struct says s = {.message_id = "one"};

	(void)state;
	submit(flow_job());
	writes = 1;
	fake_store_watch(flow.store, dies_at, NULL);
	bell_begin(s);
	time_passes(0);
	assert_int_equal(looks(), 0);
	result_comes(1);
	bell_restart();
	restart();
	assert_int_equal(bell_says(s), DOORBELL_COPY);
	must_be(JOB_DONE, OUTCOME_OK);
}

/* Behind the commit; the first look of the next process finds nothing. */
static void
die_of(struct says s)
{
	writes = 1;
	fake_store_watch(flow.store, dies_at, NULL);
	bell_begin(s);
	time_passes(0);
	bell_restart();
	restart();
	must_be(JOB_PENDING, OUTCOME_NONE);
}

static void
whoever_died_of_it_is_rung_for_by_the_copy(void **state)
{
	struct says s = {.message_id = "one"};

	(void)state;
	submit(flow_job());
	die_of(s);
	result_comes(1);
	assert_int_equal(bell_says(s), DOORBELL_COPY);
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
copies_ring_once_in_a_process(void **state)
{
	struct says s = {.message_id = "one"};
	size_t n;
	int i;

	(void)state;
	submit(flow_job());
	die_of(s);
	n = looks();
	for (i = 0; i < 20; i++)
		assert_int_equal(bell_says(s), DOORBELL_COPY);
	assert_int_equal(looks(), n + 2);
	bell_restart();
	restart();
	n = looks();
	/* Nor behind one that is no copy. */
	s.message_id = "two";
	for (i = 0; i < 20; i++)
		assert_int_equal(
		    bell_says(s), i == 0 ? DOORBELL_TAKEN : DOORBELL_COPY);
	assert_int_equal(looks(), n + 2);
	s.message_id = "one";
	assert_int_equal(bell_says(s), DOORBELL_COPY);
	assert_int_equal(looks(), n + 2);
}

static void
one_that_expired_is_rung_for_by_the_copy(void **state)
{
	struct says s = {.message_id = "one"};
	struct job *job = flow_job();

	(void)state;
	flow.policy.late_looks_ms = 24 * HOUR;
	job->spec.request_ttl_s = 60;
	job->spec.invocation_timeout_s = 60;
	submit(job);
	time_passes(3 * HOUR);
	must_be(JOB_DONE, OUTCOME_EXPIRED);
	assert_int_equal(bell_says(s), DOORBELL_TAKEN);
	bell_restart();
	restart();
	result_comes(1);
	assert_int_equal(flow.events[ENGINE_LATE], 0);
	assert_int_equal(bell_says(s), DOORBELL_COPY);
	assert_int_equal(flow.events[ENGINE_LATE], 1);
}

static void
before_the_commit_it_never_came(void **state)
{
	struct says s = {.message_id = "one"};

	(void)state;
	submit(flow_job());
	writes = 0;
	fake_store_watch(flow.store, dies_at, NULL);
	bell_begin(s);
	time_passes(0);
	bell_restart();
	restart();
	assert_int_equal(bell_says(s), DOORBELL_TAKEN);
}

/* --- many ------------------------------------------------------------ */

#define MANY 60

static char ids[MANY][JOBID_SIZE];
static bool ready[MANY];

static void
serve_many(const char *method, const char *url, const struct headers *headers,
    struct peer_answer *out, void *arg)
{
	const char *id = headers_get(headers, "x-amzn-sagemaker-inference-id");
	int i;

	(void)arg;
	if (strcmp(method, "POST") == 0) {
		out->status = 202;
		snprintf(out->headers, sizeof(out->headers),
		    "x-amzn-sagemaker-outputlocation: s3://out/res/%s/%s.out",
		    flow.extension, id);
		snprintf(out->body, sizeof(out->body), "{}");
		return;
	}
	out->status = 404;
	for (i = 0; i < MANY; i++) {
		if (ready[i] && strstr(url, ids[i]) != NULL) {
			out->status = 200;
			snprintf(out->headers, sizeof(out->headers),
			    "ETag: \"e\"\nContent-Length: 7");
		}
	}
}

static void
ring_for(int i, bool failed, int copy)
{
	char id[JOBID_SIZE + 8], message[64];

	snprintf(id, sizeof(id), "%s-1", ids[i]);
	snprintf(
	    message, sizeof(message), "m%d-%d-%d", i, failed, copy / 2 * 2);
	bell_begin((struct says){
	    .inference_id = id,
	    .message_id = message,
	    .unverified = failed,
	    .failure = failed ? "a lie" : NULL,
	});
}

/* Each comes up to six times, in any order, some before the result is there,
 * some never, and forged failures among them. */
static void
doubled_shuffled_lost_and_forged_each_job_ends_once(void **state)
{
	unsigned seed = 7;
	int round, i;

	(void)state;
	peer_serve(serve_many, NULL);
	for (i = 0; i < MANY; i++) {
		struct job *job = flow_job();

		memcpy(ids[i], job->id, JOBID_SIZE);
		ready[i] = false;
		flow_submit(job);
	}
	time_passes(1000);
	for (round = 0; round < 400; round++) {
		seed = seed * 1103515245 + 12345;
		i = (int)(seed >> 16) % MANY;
		if (round > 100 && round % 3 == 0)
			ready[i] = true;
		if (i % 5 != 0)
			ring_for(i, round % 4 == 0, round % 6);
		time_passes(round % 7 == 0 ? 300 : 0);
	}
	for (i = 0; i < MANY; i++)
		ready[i] = true;
	time_passes(31000);
	assert_int_equal(log_lines("from=pending to=done", "outcome=ok"), MANY);
	assert_int_equal(log_lines("to=done", NULL), MANY);
	assert_true(bell_count(DOORBELL_COPY) > 20);
}

static int
teardown(void **state)
{
	/* What was being stored is answered first. */
	time_passes(0);
	bell_restart();
	return flow_teardown(state);
}

#define T(f) cmocka_unit_test_setup_teardown(f, flow_setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(who_is_rung_for_is_looked_at_now),
	    T(what_is_not_there_is_waited_for),
	    T(copies_are_known_and_change_nothing),
	    T(the_same_id_of_another_topic_is_no_copy),
	    T(a_copy_is_known_over_a_restart),
	    T(a_copy_is_known_as_long_as_it_could_be_fresh),
	    T(what_comes_behind_the_end_changes_nothing),
	    T(a_job_that_was_given_up_stays_so),
	    T(an_hour_late_is_early_enough),
	    T(before_the_answer_it_is_remembered),
	    T(in_doubt_it_is_looked_at_now),
	    T(while_it_is_looked_at_it_is_looked_at_again),
	    T(one_that_expired_is_looked_for_now),
	    T(an_object_rings_by_its_name),
	    T(so_does_the_object_of_a_failure),
	    T(names_of_others_ring_too),
	    T(a_job_of_nobody_is_unknown),
	    T(what_names_a_job_that_is_here_is_expected),
	    T(what_says_nothing_changes_nothing),
	    T(what_cannot_be_stored_is_to_come_again),
	    T(a_ring_that_was_lost_costs_a_restart_and_no_more),
	    T(whoever_died_of_it_is_rung_for_by_the_copy),
	    T(copies_ring_once_in_a_process),
	    T(one_that_expired_is_rung_for_by_the_copy),
	    T(before_the_commit_it_never_came),
	    T(doubled_shuffled_lost_and_forged_each_job_ends_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
