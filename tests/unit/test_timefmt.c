/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instants as text and back: known days, leap years, before 1970, the year
 * 9999, and what the parsers must refuse.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/timefmt.h"

#define FIRST_MS (-62167219200000) /* 0000-01-01 */
#define LAST_MS 253402300799999 /* 9999-12-31T23:59:59.999Z */

/* The milliseconds come from date(1), not from the code under test. */
static const struct {
	int64_t ms;
	const char *iso, *amz, *http, *day;
} known[] = {
    {0, "1970-01-01T00:00:00.000Z", "19700101T000000Z",
	"Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01"},
    {-1000, "1969-12-31T23:59:59.000Z", "19691231T235959Z",
	"Wed, 31 Dec 1969 23:59:59 GMT", "1969-12-31"},
    {1369353600000, "2013-05-24T00:00:00.000Z", "20130524T000000Z",
	"Fri, 24 May 2013 00:00:00 GMT", "2013-05-24"},
    {951782400000, "2000-02-29T00:00:00.000Z", "20000229T000000Z",
	"Tue, 29 Feb 2000 00:00:00 GMT", "2000-02-29"},
    {1709251199000, "2024-02-29T23:59:59.000Z", "20240229T235959Z",
	"Thu, 29 Feb 2024 23:59:59 GMT", "2024-02-29"},
    {4107542400000, "2100-03-01T00:00:00.000Z", "21000301T000000Z",
	"Mon, 01 Mar 2100 00:00:00 GMT", "2100-03-01"},
    {784111777000, "1994-11-06T08:49:37.000Z", "19941106T084937Z",
	"Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06"},
    {2147483648000, "2038-01-19T03:14:08.000Z", "20380119T031408Z",
	"Tue, 19 Jan 2038 03:14:08 GMT", "2038-01-19"},
    {253402300799000, "9999-12-31T23:59:59.000Z", "99991231T235959Z",
	"Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31"},
    {-11644473600000, "1601-01-01T00:00:00.000Z", "16010101T000000Z",
	"Mon, 01 Jan 1601 00:00:00 GMT", "1601-01-01"},
};

static void
known_instants_are_written(void **state)
{
	char out[64];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(known); i++) {
		timefmt_iso(known[i].ms, out);
		assert_string_equal(out, known[i].iso);
		timefmt_amz(known[i].ms, out);
		assert_string_equal(out, known[i].amz);
		timefmt_http(known[i].ms, out);
		assert_string_equal(out, known[i].http);
		timefmt_day(known[i].ms, out);
		assert_string_equal(out, known[i].day);
	}
}

static void
known_instants_are_read(void **state)
{
	int64_t ms;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(known); i++) {
		ms = 1;
		assert_int_equal(timefmt_parse_iso(known[i].iso, &ms), 0);
		assert_true(ms == known[i].ms);
		ms = 1;
		assert_int_equal(timefmt_parse_amz(known[i].amz, &ms), 0);
		assert_true(ms == known[i].ms);
		ms = 1;
		assert_int_equal(timefmt_parse_http(known[i].http, &ms), 0);
		assert_true(ms == known[i].ms);
	}
}

static void
milliseconds_are_kept_on_both_sides_of_1970(void **state)
{
	char out[TIMEFMT_ISO_SIZE];
	int64_t ms;

	(void)state;
	timefmt_iso(1369353600007, out);
	assert_string_equal(out, "2013-05-24T00:00:00.007Z");
	timefmt_iso(-1, out);
	assert_string_equal(out, "1969-12-31T23:59:59.999Z");
	timefmt_iso(-1001, out);
	assert_string_equal(out, "1969-12-31T23:59:58.999Z");
	assert_int_equal(timefmt_parse_iso(out, &ms), 0);
	assert_true(ms == -1001);
	/* The forms without milliseconds round down, as clocks do. */
	timefmt_amz(1369353600999, out);
	assert_string_equal(out, "20130524T000000Z");
	timefmt_amz(-1, out);
	assert_string_equal(out, "19691231T235959Z");
}

static void
iso_is_read_with_and_without_milliseconds(void **state)
{
	int64_t ms;

	(void)state;
	assert_int_equal(timefmt_parse_iso("2013-05-24T00:00:01Z", &ms), 0);
	assert_true(ms == 1369353601000);
	assert_int_equal(timefmt_parse_iso("2013-05-24T00:00:01.250Z", &ms), 0);
	assert_true(ms == 1369353601250);
}

