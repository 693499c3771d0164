/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets that are in another region than was thought. */
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

#define HERE "https://buk.s3.us-east-1.amazonaws.com/k"
#define THERE "https://buk.s3.eu-west-3.amazonaws.com/k"
#define ELSEWHERE "https://buk.s3.ap-south-1.amazonaws.com/k"
#define NAMES "x-amz-bucket-region: eu-west-3\n"
#define MALFORMED(region)                                    \
	"<Error><Code>AuthorizationHeaderMalformed</Code>"   \
	"<Message>the region 'us-east-1' is wrong</Message>" \
	"<Region>" region "</Region></Error>"

static struct aws_endpoint aws_east = {
    .scheme = (char *)(uintptr_t) "https",
    .host = (char *)(uintptr_t) "s3.us-east-1.amazonaws.com",
    .base_path = (char *)(uintptr_t) "",
    .url = (char *)(uintptr_t) "https://s3.us-east-1.amazonaws.com",
    .region = (char *)(uintptr_t) "us-east-1",
};
static struct s3 *s3;
static int over;
static struct error bad;

static int
setup(void **state)
{
	struct s3_options o = {.endpoint = &aws_east};
	int rc = flow_setup(state);

	over = 0;
	o.client = flow_site()->aws;
	s3 = s3_new(&o);
	return rc;
}

static int
teardown(void **state)
{
	s3_free(s3);
	return flow_teardown(state);
}

#define REGION_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

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

static int many;

static void
on_one(const struct s3_object *o, const struct error *err, void *arg)
{
	(void)o;
	(void)arg;
	many += err == NULL;
}

static void
ask_with(const char *uri, s3_done_fn *done)
{
	const struct s3_ref ref = {.uri = uri};
	struct s3_call *call;
	struct error err;

	assert_int_equal(s3_head(s3, &ref, done, NULL, &call, &err), 0);
}

static void
ask(const char *uri)
{
	ask_with(uri, on_done);
}

static void
head(const char *uri, int how)
{
	over = 0;
	ask(uri);
	time_passes(100);
	if (over != how)
		fail_msg("%s", over == -1 ? bad.text : "no error");
}

static struct peer_step *
expect(const char *url, const char *region)
{
	struct peer_step *s = peer_expect("HEAD", url);
	char *pattern = xasprintf("*/%s/s3/aws4_request*", region);

	peer_header(s, "Authorization", pattern);
	free(pattern);
	return s;
}

static void
a_bucket_that_moved_is_followed_and_remembered(void **state)
{
	(void)state;
	peer_reply(expect(HERE, "us-east-1"), 301,
	    NAMES "Location: https://evil.test/k", "");
	peer_reply(expect(THERE, "eu-west-3"), 200, "", "");
	head("s3://buk/k", 1);
	peer_reply(expect(THERE, "eu-west-3"), 200, "", "");
	head("s3://buk/k", 1);
	peer_reply(
	    expect("https://other.s3.us-east-1.amazonaws.com/k", "us-east-1"),
	    200, "", "");
	head("s3://other/k", 1);
}

static void
what_was_learned_can_be_learned_anew(void **state)
{
	(void)state;
	peer_reply(expect(HERE, "us-east-1"), 400, NAMES, "");
	peer_reply(expect(THERE, "eu-west-3"), 200, "", "");
	head("s3://buk/k", 1);
	peer_reply(expect(THERE, "eu-west-3"), 301,
	    "x-amz-bucket-region: ap-south-1", "");
	peer_reply(expect(ELSEWHERE, "ap-south-1"), 200, "", "");
	head("s3://buk/k", 1);
	peer_reply(expect(ELSEWHERE, "ap-south-1"), 200, "", "");
	head("s3://buk/k", 1);
}

static void
what_passes_is_not_remembered(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		peer_reply(expect(HERE, "us-east-1"), 307, NAMES, "");
		peer_reply(expect(THERE, "eu-west-3"), 200, "", "");
		head("s3://buk/k", 1);
	}
}

static void
nobody_is_sent_around_in_circles(void **state)
{
	(void)state;
	peer_reply(expect(HERE, "us-east-1"), 301, NAMES, "");
	peer_reply(expect(THERE, "eu-west-3"), 301,
	    "x-amz-bucket-region: us-east-1", "");
	head("s3://buk/k", -1);
	assert_int_equal(bad.http_status, 301);
}

