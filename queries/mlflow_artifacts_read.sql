-- id: SM-X18
-- title: Artefacts of experiments read by somebody new
-- meaning: Somebody read objects of a bucket in which a server of MLflow keeps its artefacts, and never read
--   there.
-- severity: medium
-- attack: T1530
-- atlas: AML.T0035
-- window: first seen against the baseline; servers as far back as the logs go
-- needs: data AWS::S3::Object, management, baseline
-- look-alikes: people of the team, in the baseline; other buckets; the server itself
WITH s AS (
  SELECT DISTINCT r.norm AS bucket
  FROM events a JOIN refs r ON r.event_key = a.event_key
  WHERE a.event_source = 'sagemaker.amazonaws.com' AND a.ok = 1 AND r.path = 'artifactStoreUri' AND r.norm <> ''
), n AS (
  SELECT e.actor_key, e.bucket, e.ts, e.event_key
  FROM events e JOIN s ON s.bucket = e.bucket
  WHERE e.event_source = 's3.amazonaws.com' AND e.event_name = 'GetObject' AND e.ok = 1 AND e.invoked_by = '' AND e.session_name <> 'SageMaker'
), f AS (
  SELECT actor_key, bucket, MIN(ts) AS first_ts FROM n GROUP BY actor_key, bucket
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'first read of ' || e.bucket || ', which keeps artefacts of MLflow' AS why,
       e.bucket, e.source_ip
FROM f
JOIN n ON n.actor_key = f.actor_key AND n.bucket = f.bucket AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_source = 's3.amazonaws.com' AND e.event_name = 'GetObject' AND e.ok = 1 AND e.invoked_by = ''
