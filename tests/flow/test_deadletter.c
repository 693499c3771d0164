/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deliveries that are given up: whatever was the cause, the one who wants to
 * hear of that does, once for each run through the schedule, wherever the
 * process dies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/webhook.h"
#include "tests/support/fake_store.h"
#include "tests/support/flow_hook.h"
#include "tests/support/flow_probe.h"

#define OPS_URL "http://ops.test/in"
#define WEEK_MS INT64_C(604800000)
#define BASE64_OF_FF "/////w=="

static const char *const networks[] = {"127.0.0.0/8", NULL};
static void (*other_targets)(void);
static enum delivery_format ops_format;

static void
add_ops(void)
{
	struct webhook_options o = {
	    .target.name = "webhook ops",
	    .target.format = ops_format,
	    .target.max_in_flight = 8,
	    .target.timeout_ms = 15000,
	    .target.schedule = {.delay_ms = {5000, 30000}, .n = 2},
	    .loop = flow.loop,
	    .url = OPS_URL,
	    .allow_networks = networks,
	};
	struct error err;
	size_t i = 0;

	while (flow.targets[i] != NULL)
		i++;
	if (webhook_new(&o, &flow.targets[i], &err) == -1)
		fail_msg("%s", err.text);
}

static void
new_world(void)
{
	other_targets();
	add_ops();
}

/* Beside the targets that there are. */
static void
with_ops(enum delivery_format format)
{
	ops_format = format;
	other_targets = flow.new_world;
	flow.new_world = new_world;
	flow.dead_letter = "webhook ops";
	add_ops();
}

static void
with_both(void)
{
	with_hook(8);
	with_ops(DELIVERY_PLAIN);
}

static const struct peer_seen *
told(size_t nth)
{
	size_t i, n = 0;

	for (i = 0; peer_seen(i) != NULL; i++) {
		if (str_eq(peer_seen(i)->url, OPS_URL) && n++ == nth)
			return peer_seen(i);
	}
	return NULL;
}

static void
ops_says(int status)
{
	peer_reply(peer_expect("POST", OPS_URL), status, "", "");
}

/* The delivery to the hook or the probe; and what tells of it, or NULL. Both
 * the caller's. */
static struct delivery *
original(void)
{
	return fake_store_delivery(flow.store, on_disk()->deliveries[0]->id);
}

static struct delivery *
telling(size_t nth)
{
	const struct job *job = on_disk();

	return job->ndeliveries > nth + 1
	    ? fake_store_delivery(flow.store, job->deliveries[nth + 1]->id)
	    : NULL;
}

static void
must_say(const struct peer_seen *s, const char *text)
{
	assert_non_null(s);
	if (strstr(s->body, text) == NULL)
		fail_msg("%s is not in %s", text, s->body);
}

/* As a member of a JSON object that is itself a string. */
static void
must_carry(const struct peer_seen *s, const struct peer_seen *carried)
{
	struct jsonw w;
	struct buf b;

	buf_init(&b, 65536);
	jsonw_init(&w, &b);
	jsonw_str(&w, "original", carried->body);
	must_say(s, b.data);
	buf_done(&b);
}

/* --- each cause ----------------------------------------------------- */

static void
what_is_gone_is_told_with_its_bytes(void **state)
{
	struct delivery *d, *t;
	struct job *job;

	(void)state;
	with_both();
	job = scripted_job();
	peer_reply(expect_hook(), 410, "", "be off");
	ops_says(200);
	go(job);
	d = original();
	t = telling(0);
	assert_int_equal(d->state, DELIVERY_DEAD);
	assert_int_equal(d->last_status, 410);
	assert_int_equal(t->state, DELIVERY_DELIVERED);
	assert_string_equal(t->about, d->id);
	assert_string_equal(t->event, "delivery.failed");
	assert_int_equal(t->created_at, d->ended_at);
	must_say(told(0), "{\"type\":\"delivery.failed\",\"timestamp\":\"");
	must_say(told(0), d->id);
	must_say(told(0), d->body_sha256);
	must_say(told(0), "\"target\":\"webhook hook\"");
	must_say(told(0), "\"event\":\"inference.completed\"");
	must_say(told(0), "\"endpoint\":\"ocr\"");
	must_say(told(0), "\"attempts\":1,");
	must_say(told(0), "\"status\":410,\"response\":\"be off\"");
	must_carry(told(0), call(0));
	assert_int_equal(log_lines(t->id, d->id), 1);
	delivery_free(d);
	delivery_free(t);
}

