/* SPDX-License-Identifier: Apache-2.0 */
/* New jobs until the service has accepted them. */
#include "cmd/accept.h"

#include <stdio.h>

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
	if (failed != NULL)
		return app_fail(app, failed);
	return status != STATUS_OK ? status : printed;
}
