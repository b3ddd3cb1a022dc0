-- id: SM-P04
-- title: Role changed, profile opened, role changed back
-- meaning: Within six hours one principal gave a profile another role, opened it, and changed its role again.
-- severity: critical
-- attack: T1548.005
-- atlas: AML.T0012
-- window: 6 hours
-- needs: management
-- look-alikes: none known
WITH swaps AS (
  SELECT e.event_key, e.event_id, e.actor_key, e.target_profile, e.ts, r.value AS role
  FROM events e
  JOIN refs r ON r.event_key = e.event_key
  WHERE e.event_source = 'sagemaker.amazonaws.com' AND e.event_name = 'UpdateUserProfile' AND e.ok = 1
    AND e.target_profile <> '' AND r.path = 'userSettings.executionRole'
), opens AS (
  SELECT event_id, actor_key, target_profile, ts
  FROM events
  WHERE event_source = 'sagemaker.amazonaws.com' AND event_name IN ('CreatePresignedDomainUrl', 'CreateApp') AND ok = 1
    AND target_profile <> ''
), found AS (
  SELECT s.event_key, s.role, o.event_id AS opened_event_id, z.event_id AS back_event_id
  FROM swaps s
  JOIN swaps z ON z.actor_key = s.actor_key AND z.target_profile = s.target_profile
  JOIN opens o ON o.actor_key = s.actor_key AND o.target_profile = s.target_profile
  WHERE o.ts >= s.ts AND z.ts >= o.ts AND z.ts <= s.ts + 21600 AND z.event_key <> s.event_key AND z.role <> s.role
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'changed the role of ' || e.target_profile || ' to ' || f.role || ', opened it, changed it again' AS why,
       f.role AS role, e.target_profile, f.opened_event_id, f.back_event_id
FROM found f
JOIN events e ON e.event_key = f.event_key
WHERE e.event_source = 'sagemaker.amazonaws.com' AND e.event_name = 'UpdateUserProfile'
