-- id: SM-X02 SM-L06
-- title: Container image of an unknown registry
-- meaning: A job, model or Studio image comes from the registry of another account that no request named before.
-- severity: high
-- attack: T1525 T1677
-- atlas: AML.T0010.004
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: images that AWS provides, once they are in the baseline; a vendor's image from the marketplace
WITH n AS (
  SELECT a.recipient_account AS owner, r.account AS registry, a.ts, a.event_key, r.path AS path, r.value AS value, r.external AS external
  FROM events a
  JOIN refs r ON r.event_key = a.event_key
  WHERE a.ok = 1 AND a.is_ai = 1 AND r.kind = 'image' AND r.external = 1
), f AS (
  SELECT owner, registry, MIN(ts) AS first_ts
  FROM n
  GROUP BY owner, registry
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'first image of account ' || n.registry || ': ' || n.value AS why,
       n.value AS image, n.path AS path, e.event_name
FROM f
JOIN n ON n.owner = f.owner AND n.registry = f.registry AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.ok = 1 AND e.is_ai = 1
