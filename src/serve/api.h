/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP API of a service, as awaitd-api(7) has it. JSON in and out, errors
 * as problem+json (RFC 9457), an X-Request-Id on every answer.
 */
#ifndef SERVE_API_H
#define SERVE_API_H

#include <stddef.h>
#include <stdint.h>

#include "net/http_server.h"
#include "serve/service.h"

struct api;

struct api_options {
	const struct service *service;
	const char *token; /* what a TCP client must know; NULL: no TCP */
	const int64_t *uids; /* who may use the UNIX socket, besides root and
				ourselves */
	size_t nuids;
};

struct api *api_new(const struct api_options *options);

/* Behind http_server_free. The store may still have something to answer, and
 * the waiters something to tell of it. */
void api_free(struct api *api);

/* For http_server_new; arg is the api. */
void api_handle(struct http_exchange *x, void *arg);

/* For http_server_options; logged and counted as every answer. */
void api_refusal(int status, const char *why, struct headers *headers,
    struct buf *body, void *arg);

#endif
