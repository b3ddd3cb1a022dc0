-- id: SM-P10
-- title: Code of a training job comes from a bucket never used before
-- meaning: The script that a training job runs (sagemaker_submit_directory) lies in a bucket that no job of the
--   account took code from.
-- severity: high
-- attack: T1059.009 T1677
-- atlas: AML.T0010.003
-- window: first seen against the baseline, for the account
-- needs: management, baseline
-- look-alikes: the bucket of a new project
WITH n AS (
  SELECT a.recipient_account AS account, SPLIT_PART(r.value, '/', 3) AS bucket, a.ts, a.event_key, r.path AS path, r.value AS value
  FROM events a
  JOIN fields r ON r.event_key = a.event_key
  WHERE a.ok = 1 AND a.is_ai = 1 AND r.path LIKE '%yperParameters.sagemaker_submit_directory' AND r.value LIKE 's3://%'
), f AS (
  SELECT account, bucket, MIN(ts) AS first_ts
  FROM n
  GROUP BY account, bucket
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'code from the new bucket ' || n.bucket AS why,
       n.bucket AS bucket, e.resource_name
FROM f
JOIN n ON n.account = f.account AND n.bucket = f.bucket AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.ok = 1 AND e.is_ai = 1
