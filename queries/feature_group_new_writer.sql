-- id: SM-T07
-- title: Feature group written by somebody new
-- meaning: Records of a feature group were written or deleted by a principal who never wrote it: what models
--   learn and see changes.
-- severity: high
-- attack: T1565.001
-- atlas: AML.T0020 AML.T0059
-- window: first seen against the baseline
-- needs: data AWS::SageMaker::FeatureGroup, baseline
-- look-alikes: a new job that feeds the group
WITH f AS (
  SELECT actor_key, resource_name, MIN(ts) AS first_ts
  FROM events
  WHERE event_name IN ('PutRecord', 'BatchWriteRecord', 'DeleteRecord') AND is_data = 1 AND ok = 1 AND is_ai = 1
  GROUP BY actor_key, resource_name
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' in the feature group ' || e.resource_name || ' for the first time' AS why,
       e.source_ip
FROM f
JOIN events e ON e.actor_key = f.actor_key AND e.resource_name = f.resource_name AND e.ts = f.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_name IN ('PutRecord', 'BatchWriteRecord', 'DeleteRecord') AND e.is_data = 1 AND e.ok = 1 AND e.is_ai = 1
