/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to a running service (awaitd-api(7)): JSON comes back, or bytes for
 * a sink, or the service's own words as an error, whose code leads to the exit
 * status that the same fault has without a service.
 */
#ifndef CMD_CLIENT_H
#define CMD_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "base/loop.h"
#include "net/header.h"
#include "net/http_client.h"

struct client;
struct client_call;

/* A path has this before it, where it does not begin with '/' or '.'. */
#define CLIENT_UNIX "unix:"

/*
 * `address` is unix:PATH, a path, or http://HOST:PORT: else ERR_USAGE. Of the
 * file the token is read that HTTP wants; NULL: none is sent. Connects to
 * nobody yet. *out is the caller's.
 */
int client_new(struct loop *loop, const char *address, const char *token_file,
    struct client **out, struct error *err);

/* Cancels what is under way. */
void client_free(struct client *c);

/* As people know it. Borrowed. */
const char *client_address(const struct client *c);

/*
 * Does somebody listen at the socket? ERR_NET: nobody does, ERR_AUTH: we may
 * not ask. HTTP is not tried: 0.
 */
int client_probe(const struct client *c, struct error *err);

/* Headers, body and path are copied; body_fd must stay open till done. */
struct client_request {
	const char *method;
	const char *path; /* and query, encoded */
	const struct headers *headers; /* or NULL */
	const void *body;
	size_t body_len;
	int body_fd; /* used where file_len > 0: read from offset 0 */
	int64_t file_len;
	http_head_fn *head; /* or NULL */
	http_sink_fn *sink; /* takes the answer, which need not be JSON then */
	void *sink_arg; /* of both */
	int64_t timeout_ms; /* of the whole exchange; 0: none */
	int64_t stall_ms; /* without a byte either way; 0: a minute */
	bool once; /* never sent twice: it is not idempotent */
};

/*
 * What a 2xx answer said: NULL with a sink; or NULL with the error, whose
 * http_status and remote_code are the service's (0: it was not heard). Both
 * are borrowed for the length of the call.
 */
typedef void client_done_fn(
    const struct json *answer, const struct error *err, void *arg);

/* *out is for client_cancel() and is gone once done was called. */
int client_start(struct client *c, const struct client_request *r,
    client_done_fn *done, void *arg, struct client_call **out,
    struct error *err);
void client_cancel(struct client_call *call);

/*
 * Nobody was heard, or the service is about to stop: it may come back, and a
 * request that is idempotent may be sent again.
 */
bool client_unheard(const struct error *err);

#endif
