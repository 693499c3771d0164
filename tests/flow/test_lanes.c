/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receivers that fail, in virtual time: they rest and are probed, switched off
 * and on; and callbacks, of which no host keeps another from its own.
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
#include "base/str.h"
#include "engine/health.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_store.h"
#include "tests/support/flow_receiver.h"

#define HOUR INT64_C(3600000)

static struct receiver_does does;

static int
setup(void **state)
{
	int rc = flow_setup(state);

	does = (struct receiver_does){.status = 503, .takes_ms = 10};
	receiver_begin();
	return rc;
}

static int
teardown(void **state)
{
	int rc = flow_teardown(state);

	receiver_end();
	return rc;
}

static void
as_told(const char *target, struct receiver_does *out)
{
	(void)target;
	*out = does;
}

static void
with(unsigned max_in_flight)
{
	struct target_options o = receiver_options();

	o.max_in_flight = max_in_flight;
	with_receiver(&o, as_told);
}

/* It has rested since the last of five failures. */
static void
with_one_that_rests(unsigned n)
{
	with(1);
	deliver_to(RECEIVER, n);
	assert_int_equal(receiver.n, 5);
	assert_int_equal(health_of(RECEIVER).state, HEALTH_RESTING);
}

/* --- resting -------------------------------------------------------- */

/* Attempts on disk, of all deliveries; and of how many there was one. */
static unsigned
attempts_on_disk(unsigned *tried)
{
	struct delivery *d;
	unsigned n = 0;
	size_t i, j;

	*tried = 0;
	for (i = 0; i < receiver.n; i++) {
		for (j = 0; j < i; j++) {
			if (str_eq(receiver.calls[i].delivery,
				receiver.calls[j].delivery))
				break;
		}
		if (j < i)
			continue;
		d = fake_store_delivery(flow.store, receiver.calls[i].delivery);
		n += d->attempts;
		++*tried;
		delivery_free(d);
	}
	return n;
}

static void
what_waits_for_one_that_rests_uses_up_no_attempt(void **state)
{
	struct health h;
	unsigned tried;

	(void)state;
	with_one_that_rests(12);
	h = health_of(RECEIVER);
	assert_int_equal(h.waiting, 12);
	assert_int_equal(h.failures, 5);
	assert_string_equal(h.last_error, "it does not answer");
	assert_int_equal(log_lines(" warn ", "rests"), 1);
	/* 30 s, 60, 120, 240, and from then on 300: eight in half an hour. */
	time_passes(1800000);
	assert_int_equal(receiver.n, 5 + 8);
	assert_int_equal(attempts_on_disk(&tried), receiver.n);
	/* Each probe was of the one that was due for the longest time. */
	assert_int_equal(tried, 12);
	assert_int_equal(log_lines(" warn ", "rests"), 1);
}

static void
rests_are_doubled_up_to_the_longest(void **state)
{
	static const int64_t rests[] = {
	    30000, 60000, 120000, 240000, 300000, 300000};
	size_t i;

	(void)state;
	with_one_that_rests(50);
	time_passes(1500000);
	for (i = 0; i < ARRAY_LEN(rests); i++)
		assert_in_range(
		    receiver.calls[5 + i].at - receiver.calls[4 + i].at,
		    rests[i], rests[i] + 20);
}

static void
one_probe_is_under_way_at_a_time(void **state)
{
	(void)state;
	with(8);
	does.takes_ms = 1000;
	deliver_to(RECEIVER, 20);
	/* Four of the first eight were over before the fifth was. */
	assert_int_equal(receiver.n, 12);
	assert_int_equal(health_of(RECEIVER).state, HEALTH_RESTING);
	time_passes(1000);
	does.takes_ms = 15000;
	receiver.most = 0;
	time_passes(28600);
	assert_int_equal(receiver.n, 13);
	assert_int_equal(health_of(RECEIVER).state, HEALTH_PROBING);
	time_passes(14000);
	assert_int_equal(receiver.n, 13);
	time_passes(HOUR);
	assert_int_equal(receiver.most, 1);
	assert_in_range(receiver.n, 13 + 10, 13 + 16);
}

