/* SPDX-License-Identifier: Apache-2.0 */
/* When a job is looked at next, and why, as it is told to people. */
#include "engine/outlook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/core.h"
#include "tests/support/fake_clock.h"
#include "tests/support/flow.h"
#include "tests/support/flow_s3.h"

#define PATIENCE ((21600 + 900 + 60) * INT64_C(1000))

static struct flow_s3_fate fate;

static int
setup(void **state)
{
	fate = (struct flow_s3_fate){.takes_ms = 30000, .size = 77};
	return flow_setup(state);
}

static int
teardown(void **state)
{
	flow_s3_end();
	return flow_teardown(state);
}

/* It says so, and then that is so: a look, and none before. */
static void
must_look_as_told(const char *why)
{
	struct engine_outlook o;
	unsigned before;

	assert_int_equal(engine_outlook(flow.engine, flow.id, &o), 0);
	if (strstr(o.why, why) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", why, o.why);
	assert_true(o.look_at >= clock_wall_ms());
	before = flow_s3.heads;
	if (o.look_at > clock_wall_ms())
		time_passes(o.look_at - clock_wall_ms() - 1);
	assert_int_equal(flow_s3.heads, before);
	time_passes(1);
	assert_int_equal(flow_s3.heads, before + 1);
}

static void
submit(void)
{
	flow_s3_begin(flow_s3_fixed, &fate);
	engine_submit(flow.engine, flow_job());
	time_passes(0);
	must_be(JOB_PENDING, OUTCOME_NONE);
}

static void
at_first_it_follows_the_age(void **state)
{
	(void)state;
	submit();
	must_look_as_told("three tenths of its age, while 0 results");
	must_look_as_told("three tenths");
}

static void
an_interval_is_one(void **state)
{
	(void)state;
	flow.policy.plan.interval_ms = 2500;
	submit();
	must_look_as_told("every 2.5 s, as poll_interval");
}

static void
the_longest_is_poll_max(void **state)
{
	(void)state;
	fate.takes_ms = PATIENCE * 2;
	submit();
	time_passes(600000);
	must_look_as_told("poll_max (30 s)");
}

static void
the_end_is_one(void **state)
{
	(void)state;
	fate.takes_ms = PATIENCE * 2;
	flow.policy.plan.interval_ms = PATIENCE * 2;
	submit();
	must_look_as_told("its time is over");
}

static void
what_is_learned_is_told_in_numbers(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 30; i++) {
		submit();
		time_passes(60000);
		must_be(JOB_DONE, OUTCOME_OK);
	}
	submit();
	time_passes(20000);
	must_look_as_told("half come within 10 s more");
	must_look_as_told("30 are known");
	/* None took this long. */
	time_passes(30000);
	fate.takes_ms = 600000;
	submit();
	time_passes(65000);
	must_look_as_told("should have come, and none did");
}

static void
a_notification_is_told(void **state)
{
	struct engine_outlook o;

	(void)state;
	submit();
	engine_look_now(work_find(flow.engine, flow.id), LOOK_RUNG);
	assert_int_equal(engine_outlook(flow.engine, flow.id, &o), 0);
	assert_string_equal(o.why, "a notification came");
	engine_look_now(work_find(flow.engine, flow.id), LOOK_LISTED);
	must_look_as_told("a listing shows");
}

static void
one_that_was_taken_up_is_looked_at_at_once(void **state)
{
	struct engine_outlook o;

	(void)state;
	submit();
	engine_hold(flow.engine, true);
	flow_die();
	flow_s3_end();
	flow_take_up();
	/* The look has been made. */
	assert_int_equal(engine_outlook(flow.engine, flow.id, &o), 0);
	assert_true(o.look_at > clock_wall_ms());
}

static void
a_look_under_way_is_told(void **state)
{
	struct engine_outlook o;
	struct job *job = flow_job();

	(void)state;
	reply_accepted(expect_invoke(1), 1);
	flow_submit(job);
	expect_head(out_url(1));
	time_passes(500);
	assert_int_equal(engine_outlook(flow.engine, flow.id, &o), 0);
	assert_int_equal(o.look_at, 0);
	assert_string_equal(o.why, "it is being looked at");
}

static void
one_in_doubt_is_looked_for(void **state)
{
	struct engine_outlook o;
	struct job *job = flow_job();

	(void)state;
	peer_fail(expect_invoke(1), ERR_NET, "reset", true);
	reply_missing(peer_always("HEAD", "*"));
	flow_submit(job);
	time_passes(1000);
	assert_int_equal(engine_outlook(flow.engine, flow.id, &o), 0);
	assert_non_null(strstr(o.why, "nobody knows whether"));
}

static void
who_is_not_waited_for_has_none(void **state)
{
	struct engine_outlook o;

	(void)state;
	assert_int_equal(engine_outlook(flow.engine, "x", &o), -1);
	submit();
	time_passes(60000);
	must_be(JOB_DONE, OUTCOME_OK);
	assert_int_equal(engine_outlook(flow.engine, flow.id, &o), -1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(at_first_it_follows_the_age),
	    T(an_interval_is_one),
	    T(the_longest_is_poll_max),
	    T(the_end_is_one),
	    T(what_is_learned_is_told_in_numbers),
	    T(a_notification_is_told),
	    T(one_that_was_taken_up_is_looked_at_at_once),
	    T(a_look_under_way_is_told),
	    T(one_in_doubt_is_looked_for),
	    T(who_is_not_waited_for_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
