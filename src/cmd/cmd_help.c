/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd help. */
#include "cmd/cmd.h"

static int
run(const struct cmd_line *line)
{
	return cmd_help(line->nargs > 0 ? line->args[0] : NULL);
}

const struct cmd cmd_help_cmd = {
    .name = "help",
    .args = "[COMMAND]",
    .summary = "Tell what a command does",
    .run = run,
};
