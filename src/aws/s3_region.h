/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The regions of buckets that turned out to be elsewhere than was thought. Of
 * more than S3_REGIONS_MAX the oldest is forgotten, and learned again.
 */
#ifndef AWS_S3_REGION_H
#define AWS_S3_REGION_H

#include "aws/endpoint.h"
#include "net/http_client.h"

#define S3_REGIONS_MAX 256

struct s3_regions;
struct s3_regions *s3_regions_new(void);
void s3_regions_free(struct s3_regions *r);

/* Where the bucket is, or `otherwise`. Borrowed until something is learned. */
const struct aws_endpoint *s3_regions_find(const struct s3_regions *r,
    const char *bucket, const struct aws_endpoint *otherwise);

/* Takes the endpoint. */
void s3_regions_learn(
    struct s3_regions *r, const char *bucket, struct aws_endpoint *take);

/*
 * The region that an answer names which is not 2xx: x-amz-bucket-region, or
 * the <Region> of its body. False: this is no such answer. Source: "Request
 * routing" and "Making requests using the REST API", S3 user guide; the SDKs
 * follow these too, and never the Location.
 */
bool s3_region_of(const struct http_response *r, char *out, size_t size);

#endif
