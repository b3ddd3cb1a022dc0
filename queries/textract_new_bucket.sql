-- id: AI-T01
-- title: Textract reads documents of a bucket that is new for the principal
-- meaning: A principal has documents read from a bucket that it never had read.
-- severity: medium
-- attack: T1530 T1537
-- atlas: AML.T0085
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: a new workflow
WITH n AS (
  SELECT a.actor_key AS actor_key, r.value AS bucket, a.ts, a.event_key, r.path AS path, r.value AS value
  FROM events a
  JOIN fields r ON r.event_key = a.event_key
  WHERE a.event_source = 'textract.amazonaws.com' AND a.ok = 1 AND (r.path = 'documentLocation.s3Object.bucket' OR r.path = 'document.s3Object.bucket')
), f AS (
  SELECT actor_key, bucket, MIN(ts) AS first_ts
  FROM n
  GROUP BY actor_key, bucket
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' reads the new bucket ' || n.bucket AS why,
       n.bucket AS bucket
FROM f
JOIN n ON n.actor_key = f.actor_key AND n.bucket = f.bucket AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_source = 'textract.amazonaws.com' AND e.ok = 1
