/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request from its head to its reply: what both APIs note about it, and
 * the log line at its end. Every reply goes through here, and frees the call.
 */
#ifndef LOCAL_CALL_H
#define LOCAL_CALL_H

#include <stddef.h>
#include <stdint.h>

#include "base/random.h"
#include "local/auth.h"
#include "net/header.h"
#include "net/http_server.h"

struct call {
	struct http_exchange *x; /* of which everything may be asked */
	char request_id[RANDOM_UUID_SIZE];
	int64_t started_at; /* monotonic */
	struct auth_claim claim; /* who is said to have signed */
	void (*gone)(void *arg);
	void *gone_arg;
};

/* Belongs to the exchange from now on. */
struct call *call_new(struct http_exchange *x);

/*
 * Called when the peer has left: the call is freed right after. Not called
 * after a reply. NULL takes it back.
 */
void call_on_gone(struct call *c, void (*gone)(void *arg), void *arg);

/* As http_reply and its kin; the call is gone then. */
void call_reply(struct call *c, int status, const struct headers *headers,
    const void *body, size_t len);
void call_reply_head(
    struct call *c, int status, const struct headers *headers, int64_t len);
void call_reply_file(struct call *c, int status, const struct headers *headers,
    int take_fd, int64_t offset, int64_t len);

#endif
