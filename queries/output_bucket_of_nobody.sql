-- id: SM-X01 SM-X09
-- title: Output goes to a bucket that appears nowhere else
-- meaning: An output goes to a bucket that no earlier event of the account names, neither its making nor an
--   input nor a read or write of its objects: nothing tells that it is a bucket of the account.
-- severity: medium
-- attack: T1537 T1567
-- atlas: AML.T0025
-- window: first seen against all earlier events, for the account
-- needs: management, baseline
-- look-alikes: a new bucket of the account, whose making is in the logs; an old one that was read before. Logs
--   without the data events of S3 see less of the old ones
WITH n AS (
  SELECT a.recipient_account, r.norm AS bucket, r.kind, a.ts, a.event_key, r.path AS path
  FROM events a JOIN refs r ON r.event_key = a.event_key
  WHERE a.ok = 1 AND a.is_ai = 1 AND r.kind IN ('s3_in', 's3_out') AND r.norm <> ''
), o AS (
  SELECT recipient_account, bucket, MIN(ts) AS first_ts FROM n WHERE kind = 's3_out' GROUP BY recipient_account, bucket
), s AS (
  SELECT x.recipient_account, x.bucket, MIN(x.ts) AS seen_ts
  FROM (
    SELECT recipient_account, bucket, ts FROM n WHERE kind = 's3_in'
    UNION ALL
    SELECT recipient_account, bucket, ts FROM events WHERE event_source = 's3.amazonaws.com' AND bucket <> '' AND ok = 1
  ) x
  GROUP BY x.recipient_account, x.bucket
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'nothing else names the bucket ' || n.bucket || ' (' || n.path || ')' AS why,
       n.bucket AS bucket, n.path AS path, e.event_name
FROM o
JOIN n ON n.recipient_account = o.recipient_account AND n.bucket = o.bucket AND n.ts = o.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
LEFT JOIN s ON s.recipient_account = o.recipient_account AND s.bucket = o.bucket
WHERE p.has_baseline = 1 AND o.first_ts >= p.split AND n.kind = 's3_out'
  AND (s.seen_ts IS NULL OR s.seen_ts >= o.first_ts)
  AND e.ok = 1 AND e.is_ai = 1
