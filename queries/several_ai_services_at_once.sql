-- id: AI-M01
-- title: Several AI services tried for the first time at once
-- meaning: Three or more AI services called for the first time by one principal within an hour.
-- severity: high
-- attack: T1526
-- atlas: AML.T0075
-- window: 1 hour; first seen against the baseline
-- needs: management, baseline
-- look-alikes: a workshop: then many principals do it at once
WITH f AS (
  SELECT actor_key, event_source, MIN(ts) AS first_ts
  FROM events WHERE is_ai = 1 AND invoked_by = ''
  GROUP BY actor_key, event_source
), w AS (
  SELECT x.actor_key, x.slot, COUNT(DISTINCT x.event_source) AS n, MAX(x.first_ts) AS ts
  FROM (
    SELECT f.actor_key, f.event_source, f.first_ts, 2 * CAST(FLOOR(f.first_ts / 3600) AS BIGINT) AS slot FROM f
    UNION ALL
    SELECT f.actor_key, f.event_source, f.first_ts, 2 * CAST(FLOOR((f.first_ts + 1800) / 3600) AS BIGINT) + 1 AS slot FROM f
  ) x CROSS JOIN params q WHERE x.first_ts >= q.split
  GROUP BY x.actor_key, x.slot
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       CAST(w.n AS VARCHAR) || ' AI services called for the first time within an hour' AS why,
       w.n AS services, e.source_ip
FROM w
JOIN events e ON e.actor_key = w.actor_key AND e.ts = w.ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND w.n >= 3 AND e.is_ai = 1
