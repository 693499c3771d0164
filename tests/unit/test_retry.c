/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The standard retry mode of 2026 and adaptive mode, against numbers that were
 * worked out by hand from the published formulae.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/retry.h"
#include "base/mem.h"

static struct retry r;

static void
begin(bool adaptive, int max_attempts)
{
	struct retry_options o = {
	    .adaptive = adaptive,
	    .max_attempts = max_attempts,
	};

	retry_init(&r, &o, 0);
}

static struct error
answered(enum error_code code, int status, const char *remote)
{
	struct error err;

	err_set(&err, code, "x");
	err.sent = true;
	err.http_status = status;
	err.retryable = code == ERR_REMOTE || code == ERR_THROTTLED;
	snprintf(err.remote_code, sizeof(err.remote_code), "%s", remote);
	return err;
}

static struct error
unanswered(enum error_code code)
{
	struct error err;

	err_set(&err, code, "x");
	err.retryable = true;
	return err;
}

#define THROTTLED answered(ERR_THROTTLED, 400, "ThrottlingException")
#define TRANSIENT answered(ERR_REMOTE, 503, "503")

static int64_t
fail_at(struct error err, int tries, double unit, int *cost)
{
	return retry_failed(&r, &err, tries, unit, 0, cost);
}

/* --- delays --------------------------------------------------------- */

/* unit * min(base * 2^(tries - 1), 20,000) */
static void
delays_grow_from_their_base_to_twenty_seconds(void **state)
{
	static const struct {
		int tries;
		double unit;
		int64_t transient;
		int64_t throttled;
	} rows[] = {
	    {1, 0, 0, 0},
	    {1, 0.5, 25, 500},
	    {1, 0.999, 49, 999},
	    {2, 0.5, 50, 1000},
	    {3, 0.5, 100, 2000},
	    {5, 0.5, 400, 8000},
	    {6, 0.5, 800, 10000},
	    {9, 0.5, 6400, 10000},
	    {10, 0.5, 10000, 10000},
	    {40, 0.75, 15000, 15000},
	};
	size_t i;
	int cost;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		begin(false, 100);
		assert_int_equal(
		    fail_at(TRANSIENT, rows[i].tries, rows[i].unit, &cost),
		    rows[i].transient);
		assert_int_equal(
		    fail_at(THROTTLED, rows[i].tries, rows[i].unit, &cost),
		    rows[i].throttled);
	}
}

/* max(computed, min(hint, computed + 5,000)) */
static void
a_hint_of_the_service_is_kept_within_five_seconds(void **state)
{
	static const struct {
		int64_t hint;
		int64_t delay;
	} rows[] = {{0, 25}, {10, 25}, {26, 26}, {3000, 3000}, {5025, 5025},
	    {5026, 5025}, {3600000, 5025}};
	struct error err = TRANSIENT;
	size_t i;
	int cost;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		begin(false, 3);
		err.retry_after_ms = rows[i].hint;
		assert_int_equal(fail_at(err, 1, 0.5, &cost), rows[i].delay);
	}
}

static void
the_third_attempt_is_the_last(void **state)
{
	int cost;

	(void)state;
	begin(false, 3);
	assert_int_not_equal(fail_at(TRANSIENT, 1, 0, &cost), -1);
	assert_int_not_equal(fail_at(TRANSIENT, 2, 0, &cost), -1);
	assert_int_equal(fail_at(TRANSIENT, 3, 0, &cost), -1);
	assert_int_equal(cost, 0);
	begin(false, 1);
	assert_int_equal(fail_at(TRANSIENT, 1, 0, &cost), -1);
	begin(false, 100);
	assert_int_equal(fail_at(TRANSIENT, RETRY_NEVER, 0, &cost), -1);
	assert_true(r.quota == 500);
}

/* --- what is tried again -------------------------------------------- */

