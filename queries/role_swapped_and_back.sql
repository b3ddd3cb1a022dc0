-- id: SM-P04
-- title: Role changed, profile opened, role changed back
-- meaning: Within six hours one principal gave a profile another role, opened it, and changed its role again.
-- severity: critical
-- attack: T1548.005
-- atlas: AML.T0012
-- window: 6 hours
-- needs: management
-- look-alikes: none known
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'changed the role of ' || e.target_profile || ' to ' || r.value || ', opened it, changed it again' AS why,
       r.value AS role, e.target_profile, o.event_id AS opened_event_id, z.event_id AS back_event_id
FROM events e
JOIN refs r ON r.event_key = e.event_key
JOIN events o ON o.actor_key = e.actor_key AND o.target_profile = e.target_profile
JOIN events z ON z.actor_key = e.actor_key AND z.target_profile = e.target_profile
JOIN refs y ON y.event_key = z.event_key
WHERE r.path = 'userSettings.executionRole' AND y.path = 'userSettings.executionRole'
  AND e.event_name = 'UpdateUserProfile' AND e.ok = 1
  AND o.event_name IN ('CreatePresignedDomainUrl', 'CreateApp') AND o.ok = 1
  AND z.event_name = 'UpdateUserProfile' AND z.ok = 1
  AND o.ts >= e.ts AND z.ts >= o.ts AND z.ts <= e.ts + 21600
  AND z.event_key <> e.event_key AND y.value <> r.value
