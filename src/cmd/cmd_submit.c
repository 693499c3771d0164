/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd submit: hand in inputs, print a job id for each, do not wait. */
#include "cmd/accept.h"
#include "cmd/cmd.h"
#include "cmd/handin.h"
#include "cmd/request.h"

#include "base/mem.h"

struct submit_options {
	struct request_options request; /* first: its rows are shared */
	int64_t timeout_ms;
};

#define AT(field) offsetof(struct submit_options, field)
static const struct cmd_option submit_options[] = {
    {"timeout", 0, OPT_DURATION, AT(timeout_ms), "TIME",
	"wait so long for acceptance, not longer (60s)"},
};

static int
check(const struct cmd_line *line, struct error *err)
{
	const struct submit_options *o = line->options;

	if (line->nargs < 2 ||
	    (o->request.filename == NULL && o->request.inference_id == NULL))
		return 0;
	err_set(err, ERR_USAGE, "--%s is for one input, and %d were given",
	    o->request.filename != NULL ? "filename" : "inference-id",
	    line->nargs);
	return err_hint(err, "Submit them one by one.");
}

static int
submit(struct app *app, const struct cmd_line *line)
{
	const struct submit_options *o = line->options;
	struct handin h = {
	    .request = &o->request,
	    .words = line->args,
	    .n = line->nargs,
	    .deliver = true,
	};
	struct await *a = accept_new(app, o->timeout_ms);
	struct error err;
	int rc = handin(app, &h, a, &err), status;

	status = accept_run(app, a, rc == -1 ? &err : NULL);
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
	if (check(line, &err) == -1 || app_find_service(&app, &err) == -1)
		status = cmd_fail(&err);
	else
		status = submit(&app, line);
	app_done(&app);
	return status;
}

const struct cmd cmd_submit = {
    .name = "submit",
    .group = GROUP_RUN,
    .args = "INPUT...",
    .summary = "Submit inputs and print a job id for each",
    .examples = "  awaitd submit -e ocr -t image/png page-*.png\n"
		"  awaitd wait $(awaitd submit -e ocr page.png)\n",
    .options = submit_options,
    .noptions = ARRAY_LEN(submit_options),
    .shared = request_cmd_options,
    .nshared = &request_cmd_options_len,
    .shared_title = "the request",
    .options_size = sizeof(struct submit_options),
    .run = run,
};
