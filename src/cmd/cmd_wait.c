/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd wait: take up jobs where they stand and wait for their end. */
#include "cmd/await.h"
#include "cmd/cmd.h"
#include "cmd/find.h"
#include "cmd/output.h"
#include "cmd/report.h"

#include "base/mem.h"
#include "base/str.h"

struct wait_options {
	const char *output;
	int64_t timeout_ms;
	int64_t poll_interval_ms;
	int64_t max_attempts;
	bool any;
	bool all;
};

#define AT(field) offsetof(struct wait_options, field)
static const struct cmd_option wait_options[] = {
    {"output", 'o', OPT_TEXT, AT(output), "FILE",
	"write the result of the one job here"},
    {"timeout", 0, OPT_DURATION, AT(timeout_ms), "TIME",
	"stop waiting after this long; 0 looks once"},
    {"poll-interval", 0, OPT_INTERVAL, AT(poll_interval_ms), "TIME",
	"look at this fixed interval"},
    {"max-attempts", 0, OPT_COUNT, AT(max_attempts), "N",
	"stop waiting after this many looks"},
    {"all", 0, OPT_FLAG, AT(all), NULL, "until every job is done (default)"},
    {"any", 0, OPT_FLAG, AT(any), NULL, "until one job is done"},
};

/* AWS is asked only for jobs that no service has. */
static int
take_up(struct app *app, struct await *a, const char *id, struct error *err)
{
	struct found f;
	int rc = 0;

	if (find_job(app, id, &f, err) == -1)
		return -1;
	if (f.path == NULL)
		await_watch(a, f.job);
	else if (app->aws == NULL && app_connect(app, err) == -1)
		rc = -1;
	else
		rc = await_take_up(a, f.path, f.job, err);
	find_done(&f);
	return rc;
}

/* Of several jobs the outcomes are told, not the bytes. With --any those that
 * are not done yet are no fault. */
static int
report_several(const struct app *app, const struct await *a, bool any)
{
	int status = STATUS_OK, one;
	size_t i;

	for (i = 0; i < await_count(a); i++) {
		const struct job *job = await_job(a, i);

		report_job(app, job, false);
		one = report_status(job);
		if (any && one == STATUS_NOT_READY)
			continue;
		if (one > status)
			status = one;
	}
	return status;
}

static int
wait_for(struct app *app, const struct cmd_line *line, struct await *a)
{
	const struct wait_options *o = line->options;
	struct error err;
	int i, status;

	for (i = 0; i < line->nargs; i++) {
		if (take_up(app, a, line->args[i], &err) == -1)
			return app_fail(app, &err);
	}
	status = await_run(a, &err);
	if (await_count(a) > 1) {
		i = report_several(app, a, o->any);
		if (status != STATUS_OK)
			cmd_fail(&err);
		return status != STATUS_OK ? status : i;
	}
	if (status != STATUS_OK) {
		cmd_fail(&err);
		return status;
	}
	return report_end(app, await_job(a, 0), await_client(a, 0), o->output);
}

static int
check(const struct cmd_line *line, struct error *err)
{
	const struct wait_options *o = line->options;

	if (line->nargs == 0) {
		err_set(err, ERR_USAGE, "no job was named");
		return err_hint(err, "'awaitd list' shows the jobs there are.");
	}
	if (o->any && o->all)
		return err_set(
		    err, ERR_USAGE, "--any and --all exclude each other");
	if (o->output != NULL && line->nargs > 1) {
		err_set(err, ERR_USAGE,
		    "--output %s takes the result of one job, and %d are "
		    "named",
		    o->output, line->nargs);
		return err_hint(
		    err, "'awaitd result JOB -o FILE' writes each one.");
	}
	return o->output != NULL ? output_check(o->output, err) : 0;
}

static int
find_service(struct app *app, const struct wait_options *o, struct error *err)
{
	if (app_find_service(app, err) == -1 ||
	    app_refuse_option(
		app, "--poll-interval", o->poll_interval_ms != 0, err) == -1)
		return -1;
	return app_refuse_option(
	    app, "--max-attempts", o->max_attempts != 0, err);
}

static int
run(const struct cmd_line *line)
{
	const struct wait_options *o = line->options;
	struct await_options ao = {
	    .goal = AWAIT_DONE,
	    .any = o->any,
	    .timeout_ms = o->timeout_ms,
	    .max_looks = o->max_attempts,
	};
	struct await *a;
	struct app app;
	struct error err;
	int status;

	if (check(line, &err) == -1 ||
	    app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	app.poll_interval_ms = o->poll_interval_ms;
	if (find_service(&app, o, &err) == -1) {
		status = cmd_fail(&err);
	} else {
		a = await_new(&app, &ao);
		status = wait_for(&app, line, a);
		await_free(a);
	}
	app_done(&app);
	return status;
}

/* 0 is a value of its own: look once. */
static void
defaults(void *options)
{
	struct wait_options *o = options;

	o->timeout_ms = -1;
}

const struct cmd cmd_wait = {
    .name = "wait",
    .group = GROUP_RUN,
    .args = "JOB...",
    .summary = "Wait for jobs; of a single one write the result to stdout",
    .examples = "  awaitd wait 01jd2k3m4n5p6q7r8s9t0v1w2x\n"
		"  awaitd wait --timeout 0 JOB     look once\n"
		"  awaitd wait --any JOB1 JOB2\n",
    .options = wait_options,
    .noptions = ARRAY_LEN(wait_options),
    .options_size = sizeof(struct wait_options),
    .defaults = defaults,
    .run = run,
};
