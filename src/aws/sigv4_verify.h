/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who signed a request: AWS Signature Version 4 in the Authorization header
 * or, for S3, in the query (presigned URLs), checked from the receiving end. A
 * verdict is a value; what a client is told about it is the affair of each API.
 *
 * Three steps: sigv4_claim_parse reads the claim (its service name tells the
 * APIs apart), sigv4_admit compares it with what we know, sigv4_verify computes
 * the signature, once the hash of the payload is known: of what came, so that
 * UNSIGNED-PAYLOAD holds only where the caller says so.
 */
#ifndef AWS_SIGV4_VERIFY_H
#define AWS_SIGV4_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/sigv4.h"
#include "base/buf.h"
#include "net/header.h"

#define SIGV4_SIGNATURE_SIZE HASH_SHA256_HEX_SIZE

struct sigv4_user {
	const char *name;
	const char *access_key;
	const char *secret_key;
	const char *session_token; /* that has to come along; NULL: none may */
	bool list; /* may learn that a key does not exist */
};

/* All borrowed, and there as long as a claim that was admitted. */
struct sigv4_clients {
	const struct sigv4_user *users;
	size_t n;
	const char *region; /* the only one, or NULL: any */
	int64_t skew_ms; /* 0: the service's own */
};

enum sigv4_verdict {
	SIGV4_OK,
	SIGV4_MISSING, /* no signature at all */
	SIGV4_PRESIGNED, /* in the query string, which only S3 knows */
	SIGV4_MALFORMED, /* detail says how, a sentence where it is presigned */
	SIGV4_WRONG_REGION,
	SIGV4_WRONG_SERVICE,
	SIGV4_UNKNOWN_KEY,
	SIGV4_TOKEN, /* a session token that is not the user's, or none */
	SIGV4_EXPIRED, /* signed too long ago, or for a time that is over */
	SIGV4_FUTURE, /* signed too far ahead */
	SIGV4_NOT_SIGNED, /* detail names the headers left out */
	SIGV4_MISMATCH,
};

/* Where the signature stands. */
enum sigv4_form {
	SIGV4_FORM_NONE,
	SIGV4_FORM_HEADER,
	SIGV4_FORM_OTHER, /* a header of another scheme */
	SIGV4_FORM_QUERY, /* a presigned URL */
	SIGV4_FORM_BOTH, /* in the header and in the query: SIGV4_MALFORMED */
};

struct sigv4_claim {
	enum sigv4_form form;
	char *access_key;
	char *day; /* 20130524 */
	char *region;
	char *service;
	char *signed_headers;
	char signature[SIGV4_SIGNATURE_SIZE];
	int64_t at; /* from X-Amz-Date or Date; -1: neither can be read */
	int64_t expires_s; /* of a presigned URL, 1 to 604,800 */
	char *token; /* X-Amz-Security-Token of the query, or NULL */
	const struct sigv4_user *user; /* after sigv4_admit */
	char detail[200];
	/* After SIGV4_MISMATCH: what we signed, for the client to compare. */
	struct buf canonical;
	struct buf string_to_sign;
};

struct sigv4_received {
	const char *method;
	const char *path; /* raw */
	const char *query; /* raw, the signature included */
	const struct headers *headers;
	const char *payload_hash;
};

void sigv4_claim_init(struct sigv4_claim *c);
void sigv4_claim_done(struct sigv4_claim *c);

/* SIGV4_OK, SIGV4_MISSING or SIGV4_MALFORMED. */
enum sigv4_verdict sigv4_claim_parse(
    const struct headers *headers, const char *query, struct sigv4_claim *out);

/*
 * Everything but the signature; `service` is the only one taken, and of all
 * only "s3" takes presigned URLs. Behind SIGV4_UNKNOWN_KEY sigv4_verify may be
 * called all the same: it costs what it does for a known one, and says this
 * again.
 */
enum sigv4_verdict sigv4_admit(const struct sigv4_clients *a,
    const char *service, const struct headers *headers, int64_t now_at,
    struct sigv4_claim *c);

/* SIGV4_OK, SIGV4_NOT_SIGNED, SIGV4_UNKNOWN_KEY, SIGV4_MALFORMED or
 * SIGV4_MISMATCH. */
enum sigv4_verdict sigv4_verify(
    struct sigv4_claim *c, const struct sigv4_received *r);

/* How far a signer's clock may be off: 15 minutes for S3, else 5. */
int64_t sigv4_skew_ms(const char *service);

/* For what is signed after the request, piece by piece. Borrowed. */
struct sigv4_scope sigv4_claim_scope(const struct sigv4_claim *c);
struct sigv4_credentials sigv4_claim_credentials(const struct sigv4_claim *c);

#endif
