-- What version 2 had stands aside as old_*, with the columns of version 4, and
-- sqlite_migrate.c copies it into new tables, with the checksums. These are
-- made anew rather than altered: so a migrated file and a new one are the same,
-- and no column lies behind a body.

DROP TRIGGER done_is_final;
DROP INDEX IF EXISTS job_by_key;
DROP INDEX IF EXISTS job_by_endpoint;
DROP INDEX IF EXISTS job_by_state;
DROP INDEX IF EXISTS job_by_end;
DROP INDEX IF EXISTS delivery_by_job;
DROP INDEX IF EXISTS delivery_by_state;
DROP INDEX IF EXISTS delivery_by_target;

-- References of one table to another follow its name.
ALTER TABLE attempt RENAME TO old_attempt;
ALTER TABLE delivery_body RENAME TO old_delivery_body;
ALTER TABLE delivery RENAME TO old_delivery;
ALTER TABLE submission RENAME TO old_submission;
ALTER TABLE job_state RENAME TO old_job_state;
ALTER TABLE job RENAME TO old_job;

ALTER TABLE old_job ADD COLUMN avoid_duplicates INTEGER NOT NULL DEFAULT 0;
ALTER TABLE old_job ADD COLUMN retry_failed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE old_job_state ADD COLUMN deadline_mono INTEGER NOT NULL DEFAULT 0;
ALTER TABLE old_job_state ADD COLUMN boot INTEGER NOT NULL DEFAULT 0;
ALTER TABLE old_submission ADD COLUMN intent_mono INTEGER NOT NULL DEFAULT 0;
ALTER TABLE old_submission ADD COLUMN ended_mono INTEGER NOT NULL DEFAULT 0;
ALTER TABLE old_submission ADD COLUMN boot INTEGER NOT NULL DEFAULT 0;
ALTER TABLE old_submission ADD COLUMN before_etag TEXT;
ALTER TABLE old_submission ADD COLUMN before_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE old_delivery ADD COLUMN interrupted_since INTEGER NOT NULL DEFAULT 0;
