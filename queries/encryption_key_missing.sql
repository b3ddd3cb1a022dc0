-- id: SM-E10
-- title: Encryption key missing or of another account
-- meaning: A job names no key for its output although nearly all of this principal in the baseline did, or one
--   of another account.
-- severity: medium
-- attack: T1486
-- atlas: AML.T0025
-- window: the majority of the baseline
-- needs: management, baseline
-- look-alikes: principals that seldom name a key; keys of the account
WITH j AS (
  SELECT a.event_key, a.actor_key, a.event_name, a.ts, MAX(CASE WHEN r.value <> '' THEN 1 ELSE 0 END) AS named, MAX(COALESCE(r.external, 0)) AS external
  FROM events a
  LEFT JOIN (SELECT event_key, value, external FROM refs WHERE kind = 'kms_key') r ON r.event_key = a.event_key
  WHERE a.event_source = 'sagemaker.amazonaws.com' AND a.ok = 1 AND a.event_name IN ('CreateTrainingJob', 'CreateProcessingJob', 'CreateTransformJob', 'CreateAutoMLJob', 'CreateAutoMLJobV2')
  GROUP BY a.event_key, a.actor_key, a.event_name, a.ts
), n AS (
  SELECT j.actor_key, j.event_name, SUM(j.named) AS have, COUNT(*) AS n
  FROM j CROSS JOIN params q WHERE j.ts < q.split GROUP BY j.actor_key, j.event_name
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' ' || e.resource_name || CASE WHEN j.external = 1 THEN ' with a key of another account' ELSE ' without a key' END AS why
FROM j
JOIN events e ON e.event_key = j.event_key
LEFT JOIN n ON n.actor_key = j.actor_key AND n.event_name = j.event_name
CROSS JOIN params p
WHERE p.has_baseline = 1 AND j.ts >= p.split
  AND (j.external = 1 OR (j.named = 0 AND n.n >= 3 AND n.have >= 0.8 * n.n))
  AND e.event_source = 'sagemaker.amazonaws.com'
  AND e.event_name IN ('CreateTrainingJob', 'CreateProcessingJob', 'CreateTransformJob', 'CreateAutoMLJob', 'CreateAutoMLJobV2')
