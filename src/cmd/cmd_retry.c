/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd retry: ask for the same again, as new jobs. */
#include "cmd/accept.h"
#include "cmd/cmd.h"
#include "cmd/find.h"
#include "cmd/remote.h"
#include "cmd/runs.h"

#include <stdlib.h>

#include "base/mem.h"
#include "serve/intake.h"
#include "store/store.h"

struct retry_options {
	int64_t timeout_ms;
};

#define AT(field) offsetof(struct retry_options, field)
static const struct cmd_option retry_options[] = {
    {"timeout", 0, OPT_DURATION, AT(timeout_ms), "TIME",
	"wait so long for acceptance, not longer (60s)"},
};

/* --- a job of a state file ------------------------------------------ */

struct reading {
	struct loop *loop;
	struct job *job;
	struct error *err;
	bool over;
};

static void
on_read(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	struct reading *r = arg;

	if (n > 0)
		r->job = jobs[0];
	else if (err != NULL)
		*r->err = *err;
	else
		err_set(r->err, ERR_NOT_FOUND, "the job went meanwhile");
	r->over = true;
	loop_stop(r->loop);
}

/* With its input, which a look without the file's lock leaves out. */
static struct job *
read_whole(struct app *app, const struct found *f, struct error *err)
{
	struct store_options so = {.path = f->path, .must_exist = true};
	struct reading r = {.loop = app->loop, .err = err};
	struct store *store;

	if (store_open(app->loop, &so, &store, err) == -1) {
		if (err->code == ERR_BUSY)
			err_hint(err,
			    "Another command carries a job of the same "
			    "submission: wait for it, or stop it.");
		return NULL;
	}
	store_find(store, f->job->id, true, on_read, &r);
	while (!r.over)
		loop_run(app->loop);
	store_close(store);
	return r.job;
}

/* The service's own conditions. */
static int
check_state(const struct job *job, struct error *err)
{
	if (job->state != JOB_DONE) {
		err_set(err, ERR_REFUSED, "job %s is %s", job->id,
		    job_state_name(job->state));
		return err_hint(err, "Only what is done can be asked again.");
	}
	if (job->outcome == OUTCOME_OK) {
		err_set(err, ERR_REFUSED, "job %s is ok", job->id);
		return err_hint(
		    err, "'awaitd result %s' writes its result.", job->id);
	}
	return 0;
}

static int
repeat(
    struct app *app, const struct found *f, struct await *a, struct error *err)
{
	struct job *job, *again;
	char *folder;
	int rc;

	if (check_state(f->job, err) == -1 ||
	    (app->aws == NULL && app_connect(app, err) == -1))
		return -1;
	job = read_whole(app, f, err);
	if (job == NULL)
		return -1;
	rc = intake_repeat(job, &again, err);
	job_free(job);
	if (rc == -1) {
		err->code = ERR_REFUSED;
		return -1;
	}
	if (runs_folder_to_write(app, &folder, err) == -1) {
		job_free(again);
		return -1;
	}
	rc = await_submit(a, folder, &again, 1, err);
	free(folder);
	return rc;
}

/* --- of whichever --------------------------------------------------- */

static int
retry(struct app *app, const char *id, struct await *a, struct error *err)
{
	struct job *again;
	struct found f;
	int rc;

	if (find_job(app, id, &f, err) == -1)
		return -1;
	if (f.path != NULL) {
		rc = repeat(app, &f, a, err);
	} else {
		rc = remote_retry(app, id, &again, err);
		if (rc == 0) {
			await_watch(a, again);
			job_free(again);
		} else {
			cmd_about(err, "job", id);
		}
	}
	find_done(&f);
	return rc;
}

static int
retry_all(struct app *app, const struct cmd_line *line)
{
	const struct retry_options *o = line->options;
	struct await *a = accept_new(app, o->timeout_ms);
	struct error err;
	int i, one, status = STATUS_OK;

	for (i = 0; i < line->nargs && app->signo == 0; i++) {
		if (retry(app, line->args[i], a, &err) == 0)
			continue;
		one = app_fail(app, &err);
		if (one > status)
			status = one;
	}
	one = accept_run(app, a, NULL);
	await_free(a);
	return one > status ? one : status;
}

static int
run(const struct cmd_line *line)
{
	struct app app;
	struct error err;
	int status;

	if (line->nargs == 0) {
		err_set(&err, ERR_USAGE, "no job was named");
		err_hint(&err, "'awaitd list' shows the jobs there are.");
		return cmd_fail(&err);
	}
	if (app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	if (app_find_service(&app, &err) == -1)
		status = cmd_fail(&err);
	else
		status = retry_all(&app, line);
	app_done(&app);
	return status;
}

const struct cmd cmd_retry = {
    .name = "retry",
    .group = GROUP_RUN,
    .args = "JOB...",
    .summary = "Ask again for what failed, and print the new job ids",
    .examples = "  awaitd retry 01jd2k3m4n5p6q7r8s9t0v1w2x\n"
		"  awaitd wait $(awaitd retry JOB)\n",
    .options = retry_options,
    .noptions = ARRAY_LEN(retry_options),
    .options_size = sizeof(struct retry_options),
    .run = run,
};
