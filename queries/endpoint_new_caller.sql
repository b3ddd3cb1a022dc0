-- id: SM-I01
-- title: Endpoint called by somebody new
-- meaning: A principal calls an endpoint for the first time.
-- severity: medium
-- attack: T1078.004
-- atlas: AML.T0040
-- window: first seen against the baseline
-- needs: data AWS::SageMaker::Endpoint, baseline
-- look-alikes: the roll-out of a new application
WITH f AS (
  SELECT actor_key, resource_arn, MIN(ts) AS first_ts
  FROM events
  WHERE event_name LIKE 'InvokeEndpoint%' AND is_data = 1 AND ok = 1
  GROUP BY actor_key, resource_arn
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'first call of ' || e.resource_name AS why,
       e.resource_arn, e.source_ip
FROM f
JOIN events e ON e.actor_key = f.actor_key AND e.resource_arn = f.resource_arn AND e.ts = f.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_name LIKE 'InvokeEndpoint%' AND e.is_data = 1 AND e.ok = 1
