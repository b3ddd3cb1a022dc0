-- id: SM-E06
-- title: Job outside the network where jobs used to be inside
-- meaning: A training job, processing job or model names no subnet, where four of five earlier ones of this
--   principal did.
-- severity: medium
-- attack: T1578.005
-- atlas: AML.T0025
-- window: majority of the baseline
-- needs: management, baseline
-- look-alikes: a first job in an account for trying out: it has no baseline
WITH j AS (
  SELECT DISTINCT a.event_key, a.actor_key, a.event_name, a.ts, COALESCE(v.inside, 0) AS inside
  FROM events a
  LEFT JOIN (SELECT DISTINCT event_key, 1 AS inside FROM refs WHERE kind = 'vpc') v ON v.event_key = a.event_key
  WHERE a.event_source = 'sagemaker.amazonaws.com' AND a.ok = 1 AND a.event_name IN ('CreateTrainingJob', 'CreateProcessingJob', 'CreateModel')
), n AS (
  SELECT j.actor_key, j.event_name, SUM(j.inside) AS have, COUNT(*) AS n
  FROM j CROSS JOIN params q WHERE j.ts < q.split GROUP BY j.actor_key, j.event_name
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' ' || e.resource_name || ' outside the network' AS why
FROM j
JOIN events e ON e.event_key = j.event_key
JOIN n ON n.actor_key = j.actor_key AND n.event_name = j.event_name
CROSS JOIN params p
WHERE p.has_baseline = 1 AND j.ts >= p.split AND j.inside = 0 AND n.n >= 3 AND n.have >= 0.8 * n.n
  AND e.event_source = 'sagemaker.amazonaws.com' AND e.event_name IN ('CreateTrainingJob', 'CreateProcessingJob', 'CreateModel')
