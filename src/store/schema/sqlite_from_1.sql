-- What version 1 had, which stands aside as old_*, into the tables of
-- version 2. These are made anew rather than altered: so a migrated file and a
-- new one are the same, and no column lies behind a body.

INSERT INTO job (seq, id, created_at, endpoint, region, content_type, accept,
	custom_attributes, inference_id, extension, filename, request_ttl_s,
	invocation_timeout_s, own_names, deployment, output_path, input,
	input_path, input_size, input_sha256, input_spooled, input_location,
	body)
SELECT seq, id, created_at, endpoint, region, content_type, accept,
	custom_attributes, inference_id, extension, filename, request_ttl_s,
	invocation_timeout_s, own_names, deployment, output_path, input,
	input_path, input_size, input_sha256, input_spooled, input_location,
	body
FROM old_job;

INSERT INTO job_state (seq, state, outcome, owner, epoch, submitted_at,
	deadline_at, completed_at, result_location, result_etag, result_type,
	result_size, error_code, error_text)
SELECT seq, state, outcome, owner, epoch, submitted_at,
	deadline_at, completed_at, result_location, result_etag, result_type,
	result_size, error_code, error_text
FROM old_job_state;

INSERT INTO submission (seq, n, fate, intent_at, ended_at, inference_id,
	extension, filename, predicted, output_location, failure_location,
	request_id, note)
SELECT seq, n, fate, intent_at, ended_at, inference_id,
	extension, filename, predicted, output_location, failure_location,
	request_id, note
FROM old_submission;

DROP TABLE old_submission;
DROP TABLE old_job_state;
DROP TABLE old_job;
