/* SPDX-License-Identifier: Apache-2.0 */
/* Sources of credentials in virtual time: limits, pauses, and hours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/creds_source.h"
#include "aws/creds_sso_cache.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_http.h"
#include "tests/support/fake_loop.h"

#define S(text) ((char *)(uintptr_t)(text))
#define KEYS                                                          \
	"{\"Code\":\"Success\",\"AccessKeyId\":\"A\",\"SecretAccess"  \
	"Key\":\"s\",\"Token\":\"t\",\"Expiration\":\"2099-01-01T00:" \
	"00:00Z\"}"

struct fixture {
	struct loop *loop;
	struct http_client *http;
	struct creds_plan plan;
	unsigned done;
	int64_t done_mono;
	struct error err;
};

static int
setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct http_client_options o = {.user_agent = "test/1"};
	struct error err;

	fake_clock_reset();
	peer_reset();
	f->loop = loop_new();
	assert_int_equal(http_client_new(f->loop, &o, &f->http, &err), 0);
	f->plan.source = S("the source");
	f->plan.profile = S("dev");
	setenv("AWS_REGION", "us-east-1", 1);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	const char *verdict = peer_verdict();

	if (verdict != NULL)
		fail_msg("%s", verdict);
	creds_imds_forget();
	http_client_free(f->http);
	assert_int_equal(fake_loop_timers(f->loop), 0);
	loop_free(f->loop);
	peer_reset();
	free(f);
	return 0;
}

static void
on_done(struct creds *take, const struct error *err, void *arg)
{
	struct fixture *f = arg;

	f->done++;
	f->done_mono = clock_mono_ms();
	error_clear(&f->err);
	if (take != NULL)
		creds_done(take);
	else
		f->err = *err;
	free(take);
}

static struct creds_fetch *
start(struct fixture *f)
{
	struct creds_fetch_env env = {.loop = f->loop, .http = f->http};
	struct creds_fetch *out;
	struct error err;

	if (creds_fetch_start(&env, &f->plan, on_done, f, &out, &err) == -1)
		fail_msg("%s", err.text);
	return out;
}

static void
fetch(struct fixture *f)
{
	unsigned before = f->done;

	start(f);
	assert_true(fake_loop_pass(f->loop, 1000));
	assert_int_equal(f->done, before + 1);
	assert_int_equal(f->err.code, ERR_NONE);
}

/* --- limits --------------------------------------------------------- */

/* The fake client keeps no time: whoever hangs would hang for ever. */
static void
a_source_that_hangs_is_ended(void **state)
{
	struct fixture *f = *state;
	int64_t begun = clock_mono_ms();

	f->plan.kind = CREDS_CONTAINER;
	f->plan.container.url = S("http://127.0.0.1/v1");
	peer_expect("GET", "http://127.0.0.1/v1");
	start(f);
	assert_true(fake_loop_pass(f->loop, 29000));
	assert_int_equal(f->done, 0);
	assert_true(fake_loop_pass(f->loop, 2000));
	assert_int_equal(f->done, 1);
	assert_int_equal(f->done_mono - begun, 30000);
	assert_int_equal(f->err.code, ERR_TIMEOUT);
	assert_true(f->err.retryable);
	assert_string_equal(
	    f->err.text, "the source: no credentials came within 30 s");
	assert_true(fake_loop_pass(f->loop, 60000));
	assert_int_equal(f->done, 1);
}

/* All of a chain together has the time that one of it has. */
static void
a_chain_of_roles_is_ended(void **state)
{
	struct fixture *f = *state;
	struct creds_plan middle = {.kind = CREDS_ROLE,
	    .source = S("middle"),
	    .profile = S("dev"),
	    .role = {.arn = S("arn:m"), .session_name = S("s")}};
	struct creds_plan imds = {.kind = CREDS_IMDS,
	    .source = S("IMDS"),
	    .imds = {
		.url = S("http://127.0.0.1"), .timeout_ms = 1000, .tries = 1}};

	peer_delay(
	    peer_reply(peer_expect("PUT", "*/token"), 200, "", "tok"), 15000);
	peer_expect("GET", "*/security-credentials-extended/");
	f->plan.kind = CREDS_ROLE;
	f->plan.role = middle.role;
	f->plan.base = &middle;
	middle.base = &imds;
	start(f);
	assert_true(fake_loop_pass(f->loop, 29999));
	assert_int_equal(f->done, 0);
	assert_true(fake_loop_pass(f->loop, 100));
	assert_int_equal(f->done, 1);
	assert_int_equal(f->err.code, ERR_TIMEOUT);
}

