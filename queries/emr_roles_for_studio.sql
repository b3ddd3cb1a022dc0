-- id: SM-P14
-- title: Studio may assume further roles for EMR
-- meaning: A profile or domain lists roles that Studio may take on for EMR, which it never listed before.
-- severity: medium
-- attack: T1548.005
-- atlas: AML.T0012
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: roll-out of roles that were listed before
WITH n AS (
  SELECT a.recipient_account AS account, r.value AS role, a.ts, a.event_key, r.path AS path, r.value AS value, r.external AS external
  FROM events a
  JOIN refs r ON r.event_key = a.event_key
  WHERE a.ok = 1 AND a.is_ai = 1 AND r.path LIKE '%emrSettings.%RoleArns[]'
), f AS (
  SELECT account, role, MIN(ts) AS first_ts
  FROM n
  GROUP BY account, role
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'Studio may now use ' || n.role AS why,
       n.role AS role, e.event_name
FROM f
JOIN n ON n.account = f.account AND n.role = f.role AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.ok = 1 AND e.is_ai = 1
