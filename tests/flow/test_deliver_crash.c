/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process dies with deliveries under way: each arrives in the end, under
 * one id with the same bytes, and the journal explains each copy.
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
#include "base/str.h"
#include "tests/support/fake_store.h"
#include "tests/support/flow_hook.h"

/* --- crashes ------------------------------------------------------- */

static void
an_attempt_cut_short_goes_again_with_its_id_and_bytes(void **state)
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
	assert_string_equal(d->log[0].error_class, "died");
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
wherever_it_dies_the_journal_explains_each_copy(void **state)
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
	    FLOW_TEST(an_attempt_cut_short_goes_again_with_its_id_and_bytes),
	    FLOW_TEST(interruptions_wait_longer_each_time),
	    FLOW_TEST(the_schedule_goes_on_over_a_restart),
	    FLOW_TEST(an_attempt_that_never_left_costs_no_copy),
	    FLOW_TEST(wherever_it_dies_the_journal_explains_each_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
