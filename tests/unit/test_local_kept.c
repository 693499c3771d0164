/* SPDX-License-Identifier: Apache-2.0 */
/* Results last until another S3 has them, each once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "local/kept.h"
#include "tests/unit/local_place_rig.h"

static void
a_result_is_uploaded_and_leaves_nothing(void **state)
{
	(void)state;
	rig_open(true);
	rig_result(1, "s3://bucket/out/a b.out", "result");
	rig_wait_done(1);
	assert_int_equal(rig.code, ERR_NONE);
	assert_int_equal(rig.asked_n, 1);
	assert_string_equal(rig.asked[0].method, "PUT");
	assert_string_equal(rig.asked[0].path, "/bucket/out/a%20b.out");
	assert_string_equal(rig.asked[0].type, "text/x-test");
	assert_string_equal(rig.asked[0].body, "result");
	assert_int_equal(rig_requests(), 0);
	assert_false(rig_is_kept(1));
	/* An empty one is a result, too. */
	rig_result(2, "s3://bucket/out/empty", "");
	rig_wait_done(2);
	assert_string_equal(rig.asked[1].body, "");
	assert_int_equal(rig_requests(), 0);
	assert_string_equal(rig.log, "");
}

static void
a_bucket_may_stand_before_the_host(void **state)
{
	(void)state;
	rig.addressing = CONF_ADDRESSING_VIRTUAL;
	rig_open(true);
	rig_result(1, "s3://bucket/k", "x");
	rig_wait_asked(1);
	assert_string_equal(rig.asked[0].path, "/k");
	assert_memory_equal(rig.asked[0].host, "bucket.localhost:", 17);
}

static void
who_is_away_is_asked_again_and_told_once(void **state)
{
	(void)state;
	rig_open(true);
	rig_error(503, "SlowDown");
	rig_error(503, "SlowDown");
	rig_error(503, "SlowDown");
	rig_result(1, "s3://bucket/k", "x");
	rig_wait_asked(2);
	assert_int_equal(rig_staged(1), DB_STAGED_OUTPUT);
	assert_true(rig_is_kept(1));
	rig_wait_done(1);
	assert_int_equal(rig.code, ERR_NONE);
	assert_int_equal(rig.asked_n, 4);
	assert_int_equal(rig_logged("503 SlowDown"), 1);
	assert_int_equal(rig_logged("results cannot be uploaded"), 1);
	assert_int_equal(rig_logged("results are uploaded again"), 1);
	assert_int_equal(rig_requests(), 0);
}

/* Sixteen hear it together; then one asks, later and later, and all others
 * wait for it. */
static void
behind_a_missing_bucket_all_wait(void **state)
{
	int64_t i;

	(void)state;
	rig_open(true);
	for (i = 0; i < 18; i++)
		rig_error(404, "NoSuchBucket");
	for (i = 1; i <= 30; i++)
		rig_result(i, "s3://bucket/k", "x");
	rig_wait_asked(18);
	assert_int_equal(rig.done, 0);
	assert_true(rig.asked[16].at - rig.asked[15].at >= 500);
	assert_true(rig.asked[17].at - rig.asked[16].at >= 1000);
	rig_wait_done(30);
	assert_int_equal(rig.code, ERR_NONE);
	assert_int_equal(rig.asked_n, 18 + 30);
	assert_int_equal(rig_logged("NoSuchBucket"), 1);
	assert_int_equal(rig_logged("Make the bucket there"), 1);
	assert_int_equal(rig_logged(" error "), 1);
	assert_int_equal(rig_requests(), 0);
}

static void
one_that_is_refused_holds_up_no_other(void **state)
{
	(void)state;
	rig_open(true);
	rig_error(403, "AccessDenied");
	rig_result(1, "s3://bucket/forbidden", "x");
	rig_wait_asked(1);
	rig_result(2, "s3://bucket/allowed", "x");
	rig_result(3, "s3://bucket/allowed", "x");
	rig_wait_done(2);
	assert_int_equal(rig_requests(), 1);
	assert_int_equal(rig_staged(1), DB_STAGED_OUTPUT);
	assert_int_equal(rig_logged("s3:PutObject"), 1);
	rig_wait_done(3);
	assert_int_equal(rig_requests(), 0);
}

static void
a_wrong_region_is_told_with_the_right_one(void **state)
{
	(void)state;
	rig_open(true);
	rig_error(400, "AuthorizationHeaderMalformed");
	rig_result(1, "s3://bucket/k", "x");
	rig_wait_log("Set region = eu-test-2");
	rig_wait_done(1);
}

