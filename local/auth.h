/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who signed a request: AWS Signature Version 4 in the Authorization header
 * or, for S3, in the query (presigned URLs), checked from the receiving end. A
 * verdict is a value; what a client is told about it is the affair of each API.
 *
 * Three steps: auth_parse reads the claim (its service name tells the APIs
 * apart), auth_admit compares it with what we know, auth_verify computes the
 * signature, once the hash of the payload is known.
 */
#ifndef LOCAL_AUTH_H
#define LOCAL_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/sigv4.h"
#include "base/buf.h"
#include "net/header.h"

#define AUTH_SIGNATURE_SIZE HASH_SHA256_HEX_SIZE

struct auth_user {
	const char *name;
	const char *access_key;
	const char *secret_key;
	const char *session_token; /* that has to come along; NULL: none may */
	bool list; /* may learn that a key does not exist */
};

/* All borrowed for the life of the program. */
struct auth {
	const struct auth_user *users;
	size_t n;
	const char *region;
};

enum auth_verdict {
	AUTH_OK,
	AUTH_MISSING, /* no signature at all */
	AUTH_PRESIGNED, /* in the query string, which only S3 knows */
	AUTH_MALFORMED, /* detail says how, a sentence where it is presigned */
	AUTH_WRONG_REGION,
	AUTH_WRONG_SERVICE,
	AUTH_UNKNOWN_KEY,
	AUTH_TOKEN, /* a session token that is not the user's, or none */
	AUTH_EXPIRED, /* signed too long ago, or for a time that is over */
	AUTH_FUTURE, /* signed too far ahead */
	AUTH_NOT_SIGNED, /* detail names the headers left out */
	AUTH_MISMATCH,
};

/* Where the signature stands. */
enum auth_form {
	AUTH_FORM_NONE,
	AUTH_FORM_HEADER,
	AUTH_FORM_OTHER, /* a header of another scheme */
	AUTH_FORM_QUERY, /* a presigned URL */
	AUTH_FORM_BOTH, /* in the header and in the query: AUTH_MALFORMED */
};

struct auth_claim {
	enum auth_form form;
	char *access_key;
	char *day; /* 20130524 */
	char *region;
	char *service;
	char *signed_headers;
	char signature[AUTH_SIGNATURE_SIZE];
	int64_t at; /* from X-Amz-Date or Date; -1: neither can be read */
	int64_t expires_s; /* of a presigned URL, 1 to 604,800 */
	char *token; /* X-Amz-Security-Token of the query, or NULL */
	const struct auth_user *user; /* after auth_admit */
	char detail[200];
	/* After AUTH_MISMATCH: what we signed, for the client to compare. */
	struct buf canonical;
	struct buf string_to_sign;
};

struct auth_request {
	const char *method;
	const char *path; /* raw */
	const char *query; /* raw, the signature included */
	const struct headers *headers;
	const char *payload_hash;
};

void auth_claim_init(struct auth_claim *c);
void auth_claim_done(struct auth_claim *c);

/* AUTH_OK, AUTH_MISSING or AUTH_MALFORMED. */
enum auth_verdict auth_parse(
    const struct headers *headers, const char *query, struct auth_claim *out);

/* Everything but the signature; `service` is the only one taken, and of all
 * only "s3" takes presigned URLs. */
enum auth_verdict auth_admit(const struct auth *a, const char *service,
    const struct headers *headers, int64_t now_at, struct auth_claim *c);

/* AUTH_OK, AUTH_NOT_SIGNED or AUTH_MISMATCH. */
enum auth_verdict auth_verify(
    struct auth_claim *c, const struct auth_request *r);

/* How far a signer's clock may be off: 15 minutes for S3, else 5. */
int64_t auth_skew_ms(const char *service);

/* For what is signed after the request, piece by piece. Borrowed. */
struct sigv4_scope auth_scope(const struct auth_claim *c);
struct sigv4_credentials auth_credentials(const struct auth_claim *c);

#endif
