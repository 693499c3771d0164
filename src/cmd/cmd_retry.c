/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd retry: ask for the same again, as new jobs. */
#include "cmd/accept.h"
#include "cmd/bulk.h"
#include "cmd/cmd.h"
#include "cmd/find.h"
#include "cmd/job_filter.h"
#include "cmd/remote.h"
#include "cmd/runs.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "serve/intake.h"
#include "store/store.h"

struct retry_options {
	struct job_filter_options filter; /* first: its rows are shared */
	bool dry_run;
	bool again;
	int64_t limit;
	int64_t timeout_ms;
};

#define AT(field) offsetof(struct retry_options, field)
static const struct cmd_option retry_options[] = {
    {"timeout", 0, OPT_DURATION, AT(timeout_ms), "TIME",
	"wait so long for acceptance, not longer (60s)"},
    {"dry-run", 0, OPT_FLAG, AT(dry_run), NULL,
	"only say how many match, and ask for none"},
    {"again", 0, OPT_FLAG, AT(again), NULL,
	"of all that match those, too, that were retried"},
    {"limit", 0, OPT_COUNT, AT(limit), "NUMBER",
	"at most so many, the oldest first"},
};

static const struct bulk_words words = {
    .one = "job",
    .many = "jobs",
    .done = "retried",
    .what = "asked for again",
    .passed = "their input is gone, or others were first",
    .neither =
	"'awaitd list' shows the jobs there are; '--outcome failed' and the "
	"like mean all that match.",
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

/* What is begun is waited for by the await in `arg`. */
static int
repeat_found(struct app *app, const struct found *f, void *arg)
{
	struct error err;

	return repeat(app, f, arg, &err) == 0 ? STATUS_OK : app_fail(app, &err);
}

/* --- of whichever --------------------------------------------------- */

static int
retry_remote(struct app *app, const char *id, struct await *a)
{
	struct error err;
	struct job *again;

	if (remote_retry(app, id, &again, &err) == -1) {
		cmd_about(&err, "job", id);
		return app_fail(app, &err);
	}
	await_watch(a, again);
	job_free(again);
	return STATUS_OK;
}

static int
retry(struct app *app, const char *id, void *arg)
{
	struct error err;
	struct found f;
	int status;

	if (find_job(app, id, &f, &err) == -1)
		return app_fail(app, &err);
	status = f.path == NULL ? retry_remote(app, id, arg)
				: repeat_found(app, &f, arg);
	find_done(&f);
	return status;
}

/* What could be begun is waited for; the status is the worst. */
static int
finish(struct app *app, struct await *a, int status)
{
	int one = accept_run(app, a, NULL);

	await_free(a);
	return one > status ? one : status;
}

static int
retry_named(struct app *app, const struct cmd_line *line)
{
	const struct retry_options *o = line->options;
	struct await *a = accept_new(app, o->timeout_ms);

	return finish(app, a, bulk_each(app, line, retry, a));
}

/* --- all that match --------------------------------------------------- */

static void
print_id(const char *id, void *arg)
{
	const struct app *app = arg;

	if (!app->globals->json)
		puts(id);
}

/* Of what a service has it sees to the rest: nothing is waited for. */
static int
retry_matching(struct app *app, const struct cmd_line *line)
{
	const struct retry_options *o = line->options;
	struct store_query q;
	struct remote_bulk bulk = {
	    .path = "/v1/jobs/retry",
	    .done = words.done,
	    .jobs = &q,
	    .dry_run = o->dry_run,
	    .again = o->again,
	    .limit = o->limit,
	    .made = print_id,
	    .arg = app,
	};
	struct await *a;
	struct error err;

	if (job_filter_query(&o->filter, &q, &err) == -1)
		return cmd_fail(&err);
	q.ended_badly = true;
	q.unrepeated = !o->again;
	q.limit = (size_t)o->limit;
	a = accept_new(app, o->timeout_ms);
	return finish(
	    app, a, bulk_matching(app, &words, &bulk, repeat_found, a));
}

/* --- either ----------------------------------------------------------- */

static int
run(const struct cmd_line *line)
{
	static const struct bulk_ways ways = {
	    .words = &words,
	    .named = retry_named,
	    .matching = retry_matching,
	};
	const struct retry_options *o = line->options;

	return bulk_run(line, &ways, !job_filter_none(&o->filter),
	    o->dry_run || o->again || o->limit != 0);
}

const struct cmd cmd_retry = {
    .name = "retry",
    .group = GROUP_RUN,
    .args = "[JOB...]",
    .summary = "Ask again for what failed, and print the new job ids",
    .examples = "  awaitd retry 01jd2k3m4n5p6q7r8s9t0v1w2x\n"
		"  awaitd retry --outcome failed --since 2h --dry-run\n"
		"  awaitd retry --outcome failed --since 2h\n"
		"  awaitd wait $(awaitd retry JOB)\n",
    .options = retry_options,
    .noptions = ARRAY_LEN(retry_options),
    .shared = job_filter_cmd_options,
    .nshared = &job_filter_cmd_options_len,
    .shared_title = "which jobs (all that is given must hold)",
    .options_size = sizeof(struct retry_options),
    .run = run,
};
