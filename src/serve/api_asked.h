/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a POST /v1/jobs asks for, read from either form: the members of a JSON
 * object, or the Awaitd- fields of a header. Only what they are is looked at
 * here, not whether SageMaker would take it. Only for files of this folder.
 */
#ifndef SERVE_API_ASKED_H
#define SERVE_API_ASKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/header.h"
#include "serve/intake.h"

/* NULL, 0, false: not given. */
struct api_asked {
	char *endpoint;
	char *content_type;
	char *accept;
	char *custom_attributes;
	char *inference_id;
	char *extension;
	char *filename;
	int64_t request_ttl_s;
	int64_t invocation_timeout_s;
	bool chosen; /* deliver was given, if only an empty one */
	char **deliver;
	size_t ndeliver;
	char *callback_url;
	char *tags; /* as job/tags.h has them */

	/* Of the JSON form, one of both: */
	char *input_location;
	char *body;
	size_t body_len;
};

/*
 * ERR_PROTOCOL: no JSON; ERR_NOT_FOUND: an unknown member; ERR_USAGE: one that
 * is wrong, doubled or missing, which the text names. *out is the caller's.
 */
int api_asked_json(
    const char *data, size_t len, struct api_asked *out, struct error *err);

/* The same of a header; every error is ERR_USAGE. */
int api_asked_header(
    const struct headers *h, struct api_asked *out, struct error *err);

/* What the two forms know, as often as there is one: the name of a member, and
 * of its field of the header, or NULL. False behind the last. */
bool api_asked_name(size_t i, const char **member, const char **field);

void api_asked_done(struct api_asked *a);

/* Borrowed from `a`. */
void api_asked_intake(const struct api_asked *a, struct intake *out);

/* Targets with ", " between them; NULL where there are none. The caller's. */
char *api_asked_targets(char *const *names, size_t n);

/* SHA-256, in hex, of all that is asked for and of the input's own digest or
 * place: two requests that differ in anything differ in it. The caller's. */
char *api_asked_digest(const struct api_asked *a, const char *input);

#endif
