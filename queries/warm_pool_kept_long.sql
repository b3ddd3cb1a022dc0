-- id: SM-L12
-- title: Machines of a job kept alive longer than ever
-- meaning: A training job keeps its machines alive behind its end for longer than any job of this principal
--   did: what runs there stays.
-- severity: low
-- attack: T1496.001
-- atlas: AML.T0034
-- window: against the maximum of the baseline
-- needs: management, baseline
-- look-alikes: training again and again with a warm pool, in the baseline; jobs without one
WITH n AS (
  SELECT a.actor_key, a.event_key, a.ts, f.number AS seconds
  FROM events a
  JOIN fields f ON f.event_key = a.event_key
  WHERE a.event_source = 'sagemaker.amazonaws.com' AND a.event_name IN ('CreateTrainingJob', 'UpdateTrainingJob') AND a.ok = 1
    AND f.path = 'resourceConfig.keepAlivePeriodInSeconds' AND f.number > 0
), b AS (
  SELECT n.actor_key, MAX(n.seconds) AS most FROM n CROSS JOIN params q WHERE n.ts < q.split GROUP BY n.actor_key
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.resource_name || ' keeps its machines for ' || CAST(n.seconds AS VARCHAR) || ' seconds' AS why,
       n.seconds AS seconds
FROM n
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
LEFT JOIN b ON b.actor_key = n.actor_key
WHERE p.has_baseline = 1 AND n.ts >= p.split AND n.seconds > COALESCE(b.most, 0)
  AND e.event_source = 'sagemaker.amazonaws.com' AND e.event_name IN ('CreateTrainingJob', 'UpdateTrainingJob') AND e.ok = 1
