/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway: InvokeEndpointAsync itself, on an address of its own, for
 * applications that keep their AWS SDK. Each request becomes a job, and its
 * first try decides the answer: the service's own, byte for byte, or 503 where
 * nobody knows. awaitd-gateway(7) has it from the client's side.
 */
#ifndef SERVE_GATEWAY_H
#define SERVE_GATEWAY_H

#include "base/buf.h"
#include "base/error.h"
#include "conf/conf.h"
#include "serve/service.h"

struct gateway;
struct gateway_keys;

/* NULL where [gateway] says nothing; ERR_CONFIG where it is half. */
int gateway_new(
    const struct service *service, struct gateway **out, struct error *err);

/* Listens from now on. NULL is none, in all that follows. */
int gateway_open(struct gateway *g, struct error *err);

/*
 * What a reload would have it use: nothing is changed before all of the new
 * configuration was read. *out is the caller's, NULL where there is no gateway.
 */
int gateway_reread(const struct gateway *g, const struct conf *conf,
    struct gateway_keys **out, struct error *err);
void gateway_take_keys(struct gateway *g, struct gateway_keys *take_keys);

/* No new connections, and whoever waits is told that the service stops. */
void gateway_drain(struct gateway *g);
unsigned gateway_connections(const struct gateway *g);

/* Nobody is answered any more; behind the store's end _free. */
void gateway_close(struct gateway *g);
void gateway_free(struct gateway *g);

/* Prometheus metrics, appended. */
void gateway_write_metrics(const struct gateway *g, struct buf *out);

#endif
