/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One small question of a source of credentials over HTTP, unsigned, asked
 * again where nobody answers or the answer is 429 or 5xx.
 */
#ifndef AWS_CREDS_ASK_H
#define AWS_CREDS_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/creds_fetch.h"
#include "base/error.h"
#include "net/header.h"
#include "net/http_client.h"

struct creds_ask;

/* All is copied. */
struct creds_question {
	const char *method;
	const char *url;
	const struct headers *headers; /* or NULL */
	const char *body; /* or NULL */
	bool direct; /* http_request's */
	int64_t timeout_ms; /* of each try */
	int64_t tries; /* the first included */
};

/* http_done_fn's promises; the answer may be of any status. */
int creds_ask_start(const struct creds_fetch_env *env,
    const struct creds_question *q, http_done_fn *done, void *arg,
    struct creds_ask **out, struct error *err);

/* done is not called any more; NULL is nothing. */
void creds_ask_cancel(struct creds_ask *a);

#endif
