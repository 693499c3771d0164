/* SPDX-License-Identifier: Apache-2.0 */
/*
 * S3's checksums of whole objects: CRC-64/NVME, CRC-32, CRC-32C, SHA-1 and
 * SHA-256, in the headers x-amz-checksum-* as base64 of the big-endian bytes.
 * A value that ends in "-N" is one of parts (x-amz-checksum-type: COMPOSITE)
 * and says nothing of the whole; algorithms that are not known here are passed
 * over. Source: "Checking object integrity", S3 user guide.
 */
#ifndef AWS_S3SUM_H
#define AWS_S3SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/header.h"

/* The checksum of an object on its way, over as many ranges as it takes. */
struct s3sum;

struct s3sum *s3sum_new(void);
void s3sum_free(struct s3sum *s);

/* The head of the answer that begins at byte 0: which one is announced, and
 * the bytes are counted from 0 again. Without one all that follows is 0. */
void s3sum_begin(struct s3sum *s, const struct headers *h);
void s3sum_update(struct s3sum *s, const void *data, size_t len);

/* All bytes came: 0, or ERR_PROTOCOL with this remote code. Once. */
#define S3SUM_MISMATCH "ChecksumMismatch"
int s3sum_check(struct s3sum *s, struct error *err);

/* "CRC64NVME" and the like; NULL: nothing was announced. Static. */
const char *s3sum_algorithm(const struct s3sum *s);

/* What is sent: the header and its value. */
#define S3SUM_CRC64NVME "x-amz-checksum-crc64nvme"
#define S3SUM_CRC64NVME_SIZE 13 /* NUL included */
void s3sum_format_crc64nvme(uint64_t crc, char out[S3SUM_CRC64NVME_SIZE]);

/*
 * AWS_REQUEST_CHECKSUM_CALCULATION and AWS_RESPONSE_CHECKSUM_VALIDATION, or
 * the profile's keys of the same names in lower case without "aws_":
 * when_supported (the default) or when_required.
 */
struct s3sum_modes {
	bool send;
	bool verify;
};
int s3sum_modes_load(
    const char *profile, struct s3sum_modes *out, struct error *err);

#endif