static void
what_the_schedule_gave_up_is_told(void **state)
{
	struct delivery *d;
	struct job *job;

	(void)state;
	with_both();
	job = scripted_job();
	peer_reply(peer_always("POST", HOOK_URL), 503, "", "");
	ops_says(200);
	go(job);
	time_passes(WEEK_MS);
	d = original();
	assert_int_equal(d->state, DELIVERY_DEAD);
	assert_int_equal(d->attempts, 11);
	assert_int_equal(d->last_status, 503);
	must_say(told(0), "\"attempts\":11,");
	must_say(told(0), "\"note\":\"");
	must_carry(told(0), call(0));
	delivery_free(d);
}

static void
a_result_that_vanished_is_told_by_its_place(void **state)
{
	struct delivery *t;
	struct job *job;
	char place[256];

	(void)state;
	with_probe();
	with_ops(DELIVERY_PLAIN);
	job = probed_job();
	reply_accepted(expect_invoke(1), 1);
	found(expect_head(out_url(1)), "70000");
	peer_reply(peer_expect("GET", out_url(1)), 404, "",
	    "<Error><Code>NoSuchKey</Code></Error>");
	ops_says(200);
	go(job);
	t = telling(0);
	assert_int_equal(t->state, DELIVERY_DELIVERED);
	assert_false(t->by_reference);
	snprintf(
	    place, sizeof(place), "\"original_location\":\"%s\"", out_uri(1));
	must_say(told(0), place);
	must_say(told(0), "\"size\":70000");
	must_say(told(0), "\"note\":\"read the result");
	assert_null(strstr(told(0)->body, "\"status\""));
	delivery_free(t);
}

static void
a_target_that_takes_nothing_is_told_in_the_end(void **state)
{
	struct job *job;

	(void)state;
	with_probe();
	probe.refuses = true;
	with_ops(DELIVERY_PLAIN);
	job = probed_job();
	reply_accepted(expect_invoke(1), 1);
	found(expect_head(out_url(1)), "4");
	bytes(peer_expect("GET", out_url(1)), "\xff\xff\xff\xff");
	ops_says(200);
	go(job);
	time_passes(WEEK_MS);
	must_say(told(0), "\"attempts\":3,");
	must_say(told(0), "\"note\":\"nothing works\"");
	must_say(told(0), "\"original_base64\":\"" BASE64_OF_FF "\"");
}

/* --- what is not told ----------------------------------------------- */

static void
what_somebody_gave_up_is_not_told(void **state)
{
	struct delivery *d;
	struct job *job;

	(void)state;
	with_both();
	job = scripted_job();
	peer_reply(expect_hook(), 500, "", "");
	go(job);
	engine_give_up_delivery(flow.engine, original());
	flow.replays++;
	time_passes(WEEK_MS);
	d = original();
	assert_int_equal(d->state, DELIVERY_DEAD);
	delivery_free(d);
	assert_int_equal(on_disk()->ndeliveries, 1);
}

static void
of_what_tells_nothing_is_told(void **state)
{
	struct delivery *t;
	struct job *job;

	(void)state;
	with_both();
	job = scripted_job();
	peer_reply(expect_hook(), 410, "", "");
	ops_says(500);
	ops_says(500);
	ops_says(500);
	go(job);
	time_passes(WEEK_MS);
	t = telling(0);
	assert_int_equal(t->state, DELIVERY_DEAD);
	delivery_free(t);
	assert_int_equal(on_disk()->ndeliveries, 2);
	assert_string_equal(told(0)->body, told(2)->body);
}