static void
a_rest_is_kept_over_a_restart(void **state)
{
	(void)state;
	with_one_that_rests(12);
	time_passes(10000);
	restart();
	assert_int_equal(health_of(RECEIVER).state, HEALTH_RESTING);
	assert_int_equal(health_of(RECEIVER).failures, 5);
	time_passes(17000);
	assert_int_equal(receiver.n, 5);
	time_passes(3000);
	assert_int_equal(receiver.n, 6);
	/* The next one is twice as long, as if nothing had been. */
	time_passes(57000);
	assert_int_equal(receiver.n, 6);
	restart();
	time_passes(4000);
	assert_int_equal(receiver.n, 7);
}

/* Whoever asked for it heard yes. */
static void
a_replay_of_what_waits_is_kept_over_a_restart(void **state)
{
	struct delivery *d;
	char id[DELIVERY_ID_SIZE];
	unsigned i;

	(void)state;
	does.status = 429;
	does.retry_after_ms = HOUR;
	with_one_that_rests(5);
	memcpy(id, receiver.calls[0].delivery, sizeof(id));
	engine_replay(flow.engine, fake_store_delivery(flow.store, id));
	time_passes(0);
	/* It waits for the end of the rest, like all, and is first then. */
	assert_int_equal(receiver.n, 5);
	for (i = 0; i < 2; i++) {
		d = fake_store_delivery(flow.store, id);
		assert_int_equal(d->state, DELIVERY_WAITING);
		assert_int_equal(d->attempts, 1);
		assert_true(d->due_at > 0 && d->due_at <= clock_wall_ms());
		delivery_free(d);
		restart();
	}
	does.status = 200;
	switch_target(RECEIVER, true);
	time_passes(1000);
	assert_int_equal(receiver.n, 6);
	assert_string_equal(receiver.calls[5].delivery, id);
}

/* A clock that was wrong lets nobody rest for years, nor goes off too early
 * what a right one would not. */
static void
a_clock_that_jumps_makes_no_rest_longer_than_an_hour(void **state)
{
	(void)state;
	with_one_that_rests(12);
	flow_die();
	fake_clock_jump(-1000 * HOUR);
	flow_take_up();
	time_passes(HOUR - 10000);
	assert_int_equal(receiver.n, 5);
	time_passes(10000);
	assert_int_equal(receiver.n, 6);
}

static void
who_answers_again_is_taken_up_gently(void **state)
{
	static const unsigned rounds[] = {1, 2, 4, 8, 8};
	size_t i, before = 12;

	(void)state;
	with(8);
	does.takes_ms = 1000;
	deliver_to(RECEIVER, 40);
	assert_int_equal(receiver.n, 12);
	time_passes(1000);
	does.status = 200;
	time_passes(28600);
	for (i = 0; i < ARRAY_LEN(rounds); i++) {
		assert_int_equal(receiver.n - before, rounds[i]);
		before = receiver.n;
		time_passes(1000);
	}
	assert_int_equal(log_lines("answers again", NULL), 1);
	time_passes(60000);
	assert_int_equal(health_of(RECEIVER).state, HEALTH_OK);
	assert_int_equal(health_of(RECEIVER).waiting, 0);
}

static void
a_rest_is_as_long_as_the_receiver_wishes(void **state)
{
	(void)state;
	does.status = 429;
	does.retry_after_ms = 600000;
	with_one_that_rests(12);
	time_passes(595000);
	assert_int_equal(receiver.n, 5);
	does.retry_after_ms = 24 * HOUR;
	time_passes(10000);
	assert_int_equal(receiver.n, 6);
	time_passes(HOUR - 15000);
	assert_int_equal(receiver.n, 6);
	time_passes(20000);
	assert_int_equal(receiver.n, 7);
}

/* --- what is no failure of the receiver ----------------------------- */

static void
a_payload_that_is_refused_lets_nobody_rest(void **state)
{
	(void)state;
	does.status = 400;
	with(8);
	deliver_to(RECEIVER, 30);
	assert_int_equal(receiver.n, 30);
	assert_int_equal(health_of(RECEIVER).state, HEALTH_OK);
	assert_int_equal(health_of(RECEIVER).failures, 0);
}

static void
what_never_reached_it_lets_nobody_rest(void **state)
{
	(void)state;
	does.status = -1;
	with(8);
	deliver_to(RECEIVER, 30);
	assert_int_equal(receiver.n, 30);
	assert_int_equal(health_of(RECEIVER).state, HEALTH_OK);
}

