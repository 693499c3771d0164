/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of `awaitd config`. */
#ifndef CMD_CONFIG_H
#define CMD_CONFIG_H

#include "cmd/cmd.h"

/* Every key there is: a cmd_status. `sections` are kinds, or none for all. */
int config_keys(char *const *sections, int n, bool json);

#endif
