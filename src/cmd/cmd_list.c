/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd list: a service's jobs; without one, those of all state files, live
 * runs included. */
#include "cmd/cmd.h"
#include "cmd/remote.h"
#include "cmd/report.h"
#include "cmd/runs.h"
#include "cmd/snapshot.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"

static void
print_row(const struct job *job)
{
	char age[TIMEFMT_SPAN_SIZE], endpoint[64];

	timefmt_span(clock_wall_ms() - job->created_at, age);
	snprintf(endpoint, sizeof(endpoint), "%s", job->spec.endpoint);
	str_defang(endpoint);
	printf("%s  %-7s  %-9s  %-20s  %s\n", job->id,
	    job_state_name(job->state),
	    job->state == JOB_DONE ? job_outcome_name(job->outcome) : "-",
	    endpoint, age);
}

static void
print_head(void)
{
	printf("%-26s  %-7s  %-9s  %-20s  %s\n", "JOB", "STATE", "OUTCOME",
	    "ENDPOINT", "AGE");
}

struct listing {
	const struct app *app;
	size_t n;
};

static void
print_job(const struct job *job, void *arg)
{
	struct listing *l = arg;

	if (l->app->globals->json) {
		report_json(job, false);
	} else {
		if (l->n == 0)
			print_head();
		print_row(job);
	}
	l->n++;
}

static int
list_file(struct listing *l, const char *path, struct error *err)
{
	struct job **jobs = NULL;
	size_t n = 0, i;

	if (snapshot_read(path, NULL, &jobs, &n, err) == -1)
		return -1;
	for (i = 0; i < n; i++)
		print_job(jobs[i], l);
	runs_free_jobs(jobs, n);
	return 0;
}

static void
say_none(const struct app *app, const char *where)
{
	if (!app->globals->json && !app->globals->quiet)
		fprintf(stderr, "awaitd: no jobs %s %s\n",
		    app->client != NULL ? "at" : "in", where);
}

/* Not all that there is was shown. */
static void
say_left(const struct app *app, const char *folder)
{
	if (runs_service_left(app, folder) && !app->globals->quiet)
		fputs("awaitd: " RUNS_SERVICE_LEFT "\n", stderr);
}

static int
list_files(const struct app *app, struct error *err)
{
	struct listing l = {.app = app};
	char *folder, **paths;
	struct error one;
	size_t n, i;
	int status = STATUS_OK;

	if (runs_folder(app, &folder, err) == -1)
		return cmd_fail(err);
	if (runs_all(folder, &paths, &n, err) == -1) {
		free(folder);
		return cmd_fail(err);
	}
	for (i = 0; i < n; i++) {
		/* A damaged file must not hide the others. */
		if (list_file(&l, paths[i], &one) == -1)
			status = cmd_fail(&one);
	}
	if (n == 0)
		say_none(app, folder);
	say_left(app, folder);
	runs_free(paths, n);
	free(folder);
	return status;
}

static int
list_service(struct app *app, struct error *err)
{
	struct listing l = {.app = app};

	if (remote_list(app, print_job, &l, err) == -1)
		return cmd_fail(err);
	if (l.n == 0)
		say_none(app, client_address(app->client));
	return STATUS_OK;
}

static int
run(const struct cmd_line *line)
{
	struct app app;
	struct error err;
	int status;

	if (line->nargs > 0) {
		err_set(&err, ERR_USAGE,
		    "list takes no argument such as "
		    "\"%s\"",
		    line->args[0]);
		err_hint(&err, "'awaitd show JOB' tells of one job.");
		return cmd_fail(&err);
	}
	if (app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	if (app_find_service(&app, &err) == -1)
		status = cmd_fail(&err);
	else if (app.client != NULL)
		status = list_service(&app, &err);
	else
		status = list_files(&app, &err);
	app_done(&app);
	return status;
}

const struct cmd cmd_list = {
    .name = "list",
    .args = "",
    .summary = "List the jobs there are, oldest first",
    .examples = "  awaitd list\n"
		"  awaitd list --json | jq -r 'select(.outcome == "
		"\"failed\") | .job'\n",
    .run = run,
};