static void
only_what_passes_is_tried_again(void **state)
{
	const struct {
		struct error err;
		int cost; /* 0: it is not */
	} rows[] = {
	    {answered(ERR_REMOTE, 500, "InternalError"), 14},
	    {answered(ERR_REMOTE, 500, "500"), 14},
	    {answered(ERR_REMOTE, 502, "502"), 14},
	    {answered(ERR_REMOTE, 503, "ServiceUnavailable"), 14},
	    {answered(ERR_REMOTE, 504, "504"), 14},
	    {answered(ERR_REMOTE, 400, "RequestTimeout"), 14},
	    {answered(ERR_REMOTE, 400, "RequestTimeoutException"), 14},
	    {answered(ERR_REMOTE, 400, "IDPCommunicationError"), 14},
	    {unanswered(ERR_NET), 14},
	    {unanswered(ERR_TIMEOUT), 14},
	    {answered(ERR_THROTTLED, 429, "429"), 5},
	    {answered(ERR_THROTTLED, 503, "SlowDown"), 5},
	    {answered(ERR_THROTTLED, 400, "Throttling"), 5},
	    {answered(ERR_REMOTE, 501, "NotImplemented"), 0},
	    {answered(ERR_REMOTE, 505, "505"), 0},
	    {answered(ERR_REMOTE, 408, "408"), 0},
	    /* A page of HTML, of a proxy for instance. */
	    {answered(ERR_REMOTE, 403, "403"), 0},
	    {answered(ERR_AUTH, 403, "ExpiredToken"), 0},
	    {answered(ERR_AUTH, 403, "403"), 0},
	    {answered(ERR_AUTH, 403, "RequestTimeTooSkewed"), 0},
	    {answered(ERR_NOT_FOUND, 404, "404"), 0},
	    {answered(ERR_REFUSED, 400, "ValidationError"), 0},
	    {answered(ERR_REFUSED, 301, "PermanentRedirect"), 0},
	    {unanswered(ERR_AUTH), 0},
	};
	size_t i;
	int cost;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		begin(false, 3);
		if ((fail_at(rows[i].err, 1, 0, &cost) != -1) !=
			(rows[i].cost > 0) ||
		    cost != rows[i].cost)
			fail_msg("row %zu: %d", i, cost);
		assert_true(r.quota == 500 - rows[i].cost);
	}
}

/* --- the quota ------------------------------------------------------ */

static void
the_quota_bounds_a_storm(void **state)
{
	int cost, n;

	(void)state;
	/* 35 * 14 = 490 */
	begin(false, 3);
	for (n = 0; n < 999 && fail_at(TRANSIENT, 1, 0, &cost) != -1; n++)
		;
	assert_int_equal(n, 35);
	assert_true(r.quota == 10);
	/* What costs less still goes: 2 * 5. */
	for (n = 0; n < 999 && fail_at(THROTTLED, 1, 0, &cost) != -1; n++)
		;
	assert_int_equal(n, 2);
	begin(false, 3);
	for (n = 0; n < 999 && fail_at(THROTTLED, 1, 0, &cost) != -1; n++)
		;
	assert_int_equal(n, 100);
}

static void
a_success_gives_back_what_its_last_retry_cost_or_one(void **state)
{
	int first, second, cost;

	(void)state;
	begin(false, 3);
	fail_at(TRANSIENT, 1, 0, &first);
	fail_at(THROTTLED, 2, 0, &second);
	assert_true(r.quota == 500 - 14 - 5);
	retry_succeeded(&r, second, 0);
	assert_true(r.quota == 500 - 14);
	retry_succeeded(&r, 0, 0);
	assert_true(r.quota == 500 - 13);
	retry_succeeded(&r, first, 0);
	assert_true(r.quota == 500);
	begin(false, 3);
	while (fail_at(THROTTLED, 1, 0, &cost) != -1)
		;
	for (first = 0; first < 4; first++)
		retry_succeeded(&r, 0, 0);
	assert_int_equal(fail_at(THROTTLED, 1, 0, &cost), -1);
	retry_succeeded(&r, 0, 0);
	assert_int_equal(fail_at(THROTTLED, 1, 0, &cost), 0);
}

/* --- adaptive ------------------------------------------------------- */

