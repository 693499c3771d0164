/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of S3: what they send, and what they believe of the answer. */
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
#include "base/hash.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "tests/support/flow.h"

#define URL "http://s3.test/buk/k"
#define TEXT "Hello world"
#define TEXT_SUM "x-amz-checksum-crc64nvme: OOJZ0D8xKts=\n"
#define OWNER "111122223333"

static int over; /* 1 with an object, -1 with an error */
static struct error bad;
static char etag[64];
static int64_t size;
static struct buf bytes; /* of the sink, or the keys of a listing */
static char continuation[64];

static int
setup(void **state)
{
	over = 0;
	buf_init(&bytes, 1000);
	return flow_setup(state);
}

static int
teardown(void **state)
{
	buf_done(&bytes);
	return flow_teardown(state);
}

#define S3_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static void
on_done(const struct s3_object *o, const struct error *err, void *arg)
{
	(void)arg;
	assert_int_equal(over, 0);
	over = err == NULL ? 1 : -1;
	if (err != NULL) {
		assert_null(o);
		bad = *err;
	} else {
		snprintf(etag, sizeof(etag), "%s", o->etag);
		size = o->size;
	}
}

static int
keep(const void *data, size_t len, void *arg, struct error *err)
{
	(void)arg;
	(void)err;
	return buf_append(&bytes, data, len);
}

static void
must_end(int how)
{
	time_passes(100);
	if (over != how)
		fail_msg("%s", over == -1 ? bad.text : "no error");
	over = 0;
}

/* --- GET ------------------------------------------------------------ */

static void
get_from(int64_t offset, struct s3sum *sum)
{
	struct s3_get get = {
	    .ref.uri = "s3://buk/k",
	    .offset = offset,
	    .sum = sum,
	    .sink = keep,
	};
	struct s3_call *call;
	struct error err;

	assert_int_equal(
	    s3_get(flow_site()->s3, &get, on_done, NULL, &call, &err), 0);
}

static struct peer_step *
expect_get(const char *range)
{
	struct peer_step *s = peer_expect("GET", URL);

	peer_header(s, "Range", range);
	peer_header(s, "x-amz-checksum-mode", range == NULL ? "ENABLED" : NULL);
	return s;
}

static void
a_download_is_compared_with_its_checksum(void **state)
{
	(void)state;
	peer_reply(expect_get(NULL), 200, TEXT_SUM, TEXT);
	get_from(0, NULL);
	must_end(1);
	assert_string_equal(bytes.data, TEXT);
	peer_reply(expect_get(NULL), 200, TEXT_SUM, "Hello worle");
	get_from(0, NULL);
	must_end(-1);
	assert_string_equal(bad.remote_code, "ChecksumMismatch");
}

static void
an_empty_object_is_compared_too(void **state)
{
	(void)state;
	peer_reply(expect_get(NULL), 200,
	    "x-amz-checksum-crc64nvme: AAAAAAAAAAA=", "");
	get_from(0, NULL);
	must_end(1);
	peer_reply(expect_get(NULL), 200, TEXT_SUM, "");
	get_from(0, NULL);
	must_end(-1);
}

static void
one_checksum_is_kept_over_all_ranges(void **state)
{
	struct s3sum *sum = s3sum_new();

	(void)state;
	peer_reply(
	    expect_get(NULL), 200, TEXT_SUM "content-length: 11\n", "Hello");
	get_from(0, sum);
	must_end(-1);
	assert_int_equal(bad.code, ERR_NET);
	assert_true(bad.retryable);
	peer_reply(expect_get("bytes=5-"), 206,
	    "content-range: bytes 5-10/11\n", " world");
	get_from(5, sum);
	must_end(1);
	assert_int_equal(size, 11);
	peer_reply(expect_get("bytes=5-"), 206,
	    "content-range: bytes 5-10/11\n", " world");
	s3sum_free(sum);
	sum = s3sum_new();
	get_from(5, sum);
	must_end(1);
	s3sum_free(sum);
}

