-- id: SM-L04
-- title: Studio lifecycle script attached to a domain, profile or space
-- meaning: A lifecycle configuration that no request named before runs from now on for the users of a domain,
--   profile or space.
-- severity: high
-- attack: T1546
-- atlas: AML.T0050
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: configurations that are attached already
WITH n AS (
  SELECT a.recipient_account AS account, r.value AS config, a.ts, a.event_key, r.path AS path, r.value AS value, r.external AS external
  FROM events a
  JOIN refs r ON r.event_key = a.event_key
  WHERE a.ok = 1 AND a.event_name IN ('UpdateDomain', 'UpdateUserProfile', 'UpdateSpace', 'CreateSpace', 'CreateUserProfile') AND r.kind = 'lifecycle_config'
), f AS (
  SELECT account, config, MIN(ts) AS first_ts
  FROM n
  GROUP BY account, config
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'lifecycle configuration ' || n.config || ' attached by ' || e.event_name AS why,
       n.config AS lifecycle_config, n.path AS path
FROM f
JOIN n ON n.account = f.account AND n.config = f.config AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.ok = 1 AND e.event_name IN ('UpdateDomain', 'UpdateUserProfile', 'UpdateSpace', 'CreateSpace', 'CreateUserProfile')
