/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One certificate that signs messages of SNS, taken apart once: its key does
 * the rest. For files of this folder.
 */
#ifndef AWS_SNS_CERT_H
#define AWS_SNS_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SNS_CERT_MAX_BYTES ((size_t)64 * 1024)

struct sns_cert;

/* Roots, or anything that a chain may end in. */
struct sns_roots;

/* The file's certificates, or with NULL the system's. ERR_CONFIG. */
int sns_roots_load(
    const char *ca_file, struct sns_roots **out, struct error *err);
void sns_roots_free(struct sns_roots *r);

/*
 * What SNS serves is the certificate alone, without the one that issued it,
 * which is in no system's store. So, of the system's roots: a chain that is
 * there must be good, and one that cannot be had is passed over, as the bytes
 * came by HTTPS from the host itself; a self-signed certificate is refused. Of
 * a ca_file: the chain must end in one of its certificates (roots, or what
 * issues for SNS).
 */
struct sns_cert_wanted {
	const char *const *names; /* one of them; NULL-terminated; NULL: any */
	const struct sns_roots *roots; /* or NULL: no chain is looked for */
};

/*
 * Just one PEM block and blanks around it, RSA of 2,048 bits or more. ERR_AUTH
 * says what is wrong with it. *out is the caller's.
 */
int sns_cert_read(const char *pem, size_t len,
    const struct sns_cert_wanted *wanted, struct sns_cert **out,
    struct error *err);
void sns_cert_free(struct sns_cert *c);

/* Its dates hold this instant. */
bool sns_cert_covers(const struct sns_cert *c, int64_t at);

/* Version 1: RSA PKCS#1 v1.5 with SHA-1; 2: with SHA-256. */
bool sns_cert_verify(struct sns_cert *c, unsigned version, const void *text,
    size_t len, const unsigned char *signature, size_t signature_len);

#endif
