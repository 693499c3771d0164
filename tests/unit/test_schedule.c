/* SPDX-License-Identifier: Apache-2.0 */
/* Schedules: read exactly, spread evenly, over at their end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "base/schedule.h"
#include "base/str.h"

static struct schedule
must_parse(const char *text)
{
	struct schedule s;
	struct error err;

	memset(&s, 0xff, sizeof(s));
	if (schedule_parse(text, &s, &err) == -1)
		fail_msg("%s: %s", text, err.text);
	return s;
}

static void
delays_stand_in_their_order(void **state)
{
	struct schedule s = must_parse(" 5s,30s , 2m,1h, 250ms,0.5,7d ");
	static const int64_t want[] = {
	    5000, 30000, 120000, 3600000, 250, 500, 604800000};
	size_t i;

	(void)state;
	assert_int_equal(s.n, ARRAY_LEN(want));
	for (i = 0; i < s.n; i++)
		assert_int_equal(s.delay_ms[i], want[i]);
}

static void
none_is_a_schedule_without_a_second_try(void **state)
{
	struct schedule s = must_parse("none");

	(void)state;
	assert_int_equal(s.n, 0);
	assert_int_equal(schedule_delay_ms(&s, 0, 0.5), -1);
	assert_int_equal(must_parse(" none ").n, 0);
}

static void
what_is_no_schedule_is_refused_with_the_part(void **state)
{
	static const char *const cases[][2] = {
	    {"", "\"\" is no time"},
	    {",", "\"\" is no time"},
	    {"5s,", "\"\" is no time"},
	    {"5s,,5s", "\"\" is no time"},
	    {"5s 30s", "\"5s 30s\" is no time"},
	    {"5s, soon", "\"soon\" is no time"},
	    {"none, 5s", "\"none\" is no time"},
	    {"5s, none", "\"none\" is no time"},
	    {"None", "\"None\" is no time"},
	    {"-5s", "\"-5s\" is no time"},
	    {"5s, 0", "\"0\" is less than 1ms"},
	    {"0.0001", "\"0.0001\" is less than 1ms"},
	};
	struct schedule s = {.n = 7};
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		if (schedule_parse(cases[i][0], &s, &err) == 0)
			fail_msg("\"%s\" was taken", cases[i][0]);
		assert_int_equal(err.code, ERR_USAGE);
		if (!str_starts(err.text, cases[i][1]))
			fail_msg("%s: %s", cases[i][0], err.text);
	}
	assert_int_equal(s.n, 7);
}

static void
it_holds_32_delays_and_no_more(void **state)
{
	char text[3 * (SCHEDULE_MAX + 1) + 1] = "";
	struct schedule s;
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < SCHEDULE_MAX; i++)
		memcpy(text + 3 * i, "1s,", 4);
	text[3 * SCHEDULE_MAX - 1] = '\0';
	assert_int_equal(must_parse(text).n, SCHEDULE_MAX);
	memcpy(text + 3 * SCHEDULE_MAX - 1, ",1s", 4);
	assert_int_equal(schedule_parse(text, &s, &err), -1);
	assert_string_equal(err.text, "more than 32 delays");
}

static void
each_delay_is_spread_by_a_fifth_to_both_sides(void **state)
{
	struct schedule s = must_parse("10s, 1h");
	double unit;

	(void)state;
	assert_int_equal(schedule_delay_ms(&s, 0, 0), 8000);
	assert_int_equal(schedule_delay_ms(&s, 0, 0.5), 10000);
	assert_in_range(schedule_delay_ms(&s, 0, 0.999999), 11999, 12000);
	assert_int_equal(schedule_delay_ms(&s, 1, 0), 2880000);
	assert_int_equal(schedule_delay_ms(&s, 1, 0.5), 3600000);
	for (unit = 0; unit < 1; unit += 0.01)
		assert_in_range(schedule_delay_ms(&s, 0, unit), 8000, 12000);
}

static void
behind_the_last_delay_it_is_over(void **state)
{
	struct schedule s = must_parse("1s, 2s");

	(void)state;
	assert_int_equal(schedule_delay_ms(&s, 1, 0.5), 2000);
	assert_int_equal(schedule_delay_ms(&s, 2, 0.5), -1);
	assert_int_equal(schedule_delay_ms(&s, SIZE_MAX, 0.5), -1);
}

static void
no_delay_is_nothing(void **state)
{
	struct schedule s = must_parse("1ms");

	(void)state;
	assert_int_equal(schedule_delay_ms(&s, 0, 0), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(delays_stand_in_their_order),
	    cmocka_unit_test(none_is_a_schedule_without_a_second_try),
	    cmocka_unit_test(what_is_no_schedule_is_refused_with_the_part),
	    cmocka_unit_test(it_holds_32_delays_and_no_more),
	    cmocka_unit_test(each_delay_is_spread_by_a_fifth_to_both_sides),
	    cmocka_unit_test(behind_the_last_delay_it_is_over),
	    cmocka_unit_test(no_delay_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
