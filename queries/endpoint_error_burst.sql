-- id: SM-I05
-- title: Errors of an endpoint in a burst
-- meaning: Thirty or more calls of an endpoint by somebody within an hour, of which a fifth or more fail in the
--   model or its checks, while hardly any did in the baseline: as when the model is tried out at its edges.
-- severity: medium
-- attack: T1499
-- atlas: AML.T0043 AML.T0029
-- window: 1 hour, against the share of the baseline
-- needs: data AWS::SageMaker::Endpoint, baseline
-- look-alikes: a faulty release of the application that calls; callers with many errors in the baseline
WITH c AS (
  SELECT actor_key, resource_arn, ts, CASE WHEN error_code IN ('ModelError', 'ValidationError', 'ValidationException') THEN 1 ELSE 0 END AS failed
  FROM events
  WHERE event_source = 'sagemaker.amazonaws.com' AND event_name IN ('InvokeEndpoint', 'InvokeEndpointAsync', 'InvokeEndpointWithResponseStream')
), h AS (
  SELECT actor_key, resource_arn, CAST(FLOOR(ts / 3600) AS BIGINT) AS slot, COUNT(*) AS n, SUM(failed) AS failed, MAX(ts) AS ts
  FROM c GROUP BY actor_key, resource_arn, CAST(FLOOR(ts / 3600) AS BIGINT)
), b AS (
  SELECT c.actor_key, c.resource_arn, COUNT(*) AS n, SUM(c.failed) AS failed
  FROM c CROSS JOIN params q WHERE c.ts < q.split GROUP BY c.actor_key, c.resource_arn
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       CAST(h.failed AS VARCHAR) || ' of ' || CAST(h.n AS VARCHAR) || ' calls of ' || e.resource_name || ' failed within an hour' AS why,
       h.failed AS failed, h.n AS calls, e.source_ip
FROM h
CROSS JOIN params p
LEFT JOIN b ON b.actor_key = h.actor_key AND b.resource_arn = h.resource_arn
JOIN events e ON e.actor_key = h.actor_key AND e.resource_arn = h.resource_arn AND e.ts = h.ts
WHERE p.has_baseline = 1 AND h.ts >= p.split AND h.n >= 30 AND h.failed * 5 >= h.n
  AND COALESCE(b.failed, 0) * 50 <= COALESCE(b.n, 0)
  AND e.event_source = 'sagemaker.amazonaws.com' AND e.event_name IN ('InvokeEndpoint', 'InvokeEndpointAsync', 'InvokeEndpointWithResponseStream')
