/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of webhooks: from text to what signs and verifies. */
#include "deliver/whkey.h"

#include <string.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/secretfile.h"

#define SECRET_MIN 24
#define SECRET_MAX 64
#define PAIR_SIZE (ED25519_SEED_SIZE + ED25519_PUBLIC_SIZE)
#define FILE_MAX 4096

static const char *const prefixes[] = {
    [WHKEY_SECRET] = "whsec_",
    [WHKEY_PAIR] = "whsk_",
    [WHKEY_PUBLIC] = "whpk_",
};

static const char *const hints[] = {
    [WHKEY_SECRET] = "'echo whsec_$(openssl rand -base64 32)' makes a new one.",
    [WHKEY_PAIR] = "awaitd-handlers(7) shows how a pair of keys is made.",
    [WHKEY_PUBLIC] = "A public key is whpk_ and base64 of 32 bytes.",
};

static int
set_secret(
    struct whkey *k, const unsigned char *key, size_t len, struct error *err)
{
	if (len < SECRET_MIN || len > SECRET_MAX)
		return err_set(err, ERR_CONFIG,
		    "the secret has %zu bytes, not %d to %d", len, SECRET_MIN,
		    SECRET_MAX);
	k->mac = hash_mac_new(key, len);
	return 0;
}

/* A public key of another pair would be told to receivers in vain. */
static int
set_pair(
    struct whkey *k, const unsigned char *key, size_t len, struct error *err)
{
	unsigned char public[ED25519_PUBLIC_SIZE];

	if (len != PAIR_SIZE)
		return err_set(err, ERR_CONFIG,
		    "the key has %zu bytes, not %d (a seed and its public "
		    "key)",
		    len, PAIR_SIZE);
	k->pair = ed25519_new(key);
	ed25519_public(k->pair, public);
	if (hash_equal(public, key + ED25519_SEED_SIZE, sizeof(public)))
		return 0;
	whkey_done(k);
	return err_set(err, ERR_CONFIG,
	    "the key's second half is not the public key of its first");
}

static int
set_public(
    struct whkey *k, const unsigned char *key, size_t len, struct error *err)
{
	if (len == ED25519_PUBLIC_SIZE)
		k->pair = ed25519_new_public(key);
	if (k->pair != NULL)
		return 0;
	return err_set(err, ERR_CONFIG, "the public key has %zu bytes, not %d",
	    len, ED25519_PUBLIC_SIZE);
}

static int
set(struct whkey *k, enum whkey_kind kind, const struct buf *key,
    struct error *err)
{
	const unsigned char *bytes = (const void *)key->data;

	k->kind = kind;
	switch (kind) {
	case WHKEY_SECRET:
		return set_secret(k, bytes, key->len, err);
	case WHKEY_PAIR:
		return set_pair(k, bytes, key->len, err);
	case WHKEY_PUBLIC:
	default:
		return set_public(k, bytes, key->len, err);
	}
}

static int
from_base64(struct whkey *k, enum whkey_kind kind, const char *s, size_t len,
    struct error *err)
{
	struct buf key;
	int rc = -1;

	/* All its memory at once: growing would leave copies behind. */
	buf_init(&key, len);
	buf_append(&key, s, len);
	buf_clear(&key);
	if (decode_base64(&key, s, len) == -1)
		err_set(err, ERR_CONFIG,
		    "the secret is not base64 behind \"%s\"", prefixes[kind]);
	else
		rc = set(k, kind, &key, err);
	if (rc == -1)
		err_hint(err, "%s", hints[kind]);
	hash_wipe(key.data, key.cap);
	buf_done(&key);
	return rc;
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

int
whkey_init(struct whkey *k, const char *text, struct error *err)
{
	size_t len, i, prefix;

	memset(k, 0, sizeof(*k));
	while (is_space(*text))
		text++;
	len = strlen(text);
	while (len > 0 && is_space(text[len - 1]))
		len--;
	if (len == 0) {
		err_set(err, ERR_CONFIG, "the secret is empty");
		return err_hint(err, "%s", hints[WHKEY_SECRET]);
	}
	for (i = 0; i < ARRAY_LEN(prefixes); i++) {
		prefix = strlen(prefixes[i]);
		if (str_starts(text, prefixes[i]))
			return from_base64(k, (enum whkey_kind)i, text + prefix,
			    len - prefix, err);
	}
	err_set(err, ERR_CONFIG,
	    "the secret does not begin with \"whsec_\" or \"whsk_\"");
	return err_hint(err,
	    "A secret is whsec_ and base64 of %d to %d bytes, or whsk_ and "
	    "base64 of a pair of Ed25519 keys.",
	    SECRET_MIN, SECRET_MAX);
}

int
whkey_from_file(struct whkey *k, const char *path, struct error *err)
{
	char *text;
	int rc;

	if (secretfile_read(path, "a secret", FILE_MAX, &text, err) == -1)
		return -1;
	rc = whkey_init(k, text, err);
	if (rc == -1)
		err_prefix(err, "%s", path);
	hash_wipe_free(&text);
	return rc;
}

bool
whkey_same(const struct whkey *a, const struct whkey *b)
{
	unsigned char one[HASH_SHA256_SIZE], other[HASH_SHA256_SIZE];

	_Static_assert(ED25519_PUBLIC_SIZE == HASH_SHA256_SIZE, "as large");
	if (a->kind != b->kind)
		return false;
	if (a->kind == WHKEY_SECRET) {
		hash_mac_sha256(a->mac, "", 0, one);
		hash_mac_sha256(b->mac, "", 0, other);
	} else {
		ed25519_public(a->pair, one);
		ed25519_public(b->pair, other);
	}
	return hash_equal(one, other, sizeof(one));
}

void
whkey_done(struct whkey *k)
{
	hash_mac_free(k->mac);
	ed25519_free(k->pair);
	memset(k, 0, sizeof(*k));
}
