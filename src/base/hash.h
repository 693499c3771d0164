/* SPDX-License-Identifier: Apache-2.0 */
/* Digests and MACs over OpenSSL; checksums over bytes on disk. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_SHA256_SIZE 32
#define HASH_SHA256_HEX_SIZE 65 /* NUL included */
#define HASH_MD5_SIZE 16
#define HASH_SHA1_SIZE 20

enum hash_kind { HASH_SHA256, HASH_MD5, HASH_SHA1 };

/* A digest over bytes that come in pieces. */
struct hash;
struct hash *hash_new(enum hash_kind kind);
void hash_update(struct hash *h, const void *data, size_t len);

/* Writes the digest; the hash may only be freed or restarted then. */
void hash_final(struct hash *h, unsigned char *out);

/* Of the same kind, over nothing yet: cheaper than a new one. */
void hash_restart(struct hash *h);
void hash_free(struct hash *h);

void hash_sha256(
    const void *data, size_t len, unsigned char out[HASH_SHA256_SIZE]);
void hash_sha256_hex(
    const void *data, size_t len, char out[HASH_SHA256_HEX_SIZE]);
void hash_hmac_sha256(const void *key, size_t key_len, const void *data,
    size_t len, unsigned char out[HASH_SHA256_SIZE]);

/*
 * A key that makes many MACs (HMAC-SHA-256): it is set up once, so that each
 * MAC costs only its own bytes. The key is wiped when it is freed.
 */
struct hash_mac;
struct hash_mac *hash_mac_new(const void *key, size_t len);
void hash_mac_sha256(struct hash_mac *mac, const void *data, size_t len,
    unsigned char out[HASH_SHA256_SIZE]);
/* The same of a message in pieces; begin anew after final. */
void hash_mac_begin(struct hash_mac *mac);
void hash_mac_update(struct hash_mac *mac, const void *data, size_t len);
void hash_mac_final(struct hash_mac *mac, unsigned char out[HASH_SHA256_SIZE]);

/* The same key once more, for a message that takes a while. Not begun. */
struct hash_mac *hash_mac_clone(const struct hash_mac *mac);
void hash_mac_free(struct hash_mac *mac);

/* Takes the same time wherever the two differ. */
bool hash_equal(const void *a, const void *b, size_t len);

/* Overwrite a secret so that the compiler cannot leave it out. */
void hash_wipe(void *p, size_t len);

/* The same to a whole string, which is freed; *s is NULL then, or was. */
void hash_wipe_free(char **s);

/* CRC-32 (zlib's, S3's x-amz-checksum-crc32) and CRC-32C; start with 0. */
uint32_t hash_crc32(uint32_t crc, const void *data, size_t len);
uint32_t hash_crc32c(uint32_t crc, const void *data, size_t len);

/* CRC-64/NVME, S3's own checksum (x-amz-checksum-crc64nvme); start with 0. */
uint64_t hash_crc64nvme(uint64_t crc, const void *data, size_t len);

#endif
