/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other side without a network: replaces net/http_client.c in programs
 * that measure what is ours. Each request is answered by one function, and the
 * answer comes with the next turn of the loop.
 */
#ifndef TESTS_MEMORY_HTTP_H
#define TESTS_MEMORY_HTTP_H

#include "net/http_client.h"

/* Fills status, headers and body of an empty response; a status of 0 is a
 * connection that broke after the request had left. */
typedef void memory_http_fn(
    const struct http_request *r, struct http_response *out, void *arg);

/* Of all clients, before the first request. */
void memory_http_serve(memory_http_fn *fn, void *arg);

#endif