static void
about(double is, double should)
{
	if (fabs(is - should) > 0.00001)
		fail_msg("%.8f is not %.8f", is, should);
}

static void
succeed_at(int64_t ms)
{
	retry_succeeded(&r, 0, ms);
}

static void
throttle_at(int64_t ms)
{
	struct error err = THROTTLED;
	int cost;

	(void)retry_failed(&r, &err, RETRY_NEVER, 0, ms, &cost);
}

static void
nothing_waits_before_the_first_throttling(void **state)
{
	int i;

	(void)state;
	begin(true, 3);
	for (i = 0; i < 1000; i++) {
		assert_int_equal(retry_wait_ms(&r, i), 0);
		succeed_at(i);
	}
	begin(false, 3);
	throttle_at(0);
	assert_int_equal(retry_wait_ms(&r, 0), 0);
}

/*
 * Ten answers within the first half second and one at its end:
 *   measured = 11 / 0.5 * 0.8 = 17.6
 * Throttled at 0.5 s, which counts one answer more:
 *   last_max = 17.6, rate = 0.7 * 17.6 = 12.32
 * so an empty bucket of 12.32: the first token in 1 / 12.32 s = 81.17 ms.
 */
static void
a_throttling_slows_down_to_seven_tenths(void **state)
{
	int i;

	(void)state;
	begin(true, 3);
	for (i = 0; i < 10; i++)
		succeed_at(i * 40);
	succeed_at(500);
	about(r.measured, 17.6);
	throttle_at(500);
	about(r.last_max, 17.6);
	about(r.rate, 12.32);
	about(r.bucket_max, 12.32);
	/* What was saved up till then, at 0.5 a second. */
	about(r.bucket, 0.25);
	/* (1 - 0.25) / 12.32 = 60.88 ms */
	assert_int_equal(retry_wait_ms(&r, 500), 61);
	assert_int_equal(retry_wait_ms(&r, 561), 0);
	assert_int_equal(retry_wait_ms(&r, 561), 82);
}

/*
 * One second after that throttling, an answer: the half seconds 0.5 to 1.5
 * had 2, so
 *   measured = 2 / 1.0 * 0.8 + 17.6 * 0.2 = 5.12
 *   K = (17.6 * 0.3 / 0.4)^(1/3) = 13.2^(1/3) = 2.3633363
 *   rate = 0.4 * (1 - K)^3 + 17.6 = 0.4 * -2.5347 + 17.6 = 16.58612…
 * but never more than twice what was measured: 10.24
 */
static void
it_recovers_along_a_cubic_and_never_beyond_twice_the_measured(void **state)
{
	double k = cbrt(13.2);
	int i;

	(void)state;
	begin(true, 3);
	for (i = 0; i < 10; i++)
		succeed_at(i * 40);
	succeed_at(500);
	throttle_at(500);
	succeed_at(1500);
	about(r.measured, 5.12);
	about(r.rate, 10.24);
	/* 40 answers till 2.0 s: 40 / 0.5 * 0.8 + 5.12 * 0.2 = 65.024, and the
	 * curve alone counts: 0.4 * (1.5 - K)^3 + 17.6 */
	for (i = 0; i < 39; i++)
		succeed_at(1501 + i);
	succeed_at(2000);
	about(r.measured, 65.024);
	about(r.rate, 0.4 * pow(1.5 - k, 3) + 17.6);
	about(r.rate, 17.3426);
	/* At K it is what it was, and beyond it grows on. */
	succeed_at(500 + 2363);
	about(round(r.rate * 1000) / 1000, 17.6);
	for (i = 0; i < 100; i++)
		succeed_at(5500 + i);
	succeed_at(6000);
	about(r.rate, 0.4 * pow(5.5 - k, 3) + 17.6);
}

static void
it_never_stands_still(void **state)
{
	int i;

	(void)state;
	begin(true, 3);
	for (i = 0; i < 50; i++)
		throttle_at(i * 5000);
	about(r.rate, 0.5);
	assert_in_range(retry_wait_ms(&r, 250000), 0, 2000);
	about(r.bucket_max, 1);
}

