-- id: SM-G04
-- title: Many jobs started at once
-- meaning: More jobs within an hour than ten, and far above this principal's usual number (median and six times
--   the spread).
-- severity: medium
-- attack: T1496.001
-- atlas: AML.T0034
-- window: 1 hour, against the median of the baseline
-- needs: management, baseline
-- look-alikes: sweeps by a pipeline, in the baseline; the children of tuning jobs, which are no calls
WITH h AS (
  SELECT actor_key, CAST(FLOOR(ts / 3600) AS BIGINT) AS slot, COUNT(*) AS n, MAX(ts) AS ts
  FROM events
  WHERE event_source = 'sagemaker.amazonaws.com' AND event_type = 'api_call' AND ok = 1
    AND event_name LIKE 'Create%Job%' AND event_name NOT LIKE '%JobDefinition'
  GROUP BY actor_key, CAST(FLOOR(ts / 3600) AS BIGINT)
), m AS (
  SELECT h.actor_key, MEDIAN(h.n) AS med FROM h CROSS JOIN params q WHERE h.ts < q.split GROUP BY h.actor_key
), d AS (
  SELECT h.actor_key, MEDIAN(ABS(h.n - m.med)) AS mad
  FROM h JOIN m ON m.actor_key = h.actor_key CROSS JOIN params q WHERE h.ts < q.split GROUP BY h.actor_key
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       CAST(h.n AS VARCHAR) || ' jobs started within an hour' AS why,
       h.n AS jobs
FROM h
CROSS JOIN params p
LEFT JOIN m ON m.actor_key = h.actor_key
LEFT JOIN d ON d.actor_key = h.actor_key
JOIN events e ON e.actor_key = h.actor_key AND e.ts = h.ts
WHERE p.has_baseline = 1 AND h.ts >= p.split AND h.n >= 10
  AND h.n > COALESCE(m.med, 0) + 6 * 1.4826 * COALESCE(d.mad, 0)
  AND e.event_name LIKE 'Create%Job%' AND e.ok = 1
