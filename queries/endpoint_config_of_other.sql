-- id: SM-T05
-- title: Endpoint rolled to a configuration from another hand
-- meaning: An endpoint got a configuration that another principal made than those of the baseline; or it kept
--   its settings but those of the capture.
-- severity: medium
-- attack: T1578.005
-- atlas: AML.T0031
-- window: against the makers of the baseline
-- needs: management, baseline
-- look-alikes: going back by hand; endpoints without a history
WITH c AS (
  SELECT a.resource_name AS config, a.actor_key AS maker
  FROM events a
  WHERE a.event_source = 'sagemaker.amazonaws.com' AND a.event_name = 'CreateEndpointConfig' AND a.ok = 1
), u AS (
  SELECT a.event_key, a.recipient_account, a.region, a.ts, a.resource_name AS endpoint, f.value AS config
  FROM events a
  JOIN fields f ON f.event_key = a.event_key
  WHERE a.event_source = 'sagemaker.amazonaws.com' AND a.event_name IN ('CreateEndpoint', 'UpdateEndpoint') AND a.ok = 1 AND f.path = 'endpointConfigName'
), b AS (
  SELECT u.recipient_account, u.region, u.endpoint, c.maker, COUNT(*) AS n
  FROM u JOIN c ON c.config = u.config CROSS JOIN params q
  WHERE u.ts < q.split GROUP BY u.recipient_account, u.region, u.endpoint, c.maker
), k AS (
  SELECT recipient_account, region, endpoint, COUNT(*) AS makers FROM b GROUP BY recipient_account, region, endpoint
), x AS (
  SELECT u.event_key
  FROM u
  JOIN c ON c.config = u.config
  JOIN k ON k.recipient_account = u.recipient_account AND k.region = u.region AND k.endpoint = u.endpoint
  LEFT JOIN b ON b.recipient_account = u.recipient_account AND b.region = u.region AND b.endpoint = u.endpoint AND b.maker = c.maker
  WHERE b.n IS NULL
  UNION ALL
  SELECT a.event_key
  FROM events a JOIN fields f ON f.event_key = a.event_key
  WHERE a.event_source = 'sagemaker.amazonaws.com' AND a.event_name = 'UpdateEndpoint' AND a.ok = 1
    AND f.path LIKE 'excludeRetainedVariantProperties[]%' AND f.value = 'DataCaptureConfig'
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' ' || e.resource_name || ' with a configuration from another hand' AS why,
       e.source_ip
FROM (SELECT DISTINCT event_key FROM x) y
JOIN events e ON e.event_key = y.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND e.ts >= p.split
  AND e.event_source = 'sagemaker.amazonaws.com' AND e.event_name IN ('CreateEndpoint', 'UpdateEndpoint') AND e.ok = 1
