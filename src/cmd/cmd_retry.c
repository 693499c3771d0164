/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd retry: ask for the same again, as new jobs. */
#include "cmd/accept.h"
#include "cmd/bulk.h"
#include "cmd/cmd.h"
#include "cmd/find.h"
#include "cmd/job_filter.h"
#include "cmd/matching.h"
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
	struct error err;
	int i, one, status = STATUS_OK;

	for (i = 0; i < line->nargs && app->signo == 0; i++) {
		if (retry(app, line->args[i], a, &err) == 0)
			continue;
		one = app_fail(app, &err);
		if (one > status)
			status = one;
	}
	return finish(app, a, status);
}

/* --- all that match --------------------------------------------------- */

static void
print_id(const char *id, void *arg)
{
	const struct app *app = arg;

	if (!app->globals->json)
		puts(id);
}

/* The service has them, and sees to the rest: nothing is waited for. */
static int
retry_at_service(
    struct app *app, const struct retry_options *o, const struct store_query *q)
{
	struct remote_bulk bulk = {
	    .path = "/v1/jobs/retry",
	    .done = words.done,
	    .jobs = q,
	    .dry_run = o->dry_run,
	    .again = o->again,
	    .limit = o->limit,
	    .made = print_id,
	    .arg = app,
	};
	struct remote_bulk_end end;
	struct error err;
	int rc = remote_bulk(app, &bulk, &end, &err);

	/* Of what went before an error, too. */
	if (rc == 0 || end.n > 0)
		bulk_say(app, &words, o->dry_run, &end);
	return rc == 0 ? STATUS_OK : cmd_fail(&err);
}

static int
repeat_matches(
    struct app *app, const struct retry_options *o, const struct matching *m)
{
	struct await *a = accept_new(app, o->timeout_ms);
	struct error err;
	int one, status = m->status;
	size_t i;

	for (i = 0; i < m->n && app->signo == 0; i++) {
		const struct found f = {m->v[i].job, m->v[i].path};

		if (repeat(app, &f, a, &err) == 0)
			continue;
		one = app_fail(app, &err);
		if (one > status)
			status = one;
	}
	return finish(app, a, status);
}

static int
retry_in_files(
    struct app *app, const struct retry_options *o, const struct store_query *q)
{
	struct matching m;
	struct error err;
	int status;

	if (matching_here(app, q, &m, &err) == -1)
		return cmd_fail(&err);
	if (o->dry_run || m.n == 0) {
		bulk_say(app, &words, o->dry_run,
		    &(struct remote_bulk_end){.n = (int64_t)m.n});
		status = m.status;
	} else {
		status = repeat_matches(app, o, &m);
	}
	matching_done(&m);
	return status;
}

static int
retry_matching(struct app *app, const struct retry_options *o)
{
	struct store_query q;
	struct error err;

	if (job_filter_query(&o->filter, &q, &err) == -1)
		return cmd_fail(&err);
	q.ended_badly = true;
	q.unrepeated = !o->again;
	q.limit = (size_t)o->limit;
	return app->client != NULL ? retry_at_service(app, o, &q)
				   : retry_in_files(app, o, &q);
}

/* --- either ----------------------------------------------------------- */

static int
check(const struct cmd_line *line, struct error *err)
{
	const struct retry_options *o = line->options;

	return bulk_check(line, !job_filter_none(&o->filter),
	    o->dry_run || o->again || o->limit != 0, &words,
	    "'awaitd list' shows the jobs there are; '--outcome failed' and "
	    "the like mean all that match.",
	    err);
}

static int
run(const struct cmd_line *line)
{
	struct app app;
	struct error err;
	int status;

	if (check(line, &err) == -1 ||
	    app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	if (app_find_service(&app, &err) == -1)
		status = cmd_fail(&err);
	else if (line->nargs > 0)
		status = retry_named(&app, line);
	else
		status = retry_matching(&app, line->options);
	app_done(&app);
	return status;
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
