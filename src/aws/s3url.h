/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The address of an object, as consoles and SDKs show it, in the form that
 * results are named: https://bucket.s3.REGION.amazonaws.com/key and
 * https://s3.REGION.amazonaws.com/bucket/key are s3://bucket/key. A query (a
 * presigned URL's, a version) is no part of a name, and refused.
 * Source: "Virtual hosting of general purpose buckets", S3 user guide.
 */
#ifndef AWS_S3URL_H
#define AWS_S3URL_H

#include "base/error.h"

/*
 * Either form, checked. *uri is the caller's, and so is *region: what the host
 * names, or NULL. ERR_USAGE.
 */
int s3_location_parse(
    const char *location, char **uri, char **region, struct error *err);

#endif
