/* SPDX-License-Identifier: Apache-2.0 */
/* New jobs until the service has accepted them. */
#include "cmd/accept.h"

#include <stdio.h>
#include <unistd.h>

#include "cmd/report.h"

#define TIMEOUT_DEFAULT_MS 60000

struct await *
accept_new(struct app *app, int64_t timeout_ms)
{
	struct await_options ao = {
	    .goal = AWAIT_ACCEPTED,
	    .timeout_ms = timeout_ms != 0 ? timeout_ms : TIMEOUT_DEFAULT_MS,
	};

	return await_new(app, &ao);
}

static int
print_jobs(const struct app *app, const struct await *a)
{
	int status = STATUS_OK, one;
	size_t i;

	for (i = 0; i < await_count(a); i++) {
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

/* Whoever sees the ids may not know yet what to do with them; a program that
 * reads them does. */
static void
say_next(const struct app *app, const struct await *a)
{
	const struct job *job, *last = NULL;
	size_t i, n = 0;

	if (app->globals->quiet || app->globals->json ||
	    !isatty(STDOUT_FILENO) || !isatty(STDERR_FILENO))
		return;
	for (i = 0; i < await_count(a); i++) {
		job = await_job(a, i);
		if (job == NULL || job->state == JOB_DONE)
			continue;
		last = job;
		n++;
	}
	if (n == 1)
		fprintf(stderr,
		    "awaitd: 'awaitd wait%s %s' awaits its result\n",
		    app_same_server(app), last->id);
	else if (n > 1)
		fprintf(stderr,
		    "awaitd: 'awaitd wait%s JOB...' awaits the results of "
		    "these %zu\n",
		    app_same_server(app), n);
}

int
accept_run(struct app *app, struct await *a, const struct error *failed)
{
	struct error err;
	int status = STATUS_OK, printed;

	if (await_count(a) > 0)
		status = await_run(a, &err);
	printed = print_jobs(app, a);
	if (status != STATUS_OK)
		cmd_fail(&err);
	else if (failed == NULL)
		say_next(app, a);
	if (failed != NULL)
		return app_fail(app, failed);
	return status != STATUS_OK ? status : printed;
}
