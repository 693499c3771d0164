/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd list: a service's jobs; without one, those of all state files, live
 * runs included. */
#include "cmd/cmd.h"
#include "cmd/job_filter.h"
#include "cmd/known.h"
#include "cmd/matching.h"
#include "cmd/remote.h"
#include "cmd/report.h"
#include "cmd/runs.h"
#include "cmd/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/timefmt.h"

struct list_options {
	struct job_filter_options filter; /* first: its rows are shared */
	bool newest;
	int64_t limit;
};

#define AT(field) offsetof(struct list_options, field)
static const struct cmd_option list_options[] = {
    {"newest", 0, OPT_FLAG, AT(newest), NULL, "the newest first"},
    {"limit", 0, OPT_COUNT, AT(limit), "NUMBER",
	"at most so many, from the beginning of the list"},
};

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
begin(struct listing *l)
{
	if (!l->app->globals->json)
		l->table = table_new(stdout, columns, ARRAY_LEN(columns));
}

static void
say_none(const struct app *app, const struct list_options *o, const char *where)
{
	known_say_jobs(app, o->filter.endpoint, "no %sjobs %s %s",
	    job_filter_none(&o->filter) ? "" : "such ",
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
list_files(struct listing *l, const struct list_options *o,
    const struct store_query *q, struct error *err)
{
	struct matching m;
	char *folder;
	size_t i;

	if (runs_folder(l->app, &folder, err) == -1)
		return cmd_fail(err);
	if (matching_find(folder, q, &m, err) == -1) {
		free(folder);
		return cmd_fail(err);
	}
	begin(l);
	for (i = 0; i < m.n; i++)
		print_job(m.v[i].job, l);
	table_free(l->table);
	if (l->n == 0)
		say_none(l->app, o, folder);
	say_left(l->app, folder);
	matching_done(&m);
	free(folder);
	return m.status;
}

/* What commands began without the service is in files of their own: who looks
 * for it here learns where it is. */
static void
say_other_runs(const struct app *app)
{
	char *folder, **paths = NULL;
	struct error ignored;
	size_t n = 0;

	if (app->globals->json || app->globals->quiet || !isatty(STDERR_FILENO))
		return;
	folder = runs_folder_name(app);
	if (folder != NULL && runs_all(folder, &paths, &n, &ignored) == 0 &&
	    n > 0)
		fputs("awaitd: jobs of commands that had no service are not "
		      "the service's: 'awaitd list --server none'\n",
		    stderr);
	runs_free(paths, n);
	free(folder);
}

static int
list_service(struct listing *l, struct app *app, const struct list_options *o,
    const struct store_query *q, struct error *err)
{
	int rc;

	begin(l);
	rc = remote_list(app, q, print_job, l, err);
	/* What came before an error was told, too. */
	table_free(l->table);
	if (rc == -1)
		return cmd_fail(err);
	if (l->n == 0)
		say_none(app, o, client_address(app->client));
	say_other_runs(app);
	return STATUS_OK;
}

static int
list(struct app *app, const struct list_options *o, struct error *err)
{
	struct listing l = {.app = app};
	struct store_query q;

	if (job_filter_query(&o->filter, &q, err) == -1)
		return cmd_fail(err);
	q.newest = o->newest;
	q.limit = (size_t)o->limit;
	return app->client != NULL ? list_service(&l, app, o, &q, err)
				   : list_files(&l, o, &q, err);
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
	else
		status = list(&app, line->options, &err);
	app_done(&app);
	return status;
}

const struct cmd cmd_list = {
    .name = "list",
    .group = GROUP_LOOK,
    .args = "",
    .summary = "List the jobs there are, oldest first",
    .examples = "  awaitd list\n"
		"  awaitd list --newest --limit 20\n"
		"  awaitd list --outcome failed --since 2h --error memory\n"
		"  awaitd list --tag nightly --json | jq -r .job\n",
    .options = list_options,
    .noptions = ARRAY_LEN(list_options),
    .shared = job_filter_cmd_options,
    .nshared = &job_filter_cmd_options_len,
    .shared_title = "which jobs (all that is given must hold)",
    .options_size = sizeof(struct list_options),
    .run = run,
};
