/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd wait: take up jobs where they stand, or what somebody else submitted,
 * and wait for their end. */
#include "cmd/await.h"
#include "cmd/cmd.h"
#include "cmd/find.h"
#include "cmd/foreign.h"
#include "cmd/output.h"
#include "cmd/report.h"
#include "cmd/runs.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

struct wait_options {
	const char *file;
	struct option_list outputs; /* locations, and files as of old */
	const char *failure;
	const char *endpoint;
	int64_t timeout_ms;
	int64_t poll_interval_ms;
	int64_t max_attempts;
	bool any;
	bool all;
};

#define AT(field) offsetof(struct wait_options, field)
static const struct cmd_option wait_options[] = {
    {"output-file", 'o', OPT_TEXT, AT(file), "FILE",
	"write the result of the one job here"},
    {"output", 0, OPT_LIST, AT(outputs), "S3URI",
	"await the OutputLocation of somebody's request"},
    {"failure", 0, OPT_TEXT, AT(failure), "S3URI",
	"its FailureLocation, so that a failure is seen"},
    {"endpoint", 'e', OPT_TEXT, AT(endpoint), "ENDPOINT",
	"with --output: look as its section says"},
    {"timeout", 0, OPT_DURATION, AT(timeout_ms), "TIME",
	"stop waiting after this long; 0 looks once"},
    {"poll-interval", 0, OPT_INTERVAL, AT(poll_interval_ms), "TIME",
	"look at this fixed interval"},
    {"max-attempts", 0, OPT_COUNT, AT(max_attempts), "N",
	"stop waiting after this many looks"},
    {"all", 0, OPT_FLAG, AT(all), NULL, "until every job is done (default)"},
    {"any", 0, OPT_FLAG, AT(any), NULL, "until one job is done"},
};

/* AWS is asked only for jobs that no service has. */
static int
take_up(struct app *app, struct await *a, const char *id, struct error *err)
{
	struct found f;
	int rc = 0;

	if (find_job(app, id, &f, err) == -1)
		return -1;
	if (f.path == NULL)
		await_watch(a, f.job);
	else if (app->aws == NULL && app_connect(app, err) == -1)
		rc = -1;
	else
		rc = await_take_up(a, f.path, f.job, err);
	find_done(&f);
	return rc;
}

/* Of several jobs the outcomes are told, not the bytes. With --any those that
 * are not done yet are no fault. */
static int
report_several(const struct app *app, const struct await *a, bool any)
{
	int status = STATUS_OK, one;
	size_t i;

	for (i = 0; i < await_count(a); i++) {
		const struct job *job = await_job(a, i);

		report_job(app, job, false);
		one = report_status(job);
		if (any && one == STATUS_NOT_READY)
			continue;
		if (one > status)
			status = one;
	}
	return status;
}

/* --- what --output means ---------------------------------------------- */

struct wanted {
	const char *location; /* of somebody's result, or NULL */
	const char *file; /* for the bytes, or NULL: stdout */
};

static int
want(const char **place, const char *value, struct error *err)
{
	if (*place == NULL) {
		*place = value;
		return 0;
	}
	err_set(err, ERR_USAGE, "\"%s\" is a second --output behind \"%s\"",
	    value, *place);
	return err_hint(err,
	    "One location is awaited at a time: run one 'awaitd wait --output' "
	    "for each.");
}

/* It names a file, too, as with the other commands. */
static int
sort_outputs(
    const struct wait_options *o, struct wanted *out, struct error *err)
{
	struct wanted w = {.file = o->file};
	size_t i;

	for (i = 0; i < o->outputs.n; i++) {
		const char *value = o->outputs.v[i];

		if (want(foreign_is_location(value) ? &w.location : &w.file,
			value, err) == -1)
			return -1;
	}
	*out = w;
	return 0;
}

/* --- the end ---------------------------------------------------------- */

static int
finish(struct app *app, struct await *a, const struct wait_options *o,
    const char *file)
{
	struct error err;
	int status = await_run(a, &err), several;

	if (await_count(a) > 1) {
		several = report_several(app, a, o->any);
		if (status == STATUS_OK)
			return several;
	}
	if (status != STATUS_OK) {
		cmd_fail(&err);
		return status;
	}
	return report_end(app, await_job(a, 0), await_client(a, 0), file);
}

static struct await_options
await_options(const struct wait_options *o)
{
	return (struct await_options){
	    .goal = AWAIT_DONE,
	    .any = o->any,
	    .timeout_ms = o->timeout_ms,
	    .max_looks = o->max_attempts,
	};
}

/* --- jobs ------------------------------------------------------------- */

static int
wait_for(struct app *app, const struct cmd_line *line, const char *file)
{
	const struct wait_options *o = line->options;
	struct await_options ao = await_options(o);
	struct await *a = await_new(app, &ao);
	struct error err;
	int i, status = STATUS_OK;

	for (i = 0; i < line->nargs && status == STATUS_OK; i++) {
		if (take_up(app, a, line->args[i], &err) == -1)
			status = app_fail(app, &err);
	}
	if (status == STATUS_OK)
		status = finish(app, a, o, file);
	await_free(a);
	return status;
}

