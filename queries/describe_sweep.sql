-- id: SM-D05
-- title: Many job definitions read
-- meaning: Twenty or more jobs, models or configurations described within ten minutes: their environments may
--   hold secrets.
-- severity: medium
-- attack: T1552.005 T1580
-- atlas: AML.T0055 AML.T0007
-- window: 10 minutes, against the maximum of the baseline
-- needs: management, baseline
-- look-alikes: pages of experiments and tools that look for drift, in the baseline; waiting for one job
WITH w AS (
  SELECT actor_key, CAST(FLOOR(ts / 600) AS BIGINT) AS slot, COUNT(DISTINCT resource_name) AS n, MAX(ts) AS ts
  FROM events
  WHERE event_source = 'sagemaker.amazonaws.com' AND ok = 1 AND invoked_by = ''
    AND event_name IN ('DescribeTrainingJob', 'DescribeProcessingJob', 'DescribeModel', 'DescribeEndpointConfig', 'DescribeNotebookInstanceLifecycleConfig', 'DescribeTransformJob')
  GROUP BY actor_key, CAST(FLOOR(ts / 600) AS BIGINT)
), b AS (
  SELECT w.actor_key, MAX(w.n) AS most FROM w CROSS JOIN params q WHERE w.ts < q.split GROUP BY w.actor_key
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       CAST(w.n AS VARCHAR) || ' definitions read within ten minutes' AS why,
       w.n AS definitions, e.source_ip
FROM w
CROSS JOIN params p
LEFT JOIN b ON b.actor_key = w.actor_key
JOIN events e ON e.actor_key = w.actor_key AND e.ts = w.ts
WHERE p.has_baseline = 1 AND w.ts >= p.split AND w.n >= 20 AND w.n > COALESCE(b.most, 0) AND e.event_name LIKE 'Describe%'
