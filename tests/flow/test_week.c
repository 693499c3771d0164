/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A week with a receiver that is down, in virtual time: each attempt is where
 * the schedule says, within its jitter, or where a rest of the receiver ended
 * that was longer; and behind the last one the delivery is dead.
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
#include "engine/health.h"
#include "tests/support/fake_random.h"
#include "tests/support/fake_store.h"
#include "tests/support/flow_receiver.h"

#define DAY INT64_C(86400000)
#define UNTIL (8 * DAY)
/* Reading the result, writing down. */
#define SLACK_MS 50

static struct receiver_does does;

struct week {
	const char *name;
	const char *schedule;
	unsigned breaker_failures;
	struct receiver_does does;
	bool restarts; /* each six hours */
};

static const struct week weeks[] = {
    {"default", RECEIVER_SCHEDULE, 5, {.status = 503}, false},
    {"no breaker", RECEIVER_SCHEDULE, 0, {.status = 503}, false},
    {"no answer", RECEIVER_SCHEDULE, 5, {.takes_ms = 15000}, false},
    {"restarts", RECEIVER_SCHEDULE, 5, {.status = 503}, true},
    {"retry-after 90s", RECEIVER_SCHEDULE, 5,
	{.status = 429, .retry_after_ms = 90000}, false},
    {"retry-after a day", RECEIVER_SCHEDULE, 0,
	{.status = 503, .retry_after_ms = DAY}, false},
    {"dense",
	"1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, "
	"1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s",
	5, {.status = 500}, false},
    {"even", "12h, 12h, 12h, 12h, 12h, 12h, 12h, 12h, 12h, 12h, 12h, 12h", 5,
	{.status = 500}, false},
    {"one try", "none", 5, {.status = 500}, false},
};

static int
setup(void **state)
{
	int rc = flow_setup(state);

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

/* In this time; chance changes with each minute. */
static void
days_pass(const struct week *w)
{
	int64_t ms;

	for (ms = 0; ms < UNTIL; ms += 60000) {
		fake_random_set_unit((double)(ms / 60000 * 7 % 100) / 100);
		time_passes(60000);
		if (w->restarts && ms % (6 * 3600000) == 0)
			restart();
	}
}

/* The longest rest that may lie between an attempt and the next. */
static int64_t
longest_rest(const struct week *w, size_t failures)
{
	int64_t most = 30000, wish = w->does.retry_after_ms;
	size_t i;

	if (w->breaker_failures == 0 || failures < w->breaker_failures)
		return 0;
	for (i = w->breaker_failures; i < failures; i++)
		most = most * 2 < 300000 ? most * 2 : 300000;
	most = most * 12 / 10 < 300000 ? most * 12 / 10 : 300000;
	return most > wish ? most : wish;
}

static void
must_be_where_the_schedule_says(
    const struct week *w, const struct schedule *s, double *worst)
{
	int64_t gap, least, most, wish = w->does.retry_after_ms, rest;
	double off;
	size_t i;

	if (wish > 3600000)
		wish = 3600000;
	for (i = 0; i < s->n; i++) {
		gap = receiver.calls[i + 1].at - receiver.calls[i].at -
		    w->does.takes_ms;
		least = s->delay_ms[i] * 8 / 10;
		most = s->delay_ms[i] * 12 / 10;
		if (least < wish)
			least = wish;
		if (most < wish)
			most = wish;
		rest = longest_rest(w, i + 1);
		off = (double)gap / (double)s->delay_ms[i] - 1;
		if (gap < least - SLACK_MS ||
		    gap > (most > rest ? most : rest) + SLACK_MS)
			fail_msg("%s: attempt %zu is %lld ms behind the last",
			    w->name, i + 2, (long long)gap);
		if (wish == 0 && rest < least &&
		    (off < 0 ? -off : off) > *worst)
			*worst = off < 0 ? -off : off;
	}
}

static void
a_week_is_as_its_schedule_says(void **state)
{
	const struct week *w = *state;
	struct target_options o;
	struct delivery *d;
	struct error err;
	int64_t span;
	double worst = 0;

	if (setup(NULL) == -1)
		fail_msg("no world");
	does = w->does;
	o = receiver_options();
	o.breaker_failures = w->breaker_failures;
	assert_int_equal(schedule_parse(w->schedule, &o.schedule, &err), 0);
	with_receiver(&o, as_told);
	deliver_to(RECEIVER, 1);
	days_pass(w);
	assert_int_equal(receiver.n, o.schedule.n + 1);
	must_be_where_the_schedule_says(w, &o.schedule, &worst);
	d = fake_store_delivery(flow.store, flow.delivery);
	assert_int_equal(d->state, DELIVERY_DEAD);
	assert_int_equal(d->attempts, o.schedule.n + 1);
	delivery_free(d);
	span = receiver.calls[receiver.n - 1].at - receiver.calls[0].at;
	print_message("week: case=\"%s\" attempts=%zu hours=%.1f "
		      "off_schedule=%.3f\n",
	    w->name, receiver.n, (double)span / 3600000, worst);
	assert_true(worst <= 0.2001);
	teardown(NULL);
}

int
main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(weeks)];
	size_t i;

	for (i = 0; i < ARRAY_LEN(weeks); i++)
		tests[i] = (struct CMUnitTest){
		    .name = weeks[i].name,
		    .test_func = a_week_is_as_its_schedule_says,
		    .initial_state = (void *)&weeks[i],
		};
	return _cmocka_run_group_tests(
	    "weeks", tests, ARRAY_LEN(weeks), NULL, NULL);
}