static void
where_nobody_wants_to_hear_nobody_is_told(void **state)
{
	struct job *job;

	(void)state;
	with_both();
	flow.dead_letter = NULL;
	job = scripted_job();
	peer_reply(expect_hook(), 410, "", "");
	go(job);
	time_passes(WEEK_MS);
	assert_int_equal(on_disk()->ndeliveries, 1);
}

static void
what_was_delivered_is_not_told(void **state)
{
	struct job *job;

	(void)state;
	with_both();
	job = scripted_job();
	peer_reply(expect_hook(), 500, "", "");
	peer_reply(expect_hook(), 200, "", "");
	go(job);
	time_passes(WEEK_MS);
	assert_int_equal(on_disk()->ndeliveries, 1);
}

/* --- again ---------------------------------------------------------- */

static void
a_second_death_is_told_anew(void **state)
{
	struct delivery *a, *b;
	struct job *job;

	(void)state;
	with_probe();
	probe.refuses = true;
	with_ops(DELIVERY_PLAIN);
	job = probed_job();
	reply_accepted(expect_invoke(1), 1);
	found(expect_head(out_url(1)), "4");
	bytes(peer_expect("GET", out_url(1)), "text");
	ops_says(200);
	go(job);
	time_passes(WEEK_MS);
	ops_says(200);
	engine_replay(flow.engine, original());
	flow.replays++;
	time_passes(WEEK_MS);
	a = telling(0);
	b = telling(1);
	assert_non_null(b);
	assert_string_not_equal(a->id, b->id);
	assert_string_equal(a->about, b->about);
	must_say(told(0), "\"attempts\":3,");
	must_say(told(1), "\"attempts\":6,");
	assert_int_equal(on_disk()->ndeliveries, 3);
	delivery_free(a);
	delivery_free(b);
}

/* --- as it is wanted ------------------------------------------------ */

static void
it_is_a_cloudevent_where_that_is_wanted(void **state)
{
	struct delivery *t;
	struct job *job;

	(void)state;
	with_hook(8);
	with_ops(DELIVERY_CE_STRUCTURED);
	job = scripted_job();
	job->spec.traceparent = xstrdup("00-1-2-01");
	peer_reply(expect_hook(), 410, "", "");
	ops_says(200);
	go(job);
	t = telling(0);
	assert_string_equal(t->content_type, "application/cloudevents+json");
	assert_int_equal(t->format, DELIVERY_CE_STRUCTURED);
	must_say(told(0), "{\"specversion\":\"1.0\",\"id\":\"msg_");
	must_say(told(0), t->id);
	must_say(told(0), "\"type\":\"delivery.failed\"");
	must_say(told(0), "\"source\":\"/awaitd/us-east-1/ocr\"");
	must_say(told(0), "\"traceparent\":\"00-1-2-01\"");
	must_say(told(0), "\"data\":{\"delivery\":\"msg_");
	delivery_free(t);
}

static void
in_binary_mode_the_body_is_the_data(void **state)
{
	struct delivery *t;
	struct job *job;

	(void)state;
	with_hook(8);
	with_ops(DELIVERY_CE_BINARY);
	job = scripted_job();
	peer_reply(expect_hook(), 410, "", "");
	ops_says(200);
	go(job);
	t = telling(0);
	assert_string_equal(t->content_type, "application/json");
	assert_int_equal(strncmp(told(0)->body, "{\"delivery\":\"msg_", 17), 0);
	delivery_free(t);
}

static void
who_is_not_there_yet_is_told_later(void **state)
{
	struct delivery *t;
	struct job *job;

	(void)state;
	with_hook(8);
	flow.dead_letter = "webhook ops";
	job = scripted_job();
	peer_reply(expect_hook(), 410, "", "");
	go(job);
	t = telling(0);
	assert_int_equal(t->state, DELIVERY_WAITING);
	assert_int_equal(t->attempts, 0);
	delivery_free(t);
	ops_says(200);
	add_ops();
	engine_targets_changed(flow.engine);
	time_passes(1000);
	t = telling(0);
	assert_int_equal(t->state, DELIVERY_DELIVERED);
	delivery_free(t);
}

/* --- wherever it dies ----------------------------------------------- */

static int countdown;
static bool died;
static char uploaded[40];

