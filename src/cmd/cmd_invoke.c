/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd invoke: submit one input, wait, hand over the result. */
#include "cmd/await.h"
#include "cmd/cmd.h"
#include "cmd/output.h"
#include "cmd/report.h"
#include "cmd/request.h"
#include "cmd/runs.h"

#include <stdlib.h>

#include "base/mem.h"

struct invoke_options {
	struct request_options request; /* first: its rows are shared */
	const char *output;
	int64_t timeout_ms;
	int64_t max_attempts;
};

#define AT(field) offsetof(struct invoke_options, field)
static const struct cmd_option invoke_options[] = {
    {"output", 'o', OPT_TEXT, AT(output), "FILE",
	"write the result here instead of to stdout"},
    {"timeout", 0, OPT_DURATION, AT(timeout_ms), "TIME",
	"stop waiting after this long; 0 looks once"},
    {"max-attempts", 0, OPT_COUNT, AT(max_attempts), "N",
	"stop waiting after this many looks"},
};

static int
run_job(struct app *app, const struct invoke_options *o, const char *folder,
    struct job *take_job)
{
	struct await_options ao = {
	    .goal = AWAIT_DONE,
	    .timeout_ms = o->timeout_ms,
	    .max_looks = o->max_attempts,
	};
	struct await *a = await_new(app, &ao);
	struct error err;
	int status;

	if (await_submit(a, folder, &take_job, 1, &err) == -1) {
		await_free(a);
		return cmd_fail(&err);
	}
	status = await_run(a, &err);
	if (status == STATUS_OK)
		status = report_end(app, await_job(a, 0), o->output);
	else
		cmd_fail(&err);
	await_free(a);
	return status;
}

static int
invoke(struct app *app, const struct cmd_line *line, char **folder,
    struct job **job, struct error *err)
{
	const struct invoke_options *o = line->options;
	const struct conf_endpoint *endpoint;

	if (line->nargs > 1)
		return err_set(err, ERR_USAGE,
		    "one INPUT is enough, and \"%s\" is a second",
		    line->args[1]);
	if (o->output != NULL && output_check(o->output, err) == -1)
		return -1;
	if (request_configure(app, &o->request, &endpoint, err) == -1 ||
	    app_connect(app, err) == -1 ||
	    runs_folder_to_write(app, folder, err) == -1)
		return -1;
	return request_job(app, &o->request, endpoint,
	    line->nargs == 1 ? line->args[0] : NULL, *folder, job, err);
}

static int
run(const struct cmd_line *line)
{
	char *folder = NULL;
	struct app app;
	struct job *job;
	struct error err;
	int status;

	if (app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	if (invoke(&app, line, &folder, &job, &err) == -1) {
		status = cmd_fail(&err);
	} else {
		runs_prune(&app, folder);
		status = run_job(&app, line->options, folder, job);
	}
	free(folder);
	app_done(&app);
	return status;
}

/* 0 is a value of its own: look once. */
static void
defaults(void *options)
{
	struct invoke_options *o = options;

	o->timeout_ms = -1;
}

const struct cmd cmd_invoke = {
    .name = "invoke",
    .args = "INPUT",
    .summary = "Submit one input, wait, and write the result to stdout",
    .examples = "  awaitd invoke -e ocr -t image/png page.png\n"
		"  awaitd invoke -e ocr -o page.txt s3://bucket/page.png\n"
		"  some-program | awaitd invoke -e ocr --timeout 10m -\n",
    .options = invoke_options,
    .noptions = ARRAY_LEN(invoke_options),
    .shared = request_cmd_options,
    .nshared = &request_cmd_options_len,
    .options_size = sizeof(struct invoke_options),
    .defaults = defaults,
    .run = run,
};
