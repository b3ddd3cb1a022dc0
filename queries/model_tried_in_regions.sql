-- id: BR-R01
-- title: One model called in many regions
-- meaning: A model of Bedrock was called in three or more regions within an hour.
-- severity: high
-- attack: T1535
-- atlas: AML.T0034
-- window: 1 hour
-- needs: management
-- look-alikes: profiles of inference that span regions: they name the model otherwise
WITH w AS (
  SELECT actor_key, model_id, CAST(FLOOR(ts / 3600) AS BIGINT) AS slot, COUNT(DISTINCT region) AS n, MAX(ts) AS ts
  FROM events
  WHERE event_source = 'bedrock.amazonaws.com' AND event_name IN ('InvokeModel', 'InvokeModelWithResponseStream', 'Converse', 'ConverseStream')
  GROUP BY actor_key, model_id, CAST(FLOOR(ts / 3600) AS BIGINT)
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.model_id || ' called in ' || CAST(w.n AS VARCHAR) || ' regions within an hour' AS why,
       w.n AS regions, e.model_id, e.source_ip
FROM w
JOIN events e ON e.actor_key = w.actor_key AND e.model_id = w.model_id AND e.ts = w.ts
WHERE w.n >= 3 AND e.event_source = 'bedrock.amazonaws.com'
  AND e.event_name IN ('InvokeModel', 'InvokeModelWithResponseStream', 'Converse', 'ConverseStream')
