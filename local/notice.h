/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What SageMaker publishes when a request has ended, as the JSON text that is
 * an SNS message's body. The order of its fields is that of real messages.
 * Source: "Check prediction results", SageMaker developer guide, and messages
 * that were published.
 */
#ifndef LOCAL_NOTICE_H
#define LOCAL_NOTICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* A response of more bytes is not included. */
#define NOTICE_RESPONSE_MAX (128 * 1024)
/* What a notice can need at the most. */
#define NOTICE_MAX (256 * 1024)

/* Texts that are NULL leave their field out. */
struct notice {
	const char *region;
	int64_t received_at;
	int64_t event_at;
	bool completed;
	const char *failure_reason;
	const char *endpoint;
	const char *input_location;
	const char *content_type; /* of the request */
	const char *accept;
	const char *custom_attributes;
	const char *output_location;
	const char *failure_location;
	const char *response_type; /* Content-Type of the response */
	const char *inference_id;
	int response_fd; /* -1: not to be included */
};

/* buf of NOTICE_MAX. ERR_IO where the response cannot be read. */
int notice_write(struct buf *out, const struct notice *n, struct error *err);

/* What is published once to each topic of an endpoint that is new. */
extern const char notice_test[];

#endif
