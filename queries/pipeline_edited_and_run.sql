-- id: SM-P08
-- title: Pipeline changed and run by a newcomer
-- meaning: Somebody who never touched this pipeline changed it and started it within the hour: its role now runs
--   other steps.
-- severity: high
-- attack: T1677 T1548.005
-- atlas: AML.T0010.003
-- window: 1 hour; first seen against the baseline
-- needs: management, baseline
-- look-alikes: deployments by the role that did it before
WITH known AS (
  SELECT DISTINCT b.actor_key, b.resource_name, 1 AS seen
  FROM events b CROSS JOIN params q
  WHERE b.ts < q.split AND b.event_name IN ('CreatePipeline', 'UpdatePipeline', 'StartPipelineExecution') AND b.ok = 1
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'changed the pipeline ' || e.resource_name || ' and started it within the hour' AS why,
       s.event_id AS started_event_id
FROM events e
JOIN events s ON s.actor_key = e.actor_key AND s.resource_name = e.resource_name
CROSS JOIN params p
LEFT JOIN known k ON k.actor_key = e.actor_key AND k.resource_name = e.resource_name
WHERE p.has_baseline = 1 AND e.ts >= p.split AND k.seen IS NULL
  AND e.event_name = 'UpdatePipeline' AND e.ok = 1
  AND s.event_name = 'StartPipelineExecution' AND s.ok = 1 AND s.ts >= e.ts AND s.ts <= e.ts + 3600
