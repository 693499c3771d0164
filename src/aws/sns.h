/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message of Amazon SNS as it is posted over HTTP: the signed envelope, read
 * strictly, values as they were signed. Nothing of it is to be believed before
 * sns_verify.h says so, and never what the signature does not cover:
 * UnsubscribeURL, MessageAttributes, the request's headers.
 * Names are those of HTTP and of queues, SigningCertURL; what Lambda gets
 * (SigningCertUrl) never comes here.
 * Source: "Parsing Amazon SNS message formats", SNS developer guide.
 */
#ifndef AWS_SNS_H
#define AWS_SNS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* 256 KiB of Message, escaped, and the rest. */
#define SNS_BODY_MAX ((size_t)1024 * 1024)

enum sns_type {
	SNS_NOTIFICATION,
	SNS_SUBSCRIPTION_CONFIRMATION,
	SNS_UNSUBSCRIBE_CONFIRMATION,
};
const char *sns_type_name(enum sns_type type); /* as SNS writes it */

struct sns_message {
	enum sns_type type;
	char *message_id;
	char *topic_arn;
	char *subject; /* NULL: absent, or null, which is not signed */
	char *message;
	size_t message_len;
	char *timestamp; /* as it was signed */
	int64_t sent_at; /* the same */
	char *token; /* of the confirmations, else NULL */
	char *subscribe_url; /* of the confirmations; signed, never fetched */
	unsigned version; /* SignatureVersion: 1 or 2 */
	unsigned char *signature;
	size_t signature_len;
	char *cert_url; /* SigningCertURL: not signed */
};

/*
 * Strict: JSON by RFC 8259, no duplicate key (nor one that differs in case
 * only), no NUL, no control characters but in Message, one of the three types
 * with all of its fields and none of another's. Fields that SNS may invent are
 * passed over. ERR_PROTOCOL says what is wrong in words that hold nothing of
 * the message. *out is the caller's.
 */
int sns_parse(
    const void *body, size_t len, struct sns_message **out, struct error *err);
void sns_message_free(struct sns_message *m);

/* The string to sign: "Key\nValue\n" of the fields of its type. Appends. */
void sns_string_to_sign(const struct sns_message *m, struct buf *out);

/* arn:PARTITION:sns:REGION:ACCOUNT:NAME, the region one of that partition; the
 * parts are the caller's (sns_topic_done). ERR_USAGE. */
struct sns_topic {
	char *arn;
	char *partition;
	char *region;
	char *account;
	char *name;
};
int sns_topic_parse(const char *arn, struct sns_topic *out, struct error *err);
void sns_topic_done(struct sns_topic *t);

#endif