static void
a_wrong_rest_is_found_out(void **state)
{
	struct s3sum *sum = s3sum_new();

	(void)state;
	peer_reply(
	    expect_get(NULL), 200, TEXT_SUM "content-length: 11\n", "Hello");
	get_from(0, sum);
	must_end(-1);
	peer_reply(expect_get("bytes=5-"), 206,
	    "content-range: bytes 5-10/11\n", " worle");
	get_from(5, sum);
	must_end(-1);
	assert_string_equal(bad.remote_code, "ChecksumMismatch");
	s3sum_free(sum);
}

static void
a_rest_that_is_not_all_of_it_is_not_taken(void **state)
{
	(void)state;
	peer_reply(expect_get("bytes=5-"), 206, "content-range: bytes 5-7/11\n",
	    " wo");
	get_from(5, NULL);
	must_end(-1);
	assert_int_equal(bad.code, ERR_PROTOCOL);
	assert_int_equal(bytes.len, 0);
	peer_reply(expect_get("bytes=5-"), 206,
	    "content-range: bytes 5-10/11\n", " wo");
	get_from(5, NULL);
	must_end(-1);
	assert_int_equal(bad.code, ERR_PROTOCOL);
}

static void
an_answer_of_no_known_length_is_not_taken(void **state)
{
	(void)state;
	peer_reply(expect_get(NULL), 200, "content-length: none\n", TEXT);
	get_from(0, NULL);
	must_end(-1);
	assert_int_equal(bad.code, ERR_PROTOCOL);
	assert_false(bad.retryable);
	assert_int_equal(bytes.len, 0);
}

static void
a_part_that_nobody_asked_for_is_not_taken(void **state)
{
	(void)state;
	peer_reply(
	    expect_get(NULL), 206, "content-range: bytes 0-4/11\n", "Hello");
	get_from(0, NULL);
	must_end(-1);
	assert_int_equal(bad.code, ERR_PROTOCOL);
	assert_int_equal(bytes.len, 0);
}

static void
checksums_are_not_asked_for_where_they_are_not_wanted(void **state)
{
	struct s3_options o = {
	    .client = flow_site()->aws,
	    .endpoint = &flow_site()->s3_endpoint,
	};
	struct s3 *s3 = s3_new(&o);
	struct s3_get get = {.ref.uri = "s3://buk/k", .sink = keep};
	struct peer_step *s = peer_expect("GET", URL);
	struct s3_call *call;
	struct error err;

	(void)state;
	peer_header(s, "x-amz-checksum-mode", NULL);
	peer_reply(s, 200, TEXT_SUM, "other");
	assert_int_equal(s3_get(s3, &get, on_done, NULL, &call, &err), 0);
	must_end(1);
	s3_free(s3);
}

/* --- short ones ----------------------------------------------------- */

static void
the_owner_goes_with_every_request(void **state)
{
	const struct s3_ref ref = {.uri = "s3://buk/k", .owner = OWNER};
	struct s3_call *call;
	struct peer_step *s;
	struct error err;

	(void)state;
	s = peer_reply(peer_expect("HEAD", URL), 200, "etag: \"e\"", "");
	peer_header(s, "x-amz-expected-bucket-owner", OWNER);
	assert_int_equal(
	    s3_head(flow_site()->s3, &ref, on_done, NULL, &call, &err), 0);
	must_end(1);
	s = peer_reply(peer_expect("DELETE", URL), 204, "", "");
	peer_header(s, "x-amz-expected-bucket-owner", OWNER);
	assert_int_equal(
	    s3_delete(flow_site()->s3, &ref, on_done, NULL, &call, &err), 0);
	must_end(1);
}

static void
delete_it(void)
{
	const struct s3_ref ref = {.uri = "s3://buk/k"};
	struct s3_call *call;
	struct error err;

	assert_int_equal(
	    s3_delete(flow_site()->s3, &ref, on_done, NULL, &call, &err), 0);
}

static void
what_cannot_be_deleted_is_told(void **state)
{
	(void)state;
	peer_reply(peer_expect("DELETE", URL), 403, "",
	    "<Error><Code>AccessDenied</Code></Error>");
	delete_it();
	must_end(-1);
	assert_int_equal(bad.code, ERR_AUTH);
}