static void
one_that_is_cancelled_says_nothing_more(void **state)
{
	struct fixture *f = *state;
	struct creds_fetch *out;

	f->plan.kind = CREDS_CONTAINER;
	f->plan.container.url = S("http://127.0.0.1/v1");
	peer_expect("GET", "http://127.0.0.1/v1");
	peer_expect("GET", "http://127.0.0.1/v1");
	creds_fetch_cancel(start(f));
	start(f);
	assert_true(fake_loop_pass(f->loop, 31000));
	assert_int_equal(f->done, 1);
	/* In the pause between two tries. */
	peer_reply(peer_expect("GET", "http://127.0.0.1/v1"), 500, "", "");
	creds_fetch_cancel(NULL);
	out = start(f);
	assert_true(fake_loop_pass(f->loop, 50));
	creds_fetch_cancel(out);
	assert_true(fake_loop_pass(f->loop, 60000));
	assert_int_equal(f->done, 1);
}

/* --- IMDS ----------------------------------------------------------- */

static void
a_token_of_imds_is_good_for_six_hours(void **state)
{
	struct fixture *f = *state;

	f->plan.kind = CREDS_IMDS;
	f->plan.imds.url = S("http://127.0.0.1");
	f->plan.imds.timeout_ms = 1000;
	f->plan.imds.tries = 1;
	f->plan.imds.role = S("r");
	peer_reply(peer_always("PUT", "*/token"), 200,
	    "x-aws-ec2-metadata-token-ttl-seconds: 21600\n", "tok");
	peer_reply(peer_always("GET", "*/security-credentials-extended/r"), 200,
	    "", KEYS);
	fetch(f);
	assert_true(fake_loop_pass(f->loop, INT64_C(6) * 3600 * 1000 - 60000));
	fetch(f);
	assert_int_equal(peer_count("PUT", "*"), 1);
	assert_true(fake_loop_pass(f->loop, 60000));
	fetch(f);
	assert_int_equal(peer_count("PUT", "*"), 2);
	/* A wall clock that jumps changes nothing. */
	fake_clock_jump(INT64_C(48) * 3600 * 1000);
	fetch(f);
	assert_int_equal(peer_count("PUT", "*"), 2);
}

/* --- SSO ------------------------------------------------------------ */

static void
write_login(const char *path, int64_t ends_at)
{
	char end[TIMEFMT_ISO_SIZE];
	struct error err;
	char *text;

	timefmt_iso(ends_at, end);
	text = xasprintf("{\"accessToken\":\"a\",\"expiresAt\":\"%s\","
			 "\"clientId\":\"c\",\"clientSecret\":\"s\","
			 "\"refreshToken\":\"r\"}",
	    end);
	if (file_write_atomic(path, text, strlen(text), 0600, &err) == -1)
		fail_msg("%s", err.text);
	free(text);
}

static void
a_renewal_is_tried_each_thirty_seconds(void **state)
{
	struct fixture *f = *state;
	char home[] = "/tmp/test-creds-XXXXXX";
	struct error err;
	char *path, *folder;

	assert_non_null(mkdtemp(home));
	setenv("HOME", home, 1);
	f->plan.kind = CREDS_SSO;
	f->plan.sso = (struct creds_plan_sso){.account_id = S("1"),
	    .role_name = S("r"),
	    .region = S("us-east-1"),
	    .start_url = S("https://x"),
	    .session = S("flow")};
	path = sso_cache_path(&f->plan.sso);
	folder = xasprintf("%s/.aws/sso/cache", home);
	assert_int_equal(file_mkdirs(folder, 0700, &err), 0);
	setenv("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1", 1);
	setenv("AWS_ENDPOINT_URL_SSO_OIDC", "http://127.0.0.1/o", 1);
	peer_reply(peer_always("POST", "http://127.0.0.1/o/token"), 400, "",
	    "{\"error\":\"invalid_grant\"}");
	peer_reply(
	    peer_always("GET", "http://127.0.0.1/federation/credentials?*"),
	    200, "",
	    "{\"roleCredentials\":{\"accessKeyId\":\"A\","
	    "\"secretAccessKey\":\"s\",\"sessionToken\":\"t\","
	    "\"expiration\":4070908800000}}");
	write_login(path, clock_wall_ms() + 200000);
	fetch(f);
	fetch(f);
	assert_int_equal(peer_count("POST", "*"), 1);
	assert_true(fake_loop_pass(f->loop, 27000));
	fetch(f);
	assert_int_equal(peer_count("POST", "*"), 1);
	fetch(f);
	fetch(f);
	assert_int_equal(peer_count("POST", "*"), 2);
	assert_int_equal(peer_count("GET", "*"), 5);
	unlink(path);
	free(path);
	for (; strlen(folder) >= strlen(home); *strrchr(folder, '/') = '\0')
		rmdir(folder);
	free(folder);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_source_that_hangs_is_ended),
	    TEST(a_chain_of_roles_is_ended),
	    TEST(one_that_is_cancelled_says_nothing_more),
	    TEST(a_token_of_imds_is_good_for_six_hours),
	    TEST(a_renewal_is_tried_each_thirty_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
