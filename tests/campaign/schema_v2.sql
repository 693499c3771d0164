-- SPDX-License-Identifier: Apache-2.0
-- The schema of version 2 as it was, for files that are brought up to date.
-- Never to be changed: such files are out there.

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
	deliver TEXT,
	retry_of TEXT,
	idempotency_key TEXT,
	idempotency_hash TEXT,
	input INTEGER NOT NULL,
	input_path TEXT,
	input_size INTEGER NOT NULL,
	input_sha256 TEXT,
	input_spooled INTEGER NOT NULL,
	input_location TEXT,
	body BLOB
) STRICT;

CREATE UNIQUE INDEX job_by_key ON job (idempotency_key)
WHERE idempotency_key IS NOT NULL;

-- The seq of a row is the last column of every index: pages of a listing
-- start where they should.
CREATE INDEX job_by_endpoint ON job (endpoint);

CREATE TABLE job_state (
	seq INTEGER PRIMARY KEY REFERENCES job (seq) ON DELETE CASCADE,
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
	result_sha256 TEXT,
	error_code TEXT,
	error_text TEXT
) STRICT;

-- For listings, and for a start, which reads what is not done.
CREATE INDEX job_by_state ON job_state (state, outcome);

-- For retention.
CREATE INDEX job_by_end ON job_state (completed_at) WHERE state = 2;

-- DONE is final, whoever writes.
CREATE TRIGGER done_is_final BEFORE UPDATE ON job_state
WHEN old.state = 2
BEGIN
	SELECT RAISE(ABORT, 'a job that is done cannot change');
END;

CREATE TABLE submission (
	seq INTEGER NOT NULL REFERENCES job (seq) ON DELETE CASCADE,
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

CREATE TABLE delivery (
	seq INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	job INTEGER NOT NULL REFERENCES job (seq) ON DELETE CASCADE,
	target TEXT NOT NULL,
	event TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	content_type TEXT,
	body_size INTEGER NOT NULL,
	body_sha256 TEXT,
	by_reference INTEGER NOT NULL,
	state INTEGER NOT NULL,
	owner TEXT,
	epoch INTEGER NOT NULL,
	due_at INTEGER NOT NULL,
	ended_at INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	failures INTEGER NOT NULL,
	interruptions INTEGER NOT NULL,
	replays INTEGER NOT NULL,
	note TEXT
) STRICT;

CREATE UNIQUE INDEX delivery_by_job ON delivery (job, target, event);
CREATE INDEX delivery_by_state ON delivery (state);
CREATE INDEX delivery_by_target ON delivery (target);

CREATE TABLE delivery_body (
	seq INTEGER PRIMARY KEY REFERENCES delivery (seq) ON DELETE CASCADE,
	body BLOB NOT NULL
) STRICT;

CREATE TABLE attempt (
	delivery INTEGER NOT NULL REFERENCES delivery (seq) ON DELETE CASCADE,
	n INTEGER NOT NULL,
	outcome INTEGER NOT NULL,
	replay INTEGER NOT NULL,
	started_at INTEGER NOT NULL,
	ended_at INTEGER NOT NULL,
	status INTEGER NOT NULL,
	note TEXT,
	response TEXT,
	PRIMARY KEY (delivery, n)
) STRICT;
