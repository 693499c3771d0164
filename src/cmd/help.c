/* SPDX-License-Identifier: Apache-2.0 */
/* Help: the overview, and the page of one command. */
#include "cmd/help.h"

#include "base/mem.h"

static const struct {
	enum cmd_group group;
	const char *title;
} groups[] = {
    {GROUP_RUN, "run requests"},
    {GROUP_LOOK, "look at jobs and results"},
    {GROUP_DELIVER, "deliver"},
    {GROUP_OPERATE, "operate"},
    {GROUP_MORE, "awaitd itself"},
};

static void
list_group(FILE *out, enum cmd_group group, const char *title)
{
	const struct cmd *cmd;
	size_t i;

	fprintf(out, "\n%s:\n", title);
	for (i = 0; (cmd = cmd_at(i)) != NULL; i++) {
		if (cmd->group == group)
			fprintf(out, "  %-11s %s\n", cmd->name, cmd->summary);
	}
}

int
help_overview(FILE *out)
{
	size_t i;

	fputs("usage: awaitd COMMAND [options] [arguments]\n\n"
	      "Submits requests to Amazon SageMaker Async Inference, waits "
	      "for each result\nand hands it over.\n\nexamples:\n"
	      "  awaitd invoke -e ocr -t image/png page.png    one result, to "
	      "stdout\n"
	      "  awaitd wait $(awaitd submit -e ocr *.png)     several, each "
	      "with an id\n"
	      "  awaitd serve -c awaitd.conf                   deliver results "
	      "as they come\n",
	    out);
	for (i = 0; i < ARRAY_LEN(groups); i++)
		list_group(out, groups[i].group, groups[i].title);
	fputs(
	    "\n'awaitd COMMAND --help' tells the rest; see awaitd(1).\n", out);
	return STATUS_OK;
}

int
help_command(const struct cmd *cmd)
{
	printf("usage: awaitd %s [options]%s%s\n\n%s.\n\nexamples:\n%s",
	    cmd->name, *cmd->args != '\0' ? " " : "", cmd->args, cmd->summary,
	    cmd->examples);
	if (cmd->nshared != NULL) {
		printf("\n%s:\n",
		    cmd->shared_title != NULL ? cmd->shared_title : "options");
		options_help(cmd->shared, *cmd->nshared);
	}
	if (cmd->noptions > 0) {
		puts("\noptions:");
		options_help(cmd->options, cmd->noptions);
	}
	puts("\noptions of every command:");
	options_help(cmd_global_options, cmd_global_options_len);
	puts("\nSee awaitd(1).");
	return STATUS_OK;
}
