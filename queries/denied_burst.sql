-- id: SM-D02
-- title: Several different calls refused
-- meaning: Three or more different calls refused within ten minutes, more than this principal was ever refused
--   in ten minutes.
-- severity: medium
-- attack: T1526
-- atlas: AML.T0075
-- window: 10 minutes, against the maximum of the baseline
-- needs: management, baseline
-- look-alikes: a deployment that repeats one call; infrastructure as code
WITH w AS (
  SELECT actor_key, CAST(FLOOR(ts / 600) AS BIGINT) AS slot, COUNT(DISTINCT event_source || ':' || event_name) AS n, MAX(ts) AS ts
  FROM events
  WHERE denied = 1 AND is_iac = 0
  GROUP BY actor_key, CAST(FLOOR(ts / 600) AS BIGINT)
), b AS (
  SELECT w.actor_key, MAX(w.n) AS most FROM w CROSS JOIN params q WHERE w.ts < q.split GROUP BY w.actor_key
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       CAST(w.n AS VARCHAR) || ' different calls refused within ten minutes, last ' || e.event_name AS why,
       w.n AS calls, e.source_ip
FROM w
CROSS JOIN params p
LEFT JOIN b ON b.actor_key = w.actor_key
JOIN events e ON e.actor_key = w.actor_key AND e.ts = w.ts
WHERE p.has_baseline = 1 AND w.ts >= p.split AND w.n >= 3 AND w.n > COALESCE(b.most, 0) AND e.denied = 1
