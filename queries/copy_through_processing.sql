-- id: SM-X08
-- title: Processing job between two new places
-- meaning: A processing job reads a bucket and writes a bucket that this principal never used in a job.
-- severity: high
-- attack: T1537 T1530
-- atlas: AML.T0025
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: ad hoc work of data scientists on buckets that they know
WITH n AS (
  SELECT a.actor_key, r.kind, r.norm AS bucket, MIN(a.ts) AS first_ts
  FROM events a JOIN refs r ON r.event_key = a.event_key
  WHERE a.ok = 1 AND a.is_ai = 1 AND r.kind IN ('s3_in', 's3_out') AND r.norm <> ''
  GROUP BY a.actor_key, r.kind, r.norm
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'a processing job copies from ' || i.norm || ' to ' || o.norm || ', both new for this principal' AS why,
       i.norm AS source_bucket, o.norm AS target_bucket
FROM events e
JOIN refs i ON i.event_key = e.event_key
JOIN refs o ON o.event_key = e.event_key
JOIN n ni ON ni.actor_key = e.actor_key AND ni.bucket = i.norm AND ni.kind = i.kind
JOIN n no ON no.actor_key = e.actor_key AND no.bucket = o.norm AND no.kind = o.kind
CROSS JOIN params p
WHERE p.has_baseline = 1 AND e.ts >= p.split AND e.event_name = 'CreateProcessingJob' AND e.ok = 1
  AND i.kind = 's3_in' AND o.kind = 's3_out' AND ni.first_ts = e.ts AND no.first_ts = e.ts AND i.norm <> o.norm
