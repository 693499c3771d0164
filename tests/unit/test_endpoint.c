/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which URL and region win, what is refused with which words, and where an
 * object is. Each test has a configuration file of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/endpoint.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

static char config[64];

static void
put_config(const char *text)
{
	struct error err;

	if (file_write_atomic(config, text, strlen(text), 0600, &err) == -1)
		fail_msg("%s", err.text);
}

static int
setup(void **state)
{
	static const char *const variables[] = {
	    "AWS_REGION",
	    "AWS_DEFAULT_REGION",
	    "AWS_PROFILE",
	    "AWS_DEFAULT_PROFILE",
	    "AWS_ENDPOINT_URL",
	    "AWS_ENDPOINT_URL_S3",
	    "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME",
	    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
	    "AWS_USE_FIPS_ENDPOINT",
	    "AWS_USE_DUALSTACK_ENDPOINT",
	};
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < ARRAY_LEN(variables); i++)
		unsetenv(variables[i]);
	snprintf(config, sizeof(config), "/tmp/test-endpoint-XXXXXX");
	fd = mkstemp(config);
	if (fd == -1)
		return -1;
	close(fd);
	setenv("AWS_CONFIG_FILE", config, 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	return unlink(config);
}

/* In the region us-east-1, so that tests need not set one. */
static struct endpoint_options
options(const char *service)
{
	struct endpoint_options o = {.service = service, .region = "us-east-1"};

	return o;
}

static struct aws_endpoint
resolve(const struct endpoint_options *o)
{
	struct aws_endpoint e;
	struct error err;

	if (endpoint_resolve(o, &e, &err) == -1)
		fail_msg("%s", err.text);
	return e;
}

static void
assert_resolves(const struct endpoint_options *o, const char *url)
{
	struct aws_endpoint e = resolve(o);

	assert_string_equal(e.url, url);
	assert_int_equal(e.custom, strstr(url, "aws") == NULL);
	endpoint_done(&e);
	assert_null(e.host);
}

static struct error
assert_refused(const struct endpoint_options *o, const char *words)
{
	struct aws_endpoint e = {.region = NULL};
	struct error err;

	error_clear(&err);
	assert_int_equal(endpoint_resolve(o, &e, &err), -1);
	if (strstr(err.text, words) == NULL)
		fail_msg("'%s' is not in '%s'", words, err.text);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_null(e.region);
	return err;
}

/* --- the order ------------------------------------------------------ */

static void
without_a_url_it_is_aws_itself(void **state)
{
	static const struct {
		const char *service, *region, *host;
	} hosts[] = {
	    {"S3", "us-east-1", "s3.us-east-1.amazonaws.com"},
	    {"SAGEMAKER_RUNTIME", "eu-west-1",
		"runtime.sagemaker.eu-west-1.amazonaws.com"},
	    {"SAGEMAKER_RUNTIME", "us-gov-west-1",
		"runtime.sagemaker.us-gov-west-1.amazonaws.com"},
	    {"S3", "cn-north-1", "s3.cn-north-1.amazonaws.com.cn"},
	    {"S3", "us-iso-east-1", "s3.us-iso-east-1.c2s.ic.gov"},
	    {"S3", "us-isob-east-1", "s3.us-isob-east-1.sc2s.sgov.gov"},
	    {"S3", "us-isof-south-1", "s3.us-isof-south-1.csp.hci.ic.gov"},
	    {"S3", "eu-isoe-west-1", "s3.eu-isoe-west-1.cloud.adc-e.uk"},
	    {"S3", "eusc-de-east-1", "s3.eusc-de-east-1.amazonaws.eu"},
	    {"SQS", "us-east-2", "sqs.us-east-2.amazonaws.com"},
	    {"SNS", "us-east-2", "sns.us-east-2.amazonaws.com"},
	    {"STS", "us-east-2", "sts.us-east-2.amazonaws.com"},
	};
	struct aws_endpoint e;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(hosts); i++) {
		struct endpoint_options o = options(hosts[i].service);

		o.region = hosts[i].region;
		e = resolve(&o);
		assert_string_equal(e.scheme, "https");
		assert_string_equal(e.host, hosts[i].host);
		assert_string_equal(e.region, hosts[i].region);
		assert_string_equal(e.base_path, "");
		assert_false(e.custom);
		endpoint_done(&e);
	}
}

