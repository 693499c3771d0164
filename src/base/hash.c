/* SPDX-License-Identifier: Apache-2.0 */
/* Digests and MACs over OpenSSL's EVP; two reflected CRCs by table. */
#include "base/hash.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"

struct hash {
	EVP_MD_CTX *ctx;
};

struct hash_mac {
	EVP_MAC_CTX *ctx;
};

/* OpenSSL fails here only for want of memory or of the digest itself. */
static void
must(int ok)
{
	if (!ok)
		abort();
}

/* Found once: OpenSSL would else look for it by its name each time. */
static EVP_MD *sha256;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;

static void
find_sha256(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	must(sha256 != NULL);
}

static const EVP_MD *
sha256_md(void)
{
	pthread_once(&sha256_once, find_sha256);
	return sha256;
}

static const EVP_MD *
digest_of(enum hash_kind kind)
{
	switch (kind) {
	case HASH_SHA256:
		return sha256_md();
	case HASH_MD5:
		return EVP_md5();
	case HASH_SHA1:
		return EVP_sha1();
	}
	abort();
}

struct hash *
hash_new(enum hash_kind kind)
{
	struct hash *h = xcalloc(1, sizeof(*h));

	h->ctx = EVP_MD_CTX_new();
	must(h->ctx != NULL);
	must(EVP_DigestInit_ex(h->ctx, digest_of(kind), NULL));
	return h;
}

void
hash_update(struct hash *h, const void *data, size_t len)
{
	must(EVP_DigestUpdate(h->ctx, data, len));
}

void
hash_final(struct hash *h, unsigned char *out)
{
	must(EVP_DigestFinal_ex(h->ctx, out, NULL));
}

void
hash_restart(struct hash *h)
{
	must(EVP_DigestInit_ex(h->ctx, NULL, NULL));
}

void
hash_free(struct hash *h)
{
	if (h == NULL)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

void
hash_sha256(const void *data, size_t len, unsigned char out[HASH_SHA256_SIZE])
{
	must(EVP_Digest(data, len, out, NULL, sha256_md(), NULL));
}

void
hash_sha256_hex(const void *data, size_t len, char out[HASH_SHA256_HEX_SIZE])
{
	unsigned char digest[HASH_SHA256_SIZE];

	hash_sha256(data, len, digest);
	encode_hex(digest, sizeof(digest), out);
}

void
hash_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
    unsigned char out[HASH_SHA256_SIZE])
{
	/* OpenSSL takes a NULL key and NULL data, but not both at once. */
	must(HMAC(sha256_md(), key_len != 0 ? key : "", (int)key_len, data, len,
		 out, NULL) != NULL);
}

struct hash_mac *
hash_mac_new(const void *key, size_t len)
{
	char name[] = "SHA256";
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
	    OSSL_PARAM_construct_end(),
	};
	struct hash_mac *mac = xcalloc(1, sizeof(*mac));
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);

	must(hmac != NULL);
	mac->ctx = EVP_MAC_CTX_new(hmac);
	EVP_MAC_free(hmac);
	must(mac->ctx != NULL);
	/* Without a key OpenSSL would take this for "the one from before". */
	must(EVP_MAC_init(
	    mac->ctx, len != 0 ? key : (const void *)"", len, params));
	return mac;
}

void
hash_mac_begin(struct hash_mac *mac)
{
	/* No key: start again with the one that was set up. */
	must(EVP_MAC_init(mac->ctx, NULL, 0, NULL));
}

void
hash_mac_update(struct hash_mac *mac, const void *data, size_t len)
{
	must(EVP_MAC_update(mac->ctx, data, len));
}

void
hash_mac_final(struct hash_mac *mac, unsigned char out[HASH_SHA256_SIZE])
{
	must(EVP_MAC_final(mac->ctx, out, NULL, HASH_SHA256_SIZE));
}

void
hash_mac_sha256(struct hash_mac *mac, const void *data, size_t len,
    unsigned char out[HASH_SHA256_SIZE])
{
	hash_mac_begin(mac);
	hash_mac_update(mac, data, len);
	hash_mac_final(mac, out);
}

