/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deliveries in virtual time, over the real webhook driver: where each attempt
 * is, what an answer leads to, and what a crash leaves.
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
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "deliver/exec.h"
#include "deliver/webhook.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_loop.h"
#include "tests/support/fake_random.h"
#include "tests/support/fake_store.h"
#include "tests/support/flow.h"

#define HOOK_URL "http://hook.test/in"
#define SCHEDULE "5s, 30s, 2m, 5m, 30m, 2h, 5h, 10h, 14h, 20h"

/* The default schedule without jitter: the fake's unit is 0.5. */
static const int64_t delays[] = {5000, 30000, 120000, 300000, 1800000, 7200000,
    18000000, 36000000, 50400000, 72000000};

static unsigned in_flight_max;

static void
new_world(void)
{
	struct webhook_options o = {
	    .target.name = "webhook hook",
	    .target.max_in_flight = in_flight_max,
	    .target.timeout_ms = 15000,
	    .target.inline_max = 20000,
	    .http = flow_http(),
	    .url = HOOK_URL,
	};
	struct error err;

	assert_int_equal(schedule_parse(SCHEDULE, &o.target.schedule, &err), 0);
	if (webhook_new(&o, &flow.targets[0], &err) == -1)
		fail_msg("%s", err.text);
}

/* The world is open before a test can say what is in it. */
static void
with_hook(unsigned max_in_flight)
{
	in_flight_max = max_in_flight;
	flow.new_world = new_world;
	new_world();
}

static struct peer_step *
expect_hook(void)
{
	return peer_expect("POST", HOOK_URL);
}

static struct delivery *
delivery_on_disk(void)
{
	struct delivery *d = fake_store_delivery(flow.store, flow.delivery);

	assert_non_null(d);
	return d;
}

static void
delivery_must_be(enum delivery_state state, unsigned attempts)
{
	struct delivery *d = delivery_on_disk();

	assert_string_equal(
	    delivery_state_name(d->state), delivery_state_name(state));
	assert_int_equal(d->attempts, attempts);
	assert_int_equal(d->nlog, attempts);
	delivery_free(d);
}

/* An object of `size` bytes under an ETag, as HEAD tells. */
static void
found(struct peer_step *s, const char *size)
{
	char headers[128];

	snprintf(headers, sizeof(headers),
	    "ETag: \"e1\"\nContent-Length: %s\nContent-Type: text/plain", size);
	peer_reply(s, 200, headers, "");
}

static void
bytes(struct peer_step *s, const char *body)
{
	char headers[128];

	snprintf(headers, sizeof(headers),
	    "ETag: \"e1\"\nContent-Length: %zu\nContent-Type: text/plain",
	    strlen(body));
	peer_header(s, "if-match", "\"e1\"");
	peer_reply(s, 200, headers, body);
}

static struct job *
hooked_job(void)
{
	struct job *job = flow_job();

	job->spec.deliver = xstrdup("webhook hook");
	return job;
}

/* A job on its way to DONE, the result being "text"; what the hook answers
 * comes behind this in the script, then go(). */
static struct job *
scripted_job(void)
{
	struct job *job = hooked_job();

	reply_accepted(expect_invoke(1), 1);
	found(expect_head(out_url(1)), "4");
	bytes(peer_expect("GET", out_url(1)), "text");
	return job;
}

static void
go(struct job *job)
{
	flow_submit(job);
	time_passes(500);
}

/* When the hook was called, the first time first. */
static int64_t
called_at(size_t nth)
{
	size_t i, n = 0;

	for (i = 0; peer_seen(i) != NULL; i++) {
		if (str_eq(peer_seen(i)->url, HOOK_URL) && n++ == nth)
			return peer_seen(i)->at;
	}
	return -1;
}

static const struct peer_seen *
call(size_t nth)
{
	size_t i, n = 0;

	for (i = 0; peer_seen(i) != NULL; i++) {
		if (str_eq(peer_seen(i)->url, HOOK_URL) && n++ == nth)
			return peer_seen(i);
	}
	return NULL;
}

