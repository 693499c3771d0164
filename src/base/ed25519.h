/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519 signatures (RFC 8032, 5.1) over OpenSSL. */
#ifndef BASE_ED25519_H
#define BASE_ED25519_H

#include <stdbool.h>
#include <stddef.h>

#define ED25519_SEED_SIZE 32
#define ED25519_PUBLIC_SIZE 32
#define ED25519_SIZE 64 /* of a signature */

struct ed25519;

/* A pair of keys from its seed: it signs and verifies. Wiped when freed. */
struct ed25519 *ed25519_new(const unsigned char seed[ED25519_SEED_SIZE]);

/* The public key alone: it verifies. NULL where it is none. */
struct ed25519 *ed25519_new_public(
    const unsigned char key[ED25519_PUBLIC_SIZE]);
void ed25519_free(struct ed25519 *k);

void ed25519_public(
    const struct ed25519 *k, unsigned char out[ED25519_PUBLIC_SIZE]);

/* Only with a seed. */
void ed25519_sign(const struct ed25519 *k, const void *data, size_t len,
    unsigned char out[ED25519_SIZE]);
bool ed25519_verify(const struct ed25519 *k, const void *data, size_t len,
    const unsigned char signature[ED25519_SIZE]);

#endif
