-- What was copied, of whichever version; what refers to another goes first.

DROP TABLE IF EXISTS old_told;
DROP TABLE IF EXISTS old_late_result;
DROP TABLE IF EXISTS old_idempotency;
DROP TABLE IF EXISTS old_kept;
DROP TABLE IF EXISTS old_notice;
DROP TABLE IF EXISTS old_damaged;
DROP TABLE old_attempt;
DROP TABLE old_delivery_body;
DROP TABLE old_delivery;
DROP TABLE old_submission;
DROP TABLE old_job_state;
DROP TABLE old_job;
