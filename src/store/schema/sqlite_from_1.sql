-- A file of version 1 becomes one that has all that version 2 had.

ALTER TABLE job ADD COLUMN deliver TEXT;
ALTER TABLE job ADD COLUMN retry_of TEXT;
ALTER TABLE job ADD COLUMN idempotency_key TEXT;
ALTER TABLE job ADD COLUMN idempotency_hash TEXT;
ALTER TABLE job_state ADD COLUMN result_sha256 TEXT;

CREATE TABLE delivery (
	seq INTEGER PRIMARY KEY,
	id TEXT,
	job INTEGER,
	target TEXT,
	event TEXT,
	created_at INTEGER,
	content_type TEXT,
	body_size INTEGER,
	body_sha256 TEXT,
	by_reference INTEGER,
	state INTEGER,
	owner TEXT,
	epoch INTEGER,
	due_at INTEGER,
	ended_at INTEGER,
	attempts INTEGER,
	failures INTEGER,
	interruptions INTEGER,
	replays INTEGER,
	note TEXT
);

CREATE TABLE delivery_body (seq INTEGER PRIMARY KEY, body BLOB);

CREATE TABLE attempt (
	delivery INTEGER,
	n INTEGER,
	outcome INTEGER,
	replay INTEGER,
	started_at INTEGER,
	ended_at INTEGER,
	status INTEGER,
	note TEXT,
	response TEXT
);
