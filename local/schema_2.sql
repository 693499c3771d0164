-- What version 2 adds: results on their way to another S3, and topics with
-- what is to be published.

ALTER TABLE request ADD COLUMN staged INTEGER NOT NULL DEFAULT 0;
ALTER TABLE request ADD COLUMN notice TEXT;

-- What SetTopicAttributes set; NULL: never.
CREATE TABLE topic (
	arn TEXT NOT NULL PRIMARY KEY,
	signature_version TEXT,
	delivery_policy TEXT,
	display_name TEXT
) WITHOUT ROWID;

-- token is what ConfirmSubscription takes; it stays, so that confirming twice
-- is no error. One that was ended without a signature stays, too, until the
-- token by which it can be taken up again is too old.
CREATE TABLE subscription (
	arn TEXT NOT NULL PRIMARY KEY,
	topic TEXT NOT NULL REFERENCES topic (arn),
	protocol TEXT NOT NULL,
	endpoint TEXT NOT NULL,
	token TEXT NOT NULL UNIQUE,
	token_until INTEGER NOT NULL,
	state INTEGER NOT NULL, -- 0 pending, 1 confirmed, 2 ended
	authenticated INTEGER NOT NULL, -- confirmed with a signature
	owned INTEGER NOT NULL, -- to be ended with a signature only
	raw INTEGER NOT NULL,
	delivery_policy TEXT,
	created_at INTEGER NOT NULL,
	UNIQUE (topic, protocol, endpoint)
) WITHOUT ROWID;

CREATE INDEX subscription_topic ON subscription (topic, arn);
CREATE INDEX subscription_token ON subscription (token_until)
	WHERE state <> 1;

-- A message is there as long as a delivery of it is.
CREATE TABLE message (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	id TEXT NOT NULL,
	topic TEXT NOT NULL,
	type TEXT NOT NULL, -- Notification and the like
	subject TEXT,
	body TEXT NOT NULL,
	body_http TEXT, -- where they differ from the one above
	body_https TEXT,
	attributes TEXT, -- MessageAttributes as JSON
	token TEXT, -- of a confirmation
	published_at INTEGER NOT NULL
);

-- Each goes when its subscription goes.
CREATE TABLE delivery (
	message INTEGER NOT NULL REFERENCES message (seq),
	subscription TEXT NOT NULL,
	copy INTEGER NOT NULL,
	tries INTEGER NOT NULL, -- that failed
	due_at INTEGER NOT NULL,
	held INTEGER NOT NULL, -- until the next one to there has ended
	PRIMARY KEY (message, subscription, copy)
) WITHOUT ROWID;

CREATE INDEX delivery_lane ON delivery (subscription, due_at);

-- Which topics an endpoint was announced to by a TestNotification.
CREATE TABLE announced (
	endpoint TEXT NOT NULL,
	topic TEXT NOT NULL,
	PRIMARY KEY (endpoint, topic)
) WITHOUT ROWID;
