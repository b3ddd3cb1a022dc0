-- id: SM-N09
-- title: AI service changed with a new kind of tool
-- meaning: A principal changes an AI service with a kind of tool that it never used, although it did so with
--   others before: the command line instead of the console, for example.
-- severity: low
-- attack: T1059.009
-- atlas: AML.T0012
-- window: first seen against the baseline
-- needs: management, baseline
-- general: yes
-- look-alikes: a newer version of the same tool; who changes something for the first time at all
WITH f AS (
  SELECT actor_key, ua_family, MIN(ts) AS first_ts
  FROM events
  WHERE is_ai = 1 AND is_write = 1 AND ok = 1 AND invoked_by = '' AND ua_family <> ''
  GROUP BY actor_key, ua_family
), before AS (
  SELECT f.actor_key, COUNT(*) AS tools FROM f CROSS JOIN params q WHERE f.first_ts < q.split GROUP BY f.actor_key
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' with ' || e.ua_family || ' for the first time' AS why,
       e.user_agent, e.source_ip
FROM f
JOIN before b ON b.actor_key = f.actor_key
JOIN events e ON e.actor_key = f.actor_key AND e.ua_family = f.ua_family AND e.ts = f.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.is_ai = 1 AND e.is_write = 1 AND e.ok = 1 AND e.invoked_by = '' AND e.ua_family <> ''
