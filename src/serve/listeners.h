/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses that a service listens at, and who may come there. */
#ifndef SERVE_LISTENERS_H
#define SERVE_LISTENERS_H

#include "base/error.h"
#include "serve/service.h"

struct listeners;

/*
 * Opens [api] listen, by default the socket in the state folder, and [metrics]
 * listen. ERR_CONFIG, or ERR_BUSY where somebody else listens there.
 */
int listeners_open(
    const struct service *service, struct listeners **out, struct error *err);

/* No new connections. */
void listeners_drain(struct listeners *l);
unsigned listeners_connections(const struct listeners *l);

/* Closes everything; nobody is answered any more. The API itself stays, for
 * what the store has still to tell it, until _free. */
void listeners_close(struct listeners *l);
void listeners_free(struct listeners *l);

#endif