/* --- listings ------------------------------------------------------- */

static void
on_listed(const struct s3_listing *l, const struct error *err, void *arg)
{
	size_t i;

	(void)arg;
	assert_int_equal(over, 0);
	over = err == NULL ? 1 : -1;
	if (err != NULL) {
		bad = *err;
		return;
	}
	for (i = 0; i < l->n; i++)
		buf_printf(&bytes, "%s;", l->v[i].key);
	snprintf(continuation, sizeof(continuation), "%s",
	    l->continuation != NULL ? l->continuation : "");
}

static void
list(const struct s3_list *what)
{
	struct s3_call *call;
	struct error err;

	assert_int_equal(
	    s3_list(flow_site()->s3, what, on_listed, NULL, &call, &err), 0);
}

static void
a_listing_goes_page_by_page(void **state)
{
	struct s3_list l = {
	    .prefix = {.uri = "s3://buk/in put/", .owner = OWNER},
	    .start_after = "in put/a&b",
	    .max_keys = 2,
	};
	struct peer_step *s;

	(void)state;
	s = peer_reply(
	    peer_expect("GET",
		"http://s3.test/buk[?]encoding-type=url&list-type=2&max-keys=2"
		"&prefix=in%20put%2F&start-after=in%20put%2Fa%26b"),
	    200, "",
	    "<ListBucketResult><EncodingType>url</EncodingType>"
	    "<IsTruncated>true</IsTruncated>"
	    "<NextContinuationToken>t/=</NextContinuationToken>"
	    "<Contents><Key>in+put/c</Key></Contents>"
	    "<Contents><Key>in+put/d</Key></Contents></ListBucketResult>");
	peer_header(s, "x-amz-expected-bucket-owner", OWNER);
	list(&l);
	must_end(1);
	assert_string_equal(bytes.data, "in put/c;in put/d;");
	assert_string_equal(continuation, "t/=");
	l.continuation = continuation;
	peer_reply(peer_expect("GET",
		       "http://s3.test/buk[?]continuation-token=t%2F%3D"
		       "&encoding-type=url&list-type=2&max-keys=2"
		       "&prefix=in%20put%2F"),
	    200, "", "<ListBucketResult/>");
	list(&l);
	must_end(1);
	assert_string_equal(continuation, "");
}

static void
a_bucket_is_listed_without_a_prefix(void **state)
{
	struct s3_list l = {.prefix.uri = "s3://buk"};

	(void)state;
	peer_reply(peer_expect("GET",
		       "http://s3.test/buk[?]encoding-type=url&list-type=2"),
	    200, "", "<ListBucketResult/>");
	list(&l);
	must_end(1);
}

static void
an_error_behind_a_200_is_an_error(void **state)
{
	struct s3_list l = {.prefix.uri = "s3://buk"};

	(void)state;
	peer_reply(peer_expect("GET", "http://s3.test/buk[?]*"), 200, "",
	    "<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code>"
	    "</Error>");
	list(&l);
	must_end(-1);
	assert_int_equal(bad.code, ERR_REMOTE);
	assert_true(bad.retryable);
	assert_string_equal(bad.remote_code, "InternalError");
	peer_reply(
	    peer_expect("GET", "http://s3.test/buk[?]*"), 200, "", "<html/>");
	list(&l);
	must_end(-1);
	assert_int_equal(bad.code, ERR_PROTOCOL);
}

