/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a service is: its URL from what the user said, the environment, the
 * profile or the region, in the SDKs' order; and the address of one object.
 * Source: "Service-specific endpoints", AWS SDKs and Tools reference guide.
 */
#ifndef AWS_ENDPOINT_H
#define AWS_ENDPOINT_H

#include <stdbool.h>

#include "aws/partition.h"
#include "base/error.h"

struct endpoint_options {
	const char *service; /* "SAGEMAKER_RUNTIME", "S3", "SNS", "SQS", "STS",
			"SSO", "SSO_OIDC" */
	const char *region; /* explicit, or NULL */
	const char *profile; /* explicit, or NULL */
	const char *url; /* explicit, or NULL */
};

struct aws_endpoint {
	char *scheme; /* "https" or "http" */
	char *host; /* just what the Host header says */
	char *base_path; /* "" or "/some/path", goes before every path */
	char *url; /* scheme, host and base path as one */
	char *region; /* the one that is signed */
	bool custom; /* a URL was named somewhere */
	bool path_style; /* S3: buckets always stand in the path */
	struct partition_variant variant; /* of AWS's own host */
};

/*
 * The URL: explicit, AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the
 * profile's services section, the profile's endpoint_url, AWS itself: its
 * partition (partition.h), FIPS and dual-stack variants where they are asked
 * for. A URL that was named is used as it is, whatever variant is asked for.
 * The region: endpoint_region. *out is the caller's (endpoint_done).
 */
int endpoint_resolve(const struct endpoint_options *o, struct aws_endpoint *out,
    struct error *err);
void endpoint_done(struct aws_endpoint *e);

/*
 * The same S3 in another region: AWS's own host of that region, or where a URL
 * was named the same host with another region in the signature. *out is the
 * caller's. ERR_PROTOCOL where the region is no name of one, or of AWS in
 * another partition, where nobody knows our keys.
 */
int endpoint_in_region(const struct aws_endpoint *e, const char *region,
    struct aws_endpoint *out, struct error *err);

/*
 * Explicit, AWS_REGION, AWS_DEFAULT_REGION, the profile's. ERR_CONFIG with a
 * hint where there is none. *out is the caller's.
 */
int endpoint_region(const char *explicit_region, const char *profile,
    char **out, struct error *err);

/*
 * The Host header and the percent-encoded path of an object, or with key ""
 * of the bucket. The bucket is in the host name where the certificate covers
 * it and `path_style` is not set, else in the path. Both are the caller's.
 */
int endpoint_s3_target(const struct aws_endpoint *e, const char *bucket,
    const char *key, char **host, char **path, struct error *err);

#endif