/* --- the way ------------------------------------------------------- */

static void
a_result_is_delivered_once_with_its_bytes(void **state)
{
	struct job *job = hooked_job();
	struct delivery *d;

	(void)state;
	with_hook(8);
	reply_accepted(expect_invoke(1), 1);
	found(expect_head(out_url(1)), "4");
	bytes(peer_expect("GET", out_url(1)), "text");
	peer_reply(expect_hook(), 204, "", "");
	flow_submit(job);
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
	delivery_must_be(DELIVERY_DELIVERED, 1);
	assert_non_null(strstr(call(0)->body, "\"result\":\"text\""));
	assert_non_null(strstr(call(0)->body, "\"inference.completed\""));
	assert_string_equal(on_disk()->result_sha256,
	    "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1");
	d = delivery_on_disk();
	assert_int_equal(d->log[0].outcome, ATTEMPT_OK);
	assert_int_equal(d->log[0].status, 204);
	assert_string_equal(d->event, "inference.completed");
	delivery_free(d);
	time_passes(INT64_C(86400000) * 30);
	assert_int_equal(
	    log_lines("delivery=", "from=waiting to=delivered"), 1);
}

static void
a_job_without_targets_is_delivered_to_nobody(void **state)
{
	struct job *job = flow_job();

	(void)state;
	with_hook(8);
	reply_accepted(expect_invoke(1), 1);
	reply_found(expect_head(out_url(1)));
	flow_submit(job);
	time_passes(86400000);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(on_disk()->ndeliveries, 0);
}

static void
a_failure_is_delivered_with_its_words(void **state)
{
	struct job *job = hooked_job();

	(void)state;
	with_hook(8);
	reply_accepted(expect_invoke(1), 1);
	reply_missing(expect_head(out_url(1)));
	found(expect_head(FAILURE_URL), "9");
	bytes(peer_expect("GET", FAILURE_URL), "no paper!");
	peer_reply(expect_hook(), 200, "", "thanks");
	flow_submit(job);
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_FAILED);
	assert_non_null(strstr(call(0)->body, "inference.failed"));
	assert_non_null(strstr(call(0)->body, "no paper!"));
	delivery_must_be(DELIVERY_DELIVERED, 1);
}

static void
a_large_result_is_named_and_not_sent(void **state)
{
	struct job *job = hooked_job();

	(void)state;
	with_hook(8);
	reply_accepted(expect_invoke(1), 1);
	found(expect_head(out_url(1)), "20001");
	peer_reply(expect_hook(), 200, "", "");
	flow_submit(job);
	time_passes(500);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_null(strstr(call(0)->body, "\"result"));
	assert_non_null(strstr(call(0)->body, out_uri(1)));
	assert_non_null(strstr(call(0)->body, "20001"));
}

static void
a_result_that_changes_while_it_is_read_is_read_again(void **state)
{
	struct job *job = hooked_job();

	(void)state;
	with_hook(8);
	reply_accepted(expect_invoke(1), 1);
	found(expect_head(out_url(1)), "4");
	peer_reply(peer_expect("GET", out_url(1)), 412, "",
	    "<Error><Code>PreconditionFailed</Code></Error>");
	reply_missing(expect_head(FAILURE_URL));
	flow_submit(job);
	time_passes(500);
	must_be(JOB_PENDING, OUTCOME_NONE);
	assert_null(on_disk()->result_location);
	found(expect_head(out_url(1)), "4");
	bytes(peer_expect("GET", out_url(1)), "late");
	peer_reply(expect_hook(), 200, "", "");
	time_passes(600);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_non_null(strstr(call(0)->body, "\"result\":\"late\""));
}

/* --- when it fails ------------------------------------------------- */

