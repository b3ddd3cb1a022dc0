-- id: SM-I06
-- title: Endpoint called around the clock at one rate
-- meaning: Somebody called an endpoint in 22 hours or more of a day, at nearly the same rate in each, and never
--   did in the baseline: as a machine does that copies a model.
-- severity: medium
-- attack: T1496.004
-- atlas: AML.T0024.002
-- window: 1 day, against the days of the baseline
-- needs: data AWS::SageMaker::Endpoint, baseline
-- look-alikes: probes of health, in the baseline; callers of the day
WITH h AS (
  SELECT actor_key, resource_arn, CAST(FLOOR(ts / 3600) AS BIGINT) AS slot, COUNT(*) AS n, MAX(ts) AS ts
  FROM events
  WHERE event_source = 'sagemaker.amazonaws.com' AND is_data = 1 AND event_name IN ('InvokeEndpoint', 'InvokeEndpointAsync', 'InvokeEndpointWithResponseStream')
  GROUP BY actor_key, resource_arn, CAST(FLOOR(ts / 3600) AS BIGINT)
), d AS (
  SELECT actor_key, resource_arn, CAST(FLOOR(slot / 24) AS BIGINT) AS day, COUNT(*) AS hours, AVG(n) AS average, STDDEV(n) AS spread, MAX(ts) AS ts
  FROM h GROUP BY actor_key, resource_arn, CAST(FLOOR(slot / 24) AS BIGINT)
), b AS (
  SELECT DISTINCT d.actor_key, d.resource_arn, 1 AS seen FROM d CROSS JOIN params q WHERE d.ts < q.split AND d.hours >= 22
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'called ' || e.resource_name || ' in ' || CAST(d.hours AS VARCHAR) || ' hours of a day at one rate' AS why,
       d.hours AS hours, e.source_ip
FROM d
CROSS JOIN params p
LEFT JOIN b ON b.actor_key = d.actor_key AND b.resource_arn = d.resource_arn
JOIN events e ON e.actor_key = d.actor_key AND e.resource_arn = d.resource_arn AND e.ts = d.ts
WHERE p.has_baseline = 1 AND d.ts >= p.split AND b.seen IS NULL AND d.hours >= 22 AND d.average >= 5 AND d.spread < 0.15 * d.average
  AND e.event_source = 'sagemaker.amazonaws.com' AND e.is_data = 1
