-- id: SM-T06
-- title: Traffic of an endpoint shifted by somebody new
-- meaning: The shares of an endpoint's variants, or an experiment on it, were changed by a principal who never
--   did that.
-- severity: medium
-- attack: T1578.005
-- atlas: AML.T0031
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: owners of the tests, in the baseline
WITH f AS (
  SELECT actor_key, resource_name, MIN(ts) AS first_ts
  FROM events
  WHERE event_name IN ('UpdateEndpointWeightsAndCapacities', 'UpdateInferenceExperiment', 'StopInferenceExperiment') AND ok = 1
  GROUP BY actor_key, resource_name
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' ' || e.resource_name AS why
FROM f
JOIN events e ON e.actor_key = f.actor_key AND e.resource_name = f.resource_name AND e.ts = f.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_name IN ('UpdateEndpointWeightsAndCapacities', 'UpdateInferenceExperiment', 'StopInferenceExperiment') AND e.ok = 1
