-- Jobs at rest, version 1. A job row is written once; what changes is small
-- and apart, so that a step rewrites little. No index on the state: the
-- schedule lives in memory, and a start reads the unfinished ones once.

CREATE TABLE job (
	seq INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	created_at INTEGER NOT NULL,
	endpoint TEXT NOT NULL,
	region TEXT,
	content_type TEXT,
	accept TEXT,
	custom_attributes TEXT,
	inference_id TEXT,
	extension TEXT,
	filename TEXT,
	request_ttl_s INTEGER NOT NULL,
	invocation_timeout_s INTEGER NOT NULL,
	own_names INTEGER NOT NULL,
	deployment TEXT,
	output_path TEXT,
	input INTEGER NOT NULL,
	input_path TEXT,
	input_size INTEGER NOT NULL,
	input_sha256 TEXT,
	input_spooled INTEGER NOT NULL,
	input_location TEXT,
	body BLOB
) STRICT;

CREATE TABLE job_state (
	seq INTEGER PRIMARY KEY REFERENCES job (seq),
	state INTEGER NOT NULL,
	outcome INTEGER NOT NULL,
	owner TEXT,
	epoch INTEGER NOT NULL,
	submitted_at INTEGER NOT NULL,
	deadline_at INTEGER NOT NULL,
	completed_at INTEGER NOT NULL,
	result_location TEXT,
	result_etag TEXT,
	result_type TEXT,
	result_size INTEGER NOT NULL,
	error_code TEXT,
	error_text TEXT
) STRICT;

-- DONE is final, whoever writes.
CREATE TRIGGER done_is_final BEFORE UPDATE ON job_state
WHEN old.state = 2
BEGIN
	SELECT RAISE(ABORT, 'a job that is done cannot change');
END;

CREATE TABLE submission (
	seq INTEGER NOT NULL REFERENCES job (seq),
	n INTEGER NOT NULL,
	fate INTEGER NOT NULL,
	intent_at INTEGER NOT NULL,
	ended_at INTEGER NOT NULL,
	inference_id TEXT,
	extension TEXT,
	filename TEXT,
	predicted TEXT,
	output_location TEXT,
	failure_location TEXT,
	request_id TEXT,
	note TEXT,
	PRIMARY KEY (seq, n)
) STRICT, WITHOUT ROWID;
