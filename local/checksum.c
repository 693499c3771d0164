/* SPDX-License-Identifier: Apache-2.0 */
/* CRCs are numbers sent with the highest byte first; digests are bytes. */
#include "local/checksum.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/encode.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#define HEADER_PREFIX "x-amz-checksum-"

enum kind { CRC32, CRC32C, CRC64NVME, SHA1, SHA256 };

static const struct {
	const char *name;
	size_t size;
} kinds[] = {
    [CRC32] = {"crc32", 4},
    [CRC32C] = {"crc32c", 4},
    [CRC64NVME] = {"crc64nvme", 8},
    [SHA1] = {"sha1", HASH_SHA1_SIZE},
    [SHA256] = {"sha256", HASH_SHA256_SIZE},
};

struct checksum {
	enum kind kind;
	uint64_t crc;
	struct hash *hash; /* of the digests */
};

struct checksum *
checksum_new(const char *name)
{
	struct checksum *c;
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!str_eq(kinds[i].name, name))
			continue;
		c = xcalloc(1, sizeof(*c));
		c->kind = (enum kind)i;
		if (c->kind == SHA1)
			c->hash = hash_new(HASH_SHA1);
		if (c->kind == SHA256)
			c->hash = hash_new(HASH_SHA256);
		return c;
	}
	return NULL;
}

void
checksum_update(struct checksum *c, const void *data, size_t len)
{
	switch (c->kind) {
	case CRC32:
		c->crc = hash_crc32((uint32_t)c->crc, data, len);
		return;
	case CRC32C:
		c->crc = hash_crc32c((uint32_t)c->crc, data, len);
		return;
	case CRC64NVME:
		c->crc = hash_crc64nvme(c->crc, data, len);
		return;
	case SHA1:
	case SHA256:
		hash_update(c->hash, data, len);
		return;
	}
	abort();
}

void
checksum_final(struct checksum *c, struct buf *out)
{
	unsigned char bytes[HASH_SHA256_SIZE];
	size_t size = kinds[c->kind].size, i;

	if (c->hash != NULL)
		hash_final(c->hash, bytes);
	for (i = 0; c->hash == NULL && i < size; i++)
		bytes[i] = (unsigned char)(c->crc >> 8 * (size - 1 - i));
	encode_base64(out, bytes, size);
}

void
checksum_free(struct checksum *c)
{
	if (c == NULL)
		return;
	hash_free(c->hash);
	free(c);
}

size_t
checksum_size(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		if (str_eq(kinds[i].name, name))
			return kinds[i].size;
	}
	return 0;
}

const char *
checksum_of_header(const char *header_name)
{
	size_t n = strlen(HEADER_PREFIX), i;

	if (strncasecmp(header_name, HEADER_PREFIX, n) != 0)
		return NULL;
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		if (str_ieq(header_name + n, kinds[i].name))
			return kinds[i].name;
	}
	return NULL;
}
