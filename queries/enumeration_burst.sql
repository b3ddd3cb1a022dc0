-- id: SM-D01
-- title: Many AI services' things listed at once
-- meaning: Five or more different reading calls of AI services within ten minutes, more than twice what this
--   caller ever did from this network.
-- severity: medium
-- attack: T1526 T1580
-- atlas: AML.T0007 AML.T0075
-- window: 10 minutes, against the maximum of the baseline
-- needs: management, baseline
-- look-alikes: opening a page of the console, in the baseline; scanners and AWS Config, which call for
--   themselves
WITH w AS (
  SELECT actor_key, ip_net, CAST(FLOOR(ts / 600) AS BIGINT) AS slot, COUNT(DISTINCT event_source || ':' || event_name) AS n, MAX(ts) AS ts
  FROM events
  WHERE is_ai = 1 AND is_write = 0 AND is_data = 0 AND invoked_by = '' AND event_name NOT LIKE 'Invoke%' AND event_name NOT LIKE 'Converse%'
  GROUP BY actor_key, ip_net, CAST(FLOOR(ts / 600) AS BIGINT)
), b AS (
  SELECT w.actor_key, w.ip_net, MAX(w.n) AS most FROM w CROSS JOIN params q WHERE w.ts < q.split GROUP BY w.actor_key, w.ip_net
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       CAST(w.n AS VARCHAR) || ' different reading calls of AI services within ten minutes' AS why,
       w.n AS calls, e.source_ip
FROM w
CROSS JOIN params p
LEFT JOIN b ON b.actor_key = w.actor_key AND b.ip_net = w.ip_net
JOIN events e ON e.actor_key = w.actor_key AND e.ip_net = w.ip_net AND e.ts = w.ts
WHERE p.has_baseline = 1 AND w.ts >= p.split AND w.n >= 5 AND w.n > 2 * COALESCE(b.most, 0)
  AND e.is_ai = 1 AND e.is_write = 0 AND e.is_data = 0 AND e.invoked_by = ''
