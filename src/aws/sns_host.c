/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts and names of certificates, by region and partition. */
#include "aws/sns_host.h"

#include <stdlib.h>
#include <string.h>

#include "aws/endpoint.h"
#include "aws/partition.h"
#include "base/mem.h"
#include "base/str.h"

#define FILE_START "/SimpleNotificationService-"
#define FILE_END ".pem"
#define FILE_HEX 32

/*
 * Names of certificates that are not "sns.amazonaws.com".
 * Source: SnsMessageManager of the AWS SDK for Java 2.
 */
static const struct signer {
	const char *region;
	const char *name; /* NULL: sns-signing.REGION.SUFFIX */
} signers[] = {
    {"af-south-1", NULL},
    {"ap-east-1", NULL},
    {"ap-east-2", NULL},
    {"ap-south-2", NULL},
    {"ap-southeast-3", NULL},
    {"ap-southeast-4", NULL},
    {"ap-southeast-5", NULL},
    {"ap-southeast-6", NULL},
    {"ap-southeast-7", NULL},
    {"ca-west-1", NULL},
    {"cn-north-1", "sns-cn-north-1.amazonaws.com.cn"},
    {"cn-northwest-1", "sns-cn-northwest-1.amazonaws.com.cn"},
    {"eu-central-2", NULL},
    {"eu-isoe-west-1", NULL},
    {"eu-south-1", NULL},
    {"eu-south-2", NULL},
    {"eusc-de-east-1", NULL},
    {"il-central-1", NULL},
    {"me-central-1", NULL},
    {"me-south-1", NULL},
    {"mx-central-1", NULL},
    {"us-gov-east-1", "sns-us-gov-west-1.amazonaws.com"},
    {"us-gov-west-1", "sns-us-gov-west-1.amazonaws.com"},
    {"us-iso-east-1", "sns-us-iso-east-1.c2s.ic.gov"},
    {"us-isob-east-1", "sns-us-isob-east-1.sc2s.sgov.gov"},
    {"us-isof-east-1", NULL},
    {"us-isof-south-1", NULL},
};

/* A region that is in no table may be an old one or a new one; both names are
 * AWS's alone. */
static void
fill_names(const char *region, struct sns_host *h)
{
	const char *suffix = partition_of(region)->suffix;
	size_t i, n = 0;

	for (i = 0; i < ARRAY_LEN(signers); i++) {
		if (str_eq(signers[i].region, region))
			break;
	}
	if (i < ARRAY_LEN(signers) && signers[i].name != NULL) {
		h->names[n] = xstrdup(signers[i].name);
		return;
	}
	h->names[n++] = xasprintf("sns-signing.%s.%s", region, suffix);
	if (i == ARRAY_LEN(signers))
		h->names[n] = xasprintf("sns.%s", suffix);
}

/* us-east-1, us-gov-west-1: words and a number. Nobody here knows all of them,
 * and tomorrow's are good, too. */
static bool
may_exist(const char *region)
{
	const char *number = strrchr(region, '-');
	bool fips = false;
	char *real = partition_real_region(region, &fips);
	bool good = number != NULL &&
	    number[1 + strspn(number + 1, "0123456789")] == '\0' &&
	    strcspn(region, "0123456789") == (size_t)(number + 1 - region) &&
	    strchr(region, '-') != number && str_eq(real, region);

	free(real);
	return good;
}

static int
aws_host(const char *region, struct sns_host *h, struct error *err)
{
	/* Whatever variant we ask, SNS names its plain host. */
	struct partition_variant plain = {0};
	char *host;

	if (!may_exist(region)) {
		err_set(err, ERR_CONFIG, "AWS has no region %s", region);
		return err_hint(err,
		    "Copy the topic's ARN anew; or, for a server of your own, "
		    "set AWS_ENDPOINT_URL_SNS.");
	}
	if (partition_host("SNS", region, plain, &host, err) == -1)
		return -1;
	h->base = xasprintf("https://%s", host);
	fill_names(region, h);
	free(host);
	return 0;
}

int
sns_host_of(const struct sns_topic *topic, const char *profile,
    struct sns_host *out, struct error *err)
{
	struct endpoint_options o = {
	    .service = "SNS", .region = topic->region, .profile = profile};
	struct sns_host h = {0};
	struct aws_endpoint e;
	int rc = 0;

	if (endpoint_resolve(&o, &e, err) == -1)
		return -1;
	h.named = e.custom;
	if (h.named)
		h.base = xstrdup(e.url);
	else
		rc = aws_host(topic->region, &h, err);
	endpoint_done(&e);
	if (rc == 0)
		*out = h;
	return rc;
}

void
sns_host_done(struct sns_host *h)
{
	size_t i;

	free(h->base);
	for (i = 0; i < ARRAY_LEN(h->names); i++)
		free(h->names[i]);
	memset(h, 0, sizeof(*h));
}

char *
sns_host_cert_url(const struct sns_host *h, const char *cert_url)
{
	const char *s = cert_url, *hex;

	if (!str_starts(s, h->base))
		return NULL;
	s += strlen(h->base);
	if (!h->named && str_starts(s, ":443"))
		s += strlen(":443");
	if (!str_starts(s, FILE_START))
		return NULL;
	hex = s + strlen(FILE_START);
	if (strspn(hex, "0123456789abcdef") != FILE_HEX ||
	    !str_eq(hex + FILE_HEX, FILE_END))
		return NULL;
	return xasprintf(
	    "%s" FILE_START "%.*s" FILE_END, h->base, FILE_HEX, hex);
}
