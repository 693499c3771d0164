/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which partition a region is in, which host a service has there in each
 * variant, and what is no name of a region. All regions are compared with the
 * AWS SDK for JavaScript by tests/interop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aws/partition.h"
#include "base/mem.h"
#include "base/str.h"

static const struct partition_variant plain = {false, false};
static const struct partition_variant fips = {true, false};
static const struct partition_variant dual = {false, true};
static const struct partition_variant both = {true, true};

static void
assert_host(const char *service, const char *region,
    struct partition_variant variant, const char *want)
{
	struct error err;
	char *host;

	if (partition_host(service, region, variant, &host, &err) == -1)
		fail_msg("%s in %s: %s", service, region, err.text);
	assert_string_equal(host, want);
	free(host);
}

static void
each_region_is_in_its_partition(void **state)
{
	static const struct {
		const char *region, *partition;
	} rows[] = {
	    {"us-east-1", "aws"},
	    {"cn-north-1", "aws-cn"},
	    {"cn-somewhere-9", "aws-cn"},
	    {"us-gov-west-1", "aws-us-gov"},
	    {"us-iso-west-1", "aws-iso"},
	    {"us-isob-east-1", "aws-iso-b"},
	    {"eu-isoe-west-1", "aws-iso-e"},
	    {"us-isof-south-1", "aws-iso-f"},
	    {"eusc-de-east-1", "aws-eusc"},
	    {"eu-west-1", "aws"},
	    {"us-isolated-1", "aws"},
	    {"xx-new-1", "aws"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(
		    partition_of(rows[i].region)->name, rows[i].partition);
}

static void
each_partition_has_its_suffixes(void **state)
{
	static const struct {
		const char *region, *suffix, *dual_stack_suffix;
	} rows[] = {
	    {"eu-west-1", "amazonaws.com", "api.aws"},
	    {"us-gov-west-1", "amazonaws.com", "api.aws"},
	    {"cn-north-1", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
	    {"us-iso-east-1", "c2s.ic.gov", "api.aws.ic.gov"},
	    {"us-isob-east-1", "sc2s.sgov.gov", "api.aws.scloud"},
	    {"eu-isoe-west-1", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
	    {"us-isof-east-1", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
	    {"eusc-de-east-1", "amazonaws.eu", "api.amazonwebservices.eu"},
	};
	char *want;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		want = xasprintf("sqs.%s.%s", rows[i].region, rows[i].suffix);
		assert_host("SQS", rows[i].region, plain, want);
		free(want);
		want = xasprintf(
		    "sqs.%s.%s", rows[i].region, rows[i].dual_stack_suffix);
		assert_host("SQS", rows[i].region, dual, want);
		free(want);
	}
}

static void
a_region_is_a_label_of_a_host_name(void **state)
{
	static const char *const bad[] = {"", "-a", "a-", "a_b", "US-EAST-1",
	    "a.b", "a/b", "a b", "a\n", "a:1", "123", "\xc3\xa9", "a@b", "*"};
	char longest[65];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		if (partition_is_region(bad[i]))
			fail_msg("'%s' is taken for a region", bad[i]);
	}
	memset(longest, 'a', sizeof(longest));
	longest[64] = '\0';
	assert_false(partition_is_region(longest));
	longest[63] = '\0';
	assert_true(partition_is_region(longest));
	assert_true(partition_is_region("eu-west-1"));
}

static void
hosts_of_aws_are_known_by_their_ends(void **state)
{
	static const char *const good[] = {"s3.eu-west-1.amazonaws.com",
	    "b.s3.cn-north-1.amazonaws.com.cn", "sqs.eu-west-1.api.aws",
	    "sns.us-iso-east-1.c2s.ic.gov", "sns.eusc-de-east-1.amazonaws.eu"};
	static const char *const bad[] = {"", ".", "amazonaws.com",
	    "xamazonaws.com", "a.xamazonaws.com", "a.amazonaws.com.evil.test",
	    "a.amazonaws.com.", "s3.test", "api.aws", "a.amazonaws.com:443"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!partition_has_host(good[i]))
			fail_msg("'%s' is not taken for AWS's", good[i]);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (partition_has_host(bad[i]))
			fail_msg("'%s' is taken for AWS's", bad[i]);
	}
}

static void
names_that_are_not_quite_regions_are_understood(void **state)
{
	static const struct {
		const char *name, *region;
		bool fips;
	} rows[] = {
	    {"us-east-1", "us-east-1", false},
	    {"fips-us-gov-west-1", "us-gov-west-1", true},
	    {"us-east-2-fips", "us-east-2", true},
	    {"aws-global", "us-east-1", false},
	    {"fips-aws-global", "us-east-1", true},
	    {"aws-cn-global", "cn-northwest-1", false},
	    {"aws-us-gov-global", "us-gov-west-1", false},
	    {"aws-iso-b-global", "us-isob-east-1", false},
	    {"aws-mars-global", "aws-mars-global", false},
	    {"fips-", "fips-", false},
	    {"-fips", "-fips", false},
	};
	bool was_fips;
	char *region;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		was_fips = false;
		region = partition_real_region(rows[i].name, &was_fips);
		assert_string_equal(region, rows[i].region);
		assert_int_equal(was_fips, rows[i].fips);
		free(region);
	}
}

static void
s3_has_names_of_its_own_and_the_plain_suffix(void **state)
{
	(void)state;
	assert_host("S3", "eu-west-1", plain, "s3.eu-west-1.amazonaws.com");
	assert_host("S3", "eu-west-1", fips, "s3-fips.eu-west-1.amazonaws.com");
	assert_host(
	    "S3", "eu-west-1", dual, "s3.dualstack.eu-west-1.amazonaws.com");
	assert_host("S3", "eu-west-1", both,
	    "s3-fips.dualstack.eu-west-1.amazonaws.com");
	assert_host(
	    "S3", "us-gov-west-1", fips, "s3-fips.us-gov-west-1.amazonaws.com");
	assert_host("S3", "cn-north-1", dual,
	    "s3.dualstack.cn-north-1.amazonaws.com.cn");
	assert_host(
	    "S3", "us-iso-east-1", plain, "s3.us-iso-east-1.c2s.ic.gov");
}

static void
a_variant_that_does_not_exist_is_refused(void **state)
{
	struct error err;
	char *host = NULL;

	(void)state;
	error_clear(&err);
	assert_int_equal(
	    partition_host("S3", "cn-north-1", fips, &host, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_non_null(strstr(err.text, "no FIPS"));
	assert_true(*err.hint != '\0');
	assert_int_equal(
	    partition_host("S3", "cn-north-1", both, &host, &err), -1);
	assert_int_equal(
	    partition_host("EC2", "us-east-1", plain, &host, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_null(host);
}

static void
the_other_services_follow_one_rule(void **state)
{
	static const struct {
		const char *service, *label;
	} rows[] = {
	    {"SNS", "sns"},
	    {"SQS", "sqs"},
	    {"STS", "sts"},
	    {"SSO", "portal.sso"},
	    {"SSO_OIDC", "oidc"},
	};
	char *want;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		want = xasprintf("%s.eu-west-1.amazonaws.com", rows[i].label);
		assert_host(rows[i].service, "eu-west-1", plain, want);
		free(want);
		want =
		    xasprintf("%s-fips.eu-west-1.amazonaws.com", rows[i].label);
		assert_host(rows[i].service, "eu-west-1", fips, want);
		free(want);
		want = xasprintf("%s.eu-west-1.api.aws", rows[i].label);
		assert_host(rows[i].service, "eu-west-1", dual, want);
		free(want);
		want =
		    xasprintf("%s-fips.us-gov-west-1.api.aws", rows[i].label);
		assert_host(rows[i].service, "us-gov-west-1", both, want);
		free(want);
		want =
		    xasprintf("%s.us-gov-east-1.amazonaws.com", rows[i].label);
		assert_host(rows[i].service, "us-gov-east-1", fips, want);
		free(want);
		want = xasprintf(
		    "%s-fips.eusc-de-east-1.amazonaws.eu", rows[i].label);
		assert_host(rows[i].service, "eusc-de-east-1", fips, want);
		free(want);
	}
	assert_host(
	    "SNS", "us-gov-mid-1", fips, "sns-fips.us-gov-mid-1.amazonaws.com");
	assert_host(
	    "SQS", "us-gov-mid-1", fips, "sqs.us-gov-mid-1.amazonaws.com");
}

static void
sagemaker_says_fips_in_another_place(void **state)
{
	static const char service[] = "SAGEMAKER_RUNTIME";

	(void)state;
	assert_host(service, "us-east-1", plain,
	    "runtime.sagemaker.us-east-1.amazonaws.com");
	assert_host(service, "us-east-1", fips,
	    "runtime-fips.sagemaker.us-east-1.amazonaws.com");
	assert_host(service, "us-east-1", both,
	    "runtime.sagemaker-fips.us-east-1.api.aws");
	assert_host(service, "us-gov-west-1", fips,
	    "runtime.sagemaker.us-gov-west-1.amazonaws.com");
	assert_host(service, "cn-north-1", fips,
	    "runtime.sagemaker-fips.cn-north-1.amazonaws.com.cn");
	assert_host(service, "us-isof-south-1", dual,
	    "runtime.sagemaker.us-isof-south-1.api.aws.hci.ic.gov");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_region_is_in_its_partition),
	    cmocka_unit_test(each_partition_has_its_suffixes),
	    cmocka_unit_test(a_region_is_a_label_of_a_host_name),
	    cmocka_unit_test(hosts_of_aws_are_known_by_their_ends),
	    cmocka_unit_test(names_that_are_not_quite_regions_are_understood),
	    cmocka_unit_test(s3_has_names_of_its_own_and_the_plain_suffix),
	    cmocka_unit_test(a_variant_that_does_not_exist_is_refused),
	    cmocka_unit_test(the_other_services_follow_one_rule),
	    cmocka_unit_test(sagemaker_says_fips_in_another_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