static void
a_receiver_that_is_down_for_an_hour_is_met_where_the_schedule_says(void **state)
{
	struct job *job;
	int64_t at, hour;
	size_t i;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_fail(peer_always("POST", HOOK_URL), ERR_NET, "connection refused",
	    false);
	go(job);
	hour = clock_wall_ms() + 3600000;
	time_passes(3600000);
	/* 0, 5 s, 35 s, 2:35, 7:35, 37:35; the next would be at 2:37:35. */
	assert_int_equal(called_at(5), hour - 3600000 + 2255000);
	assert_int_equal(called_at(6), -1);
	at = called_at(0);
	for (i = 0; i < 5; i++) {
		at += delays[i];
		assert_int_equal(called_at(i + 1), at);
	}
	delivery_must_be(DELIVERY_WAITING, 6);
	peer_reply(expect_hook(), 200, "", "");
	time_passes(7200000);
	delivery_must_be(DELIVERY_DELIVERED, 7);
	assert_int_equal(called_at(6), at + delays[5]);
	for (i = 1; i < 7; i++)
		assert_string_equal(call(i)->body, call(0)->body);
}

static void
the_schedule_ends_and_the_delivery_is_dead(void **state)
{
	struct job *job;
	int64_t at;
	size_t i;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(peer_always("POST", HOOK_URL), 500, "", "no");
	go(job);
	time_passes(INT64_C(86400000) * 10);
	delivery_must_be(DELIVERY_DEAD, 11);
	at = called_at(0);
	for (i = 0; i < 10; i++)
		at += delays[i];
	assert_int_equal(called_at(10), at);
	assert_int_equal(called_at(11), -1);
	assert_int_equal(log_lines("delivery=", "from=waiting to=dead"), 1);
	/* The job itself is what it was. */
	must_be(JOB_DONE, OUTCOME_OK);
}

static void
a_redirect_is_a_failure_and_is_not_followed(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(expect_hook(), 301, "Location: http://elsewhere.test/", "");
	go(job);
	delivery_must_be(DELIVERY_WAITING, 1);
	peer_reply(expect_hook(), 200, "", "");
	time_passes(5000);
	delivery_must_be(DELIVERY_DELIVERED, 2);
}

static void
gone_ends_it_at_once(void **state)
{
	struct job *job;
	struct delivery *d;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(expect_hook(), 410, "", "we moved");
	go(job);
	delivery_must_be(DELIVERY_DEAD, 1);
	d = delivery_on_disk();
	assert_int_equal(d->log[0].status, 410);
	assert_string_equal(d->log[0].response, "we moved");
	delivery_free(d);
	time_passes(INT64_C(86400000) * 10);
	assert_int_equal(called_at(1), -1);
}

static void
retry_after_is_waited_for_within_bounds(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(expect_hook(), 429, "Retry-After: 60", "");
	go(job);
	/* Longer than the 5 s of the schedule. */
	peer_reply(expect_hook(), 503, "Retry-After: 1", "");
	time_passes(60000);
	assert_int_equal(called_at(1), called_at(0) + 60000);
	/* Shorter than its 30 s, which stay. */
	peer_reply(expect_hook(), 429, "Retry-After: 86400", "");
	time_passes(30000);
	assert_int_equal(called_at(2), called_at(1) + 30000);
	/* A day is too much: an hour. */
	peer_reply(expect_hook(), 200, "", "");
	time_passes(3600000);
	assert_int_equal(called_at(3), called_at(2) + 3600000);
	delivery_must_be(DELIVERY_DELIVERED, 4);
}

static void
jitter_spreads_by_a_fifth_to_both_sides(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	fake_random_set_unit(0);
	peer_reply(peer_always("POST", HOOK_URL), 500, "", "");
	go(job);
	time_passes(4000);
	assert_int_equal(called_at(1), called_at(0) + 4000);
	fake_random_set_unit(0.999999);
	time_passes(1);
	time_passes(24000 + 144000);
	/* That of the second failure was drawn with the old unit. */
	assert_int_equal(called_at(2), called_at(1) + 24000);
	assert_in_range(
	    called_at(3), called_at(2) + 143900, called_at(2) + 144000);
}

