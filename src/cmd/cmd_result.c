/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd result: the bytes of a result that is there. */
#include "cmd/cmd.h"
#include "cmd/find.h"
#include "cmd/output.h"
#include "cmd/report.h"

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
not_done(const struct app *app, const struct job *job)
{
	struct error err;

	err_set(&err, ERR_TIMEOUT, "job %s is %s", job->id,
	    job_state_name(job->state));
	err_hint(&err, "'awaitd wait%s %s' waits for it.", app_same_server(app),
	    job->id);
	cmd_fail(&err);
	return STATUS_NOT_READY;
}

static int
give(struct app *app, const struct found *f, const char *file)
{
	struct error err;
	bool remote = f->path == NULL;

	if (f->job->state != JOB_DONE)
		return not_done(app, f->job);
	if (f->job->outcome == OUTCOME_OK && !remote &&
	    app_connect(app, &err) == -1)
		return cmd_fail(&err);
	return report_end(app, f->job, remote ? app->client : NULL, file);
}

static int
run(const struct cmd_line *line)
{
	const struct result_options *o = line->options;
	struct found f;
	struct app app;
	struct error err;
	int status;

	if (line->nargs != 1) {
		err_set(&err, ERR_USAGE, "result takes one JOB");
		err_hint(&err, "'awaitd list' shows the jobs there are.");
		return cmd_fail(&err);
	}
	if ((o->output != NULL && output_check(o->output, &err) == -1) ||
	    app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	if (app_find_service(&app, &err) == -1 ||
	    find_job(&app, line->args[0], &f, &err) == -1) {
		status = cmd_fail(&err);
	} else {
		status = give(&app, &f, o->output);
		find_done(&f);
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
