-- id: RR-02
-- title: First change in a region
-- meaning: A principal changes something in a region where it never changed anything before. Regions that nobody
--   watches are where resources are hidden.
-- severity: medium
-- attack: T1535
-- atlas: -
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: a new project in a new region: then many principals follow within days
WITH f AS (
  SELECT actor_key, region, MIN(ts) AS first_ts
  FROM events
  WHERE ok = 1 AND is_write = 1 AND region <> '' AND principal_kind <> 'service' AND event_type = 'api_call'
  GROUP BY actor_key, region
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'first change in ' || e.region || ': ' || e.event_name AS why
FROM f
JOIN events e ON e.actor_key = f.actor_key AND e.region = f.region AND e.ts = f.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.ok = 1 AND e.is_write = 1 AND e.region <> '' AND e.principal_kind <> 'service' AND e.event_type = 'api_call'
