/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd help. */
#include "cmd/cmd.h"
#include "cmd/help.h"

static int
run(const struct cmd_line *line)
{
	const struct cmd *cmd;
	struct error err;

	if (line->nargs == 0)
		return help_overview(stdout);
	if (line->nargs > 1) {
		err_set(&err, ERR_USAGE,
		    "one COMMAND is enough, and \"%s\" is a second",
		    line->args[1]);
		return cmd_fail(&err);
	}
	cmd = cmd_find(line->args[0]);
	return cmd != NULL ? help_command(cmd) : cmd_unknown(line->args[0]);
}

const struct cmd cmd_help_cmd = {
    .name = "help",
    .args = "[COMMAND]",
    .summary = "Tell what a command does",
    .examples = "  awaitd help\n"
		"  awaitd help invoke    the same as awaitd invoke --help\n",
    .run = run,
};
