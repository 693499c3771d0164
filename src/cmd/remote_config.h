/* SPDX-License-Identifier: Apache-2.0 */
/* What a service is asked of its configuration; see remote.h. */
#ifndef CMD_REMOTE_CONFIG_H
#define CMD_REMOTE_CONFIG_H

#include <stdbool.h>

#include "cmd/app.h"
#include "cmd/remote.h"
#include "serve/conf_json.h"

typedef void remote_value_fn(const struct conf_shown *v, void *arg);

/* What is in force there, of a section, of a kind of them, or of all (NULL).
 * ERR_NOT_FOUND, ERR_AUTH. */
int remote_config(struct app *app, const char *section, bool changed,
    remote_value_fn *fn, void *arg, struct error *err);

/* It is to read its file again. ERR_CONFIG with the mistake, where it stays
 * with what it has. */
int remote_reload(
    struct app *app, remote_take_fn *take, void *out, struct error *err);

#endif
