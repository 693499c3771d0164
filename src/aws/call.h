/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One signed request to an AWS service: headers, signature, exchange, and the
 * error classified. When the credentials' time is over they are fetched again
 * and the request goes out once more; the service has refused it, so that is
 * no second submission. All other retrying is the engine's.
 */
#ifndef AWS_CALL_H
#define AWS_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/creds.h"
#include "base/error.h"
#include "base/loop.h"
#include "net/http_client.h"

struct aws_client;
struct aws_call;

struct aws_client_options {
	struct loop *loop;
	struct http_client *http;
	const char *profile; /* or NULL */
};

/* Strings are copied; body and body_fd must last till done. */
struct aws_request {
	const char *what; /* for errors: "HeadObject", … */
	const char *service; /* "s3", "sagemaker" */
	const char *region;
	const char *method;
	const char *scheme;
	const char *host; /* as the Host header has it */
	const char *path; /* percent-encoded */
	const char *query;
	const struct headers *headers; /* all are signed; or NULL */
	const void *body;
	size_t body_len;
	int body_fd;
	int64_t file_len;
	const char *file_sha256; /* hex; NULL: UNSIGNED-PAYLOAD */
	http_sink_fn *sink;
	void *sink_arg;
	http_head_fn *head;
	void *head_arg;
	int64_t timeout_ms;
	size_t body_max;
	bool once; /* http_request's */
};

/* A 2xx response, or NULL with the error of whatever kind. */
typedef void aws_done_fn(
    const struct http_response *r, const struct error *err, void *arg);

/* Loads the credentials; fails where there are none. */
int aws_client_new(const struct aws_client_options *options,
    struct aws_client **out, struct error *err);
void aws_client_free(struct aws_client *c);
const struct creds *aws_client_creds(const struct aws_client *c);

int aws_call(struct aws_client *c, const struct aws_request *r,
    aws_done_fn *done, void *arg, struct aws_call **out, struct error *err);
void aws_cancel(struct aws_call *call);

#endif
