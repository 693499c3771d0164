/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request to an AWS service: credentials, headers, signature, exchange, the
 * error classified, and the SDKs' standard retries (retry.h). A call whose
 * credentials are refused as expired refreshes them and goes once more; one
 * that was refused for the time learns the service's clock and goes once more.
 * A request marked `once` is sent again in these two cases only, as the
 * service has said that it took nothing. Once a byte has reached the sink
 * nothing is sent again; `head` may be called for each try.
 */
#ifndef AWS_CALL_H
#define AWS_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/creds.h"
#include "aws/creds_cache.h"
#include "base/error.h"
#include "base/loop.h"
#include "net/http_client.h"

struct aws_client;
struct aws_call;

struct aws_client_options {
	struct loop *loop;
	struct http_client *http;
	const char *profile; /* or NULL */
	/* Instead of the chain; the client copies it. */
	const struct creds *fixed; /* or NULL */
	bool anonymous; /* nothing is signed */
	/* Of credentials, and of clocks that are wrong; or NULL. */
	aws_news_fn *news;
	void *news_arg;
};

/* Strings are copied; body and body_fd must last till done. */
struct aws_request {
	const char *what; /* for errors: "HeadObject", … */
	const char *service; /* "s3", "sagemaker", "sts", … */
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
	int64_t timeout_ms; /* of each try */
	size_t body_max;
	bool once; /* http_request's */
	/* No retries but for expired credentials and the clock: the caller has
	 * a schedule of its own. */
	bool no_retry;
	/* The first try goes without the two header fields by which SDKs tell
	 * how often they have tried: a look would cost a tenth more. */
	bool terse;
	/* Hears of each answer that is not 2xx, before it is classified, and
	 * before the next try; or NULL. A redirect is never followed here. */
	void (*refused)(const struct http_response *r, void *arg);
	void (*sending)(void *arg); /* before each try; or NULL */
	void *refused_arg; /* of both */
};

/* A 2xx response, or NULL with the error of whatever kind. */
typedef void aws_done_fn(
    const struct http_response *r, const struct error *err, void *arg);

/* Plans where the credentials come from, and fails where that is senseless;
 * nobody is asked for them before the first call (creds_cache.h). */
int aws_client_new(const struct aws_client_options *options,
    struct aws_client **out, struct error *err);
void aws_client_free(struct aws_client *c);

/* Borrowed. */
struct loop *aws_client_loop(const struct aws_client *c);

/* NULL where they are fixed or none are wanted. Borrowed. */
struct creds_cache *aws_client_creds(struct aws_client *c);

/* How far the host's clock is ahead of ours, where an answer told; else 0. */
int64_t aws_client_skew_ms(const struct aws_client *c, const char *host);

/* The time by the clocks of AWS's own hosts that have answered (peers_now_ms);
 * by ours where none has. */
int64_t aws_client_now_ms(const struct aws_client *c);

int aws_call(struct aws_client *c, const struct aws_request *r,
    aws_done_fn *done, void *arg, struct aws_call **out, struct error *err);
void aws_cancel(struct aws_call *call);

/* See http_pause; of the answer that is coming, if one is. */
void aws_pause(struct aws_call *call, bool paused);

#endif
