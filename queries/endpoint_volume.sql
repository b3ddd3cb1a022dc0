-- id: SM-I02
-- title: Endpoint called far more than ever
-- meaning: Calls of an endpoint by somebody within an hour, above the median of his hours in the baseline plus
--   six times their deviation (MAD), and at least fifty.
-- severity: medium
-- attack: T1496.004
-- atlas: AML.T0024.002 AML.T0034
-- window: 1 hour, against the median of the baseline
-- needs: data AWS::SageMaker::Endpoint, baseline
-- look-alikes: a campaign or a load test; an application that grows slowly
WITH h AS (
  SELECT actor_key, resource_arn, CAST(FLOOR(ts / 3600) AS BIGINT) AS slot, COUNT(*) AS n, MAX(ts) AS ts
  FROM events
  WHERE event_source = 'sagemaker.amazonaws.com' AND event_name IN ('InvokeEndpoint', 'InvokeEndpointAsync', 'InvokeEndpointWithResponseStream')
  GROUP BY actor_key, resource_arn, CAST(FLOOR(ts / 3600) AS BIGINT)
), m AS (
  SELECT h.actor_key, h.resource_arn, MEDIAN(h.n) AS med FROM h CROSS JOIN params q WHERE h.ts < q.split GROUP BY h.actor_key, h.resource_arn
), d AS (
  SELECT h.actor_key, h.resource_arn, MEDIAN(ABS(h.n - m.med)) AS mad
  FROM h JOIN m ON m.actor_key = h.actor_key AND m.resource_arn = h.resource_arn CROSS JOIN params q
  WHERE h.ts < q.split GROUP BY h.actor_key, h.resource_arn
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       CAST(h.n AS VARCHAR) || ' calls of ' || e.resource_name || ' within an hour' AS why,
       h.n AS calls, e.source_ip
FROM h
CROSS JOIN params p
LEFT JOIN m ON m.actor_key = h.actor_key AND m.resource_arn = h.resource_arn
LEFT JOIN d ON d.actor_key = h.actor_key AND d.resource_arn = h.resource_arn
JOIN events e ON e.actor_key = h.actor_key AND e.resource_arn = h.resource_arn AND e.ts = h.ts
WHERE p.has_baseline = 1 AND h.ts >= p.split AND h.n >= 50
  AND h.n > COALESCE(m.med, 0) + 6 * 1.4826 * COALESCE(d.mad, 0) AND h.n > 1.5 * COALESCE(m.med, 0)
  AND e.event_source = 'sagemaker.amazonaws.com' AND e.event_name IN ('InvokeEndpoint', 'InvokeEndpointAsync', 'InvokeEndpointWithResponseStream')
