/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key that signs messages and its certificate, made at the first start
 * and kept: RSA of 2048 bits, PKCS #1 v1.5, over SHA-1 (SignatureVersion 1)
 * or SHA-256 (2). What is signed is sns_letter.h's affair.
 */
#ifndef LOCAL_SNS_SIGN_H
#define LOCAL_SNS_SIGN_H

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

struct sns_key;

/*
 * DATA/sns.key (0600) and DATA/sns.pem. Where the key is missing, both are
 * made; where only the certificate is, a crash came between: it is made again.
 * ERR_CONFIG where one of them cannot be understood or they are no pair.
 */
int sns_key_open(const char *data_dir, struct sns_key **out, struct error *err);
void sns_key_free(struct sns_key *k);

/* The certificate's PEM, and "SimpleNotificationService-<32 hex>.pem", which
 * changes with it. */
const char *sns_key_pem(const struct sns_key *k);
const char *sns_key_file(const struct sns_key *k);

/* version is "1" or "2". Appends Base64. */
int sns_key_sign(const struct sns_key *k, const char *version,
    const struct buf *text, struct buf *out, struct error *err);

#endif
