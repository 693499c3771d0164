/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd cancel: give jobs up, whoever carries them, and deliveries. */
#include "cmd/await.h"
#include "cmd/bulk.h"
#include "cmd/cmd.h"
#include "cmd/find.h"
#include "cmd/job_filter.h"
#include "cmd/known.h"
#include "cmd/remote.h"
#include "cmd/report.h"

#include <stdio.h>

#include "base/mem.h"

struct cancel_options {
	struct job_filter_options filter; /* first: its rows are shared */
	bool dry_run;
	int64_t limit;
};

#define AT(field) offsetof(struct cancel_options, field)
static const struct cmd_option cancel_options[] = {
    {"dry-run", 0, OPT_FLAG, AT(dry_run), NULL,
	"only say how many match, and give none up"},
    {"limit", 0, OPT_COUNT, AT(limit), "NUMBER",
	"at most so many, the oldest first"},
};

static const struct bulk_words words = {
    .one = "job",
    .many = "jobs",
    .done = "cancelled",
    .what = "given up",
    .passed = "they ended meanwhile",
    .neither =
	"'awaitd list' shows the jobs there are; '--state queued' and the "
	"like mean all that match.",
};

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
cancel_in_file(struct app *app, const struct found *f, void *arg)
{
	struct await_options ao = {.goal = AWAIT_DONE, .timeout_ms = -1};
	struct await *a;
	struct error err;
	int status;

	(void)arg;
	if (f->job->state == JOB_DONE)
		return report_cancelled(app, f->job);
	if (app->aws == NULL && app_connect_unsigned(app, &err) == -1)
		return cmd_fail(&err);
	a = await_new(app, &ao);
	if (await_cancel(a, f->path, f->job, &err) == -1) {
		if (err.code == ERR_BUSY) {
			err_set(&err, ERR_BUSY,
			    "job %s is carried by another command", f->job->id);
			err_hint(&err, "Stop that command first.");
		}
		status = cmd_fail(&err);
	} else {
		status = await_run(a, &err);
		if (status == STATUS_OK)
			status = report_cancelled(app, await_job(a, 0));
		else
			cmd_fail(&err);
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
		known_delivery_failed(id, &err);
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
cancel(struct app *app, const char *id, void *arg)
{
	struct error err;
	struct found f;
	int status;

	(void)arg;
	if (delivery_id_ok(id))
		return cancel_delivery(app, id);
	if (find_job(app, id, &f, &err) == -1)
		return cmd_fail(&err);
	status = f.path == NULL ? cancel_remote(app, id)
				: cancel_in_file(app, &f, NULL);
	find_done(&f);
	return status;
}

static int
cancel_named(struct app *app, const struct cmd_line *line)
{
	return bulk_each(app, line, cancel, NULL);
}

/* --- all that match -------------------------------------------------- */

static int
cancel_matching(struct app *app, const struct cmd_line *line)
{
	const struct cancel_options *o = line->options;
	struct store_query q;
	struct remote_bulk bulk = {
	    .path = "/v1/jobs/cancel",
	    .done = words.done,
	    .jobs = &q,
	    .dry_run = o->dry_run,
	    .limit = o->limit,
	};
	struct error err;

	if (job_filter_query(&o->filter, &q, &err) == -1)
		return cmd_fail(&err);
	q.unfinished = true;
	q.limit = (size_t)o->limit;
	return bulk_matching(app, &words, &bulk, cancel_in_file, NULL);
}

/* --- either ---------------------------------------------------------- */

static int
run(const struct cmd_line *line)
{
	static const struct bulk_ways ways = {
	    .words = &words,
	    .named = cancel_named,
	    .matching = cancel_matching,
	};
	const struct cancel_options *o = line->options;

	return bulk_run(line, &ways, !job_filter_none(&o->filter),
	    o->dry_run || o->limit != 0);
}

const struct cmd cmd_cancel = {
    .name = "cancel",
    .group = GROUP_RUN,
    .args = "[JOB|DELIVERY...]",
    .summary = "Give jobs up; what AWS accepted runs on unheeded",
    .examples = "  awaitd cancel 01jd2k3m4n5p6q7r8s9t0v1w2x\n"
		"  awaitd cancel msg_01jd2k3m4n5p6q7r8s9t0v1w2x\n"
		"  awaitd cancel --tag nightly --state queued --dry-run\n",
    .options = cancel_options,
    .noptions = ARRAY_LEN(cancel_options),
    .shared = job_filter_cmd_options,
    .nshared = &job_filter_cmd_options_len,
    .shared_title = "which jobs (all that is given must hold)",
    .options_size = sizeof(struct cancel_options),
    .run = run,
};