static void
without_a_breaker_nobody_rests(void **state)
{
	struct target_options o = receiver_options();

	(void)state;
	o.breaker_failures = 0;
	with_receiver(&o, as_told);
	deliver_to(RECEIVER, 30);
	assert_int_equal(receiver.n, 30);
	assert_int_equal(health_of(RECEIVER).failures, 30);
	assert_int_equal(health_of(RECEIVER).state, HEALTH_OK);
}

/* --- disabled ------------------------------------------------------- */

static void
gone_disables_until_somebody_enables(void **state)
{
	struct health h;
	size_t i;

	(void)state;
	with(1);
	does.status = 410;
	deliver_to(RECEIVER, 3);
	assert_int_equal(receiver.n, 1);
	h = health_of(RECEIVER);
	assert_int_equal(h.state, HEALTH_DISABLED);
	assert_string_equal(h.reason, "answered 410");
	assert_int_equal(h.waiting, 2);
	assert_int_equal(log_lines(" warn ", "awaitd enable"), 1);
	/* New ones are made, and wait; over a restart, too. */
	does.status = 200;
	deliver_to(RECEIVER, 10);
	for (i = 0; i < 2; i++) {
		time_passes(24 * HOUR);
		assert_int_equal(receiver.n, 1);
		assert_int_equal(health_of(RECEIVER).waiting, 12);
		restart();
		h = health_of(RECEIVER);
		assert_int_equal(h.state, HEALTH_DISABLED);
		assert_string_equal(h.reason, "answered 410");
	}
	switch_target(RECEIVER, true);
	time_passes(1000);
	assert_int_equal(receiver.n, 1 + 12);
	assert_int_equal(health_of(RECEIVER).state, HEALTH_OK);
	restart();
	assert_int_equal(health_of(RECEIVER).state, HEALTH_OK);
}

static void
gone_of_a_callback_disables_nothing(void **state)
{
	(void)state;
	with(1);
	does.status = 410;
	deliver_to("callback https://a.test:443", 3);
	assert_int_equal(receiver.n, 3);
	assert_int_equal(
	    health_of("callback https://a.test:443").state, HEALTH_OK);
}

static void
on_refused(const struct error *err, void *arg)
{
	assert_non_null(err);
	*(enum error_code *)arg = err->code;
}

static void
what_is_disabled_by_request_waits(void **state)
{
	enum error_code refused = ERR_NONE;

	(void)state;
	with(8);
	does.status = 200;
	switch_target(RECEIVER, false);
	deliver_to(RECEIVER, 5);
	assert_int_equal(receiver.n, 0);
	restart();
	time_passes(HOUR);
	assert_int_equal(receiver.n, 0);
	assert_string_equal(health_of(RECEIVER).reason, "on request");
	switch_target(RECEIVER, true);
	time_passes(1000);
	assert_int_equal(receiver.n, 5);
	health_switch(flow.engine, "webhook other", true, on_refused, &refused);
	assert_int_equal(refused, ERR_NOT_FOUND);
	deliver_to("callback https://a.test:443", 1);
	health_switch(flow.engine, "callback https://a.test:443", false,
	    on_refused, &refused);
	assert_int_equal(refused, ERR_USAGE);
	health_switch(flow.engine, "callback https://b.test:443", true,
	    on_refused, &refused);
	assert_int_equal(refused, ERR_NOT_FOUND);
	assert_int_equal(health_of("webhook other").state, HEALTH_UNKNOWN);
}

static void
to_enable_ends_a_rest(void **state)
{
	(void)state;
	with_one_that_rests(30);
	does.status = 200;
	switch_target(RECEIVER, true);
	time_passes(2000);
	/* Those that failed are due later, as their schedule says. */
	assert_int_equal(receiver.n, 30);
	restart();
	assert_int_equal(health_of(RECEIVER).state, HEALTH_OK);
}

/* --- rate ----------------------------------------------------------- */

static void
no_more_attempts_a_second_than_are_wanted(void **state)
{
	struct target_options o = receiver_options();
	size_t i, j;

	(void)state;
	does.status = 200;
	o.rate = 10;
	o.max_in_flight = 1000;
	with_receiver(&o, as_told);
	switch_target(RECEIVER, false);
	deliver_to(RECEIVER, 60);
	switch_target(RECEIVER, true);
	time_passes(10000);
	assert_int_equal(receiver.n, 60);
	for (i = 0; i + 11 < receiver.n; i++)
		assert_true(
		    receiver.calls[i + 11].at - receiver.calls[i].at >= 1000);
	/* And smoothly. */
	for (i = 1; i < receiver.n; i++) {
		j = (size_t)(receiver.calls[i].at - receiver.calls[i - 1].at);
		assert_in_range(j, 90, 110);
	}
}

