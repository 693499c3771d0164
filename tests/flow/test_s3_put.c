/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads: what stands in their headers, and what is there already. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "aws/s3.h"
#include "base/file.h"
#include "base/mem.h"
#include "tests/support/flow.h"

#define URL "http://s3.test/buk/k"
#define TEXT "Hello world"
#define SUM "x-amz-checksum-crc64nvme"
#define TEXT_SUM "OOJZ0D8xKts="
#define TEXT_SHA \
	"64ec88ca00b268e5ba1a35678a1b5316d212f4f366b2477232534a8aeca37f3c"
#define TEXT_MD5 "3e25960a79dbc69b674cd4ec67a72c62"
#define NOT_IMPLEMENTED "<Error><Code>NotImplemented</Code></Error>"

static int over;
static struct error bad;
static int fd;

static int
setup(void **state)
{
	struct error err;

	over = 0;
	fd = memfd_create("input", MFD_CLOEXEC);
	if (file_write_all(fd, TEXT, strlen(TEXT), &err) == -1)
		return -1;
	return flow_setup(state);
}

static int
teardown(void **state)
{
	close(fd);
	return flow_teardown(state);
}

#define PUT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static void
on_done(const struct s3_object *o, const struct error *err, void *arg)
{
	(void)o;
	(void)arg;
	assert_int_equal(over, 0);
	over = err == NULL ? 1 : -1;
	if (err != NULL)
		bad = *err;
}

static void
must_end(int how)
{
	time_passes(100);
	if (over != how)
		fail_msg("%s", over == -1 ? bad.text : "no error");
	over = 0;
}

static void
put_with(struct s3 *s3, bool if_absent)
{
	struct s3_put put = {
	    .ref = {.uri = "s3://buk/k", .owner = "111122223333"},
	    .content_type = "text/x-y",
	    .fd = fd,
	    .len = (int64_t)strlen(TEXT),
	    .if_absent = if_absent,
	};
	struct s3_call *call;
	struct error err;

	assert_int_equal(s3_put(s3, &put, on_done, NULL, &call, &err), 0);
}

static void
put(int how)
{
	put_with(flow_site()->s3, true);
	must_end(how);
}

static struct peer_step *
expect_put(const char *sum, const char *if_none_match)
{
	struct peer_step *s = peer_expect("PUT", URL);

	peer_header(s, SUM, sum);
	peer_header(s, "If-None-Match", if_none_match);
	peer_body(s, TEXT);
	return s;
}

static void
an_upload_carries_what_it_is_and_whose(void **state)
{
	struct peer_step *s = expect_put(TEXT_SUM, "[*]");

	(void)state;
	peer_header(s, "x-amz-content-sha256", TEXT_SHA);
	peer_header(s, "x-amz-expected-bucket-owner", "111122223333");
	peer_header(s, "content-type", "text/x-y");
	peer_header(s, "Authorization",
	    "*SignedHeaders=*;content-type;host;if-none-match;" SUM
	    ";x-amz-content-sha256;x-amz-date;*");
	peer_reply(s, 200, "etag: \"e\"", "");
	put(1);
	peer_reply(expect_put(TEXT_SUM, NULL), 200, "", "");
	put_with(flow_site()->s3, false);
	must_end(1);
}

static void
no_checksum_is_sent_that_nobody_wants(void **state)
{
	struct s3_options o = {
	    .client = flow_site()->aws,
	    .endpoint = &flow_site()->s3_endpoint,
	};
	struct s3 *s3 = s3_new(&o);
	struct peer_step *s = expect_put(NULL, NULL);

	(void)state;
	/* Over http the digest is signed all the same. */
	peer_header(s, "x-amz-content-sha256", TEXT_SHA);
	peer_reply(s, 200, "", "");
	put_with(s3, false);
	must_end(1);
	s3_free(s3);
}

/* Turns of the loop until the request leaves. */
static unsigned turns;

static void
count_turn(void *arg)
{
	if (peer_count("PUT", URL) > 0)
		return;
	turns++;
	loop_post(flow.loop, count_turn, arg);
}

static void
a_large_file_is_read_in_slices(void **state)
{
	const int64_t len = 1024 * 1024 + 1;
	struct s3_put large = {.ref.uri = "s3://buk/k", .len = len};
	struct s3_call *call;
	struct error err;

	(void)state;
	assert_int_equal(ftruncate(fd, len), 0);
	large.fd = fd;
	turns = 0;
	assert_int_equal(
	    s3_put(flow_site()->s3, &large, on_done, NULL, &call, &err), 0);
	count_turn(NULL);
	peer_reply(peer_expect("PUT", URL), 200, "", "");
	must_end(1);
	/* 256 KiB each. */
	assert_true(turns >= 5);
}

