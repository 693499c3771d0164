/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration in force, and the next one: all of it is read and built
 * before anything changes, so that one with a mistake changes nothing. What
 * only a restart changes stays as it was at the start.
 */
#ifndef SERVE_RELOAD_H
#define SERVE_RELOAD_H

#include <stdint.h>

#include "base/error.h"
#include "conf/conf.h"
#include "serve/server.h"
#include "serve/service.h"

struct reload;

/* Takes options->conf, which service->conf is from now on. Both are borrowed
 * until reload_free(). */
struct reload *reload_new(
    struct service *service, const struct server_options *options);

/* The targets of the start, for service->targets. ERR_CONFIG. */
int reload_open(struct reload *r, struct error *err);

/*
 * Reads it again. 0: it is in force, and fn (or NULL) was told of each change;
 * -1: nothing changed, and the error says where the mistake is. Either is
 * logged and counted. Nobody may keep anything of a configuration over it.
 */
int reload_run(
    struct reload *r, conf_change_fn *fn, void *arg, struct error *err);

/* What of it is not in force before a restart. */
void reload_pending(const struct reload *r, conf_change_fn *fn, void *arg);

/* That of the start: what needs a restart is in force as it says. */
const struct conf *reload_first(const struct reload *r);
int64_t reload_at(const struct reload *r); /* of what is in force; wall */

void reload_free(struct reload *r);

#endif
