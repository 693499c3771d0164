/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519 over OpenSSL's EVP. */
#include "base/ed25519.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "base/mem.h"

struct ed25519 {
	EVP_PKEY *key;
};

/* OpenSSL fails here only for want of memory or of the algorithm itself. */
static void
must(int ok)
{
	if (ok != 1)
		abort();
}

static struct ed25519 *
wrap(EVP_PKEY *take_key)
{
	struct ed25519 *k;

	if (take_key == NULL)
		return NULL;
	k = xcalloc(1, sizeof(*k));
	k->key = take_key;
	return k;
}

struct ed25519 *
ed25519_new(const unsigned char seed[ED25519_SEED_SIZE])
{
	struct ed25519 *k = wrap(EVP_PKEY_new_raw_private_key(
	    EVP_PKEY_ED25519, NULL, seed, ED25519_SEED_SIZE));

	must(k != NULL);
	return k;
}

struct ed25519 *
ed25519_new_public(const unsigned char key[ED25519_PUBLIC_SIZE])
{
	return wrap(EVP_PKEY_new_raw_public_key(
	    EVP_PKEY_ED25519, NULL, key, ED25519_PUBLIC_SIZE));
}

void
ed25519_free(struct ed25519 *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->key);
	free(k);
}

void
ed25519_public(const struct ed25519 *k, unsigned char out[ED25519_PUBLIC_SIZE])
{
	size_t len = ED25519_PUBLIC_SIZE;

	must(EVP_PKEY_get_raw_public_key(k->key, out, &len));
}

void
ed25519_sign(const struct ed25519 *k, const void *data, size_t len,
    unsigned char out[ED25519_SIZE])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t size = ED25519_SIZE;

	must(ctx != NULL);
	must(EVP_DigestSignInit(ctx, NULL, NULL, NULL, k->key));
	must(EVP_DigestSign(ctx, out, &size, data, len));
	EVP_MD_CTX_free(ctx);
}

bool
ed25519_verify(const struct ed25519 *k, const void *data, size_t len,
    const unsigned char signature[ED25519_SIZE])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	must(ctx != NULL);
	/* Not every 32 bytes are a point: such a key verifies nothing. */
	ok = EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, k->key) == 1 &&
	    EVP_DigestVerify(ctx, signature, ED25519_SIZE, data, len) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}