/* Eight at a time: four slices of a turn, whoever's they are. */
static void
many_large_files_share_the_turns(void **state)
{
	const int64_t len = 1024 * 1024;
	struct s3_put large = {.ref.uri = "s3://buk/k", .len = len};
	struct s3_call *calls[8];
	struct error err;
	size_t i;

	(void)state;
	assert_int_equal(ftruncate(fd, len), 0);
	large.fd = fd;
	turns = 0;
	for (i = 0; i < ARRAY_LEN(calls); i++)
		assert_int_equal(s3_put(flow_site()->s3, &large, on_done, NULL,
				     &calls[i], &err),
		    0);
	count_turn(NULL);
	for (i = 0; i < ARRAY_LEN(calls); i++)
		peer_expect("PUT", URL);
	time_passes(100);
	/* The first four are through while the others had three of four. */
	assert_true(turns >= 7);
	assert_int_equal(peer_count("PUT", URL), ARRAY_LEN(calls));
	for (i = 0; i < ARRAY_LEN(calls); i++)
		s3_cancel(calls[i]);
}

static void
one_of_many_can_be_given_up_while_it_waits(void **state)
{
	struct s3_put p = {
	    .ref.uri = "s3://buk/k",
	    .fd = fd,
	    .len = (int64_t)strlen(TEXT),
	};
	struct s3_call *first, *second;
	struct error err;

	(void)state;
	assert_int_equal(
	    s3_put(flow_site()->s3, &p, on_done, NULL, &first, &err), 0);
	assert_int_equal(
	    s3_put(flow_site()->s3, &p, on_done, NULL, &second, &err), 0);
	s3_cancel(first);
	peer_reply(expect_put(TEXT_SUM, NULL), 200, "", "");
	must_end(1);
}

static void
a_file_that_shrank_is_not_sent(void **state)
{
	(void)state;
	assert_int_equal(ftruncate(fd, 3), 0);
	put(-1);
	assert_int_equal(bad.code, ERR_IO);
	assert_int_equal(peer_count("PUT", URL), 0);
}

static void
an_upload_can_be_given_up_at_any_time(void **state)
{
	struct s3_put p = {
	    .ref.uri = "s3://buk/k",
	    .fd = fd,
	    .len = (int64_t)strlen(TEXT),
	};
	struct s3_call *call;
	struct error err;

	(void)state;
	assert_int_equal(
	    s3_put(flow_site()->s3, &p, on_done, NULL, &call, &err), 0);
	s3_cancel(call);
	time_passes(100);
	peer_expect("PUT", URL);
	assert_int_equal(
	    s3_put(flow_site()->s3, &p, on_done, NULL, &call, &err), 0);
	time_passes(100);
	s3_cancel(call);
	time_passes(100);
	assert_int_equal(over, 0);
}

static void
what_is_there_already_is_told(void **state)
{
	(void)state;
	peer_reply(expect_put(TEXT_SUM, "[*]"), 412, "",
	    "<Error><Code>PreconditionFailed</Code></Error>");
	put(-1);
	assert_int_equal(bad.code, ERR_EXISTS);
	assert_false(bad.retryable);
	peer_reply(expect_put(TEXT_SUM, "[*]"), 409, "",
	    "<Error><Code>ConditionalRequestConflict</Code></Error>");
	put(-1);
	assert_true(bad.retryable);
}

static void
a_store_that_knows_no_checksums_gets_none(void **state)
{
	(void)state;
	peer_reply(expect_put(TEXT_SUM, "[*]"), 501, "", NOT_IMPLEMENTED);
	peer_reply(expect_put(NULL, "[*]"), 200, "", "");
	put(1);
	peer_reply(expect_put(NULL, "[*]"), 200, "", "");
	put(1);
}

static void
a_store_that_knows_no_condition_gets_none(void **state)
{
	(void)state;
	peer_reply(expect_put(TEXT_SUM, "[*]"), 400, "", NOT_IMPLEMENTED);
	peer_reply(expect_put(NULL, "[*]"), 400, "", NOT_IMPLEMENTED);
	peer_reply(expect_put(TEXT_SUM, NULL), 200, "", "");
	put(1);
	peer_reply(expect_put(TEXT_SUM, NULL), 200, "", "");
	put_with(flow_site()->s3, false);
	must_end(1);
	peer_reply(expect_put(TEXT_SUM, NULL), 200, "", "");
	put(1);
}

