/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of the AWS query protocol (STS, SNS): a form that names the action;
 * what comes back is XML (queryxml.h). What is in the form may be a secret.
 */
#ifndef AWS_QUERY_H
#define AWS_QUERY_H

#include "aws/call.h"
#include "aws/endpoint.h"
#include "base/buf.h"
#include "base/error.h"

struct query {
	const char *action;
	const char *service; /* as it is signed: "sns", "sts" */
	size_t max_bytes;
	struct buf form;
};

void query_init(struct query *q, const char *service, const char *action,
    const char *version, size_t max_bytes);
/* Wipes the form. */
void query_done(struct query *q);

/* Nothing is added where the value is NULL or "". */
void query_add(struct query *q, const char *name, const char *value);

/*
 * POST it to where `o` says. The form must stay until `done` is called, or the
 * call cancelled. body_max is that of the answer, 0 for the usual.
 * ERR_LIMIT where the form is larger than it may be; as endpoint_resolve() and
 * aws_call() otherwise.
 */
int query_send(const struct query *q, struct aws_client *client,
    const struct endpoint_options *o, size_t body_max, aws_done_fn *done,
    void *arg, struct aws_call **out, struct error *err);

#endif
