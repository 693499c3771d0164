/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS Security Token Service, API version 2011-06-15: the query protocol, POST
 * forms answered with XML. Regional endpoints only.
 */
#ifndef AWS_STS_H
#define AWS_STS_H

#include "aws/call.h"
#include "aws/creds.h"
#include "aws/creds_plan.h"
#include "base/error.h"

struct sts_call;

typedef void sts_creds_fn(
    struct creds *take, const struct error *err, void *arg);

/* Signed with the client's credentials, or with a token by an anonymous one;
 * just one of the two: web_identity_token is NULL for AssumeRole. */
struct sts_assume {
	const struct creds_plan_role *role; /* must last till done */
	const char *web_identity_token; /* copied; never in a log */
	const char *region; /* NULL: endpoint_region decides */
	const char *profile; /* for the endpoint; or NULL */
	const char *source; /* for struct creds */
};
int sts_assume_role(struct aws_client *client, const struct sts_assume *assume,
    sts_creds_fn *done, void *arg, struct sts_call **out, struct error *err);

/* Borrowed for the length of the callback. */
struct sts_identity {
	const char *account;
	const char *arn;
	const char *user_id;
};
typedef void sts_identity_fn(
    const struct sts_identity *identity, const struct error *err, void *arg);

/* Needs no permission: what tells whether credentials are any good. */
int sts_get_caller_identity(struct aws_client *client, const char *region,
    const char *profile, sts_identity_fn *done, void *arg,
    struct sts_call **out, struct error *err);

void sts_cancel(struct sts_call *call);

#endif
