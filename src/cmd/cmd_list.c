/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd list: a service's jobs; without one, those of all state files, live
 * runs included. */
#include "cmd/cmd.h"
#include "cmd/remote.h"
#include "cmd/report.h"
#include "cmd/runs.h"
#include "cmd/snapshot.h"
#include "cmd/table.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/timefmt.h"

static const struct table_column columns[] = {
    {.name = "JOB"},
    {.name = "STATE"},
    {.name = "OUTCOME"},
    {.name = "ENDPOINT", .shrink = 1, .min = 12},
    {.name = "AGE", .align = TABLE_RIGHT},
};

struct listing {
	const struct app *app;
	struct table *table; /* NULL: JSON */
	size_t n;
};

static enum term_tone
tone_of(const struct job *job)
{
	return job->outcome == OUTCOME_FAILED ? TERM_BAD : TERM_PLAIN;
}

static void
add_row(struct table *t, const struct job *job)
{
	char age[TIMEFMT_SPAN_SIZE];

	timefmt_span(clock_wall_ms() - job->created_at, age);
	table_text(t, job->id);
	table_text(t, job_state_name(job->state));
	table_tone(t,
	    job->state == JOB_DONE ? job_outcome_name(job->outcome) : NULL,
	    tone_of(job));
	table_text(t, job->spec.endpoint);
	table_text(t, age);
}

static void
print_job(const struct job *job, void *arg)
{
	struct listing *l = arg;

	if (l->table == NULL)
		report_json(job, false);
	else
		add_row(l->table, job);
	l->n++;
}

static void
begin(struct listing *l, const struct app *app)
{
	*l = (struct listing){.app = app};
	if (!app->globals->json)
		l->table = table_new(stdout, columns, ARRAY_LEN(columns));
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
	struct listing l;
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
	begin(&l, app);
	for (i = 0; i < n; i++) {
		/* A damaged file must not hide the others. */
		if (list_file(&l, paths[i], &one) == -1)
			status = cmd_fail(&one);
	}
	table_free(l.table);
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
	struct listing l;
	int rc;

	begin(&l, app);
	rc = remote_list(app, print_job, &l, err);
	/* What came before an error was told, too. */
	table_free(l.table);
	if (rc == -1)
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
    .group = GROUP_LOOK,
    .args = "",
    .summary = "List the jobs there are, oldest first",
    .examples = "  awaitd list\n"
		"  awaitd list --json | jq -r 'select(.outcome == "
		"\"failed\") | .job'\n",
    .run = run,
};
