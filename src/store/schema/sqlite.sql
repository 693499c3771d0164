-- Jobs and deliveries at rest, version 6. A row of job is written once; what
-- changes is small and apart, so that a step rewrites little. In the same way
-- the frozen bytes of a delivery lie apart from the delivery.
--
-- sum is a checksum over the row and over whose it is: see sqlite_columns.h.

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
	avoid_duplicates INTEGER NOT NULL,
	retry_failed INTEGER NOT NULL,
	deployment TEXT,
	output_path TEXT,
	deliver TEXT,
	callback_url TEXT,
	traceparent TEXT,
	tracestate TEXT,
	tags TEXT,
	retry_of TEXT,
	idempotency_key TEXT,
	idempotency_hash TEXT,
	input INTEGER NOT NULL,
	input_path TEXT,
	input_size INTEGER NOT NULL,
	input_sha256 TEXT,
	input_spooled INTEGER NOT NULL,
	input_location TEXT,
	body_sum INTEGER,
	sum INTEGER NOT NULL,
	body BLOB
) STRICT;

-- The seq of a row is the last column of every index: pages of a listing
-- start where they should.
CREATE INDEX job_by_endpoint ON job (endpoint);

-- Which job is repeated by another.
CREATE INDEX job_by_origin ON job (retry_of) WHERE retry_of IS NOT NULL;

CREATE TABLE job_state (
	seq INTEGER PRIMARY KEY REFERENCES job (seq) ON DELETE CASCADE,
	state INTEGER NOT NULL,
	outcome INTEGER NOT NULL,
	owner TEXT,
	epoch INTEGER NOT NULL,
	submitted_at INTEGER NOT NULL,
	deadline_at INTEGER NOT NULL,
	deadline_mono INTEGER NOT NULL,
	boot INTEGER NOT NULL,
	completed_at INTEGER NOT NULL,
	result_location TEXT,
	result_etag TEXT,
	result_type TEXT,
	result_size INTEGER NOT NULL,
	result_sha256 TEXT,
	error_code TEXT,
	error_text TEXT,
	-- How many rows of submission there are: one that is lost is noticed.
	subs INTEGER NOT NULL,
	sum INTEGER NOT NULL
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
	intent_mono INTEGER NOT NULL,
	ended_mono INTEGER NOT NULL,
	boot INTEGER NOT NULL,
	before_etag TEXT,
	before_at INTEGER NOT NULL,
	sum INTEGER NOT NULL,
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
	about TEXT,
	payload INTEGER NOT NULL,
	format INTEGER NOT NULL,
	url_expires_at INTEGER NOT NULL,
	state INTEGER NOT NULL,
	owner TEXT,
	epoch INTEGER NOT NULL,
	due_at INTEGER NOT NULL,
	ended_at INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	failures INTEGER NOT NULL,
	interruptions INTEGER NOT NULL,
	interrupted_since INTEGER NOT NULL,
	replays INTEGER NOT NULL,
	last_status INTEGER NOT NULL,
	note TEXT,
	sum INTEGER NOT NULL
) STRICT;

-- Several may tell one target of one kind of event of a job: which of its
-- deliveries was given up is in their ids alone.
CREATE INDEX delivery_by_job ON delivery (job);
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
	error_class TEXT,
	request_headers TEXT,
	response_headers TEXT,
	sum INTEGER NOT NULL,
	PRIMARY KEY (delivery, n)
) STRICT;

-- A result that came after its job had expired.
CREATE TABLE late_result (
	seq INTEGER PRIMARY KEY REFERENCES job (seq) ON DELETE CASCADE,
	late_at INTEGER NOT NULL,
	late_location TEXT,
	late_etag TEXT,
	late_type TEXT,
	late_size INTEGER NOT NULL,
	sum INTEGER NOT NULL
) STRICT;

-- Keys outlive the jobs that they were given for.
CREATE TABLE idempotency (
	key TEXT NOT NULL PRIMARY KEY,
	hash TEXT,
	job TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	sum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_age ON idempotency (created_at);

-- What is learned of endpoints and the like.
CREATE TABLE kept (
	name TEXT NOT NULL PRIMARY KEY,
	value TEXT NOT NULL,
	sum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Notifications that came, so that a copy of one is known.
CREATE TABLE notice (
	source TEXT NOT NULL,
	message_id TEXT NOT NULL,
	forget_at INTEGER NOT NULL,
	sum INTEGER NOT NULL,
	PRIMARY KEY (source, message_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX notice_by_age ON notice (forget_at);

-- What a notification told of a job that no object may ever tell.
CREATE TABLE told (
	seq INTEGER NOT NULL REFERENCES job (seq) ON DELETE CASCADE,
	inference_id TEXT NOT NULL,
	endpoint TEXT,
	event_at INTEGER NOT NULL,
	reason TEXT NOT NULL,
	sum INTEGER NOT NULL,
	PRIMARY KEY (seq, inference_id)
) STRICT, WITHOUT ROWID;

-- What happened, in the order in which it was committed: written in the same
-- transaction as what it tells of. The last one always stays, so that no seq
-- is ever given twice.
CREATE TABLE event (
	seq INTEGER PRIMARY KEY,
	at INTEGER NOT NULL,
	type INTEGER NOT NULL,
	job TEXT NOT NULL,
	delivery TEXT,
	n INTEGER NOT NULL,
	sum INTEGER NOT NULL
) STRICT;

-- Rows that are not what was written, by the seq of their job or delivery or
-- by their key: for whoever looks, and so that each is told of once.
CREATE TABLE damaged (
	kind TEXT NOT NULL,
	key TEXT NOT NULL,
	noticed_at INTEGER NOT NULL,
	why TEXT NOT NULL,
	PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER job_is_gone AFTER DELETE ON job
BEGIN
	DELETE FROM damaged
	WHERE kind IN ('job', 'told') AND key = CAST(old.seq AS TEXT);
END;

CREATE TRIGGER delivery_is_gone AFTER DELETE ON delivery
BEGIN
	DELETE FROM damaged
	WHERE kind = 'delivery' AND key = CAST(old.seq AS TEXT);
END;
