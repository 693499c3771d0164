/* SPDX-License-Identifier: Apache-2.0 */
/* A job as JSON. Inputs and results are never part of it. */
#include "job/jobjson.h"

static void
write_request(struct jsonw *w, const struct job_spec *spec)
{
	jsonw_begin(w, "request", '{');
	jsonw_opt(w, "region", spec->region);
	jsonw_opt(w, "content_type", spec->content_type);
	jsonw_opt(w, "accept", spec->accept);
	jsonw_opt(w, "custom_attributes", spec->custom_attributes);
	jsonw_opt(w, "inference_id", spec->inference_id);
	jsonw_opt(w, "output_path_extension", spec->extension);
	jsonw_opt(w, "filename", spec->filename);
	if (spec->request_ttl_s != 0)
		jsonw_int(w, "request_ttl_s", spec->request_ttl_s);
	if (spec->invocation_timeout_s != 0)
		jsonw_int(
		    w, "invocation_timeout_s", spec->invocation_timeout_s);
	jsonw_opt(w, "input_location", spec->input_location);
	jsonw_opt(w, "input_path", spec->input_path);
	jsonw_int(w, "input_size",
	    spec->input == INPUT_BODY ? (int64_t)spec->body_len
				      : spec->input_size);
	jsonw_end(w, '}');
}

static void
write_submission(struct jsonw *w, const struct submission *s)
{
	jsonw_begin(w, NULL, '{');
	jsonw_int(w, "n", s->n);
	jsonw_str(w, "fate", submission_fate_name(s->fate));
	jsonw_opt(w, "inference_id", s->inference_id);
	jsonw_time(w, "intent_at", s->intent_at);
	jsonw_time(w, "ended_at", s->ended_at);
	jsonw_opt(w, "predicted_location", s->predicted);
	jsonw_opt(w, "output_location", s->output_location);
	jsonw_opt(w, "failure_location", s->failure_location);
	jsonw_opt(w, "request_id", s->request_id);
	jsonw_opt(w, "note", s->note);
	jsonw_end(w, '}');
}

static void
write_result(struct jsonw *w, const struct job *job)
{
	jsonw_begin(w, "result", '{');
	jsonw_opt(w, "location", job->result_location);
	jsonw_opt(w, "etag", job->result_etag);
	jsonw_opt(w, "content_type", job->result_type);
	jsonw_int(w, "size", job->result_size);
	jsonw_end(w, '}');
}

void
jobjson_write(struct jsonw *w, const struct job *job, bool full)
{
	size_t i;

	jsonw_begin(w, NULL, '{');
	jsonw_str(w, "job", job->id);
	jsonw_str(w, "endpoint", job->spec.endpoint);
	jsonw_str(w, "state", job_state_name(job->state));
	jsonw_str(w, "outcome", job_outcome_name(job->outcome));
	jsonw_time(w, "created_at", job->created_at);
	jsonw_time(w, "submitted_at", job->submitted_at);
	jsonw_time(w, "completed_at", job->completed_at);
	if (job->state != JOB_DONE)
		jsonw_time(w, "deadline_at", job->deadline_at);
	if (job->outcome == OUTCOME_OK)
		write_result(w, job);
	jsonw_opt(w, "error_code", job->error_code);
	jsonw_opt(w, "error", job->error_text);
	if (full) {
		write_request(w, &job->spec);
		jsonw_begin(w, "submissions", '[');
		for (i = 0; i < job->nsubs; i++)
			write_submission(w, &job->subs[i]);
		jsonw_end(w, ']');
	}
	jsonw_end(w, '}');
}
