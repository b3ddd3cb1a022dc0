-- id: SM-T09
-- title: Training data written by somebody new
-- meaning: An object was written or deleted under a prefix that training jobs of the baseline read, by somebody
--   who never wrote to that bucket.
-- severity: medium
-- attack: T1565.001
-- atlas: AML.T0020
-- window: first seen against the baseline
-- needs: data AWS::S3::Object, management, baseline
-- look-alikes: the jobs that write the data, in the baseline; other buckets; reading
WITH i AS (
  SELECT DISTINCT r.norm AS bucket, SPLIT_PART(r.value, '/', 4) AS top, 1 AS seen
  FROM events a
  JOIN refs r ON r.event_key = a.event_key
  CROSS JOIN params q
  WHERE a.ts < q.split AND a.event_source = 'sagemaker.amazonaws.com' AND a.ok = 1 AND r.kind = 's3_in'
    AND r.path LIKE '%nputDataConfig[].dataSource.s3DataSource.s3Uri'
), w AS (
  SELECT actor_key, bucket, SPLIT_PART(s3_key, '/', 1) AS top, ts, event_key
  FROM events
  WHERE event_source = 's3.amazonaws.com' AND event_name IN ('PutObject', 'CopyObject', 'DeleteObject', 'DeleteObjects', 'CompleteMultipartUpload') AND ok = 1 AND invoked_by = ''
), f AS (
  SELECT actor_key, bucket, MIN(ts) AS first_ts FROM w GROUP BY actor_key, bucket
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' ' || e.bucket || '/' || e.s3_key || ', which training reads' AS why,
       e.bucket, e.s3_key, e.source_ip
FROM f
JOIN w ON w.actor_key = f.actor_key AND w.bucket = f.bucket
LEFT JOIN i ON i.bucket = w.bucket AND i.top = w.top
LEFT JOIN (SELECT bucket, seen FROM i WHERE top = '') b ON b.bucket = w.bucket
JOIN events e ON e.event_key = w.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split AND COALESCE(i.seen, b.seen) = 1
  AND e.event_source = 's3.amazonaws.com' AND e.ok = 1
  AND e.event_name IN ('PutObject', 'CopyObject', 'DeleteObject', 'DeleteObjects', 'CompleteMultipartUpload')
