-- id: SM-A09 SM-A10
-- title: Shell in a training container or cluster node
-- meaning: A session of Systems Manager into a container or node of SageMaker, by somebody who never had one
--   there; into the training job of somebody else, or a node of a cluster.
-- severity: high
-- attack: T1651 T1021.007 T1021.008
-- atlas: AML.T0012
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: who debugs jobs that way, in the baseline; who made the job himself; sessions on ordinary machines
WITH n AS (
  SELECT actor_key, event_key, ts, SPLIT_PART(SPLIT_PART(resource_name, ':', 2), '_algo', 1) AS job
  FROM events
  WHERE event_source = 'ssm.amazonaws.com' AND event_name = 'StartSession' AND ok = 1 AND resource_name LIKE 'sagemaker-%'
), made AS (
  SELECT DISTINCT actor_key, resource_name, 1 AS seen
  FROM events
  WHERE event_name = 'CreateTrainingJob' AND ok = 1
), o AS (
  SELECT n.actor_key, n.event_key, n.ts
  FROM n
  LEFT JOIN made m ON m.actor_key = n.actor_key AND m.resource_name = n.job
  WHERE m.seen IS NULL
), f AS (
  SELECT actor_key, MIN(ts) AS first_ts FROM o GROUP BY actor_key
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'shell in ' || e.resource_name AS why,
       e.source_ip
FROM f
JOIN o ON o.actor_key = f.actor_key AND o.ts = f.first_ts
JOIN events e ON e.event_key = o.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_source = 'ssm.amazonaws.com' AND e.event_name = 'StartSession' AND e.ok = 1
