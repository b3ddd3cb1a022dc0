-- id: SM-G07
-- title: Endpoint made by somebody new, and not called
-- meaning: An endpoint was made by somebody who never made one, and nobody called it for a day: it costs, and
--   serves nobody.
-- severity: medium
-- attack: T1496.001
-- atlas: AML.T0034
-- window: 24 hours; first seen against the baseline
-- needs: data AWS::SageMaker::Endpoint, management, baseline
-- look-alikes: a demonstration; deployments that wait for their traffic
WITH f AS (
  SELECT actor_key, MIN(ts) AS first_ts
  FROM events WHERE event_source = 'sagemaker.amazonaws.com' AND event_name = 'CreateEndpoint' AND ok = 1 GROUP BY actor_key
), c AS (
  SELECT e.event_key, e.ts, e.region, e.resource_name
  FROM f JOIN events e ON e.actor_key = f.actor_key AND e.ts = f.first_ts
  CROSS JOIN params q
  WHERE q.has_baseline = 1 AND f.first_ts >= q.split AND e.ts <= q.end_ts - 86400
    AND e.event_source = 'sagemaker.amazonaws.com' AND e.event_name = 'CreateEndpoint' AND e.ok = 1
), i AS (
  SELECT region, resource_name, ts
  FROM events
  WHERE event_source = 'sagemaker.amazonaws.com' AND is_data = 1 AND event_name IN ('InvokeEndpoint', 'InvokeEndpointAsync', 'InvokeEndpointWithResponseStream')
), called AS (
  SELECT DISTINCT c.event_key, 1 AS seen
  FROM c JOIN i ON i.region = c.region AND i.resource_name = c.resource_name
  WHERE i.ts >= c.ts AND i.ts <= c.ts + 86400
), h AS (
  SELECT COUNT(*) AS n FROM i
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'the endpoint ' || e.resource_name || ' was not called for a day' AS why
FROM c
CROSS JOIN h
JOIN events e ON e.event_key = c.event_key
LEFT JOIN called k ON k.event_key = c.event_key
WHERE k.seen IS NULL AND h.n > 0
  AND e.event_source = 'sagemaker.amazonaws.com' AND e.event_name = 'CreateEndpoint'
