-- id: SM-A09 SM-A10
-- title: Shell in a training container or cluster node
-- meaning: A session of Systems Manager into a container or node of SageMaker, by somebody who never had one
--   there.
-- severity: high
-- attack: T1651 T1021.007 T1021.008
-- atlas: AML.T0012
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: who debugs jobs that way, in the baseline; sessions on ordinary machines
WITH f AS (
  SELECT actor_key, MIN(ts) AS first_ts
  FROM events
  WHERE event_source = 'ssm.amazonaws.com' AND event_name = 'StartSession' AND ok = 1 AND resource_name LIKE 'sagemaker-%'
  GROUP BY actor_key
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'shell in ' || e.resource_name AS why,
       e.source_ip
FROM f
JOIN events e ON e.actor_key = f.actor_key AND e.ts = f.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_source = 'ssm.amazonaws.com' AND e.event_name = 'StartSession' AND e.ok = 1 AND e.resource_name LIKE 'sagemaker-%'
