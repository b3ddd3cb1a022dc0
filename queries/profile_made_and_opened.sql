-- id: SM-A12
-- title: Profile made and opened by its maker
-- meaning: A Studio profile was made and, within an hour, opened by the one who made it: an account in Studio
--   that belongs to nobody.
-- severity: high
-- attack: T1136.003
-- atlas: AML.T0012
-- window: 1 hour
-- needs: management, baseline
-- look-alikes: whoever made profiles in the baseline: that is the work of a provisioning role
WITH makers AS (
  SELECT DISTINCT b.actor_key, 1 AS seen
  FROM events b CROSS JOIN params q
  WHERE b.ts < q.split AND b.event_name = 'CreateUserProfile' AND b.ok = 1
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'made the profile ' || e.target_profile || ' and opened it within the hour' AS why,
       e.target_profile, m.event_id AS made_event_id
FROM events m
JOIN events e ON e.actor_key = m.actor_key AND e.target_profile = m.target_profile
CROSS JOIN params p
LEFT JOIN makers k ON k.actor_key = m.actor_key
WHERE p.has_baseline = 1 AND m.ts >= p.split AND k.seen IS NULL
  AND m.event_name = 'CreateUserProfile' AND m.ok = 1
  AND e.event_name = 'CreatePresignedDomainUrl' AND e.ok = 1
  AND e.ts >= m.ts AND e.ts <= m.ts + 3600
