-- What is in version 6 as it was in versions 4 and 5, checksums included. What
-- belongs to nothing stays behind, and keeps nobody from starting.

INSERT INTO job_state SELECT * FROM old_job_state o
WHERE EXISTS (SELECT 1 FROM job j WHERE j.seq = o.seq);

INSERT INTO submission SELECT * FROM old_submission o
WHERE EXISTS (SELECT 1 FROM job j WHERE j.seq = o.seq);

INSERT INTO delivery_body SELECT * FROM old_delivery_body o
WHERE EXISTS (SELECT 1 FROM delivery d WHERE d.seq = o.seq);

INSERT INTO late_result SELECT * FROM old_late_result o
WHERE EXISTS (SELECT 1 FROM job j WHERE j.seq = o.seq);

INSERT INTO told SELECT * FROM old_told o
WHERE EXISTS (SELECT 1 FROM job j WHERE j.seq = o.seq);

INSERT INTO idempotency SELECT * FROM old_idempotency;
INSERT INTO kept SELECT * FROM old_kept;
INSERT INTO notice SELECT * FROM old_notice;
INSERT INTO damaged SELECT * FROM old_damaged;
