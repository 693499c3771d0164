/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd list: the jobs of all state files, those of live runs included. */
#include "cmd/cmd.h"
#include "cmd/report.h"
#include "cmd/runs.h"
#include "cmd/snapshot.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/timefmt.h"

static void
print_row(const struct job *job)
{
	char age[TIMEFMT_SPAN_SIZE];

	timefmt_span(clock_wall_ms() - job->created_at, age);
	printf("%s  %-7s  %-9s  %-20.63s  %s\n", job->id,
	    job_state_name(job->state),
	    job->state == JOB_DONE ? job_outcome_name(job->outcome) : "-",
	    job->spec.endpoint, age);
}

static void
print_head(void)
{
	printf("%-26s  %-7s  %-9s  %-20s  %s\n", "JOB", "STATE", "OUTCOME",
	    "ENDPOINT", "AGE");
}

static int
list_file(
    const struct app *app, const char *path, bool *head, struct error *err)
{
	struct job **jobs = NULL;
	size_t n = 0, i;

	if (snapshot_read(path, NULL, &jobs, &n, err) == -1)
		return -1;
	for (i = 0; i < n; i++) {
		if (app->globals->json) {
			report_json(jobs[i], false);
			continue;
		}
		if (!*head)
			print_head();
		*head = true;
		print_row(jobs[i]);
	}
	runs_free_jobs(jobs, n);
	return 0;
}

static int
list(const struct app *app, struct error *err)
{
	char *folder, **paths;
	struct error one;
	size_t n, i;
	bool head = false;
	int status = STATUS_OK;

	if (runs_folder(app, &folder, err) == -1)
		return cmd_fail(err);
	if (runs_all(folder, &paths, &n, err) == -1) {
		free(folder);
		return cmd_fail(err);
	}
	for (i = 0; i < n; i++) {
		/* A damaged file must not hide the others. */
		if (list_file(app, paths[i], &head, &one) == -1)
			status = cmd_fail(&one);
	}
	if (n == 0 && !app->globals->json && !app->globals->quiet)
		fprintf(stderr, "awaitd: no jobs in %s\n", folder);
	runs_free(paths, n);
	free(folder);
	return status;
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
	status = list(&app, &err);
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