static void
each_url_yields_to_the_next_more_special_one(void **state)
{
	struct endpoint_options s3 = options("S3");
	struct endpoint_options sm = options("SAGEMAKER_RUNTIME");

	(void)state;
	put_config("[default]\nendpoint_url = http://profile\n");
	assert_resolves(&s3, "http://profile");
	put_config("[default]\nendpoint_url = http://profile\nservices = x\n"
		   "[services x]\ns3 =\n  endpoint_url = http://s3\n"
		   "sagemaker_runtime =\n  endpoint_url = http://sm\n");
	assert_resolves(&s3, "http://s3");
	assert_resolves(&sm, "http://sm");
	setenv("AWS_ENDPOINT_URL", "http://env", 1);
	assert_resolves(&s3, "http://env");
	assert_resolves(&sm, "http://env");
	setenv("AWS_ENDPOINT_URL_S3", "http://env-s3", 1);
	assert_resolves(&s3, "http://env-s3");
	assert_resolves(&sm, "http://env");
	s3.url = "http://explicit";
	assert_resolves(&s3, "http://explicit");
	s3.url = "";
	assert_resolves(&s3, "http://env-s3");
	setenv("AWS_ENDPOINT_URL_S3", "", 1);
	assert_resolves(&s3, "http://env");
}

static void
configured_urls_can_be_switched_off(void **state)
{
	struct endpoint_options o = options("S3");

	(void)state;
	put_config("[default]\nendpoint_url = http://profile\n"
		   "ignore_configured_endpoint_urls = true\n");
	assert_resolves(&o, "https://s3.us-east-1.amazonaws.com");
	setenv("AWS_ENDPOINT_URL_S3", "http://env-s3", 1);
	assert_resolves(&o, "https://s3.us-east-1.amazonaws.com");
	o.url = "http://explicit";
	assert_resolves(&o, "http://explicit");
	o.url = NULL;
	setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false", 1);
	assert_resolves(&o, "http://env-s3");
	put_config("");
	setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE", 1);
	assert_resolves(&o, "https://s3.us-east-1.amazonaws.com");
}

static void
a_services_section_that_is_named_must_be_there(void **state)
{
	struct endpoint_options o = options("S3");

	(void)state;
	put_config("[default]\nservices = x\n[services y]\n"
		   "s3 =\n  endpoint_url = http://y\n");
	assert_refused(&o, "there is no section [services x]");
	setenv("AWS_ENDPOINT_URL", "http://env", 1);
	assert_resolves(&o, "http://env");
}

static void
the_profile_is_the_one_that_was_named(void **state)
{
	struct endpoint_options o = options("S3");

	(void)state;
	put_config("[default]\nendpoint_url = http://d\n"
		   "[profile p]\nendpoint_url = http://p\nregion = eu-west-3\n"
		   "[profile q]\nendpoint_url = http://q\n");
	o.profile = "p";
	assert_resolves(&o, "http://p");
	setenv("AWS_PROFILE", "q", 1);
	assert_resolves(&o, "http://p");
	o.profile = NULL;
	assert_resolves(&o, "http://q");
}

/* --- URLs ----------------------------------------------------------- */

static void
a_url_gives_scheme_host_and_base_path(void **state)
{
	static const struct {
		const char *url, *scheme, *host, *base_path;
	} urls[] = {
	    {"http://127.0.0.1:9000", "http", "127.0.0.1:9000", ""},
	    {"http://127.0.0.1:80/", "http", "127.0.0.1", ""},
	    {"HTTPS://Gate.Example:443/a/b%20c///", "https", "gate.example",
		"/a/b%20c"},
	    {"https://[::1]:8443//", "https", "[::1]:8443", ""},
	};
	struct endpoint_options o = options("S3");
	struct aws_endpoint e;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(urls); i++) {
		o.url = urls[i].url;
		e = resolve(&o);
		assert_string_equal(e.scheme, urls[i].scheme);
		assert_string_equal(e.host, urls[i].host);
		assert_string_equal(e.base_path, urls[i].base_path);
		assert_true(e.custom);
		endpoint_done(&e);
	}
}