static void
what_a_crash_left_is_uploaded_and_no_model_runs(void **state)
{
	(void)state;
	rig_open(true);
	rig_error(503, "SlowDown");
	rig_result(1, "s3://bucket/k", "kept");
	rig_wait_asked(1);
	rig_close();
	assert_int_equal(rig.done, 0);
	rig_open(true);
	assert_int_equal(rig_staged(1), DB_STAGED_OUTPUT);
	rig_resume(1, "s3://bucket/k");
	assert_int_equal(rig.done, 0);
	rig_wait_done(1);
	assert_int_equal(rig.code, ERR_NONE);
	assert_int_equal(rig.asked_n, 2);
	assert_string_equal(rig.asked[1].body, "kept");
	/* The type is not known to who resumes. */
	assert_string_equal(rig.asked[1].type, "text/x-test");
	assert_int_equal(rig_requests(), 0);
}

/* The upload is done; the rest is not until it is durable. */
static void
a_request_that_cannot_end_yet_ends_later(void **state)
{
	(void)state;
	rig_open(true);
	rig.also_fails = 1;
	rig_result(1, "s3://bucket/k", "x");
	rig_wait_log("refused by the test");
	assert_int_equal(rig_requests(), 1);
	assert_true(rig_is_kept(1));
	rig_wait_done(1);
	assert_int_equal(rig.code, ERR_NONE);
	assert_int_equal(rig.also_n, 2);
	assert_int_equal(rig.asked_n, 1);
	assert_int_equal(rig_requests(), 0);
	assert_false(rig_is_kept(1));
}

static void
change_kept(int64_t seq, const char *text)
{
	struct db_object o = {0};
	struct error err;
	char key[24], *path;

	snprintf(key, sizeof(key), "%lld", (long long)seq);
	assert_int_equal(db_object_get(rig.db, KEPT_BUCKET, key, &o, &err), 1);
	path = xasprintf("%s/objects/%s", rig.dir, o.file);
	if (text == NULL)
		assert_int_equal(unlink(path), 0);
	else
		assert_int_equal(
		    file_write_atomic(path, text, strlen(text), 0600, &err), 0);
	free(path);
	db_object_done(&o);
}

/* Better a model that runs twice than a result that is wrong. */
static void
what_did_not_keep_is_asked_of_the_model_again(void **state)
{
	static const char *const texts[] = {"tsuk", NULL};
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		int64_t seq = (int64_t)i + 1;

		rig_open(true);
		rig_error(503, "SlowDown");
		rig_result(seq, "s3://bucket/k", "kust");
		rig_wait_asked(i + 1);
		rig_close();
		rig_open(true);
		change_kept(seq, texts[i]);
		rig_resume(seq, "s3://bucket/k");
		rig_wait_done((unsigned)i + 1);
		assert_int_not_equal(rig.code, ERR_NONE);
		assert_int_equal(rig.asked_n, i + 1);
		assert_int_equal(rig_staged(seq), DB_NOT_STAGED);
		assert_false(rig_is_kept(seq));
		rig_close();
	}
}

static void
without_the_other_s3_it_becomes_an_object_of_ours(void **state)
{
	struct db_object o = {0};
	struct error err;

	(void)state;
	rig_open(true);
	rig_error(503, "SlowDown");
	rig_result(1, "s3://bucket/k", "moved");
	rig_wait_asked(1);
	rig_close();
	rig_open(false);
	rig_resume(1, "s3://bucket/k");
	rig_wait_done(1);
	assert_int_equal(rig.code, ERR_NONE);
	assert_int_equal(rig_requests(), 0);
	assert_false(rig_is_kept(1));
	assert_int_equal(db_object_get(rig.db, "bucket", "k", &o, &err), 1);
	assert_int_equal(o.size, 5);
	assert_string_equal(o.headers, "Content-Type: text/x-test\n");
	db_object_done(&o);
	/* What is not there cannot be moved. */
	rig_resume(2, "s3://bucket/k");
	assert_int_equal(rig.done, 1);
	rig_wait_done(2);
	assert_int_equal(rig.code, ERR_STORE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_result_is_uploaded_and_leaves_nothing),
	    TEST(a_bucket_may_stand_before_the_host),
	    TEST(who_is_away_is_asked_again_and_told_once),
	    TEST(behind_a_missing_bucket_all_wait),
	    TEST(one_that_is_refused_holds_up_no_other),
	    TEST(a_wrong_region_is_told_with_the_right_one),
	    TEST(what_a_crash_left_is_uploaded_and_no_model_runs),
	    TEST(a_request_that_cannot_end_yet_ends_later),
	    TEST(what_did_not_keep_is_asked_of_the_model_again),
	    TEST(without_the_other_s3_it_becomes_an_object_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