static void
a_place_that_never_answers_is_not_remembered(void **state)
{
	int i;

	(void)state;
	peer_reply(expect(HERE, "us-east-1"), 301, NAMES, "");
	for (i = 0; i < FLOW_TRIES; i++)
		peer_fail(
		    expect(THERE, "eu-west-3"), ERR_NET, "no such host", false);
	over = 0;
	ask("s3://buk/k");
	time_passes(60000);
	assert_int_equal(over, -1);
	peer_reply(expect(HERE, "us-east-1"), 200, "", "");
	head("s3://buk/k", 1);
}

static void
a_place_that_sends_on_is_not_remembered(void **state)
{
	nobody_is_sent_around_in_circles(state);
	peer_reply(expect(HERE, "us-east-1"), 200, "", "");
	head("s3://buk/k", 1);
}

static void
a_place_that_refuses_is_remembered(void **state)
{
	(void)state;
	peer_reply(expect(HERE, "us-east-1"), 301, NAMES, "");
	peer_reply(expect(THERE, "eu-west-3"), 403, "", "");
	head("s3://buk/k", -1);
	peer_reply(expect(THERE, "eu-west-3"), 200, "", "");
	head("s3://buk/k", 1);
}

static void
calls_that_are_under_way_together_all_follow(void **state)
{
	(void)state;
	many = 0;
	peer_delay(peer_reply(expect(HERE, "us-east-1"), 301, NAMES, ""), 10);
	peer_delay(peer_reply(expect(HERE, "us-east-1"), 301, NAMES, ""), 50);
	peer_reply(expect(THERE, "eu-west-3"), 200, "", "");
	peer_reply(expect(THERE, "eu-west-3"), 200, "", "");
	over = 0;
	ask_with("s3://buk/k", on_one);
	ask_with("s3://buk/k", on_one);
	time_passes(100);
	assert_int_equal(many, 2);
}

static void
the_region_that_was_asked_is_no_news(void **state)
{
	(void)state;
	peer_reply(expect(HERE, "us-east-1"), 400,
	    "x-amz-bucket-region: us-east-1", "");
	head("s3://buk/k", -1);
}

static void
a_redirect_to_nowhere_is_an_error(void **state)
{
	(void)state;
	peer_reply(expect(HERE, "us-east-1"), 301,
	    "Location: https://evil.test/k", "");
	head("s3://buk/k", -1);
	peer_reply(expect(HERE, "us-east-1"), 301,
	    "x-amz-bucket-region: evil.test/x", "");
	head("s3://buk/k", -1);
	assert_int_equal(bad.code, ERR_PROTOCOL);
	peer_reply(expect(HERE, "us-east-1"), 403, NAMES, "");
	head("s3://buk/k", -1);
}

static int
refuse(const void *data, size_t len, void *arg, struct error *err)
{
	(void)data;
	(void)len;
	(void)arg;
	return err_set(err, ERR_USAGE, "nothing of this is an object");
}

/* With a URL of one's own it is the same host, for another region. */
static void
a_store_may_name_its_region_in_words(void **state)
{
	struct s3_get get = {.ref.uri = "s3://buk/k", .sink = refuse};
	struct s3_call *call;
	struct peer_step *s;
	struct error err;

	(void)state;
	s = peer_expect("GET", "http://s3.test/buk/k");
	peer_header(s, "Authorization", "*/us-east-1/s3/*");
	peer_reply(s, 400, "", MALFORMED("zone-7"));
	s = peer_expect("GET", "http://s3.test/buk/k");
	peer_header(s, "Authorization", "*/zone-7/s3/*");
	peer_reply(s, 200, "", "");
	assert_int_equal(
	    s3_get(flow_site()->s3, &get, on_done, NULL, &call, &err), 0);
	time_passes(100);
	assert_int_equal(over, 1);
}

