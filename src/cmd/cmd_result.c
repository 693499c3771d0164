/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd result: the bytes of a result that is there. */
#include "cmd/cmd.h"
#include "cmd/output.h"
#include "cmd/report.h"
#include "cmd/runs.h"

#include <stdlib.h>

#include "base/mem.h"

struct result_options {
	const char *output;
};

#define AT(field) offsetof(struct result_options, field)
static const struct cmd_option result_options[] = {
    {"output", 'o', OPT_TEXT, AT(output), "FILE",
	"write the result here instead of to stdout"},
};

static int
not_done(const struct job *job)
{
	struct error err;

	err_set(&err, ERR_TIMEOUT, "job %s is %s", job->id,
	    job_state_name(job->state));
	err_hint(&err, "'awaitd wait %s' waits for it.", job->id);
	cmd_fail(&err);
	return STATUS_NOT_READY;
}

static int
give(struct app *app, const struct job *job, const char *file)
{
	struct error err;

	if (job->state != JOB_DONE)
		return not_done(job);
	if (job->outcome == OUTCOME_OK && app_connect(app, &err) == -1)
		return cmd_fail(&err);
	return report_end(app, job, file);
}

static int
run(const struct cmd_line *line)
{
	const struct result_options *o = line->options;
	struct app app;
	struct error err;
	struct job *job;
	char *path;
	int status;

	if (line->nargs != 1) {
		err_set(&err, ERR_USAGE, "result takes one JOB");
		err_hint(&err, "'awaitd list' shows the jobs there are.");
		return cmd_fail(&err);
	}
	if ((o->output != NULL && output_check(o->output, &err) == -1) ||
	    app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	if (runs_find(&app, line->args[0], &job, &path, &err) == -1) {
		status = cmd_fail(&err);
	} else {
		status = give(&app, job, o->output);
		job_free(job);
		free(path);
	}
	app_done(&app);
	return status;
}

const struct cmd cmd_result = {
    .name = "result",
    .args = "JOB",
    .summary = "Write the result of a finished job to stdout",
    .examples = "  awaitd result -o page.txt JOB\n",
    .options = result_options,
    .noptions = ARRAY_LEN(result_options),
    .options_size = sizeof(struct result_options),
    .run = run,
};
