/* SPDX-License-Identifier: Apache-2.0 */
/* Places in the object store written s3://bucket/key: read, and joined. */
#ifndef LOCAL_S3URI_H
#define LOCAL_S3URI_H

#include <stdbool.h>
#include <stddef.h>

#define S3URI_KEY_MAX 1024

/* 3 to 63 of a-z 0-9 . - with a letter or digit at both ends. */
bool s3uri_bucket_ok(const char *name);

/* UTF-8 of 1 to 1,024 bytes. */
bool s3uri_key_ok(const char *key, size_t len);

/*
 * Cut s3://bucket[/key]. *bucket is the caller's; *key points into the text
 * and may be "". 0, or -1 with both untouched.
 */
int s3uri_split(const char *uri, char **bucket, const char **key);

/*
 * base[/extension]/name with single slashes at the joints; `extension` may
 * be NULL. The caller's string.
 */
char *s3uri_join(const char *base, const char *extension, const char *name);

#endif
