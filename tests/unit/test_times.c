/* SPDX-License-Identifier: Apache-2.0 */
/* Instants of jobs, while clocks are set and machines start anew. */
#include "engine/times.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/fake_clock.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

static struct job *
begun_job(void)
{
	struct job *job = job_new();

	times_begin(job_add_submission(job));
	times_set_deadline(job, 2 * HOUR);
	return job;
}

static void
a_clock_that_is_set_changes_nothing(void **state)
{
	struct job *job = begun_job();

	(void)state;
	fake_clock_advance(HOUR);
	fake_clock_jump(30 * DAY);
	assert_int_equal(times_left(job), HOUR);
	assert_int_equal(times_since_intent(&job->subs[0]), HOUR);
	fake_clock_jump(-60 * DAY);
	assert_int_equal(times_left(job), HOUR);
	assert_int_equal(times_since_intent(&job->subs[0]), HOUR);
	times_end(&job->subs[0]);
	fake_clock_jump(DAY);
	fake_clock_advance(5);
	assert_int_equal(times_since_end(&job->subs[0]), 5);
	job_free(job);
}

static void
a_restart_in_the_same_boot_changes_nothing(void **state)
{
	struct job *job = begun_job();

	(void)state;
	fake_clock_advance(HOUR);
	fake_clock_jump(-DAY);
	times_adopt(job);
	assert_int_equal(times_left(job), HOUR);
	assert_int_equal(times_since_intent(&job->subs[0]), HOUR);
	job_free(job);
}

/* Over a reboot there is only the wall clock; from then on there are two. */
static void
a_reboot_and_then_a_clock_that_is_set_change_nothing(void **state)
{
	struct job *job = begun_job();

	(void)state;
	fake_clock_advance(HOUR);
	fake_clock_reboot();
	times_adopt(job);
	fake_clock_jump(30 * DAY);
	assert_int_equal(times_left(job), HOUR);
	assert_int_equal(times_since_intent(&job->subs[0]), HOUR);
	fake_clock_jump(-60 * DAY);
	assert_int_equal(times_left(job), HOUR);
	assert_int_equal(times_since_intent(&job->subs[0]), HOUR);
	job_free(job);
}

static void
an_end_in_another_boot_is_of_that_boot(void **state)
{
	struct job *job = begun_job();

	(void)state;
	fake_clock_advance(HOUR);
	fake_clock_reboot();
	times_end(&job->subs[0]);
	fake_clock_jump(-30 * DAY);
	fake_clock_advance(7);
	assert_int_equal(times_since_end(&job->subs[0]), 7);
	assert_int_equal(times_since_intent(&job->subs[0]), HOUR + 7);
	job_free(job);
}

/* Without a battery a machine may begin in 1970. */
static void
a_clock_that_began_anew_waits_no_years(void **state)
{
	struct job *job = begun_job();
	int64_t most = times_patience_ms(&job->spec);

	(void)state;
	job_move(job, JOB_PENDING, OUTCOME_NONE);
	fake_clock_reboot();
	fake_clock_jump(-20 * 365 * DAY);
	times_adopt(job);
	assert_int_equal(times_left(job), most);
	assert_int_equal(times_since_intent(&job->subs[0]), 0);
	/* And from there time goes on. */
	fake_clock_advance(HOUR);
	assert_int_equal(times_since_intent(&job->subs[0]), HOUR);
	assert_int_equal(times_left(job), most - HOUR);
	job_free(job);
}

static void
a_request_is_dead_behind_its_ttl_and_its_time_out(void **state)
{
	struct job *job = begun_job();

	(void)state;
	assert_int_equal(times_dead_in(job, &job->subs[0]),
	    (21600 + 900 + 60) * INT64_C(1000));
	job->spec.request_ttl_s = 60;
	job->spec.invocation_timeout_s = 7;
	fake_clock_advance(1000);
	assert_int_equal(times_dead_in(job, &job->subs[0]),
	    (60 + 7 + 60) * INT64_C(1000) - 1000);
	job_free(job);
}

static void
no_deadline_is_never_over(void **state)
{
	struct job *job = job_new();

	(void)state;
	assert_int_equal(times_left(job), INT64_MAX);
	times_adopt(job);
	assert_int_equal(times_left(job), INT64_MAX);
	job_free(job);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_clock_that_is_set_changes_nothing),
	    cmocka_unit_test(a_restart_in_the_same_boot_changes_nothing),
	    cmocka_unit_test(
		a_reboot_and_then_a_clock_that_is_set_change_nothing),
	    cmocka_unit_test(an_end_in_another_boot_is_of_that_boot),
	    cmocka_unit_test(a_clock_that_began_anew_waits_no_years),
	    cmocka_unit_test(a_request_is_dead_behind_its_ttl_and_its_time_out),
	    cmocka_unit_test(no_deadline_is_never_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
