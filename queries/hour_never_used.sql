-- id: SM-N11
-- title: Changes at an hour at which this person never worked
-- meaning: A person who was seen on twenty days or more changes something in an AI service at an hour of the
--   day at which, and around which, nothing of the person was ever seen.
-- severity: low
-- attack: T1078.004
-- atlas: AML.T0012
-- window: hours of the baseline
-- needs: management, baseline
-- look-alikes: nights of a release; travellers: weak alone; machines, which have no person
WITH h AS (
  SELECT actor_key, CAST(FLOOR(ts / 3600) AS BIGINT) AS slot, MIN(ts) AS first_ts
  FROM events WHERE human_key <> '' AND invoked_by = '' AND is_data = 0
  GROUP BY actor_key, CAST(FLOOR(ts / 3600) AS BIGINT)
), b AS (
  SELECT h.actor_key, COUNT(DISTINCT CAST(FLOOR(h.slot / 24) AS BIGINT)) AS days
  FROM h CROSS JOIN params q WHERE h.first_ts < q.split GROUP BY h.actor_key
), u AS (
  SELECT DISTINCT h.actor_key, h.slot - 24 * CAST(FLOOR(h.slot / 24) AS BIGINT) AS hour, 1 AS seen
  FROM h CROSS JOIN params q WHERE h.first_ts < q.split
), n AS (
  SELECT actor_key, event_key, ts, CAST(FLOOR(ts / 3600) AS BIGINT) AS slot
  FROM events
  WHERE human_key <> '' AND invoked_by = '' AND is_ai = 1 AND is_write = 1 AND ok = 1
), x AS (
  SELECT n.actor_key, n.event_key, n.ts, CAST(FLOOR(n.slot / 24) AS BIGINT) AS day,
         n.slot - 24 * CAST(FLOOR(n.slot / 24) AS BIGINT) AS hour,
         (n.slot + 1) - 24 * CAST(FLOOR((n.slot + 1) / 24) AS BIGINT) AS after,
         (n.slot - 1) - 24 * CAST(FLOOR((n.slot - 1) / 24) AS BIGINT) AS before
  FROM n CROSS JOIN params q WHERE n.ts >= q.split
), y AS (
  SELECT x.actor_key, x.day, MIN(x.ts) AS first_ts
  FROM x
  LEFT JOIN u u0 ON u0.actor_key = x.actor_key AND u0.hour = x.hour
  LEFT JOIN u u1 ON u1.actor_key = x.actor_key AND u1.hour = x.after
  LEFT JOIN u u2 ON u2.actor_key = x.actor_key AND u2.hour = x.before
  WHERE u0.seen IS NULL AND u1.seen IS NULL AND u2.seen IS NULL
  GROUP BY x.actor_key, x.day
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' at an hour at which nothing of this person was seen' AS why,
       e.source_ip
FROM y
JOIN b ON b.actor_key = y.actor_key
JOIN events e ON e.actor_key = y.actor_key AND e.ts = y.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND b.days >= 20
  AND e.is_ai = 1 AND e.is_write = 1 AND e.ok = 1 AND e.invoked_by = ''