/* --- callbacks ------------------------------------------------------ */

static void
bad_hosts_hang(const char *target, struct receiver_does *out)
{
	bool bad = strstr(target, "//bad") != NULL;

	out->status = bad ? 0 : 200;
	out->takes_ms = bad ? 15000 : 20;
}

static void
deliver_to_hosts(const char *kind, unsigned n)
{
	char target[64];

	for (; n > 0; n--) {
		struct job *job = flow_job();

		snprintf(target, sizeof(target),
		    "callback https://%s%u.test:443", kind, n);
		job->spec.deliver = xstrdup(target);
		flow_submit(job);
	}
}

static void
hosts_that_hang_do_not_keep_others_waiting(void **state)
{
	struct target_options o = receiver_options();
	size_t i, first;

	(void)state;
	with_receiver(&o, bad_hosts_hang);
	/* They answered once. */
	deliver_to_hosts("good", 20);
	time_passes(3000);
	assert_int_equal(receiver.n, 20);
	for (i = 0; i < 4; i++)
		deliver_to_hosts("bad", 300);
	time_passes(1500);
	assert_int_equal(receiver.under_way, 224);
	first = receiver.n;
	deliver_to_hosts("good", 20);
	time_passes(1500);
	assert_int_equal(receiver.n - first, 20);
	assert_int_equal(receiver.under_way, 224);
	/* A host that fails has one at a time, and rests then. */
	time_passes(600000);
	assert_true(receiver.most <= 224 + 20);
	assert_int_equal(
	    health_of("callback https://bad7.test:443").waiting, 4);
}

/* Its next delivery waits behind those that answer, and not for a place among
 * the others. */
static void
a_host_that_has_answered_waits_for_no_stranger(void **state)
{
	struct target_options o = receiver_options();
	size_t i;

	(void)state;
	with_receiver(&o, bad_hosts_hang);
	for (i = 0; i < 4; i++)
		deliver_to_hosts("bad", 300);
	time_passes(1500);
	assert_int_equal(receiver.under_way, 224);
	deliver_to("callback https://good.test:443", 3);
	for (i = 0; calls_of("callback https://good.test:443", 0) == 0; i++) {
		assert_true(i < 600);
		time_passes(100);
	}
	time_passes(1000);
	assert_int_equal(calls_of("callback https://good.test:443", 0), 3);
}

static void
two_hosts_with_much_to_do_take_turns(void **state)
{
	struct target_options o = receiver_options();
	size_t i, a = 0, b = 0;

	(void)state;
	does.status = 200;
	does.takes_ms = 1000;
	o.max_in_flight = 1000;
	with_receiver(&o, as_told);
	deliver_to("callback https://a.test:443", 300);
	deliver_to("callback https://b.test:443", 300);
	time_passes(60000);
	assert_int_equal(receiver.n, 600);
	/* One of them is there first, with all. */
	does.takes_ms = 20000;
	deliver_to("callback https://a.test:443", 600);
	assert_int_equal(receiver.n, 600 + 256);
	deliver_to("callback https://b.test:443", 200);
	time_passes(120000);
	assert_int_equal(receiver.n, 1400);
	assert_int_equal(receiver.most, 256);
	for (i = 600 + 256; i < 600 + 512; i++) {
		a += strstr(receiver.calls[i].target, "//a.") != NULL;
		b += strstr(receiver.calls[i].target, "//b.") != NULL;
	}
	assert_in_range(a, 120, 136);
	assert_in_range(b, 120, 136);
}

static void
count_host(const struct health *h, void *arg)
{
	*(size_t *)arg += str_starts(h->target, "callback ");
}

static void
hosts_do_not_pile_up(void **state)
{
	struct target_options o = receiver_options();
	size_t n = 0;

	(void)state;
	does.status = 200;
	with_receiver(&o, as_told);
	deliver_to_hosts("h", 1500);
	time_passes(60000);
	assert_int_equal(receiver.n, 1500);
	health_each(flow.engine, count_host, &n);
	assert_in_range(n, 900, 1000);
}

