-- SPDX-License-Identifier: Apache-2.0
-- What the ledgers of submitter and peer and the database say together. It
-- knows of awaitd nothing but its tables. States: job 2 is DONE, delivery 1
-- DELIVERED; attempt 2 FAILED (status -1: there was no answer), 3 INTERRUPTED;
-- submission 1 ACCEPTED, 4 in doubt.
-- The tables submitted, accepted, runs, hooks and done_before are filled from
-- files, db is attached.

CREATE INDEX submitted_job ON submitted (job);
CREATE INDEX accepted_id ON accepted (inference_id);
CREATE INDEX accepted_key ON accepted (object);
CREATE INDEX runs_id ON runs (inference_id);
CREATE INDEX runs_job ON runs (substr(inference_id, 1, 26));
CREATE INDEX hooks_id ON hooks (webhook_id, attempt);
CREATE INDEX hooks_job ON hooks (job);

-- Jobs that were acknowledged, once each.
CREATE TEMP TABLE acked AS
SELECT job, min(input_sha) AS sha, count(DISTINCT input_sha) AS inputs,
	count(DISTINCT key) AS keys
FROM submitted GROUP BY job;
CREATE UNIQUE INDEX temp.acked_job ON acked (job);

CREATE TEMP TABLE deliveries AS
SELECT d.id, d.state, d.event, d.target, d.body_sha256 AS sha, j.id AS job,
	d.seq
FROM db.delivery d JOIN db.job j ON j.seq = d.job;
CREATE UNIQUE INDEX temp.deliveries_id ON deliveries (id);
CREATE INDEX temp.deliveries_job ON deliveries (job);

-- A copy that the receiver took, whether or not its answer arrived.
CREATE TEMP TABLE taken AS
SELECT webhook_id AS id, count(*) AS copies
FROM hooks WHERE status BETWEEN '200' AND '299' OR status = 'dropped'
GROUP BY webhook_id;
CREATE UNIQUE INDEX temp.taken_id ON taken (id);

-- Attempts that may have left a copy nobody knew of.
CREATE TEMP TABLE unheard AS
SELECT d.id, sum(a.outcome = 3) AS interrupted,
	sum(a.outcome = 2 AND a.status = -1) AS unanswered,
	sum(a.outcome = 0) AS left_open
FROM db.attempt a JOIN db.delivery d ON d.seq = a.delivery
GROUP BY d.id;
CREATE UNIQUE INDEX temp.unheard_id ON unheard (id);

-- Submissions as recorded, and runs of the model as they were.
CREATE TEMP TABLE recorded AS
SELECT j.id AS job, s.inference_id, s.n, s.fate, s.filename
FROM db.submission s JOIN db.job j ON j.seq = s.seq;
CREATE INDEX temp.recorded_id ON recorded (inference_id);
CREATE INDEX temp.recorded_job ON recorded (job);
CREATE TEMP TABLE per_job AS
SELECT r.job, r.n, coalesce(m.n, 0) AS runs
FROM (SELECT job, count(*) AS n FROM recorded GROUP BY job) r
LEFT JOIN (SELECT substr(inference_id, 1, 26) AS job, count(*) AS n
	FROM runs GROUP BY 1) m ON m.job = r.job;

CREATE TEMP TABLE wrong (kind TEXT, what TEXT);

-- P1, P2: acknowledged, and not at its end with every event taken.
INSERT INTO wrong
SELECT 'lost', a.job FROM acked a
LEFT JOIN db.job j ON j.id = a.job
LEFT JOIN db.job_state s ON s.seq = j.seq
WHERE s.state IS NOT 2
OR NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.job = a.job)
OR EXISTS (SELECT 1 FROM deliveries d WHERE d.job = a.job
	AND (d.state <> 1 OR d.id NOT IN (SELECT id FROM taken)));

-- P3: nothing left without a record written before.
INSERT INTO wrong
SELECT 'unrecorded', 'copy ' || h.webhook_id || ' ' || h.attempt
FROM (SELECT webhook_id, attempt, count(*) AS n FROM hooks
	GROUP BY webhook_id, attempt) h
LEFT JOIN deliveries d ON d.id = h.webhook_id
LEFT JOIN db.attempt t
ON t.delivery = d.seq AND t.n = CAST(h.attempt AS INTEGER)
WHERE t.n IS NULL OR h.n > 1;
INSERT INTO wrong
SELECT 'unrecorded', 'request ' || a.inference_id FROM accepted a
WHERE a.inference_id NOT IN (SELECT inference_id FROM recorded);

-- P5: a copy beyond the first has an attempt whose end nobody heard.
INSERT INTO wrong
SELECT 'duplicates', t.id || ' copies=' || t.copies
FROM taken t LEFT JOIN unheard u ON u.id = t.id
WHERE t.copies - 1 >
	coalesce(u.interrupted, 0) + coalesce(u.unanswered, 0);

