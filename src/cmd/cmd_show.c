/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd show: everything that is known of one job. */
#include "cmd/cmd.h"
#include "cmd/find.h"
#include "cmd/report.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

static void
show_callback(const struct job_spec *spec)
{
	char *shown;

	if (spec->callback_url == NULL)
		return;
	shown = xstrndup(spec->callback_url, job_spec_callback_len(spec));
	report_text("callback", shown);
	free(shown);
}

static void
show_request(const struct job_spec *spec)
{
	report_text("region", spec->region);
	report_text("content type", spec->content_type);
	report_text("accept", spec->accept);
	report_text("custom attributes", spec->custom_attributes);
	report_text("tags", spec->tags);
	report_text("retry of", spec->retry_of);
	report_text("deliver", spec->deliver);
	show_callback(spec);
	report_text("trace", spec->traceparent);
	report_text("extension", spec->extension);
	report_text("filename", spec->filename);
	report_text("duplicates", spec->avoid_duplicates ? "avoid" : NULL);
	report_text("retry failed", spec->retry_failed ? "transient" : NULL);
	report_text("input", spec->input_location);
	report_text("input file", spec->input_path);
	if (spec->input == INPUT_FOREIGN)
		report_text("input", "not known: submitted by somebody else");
	else if (spec->input != INPUT_LOCATION)
		report_number("input bytes", spec->input_size);
}

static void
show_submission(const struct submission *s)
{
	printf("submission %u\n", s->n);
	report_text("  fate", submission_fate_name(s->fate));
	report_text("  inference id", s->inference_id);
	report_instant("  intent", s->intent_at);
	report_instant("  answered", s->ended_at);
	report_text("  predicted", s->predicted);
	report_text("  output", s->output_location);
	report_text("  failure", s->failure_location);
	report_text("  request id", s->request_id);
	report_text("  note", s->note);
}

static void
show_delivery(const struct delivery *d)
{
	printf("delivery %s\n", d->id);
	report_text("  target", d->target);
	report_text("  state", report_delivery_state(d));
	report_number("  attempts", d->attempts);
	if (d->state == DELIVERY_WAITING)
		report_instant("  next attempt", d->due_at);
	report_instant("  ended", d->ended_at);
	report_text("  note", d->note);
}

static void
show_late(const struct job *job)
{
	if (job->late_at == 0)
		return;
	report_instant("late result", job->late_at);
	report_text("  location", job->late_location);
	report_text("  type", job->late_type);
	report_number("  bytes", job->late_size);
}

static void
show(const struct job *job)
{
	size_t i;

	report_text("job", job->id);
	report_text("endpoint", job->spec.endpoint);
	report_text("state", job_state_name(job->state));
	if (job->state == JOB_DONE)
		report_text("outcome", job_outcome_name(job->outcome));
	if (job_in_doubt(job))
		report_text("in doubt", "yes");
	report_instant("created", job->created_at);
	report_instant("submitted", job->submitted_at);
	report_instant("completed", job->completed_at);
	if (job->state != JOB_DONE) {
		report_instant("deadline", job->deadline_at);
		if (job->next_look_at == 0 && job->next_look_why != NULL)
			report_text("next look", "now");
		report_instant("next look", job->next_look_at);
		report_text("why then", job->next_look_why);
	}
	report_text("error code", job->error_code);
	report_text("error", job->error_text);
	report_text("result", job->result_location);
	if (job->outcome == OUTCOME_OK)
		report_number("result bytes", job->result_size);
	report_text("result type", job->result_type);
	show_late(job);
	show_request(&job->spec);
	for (i = 0; i < job->nsubs; i++)
		show_submission(&job->subs[i]);
	for (i = 0; i < job->ndeliveries; i++)
		show_delivery(job->deliveries[i]);
}

static int
run(const struct cmd_line *line)
{
	struct found f;
	struct app app;
	struct error err;
	int status = STATUS_OK;

	if (line->nargs != 1) {
		err_set(&err, ERR_USAGE, "show takes one JOB");
		err_hint(&err, "'awaitd list' shows the jobs there are.");
		return cmd_fail(&err);
	}
	if (app_init(&app, line->globals, &err) == -1)
		return cmd_fail(&err);
	if (app_find_service(&app, &err) == -1 ||
	    find_job(&app, line->args[0], &f, &err) == -1) {
		status = cmd_fail(&err);
	} else {
		if (app.globals->json)
			report_json(f.job, true);
		else
			show(f.job);
		find_done(&f);
	}
	app_done(&app);
	return status;
}

const struct cmd cmd_show = {
    .name = "show",
    .group = GROUP_LOOK,
    .args = "JOB",
    .summary = "Tell all of one job, and when it is looked at next",
    .examples = "  awaitd show 01jd2k3m4n5p6q7r8s9t0v1w2x\n"
		"  awaitd show --json JOB | jq .submissions\n",
    .run = run,
};
