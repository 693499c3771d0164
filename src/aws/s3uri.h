/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3://bucket/key, the way results are named. A key is bytes of UTF-8 as they
 * are: '%', '+', '?' and '#' in it mean nothing else.
 * Source: "Bucket naming rules" and "Naming Amazon S3 objects", S3 user guide.
 */
#ifndef AWS_S3URI_H
#define AWS_S3URI_H

#include "base/error.h"

#define S3_KEY_MAX 1024

enum s3_bucket_kind {
	S3_BUCKET_BAD,
	S3_BUCKET_LEGACY, /* up to 255 of A-Z a-z 0-9 . _ - */
	S3_BUCKET_DNS, /* may be part of a host name */
};

enum s3_bucket_kind s3_bucket_kind(const char *bucket);

enum {
	S3_URI_PREFIX = 1, /* the key may be empty: "s3://bucket" too */
};

/* Both are the caller's. ERR_USAGE with the URI in its text. */
int s3_uri_parse(const char *uri, unsigned flags, char **bucket, char **key,
    struct error *err);

#endif
