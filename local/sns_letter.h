/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one receiver gets of a message: the JSON of its body as SNS writes it,
 * and the text of which the signature is made.
 * Sources: "Parsing Amazon SNS message formats" and "Verifying the signatures
 * of Amazon SNS messages", SNS developer guide; messages that were received.
 */
#ifndef LOCAL_SNS_LETTER_H
#define LOCAL_SNS_LETTER_H

#include "base/buf.h"
#include "base/error.h"

/* A message is 256 KiB, and JSON writes a byte in six at the most. */
#define SNS_LETTER_MAX ((size_t)2 * 1024 * 1024)

/* All borrowed. NULL: there is no such field. */
struct sns_letter {
	const char *type;
	const char *message_id;
	const char *token; /* of a confirmation */
	const char *topic;
	const char *subject;
	const char *message;
	const char *subscribe_url; /* of a confirmation */
	const char *timestamp;
	const char *signature_version; /* "1" or "2" */
	const char *signature;
	const char *cert_url;
	const char *unsubscribe_url; /* of a notification */
	const char *attributes; /* JSON of an object */
};

/* What is signed: names and values, a line each, in the order of names. */
void sns_letter_text(const struct sns_letter *l, struct buf *out);

/* The body. ERR_LIMIT where out has no room. */
int sns_letter_write(
    const struct sns_letter *l, struct buf *out, struct error *err);

#endif
