-- id: SM-X19
-- title: Artefacts of SageMaker decrypted off their path
-- meaning: Somebody decrypted data of a bucket to which jobs of SageMaker write, for the first time, neither
--   through a service nor as a session of SageMaker.
-- severity: medium
-- attack: T1530
-- atlas: AML.T0035
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: SageMaker and S3, which decrypt for the caller; administrators who restore, in the baseline
WITH s AS (
  SELECT DISTINCT 'arn:aws:s3:::' || r.norm AS arn
  FROM events a JOIN refs r ON r.event_key = a.event_key
  WHERE a.event_source = 'sagemaker.amazonaws.com' AND a.ok = 1 AND r.kind = 's3_out' AND r.norm <> ''
), n AS (
  SELECT a.actor_key, s.arn AS bucket, a.ts, a.event_key
  FROM events a
  JOIN fields f ON f.event_key = a.event_key
  JOIN s ON s.arn = SPLIT_PART(f.value, '/', 1)
  WHERE a.event_source = 'kms.amazonaws.com' AND a.event_name = 'Decrypt' AND a.ok = 1 AND a.invoked_by = '' AND a.session_name <> 'SageMaker'
    AND f.path = 'encryptionContext.aws:s3:arn'
), f AS (
  SELECT actor_key, bucket, MIN(ts) AS first_ts FROM n GROUP BY actor_key, bucket
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'decrypted data of ' || f.bucket AS why,
       e.source_ip
FROM f
JOIN n ON n.actor_key = f.actor_key AND n.bucket = f.bucket AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_source = 'kms.amazonaws.com' AND e.event_name = 'Decrypt' AND e.ok = 1
