-- id: SM-I03
-- title: Endpoint called from another account
-- meaning: The caller of an endpoint belongs to another account, which never called it.
-- severity: high
-- attack: T1199
-- atlas: AML.T0040
-- window: first seen against the baseline
-- needs: data AWS::SageMaker::Endpoint, baseline
-- look-alikes: consumers that are known, in the baseline
WITH f AS (
  SELECT principal_account, resource_arn, MIN(ts) AS first_ts
  FROM events
  WHERE event_name LIKE 'InvokeEndpoint%' AND is_data = 1 AND ok = 1 AND principal_account <> '' AND principal_account <> recipient_account
  GROUP BY principal_account, resource_arn
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'account ' || e.principal_account || ' calls ' || e.resource_name AS why,
       e.resource_arn, e.source_ip
FROM f
JOIN events e ON e.principal_account = f.principal_account AND e.resource_arn = f.resource_arn AND e.ts = f.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_name LIKE 'InvokeEndpoint%' AND e.is_data = 1 AND e.ok = 1 AND e.principal_account <> '' AND e.principal_account <> e.recipient_account
