/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Getting the credentials that a plan names: one file for each kind
 * (creds_process.c, creds_role.c, creds_web_identity.c, creds_sso.c,
 * creds_container.c, creds_imds.c), all in the loop, none of them blocking.
 * Each has a time limit of its own and few tries; keeping the result, and
 * asking again, is creds_cache's.
 */
#ifndef AWS_CREDS_FETCH_H
#define AWS_CREDS_FETCH_H

#include "aws/creds.h"
#include "aws/creds_plan.h"
#include "base/error.h"
#include "base/loop.h"
#include "net/http_client.h"

struct creds_fetch_env {
	struct loop *loop;
	struct http_client *http;
};

struct creds_fetch;

/*
 * `take` is the callee's, or NULL with the error: ERR_CONFIG where somebody has
 * to change something, ERR_AUTH where they are refused, else retryable. No
 * text holds a secret.
 */
typedef void creds_done_fn(
    struct creds *take, const struct error *err, void *arg);

/* The plan must last till done. An asynchronous 0: done is called later. */
int creds_fetch_start(const struct creds_fetch_env *env,
    const struct creds_plan *plan, creds_done_fn *done, void *arg,
    struct creds_fetch **out, struct error *err);

/* done is not called any more. */
void creds_fetch_cancel(struct creds_fetch *f);

#endif
