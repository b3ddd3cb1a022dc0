-- id: SM-B01 SM-D06 SM-T12 SM-T13 SM-G06 SM-G08 BR-E03
-- title: AI service changed in a way new for this principal
-- meaning: A principal does something in an AI service that it never did.
-- severity: low
-- attack: T1059.009
-- atlas: AML.T0012
-- window: first seen against the baseline
-- needs: management, baseline
-- general: yes
-- look-alikes: new work in a project: weak alone
WITH f AS (
  SELECT actor_key, event_source, event_name, MIN(ts) AS first_ts
  FROM events
  WHERE is_ai = 1 AND is_write = 1 AND ok = 1 AND invoked_by = ''
  GROUP BY actor_key, event_source, event_name
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'first ' || e.event_name || ' ' || e.resource_name AS why,
       e.event_source, e.event_name
FROM f
JOIN events e ON e.actor_key = f.actor_key AND e.event_source = f.event_source AND e.event_name = f.event_name AND e.ts = f.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.is_ai = 1 AND e.is_write = 1 AND e.ok = 1 AND e.invoked_by = ''
