/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd invoke: submit one input, wait, hand over the result. */
#include "cmd/await.h"
#include "cmd/cmd.h"
#include "cmd/handin.h"
#include "cmd/output.h"
#include "cmd/report.h"
#include "cmd/request.h"

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
check(const struct app *app, const struct cmd_line *line, struct error *err)
{
	const struct invoke_options *o = line->options;

	/* Without one, the first word was meant for it. */
	if (line->nargs > 1 && o->request.endpoint != NULL)
		return err_set(err, ERR_USAGE,
		    "one INPUT is enough, and \"%s\" is a second",
		    line->args[1]);
	if (app_refuse_option(
		app, "--max-attempts", o->max_attempts != 0, err) == -1)
		return -1;
	return o->output != NULL ? output_check(o->output, err) : 0;
}

static int
invoke(struct app *app, const struct cmd_line *line)
{
	const struct invoke_options *o = line->options;
	struct handin h = {
	    .request = &o->request,
	    .words = line->args,
	    .n = line->nargs,
	};
	struct await_options ao = {
	    .goal = AWAIT_DONE,
	    .timeout_ms = o->timeout_ms,
	    .max_looks = o->max_attempts,
	};
	struct await *a = await_new(app, &ao);
	struct error err;
	int status;

	if (handin(app, &h, a, &err) == -1) {
		status = app_fail(app, &err);
	} else {
		status = await_run(a, &err);
		if (status == STATUS_OK)
			status = report_end(app, await_job(a, 0),
			    await_client(a, 0), o->output);
		else
			cmd_fail(&err);
	}
	await_free(a);
	return status;
}

static int
run(const struct cmd_line *line)
{
	struct app app;
	struct error err;
	int status;

	if (app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	if (app_find_service(&app, &err) == -1 || check(&app, line, &err) == -1)
		status = cmd_fail(&err);
	else
		status = invoke(&app, line);
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
    .group = GROUP_RUN,
    .args = "INPUT",
    .summary = "Submit one input, wait, and write the result to stdout",
    .examples = "  awaitd invoke -e ocr -t image/png page.png\n"
		"  awaitd invoke -e ocr -o page.txt s3://bucket/page.png\n"
		"  some-program | awaitd invoke -e ocr --timeout 10m -\n",
    .options = invoke_options,
    .noptions = ARRAY_LEN(invoke_options),
    .shared = request_cmd_options,
    .nshared = &request_cmd_options_len,
    .shared_title = "the request",
    .options_size = sizeof(struct invoke_options),
    .defaults = defaults,
    .run = run,
};
