/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deliveries in whose attempts the process ends: behind fresh work, with
 * growing delay, and in quarantine when that happens time and again.
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
#include "tests/support/fake_clock.h"
#include "tests/support/fake_store.h"
#include "tests/support/flow_hook.h"
#include "tests/support/flow_probe.h"

#define HOUR_MS INT64_C(3600000)

static char last[DELIVERY_ID_SIZE];

/* The hook answers nobody but those that a test expects. */
static void
with_mute_hook(unsigned max_in_flight)
{
	with_hook(max_in_flight);
	results_at_once();
	peer_always("POST", HOOK_URL);
}

/* A delivery, and its first attempt where there is room. */
static void
made(const char *deliver)
{
	struct job *job = flow_job();

	job->spec.deliver = xstrdup(deliver);
	go(job);
	memcpy(last, flow.delivery, sizeof(last));
}

/* The process dies in an attempt, so often; the next one waits then. */
static void
die_in_it(unsigned times)
{
	unsigned i;

	for (i = 0; i < times; i++) {
		if (i > 0)
			time_passes(INT64_C(1000) << (i - 1));
		restart();
	}
}

static size_t
quarantined(void)
{
	struct engine_counts now;

	engine_count(flow.engine, &now);
	return now.quarantined;
}

static size_t
attempts(void)
{
	struct engine_counts now;

	engine_count(flow.engine, &now);
	return now.attempts;
}

static bool
called_for(size_t nth, const char *delivery)
{
	const struct peer_seen *s = call(nth);
	struct delivery *d = fake_store_delivery(flow.store, delivery);
	bool is = s != NULL && strstr(s->body, d->job_id) != NULL;

	delivery_free(d);
	return is;
}

/* --- behind ---------------------------------------------------------- */

static void
fresh_deliveries_go_before_one_that_was_interrupted(void **state)
{
	char cut[DELIVERY_ID_SIZE], younger[DELIVERY_ID_SIZE];

	(void)state;
	with_mute_hook(1);
	made("webhook hook");
	memcpy(cut, last, sizeof(cut));
	restart();
	/* The lane is full when that one is due. */
	peer_reply(peer_delay(expect_hook(), 5000), 200, "", "");
	made("webhook hook");
	time_passes(2000);
	made("webhook hook");
	memcpy(younger, last, sizeof(younger));
	peer_reply(expect_hook(), 200, "", "");
	peer_reply(expect_hook(), 200, "", "");
	time_passes(6000);
	assert_true(called_for(2, younger));
	assert_true(called_for(3, cut));
}

static void
but_it_does_not_wait_for_ever(void **state)
{
	char cut[DELIVERY_ID_SIZE];

	(void)state;
	with_mute_hook(1);
	made("webhook hook");
	memcpy(cut, last, sizeof(cut));
	restart();
	peer_reply(peer_delay(expect_hook(), 700000), 200, "", "");
	made("webhook hook");
	time_passes(650000);
	made("webhook hook");
	peer_reply(expect_hook(), 200, "", "");
	peer_reply(expect_hook(), 200, "", "");
	time_passes(100000);
	assert_true(called_for(2, cut));
	assert_int_equal(log_lines("delivery=", "to=delivered"), 3);
}

/* Else a process that lives for half a second makes a copy each time. */
static void
its_delay_counts_from_each_start_anew(void **state)
{
	int64_t at;
	unsigned i;

	(void)state;
	with_mute_hook(8);
	made("webhook hook");
	restart();
	for (i = 0; i < 10; i++) {
		time_passes(999);
		flow_die();
		fake_clock_advance(5000);
		flow_take_up();
	}
	at = clock_wall_ms();
	delivery_must_be(DELIVERY_WAITING, 1);
	peer_reply(expect_hook(), 200, "", "");
	time_passes(2000);
	assert_int_equal(called_at(1), at + 1000);
}