static void
a_listing_that_makes_no_sense_is_not_sent(void **state)
{
	struct s3_list l = {.prefix.uri = "s3://buk", .max_keys = 1001};
	struct s3_call *call;
	struct error err;

	(void)state;
	assert_int_equal(
	    s3_list(flow_site()->s3, &l, on_listed, NULL, &call, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	l.max_keys = 0;
	l.prefix.uri = "s3:///x";
	assert_int_equal(
	    s3_list(flow_site()->s3, &l, on_listed, NULL, &call, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
}

/* --- presigned URLs ------------------------------------------------- */

static void
a_presigned_url_names_all_it_takes(void **state)
{
	const struct s3_ref ref = {.uri = "s3://buk/a b+c"};
	struct error err;
	int64_t valid_s;
	char *url;

	(void)state;
	assert_int_equal(
	    s3_presign(flow_site()->s3, &ref, 3600, &url, &valid_s, &err), 0);
	assert_int_equal(valid_s, 3600);
	assert_ptr_equal(
	    strstr(url, "http://s3.test/buk/a%20b%2Bc?X-Amz-Algorithm="), url);
	assert_non_null(strstr(url, "X-Amz-Credential=" FLOW_KEY "%2F"));
	assert_non_null(strstr(url, "%2Fus-east-1%2Fs3%2Faws4_request&"));
	assert_non_null(strstr(url, "&X-Amz-Expires=3600&"));
	assert_non_null(strstr(url, "&X-Amz-SignedHeaders=host&"));
	assert_non_null(strstr(url, "&X-Amz-Security-Token="));
	assert_non_null(strstr(url, "&X-Amz-Signature="));
	free(url);
}

/* The time of the credentials is over in ten minutes, then in none. */
static void
a_presigned_url_ends_with_what_signed_it(void **state)
{
	const struct s3_ref ref = {.uri = "s3://buk/k"};
	char until[TIMEFMT_ISO_SIZE];
	struct error err;
	int64_t valid_s = 0;
	char *url;

	(void)state;
	timefmt_iso(clock_wall_ms() + 600000, until);
	setenv("AWS_CREDENTIAL_EXPIRATION", until, 1);
	flow_die();
	flow_take_up();
	unsetenv("AWS_CREDENTIAL_EXPIRATION");
	peer_reply(peer_expect("DELETE", URL), 204, "", "");
	delete_it();
	must_end(1);
	assert_int_equal(
	    s3_presign(flow_site()->s3, &ref, 3600, &url, &valid_s, &err), 0);
	assert_in_range(valid_s, 598, 600);
	assert_non_null(strstr(url, "&X-Amz-Expires="));
	assert_null(strstr(url, "&X-Amz-Expires=3600&"));
	free(url);
	time_passes(600000);
	assert_int_equal(
	    s3_presign(flow_site()->s3, &ref, 3600, &url, &valid_s, &err), -1);
	assert_int_equal(err.code, ERR_AUTH);
}

static void
a_presigned_url_has_its_limits(void **state)
{
	const struct s3_ref ref = {.uri = "s3://buk/k"};
	const int64_t wrong[] = {-1, 0, 604801};
	struct error err;
	int64_t valid_s = 77;
	char *url = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_int_equal(s3_presign(flow_site()->s3, &ref, wrong[i],
				     &url, &valid_s, &err),
		    -1);
		assert_int_equal(err.code, ERR_USAGE);
	}
	assert_null(url);
	assert_int_equal(valid_s, 77);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    S3_TEST(a_download_is_compared_with_its_checksum),
	    S3_TEST(an_empty_object_is_compared_too),
	    S3_TEST(one_checksum_is_kept_over_all_ranges),
	    S3_TEST(a_wrong_rest_is_found_out),
	    S3_TEST(a_rest_that_is_not_all_of_it_is_not_taken),
	    S3_TEST(an_answer_of_no_known_length_is_not_taken),
	    S3_TEST(a_part_that_nobody_asked_for_is_not_taken),
	    S3_TEST(checksums_are_not_asked_for_where_they_are_not_wanted),
	    S3_TEST(the_owner_goes_with_every_request),
	    S3_TEST(what_cannot_be_deleted_is_told),
	    S3_TEST(a_listing_goes_page_by_page),
	    S3_TEST(a_bucket_is_listed_without_a_prefix),
	    S3_TEST(an_error_behind_a_200_is_an_error),
	    S3_TEST(a_listing_that_makes_no_sense_is_not_sent),
	    S3_TEST(a_presigned_url_names_all_it_takes),
	    S3_TEST(a_presigned_url_ends_with_what_signed_it),
	    S3_TEST(a_presigned_url_has_its_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
