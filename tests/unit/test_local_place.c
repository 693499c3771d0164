/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inputs and results in our own store and in another S3, which is a server of
 * this test's that answers by a script, and checks signatures with the code of
 * the receiving end. How results last is in test_local_kept.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "local/kept.h"
#include "tests/unit/local_place_rig.h"

static struct fetched {
	unsigned calls;
	enum error_code code;
	int64_t size;
	char text[64];
} got;

static void
on_fetched(int take_fd, int64_t size, const struct error *err, void *arg)
{
	(void)arg;
	got.calls++;
	got.code = err != NULL ? err->code : ERR_NONE;
	got.size = size;
	if (err == NULL) {
		ssize_t n = read(take_fd, got.text, sizeof(got.text) - 1);

		assert_true(n >= 0);
		got.text[n] = '\0';
		close(take_fd);
	} else
		assert_int_equal(take_fd, -1);
	loop_stop(rig.loop);
}

static enum error_code
fetch(const char *location)
{
	struct place_call *call;

	memset(&got, 0, sizeof(got));
	place_fetch(rig.place, location, on_fetched, NULL, &call);
	assert_int_equal(got.calls, 0);
	loop_run(rig.loop);
	assert_int_equal(got.calls, 1);
	return got.code;
}

static void
our_own_objects_are_read(void **state)
{
	(void)state;
	rig_open(false);
	rig_result(1, "s3://bucket/a b", "hello");
	rig_wait_done(1);
	assert_int_equal(fetch("s3://bucket/a b"), ERR_NONE);
	assert_string_equal(got.text, "hello");
	assert_int_equal(got.size, 5);
	assert_int_equal(fetch("s3://bucket/b"), ERR_NOT_FOUND);
	assert_int_equal(fetch("s3://bucket/"), ERR_NOT_FOUND);
	assert_int_equal(fetch("https://bucket/a"), ERR_NOT_FOUND);
	rig_result(2, "s3://bucket/large", "12345678901234567890x");
	rig_wait_done(2);
	assert_int_equal(fetch("s3://bucket/large"), ERR_LIMIT);
	assert_int_equal(rig.asked_n, 0);
}

static void
a_result_and_its_request_are_one(void **state)
{
	(void)state;
	rig_open(false);
	rig_result(1, "s3://bucket/out/1", "result");
	rig_wait_done(1);
	assert_int_equal(rig.code, ERR_NONE);
	assert_int_equal(rig_requests(), 0);
	rig.also_fails = 1;
	rig_result(2, "s3://bucket/out/2", "result");
	rig_wait_done(2);
	assert_int_equal(rig.code, ERR_STORE);
	assert_int_equal(rig_requests(), 1);
	assert_int_equal(fetch("s3://bucket/out/2"), ERR_NOT_FOUND);
}

static void
a_fetch_that_is_left_calls_nobody(void **state)
{
	struct place_call *call;

	(void)state;
	rig_open(true);
	memset(&got, 0, sizeof(got));
	place_fetch(rig.place, "s3://bucket/a", on_fetched, NULL, &call);
	place_cancel(call);
	place_cancel(NULL);
	place_fetch(rig.place, "s3://bucket/b", on_fetched, NULL, &call);
	/* The other one goes with the place. */
	rig_close();
	assert_int_equal(got.calls, 0);
}

static void
another_s3_is_read(void **state)
{
	(void)state;
	rig_open(true);
	rig_reply(200, "", "from afar");
	assert_int_equal(fetch("s3://bucket/in/a b+\xc3\xa9"), ERR_NONE);
	assert_string_equal(got.text, "from afar");
	assert_int_equal(got.size, 9);
	assert_string_equal(rig.asked[0].method, "GET");
	assert_string_equal(rig.asked[0].path, "/bucket/in/a%20b%2B%C3%A9");
	rig_reply(200, "", "");
	assert_int_equal(fetch("s3://bucket/empty"), ERR_NONE);
	assert_int_equal(got.size, 0);
}

static void
what_another_s3_says_is_told_apart(void **state)
{
	(void)state;
	rig_open(true);
	rig_error(404, "NoSuchKey");
	assert_int_equal(fetch("s3://bucket/a"), ERR_NOT_FOUND);
	rig_error(404, "NoSuchBucket");
	assert_int_equal(fetch("s3://bucket/a"), ERR_NOT_FOUND);
	rig_error(403, "AccessDenied");
	assert_int_equal(fetch("s3://bucket/a"), ERR_AUTH);
	rig_error(403, "SignatureDoesNotMatch");
	assert_int_equal(fetch("s3://bucket/a"), ERR_REFUSED);
	rig_error(400, "AuthorizationHeaderMalformed");
	assert_int_equal(fetch("s3://bucket/a"), ERR_REFUSED);
	rig_reply(301, "x-amz-bucket-region: eu-west-1\n", "no XML <");
	assert_int_equal(fetch("s3://bucket/a"), ERR_REFUSED);
	rig_reply(200, "", "12345678901234567890");
	assert_int_equal(fetch("s3://bucket/a"), ERR_NONE);
	rig_reply(200, "", "12345678901234567890x");
	assert_int_equal(fetch("s3://bucket/a"), ERR_LIMIT);
	assert_int_equal(fetch("file:///etc/passwd"), ERR_NOT_FOUND);
	assert_int_equal(rig.asked_n, 8);
}

/* Nothing of the first try stays in the file. */
static void
what_passes_is_asked_for_again(void **state)
{
	(void)state;
	rig_open(true);
	rig_error(503, "SlowDown");
	rig_break("longer than");
	rig_error(500, "InternalError");
	rig_reply(200, "", "at last");
	assert_int_equal(fetch("s3://bucket/a"), ERR_NONE);
	assert_string_equal(got.text, "at last");
	assert_int_equal(got.size, 7);
	assert_int_equal(rig.asked_n, 4);
}

static void
what_does_not_pass_is_given_up(void **state)
{
	int i;

	(void)state;
	rig_open(true);
	for (i = 0; i < 6; i++)
		rig_error(503, "ServiceUnavailable");
	assert_int_equal(fetch("s3://bucket/a"), ERR_REMOTE);
	assert_int_equal(rig.asked_n, 6);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(our_own_objects_are_read),
	    TEST(a_result_and_its_request_are_one),
	    TEST(a_fetch_that_is_left_calls_nobody),
	    TEST(another_s3_is_read),
	    TEST(what_another_s3_says_is_told_apart),
	    TEST(what_passes_is_asked_for_again),
	    TEST(what_does_not_pass_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