static void
an_upload_goes_whole_to_the_right_region(void **state)
{
	struct s3_put put = {.ref.uri = "s3://buk/k", .len = 5};
	struct s3_call *call;
	struct peer_step *s;
	struct error err;

	(void)state;
	put.fd = memfd_create("input", MFD_CLOEXEC);
	assert_int_equal(file_write_all(put.fd, "hello", 5, &err), 0);
	peer_reply(peer_expect("PUT", HERE), 301, NAMES, "");
	s = peer_reply(peer_expect("PUT", THERE), 200, "", "");
	peer_body(s, "hello");
	peer_header(s, "x-amz-content-sha256", "UNSIGNED-PAYLOAD");
	assert_int_equal(s3_put(s3, &put, on_done, NULL, &call, &err), 0);
	time_passes(100);
	assert_int_equal(over, 1);
	close(put.fd);
}

static void
count(const struct s3_object *o, const struct error *err, void *arg)
{
	(void)o;
	if (err == NULL)
		++*(int *)arg;
}

static void
calls_at_the_same_time_are_all_followed(void **state)
{
	const struct s3_ref ref = {.uri = "s3://buk/k"};
	struct s3_call *call;
	struct error err;
	int i, n = 0;

	(void)state;
	for (i = 0; i < 3; i++)
		peer_reply(expect(HERE, "us-east-1"), 301, NAMES, "");
	for (i = 0; i < 3; i++) {
		peer_reply(expect(THERE, "eu-west-3"), 200, "", "");
		assert_int_equal(s3_head(s3, &ref, count, &n, &call, &err), 0);
	}
	time_passes(100);
	assert_int_equal(n, 3);
}

static void
a_url_is_for_the_region_that_was_learned(void **state)
{
	const struct s3_ref ref = {.uri = "s3://buk/k"};
	struct error err;
	int64_t valid_s;
	char *url;

	(void)state;
	peer_reply(expect(HERE, "us-east-1"), 301, NAMES, "");
	peer_reply(expect(THERE, "eu-west-3"), 200, "", "");
	head("s3://buk/k", 1);
	assert_int_equal(s3_presign(s3, &ref, 60, &url, &valid_s, &err), 0);
	assert_ptr_equal(strstr(url, THERE "?"), url);
	assert_non_null(strstr(url, "%2Feu-west-3%2Fs3%2F"));
	free(url);
}

/* "fips-us-east-1" is us-east-1, and is not. */
static void
each_name_of_a_region_has_its_site_once(void **state)
{
	struct sites *sites = sites_new(flow_site()->aws, NULL);
	struct site *fips, *plain, *again;
	struct error err;
	char name[32];
	int i;

	(void)state;
	assert_int_equal(sites_get(sites, "fips-us-east-1", &fips, &err), 0);
	assert_int_equal(sites_get(sites, "us-east-1", &plain, &err), 0);
	assert_ptr_not_equal(fips, plain);
	assert_int_equal(sites_get(sites, "fips-us-east-1", &again, &err), 0);
	assert_ptr_equal(fips, again);
	for (i = 2; i < SITES_MAX; i++) {
		snprintf(name, sizeof(name), "eu-west-%d", i);
		assert_int_equal(sites_get(sites, name, &again, &err), 0);
	}
	assert_int_equal(sites_get(sites, "one-too-many", &again, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_int_equal(sites_get(sites, "us-east-1", &again, &err), 0);
	assert_ptr_equal(plain, again);
	sites_free(sites);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    REGION_TEST(a_bucket_that_moved_is_followed_and_remembered),
	    REGION_TEST(what_was_learned_can_be_learned_anew),
	    REGION_TEST(what_passes_is_not_remembered),
	    REGION_TEST(nobody_is_sent_around_in_circles),
	    REGION_TEST(a_place_that_never_answers_is_not_remembered),
	    REGION_TEST(a_place_that_sends_on_is_not_remembered),
	    REGION_TEST(a_place_that_refuses_is_remembered),
	    REGION_TEST(calls_that_are_under_way_together_all_follow),
	    REGION_TEST(the_region_that_was_asked_is_no_news),
	    REGION_TEST(a_redirect_to_nowhere_is_an_error),
	    REGION_TEST(a_store_may_name_its_region_in_words),
	    REGION_TEST(an_upload_goes_whole_to_the_right_region),
	    REGION_TEST(calls_at_the_same_time_are_all_followed),
	    REGION_TEST(a_url_is_for_the_region_that_was_learned),
	    REGION_TEST(each_name_of_a_region_has_its_site_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
