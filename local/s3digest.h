/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request says about its body's bytes, and whether it is true:
 * x-amz-content-sha256, Content-MD5, and one of S3's checksums in a header or
 * in the trailer.
 * Source: "Checking object integrity for data uploads", S3 user guide.
 */
#ifndef LOCAL_S3DIGEST_H
#define LOCAL_S3DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "local/checksum.h"
#include "net/header.h"

struct s3digest {
	struct hash *md5;
	unsigned char md5_digest[HASH_MD5_SIZE]; /* after s3digest_finish */
	bool md5_given;
	unsigned char md5_wanted[HASH_MD5_SIZE];
	struct hash *sha256; /* NULL: UNSIGNED-PAYLOAD or aws-chunked */
	char sha256_wanted[HASH_SHA256_HEX_SIZE];
	struct checksum *checksum;
	const char *checksum_name;
	char *checksum_wanted; /* NULL: in the trailer, unless it is ours */
	bool checksum_ours; /* the client sent none: S3 makes one */
};

/*
 * What `h` announces; `chunked`: the body is in aws-chunked, and may have a
 * trailer. On failure err->remote_code is S3's code. s3digest_done() may
 * follow either way.
 */
int s3digest_init(struct s3digest *d, const struct headers *h, bool chunked,
    struct error *err);
void s3digest_done(struct s3digest *d);

/* Whether it is a value that x-amz-content-sha256 may have without aws-chunked,
 * and what S3 says where it is not. */
bool s3digest_hash_ok(const char *value);
#define S3DIGEST_HASH_WRONG                                          \
	"x-amz-content-sha256 must be UNSIGNED-PAYLOAD, one of the " \
	"STREAMING- values, or a valid sha256 value."

/* Whether the client said anything that its bytes can be held to. */
bool s3digest_given(const struct s3digest *d);

void s3digest_update(struct s3digest *d, const void *data, size_t len);

/* Once, at the end. trailers may be NULL. `out` gets "name=BASE64". */
int s3digest_finish(struct s3digest *d, const struct headers *trailers,
    struct buf *out, struct error *err);

#endif
