/* SPDX-License-Identifier: Apache-2.0 */
/* Which host a queue is asked at, and which region is signed for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aws/sqs_place.h"
#include "base/mem.h"
#include "base/str.h"

static int
setup(void **state)
{
	(void)state;
	setenv("AWS_CONFIG_FILE", "/nonexistent", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
	unsetenv("AWS_PROFILE");
	unsetenv("AWS_REGION");
	unsetenv("AWS_DEFAULT_REGION");
	unsetenv("AWS_ENDPOINT_URL");
	unsetenv("AWS_ENDPOINT_URL_SQS");
	unsetenv("AWS_USE_FIPS_ENDPOINT");
	return 0;
}

#define PLACE_TEST(f) cmocka_unit_test_setup(f, setup)

static void
the_host_names_the_region(void **state)
{
	static const struct {
		const char *host, *region;
	} rows[] = {
	    {"sqs.us-east-1.amazonaws.com", "us-east-1"},
	    {"sqs.eu-central-2.amazonaws.com", "eu-central-2"},
	    {"sqs.xx-new-1.amazonaws.com", "xx-new-1"},
	    {"sqs-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"},
	    {"sqs.us-west-2.api.aws", "us-west-2"},
	    {"sqs-fips.us-west-2.api.aws", "us-west-2"},
	    {"sqs.cn-north-1.amazonaws.com.cn", "cn-north-1"},
	    {"sqs.cn-north-1.api.amazonwebservices.com.cn", "cn-north-1"},
	    {"sqs.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"},
	    {"sqs.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"},
	    {"queue.amazonaws.com", "us-east-1"},
	    {"eu-west-1.queue.amazonaws.com", "eu-west-1"},
	    {"cn-north-1.queue.amazonaws.com.cn", "cn-north-1"},
	    {"vpce-0a1-b2c.sqs.us-west-2.vpce.amazonaws.com", "us-west-2"},
	    {"vpce-0a1-b2c-us-west-2a.sqs.us-west-2.vpce.amazonaws.com",
		"us-west-2"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		char *region = sqs_region_of_host(rows[i].host);

		if (region == NULL)
			fail_msg("%s", rows[i].host);
		assert_string_equal(region, rows[i].region);
		free(region);
	}
}

static void
no_other_host_does(void **state)
{
	static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]",
	    "sqs", "sqs.", "sqs.us-east-1", "sqs.us-east-1.example.com",
	    "sqs.us-east-1.amazonaws.com.cn", "sqs.cn-north-1.amazonaws.com",
	    "sqs.us-east-1.amazonaws.com.evil.example", "sqs.-x-.amazonaws.com",
	    "sqs.123.amazonaws.com", "x.sqs.us-east-1.amazonaws.com",
	    "vpce-1.sqs.us-east-1.amazonaws.com",
	    "sqs.us-east-1.vpce.amazonaws.com", "vpce-1",
	    "vpce-1.s3.us-east-1.vpce.amazonaws.com",
	    "eu-west-1.queue.amazonaws.com.cn", "x_y.queue.amazonaws.com",
	    "a.b.queue.amazonaws.com", ".queue.amazonaws.com",
	    "sns.us-east-1.amazonaws.com"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(hosts); i++) {
		if (sqs_region_of_host(hosts[i]) != NULL)
			fail_msg("%s", hosts[i]);
	}
}

static void
place_is(const char *url, const char *where, const char *region)
{
	struct aws_endpoint e;
	struct error err;

	if (sqs_place(url, NULL, &e, &err) == -1)
		fail_msg("%s: %s", url, err.text);
	assert_string_equal(e.url, where);
	assert_string_equal(e.region, region);
	endpoint_done(&e);
}

static void
a_queue_is_asked_where_its_URL_says(void **state)
{
	(void)state;
	place_is("https://sqs.eu-west-3.amazonaws.com/123/q",
	    "https://sqs.eu-west-3.amazonaws.com", "eu-west-3");
	place_is("https://eu-west-3.queue.amazonaws.com/123/q",
	    "https://eu-west-3.queue.amazonaws.com", "eu-west-3");
	setenv("AWS_USE_FIPS_ENDPOINT", "true", 1);
	setenv("AWS_REGION", "us-east-1", 1);
	place_is("https://sqs.eu-west-3.amazonaws.com/123/q",
	    "https://sqs.eu-west-3.amazonaws.com", "eu-west-3");
	place_is("http://127.0.0.1:4566/000000000000/q",
	    "http://127.0.0.1:4566", "us-east-1");
}

static void
or_where_somebody_named_an_endpoint(void **state)
{
	(void)state;
	setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1/all", 1);
	place_is("https://sqs.eu-west-3.amazonaws.com/123/q",
	    "http://127.0.0.1:1/all", "eu-west-3");
	setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:2", 1);
	place_is("https://sqs.eu-west-3.amazonaws.com/123/q",
	    "http://127.0.0.1:2", "eu-west-3");
}

static void
what_is_no_URL_of_a_queue_is_told(void **state)
{
	static const char *const urls[] = {"", "queue",
	    "https://sqs.eu-west-3.amazonaws.com",
	    "https://sqs.eu-west-3.amazonaws.com/",
	    "https://sqs.eu-west-3.amazonaws.com/1/q?x=y",
	    "https://u:geheim@sqs.eu-west-3.amazonaws.com/1/q",
	    "arn:aws:sqs:eu-west-3:123:q"};
	struct aws_endpoint e;
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(urls); i++) {
		assert_int_equal(sqs_place(urls[i], NULL, &e, &err), -1);
		assert_int_equal(err.code, ERR_CONFIG);
		assert_true(str_starts(err.text, "the URL of a queue: "));
		assert_null(strstr(err.text, "geheim"));
		assert_non_null(strstr(err.hint, "ACCOUNT/NAME"));
	}
	/* No region anywhere. */
	assert_int_equal(
	    sqs_place("http://127.0.0.1:1/0/q", NULL, &e, &err), -1);
	assert_non_null(strstr(err.text, "no AWS region"));
}

static void
arn_is(const char *url, const char *region, const char *wanted)
{
	char *arn = sqs_arn(url, region);

	assert_string_equal(arn, wanted);
	free(arn);
}

static void
a_queue_has_an_ARN(void **state)
{
	(void)state;
	arn_is("https://sqs.eu-west-3.amazonaws.com/123/q", "eu-west-3",
	    "arn:aws:sqs:eu-west-3:123:q");
	arn_is("https://sqs.cn-north-1.amazonaws.com.cn/123/q.fifo",
	    "cn-north-1", "arn:aws-cn:sqs:cn-north-1:123:q.fifo");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    PLACE_TEST(the_host_names_the_region),
	    PLACE_TEST(no_other_host_does),
	    PLACE_TEST(a_queue_is_asked_where_its_URL_says),
	    PLACE_TEST(or_where_somebody_named_an_endpoint),
	    PLACE_TEST(a_queue_has_an_ARN),
	    PLACE_TEST(what_is_no_URL_of_a_queue_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
