-- id: SM-D08
-- title: Limits of AI services looked up or raised
-- meaning: Somebody who never did asks for the quotas of SageMaker or Bedrock, or for more.
-- severity: medium
-- attack: T1580 T1496.001
-- atlas: AML.T0034
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: planning by the platform team, in the baseline
WITH n AS (
  SELECT a.actor_key AS actor_key, r.value AS service, a.ts, a.event_key, r.path AS path, r.value AS value
  FROM events a
  JOIN fields r ON r.event_key = a.event_key
  WHERE a.event_source = 'servicequotas.amazonaws.com' AND r.path = 'serviceCode' AND (r.value = 'sagemaker' OR r.value = 'bedrock')
), f AS (
  SELECT actor_key, service, MIN(ts) AS first_ts
  FROM n
  GROUP BY actor_key, service
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' for ' || n.service AS why,
       n.service AS service, e.source_ip
FROM f
JOIN n ON n.actor_key = f.actor_key AND n.service = f.service AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_source = 'servicequotas.amazonaws.com'
