-- id: SM-X17
-- title: Model version read from outside, or taken into Bedrock
-- meaning: Somebody of another account read a model version, or one became a custom model of Bedrock, for the
--   first time.
-- severity: medium
-- attack: T1537
-- atlas: AML.T0048.004
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: accounts that read versions in the baseline; an import that was planned; people of the account
WITH n AS (
  SELECT event_key, principal_account AS who, event_name, ts
  FROM events
  WHERE event_source = 'sagemaker.amazonaws.com' AND event_name IN ('DescribeModelPackage', 'BatchDescribeModelPackage') AND ok = 1
    AND principal_account <> '' AND principal_account <> recipient_account
  UNION ALL
  SELECT a.event_key, a.actor_key AS who, a.event_name, a.ts
  FROM events a JOIN fields f ON f.event_key = a.event_key
  WHERE a.event_source = 'bedrock.amazonaws.com' AND a.event_name = 'CreateCustomModel' AND a.ok = 1
    AND f.path LIKE '%odelPackageArn'
), f AS (
  SELECT who, event_name, MIN(ts) AS first_ts FROM n GROUP BY who, event_name
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' ' || e.resource_name || CASE WHEN e.event_name = 'CreateCustomModel' THEN ' from a version of SageMaker' ELSE ' by the account ' || e.principal_account END AS why,
       e.source_ip
FROM f
JOIN n ON n.who = f.who AND n.event_name = f.event_name AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.ok = 1 AND e.event_name IN ('DescribeModelPackage', 'BatchDescribeModelPackage', 'CreateCustomModel')
