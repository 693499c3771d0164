-- What awaitd-local keeps: an index of objects, whose bytes are files, and
-- the requests that are not answered yet. Later versions add to it in schema_2.sql; db_sql.c sets user_version.

CREATE TABLE bucket (
	name TEXT NOT NULL PRIMARY KEY
) WITHOUT ROWID;

-- Keys compare by their bytes, which is the order that S3 lists in.
CREATE TABLE object (
	bucket TEXT NOT NULL,
	key TEXT NOT NULL,
	file TEXT NOT NULL,
	size INTEGER NOT NULL,
	etag TEXT NOT NULL,
	checksum TEXT NOT NULL, -- "crc32=..." or ""
	headers TEXT NOT NULL, -- "Name: value" lines
	modified_at INTEGER NOT NULL,
	PRIMARY KEY (bucket, key)
) WITHOUT ROWID;

-- At start every file without an object is swept away.
CREATE UNIQUE INDEX object_file ON object (file);

-- seq is the order of acceptance; numbers are never used twice.
CREATE TABLE request (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	inference_id TEXT NOT NULL,
	endpoint TEXT NOT NULL,
	content_type TEXT,
	accept TEXT,
	custom_attributes TEXT,
	input_location TEXT,
	body BLOB,
	output TEXT NOT NULL,
	failure TEXT,
	accepted_at INTEGER NOT NULL,
	ttl_s INTEGER NOT NULL,
	timeout_s INTEGER NOT NULL
);
