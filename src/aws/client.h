/* SPDX-License-Identifier: Apache-2.0 */
/* The insides of a client, for client.c and call.c alone. */
#ifndef AWS_CLIENT_H
#define AWS_CLIENT_H

#include <stdbool.h>

#include "aws/call.h"
#include "aws/peer.h"
#include "aws/retry.h"

struct aws_client {
	struct loop *loop;
	struct http_client *http;
	bool anonymous;
	bool is_fixed;
	struct creds fixed; /* where is_fixed */
	struct creds_cache *creds; /* or NULL: fixed, or anonymous */
	struct retry_options retry;
	struct peers peers;
	aws_news_fn *news; /* or NULL */
	void *news_arg;
};

/* The clock that requests to this host are signed with has changed. */
void client_tell_clock(const struct aws_client *c, const struct peer *peer);

#endif
