/* SPDX-License-Identifier: Apache-2.0 */
/* The the source: its token, its answers, and what it may not do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/unit/fetch_rig.h"

static char *url;
static char token[] = "container-token";

static int
setup(void **state)
{
	struct fetch_rig *r;

	fetch_rig_setup(state);
	r = *state;
	url = xasprintf("%s/v1/credentials", r->url);
	r->plan.kind = CREDS_CONTAINER;
	r->plan.container.url = url;
	r->plan.container.token = token;
	return 0;
}

static int
teardown(void **state)
{
	free(url);
	return fetch_rig_teardown(state);
}

static void
the_token_of_the_environment_is_sent(void **state)
{
	struct fetch_rig *r = *state;

	fetch_rig_gets(r, "container");
	r->plan.container.token = NULL;
	fetch_rig_fails(r, ERR_AUTH,
	    "the source: the answer: AccessDenied: wrong token "
	    "(HTTP 401)");
	assert_true(strstr(r->err.hint, "pod identity") != NULL);
	assert_false(r->err.retryable);
	assert_int_equal(r->peer.asked[PLACE_CONTAINER], 2);
}

static void
the_token_file_is_read_each_time_and_goes_first(void **state)
{
	struct fetch_rig *r = *state;
	char *path = xstrdup(fetch_rig_put(r, "token", "first\n"));

	r->plan.container.token_file = path;
	credpeer_set(&r->peer, "container_token", "first");
	fetch_rig_gets(r, "container");
	fetch_rig_put(r, "token", "second");
	credpeer_set(&r->peer, "container_token", "second");
	fetch_rig_gets(r, "container");
	fetch_rig_put(r, "token", "a\r\nX-Evil: 1");
	fetch_rig_fails(r, ERR_CONFIG, "the source: *token holds *");
	fetch_rig_put(r, "token", "\n");
	fetch_rig_fails(r, ERR_CONFIG, "the source: *token is empty");
	free(path);
	r->plan.container.token_file = r->home;
	fetch_rig_fails(r, ERR_CONFIG, "*is no regular file");
	path = xasprintf("%s/missing", r->home);
	r->plan.container.token_file = path;
	fetch_rig_fails(r, ERR_CONFIG, "*open */missing: No such file*");
	assert_true(strstr(r->err.hint, "TOKEN_FILE") != NULL);
	assert_int_equal(r->peer.asked[PLACE_CONTAINER], 2);
	free(path);
}

static void
what_fails_for_the_moment_is_asked_three_times(void **state)
{
	static const char *const faults[] = {"reset", "500", "429"};
	struct fetch_rig *r = *state;
	size_t i;

	for (i = 0; i < ARRAY_LEN(faults); i++) {
		credpeer_fail(&r->peer, "container", faults[i], 2);
		fetch_rig_gets(r, "container");
		assert_int_equal(r->peer.asked[PLACE_CONTAINER], 3 * (i + 1));
	}
	credpeer_fail(&r->peer, "container", "503", 3);
	fetch_rig_fails(r, ERR_REMOTE, "*HTTP 503");
	assert_true(r->err.retryable);
	credpeer_fail(&r->peer, "container", "hang", 1);
	fetch_rig_gets(r, "container");
	r->plan.container.url = (char *)(uintptr_t)fetch_rig_nowhere();
	fetch_rig_fails(r, ERR_NET, "the source: failed to connect*");
	assert_true(r->err.retryable);
}

static void
a_redirect_is_never_followed(void **state)
{
	struct fetch_rig *r = *state;

	credpeer_fail(&r->peer, "container", "redirect", 1);
	fetch_rig_fails(r, ERR_REFUSED, "*HTTP 302");
	assert_true(strstr(r->err.hint, "not followed") != NULL);
	assert_int_equal(r->peer.asked[PLACE_CONTAINER], 1);
	assert_int_equal(r->peer.asked[PLACE_STS], 0);
}

static void
what_makes_no_sense_is_refused(void **state)
{
	struct fetch_rig *r = *state;

	credpeer_fail(&r->peer, "container", "garbage", 1);
	fetch_rig_fails(r, ERR_PROTOCOL, "*the answer: not JSON*");
	credpeer_fail(&r->peer, "container", "empty", 1);
	fetch_rig_fails(r, ERR_PROTOCOL, "*the answer: not JSON*");
	credpeer_fail(&r->peer, "container", "huge", 3);
	fetch_rig_fails(r, ERR_LIMIT, "*larger than 65536 bytes");
}

static void
no_error_repeats_the_token(void **state)
{
	struct fetch_rig *r = *state;

	credpeer_fail(&r->peer, "container", "echo", 1);
	fetch_rig_fails(r, ERR_AUTH, "*: Bad: \\* (HTTP 401)");
}

static void
times_are_reckoned_by_the_servers_clock(void **state)
{
	struct fetch_rig *r = *state;
	int64_t left;

	credpeer_set(&r->peer, "skew_s", "-86400");
	fetch_rig_gets(r, "container");
	left = r->creds.expires_mono - clock_mono_ms();
	assert_in_range(left, 3590000, 3610000);
	assert_true(r->creds.expires_at < clock_wall_ms());
	credpeer_fail(&r->peer, "container", "expired", 1);
	fetch_rig_gets(r, "container");
	assert_true(r->creds.expires_mono < clock_mono_ms());
}

static void
a_proxy_is_never_asked(void **state)
{
	struct fetch_rig *r = *state;

	/* What is on the loopback goes without one in any case. */
	r->plan.container.url = (char *)(uintptr_t) "http://nobody.invalid/v1/";
	setenv("http_proxy", r->url, 1);
	fetch_rig_fails(r, ERR_NET, "*ould not resolve*");
	unsetenv("http_proxy");
}

static void
it_can_be_cancelled_at_any_moment(void **state)
{
	fetch_rig_cancels(*state);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(the_token_of_the_environment_is_sent),
	    TEST(the_token_file_is_read_each_time_and_goes_first),
	    TEST(what_fails_for_the_moment_is_asked_three_times),
	    TEST(a_redirect_is_never_followed),
	    TEST(what_makes_no_sense_is_refused),
	    TEST(no_error_repeats_the_token),
	    TEST(times_are_reckoned_by_the_servers_clock),
	    TEST(a_proxy_is_never_asked),
	    TEST(it_can_be_cancelled_at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
