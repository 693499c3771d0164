-- What is new in version 5, where the old tables stand aside. That a body is
-- an event is told by how it begins, which no older version had noted.

ALTER TABLE old_job ADD COLUMN callback_url TEXT;
ALTER TABLE old_job ADD COLUMN traceparent TEXT;
ALTER TABLE old_job ADD COLUMN tracestate TEXT;
ALTER TABLE old_delivery ADD COLUMN about TEXT;
ALTER TABLE old_delivery ADD COLUMN payload INTEGER NOT NULL DEFAULT 1;
ALTER TABLE old_delivery ADD COLUMN format INTEGER NOT NULL DEFAULT 0;
ALTER TABLE old_delivery ADD COLUMN url_expires_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE old_delivery ADD COLUMN last_status INTEGER NOT NULL DEFAULT -1;

UPDATE old_delivery SET payload = 0 WHERE EXISTS
	(SELECT 1 FROM old_delivery_body b WHERE b.seq = old_delivery.seq
	AND substr(b.body, 1, 19) = CAST('{"type":"inference.' AS BLOB));

UPDATE old_delivery SET last_status = max(-1, coalesce(
	(SELECT a.status FROM old_attempt a WHERE a.delivery = old_delivery.seq
	AND a.outcome <> 0 ORDER BY a.n DESC LIMIT 1), -1));