-- P6: a second run has a second submission, and names of its own.
INSERT INTO wrong
SELECT 'extra_runs', job || ' runs=' || runs || ' recorded=' || n
FROM per_job WHERE runs > n;
INSERT INTO wrong
SELECT 'mismatches', 'two runs write ' || object FROM accepted
GROUP BY object HAVING count(*) > 1;

INSERT INTO wrong
SELECT 'mismatches', 'two submissions of ' || job || ' write ' || filename
FROM recorded WHERE filename IS NOT NULL
GROUP BY job, filename HAVING count(*) > 1;

-- P4: one event, one id, one body; and the bytes that the input leads to.
INSERT INTO wrong
SELECT 'mismatches', 'ids of one event of ' || job FROM hooks
GROUP BY job, type HAVING count(DISTINCT webhook_id) > 1;
INSERT INTO wrong
SELECT 'mismatches', 'bodies of ' || webhook_id FROM hooks
GROUP BY webhook_id HAVING count(DISTINCT body_sha) > 1;
INSERT INTO wrong
SELECT 'mismatches', 'body of ' || h.webhook_id || ' is not the journal''s'
FROM hooks h JOIN deliveries d ON d.id = h.webhook_id
WHERE h.body_sha <> d.sha GROUP BY h.webhook_id;
INSERT INTO wrong
SELECT 'mismatches', 'job of ' || h.webhook_id
FROM hooks h JOIN deliveries d ON d.id = h.webhook_id
WHERE h.job <> d.job GROUP BY h.webhook_id;
INSERT INTO wrong
SELECT 'mismatches', 'input of ' || a.inference_id
FROM accepted a JOIN acked s ON s.job = substr(a.inference_id, 1, 26)
WHERE a.input_sha <> s.sha;
INSERT INTO wrong
SELECT 'mismatches', 'one job, several inputs or keys: ' || job
FROM acked WHERE inputs > 1 OR keys > 1;
INSERT INTO wrong
SELECT 'mismatches', 'one key, several jobs: ' || key FROM submitted
GROUP BY key HAVING count(DISTINCT job) > 1;
INSERT INTO wrong
SELECT 'mismatches', 'result of ' || h.job FROM hooks h
WHERE h.type = 'inference.completed' AND h.result_sha <> '-'
AND NOT EXISTS (SELECT 1 FROM runs r
	WHERE r.inference_id = h.inference_id
	AND substr(r.inference_id, 1, 26) = h.job
	AND r.result_sha = h.result_sha)
GROUP BY h.webhook_id;

-- DONE is final.
INSERT INTO wrong
SELECT 'reopened', b.job FROM done_before b
LEFT JOIN db.job j ON j.id = b.job
LEFT JOIN db.job_state s ON s.seq = j.seq
WHERE s.state IS NOT 2 OR s.outcome IS NOT CAST(b.outcome AS INTEGER)
OR s.completed_at IS NOT CAST(b.completed_at AS INTEGER)
OR coalesce(s.result_location, '') IS NOT b.result_location
GROUP BY b.job;

SELECT 'jobs=' || (SELECT count(*) FROM acked)
	|| ' lost=' || (SELECT count(*) FROM wrong WHERE kind = 'lost')
	|| ' unrecorded='
	|| (SELECT count(*) FROM wrong WHERE kind = 'unrecorded')
	|| ' duplicates='
	|| (SELECT coalesce(sum(copies - 1), 0) FROM taken)
	|| ' interrupted='
	|| (SELECT coalesce(sum(interrupted), 0) FROM unheard)
	|| ' unanswered='
	|| (SELECT coalesce(sum(unanswered), 0) FROM unheard)
	|| ' max_copies=' || (SELECT coalesce(max(copies), 0) FROM taken)
	|| ' doubts=' || (SELECT count(*) FROM recorded WHERE fate = 4)
	|| ' extra_runs='
	|| (SELECT coalesce(sum(runs - 1), 0) FROM per_job WHERE runs > 1)
	|| ' resubmissions='
	|| (SELECT coalesce(sum(n - 1), 0) FROM per_job)
	|| ' overlap=' || (SELECT count(*) FROM runs a JOIN runs b
		ON substr(a.inference_id, 1, 26) = substr(b.inference_id, 1, 26)
		AND a.rowid < b.rowid
		AND CAST(b.begin_ms AS INTEGER) < CAST(a.end_ms AS INTEGER)
		AND CAST(a.begin_ms AS INTEGER) < CAST(b.end_ms AS INTEGER))
	|| ' mismatches='
	|| (SELECT count(*) FROM wrong WHERE kind = 'mismatches')
	|| ' reopened='
	|| (SELECT count(*) FROM wrong WHERE kind = 'reopened')
	|| ' not_ok=' || (SELECT count(*) FROM db.job_state
		WHERE state = 2 AND outcome <> 1)
	|| ' strays=' || (SELECT count(*) FROM db.job
		WHERE id NOT IN (SELECT job FROM acked))
	|| ' open=' || (SELECT coalesce(sum(left_open), 0) FROM unheard);
SELECT '# ' || kind || ': ' || what FROM wrong LIMIT 20;
