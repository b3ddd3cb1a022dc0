-- id: SM-D03
-- title: The same AI call in many regions
-- meaning: One listing call of an AI service in four or more regions within a quarter of an hour, by somebody who
--   did not do that in the baseline.
-- severity: medium
-- attack: T1580 T1535
-- atlas: AML.T0075
-- window: 15 minutes; with a baseline, only who never did it there
-- needs: management
-- look-alikes: a scanner of the security team, which does it in the baseline from the same network
WITH w AS (
  SELECT actor_key, ip_net, event_name, CAST(FLOOR(ts / 900) AS BIGINT) AS slot, COUNT(DISTINCT region) AS n, MAX(ts) AS ts
  FROM events
  WHERE is_ai = 1 AND is_write = 0 AND event_name LIKE 'List%' AND invoked_by = ''
  GROUP BY actor_key, ip_net, event_name, CAST(FLOOR(ts / 900) AS BIGINT)
), b AS (
  SELECT DISTINCT w.actor_key, w.ip_net, 1 AS seen FROM w CROSS JOIN params q WHERE w.ts < q.split AND w.n >= 4 AND q.has_baseline = 1
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' in ' || CAST(w.n AS VARCHAR) || ' regions within a quarter of an hour' AS why,
       w.n AS regions, e.source_ip
FROM w
CROSS JOIN params p
LEFT JOIN b ON b.actor_key = w.actor_key AND b.ip_net = w.ip_net
JOIN events e ON e.actor_key = w.actor_key AND e.ip_net = w.ip_net AND e.event_name = w.event_name AND e.ts = w.ts
WHERE e.is_ai = 1 AND e.is_write = 0 AND e.event_name LIKE 'List%' AND e.invoked_by = ''
  AND w.n >= 4 AND (p.has_baseline = 0 OR w.ts >= p.split) AND b.seen IS NULL
