-- id: SM-N08
-- title: Principal wakes after weeks and changes an AI service
-- meaning: A principal that did nothing for 45 days changes something in an AI service.
-- severity: medium
-- attack: T1078.004
-- atlas: AML.T0012
-- window: 45 days
-- needs: management
-- look-alikes: a job that runs every quarter; principals that are new
WITH k AS (
  SELECT DISTINCT principal_key, 1 AS acts FROM events WHERE is_ai = 1 AND is_write = 1 AND ok = 1
), a AS (
  SELECT e.principal_key, CAST(FLOOR(e.ts / 86400) AS BIGINT) AS day, MIN(e.ts) AS first_ts, MAX(e.ts) AS last_ts
  FROM events e JOIN k ON k.principal_key = e.principal_key
  GROUP BY e.principal_key, CAST(FLOOR(e.ts / 86400) AS BIGINT)
), d AS (
  SELECT principal_key, first_ts AS ts, LAG(last_ts) OVER (PARTITION BY principal_key ORDER BY first_ts) AS before_ts
  FROM a
), w AS (
  SELECT DISTINCT principal_key, ts FROM d WHERE before_ts IS NOT NULL AND ts - before_ts >= 3888000
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'first sign of life for 45 days: ' || e.event_name || ' ' || e.resource_name AS why,
       e.source_ip
FROM w
JOIN events e ON e.principal_key = w.principal_key
WHERE e.is_ai = 1 AND e.is_write = 1 AND e.ok = 1 AND e.ts >= w.ts AND e.ts <= w.ts + 86400