static void
so_does_it_in_quarantine_where_it_grows_on(void **state)
{
	int64_t at;

	(void)state;
	with_mute_hook(8);
	made("webhook hook");
	die_in_it(3);
	time_passes(4000);
	restart();
	assert_int_equal(attempts(), 0);
	flow_die();
	fake_clock_advance(HOUR_MS);
	flow_take_up();
	at = clock_wall_ms();
	peer_reply(expect_hook(), 200, "", "");
	time_passes(HOUR_MS);
	assert_int_equal(called_at(4), at + 8000);
}

/* --- quarantine ------------------------------------------------------ */

static void
three_interruptions_are_quarantine_with_an_alarm(void **state)
{
	int64_t at;

	(void)state;
	with_mute_hook(8);
	made("webhook hook");
	die_in_it(2);
	assert_int_equal(quarantined(), 0);
	assert_int_equal(log_lines("in quarantine", NULL), 0);
	time_passes(2000);
	restart();
	at = clock_wall_ms();
	assert_int_equal(quarantined(), 1);
	assert_int_equal(log_lines("in quarantine", flow.delivery), 1);
	assert_int_equal(log_lines("in quarantine", "webhook hook"), 1);
	assert_int_equal(log_lines("in quarantine", "awaitd cancel"), 1);
	/* It is not dropped, and others do not wait for it. */
	peer_reply(expect_hook(), 200, "", "");
	made("webhook hook");
	assert_true(called_at(3) >= at && called_at(3) < at + 4000);
	restart();
	at = clock_wall_ms();
	assert_int_equal(quarantined(), 1);
	assert_int_equal(log_lines("in quarantine", NULL), 1);
	peer_reply(expect_hook(), 200, "", "");
	time_passes(3999);
	assert_int_equal(called_at(4), -1);
	time_passes(1);
	assert_int_equal(called_at(4), at + 4000);
	assert_int_equal(quarantined(), 0);
	assert_int_equal(log_lines("delivery=", "to=delivered"), 2);
}

static void
one_alarm_is_enough(void **state)
{
	(void)state;
	with_mute_hook(8);
	made("webhook hook");
	die_in_it(4);
	assert_int_equal(quarantined(), 1);
	delivery_must_be(DELIVERY_WAITING, 4);
	assert_int_equal(log_lines("result=interrupted", flow.delivery), 4);
	assert_int_equal(log_lines("in quarantine", NULL), 1);
}

static void
those_in_quarantine_go_one_at_a_time(void **state)
{
	unsigned i;

	(void)state;
	with_mute_hook(8);
	for (i = 0; i < 5; i++)
		made("webhook hook");
	assert_int_equal(attempts(), 5);
	die_in_it(3);
	assert_int_equal(quarantined(), 5);
	time_passes(2 * HOUR_MS);
	assert_int_equal(attempts(), 1);
	/* That one was under way, and nobody else is the worse for it. */
	peer_reply(peer_always("POST", HOOK_URL), 200, "", "");
	restart();
	time_passes(HOUR_MS);
	assert_int_equal(quarantined(), 0);
	assert_int_equal(log_lines("delivery=", "to=delivered"), 5);
}

static void (*hook_world)(void);

static void
both_worlds(void)
{
	hook_world();
	probe_add();
}

/* A webhook and an exec; neither answers. */
static void
with_both(void)
{
	with_probe();
	target_unref(flow.targets[0]);
	flow.targets[0] = NULL;
	with_mute_hook(8);
	hook_world = flow.new_world;
	flow.new_world = both_worlds;
	probe_add();
	probe.holds = true;
}

static void
one_at_a_time_over_all_targets(void **state)
{
	(void)state;
	with_both();
	made("exec probe, webhook hook");
	assert_int_equal(attempts(), 2);
	die_in_it(3);
	assert_int_equal(quarantined(), 2);
	probe.holds = false;
	probe.begun = 0;
	peer_reply(peer_delay(expect_hook(), 5000), 200, "", "");
	time_passes(4000);
	assert_int_equal(probe.begun + attempts(), 1 + probe.begun);
	time_passes(5000);
	/* The end of one let the other go. */
	assert_int_equal(probe.begun, 1);
	assert_int_equal(log_lines("delivery=", "to=delivered"), 2);
}

