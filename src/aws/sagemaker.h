/* SPDX-License-Identifier: Apache-2.0 */
/*
 * InvokeEndpointAsync, as the service model of SageMaker Runtime has it:
 * POST /endpoints/{EndpointName}/async-invocations, answered with 202, the
 * places of the result in headers and the InferenceId in a JSON body.
 */
#ifndef AWS_SAGEMAKER_H
#define AWS_SAGEMAKER_H

#include <stddef.h>
#include <stdint.h>

#include "aws/call.h"
#include "aws/endpoint.h"
#include "base/error.h"

#define SAGEMAKER_BODY_MAX 128000 /* bytes, inline */

/* The request's members; NULL, "" or 0 leaves an optional one out. */
struct sagemaker_invoke {
	const char *endpoint_name;
	const char *content_type;
	const char *accept;
	const char *custom_attributes;
	const char *inference_id;
	const char *input_location; /* or a body, never both */
	const char *output_path_extension;
	const char *filename;
	int64_t request_ttl_s;
	int64_t invocation_timeout_s;
	const void *body; /* must last till done */
	size_t body_len;
	/* Hears each answer as it came, before what it means; or NULL. */
	void (*tap)(const struct http_response *r, void *arg);
	void *tap_arg;
};

/* Borrowed for the length of the callback. */
struct sagemaker_accepted {
	const char *inference_id;
	const char *output_location;
	const char *failure_location; /* NULL: the endpoint has none */
	const char *request_id;
};

typedef void sagemaker_done_fn(const struct sagemaker_accepted *accepted,
    const struct error *err, void *arg);

/*
 * The service's own limits and patterns, member by member; ERR_USAGE names
 * the value and the remedy. The inputs themselves are not looked at.
 */
int sagemaker_check(const struct sagemaker_invoke *in, struct error *err);

/* Is this how the service says that it has no such endpoint, in that region and
 * account? "ValidationError: Endpoint NAME of account N not found.": the API
 * reference has the code alone. NULL is nothing. */
bool sagemaker_is_unknown(const char *words);

struct sagemaker;
struct sagemaker_call;

/* Both are borrowed and must outlive it. */
struct sagemaker *sagemaker_new(
    struct aws_client *client, const struct aws_endpoint *endpoint);
void sagemaker_free(struct sagemaker *sagemaker);

/*
 * Sends it once, and as it is: who made the job checked it, or wants to hear
 * what the service says. An answer without a usable OutputLocation is
 * ERR_PROTOCOL with `sent` set: the request may have been accepted.
 */
int sagemaker_invoke_async(struct sagemaker *sagemaker,
    const struct sagemaker_invoke *in, sagemaker_done_fn *done, void *arg,
    struct sagemaker_call **out, struct error *err);

/* done is not called any more; what was sent stays sent. */
void sagemaker_cancel(struct sagemaker_call *call);

#endif