static int
check(const struct cmd_line *line, const char *file, struct error *err)
{
	const struct wait_options *o = line->options;

	if (o->failure != NULL || o->endpoint != NULL) {
		err_set(err, ERR_USAGE, "%s goes with --output s3://...",
		    o->failure != NULL ? "--failure" : "--endpoint");
		return err_hint(err,
		    "Give the OutputLocation that InvokeEndpointAsync "
		    "answered.");
	}
	if (line->nargs == 0) {
		err_set(err, ERR_USAGE, "no job was named");
		return err_hint(err,
		    "'awaitd list' shows the jobs there are; --output "
		    "s3://... awaits what somebody else submitted.");
	}
	if (o->any && o->all)
		return err_set(
		    err, ERR_USAGE, "--any and --all exclude each other");
	if (file != NULL && line->nargs > 1) {
		err_set(err, ERR_USAGE,
		    "--output %s takes the result of one job, and %d are "
		    "named",
		    file, line->nargs);
		return err_hint(
		    err, "'awaitd result JOB -o FILE' writes each one.");
	}
	return file != NULL ? output_check(file, err) : 0;
}

static int
find_service(struct app *app, const struct wait_options *o, struct error *err)
{
	if (app_find_service(app, err) == -1 ||
	    app_refuse_option(
		app, "--poll-interval", o->poll_interval_ms != 0, err) == -1)
		return -1;
	return app_refuse_option(
	    app, "--max-attempts", o->max_attempts != 0, err);
}

/* --- what somebody else submitted ------------------------------------- */

/* Without an answer by then the engine asks, and says what is the matter. */
#define BUCKET_MS 5000

static int
check_foreign(const struct cmd_line *line, const struct foreign_options *fo,
    const char *file, struct error *err)
{
	const struct wait_options *o = line->options;
	const char *server = line->globals->server;

	if (line->nargs > 0) {
		err_set(err, ERR_USAGE,
		    "both the job %s and --output %s were given", line->args[0],
		    fo->output);
		return err_hint(err,
		    "Give one of the two; -o FILE takes the result of a job.");
	}
	if (o->any || o->all)
		return err_set(err, ERR_USAGE,
		    "--%s is for jobs, and --output awaits one result",
		    o->any ? "any" : "all");
	if (server != NULL && !str_eq(server, "none")) {
		err_set(err, ERR_USAGE,
		    "--output is awaited by the command itself, not by a "
		    "service");
		return err_hint(err, "Leave --server out.");
	}
	if (foreign_check(fo, err) == -1)
		return -1;
	return file != NULL ? output_check(file, err) : 0;
}

/* The job in a state file of its own, whose name is the caller's. */
static int
begin_foreign(struct app *app, const struct foreign_options *fo,
    struct await *a, int64_t timeout_ms, char **path, struct error *err)
{
	int64_t most =
	    timeout_ms > 0 && timeout_ms < BUCKET_MS ? timeout_ms : BUCKET_MS;
	char *folder;
	struct job *job;
	int rc;

	if (app_connect(app, err) == -1 ||
	    runs_folder_to_write(app, &folder, err) == -1)
		return -1;
	rc = foreign_job(app, fo, most, &job, err);
	if (rc == 0) {
		runs_prune(app, folder);
		*path = runs_path(folder, job->id);
		rc = await_submit(a, folder, &job, 1, err);
	}
	free(folder);
	return rc;
}

/* Who looks once looks again by the same command, and needs no job for it. */
static int
wait_for_foreign(struct app *app, const struct wait_options *o,
    const struct foreign_options *fo, const char *file)
{
	struct await_options ao = await_options(o);
	bool once = o->timeout_ms == 0;
	struct await *a;
	struct error err;
	char *path = NULL;
	int status;

	if (once)
		ao.again = "The same command looks again.";
	a = await_new(app, &ao);
	if (begin_foreign(app, fo, a, o->timeout_ms, &path, &err) == -1)
		status = app_fail(app, &err);
	else
		status = finish(app, a, o, file);
	await_free(a);
	if (once && path != NULL && status == STATUS_NOT_READY)
		runs_remove(path);
	free(path);
	return status;
}

/* --- either ------------------------------------------------------------ */

static int
run(const struct cmd_line *line)
{
	const struct wait_options *o = line->options;
	struct foreign_options fo = {
	    .failure = o->failure,
	    .endpoint = o->endpoint,
	};
	struct wanted w;
	struct app app;
	struct error err;
	int status;

	if (sort_outputs(o, &w, &err) == -1)
		return cmd_fail(&err);
	fo.output = w.location;
	if ((w.location != NULL ? check_foreign(line, &fo, w.file, &err)
				: check(line, w.file, &err)) == -1 ||
	    app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	app.poll_interval_ms = o->poll_interval_ms;
	if (w.location != NULL)
		status = wait_for_foreign(&app, o, &fo, w.file);
	else if (find_service(&app, o, &err) == -1)
		status = cmd_fail(&err);
	else
		status = wait_for(&app, line, w.file);
	app_done(&app);
	return status;
}

/* 0 is a value of its own: look once. */
static void
defaults(void *options)
{
	struct wait_options *o = options;

	o->timeout_ms = -1;
}

const struct cmd cmd_wait = {
    .name = "wait",
    .group = GROUP_RUN,
    .args = "[JOB...]",
    .summary = "Wait for jobs; of a single one write the result to stdout",
    .examples = "  awaitd wait 01jd2k3m4n5p6q7r8s9t0v1w2x\n"
		"  awaitd wait --timeout 0 JOB     look once\n"
		"  awaitd wait --any JOB1 JOB2\n"
		"  awaitd wait --output s3://bucket/a.out "
		"--failure s3://bucket/a-error.out\n",
    .options = wait_options,
    .noptions = ARRAY_LEN(wait_options),
    .options_size = sizeof(struct wait_options),
    .defaults = defaults,
    .run = run,
};
