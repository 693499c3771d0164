/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of partitions and hosts, and what is read from them. */
#include "aws/partition.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define REGION_MAX 63 /* a label of a host name: RFC 1035 */

static const struct partition partitions[] = {
    {"aws-cn", "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn",
	"cn-northwest-1"},
    {"aws-us-gov", "us-gov-", "amazonaws.com", "api.aws", "us-gov-west-1"},
    {"aws-iso", "us-iso-", "c2s.ic.gov", "api.aws.ic.gov", "us-iso-east-1"},
    {"aws-iso-b", "us-isob-", "sc2s.sgov.gov", "api.aws.scloud",
	"us-isob-east-1"},
    {"aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk",
	"eu-isoe-west-1"},
    {"aws-iso-f", "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov",
	"us-isof-south-1"},
    {"aws-eusc", "eusc-", "amazonaws.eu", "api.amazonwebservices.eu",
	"eusc-de-east-1"},
    {"aws", NULL, "amazonaws.com", "api.aws", "us-east-1"},
};

/* Where in GovCloud the plain host is the one with FIPS. */
enum gov_fips {
	GOV_PLAIN, /* everywhere */
	GOV_PLAIN_TWO, /* in us-gov-east-1 and us-gov-west-1 */
};

/* All but S3 (s3_host). */
static const struct service {
	const char *name;
	const char *label;
	const char *fips_label;
	const char *fips_label_aws; /* in "aws" without dual-stack; or NULL */
	enum gov_fips gov;
} services[] = {
    {"SAGEMAKER_RUNTIME", "runtime.sagemaker", "runtime.sagemaker-fips",
	"runtime-fips.sagemaker", GOV_PLAIN},
    {"SNS", "sns", "sns-fips", NULL, GOV_PLAIN_TWO},
    {"SQS", "sqs", "sqs-fips", NULL, GOV_PLAIN},
    {"STS", "sts", "sts-fips", NULL, GOV_PLAIN},
    {"SSO", "portal.sso", "portal.sso-fips", NULL, GOV_PLAIN},
    {"SSO_OIDC", "oidc", "oidc-fips", NULL, GOV_PLAIN},
};

/* --- regions -------------------------------------------------------- */

const struct partition *
partition_of(const char *region)
{
	const struct partition *p = partitions;

	while (p->prefix != NULL && !str_starts(region, p->prefix))
		p++;
	return p;
}

static bool
is_below(const char *host, const char *suffix)
{
	size_t len = strlen(host), n = strlen(suffix);

	return len > n && host[len - n - 1] == '.' && str_ends(host, suffix);
}

bool
partition_has_host(const char *host)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(partitions); i++) {
		if (is_below(host, partitions[i].suffix) ||
		    is_below(host, partitions[i].dual_stack_suffix))
			return true;
	}
	return false;
}

bool
partition_is_region(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= REGION_MAX && *name != '-' &&
	    name[len - 1] != '-' &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len &&
	    strspn(name, "0123456789") < len;
}

static const char *
global_region(const char *name)
{
	size_t i, len;

	for (i = 0; i < ARRAY_LEN(partitions); i++) {
		len = strlen(partitions[i].name);
		if (str_starts(name, partitions[i].name) &&
		    str_eq(name + len, "-global"))
			return partitions[i].global_region;
	}
	return NULL;
}

char *
partition_real_region(const char *name, bool *fips)
{
	size_t len = strlen(name);
	const char *global;
	char *bare;

	if (str_starts(name, "fips-") && len > 5) {
		bare = xstrdup(name + 5);
		*fips = true;
	} else if (str_ends(name, "-fips") && len > 5) {
		bare = xstrndup(name, len - 5);
		*fips = true;
	} else {
		bare = xstrdup(name);
	}
	global = global_region(bare);
	if (global == NULL)
		return bare;
	free(bare);
	return xstrdup(global);
}

/* --- hosts ---------------------------------------------------------- */

static const struct service *
find_service(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(services); i++) {
		if (str_eq(services[i].name, name))
			return &services[i];
	}
	return NULL;
}

static int
s3_host(const struct partition *p, const char *region,
    struct partition_variant variant, char **out, struct error *err)
{
	if (variant.fips && str_eq(p->name, "aws-cn")) {
		err_set(err, ERR_CONFIG,
		    "S3 has no FIPS endpoints in the partition %s (region %s)",
		    p->name, region);
		return err_hint(err,
		    "Switch use_fips_endpoint and AWS_USE_FIPS_ENDPOINT off, "
		    "or "
		    "name a URL in AWS_ENDPOINT_URL_S3.");
	}
	*out = xasprintf("s3%s%s.%s.%s", variant.fips ? "-fips" : "",
	    variant.dual_stack ? ".dualstack" : "", region, p->suffix);
	return 0;
}

static bool
gov_has_plain_fips(const struct service *s, const char *region)
{
	return s->gov == GOV_PLAIN || str_eq(region, "us-gov-east-1") ||
	    str_eq(region, "us-gov-west-1");
}

static const char *
label_of(const struct service *s, const struct partition *p, const char *region,
    struct partition_variant variant)
{
	if (!variant.fips)
		return s->label;
	if (variant.dual_stack)
		return s->fips_label;
	if (str_eq(p->name, "aws-us-gov") && gov_has_plain_fips(s, region))
		return s->label;
	if (str_eq(p->name, "aws") && s->fips_label_aws != NULL)
		return s->fips_label_aws;
	return s->fips_label;
}

int
partition_host(const char *service, const char *region,
    struct partition_variant variant, char **out, struct error *err)
{
	const struct partition *p = partition_of(region);
	const struct service *s;

	if (str_eq(service, "S3"))
		return s3_host(p, region, variant, out, err);
	s = find_service(service);
	if (s == NULL)
		return err_set(err, ERR_USAGE,
		    "the service %s has no known host", service);
	*out = xasprintf("%s.%s.%s", label_of(s, p, region, variant), region,
	    variant.dual_stack ? p->dual_stack_suffix : p->suffix);
	return 0;
}
