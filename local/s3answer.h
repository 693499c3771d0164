/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What S3's answers have in common: their headers, and the errors, each code
 * with its status and its usual message, sent as XML.
 * Source: "Error responses", S3 API reference.
 */
#ifndef LOCAL_S3ANSWER_H
#define LOCAL_S3ANSWER_H

#include "base/buf.h"
#include "aws/sigv4_verify.h"
#include "local/call.h"
#include "net/header.h"

/* What one error says besides its code; NULL: nothing. */
struct s3answer_error {
	const char *code; /* such as "NoSuchKey" */
	int status; /* 0: the usual one */
	const char *message; /* NULL: the usual one */
	const char *region; /* x-amz-bucket-region */
	/* Up to four more elements, name and text in turn. */
	const char *detail[8];
};

/* Initializes the headers with those that every answer carries. */
void s3answer_headers(const struct call *c, struct headers *out);

/* Reply with a document of ours. The call is gone then. */
void s3answer_xml(struct call *c, int status, const struct buf *document);

/* Reply with an error; without a body to HEAD. The call is gone then. */
void s3answer_error(struct call *c, const struct s3answer_error *e);
void s3answer_code(struct call *c, const char *code);
void s3answer_text(struct call *c, const char *code, const char *message);

/* A fault of ours: logged, and answered as such. */
void s3answer_internal(struct call *c, const struct error *err);

/* Set an error whose code is S3's. Returns -1. */
int s3answer_bad(struct error *err, const char *code, const char *text);

/* An object's ETag, where no fault has it be another. */
void s3answer_etag(struct call *c, struct headers *h, const char *etag);

/* What faults have S3 say. */
extern const struct call_words s3answer_words;

/* The answer to a signature that was not accepted. */
void s3answer_auth(
    struct call *c, enum sigv4_verdict verdict, const char *region);

/* The whole document, for tests of its form. */
void s3answer_format(struct buf *out, const struct s3answer_error *e,
    const char *resource, const char *request_id);

/* 500 where the code is unknown. */
int s3answer_status(const char *code);

#endif
