-- id: SM-X16
-- title: Secret of Canvas or Studio read by somebody new
-- meaning: A secret whose name is one of SageMaker's was read by a principal who never read it.
-- severity: medium
-- attack: T1555.006
-- atlas: AML.T0055
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: connectors of Canvas, in the baseline
WITH f AS (
  SELECT actor_key, resource_name, MIN(ts) AS first_ts
  FROM events
  WHERE event_source = 'secretsmanager.amazonaws.com' AND event_name = 'GetSecretValue' AND ok = 1 AND resource_name LIKE '%AmazonSageMaker-%'
  GROUP BY actor_key, resource_name
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'read the secret ' || e.resource_name AS why,
       e.source_ip
FROM f
JOIN events e ON e.actor_key = f.actor_key AND e.resource_name = f.resource_name AND e.ts = f.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_source = 'secretsmanager.amazonaws.com' AND e.event_name = 'GetSecretValue' AND e.ok = 1 AND e.resource_name LIKE '%AmazonSageMaker-%'
