/* SPDX-License-Identifier: Apache-2.0 */
/*
 * [sns] listen: where SNS posts to. One strict HTTP server of its own; 200 only
 * behind the commit, 503 where nothing can be stored or checked now (SNS sends
 * it again), 403 with a constant body for what is not from SNS, 400 and the
 * like for what is no message at all (SNS takes any 4xx as final).
 * Source: "Message delivery retries", SNS developer guide.
 */
#ifndef SERVE_SNS_LISTENER_H
#define SERVE_SNS_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "serve/doorbell.h"
#include "serve/service.h"

struct sns_listener;

/* Reads its files and checks what is configured; listens to nobody yet. The
 * service's verifier must be there. *out is NULL where [sns] listen is not set,
 * and all below take that. */
int sns_listener_new(const struct service *service, struct doorbell *doorbell,
    struct sns_listener **out, struct error *err);
int sns_listener_open(struct sns_listener *l, struct error *err);
void sns_listener_drain(struct sns_listener *l);
unsigned sns_listener_connections(const struct sns_listener *l);
/* What the doorbell has still to tell finds its end by itself. */
void sns_listener_free(struct sns_listener *l);

/* What became of a request. */
enum sns_result {
	SNS_RESULT_TAKEN, /* 200: these five */
	SNS_RESULT_COPY,
	SNS_RESULT_UNKNOWN,
	SNS_RESULT_SENSELESS,
	SNS_RESULT_CONFIRMED,
	SNS_RESULT_UNSUBSCRIBED, /* 200, and an alarm */
	SNS_RESULT_MALFORMED, /* 4xx: never to come again */
	SNS_RESULT_UNAUTHORIZED,
	SNS_RESULT_RAW,
	SNS_RESULT_FORGED,
	SNS_RESULT_STALE, /* genuine, too old; 503: from the future */
	SNS_RESULT_UNCONFIRMED, /* 400 or 503 */
	SNS_RESULT_UNCHECKED, /* 503: these three */
	SNS_RESULT_NOT_STORED,
	SNS_RESULT_CROWDED,
};
#define SNS_RESULTS (SNS_RESULT_CROWDED + 1)
const char *sns_result_name(enum sns_result result); /* for metrics */

struct sns_counts {
	uint64_t results[SNS_RESULTS];
	uint64_t evicted; /* connections that had to go for others */
	unsigned connections;
};
/* False where nobody listens. */
bool sns_listener_count(const struct sns_listener *l, struct sns_counts *out);

#endif
