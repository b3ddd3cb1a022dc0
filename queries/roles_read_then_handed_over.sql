-- id: SM-D10
-- title: Roles read, then one handed over for the first time
-- meaning: Roles and their policies were read, and within an hour the same principal handed over a role that it
--   never handed over.
-- severity: high
-- attack: T1087.004 T1548.005
-- atlas: AML.T0075
-- window: 1 hour; first seen against the baseline
-- needs: management, baseline
-- look-alikes: plan and apply of infrastructure as code, which is left out
WITH n AS (
  SELECT a.actor_key, r.norm AS role, a.ts, a.event_key
  FROM events a JOIN refs r ON r.event_key = a.event_key
  WHERE a.ok = 1 AND a.is_ai = 1 AND a.is_iac = 0 AND r.kind = 'passed_role'
), f AS (
  SELECT actor_key, role, MIN(ts) AS first_ts FROM n GROUP BY actor_key, role
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'read roles and then handed over ' || n.role AS why,
       n.role AS role, e.event_name
FROM f
JOIN n ON n.actor_key = f.actor_key AND n.role = f.role AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
JOIN events i ON i.actor_key = f.actor_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND i.event_source = 'iam.amazonaws.com' AND i.event_name IN ('ListRoles', 'GetRole', 'ListAttachedRolePolicies', 'GetRolePolicy', 'ListRolePolicies')
  AND i.ts <= f.first_ts AND i.ts >= f.first_ts - 3600
  AND e.ok = 1 AND e.is_ai = 1
