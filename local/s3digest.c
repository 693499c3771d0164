/* SPDX-License-Identifier: Apache-2.0 */
/* Announced, computed on the way, compared at the end. */
#include "local/s3digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/sigv4.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"

#define CHECKSUM_PREFIX "x-amz-checksum-"
#define SDK_ALGORITHM "x-amz-sdk-checksum-algorithm"
#define NO_CHECKSUM                                                           \
	SDK_ALGORITHM " specified, but no corresponding x-amz-checksum-* or " \
		      "x-amz-trailer headers were found."

static int
bad(struct error *err, const char *code, const char *text)
{
	err_set(err, ERR_PROTOCOL, "%s", text);
	snprintf(err->remote_code, sizeof(err->remote_code), "%s", code);
	return -1;
}

/* --- what the headers say ------------------------------------------- */

/* Whether a value is the base64 of so many bytes. */
static bool
is_base64_of(const char *value, size_t size)
{
	struct buf b;
	bool good;

	buf_init(&b, 128);
	good = decode_base64(&b, value, strlen(value)) == 0 && b.len == size;
	buf_done(&b);
	return good;
}

static int
read_md5(struct s3digest *d, const struct headers *h, struct error *err)
{
	const char *value = headers_get(h, "content-md5");
	struct buf b;

	if (value == NULL)
		return 0;
	if (!is_base64_of(value, HASH_MD5_SIZE))
		return bad(err, "InvalidDigest",
		    "The Content-MD5 you specified is not valid.");
	buf_init(&b, HASH_MD5_SIZE);
	decode_base64(&b, value, strlen(value));
	memcpy(d->md5_wanted, b.data, HASH_MD5_SIZE);
	d->md5_given = true;
	buf_done(&b);
	return 0;
}

static bool
is_sha256(const char *value)
{
	size_t n = HASH_SHA256_HEX_SIZE - 1;

	return strlen(value) == n && strspn(value, "0123456789abcdef") == n;
}

bool
s3digest_hash_ok(const char *value)
{
	return str_eq(value, SIGV4_UNSIGNED_PAYLOAD) || is_sha256(value);
}

static void
read_sha256(struct s3digest *d, const struct headers *h, bool chunked)
{
	const char *value = headers_get(h, "x-amz-content-sha256");

	if (chunked || value == NULL || !is_sha256(value))
		return;
	d->sha256 = hash_new(HASH_SHA256);
	memcpy(d->sha256_wanted, value, HASH_SHA256_HEX_SIZE);
}

static int
set_checksum(
    struct s3digest *d, const char *name, const char *value, struct error *err)
{
	if (d->checksum != NULL)
		return bad(err, "InvalidRequest",
		    "Expecting a single x-amz-checksum- header. Multiple "
		    "checksum types are not allowed.");
	if (value != NULL && !is_base64_of(value, checksum_size(name))) {
		err_set(err, ERR_PROTOCOL,
		    "Value for x-amz-checksum-%s header is invalid.", name);
		snprintf(err->remote_code, sizeof(err->remote_code),
		    "InvalidRequest");
		return -1;
	}
	d->checksum = checksum_new(name);
	d->checksum_name = name;
	d->checksum_wanted = xstrdup_or_null(value);
	return 0;
}

/* x-amz-checksum-sha512 and what else may come: not passed over. */
static bool
is_unknown(const char *name)
{
	static const char *const others[] = {"mode", "type", "algorithm"};
	size_t n = strlen(CHECKSUM_PREFIX), i;

	if (strncasecmp(name, CHECKSUM_PREFIX, n) != 0)
		return false;
	for (i = 0; i < ARRAY_LEN(others); i++) {
		if (str_ieq(name + n, others[i]))
			return false;
	}
	return checksum_of_header(name) == NULL;
}

static int
read_checksum(
    struct s3digest *d, const struct header *h, bool chunked, struct error *err)
{
	const char *name = checksum_of_header(h->name);

	if (name != NULL)
		return set_checksum(d, name, h->value, err);
	if (is_unknown(h->name))
		return bad(err, "NotImplemented",
		    "Of the checksums CRC32, CRC32C, CRC64NVME, SHA1 and "
		    "SHA256 are implemented.");
	if (!str_ieq(h->name, "x-amz-trailer"))
		return 0;
	name = checksum_of_header(h->value);
	if (name == NULL || !chunked)
		return bad(err, "InvalidRequest",
		    "The value specified in the x-amz-trailer header is not "
		    "supported");
	return set_checksum(d, name, NULL, err);
}

