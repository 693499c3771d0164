/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS's partitions, and the hosts of its services in them. What is irregular
 * stands in two tables (partition.c); a region that none of them knows belongs
 * to the partition its name looks like, or else to "aws".
 * Source: the endpoint rule sets and partitions of the AWS SDK for JavaScript,
 * with which `make check-interop` compares every host.
 */
#ifndef AWS_PARTITION_H
#define AWS_PARTITION_H

#include <stdbool.h>

#include "base/error.h"

struct partition {
	const char *name; /* "aws", "aws-cn", ... as in an ARN */
	const char *prefix; /* of its regions' names; NULL: all others */
	const char *suffix; /* "amazonaws.com" */
	const char *dual_stack_suffix; /* "api.aws"; S3 has the other */
	const char *global_region; /* what "aws-global" and the like mean */
};

/* Never NULL. */
const struct partition *partition_of(const char *region);

/* Is a host AWS's own, by the suffixes that there are? */
bool partition_has_host(const char *host);

/* Can it be the name of a region? It becomes a label of a host name. */
bool partition_is_region(const char *name);

/*
 * The region that is meant by a name, which is the caller's: itself, but for
 * the SDKs' old names "fips-us-east-1" or "us-east-1-fips", where *fips becomes
 * true, and "aws-global" and the like.
 */
char *partition_real_region(const char *name, bool *fips);

struct partition_variant {
	bool fips;
	bool dual_stack; /* IPv6 as well */
};

/*
 * The host of a service ("S3", "SAGEMAKER_RUNTIME", ... as in struct
 * endpoint_options). *out is the caller's. ERR_CONFIG where there is no such
 * variant, ERR_USAGE where the service is not known.
 */
int partition_host(const char *service, const char *region,
    struct partition_variant variant, char **out, struct error *err);

#endif