static void
a_target_that_is_gone_holds_up_no_other_in_quarantine(void **state)
{
	(void)state;
	with_both();
	made("webhook hook, exec probe");
	die_in_it(3);
	target_unref(flow.targets[0]);
	flow.targets[0] = flow.targets[1];
	flow.targets[1] = NULL;
	probe.holds = false;
	probe.begun = 0;
	time_passes(10000);
	assert_int_equal(probe.begun, 1);
	assert_int_equal(quarantined(), 1);
}

static void
a_success_ends_it(void **state)
{
	(void)state;
	with_mute_hook(8);
	made("webhook hook");
	die_in_it(3);
	peer_reply(expect_hook(), 200, "", "");
	time_passes(4000);
	delivery_must_be(DELIVERY_DELIVERED, 4);
	/* Again on request: it is one like others then. */
	flow.replays++;
	engine_replay(flow.engine, delivery_on_disk());
	time_passes(0);
	assert_int_equal(attempts(), 1);
	assert_int_equal(quarantined(), 0);
}

static void
seventy_two_hours_without_another_end_it(void **state)
{
	(void)state;
	with_mute_hook(8);
	made("webhook hook");
	die_in_it(3);
	assert_int_equal(quarantined(), 1);
	flow_die();
	fake_clock_advance(72 * HOUR_MS);
	flow_take_up();
	assert_int_equal(quarantined(), 1);
	flow_die();
	fake_clock_advance(1);
	flow_take_up();
	time_passes(HOUR_MS);
	assert_int_equal(quarantined(), 0);
}

/* --- by hand --------------------------------------------------------- */

static void
what_waits_can_be_given_up(void **state)
{
	struct delivery *d;

	(void)state;
	with_mute_hook(8);
	made("webhook hook");
	die_in_it(3);
	engine_give_up_delivery(flow.engine, delivery_on_disk());
	time_passes(100 * HOUR_MS);
	flow.replays++;
	delivery_must_be(DELIVERY_DEAD, 3);
	d = delivery_on_disk();
	assert_string_equal(d->note, "given up on request");
	delivery_free(d);
	assert_int_equal(quarantined(), 0);
	/* Of what is dead nothing is left to give up. */
	engine_give_up_delivery(flow.engine, delivery_on_disk());
	time_passes(0);
}

static void
what_is_under_way_cannot_be_given_up(void **state)
{
	(void)state;
	with_hook(8);
	results_at_once();
	peer_reply(peer_delay(expect_hook(), 2000), 200, "", "");
	made("webhook hook");
	engine_give_up_delivery(flow.engine, delivery_on_disk());
	time_passes(2000);
	delivery_must_be(DELIVERY_DELIVERED, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FLOW_TEST(fresh_deliveries_go_before_one_that_was_interrupted),
	    FLOW_TEST(but_it_does_not_wait_for_ever),
	    FLOW_TEST(its_delay_counts_from_each_start_anew),
	    FLOW_TEST(so_does_it_in_quarantine_where_it_grows_on),
	    FLOW_TEST(three_interruptions_are_quarantine_with_an_alarm),
	    FLOW_TEST(one_alarm_is_enough),
	    FLOW_TEST(those_in_quarantine_go_one_at_a_time),
	    FLOW_TEST(one_at_a_time_over_all_targets),
	    FLOW_TEST(a_target_that_is_gone_holds_up_no_other_in_quarantine),
	    FLOW_TEST(a_success_ends_it),
	    FLOW_TEST(seventy_two_hours_without_another_end_it),
	    FLOW_TEST(what_waits_can_be_given_up),
	    FLOW_TEST(what_is_under_way_cannot_be_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
