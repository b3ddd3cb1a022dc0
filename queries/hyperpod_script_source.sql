-- id: SM-L05
-- title: Cluster takes its start scripts from a new place
-- meaning: The scripts that run as root on the nodes of a HyperPod cluster come from a bucket never used for
--   that.
-- severity: high
-- attack: T1546
-- atlas: AML.T0050
-- window: first seen against the baseline, for the account
-- needs: management, baseline
-- look-alikes: the bucket of the baseline, under another prefix
WITH n AS (
  SELECT a.recipient_account AS account, SPLIT_PART(r.value, '/', 3) AS bucket, a.ts, a.event_key, r.path AS path, r.value AS value
  FROM events a
  JOIN fields r ON r.event_key = a.event_key
  WHERE a.ok = 1 AND a.event_source = 'sagemaker.amazonaws.com' AND r.path LIKE '%nstanceGroups[].lifeCycleConfig.sourceS3Uri'
), f AS (
  SELECT account, bucket, MIN(ts) AS first_ts
  FROM n
  GROUP BY account, bucket
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'start scripts of ' || e.resource_name || ' come from the new bucket ' || n.bucket AS why,
       n.bucket AS bucket, e.event_name
FROM f
JOIN n ON n.account = f.account AND n.bucket = f.bucket AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.ok = 1 AND e.event_source = 'sagemaker.amazonaws.com'
