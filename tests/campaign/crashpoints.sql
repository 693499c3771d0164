-- SPDX-License-Identifier: Apache-2.0
-- One row of the crash-point table in HACKING.md for each trial: what the job
-- that was under way must have come to. Behind judge.sql, which made the
-- tables; victims has the trials, expected the row.

CREATE TEMP TABLE seen AS
SELECT v.trial, v.key, a.job, v.died,
	(SELECT count(DISTINCT job) FROM submitted s WHERE s.key = v.key)
		AS jobs,
	(SELECT count(*) FROM runs r
		WHERE substr(r.inference_id, 1, 26) = a.job) AS runs,
	(SELECT count(*) FROM recorded r WHERE r.job = a.job) AS submissions,
	(SELECT count(*) FROM deliveries d WHERE d.job = a.job) AS deliveries,
	(SELECT coalesce(sum(t.copies), 0) FROM taken t
		JOIN deliveries d ON d.id = t.id WHERE d.job = a.job)
		AS copies,
	(SELECT count(*) FROM db.attempt x
		JOIN deliveries d ON d.seq = x.delivery WHERE d.job = a.job)
		AS attempts,
	(SELECT coalesce(sum(u.interrupted), 0) FROM unheard u
		JOIN deliveries d ON d.id = u.id WHERE d.job = a.job)
		AS interrupted
FROM victims v LEFT JOIN submitted a ON a.key = v.key;

SELECT 'trials=' || count(*) || ' wrong=' || coalesce(sum(wrong), 0) FROM (
	SELECT NOT (s.died = 'yes' AND s.jobs = 1 AND s.deliveries = 1
	AND (e.runs IS NULL
		OR (s.runs = e.runs AND s.submissions = e.submissions
		AND s.copies BETWEEN e.copies_min AND e.copies_max
		AND s.attempts = e.attempts
		AND s.interrupted = e.interrupted))) AS wrong
	FROM seen s, expected e);
SELECT '#   ' || s.trial || ': died=' || s.died || ' jobs=' || s.jobs
	|| ' runs=' || s.runs || ' submissions=' || s.submissions
	|| ' deliveries=' || s.deliveries || ' copies=' || s.copies
	|| ' attempts=' || s.attempts || ' interrupted=' || s.interrupted
FROM seen s, expected e
WHERE NOT (s.died = 'yes' AND s.jobs = 1 AND s.deliveries = 1
	AND (e.runs IS NULL
		OR (s.runs = e.runs AND s.submissions = e.submissions
		AND s.copies BETWEEN e.copies_min AND e.copies_max
		AND s.attempts = e.attempts
		AND s.interrupted = e.interrupted)))
LIMIT 10;
