-- id: SM-A03
-- title: Remote access to a workspace or training container
-- meaning: A remote session was opened, or a space or a running training job was made to let one be opened, by
--   somebody who never did that.
-- severity: high
-- attack: T1021.007 T1651
-- atlas: AML.T0012
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: who works with a remote editor every day, in the baseline; ordinary sessions of Systems Manager; a
--   training job that its maker may debug (remote_debug_own_job)
WITH n AS (
  SELECT DISTINCT a.actor_key, a.ts, a.event_key
  FROM events a
  LEFT JOIN (SELECT event_key, path, value FROM refs WHERE kind = 'posture_flag') r ON r.event_key = a.event_key
  WHERE a.event_source = 'sagemaker.amazonaws.com' AND a.ok = 1
    AND (a.event_name = 'StartSession'
      OR (r.path = 'spaceSettings.remoteAccess' AND r.value = 'ENABLED')
      OR (a.event_name <> 'CreateTrainingJob' AND r.path = 'remoteDebugConfig.enableRemoteDebug' AND r.value = 'true'))
), f AS (
  SELECT actor_key, MIN(ts) AS first_ts FROM n GROUP BY actor_key
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'remote access: ' || e.event_name || ' ' || e.resource_name AS why,
       e.source_ip
FROM f
JOIN n ON n.actor_key = f.actor_key AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_source = 'sagemaker.amazonaws.com' AND e.ok = 1