struct hash_mac *
hash_mac_clone(const struct hash_mac *mac)
{
	struct hash_mac *clone = xcalloc(1, sizeof(*clone));

	clone->ctx = EVP_MAC_CTX_dup(mac->ctx);
	must(clone->ctx != NULL);
	return clone;
}

void
hash_mac_free(struct hash_mac *mac)
{
	if (mac == NULL)
		return;
	EVP_MAC_CTX_free(mac->ctx);
	free(mac);
}

bool
hash_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

void
hash_wipe(void *p, size_t len)
{
	OPENSSL_cleanse(p, len);
}

void
hash_wipe_free(char **s)
{
	if (*s != NULL)
		hash_wipe(*s, strlen(*s));
	xfree(s);
}

static uint32_t crc32_table[8][256], crc32c_table[8][256];
static uint64_t crc64_table[8][256];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static uint64_t
crc_of_byte(uint64_t crc, uint64_t poly)
{
	unsigned bit;

	for (bit = 0; bit < 8; bit++)
		crc = crc & 1 ? crc >> 1 ^ poly : crc >> 1;
	return crc;
}

/* Table k is for a byte with k more behind it: eight bytes go in one step. */
static void
fill_table(uint32_t table[8][256], uint32_t poly)
{
	unsigned i, k;

	for (i = 0; i < 256; i++)
		table[0][i] = (uint32_t)crc_of_byte(i, poly);
	for (i = 0; i < 256; i++) {
		for (k = 1; k < 8; k++)
			table[k][i] = table[0][table[k - 1][i] & 0xff] ^
			    table[k - 1][i] >> 8;
	}
}

static void
fill_table64(uint64_t table[8][256], uint64_t poly)
{
	unsigned i, k;

	for (i = 0; i < 256; i++)
		table[0][i] = crc_of_byte(i, poly);
	for (i = 0; i < 256; i++) {
		for (k = 1; k < 8; k++)
			table[k][i] = table[0][table[k - 1][i] & 0xff] ^
			    table[k - 1][i] >> 8;
	}
}

static void
fill_tables(void)
{
	fill_table64(crc64_table, 0x9a6c9329ac4bc9b5);
	fill_table(crc32_table, 0xedb88320);
	fill_table(crc32c_table, 0x82f63b78);
}

static uint32_t
crc_over(uint32_t table[8][256], uint32_t crc, const void *data, size_t len)
{
	const unsigned char *p = data;

	crc = ~crc;
	for (; len >= 8; len -= 8, p += 8)
		/* Not a loop: it costs three times as much. */
		crc = table[7][(crc ^ p[0]) & 0xff] ^
		    table[6][(crc >> 8 ^ p[1]) & 0xff] ^
		    table[5][(crc >> 16 ^ p[2]) & 0xff] ^
		    table[4][(crc >> 24 ^ p[3]) & 0xff] ^ table[3][p[4]] ^
		    table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
	while (len-- > 0)
		crc = table[0][(crc ^ *p++) & 0xff] ^ crc >> 8;
	return ~crc;
}

uint32_t
hash_crc32(uint32_t crc, const void *data, size_t len)
{
	pthread_once(&tables_once, fill_tables);
	return crc_over(crc32_table, crc, data, len);
}

uint32_t
hash_crc32c(uint32_t crc, const void *data, size_t len)
{
	pthread_once(&tables_once, fill_tables);
	return crc_over(crc32c_table, crc, data, len);
}

uint64_t
hash_crc64nvme(uint64_t crc, const void *data, size_t len)
{
	const unsigned char *p = data;

	pthread_once(&tables_once, fill_tables);
	crc = ~crc;
	for (; len >= 8; len -= 8, p += 8) {
#define OF_BYTE(i) crc64_table[7 - (i)][(crc >> (8 * (i)) ^ p[i]) & 0xff]
		/* Not a loop: it costs three times as much. */
		crc = OF_BYTE(0) ^ OF_BYTE(1) ^ OF_BYTE(2) ^ OF_BYTE(3) ^
		    OF_BYTE(4) ^ OF_BYTE(5) ^ OF_BYTE(6) ^ OF_BYTE(7);
#undef OF_BYTE
	}
	while (len-- > 0)
		crc = crc64_table[0][(crc ^ *p++) & 0xff] ^ crc >> 8;
	return ~crc;
}
