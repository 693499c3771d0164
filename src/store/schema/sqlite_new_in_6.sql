-- What is new in version 6, where the old tables stand aside. What older
-- attempts met was not noted: it stays unknown.

ALTER TABLE old_job ADD COLUMN tags TEXT;
ALTER TABLE old_attempt ADD COLUMN error_class TEXT;
ALTER TABLE old_attempt ADD COLUMN request_headers TEXT;
ALTER TABLE old_attempt ADD COLUMN response_headers TEXT;
