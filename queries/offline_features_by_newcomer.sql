-- id: SM-X14
-- title: Offline feature store asked by somebody new
-- meaning: A query of the database of the offline feature store by somebody who never asked it: the records
--   leave without a call of the feature store.
-- severity: medium
-- attack: T1530 T1213.006
-- atlas: AML.T0085
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: the team for reports, in the baseline; queries of other databases
WITH n AS (
  SELECT a.actor_key, a.ts, a.event_key
  FROM events a
  JOIN fields f ON f.event_key = a.event_key
  WHERE a.event_source = 'athena.amazonaws.com' AND a.event_name = 'StartQueryExecution' AND a.ok = 1
    AND f.path = 'queryExecutionContext.database' AND f.value = 'sagemaker_featurestore'
), f AS (
  SELECT actor_key, MIN(ts) AS first_ts FROM n GROUP BY actor_key
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'asked the offline feature store' AS why,
       e.source_ip
FROM f
JOIN n ON n.actor_key = f.actor_key AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_source = 'athena.amazonaws.com' AND e.event_name = 'StartQueryExecution' AND e.ok = 1