static void
a_slow_receiver_holds_its_own_lane_only(void **state)
{
	unsigned i;

	(void)state;
	with_hook(2);
	peer_always("POST", HOOK_URL); /* held for ever */
	for (i = 0; i < 5; i++)
		go(scripted_job());
	assert_int_equal(peer_count("POST", HOOK_URL), 2);
}

/* --- crashes ------------------------------------------------------- */

static void
an_attempt_cut_short_is_recorded_and_made_again_with_the_same_bytes(
    void **state)
{
	struct job *job;
	struct delivery *d;
	int64_t restarted;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_header(expect_hook(), "awaitd-attempt", "1"); /* no answer */
	go(job);
	restart();
	restarted = clock_wall_ms();
	d = delivery_on_disk();
	assert_int_equal(d->log[0].outcome, ATTEMPT_INTERRUPTED);
	assert_int_not_equal(d->log[0].started_at, 0);
	assert_int_equal(d->interruptions, 1);
	assert_int_equal(d->failures, 0);
	delivery_free(d);
	{
		struct peer_step *s = expect_hook();

		peer_header(s, "webhook-id", flow.delivery);
		peer_header(s, "awaitd-attempt", "2");
		peer_reply(s, 200, "", "");
	}
	time_passes(1000);
	assert_int_equal(called_at(1), restarted + 1000);
	assert_string_equal(call(0)->body, call(1)->body);
	delivery_must_be(DELIVERY_DELIVERED, 2);
}

static void
interruptions_wait_longer_each_time(void **state)
{
	struct job *job;
	unsigned i;

	(void)state;
	with_hook(8);
	job = scripted_job();
	expect_hook();
	go(job);
	for (i = 0; i < 4; i++) {
		int64_t at;

		restart();
		at = clock_wall_ms();
		expect_hook();
		time_passes(INT64_C(1000) << i);
		assert_int_equal(called_at(i + 1), at + (INT64_C(1000) << i));
	}
}

static void
the_schedule_goes_on_over_a_restart(void **state)
{
	struct job *job;
	int64_t at;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(expect_hook(), 500, "", "");
	peer_reply(expect_hook(), 500, "", "");
	go(job);
	time_passes(5000);
	time_passes(10000);
	restart();
	at = called_at(1);
	peer_reply(expect_hook(), 200, "", "");
	time_passes(19999);
	assert_int_equal(called_at(2), -1);
	time_passes(1);
	assert_int_equal(called_at(2), at + 30000);
	delivery_must_be(DELIVERY_DELIVERED, 3);
}

static bool dies_now;

/* Between the attempt's record and its first byte. */
static bool
die_before_the_hook(const char *method, const char *url,
    const struct headers *headers, void *arg)
{
	(void)method;
	(void)headers;
	(void)arg;
	return !(dies_now && str_eq(url, HOOK_URL));
}

static void
an_attempt_that_never_left_costs_no_copy(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	flow.before = die_before_the_hook;
	dies_now = true;
	go(job);
	dies_now = false;
	restart();
	peer_reply(expect_hook(), 200, "", "");
	time_passes(1000);
	delivery_must_be(DELIVERY_DELIVERED, 2);
	assert_int_equal(peer_count("POST", HOOK_URL), 1);
}

/* --- replay -------------------------------------------------------- */

static void
replay(void)
{
	struct delivery *d = delivery_on_disk();

	flow.replays += d->state != DELIVERY_WAITING;
	engine_replay(flow.engine, d);
	time_passes(0);
}

static struct peer_step *
expect_replay(const char *attempt)
{
	struct peer_step *s = expect_hook();

	peer_header(s, "webhook-id", flow.delivery);
	peer_header(s, "awaitd-attempt", attempt);
	peer_header(s, "awaitd-replay", "1");
	return s;
}