static void
a_wrong_url_is_named_with_where_it_is_from(void **state)
{
	struct endpoint_options o = options("S3");
	struct error err;

	(void)state;
	put_config("[default]\nservices = x\n[services x]\n"
		   "s3 =\n  endpoint_url = localhost:9000\n");
	assert_refused(
	    &o, "s3.endpoint_url of the profile 'default' 'localhost:9000': ");
	setenv("AWS_ENDPOINT_URL", "ftp://h", 1);
	assert_refused(&o, "AWS_ENDPOINT_URL 'ftp://h': ");
	setenv("AWS_ENDPOINT_URL_S3", "http://h/?a=b", 1);
	assert_refused(&o, "AWS_ENDPOINT_URL_S3 'http://h/?a=b': ");
	setenv("AWS_ENDPOINT_URL_S3", "http://h/?", 1);
	assert_refused(&o, "no query");
	setenv("AWS_ENDPOINT_URL_S3", "http://h/#x", 1);
	assert_refused(&o, "AWS_ENDPOINT_URL_S3 'http://h/#x': ");
	o.url = "http://user:sesame@h/";
	err = assert_refused(&o, "the endpoint URL: a user name or password");
	assert_true(*err.hint != '\0');
	assert_null(strstr(err.text, "sesame"));
}

/* --- variants of AWS's own hosts ------------------------------------ */

static void
fips_and_dual_stack_are_found_where_they_are_asked_for(void **state)
{
	struct endpoint_options s3 = options("S3"), sns = options("SNS");

	(void)state;
	setenv("AWS_USE_FIPS_ENDPOINT", "TRUE", 1);
	assert_resolves(&s3, "https://s3-fips.us-east-1.amazonaws.com");
	put_config("[default]\nuse_dualstack_endpoint = true\n");
	assert_resolves(
	    &s3, "https://s3-fips.dualstack.us-east-1.amazonaws.com");
	assert_resolves(&sns, "https://sns-fips.us-east-1.api.aws");
	setenv("AWS_USE_FIPS_ENDPOINT", "false", 1);
	assert_resolves(&sns, "https://sns.us-east-1.api.aws");
	setenv("AWS_USE_DUALSTACK_ENDPOINT", "false", 1);
	put_config("[default]\nuse_dualstack_endpoint = true\n"
		   "use_fips_endpoint = true\n");
	assert_resolves(&sns, "https://sns.us-east-1.amazonaws.com");
	unsetenv("AWS_USE_FIPS_ENDPOINT");
	assert_resolves(&sns, "https://sns-fips.us-east-1.amazonaws.com");
}

static void
s3_may_have_a_dual_stack_setting_of_its_own(void **state)
{
	struct endpoint_options s3 = options("S3"), sns = options("SNS");

	(void)state;
	put_config("[default]\ns3 =\n  use_dualstack_endpoint = true\n");
	assert_resolves(&s3, "https://s3.dualstack.us-east-1.amazonaws.com");
	assert_resolves(&sns, "https://sns.us-east-1.amazonaws.com");
	put_config("[default]\nuse_dualstack_endpoint = true\n"
		   "s3 =\n  use_dualstack_endpoint = false\n");
	assert_resolves(&s3, "https://s3.us-east-1.amazonaws.com");
	assert_resolves(&sns, "https://sns.us-east-1.api.aws");
}

static void
a_url_that_was_named_is_used_whatever_variant_is_asked_for(void **state)
{
	struct endpoint_options o = options("S3");

	(void)state;
	setenv("AWS_USE_FIPS_ENDPOINT", "true", 1);
	o.url = "https://s3-fips.us-east-1.example";
	assert_resolves(&o, "https://s3-fips.us-east-1.example");
}

static void
a_variant_that_is_not_there_or_not_clear_is_refused(void **state)
{
	struct endpoint_options o = options("S3");
	struct error err;

	(void)state;
	setenv("AWS_USE_FIPS_ENDPOINT", "yes", 1);
	assert_refused(&o, "AWS_USE_FIPS_ENDPOINT is 'yes'");
	setenv("AWS_USE_FIPS_ENDPOINT", "true", 1);
	o.region = "cn-north-1";
	err = assert_refused(&o, "S3 has no FIPS endpoints");
	assert_true(*err.hint != '\0');
}

