-- What was copied; what refers to another goes first.

DROP TABLE old_attempt;
DROP TABLE old_delivery_body;
DROP TABLE old_delivery;
DROP TABLE old_submission;
DROP TABLE old_job_state;
DROP TABLE old_job;
