/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd version. */
#include "cmd/cmd.h"

#include <stdio.h>

static int
run(const struct cmd_line *line)
{
	if (line->globals->json)
		puts("{\"name\":\"awaitd\",\"version\":\"" PACKAGE_VERSION
		     "\"}");
	else
		puts("awaitd " PACKAGE_VERSION);
	return STATUS_OK;
}

const struct cmd cmd_version = {
    .name = "version",
    .args = "",
    .summary = "Print the version",
    .examples = "  awaitd version\n"
		"  awaitd version --json | jq -r .version\n",
    .run = run,
};
