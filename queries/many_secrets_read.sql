-- id: SM-X16
-- title: Several secrets of SageMaker read at once
-- meaning: Three or more secrets that are named after SageMaker were read within ten minutes, more than this
--   principal ever did.
-- severity: medium
-- attack: T1555.006
-- atlas: AML.T0055
-- window: 10 minutes, against the maximum of the baseline
-- needs: management, baseline
-- look-alikes: connections of Canvas, in the baseline; one secret again and again
WITH w AS (
  SELECT actor_key, CAST(FLOOR(ts / 600) AS BIGINT) AS slot, COUNT(DISTINCT resource_name) AS n, MAX(ts) AS ts
  FROM events
  WHERE event_source = 'secretsmanager.amazonaws.com' AND event_name IN ('GetSecretValue', 'BatchGetSecretValue') AND ok = 1 AND resource_name LIKE '%AmazonSageMaker-%'
  GROUP BY actor_key, CAST(FLOOR(ts / 600) AS BIGINT)
), b AS (
  SELECT w.actor_key, MAX(w.n) AS most FROM w CROSS JOIN params q WHERE w.ts < q.split GROUP BY w.actor_key
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       CAST(w.n AS VARCHAR) || ' secrets of SageMaker within ten minutes' AS why,
       w.n AS secrets, e.source_ip
FROM w
CROSS JOIN params p
LEFT JOIN b ON b.actor_key = w.actor_key
JOIN events e ON e.actor_key = w.actor_key AND e.ts = w.ts
WHERE p.has_baseline = 1 AND w.ts >= p.split AND w.n >= 3 AND w.n > COALESCE(b.most, 0)
  AND e.event_source = 'secretsmanager.amazonaws.com' AND e.ok = 1 AND e.resource_name LIKE '%AmazonSageMaker-%'
