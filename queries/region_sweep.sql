-- id: SM-D03
-- title: The same AI call in many regions
-- meaning: One listing call of an AI service in four or more regions within a quarter of an hour.
-- severity: medium
-- attack: T1580 T1535
-- atlas: AML.T0075
-- window: 15 minutes
-- needs: management
-- look-alikes: a scanner of the security team: allow it by its role, and still look at its network
WITH w AS (
  SELECT actor_key, event_name, CAST(FLOOR(ts / 900) AS BIGINT) AS slot, COUNT(DISTINCT region) AS n, MAX(ts) AS ts
  FROM events
  WHERE is_ai = 1 AND is_write = 0 AND event_name LIKE 'List%' AND invoked_by = ''
  GROUP BY actor_key, event_name, CAST(FLOOR(ts / 900) AS BIGINT)
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' in ' || CAST(w.n AS VARCHAR) || ' regions within a quarter of an hour' AS why,
       w.n AS regions, e.source_ip
FROM w
JOIN events e ON e.actor_key = w.actor_key AND e.event_name = w.event_name AND e.ts = w.ts
WHERE w.n >= 4