static void
a_dead_delivery_is_replayed_with_its_id_and_bytes(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(expect_hook(), 410, "", "");
	go(job);
	delivery_must_be(DELIVERY_DEAD, 1);
	peer_reply(expect_replay("2"), 200, "", "");
	replay();
	delivery_must_be(DELIVERY_DELIVERED, 2);
	assert_string_equal(call(0)->body, call(1)->body);
}

static void
a_replay_of_what_was_delivered_begins_the_schedule_anew(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(expect_hook(), 200, "", "");
	go(job);
	peer_reply(expect_replay("2"), 500, "", "");
	replay();
	delivery_must_be(DELIVERY_WAITING, 2);
	peer_header(expect_hook(), "awaitd-replay", NULL);
	time_passes(5000);
	assert_int_equal(called_at(2), called_at(1) + 5000);
}

static void
a_replay_of_what_waits_is_made_now(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(expect_hook(), 500, "", "");
	go(job);
	peer_reply(expect_replay("2"), 200, "", "");
	replay();
	delivery_must_be(DELIVERY_DELIVERED, 2);
}

static void
a_replay_in_the_middle_of_an_attempt_is_that_attempt(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(peer_delay(expect_hook(), 2000), 200, "", "");
	go(job);
	replay();
	time_passes(2000);
	delivery_must_be(DELIVERY_DELIVERED, 1);
}

/* --- what is not there --------------------------------------------- */

static void
a_target_that_left_the_configuration_is_waited_for(void **state)
{
	struct job *job = hooked_job();

	(void)state;
	reply_accepted(expect_invoke(1), 1);
	found(expect_head(out_url(1)), "4");
	go(job);
	delivery_must_be(DELIVERY_WAITING, 0);
	time_passes(86400000);
	delivery_must_be(DELIVERY_WAITING, 0);
	assert_int_equal(log_lines("[webhook hook]", NULL), 1);
	with_hook(8);
	peer_reply(expect_hook(), 200, "", "");
	time_passes(60000);
	delivery_must_be(DELIVERY_DELIVERED, 1);
}

static void
two_targets_get_a_delivery_each(void **state)
{
	struct job *job;
	const struct job *done;

	(void)state;
	with_hook(8);
	job = scripted_job();
	free(job->spec.deliver);
	job->spec.deliver = xstrdup("webhook hook, webhook other");
	peer_reply(expect_hook(), 200, "", "");
	go(job);
	done = on_disk();
	assert_int_equal(done->ndeliveries, 2);
	assert_string_not_equal(
	    done->deliveries[0]->id, done->deliveries[1]->id);
}

static void
waiting_for_a_retry_writes_nothing(void **state)
{
	struct job *job;

	(void)state;
	with_hook(8);
	job = scripted_job();
	peer_reply(peer_always("POST", HOOK_URL), 500, "", "");
	go(job);
	time_passes(2255000);
	delivery_must_be(DELIVERY_WAITING, 6);
	flow.replays = 0;
	fake_store_break(flow.store);
	time_passes(7000000);
	assert_int_equal(flow.events[ENGINE_BROKEN], 0);
}

/* --- cancelling ---------------------------------------------------- */

static void
a_pending_job_is_given_up_and_that_is_delivered(void **state)
{
	struct job *job = hooked_job();

	(void)state;
	with_hook(8);
	reply_accepted(expect_invoke(1), 1);
	peer_reply(expect_hook(), 200, "", "");
	flow_submit(job);
	assert_int_equal(engine_cancel(flow.engine, flow.id), 0);
	time_passes(86400000);
	must_be(JOB_DONE, OUTCOME_CANCELLED);
	assert_non_null(strstr(call(0)->body, "inference.cancelled"));
	assert_int_equal(engine_cancel(flow.engine, flow.id), -1);
	assert_null(engine_find(flow.engine, flow.id));
}

