-- id: SM-R01
-- title: Model version approved by somebody new
-- meaning: A model package was approved by somebody who never approved one.
-- severity: high
-- attack: T1677
-- atlas: AML.T0010.003
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: a new reviewer
WITH f AS (
  SELECT actor_key, MIN(ts) AS first_ts
  FROM events
  WHERE event_name = 'UpdateModelPackage' AND approval = 'Approved' AND ok = 1
  GROUP BY actor_key
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'approved ' || e.resource_name || ' and never approved one before' AS why
FROM f
JOIN events e ON e.actor_key = f.actor_key AND e.ts = f.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_name = 'UpdateModelPackage' AND e.approval = 'Approved' AND e.ok = 1
