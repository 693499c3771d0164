/* SPDX-License-Identifier: Apache-2.0 */
/* What a service is asked of its targets; see remote.h. */
#ifndef CMD_REMOTE_TARGETS_H
#define CMD_REMOTE_TARGETS_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/app.h"
#include "engine/health.h"
#include "job/attempt_entry.h"

/* Each target, borrowed for the length of a call; and how many hosts of
 * callbacks the service left out. */
int remote_list_targets(struct app *app, health_fn *fn, void *arg,
    size_t *left_out, struct error *err);

/* "enable" or "disable"; fn is told how it is then. ERR_NOT_FOUND, ERR_REFUSED
 * for what is not done with it. */
int remote_switch_target(struct app *app, const char *target, const char *verb,
    health_fn *fn, void *arg, struct error *err);

/* One trial delivery, and what came of it. Takes as long as the target does.
 * *out is the caller's. ERR_NOT_FOUND, ERR_REFUSED as above. */
int remote_test_target(struct app *app, const char *target, bool failed,
    struct attempt_entry **out, struct error *err);

#endif