static void
a_submission_under_way_is_broken_off_as_a_doubt(void **state)
{
	struct job *job = flow_job();

	(void)state;
	expect_invoke(1); /* no answer */
	flow_submit(job);
	assert_int_equal(engine_cancel(flow.engine, flow.id), 0);
	time_passes(86400000);
	must_be(JOB_DONE, OUTCOME_CANCELLED);
	assert_int_equal(on_disk()->subs[0].fate, SUB_DOUBT);
}

static void
a_job_that_is_being_written_is_given_up_behind_the_write(void **state)
{
	(void)state;
	engine_submit(flow.engine, flow_job());
	assert_int_equal(engine_cancel(flow.engine, flow.id), 0);
	time_passes(86400000);
	must_be(JOB_DONE, OUTCOME_CANCELLED);
	assert_int_equal(peer_count("POST", "*"), 0);
}

static void
many_jobs_take_turns(void **state)
{
	unsigned i;

	(void)state;
	peer_always("POST", "*"); /* held */
	for (i = 0; i < 300; i++)
		engine_submit(flow.engine, flow_job());
	time_passes(1000);
	assert_int_equal(peer_count("POST", "*"), 256);
	for (i = 0; i < 300; i++)
		if (engine_find(flow.engine, flow.id) != NULL)
			engine_cancel(flow.engine, flow.id);
}

/* --- wherever it dies ---------------------------------------------- */

/* A service with a result at once, and a receiver that fails at first. */
static struct {
	char name[40];
	unsigned calls;
	unsigned taken; /* with 200 */
	size_t begun; /* what was seen before */
} world;

static void
answer_hook(struct peer_answer *out)
{
	bool ok = world.calls++ > 0;

	out->status = ok ? 200 : 500;
	world.taken += ok;
}

static void
answer(const char *method, const char *url, const struct headers *h,
    struct peer_answer *out, void *arg)
{
	const char *ext =
	    headers_get(h, "x-amzn-sagemaker-s3outputpathextension");
	const char *name = headers_get(h, "x-amzn-sagemaker-filename");
	bool there = *world.name != '\0' && str_ends(url, world.name);

	(void)arg;
	if (str_eq(url, HOOK_URL)) {
		answer_hook(out);
	} else if (str_eq(method, "POST")) {
		snprintf(world.name, sizeof(world.name), "%s", name);
		out->status = 202;
		snprintf(out->headers, sizeof(out->headers),
		    "x-amzn-sagemaker-outputlocation: s3://out/res/%s/%s", ext,
		    name);
	} else {
		out->status = there ? 200 : 404;
		snprintf(out->headers, sizeof(out->headers),
		    "ETag: \"x\"\nContent-Length: 4");
		if (str_eq(method, "GET"))
			snprintf(out->body, sizeof(out->body), "text");
	}
}

static int countdown;
static bool died;

static bool
step(void)
{
	if (countdown < 0 || countdown-- > 0)
		return true;
	died = true;
	return false;
}

static bool
on_write(const char *when, void *arg)
{
	(void)when;
	(void)arg;
	return step();
}

static bool
on_leaving(
    const char *method, const char *url, const struct headers *h, void *arg)
{
	(void)method;
	(void)url;
	(void)h;
	(void)arg;
	return step();
}

static void
live_and_die(int at)
{
	memset(&world, 0, sizeof(world));
	while (peer_seen(world.begun) != NULL)
		world.begun++;
	died = false;
	countdown = at;
	fake_store_watch(flow.store, on_write, NULL);
	flow.before = flow.after = on_leaving;
	engine_submit(flow.engine, hooked_job());
	time_passes(600000);
	if (!died)
		return;
	flow_die();
	flow_take_up();
	time_passes(600000);
}

