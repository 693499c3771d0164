/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of a manifest: an input, where from, and what is asked for with it.
 * Strict: a member that is not known, or of another type, is an error.
 */
#ifndef CMD_BATCH_MANIFEST_H
#define CMD_BATCH_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

/* A body that goes inline, each byte escaped, and the rest of a line. */
#define BATCH_LINE_MAX ((size_t)1 << 20)
#define BATCH_ID_MAX 256

/* Strings are the document's; NULL and 0: not given. */
struct batch_line {
	const char *input; /* a path or s3://…, or: */
	const char *body; /* the input itself */
	const char *endpoint;
	const char *content_type;
	const char *accept;
	const char *custom_attributes;
	const char *inference_id;
	const char *name; /* of the output file */
	const char *id; /* the caller's own */
	int64_t request_ttl_s;
	int64_t invocation_timeout_s;
	char *tags; /* as job/tags.h has them; batch_line_done() frees it */
};

/* ERR_USAGE says what is wrong with the object. */
int batch_line_read(
    const struct json *object, struct batch_line *out, struct error *err);
void batch_line_done(struct batch_line *line);

#endif
