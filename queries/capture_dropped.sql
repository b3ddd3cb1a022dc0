-- id: SM-E04
-- title: Capture of an endpoint switched off by a roll-out
-- meaning: An endpoint gets a configuration that captures nothing, while the configurations that it had in the
--   baseline captured.
-- severity: medium
-- attack: T1562.008
-- atlas: AML.T0031
-- window: against the configurations of the baseline
-- needs: management, baseline
-- look-alikes: endpoints that never captured; a configuration that no endpoint gets
WITH c AS (
  SELECT a.resource_name AS config, MAX(CASE WHEN r.value = 'true' THEN 1 ELSE 0 END) AS captures
  FROM events a
  LEFT JOIN (SELECT event_key, value FROM refs WHERE kind = 'posture_flag' AND path = 'dataCaptureConfig.enableCapture') r ON r.event_key = a.event_key
  WHERE a.event_source = 'sagemaker.amazonaws.com' AND a.event_name = 'CreateEndpointConfig' AND a.ok = 1
  GROUP BY a.resource_name
), u AS (
  SELECT a.event_key, a.recipient_account, a.region, a.ts, a.resource_name AS endpoint, f.value AS config
  FROM events a
  JOIN fields f ON f.event_key = a.event_key
  WHERE a.event_source = 'sagemaker.amazonaws.com' AND a.event_name IN ('CreateEndpoint', 'UpdateEndpoint') AND a.ok = 1 AND f.path = 'endpointConfigName'
), b AS (
  SELECT u.recipient_account, u.region, u.endpoint, COUNT(*) AS n, SUM(c.captures) AS captured
  FROM u JOIN c ON c.config = u.config CROSS JOIN params q
  WHERE u.ts < q.split GROUP BY u.recipient_account, u.region, u.endpoint
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'the endpoint ' || u.endpoint || ' captures nothing any more' AS why,
       u.config AS config, e.source_ip
FROM u
JOIN c ON c.config = u.config
JOIN b ON b.recipient_account = u.recipient_account AND b.region = u.region AND b.endpoint = u.endpoint
JOIN events e ON e.event_key = u.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND u.ts >= p.split AND c.captures = 0 AND b.captured >= 0.8 * b.n
  AND e.event_source = 'sagemaker.amazonaws.com' AND e.event_name IN ('CreateEndpoint', 'UpdateEndpoint')
