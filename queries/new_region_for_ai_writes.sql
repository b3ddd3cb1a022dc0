-- id: SM-G01
-- title: AI service used in a new region
-- meaning: Something was made or changed in an AI service in a region where nobody of the account did that.
-- severity: high
-- attack: T1535
-- atlas: AML.T0034
-- window: first seen against the baseline, for the account
-- needs: management, baseline
-- explained-by: region
-- look-alikes: a project in a new region: then many principals follow
WITH f AS (
  SELECT recipient_account, region, MIN(ts) AS first_ts
  FROM events
  WHERE is_ai = 1 AND is_write = 1 AND ok = 1 AND invoked_by = ''
  GROUP BY recipient_account, region
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'first change of an AI service in ' || e.region || ': ' || e.event_name AS why,
       e.event_name
FROM f
JOIN events e ON e.recipient_account = f.recipient_account AND e.region = f.region AND e.ts = f.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.is_ai = 1 AND e.is_write = 1 AND e.ok = 1 AND e.invoked_by = ''
