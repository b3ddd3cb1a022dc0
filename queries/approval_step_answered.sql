-- id: SM-T10
-- title: Manual step of a pipeline answered by somebody new
-- meaning: A step that waits for an answer was told to go on, or to fail, by a principal who never answered one.
-- severity: high
-- attack: T1677
-- atlas: AML.T0010.003
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: the function that answers, in the baseline
WITH f AS (
  SELECT actor_key, MIN(ts) AS first_ts
  FROM events
  WHERE event_name IN ('SendPipelineExecutionStepSuccess', 'SendPipelineExecutionStepFailure') AND ok = 1
  GROUP BY actor_key
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' by somebody who never answered a step' AS why,
       e.source_ip
FROM f
JOIN events e ON e.actor_key = f.actor_key AND e.ts = f.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_name IN ('SendPipelineExecutionStepSuccess', 'SendPipelineExecutionStepFailure') AND e.ok = 1