static void
rfc_3339_is_read_with_every_offset_and_fraction(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
	    {"2013-05-24T00:00:00Z", 1369353600000},
	    {"2013-05-24t00:00:00z", 1369353600000},
	    {"2013-05-24 00:00:00+00:00", 1369353600000},
	    {"2013-05-24T02:30:00+02:30", 1369353600000},
	    {"2013-05-23T19:00:00-05:00", 1369353600000},
	    {"2013-05-24T00:00:00.5Z", 1369353600500},
	    {"2013-05-24T00:00:00.0427Z", 1369353600042},
	    {"2013-05-24T00:00:00.123456789012-00:00", 1369353600123},
	};
	static const char *const bad[] = {
	    "",
	    "2013-05-24",
	    "2013-05-24T00:00:00",
	    "2013-05-24T00:00:00.Z",
	    "2013-05-24T00:00:00,5Z",
	    "2013-05-24T00:00:00+0000",
	    "2013-05-24T00:00:00+24:00",
	    "2013-05-24T00:00:00+00:60",
	    "2013-05-24T00:00:00ZZ",
	    "2013-05-24T00:00:00 Z",
	    "2013-02-29T00:00:00Z",
	    "2013-05-24T24:00:00Z",
	    "2013-05-24_00:00:00Z",
	    " 2013-05-24T00:00:00Z",
	};
	int64_t ms;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(good); i++) {
		if (timefmt_parse_rfc3339(good[i].text, &ms) != 0 ||
		    ms != good[i].ms)
			fail_msg("%s", good[i].text);
	}
	ms = 7;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (timefmt_parse_rfc3339(bad[i], &ms) != -1 || ms != 7)
			fail_msg("%s", bad[i]);
	}
}

static void
every_form_survives_a_round_trip(void **state)
{
	char out[64];
	int64_t ms, back;

	(void)state;
	/* A step of 9.7 days with a prime of milliseconds, years 1000 on. */
	for (ms = -30610224000000; ms <= LAST_MS; ms += 838080007) {
		timefmt_iso(ms, out);
		if (timefmt_parse_iso(out, &back) != 0 || back != ms)
			fail_msg("%s", out);
		back = 0;
		timefmt_amz(ms, out);
		if (timefmt_parse_amz(out, &back) != 0 || ms - back < 0 ||
		    ms - back > 999)
			fail_msg("%s", out);
		back = 0;
		timefmt_http(ms, out);
		if (timefmt_parse_http(out, &back) != 0 || ms - back < 0 ||
		    ms - back > 999)
			fail_msg("%s", out);
	}
}

static void
the_time_zone_of_the_process_means_nothing(void **state)
{
	char out[TIMEFMT_ISO_SIZE];
	int64_t ms = 1;

	(void)state;
	setenv("TZ", "America/New_York", 1);
	tzset();
	timefmt_iso(0, out);
	timefmt_parse_amz("19700101T000000Z", &ms);
	setenv("TZ", "UTC", 1);
	tzset();
	assert_string_equal(out, "1970-01-01T00:00:00.000Z");
	assert_true(ms == 0);
}

static void
days_that_never_were_are_refused(void **state)
{
	static const char *const bad[] = {
	    "2023-02-29T00:00:00Z", /* no leap year */
	    "2100-02-29T00:00:00Z", /* a century */
	    "2024-02-30T00:00:00Z",
	    "2024-04-31T00:00:00Z",
	    "2024-00-10T00:00:00Z",
	    "2024-13-10T00:00:00Z",
	    "2024-01-00T00:00:00Z",
	    "2024-01-32T00:00:00Z",
	    "2024-01-01T24:00:00Z",
	    "2024-01-01T00:60:00Z",
	    "2024-01-01T00:00:60Z",
	    "2024-01-01T00:00:99Z",
	    "2024-12-31T23:59:60Z",
	    "9999-99-99T99:99:99Z",
	};
	char amz[32];
	int64_t ms = 42;
	size_t i, k, n;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (timefmt_parse_iso(bad[i], &ms) == 0)
			fail_msg("%s was taken", bad[i]);
		for (k = n = 0; bad[i][k] != '\0'; k++) {
			if (bad[i][k] != '-' && bad[i][k] != ':')
				amz[n++] = bad[i][k];
		}
		amz[n] = '\0';
		if (timefmt_parse_amz(amz, &ms) == 0)
			fail_msg("%s was taken", amz);
	}
	assert_true(ms == 42);
}

static void
garbage_is_refused_by_every_parser(void **state)
{
	static const char *const bad[] = {
	    "",
	    "Z",
	    "2013-05-24",
	    "2013-05-24T00:00:00",
	    "2013-05-24T00:00:00z",
	    "2013-05-24t00:00:00Z",
	    "2013-05-24 00:00:00Z",
	    "2013-05-24T00:00:00+00:00",
	    "2013-05-24T00:00:00.1Z",
	    "2013-05-24T00:00:00.000000Z",
	    "2013-05-24T00:00:00,000Z",
	    " 2013-05-24T00:00:00Z",
	    "2013-05-24T00:00:00Z ",
	    "2013-05-24T00:00:0\xd9Z",
	    "+013-05-24T00:00:00Z",
	    "2013-05-24T-1:00:00Z",
	    "20130524T000000",
	    "20130524T000000z",
	    "20130524000000Z",
	    "20130524T000000.000Z",
	    "2013O524T000000Z",
	    "Fri, 24 May 2013 00:00:00 UTC",
	    "Fri, 24 may 2013 00:00:00 GMT",
	    "Fri, 24 Mai 2013 00:00:00 GMT",
	    "Fri, 31 Jun 2013 00:00:00 GMT",
	    "Fri, 00 May 2013 00:00:00 GMT",
	    "Fri,  4 May 2013 00:00:00 GMT",
	    "Fri 24 May 2013 00:00:00 GMT",
	    "Fri, 24 May 2013 24:00:00 GMT",
	    "Friday, 24-May-13 00:00:00 GMT", /* RFC 850's */
	    "Fri May 24 00:00:00 2013", /* asctime's */
	    "Fri, 24 May 2013 00:00:00 GMT ",
	    "Fri, 24 May 2013 00:00:00 GM",
	    "1369353600",
	};
	int64_t ms = 42;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (timefmt_parse_iso(bad[i], &ms) == 0 ||
		    timefmt_parse_amz(bad[i], &ms) == 0 ||
		    timefmt_parse_http(bad[i], &ms) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
	}
	assert_true(ms == 42);
}

