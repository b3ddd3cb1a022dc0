-- id: SM-X04
-- title: Many model files read
-- meaning: Twenty or more different model files read within an hour by one principal.
-- severity: high
-- attack: T1530
-- atlas: AML.T0035 AML.T0048.004
-- window: 1 hour
-- needs: data AWS::S3::Object
-- look-alikes: SageMaker itself, and sessions of its roles from inside AWS
WITH h AS (
  SELECT actor_key, CAST(FLOOR(ts / 3600) AS BIGINT) AS slot, COUNT(DISTINCT s3_key) AS files, SUM(COALESCE(bytes_out, 0)) AS bytes, MAX(ts) AS ts
  FROM events
  WHERE event_source = 's3.amazonaws.com' AND event_name = 'GetObject' AND ok = 1 AND invoked_by = ''
    AND NOT (session_name = 'SageMaker' AND ip_kind <> 'public')
    AND (s3_key LIKE '%.tar.gz' OR s3_key LIKE '%.safetensors' OR s3_key LIKE '%.pt' OR s3_key LIKE '%.pth' OR s3_key LIKE '%.onnx' OR s3_key LIKE '%.pkl' OR s3_key LIKE '%.gguf')
  GROUP BY actor_key, CAST(FLOOR(ts / 3600) AS BIGINT)
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       CAST(h.files AS VARCHAR) || ' model files read within an hour, last from ' || e.bucket AS why,
       h.files, h.bytes, e.bucket, e.source_ip
FROM h
JOIN events e ON e.actor_key = h.actor_key AND e.ts = h.ts
WHERE h.files >= 20 AND e.event_source = 's3.amazonaws.com' AND e.event_name = 'GetObject'
