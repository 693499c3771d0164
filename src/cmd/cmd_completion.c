/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd completion: what a shell needs to complete awaitd's words. */
#include "cmd/cmd.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/near.h"
#include "base/str.h"
#include "cmd/completion.h"

static const struct {
	const char *shell;
	const char *script;
} scripts[] = {
    {"bash", completion_bash},
    {"zsh", completion_zsh},
    {"fish", completion_fish},
};

static int
run(const struct cmd_line *line)
{
	const char *shell = line->nargs > 0 ? line->args[0] : NULL;
	struct error err;
	struct near near;
	size_t i;

	near_init(&near, shell != NULL ? shell : "");
	for (i = 0; i < ARRAY_LEN(scripts) && line->nargs == 1; i++) {
		if (str_eq(scripts[i].shell, shell)) {
			fputs(scripts[i].script, stdout);
			return STATUS_OK;
		}
		near_try(&near, scripts[i].shell);
	}
	if (shell == NULL)
		err_set(&err, ERR_USAGE, "no shell was named");
	else if (line->nargs > 1)
		err_set(&err, ERR_USAGE,
		    "one SHELL is enough, and \"%s\" is a second",
		    line->args[1]);
	else
		err_set(&err, ERR_USAGE, "unknown shell \"%s\"", shell);
	err_hint(&err, "%s%s%sThere are bash, zsh and fish.",
	    near.best != NULL ? "Did you mean '" : "",
	    near.best != NULL ? near.best : "", near.best != NULL ? "'? " : "");
	return cmd_fail(&err);
}

const struct cmd cmd_completion = {
    .name = "completion",
    .args = "SHELL",
    .summary = "Print what bash, zsh or fish needs to complete words",
    .examples = "  source <(awaitd completion bash)\n"
		"  awaitd completion zsh >~/.zfunc/_awaitd\n"
		"  awaitd completion fish "
		">~/.config/fish/completions/awaitd.fish\n",
    .run = run,
};