static void
names_of_the_past_stand_for_regions(void **state)
{
	struct endpoint_options o = options("S3");
	struct aws_endpoint e;

	(void)state;
	o.region = "fips-us-gov-west-1";
	assert_resolves(&o, "https://s3-fips.us-gov-west-1.amazonaws.com");
	o.region = "aws-global";
	e = resolve(&o);
	assert_string_equal(e.host, "s3.us-east-1.amazonaws.com");
	assert_string_equal(e.region, "us-east-1");
	endpoint_done(&e);
	o.region = "fips--x";
	assert_refused(&o, "'-x', which is no AWS region");
	o.region = "fips-us-east-1";
	o.url = "http://h";
	e = resolve(&o);
	assert_string_equal(e.region, "us-east-1");
	assert_false(e.variant.fips);
	endpoint_done(&e);
}

/* --- S3 in another region ------------------------------------------- */

static void
assert_in_region(
    const struct endpoint_options *o, const char *region, const char *url)
{
	struct aws_endpoint e = resolve(o), other;
	struct error err;

	if (endpoint_in_region(&e, region, &other, &err) == -1)
		fail_msg("%s", err.text);
	assert_string_equal(other.url, url);
	assert_non_null(strstr(url, other.host));
	assert_string_equal(other.region, region);
	assert_int_equal(other.custom, e.custom);
	assert_int_equal(other.path_style, e.path_style);
	endpoint_done(&e);
	endpoint_done(&other);
}

static void
s3_moves_to_another_region_in_the_same_variant(void **state)
{
	struct endpoint_options o = options("S3");

	(void)state;
	assert_in_region(&o, "eu-west-1", "https://s3.eu-west-1.amazonaws.com");
	put_config("[default]\nuse_fips_endpoint = true\n"
		   "use_dualstack_endpoint = true\n"
		   "s3 =\n  addressing_style = path\n");
	assert_in_region(&o, "us-west-2",
	    "https://s3-fips.dualstack.us-west-2.amazonaws.com");
	o.url = "http://127.0.0.1:9000/base";
	assert_in_region(&o, "eu-west-1", "http://127.0.0.1:9000/base");
	assert_in_region(&o, "cn-north-1", "http://127.0.0.1:9000/base");
}

static void
s3_does_not_move_to_what_is_no_region_or_not_ours(void **state)
{
	static const char *const bad[] = {
	    "", "evil.example/", "us_east_1", "US-EAST-1", "cn-north-1"};
	struct endpoint_options o = options("S3");
	struct aws_endpoint e = resolve(&o), other = {.host = NULL};
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		error_clear(&err);
		assert_int_equal(
		    endpoint_in_region(&e, bad[i], &other, &err), -1);
		assert_int_equal(err.code, ERR_PROTOCOL);
		assert_null(other.host);
	}
	endpoint_done(&e);
}

/* --- regions -------------------------------------------------------- */

static void
assert_region(const char *explicit_region, const char *want)
{
	char *region;
	struct error err;

	if (endpoint_region(explicit_region, NULL, &region, &err) == -1)
		fail_msg("%s", err.text);
	assert_string_equal(region, want);
	free(region);
}

static void
each_region_yields_to_the_next_more_special_one(void **state)
{
	(void)state;
	put_config("[default]\nregion = eu-west-1\n");
	assert_region(NULL, "eu-west-1");
	setenv("AWS_DEFAULT_REGION", "eu-west-2", 1);
	assert_region(NULL, "eu-west-2");
	setenv("AWS_REGION", "eu-west-3", 1);
	assert_region(NULL, "eu-west-3");
	assert_region("eu-west-4", "eu-west-4");
	setenv("AWS_REGION", "", 1);
	assert_region("", "eu-west-2");
}

static void
of_both_files_the_credentials_file_has_the_region(void **state)
{
	static const char text[] = "[default]\nregion = eu-west-2\n";
	struct error err;
	char *keys = xasprintf("%s.keys", config);

	(void)state;
	if (file_write_atomic(keys, text, strlen(text), 0600, &err) == -1)
		fail_msg("%s", err.text);
	setenv("AWS_SHARED_CREDENTIALS_FILE", keys, 1);
	put_config("[default]\nregion = eu-west-1\n");
	assert_region(NULL, "eu-west-2");
	assert_int_equal(unlink(keys), 0);
	assert_region(NULL, "eu-west-1");
	free(keys);
}

