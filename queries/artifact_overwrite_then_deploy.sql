-- id: SM-T01
-- title: Model file overwritten, then an endpoint rolled
-- meaning: One principal wrote a model file and created or updated an endpoint within a day.
-- severity: critical
-- attack: T1565.001 T1525
-- atlas: AML.T0018.000 AML.T0018.002
-- window: 24 hours; first seen against the baseline
-- needs: data AWS::S3::Object, management, baseline
-- look-alikes: the packaging step of a pipeline, in the baseline; training jobs, which write their own output
WITH packagers AS (
  SELECT DISTINCT b.actor_key, 1 AS seen FROM events b CROSS JOIN params q
  WHERE b.ts < q.split AND b.event_source = 's3.amazonaws.com' AND b.event_name IN ('PutObject', 'CopyObject') AND b.s3_key LIKE '%.tar.gz'
), written AS (
  SELECT event_id, event_time, ts, actor_key, principal_key, principal_name, human_key, recipient_account, region, bucket, s3_key
  FROM events
  WHERE event_source = 's3.amazonaws.com' AND event_name IN ('PutObject', 'CopyObject') AND ok = 1
    AND s3_key LIKE '%.tar.gz' AND session_name <> 'SageMaker'
), deployed AS (
  SELECT event_id, ts, actor_key, resource_name
  FROM events
  WHERE event_source = 'sagemaker.amazonaws.com' AND event_name IN ('CreateEndpoint', 'UpdateEndpoint') AND ok = 1
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'wrote ' || e.bucket || '/' || e.s3_key || ' and rolled ' || d.resource_name AS why,
       e.bucket, e.s3_key, d.event_id AS deployed_event_id
FROM written e
JOIN deployed d ON d.actor_key = e.actor_key
CROSS JOIN params p
LEFT JOIN packagers k ON k.actor_key = e.actor_key
WHERE p.has_baseline = 1 AND e.ts >= p.split AND k.seen IS NULL
  AND d.ts >= e.ts AND d.ts <= e.ts + 86400
