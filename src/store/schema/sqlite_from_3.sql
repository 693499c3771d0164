-- Version 3 knew no notifications.

CREATE TABLE notice (
	source TEXT NOT NULL,
	message_id TEXT NOT NULL,
	forget_at INTEGER NOT NULL,
	sum INTEGER NOT NULL,
	PRIMARY KEY (source, message_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX notice_by_age ON notice (forget_at);

CREATE TABLE told (
	seq INTEGER NOT NULL REFERENCES job (seq) ON DELETE CASCADE,
	inference_id TEXT NOT NULL,
	endpoint TEXT,
	event_at INTEGER NOT NULL,
	reason TEXT NOT NULL,
	sum INTEGER NOT NULL,
	PRIMARY KEY (seq, inference_id)
) STRICT, WITHOUT ROWID;

DROP TRIGGER job_is_gone;
CREATE TRIGGER job_is_gone AFTER DELETE ON job
BEGIN
	DELETE FROM damaged
	WHERE kind IN ('job', 'told') AND key = CAST(old.seq AS TEXT);
END;
