-- id: SM-T04
-- title: Model data of a bucket never used before
-- meaning: A model or package takes its data from a bucket that no request of the account read before.
-- severity: high
-- attack: T1525
-- atlas: AML.T0010.003 AML.T0018.002
-- window: first seen against the baseline, for the account
-- needs: management, baseline
-- look-alikes: public buckets of AWS, such as those of JumpStart, which are left out
WITH n AS (
  SELECT a.recipient_account AS owner, r.norm AS bucket, a.ts, a.event_key, r.path AS path, r.value AS value, r.external AS external
  FROM events a
  JOIN refs r ON r.event_key = a.event_key
  WHERE a.ok = 1 AND a.is_ai = 1 AND r.kind = 's3_in' AND r.norm <> '' AND r.norm NOT LIKE 'jumpstart-cache-prod-%' AND r.norm NOT LIKE 'jumpstart-private-cache-prod-%'
), f AS (
  SELECT owner, bucket, MIN(ts) AS first_ts
  FROM n
  GROUP BY owner, bucket
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'model data of the new bucket ' || n.bucket AS why,
       n.bucket AS bucket, n.path AS path, e.event_name
FROM f
JOIN n ON n.owner = f.owner AND n.bucket = f.bucket AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_name IN ('CreateModel', 'CreateModelPackage')
