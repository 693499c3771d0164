-- Which rows of version 5 are what was written, by the columns of then.

UPDATE old_job SET fine = 0 WHERE sum IS NOT awaitd_sum('j', seq, id,
	created_at, endpoint, region, content_type, accept, custom_attributes,
	inference_id, extension, filename, request_ttl_s, invocation_timeout_s,
	own_names, avoid_duplicates, retry_failed, deployment, output_path,
	deliver, callback_url, traceparent, tracestate, retry_of,
	idempotency_key, idempotency_hash, input, input_path, input_size,
	input_sha256, input_spooled, input_location, length(body), body_sum);

UPDATE old_delivery SET fine = 0 WHERE sum IS NOT awaitd_sum('d', seq, job, id,
	(SELECT j.id FROM old_job j WHERE j.seq = old_delivery.job), target,
	event, created_at, content_type, body_size, body_sha256, by_reference,
	about, payload, format, url_expires_at, owner, epoch, state, due_at,
	ended_at, attempts, failures, interruptions, interrupted_since,
	replays, last_status, note);
