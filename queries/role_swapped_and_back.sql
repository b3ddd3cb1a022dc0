-- id: SM-P04
-- title: Role changed, profile opened, role changed back
-- meaning: Within six hours one principal gave a profile another role, opened it, and changed its role again.
-- severity: critical
-- attack: T1548.005
-- atlas: AML.T0012
-- window: 6 hours
-- needs: management
-- look-alikes: none known
WITH swapped AS (
  SELECT e.event_key, e.event_id, e.event_time, e.ts, e.actor_key, e.principal_key, e.principal_name, e.human_key,
         e.recipient_account, e.region, e.target_profile, r.value
  FROM events e
  JOIN refs r ON r.event_key = e.event_key
  WHERE e.event_name = 'UpdateUserProfile' AND e.ok = 1 AND r.path = 'userSettings.executionRole'
), opened AS (
  SELECT event_id, ts, actor_key, target_profile
  FROM events
  WHERE event_name IN ('CreatePresignedDomainUrl', 'CreateApp') AND ok = 1
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'changed the role of ' || e.target_profile || ' to ' || e.value || ', opened it, changed it again' AS why,
       e.value AS role, e.target_profile, o.event_id AS opened_event_id, z.event_id AS back_event_id
FROM swapped e
JOIN opened o ON o.actor_key = e.actor_key AND o.target_profile = e.target_profile
JOIN swapped z ON z.actor_key = e.actor_key AND z.target_profile = e.target_profile
WHERE o.ts >= e.ts AND z.ts >= o.ts AND z.ts <= e.ts + 21600
  AND z.event_key <> e.event_key AND z.value <> e.value