/* Every copy that left is one of the journal's attempts, with its bytes. */
static void
check_copies(const struct delivery *d)
{
	const struct peer_seen *first = NULL, *s;
	unsigned ok = 0, interrupted = 0, copies = 0;
	size_t i;

	for (i = world.begun; (s = peer_seen(i)) != NULL; i++) {
		if (!str_eq(s->url, HOOK_URL))
			continue;
		if (first == NULL)
			first = s;
		assert_string_equal(s->body, first->body);
		copies++;
	}
	for (i = 0; i < d->nlog; i++) {
		ok += d->log[i].outcome == ATTEMPT_OK;
		interrupted += d->log[i].outcome == ATTEMPT_INTERRUPTED;
	}
	assert_int_equal(ok, 1);
	assert_int_equal(interrupted, d->interruptions);
	assert_in_range(interrupted, 0, 1);
	assert_in_range(copies, d->nlog - interrupted, d->nlog);
	assert_in_range(world.taken, 1, 1 + interrupted);
}

static void
wherever_it_dies_it_is_delivered_and_the_journal_explains_each_copy(
    void **state)
{
	struct delivery *d;
	bool more = true;
	unsigned cut = 0;
	int at;

	(void)state;
	with_hook(8);
	peer_serve(answer, NULL);
	for (at = 0; more; at++) {
		live_and_die(at);
		more = died;
		if (on_disk() == NULL) {
			assert_int_equal(at, 0);
			continue;
		}
		must_be(JOB_DONE, OUTCOME_OK);
		assert_int_equal(on_disk()->ndeliveries, 1);
		d = fake_store_delivery(
		    flow.store, on_disk()->deliveries[0]->id);
		assert_int_equal(d->state, DELIVERY_DELIVERED);
		check_copies(d);
		cut += d->interruptions;
		delivery_free(d);
	}
	assert_in_range(at, 20, 120);
	assert_in_range(cut, 6, 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(a_result_is_delivered_once_with_its_bytes),
	    FLOW_TEST(a_job_without_targets_is_delivered_to_nobody),
	    FLOW_TEST(a_failure_is_delivered_with_its_words),
	    FLOW_TEST(a_large_result_is_named_and_not_sent),
	    FLOW_TEST(a_result_that_changes_while_it_is_read_is_read_again),
	    FLOW_TEST(
		a_receiver_that_is_down_for_an_hour_is_met_where_the_schedule_says),
	    FLOW_TEST(the_schedule_ends_and_the_delivery_is_dead),
	    FLOW_TEST(a_redirect_is_a_failure_and_is_not_followed),
	    FLOW_TEST(gone_ends_it_at_once),
	    FLOW_TEST(retry_after_is_waited_for_within_bounds),
	    FLOW_TEST(jitter_spreads_by_a_fifth_to_both_sides),
	    FLOW_TEST(a_slow_receiver_holds_its_own_lane_only),
	    FLOW_TEST(
		an_attempt_cut_short_is_recorded_and_made_again_with_the_same_bytes),
	    FLOW_TEST(interruptions_wait_longer_each_time),
	    FLOW_TEST(the_schedule_goes_on_over_a_restart),
	    FLOW_TEST(an_attempt_that_never_left_costs_no_copy),
	    FLOW_TEST(a_dead_delivery_is_replayed_with_its_id_and_bytes),
	    FLOW_TEST(a_replay_of_what_was_delivered_begins_the_schedule_anew),
	    FLOW_TEST(a_replay_of_what_waits_is_made_now),
	    FLOW_TEST(a_replay_in_the_middle_of_an_attempt_is_that_attempt),
	    FLOW_TEST(a_target_that_left_the_configuration_is_waited_for),
	    FLOW_TEST(two_targets_get_a_delivery_each),
	    FLOW_TEST(waiting_for_a_retry_writes_nothing),
	    FLOW_TEST(a_pending_job_is_given_up_and_that_is_delivered),
	    FLOW_TEST(a_submission_under_way_is_broken_off_as_a_doubt),
	    FLOW_TEST(a_job_that_is_being_written_is_given_up_behind_the_write),
	    FLOW_TEST(many_jobs_take_turns),
	    FLOW_TEST(
		wherever_it_dies_it_is_delivered_and_the_journal_explains_each_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
