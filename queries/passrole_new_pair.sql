-- id: SM-P01 SM-P07 SM-P15 BR-P01 AI-C02
-- title: Role handed over for the first time by this principal
-- meaning: A role goes to an AI service in a request, and this principal never handed it over before: by any of
--   the operations that carry a role, nested ones too.
-- severity: medium
-- attack: T1548.005 T1098.003
-- atlas: AML.T0012
-- window: first seen against the baseline
-- needs: management, baseline
-- weight: 35
-- look-alikes: pipelines that hand over one role a project; the first run of a new project
WITH n AS (
  SELECT a.actor_key AS actor_key, r.norm AS role, a.ts, a.event_key, r.path AS path, r.value AS value, r.external AS external
  FROM events a
  JOIN refs r ON r.event_key = a.event_key
  WHERE a.ok = 1 AND a.is_ai = 1 AND r.kind = 'passed_role'
), f AS (
  SELECT actor_key, role, MIN(ts) AS first_ts
  FROM n
  GROUP BY actor_key, role
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'first hand-over of ' || n.role || ' by this principal' AS why,
       n.role AS role, n.path AS path, e.event_name
FROM f
JOIN n ON n.actor_key = f.actor_key AND n.role = f.role AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.ok = 1 AND e.is_ai = 1
