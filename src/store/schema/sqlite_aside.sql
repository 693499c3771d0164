-- What versions 4 and 5 had stands aside as old_*, and sqlite_migrate.c copies
-- it into new tables. A row that was damaged must not become sound by that:
-- fine says which are to be believed (sqlite_fine_*.sql).

DROP TRIGGER done_is_final;
DROP TRIGGER job_is_gone;
DROP TRIGGER delivery_is_gone;
DROP INDEX IF EXISTS job_by_endpoint;
DROP INDEX IF EXISTS job_by_state;
DROP INDEX IF EXISTS job_by_end;
DROP INDEX IF EXISTS delivery_by_job;
DROP INDEX IF EXISTS delivery_by_state;
DROP INDEX IF EXISTS delivery_by_target;
DROP INDEX IF EXISTS idempotency_by_age;
DROP INDEX IF EXISTS notice_by_age;

-- References of one table to another follow its name.
ALTER TABLE told RENAME TO old_told;
ALTER TABLE late_result RENAME TO old_late_result;
ALTER TABLE attempt RENAME TO old_attempt;
ALTER TABLE delivery_body RENAME TO old_delivery_body;
ALTER TABLE delivery RENAME TO old_delivery;
ALTER TABLE submission RENAME TO old_submission;
ALTER TABLE job_state RENAME TO old_job_state;
ALTER TABLE job RENAME TO old_job;
ALTER TABLE idempotency RENAME TO old_idempotency;
ALTER TABLE kept RENAME TO old_kept;
ALTER TABLE notice RENAME TO old_notice;
ALTER TABLE damaged RENAME TO old_damaged;

ALTER TABLE old_job ADD COLUMN fine INTEGER NOT NULL DEFAULT 1;
ALTER TABLE old_delivery ADD COLUMN fine INTEGER NOT NULL DEFAULT 1;
ALTER TABLE old_attempt ADD COLUMN fine INTEGER NOT NULL DEFAULT 1;

-- Attempts were summed alike in both.
UPDATE old_attempt SET fine = 0 WHERE sum IS NOT awaitd_sum('a', delivery,
	(SELECT d.id FROM old_delivery d WHERE d.seq = old_attempt.delivery), n,
	outcome, replay, started_at, ended_at, status, note, response);
