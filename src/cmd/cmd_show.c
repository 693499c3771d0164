/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd show: everything that is known of one job. */
#include "cmd/cmd.h"
#include "cmd/report.h"
#include "cmd/runs.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"

static void
text(const char *key, const char *value)
{
	if (str_empty(value))
		return;
	printf("%-20s ", key);
	fflush(stdout);
	report_words(stdout, value);
}

static void
number(const char *key, int64_t value)
{
	printf("%-20s %lld\n", key, (long long)value);
}

static void
instant(const char *key, int64_t at)
{
	char iso[TIMEFMT_ISO_SIZE];

	if (at == 0)
		return;
	timefmt_iso(at, iso);
	text(key, iso);
}

static void
show_request(const struct job_spec *spec)
{
	text("region", spec->region);
	text("content type", spec->content_type);
	text("accept", spec->accept);
	text("custom attributes", spec->custom_attributes);
	text("extension", spec->extension);
	text("filename", spec->filename);
	text("input", spec->input_location);
	text("input file", spec->input_path);
	if (spec->input != INPUT_LOCATION)
		number("input bytes", spec->input_size);
}

static void
show_submission(const struct submission *s)
{
	printf("submission %u\n", s->n);
	text("  fate", submission_fate_name(s->fate));
	text("  inference id", s->inference_id);
	instant("  intent", s->intent_at);
	instant("  answered", s->ended_at);
	text("  predicted", s->predicted);
	text("  output", s->output_location);
	text("  failure", s->failure_location);
	text("  request id", s->request_id);
	text("  note", s->note);
}

static void
show(const struct job *job)
{
	size_t i;

	text("job", job->id);
	text("endpoint", job->spec.endpoint);
	text("state", job_state_name(job->state));
	if (job->state == JOB_DONE)
		text("outcome", job_outcome_name(job->outcome));
	if (job_in_doubt(job))
		text("in doubt", "yes");
	instant("created", job->created_at);
	instant("submitted", job->submitted_at);
	instant("completed", job->completed_at);
	if (job->state != JOB_DONE)
		instant("deadline", job->deadline_at);
	text("error code", job->error_code);
	text("error", job->error_text);
	text("result", job->result_location);
	if (job->outcome == OUTCOME_OK)
		number("result bytes", job->result_size);
	text("result type", job->result_type);
	show_request(&job->spec);
	for (i = 0; i < job->nsubs; i++)
		show_submission(&job->subs[i]);
}

static int
run(const struct cmd_line *line)
{
	struct app app;
	struct error err;
	struct job *job;
	char *path;
	int rc;

	if (line->nargs != 1) {
		err_set(&err, ERR_USAGE, "show takes one JOB");
		err_hint(&err, "'awaitd list' shows the jobs there are.");
		return cmd_fail(&err);
	}
	if (app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	rc = runs_find(&app, line->args[0], &job, &path, &err);
	if (rc == 0) {
		if (app.globals->json)
			report_json(job, true);
		else
			show(job);
		job_free(job);
		free(path);
	}
	app_done(&app);
	return rc == 0 ? STATUS_OK : cmd_fail(&err);
}

const struct cmd cmd_show = {
    .name = "show",
    .args = "JOB",
    .summary = "Tell everything that is known of one job",
    .examples = "  awaitd show 01jd2k3m4n5p6q7r8s9t0v1w2x\n"
		"  awaitd show --json JOB | jq .submissions\n",
    .run = run,
};
