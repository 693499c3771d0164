/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as SNS would send them, and as somebody else would: keys and
 * certificates are made here, each value can be any. */
#ifndef TESTS_SNS_MAKER_H
#define TESTS_SNS_MAKER_H

#include <openssl/evp.h>
#include <stdint.h>

/* RSA, or with 0 bits an elliptic curve's. */
EVP_PKEY *maker_key(unsigned bits);

struct maker_cert {
	EVP_PKEY *key;
	const char *name; /* CN */
	const char *san; /* "DNS:…"; or NULL */
	int64_t from, until; /* ms since 1970 */
	EVP_PKEY *issuer_key; /* NULL: its own */
	const char *issuer; /* CN of the issuer */
	int is_ca;
};
/* PEM; the caller's. */
char *maker_cert(const struct maker_cert *c);

enum field {
	F_TYPE,
	F_ID,
	F_TOKEN,
	F_TOPIC,
	F_SUBJECT,
	F_MESSAGE,
	F_SUBSCRIBE,
	F_TIME,
	F_VERSION,
	F_SIGNATURE,
	F_CERT_URL,
	F_UNSUBSCRIBE,
	F_COUNT,
};
struct letter {
	const char *f[F_COUNT]; /* NULL: absent; as it stands between quotes */
};

/* The base64 signature of the letter as of that type and version; the
 * caller's. No value may need an escape. */
char *maker_sign(const struct letter *l, const char *type, const char *version,
    EVP_PKEY *key);

/* The JSON; the caller's. */
char *maker_json(const struct letter *l);

#endif
