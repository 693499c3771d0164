/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd cancel: give jobs up, whoever carries them, and deliveries. */
#include "cmd/await.h"
#include "cmd/cmd.h"
#include "cmd/find.h"
#include "cmd/remote.h"
#include "cmd/report.h"

#include <stdio.h>

#include "base/mem.h"

/* One that was given up before is what was asked for. */
static int
report_cancelled(const struct app *app, const struct job *job)
{
	struct error err;

	if (app->globals->json)
		report_json(job, false);
	if (job->outcome == OUTCOME_CANCELLED) {
		if (!app->globals->json && !app->globals->quiet)
			fprintf(
			    stderr, "awaitd: job %s is cancelled\n", job->id);
		return STATUS_OK;
	}
	err_set(&err, ERR_REFUSED, "job %s ended before: it is %s", job->id,
	    job_outcome_name(job->outcome));
	return cmd_fail(&err);
}

static int
cancel_remote(struct app *app, const char *id)
{
	struct error err;
	struct job *job;
	int status;

	if (remote_cancel(app, id, &job, &err) == -1) {
		cmd_about(&err, "job", id);
		return cmd_fail(&err);
	}
	status = report_cancelled(app, job);
	job_free(job);
	return status;
}

static int
cancel_in_file(struct app *app, const struct found *f, struct error *err)
{
	struct await_options ao = {.goal = AWAIT_DONE, .timeout_ms = -1};
	struct await *a;
	int status;

	if (f->job->state == JOB_DONE)
		return report_cancelled(app, f->job);
	if (app->aws == NULL && app_connect_unsigned(app, err) == -1)
		return cmd_fail(err);
	a = await_new(app, &ao);
	if (await_cancel(a, f->path, f->job, err) == -1) {
		if (err->code == ERR_BUSY) {
			err_set(err, ERR_BUSY,
			    "job %s is carried by another command", f->job->id);
			err_hint(err, "Stop that command first.");
		}
		status = cmd_fail(err);
	} else {
		status = await_run(a, err);
		if (status == STATUS_OK)
			status = report_cancelled(app, await_job(a, 0));
		else
			cmd_fail(err);
	}
	await_free(a);
	return status;
}

static int
cancel_delivery(struct app *app, const char *id)
{
	struct delivery *d;
	struct error err;

	if (app_need_service(app, "a delivery", &err) == -1)
		return cmd_fail(&err);
	if (remote_cancel_delivery(app, id, &d, &err) == -1) {
		cmd_about(&err, "delivery", id);
		return cmd_fail(&err);
	}
	if (app->globals->json)
		report_delivery_json(d, false);
	else if (!app->globals->quiet)
		fprintf(stderr, "awaitd: delivery %s is given up\n", id);
	delivery_free(d);
	return STATUS_OK;
}

static int
cancel(struct app *app, const char *id)
{
	struct error err;
	struct found f;
	int status;

	if (delivery_id_ok(id))
		return cancel_delivery(app, id);
	if (find_job(app, id, &f, &err) == -1)
		return cmd_fail(&err);
	status = f.path == NULL ? cancel_remote(app, id)
				: cancel_in_file(app, &f, &err);
	find_done(&f);
	return status;
}

static int
run(const struct cmd_line *line)
{
	struct app app;
	struct error err;
	int i, one, status = STATUS_OK;

	if (line->nargs == 0) {
		err_set(&err, ERR_USAGE, "no job or delivery was named");
		err_hint(&err, "'awaitd list' shows the jobs there are.");
		return cmd_fail(&err);
	}
	if (app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	if (app_find_service(&app, &err) == -1) {
		status = cmd_fail(&err);
	} else {
		for (i = 0; i < line->nargs && app.signo == 0; i++) {
			one = cancel(&app, line->args[i]);
			if (one > status)
				status = one;
		}
	}
	app_done(&app);
	return status;
}

const struct cmd cmd_cancel = {
    .name = "cancel",
    .group = GROUP_RUN,
    .args = "JOB|DELIVERY...",
    .summary = "Give jobs up; what AWS accepted runs on unheeded",
    .examples = "  awaitd cancel 01jd2k3m4n5p6q7r8s9t0v1w2x\n"
		"  awaitd cancel msg_01jd2k3m4n5p6q7r8s9t0v1w2x\n",
    .run = run,
};