static void
spans_are_short_and_readable(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
	    {0, "0 ms"},
	    {850, "850 ms"},
	    {999, "999 ms"},
	    {1000, "1.0 s"},
	    {12300, "12.3 s"},
	    {60000, "1 m 00 s"},
	    {245000, "4 m 05 s"},
	    {3599999, "59 m 59 s"},
	    {3600000, "1 h 00 m"},
	    {90061000, "25 h 01 m"},
	    {-5, "-5 ms"},
	};
	char out[TIMEFMT_SPAN_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		timefmt_span(cases[i].ms, out);
		assert_string_equal(out, cases[i].text);
	}
	timefmt_span(INT64_MAX, out);
	assert_string_equal(out, "2562047788015 h 12 m");
}

static void
early_years_have_four_digits(void **state)
{
	char out[64];
	int64_t ms;

	(void)state;
	timefmt_iso(FIRST_MS, out);
	assert_string_equal(out, "0000-01-01T00:00:00.000Z");
	assert_int_equal(timefmt_parse_iso(out, &ms), 0);
	assert_true(ms == FIRST_MS);
	timefmt_day(-59011459200000, out);
	assert_string_equal(out, "0100-01-01");
	timefmt_amz(-59011459200000, out);
	assert_string_equal(out, "01000101T000000Z");
	timefmt_http(FIRST_MS, out);
	assert_string_equal(out, "Sat, 01 Jan 0000 00:00:00 GMT");
}

static void
instants_past_the_forms_are_written_as_the_nearest_they_have(void **state)
{
	char out[64];

	(void)state;
	timefmt_iso(LAST_MS, out);
	assert_string_equal(out, "9999-12-31T23:59:59.999Z");
	timefmt_iso(LAST_MS + 1, out);
	assert_string_equal(out, "9999-12-31T23:59:59.999Z");
	timefmt_iso(INT64_MAX, out);
	assert_string_equal(out, "9999-12-31T23:59:59.999Z");
	timefmt_iso(FIRST_MS - 1, out);
	assert_string_equal(out, "0000-01-01T00:00:00.000Z");
	timefmt_iso(INT64_MIN, out);
	assert_string_equal(out, "0000-01-01T00:00:00.000Z");
	timefmt_http(INT64_MIN, out);
	assert_string_equal(out, "Sat, 01 Jan 0000 00:00:00 GMT");
}

static void
an_http_date_names_its_own_day_of_the_week(void **state)
{
	static const char *const bad[] = {"xxx, 24 May 2013 00:00:00 GMT",
	    "Thu, 24 May 2013 00:00:00 GMT", "fri, 24 May 2013 00:00:00 GMT",
	    "\r\n\x1b, 24 May 2013 00:00:00 GMT"};
	int64_t ms = 42;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (timefmt_parse_http(bad[i], &ms) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
	}
	assert_true(ms == 42);
}

static void
a_span_is_never_rounded_up_to_the_next_unit(void **state)
{
	char out[TIMEFMT_SPAN_SIZE];

	(void)state;
	timefmt_span(59999, out);
	assert_string_equal(out, "59.9 s");
	timefmt_span(1999, out);
	assert_string_equal(out, "1.9 s");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(known_instants_are_written),
	    cmocka_unit_test(known_instants_are_read),
	    cmocka_unit_test(milliseconds_are_kept_on_both_sides_of_1970),
	    cmocka_unit_test(iso_is_read_with_and_without_milliseconds),
	    cmocka_unit_test(rfc_3339_is_read_with_every_offset_and_fraction),
	    cmocka_unit_test(every_form_survives_a_round_trip),
	    cmocka_unit_test(the_time_zone_of_the_process_means_nothing),
	    cmocka_unit_test(days_that_never_were_are_refused),
	    cmocka_unit_test(garbage_is_refused_by_every_parser),
	    cmocka_unit_test(spans_are_short_and_readable),
	    cmocka_unit_test(early_years_have_four_digits),
	    cmocka_unit_test(
		instants_past_the_forms_are_written_as_the_nearest_they_have),
	    cmocka_unit_test(an_http_date_names_its_own_day_of_the_week),
	    cmocka_unit_test(a_span_is_never_rounded_up_to_the_next_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