static int
read_checksums(struct s3digest *d, const struct headers *h, bool chunked,
    struct error *err)
{
	const char *named = headers_get(h, SDK_ALGORITHM);
	size_t i;

	for (i = 0; i < h->n; i++) {
		if (read_checksum(d, &h->v[i], chunked, err) == -1)
			return -1;
	}
	if (named != NULL && d->checksum == NULL)
		return bad(err, "InvalidRequest", NO_CHECKSUM);
	if (named != NULL && !str_ieq(named, d->checksum_name))
		return bad(err, "InvalidRequest",
		    "Value for " SDK_ALGORITHM " header is invalid.");
	d->checksum_ours = d->checksum == NULL;
	return d->checksum_ours ? set_checksum(d, "crc64nvme", NULL, err) : 0;
}

int
s3digest_init(struct s3digest *d, const struct headers *h, bool chunked,
    struct error *err)
{
	memset(d, 0, sizeof(*d));
	d->md5 = hash_new(HASH_MD5);
	read_sha256(d, h, chunked);
	if (read_md5(d, h, err) == -1)
		return -1;
	return read_checksums(d, h, chunked, err);
}

void
s3digest_done(struct s3digest *d)
{
	hash_free(d->md5);
	hash_free(d->sha256);
	checksum_free(d->checksum);
	free(d->checksum_wanted);
	memset(d, 0, sizeof(*d));
}

bool
s3digest_given(const struct s3digest *d)
{
	return d->md5_given || !d->checksum_ours;
}

/* --- what the bytes say --------------------------------------------- */

void
s3digest_update(struct s3digest *d, const void *data, size_t len)
{
	hash_update(d->md5, data, len);
	if (d->sha256 != NULL)
		hash_update(d->sha256, data, len);
	checksum_update(d->checksum, data, len);
}

static int
check_sha256(struct s3digest *d, struct error *err)
{
	unsigned char digest[HASH_SHA256_SIZE];
	char hex[HASH_SHA256_HEX_SIZE];

	if (d->sha256 == NULL)
		return 0;
	hash_final(d->sha256, digest);
	encode_hex(digest, sizeof(digest), hex);
	if (hash_equal(hex, d->sha256_wanted, sizeof(hex)))
		return 0;
	return bad(err, "XAmzContentSHA256Mismatch",
	    "The provided 'x-amz-content-sha256' header does not match what "
	    "was computed.");
}

/* Its value comes in a header or in the trailer. */
static int
check_checksum(struct s3digest *d, const struct headers *trailers,
    struct buf *out, struct error *err)
{
	const char *wanted = d->checksum_wanted;
	size_t start;
	char *header;

	if (wanted == NULL && !d->checksum_ours && trailers != NULL) {
		header = xasprintf(CHECKSUM_PREFIX "%s", d->checksum_name);
		wanted = headers_get(trailers, header);
		free(header);
	}
	if (wanted == NULL && !d->checksum_ours)
		return bad(err, "MalformedTrailerError",
		    "The trailer that x-amz-trailer announced did not come.");
	buf_printf(out, "%s=", d->checksum_name);
	start = out->len;
	checksum_final(d->checksum, out);
	if (d->checksum_ours || str_eq(out->data + start, wanted))
		return 0;
	err_set(err, ERR_PROTOCOL,
	    "The %s you specified did not match the calculated checksum.",
	    d->checksum_name);
	snprintf(err->remote_code, sizeof(err->remote_code), "BadDigest");
	return -1;
}

int
s3digest_finish(struct s3digest *d, const struct headers *trailers,
    struct buf *out, struct error *err)
{
	hash_final(d->md5, d->md5_digest);
	if (d->md5_given &&
	    !hash_equal(d->md5_digest, d->md5_wanted, HASH_MD5_SIZE))
		return bad(err, "BadDigest",
		    "The Content-MD5 you specified did not match what was "
		    "received.");
	if (check_sha256(d, err) == -1)
		return -1;
	return check_checksum(d, trailers, out, err);
}
