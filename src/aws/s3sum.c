/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums of whole objects. */
#include "aws/s3sum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/profile.h"
#include "base/buf.h"
#include "base/encode.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#define SUM_MAX HASH_SHA256_SIZE
/* base64 of that, with room to see that it is too long. */
#define VALUE_MAX 48

/* Of several that are announced the cheapest is checked: the first here. */
static const struct {
	const char *name;
	const char *header;
	enum s3sum_kind {
		SUM_CRC64NVME,
		SUM_CRC32C,
		SUM_CRC32,
		SUM_SHA1,
		SUM_SHA256,
	} kind;
	size_t size;
} algorithms[] = {
    {"CRC64NVME", S3SUM_CRC64NVME, SUM_CRC64NVME, 8},
    {"CRC32C", "x-amz-checksum-crc32c", SUM_CRC32C, 4},
    {"CRC32", "x-amz-checksum-crc32", SUM_CRC32, 4},
    {"SHA1", "x-amz-checksum-sha1", SUM_SHA1, HASH_SHA1_SIZE},
    {"SHA256", "x-amz-checksum-sha256", SUM_SHA256, HASH_SHA256_SIZE},
};

struct s3sum {
	int which; /* of the algorithms; -1: none */
	unsigned char want[SUM_MAX];
	uint64_t crc;
	struct hash *hash;
};

struct s3sum *
s3sum_new(void)
{
	struct s3sum *s = xcalloc(1, sizeof(*s));

	s->which = -1;
	return s;
}

void
s3sum_free(struct s3sum *s)
{
	if (s == NULL)
		return;
	hash_free(s->hash);
	free(s);
}

/* The value's bytes; "…-3" is one of parts, and no base64 either. */
static bool
take_value(const char *value, size_t size, unsigned char want[SUM_MAX])
{
	struct buf b;
	bool ok;

	buf_init(&b, VALUE_MAX);
	ok = decode_base64(&b, value, strlen(value)) == 0 && b.len == size;
	if (ok)
		memcpy(want, b.data, size);
	buf_done(&b);
	return ok;
}

void
s3sum_begin(struct s3sum *s, const struct headers *h)
{
	const char *type = headers_get(h, "x-amz-checksum-type");
	size_t i;

	hash_free(s->hash);
	s->hash = NULL;
	s->crc = 0;
	s->which = -1;
	if (type != NULL && !str_ieq(type, "FULL_OBJECT"))
		return;
	for (i = 0; i < ARRAY_LEN(algorithms) && s->which == -1; i++) {
		const char *value = headers_get(h, algorithms[i].header);

		if (value != NULL &&
		    take_value(value, algorithms[i].size, s->want))
			s->which = (int)i;
	}
	if (s->which == -1)
		return;
	if (algorithms[s->which].kind == SUM_SHA1)
		s->hash = hash_new(HASH_SHA1);
	if (algorithms[s->which].kind == SUM_SHA256)
		s->hash = hash_new(HASH_SHA256);
}

void
s3sum_update(struct s3sum *s, const void *data, size_t len)
{
	if (s->which == -1)
		return;
	switch (algorithms[s->which].kind) {
	case SUM_CRC64NVME:
		s->crc = hash_crc64nvme(s->crc, data, len);
		return;
	case SUM_CRC32C:
		s->crc = hash_crc32c((uint32_t)s->crc, data, len);
		return;
	case SUM_CRC32:
		s->crc = hash_crc32((uint32_t)s->crc, data, len);
		return;
	case SUM_SHA1:
	case SUM_SHA256:
		hash_update(s->hash, data, len);
		return;
	}
	abort();
}

static void
big_endian(uint64_t value, unsigned char *out, size_t size)
{
	while (size-- > 0) {
		out[size] = (unsigned char)value;
		value >>= 8;
	}
}

int
s3sum_check(struct s3sum *s, struct error *err)
{
	unsigned char got[SUM_MAX];
	size_t size;

	if (s->which == -1)
		return 0;
	size = algorithms[s->which].size;
	if (s->hash != NULL)
		hash_final(s->hash, got);
	else
		big_endian(s->crc, got, size);
	if (memcmp(got, s->want, size) == 0)
		return 0;
	err_set(err, ERR_PROTOCOL,
	    "the bytes that came have another %s than the object",
	    algorithms[s->which].name);
	snprintf(
	    err->remote_code, sizeof(err->remote_code), "%s", S3SUM_MISMATCH);
	return -1;
}

const char *
s3sum_algorithm(const struct s3sum *s)
{
	return s->which == -1 ? NULL : algorithms[s->which].name;
}

void
s3sum_format_crc64nvme(uint64_t crc, char out[S3SUM_CRC64NVME_SIZE])
{
	unsigned char bytes[8];
	struct buf b;

	big_endian(crc, bytes, sizeof(bytes));
	buf_init(&b, S3SUM_CRC64NVME_SIZE - 1);
	encode_base64(&b, bytes, sizeof(bytes));
	memcpy(out, b.data, S3SUM_CRC64NVME_SIZE);
	buf_done(&b);
}

/* --- settings ------------------------------------------------------- */

static int
load(const char *variable, const char *profile, const char *key, bool *out,
    struct error *err)
{
	char *value, *from;
	int rc = 0;

	if (profile_or_env(variable, profile, key, &value, &from, err) == -1)
		return -1;
	*out = true;
	if (value != NULL && str_ieq(value, "when_required")) {
		*out = false;
	} else if (value != NULL && !str_ieq(value, "when_supported")) {
		rc = err_set(err, ERR_CONFIG, "%s is '%.80s'", from, value);
		err_hint(err, "It is when_supported or when_required.");
	}
	free(value);
	free(from);
	return rc;
}

int
s3sum_modes_load(
    const char *profile, struct s3sum_modes *out, struct error *err)
{
	struct s3sum_modes modes;

	if (load("AWS_REQUEST_CHECKSUM_CALCULATION", profile,
		"request_checksum_calculation", &modes.send, err) == -1 ||
	    load("AWS_RESPONSE_CHECKSUM_VALIDATION", profile,
		"response_checksum_validation", &modes.verify, err) == -1)
		return -1;
	*out = modes;
	return 0;
}
