-- id: SM-X01 SM-X05 SM-X06 SM-X07 SM-X09 SM-X11
-- title: Output goes to a bucket never used before
-- meaning: A job, capture, checkpoint or export writes to a bucket that no request of the account wrote to
--   before, by any of the operations with an output.
-- severity: medium
-- attack: T1537 T1567
-- atlas: AML.T0025
-- window: first seen against the baseline, for the account
-- needs: management, baseline
-- look-alikes: a new bucket of the own account that was made in the two days before
WITH n AS (
  SELECT a.recipient_account, r.norm AS bucket, a.ts, a.event_key, r.path AS path
  FROM events a JOIN refs r ON r.event_key = a.event_key
  WHERE a.ok = 1 AND a.is_ai = 1 AND r.kind = 's3_out' AND r.norm <> ''
), f AS (
  SELECT recipient_account, bucket, MIN(ts) AS first_ts FROM n GROUP BY recipient_account, bucket
), made AS (
  SELECT recipient_account, bucket, MAX(ts) AS made_ts FROM events
  WHERE event_source = 's3.amazonaws.com' AND event_name = 'CreateBucket' AND ok = 1
  GROUP BY recipient_account, bucket
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'output to the new bucket ' || n.bucket || ' (' || n.path || ')' AS why,
       n.bucket AS bucket, n.path AS path, e.event_name
FROM f
JOIN n ON n.recipient_account = f.recipient_account AND n.bucket = f.bucket AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
LEFT JOIN made m ON m.recipient_account = f.recipient_account AND m.bucket = f.bucket
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND (m.made_ts IS NULL OR m.made_ts > f.first_ts OR m.made_ts < f.first_ts - 172800)
  AND e.ok = 1 AND e.is_ai = 1
