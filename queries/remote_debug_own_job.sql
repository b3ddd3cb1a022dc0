-- id: SM-A03
-- title: Training job that can be entered
-- meaning: Somebody made a training job that lets a shell into its container, and never did that. Who enters has
--   the role of the job.
-- severity: medium
-- attack: T1021.007 T1651
-- atlas: AML.T0012
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: who debugs jobs that way, in the baseline; jobs that switch it off explicitly
WITH n AS (
  SELECT a.actor_key, a.ts, a.event_key
  FROM events a
  JOIN refs r ON r.event_key = a.event_key
  WHERE a.event_source = 'sagemaker.amazonaws.com' AND a.ok = 1 AND a.event_name = 'CreateTrainingJob'
    AND r.kind = 'posture_flag' AND r.path = 'remoteDebugConfig.enableRemoteDebug' AND r.value = 'true'
), f AS (
  SELECT actor_key, MIN(ts) AS first_ts FROM n GROUP BY actor_key
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'the job ' || e.resource_name || ' can be entered' AS why,
       e.source_ip
FROM f
JOIN n ON n.actor_key = f.actor_key AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_source = 'sagemaker.amazonaws.com' AND e.ok = 1 AND e.event_name = 'CreateTrainingJob'