/* What was not reckoned is not sent either. */
static void
a_checksum_that_was_left_out_does_not_come_back(void **state)
{
	(void)state;
	peer_reply(expect_put(TEXT_SUM, NULL), 501, "", "");
	peer_reply(expect_put(NULL, NULL), 200, "", "");
	put_with(flow_site()->s3, false);
	must_end(1);
	peer_reply(expect_put(NULL, "[*]"), 501, "", "");
	peer_reply(expect_put(NULL, NULL), 200, "", "");
	put(1);
	peer_reply(expect_put(NULL, NULL), 200, "", "");
	put(1);
}

static void
a_store_that_implements_nothing_is_asked_four_times(void **state)
{
	(void)state;
	peer_reply(expect_put(TEXT_SUM, "[*]"), 501, "", "");
	peer_reply(expect_put(NULL, "[*]"), 501, "", "");
	peer_reply(expect_put(TEXT_SUM, NULL), 501, "", "");
	peer_reply(expect_put(NULL, NULL), 501, "", "");
	put(-1);
	peer_reply(expect_put(TEXT_SUM, "[*]"), 200, "", "");
	put(1);
}

/* --- is it the same? ------------------------------------------------ */

static void
compare(int how)
{
	struct s3_put p = {
	    .ref.uri = "s3://buk/k",
	    .fd = fd,
	    .len = (int64_t)strlen(TEXT),
	};
	struct s3_call *call;
	struct error err;

	assert_int_equal(
	    s3_compare(flow_site()->s3, &p, on_done, NULL, &call, &err), 0);
	must_end(how);
	if (how == -1 && bad.http_status == 0)
		assert_int_equal(bad.code, ERR_EXISTS);
}

static void
there_is(const char *headers)
{
	struct peer_step *s = peer_expect("HEAD", URL);
	char *all = xasprintf("content-length: 11\n%s", headers);

	peer_header(s, "x-amz-checksum-mode", "ENABLED");
	peer_reply(s, 200, all, "");
	free(all);
}

static void
the_same_checksum_is_the_same_object(void **state)
{
	(void)state;
	there_is("etag: \"other-3\"\n" SUM ": " TEXT_SUM);
	compare(1);
	there_is("etag: \"" TEXT_MD5 "\"\n" SUM ": AAAAAAAAAAA=");
	compare(-1);
	assert_non_null(strstr(bad.text, "s3://buk/k is there already"));
}

static void
without_one_the_etag_tells(void **state)
{
	(void)state;
	there_is("etag: \"" TEXT_MD5 "\"");
	compare(1);
	there_is("etag: \"00000000000000000000000000000000\"");
	compare(-1);
	there_is("etag: \"00000000000000000000000000000000\"\n"
		 "x-amz-server-side-encryption: AES256");
	compare(-1);
}

static void
an_etag_that_is_no_md5_tells_nothing(void **state)
{
	(void)state;
	there_is("etag: \"00000000000000000000000000000000-2\"");
	compare(1);
	there_is("etag: \"00000000000000000000000000000000\"\n"
		 "x-amz-server-side-encryption: aws:kms");
	compare(1);
	there_is("etag: \"00000000000000000000000000000000\"\n"
		 "x-amz-server-side-encryption-customer-algorithm: AES256");
	compare(1);
	there_is("");
	compare(1);
}

static void
another_size_is_another_object(void **state)
{
	(void)state;
	peer_reply(peer_expect("HEAD", URL), 200,
	    "content-length: 12\n" SUM ": " TEXT_SUM, "");
	compare(-1);
	peer_reply(peer_expect("HEAD", URL), 404, "", "");
	compare(-1);
	assert_int_equal(bad.code, ERR_NOT_FOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    PUT_TEST(an_upload_carries_what_it_is_and_whose),
	    PUT_TEST(no_checksum_is_sent_that_nobody_wants),
	    PUT_TEST(a_large_file_is_read_in_slices),
	    PUT_TEST(many_large_files_share_the_turns),
	    PUT_TEST(one_of_many_can_be_given_up_while_it_waits),
	    PUT_TEST(a_file_that_shrank_is_not_sent),
	    PUT_TEST(an_upload_can_be_given_up_at_any_time),
	    PUT_TEST(what_is_there_already_is_told),
	    PUT_TEST(a_store_that_knows_no_checksums_gets_none),
	    PUT_TEST(a_store_that_knows_no_condition_gets_none),
	    PUT_TEST(a_checksum_that_was_left_out_does_not_come_back),
	    PUT_TEST(a_store_that_implements_nothing_is_asked_four_times),
	    PUT_TEST(the_same_checksum_is_the_same_object),
	    PUT_TEST(without_one_the_etag_tells),
	    PUT_TEST(an_etag_that_is_no_md5_tells_nothing),
	    PUT_TEST(another_size_is_another_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
