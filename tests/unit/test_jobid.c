/* SPDX-License-Identifier: Apache-2.0 */
/* Ids that sort as time goes, whatever the clock does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/clock.h"
#include "job/jobid.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_random.h"

static void
an_id_tells_its_instant(void **state)
{
	char id[JOBID_SIZE];

	(void)state;
	fake_clock_advance(1);
	jobid_new(id);
	assert_int_equal(strlen(id), JOBID_LEN);
	assert_true(jobid_ok(id));
	assert_int_equal(jobid_time(id), clock_wall_ms());
}

static void
ids_of_one_instant_sort_as_they_were_made(void **state)
{
	char last[JOBID_SIZE], id[JOBID_SIZE];
	int i;

	(void)state;
	jobid_new(last);
	for (i = 0; i < 10000; i++) {
		jobid_new(id);
		if (strcmp(last, id) >= 0)
			fail_msg("%s before %s", last, id);
		assert_int_equal(jobid_time(id), jobid_time(last));
		memcpy(last, id, sizeof(id));
	}
}

static void
ids_sort_by_time(void **state)
{
	char last[JOBID_SIZE], id[JOBID_SIZE];
	int64_t step;

	(void)state;
	jobid_new(last);
	for (step = 1; step < INT64_C(1000000000000); step *= 3) {
		fake_clock_advance(step);
		jobid_new(id);
		assert_true(strcmp(last, id) < 0);
		memcpy(last, id, sizeof(id));
	}
}

static void
a_clock_that_goes_back_makes_no_earlier_id(void **state)
{
	char last[JOBID_SIZE], id[JOBID_SIZE];

	(void)state;
	jobid_new(last);
	fake_clock_jump(-3600000);
	jobid_new(id);
	assert_true(strcmp(last, id) < 0);
	fake_clock_jump(3600000);
}

static void
two_processes_do_not_make_the_same(void **state)
{
	char a[JOBID_SIZE], b[JOBID_SIZE];

	(void)state;
	fake_clock_advance(1);
	fake_random_seed(1);
	jobid_new(a);
	fake_clock_advance(1);
	fake_random_seed(2);
	jobid_new(b);
	assert_string_not_equal(a + 10, b + 10);
}

/* 48 bits in ten digits: https://github.com/ulid/spec. */
static void
known_ids_are_read(void **state)
{
	(void)state;
	assert_int_equal(
	    jobid_time("01arz3ndektsv4rrffq69g5fav"), 1469922850259);
	assert_int_equal(jobid_time("00000000000000000000000000"), 0);
	assert_int_equal(
	    jobid_time("7zzzzzzzzzzzzzzzzzzzzzzzzz"), (INT64_C(1) << 48) - 1);
}

static void
what_is_no_id_is_none(void **state)
{
	static const char *const bad[] = {
	    "",
	    "x",
	    "01arz3ndektsv4rrffq69g5fa",
	    "01arz3ndektsv4rrffq69g5favv",
	    "01ARZ3NDEKTSV4RRFFQ69G5FAV",
	    "8zzzzzzzzzzzzzzzzzzzzzzzzz",
	    "01arz3ndektsv4rrffq69g5fai",
	    "01arz3ndektsv4rrffq69g5fal",
	    "01arz3ndektsv4rrffq69g5fao",
	    "01arz3ndektsv4rrffq69g5fau",
	    "01arz3ndektsv4rrffq69g5fa/",
	    "../../../../../etc/passwd.",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (jobid_ok(bad[i]))
			fail_msg("taken: %s", bad[i]);
	}
	assert_true(jobid_ok("01arz3ndektsv4rrffq69g5fav"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_id_tells_its_instant),
	    cmocka_unit_test(ids_of_one_instant_sort_as_they_were_made),
	    cmocka_unit_test(ids_sort_by_time),
	    cmocka_unit_test(a_clock_that_goes_back_makes_no_earlier_id),
	    cmocka_unit_test(two_processes_do_not_make_the_same),
	    cmocka_unit_test(known_ids_are_read),
	    cmocka_unit_test(what_is_no_id_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
