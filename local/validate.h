/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The constraints of InvokeEndpointAsync's members, and the words in which
 * SageMaker refuses what breaks them. Nothing here knows of HTTP: members
 * come as strings, NULL where the caller sent none.
 * Source: the service model of SageMaker Runtime, 2017-05-13, and messages
 * users have published.
 */
#ifndef LOCAL_VALIDATE_H
#define LOCAL_VALIDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define VALIDATE_BODY_MAX 128000
#define VALIDATE_ENDPOINT_NAME_MAX 63
#define VALIDATE_TTL_DEFAULT_S 21600
#define VALIDATE_TIMEOUT_DEFAULT_S 900

struct validate_members {
	const char *endpoint_name;
	const char *content_type;
	const char *accept;
	const char *custom_attributes;
	const char *inference_id;
	const char *input_location;
	const char *output_extension; /* S3OutputPathExtension */
	const char *filename;
	const char *ttl; /* RequestTTLSeconds */
	const char *timeout; /* InvocationTimeoutSeconds */
	size_t body_len;
};

struct validate_numbers {
	int ttl_s;
	int timeout_s;
};

enum validate_verdict {
	VALIDATE_OK,
	VALIDATE_WRONG, /* ValidationError */
	VALIDATE_UNREADABLE, /* SerializationException: not a number at all */
};

/* The pattern of EndpointName, whatever its length. */
bool validate_endpoint_name(const char *s, size_t len);

/* Writes the numbers with their defaults, or appends the message. */
enum validate_verdict validate_request(const struct validate_members *m,
    struct validate_numbers *out, struct buf *message);

#endif
