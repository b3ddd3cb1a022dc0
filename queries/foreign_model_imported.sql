-- id: BR-T02 BR-X02
-- title: Model or batch of a bucket never used before
-- meaning: Bedrock imports a model, or reads or writes a batch, from a bucket that no request of the account
--   named.
-- severity: high
-- attack: T1525 T1537
-- atlas: AML.T0010.003 AML.T0025
-- window: first seen against the baseline, for the account
-- needs: management, baseline
-- look-alikes: buckets of the baseline; the platform team
WITH n AS (
  SELECT a.recipient_account AS owner, r.norm AS bucket, a.ts, a.event_key, r.path AS path, r.value AS value, r.external AS external
  FROM events a
  JOIN refs r ON r.event_key = a.event_key
  WHERE a.ok = 1 AND a.is_ai = 1 AND r.kind IN ('s3_in', 's3_out') AND r.norm <> ''
), f AS (
  SELECT owner, bucket, MIN(ts) AS first_ts
  FROM n
  GROUP BY owner, bucket
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' with the new bucket ' || n.bucket AS why,
       n.bucket AS bucket, n.path AS path
FROM f
JOIN n ON n.owner = f.owner AND n.bucket = f.bucket AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_source = 'bedrock.amazonaws.com' AND e.event_name IN ('CreateModelImportJob', 'CreateCustomModel', 'CreateModelInvocationJob')
