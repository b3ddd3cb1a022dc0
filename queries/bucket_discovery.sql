-- id: SM-D07
-- title: Buckets of SageMaker looked for
-- meaning: Somebody listed the buckets, and within the hour looked into one named after SageMaker that he never
--   touched.
-- severity: medium
-- attack: T1619
-- atlas: AML.T0007
-- window: 1 hour; first seen against the baseline
-- needs: management, baseline
-- look-alikes: the SDK, which looks for its own default bucket by name without a list; who works with the
--   bucket
WITH l AS (
  SELECT actor_key, ts FROM events WHERE event_source = 's3.amazonaws.com' AND event_name = 'ListBuckets' AND ok = 1 AND invoked_by = ''
), n AS (
  SELECT actor_key, bucket, ts, event_key
  FROM events
  WHERE event_source = 's3.amazonaws.com' AND bucket LIKE '%sagemaker%' AND invoked_by = ''
    AND event_name IN ('ListObjects', 'ListObjectsV2', 'ListObjectVersions', 'GetBucketPolicy', 'GetBucketAcl', 'GetBucketPolicyStatus', 'GetBucketVersioning', 'GetObject')
), f AS (
  SELECT actor_key, bucket, MIN(ts) AS first_ts FROM n GROUP BY actor_key, bucket
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'looked into ' || e.bucket || ' after a list of all buckets' AS why,
       e.bucket, e.source_ip
FROM f
JOIN l ON l.actor_key = f.actor_key
JOIN n ON n.actor_key = f.actor_key AND n.bucket = f.bucket AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split AND l.ts <= f.first_ts AND l.ts >= f.first_ts - 3600
  AND e.event_source = 's3.amazonaws.com' AND e.bucket LIKE '%sagemaker%' AND e.invoked_by = ''
