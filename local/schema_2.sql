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
-- is no error.
CREATE TABLE subscription (
	arn TEXT NOT NULL PRIMARY KEY,
	topic TEXT NOT NULL REFERENCES topic (arn),
	protocol TEXT NOT NULL,
	endpoint TEXT NOT NULL,
	token TEXT NOT NULL UNIQUE,
	token_until INTEGER NOT NULL,
	confirmed INTEGER NOT NULL DEFAULT 0,
	authenticated INTEGER NOT NULL DEFAULT 0, -- only its owner may end it
	raw INTEGER NOT NULL DEFAULT 0,
	delivery_policy TEXT,
	created_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX subscription_topic ON subscription (topic, arn);

-- A message is there as long as a delivery of it is.
CREATE TABLE message (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	id TEXT NOT NULL,
	topic TEXT NOT NULL,
	type TEXT NOT NULL, -- Notification and the like
	subject TEXT,
	body TEXT NOT NULL,
	attributes TEXT, -- MessageAttributes as JSON
	token TEXT, -- of a confirmation
	published_at INTEGER NOT NULL
);

-- The subscription's facts are copied where the message is the last it gets.
CREATE TABLE delivery (
	message INTEGER NOT NULL REFERENCES message (seq),
	subscription TEXT NOT NULL,
	copy INTEGER NOT NULL DEFAULT 0,
	endpoint TEXT NOT NULL,
	raw INTEGER NOT NULL,
	delivery_policy TEXT,
	tries INTEGER NOT NULL DEFAULT 0,
	due_at INTEGER NOT NULL,
	PRIMARY KEY (message, subscription, copy)
) WITHOUT ROWID;

CREATE INDEX delivery_due ON delivery (due_at);

-- Which topics an endpoint was announced to by a TestNotification.
CREATE TABLE announced (
	endpoint TEXT NOT NULL,
	topic TEXT NOT NULL,
	PRIMARY KEY (endpoint, topic)
) WITHOUT ROWID;
