/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One key of Standard Webhooks 1.0.0, each with its prefix before base64:
 *
 *   whsec_  24 to 64 bytes: HMAC-SHA-256, v1
 *   whsk_   64 bytes, an Ed25519 seed and its public key: v1a
 *   whpk_   32 bytes, an Ed25519 public key: verifies v1a
 *
 * https://github.com/standard-webhooks/standard-webhooks, spec/
 */
#ifndef DELIVER_WHKEY_H
#define DELIVER_WHKEY_H

#include <stdbool.h>

#include "base/ed25519.h"
#include "base/error.h"
#include "base/hash.h"

enum whkey_kind { WHKEY_SECRET, WHKEY_PAIR, WHKEY_PUBLIC };

struct whkey {
	enum whkey_kind kind;
	struct hash_mac *mac; /* of a SECRET */
	struct ed25519 *pair; /* of the others */
};

/* White space around it is allowed. ERR_CONFIG says what is wrong, never what
 * the key is. */
int whkey_init(struct whkey *k, const char *text, struct error *err);

/* The same from a file (at most 4 KiB) that others cannot read. */
int whkey_from_file(struct whkey *k, const char *path, struct error *err);

/* Do they sign the same, or verify it? Of a pair and its public half, no. */
bool whkey_same(const struct whkey *a, const struct whkey *b);
void whkey_done(struct whkey *k);

#endif
