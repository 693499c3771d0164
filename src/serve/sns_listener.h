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

#include "base/error.h"
#include "serve/doorbell.h"
#include "serve/service.h"

struct sns_listener;

/* *out is NULL where [sns] listen is not set. */
int sns_listener_open(const struct service *service, struct doorbell *doorbell,
    struct sns_listener **out, struct error *err);
void sns_listener_drain(struct sns_listener *l);
unsigned sns_listener_connections(const struct sns_listener *l);
void sns_listener_free(struct sns_listener *l);

#endif
