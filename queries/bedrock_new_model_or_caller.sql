-- id: BR-I01
-- title: Model invoked for the first time by this principal
-- meaning: A principal invokes a model of Bedrock that it never invoked.
-- severity: low
-- attack: T1496.004
-- atlas: AML.T0040
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: a newer version of a model
WITH f AS (
  SELECT actor_key, model_id, MIN(ts) AS first_ts
  FROM events
  WHERE event_source = 'bedrock.amazonaws.com' AND event_name IN ('InvokeModel', 'InvokeModelWithResponseStream', 'Converse', 'ConverseStream') AND ok = 1
  GROUP BY actor_key, model_id
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'first call of ' || e.model_id AS why,
       e.model_id, e.source_ip
FROM f
JOIN events e ON e.actor_key = f.actor_key AND e.model_id = f.model_id AND e.ts = f.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_source = 'bedrock.amazonaws.com' AND e.event_name IN ('InvokeModel', 'InvokeModelWithResponseStream', 'Converse', 'ConverseStream') AND e.ok = 1