static void
assert_no_region(
    const char *explicit_region, const char *profile, const char *words)
{
	char *region = NULL;
	struct error err;

	error_clear(&err);
	assert_int_equal(
	    endpoint_region(explicit_region, profile, &region, &err), -1);
	assert_null(region);
	assert_int_equal(err.code, ERR_CONFIG);
	if (strstr(err.text, words) == NULL)
		fail_msg("'%s' is not in '%s'", words, err.text);
	assert_true(*err.hint != '\0');
}

static void
a_missing_or_wrong_region_says_what_to_do(void **state)
{
	char longest[65];

	(void)state;
	assert_no_region(NULL, NULL, "no AWS region");
	assert_no_region(NULL, "p", "no profile 'p'");
	setenv("AWS_REGION", "us_east_1", 1);
	assert_no_region(NULL, NULL, "AWS_REGION is 'us_east_1'");
	unsetenv("AWS_REGION");
	put_config("[default]\nregion = US-EAST-1\n");
	assert_no_region(NULL, NULL, "of the profile is 'US-EAST-1'");
	assert_no_region("evil.example/", NULL, "is 'evil.example/'");
	assert_no_region("-a", NULL, "'-a'");
	assert_no_region("a-", NULL, "'a-'");
	memset(longest, 'a', sizeof(longest));
	longest[64] = '\0';
	assert_no_region(longest, NULL, "no AWS region");
	longest[63] = '\0';
	assert_region(longest, longest);
}

/* --- objects -------------------------------------------------------- */

static void
assert_target(const char *url, const char *bucket, const char *key,
    const char *want_host, const char *want_path)
{
	struct endpoint_options o = options("S3");
	struct aws_endpoint e;
	struct error err;
	char *host, *path;

	o.url = url;
	e = resolve(&o);
	if (endpoint_s3_target(&e, bucket, key, &host, &path, &err) == -1)
		fail_msg("%s", err.text);
	assert_string_equal(host, want_host);
	assert_string_equal(path, want_path);
	free(host);
	free(path);
	endpoint_done(&e);
}

static void
a_bucket_is_in_the_host_only_where_the_certificate_covers_it(void **state)
{
	static const char aws[] = "s3.us-east-1.amazonaws.com";
	static const char minio[] = "http://127.0.0.1:9000";

	(void)state;
	assert_target(NULL, "bkt", "k", "bkt.s3.us-east-1.amazonaws.com", "/k");
	assert_target(NULL, "b.kt", "k", aws, "/b.kt/k");
	assert_target(NULL, "Bkt", "k", aws, "/Bkt/k");
	assert_target(NULL, "b_t", "k", aws, "/b_t/k");
	assert_target(minio, "bkt", "k", "127.0.0.1:9000", "/bkt/k");
	assert_target("https://h/base/", "bkt", "k", "h", "/base/bkt/k");
}

static void
the_profile_says_where_buckets_stand(void **state)
{
	static const char aws[] = "s3.us-east-1.amazonaws.com";

	(void)state;
	put_config("[default]\ns3 =\n  addressing_style = path\n");
	assert_target(NULL, "bkt", "k", aws, "/bkt/k");
	put_config("[default]\ns3 =\n  addressing_style = auto\n");
	assert_target(NULL, "bkt", "k", "bkt.s3.us-east-1.amazonaws.com", "/k");
	assert_target("http://h:9", "bkt", "k", "h:9", "/bkt/k");
	put_config("[default]\ns3 =\n  addressing_style = virtual\n");
	assert_target("http://h:9/x", "bkt", "k", "bkt.h:9", "/x/k");
	assert_target("http://h:9", "b.kt", "k", "h:9", "/b.kt/k");
	assert_target("http://h:9", "Bkt", "k", "h:9", "/Bkt/k");
	assert_target(NULL, "b.kt", "k", aws, "/b.kt/k");
	assert_target(
	    "http://127.0.0.1:9", "bkt", "k", "127.0.0.1:9", "/bkt/k");
	assert_target("http://[::1]:9", "bkt", "k", "[::1]:9", "/bkt/k");
	put_config("[default]\ns3 =\n  use_accelerate_endpoint = true\n");
	assert_target(NULL, "bkt", "k", "bkt.s3.us-east-1.amazonaws.com", "/k");
}

