-- id: SM-X12
-- title: Container image pulled or opened from another account
-- meaning: Somebody of another account pulled an image for the first time, or the policy of a repository was
--   opened to one.
-- severity: medium
-- attack: T1525 T1537
-- atlas: AML.T0035
-- window: first seen against the baseline, for the account
-- needs: management, baseline
-- look-alikes: accounts of the own organisation that pull in the baseline; policies for principals of the
--   account
WITH n AS (
  SELECT event_key, principal_account, ts
  FROM events
  WHERE event_source = 'ecr.amazonaws.com' AND event_name IN ('BatchGetImage', 'GetDownloadUrlForLayer') AND ok = 1
    AND principal_account <> '' AND principal_account <> recipient_account AND invoked_by = ''
), f AS (
  SELECT principal_account, MIN(ts) AS first_ts FROM n GROUP BY principal_account
), x AS (
  SELECT n.event_key FROM f JOIN n ON n.principal_account = f.principal_account AND n.ts = f.first_ts CROSS JOIN params q WHERE f.first_ts >= q.split
  UNION ALL
  SELECT event_key FROM events
  WHERE event_source = 'ecr.amazonaws.com' AND event_name = 'SetRepositoryPolicy' AND ok = 1 AND policy_external = 1
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' of ' || e.resource_name || CASE WHEN e.event_name = 'SetRepositoryPolicy' THEN ' for others' ELSE ' by the account ' || e.principal_account END AS why,
       e.source_ip
FROM (SELECT DISTINCT event_key FROM x) k
JOIN events e ON e.event_key = k.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND e.ts >= p.split
  AND e.event_source = 'ecr.amazonaws.com' AND e.ok = 1
