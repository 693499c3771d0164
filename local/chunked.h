/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content-Encoding aws-chunked, decoded strictly as it streams in: sizes in
 * hexadecimal, CRLF after everything, chunk and trailer signatures checked
 * where the request announced them.
 * Source: "Signature calculations for the Authorization header: transferring
 * payload in multiple chunks", S3 API reference.
 */
#ifndef LOCAL_CHUNKED_H
#define LOCAL_CHUNKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/sigv4.h"
#include "base/error.h"
#include "net/header.h"

struct chunked;

struct chunked_options {
	bool signed_chunks; /* STREAMING-AWS4-HMAC-SHA256-PAYLOAD… */
	bool trailers; /* …-TRAILER */
	int64_t length; /* x-amz-decoded-content-length */
	/* With signed_chunks; borrowed until chunked_free. */
	const char *seed; /* the request's own signature */
	struct sigv4_scope scope;
	struct sigv4_credentials credentials;
	/* Gets the decoded bytes; -1 stops. */
	int (*data)(const void *data, size_t len, void *arg, struct error *err);
	void *arg;
};

/* The algorithm named by x-amz-content-sha256; false: it is none of these. */
bool chunked_by_name(const char *sha256, struct chunked_options *out);

struct chunked *chunked_new(const struct chunked_options *options);
void chunked_free(struct chunked *c);

/* On failure err->remote_code is the code that S3 would answer with. */
int chunked_feed(
    struct chunked *c, const char *data, size_t len, struct error *err);

/* At the end of the body: was it all there? */
int chunked_finish(struct chunked *c, struct error *err);

/* What followed the last chunk, the signature left out. Borrowed. */
const struct headers *chunked_trailers(const struct chunked *c);

#endif
