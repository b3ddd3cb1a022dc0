-- id: SM-T02
-- title: Endpoint rolled by somebody new
-- meaning: An endpoint that somebody else deployed in the baseline was rolled by a principal who never touched
--   it.
-- severity: high
-- attack: T1578.005
-- atlas: AML.T0031
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: a fix in an emergency; endpoints that are new altogether
WITH f AS (
  SELECT actor_key, resource_name, MIN(ts) AS first_ts
  FROM events
  WHERE event_source = 'sagemaker.amazonaws.com' AND event_name IN ('CreateEndpoint', 'UpdateEndpoint', 'CreateInferenceComponent', 'UpdateInferenceComponent') AND ok = 1
  GROUP BY actor_key, resource_name
), regular AS (
  SELECT DISTINCT f.resource_name, 1 AS seen FROM f CROSS JOIN params q WHERE f.first_ts < q.split
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'rolled ' || e.resource_name || ', which others deploy' AS why,
       e.event_name
FROM f
JOIN regular g ON g.resource_name = f.resource_name
JOIN events e ON e.actor_key = f.actor_key AND e.resource_name = f.resource_name AND e.ts = f.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split AND e.ok = 1
  AND e.event_name IN ('CreateEndpoint', 'UpdateEndpoint', 'CreateInferenceComponent', 'UpdateInferenceComponent')
