/* SPDX-License-Identifier: Apache-2.0 */
/* Retention: what is old enough goes, every hour, a piece at a time. Only for
 * files of this folder. */
#ifndef SERVE_PRUNE_H
#define SERVE_PRUNE_H

#include "serve/service.h"

struct prune;

/* By the configuration of each moment; begins with prune_start(). */
struct prune *prune_new(const struct service *service);
void prune_start(struct prune *p);
/* Behind store_close(). */
void prune_free(struct prune *p);

#endif