static void
what_throttles_again_goes_on_from_the_lower_rate(void **state)
{
	int i;

	(void)state;
	begin(true, 3);
	for (i = 0; i < 10; i++)
		succeed_at(i * 40);
	succeed_at(500);
	throttle_at(500);
	/* Still in the same half second: 12.32 is below the measured 17.6. */
	throttle_at(600);
	about(r.last_max, 12.32);
	about(r.rate, 12.32 * 0.7);
}

/* --- options -------------------------------------------------------- */

static char config[64];

static void
write_config(const char *text)
{
	int fd = open(config, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static int
setup(void **state)
{
	(void)state;
	snprintf(config, sizeof(config), "/tmp/test-retry-XXXXXX");
	close(mkstemp(config));
	setenv("AWS_CONFIG_FILE", config, 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
	unsetenv("AWS_PROFILE");
	unsetenv("AWS_RETRY_MODE");
	unsetenv("AWS_MAX_ATTEMPTS");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	unlink(config);
	return 0;
}

static void
must_load(const char *profile, bool adaptive, int max_attempts)
{
	struct retry_options o;
	struct error err;

	if (retry_options_load(profile, &o, &err) == -1)
		fail_msg("%s", err.text);
	assert_int_equal(o.adaptive, adaptive);
	assert_int_equal(o.max_attempts, max_attempts);
}

static void
options_are_the_environment_s_or_else_the_profile_s(void **state)
{
	(void)state;
	must_load(NULL, false, 3);
	write_config("[default]\nretry_mode = adaptive\nmax_attempts = 7\n"
		     "[profile x]\nretry_mode = Legacy\n");
	must_load(NULL, true, 7);
	must_load("x", false, 3);
	setenv("AWS_RETRY_MODE", "standard", 1);
	setenv("AWS_MAX_ATTEMPTS", "1", 1);
	must_load(NULL, false, 1);
	setenv("AWS_RETRY_MODE", "", 1);
	must_load(NULL, true, 1);
}

static void
senseless_options_are_refused_by_name(void **state)
{
	static const struct {
		const char *mode;
		const char *attempts;
		const char *text;
	} rows[] = {
	    {"fast", "3", "AWS_RETRY_MODE: the retry mode \"fast\""},
	    {"standard", "0", "AWS_MAX_ATTEMPTS: the number of attempts \"0\""},
	    {"standard", "-1", "from 1 to 1000"},
	    {"standard", "3x", "from 1 to 1000"},
	    {"standard", "1001", "from 1 to 1000"},
	};
	struct retry_options o;
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		setenv("AWS_RETRY_MODE", rows[i].mode, 1);
		setenv("AWS_MAX_ATTEMPTS", rows[i].attempts, 1);
		assert_int_equal(retry_options_load(NULL, &o, &err), -1);
		assert_int_equal(err.code, ERR_CONFIG);
		if (strstr(err.text, rows[i].text) == NULL)
			fail_msg("%s", err.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(delays_grow_from_their_base_to_twenty_seconds),
	    cmocka_unit_test(a_hint_of_the_service_is_kept_within_five_seconds),
	    cmocka_unit_test(the_third_attempt_is_the_last),
	    cmocka_unit_test(only_what_passes_is_tried_again),
	    cmocka_unit_test(the_quota_bounds_a_storm),
	    cmocka_unit_test(
		a_success_gives_back_what_its_last_retry_cost_or_one),
	    cmocka_unit_test(nothing_waits_before_the_first_throttling),
	    cmocka_unit_test(a_throttling_slows_down_to_seven_tenths),
	    cmocka_unit_test(
		it_recovers_along_a_cubic_and_never_beyond_twice_the_measured),
	    cmocka_unit_test(it_never_stands_still),
	    cmocka_unit_test(what_throttles_again_goes_on_from_the_lower_rate),
	    cmocka_unit_test_setup_teardown(
		options_are_the_environment_s_or_else_the_profile_s, setup,
		teardown),
	    cmocka_unit_test_setup_teardown(
		senseless_options_are_refused_by_name, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