/* What is dead is told of, and nothing else is: at each moment. */
static void
check_disk(void)
{
	const struct job *job = on_disk();
	char id[DELIVERY_ID_SIZE];
	struct delivery *t;

	if (job == NULL || job->ndeliveries == 0)
		return;
	assert_int_equal(job->ndeliveries,
	    job->deliveries[0]->state == DELIVERY_DEAD ? 2 : 1);
	memcpy(id, job->deliveries[0]->id, sizeof(id));
	t = telling(0);
	if (t != NULL) {
		assert_string_equal(t->about, id);
		assert_non_null(t->body);
	}
	delivery_free(t);
}

static bool
step(void)
{
	check_disk();
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
answer(const char *method, const char *url, const struct headers *h,
    struct peer_answer *out, void *arg)
{
	const char *name = headers_get(h, "x-amzn-sagemaker-filename");

	(void)arg;
	if (str_eq(url, OPS_URL)) {
		out->status = 200;
	} else if (str_eq(method, "POST")) {
		snprintf(uploaded, sizeof(uploaded), "%s", name);
		out->status = 202;
		snprintf(out->headers, sizeof(out->headers),
		    "x-amzn-sagemaker-outputlocation: s3://out/res/%s/%s",
		    headers_get(h, "x-amzn-sagemaker-s3outputpathextension"),
		    name);
	} else {
		out->status =
		    *uploaded != '\0' && str_ends(url, uploaded) ? 200 : 404;
		snprintf(out->headers, sizeof(out->headers),
		    "ETag: \"x\"\nContent-Length: 4");
		if (str_eq(method, "GET"))
			snprintf(out->body, sizeof(out->body), "text");
	}
}

static void
live_and_die(int at)
{
	uploaded[0] = '\0';
	died = false;
	countdown = at;
	fake_store_watch(flow.store, on_write, NULL);
	flow.before = flow.after = on_leaving;
	engine_submit(flow.engine, probed_job());
	time_passes(600000);
	if (!died)
		return;
	flow_die();
	flow_take_up();
	time_passes(600000);
}

static void
must_be_bytes(const struct peer_seen *s, const struct delivery *d)
{
	assert_int_equal(s->body_len, d->body_size);
	assert_memory_equal(s->body, d->body, s->body_len);
}

static void
wherever_it_dies_it_is_told_once(void **state)
{
	struct delivery *t;
	bool more = true;
	size_t before, i;
	int at;

	(void)state;
	with_probe();
	probe.refuses = true;
	with_ops(DELIVERY_PLAIN);
	peer_serve(answer, NULL);
	for (at = 0; more; at++) {
		for (before = 0; told(before) != NULL; before++)
			continue;
		live_and_die(at);
		more = died;
		if (on_disk() == NULL)
			continue;
		check_disk();
		t = telling(0);
		assert_int_equal(t->state, DELIVERY_DELIVERED);
		/* Copies are of one event. */
		for (i = before; told(i) != NULL; i++)
			must_be_bytes(told(i), t);
		assert_in_range(i - before, 1, 2);
		delivery_free(t);
	}
	assert_in_range(at, 20, 120);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(what_is_gone_is_told_with_its_bytes),
	    FLOW_TEST(what_the_schedule_gave_up_is_told),
	    FLOW_TEST(a_result_that_vanished_is_told_by_its_place),
	    FLOW_TEST(a_target_that_takes_nothing_is_told_in_the_end),
	    FLOW_TEST(what_somebody_gave_up_is_not_told),
	    FLOW_TEST(of_what_tells_nothing_is_told),
	    FLOW_TEST(where_nobody_wants_to_hear_nobody_is_told),
	    FLOW_TEST(what_was_delivered_is_not_told),
	    FLOW_TEST(a_second_death_is_told_anew),
	    FLOW_TEST(it_is_a_cloudevent_where_that_is_wanted),
	    FLOW_TEST(in_binary_mode_the_body_is_the_data),
	    FLOW_TEST(who_is_not_there_yet_is_told_later),
	    FLOW_TEST(wherever_it_dies_it_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
