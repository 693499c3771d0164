/* SPDX-License-Identifier: Apache-2.0 */
/* What --help says, from the tables: examples first, lines of 80 columns. */
#ifndef CMD_HELP_H
#define CMD_HELP_H

#include <stdio.h>

#include "cmd/cmd.h"

/* All commands, by what one wants to do. STATUS_OK. */
int help_overview(FILE *out);

/* One command, on stdout. STATUS_OK. */
int help_command(const struct cmd *cmd);

#endif
