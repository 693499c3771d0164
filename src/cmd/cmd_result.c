/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd result: the bytes of a result that is there. */
#include "cmd/cmd.h"
#include "cmd/find.h"
#include "cmd/link.h"
#include "cmd/output.h"
#include "cmd/report.h"

#include <stdlib.h>

#include "base/mem.h"

struct result_options {
	const char *output;
	int64_t url_ms; /* 0: the bytes themselves */
	bool late;
};

#define AT(field) offsetof(struct result_options, field)
static const struct cmd_option result_options[] = {
    {"output", 'o', OPT_TEXT, AT(output), "FILE",
	"write the result here instead of to stdout"},
    {"url", 0, OPT_DURATION_IF, AT(url_ms), "TIME",
	"print a URL that gives it for so long (1h)"},
    {"late", 0, OPT_FLAG, AT(late), NULL,
	"the result that came after the job had expired"},
};

static int
not_done(const struct app *app, const struct job *job)
{
	struct error err;

	err_set(&err, ERR_TIMEOUT, "job %s is %s", job->id,
	    job_state_name(job->state));
	err_hint(&err, "'awaitd wait%s %s' waits for it.", app_same_server(app),
	    job->id);
	cmd_fail(&err);
	return STATUS_NOT_READY;
}

static int
no_late(const struct job *job)
{
	struct error err;

	err_set(&err, ERR_REFUSED, "no result of job %s came late", job->id);
	if (job->outcome == OUTCOME_OK)
		err_hint(&err, "It is ok: leave --late out.");
	return cmd_fail(&err);
}

static void
move(char **to, char **from)
{
	free(*to);
	*to = *from;
	*from = NULL;
}

/* The bytes, or where they can be had; the result_ members say of what. */
static int
hand_out(struct app *app, const struct found *f, const struct result_options *o,
    struct error *err)
{
	const struct client *service = f->path == NULL ? app->client : NULL;

	if (o->url_ms != 0)
		return link_print(app, f->job, service, o->url_ms / 1000, err);
	return output_write(app, f->job, service, o->output, err);
}

/* It is what is looked for, in the place of one that is not there. */
static int
give_late(
    struct app *app, const struct found *f, const struct result_options *o)
{
	struct job *job = f->job;
	struct error err;

	if (job->late_at == 0)
		return no_late(job);
	if (f->path != NULL && app_connect(app, &err) == -1)
		return app_fail(app, &err);
	move(&job->result_location, &job->late_location);
	move(&job->result_etag, &job->late_etag);
	job->result_size = job->late_size;
	if (hand_out(app, f, o, &err) == 0)
		return STATUS_OK;
	err_prefix(&err, "the late result of job %s", job->id);
	return app_fail(app, &err);
}

static int
give_url(struct app *app, const struct found *f, const struct result_options *o)
{
	struct error err;

	if (hand_out(app, f, o, &err) == 0)
		return STATUS_OK;
	err_prefix(&err, "the result of job %s", f->job->id);
	return app_fail(app, &err);
}

static int
give(struct app *app, const struct found *f, const struct result_options *o)
{
	struct error err;
	bool remote = f->path == NULL;

	if (f->job->state != JOB_DONE)
		return not_done(app, f->job);
	if (o->late)
		return give_late(app, f, o);
	if (f->job->outcome == OUTCOME_OK && !remote &&
	    app_connect(app, &err) == -1)
		return app_fail(app, &err);
	if (f->job->outcome == OUTCOME_OK && o->url_ms != 0)
		return give_url(app, f, o);
	return report_end(app, f->job, remote ? app->client : NULL, o->output);
}

static int
check(struct result_options *o, struct error *err)
{
	if (o->url_ms == OPT_NO_DURATION)
		o->url_ms = LINK_DEFAULT_MS;
	if (o->url_ms != 0 && o->output != NULL)
		return err_set(err, ERR_USAGE,
		    "--url and --output: it is either the address or the "
		    "bytes");
	if (o->url_ms != 0 && link_check(o->url_ms, err) == -1)
		return -1;
	return o->output != NULL ? output_check(o->output, err) : 0;
}

static int
run(const struct cmd_line *line)
{
	struct result_options o = *(const struct result_options *)line->options;
	struct found f;
	struct app app;
	struct error err;
	int status;

	if (line->nargs != 1) {
		err_set(&err, ERR_USAGE, "result takes one JOB");
		err_hint(&err, "'awaitd list' shows the jobs there are.");
		return cmd_fail(&err);
	}
	if (check(&o, &err) == -1 || app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	if (app_find_service(&app, &err) == -1 ||
	    find_job(&app, line->args[0], &f, &err) == -1) {
		status = cmd_fail(&err);
	} else {
		status = give(&app, &f, &o);
		find_done(&f);
	}
	app_done(&app);
	return status;
}

const struct cmd cmd_result = {
    .name = "result",
    .group = GROUP_LOOK,
    .args = "JOB",
    .summary = "Write the result of a finished job to stdout",
    .examples = "  awaitd result -o page.txt JOB\n"
		"  awaitd result --late -o page.txt JOB\n"
		"  awaitd result --url=10m JOB\n",
    .options = result_options,
    .noptions = ARRAY_LEN(result_options),
    .options_size = sizeof(struct result_options),
    .run = run,
};
