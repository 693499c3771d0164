/* SPDX-License-Identifier: Apache-2.0 */
/* S3's checksums by name, over bytes that come in pieces, as base64. */
#ifndef LOCAL_CHECKSUM_H
#define LOCAL_CHECKSUM_H

#include <stddef.h>

#include "base/buf.h"

struct checksum;

/* "crc32", "crc32c", "crc64nvme", "sha1" or "sha256"; NULL for others. */
struct checksum *checksum_new(const char *name);
void checksum_update(struct checksum *c, const void *data, size_t len);

/* Appends the value; nothing but checksum_free may follow. */
void checksum_final(struct checksum *c, struct buf *out);
void checksum_free(struct checksum *c);

/* Bytes of a value; 0 for others. */
size_t checksum_size(const char *name);

/* The algorithm of a header such as x-amz-checksum-crc32, or NULL. */
const char *checksum_of_header(const char *header_name);

#endif