static void
a_host_rests_over_a_restart(void **state)
{
	(void)state;
	with(1);
	deliver_to("callback https://bad.test:443", 12);
	assert_int_equal(receiver.n, 5);
	time_passes(5000);
	restart();
	assert_int_equal(
	    health_of("callback https://bad.test:443").state, HEALTH_RESTING);
	time_passes(20000);
	assert_int_equal(receiver.n, 5);
	switch_target("callback https://bad.test:443", true);
	restart();
	assert_int_equal(
	    health_of("callback https://bad.test:443").state, HEALTH_OK);
}

/* That others follow puts off what is to be written for so long, and no
 * longer. */
static void
hosts_that_go_on_failing_are_remembered_all_the_same(void **state)
{
	unsigned i, j;

	(void)state;
	with(8);
	for (i = 1; i <= 12; i++) {
		for (j = 0; j < 5; j++) {
			char target[64];
			struct job *job = flow_job();

			snprintf(target, sizeof(target),
			    "callback https://bad%u.test:443", i);
			job->spec.deliver = xstrdup(target);
			flow_submit(job);
		}
		time_passes(500);
	}
	assert_int_equal(
	    health_of("callback https://bad3.test:443").state, HEALTH_RESTING);
	restart();
	assert_int_equal(
	    health_of("callback https://bad3.test:443").state, HEALTH_RESTING);
}

/* What is written a little later is written before a stop. */
static void
a_stop_waits_for_nothing_to_remember_that_hosts_rest(void **state)
{
	(void)state;
	does.takes_ms = 900;
	with(1);
	deliver_to("callback https://bad.test:443", 12);
	time_passes(3020);
	assert_int_equal(
	    health_of("callback https://bad.test:443").state, HEALTH_RESTING);
	flow_stop();
	flow_take_up();
	assert_int_equal(
	    health_of("callback https://bad.test:443").state, HEALTH_RESTING);
}

/* --- what was kept -------------------------------------------------- */

static void
nonsense_that_was_kept_is_passed_over(void **state)
{
	static const char odd[] =
	    "{\"until\":9007199254740991,\"rests\":-7,\"failures\":-1,"
	    "\"since\":-5,\"error\":\"a\\nb\"}";
	static const char *const values[] = {"", "{", "[]", "null", "{\"a\":1}",
	    "{\"until\":\"x\"}", "{\"disabled\":1}", odd,
	    "{\"hosts\":[1,{},{\"target\":\"exec x\",\"until\":1}]}",
	    "{\"hosts\":{}}"};
	size_t i;

	(void)state;
	with(1);
	for (i = 0; i < ARRAY_LEN(values); i++) {
		engine_recall(flow.engine, "target webhook hook", values[i]);
		engine_recall(flow.engine, "target callbacks", values[i]);
		engine_recall(flow.engine, "target ", values[i]);
		engine_recall(flow.engine, "target", values[i]);
	}
	assert_int_equal(health_of(RECEIVER).failures, 0);
	does.status = 200;
	deliver_to(RECEIVER, 1);
	time_passes(HOUR + 1);
	assert_int_equal(receiver.n, 1);
	assert_int_equal(health_of("exec x").state, HEALTH_UNKNOWN);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(what_waits_for_one_that_rests_uses_up_no_attempt),
	    T(rests_are_doubled_up_to_the_longest),
	    T(one_probe_is_under_way_at_a_time),
	    T(a_rest_is_kept_over_a_restart),
	    T(a_replay_of_what_waits_is_kept_over_a_restart),
	    T(a_clock_that_jumps_makes_no_rest_longer_than_an_hour),
	    T(who_answers_again_is_taken_up_gently),
	    T(a_rest_is_as_long_as_the_receiver_wishes),
	    T(a_payload_that_is_refused_lets_nobody_rest),
	    T(what_never_reached_it_lets_nobody_rest),
	    T(without_a_breaker_nobody_rests),
	    T(gone_disables_until_somebody_enables),
	    T(gone_of_a_callback_disables_nothing),
	    T(what_is_disabled_by_request_waits),
	    T(to_enable_ends_a_rest),
	    T(no_more_attempts_a_second_than_are_wanted),
	    T(hosts_that_hang_do_not_keep_others_waiting),
	    T(a_host_that_has_answered_waits_for_no_stranger),
	    T(two_hosts_with_much_to_do_take_turns),
	    T(hosts_do_not_pile_up),
	    T(a_host_rests_over_a_restart),
	    T(hosts_that_go_on_failing_are_remembered_all_the_same),
	    T(a_stop_waits_for_nothing_to_remember_that_hosts_rest),
	    T(nonsense_that_was_kept_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
