-- What version 3 adds: queues, and what buckets tell of their objects.

CREATE TABLE queue (
	name TEXT NOT NULL PRIMARY KEY,
	attributes TEXT NOT NULL, -- JSON: what was set
	created_at INTEGER NOT NULL,
	changed_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE letter (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	queue TEXT NOT NULL REFERENCES queue (name),
	id TEXT NOT NULL,
	body TEXT NOT NULL,
	sent_at INTEGER NOT NULL,
	visible_at INTEGER NOT NULL,
	held INTEGER NOT NULL, -- until the next one comes
	receives INTEGER NOT NULL,
	first_at INTEGER NOT NULL, -- that it was received; 0: never
	receipt TEXT NOT NULL -- of the last time, or ""
);

CREATE INDEX letter_visible ON letter (queue, visible_at, seq);

-- NotificationConfiguration of a bucket, as JSON.
CREATE TABLE bucket_events (
	bucket TEXT NOT NULL PRIMARY KEY REFERENCES bucket (name),
	configuration TEXT NOT NULL
) WITHOUT ROWID;
