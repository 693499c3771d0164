/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the URL of a queue to the endpoint that is asked. The URL names both:
 *   https://sqs.REGION.amazonaws.com/ACCOUNT/NAME (and sqs-fips, api.aws, …)
 *   https://REGION.queue.amazonaws.com/ACCOUNT/NAME, and without a region
 *     us-east-1: the old form, which is in use
 *   https://vpce-ID.sqs.REGION.vpce.amazonaws.com/ACCOUNT/NAME
 * Of any other host the region is the SDKs'.
 * Source: "Amazon SQS endpoints and quotas", AWS General Reference; "Interface
 * VPC endpoints for Amazon SQS", SQS developer guide.
 */
#ifndef AWS_SQS_PLACE_H
#define AWS_SQS_PLACE_H

#include "aws/endpoint.h"
#include "base/error.h"

/*
 * The URL's own host, as the AWS SDK for JavaScript has it, or the endpoint
 * that somebody named (AWS_ENDPOINT_URL_SQS and the like). *out is the
 * caller's (endpoint_done). ERR_CONFIG; the text never holds the URL.
 */
int sqs_place(const char *queue_url, const char *profile,
    struct aws_endpoint *out, struct error *err);

/* arn:PARTITION:sqs:REGION:ACCOUNT:NAME, for hints; the caller's. */
char *sqs_arn(const char *queue_url, const char *region);

/* The region that a host names; the caller's, or NULL. */
char *sqs_region_of_host(const char *host);

#endif