static void
a_style_that_is_none_is_refused(void **state)
{
	struct endpoint_options o = options("S3"), sns = options("SNS");

	(void)state;
	put_config("[default]\ns3 =\n  addressing_style = host\n");
	assert_refused(&o, "s3.addressing_style of the profile 'default'");
	assert_resolves(&sns, "https://sns.us-east-1.amazonaws.com");
}

static void
without_a_key_it_is_the_bucket(void **state)
{
	(void)state;
	assert_target(NULL, "bkt", "", "bkt.s3.us-east-1.amazonaws.com", "/");
	assert_target("http://h", "bkt", "", "h", "/bkt");
	assert_target("http://h/x", "bkt", "", "h", "/x/bkt");
}

static void
a_key_is_exact_byte_by_byte(void **state)
{
	static const struct {
		const char *key, *path;
	} keys[] = {
	    {"out/a b+c.out", "/out/a%20b%2Bc.out"},
	    {"/a//b/", "//a//b/"},
	    {"a/./b/../c", "/a/./b/../c"},
	    {"./", "/./"},
	    {"..", "/.."},
	    {"100%25%2F", "/100%2525%252F"},
	    {"k=v&x;y:z@h,$!*'()?#",
		"/k%3Dv%26x%3By%3Az%40h%2C%24%21%2A%27%28"
		"%29%3F%23"},
	    {"r\xc3\xa9\xf0\x9f\x98\x80~", "/r%C3%A9%F0%9F%98%80~"},
	    {"\x01\xff", "/%01%FF"},
	};
	char *path;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(keys); i++) {
		assert_target(NULL, "bkt", keys[i].key,
		    "bkt.s3.us-east-1.amazonaws.com", keys[i].path);
		path = xasprintf("/bkt%s", keys[i].path);
		assert_target("http://h", "bkt", keys[i].key, "h", path);
		free(path);
	}
}

static void
the_longest_key_fits_and_a_longer_one_is_refused(void **state)
{
	struct endpoint_options o = options("S3");
	struct aws_endpoint e = resolve(&o);
	char key[1026], *host = NULL, *path = NULL;
	struct error err;

	(void)state;
	memset(key, '%', sizeof(key));
	key[1025] = '\0';
	assert_int_equal(
	    endpoint_s3_target(&e, "bkt", key, &host, &path, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_null(path);
	key[1024] = '\0';
	assert_int_equal(
	    endpoint_s3_target(&e, "bkt", key, &host, &path, &err), 0);
	assert_int_equal(strlen(path), 1 + 3 * 1024);
	free(host);
	free(path);
	host = path = NULL;
	assert_int_equal(
	    endpoint_s3_target(&e, "a/b", "k", &host, &path, &err), -1);
	assert_int_equal(
	    endpoint_s3_target(&e, "..", "k", &host, &path, &err), -1);
	assert_null(host);
	endpoint_done(&e);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(without_a_url_it_is_aws_itself),
	    T(each_url_yields_to_the_next_more_special_one),
	    T(configured_urls_can_be_switched_off),
	    T(the_profile_is_the_one_that_was_named),
	    T(a_url_gives_scheme_host_and_base_path),
	    T(a_wrong_url_is_named_with_where_it_is_from),
	    T(fips_and_dual_stack_are_found_where_they_are_asked_for),
	    T(s3_may_have_a_dual_stack_setting_of_its_own),
	    T(a_url_that_was_named_is_used_whatever_variant_is_asked_for),
	    T(a_variant_that_is_not_there_or_not_clear_is_refused),
	    T(names_of_the_past_stand_for_regions),
	    T(s3_moves_to_another_region_in_the_same_variant),
	    T(s3_does_not_move_to_what_is_no_region_or_not_ours),
	    T(the_profile_says_where_buckets_stand),
	    T(a_style_that_is_none_is_refused),
	    T(a_services_section_that_is_named_must_be_there),
	    T(each_region_yields_to_the_next_more_special_one),
	    T(of_both_files_the_credentials_file_has_the_region),
	    T(a_missing_or_wrong_region_says_what_to_do),
	    T(a_bucket_is_in_the_host_only_where_the_certificate_covers_it),
	    T(without_a_key_it_is_the_bucket),
	    T(a_key_is_exact_byte_by_byte),
	    T(the_longest_key_fits_and_a_longer_one_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
