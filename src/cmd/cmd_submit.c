/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd submit: hand in inputs, print a job id for each, do not wait. */
#include "cmd/await.h"
#include "cmd/cmd.h"
#include "cmd/report.h"
#include "cmd/request.h"
#include "cmd/runs.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

struct submit_options {
	struct request_options request; /* first: its rows are shared */
	int64_t timeout_ms;
};

#define TIMEOUT_DEFAULT_MS 60000

#define AT(field) offsetof(struct submit_options, field)
static const struct cmd_option submit_options[] = {
    {"timeout", 0, OPT_DURATION, AT(timeout_ms), "TIME",
	"wait so long for acceptance, not longer (60s)"},
};

/* The ids first: whatever happens to the submission, they are on disk. */
static int
print_jobs(const struct app *app, const struct await *a, size_t n)
{
	int status = STATUS_OK, one;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct job *job = await_job(a, i);

		if (job == NULL)
			continue;
		if (!app->globals->json)
			puts(job->id);
		if (app->globals->json || job->state == JOB_DONE)
			report_job(app, job, false);
		one = report_status(job);
		if (one != STATUS_NOT_READY && one > status)
			status = one;
	}
	return status;
}

static int
run_jobs(struct app *app, const struct submit_options *o, const char *folder,
    struct job **take_jobs, size_t n)
{
	struct await_options ao = {
	    .goal = AWAIT_ACCEPTED,
	    .timeout_ms =
		o->timeout_ms != 0 ? o->timeout_ms : TIMEOUT_DEFAULT_MS,
	};
	struct await *a = await_new(app, &ao);
	struct error err;
	int status, printed;

	if (await_submit(a, folder, take_jobs, n, &err) == -1) {
		await_free(a);
		return cmd_fail(&err);
	}
	status = await_run(a, &err);
	printed = print_jobs(app, a, n);
	if (status != STATUS_OK)
		cmd_fail(&err);
	await_free(a);
	return status != STATUS_OK ? status : printed;
}

/* Every input is checked before the first is sent. */
static int
make_jobs(struct app *app, const struct cmd_line *line, const char *folder,
    const struct conf_endpoint *endpoint, struct job **jobs, struct error *err)
{
	const struct submit_options *o = line->options;
	int i, n = line->nargs > 0 ? line->nargs : 1;

	for (i = 0; i < n; i++) {
		if (request_job(app, &o->request, endpoint,
			line->nargs > 0 ? line->args[i] : NULL, folder,
			&jobs[i], err) == -1)
			break;
	}
	if (i == n)
		return n;
	while (i > 0)
		request_drop(jobs[--i]);
	return -1;
}

static int
submit(struct app *app, const struct cmd_line *line, char **folder,
    struct job **jobs, struct error *err)
{
	const struct submit_options *o = line->options;
	const struct conf_endpoint *endpoint;

	if (line->nargs > 1 &&
	    (o->request.filename != NULL || o->request.inference_id != NULL)) {
		err_set(err, ERR_USAGE,
		    "--%s is for one input, and %d were given",
		    o->request.filename != NULL ? "filename" : "inference-id",
		    line->nargs);
		return err_hint(err, "Submit them one by one.");
	}
	if (request_configure(app, &o->request, &endpoint, err) == -1 ||
	    app_connect(app, err) == -1 ||
	    runs_folder_to_write(app, folder, err) == -1)
		return -1;
	return make_jobs(app, line, *folder, endpoint, jobs, err);
}

static int
run(const struct cmd_line *line)
{
	char *folder = NULL;
	struct app app;
	struct job **jobs;
	struct error err;
	int status, n;

	if (app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	jobs = xcalloc((size_t)line->nargs + 1, sizeof(struct job *));
	n = submit(&app, line, &folder, jobs, &err);
	if (n == -1) {
		status = cmd_fail(&err);
	} else {
		runs_prune(&app, folder);
		status = run_jobs(&app, line->options, folder, jobs, (size_t)n);
	}
	free(jobs);
	free(folder);
	app_done(&app);
	return status;
}

const struct cmd cmd_submit = {
    .name = "submit",
    .args = "INPUT...",
    .summary = "Submit inputs and print a job id for each",
    .examples = "  awaitd submit -e ocr -t image/png page-*.png\n"
		"  awaitd wait $(awaitd submit -e ocr page.png)\n",
    .options = submit_options,
    .noptions = ARRAY_LEN(submit_options),
    .shared = request_cmd_options,
    .nshared = &request_cmd_options_len,
    .options_size = sizeof(struct submit_options),
    .run = run,
};
